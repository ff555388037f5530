import { syncBuiltinESMExports } from 'node:module';
import os from 'node:os';
import argon2 from 'argon2';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { checkPassword, configureHashing, hashPassword, hasPassword, verifyPassword } from '#src/people/passwords.ts';
import { setPassword } from '#test/support/passwords.ts';
import { openPeople, type People, refusalOf } from './people.ts';

let people: People;

beforeAll(async () => {
  people = await openPeople();
});

afterAll(() => people[Symbol.asyncDispose]());
afterEach(() => {
  vi.restoreAllMocks();
  syncBuiltinESMExports();
});

const GOOD = 'kopi hujan sepatu';
const check = (password: string, words: string[] = []) => refusalOf(checkPassword(password, words));

test.each([
  ['1234567', 'password_length'],
  ['', 'password_length'],
  ['😀'.repeat(7), 'password_length'],
  ['a'.repeat(257), 'password_length'],
  [`${GOOD} ${'x'.repeat(1_000_000)}`, 'password_length'],
  ['\ufdfa'.repeat(20), 'password_length'],
])('%.20j… is refused for its length', async (password, code) => {
  const hash = vi.spyOn(argon2, 'hash');
  expect(await check(password)).toBe(code);
  expect(hash).not.toHaveBeenCalled();
});

test.each([
  '12345678',
  'password',
  'P@ssw0rd!',
  'qwerty123',
  'bismillah',
  'sayangku',
  'katasandi',
  'indonesia1945',
  'jakarta2024',
  'aaaaaaaaaaaaaaaa',
  'abcdefghij',
])('%s is a common word and refused', async (password) => {
  expect(await check(password)).toBe('password_weak');
});

test.each(['sitirahayu', 'Rahayu1990', 'siti.rahayu@contoh.id', 'uyahaR1990'])(
  '%s is made of what others know about her and refused',
  async (password) => {
    expect(await check(password, ['Siti Rahayu', 'siti.rahayu@contoh.id', '1990'])).toBe('password_weak');
  },
);

test.each([
  GOOD,
  'lawang-sandbox',
  'pohon mangga biru',
  'x7#mK2!p',
  'サクラ咲く頃に会おう',
  'kopi-hujan-sepatu'.padEnd(256, ' biru kereta'),
])('%s may be chosen: no rule about kinds of characters', async (password) => {
  expect(await check(password, ['Siti Rahayu'])).toBeUndefined();
});

test('every character counts: nothing is cut off', async () => {
  const { database } = people;
  const { id } = await people.citizen('Panjang');
  const long = `${GOOD}${' biru kereta'.repeat(30)}`.slice(0, 256);
  await setPassword(database, id, long);
  expect(await verifyPassword(database, id, long)).toBe(true);
  expect(await verifyPassword(database, id, `${long.slice(0, 255)}!`)).toBe(false);
  expect(await verifyPassword(database, id, `${long}x`)).toBe(false);
});

test('one password in two keyboards’ spellings is one password', async () => {
  const { database } = people;
  const { id } = await people.citizen('Ejaan');
  await setPassword(database, id, 'caf\u00e9 hujan sepatu');
  expect(await verifyPassword(database, id, 'cafe\u0301 hujan sepatu')).toBe(true);
});

test('a password replaces the earlier one and leaves an event without any value', async () => {
  const { database } = people;
  const { id } = await people.citizen('Ganti');
  expect(await hasPassword(database, id)).toBe(false);
  await setPassword(database, id, GOOD);
  await setPassword(database, id, 'pohon mangga biru');
  expect(await hasPassword(database, id)).toBe(true);
  expect(await verifyPassword(database, id, GOOD)).toBe(false);
  expect(await verifyPassword(database, id, 'pohon mangga biru')).toBe(true);
  const [stored] = await database.query<{ hash: string }>('select hash from passwords where account_id = $1', [id]);
  expect(stored?.hash).toMatch(/^\$argon2id\$v=19\$m=19456,(t=2,p=1|p=1,t=2)\$/);
  const events = await database.query(
    `select details from account_events where account_id = $1 and kind = 'password.set'`,
    [id],
  );
  expect(events).toEqual([{ details: {} }, { details: {} }]);
});

