/**
 * Compares apps with all others, those that changed and no more: the work of a job, in batches small enough for one statement each.
 *
 * An app is claimed for a few minutes; who asks for it meanwhile takes the claim away, so that it is compared once more. Several
 * processes may compare at the same time.
 */
import type { Database, Db } from '#src/base/database.ts';
import type { AppRef } from './app-refs.ts';
import { type Candidate, type Compared, findCandidates } from './candidates.ts';
import { settlePairsOf } from './duplicates.ts';
import { countFamilies, findNames } from './families.ts';
import { LIKELY, type Likeness, weigh } from './likeness.ts';
import { type AppState, holdApps, refreshProfiles } from './profiles.ts';

const LEASE_MS = 5 * 60_000;

/** So many at once: each takes some hundredths of a second of the seven that a statement may take. */
const BATCH = 40;

/** So many new pairs come of comparing one app. */
const MOST_PAIRS = 20;

/** What stands for whoever decides about a pair without being a person. */
const COMPARING = 'duplicates';

/**
 * Compares some of the apps that wait for it.
 *
 * @returns how many; none when nothing waits
 */
export async function compareProfiles(database: Database, limit = BATCH): Promise<number> {
  const lease = new Date(Date.now() + LEASE_MS);
  const refs = await claim(database, lease, limit);
  if (refs.length === 0) return 0;
  await database.batch(async (tx) => {
    await holdApps(tx, refs);
    const before = await findNames(tx, refs);
    await refreshProfiles(tx, refs);
    await countFamilies(tx, [...before, ...(await findNames(tx, refs))]);
  });
  await database.batch(async (tx) => {
    await compareAll(tx, refs);
    await tx.execute('delete from app_comparisons where ref = any($1) and lease_until = $2', [refs, lease]);
  });
  return refs.length;
}

/** How many apps wait to be compared. */
export async function countWaiting(db: Db): Promise<number> {
  const row = await db.first<{ count: number }>('select count(*)::integer as count from app_comparisons');
  return row?.count ?? 0;
}

async function claim(db: Db, lease: Date, limit: number): Promise<AppRef[]> {
  const rows = await db.query<{ ref: AppRef }>(
    `update app_comparisons set lease_until = $2 where ref in (
       select ref from app_comparisons where lease_until is null or lease_until <= $1
       order by asked_at, ref limit $3 for update skip locked) returning ref`,
    [new Date(), lease, limit],
  );
  return rows.map(({ ref }) => ref);
}

async function compareAll(tx: Db, refs: readonly AppRef[]): Promise<void> {
  const profiles = await readProfiles(tx, refs);
  const retired = profiles.filter(({ state }) => state === 'retired');
  for (const { ref } of retired) await settlePairsOf(tx, ref, { actor: COMPARING, note: 'retired' });
  const compared = profiles.filter(({ state }) => state !== 'retired');
  const weighed = (await findCandidates(tx, compared)).map((candidate) => ({ candidate, ...weigh(candidate.signals) }));
  const one = ({ position }: Candidate) => compared[position]?.ref ?? '';
  const pairs = [...Map.groupBy(weighed, ({ candidate }) => one(candidate))].flatMap(([ref, found]) =>
    choose(found).map((pair) => ({ one: ref, other: pair.candidate.ref, ...pair })),
  );
  await savePairs(tx, pairs);
  const unlike = weighed.filter(({ candidate, score }) => candidate.isPair && score < LIKELY);
  await forgetPairs(
    tx,
    unlike.map(({ candidate }) => [one(candidate), candidate.ref]),
  );
}

interface Weighed extends Likeness {
  readonly candidate: Candidate;
}

/** What is a pair already stays one, as long as it is likely; of what is new the likeliest become one. */
function choose(found: readonly Weighed[]): Weighed[] {
  const likely = found.filter(({ score, candidate }) => score >= LIKELY && candidate.state !== 'retired');
  const fresh = likely
    .filter(({ candidate }) => !candidate.isPair)
    .toSorted((a, b) => b.score - a.score || (a.candidate.ref < b.candidate.ref ? -1 : 1));
  return [...likely.filter(({ candidate }) => candidate.isPair), ...fresh.slice(0, MOST_PAIRS)];
}

interface ProfileRow {
  ref: AppRef;
  state: AppState;
  agency_id: string;
  agencies: string[];
  name_words: string;
  name_en_words: string;
  description_words: string;
  description_en_words: string;
  host: string | null;
  domain: string | null;
  service_code: string | null;
  audience: string[];
  claims: string[];
}

async function readProfiles(db: Db, refs: readonly AppRef[]): Promise<(Compared & { ref: AppRef; state: AppState })[]> {
  const rows = await db.query<ProfileRow>(
    `select ref, state, agency_id, agencies, name_words, name_en_words, description_words, description_en_words, host, domain,
       service_code, audience, claims from app_profiles where ref = any($1)`,
    [refs],
  );
  return rows.map((row) => ({
    ...{ ref: row.ref, state: row.state, agencyId: row.agency_id, agencies: row.agencies },
    ...{ nameWords: row.name_words, nameEnWords: row.name_en_words },
    ...{ descriptionWords: row.description_words, descriptionEnWords: row.description_en_words },
    ...{ host: row.host ?? undefined, domain: row.domain ?? undefined, serviceCode: row.service_code ?? undefined },
    ...{ audience: row.audience, claims: row.claims },
  }));
}

interface FoundPair extends Likeness {
  readonly one: string;
  readonly other: string;
}

/** A pair that somebody has decided about keeps what was decided, whatever its score is now. */
async function savePairs(tx: Db, pairs: readonly FoundPair[]): Promise<void> {
  if (pairs.length === 0) return;
  const given = pairs.map(({ one, other, score, isStrong, reasons }) => ({ one, other, score, isStrong, reasons }));
  await tx.execute(
    `insert into app_pairs (low, high, score, is_strong, reasons, agencies, sectors, status, found_at, scored_at)
     select distinct on (1, 2) least(a.ref, b.ref), greatest(a.ref, b.ref), g.score, g."isStrong", g.reasons,
       array(select distinct unnest(a.agencies || b.agencies)), array(select distinct unnest(a.sectors || b.sectors)), 'open', $2, $2
     from jsonb_to_recordset($1::jsonb) as g (one text, other text, score real, "isStrong" boolean, reasons jsonb)
       join app_profiles a on a.ref = g.one join app_profiles b on b.ref = g.other
     order by 1, 2
     on conflict (low, high) do update set score = excluded.score, is_strong = excluded.is_strong, reasons = excluded.reasons,
       agencies = excluded.agencies, sectors = excluded.sectors, scored_at = excluded.scored_at`,
    [JSON.stringify(given), new Date()],
  );
}

/** What is no longer alike is no pair, unless somebody has decided about it. */
async function forgetPairs(tx: Db, pairs: readonly (readonly [string, string])[]): Promise<void> {
  if (pairs.length === 0) return;
  await tx.execute(
    `delete from app_pairs p using unnest($1::text[], $2::text[]) as g (one, other)
     where p.low = least(g.one, g.other) and p.high = greatest(g.one, g.other) and p.status = 'open'`,
    [pairs.map(([one]) => one), pairs.map(([, other]) => other)],
  );
}
