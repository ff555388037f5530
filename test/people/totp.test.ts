import { Secret, TOTP } from 'otpauth';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { limits } from '#src/base/limits.ts';
import { Refusal } from '#src/base/refusals.ts';
import {
  beginTotp,
  confirmTotp,
  findTotp,
  findTotpSetUp,
  hasTotp,
  removeTotp,
  totpUri,
  verifyTotp,
} from '#src/people/totp.ts';
import { openPeople, type People, refusalOf } from './people.ts';

let people: People;

beforeAll(async () => {
  people = await openPeople();
});
afterAll(() => people[Symbol.asyncDispose]());
beforeEach(() => {
  // In the middle of a step.
  vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-11-25T03:00:15Z') });
});
afterEach(() => vi.useRealTimers());

const pass = (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1000);

let phones = 0;

const appOf = (secret: string | undefined) => new TOTP({ secret: Secret.fromBase32(secret ?? '') });

/** Every step that is looked at, in seconds off: half a day each way. */
const lookedAt = Array.from({ length: 2 * 1_500 + 1 }, (_, i) => (i - 1_500) * 30);

/** When an app shows a code. There are so many steps that every three hundredth code is, by chance, that of another one as well. */
function timesOf(app: TOTP, code: string): number[] {
  const now = Date.now();
  return lookedAt.filter((off) => app.generate({ timestamp: now + off * 1000 }) === code);
}

/** A citizen and a phone with an authenticator app. */
async function owner() {
  phones += 1;
  const { id: accountId } = await people.citizen(`Ponsel-${phones}`);
  const { database: db, secrets, throttles } = people;
  const setUp = { accountId, boundTo: 'session-1' };
  const network = `10.2.${phones}.1`;
  await beginTotp(db, secrets, setUp);
  const secret = await findTotpSetUp(db, secrets, setUp);
  const app = appOf(secret);
  return {
    accountId,
    setUp,
    secret,
    app,
    /** What the phone shows when its clock is so many seconds off. */
    shows: (off = 0) => app.generate({ timestamp: Date.now() + off * 1000 }),
    confirm: (code: string, more = {}) =>
      refusalOf(people.request((tx) => confirmTotp(tx, secrets, throttles, { ...setUp, code, network, ...more }))),
    type: (code: string, from = network) =>
      people.request((tx) => verifyTotp(tx, secrets, throttles, { accountId, code, network: from })),
  };
}

/** An owner whose app is confirmed, a minute ago, and shows the codes of these times at no other. */
async function ready(...offs: readonly number[]) {
  const siti = await owner();
  expect(await siti.confirm(siti.shows())).toBeUndefined();
  pass(60);
  const isAlone = (off: number) => timesOf(siti.app, siti.shows(off)).every((time) => time === off);
  if (!offs.every(isAlone)) return ready(...offs);
  return siti;
}

const tryOf = async (work: Promise<void>) => {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return error instanceof Refusal ? { code: error.code, clockOff: error.clockOff } : error;
};

test('an app counts once a code of it was seen, and that code is used by it', async () => {
  const siti = await owner();
  const { database: db } = people;
  expect(await hasTotp(db, siti.accountId)).toBe(false);
  expect(await refusalOf(siti.type(siti.shows()))).toBe('totp_wrong');
  expect(await siti.confirm(siti.shows())).toBeUndefined();
  expect(await findTotp(db, siti.accountId)).toEqual({ addedAt: new Date() });
  expect(await refusalOf(siti.type(siti.shows()))).toBe('totp_wrong');
  pass(30);
  const code = siti.shows();
  expect(await refusalOf(siti.type(` ${code.slice(0, 3)} ${code.slice(3)} `))).toBeUndefined();
});

