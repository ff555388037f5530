import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newAccountId, shardOf } from '#src/base/secrets.ts';
import { freezeAccount } from '#src/people/account-life.ts';
import { accountNumber, readAccountNumber } from '#src/people/account-numbers.ts';
import { findAccount, loadAccount } from '#src/people/accounts.ts';
import {
  agreeToSheet,
  findSheetByCode,
  issueSheet,
  lookUp,
  openAccountAtDesk,
  readAsStaff,
  readCaseNumber,
  useSheet,
} from '#src/people/desk.ts';
import { confirmSheet, openSheetNotice, type SheetNotice, sealSheetNotice } from '#src/people/desk-contacts.ts';
import {
  cancelSheet,
  findOpenSheet,
  findSheet,
  isSheetReady,
  listOpenSheets,
  type Sheet,
} from '#src/people/desk-sheets.ts';
import type { Identifier } from '#src/people/identifiers.ts';
import { grantMembership, restoreMembership, suspendMemberships } from '#src/people/memberships.ts';
import { type IdentityLevel, identityAssurance, recordEvidence, restrictAccount } from '#src/people/proofing.ts';
import { readRecoveries, startRecovery } from '#src/people/recoveries.ts';
import { useMovedClock } from '#test/support/clock.ts';
import { setPassword } from '#test/support/passwords.ts';
import { email, openPeople, type People, phone, refusalOf } from './people.ts';

const hour = 3600;
const day = 24 * hour;
const wait = { seconds: day };

let people: People;

beforeAll(async () => {
  people = await openPeople();
});

afterAll(() => people[Symbol.asyncDispose]());

const pass = useMovedClock();
let numbers = 0;

function newOfficer(): string {
  return newAccountId();
}

const rudi = newOfficer();

/** Somebody with an account, and what a desk may do for them. */
async function somebody() {
  const { database, secrets, throttles } = people;
  numbers += 1;
  const address = email(`warga-${numbers}`);
  /** Issues sheets for nobody else. */
  const sari = newOfficer();
  const { id } = await people.citizen(`warga-${numbers}`);
  const asked = { accountId: id, agencyId: 'dukcapil', caseNumber: `B-${numbers}`, document: 'ktp' as const };
  const assurance = () => identityAssurance(database, id);
  return {
    id,
    address,
    sari,
    issue: (by = sari, withSecond = false) =>
      people.request((db) => issueSheet(db, secrets, throttles, { ...asked, officer: by, withSecond }, wait)),
    prove: (level: IdentityLevel) =>
      people.request((db) => recordEvidence(db, { accountId: id, level, method: 'desk', recordedBy: 'uji' })),
    assurance,
    account: () => loadAccount(database, secrets, id),
    read: () =>
      people.request((db) =>
        readAsStaff(db, secrets, { ...asked, officer: sari }, { role: 'desk', reason: 'asked-at-desk' }),
      ),
    events: () => eventsOf(id),
  };
}

async function eventsOf(accountId: string) {
  const shard = shardOf(accountId);
  return people.database
    .for(shard)
    .query<{ kind: string; details: Record<string, unknown> }>(
      'select kind, details from account_events where shard = $1 and account_id = $2 order by at, id',
      [shard, accountId],
    );
}

/** What the link says that a contact gets. */
function noticeTo(sheet: Sheet, contact: Identifier): SheetNotice {
  const { secrets } = people;
  return openSheetNotice(secrets, sealSheetNotice(secrets, sheet, contact)) as SheetNotice;
}

const use = (sheet: Pick<Sheet, 'accountId' | 'id'>) => people.request((db) => useSheet(db, sheet));
const agree = (sheet: Sheet, officer: string) => people.request((db) => agreeToSheet(db, sheet, officer, wait));
const typeIn = (code: string) =>
  findSheetByCode(people.database, people.secrets, people.throttles, { code, network: '203.0.113.7' });

describe('a code', () => {
  test('finds its sheet however it is typed, and is stored nowhere', async () => {
    const siti = await somebody();
    const { sheet, code } = await siti.issue();
    expect(code).toMatch(/^[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){4}$/);
    for (const typed of [code, code.toLowerCase(), code.replaceAll('-', ' '), code.replaceAll('1', 'l')])
      expect((await typeIn(typed)).id).toBe(sheet.id);
    const stored = await people.database
      .for(shardOf(siti.id))
      .query('select d::text as text from desk_sheets d where shard = $1', [shardOf(siti.id)]);
    expect(JSON.stringify(stored)).toContain(sheet.id);
    expect(JSON.stringify(stored)).not.toContain(code.replaceAll('-', ''));
  });

  test('with one letter changed, or of nobody, finds nothing', async () => {
    const { code } = await (await somebody()).issue();
    const last = code.at(-1) === '7' ? '8' : '7';
    for (const typed of [`${code.slice(0, -1)}${last}`, 'AAAA-BBBB-CCCC-DDDD-EEEE', 'x', ''])
      expect(await refusalOf(typeIn(typed))).toBe('sheet_code_wrong');
  });
});