test('a hash of older parameters is renewed when the password was right', async () => {
  const { database } = people;
  const { id } = await people.citizen('Lama');
  await setPassword(database, id, GOOD);
  const old = await argon2.hash(GOOD, { memoryCost: 8_192, timeCost: 1, parallelism: 1 });
  await database.execute('update passwords set hash = $2 where account_id = $1', [id, old]);
  expect(await verifyPassword(database, id, 'pohon mangga biru')).toBe(false);
  expect(await verifyPassword(database, id, GOOD)).toBe(true);
  const [stored] = await database.query<{ hash: string }>('select hash from passwords where account_id = $1', [id]);
  expect(stored?.hash).toContain('m=19456');
  expect(await verifyPassword(database, id, GOOD)).toBe(true);
});

describe('a rush of hashes', () => {
  afterEach(() => configureHashing({ workers: 1, threads: 4 }));

  test.each([
    { cores: 8, workers: 4, threads: 4, width: 2 },
    { cores: 2, workers: 4, threads: 4, width: 1 },
    { cores: 8, workers: 1, threads: 4, width: 3 },
  ])('on $cores cores for $workers workers of $threads threads: $width at once', async ({ width, ...machine }) => {
    vi.spyOn(os, 'availableParallelism').mockReturnValue(machine.cores);
    syncBuiltinESMExports();
    configureHashing(machine);
    let running = 0;
    let most = 0;
    vi.spyOn(argon2, 'hash').mockImplementation((async () => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      return '';
    }) as unknown as typeof argon2.hash);
    const outcomes = await Promise.all(Array.from({ length: 5_000 }, () => refusalOf(hashPassword(GOOD))));
    expect(most).toBe(width);
    expect(outcomes.filter((code) => code === undefined)).toHaveLength(17 * width);
    expect(outcomes.filter((code) => code === 'password_busy')).toHaveLength(5_000 - 17 * width);
    expect(await refusalOf(hashPassword(GOOD))).toBeUndefined();
  });

  test('lets those first whose browser the account knows, however many others wait', async () => {
    configureHashing({ workers: 64, threads: 4 });
    const { id } = await people.citizen('Dahulu');
    const slow = Promise.withResolvers<string>();
    const served: string[] = [];
    vi.spyOn(argon2, 'hash').mockImplementation((async (text: string) => {
      served.push(text);
      return slow.promise;
    }) as unknown as typeof argon2.hash);
    vi.spyOn(argon2, 'verify').mockImplementation(async (_, text) => served.push(String(text)) > 0);
    const rush = Array.from({ length: 50 }, () => refusalOf(hashPassword('orang lain')));
    const asked = vi.spyOn(people.database, 'first');
    const known = verifyPassword(people.database, id, 'yang dikenal', { goesFirst: true });
    await asked.mock.results[0]?.value;
    await new Promise((resolve) => setImmediate(resolve));
    slow.resolve('');
    await known;
    await Promise.all(rush);
    expect(served).toHaveLength(18);
    expect(served.indexOf('yang dikenal')).toBe(1);
  });

  test('keeps nobody for long: whoever has waited too long is refused, and the next is served', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    configureHashing({ workers: 64, threads: 4 });
    const slow = Promise.withResolvers<string>();
    vi.spyOn(argon2, 'hash').mockImplementationOnce((() => slow.promise) as unknown as typeof argon2.hash);
    const first = refusalOf(hashPassword(GOOD));
    const second = refusalOf(hashPassword(GOOD));
    vi.advanceTimersByTime(3_000);
    const later = refusalOf(hashPassword(GOOD));
    vi.advanceTimersByTime(1_050);
    expect(await second).toBe('password_busy');
    const third = refusalOf(hashPassword(GOOD));
    slow.resolve('');
    expect(await first).toBeUndefined();
    expect(await later).toBeUndefined();
    expect(await third).toBeUndefined();
    vi.useRealTimers();
  });
});
