/** Files of the inventory: sent, looked at row by row, applied or given up. */
import type { Context } from 'koa';
import type { Language } from '#src/base/refusals.ts';
import { Refusal } from '#src/base/refusals.ts';
import { isId } from '#src/base/secrets.ts';
import { findAgency } from '#src/registry/agencies.ts';
import { demandAt, nodesWith } from '#src/registry/authority.ts';
import { columnNames, MAX_FILE } from '#src/registry/inventory-csv.ts';
import {
  applyImport,
  findImport,
  giveUpImport,
  type InventoryImport,
  listImportMistakes,
  listImports,
  startImport,
} from '#src/registry/inventory-imports.ts';
import { sayMistake } from '#src/registry/inventory-mistakes.ts';
import { type ImportsContext, importPage, importsPage, type ListedImport } from '#views/console/inventory-imports.ts';
import { translate } from '#views/locale.ts';
import { CSV_BATCH, sendCsv } from '../csv.ts';
import { showForm } from '../frame.ts';
import type { OpenHouse } from '../house.ts';
import { checkForm } from '../middleware/browser.ts';
import { readUpload, type Upload } from '../middleware/uploads.ts';
import { nameAgencies } from '../names.ts';
import { seeOther } from '../see-other.ts';
import { nameColleagues, sayActor } from './colleagues.ts';
import { consoleFrame } from './frame.ts';
import { listWritable, mayWriteAt } from './inventory-sight.ts';
import { pagesBehind, readPlace } from './positions.ts';
import { answerConsole, type ConsoleVisit, findConsoleVisit, showConsole } from './visit.ts';

/** `GET /console/inventory/imports`. @throws {Refusal} `role_required` */
export async function showImports(ctx: Context, house: OpenHouse): Promise<void> {
  await showConsole(ctx, house, (visit) => showList(visit));
}

/** `POST /console/inventory/imports`. @throws {Refusal} `role_required`, `imports_full` and what forms refuse */
export async function sendImport(ctx: Context, house: OpenHouse): Promise<void> {
  const visit = await findConsoleVisit(ctx, house);
  if (!visit) throw new Refusal('session_required');
  // A large file is read for nobody who could not send it.
  if (nodesWith(visit.held, 'inventory.write').length === 0) throw new Refusal('role_required', 'inventory.write');
  const upload = await readUpload(ctx, { limit: MAX_FILE, fields: ['agency'] });
  checkForm(ctx, house.secrets, house.config.issuer, upload.get('csrf'));
  await send(visit, upload);
}

/** `GET /console/inventory/imports/:import`. @throws {Refusal} `not_here`, `role_required` */
export async function showImport(ctx: Context, house: OpenHouse): Promise<void> {
  await showConsole(ctx, house, showOne);
}

/** `POST /console/inventory/imports/:import`. @throws {Refusal} `not_here`, `role_required`, `import_not_ready` and what forms refuse */
export async function answerImport(ctx: Context, house: OpenHouse): Promise<void> {
  await answerConsole(
    ctx,
    house,
    new Map([
      ['apply', (visit) => decide(visit, applyImport)],
      ['give-up', (visit) => decide(visit, giveUpImport)],
    ]),
  );
}

async function showList(visit: ConsoleVisit, said: Partial<ImportsContext> = {}): Promise<void> {
  const { ctx, db, held } = visit;
  const agencies = await listWritable(visit);
  const imports = await listImports(db, nodesWith(held, 'inventory.write'));
  const context: ImportsContext = {
    ...consoleFrame(visit, 'inventory'),
    imports: await listed(visit, imports),
    agency: agencies?.[0]?.id ?? '',
    agencies,
    columns: Object.keys(columnNames),
    ...said,
  };
  showForm(ctx, importsPage(context));
}

async function listed(visit: ConsoleVisit, imports: readonly InventoryImport[]): Promise<ListedImport[]> {
  const language: Language = visit.ctx.state.language;
  const ids = imports.map(({ agencyId }) => agencyId);
  const agencies = await nameAgencies(visit.db, ids, language);
  const names = await nameColleagues(
    visit,
    imports.map(({ actor }) => actor),
    ids,
  );
  return imports.map(({ agencyId, actor, via: _, finishedAt: __, expiresAt: ___, ...one }) => ({
    ...one,
    agency: agencies.get(agencyId) ?? agencyId,
    actor: sayActor(language, names, actor),
  }));
}

