/**
 * Pairs of apps that are likely the same, and wait for somebody to decide.
 *
 * A pair that was dismissed stays so until somebody opens it again, whatever the two are called later. One is settled by a decision
 * about one of its apps, or by the end of one.
 */
import { recordAdminEvent } from '#src/audit/events.ts';
import type { Db } from '#src/base/database.ts';
import { Refusal } from '#src/base/refusals.ts';
import { type AppFace, findFaces } from './app-faces.ts';
import { type AppRef, partsOf } from './app-refs.ts';
import type { Reach } from './coordination.ts';
import { hadHand } from './hands.ts';
import type { LikelyReason, Likeness } from './likeness.ts';
import { type Found, planForSearch } from './search.ts';

export const pairStatuses = ['open', 'dismissed', 'settled'] as const;
export type PairStatus = (typeof pairStatuses)[number];

/** Two apps that are likely the same. */
export interface AppPair extends Likeness {
  readonly low: AppFace;
  readonly high: AppFace;
  /** All agencies from the root to those of both apps, for asking who coordinates them. */
  readonly path: readonly string[];
  readonly sectors: readonly string[];
  readonly status: PairStatus;
  readonly foundAt: Date;
  readonly decidedAt: Date | undefined;
  readonly decidedBy: string | undefined;
  /** Why it was dismissed, or by what it was settled. */
  readonly note: string | undefined;
}

/** A place in the order of pairs: by score, then by name. */
export interface PairPosition {
  readonly score: number;
  readonly low: string;
  readonly high: string;
}

/** Which pairs to list. */
export interface PairSearch {
  readonly reach: Reach;
  readonly status: PairStatus;
  readonly sector?: string | undefined;
  /** Pairs with an app at or below this agency. */
  readonly agencyId?: string | undefined;
  /** Pairs of this app. */
  readonly ref?: AppRef | undefined;
  readonly isStrong?: boolean | undefined;
  readonly after?: PairPosition | undefined;
  readonly limit?: number;
}

interface PairRow {
  low: AppRef;
  high: AppRef;
  score: number;
  is_strong: boolean;
  reasons: LikelyReason[];
  agencies: string[];
  sectors: string[];
  status: PairStatus;
  found_at: Date;
  decided_at: Date | null;
  decided_by: string | null;
  note: string | null;
}

const pairColumns =
  'low, high, score, is_strong, reasons, agencies, sectors, status, found_at, decided_at, decided_by, note';

const PAIRS_PER_PAGE = 25;

/** The likeliest pairs first, of those that somebody's coordinating reaches. */
export async function listPairs(db: Db, search: PairSearch): Promise<Found<AppPair>> {
  const limit = search.limit ?? PAIRS_PER_PAGE;
  await planForSearch(db);
  const rows = await db.query<PairRow>(
    `select ${pairColumns} from app_pairs
     where status = $1 and (agencies && $2 or sectors && $3)
       and ($4::text is null or sectors @> array[$4])
       and ($5::text is null or agencies @> array[$5])
       and ($6::text is null or low = $6 or high = $6)
       and ($7::boolean is null or is_strong = $7)
       and ($8::real is null or score <= $8 and (score < $8 or (low, high) > ($9, $10)))
     order by score desc, low, high limit $11`,
    [
      ...[search.status, search.reach.nodes, search.reach.sectors, search.sector, search.agencyId, search.ref],
      ...[search.isStrong, search.after?.score, search.after?.low, search.after?.high, limit + 1],
    ],
  );
  return { lines: await withFaces(db, rows.slice(0, limit)), hasMore: rows.length > limit };
}

/** The place of a pair in the list. */
export function positionOf({ score, low, high }: AppPair): PairPosition {
  return { score, low: low.ref, high: high.ref };
}

async function withFaces(db: Db, rows: readonly PairRow[]): Promise<AppPair[]> {
  const faces = await findFaces(
    db,
    rows.flatMap(({ low, high }) => [low, high]),
  );
  return rows.flatMap((row) => {
    const [low, high] = [faces.get(row.low), faces.get(row.high)];
    return low && high ? [toPair(row, low, high)] : [];
  });
}

function toPair(row: PairRow, low: AppFace, high: AppFace): AppPair {
  return {
    ...{ low, high, path: row.agencies, sectors: row.sectors, status: row.status },
    ...{ score: Math.round(row.score * 1000) / 1000, isStrong: row.is_strong, reasons: row.reasons },
    foundAt: row.found_at,
    decidedAt: row.decided_at ?? undefined,
    decidedBy: row.decided_by ?? undefined,
    note: row.note ?? undefined,
  };
}

/** The pairs of one app, the likeliest first; at most a thousand. */
export async function listPairsOf(db: Db, ref: AppRef): Promise<AppPair[]> {
  const rows = await db.query<PairRow>(
    `select ${pairColumns} from app_pairs where low = $1 or high = $1 order by score desc, low, high limit 1000`,
    [ref],
  );
  return withFaces(db, rows);
}

/** The pair of two apps, in whichever order they are named. */
export async function findPair(db: Db, one: AppRef, other: AppRef): Promise<AppPair | undefined> {
  const rows = await db.query<PairRow>(
    `select ${pairColumns} from app_pairs where low = least($1::text, $2::text) and high = greatest($1::text, $2::text)`,
    [one, other],
  );
  return (await withFaces(db, rows))[0];
}

/** @throws {Refusal} `pair_not_found` */
export async function loadPair(db: Db, one: AppRef, other: AppRef): Promise<AppPair> {
  const pair = await findPair(db, one, other);
  if (!pair) throw new Refusal('pair_not_found', `no pair ${one} ${other}`);
  return pair;
}

