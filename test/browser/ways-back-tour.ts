/** The half of the tour about getting in and out: a second factor, the ways back, a device that others use, the end. */
import { Secret, TOTP } from 'otpauth';
import { shardOf } from '#src/base/secrets.ts';
import { freeze } from '#src/oidc/account-end.ts';
import { findAccountId } from '#src/people/identifiers.ts';
import { password } from '#test/support/world.ts';
import { type Stage, signInByPassword, signOutHere } from './stage.ts';
import type { AtPage, Language } from './tour.ts';
import type { Visitor } from './visitor.ts';

/** Names of the pages, in the order of the walk. */
export const waysBackStops = [
  'account-offer',
  ...['second-factor', 'second-factor-wrong', 'second-factor-clock', 'second-factor-elsewhere'],
  ...['recovery', 'recovery-code', 'recovery-lost-contact', 'recovery-ways', 'recovery-second', 'recovery-waiting'],
  ...['account-recovering', 'account-restricted', 'recovery-cancel', 'recovery-cancelled', 'recovery-new-way'],
  ...['consent-shared', 'account-shared', 'contacts-shared'],
  ...['account-end', 'account-closing', 'open-again'],
] as const;

/** Walks with somebody who has a password, an e-mail address and a phone; nothing stays as it was. */
export async function tourTheWaysBack(stage: Stage, visitor: Visitor, language: Language, at: AtPage): Promise<void> {
  const owner = await openOwner(stage, language);
  const walk: Walk = { stage, ...visitor, owner, at };
  await addWays(walk);
  await askForSecondFactor(walk);
  await loseTheWay(walk);
  await useSharedDevice(walk);
  await endTheAccount(walk);
  await openAgain(walk);
}

interface Owner {
  readonly id: string;
  readonly email: string;
  readonly phone: string;
}

type Walk = Pick<Visitor, 'page' | 'context' | 'device'> & {
  readonly stage: Stage;
  readonly owner: Owner;
  readonly at: AtPage;
  /** Makes the codes of the app that was set up. */
  app?: TOTP;
  recoveryCode?: string;
};

async function openOwner({ world }: Stage, language: Language): Promise<Owner> {
  const named = {
    email: `ratna.${language}@contoh.id`,
    phone: language === 'id' ? '+6281288800011' : '+6281288800012',
  };
  const profile = { phone_number: named.phone, phone_number_verified: true };
  const id = await world.citizen(named.email, { name: 'Ratna Sari', password, profile });
  // Two contacts that came with one account on one day count as one for a month.
  const since = new Date(Date.now() - 40 * 24 * 3600 * 1000);
  await world.database
    .for(shardOf(id))
    .execute('update contacts set confirmed_at = $3 where shard = $1 and account_id = $2', [shardOf(id), id, since]);
  return { id, ...named };
}

async function addWays(walk: Walk): Promise<void> {
  const { stage, page, device, owner, at } = walk;
  await device.reacts(false);
  await page.goto(`${stage.world.issuer}/account`);
  await signInByPassword(page, owner.email);
  await page.waitForSelector('#connected-apps');
  await at('account-offer', page);
  await open(walk, 'authenticator-app');
  await page.click('#begin');
  const secret = (await page.locator('#secret').textContent())?.replaceAll(' ', '') ?? '';
  walk.app = new TOTP({ secret: Secret.fromBase32(secret) });
  await page.fill('#code', walk.app.generate({ timestamp: Date.now() - 60_000 }));
  await page.click('#confirm');
  await page.waitForSelector('#connected-apps');
  await open(walk, 'recovery-codes');
  await page.click('#make');
  walk.recoveryCode = (await page.locator('#recovery-codes li').first().textContent()) ?? '';
  await page.click('#kept');
  await page.goto(`${stage.world.issuer}/account`);
  await signOutHere(page);
}

function open({ stage, page }: Walk, name: string) {
  return page.goto(`${stage.world.issuer}/account/${name}`);
}

async function typeLatest({ stage, page }: Walk, address: string): Promise<void> {
  const { code } = await stage.world.message(address);
  await page.fill('#code', code ?? '');
  await page.click('#continue');
}

async function askForSecondFactor(walk: Walk): Promise<void> {
  const { stage, page, owner, app, at } = walk;
  await page.goto(`${stage.world.issuer}/account`);
  await signInByPassword(page, owner.email);
  await page.waitForSelector('#code');
  await at('second-factor', page);
  await page.fill('#code', '000000');
  await page.click('#continue');
  await page.waitForSelector('#problems');
  await at('second-factor-wrong', page);
  await page.fill('#code', app?.generate({ timestamp: Date.now() - 10 * 60_000 }) ?? '');
  await page.click('#continue');
  await page.waitForSelector('#problems');
  await at('second-factor-clock', page);
  await page.click('[value=send-to-first]');
  await page.waitForSelector('#resend');
  await at('second-factor-elsewhere', page);
}

