/**
 * Files of the inventory that somebody has sent: checked row by row, looked at, and applied when they say so.
 *
 * Both are done in batches by whichever process holds the lease. A batch and the count of rows that are done commit together, and only
 * while the lease is still the one that was taken: a process that dies leaves its work at the end of a batch, where the next one
 * goes on, and no row is applied by two. The file is kept until it is applied or given up.
 */
import { randomUUID } from 'node:crypto';
import { recordAdminEvent } from '#src/audit/events.ts';
import type { Database, Db } from '#src/base/database.ts';
import { DAY_MS } from '#src/base/epoch.ts';
import { Refusal } from '#src/base/refusals.ts';
import { type Agency, findAgencies, type Outcome } from './agencies.ts';
import { entryOf, findRecordsByKey, outcomeOf, type RecordDraft, saveRecords } from './inventory.ts';
import { type CsvRow, readInventoryCsv, UnreadableFile } from './inventory-csv.ts';
import type { MistakeCode, RecordMistake } from './inventory-mistakes.ts';
import { checkRecord } from './inventory-schema.ts';
import type { Writing } from './inventory-versions.ts';
import { listSectors, type Sector } from './sectors.ts';

export const importStatuses = ['waiting', 'checking', 'checked', 'applying', 'applied', 'failed', 'given-up'] as const;
export type ImportStatus = (typeof importStatuses)[number];

/** A file that was sent. */
export interface InventoryImport {
  readonly id: string;
  /** Its rows are of this agency and those below. */
  readonly agencyId: string;
  readonly actor: string;
  readonly via: Writing['via'];
  readonly fileName: string;
  readonly status: ImportStatus;
  readonly rowsTotal: number;
  /** Of the pass that is under way: the one that checks or the one that applies. */
  readonly rowsDone: number;
  /** How many rows would be, or were, created, changed, left as they are and refused. */
  readonly created: number;
  readonly updated: number;
  readonly unchanged: number;
  readonly refused: number;
  readonly createdAt: Date;
  readonly finishedAt: Date | undefined;
  /** When it is removed, with its file where that is still there. */
  readonly expiresAt: Date;
}

interface ImportRow {
  id: string;
  agency_id: string;
  actor: string;
  via: Writing['via'];
  file_name: string;
  status: ImportStatus;
  rows_total: number;
  rows_done: number;
  created: number;
  updated: number;
  unchanged: number;
  refused: number;
  created_at: Date;
  finished_at: Date | null;
  expires_at: Date;
}

const columns = `id, agency_id, actor, via, file_name, status, rows_total, rows_done, created, updated, unchanged, refused,
  created_at, finished_at, expires_at`;

/** How long an import, and a file that nobody has applied, is kept. */
const LIFE_MS = 90 * DAY_MS;
/** How long a process may be silent until another goes on with its work. */
const LEASE_MS = 60_000;
const BATCH = 500;
/** So many files of an agency may wait or be worked on at a time, */
const MOST_OPEN = 5;
/** and so many be kept until somebody says what becomes of them. */
const MOST_KEPT = 30;

/** A file to be imported. */
export interface NewImport {
  /** Its rows are of this agency and those below. Whether the actor may write there is asked before. */
  readonly agencyId: string;
  readonly actor: string;
  readonly via: Writing['via'];
  readonly fileName: string;
  readonly content: Buffer;
}

/**
 * Takes a file, to be checked soon.
 *
 * @returns its id
 * @throws {Refusal} `imports_full` while too many of the agency's wait
 */
export async function startImport(tx: Db, { agencyId, actor, via, fileName, content }: NewImport): Promise<string> {
  const kept = await tx.query<{ status: ImportStatus }>(
    `select status from inventory_imports where agency_id = $1 and status not in ('applied', 'given-up') limit $2`,
    [agencyId, MOST_KEPT],
  );
  const open = kept.filter(({ status }) => status !== 'checked' && status !== 'failed');
  if (open.length >= MOST_OPEN || kept.length === MOST_KEPT)
    throw new Refusal('imports_full', `${open.length} imports of ${agencyId} are open, ${kept.length} are kept`);
  const id = randomUUID();
  const now = new Date();
  await tx.execute(
    `insert into inventory_imports (id, agency_id, actor, via, file_name, content, status, created_at, expires_at)
     values ($1, $2, $3, $4, $5, $6, 'waiting', $7, $8)`,
    [id, agencyId, actor, via, plainName(fileName), content, now, new Date(now.getTime() + LIFE_MS)],
  );
  return id;
}

