/** `/console/apps/:client/edit`: what is declared of an app, changed after one has seen what changes. */
import type { Context } from 'koa';
import { Refusal } from '#src/base/refusals.ts';
import { permissionsAt } from '#src/registry/authority.ts';
import { applyChange, type ChangeRequest, planChange } from '#src/registry/changes.ts';
import { standardClaims } from '#src/registry/claims.ts';
import type { ClientRecord } from '#src/registry/clients.ts';
import { declarationOf } from '#src/registry/declarations.ts';
import { findLogoProblem } from '#src/registry/logos.ts';
import { type ClientDeclaration, type ClientEntry, checkClientEntry } from '#src/registry/registration-schema.ts';
import { listSectors } from '#src/registry/sectors.ts';
import { findSmallerScope } from '#src/registry/smaller-scope.ts';
import { findPendingVersion } from '#src/registry/versions.ts';
import { appLink } from '#views/console/app-page.ts';
import { type EditContext, editPage, editPreviewPage, editSections, fieldName } from '#views/console/edit.ts';
import { keyName } from '#views/console/parts/declared.ts';
import { translate } from '#views/locale.ts';
import type { Problem } from '#views/parts/problem.ts';
import { showForm } from '../frame.ts';
import type { OpenHouse } from '../house.ts';
import type { Form } from '../middleware/forms.ts';
import { choiceIn } from '../names.ts';
import { sayRefusal } from '../say-refusal.ts';
import { seeOther } from '../see-other.ts';
import { declaredBy, typedIn, valuesOf } from './edit-form.ts';
import { sayFindings } from './findings.ts';
import { appHeadOf, consoleFrame } from './frame.ts';
import { readReason } from './versions.ts';
import { answerConsole, type ConsoleVisit, loadClientFor, showConsole } from './visit.ts';

/** `GET /console/apps/:client/edit`, or (`smaller=yes`) filled in without the claims that nobody reads. @throws {Refusal} `not_here`, `role_required` */
export function showEdit(ctx: Context, house: OpenHouse, clientId: string): Promise<void> {
  return showConsole(ctx, house, async (visit) => {
    const client = await loadClientFor(visit, clientId, 'apps.write');
    const smaller = ctx.query.smaller === 'yes' ? await findSmallerScope(visit.db, client) : undefined;
    await showPage(visit, client, valuesOf(smaller?.declaration ?? declarationOf(client)), {
      isSmaller: Boolean(smaller),
    });
  });
}

/**
 * `POST /console/apps/:client/edit`.
 *
 * @throws {Refusal} `session_required`, `csrf_mismatch`, `not_here`, `role_required`, `client_retired`
 */
export function answerEdit(ctx: Context, house: OpenHouse, clientId: string): Promise<void> {
  const at =
    (answer: (visit: ConsoleVisit, client: ClientRecord, form: Form) => Promise<void>) =>
    async (visit: ConsoleVisit, form: Form): Promise<void> =>
      answer(visit, await loadClientFor(visit, clientId, 'apps.write'), form);
  return answerConsole(
    ctx,
    house,
    new Map([
      ['preview', at(preview)],
      ['save', at(save)],
      ['back', at(goBack)],
    ]),
  );
}

const notices = {
  applied: 'console.edit-applied',
  pending: 'console.edit-pending',
  unchanged: 'console.edit-unchanged',
} as const;

async function showPage(
  visit: ConsoleVisit,
  client: ClientRecord,
  filled: Pick<EditContext, 'values' | 'ticked'>,
  { problems = [], isSmaller = false }: { problems?: readonly Problem<never>[]; isSmaller?: boolean } = {},
): Promise<void> {
  const { ctx, db } = visit;
  const { language } = ctx.state;
  const done = Object.entries(notices).find(([name]) => name === ctx.query.done)?.[1];
  const pending = await findPendingVersion(db, client.id);
  const hasPeople = client.type !== 'machine';
  if (problems.length > 0) ctx.status = 422;
  const page = editPage({
    ...consoleFrame(visit, 'apps'),
    head: appHeadOf(visit, client),
    ...filled,
    claims: hasPeople ? standardClaims : [],
    sectors: (await listSectors(db)).map(choiceIn(language)),
    hasPeople,
    waiting: pending && { number: pending.number, link: `${appLink(client.id, 'versions')}/${pending.number}` },
    logoProblem: await findLogoProblem(db, client.id),
    isDataOpen: isSmaller,
    notice: isSmaller
      ? { tone: 'info', text: translate(language)('figures.smaller-filled') }
      : problems.length === 0 && done
        ? { tone: 'done', text: translate(language)(done) }
        : undefined,
    problems,
  });
  showForm(ctx, page);
}

