/**
 * The rows of a desk's sheets: one-time codes on paper, each for one account.
 *
 * A sheet moves by conditional statements alone: `second-officer` → `waiting` → `used`, from each of the two to `cancelled`
 * or `expired`. Who may move one, and when, is said in `desk.ts`.
 */
import { recordAccountEvent } from '#src/audit/events.ts';
import type { Db } from '#src/base/database.ts';
import { everyShard, shardOf } from '#src/base/secrets.ts';

/** What kind of document an officer has seen; its number is nowhere. */
export const deskDocuments = ['ktp', 'passport', 'family-card', 'driving-licence', 'birth-certificate'] as const;
export type DeskDocument = (typeof deskDocuments)[number];

export type SheetState = 'second-officer' | 'waiting' | 'used' | 'cancelled' | 'expired';

/** A sheet without its code, which nobody can read again. */
export interface Sheet {
  readonly id: string;
  readonly accountId: string;
  /** `first`: there was no way into the account before. */
  readonly kind: 'first' | 'recovery';
  readonly state: SheetState;
  readonly agencyId: string;
  /** Account ids. */
  readonly officer: string;
  readonly secondOfficer: string | undefined;
  readonly caseNumber: string;
  readonly document: DeskDocument;
  readonly issuedAt: Date;
  /** From then on it opens the account, if it waits. */
  readonly readyAt: Date;
  readonly expiresAt: Date;
  readonly confirmedAt: Date | undefined;
}

interface SheetRow {
  id: string;
  account_id: string;
  kind: Sheet['kind'];
  state: SheetState;
  agency_id: string;
  officer: string;
  second_officer: string | null;
  case_number: string;
  document: DeskDocument;
  issued_at: Date;
  ready_at: Date;
  expires_at: Date;
  confirmed_at: Date | null;
}

/** What {@link moveSheet} returns of a row. */
export const sheetColumns = `id, account_id, kind, state, agency_id, officer, second_officer, case_number, document, issued_at, ready_at,
  expires_at, confirmed_at`;

function toSheet(row: SheetRow): Sheet {
  const isOver = row.expires_at.getTime() <= Date.now();
  return {
    id: row.id,
    accountId: row.account_id,
    kind: row.kind,
    state: isOpen(row) && isOver ? 'expired' : row.state,
    agencyId: row.agency_id,
    officer: row.officer,
    secondOfficer: row.second_officer ?? undefined,
    caseNumber: row.case_number,
    document: row.document,
    issuedAt: row.issued_at,
    readyAt: row.ready_at,
    expiresAt: row.expires_at,
    confirmedAt: row.confirmed_at ?? undefined,
  };
}

/** Whether it may still open the account one day. */
export function isOpen({ state }: { readonly state: SheetState }): boolean {
  return state === 'second-officer' || state === 'waiting';
}

/** Whether it opens the account now. */
export function isSheetReady({ state, readyAt }: Pick<Sheet, 'state' | 'readyAt'>): boolean {
  return state === 'waiting' && readyAt.getTime() <= Date.now();
}

