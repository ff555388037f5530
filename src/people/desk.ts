/**
 * Sheets of a service desk. An officer who has seen a person and a document hands out a one-time code on paper, and with it
 * the person makes a new passkey: for an account that has no address yet, or as the last way back into one.
 *
 * Where more is at stake a second officer has to see the same. Into an account that somebody may be using the
 * code opens only after a wait, in which whoever is signed in and every contact may cancel; an old contact may end the wait.
 *
 * The officer sees the code, so it must not be worth anything before its owner could object: everything here rests on the
 * wait and the notices, not on the officer.
 */
import { countEvent, recordAccountEvent } from '#src/audit/events.ts';
import type { Db } from '#src/base/database.ts';
import { DAY_MS } from '#src/base/epoch.ts';
import { type Language, Refusal } from '#src/base/refusals.ts';
import { newIdIn, type Secrets, shardOf } from '#src/base/secrets.ts';
import { readAccountNumber } from './account-numbers.ts';
import { type Account, type AccountState, findAccount, listAccountContacts, loadAccount } from './accounts.ts';
import { type CountingContact, listCountingContacts } from './contacts.ts';
import {
  type DeskDocument,
  endOpen,
  findOpenSheet,
  findSheet,
  findSheetByHash,
  insertSheet,
  moveSheet,
  recordSheet,
  type Sheet,
  sheetColumns,
} from './desk-sheets.ts';
import { findAccountId, parseIdentifier } from './identifiers.ts';
import { listMemberships } from './memberships.ts';
import { createAccountWithoutAddress } from './new-accounts.ts';
import { drawLetters, inGroups, lettersOf, numberOf, readLetters } from './paper-codes.ts';
import { highestEvidence, type IdentityLevel, identityLevels, recordEvidence, restrictAccount } from './proofing.ts';
import { cancelWaiting } from './recoveries.ts';
import { atCost, type Cost, networkOf, type Throttles } from './throttles.ts';
import { listWays } from './ways.ts';

/** How long after its wait a sheet opens the account. */
const OPEN_MS = 7 * DAY_MS;
/** The second officer sees the person on the same visit. */
const SECOND_OFFICER_MS = DAY_MS;

/** For which account an officer works, and on what occasion. */
export interface DeskCase {
  readonly accountId: string;
  /** The officer's account id. */
  readonly officer: string;
  /** The desk. */
  readonly agencyId: string;
  /** The number under which the desk keeps its papers. */
  readonly caseNumber: string;
}

/** Longest case number. */
const CASE_LENGTH = 40;

/**
 * A case number as it is typed: letters, digits and what stands between them.
 *
 * @throws `case_number_invalid`
 */
export function readCaseNumber(typed: string): string {
  const caseNumber = typed.normalize('NFKC').trim();
  if (caseNumber.length > CASE_LENGTH || !/^[\p{L}\p{N}][\p{L}\p{N} ./_-]*$/u.test(caseNumber))
    throw new Refusal('case_number_invalid');
  return caseNumber;
}

/**
 * The account that somebody at a desk names: by an address that signs in to it, or by its number. A point of the officer's
 * day goes with each try, and the person sees it: {@link readAsStaff} is the only way to what is inside.
 *
 * @throws `too_many_attempts`
 */
export async function lookUp(
  db: Db,
  secrets: Secrets,
  throttles: Throttles,
  { officer, named }: { readonly officer: string; readonly named: string },
): Promise<string | undefined> {
  return atCost(throttles, { cost: [['desk_look_up_by_officer', officer]], counts: 'done' }, async () => {
    const address = parseIdentifier(named);
    if (address) return findAccountId(db, secrets, address);
    const id = readAccountNumber(named);
    return id && (await findAccount(db, secrets, id))?.id;
  });
}

/** What an officer sees of an account, to compare it with the person and the document. */
export interface AccountAtDesk {
  readonly account: Account;
  /** Those that count. */
  readonly contacts: readonly CountingContact[];
  /** The best evidence there is, also what a recovery has closed. */
  readonly proven: IdentityLevel | undefined;
  readonly kind: Sheet['kind'];
  readonly needsSecond: boolean;
  /** A sheet that would be replaced by another one. */
  readonly open: Sheet | undefined;
}

