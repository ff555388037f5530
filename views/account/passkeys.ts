import { type Html, html, safeAddress } from '../html.ts';
import { formatDay, type Language, type MessageKey, translate } from '../locale.ts';
import type { Frame } from '../page.ts';
import { button, field, form, hidden } from '../parts/form.ts';
import { fingerprint } from '../parts/icons.ts';
import { makePasskeyButton, type PasskeyOptions, sharedPhonesHint } from '../parts/passkey.ts';
import { part, rowForm, sayLastUsed } from './part.ts';

export type ShownPasskey = {
  id: string;
  /** From the authenticator's AAGUID, or what the person called it. */
  name?: string | undefined;
  addedAt: Date;
  lastUsed?: Date | undefined;
  /** Kept in a cloud keychain, so that it outlives the device. */
  isSynced: boolean;
  /** A security key of a known maker. */
  isVouchedFor?: boolean | undefined;
};

export type PasskeysContext = Frame & {
  passkeys: readonly ShownPasskey[];
  /** Since when there is a password, and an authenticator app. */
  passwordSince?: Date | undefined;
  totpSince?: Date | undefined;
  /** How many recovery codes are still good. */
  recoveryCodes: number;
  /** Recovered by contacts alone: ways to sign in stay as they are for now. */
  isRestricted?: boolean | undefined;
  /** Options for a new passkey; absent while a fresh proof is needed. */
  passkeyOptions?: PasskeyOptions | undefined;
  /** Where makers of security keys are known: the way to have one vouched for, or that the options ask for it. */
  hardware?: { link: string } | 'asked' | undefined;
  /** What the browser may make by itself. */
  quietPasskey?: PasskeyOptions | undefined;
  /** Shows the card that offers a passkey. */
  offersPasskey?: boolean | undefined;
  /** Leads to a fresh sign-in, when the last one is too old to change ways to sign in. */
  freshProofLink?: string | undefined;
};

/** Passkeys, and the ways beside them. */
export function passkeysPart(context: PasskeysContext): Html {
  const t = translate(context.language);
  const rows = context.passkeys.map((passkey, index) => passkeyRow(context, passkey, `passkey-${index}`));
  const intro = context.passkeys.length > 0 ? 'account.passkeys-intro' : 'account.no-passkeys';
  return part('passkeys', t('account.passkeys'), !context.onSharedDevice && t(intro), [
    rows.length > 0 && html`<ul class="rows">${rows}</ul>`,
    context.onSharedDevice ? html`<p class="hint">${t('shared.no-passkey')}</p>` : addPasskey(context),
    otherWays(context),
  ]);
}

function passkeyRow(context: PasskeysContext, passkey: ShownPasskey, id: string): Html {
  const t = translate(context.language);
  const added = t('account.added', { date: formatDay(context.language, passkey.addedAt, context.timeZone) });
  return html`<li class="row" data-passkey="${passkey.id}"><span class="tile" aria-hidden="true">${fingerprint}</span>
<div class="row-words"><h3 id="${id}">${passkey.name ?? t('account.unnamed-passkey')}</h3>
<p>${t(placeOf(passkey))}</p>
<p class="hint">${added} · ${sayLastUsed(context, passkey.lastUsed)}</p></div>
${!context.freshProofLink && [rowForm(context, { name: 'passkey', value: passkey.id, action: 'remove-passkey', label: t('account.remove'), describedBy: id }), renameForm(context, passkey, id)]}</li>`;
}

function placeOf({ isSynced, isVouchedFor }: ShownPasskey): MessageKey {
  if (isSynced) return 'account.synced';
  return isVouchedFor ? 'account.vouched-for' : 'account.on-device';
}

function renameForm(context: PasskeysContext, passkey: ShownPasskey, id: string): Html {
  const t = translate(context.language);
  const name = passkey.name ?? t('account.unnamed-passkey');
  return html`<details class="rename"><summary>${t('account.rename')}</summary>
${form(context, [
  hidden('passkey', passkey.id),
  field({
    name: 'label',
    id: `${id}-label`,
    label: t('account.new-name', { name }),
    value: passkey.name,
    hint: t('account.new-name-hint'),
    autocomplete: 'off',
    maxlength: 60,
    problems: [],
  }),
  button({ value: 'rename-passkey', label: t('account.rename-save'), look: 'other' }),
])}</details>`;
}

