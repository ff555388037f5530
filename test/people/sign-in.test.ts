import argon2 from 'argon2';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { DatabaseUnavailable } from '#src/base/database.ts';
import { limits } from '#src/base/limits.ts';
import { Refusal } from '#src/base/refusals.ts';
import { rememberDevice } from '#src/people/devices.ts';
import { signInWithPassword } from '#src/people/sign-in.ts';
import { networkOf } from '#src/people/throttles.ts';
import { setAccountState } from '#test/support/account-state.ts';
import { setPassword } from '#test/support/passwords.ts';
import { openPeople, type People, refusalOf, statementsOf } from './people.ts';

let people: People;
const PASSWORD = 'kopi hujan sepatu';

beforeAll(async () => {
  people = await openPeople();
  for (const name of ['Siti', 'Joko', 'Dewi', 'Rina', 'Beku', 'Tutup']) {
    const { id } = await people.citizen(name);
    if (name !== 'Dewi') await setPassword(people.database, id, PASSWORD);
    if (name === 'Joko') await setAccountState(people.database, id, 'disabled');
    if (name === 'Beku') await setAccountState(people.database, id, 'frozen');
    if (name === 'Tutup') await setAccountState(people.database, id, 'closing');
  }
});

afterAll(() => people[Symbol.asyncDispose]());
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

let networks = 0;
/** From a network of its own, unless it says which. */
function signIn(identifier: string, password = PASSWORD, network = `10.0.${++networks}.1`) {
  return signInWithPassword(people.database, people.secrets, people.throttles, { identifier, password, network });
}

test('the right password signs in, however the address is written', async () => {
  const signedIn = await signIn(' SITI@Contoh.id ');
  expect(signedIn).toMatchObject({ acr: 'aal1', amr: ['pwd'] });
  expect((await signIn('siti@contoh.id')).accountId).toBe(signedIn.accountId);
  expect(await refusalOf(signIn('tutup@contoh.id'))).toBeUndefined();
});

test('unknown, wrong, without a password, disabled and frozen: one refusal, the same statements, exactly one hash', async () => {
  const attempts: [string, string, string][] = [
    ['unknown', 'tidak-ada@contoh.id', PASSWORD],
    ['wrong', 'siti@contoh.id', 'salah salah salah'],
    ['without a password', 'dewi@contoh.id', PASSWORD],
    ['disabled', 'joko@contoh.id', PASSWORD],
    ['frozen', 'beku@contoh.id', PASSWORD],
    ['too long', 'siti@contoh.id', 'a'.repeat(10_000)],
    ['empty', 'siti@contoh.id', ''],
    ['unknown number', '+6281299999999', PASSWORD],
  ];
  const seen = new Map<string, string[]>();
  for (const [name, identifier, password] of attempts) {
    const verify = vi.spyOn(argon2, 'verify').mockClear();
    const hash = vi.spyOn(argon2, 'hash').mockClear();
    const sent = await statementsOf(people.database, async () => {
      expect(await refusalOf(signIn(identifier, password)), name).toBe('login_failed');
    });
    expect(verify.mock.calls.length + hash.mock.calls.length, name).toBe(1);
    expect(verify.mock.calls[0]?.[0], name).toMatch(/^\$argon2id\$v=19\$m=19456,(t=2,p=1|p=1,t=2)\$/);
    // What the process sends now and then, whoever comes.
    seen.set(
      name,
      sent.filter((text) => !/^insert into throttles as total |throttle_given_back/.test(text)),
    );
  }
  const [expected] = seen.values();
  expect(expected?.length).toBeGreaterThan(4);
  for (const [name, sent] of seen) expect(sent, name).toEqual(expected);
});

test('what cannot be an address is said to be none, before any work', async () => {
  const sent = await statementsOf(people.database, async () => {
    expect(await refusalOf(signIn('bukan alamat'))).toBe('identifier_invalid');
  });
  expect(sent).toEqual([]);
});

test('guesses from one network are held up, while the owner gets in from elsewhere', async () => {
  const { points } = limits.password_from_network_to_account;
  for (let i = 0; i < points; i += 1)
    expect(await refusalOf(signIn('rina@contoh.id', 'salah salah', '192.0.2.1'))).toBe('login_failed');
  expect(await refusalOf(signIn('rina@contoh.id', PASSWORD, '192.0.2.200'))).toBe('too_many_attempts');
  expect(await refusalOf(signIn('rina@contoh.id', PASSWORD, '198.51.100.7'))).toBeUndefined();
});

