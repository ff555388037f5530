import { expect, it } from 'vitest';
import { findBarriersIn, type Look } from './barriers.ts';
import { consoleStops, tourTheConsole } from './console-tour.ts';
import { overlapStops, tourTheOverlap } from './overlap-tour.ts';
import { openStage } from './stage.ts';

/** Each language one half: together phones and desktops, light and dark. */
const looks: Record<'id' | 'en', readonly Look[]> = {
  id: [
    { width: 320, colorScheme: 'light' },
    { width: 1280, colorScheme: 'dark' },
  ],
  en: [
    { width: 390, colorScheme: 'dark' },
    { width: 1280, colorScheme: 'light' },
  ],
};

const walks = [
  { what: 'of the console, or that leads from a desk into an account,', stops: consoleStops, take: tourTheConsole },
  { what: 'about what exists twice', stops: overlapStops, take: tourTheOverlap },
] as const;

it.concurrent.each(walks.flatMap((walk) => (['id', 'en'] as const).map((language) => ({ ...walk, language }))))(
  '$language: no page $what has a barrier that axe knows',
  async ({ language, stops, take }) => {
    await using stage = await openStage();
    await using visitor = await stage.visitor({ locale: language });
    const seen: string[] = [];
    const barriers: string[] = [];
    await take(stage, visitor, language, async (name, page) => {
      seen.push(name);
      barriers.push(...(await findBarriersIn(looks[language], name, page)));
      expect(await page.evaluate('document.documentElement.lang')).toBe(language);
      expect(await page.locator('h1').count()).toBe(1);
    });
    expect(seen).toEqual(stops);
    expect(barriers).toEqual([]);
    expect(visitor.complaints).toEqual([]);
  },
  600_000,
);