async function preview(visit: ConsoleVisit, client: ClientRecord, form: Form): Promise<void> {
  const { ctx, db, house } = visit;
  const sectors = (await listSectors(db)).map(({ id }) => id);
  const declared = declaredBy(declarationOf(client), form, sectors);
  const { entry, findings } = checkClientEntry(declared, house.config.mode);
  if (!entry) {
    const problems = sayFindings(ctx.state.language, findings, (key) => placeOf(ctx.state.language, key));
    return showPage(visit, client, typedIn(form, sectors), { problems });
  }
  try {
    await showChanges(visit, client, entry, declared);
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== 'basis_without_law') throw error;
    ctx.status = error.status;
    await showPage(visit, client, typedIn(form, sectors), { problems: [sayRefusal(visit, error, 'claims')] });
  }
}

/** What each key is called, and the field at which it is edited. */
function placeOf(language: 'id' | 'en', key: string): { field: string | undefined; label: string } {
  const names = ['claims', 'sectors', 'audience', 'contacts'];
  const isField = Object.values(editSections).some(({ fields }) => fields.some((one) => one.key === key));
  const field = isField || names.includes(key) ? fieldName(key) : undefined;
  return { field, label: keyName(language, key) };
}

async function showChanges(
  visit: ConsoleVisit,
  client: ClientRecord,
  entry: ClientEntry,
  declared: Record<string, unknown>,
): Promise<void> {
  const plan = await planChange(visit.db, requestOf(visit, client, entry));
  if (plan.outcome === 'unchanged') return seeOther(visit.ctx, `${appLink(client.id, 'edit')}?done=unchanged`);
  const page = editPreviewPage({
    ...consoleFrame(visit, 'apps'),
    head: appHeadOf(visit, client),
    before: plan.before ?? {},
    after: plan.after,
    risky: plan.risky,
    approvalsNeeded: plan.approvalsNeeded,
    declaration: JSON.stringify(declared),
    number: client.number,
  });
  showForm(visit.ctx, page);
}

function requestOf({ account, house, held }: ConsoleVisit, client: ClientRecord, entry: ClientEntry): ChangeRequest {
  const allowed = permissionsAt(held, client.agency);
  return { agencyId: client.agencyId, entry, via: 'page', actor: account.id, mode: house.config.mode, allowed };
}

/** What the page of changes sends back; checked like anything else. @throws {Refusal} `invalid_request` */
function declarationIn(form: Form, client: ClientRecord): Record<string, unknown> {
  try {
    const declared: unknown = JSON.parse(form.get('declaration'));
    if (typeof declared === 'object' && declared !== null) return { ...declared, client_id: client.id };
  } catch {
    // Refused below, as what is no mapping.
  }
  throw new Refusal('invalid_request', 'no declaration in the form');
}

async function save(visit: ConsoleVisit, client: ClientRecord, form: Form): Promise<void> {
  const { ctx, db, house } = visit;
  const declared = declarationIn(form, client);
  const { entry } = checkClientEntry(declared, house.config.mode);
  if (!entry) throw new Refusal('invalid_request', 'the declaration was changed on the way');
  const reason = readReason(form, 'reason');
  const ifNumber = Number(form.get('number'));
  try {
    const { outcome } = await applyChange(db, house.secrets, { ...requestOf(visit, client, entry), reason, ifNumber });
    seeOther(ctx, `${appLink(client.id, 'edit')}?done=${outcome}`);
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== 'version_conflict') throw error;
    const text = translate(ctx.state.language)('console.edit-conflict');
    await showPage(visit, client, valuesOf(declared as ClientDeclaration), {
      problems: [{ kind: 'said', text }],
    });
  }
}

/** Back to the fields, with what was typed. */
async function goBack(visit: ConsoleVisit, client: ClientRecord, form: Form): Promise<void> {
  const declared = declarationIn(form, client);
  const { entry } = checkClientEntry(declared, visit.house.config.mode);
  if (!entry) throw new Refusal('invalid_request', 'the declaration was changed on the way');
  await showPage(visit, client, valuesOf(declared as ClientDeclaration));
}
