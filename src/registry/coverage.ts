/**
 * How far the country has come: how many apps are known, connected, live and retired, which exist twice, what is decided, how
 * often people sign in and how many they are; of a sector, of an agency with all below it, and of all. Counted once a day
 * (`jobs/coverage.ts`); a page reads one day's rows.
 *
 * No figure is about few people. What is told of people and of sign-ins counts those apps alone that at least
 * {@link FEWEST_PEOPLE} people use, in every group alike: so nothing of a smaller app is in any figure, and whoever takes the
 * shown parts of a whole away from it finds nothing of a part that is not shown. People are told in full tens, because a person
 * counts once in a group: the difference between a whole and a part would be those who use the rest alone, and may be few.
 */
import type { Db } from '#src/base/database.ts';
import { DAY_MS, dayOf } from '#src/base/epoch.ts';

/** An app that fewer use is in no figure about people; and so many are not told apart. */
export const FEWEST_PEOPLE = 10;

/** Sign-ins are those of so many days, the counted one the last. */
export const SIGN_IN_DAYS = 30;

export type GroupKind = 'all' | 'sector' | 'agency';

/** What is counted. */
export interface Group {
  readonly kind: GroupKind;
  /** `all` for the whole. */
  readonly id: string;
}

export const everything: Group = { kind: 'all', id: 'all' };

export const decisionKinds = ['keep', 'merge', 'retire', 'legacy'] as const;
export type DecisionKind = (typeof decisionKinds)[number];

/** The figures of a group on a day. */
export interface Figures {
  /** Clients, and records of what exists that are linked to none. */
  readonly known: number;
  /** Those of them that have an app of the registry in use or on the way there: tried, in review, live or stopped. */
  readonly connected: number;
  readonly live: number;
  /** Ended here, or decided to end and that carried out. */
  readonly retired: number;
  /** How many a decision holds for, by its kind. */
  readonly decided: Readonly<Partial<Record<DecisionKind, number>>>;
  /** Apps of the registry by how far they have come from accounts of their own. */
  readonly stages: Readonly<Record<string, number>>;
  /** Pairs that are likely the same; one with an app in two groups counts in both. */
  readonly pairsFound: number;
  /** Those of them that somebody has decided about. */
  readonly pairsSettled: number;
  /** Registrations that were not made because there was an app already, or no place for another. */
  readonly notBuilt: number;
}

/** A group with its figures. */
export interface Coverage extends Group, Figures {
  /** As it is in UTC: `2026-11-26`. */
  readonly day: string;
  /** Of an agency: `ministry`, `province` and so on. */
  readonly level: string | undefined;
  /** Of an agency: the one above it. */
  readonly parentId: string | undefined;
  /** In full tens; undefined where nothing may be told: no app of the group has {@link FEWEST_PEOPLE} people. */
  readonly people: number | undefined;
  /** Of {@link SIGN_IN_DAYS} days; undefined where {@link people} is. */
  readonly signIns: number | undefined;
}

/** People as they are told. */
export function tellPeople(people: number): number | undefined {
  return people < FEWEST_PEOPLE ? undefined : people - (people % FEWEST_PEOPLE);
}

interface CoverageRow {
  kind: GroupKind;
  id: string;
  day: string;
  known: number;
  connected: number;
  live: number;
  retired: number;
  decided: Figures['decided'];
  stages: Figures['stages'];
  pairs_found: number;
  pairs_settled: number;
  not_built: number;
  sign_ins: string;
  people: string | null;
  level: string | null;
  parent_id: string | null;
}

const columns =
  'kind, id, day::text as day, known, connected, live, retired, decided, stages, pairs_found, pairs_settled, not_built, sign_ins, people, level, parent_id';

