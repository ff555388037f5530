/** `lawang inventory duplicates`: looks for what exists twice, and lists it. */
import { readConfig } from '#src/base/config.ts';
import type { Database } from '#src/base/database.ts';
import { listAgenciesBelow } from '#src/registry/agencies.ts';
import { compareProfiles, countWaiting } from '#src/registry/comparing.ts';
import { type AppPair, listPairs, pairStatuses } from '#src/registry/duplicates.ts';
import { type AppFamily, listFamilies } from '#src/registry/families.ts';
import { askToCompareAll } from '#src/registry/profiles.ts';
import { type Call, type Command, WrongInput } from './command.ts';
import { withDatabase } from './open.ts';
import { toTable } from './text.ts';

const DEFAULT_LIMIT = 50;
const MOST = 10_000;

export const findDuplicates: Command = {
  usage: `[--find | --find-all] [--status ${pairStatuses.join('|')}] [--sector ID] [--agency ID] [--limit N]`,
  summary:
    'list the pairs of apps that are likely the same, and the names that many apps share; --find compares first what changed, ' +
    '--find-all everything anew',
  options: {
    find: { type: 'boolean' },
    'find-all': { type: 'boolean' },
    status: { type: 'string' },
    sector: { type: 'string' },
    agency: { type: 'string' },
    limit: { type: 'string' },
  },
  run: async ({ options, environment, progress }) => {
    const { status, limit } = readChoices(options);
    const found = await withDatabase(readConfig(environment), async (database) => {
      if (options['find-all']) await askToCompareAll(database);
      if (options.find || options['find-all']) await compareWaiting(database, progress);
      const reach = { nodes: (await listAgenciesBelow(database, null)).map(({ id }) => id), sectors: [] };
      const narrowed = { sector: textOf(options.sector), agencyId: textOf(options.agency) };
      const search = { reach, ...narrowed, limit };
      return {
        pairs: (await database.transaction((tx) => listPairs(tx, { ...search, status }))).lines,
        families: (await database.transaction((tx) => listFamilies(tx, search))).lines,
        waiting: await countWaiting(database),
      };
    });
    return { data: dataOf(found), text: describe(found) };
  },
};

interface FoundDuplicates {
  readonly pairs: readonly AppPair[];
  readonly families: readonly AppFamily[];
  readonly waiting: number;
}

function readChoices({ status: given = 'open', limit = String(DEFAULT_LIMIT) }: Call['options']) {
  const status = pairStatuses.find((one) => one === given);
  if (!status) throw new WrongInput(`--status is one of ${pairStatuses.join(', ')}`);
  const most = Number(limit);
  if (!Number.isSafeInteger(most) || most < 1 || most > MOST)
    throw new WrongInput(`--limit is a number from 1 to ${MOST}`);
  return { status, limit: most };
}

const textOf = (given: string | boolean | undefined): string | undefined =>
  typeof given === 'string' ? given : undefined;

/** A running server may compare at the same time; each app is claimed by one of the two. */
async function compareWaiting(database: Database, progress: Call['progress']): Promise<void> {
  let compared = 0;
  for (let some = await compareProfiles(database); some > 0; some = await compareProfiles(database)) {
    compared += some;
    if (Math.floor(compared / 1000) > Math.floor((compared - some) / 1000)) progress(`${compared} apps compared`);
  }
  progress(`${compared} apps compared`);
}

function dataOf({ pairs, families, waiting }: FoundDuplicates) {
  return {
    pairs: pairs.map(({ low, high, score, isStrong, reasons, status, note }) => ({
      ...{ low: low.ref, low_name: low.name.id, low_agency: low.agencyId },
      ...{ high: high.ref, high_name: high.name.id, high_agency: high.agencyId },
      ...{ score, is_strong: isStrong, reasons, status, note: note ?? null },
    })),
    names: families.map(({ words, name, apps }) => ({ words, name, apps })),
    waiting,
  };
}

function describe({ pairs, families, waiting }: FoundDuplicates): string {
  const rows = pairs.map(({ low, high, score, isStrong, reasons }) => [
    `${Math.round(score * 100)} %${isStrong ? ' !' : ''}`,
    ...[low, high].map(({ ref, name, agencyId }) => `${name.id} (${ref}, ${agencyId})`),
    reasons.map(({ code, value, what }) => `${code} ${what ?? value}`).join(', '),
  ]);
  return [
    pairs.length > 0 ? toTable(rows) : 'There is no such pair.',
    ...families.map(({ name, apps }) => `${apps} apps share the name ${name}.`),
    ...(waiting > 0 ? [`${waiting} apps are still to be compared: a running server does it, or --find.`] : []),
  ].join('\n');
}
