/**
 * Decisions about many apps at once: shown before anything changes, applied as they were shown, and undone as a whole until some
 * of them have been carried out. What is refused of one app hinders none beside it.
 */
import { randomUUID } from 'node:crypto';
import type { Db, Transaction } from '#src/base/database.ts';
import { DAY_MS } from '#src/base/epoch.ts';
import { Refusal, type RefusalCode } from '#src/base/refusals.ts';
import type { AppRef } from './app-refs.ts';
import type { Localized } from './clients.ts';
import { isWithin } from './coordination.ts';
import { type DecisionRowRead, MOST_DECISIONS } from './decision-csv.ts';
import type { Decision, DecisionKind } from './decision-rows.ts';
import { type DecisionDraft, type DecisionPlan, planDecisions } from './decision-rules.ts';
import { type Deciding, type Undone, undoAll, writeDecisions } from './decisions.ts';
import { findKnownApps } from './known-apps.ts';
import { lockRegistry } from './version.ts';
import type { Via } from './versions.ts';

export type BatchStatus = 'preview' | 'applied' | 'undone' | 'discarded';

/** What a batch does to one app. */
export interface BatchLine {
  /** Undefined where what was given names no app, or decides nothing. */
  readonly draft?: DecisionDraft | undefined;
  /** What the app is called, for whoever may decide about it; else how it was given. */
  readonly name: Localized;
  readonly before?: Pick<Decision, 'kind' | 'successor' | 'effectiveOn'> | undefined;
  readonly outcome: DecisionPlan['outcome'];
  readonly refused?: RefusalCode | undefined;
}

/** Several decisions that are made together. */
export interface Batch {
  readonly id: string;
  readonly status: BatchStatus;
  readonly lines: readonly BatchLine[];
  readonly via: Via;
  readonly actor: string;
  readonly createdAt: Date;
  readonly appliedAt: Date | undefined;
  readonly undoneAt: Date | undefined;
  readonly undoneBy: string | undefined;
  /** Until when a preview is kept. */
  readonly expiresAt: Date | undefined;
}

/** How long a preview waits. */
const PREVIEW_MS = 7 * DAY_MS;

/**
 * Keeps what somebody wants to decide, with what it would come to. Inside a transaction.
 *
 * @returns its id
 * @throws {Refusal} `decisions_none`, `decisions_too_many`
 */
export async function openBatch(
  tx: Db,
  rows: readonly DecisionRowRead[],
  { reach, actor, via }: Omit<Deciding, 'batchId'>,
): Promise<string> {
  if (rows.length === 0) throw new Refusal('decisions_none', 'a batch without apps');
  if (rows.length > MOST_DECISIONS) throw new Refusal('decisions_too_many', `${rows.length} apps`);
  const id = randomUUID();
  const now = new Date();
  const lines = await planLines(tx, rows, reach);
  await tx.execute(
    `insert into decision_batches (id, status, decision, lines, via, actor, created_at, expires_at)
     values ($1, 'preview', $2, $3, $4, $5, $6, $7)`,
    [id, JSON.stringify(kindsOf(lines)), JSON.stringify(lines), via, actor, now, new Date(now.getTime() + PREVIEW_MS)],
  );
  return id;
}

/** How many of each kind it is about. */
function kindsOf(lines: readonly BatchLine[]): Partial<Record<DecisionKind, number>> {
  const counts: Partial<Record<DecisionKind, number>> = {};
  for (const { draft } of lines) if (draft) counts[draft.kind] = (counts[draft.kind] ?? 0) + 1;
  return counts;
}

/** What each row would come to. */
export async function planLines(
  db: Db,
  rows: readonly DecisionRowRead[],
  reach: Deciding['reach'],
): Promise<BatchLine[]> {
  const plans = await planDecisions(
    db,
    rows.flatMap((row) => ('draft' in row ? row.draft : [])),
    reach,
  );
  let at = 0;
  return rows.map((row) => {
    const plan = 'draft' in row ? plans[at++] : undefined;
    if (plan) return lineOf(plan);
    const given = 'given' in row ? row.given : '';
    return { name: { id: given, en: given }, outcome: 'refused', refused: 'decision_row_unclear' };
  });
}

function lineOf({ draft, app, before, outcome, refused }: DecisionPlan): BatchLine {
  return {
    draft,
    name: app?.name ?? { id: draft.ref, en: draft.ref },
    ...(app && before && { before: pick(before) }),
    outcome,
    refused,
  };
}

function pick({ kind, successor, effectiveOn }: Decision): NonNullable<BatchLine['before']> {
  return { kind, successor, effectiveOn };
}

/** A batch of somebody's own. @throws {Refusal} `not_here` */
export async function loadBatch(db: Db, id: string, actor: string): Promise<Batch> {
  const row = await db.first<BatchRow>(
    `select ${columns} from decision_batches where id = $1 and actor = $2 and (expires_at is null or expires_at > $3)`,
    [id, actor, new Date()],
  );
  if (!row) throw new Refusal('not_here', 'no batch of theirs');
  return toBatch(row);
}

