/** The figures of a count as files: `coverage.csv` and `coverage.json`. Columns are only ever added. */
import type { Db } from '#src/base/database.ts';
import { findAgencies } from './agencies.ts';
import {
  type Coverage,
  decisionKinds,
  FEWEST_PEOPLE,
  type FinishedCount,
  listCoverage,
  SIGN_IN_DAYS,
} from './coverage.ts';
import { listSectors } from './sectors.ts';

/** A group with what it is called. */
export interface NamedCoverage extends Coverage {
  readonly name: string;
  readonly nameEn: string;
}

const stages = ['shadow', 'optional', 'default', 'required', 'off'] as const;

/** The columns of the csv; a cell of people or sign-ins is empty where nothing may be told. */
export const coverageColumns = [
  ...['day', 'kind', 'id', 'name', 'name_en', 'level', 'parent'],
  ...['known', 'connected', 'live', 'retired'],
  ...decisionKinds.map((kind) => `decided_${kind}`),
  ...stages.map((stage) => `stage_${stage}`),
  ...['pairs_found', 'pairs_settled', 'not_built', 'people', 'sign_ins'],
] as const;

/** A line of the csv, in the order of {@link coverageColumns}. */
export function coverageLine(one: NamedCoverage): (string | number)[] {
  return [
    ...[one.day, one.kind, one.id, one.name, one.nameEn, one.level ?? '', one.parentId ?? ''],
    ...[one.known, one.connected, one.live, one.retired],
    ...decisionKinds.map((kind) => one.decided[kind] ?? 0),
    ...stages.map((stage) => one.stages[stage] ?? 0),
    ...[one.pairsFound, one.pairsSettled, one.notBuilt, one.people ?? '', one.signIns ?? ''],
  ];
}

/** A group for programs. */
function coverageEntry(one: NamedCoverage) {
  return {
    ...{ kind: one.kind, id: one.id, name: one.name, 'name#en': one.nameEn },
    ...{ level: one.level ?? null, parent: one.parentId ?? null },
    ...{ known: one.known, connected: one.connected, live: one.live, retired: one.retired },
    decided: Object.fromEntries(decisionKinds.map((kind) => [kind, one.decided[kind] ?? 0])),
    stages: Object.fromEntries(stages.map((stage) => [stage, one.stages[stage] ?? 0])),
    ...{ pairs_found: one.pairsFound, pairs_settled: one.pairsSettled, not_built: one.notBuilt },
    ...{ people: one.people ?? null, sign_ins: one.signIns ?? null },
  };
}

/** All of a count, with what one has to know to read it. */
export function coverageDocument(groups: readonly NamedCoverage[], count: FinishedCount | undefined) {
  return {
    ...{ day: count?.day ?? null, counted_at: count?.finishedAt.toISOString() ?? null },
    ...{ fewest_people: FEWEST_PEOPLE, people_in_steps_of: FEWEST_PEOPLE, sign_in_days: SIGN_IN_DAYS },
    groups: groups.map(coverageEntry),
  };
}

const BATCH = 1_000;

/** Every group that was counted on a day, with its name. */
export async function listNamedCoverage(db: Db, day: string): Promise<NamedCoverage[]> {
  const named: NamedCoverage[] = [];
  const sectors = new Map((await listSectors(db)).map((sector) => [sector.id, sector]));
  for (let after: Coverage | undefined; ; ) {
    const some = await listCoverage(db, day, { after, limit: BATCH });
    const ids = some.filter(({ kind }) => kind === 'agency').map(({ id }) => id);
    const agencies = new Map((await findAgencies(db, ids)).map((agency) => [agency.id, agency]));
    const nameOf = {
      all: () => undefined,
      sector: (id: string) => sectors.get(id),
      agency: (id: string) => agencies.get(id),
    };
    for (const one of some) {
      const of = nameOf[one.kind](one.id);
      named.push({ ...one, name: of?.name ?? one.id, nameEn: of?.nameEn ?? one.id });
    }
    after = some.at(-1);
    if (some.length < BATCH) return named;
  }
}
