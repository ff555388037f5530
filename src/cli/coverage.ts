/** `lawang inventory coverage`: how far the country has come, and every app for the national architecture. */
import { readConfig } from '#src/base/config.ts';
import type { Database, Db } from '#src/base/database.ts';
import { countCoverage } from '#src/jobs/coverage.ts';
import { type ArchitectureEntry, architectureDocument, listArchitecture } from '#src/registry/architecture.ts';
import { findLastCount } from '#src/registry/coverage.ts';
import { coverageDocument, listNamedCoverage } from '#src/registry/coverage-files.ts';
import { type Command, OutOfPlace, WrongInput } from './command.ts';
import { withDatabase } from './open.ts';
import { toTable } from './text.ts';

const BATCH = 500;

export const showCoverage: Command = {
  usage: '[--count] [--all | --architecture]',
  summary:
    'how far the country has come, by sector and ministry (--all: every agency); --count: count first; --architecture: every app instead, by the domains of the national architecture',
  options: { count: { type: 'boolean' }, all: { type: 'boolean' }, architecture: { type: 'boolean' } },
  run: async ({ options, environment, progress }) => {
    if (options.all === true && options.architecture === true)
      throw new WrongInput('give one of --all and --architecture.');
    return withDatabase(readConfig(environment), async (database) => {
      if (options.count === true) await count(database, progress);
      return options.architecture === true ? reportArchitecture(database) : report(database, options.all === true);
    });
  },
};

async function count(database: Database, progress: (line: string) => void): Promise<void> {
  progress('Counting. With many people this takes minutes.');
  if (!(await countCoverage(database, { again: true })))
    throw new OutOfPlace('Another process counts at this moment. Try again in a few minutes.');
}

async function report(db: Db, isAll: boolean) {
  const last = await findLastCount(db);
  if (!last) throw new OutOfPlace('Nothing was counted yet. "lawang inventory coverage --count" counts now.');
  const all = await listNamedCoverage(db, last.day);
  const shown = isAll ? all : all.filter(({ kind, level }) => kind !== 'agency' || inShort.has(level));
  const rows = shown.map((one) => [
    one.kind === 'all' ? 'all' : `${one.kind} ${one.id}`,
    ...[one.known, one.connected, one.live, one.retired, one.pairsFound, one.pairsSettled, one.notBuilt].map(String),
    ...[one.people, one.signIns].map((value) => (value === undefined ? '–' : String(value))),
  ]);
  const heads = ['', 'KNOWN', 'CONNECTED', 'LIVE', 'RETIRED', 'PAIRS', 'SETTLED', 'NOT BUILT', 'PEOPLE', 'SIGN-INS'];
  return { data: coverageDocument(shown, last), text: `Counted on ${last.day}.\n${toTable([heads, ...rows])}` };
}

/** What the table shows without `--all`. */
const inShort: ReadonlySet<string | undefined> = new Set(['state', 'ministry', 'province']);

async function reportArchitecture(database: Database) {
  const tops = await database.query<{ id: string }>('select id from agencies where parent_id is null order by id');
  const reach = { nodes: tops.map(({ id }) => id), sectors: [] };
  const apps: ArchitectureEntry[] = [];
  for (let after: string | undefined; ; ) {
    const some = await database.transaction((tx) => listArchitecture(tx, reach, { after, limit: BATCH }));
    apps.push(...some);
    after = some.at(-1)?.ref;
    if (some.length < BATCH) break;
  }
  const rows = apps.map(({ ref, name, state, process, infrastructure }) => [
    ...[ref, name, state, process.agency, process.sectors.join(' '), infrastructure.host ?? '–'],
  ]);
  return {
    data: { apps: apps.map(architectureDocument) },
    text: toTable([['APP', 'NAME', 'STATE', 'AGENCY', 'SECTORS', 'HOST'], ...rows]),
  };
}
