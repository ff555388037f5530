import { findLikely } from '#src/registry/likely-apps.ts';
import { askToCompare } from '#src/registry/profiles.ts';
import { compareEverything, fillSample, measure } from '#test/registry/duplicate-measures.ts';
import { makeSample, tellings } from '#test/registry/duplicate-sample.ts';
import type { Fact, Finding } from '../experiments.ts';
import { type Load, quantile } from '../measure.ts';
import type { World } from '../world.ts';

/** What the articles count. */
const APPS = 27_000;
const AGENCIES = 3_000;

/** So many change afterwards, and so many new ones are weighed. */
const CHANGED = 100;
const WEIGHED = 200;

/** How long it takes to compare a country's apps with one another, and some that changed; and how much of what is the same is found. */
export async function duplicates({ database }: World, _load: Load): Promise<Finding> {
  const sample = makeSample({ apps: APPS, agencies: AGENCIES, seed: 1 });
  await fillSample(database, sample, AGENCIES);
  let statements = 0;
  database.onStatement = () => {
    statements += 1;
  };
  const all = await timeOf(() => compareEverything(database));
  const perApp = statements / APPS;
  database.onStatement = undefined;
  await database.analyze(['app_profiles', 'app_terms', 'app_words', 'app_pairs']);
  const some = sample.slice(0, CHANGED).map(({ id }) => `inventory:${id}`);
  await askToCompare(database, some);
  const again = await timeOf(() => compareEverything(database));
  const weighing: number[] = [];
  for (const { agency, name, nameEn, description, host } of sample.slice(-WEIGHED)) {
    const draft = { agencyId: `kantor-${agency}`, name, nameEn, description, address: host };
    weighing.push(await timeOf(() => database.transaction((tx) => findLikely(tx, draft))));
  }
  weighing.sort((a, b) => a - b);
  const found = await measure(database, sample);
  const families = await database.first<{ count: number }>('select count(*)::integer as count from app_families');
  const facts: Fact[] = [
    { name: 'apps', value: APPS, unit: '' },
    { name: 'all compared', value: all / 1000, unit: 's' },
    { name: 'statements for each app', value: perApp, unit: '' },
    { name: `${CHANGED} that changed compared again`, value: again, unit: 'ms' },
    { name: 'a new one weighed: p50', value: quantile(weighing, 0.5), unit: 'ms' },
    { name: 'a new one weighed: p95', value: quantile(weighing, 0.95), unit: 'ms' },
    { name: 'pairs', value: found.pairs, unit: '' },
    { name: 'names that many share', value: families?.count ?? null, unit: '' },
    { name: 'precision', value: found.precision * 100, unit: '%' },
    { name: 'precision of the very alike', value: found.strongPrecision * 100, unit: '%' },
    { name: 'recall', value: found.recall * 100, unit: '%' },
    ...tellings.map((telling) => ({
      name: `recall, ${telling}`,
      value: (found.recallOf[telling] ?? 0) * 100,
      unit: '%',
    })),
  ];
  return { facts, complaints: [] };
}

/** In milliseconds. */
async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const started = process.hrtime.bigint();
  await work();
  return Number(process.hrtime.bigint() - started) / 1e6;
}