describe('a way back into an account', () => {
  test('waits a day, then opens once', async () => {
    const siti = await somebody();
    const { sheet } = await siti.issue();
    expect(sheet).toMatchObject({ kind: 'recovery', state: 'waiting' });
    expect(await refusalOf(use(sheet))).toBe('sheet_over');
    pass(day - 1);
    expect(await refusalOf(use(sheet))).toBe('sheet_over');
    pass(1);
    const tries = await Promise.all(Array.from({ length: 50 }, () => refusalOf(use(sheet))));
    expect(tries.filter((refusal) => refusal === undefined)).toHaveLength(1);
    expect(new Set(tries)).toEqual(new Set([undefined, 'sheet_over']));
  });

  test('ends after a week in which nobody came', async () => {
    const { sheet } = await (await somebody()).issue();
    pass(8 * day);
    expect(await refusalOf(use(sheet))).toBe('sheet_over');
    expect((await findSheet(people.database, sheet.id))?.state).toBe('expired');
  });

  test('is void once it is cancelled, and cancelled once', async () => {
    const siti = await somebody();
    const { sheet } = await siti.issue();
    const cancel = () => people.request((db) => cancelSheet(db, sheet, 'owner'));
    const ended = await Promise.all([cancel(), cancel(), cancel()]);
    expect(ended.filter(Boolean)).toHaveLength(1);
    pass(day);
    expect(await refusalOf(use(sheet))).toBe('sheet_over');
    expect((await siti.events()).map(({ kind }) => kind).sort()).toEqual([
      'account.created',
      'sheet.cancelled',
      'sheet.issued',
    ]);
  });

  test('is void once another one is issued', async () => {
    const siti = await somebody();
    const first = await siti.issue();
    const second = await siti.issue(rudi);
    pass(day);
    expect(await refusalOf(use(first.sheet))).toBe('sheet_over');
    expect(await refusalOf(use(second.sheet))).toBeUndefined();
  });

  test('is void once the account is frozen; for a frozen one two officers are needed', async () => {
    const siti = await somebody();
    const { sheet } = await siti.issue();
    await people.request((db) => freezeAccount(db, siti.id, { reason: 'not-me' }));
    expect((await findSheet(people.database, sheet.id))?.state).toBe('cancelled');
    const again = await siti.issue();
    expect(again.sheet.state).toBe('second-officer');
    await agree(again.sheet, rudi);
    pass(day);
    expect((await use(again.sheet)).was).toBe('frozen');
  });

  test('ends a recovery by contacts that somebody else has begun', async () => {
    const siti = await somebody();
    const contacts = [siti.address, phone()] as const;
    await people.request((db) => startRecovery(db, people.secrets, { accountId: siti.id, contacts }, wait));
    const { sheet } = await siti.issue();
    pass(day);
    await use(sheet);
    expect((await readRecoveries(people.database, siti.id)).waiting).toBeUndefined();
  });

  test('waits no longer once an old contact has confirmed it; a stranger and a young contact cannot', async () => {
    const siti = await somebody();
    const { sheet } = await siti.issue();
    const confirm = (contact = siti.address) =>
      people.request((db) => confirmSheet(db, people.secrets, noticeTo(sheet, contact)));
    expect(await confirm(email('orang-lain'))).toBeUndefined();
    expect(isSheetReady((await confirm()) as Sheet)).toBe(true);
    expect(await confirm()).toBeUndefined();
    expect(await refusalOf(use(sheet))).toBeUndefined();
  });
});

