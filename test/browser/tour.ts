/** One walk past every page that a citizen can meet, each reached as a person reaches it. */
import { Secret, TOTP } from 'otpauth';
import type { Page } from 'playwright-core';
import { setClientState } from '#src/registry/client-writes.ts';
import type { RelyingParty } from '#test/support/relying-party.ts';
import { type Stage, signInByPassword, signOutHere, typeCode } from './stage.ts';
import type { Visitor } from './visitor.ts';
import { tourTheWaysBack, waysBackStops } from './ways-back-tour.ts';

export type Language = 'id' | 'en';

/** What is done at each page; `name` is the same in every language. */
export type AtPage = (name: string, page: Page) => Promise<void>;

/** Names of all pages of the tour, in the order of the walk. */
export const tourStops = [
  ...['home', 'help', 'privacy'],
  ...['sign-in', 'sign-in-missing', 'sign-in-wrong', 'sign-in-passkey-not-used'],
  ...['sign-up', 'sign-up-invalid', 'code', 'code-wrong', 'sign-up-name', 'sign-up-name-weak'],
  ...['consent', 'outbox', 'account-new', 'account-added'],
  ...['password-set', 'password-weak', 'password-change'],
  ...['authenticator-app', 'authenticator-app-set-up', 'authenticator-app-clock', 'authenticator-app-ready'],
  ...['recovery-codes', 'recovery-sheet', 'account-ways', 'sign-out', 'signed-out'],
  ...['second-factor', 'second-factor-wrong', 'sign-in-insists', 'second-factor-contacts', 'second-factor-message'],
  ...['consent-long', 'account', 'contacts', 'contact-code'],
  ...['sign-in-again', 'passkey-offer', 'consent-changed', 'consent-duty', 'consent-mixed'],
  ...['sign-in-step-up', 'not-me', 'frozen'],
  ...waysBackStops,
  ...['error-expired', 'error-client', 'error-redirect', 'error-not-found', 'error-stopped-app'],
] as const;

/** Walks with a new visitor in one language; a stage bears one tour, since consents and passkeys are left behind. */
export async function takeTour(stage: Stage, visitor: Visitor, language: Language, at: AtPage): Promise<void> {
  await declareApps(stage);
  await visitor.page.goto(`${stage.world.issuer}/?lang=${language}`);
  await seePublicPages(stage, visitor, at);
  await signUp(stage, visitor, language, at);
  await seeAccount(stage, visitor, at);
  const secret = await changeWays(stage, visitor, at);
  await signOut(visitor, at);
  await showMore(stage, visitor, { address: addressOfPutri(language), secret }, at);
  await answerApps(stage, visitor, at);
  await sayNotMe(stage, visitor, language, at);
  await tourTheWaysBack(stage, visitor, language, at);
  await meetErrors(stage, visitor, at);
}

async function seePublicPages({ world }: Stage, { page }: Visitor, at: AtPage): Promise<void> {
  await at('home', page);
  await page.goto(`${world.issuer}/help`);
  await at('help', page);
  await page.goto(`${world.issuer}/privacy`);
  await at('privacy', page);
}

function addressOfPutri(language: Language): string {
  return `putri.${language}@contoh.id`;
}

async function signUp(stage: Stage, visitor: Visitor, language: Language, at: AtPage): Promise<void> {
  const { page } = visitor;
  const address = addressOfPutri(language);
  await begin(page, await (await appAt(stage, stage.health)).startSignIn());
  await at('sign-in', page);
  await page.click('#sign-in');
  await page.waitForSelector('#problems');
  await at('sign-in-missing', page);
  await signInByPassword(page, 'siti@contoh.id', 'bukan kata sandinya');
  await page.waitForSelector('#problems');
  await at('sign-in-wrong', page);
  await page.click('#passkey');
  await page.locator('#passkey-message:not(:empty)').waitFor();
  await at('sign-in-passkey-not-used', page);
  await page.click('#sign-up');
  await at('sign-up', page);
  await page.fill('#identifier', 'putri di rumah');
  await page.click('#continue');
  await page.waitForSelector('#problems');
  await at('sign-up-invalid', page);
  await page.fill('#identifier', address);
  await page.click('#continue');
  await page.waitForSelector('#code');
  await at('code', page);
  await page.fill('#code', '000000');
  await page.click('#continue');
  await page.waitForSelector('#problems');
  await at('code-wrong', page);
  await typeCode(page, stage.world, address);
  await page.waitForSelector('#name');
  await at('sign-up-name', page);
  await page.fill('#name', 'Putri Ayu Kusumaningrum');
  await page.fill('#password', 'password');
  await page.click('#continue');
  await page.waitForSelector('#problems');
  await at('sign-up-name-weak', page);
  await page.fill('#name', 'Putri Ayu Kusumaningrum');
  await page.click('#create-passkey');
  await page.waitForSelector('#consent-allow');
  await at('consent', page);
  await page.click('#consent-deny');
  await page.waitForURL(`${stage.health}/**`);
  await page.goto(`${stage.world.issuer}/sandbox/outbox?to=${address}`);
  await at('outbox', page);
}

