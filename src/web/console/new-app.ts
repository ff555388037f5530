/** `/console/apps/new`: four fields, and an app that works; and how to begin with it. */
import type { Context } from 'koa';
import { Refusal } from '#src/base/refusals.ts';
import { findAgencies, loadAgency } from '#src/registry/agencies.ts';
import { mayAt, nodesWith, permissionsAt } from '#src/registry/authority.ts';
import { applyChange } from '#src/registry/changes.ts';
import { rotateSecret } from '#src/registry/client-secrets.ts';
import { hasSecret } from '#src/registry/clients.ts';
import { findFreeId, firstDeclaration, type Stack, stacks } from '#src/registry/first-declaration.ts';
import { checkClientEntry } from '#src/registry/registration-schema.ts';
import { appLink } from '#views/console/app-page.ts';
import { type NewAppValues, newAppPage } from '#views/console/new-app.ts';
import { startPage } from '#views/console/start.ts';
import { type MessageKey, translate } from '#views/locale.ts';
import type { Problem } from '#views/parts/problem.ts';
import { showForm } from '../frame.ts';
import type { OpenHouse } from '../house.ts';
import type { Form } from '../middleware/forms.ts';
import { seeOther } from '../see-other.ts';
import { sayFindings } from './findings.ts';
import { appHeadOf, consoleFrame } from './frame.ts';
import { keepForOnce, takeOnce } from './shown-once.ts';
import { envOf, snippetFor, stacksFor } from './snippets.ts';
import { answerConsole, type ConsoleVisit, loadAgencyFor, loadClientFor, showConsole } from './visit.ts';

/** `GET /console/apps/new`; `agency` in the address says for which. @throws {Refusal} `not_here`, `role_required` */
export function showNewApp(ctx: Context, house: OpenHouse): Promise<void> {
  return showConsole(ctx, house, async (visit) => {
    const redirectUri = house.config.mode === 'sandbox' ? 'http://localhost:8080/callback' : '';
    const blank = { name: '', stack: 'node', purpose: '', nameEn: '', purposeEn: '', clientId: '' } as const;
    await showPage(visit, { ...blank, redirectUri, agency: String(ctx.query.agency ?? '') });
  });
}

/**
 * `POST /console/apps/new`.
 *
 * @throws {Refusal} `session_required`, `csrf_mismatch`, `not_here`, `role_required`
 */
export function registerApp(ctx: Context, house: OpenHouse): Promise<void> {
  return answerConsole(ctx, house, new Map([['register', register]]));
}

/** Where somebody may register apps: their own agencies, and the one that the address names if it is below them. */
async function listAgencies({ ctx, db, held }: ConsoleVisit, named: string) {
  const own = await findAgencies(db, nodesWith(held, 'apps.write'));
  if (own.length === 0) throw new Refusal('role_required', 'no role with apps.write anywhere');
  const other =
    named && !own.some(({ id }) => id === named) ? await loadAgency(db, named).catch(() => undefined) : undefined;
  const all = other && mayAt(held, 'apps.write', other) ? [other, ...own] : own;
  return all.map(({ id, name, nameEn }) => ({ id, name: ctx.state.language === 'en' ? nameEn : name }));
}

async function showPage(
  visit: ConsoleVisit,
  values: NewAppValues,
  problems: readonly Problem<never>[] = [],
): Promise<void> {
  const agencies = await listAgencies(visit, values.agency);
  if (problems.length > 0) visit.ctx.status = 422;
  showForm(visit.ctx, newAppPage({ ...consoleFrame(visit, 'mine'), agencies, values, problems }));
}

function valuesOf(form: Form): NewAppValues {
  const get = (name: string): string => form.get(name).trim();
  return {
    agency: get('agency'),
    name: get('name'),
    stack: stacks.find((stack) => stack === get('stack')) ?? 'other',
    redirectUri: get('redirect_uri'),
    purpose: get('purpose').replace(/\s+/g, ' '),
    nameEn: get('name_en'),
    purposeEn: get('purpose_en'),
    clientId: get('client_id'),
  };
}

async function register(visit: ConsoleVisit, form: Form): Promise<void> {
  const { ctx, house, db, account, held } = visit;
  const values = valuesOf(form);
  const agency = await loadAgencyFor(visit, values.agency, 'apps.write');
  const id = values.clientId || (await findFreeId(db, values.name));
  const { mode } = house.config;
  const { entry, findings } = checkClientEntry(firstDeclaration({ ...values, id }), mode);
  if (!entry) return showPage(visit, values, sayFindings(ctx.state.language, findings, fieldOf(visit)));
  const allowed = permissionsAt(held, agency);
  const request = { agencyId: agency.id, entry, via: 'page', actor: account.id, isNew: true, mode, allowed } as const;
  try {
    const { client } = await applyChange(db, house.secrets, request);
    const made = hasSecret(client)
      ? await rotateSecret(db, house.secrets, { clientId: id, actor: account.id })
      : undefined;
    keepForOnce<Begun>(visit, `start ${id}`, { secret: made?.secret });
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== 'client_taken') throw error;
    const text = translate(ctx.state.language)('console.client-taken');
    return showPage(visit, values, [{ kind: 'said', text, field: 'client_id' }]);
  }
  seeOther(ctx, `${appLink(id)}/start?stack=${values.stack}`);
}

const fields: Readonly<Record<string, { field: string; label: MessageKey }>> = {
  client_id: { field: 'client_id', label: 'console.new-client-id' },
  client_name: { field: 'name', label: 'console.new-name' },
  'client_name#en': { field: 'name_en', label: 'console.new-name-en' },
  purpose: { field: 'purpose', label: 'console.new-purpose' },
  'purpose#en': { field: 'purpose_en', label: 'console.new-purpose-en' },
  redirect_uris: { field: 'redirect_uri', label: 'console.new-redirect' },
};

/** What follows from a field of the page is said there: the purpose of each claim, the address after a sign-out. */
function fieldOf({ ctx }: ConsoleVisit) {
  const t = translate(ctx.state.language);
  return (key: string) => {
    const field = fields[key === 'claims' ? 'purpose' : key === 'post_logout_redirect_uris' ? 'redirect_uris' : key];
    return field ? { field: field.field, label: t(field.label) } : { label: key };
  };
}

/** What is known on the first page after an app was registered, and then never again. */
interface Begun {
  readonly secret: string | undefined;
}

/** `GET /console/apps/:client/start`. @throws {Refusal} `not_here`, `role_required` */
export function showStart(ctx: Context, house: OpenHouse, clientId: string): Promise<void> {
  return showConsole(ctx, house, async (visit) => {
    const client = await loadClientFor(visit, clientId, 'apps.write');
    const begun = takeOnce<Begun>(visit, `start ${clientId}`);
    const possible = stacksFor(client);
    const asked = possible.find((stack) => stack === ctx.query.stack);
    const env = envOf(client, house.config.issuer, begun?.secret);
    const { language } = ctx.state;
    const words = client.state === 'sandbox' ? 'console.registered' : 'console.registered-draft';
    const page = startPage({
      ...consoleFrame(visit, 'mine'),
      head: appHeadOf(visit, client),
      env,
      hasSecret: begun?.secret !== undefined,
      secretIsKept: hasSecret(client),
      snippet: snippetFor(asked ?? (possible[0] as Stack), env),
      stacks: possible,
      notice: begun && {
        tone: 'done',
        text: translate(language)(words, { name: client.name[language as 'id' | 'en'] }),
      },
    });
    showForm(ctx, page);
  });
}
