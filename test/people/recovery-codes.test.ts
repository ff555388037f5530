import { afterAll, beforeAll, expect, test } from 'vitest';
import { limits } from '#src/base/limits.ts';
import { countRecoveryCodes, makeRecoveryCodes, useRecoveryCode } from '#src/people/recovery-codes.ts';
import { setAccountState } from '#test/support/account-state.ts';
import { openPeople, type People, refusalOf, statementsOf } from './people.ts';

let people: People;

beforeAll(async () => {
  people = await openPeople();
});
afterAll(() => people[Symbol.asyncDispose]());

let sheets = 0;

/** A citizen with a sheet of codes. */
async function owner() {
  sheets += 1;
  const { id: accountId } = await people.citizen(`Lembar-${sheets}`);
  const make = () => people.request((db) => makeRecoveryCodes(db, people.secrets, accountId));
  return {
    accountId,
    codes: await make(),
    make,
    type: (code = '', from = `10.4.${sheets}.1`) => typed(accountId, code, from),
    left: () => countRecoveryCodes(people.database, accountId),
  };
}

function typed(accountId: string | undefined, code: string, network: string) {
  const { secrets, throttles } = people;
  return refusalOf(people.request((db) => useRecoveryCode(db, secrets, throttles, { accountId, code, network })));
}

test('ten codes of eighty bits, in groups of four, without letters that look alike', async () => {
  const { codes } = await owner();
  expect(codes).toHaveLength(10);
  expect(new Set(codes).size).toBe(10);
  for (const code of codes) expect(code).toMatch(/^([0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}$/);
});

test('each is good once, the others stay', async () => {
  const siti = await owner();
  for (const [i, code] of siti.codes.entries()) {
    expect(await siti.type(code)).toBeUndefined();
    expect(await siti.type(code)).toBe('recovery_code_wrong');
    expect(await siti.left()).toBe(9 - i);
  }
});

test.each<[string, (code: string) => string]>([
  ['in small letters', (code) => code.toLowerCase()],
  ['without dashes', (code) => code.replaceAll('-', '')],
  ['with spaces and other dashes', (code) => ` ${code.replaceAll('-', ' – ')} `],
  [
    'in full width',
    (code) => code.replace(/[0-9A-Z]/g, (letter) => String.fromCodePoint(letter.charCodeAt(0) + 0xfee0)),
  ],
  [
    'with O, I, l and u for what looks like them',
    (code) => code.replace(/0/g, 'O').replace(/1/g, 'l').replace(/V/g, 'u'),
  ],
])('a code may be typed %s', async (_, spell) => {
  const siti = await owner();
  // Of the ten together every letter of the alphabet is likely to be seen.
  for (const code of siti.codes) expect(await siti.type(spell(code))).toBeUndefined();
});

test('of fifty uses at once exactly one succeeds', async () => {
  const siti = await owner();
  const outcomes = await Promise.all(Array.from({ length: 50 }, () => siti.type(siti.codes[0])));
  expect(outcomes.filter((outcome) => outcome === undefined)).toHaveLength(1);
  expect(await siti.left()).toBe(9);
});

test('new codes void the old ones; of sheets made at once one is good', async () => {
  const siti = await owner();
  const made = await Promise.all([siti.make(), siti.make(), siti.make()]);
  expect(await siti.left()).toBe(10);
  expect(await siti.type(siti.codes[0])).toBe('recovery_code_wrong');
  const outcomes = await Promise.all(made.map((codes) => siti.type(codes[0])));
  expect(outcomes.filter((outcome) => outcome === undefined)).toHaveLength(1);
});

test('a code is one account’s', async () => {
  const [siti, budi] = [await owner(), await owner()];
  expect(await budi.type(siti.codes[0])).toBe('recovery_code_wrong');
  expect(await siti.type(siti.codes[0])).toBeUndefined();
});

test('an account that is not in use gets none', async () => {
  const siti = await owner();
  await setAccountState(people.database, siti.accountId, 'disabled');
  expect(await refusalOf(siti.make())).toBe('account_unavailable');
});

test('for nobody it is the same answer by the same statements', async () => {
  const siti = await owner();
  const code = 'ABCD-EFGH-JKMN-PQRS';
  const known = await statementsOf(people.database, () => typed(siti.accountId, code, '10.5.1.1'));
  const nobody = await statementsOf(people.database, async () =>
    expect(await typed(undefined, code, '10.5.2.1')).toBe('recovery_code_wrong'),
  );
  expect(nobody).toEqual(known);
});

test('one machine is limited for an account; its owner elsewhere and its neighbours are not held up', async () => {
  const siti = await owner();
  const neighbour = await owner();
  for (let i = 0; i < limits.recovery_code_from_network_to_account.points; i += 1)
    await siti.type('ABCD-EFGH-JKMN-PQRS', '192.0.10.1');
  expect(await neighbour.type(neighbour.codes[0], '192.0.10.2')).toBeUndefined();
  expect(await siti.type(siti.codes[0], '192.0.10.2')).toBe('too_many_attempts');
  expect(await siti.type(siti.codes[0], '198.51.100.10')).toBeUndefined();
});

test.each(['', 'ABCD', 'ABCD-EFGH-JKMN-PQR!', 'A'.repeat(100_000)])('%.10j… is no code', async (text) => {
  const sent = await statementsOf(people.database, async () =>
    expect(await typed(undefined, text, '10.6.1.1')).toBe('recovery_code_wrong'),
  );
  expect(sent).toEqual([]);
});

test('no code can be read in the database; its use is in the history', async () => {
  const siti = await owner();
  await siti.type(siti.codes[0]);
  const rows = await people.database.query<{ hash: Buffer }>('select hash from recovery_codes where account_id = $1', [
    siti.accountId,
  ]);
  expect(rows).toHaveLength(10);
  for (const code of siti.codes) expect(rows.some(({ hash }) => hash.includes(code.replaceAll('-', '')))).toBe(false);
  const events = await people.database.query<{ kind: string; details: unknown }>(
    `select kind, details from account_events where account_id = $1 and kind like 'recovery%' order by at`,
    [siti.accountId],
  );
  expect(events).toEqual([
    { kind: 'recovery-codes.made', details: { count: 10 } },
    { kind: 'recovery-code.used', details: {} },
  ]);
});
