import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DatabaseUnavailable, type Db } from '#src/base/database.ts';
import { limits, withChosen } from '#src/base/limits.ts';
import { Refusal } from '#src/base/refusals.ts';
import { codeAudience, createCode, verifyCode } from '#src/people/codes.ts';
import { rememberDevice } from '#src/people/devices.ts';
import type { Identifier } from '#src/people/identifiers.ts';
import { createThrottles } from '#src/people/throttles.ts';
import { setAccountState } from '#test/support/account-state.ts';
import { useMovedClock } from '#test/support/clock.ts';
import { email, openPeople, type People, refusalOf, statementsOf } from './people.ts';

let people: People;

beforeAll(async () => {
  people = await openPeople();
});

afterAll(() => people[Symbol.asyncDispose]());

const pass = useMovedClock();

let visitors = 0;
/** Somebody new at an address of their own, in a browser of their own. */
function visitor(more: { name?: string; boundTo?: string; network?: string } = {}) {
  visitors += 1;
  const slot = {
    identifier: email(more.name ?? `tamu-${visitors}`),
    boundTo: more.boundTo ?? `interaction-${visitors}`,
    network: more.network ?? `10.1.${visitors}.1`,
  };
  const { secrets, throttles } = people;
  return {
    slot,
    ask: () => people.request((db) => createCode(db, secrets, throttles, slot)),
    type: (code: string) => refusalOf(people.request((db) => verifyCode(db, secrets, throttles, { ...slot, code }))),
  };
}

/** What a database is asked by, a part of it broken. */
function door(database: Db, broken: Partial<Db>): Db {
  const opened: Db = {
    isUnit: false,
    memory: new Map(),
    for: () => opened,
    forAll: () => opened,
    query: (text, values) => database.query(text, values),
    first: (text, values) => database.first(text, values),
    execute: (text, values) => database.execute(text, values),
    read: (read, values) => database.read(read, values),
    write: (write, row) => database.write(write, row),
    soon: (write, row) => database.soon(write, row),
    whenDurable: (work) => database.whenDurable(work),
    flush: () => database.flush(),
    ...broken,
  };
  return opened;
}

/** Another six digits. */
const wrong = (code: string) => String((Number(code) + 1) % 1_000_000).padStart(6, '0');

test('a code is six digits and good once, however it is spaced', async () => {
  const siti = visitor();
  const code = await siti.ask();
  expect(code).toMatch(/^\d{6}$/);
  expect(await siti.type(` ${code.slice(0, 3)} – ${code.slice(3)} `)).toBeUndefined();
  expect(await siti.type(code)).toBe('code_wrong');
});

test('of fifty right tries at once exactly one succeeds', async () => {
  const siti = visitor();
  const code = await siti.ask();
  const outcomes = await Promise.all(Array.from({ length: 50 }, () => siti.type(code)));
  expect(outcomes.filter((outcome) => outcome === undefined)).toHaveLength(1);
  expect(outcomes.filter((outcome) => outcome === 'code_wrong')).toHaveLength(49);
});

test('parallel wrong tries share five attempts; then the right one is too late', async () => {
  const siti = visitor();
  const code = await siti.ask();
  await Promise.all(Array.from({ length: 20 }, () => siti.type(wrong(code))));
  expect(await siti.type(code)).toBe('code_wrong');
});

test('four wrong tries leave one', async () => {
  const siti = visitor();
  const code = await siti.ask();
  for (let i = 0; i < 4; i += 1) expect(await siti.type(wrong(code))).toBe('code_wrong');
  expect(await siti.type(code)).toBeUndefined();
});

test.each(['', '12345', '1234567', 'abcdef', '١٢٣٤٥٦', '12345\u0000', '9'.repeat(100_000)])(
  '%.10j… is no code and costs no attempt',
  async (typed) => {
    const siti = visitor();
    const code = await siti.ask();
    for (let i = 0; i < 6; i += 1) expect(await siti.type(typed)).toBe('code_wrong');
    expect(await siti.type(code)).toBeUndefined();
  },
);