/**
 * Reads an account for somebody of the staff, and writes into its owner's history who looked, in which role, why and in which
 * case: there is no reading without that line.
 *
 * @throws `account_unavailable`
 */
export async function readAsStaff(
  db: Db,
  secrets: Secrets,
  { accountId, officer, agencyId, caseNumber }: DeskCase,
  why: { readonly role: 'desk'; readonly reason: 'asked-at-desk' | 'second-officer' },
): Promise<AccountAtDesk> {
  const read = await readForDesk(db, secrets, accountId);
  const details = { ...why, agency: agencyId, case: caseNumber, officer };
  await recordAccountEvent(db, { accountId, kind: 'account.read-by-staff', details });
  return read;
}

/** The same again for who has read it under the same case a moment ago. @throws `account_unavailable` */
export async function readForDesk(db: Db, secrets: Secrets, accountId: string): Promise<AccountAtDesk> {
  const account = await loadAccount(db, secrets, accountId);
  const contacts = await listCountingContacts(db, secrets, accountId);
  const ways = await listWays(db, account);
  const addresses = await listAccountContacts(db, secrets, accountId);
  const isEmpty = addresses.length === 0 && ways.passkeys.length === 0 && !ways.passwordSince;
  return {
    account,
    contacts,
    proven: await highestEvidence(db, accountId),
    kind: isEmpty ? 'first' : 'recovery',
    needsSecond: await needsSecond(db, account),
    open: await findOpenSheet(db, accountId),
  };
}

/**
 * Whether two officers have to see the person: somebody has proven before who the person is by a document, or the account is
 * one that must not be opened lightly.
 */
async function needsSecond(
  db: Db,
  { id, state, restrictedAt }: Pick<Account, 'id' | 'state' | 'restrictedAt'>,
): Promise<boolean> {
  if (state === 'frozen' || restrictedAt) return true;
  const level = await highestEvidence(db, id);
  return level !== undefined && identityLevels.indexOf(level) >= identityLevels.indexOf('ial2');
}

const servedStates: readonly AccountState[] = ['active', 'closing', 'frozen'];

/** Letters of a code: three for the shard, filled up with three random bits, then 85 more of them. */
const SHARD_LETTERS = 3;
const RANDOM_LETTERS = 17;
/** Three letters have three bits more than a shard. */
const SPARE_BITS = 3n;

function drawCode(shard: number): string {
  const spare = numberOf(drawLetters(1)) >> 2n;
  return lettersOf((BigInt(shard) << SPARE_BITS) | spare, SHARD_LETTERS) + drawLetters(RANDOM_LETTERS);
}

function shardOfCode(code: string): number {
  return Number(numberOf(code.slice(0, SHARD_LETTERS)) >> SPARE_BITS);
}

/** What an officer asks for with a sheet, beside the account. */
export type SheetRequest = Omit<DeskCase, 'accountId'> & {
  readonly document: DeskDocument;
  /** Asks for a second officer also where one would do. */
  readonly withSecond: boolean;
};

/** A sheet, and its code to be shown once. */
export interface IssuedSheet {
  readonly sheet: Sheet;
  readonly code: string;
}

/**
 * Issues a sheet. One that was issued before and is still open is void from now on. Call it before the unit of work has
 * written anything (see {@link Throttles}).
 *
 * @param wait.seconds how long a way back into an account waits; what had no way in opens at once
 * @throws `desk_own_account`, `account_unavailable`, `too_many_attempts`
 */
export async function issueSheet(
  db: Db,
  secrets: Secrets,
  throttles: Throttles,
  asked: SheetRequest & Pick<DeskCase, 'accountId'>,
  wait: { readonly seconds: number },
): Promise<IssuedSheet> {
  const { accountId, officer } = asked;
  if (officer === accountId) throw new Refusal('desk_own_account');
  return atCost(throttles, { cost: costOf(asked), counts: 'done' }, async () => {
    await holdForDesk(db, accountId);
    const { kind, needsSecond: isTwofold } = await readForDesk(db, secrets, accountId);
    await endOpen(db, accountId, 'replaced');
    return issue(db, secrets, { ...asked, withSecond: asked.withSecond || isTwofold }, kind, wait);
  });
}

