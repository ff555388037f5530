import { describe, expect, test } from 'vitest';
import { languages } from '#views/locale.ts';
import * as messages from '#views/messages.ts';
import * as recoveryMessages from '#views/recovery-messages.ts';
import { hostileText } from '#views/samples.ts';

const { codeMessage, codeRefusedDisabledMessage, codeRefusedPasskeyMessage, codeRefusedStaleMessage } = messages;
const refusals = [codeRefusedPasskeyMessage, codeRefusedStaleMessage, codeRefusedDisabledMessage];

const issuer = 'https://masuk.contoh.go.id';
const base = { brand: 'Lawang', accountLink: `${issuer}/account` };
const at = new Date('2026-11-21T03:12:00Z');
const notMeLink = `${issuer}/not-me?token=${'Ab3_'.repeat(19)}`;

/** Every notice there is but what asks for nothing; one that is added is tested with the others. */
const informing = [messages.accountFrozenMessage, messages.accountHeldMessage, messages.accountDisabledMessage];
const notices = Object.entries(messages)
  .filter(([name]) => name.endsWith('Message') && !name.startsWith('code'))
  .filter(([, compose]) => !informing.some((one) => one === compose))
  .map(([name, compose]) => [name, compose as (context: messages.EventMessageContext) => messages.Message] as const);

