import { expect, it } from 'vitest';
import { findBarriers, findBarriersIn, findOverflow, findWeight, type Look } from './barriers.ts';
import { ownDataStops, tourOwnData } from './own-data-tour.ts';
import { openStage } from './stage.ts';
import { takeTour, tourStops } from './tour.ts';

/**
 * Each language one half: together phones and desktops, light and dark. Between 320 and 544 px the style sheets say the same,
 * so at 390 px it is only asked whether everything fits.
 */
const looks: Record<'id' | 'en', readonly Look[]> = {
  id: [{ width: 320, colorScheme: 'light' }, { width: 390 }, { width: 1280, colorScheme: 'dark' }],
  en: [{ width: 320, colorScheme: 'dark' }, { width: 390 }, { width: 1280, colorScheme: 'light' }],
};

const walks = [
  { what: 'of the tour', stops: tourStops, take: takeTour },
  { what: "about one's own data", stops: ownDataStops, take: tourOwnData },
] as const;

it.concurrent.each(walks.flatMap((walk) => (['id', 'en'] as const).map((language) => ({ ...walk, language }))))(
  '$language: no page $what has a barrier that axe knows, at any width, light and dark, or is heavy',
  async ({ language, stops, take }) => {
    await using stage = await openStage();
    await using visitor = await stage.visitor({ locale: language });
    const seen: string[] = [];
    const barriers: string[] = [];
    await take(stage, visitor, language, async (name, page) => {
      seen.push(name);
      barriers.push(...(await findWeight(page)).map((weight) => `${name}: ${weight}`));
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
