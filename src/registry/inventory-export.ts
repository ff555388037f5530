/** The inventory written down as the file that an import takes, with what else is known of each record beside it. */
import type { Db } from '#src/base/database.ts';
import { entryOf, findRecords, type InventoryRecord } from './inventory.ts';
import { columnNames, toldColumns } from './inventory-csv.ts';
import { type RecordField, recordFields } from './inventory-schema.ts';
import { type InventoryLine, type InventorySearch, searchInventory } from './inventory-search.ts';
import type { Found } from './search.ts';

/** A record with its line in a list, which knows where the client stands. */
export interface ExportedRecord {
  readonly record: InventoryRecord;
  readonly line: InventoryLine;
}

const tellers: Record<(typeof toldColumns)[number], (exported: ExportedRecord) => string | undefined> = {
  id: ({ record }) => record.id,
  agency_name: ({ record }) => record.agency.name,
  client_id: ({ record }) => record.clientId,
  client_state: ({ line }) => line.client?.state,
  updated_at: ({ record }) => record.updatedAt.toISOString(),
};

/** The columns of an export, in their order, with what each says of a record. */
export const exportColumns: Readonly<Record<string, (exported: ExportedRecord) => string | undefined>> = {
  ...Object.fromEntries(Object.keys(columnNames).map((column) => [column, cellOf(column)])),
  ...Object.fromEntries(toldColumns.map((column) => [column, tellers[column]])),
};

function cellOf(column: string): (exported: ExportedRecord) => string | undefined {
  if (column === 'agency') return ({ record }) => record.agencyId;
  if (column === 'key') return ({ record }) => record.key;
  return ({ record }) => writeField(entryOf(record)[column as RecordField]);
}

/** A value as a file has it. */
export function writeField(value: string | number | readonly string[] | undefined): string | undefined {
  return value === undefined ? undefined : typeof value === 'object' ? value.join(' ') : String(value);
}

/** The next records of a search, whole. In a transaction. */
export async function nextToExport(db: Db, search: InventorySearch): Promise<Found<ExportedRecord>> {
  const { lines, hasMore } = await searchInventory(db, search);
  const records = new Map(
    (
      await findRecords(
        db,
        lines.map(({ id }) => id),
      )
    ).map((record) => [record.id, record]),
  );
  return {
    hasMore,
    lines: lines.flatMap((line) => {
      const record = records.get(line.id);
      return record ? [{ record, line }] : [];
    }),
  };
}

/** The fields of an entry as texts, for a form. */
export function textsOf(entry: ReturnType<typeof entryOf>): Record<RecordField, string> {
  return Object.fromEntries(recordFields.map((field) => [field, writeField(entry[field]) ?? ''])) as Record<
    RecordField,
    string
  >;
}