/** Writes down a sheet that was just issued. */
export async function insertSheet(db: Db, sheet: Sheet, hash: Buffer): Promise<void> {
  const shard = shardOf(sheet.accountId);
  await db.for(shard).execute(
    `insert into desk_sheets (shard, account_id, id, token_hash, kind, state, agency_id, officer, case_number, document,
       issued_at, ready_at, expires_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
    [
      ...[shard, sheet.accountId, sheet.id, hash, sheet.kind, sheet.state, sheet.agencyId, sheet.officer],
      ...[sheet.caseNumber, sheet.document, sheet.issuedAt, sheet.readyAt, sheet.expiresAt],
    ],
  );
}

/** Writes what became of a sheet into its owner's history. */
export async function recordSheet(
  db: Db,
  { accountId, agencyId, caseNumber, kind: sheet }: Sheet,
  kind: 'sheet.issued' | 'sheet.agreed' | 'sheet.confirmed' | 'sheet.cancelled' | 'sheet.used',
  more: Readonly<Record<string, string>> = {},
): Promise<void> {
  const details = { sheet, agency: agencyId, case: caseNumber, ...more };
  await recordAccountEvent(db, { accountId, kind, details });
}

/**
 * Moves a sheet by one conditional statement, whose first three values are its shard, account and id.
 *
 * @returns it as it is now, or undefined where it did not move
 */
export async function moveSheet(
  db: Db,
  { accountId, id }: Pick<Sheet, 'accountId' | 'id'>,
  text: string,
  values: readonly unknown[],
): Promise<Sheet | undefined> {
  const shard = shardOf(accountId);
  const row = await db.for(shard).first<SheetRow>(text, [shard, accountId, id, ...values]);
  return row && toSheet(row);
}

/** Who cancels a sheet. `replaced`: another one was issued. `held`: the account was frozen or disabled. */
export type CancelledBy = 'owner' | 'contact' | 'officer' | 'replaced' | 'held';

/** Ends a sheet that is still open. @returns it, or undefined where it had ended already */
export async function cancelSheet(
  db: Db,
  { accountId, id }: Pick<Sheet, 'accountId' | 'id'>,
  by: CancelledBy,
): Promise<Sheet | undefined> {
  const cancelled = await moveSheet(
    db,
    { accountId, id },
    `update desk_sheets set state = 'cancelled', ended_at = $4
     where shard = $1 and account_id = $2 and id = $3 and state in ('second-officer', 'waiting') and expires_at > $4
     returning ${sheetColumns}`,
    [new Date()],
  );
  if (cancelled) await recordSheet(db, cancelled, 'sheet.cancelled', { by });
  return cancelled;
}

/** Ends what is open for an account that is held, or that is given another sheet; what is too old makes room as well. */
export async function endOpen(db: Db, accountId: string, by: CancelledBy): Promise<void> {
  const sheet = await findUnended(db, accountId);
  if (!sheet || (await cancelSheet(db, sheet, by))) return;
  await moveSheet(
    db,
    sheet,
    `update desk_sheets set state = 'expired', ended_at = $4
     where shard = $1 and account_id = $2 and id = $3 and state in ('second-officer', 'waiting')
     returning ${sheetColumns}`,
    [new Date()],
  );
}

/** The sheet of an account that may still open it. */
export async function findOpenSheet(db: Db, accountId: string): Promise<Sheet | undefined> {
  const sheet = await findUnended(db, accountId);
  return sheet && isOpen(sheet) ? sheet : undefined;
}

/** Also one whose time is over, until the purge comes by. Whatever has ended says when, so that the open one comes first. */
async function findUnended(db: Db, accountId: string): Promise<Sheet | undefined> {
  const shard = shardOf(accountId);
  const row = await db
    .for(shard)
    .first<SheetRow>(
      `select ${sheetColumns} from desk_sheets where shard = $1 and account_id = $2 order by ended_at desc nulls first limit 1`,
      [shard, accountId],
    );
  return row && isOpen(row) ? toSheet(row) : undefined;
}

/** One sheet by its id, which carries its shard. */
export async function findSheet(db: Db, id: string): Promise<Sheet | undefined> {
  const shard = shardOf(id);
  const row = await db
    .for(shard)
    .first<SheetRow>(`select ${sheetColumns} from desk_sheets where shard = $1 and id = $2`, [shard, id]);
  return row && toSheet(row);
}

/** The sheet whose code has this hash, in whatever state it is. */
export async function findSheetByHash(db: Db, shard: number, hash: Buffer): Promise<Sheet | undefined> {
  const row = await db
    .for(shard)
    .first<SheetRow>(`select ${sheetColumns} from desk_sheets where shard = $1 and token_hash = $2`, [shard, hash]);
  return row && toSheet(row);
}

/** The sheets of some desks that are still open, the oldest first. */
export async function listOpenSheets(db: Db, agencyIds: readonly string[], limit: number): Promise<Sheet[]> {
  const rows = await db.forAll(everyShard).query<SheetRow>(
    `select ${sheetColumns} from desk_sheets
     where shard = any($1) and agency_id = any($2) and state in ('second-officer', 'waiting') and expires_at > $3
     order by issued_at, id limit $4`,
    [everyShard, agencyIds, new Date(), limit],
  );
  return rows.map(toSheet);
}
