/** A whole first visit without a mouse: what is needed is found by its role and name, and one sees where one is. */
import type { Locator, Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { translate } from '#views/locale.ts';
import { openStage } from './stage.ts';

type Role = Parameters<Page['getByRole']>[0];

const FAR = 60;
const focus = `(() => {
  if (document.activeElement === document.body) return undefined;
  const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(document.activeElement);
  const box = document.activeElement.getBoundingClientRect();
  return {
    isMarked: (outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2) || boxShadow !== 'none',
    isOnScreen: box.width > 0 && box.bottom > 0 && box.top < innerHeight,
    what: document.activeElement.outerHTML.slice(0, 120),
  };
})()`;

/**
 * Presses Tab until the thing of that role and name has the focus; every stop on the way shows that it has it. After the last one
 * the browser itself has it, and the next Tab begins at the top.
 */
async function tabTo(page: Page, role: Role, name: string | RegExp): Promise<Locator> {
  const wanted = page.getByRole(role, { name, exact: typeof name === 'string' });
  await wanted.first().waitFor();
  for (let pressed = 0; pressed < FAR; pressed += 1) {
    await page.keyboard.press('Tab');
    const stop = await page.evaluate(focus);
    if (stop !== undefined) expect(stop).toMatchObject({ isMarked: true, isOnScreen: true });
    const isThere = wanted.and(page.locator(':focus'));
    if ((await isThere.count()) > 0) return isThere;
  }
  throw new Error(`no ${role} called ${String(name)} within reach of the Tab key`);
}

async function type(page: Page, label: string, text: string): Promise<void> {
  await tabTo(page, 'textbox', label);
  await page.keyboard.press('ControlOrMeta+a');
  await page.keyboard.type(text);
}

async function press(page: Page, name: string | RegExp, role: Role = 'button'): Promise<void> {
  await tabTo(page, role, name);
  await page.keyboard.press('Enter');
}

it.concurrent.each(['id', 'en'] as const)(
  '%s: a citizen makes an account, allows an app, disconnects it and signs out by keyboard alone',
  async (language) => {
    const t = translate(language);
    await using stage = await openStage();
    await using visitor = await stage.visitor({ withDevice: false, locale: language });
    const { page } = visitor;
    const address = `kunci.${language}@contoh.id`;
    await page.goto(`${stage.health}/?lang=${language}`);
    await press(page, /Lawang/, 'link');
    await page.waitForURL('**/interaction/**');
    expect(await page.evaluate('document.documentElement.lang')).toBe(language);

    await press(page, t('sign-in.submit'));
    await page.waitForSelector('#problems');
    expect(await page.locator(':focus').getAttribute('id')).toBe('problems');
    await press(page, t('sign-in.identifier-missing'), 'link');
    expect(await page.locator(':focus').getAttribute('id')).toBe('identifier');
    await page.keyboard.type(address);
    await press(page, t('sign-in.send-code'));

    await page.waitForSelector('#code');
    await type(page, t('code.label'), (await stage.world.message(address)).code ?? '');
    await page.keyboard.press('Enter');
    await page.waitForSelector('#name');
    await type(page, t('sign-up-name.name'), 'Kartini');
    await type(page, t('birthdate.label'), '21-04-1979');
    await type(page, t('sign-up-name.password'), 'habis gelap terbit terang 1911');
    await press(page, t('sign-up-name.submit'));

    await page.waitForSelector('#consent-allow');
    const box = await tabTo(page, 'checkbox', new RegExp(`^${t('claim.nickname')}`));
    await page.keyboard.press('Space');
    expect(await box.isChecked()).toBe(true);
    await press(page, t('consent.allow'));
    await page.waitForSelector('#signed-in-name');

    await page.goto(`${stage.world.issuer}/account`);
    // The first stop leads past the masthead.
    await page.keyboard.press('Tab');
    expect(await page.locator(':focus').textContent()).toBe(t('page.skip'));
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    expect(await page.locator('main :focus').count()).toBe(1);
    await press(page, t('account.leave'));
    await page
      .getByRole('status')
      .filter({ hasText: t('account.done-disconnected') })
      .waitFor();
    await press(page, t('account.sign-out'));
    await page.waitForSelector('#logout-yes');
    await press(page, t('sign-out.yes'));
    await page.waitForSelector('#logout-done');
    expect(visitor.complaints).toEqual([]);
  },
);
