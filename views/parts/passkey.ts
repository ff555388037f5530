import { type Html, html, jsonBlock } from '../html.ts';
import { type Language, translate } from '../locale.ts';

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

/** What the script hands to the authenticator. Belongs outside the form. */
export function passkeyData(options: PasskeyOptions | undefined): Html | undefined {
  return options && jsonBlock('passkey-options', options);
}

/** What the script lets the browser make by itself, where it can. Belongs outside the form; the page needs `quiet.js`. */
export function quietPasskeyData(options: PasskeyOptions | undefined): Html | undefined {
  return options && jsonBlock('quiet-passkey', options);
}
