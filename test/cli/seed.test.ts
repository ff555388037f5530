import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { seed } from '#src/cli/seed.ts';
import { clientsOf, consentsUpTo } from '#src/consents/numbered-consents.ts';
import { listAccountContacts, loadAccount } from '#src/people/accounts.ts';
import { exampleCitizens } from '#src/people/example-citizens.ts';
import { findAccountId, parseIdentifier } from '#src/people/identifiers.ts';
import { createAccount } from '#src/people/new-accounts.ts';
import { numberedAddress, numberedCitizen, openNumberedCitizens } from '#src/people/numbered-citizens.ts';
import { verifyPassword } from '#src/people/passwords.ts';
import { changedFields } from '#src/registry/client-writes.ts';
import { loadClient } from '#src/registry/clients.ts';
import { declarationOf } from '#src/registry/declarations.ts';
import { checkRecord } from '#src/registry/inventory-schema.ts';
import { numberedClient } from '#src/registry/numbered-clients.ts';
import { numberedRecord } from '#src/registry/numbered-records.ts';
import { listVersions } from '#src/registry/versions.ts';
import { runBeside } from '#test/support/command-line.ts';
import { openWorld, password, secretOf, type World } from '#test/support/world.ts';

const totals = { accounts: 20, clients: 12, consents: 40, releases: 50, inventory: 25 };

let world: World;

beforeAll(async () => {
  world = await openWorld();
});

afterAll(() => world[Symbol.asyncDispose]());

const lawang = (line: string, settings?: Record<string, string>) => runBeside(world, line, settings);

function fill(changes: Partial<typeof totals> = {}, { database, house } = world) {
  return seed(database, house.secrets, { ...totals, ...changes });
}

async function accountOf(number: number, { database, house } = world): Promise<string> {
  return (await findAccountId(database, house.secrets, numberedAddress(number))) ?? '';
}

function countConsents({ database } = world): Promise<{ all: number; pairs: number } | undefined> {
  return database.first(
    `select count(*)::int as all, count(distinct (account_id, client_id))::int as pairs from permissions
     where ended_at is null and client_id like 'layanan-%'`,
  );
}

/** What every table has, by name: how many rows. */
async function countRows({ database } = world): Promise<Record<string, number>> {
  const tables = await database.query<{ name: string }>(
    `select relname as name from pg_class
     where relkind in ('r', 'p') and not relispartition and relnamespace = 'public'::regnamespace order by 1`,
  );
  const counts = tables.map(async ({ name }) => {
    const row = await database.first<{ n: number }>(`select count(*)::int as n from ${name}`);
    return [name, row?.n ?? 0] as const;
  });
  return Object.fromEntries(await Promise.all(counts));
}

describe('what was typed', () => {
  test.each([
    ['--accounts many', '--accounts many: expected a whole number from 0 to 10,000,000, like 1000.'],
    ['--accounts=-1', '--accounts -1: expected a whole number'],
    ['--accounts -1', 'there is no option -1.'],
    ['--accounts 1.5', '--accounts 1.5: expected a whole number'],
    ['--accounts=', '--accounts : expected a whole number'],
    ['--accounts 10000001', '--accounts 10000001: expected'],
    ['--clients 1e3', '--clients 1e3: expected a whole number from 0 to 100,000, like 1000.'],
    ['--clients 99999999999999999999', 'expected a whole number'],
    ['--consents 0x10', 'expected a whole number from 0 to 500,000,000, like 1000.'],
    ['--consents 1', '--consents 1 is too much for --accounts 0 and --clients 0'],
    ['--accounts 2 --clients 3 --consents 7', 'one for each account at each client is 6 at most.'],
    ['--releases 5', '--releases 5 needs somebody and an app'],
    ['--people 3', 'there is no option --people.'],
    ['3', '"3" is too much.'],
  ])('"lawang seed %s" is refused with the usage, and exit code 2', async (line, sentence) => {
    const { code, out, err } = await lawang(`seed ${line}`);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(`lawang seed: `);
    expect(err).toContain(sentence);
    expect(err).toContain(
      'lawang seed [--accounts N] [--clients N] [--consents N] [--releases N] [--inventory N] [--json]',
    );
  });

  test('production is refused in a sentence', async () => {
    const production = {
      MODE: 'production',
      ISSUER: 'https://masuk.contoh.go.id',
      MASTER_KEYS: randomBytes(32).toString('base64'),
      SMTP_URL: 'smtp://127.0.0.1:9',
      TRUSTED_PROXIES: '10.0.0.0/8',
    };
    expect(await lawang('seed --accounts 1', production)).toEqual({
      code: 1,
      out: '',
      err: 'Fictitious people have no place in production: lawang seed fills a sandbox only.\n',
    });
  });
});