test('a code lives ten minutes', async () => {
  const [siti, late] = [visitor(), visitor()];
  const [code, lateCode] = [await siti.ask(), await late.ask()];
  pass(599);
  expect(await siti.type(code)).toBeUndefined();
  pass(2);
  expect(await late.type(lateCode)).toBe('code_wrong');
});

test('a code is good only in its browser and for its address', async () => {
  const siti = visitor({ name: 'siti' });
  const code = await siti.ask();
  expect(await visitor({ name: 'siti', boundTo: 'another' }).type(code)).toBe('code_wrong');
  expect(await visitor({ name: 'budi', boundTo: siti.slot.boundTo }).type(code)).toBe('code_wrong');
  expect(await siti.type(code)).toBeUndefined();
});

test('a new code is sent after thirty seconds at the earliest and ends the one before', async () => {
  const siti = visitor();
  const first = await siti.ask();
  pass(10);
  const refusal = await siti.ask().catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(Refusal);
  expect(refusal).toMatchObject({ code: 'too_many_attempts', retryAfter: 20 });
  pass(20);
  const second = await siti.ask();
  if (second !== first) expect(await siti.type(first)).toBe('code_wrong');
  expect(await siti.type(second)).toBeUndefined();
});

test('ten presses on the button at once make one code', async () => {
  const siti = visitor();
  const asked = await Promise.allSettled(Array.from({ length: 10 }, () => siti.ask()));
  expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
});

test('one network floods no mailbox, and the owner elsewhere still gets a code', async () => {
  const { points, duration } = limits.code_from_network_to_address;
  const ask = (network: string) => refusalOf(visitor({ name: 'banjir', network }).ask());
  for (let i = 0; i < points; i += 1) expect(await ask('192.0.7.1')).toBeUndefined();
  expect(await ask('192.0.7.2')).toBe('too_many_attempts');
  expect(await ask('198.51.100.1')).toBeUndefined();
  pass(duration);
  expect(await ask('192.0.7.1')).toBeUndefined();
});

test('one network that asks all day does not use up the codes of the owner', async () => {
  const ask = (network: string) => refusalOf(visitor({ name: 'sepanjang-hari', network }).ask());
  const { points } = limits.code_from_network_to_address;
  let sent = 0;
  for (let half = 0; half < 47; half += 1) {
    while ((await ask('192.0.8.1')) === undefined) sent += 1;
    pass(1800);
  }
  expect(sent).toBeGreaterThan(points);
  expect(sent).toBeLessThanOrEqual(points + 12);
  expect(await ask('198.51.100.2')).toBeUndefined();
});

test('a code that could not be made is not counted', async () => {
  const siti = visitor();
  const gone = new DatabaseUnavailable('gone');
  const { database, secrets, throttles } = people;
  const broken = door(database, { execute: () => Promise.reject(gone) });
  for (let i = 0; i < limits.code_from_network_to_address.points + 3; i += 1)
    await expect(createCode(broken, secrets, throttles, siti.slot)).rejects.toBe(gone);
  expect(await refusalOf(siti.ask())).toBeUndefined();
});

test('a code that could not be looked at is no wrong one', async () => {
  const gone = new DatabaseUnavailable('gone');
  const { database, secrets, throttles } = people;
  const broken = door(database, { first: () => Promise.reject(gone) });
  const siti = visitor();
  const code = await siti.ask();
  for (let i = 0; i < limits.wrong_code_from_network.points + 3; i += 1)
    await expect(verifyCode(broken, secrets, throttles, { ...siti.slot, code })).rejects.toBe(gone);
  expect(await siti.type(code)).toBeUndefined();
});

test('many networks flood no mailbox either', async () => {
  for (let i = 0; i < limits.code_to_address.points; i += 1) await visitor({ name: 'bah' }).ask();
  expect(await refusalOf(visitor({ name: 'bah' }).ask())).toBe('too_many_attempts');
});

test('an impatient finger does not use the mailbox’s limit up', async () => {
  const siti = visitor();
  await siti.ask();
  for (let i = 0; i < 2 * limits.code_from_network_to_address.points; i += 1) await refusalOf(siti.ask());
  pass(31);
  expect(await refusalOf(siti.ask())).toBeUndefined();
});