async function seeAccount(stage: Stage, { page, device }: Visitor, at: AtPage): Promise<void> {
  const { issuer } = stage.world;
  // The passkey offers itself, and on this device nobody has to be asked.
  await page.goto(`${issuer}/account`);
  await page.waitForSelector('#connected-apps');
  await at('account-new', page);
  await device.forget();
  await page.click('#add-passkey');
  await page.locator('[data-passkey]').nth(1).waitFor();
  await at('account-added', page);
}

/** The pages below the account page: a password, an authenticator app, recovery codes. */
async function changeWays({ world }: Stage, { page }: Visitor, at: AtPage): Promise<Secret> {
  await page.click('#open-password');
  await page.waitForSelector('#save');
  await at('password-set', page);
  await page.fill('#new-password', 'putri ayu');
  await page.click('#save');
  await page.waitForSelector('#problems');
  await at('password-weak', page);
  await page.fill('#new-password', 'kucing lompat pagar biru');
  await page.click('#save');
  await page.waitForSelector('#connected-apps');
  await page.goto(`${world.issuer}/account/password`);
  await at('password-change', page);

  await page.goto(`${world.issuer}/account/authenticator-app`);
  await at('authenticator-app', page);
  await page.click('#begin');
  await page.waitForSelector('#secret');
  await at('authenticator-app-set-up', page);
  const secret = Secret.fromBase32(((await page.textContent('#secret')) ?? '').replaceAll(' ', ''));
  await page.fill('#code', TOTP.generate({ secret, timestamp: Date.now() - 20 * 60_000 }));
  await page.click('#confirm');
  await page.waitForSelector('#problems');
  await at('authenticator-app-clock', page);
  await page.fill('#code', TOTP.generate({ secret }));
  await page.click('#confirm');
  await page.waitForSelector('#connected-apps');
  await page.goto(`${world.issuer}/account/authenticator-app`);
  await at('authenticator-app-ready', page);

  await page.goto(`${world.issuer}/account/recovery-codes`);
  await at('recovery-codes', page);
  await page.click('#make');
  await page.waitForSelector('#recovery-codes');
  await at('recovery-sheet', page);
  await page.click('#kept');
  await page.waitForSelector('#connected-apps');
  await at('account-ways', page);
  return secret;
}

/** A second factor after a password: of the authenticator app, and of a message to another contact. */
async function showMore(
  stage: Stage,
  { page, device }: Visitor,
  putri: { readonly address: string; readonly secret: Secret },
  at: AtPage,
): Promise<void> {
  await device.forget();
  const health = await appAt(stage, stage.health);
  await begin(page, await health.startSignIn());
  await signInByPassword(page, putri.address, 'kucing lompat pagar biru');
  await page.waitForSelector('#code');
  await at('second-factor', page);
  await page.fill('#code', '000000');
  await page.click('#continue');
  await page.waitForSelector('#problems');
  await at('second-factor-wrong', page);
  await page.fill('#code', TOTP.generate({ secret: putri.secret, timestamp: Date.now() + 30_000 }));
  await page.click('#continue');
  await page.waitForSelector('#consent-allow');
  await page.click('#consent-deny');
  await page.waitForURL(`${stage.health}/**`);
  await begin(page, await health.startSignIn(twoProofs));
  await at('sign-in-insists', page);
  await signInByPassword(page, 'dewi@contoh.id');
  await page.waitForSelector('#send-to-first');
  await at('second-factor-contacts', page);
  await page.click('#send-to-first');
  await page.waitForSelector('#code');
  await at('second-factor-message', page);
  await page.click('#cancel');
  await page.waitForURL(`${stage.health}/**`);
}

async function signOut({ page }: Visitor, at: AtPage): Promise<void> {
  await page.click('#sign-out');
  await page.waitForSelector('#logout-yes');
  await at('sign-out', page);
  await page.click('#logout-yes');
  await page.waitForSelector('#logout-done');
  await at('signed-out', page);
}