test('what a try costs in statements: fewest in a browser that the account knows', async () => {
  const { accountId } = await signIn('siti@contoh.id');
  const [known, stranger] = [Buffer.alloc(32, 'known'), Buffer.alloc(32, 'stranger')];
  await rememberDevice(people.database, accountId, known);
  const cost = async (device?: Buffer) => {
    const tried = { identifier: 'siti@contoh.id', password: PASSWORD, network: '10.77.0.1', device };
    await people.database.settle();
    const sent = await statementsOf(people.database, () =>
      signInWithPassword(people.database, people.secrets, people.throttles, tried),
    );
    return sent.filter((text) => !text.startsWith('insert into throttles as total ')).length;
  };
  expect([await cost(), await cost(stranger), await cost(known)]).toEqual([6, 7, 4]);
});

test('right passwords do not use the limit up', async () => {
  const { points } = limits.password_from_network_to_account;
  for (let i = 0; i < points + 3; i += 1) {
    expect(await refusalOf(signIn('siti@contoh.id', PASSWORD, '192.0.3.1'))).toBeUndefined();
    // Given back within a second.
    await people.database.settle();
  }
});

test('a crowd of parallel guesses gets no more tries than one after another', async () => {
  const verify = vi.spyOn(argon2, 'verify').mockResolvedValue(false);
  const { points } = limits.password_from_network_to_account;
  const outcomes = await Promise.all(
    Array.from({ length: 50 }, () => refusalOf(signIn('tutup@contoh.id', 'tebakan saya', '192.0.4.1'))),
  );
  expect(outcomes.filter((code) => code === 'too_many_attempts')).toHaveLength(50 - points);
  expect(verify).toHaveBeenCalledTimes(points);
});

test('one network that guesses all day does not use up the guesses of everybody', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  vi.spyOn(argon2, 'verify').mockResolvedValue(false);
  const { points, duration } = limits.password_from_network_to_account;
  const end = Date.now() + duration * 1000;
  let guesses = 0;
  // Whenever the page says that one may.
  for (let at = Date.now(); at < end; vi.setSystemTime(at)) {
    const refused = await signIn('beku@contoh.id', 'tebakan saya', '192.0.5.1').catch((error: Refusal) => error);
    if (!(refused instanceof Refusal)) throw new Error('a wrong password signed in');
    if (refused.code === 'login_failed') guesses += 1;
    at += (refused.retryAfter ?? 0) * 1000;
  }
  expect(guesses).toBe(points + 12);
  expect(guesses).toBeLessThan(limits.password_to_identifier.points);
  expect(await refusalOf(signIn('beku@contoh.id'))).toBe('login_failed');
});

test.each([
  ['a full queue', new Refusal('password_busy')],
  ['a database that is gone', new DatabaseUnavailable('gone')],
])('%s is no wrong guess', async (_, error) => {
  const verify = vi.spyOn(argon2, 'verify').mockRejectedValue(error);
  for (let i = 0; i < limits.password_from_network_to_account.points + 3; i += 1)
    await expect(signIn('rina@contoh.id', PASSWORD, '192.0.6.1')).rejects.toBe(error);
  verify.mockRestore();
  expect(await refusalOf(signIn('rina@contoh.id', PASSWORD, '192.0.6.1'))).toBeUndefined();
});

test('who is held up by the crowd in the same network has made no guess at the account', async () => {
  const { throttles } = people;
  for (let i = 0; i < limits.password_from_network.points; i += 1)
    await throttles.take('password_from_network', networkOf('192.0.7.1'));
  for (let i = 0; i < limits.password_from_network_to_account.points + 3; i += 1)
    expect(await refusalOf(signIn('rina@contoh.id', PASSWORD, '192.0.7.1'))).toBe('too_many_attempts');
  const account = `${networkOf('192.0.7.1')} rina@contoh.id`;
  expect(await refusalOf(throttles.take('password_from_network_to_account', account))).toBeUndefined();
});
