/**
 * Names that many apps bear: each regency has its "SIMPEG". A pair of each two of them would help nobody; a family is one line that
 * says how many there are, and leads to them.
 */
import type { Db } from '#src/base/database.ts';
import { type AppFace, findFaces } from './app-faces.ts';
import type { AppRef } from './app-refs.ts';
import type { Reach } from './coordination.ts';
import { MOST_OF_A_NAME } from './likeness.ts';
import { askToCompare } from './profiles.ts';
import { type Found, planForSearch } from './search.ts';

/** The words of the names of apps. */
export async function findNames(db: Db, refs: readonly AppRef[]): Promise<string[]> {
  const rows = await db.query<{ words: string }>(
    `select distinct name_words as words from app_profiles where ref = any($1) and name_words <> ''`,
    [refs],
  );
  return rows.map(({ words }) => words);
}

/**
 * Counts the apps of these names anew. What has become a family, or is none any more, is compared again: then a name in common
 * means something else. Inside a transaction.
 */
export async function countFamilies(tx: Db, words: readonly string[]): Promise<void> {
  const names = [...new Set(words)].toSorted();
  if (names.length === 0) return;
  const counted = await tx.query<{ words: string; is_new: boolean }>(
    `insert into app_families (words, name, apps, agencies, sectors, counted_at)
     select g.words, min(p.name), count(*), array(select distinct unnest(o.agencies) from app_profiles o where o.name_words = g.words
         and o.state <> 'retired'),
       array(select distinct unnest(o.sectors) from app_profiles o where o.name_words = g.words and o.state <> 'retired'), $2
     from unnest($1::text[]) as g (words) join app_profiles p on p.name_words = g.words and p.state <> 'retired'
     group by g.words having count(*) > ${MOST_OF_A_NAME}
     order by g.words
     on conflict (words) do update set name = excluded.name, apps = excluded.apps, agencies = excluded.agencies,
       sectors = excluded.sectors, counted_at = excluded.counted_at
     returning words, (xmax = 0) as is_new`,
    [names, new Date()],
  );
  const families = counted.map((one) => one.words);
  const dissolved = await tx.query<{ words: string }>(
    'delete from app_families where words = any($1) and not words = any($2) returning words',
    [names, families],
  );
  const turned = [...counted.filter(({ is_new }) => is_new), ...dissolved].map((one) => one.words);
  const concerned = await tx.query<{ ref: string }>(
    `select ref from app_profiles where name_words = any($1) and state <> 'retired'`,
    [turned],
  );
  await askToCompare(
    tx,
    concerned.map(({ ref }) => ref),
  );
}

/** A name that many apps bear. */
export interface AppFamily {
  /** What is left of the name for comparing; also what it is found by. */
  readonly words: string;
  /** The name as one of them spells it. */
  readonly name: string;
  readonly apps: number;
}

/** Which families to list. */
export interface FamilySearch {
  readonly reach: Reach;
  readonly sector?: string | undefined;
  readonly agencyId?: string | undefined;
  readonly after?: Pick<AppFamily, 'apps' | 'words'> | undefined;
  readonly limit?: number;
}

const FAMILIES_PER_PAGE = 25;

/** The largest families first, of those that have an app which somebody's coordinating reaches. */
export async function listFamilies(db: Db, search: FamilySearch): Promise<Found<AppFamily>> {
  const limit = search.limit ?? FAMILIES_PER_PAGE;
  await planForSearch(db);
  const rows = await db.query<AppFamily>(
    `select words, name, apps from app_families
     where (agencies && $1 or sectors && $2) and ($3::text is null or sectors @> array[$3]) and ($4::text is null or agencies @> array[$4])
       and ($5::integer is null or apps <= $5 and (apps < $5 or words > $6))
     order by apps desc, words limit $7`,
    [
      ...[search.reach.nodes, search.reach.sectors, search.sector, search.agencyId],
      ...[search.after?.apps, search.after?.words, limit + 1],
    ],
  );
  return { lines: rows.slice(0, limit), hasMore: rows.length > limit };
}

/** A family that has an app which somebody's coordinating reaches. */
export function findFamily(db: Db, words: string, { nodes, sectors }: Reach): Promise<AppFamily | undefined> {
  return db.first<AppFamily>(
    'select words, name, apps from app_families where words = $1 and (agencies && $2 or sectors && $3)',
    [words, nodes, sectors],
  );
}

/** A place among the apps of a family. */
export interface MemberPosition {
  readonly agencyId: string;
  readonly ref: string;
}

/** Which apps of a family to list. */
export interface MemberSearch {
  readonly words: string;
  readonly reach: Reach;
  readonly after?: MemberPosition | undefined;
  readonly limit?: number;
}

const MEMBERS_PER_PAGE = 50;

/** The apps of a family that somebody's coordinating reaches, by agency. */
export async function listMembers(db: Db, search: MemberSearch): Promise<Found<AppFace>> {
  const limit = search.limit ?? MEMBERS_PER_PAGE;
  const rows = await db.query<{ ref: AppRef }>(
    `select ref from app_profiles
     where name_words = $1 and state <> 'retired' and (agencies && $2 or sectors && $3)
       and ($4::text is null or (agency_id, ref) > ($4, $5))
     order by agency_id, ref limit $6`,
    [
      ...[search.words, search.reach.nodes, search.reach.sectors],
      ...[search.after?.agencyId, search.after?.ref, limit + 1],
    ],
  );
  const refs = rows.slice(0, limit).map(({ ref }) => ref);
  const faces = await findFaces(db, refs);
  return { lines: refs.flatMap((ref) => faces.get(ref) ?? []), hasMore: rows.length > limit };
}
