/** `lawang inventory`: the apps that exist, connected or not; as files, one by one, and matched with clients. */
import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { text as readText } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import { stringify } from 'csv-stringify';
import { readConfig } from '#src/base/config.ts';
import type { Database, Db } from '#src/base/database.ts';
import { listAgenciesBelow, loadAgency } from '#src/registry/agencies.ts';
import { entryOf, findRecord, type InventoryRecord, loadRecord } from '#src/registry/inventory.ts';
import { MAX_FILE } from '#src/registry/inventory-csv.ts';
import { type ExportedRecord, exportColumns, nextToExport } from '#src/registry/inventory-export.ts';
import { workOnImport } from '#src/registry/inventory-import-work.ts';
import {
  applyImport,
  giveUpImport,
  type ImportMistake,
  type InventoryImport,
  listImportMistakes,
  loadImport,
  startImport,
} from '#src/registry/inventory-imports.ts';
import { listMatches, type MatchLine, matchDue } from '#src/registry/inventory-matches.ts';
import { sayMistake } from '#src/registry/inventory-mistakes.ts';
import { type InventoryLine, type InventorySearch, searchInventory } from '#src/registry/inventory-search.ts';
import { listRecordVersions } from '#src/registry/inventory-versions.ts';
import { linkRecord, unlinkRecord } from '#src/registry/inventory-writes.ts';
import type { Found } from '#src/registry/search.ts';
import { type Call, type Command, OutOfPlace, WrongInput } from './command.ts';
import { withDatabase } from './open.ts';
import { toTable } from './text.ts';

const agency = { agency: { type: 'string' } } as const;

/** So many mistakes are printed; `--json` has them all. */
const PRINTED = 20;
/** While another process works on the file. */
const LOOK_MS = 500;

export const importInventory: Command = {
  usage: 'FILE [--agency ID] [--dry-run]',
  summary:
    'take in a CSV file of apps that exist (columns: docs/inventory.md). Rows are of the agency, or of one below that they name; ' +
    'without --agency of the one at the top. A row that is not right is left out and named; --dry-run changes nothing',
  operands: { min: 1, max: 1 },
  options: { ...agency, 'dry-run': { type: 'boolean' } },
  run: async ({ operands: [file = ''], options, environment, progress }) => {
    const content = await readInput(file);
    const { done, mistakes } = await withDatabase(readConfig(environment), async (database) => {
      const agencyId = await findNode(database, options);
      const fileName = basename(file);
      const sent = { agencyId, actor: 'command', via: 'command', fileName, content } as const;
      const id = await database.transaction((tx) => startImport(tx, sent));
      const checked = await workUntilDone(database, id, (rows) => progress(`${rows} rows checked`));
      if (checked.status === 'checked') await answer(database, checked, options['dry-run'] === true, progress);
      return { done: await loadImport(database, id), mistakes: await listAllMistakes(database, id) };
    });
    return report(done, mistakes);
  },
};

async function readInput(file: string): Promise<Buffer> {
  const info = await stat(file).catch(() => undefined);
  if (!info?.isFile()) throw new WrongInput(`there is no file ${file}.`);
  if (info.size > MAX_FILE) throw new OutOfPlace(`${file} is larger than ${MAX_FILE / 1024 / 1024} MB: split it.`);
  return readFile(file);
}

/** The agency of the option, or the only one at the top. */
async function findNode(db: Db, options: Call['options']): Promise<string> {
  if (typeof options.agency === 'string') return (await loadAgency(db, options.agency)).id;
  const [top, other] = await listAgenciesBelow(db, null, { limit: 2 });
  if (!top || other) throw new WrongInput('--agency says which agency the file is of: there is not one at the top.');
  return top.id;
}

/** A running server may take the work over; then its progress is looked at. */
async function workUntilDone(
  database: Database,
  id: string,
  onBatch: (rows: number) => void,
): Promise<InventoryImport> {
  for (;;) {
    const isOurs = await workOnImport(database, { onBatch }, id);
    const standing = await loadImport(database, id);
    if (!['waiting', 'checking', 'applying'].includes(standing.status)) return standing;
    if (!isOurs) await setTimeout(LOOK_MS);
  }
}

