/** Fills a registry with the labelled sample, compares all of it, and says how much of what is the same was found. */
import type { Database } from '#src/base/database.ts';
import { compareProfiles } from '#src/registry/comparing.ts';
import { askToCompareAll } from '#src/registry/profiles.ts';
import type { SampleApp, Telling } from './duplicate-sample.ts';

const ROWS_AT_ONCE = 2_000;

/** Puts the sample into an empty registry, as records of the inventory. */
export async function fillSample(database: Database, sample: readonly SampleApp[], agencies: number): Promise<void> {
  const now = new Date();
  const nodes = Array.from({ length: agencies }, (_, n) => n);
  await database.batch(async (tx) => {
    await tx.copy(
      'copy agencies (id, name, name_en, legal_name, domain, parent_id, kind, path, created_at, updated_at) from stdin',
      [
        ['negara', 'Negara', 'State', 'Negara', 'contoh.go.id', null, 'state', ['negara'], now, now],
        ...nodes.map((n) => [
          ...[`kantor-${n}`, `Instansi Ke-${n}`, `Agency No. ${n}`, `Instansi Ke-${n}`, `instansi-${n}.go.id`],
          ...['negara', 'regency', ['negara', `kantor-${n}`], now, now],
        ]),
      ],
    );
  });
  for (let start = 0; start < sample.length; start += ROWS_AT_ONCE)
    await database.batch((tx) =>
      tx.copy(
        `copy inventory (id, agency_id, key, name, name_en, description, description_en, host, sectors, audience, service_code,
           claims, created_at, created_by, updated_at, updated_by) from stdin`,
        sample
          .slice(start, start + ROWS_AT_ONCE)
          .map((app) => [
            ...[app.id, `kantor-${app.agency}`, app.id, app.name, app.nameEn ?? null, app.description ?? null],
            ...[app.descriptionEn ?? null, app.host, [app.sector], ['citizens'], app.serviceCode ?? null, app.claims],
            ...[now, 'test', now, 'test'],
          ]),
      ),
    );
  await askToCompareAll(database);
}

/** Compares everything that waits. @returns how many apps were compared */
export async function compareEverything(
  database: Database,
  onBatch: (compared: number) => void = () => {},
): Promise<number> {
  let sum = 0;
  for (let some = await compareProfiles(database); some > 0; some = await compareProfiles(database)) {
    sum += some;
    onBatch(sum);
  }
  return sum;
}

/** How well it was found. */
export interface Measures {
  readonly pairs: number;
  readonly strong: number;
  /** Of the pairs found, the share that is the same service; those with a name that is everybody's are left out. */
  readonly precision: number;
  readonly strongPrecision: number;
  /** Of the pairs that are the same service, the share found. */
  readonly recall: number;
  /** The same by how the second one was told. */
  readonly recallOf: Readonly<Partial<Record<Telling, number>>>;
}

interface PairRow {
  low: string;
  high: string;
  is_strong: boolean;
}

/** Measures what was found against what is known. */
export async function measure(database: Database, sample: readonly SampleApp[]): Promise<Measures> {
  const found = await database.query<PairRow>('select low, high, is_strong from app_pairs');
  const byRef = new Map(sample.map((app) => [`inventory:${app.id}`, app]));
  const judged = found.filter(
    ({ low, high }) => byRef.get(low)?.service !== undefined && byRef.get(high)?.service !== undefined,
  );
  const isRight = ({ low, high }: PairRow) => byRef.get(low)?.service === byRef.get(high)?.service;
  const strong = judged.filter((pair) => pair.is_strong);
  const names = new Set(found.map(({ low, high }) => [low, high].toSorted().join(' ')));
  const same = pairsOf(sample);
  const isFound = ([one, other]: readonly [SampleApp, SampleApp]) =>
    names.has([`inventory:${one.id}`, `inventory:${other.id}`].toSorted().join(' '));
  const byTelling = Map.groupBy(
    same.filter(([one]) => one.telling === 'first'),
    ([, other]) => other.telling,
  );
  return {
    pairs: found.length,
    strong: found.filter((pair) => pair.is_strong).length,
    precision: share(judged.filter(isRight).length, judged.length),
    strongPrecision: share(strong.filter(isRight).length, strong.length),
    recall: share(same.filter(isFound).length, same.length),
    recallOf: Object.fromEntries(
      [...byTelling].map(([telling, pairs]) => [telling, share(pairs.filter(isFound).length, pairs.length)]),
    ),
  };
}

/** Every two apps of one service, the one that was first in front. */
function pairsOf(sample: readonly SampleApp[]): (readonly [SampleApp, SampleApp])[] {
  const services = Map.groupBy(
    sample.filter(({ service }) => service !== undefined),
    ({ service }) => service,
  );
  return [...services.values()].flatMap((apps) =>
    apps.flatMap((one, n) => apps.slice(n + 1).map((other) => [one, other] as const)),
  );
}

const share = (some: number, all: number): number => (all === 0 ? 0 : Math.round((some / all) * 1000) / 1000);
