/** The erasure itself: what is left of an account afterwards, who may do it, and what an interruption leaves. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLog } from '#src/base/log.ts';
import { shardOf } from '#src/base/secrets.ts';
import { startClosings, type TellOwner } from '#src/jobs/closings.ts';
import { closeAccount, freezeAccount, reopenAccount } from '#src/people/account-life.ts';
import { findAccount } from '#src/people/accounts.ts';
import { findAccountId, parseIdentifier } from '#src/people/identifiers.ts';
import { listMessages } from '#src/people/messages.ts';
import { createTellOwner } from '#src/web/owner-notices.ts';
import { SoftwareAuthenticator } from '#test/support/authenticator.ts';
import { useClock } from '#test/support/clock.ts';
import { openWorld, password, signIn, type World } from '#test/support/world.ts';

const DAY = 24 * 3600 * 1000;
const NAME = 'Nyoman Sasmita';

let world: World;
let lines: string[];

beforeAll(async () => {
  world = await openWorld();
});

afterAll(() => world[Symbol.asyncDispose]());

/** The work of one process. */
function open(tellOwner?: TellOwner, database = world.database) {
  const { secrets, config } = world.house;
  lines = [];
  const log = createLog('debug', { write: (line: string) => void lines.push(line) });
  return startClosings(
    { database, secrets, log, tellOwner: tellOwner ?? createTellOwner({ config, secrets }) },
    { everyMs: 1_000_000_000 },
  );
}

let made = 0;

/** Somebody with a phone, a passkey, an app that knows them, and a session. */
async function citizenWithEverything() {
  made += 1;
  const address = `nyoman-${made}@contoh.id`;
  const phone = `+62812555${String(made).padStart(5, '0')}`;
  const id = await world.citizen(address, {
    ...{ name: NAME, password },
    profile: { phone_number: phone, phone_number_verified: true, nickname: 'Sasmita', birthdate: '1961-02-03' },
  });
  const browser = world.browser();
  const tax = await world.app({ clientId: 'pajak-daerah', scope: 'openid profile email phone offline_access' });
  const attempt = await tax.startSignIn({ prompt: 'consent' });
  const tokens = await tax.finishSignIn(attempt, await signIn(await browser.visit(attempt.url), address));
  const { sub } = await tax.userinfo(tokens.access_token);
  const page = await browser.visit(`${world.issuer}/account`);
  const device = new SoftwareAuthenticator();
  const credential = JSON.stringify(device.create(page.json('#passkey-options'), { origin: world.issuer }));
  await page.fill({ credential }).press('#add-passkey');
  return { id, address, phone, browser, tax, tokens, sub: String(sub) };
}

const pass = useClock();
const later = (days: number) => pass((days * DAY) / 1000);

const close = (id: string) => world.database.transaction((tx) => closeAccount(tx, id));

/** Every row of every table as text. */
async function everything(): Promise<string> {
  const tables = await world.database.query<{ name: string }>(
    `select relname as name from pg_class
     where relkind in ('r', 'p') and not relispartition and relnamespace = 'public'::regnamespace`,
  );
  let text = '';
  for (const { name } of tables) {
    const rows = await world.database.query<{ row: string }>(`select t::text as row from ${name} t`);
    text += rows.map(({ row }) => `${name} ${row}\n`).join('');
  }
  return text;
}

function messagesTo(address: string) {
  const { database, secrets } = world.house;
  const to = parseIdentifier(address);
  if (!to) throw new Error(`${address} is no identifier`);
  return listMessages(database, secrets, { to, limit: 20 });
}

