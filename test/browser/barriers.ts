/** What stands in the way of somebody on a page: what axe knows, what is wider than the window, and what is heavy. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { CDPSession, Page } from 'playwright-core';

const MOST_BYTES = 30 * 1024;
const wcag22aa = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

interface Violation {
  id: string;
  nodes: { html: string }[];
}

/** A script that gives a page `axe`; small, since every page is to be given it. */
const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What axe finds on the page as it looks now, by the rules of WCAG 2.2 AA or by every rule that it has. There are no frames here. */
export async function findBarriers(page: Page, { byEveryRule = false } = {}): Promise<string[]> {
  if (!(await page.evaluate('"axe" in window'))) await bring(axe, page);
  const options = { resultTypes: ['violations'], ...(!byEveryRule && { runOnly: wcag22aa }) };
  const run = `axe.run(document, ${JSON.stringify(options)}).then(({ violations }) => violations)`;
  const violations = (await page.evaluate(run)) as Violation[];
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
}

/** Kept as long as their pages: a session that is left takes the page's virtual device for passkeys away with it. */
const sessions = new WeakMap<Page, Promise<CDPSession>>();

/** Past Playwright, which wraps what it evaluates so that the browser has to read a long script twice. */
async function bring(script: string, page: Page): Promise<void> {
  const opened = sessions.get(page) ?? page.context().newCDPSession(page);
  sessions.set(page, opened);
  const { exceptionDetails } = await (await opened).send('Runtime.evaluate', { expression: script });
  if (exceptionDetails) throw new Error(exceptionDetails.text);
}

export async function findOverflow(page: Page): Promise<string[]> {
  const over = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
  return over === 0 ? [] : [`${String(over)} px wider than the window`];
}

/** Text at twice its size, as the browser's own setting makes it. */
async function findOverflowOfLargeText(page: Page): Promise<string[]> {
  await page.evaluate("document.documentElement.style.fontSize = '200%'");
  const found = await findOverflow(page);
  await page.evaluate("document.documentElement.style.fontSize = ''");
  return found.map((barrier) => `text at 200 %: ${barrier}`);
}

/** How wide a window is, and whether its colours are light or dark; without these, only whether the page fits is looked at. */
export interface Look {
  readonly width: number;
  readonly colorScheme?: 'light' | 'dark';
}

/** What stands in somebody's way on a page, looked at in each of these ways; with where it was seen. */
export async function findBarriersIn(looks: readonly Look[], name: string, page: Page): Promise<string[]> {
  const barriers: string[] = [];
  for (const { width, colorScheme } of looks) {
    await page.setViewportSize({ width, height: 800 });
    if (colorScheme) await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    const found = [
      ...(await findOverflow(page)),
      ...(width === 320 ? await findOverflowOfLargeText(page) : []),
      ...(colorScheme ? await findBarriers(page) : []),
    ];
    const where = [name, `${width} px`, ...(colorScheme ? [colorScheme] : [])].join(', ');
    barriers.push(...found.map((barrier) => `${where}: ${barrier}`));
  }
  return barriers;
}

/** As for somebody who comes for the first time: the text, uncompressed as it is sent, and whatever it names. */
export async function findWeight(page: Page): Promise<string[]> {
  const script = `[...document.querySelectorAll('link[href], script[src], img[src]')].map((it) => it.href || it.src)`;
  const named = (await page.evaluate(script)) as string[];
  const sizes = await Promise.all(named.filter((address) => !address.startsWith('data:')).map(sizeOf));
  const bytes = sizes.reduce((sum, size) => sum + size, Buffer.byteLength(await page.content()));
  return bytes > MOST_BYTES ? [`${bytes} bytes with all it loads`] : [];
}

async function sizeOf(address: string): Promise<number> {
  const answer = await fetch(address, { method: 'HEAD', headers: { 'accept-encoding': 'gzip' } });
  const size = Number(answer.headers.get('content-length'));
  if (!size) throw new Error(`${address} does not say its size`);
  return size;
}