/** A file's name without what could disguise it, at most 100 characters. */
function plainName(name: string): string {
  const plain = name
    .replace(/^.*[\\/]/, '')
    .replace(/[^\p{L}\p{N} ._()-]/gu, '_')
    .slice(0, 100)
    .toWellFormed();
  return plain || 'inventory.csv';
}

/** One import, by its id. */
export async function findImport(db: Db, id: string): Promise<InventoryImport | undefined> {
  const row = await db.first<ImportRow>(`select ${columns} from inventory_imports where id = $1`, [id]);
  return row && toImport(row);
}

/** @throws {Refusal} `import_not_found` */
export async function loadImport(db: Db, id: string): Promise<InventoryImport> {
  const found = await findImport(db, id);
  if (!found) throw new Refusal('import_not_found', `no import ${id}`);
  return found;
}

/** The last imports of these agencies and those below, the newest first. */
export async function listImports(db: Db, nodes: readonly string[], limit = 50): Promise<InventoryImport[]> {
  const rows = await db.query<ImportRow>(
    `select ${columns} from inventory_imports i
     where exists (select from agencies a where a.id = i.agency_id and (a.path && $1 or a.id = any($1)))
     order by created_at desc limit $2`,
    [nodes, limit],
  );
  return rows.map(toImport);
}

function toImport(row: ImportRow): InventoryImport {
  const { id, actor, via, status, created, updated, unchanged, refused } = row;
  return {
    ...{ id, actor, via, status, created, updated, unchanged, refused },
    agencyId: row.agency_id,
    fileName: row.file_name,
    rowsTotal: row.rows_total,
    rowsDone: row.rows_done,
    createdAt: row.created_at,
    finishedAt: row.finished_at ?? undefined,
    expiresAt: row.expires_at,
  };
}

/** What is wrong in a row of an import. */
export interface ImportMistake extends RecordMistake {
  /** The line of the file. */
  readonly row: number;
  /** Which of the row's mistakes it is, from 0. */
  readonly position: number;
}

/** The mistakes of an import in the order of its file, those behind `after`. */
export async function listImportMistakes(
  db: Db,
  id: string,
  { after, limit }: { readonly after?: Pick<ImportMistake, 'row' | 'position'> | undefined; readonly limit: number },
): Promise<ImportMistake[]> {
  const rows = await db.query<Omit<ImportMistake, 'given'> & { given: string | null }>(
    `select row, position, field, code, given from inventory_import_errors
     where import_id = $1 and (row, position) > ($2, $3) order by row, position limit $4`,
    [id, after?.row ?? -1, after?.position ?? -1, limit],
  );
  return rows.map(({ given, ...mistake }) => ({ ...mistake, given: given ?? undefined }));
}

/**
 * Says that a checked file is to be applied; whichever process comes first does it. One of several who say so at once.
 *
 * @throws {Refusal} `import_not_ready`
 */
export async function applyImport(tx: Db, id: string): Promise<void> {
  const done = await tx.execute(
    `update inventory_imports set status = 'applying', rows_done = 0, created = 0, updated = 0, unchanged = 0, refused = 0,
       lease_until = null, expires_at = $2
     where id = $1 and status = 'checked' and created + updated > 0`,
    [id, new Date(Date.now() + LIFE_MS)],
  );
  if (done === 0) throw new Refusal('import_not_ready', `import ${id} is not checked, or has nothing to apply`);
  await tx.execute('delete from inventory_import_errors where import_id = $1', [id]);
}