test('fourteen days later nothing is left of the person, in no table and no line of the log', async () => {
  const { id, address, phone, browser, tax, tokens, sub } = await citizenWithEverything();
  const { database, secrets } = world.house;
  const addressIndex = secrets.index('email', address).toString('hex');
  const phoneIndex = secrets.index('phone', phone).toString('hex');
  const before = await everything();
  // What is looked for afterwards is there before.
  for (const trace of [id, sub, addressIndex, phoneIndex, 'passkey_reservations']) expect(before).toContain(trace);

  await close(id);
  const closings = open();
  later(13.9);
  expect(await closings.closeDue()).toBe(0);
  expect(await findAccount(database, secrets, id)).toMatchObject({ state: 'closing' });
  later(0.2);
  expect(await closings.closeDue()).toBe(1);
  expect(await closings.closeDue()).toBe(0);
  await closings.stop();

  await expect(tax.userinfo(tokens.access_token)).rejects.toMatchObject({ status: 401 });
  await expect(tax.refresh(tokens.refresh_token ?? '')).rejects.toMatchObject({ error: 'invalid_grant' });
  expect((await browser.visit(`${world.issuer}/account`)).has('input[name=password]')).toBe(true);
  // Both contacts were told, by the last message that there is.
  for (const to of [address, phone]) expect((await messagesTo(to))[0]?.subject).toContain('sudah dihapus');

  const after = await everything();
  const ofThePerson = [NAME, 'Sasmita', '1961-02-03', address, phone, phone.slice(1), sub, addressIndex, phoneIndex];
  const text = after + lines.join('') + world.log.join('');
  for (const trace of ofThePerson) expect(text, trace).not.toContain(trace);
  const rowsOfAccount = after.split('\n').filter((row) => row.includes(id));
  // The history keeps what happened, by codes and counts.
  expect(new Set(rowsOfAccount.map((row) => row.split(' ', 1)[0]))).toEqual(new Set(['account_events']));
  const events = await database.query<{ kind: string; details: unknown }>(
    'select kind, details from account_events where shard = $1 and account_id = $2 order by at',
    [shardOf(id), id],
  );
  expect(events.at(-1)).toEqual({ kind: 'account.erased', details: { by: 'system' } });
  expect(events.map(({ kind }) => kind)).toContain('account.closing');
});

test('the address can open a new account, whom apps know by a new name', async () => {
  const { id, address, sub } = await citizenWithEverything();
  await close(id);
  later(14);
  const closings = open();
  await closings.closeDue();
  await closings.stop();
  const again = await world.citizen(address, { name: 'Orang Lain', password });
  expect(again).not.toBe(id);
  const tax = await world.app({ clientId: 'pajak-daerah' });
  const attempt = await tax.startSignIn();
  const tokens = await tax.finishSignIn(attempt, await signIn(await world.browser().visit(attempt.url), address));
  expect((await tax.userinfo(tokens.access_token)).sub).not.toBe(sub);
});

test('of two processes at once one erases, and the last message leaves once', async () => {
  const { id, address } = await citizenWithEverything();
  await close(id);
  later(14);
  await using second = await world.startServer();
  const works = [open(), open(undefined, second.house.database)];
  const erased = await Promise.all(works.map((work) => work.closeDue()));
  expect(erased.reduce((sum, count) => sum + count)).toBe(1);
  for (const work of works) await work.stop();
  expect((await messagesTo(address)).filter(({ subject }) => subject.includes('sudah dihapus'))).toHaveLength(1);
  expect(
    await world.database.query(
      `select kind from account_events where shard = $1 and account_id = $2 and kind = 'account.erased'`,
      [shardOf(id), id],
    ),
  ).toHaveLength(1);
});

test('who changed their mind in time stays, also in the last moment, and so does what is frozen', async () => {
  const { database, secrets } = world.house;
  const kept = await citizenWithEverything();
  const frozen = await citizenWithEverything();
  await close(kept.id);
  await close(frozen.id);
  later(13);
  expect(await reopenAccount(database, kept.id)).toBe(true);
  expect(await freezeAccount(database, frozen.id, { reason: 'not-me' })).toBe(true);
  later(30);
  const closings = open();
  expect(await closings.closeDue()).toBe(0);
  await closings.stop();
  expect(await findAccount(database, secrets, kept.id)).toMatchObject({ state: 'active' });
  expect(await findAccount(database, secrets, frozen.id)).toMatchObject({ state: 'frozen' });
});