/** The ways beside passkeys, each with a page of its own. */
function otherWays(context: PasskeysContext): Html {
  const t = translate(context.language);
  const { passwordSince, totpSince, recoveryCodes } = context;
  const day = (date: Date) => formatDay(context.language, date, context.timeZone);
  return html`<ul class="rows other-ways">${[
    wayRow({
      id: 'password',
      title: t('account.password'),
      words: passwordSince ? t('account.password-since', { date: day(passwordSince) }) : t('account.no-password'),
      link: '/account/password',
      label: passwordSince ? t('account.password-change') : t('account.password-add'),
    }),
    wayRow({
      id: 'authenticator-app',
      title: t('account.totp'),
      words: totpSince ? t('account.totp-since', { date: day(totpSince) }) : t('account.no-totp'),
      link: '/account/authenticator-app',
      label: totpSince ? t('account.totp-manage') : t('account.totp-add'),
    }),
    wayRow({
      id: 'recovery-codes',
      title: t('account.recovery-codes'),
      words: sayCodesLeft(context.language, recoveryCodes),
      link: '/account/recovery-codes',
      label: recoveryCodes > 0 ? t('account.recovery-codes-renew') : t('account.recovery-codes-make'),
    }),
  ]}</ul>`;
}

const FEW_CODES = 3;

function sayCodesLeft(language: Language, count: number): string {
  const t = translate(language);
  if (count === 0) return t('account.no-recovery-codes');
  return t(count <= FEW_CODES ? 'account.recovery-codes-few' : 'account.recovery-codes-left', { count });
}

function wayRow(way: { id: string; title: string; words: string; link: string; label: string }): Html {
  return html`<li class="row" data-way="${way.id}"><div class="row-words"><h3 id="way-${way.id}">${way.title}</h3><p>${way.words}</p></div>
<a class="button other" id="open-${way.id}" href="${way.link}" aria-describedby="way-${way.id}">${way.label}</a></li>`;
}

function addPasskey(context: PasskeysContext): Html {
  const t = translate(context.language);
  if (context.isRestricted) return html`<p class="hint">${t('account.no-way-added')}</p>`;
  const freshProof = safeAddress(context.freshProofLink);
  if (freshProof) {
    return html`<div class="notice notice-info"><div><p>${t('account.fresh-proof')}</p><p><a class="button other" id="fresh-proof" href="${freshProof}">${t('account.prove')}</a></p></div></div>`;
  }
  return html`${sharedPhonesHint(context.language)}
${form(context, makePasskeyButton(context.language, 'add-passkey'))}${hardwareHint(context)}`;
}

/** Few people have such a key, so it is a line below. */
function hardwareHint({ language, hardware }: PasskeysContext): Html | false {
  const t = translate(language);
  if (!hardware) return false;
  if (hardware === 'asked') return html`<p class="hint" id="hardware-asked">${t('account.hardware-asked')}</p>`;
  const link = safeAddress(hardware.link);
  return (
    link !== undefined && html`<p class="hint"><a id="hardware-key" href="${link}">${t('account.hardware')}</a></p>`
  );
}

/** Calm, and away for a month once somebody has said "not now". The script takes it off when the browser made a passkey. */
export function passkeyCard(context: PasskeysContext): Html | false {
  const t = translate(context.language);
  if (!context.offersPasskey) return false;
  return html`<section class="notice notice-info" id="passkey-card" aria-labelledby="passkey-card-title">${fingerprint}<div>
<h2 id="passkey-card-title">${t('passkey-offer.title')}</h2>
<p>${t('passkey-offer.intro')} ${t('passkey.shared-phones')}</p>
<p><a class="button other" href="#passkeys">${t('account.passkey-how')}</a></p>
${form(context, button({ id: 'passkey-later', value: 'passkey-later', label: t('passkey-offer.skip'), look: 'quiet' }))}
</div></section>`;
}
