/** Many decisions at once, by a file: shown first, applied as they were shown, and undone as a whole. */
import { z } from 'zod';
import {
  applyBatch,
  type Batch,
  type BatchLine,
  discardBatch,
  loadBatch,
  openBatch,
  undoBatch,
} from '#src/registry/decision-batches.ts';
import { MAX_DECISIONS_FILE, readDecisions } from '#src/registry/decision-csv.ts';
import { toCursor } from '../places.ts';
import { asUuid } from './authority.ts';
import { decidingOf, transactionOf } from './decisions.ts';
import { readCursor } from './pages.ts';
import { type ApiCall, type ApiRoute, listRoute, route } from './route.ts';
import { batchLineSchema, batchSchema } from './schemas/coordination.ts';
import { said, saidIfAny } from './schemas/pieces.ts';
import { toNumber } from './versions.ts';

const path = '/decisions/batches/:batch';

export const batchRoutes: readonly ApiRoute[] = [
  route({
    method: 'POST',
    path: '/decisions/batches',
    id: 'openBatch',
    summary: 'Send a file of decisions, to see what each would come to',
    description:
      'Its columns are named in docs/classification.md. Nothing is decided yet; a preview is kept for a week, and seen by its machine alone.',
    scope: 'sectors.decide',
    file: { type: 'text/csv', limit: MAX_DECISIONS_FILE },
    status: 201,
    answer: batchSchema,
    async carryOut(call) {
      const rows = await readDecisions(call.db, call.file);
      const id = await openBatch(call.db, rows, await decidingOf(call));
      return { body: showBatch(await loadBatch(call.db, id, call.actor)), location: `/decisions/batches/${id}` };
    },
  }),
  route({
    method: 'GET',
    path,
    id: 'readBatch',
    summary: 'Where a batch stands, and how many decisions it makes and is refused',
    scope: 'sectors.decide',
    status: 200,
    answer: batchSchema,
    async carryOut(call) {
      return { body: showBatch(await loadBatchOf(call)) };
    },
  }),
  listRoute({
    path: `${path}/lines`,
    id: 'listBatchLines',
    summary: 'What a batch does to each app, in the order of its file',
    scope: 'sectors.decide',
    item: batchLineSchema,
    async page(call, after, limit) {
      const { lines } = await loadBatchOf(call);
      const [from] = readCursor(after, 1) ?? [];
      const first = from === undefined ? 0 : toNumber(from);
      const last = first + limit;
      const items = lines.slice(first, last).map(showBatchLine);
      return { items, next: last < lines.length ? toCursor([String(last)]) : undefined };
    },
  }),
  route({
    method: 'POST',
    path: `${path}/apply`,
    id: 'applyBatch',
    summary: 'Apply a batch as it was shown, once',
    description:
      'Where anything would come out otherwise by now, nothing is decided: `outcome` is stale, and the batch shows what it would do now.',
    scope: 'sectors.decide',
    status: 200,
    answer: z.strictObject({ outcome: z.enum(['applied', 'stale']), batch: batchSchema }),
    async carryOut(call) {
      const { id } = await loadBatchOf(call);
      const { outcome } = await applyBatch(transactionOf(call), id, await decidingOf(call));
      return { body: { outcome, batch: showBatch(await loadBatch(call.db, id, call.actor)) } };
    },
  }),
  route({
    method: 'POST',
    path: `${path}/undo`,
    id: 'undoBatch',
    summary: 'Undo all decisions of a batch that still hold, as long as none was carried out',
    scope: 'sectors.decide',
    status: 200,
    answer: batchSchema,
    async carryOut(call) {
      const { id } = await loadBatchOf(call);
      await undoBatch(transactionOf(call), id, await decidingOf(call));
      return { body: showBatch(await loadBatch(call.db, id, call.actor)) };
    },
  }),
  route({
    method: 'DELETE',
    path,
    id: 'discardBatch',
    summary: 'Throw a preview away',
    scope: 'sectors.decide',
    status: 204,
    async carryOut(call) {
      const { id } = await loadBatchOf(call);
      await discardBatch(call.db, id, call.actor);
      return {};
    },
  }),
];

/** The batch of the address, of this very machine. @throws {Refusal} `not_here` */
function loadBatchOf(call: ApiCall): Promise<Batch> {
  return loadBatch(call.db, asUuid(call.param('batch')), call.actor);
}

function showBatch(batch: Batch): z.input<typeof batchSchema> {
  const count = (outcome: BatchLine['outcome']) => batch.lines.filter((line) => line.outcome === outcome).length;
  return {
    ...{ id: batch.id, status: batch.status, via: batch.via, actor: batch.actor },
    ...{ decided: count('decided'), unchanged: count('unchanged'), refused: count('refused') },
    ...{ created_at: said(batch.createdAt), applied_at: saidIfAny(batch.appliedAt) },
    ...{ undone_at: saidIfAny(batch.undoneAt), expires_at: saidIfAny(batch.expiresAt) },
  };
}

function showBatchLine({ draft, name, outcome, refused }: BatchLine): z.input<typeof batchLineSchema> {
  return {
    ...{ app: draft?.ref ?? null, name: name.id, decision: draft?.kind ?? null, successor: draft?.successor ?? null },
    ...{ on: draft?.effectiveOn ?? null, outcome, refused: refused ?? null },
  };
}