async function answer(
  database: Database,
  { id, created, updated }: InventoryImport,
  isDry: boolean,
  progress: (line: string) => void,
): Promise<void> {
  if (isDry || created + updated === 0) return database.transaction((tx) => giveUpImport(tx, id));
  await database.transaction((tx) => applyImport(tx, id));
  await workUntilDone(database, id, (rows) => progress(`${rows} rows applied`));
}

async function listAllMistakes(db: Db, id: string): Promise<ImportMistake[]> {
  const all: ImportMistake[] = [];
  for (;;) {
    const page = await listImportMistakes(db, id, { after: all.at(-1), limit: 500 });
    if (page.length === 0) return all;
    all.push(...page);
  }
}

function report(done: InventoryImport, mistakes: readonly ImportMistake[]) {
  const { status, rowsTotal: rows, created, updated, unchanged, refused } = done;
  const said = mistakes.map(({ row, field, code, given }) => ({
    row,
    field,
    code,
    given,
    say: sayMistake(code, 'en'),
  }));
  const lines = said.map(({ row, field, given, say }) => {
    const what = [field, given && JSON.stringify(given)].filter(Boolean).join(' ');
    return `row ${row}${what && `, ${what}`}: ${say}`;
  });
  const more = lines.length > PRINTED ? [`… and ${lines.length - PRINTED} more: --json prints them all.`] : [];
  const verb = status === 'applied' ? '' : 'would be ';
  const text = `${rows} rows: ${created} ${verb}added, ${updated} ${verb}changed, ${unchanged} left as they are, ${refused} refused.`;
  const data = { import: done.id, status, rows, created, updated, unchanged, refused, mistakes: said };
  return { data, text: status === 'failed' ? '' : text, problems: [...lines.slice(0, PRINTED), ...more] };
}

export const exportInventory: Command = {
  usage: '[--agency ID]',
  summary:
    'print the inventory as a CSV file that "inventory import" takes; --agency: of one agency and those below it',
  options: agency,
  run: async ({ options, environment }) => {
    const all = await withDatabase(readConfig(environment), async (database) => {
      const search = await searchOf(database, options);
      return listAll<ExportedRecord>(database, (tx, last) =>
        nextToExport(tx, { ...search, after: last?.line.position, limit: 500 }),
      );
    });
    const columns = Object.keys(exportColumns);
    const rows = all.map((one) => Object.values(exportColumns).map((cell) => cell(one) ?? ''));
    const data = rows.map((row) => Object.fromEntries(row.map((cell, index) => [columns[index] ?? '', cell])));
    const sheet = await readText(stringify(rows, { header: true, columns, escape_formulas: true }));
    return { data, text: sheet.trimEnd() };
  },
};

export const listInventory: Command = {
  usage: '[--agency ID] [--search WORDS] [--unconnected]',
  summary: 'list the inventory by name; --unconnected: only what is not known to be the same app as a client',
  options: { ...agency, search: { type: 'string' }, unconnected: { type: 'boolean' } },
  run: async ({ options, environment }) => {
    const connection = options.unconnected === true ? ('unconnected' as const) : undefined;
    const words = typeof options.search === 'string' ? options.search : undefined;
    const all = await withDatabase(readConfig(environment), async (database) => {
      const search = await searchOf(database, options);
      return listAll<InventoryLine>(database, (tx, last) =>
        searchInventory(tx, { ...search, connection, words, after: last?.position, limit: 500 }),
      );
    });
    const data = all.map(({ id, agencyId, key, name, host, client }) => ({
      ...{ id, agency: agencyId, key, name: name.id },
      ...{ host: host ?? null, client: client?.id ?? null },
    }));
    const rows = data.map((one) => [one.id, one.agency, one.key, one.name, one.host ?? '–', one.client ?? '–']);
    return { data, text: toTable([['RECORD', 'AGENCY', 'KEY', 'NAME', 'HOST', 'CLIENT'], ...rows]) };
  },
};

