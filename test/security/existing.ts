/** What an agency says exists, what of it is likely the same, and what is asked and decided about it: one of everything. */
import { createHash } from 'node:crypto';
import { newIdIn } from '#src/base/secrets.ts';
import { inventoryRef } from '#src/registry/app-refs.ts';
import { checkRecord } from '#src/registry/inventory-schema.ts';
import { saveRecord } from '#src/registry/inventory-writes.ts';
import type { World } from '#test/support/world.ts';

/** Whose it is, and what stands in every text of it. */
export interface Estate {
  readonly actor: string;
  readonly client: string;
  readonly agency: string;
  /** The ids from the root to the agency. */
  readonly agencies: readonly string[];
  readonly sector: string;
  /** The key of the record that addresses name. */
  readonly key: string;
  readonly words: string;
}

/** Makes all of it. @returns what addresses call each thing (`test/support/console-routes.ts`) */
export async function openExisting(world: World, estate: Estate): Promise<Record<string, string>> {
  const { actor, client, agency, words } = estate;
  const now = new Date();
  const later = new Date(now.getTime() + 86_400_000);
  const concerned = { agencies: estate.agencies, sectors: [estate.sector] };
  const own = { ...concerned, agency_id: agency };
  const add = (table: string, row: Readonly<Record<string, unknown>>) => insert(world, table, row);
  const records = [await keepRecord(world, estate, estate.key), await keepRecord(world, estate, 'lain')];
  const [low = '', high = ''] = records.map(inventoryRef).toSorted();
  const scored = { score: 0.9, is_strong: true, status: 'open', found_at: now, scored_at: now };
  const reasons = [{ code: 'host', value: 2, what: words }];
  await add('app_pairs', { ...concerned, ...scored, reasons, low, high });
  const imported = { id: newIdIn(1), agency_id: agency, actor, via: 'page', file_name: words };
  const counts = { rows_total: 2, rows_done: 2, created: 1, updated: 0, unchanged: 0, refused: 1 };
  await add('inventory_imports', { ...imported, ...counts, status: 'checked', created_at: now, expires_at: later });
  const mistake = { row: 2, position: 0, field: 'host', code: 'host_unfit', given: words };
  await add('inventory_import_errors', { ...mistake, import_id: imported.id });
  const asked = { via: 'page', actor, created_at: now, status: 'open', due_at: later };
  const opened = { ...own, ...asked, id: newIdIn(1), client_id: client, grounds: ['duplicate'] };
  const named = { name: words, name_en: words, justification: words, duplicates: [{ ref: low, score: 0.9 }] };
  await add('registration_cases', { ...opened, ...named });
  const closed = { id: newIdIn(1), agency_id: agency, reason: words, closed_by: actor, closed_at: now };
  await add('registration_closures', closed);
  const exempt = { id: newIdIn(1), closure_id: closed.id, agency_id: agency, apps: 2, used: 0, reason: words };
  await add('registration_exceptions', { ...exempt, given_by: actor, given_at: now, expires_at: later });
  const notMade = { ...own, id: newIdIn(1), why: 'chose-existing', name: words, instead: low, actor, at: now };
  await add('registrations_not_made', notMade);
  const evidence = createHash('sha256').update(estate.key).digest('base64url');
  const file = { digest: evidence, name: words, media_type: 'application/pdf', size: 4, content: '\\x25504446' };
  await add('evidence_files', { ...file, agencies: estate.agencies, added_by: actor, added_at: now });
  const decision = newIdIn(1);
  const decided = { kind: 'keep', reason: words, via: 'page', decided_by: actor, decided_at: now };
  await add('app_decisions', { ...own, ...decided, id: decision, ref: low, evidence_digest: evidence });
  const batches = await openBatchOf(world, actor, low, words);
  return {
    ...{ app: low, batches },
    ...{ record: records[0] ?? '', key: estate.key, imports: imported.id, low, high, cases: opened.id, evidence },
    ...{ closures: closed.id, exceptions: exempt.id, decisions: decision },
  };
}

/** A batch of somebody's own, which waits to be applied. @returns its id */
export async function openBatchOf(world: World, actor: string, ref: string, words: string): Promise<string> {
  const id = newIdIn(1);
  const now = new Date();
  const draft = { ref, kind: 'keep', reason: words };
  const lines = [{ draft, name: { id: words, en: words }, outcome: 'decided' }];
  const waits = { status: 'preview', created_at: now, expires_at: new Date(now.getTime() + 86_400_000) };
  await insert(world, 'decision_batches', { id, ...waits, decision: { keep: 1 }, lines, via: 'page', actor });
  return id;
}

async function keepRecord(world: World, { agency, sector, actor, words }: Estate, key: string): Promise<string> {
  const said = { name: words, name_en: words, description: words, technology: words, host: 'sama.contoh.go.id' };
  const { entry, mistakes } = checkRecord({ ...said, sectors: [sector] });
  if (!entry) throw new Error(`the record is not written well: ${JSON.stringify(mistakes)}`);
  const { record } = await world.database.transaction((tx) =>
    saveRecord(tx, { agencyId: agency, key, content: entry, actor, via: 'page', reason: words }),
  );
  return record.id;
}

/** Adds a row as it would be written; what is left out is the column's default. */
async function insert({ database }: World, table: string, row: Readonly<Record<string, unknown>>): Promise<void> {
  const names = Object.keys(row).join(', ');
  await database.execute(
    `insert into ${table} (${names}) select ${names} from jsonb_populate_record(null::${table}, $1)`,
    [JSON.stringify(row)],
  );
}