test('apps are told the secret and under which names to list it', () => {
  const uri = new URL(
    totpUri({ issuer: 'Lawang Negara', accountName: 'siti@contoh.id', secret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP' }),
  );
  expect(uri.protocol + uri.host).toBe('otpauth:totp');
  expect(decodeURIComponent(uri.pathname)).toBe('/Lawang Negara:siti@contoh.id');
  expect(uri.searchParams.get('issuer')).toBe('Lawang Negara');
  expect(uri.searchParams.get('secret')).toBe('JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP');
});

test('a set-up belongs to one session, for half an hour', async () => {
  const siti = await owner();
  const { database: db, secrets } = people;
  expect(siti.secret).toMatch(/^[A-Z2-7]{32}$/);
  expect(await findTotpSetUp(db, secrets, { ...siti.setUp, boundTo: 'the thief’s' })).toBeUndefined();
  expect(await siti.confirm(siti.shows(), { boundTo: 'the thief’s' })).toBe('totp_wrong');
  pass(30 * 60 + 1);
  expect(await findTotpSetUp(db, secrets, siti.setUp)).toBeUndefined();
  expect(await siti.confirm(siti.shows())).toBe('totp_wrong');
});

test('a set-up begun anew takes the place of the one before; one that is done does not', async () => {
  const siti = await owner();
  const { database: db, secrets } = people;
  const old = siti.shows();
  do await beginTotp(db, secrets, siti.setUp);
  while (timesOf(appOf(await findTotpSetUp(db, secrets, siti.setUp)), old).length > 0);
  expect(await siti.confirm(old)).toBe('totp_wrong');
  const budi = await ready();
  expect(await refusalOf(beginTotp(db, secrets, budi.setUp))).toBe('totp_exists');
});

test('of fifty right tries at once exactly one succeeds', async () => {
  const siti = await ready();
  const code = siti.shows();
  // From many networks, so that no limit stands before the statement.
  const tries = Array.from({ length: 50 }, (_, i) => refusalOf(siti.type(code, `10.3.${i}.1`)));
  const outcomes = await Promise.all(tries);
  expect(outcomes.filter((outcome) => outcome === undefined)).toHaveLength(1);
  expect(new Set(outcomes)).toEqual(new Set([undefined, 'totp_wrong']));
});

test('after a code no older one counts, though its time is not over', async () => {
  const siti = await ready();
  expect(await refusalOf(siti.type(siti.shows()))).toBeUndefined();
  expect(await refusalOf(siti.type(siti.shows()))).toBe('totp_wrong');
  expect(await refusalOf(siti.type(siti.shows(-30)))).toBe('totp_wrong');
  expect(await refusalOf(siti.type(siti.shows(30)))).toBeUndefined();
});

test.each([-60, -30, 30, 60])('a clock that is %i seconds off is good enough', async (off) => {
  const siti = await ready();
  pass(60);
  expect(await refusalOf(siti.type(siti.shows(off)))).toBeUndefined();
});

test.each([-12 * 3600, -180, -90, 90, 3600])('a clock that is %i seconds off is told so', async (off) => {
  const siti = await ready(off);
  expect(await tryOf(siti.type(siti.shows(off)))).toEqual({ code: 'totp_clock_off', clockOff: off });
});

test('a code that was told to be of tomorrow is not taken when its time has come', async () => {
  const siti = await ready(3600);
  const later = siti.shows(3600);
  expect(await refusalOf(siti.type(later))).toBe('totp_clock_off');
  pass(3600);
  expect(later).toBe(siti.shows());
  expect(await refusalOf(siti.type(later))).toBe('totp_wrong');
  pass(30);
  expect(await refusalOf(siti.type(siti.shows()))).toBeUndefined();
});

test('a clock that is off by more is a wrong code', async () => {
  const siti = await ready(13 * 3600);
  expect(await refusalOf(siti.type(siti.shows(13 * 3600)))).toBe('totp_wrong');
});

test.each(['', '12345', '1234567', 'abcdef', '9'.repeat(100_000)])(
  '%.10j… is no code and costs nothing',
  async (text) => {
    const siti = await ready();
    for (let i = 0; i < limits.totp_from_network_to_account.points + 1; i += 1)
      expect(await refusalOf(siti.type(text))).toBe('totp_wrong');
    expect(await refusalOf(siti.type(siti.shows()))).toBeUndefined();
  },
);

test('guesses are limited, those told to be of another time among them; the owner elsewhere gets in', async () => {
  const { points } = limits.totp_from_network_to_account;
  const guesses = Array.from({ length: points }, (_, i) => (i % 2 ? 600 + 30 * i : 14 * 3600 + 30 * i));
  const siti = await ready(...guesses);
  for (const [i, off] of guesses.entries())
    expect(await refusalOf(siti.type(siti.shows(off), '192.0.9.1'))).toBe(i % 2 ? 'totp_clock_off' : 'totp_wrong');
  expect(await refusalOf(siti.type(siti.shows(), '192.0.9.77'))).toBe('too_many_attempts');
  expect(await refusalOf(siti.type(siti.shows(), '198.51.100.9'))).toBeUndefined();
});

test('it is removed once, and codes with it', async () => {
  const siti = await ready();
  const { database: db } = people;
  await removeTotp(db, siti.accountId);
  expect(await hasTotp(db, siti.accountId)).toBe(false);
  expect(await refusalOf(siti.type(siti.shows()))).toBe('totp_wrong');
  expect(await refusalOf(removeTotp(db, siti.accountId))).toBe('not_found');
});

test('what happened is in the account’s history', async () => {
  const siti = await ready();
  await removeTotp(people.database, siti.accountId);
  const events = await people.database.query<{ kind: string }>(
    `select kind from account_events where account_id = $1 and kind like 'totp.%' order by at`,
    [siti.accountId],
  );
  expect(events.map(({ kind }) => kind)).toEqual(['totp.added', 'totp.removed']);
});

test('the secret cannot be read in the database, and the row of one account does not open as another’s', async () => {
  const [siti, budi] = [await ready(), await ready()];
  const { database: db } = people;
  const [row] = await db.query<{ sealed: Buffer }>('select sealed from totp_keys where account_id = $1', [
    siti.accountId,
  ]);
  expect(row?.sealed.includes(Buffer.from(Secret.fromBase32(siti.secret ?? '').bytes))).toBe(false);
  await db.execute('update totp_keys set sealed = $2 where account_id = $1', [budi.accountId, row?.sealed]);
  await expect(budi.type(siti.shows())).rejects.toThrow('not among the keys given');
});