/**
 * Opens an account for somebody who has no address, and issues its first sheet. Call it before the unit of work has written
 * anything.
 *
 * @throws `name_invalid`, `too_many_attempts`
 */
export async function openAccountAtDesk(
  db: Db,
  secrets: Secrets,
  throttles: Throttles,
  asked: SheetRequest & { readonly name: string; readonly language: Language },
): Promise<IssuedSheet> {
  return atCost(throttles, { cost: costOf(asked), counts: 'done' }, async () => {
    const { id: accountId } = await createAccountWithoutAddress(db, secrets, asked);
    return issue(db, secrets, { ...asked, accountId }, 'first', { seconds: 0 });
  });
}

function costOf({ officer }: Pick<DeskCase, 'officer'>): Cost {
  return [['desk_sheet_by_officer', officer]];
}

async function issue(
  db: Db,
  secrets: Secrets,
  asked: SheetRequest & Pick<DeskCase, 'accountId'>,
  kind: Sheet['kind'],
  wait: { readonly seconds: number },
): Promise<IssuedSheet> {
  const code = drawCode(shardOf(asked.accountId));
  const sheet = newSheet(asked, { kind, state: asked.withSecond ? 'second-officer' : 'waiting' }, wait);
  await insertSheet(db, sheet, secrets.hash('desk-sheet', code));
  await recordSheet(db, sheet, 'sheet.issued', { officer: sheet.officer, document: sheet.document });
  return { sheet, code: inGroups(code) };
}

/** @throws `account_unavailable` */
async function holdForDesk(db: Db, id: string): Promise<Pick<Account, 'id' | 'state' | 'restrictedAt'>> {
  const shard = shardOf(id);
  const row = await db
    .for(shard)
    .first<{ state: AccountState; restricted_at: Date | null }>(
      `select state, restricted_at from accounts where shard = $1 and id = $2 for no key update`,
      [shard, id],
    );
  if (!row || !servedStates.includes(row.state)) throw new Refusal('account_unavailable', 'not to be opened by a desk');
  return { id, state: row.state, restrictedAt: row.restricted_at ?? undefined };
}

function newSheet(
  { accountId, agencyId, officer, caseNumber, document }: DeskCase & Pick<Sheet, 'document'>,
  { kind, state }: { readonly kind: Sheet['kind']; readonly state: 'second-officer' | 'waiting' },
  wait: { readonly seconds: number },
): Sheet {
  const issuedAt = new Date();
  return {
    ...{ id: newIdIn(shardOf(accountId)), accountId, kind, state, agencyId, officer, caseNumber, document, issuedAt },
    ...timesOf({ kind, state }, issuedAt, wait),
    secondOfficer: undefined,
    confirmedAt: undefined,
  };
}

/** From when a sheet opens the account, and until when. */
function timesOf(
  { kind, state }: { readonly kind: Sheet['kind']; readonly state: 'second-officer' | 'waiting' },
  now: Date,
  wait: { readonly seconds: number },
): Pick<Sheet, 'readyAt' | 'expiresAt'> {
  const readyAt = new Date(now.getTime() + (kind === 'first' ? 0 : wait.seconds * 1000));
  const expiresAt = new Date(state === 'waiting' ? readyAt.getTime() + OPEN_MS : now.getTime() + SECOND_OFFICER_MS);
  return { readyAt, expiresAt };
}

/**
 * A second officer has seen the same: from now on the sheet waits. Of two at once one agrees, and never the one who issued it.
 *
 * @throws `desk_own_account`, `desk_same_officer`, `sheet_over`
 */
export async function agreeToSheet(
  db: Db,
  sheet: Sheet,
  officer: string,
  wait: { readonly seconds: number },
): Promise<Sheet> {
  if (officer === sheet.accountId) throw new Refusal('desk_own_account');
  if (officer === sheet.officer) throw new Refusal('desk_same_officer');
  const now = new Date();
  const { readyAt, expiresAt } = timesOf({ kind: sheet.kind, state: 'waiting' }, now, wait);
  const agreed = await moveSheet(
    db,
    sheet,
    `update desk_sheets set state = 'waiting', second_officer = $5, ready_at = $6, expires_at = $7
     where shard = $1 and account_id = $2 and id = $3 and state = 'second-officer' and officer <> $5 and expires_at > $4
     returning ${sheetColumns}`,
    [now, officer, readyAt, expiresAt],
  );
  if (!agreed) throw new Refusal('sheet_over', 'no sheet that waits for a second officer');
  await recordSheet(db, agreed, 'sheet.agreed', { officer });
  return agreed;
}

