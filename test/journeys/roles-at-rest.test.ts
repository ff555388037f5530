/** Whoever comes into an account without a passkey of before uses no role of it until another admin restores it. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { listMemberships } from '#src/people/memberships.ts';
import { removePasskey } from '#src/people/passkeys.ts';
import { makeRecoveryCodes } from '#src/people/recovery-codes.ts';
import { saveAgency } from '#src/registry/agencies.ts';
import { type Citizen, signInByPasskey } from '#test/races/crowd.ts';
import { SoftwareAuthenticator } from '#test/support/authenticator.ts';
import { colleague, openConsole } from '#test/support/console.ts';
import { setPassword } from '#test/support/passwords.ts';
import { createPasskey, openWorld, password, signIn, type World } from '#test/support/world.ts';

const AGENCY = 'dinas-sepi';
const TEAM = `/console/agencies/${AGENCY}/team`;

let world: World;
let owner: Citizen;
let member: Citizen;
let made = 0;

beforeAll(async () => {
  world = await openWorld();
  const named = {
    id: AGENCY,
    name: 'Dinas Sepi',
    nameEn: 'Quiet Office',
    legalName: 'Dinas Sepi',
    domain: 'sepi.contoh.go.id',
  };
  await world.database.transaction((tx) => saveAgency(tx, named, 'test'));
});
afterAll(() => world[Symbol.asyncDispose]());

beforeEach(async () => {
  made += 1;
  await world.database.execute('update memberships set until = since where until is null', []);
  owner = await colleague(world, `pemilik-${made}@contoh.id`, { [AGENCY]: ['owner'] });
  member = await colleague(world, `anggota-${made}@contoh.id`, { [AGENCY]: ['developer'] }, 'Si Anggota');
  await world.database.transaction((tx) => setPassword(tx, member.id, password));
});

const rests = async () =>
  (await listMemberships(world.database, member.id, new Date())).map(({ suspendedReason }) => suspendedReason);

/** Comes back with a printed code, and makes a passkey. */
async function recover(device: SoftwareAuthenticator): Promise<void> {
  const { database, house } = world;
  const [code = ''] = await database.transaction((tx) => makeRecoveryCodes(tx, house.secrets, member.id));
  const start = await (await world.browser().visit(`${world.issuer}/account`)).follow('#recover');
  const typed = await start.fill({ identifier: member.email }).press('#continue');
  const ways = await typed.fill({ code: (await world.message(member.email)).code ?? '' }).press('#continue');
  await createPasskey(await ways.fill({ 'recovery-code': code }).press('#use-recovery-code'), device);
}

describe('after a recovery', () => {
  test('the console opens and shows nothing of the agency, until another admin restores the role', async () => {
    const device = new SoftwareAuthenticator();
    await recover(device);
    expect(await rests()).toEqual(['recovered']);
    expect((await world.message(owner.email)).subject).toBe('Peran Si Anggota di Dinas Sepi ditangguhkan');
    const browser = world.browser();
    const console = await signInByPasskey(await browser.visit(`${world.issuer}/console`), device);
    expect(console.url.pathname).toBe('/console');
    expect((await browser.visit(`${world.issuer}${TEAM}`)).text('#error-code')).toBe('not_here');

    const { page } = await openConsole(world, owner, { at: TEAM });
    await page.press(`[data-member="${member.id} developer"] .restore`);
    expect(await rests()).toEqual([undefined]);
    expect((await browser.visit(`${world.issuer}${TEAM}`)).status).toBe(200);
    const kinds = await world.database.query(
      `select kind from account_events where account_id = $1 and kind like 'role.%' order by at, id`,
      [member.id],
    );
    expect(kinds).toEqual([{ kind: 'role.suspended' }, { kind: 'role.restored' }]);
  });
});

describe('a new passkey', () => {
  test('that an old one has let in lets nothing rest', async () => {
    const browser = world.browser();
    const account = await signInByPasskey(await browser.visit(`${world.issuer}/account`), member.device);
    const credential = new SoftwareAuthenticator().create(account.json('#passkey-options'), { origin: world.issuer });
    await account.fill({ credential: JSON.stringify(credential) }).press('#add-passkey');
    expect(await rests()).toEqual([undefined]);
  });

  test('added with the password alone, in the first day of the old one, lets the roles rest', async () => {
    const account = await signIn(await world.browser().visit(`${world.issuer}/account`), member.email);
    const device = new SoftwareAuthenticator();
    const credential = device.create(account.json('#passkey-options'), { origin: world.issuer });
    const added = await account.fill({ credential: JSON.stringify(credential) }).press('#add-passkey');
    expect(added.url.search).toContain('passkey-added');
    expect(await rests()).toEqual(['new-factor']);
  });

  test('made on the way to the console after the old ones were taken off lets them rest as well', async () => {
    const { database, house } = world;
    const [old] = member.device.credentials;
    await database.transaction((tx) => removePasskey(tx, house.secrets, member.id, old?.id ?? ''));
    const offer = await signIn(await world.browser().visit(`${world.issuer}${TEAM}`), member.email);
    const page = await createPasskey(offer);
    expect(page.text('#error-code')).toBe('not_here');
    expect(await rests()).toEqual(['new-factor']);
  });
});

describe('an account that is closed', () => {
  test('has no role from that moment, and the agency above learns of it', async () => {
    const browser = world.browser();
    await signInByPasskey(await browser.visit(`${world.issuer}/account`), member.device);
    const end = await browser.visit(`${world.issuer}/account/end`);
    expect(end.has('#roles-end')).toBe(true);
    await end.tick('understood').press('#close-account');
    expect(await rests()).toEqual([]);
    expect((await world.message(owner.email)).subject).toBe('Peran Si Anggota di Dinas Sepi berakhir');
  });
});