async function send(visit: ConsoleVisit, upload: Upload): Promise<void> {
  const { ctx, db, account } = visit;
  const agency = upload.get('agency').trim();
  const t = translate(ctx.state.language);
  const said = (text: string, field: string) => ({ kind: 'said', text, field }) as const;
  const problems = [
    ...((await mayWriteAt(visit, agency)) ? [] : [said(t('inventory.agency-wrong'), 'agency')]),
    ...(upload.file ? [] : [said(t('inventory.import-file-missing'), 'file')]),
  ];
  if (!upload.file || problems.length > 0) {
    ctx.status = 422;
    return showList(visit, { agency, problems });
  }
  const { name: fileName, content } = upload.file;
  const id = await startImport(db, { agencyId: agency, actor: account.id, via: 'file', fileName, content });
  seeOther(ctx, `/console/inventory/imports/${id}`);
}

/** The import of an address, for somebody who may write at its agency. @throws {Refusal} `not_here`, `role_required` */
async function loadOwnImport({ ctx, db, held }: ConsoleVisit): Promise<InventoryImport> {
  const id = String(ctx.params.import);
  const found = isId(id) ? await findImport(db, id) : undefined;
  const agency = found && (await findAgency(db, found.agencyId));
  if (!agency) throw new Refusal('not_here', 'no such import');
  demandAt(held, 'inventory.write', agency);
  return found;
}

const SHOWN_MISTAKES = 50;
/** Seconds until the page of an import that is worked on comes again by itself. */
const REFRESH_SECONDS = 5;

async function showOne(visit: ConsoleVisit): Promise<void> {
  const { ctx, db } = visit;
  const found = await loadOwnImport(visit);
  const [shown] = await listed(visit, [found]);
  if (!shown) return;
  const language: Language = ctx.state.language;
  const mistakes = await listImportMistakes(db, found.id, { after: readAfter(ctx), limit: SHOWN_MISTAKES + 1 });
  const last = mistakes.length > SHOWN_MISTAKES ? mistakes[SHOWN_MISTAKES - 1] : undefined;
  if (['waiting', 'checking', 'applying'].includes(found.status)) ctx.set('Refresh', String(REFRESH_SECONDS));
  const page = importPage({
    ...consoleFrame(visit, 'inventory'),
    shown,
    expiresAt: found.expiresAt,
    mistakes: mistakes
      .slice(0, SHOWN_MISTAKES)
      .map(({ row, field, given, code }) => ({ row, field, given, text: sayMistake(code, language) })),
    mayDecide: true,
    pages: pagesBehind(ctx, last && [String(last.row), String(last.position)]),
    ...(ctx.query.done === 'given-up' && {
      notice: { tone: 'done', text: translate(language)('inventory.import-given-up-done') },
    }),
  });
  showForm(ctx, page);
}

function readAfter(ctx: Context): { row: number; position: number } | undefined {
  const [row = '', position = ''] = readPlace(ctx);
  const isPlace = /^\d{1,9}$/.test(row) && /^\d{1,3}$/.test(position);
  return isPlace ? { row: Number(row), position: Number(position) } : undefined;
}

async function decide(visit: ConsoleVisit, how: typeof applyImport): Promise<void> {
  const { id } = await loadOwnImport(visit);
  await how(visit.db, id);
  seeOther(visit.ctx, `/console/inventory/imports/${id}${how === giveUpImport ? '?done=given-up' : ''}`);
}

/** `GET /console/inventory/imports/:import/errors.csv`: every mistake, to be worked through beside the file. */
export async function downloadMistakes(ctx: Context, house: OpenHouse): Promise<void> {
  await showConsole(ctx, house, async (visit) => {
    const { id } = await loadOwnImport(visit);
    const columns = ['row', 'column', 'code', 'given', 'what_to_do'];
    await sendCsv(ctx, 'kesalahan', columns, mistakeRows(house, id, ctx.state.language));
  });
}

async function* mistakeRows({ database }: OpenHouse, id: string, language: Language): AsyncGenerator<unknown[]> {
  let last: { row: number; position: number } | undefined;
  for (;;) {
    const mistakes = await listImportMistakes(database, id, { after: last, limit: CSV_BATCH });
    for (const { row, field, code, given } of mistakes) yield [row, field, code, given, sayMistake(code, language)];
    last = mistakes.at(-1);
    if (mistakes.length < CSV_BATCH) return;
  }
}