test('wrong codes from one network are limited, right ones are not counted', async () => {
  const { points } = limits.wrong_code_from_network;
  for (let i = 0; i < points + 5; i += 1) {
    const siti = visitor({ network: '192.0.5.1' });
    expect(await siti.type(await siti.ask())).toBeUndefined();
    // Given back within a second.
    await people.database.settle();
  }
  for (let i = 0; i < points; i += 1) await visitor({ network: '192.0.6.1' }).type('000000');
  expect(await visitor({ network: '192.0.6.9' }).type('000000')).toBe('too_many_attempts');
});

test('neither code nor address can be read in the database', async () => {
  const siti = visitor();
  const code = await siti.ask();
  const rows = await people.database.query<Record<string, unknown>>('select slot, code_hash from one_time_codes');
  const bytes = rows.flatMap((row) => Object.values(row) as Buffer[]);
  expect(bytes.some((value) => value.includes(code) || value.includes('tamu'))).toBe(false);
});

test('who a code is for: a newcomer, an account, an account with a passkey, a disabled one, by the same statements', async () => {
  const { database, secrets } = people;
  const plain = await people.citizen('Polos');
  const keyed = await people.citizen('Berkunci');
  await database.execute(
    `insert into passkeys (shard, account_id, credential_id, public_key, algorithm, counter, backup_eligible, backed_up,
       transports, aaguid, label, created_at)
     select shard, id, '\\x01', '\\x01', -7, 0, false, false, '{}', id, 'x', created_at from accounts where id = $1`,
    [keyed.id],
  );
  const gone = await people.citizen('Nonaktif');
  await setAccountState(database, gone.id, 'disabled');
  const audiences: unknown[] = [];
  const sent: string[][] = [];
  for (const name of ['Baru', 'Polos', 'Berkunci', 'Nonaktif'])
    sent.push(
      await statementsOf(database, async () => audiences.push(await codeAudience(database, secrets, email(name)))),
    );
  expect(audiences).toEqual([
    { kind: 'new' },
    expect.objectContaining({ kind: 'account', accountId: plain.id }),
    expect.objectContaining({ kind: 'passkey', accountId: keyed.id }),
    expect.objectContaining({ kind: 'disabled', accountId: gone.id }),
  ]);
  for (const texts of sent) expect(texts).toEqual(sent[0]);
});

