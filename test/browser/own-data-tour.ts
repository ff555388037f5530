/** One walk past the pages on which a person sees who reads their data, puts it right, stops it and proves it. */
import type { Page } from 'playwright-core';
import { signReceipt } from '#src/oidc/receipts.ts';
import { sampleContent } from '#test/support/receipts.ts';
import { allow, password, signIn, type World } from '#test/support/world.ts';
import { type Stage, signInByPassword, signOutHere } from './stage.ts';
import type { AtPage, Language } from './tour.ts';
import type { Visitor } from './visitor.ts';

/** Names of all pages of the walk, in its order. */
export const ownDataStops = [
  ...['own-home', 'correct', 'correct-refused', 'corrected', 'own-data'],
  ...['services', 'services-found', 'services-alike', 'services-none'],
  ...['connected-apps', 'connected-apps-none', 'connected-app', 'connected-app-narrowed'],
  ...['receipt', 'receipt-check', 'receipt-missing', 'receipt-genuine', 'receipt-altered', 'receipt-unknown-key'],
  ...['receipt-elsewhere', 'receipt-no-receipt'],
  ...['releases', 'releases-narrowed', 'releases-none', 'release', 'release-refused', 'release-reported'],
  ...['connected-app-withdrawn', 'connected-app-left', 'receipt-of-end', 'account-history'],
  ...['consent-minor', 'consent-unknown', 'consent-unknown-refused'],
] as const;

type Go = (path: string) => Promise<unknown>;

/** Walks with a new visitor as somebody who uses two apps; a stage bears one walk in each language. */
export async function tourOwnData(stage: Stage, { page }: Visitor, language: Language, at: AtPage): Promise<void> {
  const { world } = stage;
  const go: Go = (path) => page.goto(`${world.issuer}${path}`);
  const address = `melati.${language}@contoh.id`;
  await useTwoApps(world, address);
  await go(`/account?lang=${language}`);
  await signInByPassword(page, address);
  await page.waitForSelector('#connected-apps');
  await at('own-home', page);
  await putRight(go, page, at);
  await findServices(go, page, at);
  await lookAtApps(go, page, at);
  await proveByReceipt(world, go, page, at);
  await readReleases(go, page, at);
  await stopApps(go, page, at);
  await beAskedForNothing(stage, page, language, at);
}

/** Both read something by law, and what the person has allowed. */
async function useTwoApps(world: World, address: string): Promise<void> {
  const profile = { nickname: 'Mel', gender: 'female', phone_number: '+6281300001234' } as const;
  await world.citizen(address, { name: 'Melati Kusuma', password, profile });
  const browser = world.browser();
  for (const options of [{}, { clientId: 'pajak-daerah', scope: 'openid profile email phone' }]) {
    const app = await world.app(options);
    const attempt = await app.startSignIn();
    const shown = await browser.visit(attempt.url);
    await app.finishSignIn(attempt, await (shown.has('#identifier') ? signIn(shown, address) : allow(shown)));
  }
}

/** First of all, while the sign-in is fresh. */
async function putRight(go: Go, page: Page, at: AtPage): Promise<void> {
  await go('/account/data/correct');
  await at('correct', page);
  await page.fill('#birthdate', '31-02-1991');
  await page.click('#save');
  await page.waitForSelector('#problems');
  await at('correct-refused', page);
  await page.fill('#birthdate', '1991-02-03');
  await page.fill('#street', 'Jalan Mawar 5');
  await page.fill('#locality', 'Kota Contoh');
  await page.click('#save');
  await page.waitForSelector('.notice-done');
  await at('corrected', page);
  await go('/account/data');
  await at('own-data', page);
}

async function findServices(go: Go, page: Page, at: AtPage): Promise<void> {
  await go('/account/services');
  await at('services', page);
  await page.fill('#q', 'pajak');
  await page.press('#q', 'Enter');
  await page.waitForSelector('[data-service=pajak-daerah]');
  await at('services-found', page);
  await go('/account/services?q=kunjungaan');
  await at('services-alike', page);
  await go('/account/services?q=zzzzzz');
  await page.waitForSelector('#none-found');
  await at('services-none', page);
}

async function lookAtApps(go: Go, page: Page, at: AtPage): Promise<void> {
  await go('/account/apps');
  await at('connected-apps', page);
  await go('/account/apps?q=kapal+selam');
  await page.waitForSelector('#none-found');
  await at('connected-apps-none', page);
  await go('/account/apps');
  await page.click('[data-client=pajak-daerah] h3 a');
  await page.waitForSelector('#leave');
  await at('connected-app', page);
  await page.locator('#consent input[name=claim]').first().uncheck();
  await page.click('#narrow');
  await page.waitForSelector('.notice-done');
  await at('connected-app-narrowed', page);
}

