/** What a browser tells of itself, put so that its owner recognises it: "Chrome" on "Android", and the network it is in. */
import Bowser from 'bowser';
import type { Context } from 'koa';
import type { About } from '#src/oidc/trails.ts';
import { networkOf } from '#src/people/throttles.ts';

/** As much of a header as is read. Real ones are about half as long, and reading must cost nothing. */
const MOST = 512;

const browsers = new Set(Object.values(Bowser.BROWSER_MAP));
const systems = new Set(Object.values(Bowser.OS_MAP));

/** Only names that the library knows: what is sent freely must not become a sentence in a message of ours. */
export function aboutBrowser(ctx: Context): About {
  const { browser, os } = Bowser.parse(ctx.get('User-Agent').slice(0, MOST) || '-', { brands: brandsOf(ctx) });
  return {
    ...(browsers.has(browser.name ?? '') && { browser: browser.name }),
    ...(systems.has(os.name ?? '') && { system: os.name }),
    network: networkOf(ctx.state.caller),
  };
}

/** `Sec-CH-UA`, where a browser sends it (W3C User-Agent Client Hints): some say there alone which one they are. */
function brandsOf(ctx: Context): { brand: string; version: string }[] {
  const pairs = ctx
    .get('Sec-CH-UA')
    .slice(0, MOST)
    .matchAll(/"([^"]{1,40})";v="(\d{1,9})"/g);
  return [...pairs].map(([, brand = '', version = '']) => ({ brand, version }));
}
