import { type Html, html, jsonBlock } from '../html.ts';
import { type Language, translate } from '../locale.ts';
import { button } from './form.ts';
import { fingerprint } from './icons.ts';

/**
 * WebAuthn options as JSON (`PublicKeyCredentialRequestOptionsJSON` or `PublicKeyCredentialCreationOptionsJSON`), as
 * the server's library makes them.
 */
export type PasskeyOptions = object;

/** The field that carries the authenticator's answer, and the place where the script says why there is none. */
export function passkeyFields(language: Language): Html {
  const t = translate(language);
  return html`<input type="hidden" name="credential" value="">
<p class="passkey-message" id="passkey-message" role="status" data-cancelled="${t('passkey.cancelled')}" data-failed="${t('passkey.failed')}" data-known="${t('passkey.known')}" data-unsupported="${t('passkey.unsupported')}"></p>`;
}

/** Said beside the button that makes a passkey: on a phone that others unlock as well it is theirs too. */
export function sharedPhonesHint(language: Language): Html {
  return html`<p class="hint" id="shared-phones">${translate(language)('passkey.shared-phones')}</p>`;
}

/** The button that makes a passkey, below {@link sharedPhonesHint}. Posts `action` = its id, with `credential`. */
export function makePasskeyButton(language: Language, id: 'create-passkey' | 'add-passkey' = 'create-passkey'): Html {
  const t = translate(language);
  const label = html`${t(id === 'add-passkey' ? 'account.add-passkey' : 'passkey.create')} <small>${t('passkey.name')}</small>`;
  const look = { look: 'main', hook: 'way passkey', icon: fingerprint } as const;
  return html`${button({ id, value: id, label, ...look, passkey: 'create', describedBy: 'shared-phones' })}
${passkeyFields(language)}`;
}

/** The button that signs in with a passkey; {@link passkeyFields} belong to it. Posts `action` = `passkey`, with `credential`. */
export function usePasskeyButton(language: Language, look: 'main' | 'other'): Html {
  const t = translate(language);
  const label = html`${t('passkey.sign-in')} <small>${t('passkey.name')}</small>`;
  return button({
    ...{ id: 'passkey', value: 'passkey', label, look },
    ...{ hook: 'way passkey', icon: fingerprint, passkey: 'get' },
  });
}

/** What the script hands to the authenticator. Belongs outside the form. */
export function passkeyData(options: PasskeyOptions | undefined): Html | undefined {
  return options && jsonBlock('passkey-options', options);
}

/** What the script lets the browser make by itself, where it can. Belongs outside the form; the page needs `quiet.js`. */
export function quietPasskeyData(options: PasskeyOptions | undefined): Html | undefined {
  return options && jsonBlock('quiet-passkey', options);
}
