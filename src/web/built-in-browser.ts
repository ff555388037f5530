/**
 * Whether a page is open inside another app: its built-in browser shows web pages and has no passkeys. Browsers tell it in
 * `User-Agent` only, each in a way of its own; who tells nothing is found by the page's script, which asks for passkeys.
 */
import type { Context } from 'koa';

/** As much of the header as is read; the apps' own words stand at its end, after some hundred characters. */
const MOST = 600;

const apps: readonly (readonly [name: string, token: RegExp])[] = [
  ['Instagram', /\bInstagram\b/],
  ['Facebook', /\bFB(AN|AV|_IAB)\b/],
  ['TikTok', /\b(TikTok|musical_ly|BytedanceWebview|trill)\b/i],
  ['LINE', /\bLine\/\d/],
  ['WhatsApp', /\bWhatsApp\b/],
];

/** The web view of Android says `wv`; on iPhones only Safari and what is like it says `Safari`. */
const nameless = [/\bAndroid\b.*; wv\)/, /\b(iPhone|iPad|iPod)\b(?!.*\bSafari\/).*\bAppleWebKit\//];

/** Undefined in a browser that stands alone; without `app` where nobody knows which one it is built into. */
export function findBuiltIn(ctx: Context): { readonly app?: string } | undefined {
  const agent = ctx.get('User-Agent').slice(0, MOST);
  const known = apps.find(([, token]) => token.test(agent));
  if (known) return { app: known[0] };
  return nameless.some((token) => token.test(agent)) ? {} : undefined;
}