/** Which pair somebody decides about, and why. */
export interface PairDecision {
  readonly one: AppRef;
  readonly other: AppRef;
  readonly actor: string;
  readonly reason: string;
}

/**
 * Says that two apps are not the same. It stays said until somebody opens the pair again. Inside a transaction.
 *
 * An app in the making goes live without a case once it is told from what it is like: nobody does that who had a hand in it.
 *
 * @throws {Refusal} `pair_not_found`; `pair_decided` when somebody has decided meanwhile; `case_own`
 */
export async function dismissPair(tx: Db, { one, other, actor, reason }: PairDecision): Promise<void> {
  const pair = await loadPair(tx, one, other);
  for (const face of [pair.low, pair.high])
    if (!face.isKnown && (await isOwnApp(tx, face, actor)))
      throw new Refusal('case_own', `${face.ref} is the own one of ${actor}`);
  const done = await tx.execute(
    `update app_pairs set status = 'dismissed', decided_at = $3, decided_by = $4, note = $5
     where low = $1 and high = $2 and status = 'open'`,
    [pair.low.ref, pair.high.ref, new Date(), actor, reason],
  );
  if (done === 0) throw new Refusal('pair_decided', `${one} ${other} is ${pair.status}`);
  await recordOfBoth(tx, 'duplicate.dismissed', pair, actor);
}

function isOwnApp(db: Db, { ref }: AppFace, actor: string): Promise<boolean> {
  const { id: clientId } = partsOf(ref);
  return hadHand(db, { clientId, actor: `client ${clientId}` }, actor);
}

/**
 * Opens a pair again that was dismissed or settled. Inside a transaction.
 *
 * @throws {Refusal} `pair_not_found`; `pair_decided` when it is open
 */
export async function reopenPair(tx: Db, { one, other, actor }: Omit<PairDecision, 'reason'>): Promise<void> {
  const pair = await loadPair(tx, one, other);
  const done = await tx.execute(
    `update app_pairs set status = 'open', decided_at = null, decided_by = null, note = null
     where low = $1 and high = $2 and status <> 'open'`,
    [pair.low.ref, pair.high.ref],
  );
  if (done === 0) throw new Refusal('pair_decided', `${one} ${other} is open`);
  await recordOfBoth(tx, 'duplicate.reopened', pair, actor);
}

/** One event for each agency that has one of the two; of the other's app that is only in the making it says no more than that. */
async function recordOfBoth(
  tx: Db,
  kind: 'duplicate.dismissed' | 'duplicate.reopened',
  { low, high }: AppPair,
  actor: string,
): Promise<void> {
  for (const agencyId of new Set([low.agencyId, high.agencyId])) {
    const named = ({ ref, isKnown, path }: AppFace) => (isKnown || path.includes(agencyId) ? ref : 'hidden');
    await recordAdminEvent(tx, { kind, actor, subject: `pair ${named(low)} ${named(high)}`, agencyId });
  }
}

/**
 * Says of an app and others that they are not the same, as far as their pairs are open. Inside a transaction.
 *
 * @returns how many pairs that were
 */
export async function dismissPairsWith(
  tx: Db,
  ref: AppRef,
  others: readonly AppRef[],
  { actor, note }: Settling,
): Promise<number> {
  const rows = await tx.query<PairRow>(
    `update app_pairs set status = 'dismissed', decided_at = $3, decided_by = $4, note = $5
     where status = 'open' and (low = $1 and high = any($2) or high = $1 and low = any($2)) returning ${pairColumns}`,
    [ref, others, new Date(), actor, note],
  );
  for (const pair of await withFaces(tx, rows)) await recordOfBoth(tx, 'duplicate.dismissed', pair, actor);
  return rows.length;
}

/** Who settles an app's pairs, and by what. */
export interface Settling {
  readonly actor: string;
  /** Shown beside the pair. */
  readonly note: string;
}

/**
 * Settles every open pair of an app that is going to end: merged into another, or retired. Inside a transaction.
 *
 * @returns how many
 */
export async function settlePairsOf(tx: Db, ref: AppRef, { actor, note }: Settling): Promise<number> {
  const settled = await tx.execute(
    `update app_pairs set status = 'settled', decided_at = $2, decided_by = $3, note = $4
     where (low = $1 or high = $1) and status = 'open'`,
    [ref, new Date(), actor, note],
  );
  if (settled > 0) await recordOfApp(tx, 'duplicate.settled', ref, settled, actor);
  return settled;
}

/**
 * Opens the pairs of an app again whose end is called off, but for those whose other app is going to end as well. Inside a
 * transaction.
 *
 * @returns how many
 */
export async function unsettlePairsOf(tx: Db, ref: AppRef, { actor }: Pick<Settling, 'actor'>): Promise<number> {
  const opened = await tx.execute(
    `update app_pairs set status = 'open', decided_at = null, decided_by = null, note = null
     where (low = $1 or high = $1) and status = 'settled' and not exists (
       select from app_decisions d where d.ref = case when app_pairs.low = $1 then app_pairs.high else app_pairs.low end
         and d.kind in ('merge', 'retire') and d.replaced_at is null and d.undone_at is null)`,
    [ref],
  );
  if (opened > 0) await recordOfApp(tx, 'duplicate.reopened', ref, opened, actor);
  return opened;
}

async function recordOfApp(
  tx: Db,
  kind: 'duplicate.settled' | 'duplicate.reopened',
  ref: AppRef,
  pairs: number,
  actor: string,
): Promise<void> {
  const agencyId = (await findFaces(tx, [ref])).get(ref)?.agencyId;
  const whose = agencyId === undefined ? {} : { agencyId };
  await recordAdminEvent(tx, { kind, actor, subject: `app ${ref}`, ...whose, details: { pairs } });
}
