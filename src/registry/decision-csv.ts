/**
 * Decisions about many apps as a file of rows (RFC 4180), as spreadsheets write it: with commas or semicolons, with or without a
 * byte-order mark. A row names an app by its ref, or by the agency and the key of its record.
 */
import { isUtf8 } from 'node:buffer';
import { Readable } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import type { Db } from '#src/base/database.ts';
import { Refusal } from '#src/base/refusals.ts';
import { type AppRef, inventoryRef, parseAppRef } from './app-refs.ts';
import type { DecisionKind } from './decision-rows.ts';
import type { DecisionDraft } from './decision-rules.ts';
import { findRecordsByKey } from './inventory.ts';

export const MAX_DECISIONS_FILE = 5 * 1024 * 1024;
export const MOST_DECISIONS = 30_000;

/** Every column with the other names by which it is known. */
const columnNames = {
  app: ['layanan', 'ref'],
  agency: ['instansi', 'agency_id'],
  key: ['kunci', 'kode'],
  decision: ['keputusan'],
  successor: ['pengganti'],
  date: ['tanggal', 'on'],
  reason: ['alasan'],
  evidence: ['bukti', 'tautan'],
} as const;
type Column = keyof typeof columnNames;

const words: Readonly<Record<string, DecisionKind>> = {
  ...{ keep: 'keep', merge: 'merge', retire: 'retire', legacy: 'legacy' },
  ...{ pertahankan: 'keep', gabungkan: 'merge', gabung: 'merge', tutup: 'retire', lama: 'legacy' },
};

/** A row as it was read: what it would decide, or that it says nothing that can be decided. */
export type DecisionRowRead = { readonly draft: DecisionDraft } | { readonly given: string };

/**
 * The rows of a file.
 *
 * @throws {Refusal} `decisions_unreadable`, `decisions_too_many`, `decisions_none`
 */
export async function readDecisions(db: Db, content: Buffer): Promise<DecisionRowRead[]> {
  const rows = await parseRows(content);
  if (rows.length === 0) throw new Refusal('decisions_none', 'a file without rows');
  if (rows.length > MOST_DECISIONS) throw new Refusal('decisions_too_many', `${rows.length} rows`);
  const names = rows.filter(({ app, agency, key }) => !app && agency && key);
  const found = await findRecordsByKey(
    db,
    names.map(({ agency, key }) => ({ agencyId: agency, key })),
  );
  const byName = new Map(found.map(({ agencyId, key, id }) => [JSON.stringify([agencyId, key]), inventoryRef(id)]));
  return rows.map((row) => {
    const ref = row.app ? refOf(row.app) : byName.get(JSON.stringify([row.agency, row.key]));
    const kind = words[row.decision.toLowerCase()];
    const successor = row.successor ? refOf(row.successor) : undefined;
    if (!ref || !kind || (row.successor && !successor))
      return { given: (row.app || `${row.agency} ${row.key}`).slice(0, 200) };
    const evidence = row.evidence ? { uri: row.evidence } : undefined;
    return { draft: { ref, kind, successor, effectiveOn: row.date || undefined, reason: row.reason, evidence } };
  });
}

/** A client may be named by its id alone. */
function refOf(text: string): AppRef | undefined {
  return parseAppRef(text) ?? parseAppRef(`client:${text}`);
}

async function parseRows(content: Buffer): Promise<Record<Column, string>[]> {
  if (!isUtf8(content) || content.includes(0)) throw new Refusal('decisions_unreadable', 'no UTF-8');
  const [head = ''] = content.toString().split(/\r?\n/, 1);
  const delimiter = head.split(';').length > head.split(',').length ? ';' : ',';
  try {
    const parser = parse({
      ...{ bom: true, delimiter, trim: true, skip_empty_lines: true, relax_column_count_less: true },
      ...{ max_record_size: 10_000, to: MOST_DECISIONS + 1 },
      columns: (heads: string[]) => heads.map((one) => columnOf(one) ?? `? ${one}`),
    });
    const rows = (await Readable.from([content]).pipe(parser).toArray()) as Record<string, string>[];
    if (rows.length > 0 && !('decision' in (rows[0] ?? {}))) throw new Refusal('decisions_unreadable', 'no decision');
    return rows.map((row) => {
      const cell = (column: Column) => row[column] ?? '';
      return {
        ...{ app: cell('app'), agency: cell('agency'), key: cell('key'), decision: cell('decision') },
        ...{ successor: cell('successor'), date: cell('date'), reason: cell('reason'), evidence: cell('evidence') },
      };
    });
  } catch (cause) {
    if (cause instanceof CsvError) throw new Refusal('decisions_unreadable', cause.code, { cause });
    throw cause;
  }
}

function columnOf(head: string): Column | undefined {
  const name = head.trim().toLowerCase();
  const all = Object.entries(columnNames) as [Column, readonly string[]][];
  return all.find(([column, others]) => column === name || others.includes(name))?.[0];
}