/** The letters of a text message that fit seven bits (3GPP TS 23.038), so that two segments hold 306 of them. */
const sevenBits = /^[\w@£$¥èéùìòÇ\nØø\rÅåÆæßÉ !"#¤%&'()*+,\-./:;<=>?¡ÄÖÑÜ§¿äöñüà]*$/;
const TWO_SEGMENTS = 306;

/** What a reader sees of HTML. */
const seen = (html = '') =>
  html
    .replace(/<(head|style)>[\s\S]*<\/\1>/, '')
    .replace(/<[^>]+>/g, ' ')
    .replace(/\s+/g, ' ');

test('messages lead to the account page and to pages that change nothing when they are looked at', () => {
  const links = { accountLink: base.accountLink, notMeLink, cancelLink: `${issuer}/recovery/cancel?token=x` };
  const every = [...Object.entries(messages), ...Object.entries(recoveryMessages)].filter(([name]) =>
    /Message$/.test(name),
  );
  const context = { ...base, ...links, language: 'id', at, readyAt: at, closesAt: at, code: '1', secondsLeft: 60 };
  const addresses = every.flatMap(([, compose]) => {
    const { text, html = '' } = (compose as (context: object, kind: string) => messages.Message)(context, 'none');
    return [...`${text} ${html}`.matchAll(/https?:\/\/[^\s"<]+/g)].map(([address]) => new URL(address));
  });
  expect(every.length).toBeGreaterThan(20);
  expect(new Set(addresses.map(({ origin }) => origin))).toEqual(new Set([issuer]));
  // Each but the account page has a test that a scanner changes nothing: `journeys/not-me`, `journeys/recovery`.
  expect([...new Set(addresses.map(({ pathname }) => pathname))].sort()).toEqual([
    '/account',
    '/not-me',
    '/recovery/cancel',
  ]);
});

describe.each(languages)('messages in %s', (language) => {
  const code = { ...base, language, code: '482913', secondsLeft: 600, domain: 'lawang.example' } as const;

  test('a code by e-mail says what it is for and how long it lives', () => {
    const { subject, text, html } = codeMessage({ ...code, channel: 'email', service: 'Puskesmas Online' });
    expect(subject).toContain('482913');
    for (const whole of [text, seen(html)]) {
      expect(whole).toMatch(/Puskesmas Online: +482913/);
      expect(whole).toContain(language === 'id' ? '10 menit' : '10 minutes');
    }
  });

  test('a code by SMS is short and bound to our origin in its last line', () => {
    const { text, html } = codeMessage({ ...code, channel: 'sms' });
    expect(text.split('\n').at(-1)).toBe('@lawang.example #482913');
    expect(text.length).toBeLessThanOrEqual(160);
    expect(text).toMatch(sevenBits);
    expect(html).toBeUndefined();
  });

  test.each(refusals)('a refused code: %o', (message) => {
    const letter = message({ ...base, language });
    for (const whole of [letter.subject, letter.text, seen(letter.html)]) expect(whole).not.toMatch(/\d{6}|[{}]/);
    expect(letter.text).toContain(base.accountLink);
    expect(letter.html).toContain(`href="${base.accountLink}"`);
    const { text, html } = message({ ...base, language, channel: 'sms' });
    expect(text).not.toMatch(/\d{6}|[{}]/);
    expect(text).toMatch(sevenBits);
    expect(text.length).toBeLessThanOrEqual(TWO_SEGMENTS);
    expect(html).toBeUndefined();
  });

  test.each(informing)('%o is told without anything to press', (message) => {
    const letter = message({ ...base, language, at, notMeLink });
    for (const whole of [letter.text, seen(letter.html)]) expect(whole).toMatch(/21 Nov 2026.*10[.:]12 WIB/);
    const short = message({ ...base, language, at, notMeLink, channel: 'sms' });
    expect(short.text).toMatch(sevenBits);
    for (const { text, html = '' } of [letter, short]) expect(text + html).not.toMatch(/not-me|[{}]|undefined/);
  });

  test('an account that closes is told of with the day, and the last message has nothing to press', () => {
    const endsAt = new Date('2026-12-05T03:12:00Z');
    for (const compose of [messages.accountClosingMessage, messages.accountClosingSoonMessage]) {
      const { text, html } = compose({ ...base, language, at, endsAt, notMeLink });
      for (const whole of [text, seen(html)]) expect(whole).toMatch(/5 (Des|Dec) 2026.*10[.:]12 WIB/);
    }
    const letter = messages.accountErasedNotice({ ...base, language, at, notMeLink });
    const short = messages.accountErasedNotice({ ...base, language, at, notMeLink, channel: 'sms' });
    for (const { text, html = '', link } of [letter, short])
      expect(text + html + link).not.toMatch(/https?:|not-me|[{}]|undefined\S/);
    expect(short.text).toMatch(sevenBits);
  });

  describe.each(notices)('%s', (_, message) => {
    const context = { ...base, language, at, device: 'Chrome, Android', notMeLink };

    test('says in a letter what happened, when, from where, and what to do if it was somebody else', () => {
      const { subject, text, html, link } = message(context);
      expect(subject).toContain('Lawang');
      for (const whole of [text, seen(html)]) {
        expect(whole).toMatch(/21 Nov 2026.*10[.:]12 WIB/);
        expect(whole).toContain('Chrome, Android');
        expect(whole).not.toMatch(/[{}]|undefined/);
        expect(whole.match(/Halo,|Hello,/g)).toHaveLength(1);
      }
      for (const whole of [text, html]) {
        expect(whole).toContain(notMeLink);
        expect(whole).toContain(base.accountLink);
      }
      expect(link).toBe(notMeLink);
    });

    test('is a line or two by SMS', () => {
      const { text, html, link } = message({ ...context, channel: 'sms' });
      expect(text).toContain('Lawang');
      expect(text.endsWith(notMeLink)).toBe(true);
      expect(link).toBe(notMeLink);
      expect(text).toMatch(sevenBits);
      expect(text.length).toBeLessThanOrEqual(TWO_SEGMENTS);
      expect(html).toBeUndefined();
    });

    test.each(['email', 'sms'] as const)('has no link to freeze the account where there is none: %s', (channel) => {
      const { text, html } = message({ ...context, channel, device: undefined, notMeLink: undefined });
      for (const whole of [text, html ?? '']) expect(whole).not.toMatch(/not-me|undefined/);
      expect(text).toContain(base.accountLink);
    });

    test('as HTML loads nothing, leads to the issuer alone, and lets nothing hostile become markup', () => {
      const { html = '' } = message({ ...context, brand: hostileText, device: hostileText });
      expect(html).not.toMatch(/<(table|img|style|link|script)|url\(|\u202e/i);
      const addresses = [...html.matchAll(/https?:\/\/[^"<\s]+/g)].map(([address]) => new URL(address).origin);
      expect(new Set(addresses)).toEqual(new Set([issuer]));
      // Reads in the dark: what has a ground of its own has letters of its own.
      for (const [, style = ''] of html.matchAll(/style="([^"]*)"/g))
        expect(/background/.test(style)).toBe(/[^-]color:/.test(style));
    });
  });
});