/** Leaves a file that is not applied: nothing of it stays but its counts. @throws {Refusal} `import_not_ready` */
export async function giveUpImport(tx: Db, id: string): Promise<void> {
  const done = await tx.execute(
    `update inventory_imports set status = 'given-up', content = null, finished_at = $2, lease_until = null
     where id = $1 and status in ('waiting', 'checking', 'checked', 'failed')`,
    [id, new Date()],
  );
  if (done === 0) throw new Refusal('import_not_ready', `import ${id} is applied, or given up already`);
}

/** An import that this process works on. */
interface Claimed {
  readonly id: string;
  readonly agencyId: string;
  readonly actor: string;
  readonly via: Writing['via'];
  readonly status: 'checking' | 'applying';
  readonly rowsDone: number;
  readonly content: Buffer;
  /** The lease, which names its holder. */
  readonly until: Date;
}

/** Takes the oldest import that waits for work, or the one that is named, for as long as the lease is renewed. */
async function claimImport(db: Db, id?: string): Promise<Claimed | undefined> {
  const now = new Date();
  const until = new Date(now.getTime() + LEASE_MS);
  const row = await db.first<{
    id: string;
    agency_id: string;
    actor: string;
    via: Writing['via'];
    status: 'checking' | 'applying';
    rows_done: number;
    content: Buffer;
  }>(
    `update inventory_imports set lease_until = $2, status = case when status = 'waiting' then 'checking' else status end
     where id = (
       select id from inventory_imports
       where status in ('waiting', 'checking', 'applying') and (lease_until is null or lease_until <= $1)
         and ($3::uuid is null or id = $3)
       order by created_at limit 1 for update skip locked)
     returning id, agency_id, actor, via, status, rows_done, content`,
    [now, until, id ?? null],
  );
  if (!row) return undefined;
  const { agency_id: agencyId, rows_done: rowsDone, ...rest } = row;
  return { ...rest, agencyId, rowsDone, until };
}

/** Told after every batch; between batches a signal may end the work, which the next one to claim it goes on with. */
export interface Watched {
  readonly signal?: AbortSignal | undefined;
  readonly onBatch?: ((rows: number) => void) | undefined;
}

/**
 * Does what waits to be done for one import: all of its rows, unless the signal or another process comes between.
 *
 * @param id the oldest that waits, unless it is named
 * @returns whether there was one
 */
export async function workOnImport(database: Database, watched: Watched = {}, id?: string): Promise<boolean> {
  const claimed = await claimImport(database, id);
  if (!claimed) return false;
  try {
    await workThrough(database, claimed, watched);
  } catch (error) {
    if (error instanceof UnreadableFile) await failImport(database, claimed, error);
    else if (!(error instanceof LeaseLost)) throw error;
  }
  return true;
}

/** Somebody else works on it, or it was given up. */
class LeaseLost extends Error {
  override name = 'LeaseLost';
}

async function workThrough(database: Database, claimed: Claimed, { signal, onBatch }: Watched): Promise<void> {
  const sectors = await listSectors(database);
  if (claimed.rowsDone === 0) claimed = await noteTotal(database, claimed, await countRows(claimed.content, sectors));
  const seen = new Set<string>();
  let { rowsDone, until } = claimed;
  let passed = 0;
  for await (const rows of inBatches(readInventoryCsv(claimed.content, sectors))) {
    const twice = findTwice(rows, claimed.agencyId, seen);
    passed += rows.length;
    if (passed <= rowsDone) continue;
    if (signal?.aborted) return release(database, { ...claimed, until });
    const renewed = new Date(Math.max(Date.now() + LEASE_MS, until.getTime() + 1));
    await database.batch(async (tx) => {
      const batch = await weighRows(tx, claimed, rows, twice);
      const outcomes = claimed.status === 'applying' ? await applyRows(tx, claimed, batch.drafts) : batch.outcomes;
      await insertMistakes(tx, claimed.id, batch.mistakes);
      await noteBatch(tx, claimed, { from: rowsDone, to: passed, until, renewed, outcomes, refused: batch.refused });
    });
    rowsDone = passed;
    until = renewed;
    onBatch?.(passed);
  }
  await finishImport(database, { ...claimed, until });
}

