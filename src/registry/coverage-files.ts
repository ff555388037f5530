/** The figures of a count as files: `coverage.csv` and `coverage.json`. Columns are only ever added. */
import { type Coverage, decisionKinds, FEWEST_PEOPLE, type FinishedCount, SIGN_IN_DAYS } from './coverage.ts';

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
export function coverageEntry(one: NamedCoverage) {
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