/** The latest batches of somebody, without what is in them. */
export async function listBatches(
  db: Db,
  actor: string,
  limit = 5,
): Promise<Pick<Batch, 'id' | 'status' | 'createdAt'>[]> {
  const rows = await db.query<Pick<BatchRow, 'id' | 'status' | 'created_at'>>(
    `select id, status, created_at from decision_batches
     where actor = $1 and status <> 'discarded' and (expires_at is null or expires_at > $2) order by created_at desc limit $3`,
    [actor, new Date(), limit],
  );
  return rows.map(({ id, status, created_at }) => ({ id, status, createdAt: created_at }));
}

/** What became of applying a batch: `stale` where it would do something else by now than was shown, and did nothing. */
export interface AppliedBatch {
  readonly outcome: 'applied' | 'stale';
  readonly decided: readonly Decision[];
}

/**
 * Applies a batch as it was shown, once. Where anything would come out otherwise by now it does nothing but show that. Inside a
 * transaction.
 *
 * @throws {Refusal} `not_here`; `batch_over`
 */
export async function applyBatch(
  tx: Transaction,
  id: string,
  deciding: Omit<Deciding, 'batchId'>,
): Promise<AppliedBatch> {
  await lockRegistry(tx);
  const batch = await loadBatch(tx, id, deciding.actor);
  if (batch.status !== 'preview') throw new Refusal('batch_over', `batch ${id} is ${batch.status}`);
  const drafts = batch.lines.flatMap(({ draft }) => draft ?? []);
  const plans = await planDecisions(tx, drafts, deciding.reach);
  const shown = batch.lines.filter(({ draft }) => draft !== undefined);
  if (plans.some(({ outcome, refused }, at) => outcome !== shown[at]?.outcome || refused !== shown[at]?.refused)) {
    const rows = batch.lines.map(({ draft, name }): DecisionRowRead => (draft ? { draft } : { given: name.id }));
    const lines = await planLines(tx, rows, deciding.reach);
    await tx.execute(`update decision_batches set lines = $2 where id = $1 and status = 'preview'`, [
      id,
      JSON.stringify(lines),
    ]);
    return { outcome: 'stale', decided: [] };
  }
  const taken = await tx.execute(
    `update decision_batches set status = 'applied', applied_at = $2, expires_at = null where id = $1 and status = 'preview'`,
    [id, new Date()],
  );
  if (taken === 0) throw new Refusal('batch_over', `batch ${id} was taken meanwhile`);
  return { outcome: 'applied', decided: await writeDecisions(tx, plans, { ...deciding, batchId: id }) };
}

/** Throws a preview away. @throws {Refusal} `not_here`; `batch_over` */
export async function discardBatch(tx: Db, id: string, actor: string): Promise<void> {
  await loadBatch(tx, id, actor);
  const done = await tx.execute(
    `update decision_batches set status = 'discarded' where id = $1 and actor = $2 and status = 'preview'`,
    [id, actor],
  );
  if (done === 0) throw new Refusal('batch_over', `batch ${id}`);
}

/**
 * Undoes those decisions of a batch that still hold, as long as none was carried out and all are still theirs to decide. Inside a
 * transaction.
 *
 * @throws {Refusal} `not_here`; `role_required`; `batch_over`; `batch_carried_out`
 */
export async function undoBatch(tx: Transaction, id: string, deciding: Omit<Deciding, 'batchId'>): Promise<Undone[]> {
  await lockRegistry(tx);
  await loadBatch(tx, id, deciding.actor);
  const rows = await tx.query<{ id: string; ref: AppRef; carried_out_at: Date | null }>(
    'select id, ref, carried_out_at from app_decisions where batch_id = $1 and undone_at is null',
    [id],
  );
  const apps = await findKnownApps(
    tx,
    rows.map(({ ref }) => ref),
  );
  const { reach } = deciding;
  if (reach !== 'everywhere' && [...apps.values()].some((app) => !isWithin(reach, app)))
    throw new Refusal('role_required', `batch ${id} has apps that are not theirs any more`);
  if (rows.some(({ carried_out_at }) => carried_out_at !== null)) throw new Refusal('batch_carried_out', `batch ${id}`);
  const taken = await tx.execute(
    `update decision_batches set status = 'undone', undone_at = $2, undone_by = $3 where id = $1 and status = 'applied'`,
    [id, new Date(), deciding.actor],
  );
  if (taken === 0) throw new Refusal('batch_over', `batch ${id}`);
  return undoAll(
    tx,
    rows.map((row) => row.id),
    deciding,
  );
}

interface BatchRow {
  id: string;
  status: BatchStatus;
  lines: BatchLine[];
  via: Via;
  actor: string;
  created_at: Date;
  applied_at: Date | null;
  undone_at: Date | null;
  undone_by: string | null;
  expires_at: Date | null;
}

const columns = 'id, status, lines, via, actor, created_at, applied_at, undone_at, undone_by, expires_at';

function toBatch(row: BatchRow): Batch {
  const { id, status, lines, via, actor } = row;
  return {
    ...{ id, status, lines, via, actor, createdAt: row.created_at },
    appliedAt: row.applied_at ?? undefined,
    undoneAt: row.undone_at ?? undefined,
    undoneBy: row.undone_by ?? undefined,
    expiresAt: row.expires_at ?? undefined,
  };
}
