/**
 * What coordinators decide about apps: to keep one, merge it into another, retire it, or leave it as legacy.
 *
 * One decision about an app holds at a time; those before it stay in its history. An end takes effect on its day
 * (`jobs/decisions.ts`), and until then it can be undone. Whatever changes what holds takes the registry's lock first, so that
 * two never see each other half done: an undo in the last moment either comes before the end, or is refused.
 */
import { randomUUID } from 'node:crypto';
import { recordAdminEvents } from '#src/audit/events.ts';
import { lookUps } from '#src/base/batches.ts';
import type { Db, Transaction } from '#src/base/database.ts';
import { Refusal } from '#src/base/refusals.ts';
import { type AppRef, partsOf } from './app-refs.ts';
import type { Reach } from './coordination.ts';
import {
  currentDecisions,
  type Decision,
  type DecisionKind,
  type DecisionRow,
  decisionColumns,
  findDecision,
  isEnd,
  toDecision,
} from './decision-rows.ts';
import { type DecisionDraft, type DecisionPlan, planDecisions } from './decision-rules.ts';
import { settlePairsOf, unsettlePairsOf } from './duplicates.ts';
import { findKnownApps } from './known-apps.ts';
import { planForSearch } from './search.ts';
import { lockRegistry, raiseRegistryVersion } from './version.ts';
import type { Via } from './versions.ts';

/** Who decides, and how. */
export interface Deciding {
  /** How far their coordinating reaches; `everywhere` for whoever runs the deployment. */
  readonly reach: Reach | 'everywhere';
  /** An account id, `command`, or a machine's `client ID`. */
  readonly actor: string;
  readonly via: Via;
  readonly batchId?: string | undefined;
}

/** The same decision about one or several apps. */
export interface DecisionRequest extends Omit<DecisionDraft, 'ref'>, Deciding {
  readonly refs: readonly AppRef[];
}

/**
 * Decides about apps, about all or none. What says the same already stays untouched. Inside a transaction.
 *
 * @returns what was decided anew
 * @throws {Refusal} `not_here` for an app that does not exist, or that is not theirs to decide about; `client_retired`,
 *   `decision_reason_missing`, `decision_day_missing`, `decision_day_past`, `decision_twice`, `evidence_link_invalid`,
 *   `successor_missing`, `successor_unknown`, `successor_ends`, `successor_circle`, `successor_needed`, `successor_not_connected`
 */
export async function decide(tx: Transaction, { refs, ...request }: DecisionRequest): Promise<Decision[]> {
  const drafts = refs.map((ref) => ({ ...request, ref }));
  await lockRegistry(tx);
  const plans = await planDecisions(tx, drafts, request.reach);
  for (const { draft, refused } of plans) if (refused) throw new Refusal(refused, `decision about ${draft.ref}`);
  return writeDecisions(tx, plans, request);
}

/** Writes what is planned and not refused, in a transaction that holds the registry's lock since before it was planned. */
export async function writeDecisions(
  tx: Transaction,
  plans: readonly DecisionPlan[],
  deciding: Deciding,
): Promise<Decision[]> {
  const now = new Date();
  const lines = plans.flatMap((plan) => (plan.app && plan.outcome === 'decided' ? lineOf(plan, plan.app) : []));
  if (lines.length === 0) return [];
  await replaceBefore(tx, plans, lines, now);
  const decisions = await insertDecisions(tx, lines, deciding, now);
  await noteEnds(
    tx,
    lines.map(({ ref }) => ref),
  );
  await keepPairs(tx, lines, deciding.actor);
  await recordAdminEvents(
    tx,
    lines.map(({ id, ref, agencyId, kind, successor, effectiveOn }) => ({
      kind: 'app.classified' as const,
      actor: deciding.actor,
      subject: subjectOf(ref),
      agencyId,
      details: {
        ...{ decision: kind, id },
        ...(successor && { successor: subjectOf(successor) }),
        ...(effectiveOn && { on: effectiveOn }),
      },
    })),
  );
  return decisions;
}

/** How an app is named among events. */
function subjectOf(ref: AppRef): string {
  const { kind, id } = partsOf(ref);
  return `${kind} ${id}`;
}