function toCoverage({
  kind,
  id,
  day,
  known,
  connected,
  live,
  retired,
  decided,
  stages,
  ...row
}: CoverageRow): Coverage {
  return {
    ...{ kind, id, day, known, connected, live, retired, decided, stages },
    pairsFound: row.pairs_found,
    pairsSettled: row.pairs_settled,
    notBuilt: row.not_built,
    level: row.level ?? undefined,
    parentId: row.parent_id ?? undefined,
    people: row.people === null ? undefined : Number(row.people),
    signIns: row.people === null ? undefined : Number(row.sign_ins),
  };
}

/** A count that is finished. */
export interface FinishedCount {
  readonly day: string;
  readonly finishedAt: Date;
}

/** The last day that was counted, if any was. */
export async function findLastCount(db: Db): Promise<FinishedCount | undefined> {
  const row = await db.first<{ day: string; finished_at: Date }>(
    `select day::text as day, finished_at from coverage_runs where finished_at is not null order by coverage_runs.day desc limit 1`,
  );
  return row && { day: row.day, finishedAt: row.finished_at };
}

/** The figures of a group on a day; undefined where there was nothing to count. */
export async function findCoverage(db: Db, { kind, id }: Group, day: string): Promise<Coverage | undefined> {
  const row = await db.first<CoverageRow>(`select ${columns} from coverage where kind = $1 and id = $2 and day = $3`, [
    kind,
    id,
    day,
  ]);
  return row && toCoverage(row);
}

/** The figures of these groups of one kind on a day, in no order; those without any are left out. */
export async function findCoverages(
  db: Db,
  kind: GroupKind,
  ids: readonly string[],
  day: string,
): Promise<ReadonlyMap<string, Coverage>> {
  const rows = await db.query<CoverageRow>(
    `select ${columns} from coverage where kind = $1 and id = any($2) and day = $3`,
    [kind, ids, day],
  );
  return new Map(rows.map((row) => [row.id, toCoverage(row)]));
}

/** Which agencies to list: of a level, or directly below one. */
export interface AgencyCoverages {
  readonly day: string;
  readonly level?: string;
  readonly parentId?: string;
  /** The last one of the page before. */
  readonly after?: { readonly known: number; readonly id: string } | undefined;
  readonly limit: number;
}

/** Agencies by how many apps they have, the most first. */
export async function listAgencyCoverages(
  db: Db,
  { day, level, parentId, after, limit }: AgencyCoverages,
): Promise<Coverage[]> {
  const place = after ?? { known: 2_147_483_647, id: '' };
  const values = [day, place.known, place.id, limit];
  const behind = `(known < $2 or (known = $2 and id > $3)) and known <= $2 order by known desc, id limit $4`;
  const rows =
    parentId === undefined
      ? await db.query<CoverageRow>(
          `select ${columns} from coverage where kind = 'agency' and day = $1 and level = $5 and ${behind}`,
          [...values, level],
        )
      : await db.query<CoverageRow>(
          `select ${columns} from coverage where kind = 'agency' and day = $1 and parent_id = $5 and ${behind}`,
          [...values, parentId],
        );
  return rows.map(toCoverage);
}

/** Everything that was counted on a day, page by page; for files. */
export async function listCoverage(
  db: Db,
  day: string,
  { after, limit }: { readonly after?: Group | undefined; readonly limit: number },
): Promise<Coverage[]> {
  const rows = await db.query<CoverageRow>(
    `select ${columns} from coverage where day = $1 and (kind, id) > ($2, $3) order by kind, id limit $4`,
    [day, after?.kind ?? '', after?.id ?? '', limit],
  );
  return rows.map(toCoverage);
}

/** A group week by week, up to a day; weeks that were not counted are left out. */
export async function readTrend(db: Db, { kind, id }: Group, day: string, weeks = 52): Promise<Coverage[]> {
  const last = new Date(`${day}T00:00:00Z`).getTime();
  const days = Array.from({ length: weeks + 1 }, (_, week) => dayOf(new Date(last - week * 7 * DAY_MS)));
  const rows = await db.query<CoverageRow>(
    `select ${columns} from coverage where kind = $1 and id = $2 and day = any($3::date[]) order by coverage.day`,
    [kind, id, days],
  );
  return rows.map(toCoverage);
}