describe('who sees the person', () => {
  test('one officer where nobody has proven more than a name; two where it was proven by a document', async () => {
    const siti = await somebody();
    expect((await siti.read()).needsSecond).toBe(false);
    await siti.prove('ial1');
    expect((await siti.read()).needsSecond).toBe(false);
    await siti.prove('ial2');
    expect((await siti.read()).needsSecond).toBe(true);
    expect((await siti.issue()).sheet.state).toBe('second-officer');
  });

  test('two also where a recovery has closed what was proven', async () => {
    const siti = await somebody();
    await siti.prove('ial2');
    await people.request((db) => restrictAccount(db, siti.id));
    expect((await siti.issue()).sheet.state).toBe('second-officer');
  });

  test('the second is somebody else, and not the person; of several one agrees, and only then the wait begins', async () => {
    const siti = await somebody();
    await siti.prove('ial2');
    const { sheet } = await siti.issue();
    pass(hour);
    expect(await refusalOf(agree(sheet, siti.sari))).toBe('desk_same_officer');
    expect(await refusalOf(agree(sheet, siti.id))).toBe('desk_own_account');
    const others = Array.from({ length: 5 }, newOfficer);
    const answers = await Promise.all(others.map((officer) => refusalOf(agree(sheet, officer))));
    expect(answers.filter((refusal) => refusal === undefined)).toHaveLength(1);
    pass(day - 1);
    expect(await refusalOf(use(sheet))).toBe('sheet_over');
    pass(1);
    expect(await refusalOf(use(sheet))).toBeUndefined();
  });

  test('without the second one nothing opens, however long one waits, and nobody can agree the day after', async () => {
    const siti = await somebody();
    await siti.prove('ial2');
    const { sheet } = await siti.issue();
    pass(day);
    expect(await refusalOf(use(sheet))).toBe('sheet_over');
    expect(await refusalOf(agree(sheet, rudi))).toBe('sheet_over');
  });

  test('what is proven meanwhile makes one officer too few', async () => {
    const siti = await somebody();
    const { sheet } = await siti.issue();
    pass(hour);
    await siti.prove('ial2');
    pass(day);
    expect(await refusalOf(use(sheet))).toBe('sheet_over');
  });

  test('an officer whose role rests has seen nobody: what they issued opens nothing', async () => {
    const { id: officer } = await people.citizen('petugas-dirampas');
    await grantMembership(people.database, { accountId: officer, agencyId: 'dukcapil', role: 'desk' }, 'command');
    const { issue } = await somebody();
    const { sheet } = await issue(officer);
    pass(day);
    await suspendMemberships(people.database, officer, 'recovered');
    expect(await refusalOf(use(sheet))).toBe('sheet_over');
    await restoreMembership(people.database, { accountId: officer, agencyId: 'dukcapil', role: 'desk' });
    await use(sheet);
  });

  test('nobody issues a sheet for their own account', async () => {
    const siti = await somebody();
    expect(await refusalOf(siti.issue(siti.id))).toBe('desk_own_account');
  });
});

describe('what a used sheet leaves', () => {
  test('two officers: evidence, and a restriction is lifted', async () => {
    const siti = await somebody();
    await siti.prove('ial2');
    pass(60);
    await people.request((db) => restrictAccount(db, siti.id));
    const { sheet } = await siti.issue();
    await agree(sheet, rudi);
    pass(day);
    await use(sheet);
    expect((await siti.account()).restrictedAt).toBeUndefined();
    expect(await siti.assurance()).toBe('ial2');
  });

  test('two officers are not as good as what was proven with more: the restriction stays', async () => {
    const siti = await somebody();
    await siti.prove('ial3');
    pass(60);
    await people.request((db) => restrictAccount(db, siti.id));
    const { sheet } = await siti.issue();
    await agree(sheet, rudi);
    pass(day);
    await use(sheet);
    expect((await siti.account()).restrictedAt).toBeDefined();
  });

  test('one officer and a name that anybody may have typed: no evidence, and the account is restricted', async () => {
    const siti = await somebody();
    const { sheet } = await siti.issue();
    pass(day);
    await use(sheet);
    expect((await siti.account()).restrictedAt).toBeDefined();
    expect(await siti.assurance()).toBeUndefined();
  });

  test('one officer, where a document or an old contact speaks for the person: evidence, and no restriction', async () => {
    const known = await somebody();
    await known.prove('ial1');
    const one = await known.issue();
    const reachable = await somebody();
    const other = await reachable.issue();
    await people.request((db) => confirmSheet(db, people.secrets, noticeTo(other.sheet, reachable.address)));
    pass(day);
    await use(one.sheet);
    await use(other.sheet);
    for (const { account, assurance } of [known, reachable]) {
      expect((await account()).restrictedAt).toBeUndefined();
      expect(await assurance()).toBe('ial1');
    }
  });
});

