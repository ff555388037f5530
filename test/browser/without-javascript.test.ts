/** The same as in `journeys/without-javascript.test.ts`, once in a real browser whose scripts are switched off. */
import { expect, it } from 'vitest';
import { ownDataStops, tourOwnData } from './own-data-tour.ts';
import { openStage, signInByPassword, typeCode } from './stage.ts';

it('a citizen does everything with JavaScript switched off', async () => {
  await using stage = await openStage();
  await using visitor = await stage.visitor({ javaScriptEnabled: false, withDevice: false });
  const { page } = visitor;
  const { issuer } = stage.world;

  // A new account: the passkey buttons say kindly what they need, the other ways go on.
  await page.goto(`${stage.health}/sign-in`);
  await page.click('#passkey');
  await page.locator('#problems').filter({ hasText: 'JavaScript' }).waitFor();
  await page.click('#sign-up');
  await page.fill('#identifier', 'tanpa-skrip@contoh.id');
  await page.click('#continue');
  await typeCode(page, stage.world, 'tanpa-skrip@contoh.id');
  await page.fill('#name', 'Tanpa Skrip');
  await page.click('#create-passkey');
  await page.locator('#problems').filter({ hasText: 'JavaScript' }).waitFor();
  expect(await page.inputValue('#name')).toBe('Tanpa Skrip');
  await page.fill('#password', 'pelan pelan asal selamat');
  await page.click('#continue');

  // Deny, cancel, then allow with one optional item.
  await page.click('#consent-deny');
  await page.waitForURL(`${stage.health}/`);
  await page.click('#sign-in');
  await page.click('#cancel');
  await page.waitForURL(`${stage.health}/`);
  await page.click('#sign-in');
  await signInByPassword(page, 'budi@contoh.id');
  await page.check('[name=claim][value=nickname]');
  await page.click('#consent-allow');
  expect(await page.textContent('#signed-in-name')).toBe('Budi Agung Santoso');

  // The account page, and the end of the session everywhere.
  await page.goto(`${issuer}/account`);
  await page.locator('[data-client=puskesmas-online]').filter({ hasText: 'Nama panggilan' }).waitFor();
  await page.click('.disconnect');
  await page.locator('.notice').filter({ hasText: 'tidak lagi dapat membaca' }).waitFor();
  expect(await page.locator('[data-client]').count()).toBe(0);
  await page.goto(`${issuer}/logout`);
  await page.click('#logout-yes');
  await page.waitForSelector('#logout-done');

  // By a code.
  await page.goto(`${stage.tax}/sign-in`);
  await page.fill('#identifier', 'siti@contoh.id');
  await page.click('#send-code');
  await typeCode(page, stage.world, 'siti@contoh.id');
  await page.click('#consent-allow');
  expect(await page.textContent('#signed-in-name')).toBe('Siti Rahayu');
  await page.click('#sign-out');
  await page.click('#logout-yes');
  await page.waitForURL(`${stage.tax}/signed-out`);
  expect(visitor.complaints).toEqual([]);
});

it('and sees who reads their data, puts it right, stops it and proves it', async () => {
  await using stage = await openStage();
  await using visitor = await stage.visitor({ javaScriptEnabled: false, withDevice: false });
  const seen: string[] = [];
  await tourOwnData(stage, visitor, 'id', async (name, page) => {
    seen.push(name);
    expect(await page.locator('h1').count(), name).toBe(1);
  });
  expect(seen).toEqual(ownDataStops);
  expect(visitor.complaints).toEqual([]);
});