async function countRows(content: Buffer, sectors: readonly Sector[]): Promise<number> {
  let count = 0;
  for await (const _ of readInventoryCsv(content, sectors)) count += 1;
  return count;
}

async function* inBatches(rows: AsyncIterable<CsvRow>): AsyncGenerator<CsvRow[]> {
  let batch: CsvRow[] = [];
  for await (const row of rows) {
    batch.push(row);
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/** The rows whose key an earlier one has; `seen` goes on from batch to batch. */
function findTwice(rows: readonly CsvRow[], agencyId: string, seen: Set<string>): ReadonlySet<CsvRow> {
  const twice = new Set<CsvRow>();
  for (const row of rows) {
    const name = JSON.stringify([row.agencyId ?? agencyId, row.key]);
    if (seen.has(name)) twice.add(row);
    seen.add(name);
  }
  return twice;
}

interface Batch {
  readonly drafts: readonly RecordDraft[];
  readonly outcomes: readonly Outcome[];
  readonly mistakes: readonly ImportMistake[];
  readonly refused: number;
}

/** What would become of some rows, as everything stands now. */
async function weighRows(
  db: Db,
  { agencyId }: Claimed,
  rows: readonly CsvRow[],
  twice: ReadonlySet<CsvRow>,
): Promise<Batch> {
  const fit = rows.filter(({ mistakes }) => mistakes.length === 0);
  const idOf = (row: CsvRow) => row.agencyId ?? agencyId;
  const agencies = new Map((await findAgencies(db, [...new Set(fit.map(idOf))])).map((agency) => [agency.id, agency]));
  const found = await findRecordsByKey(
    db,
    fit.map((row) => ({ agencyId: idOf(row), key: row.key })),
  );
  const known = new Map(found.map((record) => [JSON.stringify([record.agencyId, record.key]), record]));
  const drafts: RecordDraft[] = [];
  const outcomes: Outcome[] = [];
  const mistakes: ImportMistake[] = [];
  let refused = 0;
  for (const row of rows) {
    const before = known.get(JSON.stringify([idOf(row), row.key]));
    const stays = before && !before.removedAt ? entryOf(before) : {};
    const { entry, mistakes: unfit = [] } = checkRecord(definedOf({ ...stays, ...row.said }));
    const wrong = mistakesOf(row, unfit, placeMistake(agencies.get(idOf(row)), agencyId), twice.has(row));
    if (!entry || wrong.length > 0) {
      refused += 1;
      mistakes.push(...wrong.map((mistake, position) => ({ ...mistake, row: row.row, position })));
      continue;
    }
    drafts.push({ agencyId: idOf(row), key: row.key, content: entry });
    outcomes.push(outcomeOf(before, entry));
  }
  return { drafts, outcomes, mistakes, refused };
}

function definedOf(said: object): object {
  return Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined));
}

/** A row is of an agency that exists, at or below the one that the file is for. */
function placeMistake(agency: Agency | undefined, agencyId: string): MistakeCode | undefined {
  if (!agency) return 'agency_unknown';
  return agency.path.includes(agencyId) ? undefined : 'agency_elsewhere';
}

/** Each field's first mistake; what could not be read is not said to be missing as well. */
function mistakesOf(
  row: CsvRow,
  unfit: readonly RecordMistake[],
  place: MistakeCode | undefined,
  isTwice: boolean,
): RecordMistake[] {
  const mistakes = [...row.mistakes];
  const isReadable = mistakes.length === 0;
  if (isReadable && place) mistakes.push({ field: 'agency', code: place, given: row.agencyId });
  if (isReadable && isTwice) mistakes.push({ field: 'key', code: 'key_twice', given: row.key.slice(0, 80) });
  const has = new Set(mistakes.map(({ field }) => field));
  for (const mistake of unfit) {
    if (has.has(mistake.field)) continue;
    has.add(mistake.field);
    mistakes.push(mistake);
  }
  return mistakes;
}