test('the command says how far it is and what it added; a running server knows the apps within five seconds', async () => {
  const { code, out, err } = await lawang('seed --accounts 20 --clients 12 --consents 40 --releases 50 --inventory 25');
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toMatch(
    /^clients: 12 of 12, [\d,]+ added a second\naccounts: 20 of 20, .*\nconsents: 40 of 40, .*\nreleases: 50 of 50, .*\ninventory: 25 of 25, .*\n/,
  );
  expect(out).toMatch(/Added 20 accounts, 12 clients, 40 consents, 50 releases, 25 records of the inventory\.\n$/);
  await expect.poll(() => world.house.clients.find('layanan-12')?.id).toBe('layanan-12');
});

test('again adds nothing; larger totals add what is missing', async () => {
  const before = await countRows();
  expect(await fill()).toEqual({ accounts: 0, clients: 0, consents: 0, releases: 0, inventory: 0 });
  expect(await countRows()).toEqual(before);
  expect(await fill({ accounts: 23, clients: 13, consents: 60, releases: 100 })).toEqual({
    ...{ accounts: 3, clients: 1, consents: 20, releases: 50, inventory: 0 },
  });
  expect(await countConsents()).toEqual({ all: 60, pairs: 60 });
  await world.house.clients.refresh();
});

test('a citizen signs in with the password at an app they have allowed, and nobody asks again', async () => {
  const [client = 0] = clientsOf(7, totals);
  const clientId = `layanan-${client}`;
  const redirectUri = `https://${clientId}.contoh.go.id/callback`;
  const scope = 'openid profile email phone address offline_access';
  const app = await world.app({ clientId, redirectUri, clientSecret: secretOf(clientId), scope });
  const browser = world.browser({ stopAt: [redirectUri] });
  const attempt = await app.startSignIn();
  const page = await browser.visit(attempt.url);
  page.fill({ identifier: 'warga-7@contoh.id', password });
  const tokens = await app.finishSignIn(attempt, await page.press('#sign-in'));
  expect(await app.userinfo(tokens.access_token)).toMatchObject({
    name: numberedCitizen(7).name,
    email: 'warga-7@contoh.id',
    email_verified: true,
  });
});

test('every account opens like any other, and its owner is reachable', async () => {
  const { database, house } = world;
  for (let number = 1; number <= 20; number += 1) {
    const id = await accountOf(number);
    const { name, profile } = numberedCitizen(number);
    const account = await loadAccount(database, house.secrets, id);
    const email = { email: `warga-${number}@contoh.id`, email_verified: true };
    expect(account).toMatchObject({ state: 'active', language: 'id', profile: { ...profile, ...email, name } });
    const contacts = await listAccountContacts(database, house.secrets, id);
    expect(contacts.map(({ kind, isIdentifier }) => [kind, isIdentifier])).toEqual(
      expect.arrayContaining([['email', true], ...(number % 3 === 0 ? [['phone', false]] : [])]),
    );
    expect(contacts.every(({ confirmedAt }) => confirmedAt)).toBe(true);
  }
  expect(await verifyPassword(database, await accountOf(20), password)).toBe(true);
  expect(await verifyPassword(database, await accountOf(20), `${password}x`)).toBe(false);
});

test('its rows are those of an account that was made one by one', async () => {
  await using other = await openWorld();
  const { database, house } = other;
  const before = await countRows(other);
  await fill({ accounts: 12, clients: 0, consents: 0, releases: 0, inventory: 0 }, other);
  const added = Object.entries(await countRows(other)).map(([table, rows]) => [table, rows - (before[table] ?? 0)]);
  const phones = 4;
  expect(Object.fromEntries(added.filter(([, rows]) => rows !== 0))).toEqual({
    ...{ accounts: 12, identifiers: 12, passwords: 12, account_events: 24 },
    ...{ contacts: 12 + phones, contact_uses: 12 + phones },
  });
  const taken = createAccount(database, house.secrets, { ...numberedCitizen(12), name: 'Peniru' });
  await expect(taken).rejects.toMatchObject({ code: 'identifier_taken' });
});

test('an app is registered as its declaration would be, ten to an agency, and fixed in its subject group', async () => {
  const { database } = world;
  for (const number of [1, 10, 11]) {
    const client = await loadClient(database, `layanan-${number}`);
    expect(changedFields(client, numberedClient(number))).toEqual([]);
    expect(client.agencyId).toBe(number > 10 ? 'instansi-2' : 'instansi-1');
    expect(client.subjectGroupId).toBe(client.agencyId);
    expect(client.firstSignInAt).toBeInstanceOf(Date);
    expect(client.claims.filter(({ required }) => required).map(({ claim }) => claim)).toEqual([
      ...['name', 'email', 'email_verified'],
    ]);
    const [version, ...others] = await listVersions(database, client.id);
    expect(others).toEqual([]);
    expect(version).toMatchObject({ number: client.number, status: 'applied', from: 'draft', to: client.state });
    expect(version?.content).toEqual(declarationOf(client));
  }
});