describe('an account without an address', () => {
  const open = (withSecond = false) =>
    people.request((db) =>
      openAccountAtDesk(db, people.secrets, people.throttles, {
        ...{ officer: newOfficer(), agencyId: 'dukcapil', caseNumber: 'B-1', document: 'ktp', withSecond },
        ...{ name: 'Mbah Karto', language: 'id' },
      }),
    );

  test('is opened with its name, and its sheet is good at once', async () => {
    const { sheet } = await open();
    expect(sheet.kind).toBe('first');
    expect((await findAccount(people.database, people.secrets, sheet.accountId))?.profile).toEqual({
      name: 'Mbah Karto',
    });
    await use(sheet);
    expect(await identityAssurance(people.database, sheet.accountId)).toBe('ial1');
  });

  test('is proven better by two officers, and waits for the second', async () => {
    const { sheet } = await open(true);
    expect(await refusalOf(use(sheet))).toBe('sheet_over');
    await agree(sheet, rudi);
    await use(sheet);
    expect(await identityAssurance(people.database, sheet.accountId)).toBe('ial2');
  });

  test('is found again by its number, and its lost sheet replaced at once; once there is a way in, the next one waits', async () => {
    const { sheet } = await open();
    const { secrets, throttles, database } = people;
    const number = accountNumber(sheet.accountId);
    const found = await lookUp(database, secrets, throttles, { officer: newOfficer(), named: number.toLowerCase() });
    expect(found).toBe(sheet.accountId);
    const asked = { ...sheet, officer: rudi, withSecond: false };
    const again = await people.request((db) => issueSheet(db, secrets, throttles, asked, wait));
    expect(again.sheet.kind).toBe('first');
    await use(again.sheet);
    await setPassword(database, sheet.accountId, 'kucing lompat pagar biru');
    const third = await people.request((db) => issueSheet(db, secrets, throttles, asked, wait));
    expect(third.sheet.kind).toBe('recovery');
    expect(await refusalOf(use(third.sheet))).toBe('sheet_over');
  });
});

describe('an account number', () => {
  test('is read back as it was written', () => {
    for (let i = 0; i < 50; i += 1) {
      const id = newAccountId();
      expect(readAccountNumber(accountNumber(id))).toBe(id);
    }
  });

  test('of more than an id, or of something else, is none', () => {
    for (const typed of ['', 'siti@contoh.id', 'Z'.repeat(26), 'A'.repeat(25)])
      expect(readAccountNumber(typed)).toBeUndefined();
  });
});

describe('looking an account up', () => {
  test('finds it by what signs in to it, and is written into its history with role, reason and case', async () => {
    const siti = await somebody();
    const { secrets, throttles, database } = people;
    const officer = newOfficer();
    const ask = (named: string) => lookUp(database, secrets, throttles, { officer, named });
    expect(await ask(siti.address.value.toUpperCase())).toBe(siti.id);
    expect(await ask('tidak-ada@contoh.id')).toBeUndefined();
    expect(await ask(accountNumber(newAccountId()))).toBeUndefined();
    const { account } = await siti.read();
    expect(account.id).toBe(siti.id);
    expect(await siti.events()).toContainEqual({
      kind: 'account.read-by-staff',
      details: {
        role: 'desk',
        reason: 'asked-at-desk',
        agency: 'dukcapil',
        case: expect.stringMatching(/^B-/),
        officer: siti.sari,
      },
    });
  });

  test('is limited for each officer, found or not; others go on', async () => {
    const { secrets, throttles, database } = people;
    const tired = newOfficer();
    const ask = (officer: string) =>
      refusalOf(lookUp(database, secrets, throttles, { officer, named: 'nihil@contoh.id' }));
    for (let i = 0; i < 60; i += 1) expect(await ask(tired)).toBeUndefined();
    expect(await ask(tired)).toBe('too_many_attempts');
    expect(await ask(newOfficer())).toBeUndefined();
  });

  test('a case number is letters and digits', () => {
    expect(readCaseNumber('  LKT/2026-11.0042 ')).toBe('LKT/2026-11.0042');
    for (const typed of ['', ' ', '<b>', 'x'.repeat(41), '\u0000']) expect(() => readCaseNumber(typed)).toThrow();
  });
});

test('an officer issues twenty sheets a day, then waits; what is refused costs nothing', async () => {
  const busy = newOfficer();
  const siti = await somebody();
  for (let i = 0; i < 20; i += 1) await siti.issue(busy);
  expect(await refusalOf(siti.issue(busy))).toBe('too_many_attempts');
  expect(await refusalOf(siti.issue(newOfficer()))).toBeUndefined();
});

test('the open sheets of a desk are listed, the oldest first, and of no other', async () => {
  const siti = await somebody();
  const { sheet } = await siti.issue();
  const open = await listOpenSheets(people.database, ['dukcapil'], 500);
  expect(open.map(({ id }) => id)).toContain(sheet.id);
  expect(open.map(({ issuedAt }) => issuedAt)).toEqual(
    open.map(({ issuedAt }) => issuedAt).sort((a, b) => Number(a) - Number(b)),
  );
  expect(await listOpenSheets(people.database, ['puskesmas'], 500)).toEqual([]);
  expect((await findOpenSheet(people.database, siti.id))?.id).toBe(sheet.id);
});
