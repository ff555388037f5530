/** `lawang accounts …`, beside a server that is running. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadAccount } from '#src/people/accounts.ts';
import { signInto } from '#test/oidc/flows.ts';
import { runBeside } from '#test/support/command-line.ts';
import { openWorld, password, type World } from '#test/support/world.ts';

let world: World;

beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world?.[Symbol.asyncDispose]());

const lawang = (line: string) => runBeside(world, line);

let made = 0;

async function newCitizen() {
  made += 1;
  const address = `perkara-${made}@contoh.id`;
  const phone = `+6281266600${String(made).padStart(3, '0')}`;
  const profile = { phone_number: phone, phone_number_verified: true };
  return { id: await world.citizen(address, { name: 'Ketut Perkara', password, profile }), address, phone };
}

const stateOf = async (id: string) => (await loadAccount(world.database, world.house.secrets, id)).state;

describe('accounts show', () => {
  test('finds by id or e-mail typed any way, and says how the account stands', async () => {
    const { id, address, phone } = await newCitizen();
    await signInto(await world.app(), world.browser(), {}, address);
    for (const typed of [id, address, address.toUpperCase()]) {
      const { code, out } = await lawang(`accounts show ${typed} --json`);
      expect(code).toBe(0);
      expect(JSON.parse(out)).toMatchObject({
        ...{ id, state: 'active', reason: null, closes_at: null, password: true, passkeys: 0, sessions: 1, apps: 1 },
        contacts: [
          { kind: 'email', value: 'p•••@contoh.id', signs_in: true },
          { kind: 'phone', value: `•••${phone.slice(-3)}`, signs_in: false },
        ],
      });
    }
    expect((await lawang(`accounts show ${id}`)).out).toMatch(/^state +active$/m);
    const byPhone = await world.citizen('+6281277700001', { password });
    expect(JSON.parse((await lawang('accounts show 081277700001 --json')).out)).toMatchObject({ id: byPhone });
  });

  test('prints no personal value', async () => {
    const { address, phone } = await newCitizen();
    for (const line of [`accounts show ${address}`, `accounts show ${address} --json`]) {
      const { out } = await lawang(line);
      for (const value of ['Ketut', address, phone, phone.slice(3)]) expect(out).not.toContain(value);
    }
  });

  test.each(['tiada@contoh.id', '00000000-0000-4000-8000-000000000000', 'siapa'])(
    'knows nobody as %s',
    async (typed) => {
      const { code, out, err } = await lawang(`accounts show ${typed}`);
      expect({ code, out }).toEqual({ code: 1, out: '' });
      expect(err).toBe('Nobody has this account id, e-mail or phone.\n');
    },
  );
});

test('disable ends everything at once and tells the owner; enable opens the account again', async () => {
  const { id, address } = await newCitizen();
  const health = await world.app();
  const browser = world.browser();
  const { tokens } = await signInto(health, browser, {}, address);
  const { code, out } = await lawang(`accounts disable ${id} --reason perkara-12`);
  expect({ code, out }).toEqual({ code: 0, out: `Account ${id} is disabled.\n` });
  await expect(health.userinfo(tokens.access_token)).rejects.toMatchObject({ status: 401 });
  expect((await world.message(address)).subject).toContain('dinonaktifkan');
  expect(JSON.parse((await lawang(`accounts show ${id} --json`)).out)).toMatchObject({
    ...{ state: 'disabled', reason: 'perkara-12', sessions: 0, apps: 1 },
  });
  const enabled = await lawang(`accounts enable ${id} --reason selesai --json`);
  expect(JSON.parse(enabled.out)).toEqual({ id, state: 'active' });
  expect((await world.message(address)).subject).toContain('dibuka lagi');
  expect((await browser.visit(`${world.issuer}/account`)).has('input[name=password]')).toBe(true);
  const events = await world.database.query(
    `select kind, actor, details from admin_events where subject = $1 order by at`,
    [`account ${id}`],
  );
  expect(events).toEqual([
    { kind: 'account.disabled', actor: 'command', details: { reason: 'perkara-12' } },
    { kind: 'account.enabled', actor: 'command', details: { reason: 'selesai' } },
  ]);
});

test('freeze and unfreeze; what is frozen stays so after a time of being disabled', async () => {
  const { id, address } = await newCitizen();
  expect((await lawang(`accounts freeze ${id} --reason laporan`)).code).toBe(0);
  expect((await world.message(address)).subject).toContain('dibekukan');
  expect((await lawang(`accounts disable ${id} --reason perkara-13`)).code).toBe(0);
  const { out } = await lawang(`accounts enable ${id} --reason selesai`);
  expect(out).toBe(`Account ${id} is enabled again. It is frozen, as before.\n`);
  expect((await world.message(address)).subject).not.toContain('dibuka lagi');
  expect((await lawang(`accounts unfreeze ${id} --reason diperiksa-di-loket`)).code).toBe(0);
  expect(await stateOf(id)).toBe('active');
  expect((await world.message(address)).subject).toContain('dibuka lagi');
});

test.each([
  ['unfreeze', 'active'],
  ['enable', 'active'],
] as const)('%s of an account that is %s is refused, and changes nothing', async (verb, state) => {
  const { id } = await newCitizen();
  const { code, out, err } = await lawang(`accounts ${verb} ${id} --reason coba`);
  expect({ code, out }).toEqual({ code: 1, out: '' });
  expect(err).toContain(`The account is ${state}: "accounts ${verb}" does not start from there.`);
  expect(await world.database.query('select 1 from admin_events where subject = $1', [`account ${id}`])).toEqual([]);
});

test('prove records who the person is, opens what a recovery by contacts restricts, and tells the owner', async () => {
  const { id, address } = await newCitizen();
  const { database, house } = world;
  const first = await lawang(`accounts prove ${id} --level ial2 --reason loket-4 --json`);
  expect(JSON.parse(first.out)).toEqual({ id, identity: 'ial2', restricted_at: null });
  await database.execute('update accounts set restricted_at = $2 where id = $1', [id, new Date()]);
  const less = await lawang(`accounts prove ${id} --level ial1 --reason loket-4`);
  expect(less.out).toBe(`Account ${id} is of somebody known at ial1. It stays restricted: before, more was proven.\n`);
  expect((await lawang(`accounts prove ${id} --level ial2 --reason loket-4`)).code).toBe(0);
  expect((await loadAccount(database, house.secrets, id)).restrictedAt).toBeUndefined();
  expect(JSON.parse((await lawang(`accounts show ${id} --json`)).out)).toMatchObject({ identity: 'ial2' });
  expect((await world.message(address)).subject).toContain('dicatat');
  const events = await database.query(
    "select details from admin_events where kind = 'account.proven' and subject = $1",
    [`account ${id}`],
  );
  expect(events).toHaveLength(3);
  expect(events).toContainEqual({ details: { level: 'ial1', reason: 'loket-4' } });
});

test.each([
  ['accounts prove x --level ial4 --reason loket', '--level is one of ial1, ial2, ial3.'],
  ['accounts prove x --level ial2', '--reason is missing'],
  ['accounts', 'lawang accounts: what of it?'],
  ['accounts show', 'ID|IDENTIFIER is missing.'],
  ['accounts disable', 'ID is missing.'],
  ['accounts disable x', '--reason is missing'],
  ['accounts close x', 'there is no such command.'],
  ['accounts disable x --reason siti@contoh.id', 'no address, telephone number or NIK'],
  ['accounts disable x --reason 0812-3456-7890', 'no address, telephone number or NIK'],
  ['accounts disable x --reason 3273015704910001', 'no address, telephone number or NIK'],
  [`accounts disable x --reason ${'a'.repeat(201)}`, '--reason is too long'],
])('"lawang %s" is typed wrongly: usage and exit code 2', async (line, sentence) => {
  const { code, out, err } = await lawang(line);
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toContain(sentence);
  expect(err).toMatch(/Usage:|lawang COMMAND/);
});
