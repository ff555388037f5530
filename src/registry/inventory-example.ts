/** The inventory of a sandbox: fictitious apps of the example agencies, some of which exist twice. */
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { recordAdminEvent } from '#src/audit/events.ts';
import type { Database } from '#src/base/database.ts';
import { findRecordsByKey } from './inventory.ts';
import { readInventoryCsv } from './inventory-csv.ts';
import { checkRecord } from './inventory-schema.ts';
import { type RecordDraft, saveRecords } from './inventory-writes.ts';
import { listSectors, type Sector } from './sectors.ts';

const exampleDirectory = new URL('../../clients/inventory/', import.meta.url);

/** Adds the example records that are not there; what somebody has changed or removed since stays so. @returns how many */
export async function seedExampleInventory(database: Database): Promise<number> {
  const drafts = await readExamples(await listSectors(database));
  return database.batch(async (tx) => {
    const known = new Set((await findRecordsByKey(tx, drafts)).map(({ agencyId, key }) => `${agencyId} ${key}`));
    const missing = drafts.filter(({ agencyId, key }) => !known.has(`${agencyId} ${key}`));
    if (missing.length === 0) return 0;
    await saveRecords(tx, missing, { actor: 'start', via: 'start' });
    const details = { created: missing.length, updated: 0 };
    await recordAdminEvent(tx, { kind: 'inventory.imported', actor: 'start', subject: 'the example', details });
    return missing.length;
  });
}

async function readExamples(sectors: readonly Sector[]): Promise<RecordDraft[]> {
  const names = (await readdir(exampleDirectory)).filter((name) => name.endsWith('.csv')).sort();
  const drafts: RecordDraft[] = [];
  for (const name of names) {
    const content = await readFile(fileURLToPath(new URL(name, exampleDirectory)));
    for await (const { row, agencyId, key, said, mistakes } of readInventoryCsv(content, sectors)) {
      const told = Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined));
      const { entry } = checkRecord(told);
      if (!entry || !agencyId || mistakes.length > 0) throw new Error(`${name}:${row} of the example is not right`);
      drafts.push({ agencyId, key, content: entry });
    }
  }
  return drafts;
}