/** A row to be written. */
interface DecisionLine {
  readonly id: string;
  readonly ref: AppRef;
  readonly agencyId: string;
  readonly agencies: readonly string[];
  readonly sectors: readonly string[];
  readonly kind: DecisionKind;
  readonly successor: AppRef | null;
  readonly effectiveOn: string | null;
  readonly reason: string;
  readonly evidenceUri: string | null;
  readonly evidenceDigest: string | null;
  /** It has ended already: what is decided is where its people go. */
  readonly isOver: boolean;
}

function lineOf({ draft }: DecisionPlan, app: NonNullable<DecisionPlan['app']>): DecisionLine {
  return {
    id: randomUUID(),
    ref: app.ref,
    agencyId: app.agencyId,
    agencies: app.path,
    sectors: app.sectors,
    kind: draft.kind,
    successor: draft.successor ?? null,
    effectiveOn: draft.effectiveOn ?? null,
    reason: draft.reason,
    evidenceUri: draft.evidence?.uri ?? null,
    evidenceDigest: draft.evidence?.digest ?? null,
    isOver: app.state === 'retired',
  };
}

/** What held about these apps until now, under whichever of their names, holds no longer. */
async function replaceBefore(
  tx: Db,
  plans: readonly DecisionPlan[],
  lines: readonly DecisionLine[],
  now: Date,
): Promise<void> {
  const ids = new Map(lines.map(({ ref, id }) => [ref, id]));
  const names = plans.flatMap(({ app }) => {
    const id = app && ids.get(app.ref);
    return app && id ? app.refs.map((ref) => [ref, id] as const) : [];
  });
  await tx.execute(
    `update app_decisions d set replaced_at = $3, replaced_by = next.id
     from unnest($1::text[], $2::text[]) as next (ref, id)
     where d.ref = next.ref and d.replaced_at is null and d.undone_at is null`,
    [names.map(([ref]) => ref), names.map(([, id]) => id), now],
  );
}

/** As many as one statement writes well within its time. */
const LINES_AT_ONCE = 2_000;

async function insertDecisions(
  tx: Db,
  lines: readonly DecisionLine[],
  { actor, via, batchId }: Deciding,
  now: Date,
): Promise<Decision[]> {
  const decisions: Decision[] = [];
  for (let from = 0; from < lines.length; from += LINES_AT_ONCE) {
    const rows = await tx.query<DecisionRow>(
      `insert into app_decisions (id, ref, agency_id, agencies, sectors, kind, successor, effective_on, reason, evidence_uri,
       evidence_digest, batch_id, via, decided_by, decided_at, carried_out_at)
     select l.id, l.ref, l."agencyId", l.agencies, l.sectors, l.kind, l.successor, l."effectiveOn", l.reason,
       l."evidenceUri", l."evidenceDigest", $2, $3, $4, $5, case when l."isOver" then $5::timestamptz end
     from jsonb_to_recordset($1::jsonb) as l (id text, ref text, "agencyId" text, agencies text[], sectors text[], kind text,
       successor text, "effectiveOn" date, reason text, "evidenceUri" text, "evidenceDigest" text, "isOver" boolean)
     returning ${columns}`,
      [JSON.stringify(lines.slice(from, from + LINES_AT_ONCE)), batchId ?? null, via, actor, now],
    );
    decisions.push(...rows.map(toDecision));
  }
  return decisions;
}

/**
 * Writes beside each client when it ends and what follows it, as its newest decision says: what signs people in reads it
 * there. Inside a transaction that holds the registry's lock.
 */
export async function noteEnds(tx: Db, refs: readonly AppRef[]): Promise<void> {
  const clients = [...new Set(refs)].filter((ref) => partsOf(ref).kind === 'client');
  if (clients.length === 0) return;
  const held = await currentDecisions(tx, clients);
  const records = [...held.values()].flatMap(({ successor }) => successor ?? []);
  const known = await findKnownApps(
    tx,
    records.filter((ref) => partsOf(ref).kind === 'inventory'),
  );
  const version = await raiseRegistryVersion(tx);
  for (const some of lookUps(clients)) {
    const ends = some.map((ref) => {
      const decision = held.get(ref);
      return decision && isEnd(decision.kind) ? decision : undefined;
    });
    const successors = ends.map((end) => end?.successor && (known.get(end.successor)?.ref ?? end.successor));
    await tx.execute(
      `update clients c set successor = said.successor, ends_on = said.ends_on, version = $4, updated_at = $5
       from unnest($1::text[], $2::text[], $3::date[]) as said (id, successor, ends_on)
       where c.id = said.id and (c.successor, c.ends_on) is distinct from (said.successor, said.ends_on)`,
      [some.map((ref) => partsOf(ref).id), successors, ends.map((end) => end?.effectiveOn), version, new Date()],
    );
  }
}