async function loseTheWay(walk: Walk): Promise<void> {
  const { stage, page, owner, at } = walk;
  await proveFirst(walk);
  await at('recovery-ways', page);
  await page.locator('[name=contact]').first().check();
  await page.click('#send-second-code');
  await page.waitForSelector('#code');
  await at('recovery-second', page);
  await typeLatest(walk, owner.phone);
  await page.waitForSelector('#recovery-waiting');
  await at('recovery-waiting', page);
  const { link } = await stage.world.message(owner.email);
  await seeRecovering(walk);
  await page.goto(link ?? '');
  await at('recovery-cancel', page);
  await page.click('#cancel-recovery');
  await page.waitForSelector('#cancel-recovery', { state: 'detached' });
  await at('recovery-cancelled', page);
  await proveFirst({ ...walk, at: async () => {} });
  await page.fill('[name=recovery-code]', walk.recoveryCode ?? '');
  await page.click('#use-recovery-code');
  await page.waitForSelector('#create-passkey');
  await at('recovery-new-way', page);
}

/** What the owner sees who still gets in while somebody recovers the account, and after a recovery by two contacts. */
async function seeRecovering(walk: Walk): Promise<void> {
  const { stage, page, owner, at } = walk;
  await page.goto(`${stage.world.issuer}/account`);
  await signInByPassword(page, owner.email);
  await page.click('#skip-second-factor');
  await page.waitForSelector('#recovering');
  await at('account-recovering', page);
  await restrict(walk, new Date());
  await page.reload();
  await page.waitForSelector('#restricted');
  await at('account-restricted', page);
  await restrict(walk, null);
  await page.reload();
  await signOutHere(page);
}

async function restrict({ stage, owner }: Walk, at: Date | null): Promise<void> {
  const shard = shardOf(owner.id);
  await stage.world.database
    .for(shard)
    .execute('update accounts set restricted_at = $3 where shard = $1 and id = $2', [shard, owner.id, at]);
}

/** To the page that offers what is left, by a code to the phone's owner. */
async function proveFirst(walk: Walk): Promise<void> {
  const { stage, page, owner, at } = walk;
  await page.context().clearCookies({ name: /^(?!language)/ });
  await page.goto(`${stage.world.issuer}/account`);
  await page.click('#recover');
  await page.waitForSelector('[value=recover]');
  await at('recovery', page);
  await page.fill('#identifier', owner.email);
  await page.click('#continue');
  await page.waitForSelector('#code');
  await at('recovery-code', page);
  await page.click('a[href*="page=lost-contact"]');
  await page.waitForSelector('#to-code');
  await at('recovery-lost-contact', page);
  await page.click('#to-code');
  await typeLatest(walk, owner.email);
  await page.waitForSelector('#use-recovery-code');
}

async function useSharedDevice(walk: Walk): Promise<void> {
  const { stage, page, at } = walk;
  await page.context().clearCookies({ name: /^(?!language)/ });
  const app = await stage.world.app({ redirectUri: `${stage.health}/callback` });
  await page.goto((await app.startSignIn()).url.href);
  await page.check('#shared-device');
  await signInByPassword(page, 'wayan@contoh.id');
  await page.waitForSelector('#consent-allow');
  await at('consent-shared', page);
  await page.click('#consent-allow');
  await page.waitForURL(`${stage.health}/**`);
  await page.goto(`${stage.world.issuer}/account`);
  await at('account-shared', page);
  await open(walk, 'contacts');
  await at('contacts-shared', page);
  await page.click('#sign-out-here');
  await page.waitForSelector('#logout-done');
}

async function endTheAccount(walk: Walk): Promise<void> {
  const { stage, page, at } = walk;
  await page.goto(`${stage.world.issuer}/account`);
  await signInByPassword(page, 'dewi@contoh.id');
  await page.waitForSelector('#connected-apps');
  await open(walk, 'end');
  await at('account-end', page);
  await page.check('#understood');
  await page.click('#close-account');
  await page.waitForSelector('#closing');
  await page.goto(`${stage.world.issuer}/account`);
  await at('account-closing', page);
  await page.click('#keep-account');
  await page.waitForSelector('#closing', { state: 'detached' });
  await page.goto(`${stage.world.issuer}/account`);
  await signOutHere(page);
}

/** Her account is frozen; her mailbox is older than that by more than a week, and so are her printed codes. */
async function openAgain(walk: Walk): Promise<void> {
  const { stage, page, owner, at } = walk;
  const { database, house } = stage.world;
  const id = (await findAccountId(database, house.secrets, { kind: 'email', value: owner.email })) ?? '';
  await database.execute('update recovery_codes set created_at = $3 where shard = $1 and account_id = $2', [
    ...[shardOf(id), id, new Date(Date.now() - 40 * 24 * 3600 * 1000)],
  ]);
  await database.transaction((tx) => freeze(tx, house.secrets, id, { reason: 'not-me' }));
  await page.goto(`${stage.world.issuer}/account`);
  await page.click('#recover');
  await page.waitForSelector('[value=recover]');
  await page.fill('#identifier', owner.email);
  await page.click('#continue');
  await page.waitForSelector('#code');
  await typeLatest(walk, owner.email);
  await page.waitForSelector('#open-with-code');
  await at('open-again', page);
}
