import { type Html, html } from '../html.ts';
import { type Language, translate } from '../locale.ts';

/** The way back from a page about a part of the account, by default about a way to sign in. */
export function backToAccount(language: Language, part: 'passkeys' | 'person' = 'passkeys'): Html {
  return html`<p class="ways-out"><a id="back" href="/account#${part}">${translate(language)('account.back')}</a></p>`;
}