test('three days before the end each contact is told, once', async () => {
  const { id, address, phone } = await citizenWithEverything();
  await close(id);
  const closings = open();
  later(10.9);
  await closings.closeDue();
  expect((await messagesTo(address))[0]?.subject).not.toContain('segera dihapus');
  later(0.2);
  await Promise.all([closings.closeDue(), closings.closeDue()]);
  later(1.5);
  await closings.closeDue();
  await closings.stop();
  for (const to of [address, phone])
    expect((await messagesTo(to)).filter(({ subject }) => subject.includes('segera dihapus'))).toHaveLength(1);
  // Whoever keeps the account and closes it again later is told again.
  await reopenAccount(world.database, id);
  await close(id);
  later(11.5);
  await open().closeDue();
  expect((await messagesTo(address)).filter(({ subject }) => subject.includes('segera dihapus'))).toHaveLength(2);
});

test.each([
  ['while the last message is written', 'tellOwner'],
  ['after the point of no return', 'contact_uses'],
  ['while what is found by its value is freed', 'passkey_reservations'],
  ['before the account itself goes', 'delete from accounts'],
] as const)('what is interrupted %s is finished by the next', async (_, where) => {
  const { id, address, phone, browser } = await citizenWithEverything();
  await close(id);
  later(14);
  const { database, secrets, config } = world.house;
  const tellOwner = createTellOwner({ config, secrets });
  // A process that dies loses its connection in the middle, and with it all that it has not committed.
  await using dying = await world.startServer();
  dying.house.database.onStatement = (text) => {
    if (text.includes(where)) throw new Error('this process is no more');
  };
  const dead = open(async (db, accountId, what) => {
    await tellOwner(db, accountId, what);
    if (where === 'tellOwner') throw new Error('this process is no more');
  }, dying.house.database);
  await expect(dead.closeDue()).rejects.toThrow('this process is no more');
  await dead.stop();

  const half = await findAccount(database, secrets, id);
  expect(half?.state).toBe(where === 'tellOwner' ? 'closing' : 'erasing');
  // Of what is half-way nobody gets back in.
  if (half?.state === 'erasing') {
    expect((await browser.visit(`${world.issuer}/account`)).has('input[name=password]')).toBe(true);
    expect(await reopenAccount(database, id)).toBe(false);
  }

  const next = open();
  expect(await next.closeDue()).toBe(1);
  await next.stop();
  expect(await findAccount(database, secrets, id)).toBeUndefined();
  for (const to of [address, phone]) {
    expect((await messagesTo(to)).filter(({ subject }) => subject.includes('sudah dihapus'))).toHaveLength(1);
    const identifier = parseIdentifier(to);
    expect(identifier && (await findAccountId(database, secrets, identifier))).toBeUndefined();
  }
  const left = (await everything()).split('\n').filter((row) => row.includes(id) && !row.startsWith('account_events'));
  expect(left).toEqual([]);
});

test('one account that cannot be worked on stands in the way of no other', async () => {
  const broken = await citizenWithEverything();
  const fine = await citizenWithEverything();
  await close(broken.id);
  await close(fine.id);
  later(14);
  const tellOwner = createTellOwner(world.house);
  const closings = open(async (db, id, what) => {
    if (id === broken.id) throw new Error('a contact does not open');
    await tellOwner(db, id, what);
  });
  await expect(closings.closeDue()).rejects.toThrow('a contact does not open');
  await closings.stop();
  const { database, secrets } = world.house;
  expect(await findAccount(database, secrets, fine.id)).toBeUndefined();
  expect(await findAccount(database, secrets, broken.id)).toMatchObject({ state: 'closing' });
  const mended = open();
  expect(await mended.closeDue()).toBe(1);
  await mended.stop();
});

test('who signs in while the account is being erased is let in nowhere', async () => {
  const { id, address, tax } = await citizenWithEverything();
  await close(id);
  later(14);
  const closings = open();
  const browsers = Array.from({ length: 5 }, () => world.browser());
  const attempts = await Promise.all(browsers.map(() => tax.startSignIn()));
  const pages = await Promise.all(browsers.map((browser, i) => browser.visit(attempts[i]?.url ?? '')));
  const [erased] = await Promise.all([
    closings.closeDue(),
    ...pages.map((page) => signIn(page, address).catch(() => undefined)),
  ]);
  await closings.stop();
  expect(erased).toBe(1);
  const left = (await everything()).split('\n').filter((row) => row.includes(id) && !row.startsWith('account_events'));
  expect(left).toEqual([]);
  expect((await browsers[0]?.visit(`${world.issuer}/account`))?.has('input[name=password]')).toBe(true);
});