/** Everything, or what is at and below one agency. */
async function searchOf(db: Db, options: Call['options']): Promise<InventorySearch> {
  if (typeof options.agency === 'string') return { nodes: [(await loadAgency(db, options.agency)).id], sectors: [] };
  const tops = await listAgenciesBelow(db, null, { limit: 10_000 });
  return { nodes: tops.map(({ id }) => id), sectors: [] };
}

async function listAll<Line>(
  database: Database,
  next: (tx: Db, last: Line | undefined) => Promise<Found<Line>>,
): Promise<Line[]> {
  const all: Line[] = [];
  for (;;) {
    const { lines, hasMore } = await database.transaction((tx) => next(tx, all.at(-1)));
    all.push(...lines);
    if (!hasMore || lines.length === 0) return all;
  }
}

export const showInventory: Command = {
  usage: 'RECORD',
  summary: 'show one record of the inventory, with its versions',
  operands: { min: 1, max: 1 },
  run: async ({ operands: [id = ''], environment }) => {
    const { record, versions } = await withDatabase(readConfig(environment), async (database) => ({
      record: await loadRecord(database, id),
      versions: await listRecordVersions(database, id, { limit: 100 }),
    }));
    const data = { ...describe(record), versions };
    const rows = Object.entries(describe(record)).map(([name, value]) => [name, sayValue(value)]);
    const lines = versions.map(({ number, at, via, changed }) => [
      `version ${number}`,
      `${at.toISOString()} ${via} ${changed.join(' ')}`.trimEnd(),
    ]);
    return { data, text: toTable([...rows, ...lines]) };
  },
};

function describe(record: InventoryRecord) {
  const { id, agencyId, key, clientId, number } = record;
  return { id, agency: agencyId, key, ...entryOf(record), client: clientId ?? null, number };
}

const sayValue = (value: unknown) => (Array.isArray(value) ? value.join(' ') : String(value ?? '–'));

export const matchInventory: Command = {
  usage: '',
  summary: 'look for clients that are the same app as a record, and list what is proposed, the likeliest first',
  run: async ({ environment }) => {
    const all = await withDatabase(readConfig(environment), async (database) => {
      await matchDue(database);
      const search = await searchOf(database, {});
      return listAll<MatchLine>(database, (tx, last) => listMatches(tx, { ...search, after: last, limit: 500 }));
    });
    const data = all.map(({ recordId, clientId, score, reasons, record, client }) => ({
      ...{ record: recordId, client: clientId, score, reasons },
      ...{ record_name: record.name.id, client_name: client.name.id },
    }));
    const rows = data.map((one) => [
      ...[one.record, one.client, one.score.toFixed(2), one.reasons.join(' ')],
      `${one.record_name} = ${one.client_name}?`,
    ]);
    return { data, text: toTable([['RECORD', 'CLIENT', 'SCORE', 'BY', ''], ...rows]) };
  },
};

export const linkInventory: Command = {
  usage: 'RECORD CLIENT [--reason TEXT]',
  summary: 'say that a record and a client are the same app; "-" as the client says that they are two after all',
  operands: { min: 2, max: 2 },
  options: { reason: { type: 'string' } },
  run: async ({ operands: [id = '', client = ''], options, environment }) => {
    const reason = typeof options.reason === 'string' ? options.reason : undefined;
    const how = { via: 'command', reason } as const;
    const record = await withDatabase(readConfig(environment), async (database) => {
      await database.transaction((tx) =>
        client === '-' ? unlinkRecord(tx, id, 'command', how) : linkRecord(tx, id, client, 'command', how),
      );
      return findRecord(database, id);
    });
    const linked = record?.clientId ?? null;
    return {
      data: { record: id, client: linked },
      text: linked ? `${id} is ${linked}.` : `${id} is an app of its own.`,
    };
  },
};
