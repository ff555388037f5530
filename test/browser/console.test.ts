import { expect, it } from 'vitest';
import { findBarriers, findOverflow, findOverflowOfLargeText } from './barriers.ts';
import { consoleStops, tourTheConsole } from './console-tour.ts';
import { openStage } from './stage.ts';

/** Each language one half: together phones and desktops, light and dark. */
const looks = {
  id: [look(320, 'light'), look(1280, 'dark')],
  en: [look(390, 'dark'), look(1280, 'light')],
};

function look(width: number, colorScheme: 'light' | 'dark') {
  return { width, colorScheme };
}

it.concurrent.each(['id', 'en'] as const)(
  '%s: no page of the console, and none that leads from a desk into an account, has a barrier that axe knows',
  async (language) => {
    await using stage = await openStage();
    await using visitor = await stage.visitor({ locale: language });
    const seen: string[] = [];
    const barriers: string[] = [];
    await tourTheConsole(stage, visitor, language, async (name, page) => {
      seen.push(name);
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
    expect(seen).toEqual(consoleStops);
    expect(barriers).toEqual([]);
    expect(visitor.complaints).toEqual([]);
  },
  300_000,
);