/** The receipt of what was narrowed, whole and spoilt in each way that the check tells apart. */
async function proveByReceipt({ issuer, house }: World, go: Go, page: Page, at: AtPage): Promise<void> {
  await page.locator('#consent a[href^="/account/receipts/"]').click();
  await page.waitForSelector('#receipt');
  await at('receipt', page);
  const file = await page.locator('#receipt-file').getAttribute('href');
  const receipt = (await (await page.context().request.get(`${issuer}${file}`)).text()).trim();
  const [head = '', content = '', signature = ''] = receipt.split('.');
  const other = encode({ ...decode(content), sub: 'orang-lain' });
  const unknown = encode({ ...decode(head), kid: 'tidak-dikenal' });
  const verdicts = [
    ['genuine', receipt],
    ['altered', `${head}.${other}.${signature}`],
    ['unknown-key', `${unknown}.${content}.${signature}`],
    ['elsewhere', signReceipt(house.keys, { ...sampleContent, iss: 'https://lain.contoh.go.id' })],
    ['no-receipt', 'Ini bukan tanda terima.'],
  ] as const;
  await go('/receipts/verify');
  await at('receipt-check', page);
  await page.click('#check');
  await page.waitForSelector('#problems');
  await at('receipt-missing', page);
  for (const [verdict, text] of verdicts) {
    await page.fill('#receipt', text);
    await page.click('#check');
    await page.waitForSelector(`[data-verdict=${verdict}]`);
    await at(`receipt-${verdict}`, page);
  }
}

const decode = (part: string): object => JSON.parse(Buffer.from(part, 'base64url').toString());

const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');

async function readReleases(go: Go, page: Page, at: AtPage): Promise<void> {
  await go('/account/releases');
  await at('releases', page);
  await go('/account/releases?app=pajak-daerah&period=30&kind=sign-in');
  await page.waitForSelector('[data-release]');
  await at('releases-narrowed', page);
  await go('/account/releases?kind=staff');
  await page.waitForSelector('#no-releases');
  await at('releases-none', page);
  await go('/account/releases?app=puskesmas-online');
  await page.locator('[data-release] h3 a').first().click();
  await page.waitForSelector('#not-me');
  await at('release', page);
  await page.click('#report');
  await page.waitForSelector('#problems');
  await at('release-refused', page);
  await page.locator('input[name=reason]').first().check();
  await page.click('#report');
  await page.waitForSelector('#reported');
  await at('release-reported', page);
}

/** What was allowed is withdrawn from one app, which goes on by law; the other one is left. */
async function stopApps(go: Go, page: Page, at: AtPage): Promise<void> {
  await go('/account/apps/pajak-daerah');
  await page.click('#withdraw');
  await page.waitForSelector('.notice-done');
  await at('connected-app-withdrawn', page);
  await go('/account/apps/puskesmas-online');
  await page.click('#disconnect');
  await page.waitForSelector('.notice-done');
  await go('/account/apps/puskesmas-online');
  await page.waitForSelector('#not-connected');
  await at('connected-app-left', page);
  await page.locator('#earlier a[href^="/account/receipts/"]').first().click();
  await page.waitForSelector('#receipt');
  await at('receipt-of-end', page);
  await go('/account/history');
  await at('account-history', page);
}

/** Somebody under age, and somebody whose year of birth nobody knows, whom an app may ask for no consent. */
async function beAskedForNothing({ world, health }: Stage, page: Page, language: Language, at: AtPage): Promise<void> {
  const app = await world.app({ redirectUri: `${health}/callback` });
  const address = `tanpa-umur.${language}@contoh.id`;
  await world.citizen(address, { name: 'Tanpa Umur', password, profile: { birthdate: '0000-06-17' } });
  await page.goto(`${world.issuer}/account`);
  await signOutHere(page);
  await comeInAs('bima@contoh.id');
  await at('consent-minor', page);
  await page.click('#consent-deny');
  await page.waitForURL(`${health}/**`);
  await comeInAs(address);
  await at('consent-unknown', page);
  await page.fill('#birthdate', '31-02-1991');
  await page.click('#consent-allow');
  await page.waitForSelector('#problems');
  await at('consent-unknown-refused', page);

  async function comeInAs(identifier: string): Promise<void> {
    await page.goto((await app.startSignIn()).url.href);
    await signInByPassword(page, identifier);
    await page.waitForSelector('#consent-withheld');
  }
}
