import { brotliCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { assetPath, findAsset } from '#views/assets.ts';
import { translate } from '#views/locale.ts';
import { type RenderedPage, renderEveryPage } from './every-page.ts';

const pages = renderEveryPage();
const named = pages.map(
  (rendered) => [`${rendered.page}, ${rendered.sample}, ${rendered.language}`, rendered] as const,
);

const tagsOf = (markup: string): string[] => markup.match(/<[a-z][^>]*>/gi) ?? [];
const idsOf = (markup: string): string[] => [...markup.matchAll(/ id="([^"]*)"/g)].map((match) => match[1] ?? '');
const find = (page: string, sample: string): string =>
  pages.find((rendered) => rendered.page === page && rendered.sample === sample)?.markup ?? '';

function tagOf(markup: string, id: string): string {
  return tagsOf(markup).find((tag) => tag.includes(` id="${id}"`)) ?? '';
}

/** `name=value` of every submit button, in the order of the page. */
function choicesOf(markup: string): string[] {
  const buttons = tagsOf(markup).filter((tag) => tag.startsWith('<button'));
  return buttons.map((tag) => `${tag.match(/ name="([^"]*)"/)?.[1]}=${tag.match(/ value="([^"]*)"/)?.[1]}`);
}

describe.each(named)('%s', (_, { page, language, markup }: RenderedPage) => {
  test('is a whole document in its language with one heading and one main part', () => {
    expect(markup).toMatch(/^<!DOCTYPE html>\n<html lang="(id|en)">/);
    expect(markup).toContain(`<html lang="${language}">`);
    expect(markup.match(/<h1[ >]/g)).toHaveLength(1);
    expect(markup.match(/<main[ >]/g)).toHaveLength(1);
    expect(markup).toMatch(/<title>[^<]+ · Lawang<\/title>/);
    expect(markup).toContain('lang="en" hreflang="en"');
    expect(markup).not.toMatch(/undefined|\[object|NaN|Invalid Date/);
  });

  test('gives every id once, and each label and description its element', () => {
    const ids = idsOf(markup);
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
    const wanted = [...markup.matchAll(/ (?:for|aria-describedby|aria-labelledby)="([^"]*)"/g)];
    const missing = wanted.flatMap((match) => (match[1] ?? '').split(' ')).filter((id) => !ids.includes(id));
    expect(missing).toEqual([]);
  });

  test('keeps to a strict content security policy', () => {
    const tags = tagsOf(markup);
    expect(tags.filter((tag) => / (style|on[a-z]+)=/i.test(tag.replaceAll(/"[^"]*"/g, '""')))).toEqual([]);
    expect(markup).not.toMatch(/<style|<base|<iframe|<object|javascript:/i);
    for (const [whole, attributes = ''] of markup.matchAll(/<script([^>]*)>/g)) {
      expect(whole).toMatch(/ type="application\/json" | type="module" src="\/assets\//);
      expect(attributes).not.toMatch(/https?:/);
    }
    const loaded = [...markup.matchAll(/<(?:link|img|script)[^>]* (?:src|href)="([^"]*)"/g)].map((match) => match[1]);
    const isDrawnHere = (path = '') => path.startsWith('data:image/png;base64,');
    for (const path of loaded) if (!isDrawnHere(path)) expect(findAsset(path ?? ''), path).toBeDefined();
  });

  test('lets nothing hostile become markup', () => {
    expect(markup).not.toMatch(/<img src=x|<script>|\u202e/);
  });

  test('posts plain forms whose choices are buttons with a name and a value', () => {
    const all = markup.match(/<form[^>]*>[\s\S]*?<\/form>/g) ?? [];
    const searches = all.filter((form) => form.includes(' role="search"'));
    for (const search of searches) expect(search).toMatch(/^<form method="get" action="\/[^/"][^"]*" role="search"/);
    const forms = all.filter((form) => !searches.includes(form));
    for (const form of forms) {
      expect(form).toMatch(
        /^<form method="post"( action="\/[^/"][^"]*")?( enctype="multipart\/form-data")?( novalidate)?>/,
      );
      expect(form).toContain('<input type="hidden" name="csrf" value="sample-token">');
    }
    expect(markup).not.toContain('formaction');
    const ofSearch = tagsOf(searches.join('')).filter((tag) => tag.startsWith('<button'));
    for (const button of ofSearch) expect(button).toMatch(/^<button type="submit" class="button (other|main)">$/);
    const buttons = tagsOf(forms.join('')).filter((tag) => tag.startsWith('<button'));
    for (const button of buttons) expect(button).toMatch(/^<button type="submit".* name="[a-z]+" value="[a-z-]+"/);
    const everywhere = markup.match(/<button/g)?.length ?? 0;
    expect(everywhere).toBe(buttons.length + ofSearch.length);
    if (
      !page.startsWith('console') &&
      ![
        'account',
        'account-end',
        'connected-app',
        'connected-apps',
        'contact-confirmed',
        'contacts',
        'correct',
        'coverage',
        'data',
        'ended',
        'error',
        'frozen',
        'invitation',
        'invitation-tester',
        'signed-out',
        'outbox',
        'home',
        'sandbox-home',
        'help',
        'history',
        'privacy',
        'recovery-ended',
        'release',
        'sheet-done',
        'sheet-ended',
      ].includes(page)
    ) {
      expect(forms).toHaveLength(1);
    }
  });
});

describe('the hooks others rely on', () => {
  test('sign in', () => {
    const markup = find('sign-in', 'first');
    expect(tagOf(markup, 'identifier')).toContain('autocomplete="username webauthn"');
    expect(tagOf(markup, 'identifier')).toContain('name="identifier"');
    expect(tagOf(markup, 'password')).toContain('type="password"');
    expect(tagOf(markup, 'password')).toContain('autocomplete="current-password"');
    expect(choicesOf(markup)).toEqual(['action=sign-in', 'action=passkey', 'action=send-code', 'action=cancel']);
    for (const id of ['sign-in', 'passkey', 'send-code', 'cancel']) expect(tagOf(markup, id)).toMatch(/^<button/);
    expect(tagOf(markup, 'sign-up')).toMatch(/^<a /);
    expect(markup).toContain('<input type="hidden" name="credential" value="">');
    expect(tagOf(markup, 'passkey-options')).toContain('application/json');
  });

  test('only the sign-in page asks for identifier and password together', () => {
    const both = pages.filter(({ markup }) => / name="identifier"/.test(markup) && / name="password"/.test(markup));
    expect(new Set(both.map(({ page }) => page))).toEqual(new Set(['sign-in']));
  });

  test('a step-up offers the passkey and the way back only', () => {
    expect(choicesOf(find('sign-in', 'step-up'))).toEqual(['action=passkey', 'action=cancel']);
    expect(find('sign-in', 'step-up-without-passkey')).toContain('href="/account#passkeys"');
  });

  test('sign up', () => {
    expect(choicesOf(find('sign-up', 'first'))).toEqual(['action=continue', 'action=cancel']);
    const name = find('sign-up-name', 'first');
    expect(tagOf(name, 'name')).toContain('name="name"');
    expect(tagOf(name, 'password')).toContain('autocomplete="new-password"');
    expect(tagOf(name, 'create-passkey')).toContain('value="create-passkey"');
    expect(tagOf(name, 'continue')).toContain('value="continue"');
    const offer = find('passkey-offer', 'first');
    expect(choicesOf(offer)).toEqual(['action=create-passkey', 'action=skip-passkey']);
    expect(tagOf(offer, 'skip-passkey')).toMatch(/^<button/);
  });

  test('code', () => {
    const markup = find('code', 'first');
    expect(tagOf(markup, 'code')).toContain('autocomplete="one-time-code" inputmode="numeric"');
    expect(choicesOf(markup)).toEqual(['action=continue', 'action=resend', 'action=cancel']);
    expect(choicesOf(find('code', 'to-phone'))).toContain('action=resend-other');
    expect(tagOf(markup, 'continue')).toMatch(/^<button/);
    expect(tagOf(markup, 'resend')).toMatch(/^<button/);
  });

  test('consent shows the values, and no box is ticked at first', () => {
    const markup = find('consent', 'first');
    expect(choicesOf(markup)).toEqual(['action=allow', 'action=deny']);
    const boxes = tagsOf(markup).filter((tag) => tag.includes('type="checkbox"'));
    expect(boxes.map((tag) => tag.match(/ value="([^"]*)"/)?.[1])).toEqual(['birthdate', 'gender', 'phone_number']);
    expect(boxes.every((tag) => tag.includes('name="claim"') && !tag.includes('checked'))).toBe(true);
    for (const shown of ['Siti Rahayu', '17 April 1991', 'Perempuan', 'puskesmas.contoh.go.id', '2 Maret 2026']) {
      expect(markup).toContain(shown);
    }
  });

  test('consent says who, why, which data, on which ground, how long, and then asks', () => {
    const t = translate('id');
    const markup = find('consent', 'first');
    const order = [
      'Kementerian Kesehatan Republik Indonesia',
      'Mendaftarkan Anda untuk berobat',
      t('consent.required'),
      t('consent.optional'),
      t('consent.basis-consent'),
      t('consent.how-long'),
      t('consent.how-to-stop'),
      'id="consent-allow"',
      'id="consent-deny"',
    ].map((text) => markup.indexOf(text));
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(order[0]).toBeGreaterThan(0);
  });

  test('a duty by law informs and does not ask; its two choices weigh the same', () => {
    const markup = find('consent', 'duty');
    expect(markup).not.toContain('checkbox');
    expect(markup).not.toContain(translate('id')('consent.allow'));
    expect(markup).toContain('UU 17/2023');
    const looks = ['consent-allow', 'consent-deny'].map((id) => tagOf(markup, id).match(/ class="([^"]*)"/)?.[1]);
    expect(looks[0]).toBe(looks[1]);
  });

  test('only what is new since the last time stands out', () => {
    expect(find('consent', 'changed').match(/item-new/g)).toHaveLength(2);
    expect(find('consent', 'first')).not.toContain('item-new');
  });

  test('sign out', () => {
    const markup = find('sign-out', 'asked');
    expect(tagOf(markup, 'logout-yes')).toContain('name="logout" value="yes"');
    expect(tagOf(markup, 'logout-no')).toContain('name="action" value="stay"');
    expect(markup).toContain('<input type="hidden" name="xsrf" value="sample-token">');
    expect(tagOf(find('signed-out', 'from-app'), 'logout-done')).not.toBe('');
  });

  test('errors carry code and reference, and a way back where there is one', () => {
    const markup = find('error', 'expired');
    expect(markup).toContain('<dd id="error-code">interaction-expired</dd>');
    expect(markup).toContain('<dd id="error-reference">a7f3-92kd-0c1e</dd>');
    expect(tagOf(markup, 'back-to-app')).toContain('href="http://localhost:3001/"');
    expect(find('error', 'hostile')).not.toContain('back-to-app');
  });

  test('contacts', () => {
    const markup = find('contacts', 'full');
    for (const id of ['contacts', 'address', 'signs-in', 'add', 'sign-out']) expect(idsOf(markup)).toContain(id);
    expect(markup).toContain('data-contact="siti@contoh.id"');
    const choices = ['sign-out', 'confirm', 'use-to-sign-in', 'stop-signing-in', 'give-out', 'remove', 'add'];
    expect(new Set(choicesOf(markup))).toEqual(new Set(choices.map((choice) => `action=${choice}`)));
    expect(find('contacts', 'shared-device')).toContain('<summary>');
  });

  test('this wasn’t me', () => {
    expect(choicesOf(find('not-me', 'asked'))).toEqual(['action=freeze']);
    expect(tagOf(find('not-me', 'asked'), 'freeze')).toContain('type="submit"');
    expect(idsOf(find('frozen', 'frozen'))).toContain('frozen-done');
  });

  test('account', () => {
    const markup = find('account', 'full');
    for (const id of ['connected-apps', 'passkeys', 'sessions']) expect(tagOf(markup, id)).toMatch(/^<section/);
    expect(markup).toContain('data-client="puskesmas-online"');
    expect(markup.match(/class="button stop disconnect"/g)).toHaveLength(2);
    expect(markup).toContain('data-passkey="pk-1"');
    expect(tagOf(markup, 'add-passkey')).toContain('value="add-passkey"');
    expect(new Set(choicesOf(markup.replace(/<form method="get"[\s\S]*?<\/form>/, '')))).toEqual(
      new Set([
        'action=sign-out',
        'action=disconnect',
        'action=remove-passkey',
        'action=rename-passkey',
        'action=add-passkey',
        'action=end-session',
        'action=end-other-sessions',
        'action=end-every-session',
      ]),
    );
    expect(markup).not.toContain('3273015704910001');
    expect(markup).not.toContain('812-3456');
    expect(tagOf(find('account', 'fresh-proof'), 'fresh-proof')).toContain('href="/account/confirm"');
    expect(find('account', 'fresh-proof')).not.toContain('remove-passkey');
  });
});

describe('problems', () => {
  test('stand at the field and in a summary that takes the focus', () => {
    const markup = find('sign-in', 'missing');
    expect(tagOf(markup, 'problems')).toMatch(/role="alert" tabindex="-1" autofocus/);
    expect(markup).toContain('<a href="#identifier">');
    expect(tagOf(markup, 'identifier')).toContain('aria-invalid="true" aria-describedby="identifier-problem"');
    expect(markup).toContain(`<title>${translate('id')('page.problem-title', { title: 'Masuk atau buat akun' })}`);
  });

  test('of a refused sign-in point at no field, so that they tell nothing', () => {
    const markup = find('sign-in', 'wrong');
    expect(markup).not.toContain('aria-invalid');
    expect(tagOf(markup, 'identifier')).toContain('value="siti@contoh.id"');
    expect(tagOf(markup, 'password')).not.toContain(' value=');
  });
});

describe('bytes', () => {
  const brotli = (text: string): number => brotliCompressSync(text).length;
  const loadedBy = (markup: string): number =>
    [...markup.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)]
      .map((match) => findAsset(match[1] ?? '')?.gzip.length ?? 0)
      .reduce((sum, bytes) => sum + bytes, 0);

  test.each(named)('%s with its style, scripts and pictures stays under its cap', (_, { page, markup }) => {
    const pattern = findAsset(assetPath('arches.svg'))?.gzip.length ?? 0;
    const bytes = brotli(markup) + loadedBy(markup) + pattern;
    expect(bytes).toBeLessThanOrEqual(page === 'sign-in' ? 14_000 : 30_000);
  });

  test('the style sheet alone is about 6 KB at most', () => {
    const style = findAsset(assetPath('lawang.css'));
    expect(style?.gzip.length).toBeLessThanOrEqual(6_144);
  });
});