/** What holds about an app, or nothing. */
interface Held {
  readonly ref: AppRef;
  readonly kind: DecisionKind | undefined;
  readonly reason: string;
}

/** The pairs of an app that ends are settled by it; those of one that goes on after all are open again. */
async function keepPairs(tx: Db, held: readonly Held[], actor: string): Promise<void> {
  const rows = await tx.query<{ ref: AppRef; status: string }>(
    `select distinct one.ref, p.status from unnest($1::text[]) as one (ref)
       join app_pairs p on p.low = one.ref or p.high = one.ref where p.status <> 'dismissed'`,
    [held.map(({ ref }) => ref)],
  );
  const has = new Set(rows.map(({ ref, status }) => `${status} ${ref}`));
  for (const { ref, kind, reason } of held) {
    const ends = kind !== undefined && isEnd(kind);
    if (ends && has.has(`open ${ref}`)) await settlePairsOf(tx, ref, { actor, note: reason });
    if (!ends && has.has(`settled ${ref}`)) await unsettlePairsOf(tx, ref, { actor });
  }
}

/** What became of an undo. */
export interface Undone {
  readonly decision: Decision;
  /** What holds again, where there was something before that still can. */
  readonly restored: Decision | undefined;
}

/** Which decision somebody undoes. */
export interface UndoRequest extends Deciding {
  readonly id: string;
}

/**
 * Undoes the decision that holds about an app; what held before holds again, unless its day has passed or it can no longer
 * be. Inside a transaction.
 *
 * @throws {Refusal} `not_here`, `decision_carried_out`, `decision_over`
 */
export async function undoDecision(tx: Transaction, { id, ...deciding }: UndoRequest): Promise<Undone> {
  await lockRegistry(tx);
  const decision = await findDecision(tx, id);
  if (!decision || !(await mayUndo(tx, decision, deciding.reach))) throw new Refusal('not_here', `no decision ${id}`);
  if (decision.carriedOutAt) throw new Refusal('decision_carried_out', `decision ${id}`);
  const [undone] = await undoAll(tx, [id], deciding);
  if (!undone) throw new Refusal('decision_over', `decision ${id}`);
  return undone;
}

async function mayUndo(db: Db, { id }: Decision, reach: Deciding['reach']): Promise<boolean> {
  if (reach === 'everywhere') return true;
  const row = await db.first<{ id: string }>(
    'select id from app_decisions where id = $1 and (agencies && $2 or sectors && $3)',
    [id, reach.nodes, reach.sectors],
  );
  return row !== undefined;
}

/** Undoes those of these decisions that hold and were not carried out. The caller holds the registry's lock. */
export async function undoAll(tx: Transaction, ids: readonly string[], deciding: Deciding): Promise<Undone[]> {
  const rows = await tx.query<DecisionRow>(
    `update app_decisions set undone_at = $2, undone_by = $3
     where id = any($1) and undone_at is null and replaced_at is null and carried_out_at is null
     returning ${columns}`,
    [ids, new Date(), deciding.actor],
  );
  const undone = rows.map(toDecision);
  const restored = await restoreBefore(tx, undone);
  await noteEnds(
    tx,
    undone.map(({ ref }) => ref),
  );
  const holds = undone.map((one) => restored.get(one.id) ?? { ref: one.ref, kind: undefined, reason: '' });
  await keepPairs(tx, holds, deciding.actor);
  await recordAdminEvents(
    tx,
    undone.map(({ id, ref, agencyId, kind }) => ({
      kind: 'app.decision-undone' as const,
      actor: deciding.actor,
      subject: subjectOf(ref),
      agencyId,
      details: { decision: kind, id, ...(restored.has(id) && { restored: String(restored.get(id)?.id) }) },
    })),
  );
  return undone.map((decision) => ({ decision, restored: restored.get(decision.id) }));
}

