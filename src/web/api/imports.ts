/** Many records at once, by a file: sent, checked by the server, and applied when the sender says so. */
import { z } from 'zod';
import { Refusal } from '#src/base/refusals.ts';
import { nodesWith } from '#src/registry/authority.ts';
import { MAX_FILE } from '#src/registry/inventory-csv.ts';
import {
  applyImport,
  findImport,
  giveUpImport,
  type ImportMistake,
  type InventoryImport,
  listImportMistakes,
  listImports,
  loadImport,
  startImport,
} from '#src/registry/inventory-imports.ts';
import { sayMistake } from '#src/registry/inventory-mistakes.ts';
import { loadAgencyFor } from '../console/visit.ts';
import { asUuid, loadAgencyOf } from './authority.ts';
import { pageOf, readCursor } from './pages.ts';
import { type ApiCall, type ApiRoute, listRoute, route } from './route.ts';
import { importMistakeSchema, importSchema } from './schemas/inventory.ts';
import { said, saidIfAny } from './schemas/pieces.ts';
import { toNumber } from './versions.ts';

const path = '/inventory/imports/:import';

export const importRoutes: readonly ApiRoute[] = [
  route({
    method: 'POST',
    path: '/agencies/:agency/inventory/imports',
    id: 'startImport',
    summary: 'Send a file of the agency’s apps and those below, to be checked',
    description:
      'A table of columns as docs/inventory.md names them. Nothing is changed yet: look at what would be, then apply it. The same file again changes nothing.',
    scope: 'inventory.write',
    query: z.strictObject({ name: z.string().min(1).max(200).default('inventory.csv').describe('Of the file.') }),
    file: { type: 'text/csv', limit: MAX_FILE },
    status: 202,
    answer: importSchema,
    async carryOut(call) {
      const { db, actor, file: content, query } = call;
      const agency = await loadAgencyOf(call, 'inventory.write');
      const sent = { agencyId: agency.id, actor, via: 'api', fileName: query.name, content } as const;
      return answerImport(await loadImport(db, await startImport(db, sent)));
    },
  }),
  listRoute({
    path: '/inventory/imports',
    id: 'listImports',
    summary: 'The last files of the agency and of what is below it, the newest first',
    scope: 'inventory.write',
    item: importSchema,
    async page({ db, held }, _after, limit) {
      const imports = await listImports(db, nodesWith(held, 'inventory.write'), limit);
      return { items: imports.map(showImport), next: undefined };
    },
  }),
  route({
    method: 'GET',
    path,
    id: 'readImport',
    summary: 'How far a file is: ask again until it is checked, and after that until it is applied',
    scope: 'inventory.write',
    status: 200,
    answer: importSchema,
    async carryOut(call) {
      return { body: showImport(await loadImportOf(call)) };
    },
  }),
  listRoute({
    path: `${path}/mistakes`,
    id: 'listImportMistakes',
    summary: 'What is wrong in a file, row by row, and what to do',
    scope: 'inventory.write',
    item: importMistakeSchema,
    async page(call, after, limit) {
      const { id } = await loadImportOf(call);
      const [row, position] = readCursor(after, 2) ?? [];
      const place =
        row !== undefined && position !== undefined ? { row: toNumber(row), position: toNumber(position) } : undefined;
      const mistakes = await listImportMistakes(call.db, id, { after: place, limit });
      const show = showMistake(call);
      return pageOf(mistakes, limit, { show, placeOf: (one) => [String(one.row), String(one.position)] });
    },
  }),
  route({
    method: 'POST',
    path: `${path}/apply`,
    id: 'applyImport',
    summary: 'Apply the rows that are right; those with mistakes are left out',
    scope: 'inventory.write',
    status: 202,
    answer: importSchema,
    async carryOut(call) {
      const { id } = await loadImportOf(call);
      await applyImport(call.db, id);
      return answerImport(await loadImport(call.db, id));
    },
  }),
  route({
    method: 'DELETE',
    path,
    id: 'giveUpImport',
    summary: 'Give a file up that was not applied: nothing of it stays but its counts',
    scope: 'inventory.write',
    status: 204,
    async carryOut(call) {
      const { id } = await loadImportOf(call);
      await giveUpImport(call.db, id);
      return {};
    },
  }),
];

/** @throws {Refusal} `not_here` when there is none, or it is of an agency that is not theirs */
async function loadImportOf(call: ApiCall): Promise<InventoryImport> {
  const found = await findImport(call.db, asUuid(call.param('import')));
  if (!found) throw new Refusal('not_here', 'no such import');
  await loadAgencyFor(call, found.agencyId, 'inventory.write');
  return found;
}

function answerImport(one: InventoryImport) {
  return { body: showImport(one), location: `/inventory/imports/${one.id}` };
}

function showImport(one: InventoryImport): z.input<typeof importSchema> {
  return {
    ...{ id: one.id, agency: one.agencyId, file_name: one.fileName, status: one.status, actor: one.actor },
    ...{ rows_total: one.rowsTotal, rows_done: one.rowsDone },
    ...{ created: one.created, updated: one.updated, unchanged: one.unchanged, refused: one.refused },
    ...{ created_at: said(one.createdAt), finished_at: saidIfAny(one.finishedAt), expires_at: said(one.expiresAt) },
  };
}

function showMistake({ ctx }: ApiCall) {
  return ({ row, field, code, given }: ImportMistake): z.input<typeof importMistakeSchema> => ({
    ...{ row, field, code, given: given ?? null },
    todo: sayMistake(code, ctx.state.language),
  });
}
