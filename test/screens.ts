/**
 * `npm run screens`: a picture of every page, each reached for real, in both languages, light and dark, on a phone and on
 * a desktop. Written into `.data/screens`; brings its own PostgreSQL, provider, apps and browser.
 */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { tourTheConsole } from './browser/console-tour.ts';
import { tourTheOverlap } from './browser/overlap-tour.ts';
import { tourOwnData } from './browser/own-data-tour.ts';
import { openStage } from './browser/stage.ts';
import { takeTour } from './browser/tour.ts';
import { fillSandbox } from './support/global-setup.ts';
import { prepareTemplate, startTestPostgres } from './support/postgres.ts';

const folder = join(import.meta.dirname, '..', '.data', 'screens');
const languages = ['id', 'en'] as const;
const widths = [390, 1280];
const schemes = ['light', 'dark'] as const;

await rm(folder, { recursive: true, force: true });
await mkdir(folder, { recursive: true });
const postgres = await startTestPostgres();
try {
  const from = { adminUrl: postgres.adminUrl, template: await prepareTemplate(postgres.adminUrl, fillSandbox) };
  for (const language of languages) {
    await using stage = await openStage({ from });
    await using visitor = await stage.visitor({ locale: language, reducedMotion: 'reduce' });
    await takeTour(stage, visitor, language, (name, page) => takePictures(page, `${name}.${language}`));
    await using table = await openStage({ from });
    await using citizen = await table.visitor({ locale: language, reducedMotion: 'reduce' });
    await tourOwnData(table, citizen, language, (name, page) => takePictures(page, `own-data-${name}.${language}`));
    await using office = await openStage({ from });
    await using colleague = await office.visitor({ locale: language, reducedMotion: 'reduce' });
    await tourTheConsole(office, colleague, language, (name, page) => takePictures(page, `${name}.${language}`));
    await using ministry = await openStage({ from });
    await using coordinator = await ministry.visitor({ locale: language, reducedMotion: 'reduce' });
    await tourTheOverlap(ministry, coordinator, language, (name, page) =>
      takePictures(page, `overlap-${name}.${language}`),
    );
  }
} finally {
  await postgres.stop();
}

async function takePictures(page: Page, name: string): Promise<void> {
  for (const width of widths) {
    for (const colorScheme of schemes) {
      await page.setViewportSize({ width, height: width < 600 ? 844 : 800 });
      await page.emulateMedia({ colorScheme });
      const file = `${name}.${width}.${colorScheme}.png`;
      await page.screenshot({ path: join(folder, file), fullPage: true });
      process.stdout.write(`.data/screens/${file}\n`);
    }
  }
}