async function answerApps(stage: Stage, { page, device }: Visitor, at: AtPage): Promise<void> {
  await device.forget();
  const health = await appAt(stage, stage.health);
  const tax = await appAt(stage, stage.tax, {
    clientId: 'pajak-daerah',
    scope: 'openid profile email phone address offline_access',
  });
  await begin(page, await tax.startSignIn());
  await signInByPassword(page, 'budi@contoh.id');
  await page.waitForSelector('#consent-allow');
  await at('consent-long', page);
  await allow(page);
  await page.goto(`${stage.world.issuer}/account`);
  await at('account', page);
  await page.click('#contacts');
  await page.waitForSelector('#add');
  await at('contacts', page);
  await page.fill('#address', 'budi.kedua@contoh.id');
  await page.click('#add');
  await page.waitForSelector('#code');
  await at('contact-code', page);
  await page.goto(`${stage.world.issuer}/account/confirm`);
  await at('sign-in-again', page);
  await begin(page, await health.startSignIn(strong));
  await signInByPassword(page, 'budi@contoh.id');
  await page.waitForSelector('#skip-passkey');
  await at('passkey-offer', page);
  await page.click('#skip-passkey');
  await page.waitForURL(`${stage.health}/**`);
  await begin(page, await health.startSignIn({ scope: 'openid profile' }));
  await allow(page);
  await begin(page, await health.startSignIn());
  await at('consent-changed', page);
  for (const kind of ['duty', 'mixed']) {
    const app = await appAt(stage, stage.health, { clientId: `uji-${kind}`, scope: 'openid profile email' });
    await begin(page, await app.startSignIn());
    await at(`consent-${kind}`, page);
  }
  await page.goto(`${stage.world.issuer}/account`);
  await page.click('#add-passkey');
  await page.waitForSelector('[data-passkey]');
  await signOutHere(page);
  await device.reacts(false);
  await begin(page, await health.startSignIn());
  await signInByPassword(page, 'budi@contoh.id');
  await page.waitForSelector('#consent-allow');
  await page.click('#consent-allow');
  await page.waitForURL(`${stage.health}/**`);
  await begin(page, await health.startSignIn(strong));
  await at('sign-in-step-up', page);
  await page.click('#cancel');
  await page.waitForURL(`${stage.health}/**`);
  await page.goto(`${stage.world.issuer}/account`);
  await signOutHere(page);
}

/** The second passkey was told to Putri, who says that it was not she. */
async function sayNotMe({ world }: Stage, { page }: Visitor, language: Language, at: AtPage): Promise<void> {
  const { text } = await world.message(addressOfPutri(language));
  await page.goto(text.match(/\S+\/not-me\?\S+/)?.[0] ?? '');
  await at('not-me', page);
  await page.click('#freeze');
  await page.waitForSelector('#frozen-done');
  await at('frozen', page);
}

async function meetErrors(stage: Stage, { page }: Visitor, at: AtPage): Promise<void> {
  const { issuer, database, house } = stage.world;
  const health = await appAt(stage, stage.health);
  const wrong = [
    ['error-expired', '/interaction/tidak-ada'],
    ['error-client', '/authorize?client_id=tidak-ada&response_type=code&scope=openid'],
    ['error-redirect', redirectElsewhere((await health.startSignIn()).url)],
    ['error-not-found', '/tidak-ada'],
  ] as const;
  for (const [name, address] of wrong) {
    await page.goto(`${issuer}${address}`);
    await at(name, page);
  }
  const begun = await health.startSignIn();
  await setClientState(database, 'puskesmas-online', 'suspended', 'test');
  await house.clients.refresh();
  await page.goto(begun.url.href);
  await at('error-stopped-app', page);
}

function redirectElsewhere(url: URL): string {
  url.searchParams.set('redirect_uri', 'https://puskesmas.contoh.example/callback');
  return url.pathname + url.search;
}

/** An essential `acr` that takes two proofs. OpenID Connect Core §5.5.1.1. */
const twoProofs = { claims: JSON.stringify({ id_token: { acr: { essential: true, values: ['aal2'] } } }) };
/** An essential `acr` that a passkey alone gives. OpenID Connect Core §5.5.1.1. */
const strong = { claims: JSON.stringify({ id_token: { acr: { essential: true, values: ['phr'] } } }) };

/** The programs' side of an app whose pages are at `home`; what comes back there is nobody's sign-in. */
function appAt(stage: Stage, home: string, options: Parameters<Stage['world']['app']>[0] = {}): Promise<RelyingParty> {
  return stage.world.app({ redirectUri: `${home}/callback`, ...options });
}

function begin(page: Page, { url }: { url: URL }): Promise<unknown> {
  return page.goto(url.href);
}

async function allow(page: Page): Promise<void> {
  for (const box of await page.locator('input[name=claim]').all()) await box.check();
  const back = page.waitForURL('**/callback?**');
  await page.click('#consent-allow');
  await back;
}

/** Apps of the tour that ask by law, and partly by law. */
async function declareApps({ world }: Stage): Promise<void> {
  const consented = {
    name: 'email',
    required: false,
    basis: 'consent',
    purpose: 'Mengirim salinan laporan kepada Anda.',
    'purpose#en': 'To send you a copy of the report.',
  };
  const byLaw = {
    name: 'name',
    required: true,
    basis: 'legal_obligation',
    purpose: 'Mencatat pelapor menurut undang-undang.',
    'purpose#en': 'To record who reports, as the law demands.',
  };
  const common = { scope: 'openid profile email' };
  await world.declare(
    {
      ...common,
      client_id: 'uji-duty',
      client_name: 'Lapor Penduduk',
      'client_name#en': 'Residents Report',
      claims: [byLaw],
    },
    {
      ...common,
      client_id: 'uji-mixed',
      client_name: 'Lapor Usaha',
      'client_name#en': 'Business Report',
      claims: [byLaw, consented],
    },
  );
}
