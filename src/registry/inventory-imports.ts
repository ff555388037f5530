/**
 * Files of the inventory that somebody has sent: checked row by row (`inventory-import-work.ts`), looked at, and applied when they
 * say so. The file is kept until it is applied or given up.
 */
import { randomUUID } from 'node:crypto';
import type { Db } from '#src/base/database.ts';
import { DAY_MS } from '#src/base/epoch.ts';
import { Refusal } from '#src/base/refusals.ts';
import type { RecordMistake } from './inventory-mistakes.ts';
import type { Writing } from './inventory-versions.ts';

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
