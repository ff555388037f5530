/** `lawang docs`: the reference pages, printed from the code they describe. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readConfig } from '#src/base/config.ts';
import type { Db } from '#src/base/database.ts';
import { limits } from '#src/base/limits.ts';
import { refusals } from '#src/base/refusals.ts';
import { secretNames, settings } from '#src/base/settings.ts';
import { printFileSchema } from '#src/registry/registration-schema.ts';
import type { Command } from './command.ts';
import { withDatabase } from './open.ts';

const notice = '<!-- Printed by "npx lawang docs --write". Change the code it comes from, not this file. -->';

/** A page by its file's name in `docs/`, and the schema beside the declarations it is of. */
export const pages = {
  '../clients/registrations/schema.json': () => printFileSchema(),
  'configuration.md': () => printConfiguration(),
  'errors.md': () => printErrors(),
  'database.md': async (db: Db) => printDatabase(await listColumns(db)),
  'privacy.md': async (db: Db) => printPrivacy(await listColumns(db)),
} as const satisfies Record<string, (db: Db) => string | Promise<string>>;

/** Every page, in the state of this code and of a database with its migrations. */
export async function printPages(db: Db): Promise<Record<keyof typeof pages, string>> {
  const printed = Object.entries(pages).map(async ([name, print]) => [name, await print(db)] as const);
  return Object.fromEntries(await Promise.all(printed)) as Record<keyof typeof pages, string>;
}

export const printDocs: Command = {
  usage: '[--write]',
  summary:
    'print the reference pages (configuration, errors, database, privacy) and the schema of registrations, or write them where they belong',
  options: { write: { type: 'boolean' } },
  run: async ({ options, environment }) => {
    const printed = await withDatabase(readConfig(environment), printPages);
    if (!options.write) return { data: printed, text: Object.values(printed).join('\n').trimEnd() };
    const directory = fileURLToPath(new URL('../../docs/', import.meta.url));
    await mkdir(directory, { recursive: true });
    const files = Object.entries(printed).map(([name, text]) => [join(directory, name), text] as const);
    for (const [path, text] of files) await writeFile(path, text);
    return { data: files.map(([path]) => path), text: files.map(([path]) => path).join('\n') };
  },
};

function printConfiguration(): string {
  const rows = Object.entries(settings.shape).map(([name, schema]) => {
    const fallback = schema.safeParse(undefined).data;
    const isSecret = (secretNames as readonly string[]).includes(name);
    const names = isSecret ? `\`${name}\`, \`${name}_FILE\`` : `\`${name}\``;
    return [names, fallback === undefined ? '' : `\`${fallback}\``, schema.description ?? ''];
  });
  return page('Configuration', [
    'Lawang is set up by environment variables, read once at start. Every mistake is reported at once, and nothing starts',
    'until all are gone; `npx lawang config check` tells without starting. An empty value counts as absent. Where a',
    'second name is given, the value may also stand in the file that it names.',
    '',
    ...table(['Setting', 'Default', 'What it answers'], rows),
    '',
    '## Limits',
    '',
    'Up to so many pass at once. Then one passes after 30 seconds, the next after a minute, and so on, doubling up to a quarter',
    'of the time; when that is over, all begins anew. What turned out well is given back. `LIMITS` changes the numbers, and the',
    'metric `lawang_limits_hit_total` says how often each holds somebody up.',
    '',
    ...table(['Limit', 'Points/seconds', 'Against what'], limitRows()),
  ]);
}

function limitRows(): string[][] {
  return Object.entries(limits).map(([name, { points, duration, answers }]) => [
    `\`${name}\``,
    `\`${points}/${duration}\``,
    answers,
  ]);
}

function printErrors(): string {
  const sections = Object.entries(refusals)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .flatMap(([code, { status, en, id }]) => [
      ...[`## ${code}`, '', `HTTP ${status}`, ''],
      ...[`- English: ${en.say} ${en.next}`, `- Bahasa Indonesia: ${id.say} ${id.next}`, ''],
    ]);
  return page('Errors', [
    'Every "no" that a person may read. The code is the same in every language: on pages it is `#error-code`, in problem',
    'documents (`application/problem+json`) it is `code`. The reference beside it is in the log of the server.',
    '',
    ...sections.slice(0, -1),
  ]);
}

interface Column {
  table: string;
  column: string;
  type: string;
  nullable: boolean;
  comment: string;
}

/** The columns of every table of ours, in their order. */
async function listColumns(db: Db): Promise<Column[]> {
  return db.query<Column>(`
    select c.relname as table, a.attname as column, format_type(a.atttypid, a.atttypmod) as type,
      not a.attnotnull as nullable, coalesce(col_description(c.oid, a.attnum), '') as comment
    from pg_class c join pg_attribute a on a.attrelid = c.oid
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
      and c.relname not like 'schema\\_migrations%' and a.attnum > 0 and not a.attisdropped
    order by c.relname, a.attnum`);
}

function printDatabase(columns: readonly Column[]): string {
  const sections = [...Map.groupBy(columns, (column) => column.table)].flatMap(([name, own]) => [
    `## ${name}`,
    '',
    ...table(
      ['Column', 'Type', 'What it holds of people'],
      own.map(({ column, type, nullable, comment }) => [
        `\`${column}\``,
        nullable ? `${type}, may be null` : type,
        comment,
      ]),
    ),
    '',
  ]);
  return page('Database', [
    'The tables, as the migrations make them. A table with a column `shard` grows with citizens; its keys and indexes all',
    'begin with `shard`. Those without are the registry and the settings of the deployment.',
    '',
    ...sections.slice(0, -1),
  ]);
}

function printPrivacy(columns: readonly Column[]): string {
  const personal = columns.filter(({ comment }) => comment.startsWith('personal:'));
  const rows = personal.map(({ table: name, column, comment }) => [
    `\`${name}.${column}\``,
    comment.replace('personal:', '').trim(),
  ]);
  const others = columns.length - personal.length;
  return page('Personal data', [
    'Every column that holds something about a person, and why it is kept. It is printed from the comments in the',
    `database; the ${others} other columns say "not personal" there, and a test lets no column be without one of the two.`,
    '',
    ...table(['Column', 'Why it is kept'], rows),
  ]);
}

function page(title: string, lines: readonly string[]): string {
  return `${[notice, '', `# ${title}`, '', ...lines].join('\n')}\n`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)];
}