async function applyRows(tx: Db, claimed: Claimed, drafts: readonly RecordDraft[]): Promise<Outcome[]> {
  const { id, agencyId, actor, via } = claimed;
  const saved = await saveRecords(tx, drafts, { actor, via, reason: `import ${id}` });
  const outcomes = saved.map(({ outcome }) => outcome);
  const details = { created: count(outcomes, 'created'), updated: count(outcomes, 'updated') };
  if (details.created + details.updated > 0)
    await recordAdminEvent(tx, { kind: 'inventory.imported', actor, subject: `import ${id}`, agencyId, details });
  return outcomes;
}

const count = (outcomes: readonly Outcome[], one: Outcome) => outcomes.filter((outcome) => outcome === one).length;

async function insertMistakes(tx: Db, id: string, mistakes: readonly ImportMistake[]): Promise<void> {
  if (mistakes.length === 0) return;
  await tx.execute(
    `insert into inventory_import_errors (import_id, row, position, field, code, given)
     select $1, g.row, g.position, g.field, g.code, g.given
     from jsonb_to_recordset($2::jsonb) as g (row integer, position integer, field text, code text, given text)`,
    [id, JSON.stringify(mistakes)],
  );
}

interface Progress {
  readonly from: number;
  readonly to: number;
  readonly until: Date;
  readonly renewed: Date;
  readonly outcomes: readonly Outcome[];
  readonly refused: number;
}

/** Counts a batch as done, if nobody else has and the lease is still ours; it commits with the batch. @throws {LeaseLost} */
async function noteBatch(tx: Db, { id, status }: Claimed, { from, to, until, renewed, outcomes, refused }: Progress) {
  const done = await tx.execute(
    `update inventory_imports set rows_done = $5, lease_until = $6, created = created + $7, updated = updated + $8,
       unchanged = unchanged + $9, refused = refused + $10
     where id = $1 and status = $2 and lease_until = $3 and rows_done = $4`,
    [
      ...[id, status, until, from, to, renewed],
      ...[count(outcomes, 'created'), count(outcomes, 'updated'), count(outcomes, 'unchanged'), refused],
    ],
  );
  if (done === 0) throw new LeaseLost(`import ${id} is somebody else's`);
}

async function noteTotal(db: Db, claimed: Claimed, rows: number): Promise<Claimed> {
  const until = new Date(Math.max(Date.now() + LEASE_MS, claimed.until.getTime() + 1));
  const done = await db.execute(
    'update inventory_imports set rows_total = $3, lease_until = $4 where id = $1 and lease_until = $2',
    [claimed.id, claimed.until, rows, until],
  );
  if (done === 0) throw new LeaseLost(`import ${claimed.id} is somebody else's`);
  return { ...claimed, until };
}

/** Once it is applied the file is no longer needed. */
async function finishImport(db: Db, { id, status, until }: Claimed): Promise<void> {
  await db.execute(
    `update inventory_imports set lease_until = null, status = case when status = 'checking' then 'checked' else 'applied' end,
       content = case when status = 'checking' then content end, finished_at = case when status = 'checking' then null else $4::timestamptz end
     where id = $1 and status = $2 and lease_until = $3`,
    [id, status, until, new Date()],
  );
}

/** Lets another process go on at once. */
async function release(db: Db, { id, until }: Claimed): Promise<void> {
  await db.execute('update inventory_imports set lease_until = null where id = $1 and lease_until = $2', [id, until]);
}

/** A file that cannot be read: nothing of it is applied, since it is read to its end before anything is. */
async function failImport(
  database: Database,
  { id, status }: Claimed,
  { row, mistake }: UnreadableFile,
): Promise<void> {
  await database.transaction(async (tx) => {
    const done = await tx.execute(
      `update inventory_imports set status = 'failed', lease_until = null, finished_at = $3 where id = $1 and status = $2`,
      [id, status, new Date()],
    );
    if (done > 0) await insertMistakes(tx, id, [{ ...mistake, row, position: 0 }]);
  });
}