/**
 * The sheet of a code that somebody types, in whatever state it is: nobody has a code but who holds its paper.
 *
 * @throws `sheet_code_wrong`, `too_many_attempts`
 */
export async function findSheetByCode(
  db: Db,
  secrets: Secrets,
  throttles: Throttles,
  typed: { readonly code: string; readonly network: string },
): Promise<Sheet> {
  const code = readLetters(typed.code, SHARD_LETTERS + RANDOM_LETTERS);
  if (code === undefined) throw wrong('not shaped like the code of a sheet');
  const cost = [['sheet_code_from_network', networkOf(typed.network)]] as const;
  return atCost(throttles, { cost, counts: 'sheet_code_wrong' }, async () => {
    const shard = shardOfCode(code);
    const sheet = await findSheetByHash(db, shard, secrets.hash('desk-sheet', code));
    if (!sheet) throw wrong('no such sheet');
    return sheet;
  });
}

function wrong(reason: string): Refusal {
  countEvent('sheet-code.failed');
  return new Refusal('sheet_code_wrong', reason);
}

/**
 * Uses a sheet whose wait is over. One statement decides against every other use and end; the caller gives the account its new
 * passkey in the same unit of work, and ends what was signed in. What the officers saw becomes evidence of who the person is:
 * of two it is as good as can be had here, and lifts a restriction; where one officer alone had nothing to go by but a name
 * that anybody may have typed, the account is restricted from now on.
 *
 * @returns the sheet, and in which state its account was
 * @throws `sheet_over`, `account_unavailable`
 */
export async function useSheet(
  db: Db,
  { accountId, id }: Pick<Sheet, 'accountId' | 'id'>,
): Promise<{ readonly sheet: Sheet; readonly was: AccountState }> {
  const account = await holdForDesk(db, accountId);
  const sheet = await findSheet(db, id);
  // What makes two officers necessary may have come during the wait.
  if (!sheet?.secondOfficer && (await needsSecond(db, account)))
    throw new Refusal('sheet_over', 'one officer is not enough any more');
  if (sheet && !(await mayVouch(db, sheet))) throw new Refusal('sheet_over', 'the role of an officer rests');
  const used = await moveSheet(
    db,
    { accountId, id },
    `update desk_sheets set state = 'used', ended_at = $4
     where shard = $1 and account_id = $2 and id = $3 and state = 'waiting' and ready_at <= $4 and expires_at > $4
     returning ${sheetColumns}`,
    [new Date()],
  );
  if (!used) throw new Refusal('sheet_over', 'no sheet to use');
  await recordSheet(db, used, 'sheet.used');
  await cancelWaiting(db, accountId);
  const level = levelOf(used, await highestEvidence(db, accountId));
  if (level) await recordEvidence(db, { accountId, level, method: 'desk', recordedBy: used.officer });
  else await restrictAccount(db, accountId);
  return { sheet: used, was: account.state };
}

/** An officer whose account somebody else may have come into since has seen nobody. */
async function mayVouch(db: Db, { officer, secondOfficer }: Sheet): Promise<boolean> {
  for (const id of secondOfficer ? [officer, secondOfficer] : [officer]) {
    const held = await listMemberships(db, id, new Date());
    if (held.some(({ role, suspendedAt }) => role === 'desk' && suspendedAt)) return false;
  }
  return true;
}

/** What a sheet proves about the person; undefined where the account has never been seen with a document. */
function levelOf(sheet: Sheet, before: IdentityLevel | undefined): IdentityLevel | undefined {
  if (sheet.secondOfficer) return 'ial2';
  return sheet.kind === 'first' || sheet.confirmedAt || before ? 'ial1' : undefined;
}
