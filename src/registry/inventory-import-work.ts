/**
 * The work on a file of the inventory: every row is checked, and applied once somebody says so.
 *
 * Both are done in batches by whichever process holds the lease. A batch and the count of rows that are done commit together, and only
 * while the lease is still the one that was taken: a process that dies leaves its work at the end of a batch, where the next one
 * goes on, and no row is applied by two.
 */
import { recordAdminEvent } from '#src/audit/events.ts';
import type { Database, Db } from '#src/base/database.ts';
import { type Agency, findAgencies, type Outcome } from './agencies.ts';
import { entryOf, findRecordsByKey } from './inventory.ts';
import { type CsvRow, readInventoryCsv, UnreadableFile } from './inventory-csv.ts';
import type { ImportMistake } from './inventory-imports.ts';
import type { MistakeCode, RecordMistake } from './inventory-mistakes.ts';
import { checkRecord } from './inventory-schema.ts';
import type { Writing } from './inventory-versions.ts';
import { outcomeOf, type RecordDraft, saveRecords } from './inventory-writes.ts';
import { listSectors, type Sector } from './sectors.ts';

/** How long a process may be silent until another goes on with its work. */
const LEASE_MS = 60_000;
const BATCH = 500;

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