/** Puts what was replaced in force again, as far as it could be decided today. @returns it, by what had replaced it */
async function restoreBefore(tx: Db, undone: readonly Decision[]): Promise<Map<string, Decision>> {
  const rows = await tx.query<DecisionRow>(
    `select ${columns} from app_decisions where replaced_by = any($1) and undone_at is null
     order by decided_at desc, id`,
    [undone.map(({ id }) => id)],
  );
  const before = rows.map(toDecision).filter((one, at, all) => all.findIndex(({ ref }) => ref === one.ref) === at);
  const plans = await planDecisions(tx, before, 'everywhere');
  const ids = before.filter((_, at) => plans[at]?.outcome === 'decided').map(({ id }) => id);
  const restored = await tx.query<DecisionRow & { was_replaced_by: string }>(
    `with again as (select id, replaced_by from app_decisions where id = any($1))
     update app_decisions d set replaced_at = null, replaced_by = null from again
     where d.id = again.id
     returning again.replaced_by as was_replaced_by, ${decisionColumns('d')}`,
    [ids],
  );
  return new Map(restored.map((row) => [row.was_replaced_by, toDecision(row)]));
}

/** The decision that holds about an app, under whichever of its names. */
export async function currentDecision(db: Db, ref: AppRef): Promise<Decision | undefined> {
  return (await currentDecisions(db, [ref])).get(ref);
}

/** Everything that was decided about an app, the latest first. */
export async function listDecisionsAbout(db: Db, refs: readonly AppRef[], limit = 50): Promise<Decision[]> {
  const rows = await db.query<DecisionRow>(
    `select ${columns} from app_decisions where ref = any($1) order by decided_at desc, id limit $2`,
    [refs, limit],
  );
  return rows.map(toDecision);
}

/** A place in the history of decisions. */
export interface DecisionPosition {
  readonly decidedAt: Date;
  readonly id: string;
}

/** Which decisions to list. */
export interface DecisionSearch {
  /** The agencies at and below which, and the sectors of which, decisions are seen. */
  readonly reach: Reach | 'everywhere';
  readonly kind?: DecisionKind | undefined;
  /** `in-force`; `ahead`: ends whose day is still to come; `over`: carried out, replaced or undone. */
  readonly standing?: DecisionStanding | undefined;
  readonly sector?: string | undefined;
  readonly batchId?: string | undefined;
  /** The last one of the page before. */
  readonly after?: DecisionPosition | undefined;
  readonly limit?: number;
}

export const decisionStandings = ['in-force', 'ahead', 'over'] as const;
export type DecisionStanding = (typeof decisionStandings)[number];

const DECISIONS_PER_PAGE = 50;

/** Decisions, the latest first; 50 unless told otherwise. */
export async function listDecisions(
  db: Db,
  search: DecisionSearch,
): Promise<{ readonly lines: readonly Decision[]; readonly hasMore: boolean }> {
  const { reach, kind, standing, sector, batchId, after, limit = DECISIONS_PER_PAGE } = search;
  await planForSearch(db);
  const { nodes, sectors } = reach === 'everywhere' ? { nodes: [], sectors: [] } : reach;
  const rows = await db.query<DecisionRow>(
    `select ${columns} from app_decisions
     where ($1 or agencies && $2::text[] or sectors && $3::text[])
       and ($4::text is null or kind = $4)
       and ($5::text is null or case $5
         when 'in-force' then replaced_at is null and undone_at is null
         when 'ahead' then replaced_at is null and undone_at is null and carried_out_at is null and kind in ('merge', 'retire')
         else replaced_at is not null or undone_at is not null or carried_out_at is not null end)
       and ($6::text is null or sectors @> array[$6])
       and ($7::text is null or batch_id = $7)
       and ($8::timestamptz is null or (decided_at <= $8 and (decided_at < $8 or id > $9)))
     order by decided_at desc, id limit $10`,
    [
      ...[reach === 'everywhere', nodes, sectors, kind, standing, sector, batchId],
      ...[after?.decidedAt, after?.id, limit + 1],
    ],
  );
  return { lines: rows.slice(0, limit).map(toDecision), hasMore: rows.length > limit };
}

const columns = decisionColumns('app_decisions');
