/** Decisions that are made together: shown first, applied as shown, and undone as a whole. */
import type { Context } from 'koa';
import { Refusal } from '#src/base/refusals.ts';
import { isId } from '#src/base/secrets.ts';
import type { Reach } from '#src/registry/coordination.ts';
import {
  applyBatch,
  type Batch,
  type BatchLine,
  discardBatch,
  loadBatch,
  undoBatch,
} from '#src/registry/decision-batches.ts';
import type { Decision } from '#src/registry/decision-rows.ts';
import { type BatchContext, batchPage, type ShownLine } from '#views/console/decision-batch.ts';
import type { SaidDecision } from '#views/console/parts/decision.ts';
import { type Language, translate } from '#views/locale.ts';
import type { Notice } from '#views/parts/notice.ts';
import { showForm } from '../frame.ts';
import type { OpenHouse } from '../house.ts';
import { seeOther } from '../see-other.ts';
import { sayActor } from './colleagues.ts';
import { consoleFrame } from './frame.ts';
import { aboutLink, decidingOf, decisionsLink, loadReach, namesOf, transactionOf } from './shown-decisions.ts';
import { answerConsole, type ConsoleVisit, showConsole } from './visit.ts';
/** `GET /console/decisions/batches/:batch`, for whoever made it. @throws {Refusal} `role_required`, `not_here` */
export async function showBatch(ctx: Context, house: OpenHouse): Promise<void> {
  await showConsole(ctx, house, async (visit) => {
    const reach = await loadReach(visit);
    await showBatchPage(visit, await loadBatch(visit.db, batchIdIn(ctx), visit.account.id), reach);
  });
}

function batchIdIn(ctx: Context): string {
  const id = String(ctx.params.batch);
  if (!isId(id)) throw new Refusal('not_here', 'no batch');
  return id;
}

const LINES = 200;

async function showBatchPage(visit: ConsoleVisit, batch: Batch, reach: Reach): Promise<void> {
  const { ctx, account } = visit;
  const language: Language = ctx.state.language;
  const counts = { decided: 0, unchanged: 0, refused: 0 };
  for (const { outcome } of batch.lines) counts[outcome] += 1;
  const refusedFirst = batch.lines.toSorted((one, other) => rankOf(one) - rankOf(other)).slice(0, LINES);
  const context: BatchContext = {
    ...consoleFrame(visit, 'decisions'),
    status: batch.status,
    counts,
    lines: await shownLines(visit, refusedFirst, reach),
    by: account.profile.name ?? sayActor(language, new Map(), batch.actor),
    appliedAt: batch.appliedAt,
    undoneAt: batch.undoneAt,
    expiresAt: batch.expiresAt,
    notice: batchNotice(ctx, counts.decided),
  };
  showForm(ctx, batchPage(context));
}

function rankOf({ outcome }: BatchLine): number {
  return ['refused', 'decided', 'unchanged'].indexOf(outcome);
}

function batchNotice(ctx: Context, count: number): Notice | undefined {
  const t = translate(ctx.state.language);
  if (ctx.query.done === 'applied') return { tone: 'done', text: t('decisions.applied-notice', { count }) };
  if (ctx.query.done === 'undone') return { tone: 'done', text: t('decisions.batch-undone-notice', { count }) };
  return ctx.query.done === 'stale' ? { tone: 'info', text: t('decisions.batch-stale') } : undefined;
}

async function shownLines(visit: ConsoleVisit, lines: readonly BatchLine[], reach: Reach): Promise<ShownLine[]> {
  const language: Language = visit.ctx.state.language;
  const successors = lines.flatMap(({ draft, before }) => [draft?.successor ?? [], before?.successor ?? []].flat());
  const { name } = await namesOf(visit, successors, reach);
  const said = (one: Pick<Decision, 'kind'> & Partial<Pick<Decision, 'successor' | 'effectiveOn'>>): SaidDecision => ({
    ...{ kind: one.kind, successor: one.successor && name(one.successor), on: one.effectiveOn },
  });
  return lines.map((line) => ({
    name: line.name[language],
    link: line.draft && line.refused !== 'not_here' ? aboutLink(line.draft.ref) : undefined,
    before: line.before && said(line.before),
    after: line.draft && said(line.draft),
    outcome: line.outcome,
    why: line.refused && new Refusal(line.refused).in(language).say,
  }));
}

/** `POST /console/decisions/batches/:batch`. @throws {Refusal} `role_required`, `not_here`, `batch_over`, `batch_carried_out` */
export async function answerBatch(ctx: Context, house: OpenHouse): Promise<void> {
  const answers = new Map(Object.entries({ apply: applyAll, discard: discardAll, undo: undoEach }));
  await answerConsole(ctx, house, answers);
}

async function applyAll(visit: ConsoleVisit): Promise<void> {
  const id = batchIdIn(visit.ctx);
  const deciding = decidingOf(visit, await loadReach(visit));
  const { outcome } = await applyBatch(transactionOf(visit), id, deciding);
  seeOther(visit.ctx, `${decisionsLink}/batches/${id}?done=${outcome}`);
}

async function discardAll(visit: ConsoleVisit): Promise<void> {
  await discardBatch(visit.db, batchIdIn(visit.ctx), visit.account.id);
  seeOther(visit.ctx, decisionsLink);
}

async function undoEach(visit: ConsoleVisit): Promise<void> {
  const id = batchIdIn(visit.ctx);
  const deciding = decidingOf(visit, await loadReach(visit));
  await undoBatch(transactionOf(visit), id, deciding);
  seeOther(visit.ctx, `${decisionsLink}/batches/${id}?done=undone`);
}
