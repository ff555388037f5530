import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { openStage } from './stage.ts';
import { takeTour, tourStops } from './tour.ts';

/** Each language one half: together every width, light and dark. */
const looks = {
  id: [look(320, 'light'), look(390, 'dark'), look(1280, 'light')],
  en: [look(320, 'dark'), look(390, 'light'), look(1280, 'dark')],
};

function look(width: number, colorScheme: 'light' | 'dark') {
  return { width, colorScheme };
}

const MOST_BYTES = 30 * 1024;
const wcag22aa = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

interface Violation {
  id: string;
  nodes: { html: string }[];
}

/**
 * What axe finds on the page as it looks now. Bringing axe into a page costs more than running it, so that a page that has
 * it is asked directly. The legacy mode only means that no second window is opened; there are no frames here.
 */
async function findBarriers(page: Page): Promise<string[]> {
  const options = { runOnly: wcag22aa, resultTypes: ['violations'] };
  const isThere = await page.evaluate('"axe" in window');
  const { violations } = isThere
    ? ((await page.evaluate(`axe.run(document, ${JSON.stringify(options)})`)) as { violations: Violation[] })
    : await new AxeBuilder({ page })
        .options(options as Parameters<AxeBuilder['options']>[0])
        .setLegacyMode(true)
        .analyze();
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
}

async function findOverflow(page: Page): Promise<string[]> {
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

/** As for somebody who comes for the first time: the text, uncompressed as it is sent, and whatever it names. */
async function findWeight(page: Page): Promise<string[]> {
  const script = `[...document.querySelectorAll('link[href], script[src], img[src]')].map((it) => it.href || it.src)`;
  const named = (await page.evaluate(script)) as string[];
  const sizes = await Promise.all(named.map(sizeOf));
  const bytes = sizes.reduce((sum, size) => sum + size, Buffer.byteLength(await page.content()));
  return bytes > MOST_BYTES ? [`${bytes} bytes with all it loads`] : [];
}

async function sizeOf(address: string): Promise<number> {
  const answer = await fetch(address, { method: 'HEAD', headers: { 'accept-encoding': 'gzip' } });
  const size = Number(answer.headers.get('content-length'));
  if (!size) throw new Error(`${address} does not say its size`);
  return size;
}

it.concurrent.each(['id', 'en'] as const)(
  '%s: no page of the tour has a barrier that axe knows, at any width, light and dark, or is heavy',
  async (language) => {
    await using stage = await openStage();
    await using visitor = await stage.visitor({ locale: language });
    const seen: string[] = [];
    const barriers: string[] = [];
    await takeTour(stage, visitor, language, async (name, page) => {
      seen.push(name);
      barriers.push(...(await findWeight(page)).map((weight) => `${name}: ${weight}`));
      for (const { width, colorScheme } of looks[language]) {
        await page.setViewportSize({ width, height: 800 });
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        const found = [
          ...(await findOverflow(page)),
          ...(width === 320 ? await findOverflowOfLargeText(page) : []),
          ...(await findBarriers(page)),
        ];
        barriers.push(...found.map((barrier) => `${name}, ${width} px, ${colorScheme}: ${barrier}`));
      }
      expect(await page.evaluate('document.documentElement.lang')).toBe(language);
      expect(await page.locator('h1').count()).toBe(1);
    });
    expect(seen).toEqual(tourStops);
    expect(barriers).toEqual([]);
    expect(visitor.complaints).toEqual([]);
  },
  300_000,
);

it('finds barriers where there are some', async () => {
  await using stage = await openStage();
  await using visitor = await stage.visitor({ viewport: { width: 320, height: 800 } });
  await visitor.page.goto(`${stage.world.issuer}/help`);
  await visitor.page.evaluate(`{
    const planted = document.createElement('img');
    planted.src = '/assets/none.svg';
    planted.style.minWidth = '600px';
    document.querySelector('main').append(planted);
  }`);
  // Once axe is brought, then it is there.
  for (const _ of [1, 2]) {
    expect(await findBarriers(visitor.page)).toEqual([expect.stringMatching(/^image-alt: /)]);
  }
  expect(await findOverflow(visitor.page)).not.toEqual([]);
});
