import { type Html, html } from '../html.ts';
import { type Language, translate } from '../locale.ts';

/** The way back from a page about one way to sign in. */
export function backToAccount(language: Language): Html {
  return html`<p class="ways-out"><a id="back" href="/account#passkeys">${translate(language)('account.back')}</a></p>`;
}