test('the records of the inventory are what anybody may write down, and some of them are of apps that others have too', async () => {
  const all = Array.from({ length: 27_000 }, (_, index) => numberedRecord(index + 1, ['kesehatan']));
  for (const { content } of all.slice(0, 3_000)) expect(checkRecord(content)).toEqual({ entry: content });
  const names = Map.groupBy(all, ({ content }) => content.name);
  expect(names.size).toBeGreaterThan(2_000);
  expect([...names.values()].every((same) => same.length < 20)).toBe(true);
});

test('two runs at once add nothing twice', async () => {
  await using other = await openWorld();
  const wanted = { accounts: 60, clients: 30, consents: 300, releases: 900, inventory: 600 };
  const [one, two] = await Promise.all([fill(wanted, other), fill(wanted, other)]);
  expect({
    accounts: one.accounts + two.accounts,
    clients: one.clients + two.clients,
    consents: one.consents + two.consents,
    releases: one.releases + two.releases,
    inventory: one.inventory + two.inventory,
  }).toEqual(wanted);
  expect(await countConsents(other)).toEqual({ all: 300, pairs: 300 });
});

/** The same, with some of its methods in the place of its own. */
function replacing<T extends object>(target: T, methods: Partial<T>): T {
  return new Proxy(target, {
    get(_, name) {
      const member = Reflect.get(methods, name) ?? Reflect.get(target, name, target);
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
}

test('a run that ends while another one looks what is there is found by it', async () => {
  await using other = await openWorld();
  const { database, house } = other;
  const numbers = [1, 2, 3];
  let first: Promise<number> | undefined;
  const second = database.batch((tx) => {
    const pausing = replacing(tx, {
      forAll(shards) {
        const db = tx.forAll(shards);
        return replacing(db, {
          query: async (text, values) => {
            const rows = await db.query(text, values);
            first ??= database.batch((its) => openNumberedCitizens(its, house.secrets, numbers, 'a hash'));
            await first;
            return rows as never;
          },
        });
      },
    });
    return openNumberedCitizens(pausing, house.secrets, numbers, 'a hash');
  });
  expect(await second).toBe(0);
  expect(await first).toBe(3);
});

test('what people did before stays: an address named without proof goes to its citizen, a client keeps its declaration', async () => {
  await using other = await openWorld();
  const { database, house } = other;
  const rival = await other.citizen('+6281234567890', { profile: { email: 'warga-2@contoh.id' } });
  const own = await other.citizen('warga-3@contoh.id', { name: 'Sudah Ada' });
  await other.declare({ client_id: 'layanan-2' });
  expect(await fill({ accounts: 4, clients: 3, consents: 12 }, other)).toEqual({
    accounts: 3,
    clients: 2,
    consents: 12,
    releases: 50,
    inventory: 25,
  });

  expect(await accountOf(3, other)).toBe(own);
  expect((await loadAccount(database, house.secrets, own)).profile.name).toBe('Sudah Ada');
  expect((await loadAccount(database, house.secrets, rival)).profile.email).toBeUndefined();
  expect(await verifyPassword(database, await accountOf(2, other), password)).toBe(true);
  expect((await loadClient(database, 'layanan-2')).redirectUris).toEqual(['http://localhost:3001/callback']);
});

test('a batch that fails leaves nothing behind, and the next run goes on', async () => {
  await using other = await openWorld();
  const { database } = other;
  await database.execute('alter table passwords add constraint "none today" check (false) not valid');
  const before = await countRows(other);
  await expect(fill({ clients: 0, consents: 0, releases: 0 }, other)).rejects.toMatchObject({ code: '23514' });
  expect(await countRows(other)).toEqual(before);
  await database.execute('alter table passwords drop constraint "none today"');
  expect(await fill({}, other)).toEqual(totals);
});

test('consents are spread evenly over people, apps and agencies, each pair once', () => {
  const many = { accounts: 1_000, clients: 270, consents: 5_000 };
  const people = new Map<number, number>();
  for (let account = 1; account <= many.accounts; account += 1) {
    const count = consentsUpTo(account, many) - consentsUpTo(account - 1, many);
    const clients = [...clientsOf(account, many)].slice(0, count);
    expect(new Set(clients.map((client) => Math.ceil(client / 10))).size).toBe(5);
    for (const client of clients) people.set(client, (people.get(client) ?? 0) + 1);
  }
  expect(people.size).toBe(many.clients);
  expect(Math.max(...people.values()) - Math.min(...people.values())).toBeLessThanOrEqual(1);
  expect(new Set(clientsOf(3, many)).size).toBe(many.clients);
  expect([...clientsOf(1, { accounts: 1, clients: 1, consents: 1 })]).toEqual([1]);
});

test('their phone numbers can be typed, and are those of nobody else', () => {
  const others = exampleCitizens.map(({ profile }) => profile.phone_number);
  for (const number of [3, 300, 9_999_999]) {
    const phone = numberedCitizen(number).profile?.phone_number ?? '';
    expect(parseIdentifier(phone)?.value).toBe(phone);
    expect(others).not.toContain(phone);
  }
  expect(parseIdentifier(numberedAddress(1).value)).toEqual(numberedAddress(1));
});