describe('messages to phones are paid for', () => {
  /** Budgets small enough to be used up, in a database where nobody has sent anything. */
  async function openBudgets() {
    const own = await openPeople();
    const { database, secrets } = own;
    const few = {
      ...{ message_from_network: 8, message_to_prefix: 5, message_abroad_to_prefix: 3, message_abroad: 4 },
      code_from_device: 4,
    };
    const chosen = Object.entries(few).map(([name, points]) => [name, { points, duration: 24 * 3600 }]);
    const throttles = createThrottles(database, secrets, {
      enabled: true,
      limits: withChosen(Object.fromEntries(chosen)),
    });
    let asked = 0;
    const ask = (to: Identifier, more: { network?: string; device?: Buffer } = {}) => {
      asked += 1;
      const slot = { identifier: to, boundTo: `interaction-${asked}`, network: `10.9.${asked}.1`, ...more };
      return refusalOf(createCode(database, secrets, throttles, slot));
    };
    return { ...own, ask };
  }

  let sim = 0;
  const phone = (prefix: string): Identifier => {
    sim += 1;
    return { kind: 'phone', value: prefix + String(1_000_000 + sim).slice(prefix.startsWith('+62') ? 0 : -5) };
  };
  const often = async (times: number, work: () => Promise<unknown>) => {
    for (let i = 0; i < times; i += 1) expect(await work()).toBeUndefined();
  };

  test('those to one operator have a budget a day, whoever asks; those to others and e-mail go on', async () => {
    await using budgets = await openBudgets();
    await often(5, () => budgets.ask(phone('+62812')));
    expect(await budgets.ask(phone('+62812'))).toBe('too_many_attempts');
    expect(await budgets.ask(phone('+62813'))).toBeUndefined();
    expect(await budgets.ask(email('surel'))).toBeUndefined();
    pass(24 * 3600);
    expect(await budgets.ask(phone('+62812'))).toBeUndefined();
  });

  test('those abroad have a smaller one, by operator and in all', async () => {
    await using budgets = await openBudgets();
    await often(3, () => budgets.ask(phone('+65812')));
    expect(await budgets.ask(phone('+65812'))).toBe('too_many_attempts');
    expect(await budgets.ask(phone('+65912'))).toBeUndefined();
    expect(await budgets.ask(phone('+60123'))).toBe('too_many_attempts');
    expect(await budgets.ask(phone('+62812'))).toBeUndefined();
  });

  test('those of one network have one, and its e-mail is none of it', async () => {
    await using budgets = await openBudgets();
    const network = '203.0.113.9';
    for (const prefix of ['+62812', '+62813']) await often(4, () => budgets.ask(phone(prefix), { network }));
    expect(await budgets.ask(phone('+62811'), { network })).toBe('too_many_attempts');
    expect(await budgets.ask(email('surel'), { network })).toBeUndefined();
    expect(await budgets.ask(phone('+62811'))).toBeUndefined();
  });

  test('browsers that accounts know have budgets of their own: who opens many accounts pumps by none of them', async () => {
    await using budgets = await openBudgets();
    const openKnown = async (name: string, prefix: string) => {
      const identifier = phone(prefix);
      const { id } = await budgets.citizen(name, { identifier });
      const device = Buffer.alloc(32, 'browser');
      await rememberDevice(budgets.database, id, device);
      return () => budgets.ask(identifier, { network: '203.0.113.9', device });
    };
    const [one, other] = [await openKnown('Pompa Satu', '+65812'), await openKnown('Pompa Dua', '+65812')];
    await often(2, one);
    await often(1, other);
    expect([await one(), await other()]).toEqual(['too_many_attempts', 'too_many_attempts']);
    expect(await budgets.ask(phone('+65812'))).toBeUndefined();
    const [here, there] = [await openKnown('Pompa Tiga', '+62812'), await openKnown('Pompa Empat', '+62812')];
    await often(4, here);
    await often(1, there);
    expect(await there()).toBe('too_many_attempts');
  });

  test('who pumps does not keep a code from the owner in a browser that the account knows, which has its own', async () => {
    await using budgets = await openBudgets();
    const mine = phone('+62812');
    const { id } = await budgets.citizen('Siti', { identifier: mine });
    const device = Buffer.alloc(32, 'browser');
    await rememberDevice(budgets.database, id, device);
    await often(5, () => budgets.ask(phone('+62812')));
    expect(await budgets.ask(mine)).toBe('too_many_attempts');
    expect(await budgets.ask(mine, { device: Buffer.alloc(32, 'another') })).toBe('too_many_attempts');
    await often(4, () => budgets.ask(mine, { device }));
    expect(await budgets.ask(mine, { device })).toBe('too_many_attempts');
  });
});

test('wrong codes of the neighbours hold up nobody in a browser that the account knows', async () => {
  const { database, secrets, throttles } = people;
  const { id } = await people.citizen('Tetangga');
  const device = Buffer.alloc(32, 'browser');
  await rememberDevice(database, id, device);
  const siti = visitor({ name: 'tetangga', network: '192.0.77.1' });
  const code = await siti.ask();
  const wrong = code === '000000' ? '000001' : '000000';
  for (let i = 0; i < limits.wrong_code_from_network.points; i += 1)
    await throttles.take('wrong_code_from_network', '192.0.77.0/24');
  expect(await siti.type(code)).toBe('too_many_attempts');
  const known = { ...siti.slot, device };
  expect(await refusalOf(verifyCode(database, secrets, throttles, { ...known, code: wrong }))).toBe('code_wrong');
  expect(await refusalOf(verifyCode(database, secrets, throttles, { ...known, code }))).toBeUndefined();
});
