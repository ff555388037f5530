/** `/console/apps/new`: four fields, and an app that works; and how to begin with it. */
import { createHash } from 'node:crypto';
import type { Context } from 'koa';
import { type Language, Refusal } from '#src/base/refusals.ts';
import { type Agency, findAgencies, loadAgency } from '#src/registry/agencies.ts';
import { findFaces } from '#src/registry/app-faces.ts';
import { parseAppRef } from '#src/registry/app-refs.ts';
import { mayAt, nodesWith, permissionsAt } from '#src/registry/authority.ts';
import {
  type AlikeApp,
  askForException,
  SHORTEST_JUSTIFICATION,
  showTo,
  type Weighed,
  weighRegistration,
} from '#src/registry/brake.ts';
import { applyChange } from '#src/registry/changes.ts';
import { rotateSecret } from '#src/registry/client-secrets.ts';
import { hasSecret } from '#src/registry/clients.ts';
import type { Closure } from '#src/registry/closures.ts';
import { draftOf } from '#src/registry/declarations.ts';
import { findFreeId, firstDeclaration, type Stack, stacks } from '#src/registry/first-declaration.ts';
import { type NotMade, noteNotMade } from '#src/registry/not-made.ts';
import type { Finding } from '#src/registry/registration-findings.ts';
import { type ClientEntry, checkClientEntry } from '#src/registry/registration-schema.ts';
import { appLink } from '#views/console/app-page.ts';
import { caseLink } from '#views/console/cases.ts';
import { type LikelyStep, type NewAppContext, type NewAppValues, newAppPage } from '#views/console/new-app.ts';
import { startPage } from '#views/console/start.ts';
import { formatDay, type MessageKey, translate } from '#views/locale.ts';
import type { Notice } from '#views/parts/notice.ts';
import { showForm } from '../frame.ts';
import type { OpenHouse } from '../house.ts';
import type { Form } from '../middleware/forms.ts';
import { choiceIn } from '../names.ts';
import { seeOther } from '../see-other.ts';
import { sayFindings } from './findings.ts';
import { appHeadOf, consoleFrame } from './frame.ts';
import { showLikely } from './likely.ts';
import { keepForOnce, takeOnce } from './shown-once.ts';
import { envOf, snippetFor, stacksFor } from './snippets.ts';
import { answerConsole, type ConsoleVisit, loadAgencyFor, loadClientFor, showConsole } from './visit.ts';

/** `GET /console/apps/new`; `agency` in the address says for which. @throws {Refusal} `not_here`, `role_required` */
export function showNewApp(ctx: Context, house: OpenHouse): Promise<void> {
  return showConsole(ctx, house, async (visit) => {
    const redirectUri = house.config.mode === 'sandbox' ? 'http://localhost:8080/callback' : '';
    const blank = { name: '', stack: 'node', purpose: '', nameEn: '', purposeEn: '', clientId: '' } as const;
    const values = { ...blank, redirectUri, agency: String(ctx.query.agency ?? ''), justification: '', instead: '' };
    await showPage(visit, values, { notice: await sayUsed(visit) });
  });
}

/**
 * `POST /console/apps/new`.
 *
 * @throws {Refusal} `session_required`, `csrf_mismatch`, `not_here`, `role_required`
 */
export function registerApp(ctx: Context, house: OpenHouse): Promise<void> {
  return answerConsole(
    ctx,
    house,
    new Map([
      ['register', register],
      ['look', look],
      ['use-existing', useExisting],
      ['ask-exception', askException],
    ]),
  );
}

/** Where somebody may register apps: their own agencies, and the one that the address names if it is below them. */
async function listAgencies({ ctx, db, held }: ConsoleVisit, named: string) {
  const own = await findAgencies(db, nodesWith(held, 'apps.write'));
  if (own.length === 0) throw new Refusal('role_required', 'no role with apps.write anywhere');
  const other =
    named && !own.some(({ id }) => id === named) ? await loadAgency(db, named).catch(() => undefined) : undefined;
  const all = other && mayAt(held, 'apps.write', other) ? [other, ...own] : own;
  return all.map(choiceIn(ctx.state.language));
}

async function showPage(
  visit: ConsoleVisit,
  values: NewAppValues,
  more: Pick<NewAppContext, 'problems' | 'likely' | 'isClosed' | 'notice'> = {},
): Promise<void> {
  const agencies = await listAgencies(visit, values.agency);
  if ((more.problems ?? []).length > 0) visit.ctx.status = 422;
  showForm(visit.ctx, newAppPage({ ...consoleFrame(visit, 'mine'), agencies, values, ...more }));
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
    justification: get('justification').slice(0, 2_000),
    instead: get('instead'),
  };
}

/** A form that was sent, as far as it goes. */
interface Said {
  readonly values: NewAppValues;
  readonly agency: Agency;
  readonly id: string;
  readonly entry?: ClientEntry | undefined;
  readonly findings: readonly Finding[];
}

async function readSaid(visit: ConsoleVisit, form: Form): Promise<Said> {
  const { house, db } = visit;
  const values = valuesOf(form);
  const agency = await loadAgencyFor(visit, values.agency, 'apps.write');
  const id = values.clientId || (await findFreeId(db, values.name));
  return { values, agency, id, ...checkClientEntry(firstDeclaration({ ...values, id }), house.config.mode) };
}

/** Shows what is like the app so far, for the script of the page: an app without a purpose is compared by its name. */
async function look(visit: ConsoleVisit, form: Form): Promise<void> {
  const { values, agency, id } = await readSaid(visit, form);
  const words = { ...values, id, purpose: values.purpose || values.name, clientId: '' };
  const { entry } = checkClientEntry(firstDeclaration(words), visit.house.config.mode);
  const weighed = entry && (await weigh(visit, agency, entry));
  await showPage(visit, values, { likely: weighed && (await likelyStepOf(visit, weighed)) });
}

function weigh({ db, house }: ConsoleVisit, agency: Agency, entry: ClientEntry): Promise<Weighed> {
  return weighRegistration(db, draftOf(entry, agency, undefined, house.config.mode));
}

/** What is shown before the form is taken; nothing where there is only what the agency itself is still making. */
async function likelyStepOf(visit: ConsoleVisit, { likely, strong }: Weighed): Promise<LikelyStep | undefined> {
  if (likely.every(({ isOwnToConnect }) => isOwnToConnect)) return undefined;
  return {
    apps: await showLikely(visit, likely),
    seen: seenOf(likely),
    needsJustification: strong.length > 0,
  };
}

/** Names the apps that were shown, without naming them. */
function seenOf(likely: readonly Pick<AlikeApp, 'ref'>[]): string {
  const refs = likely.map(({ ref }) => ref).toSorted();
  return createHash('sha256').update(refs.join(' ')).digest('base64url').slice(0, 22);
}

/** What stands before the registration, put on the page; false where nothing does. */
async function showWhatStops(visit: ConsoleVisit, form: Form, said: Said, weighed: Weighed): Promise<boolean> {
  const { values, agency } = said;
  const t = translate(visit.ctx.state.language);
  const [closure] = weighed.closures;
  if (closure) {
    await noteNotMade(visit.db, notMadeOf(visit, agency, values, { why: 'closed' }));
    await showPage(visit, values, { isClosed: true, problems: [{ kind: 'said', text: sayClosed(visit, closure) }] });
    return true;
  }
  const likely = await likelyStepOf(visit, weighed);
  if (!likely) return false;
  if (form.get('seen') !== likely.seen) {
    const text = t(likely.needsJustification ? 'brake.look-first-strong' : 'brake.look-first');
    await showPage(visit, values, { likely, problems: [{ kind: 'said', text, field: 'likely' }] });
    return true;
  }
  if (!likely.needsJustification || values.justification.length >= SHORTEST_JUSTIFICATION) return false;
  const text = t('brake.justification-missing');
  await showPage(visit, values, { likely, problems: [{ kind: 'said', text, field: 'justification' }] });
  return true;
}

function notMadeOf(
  { account }: ConsoleVisit,
  agency: Agency,
  { name }: NewAppValues,
  more: Pick<NotMade, 'why' | 'instead'>,
): NotMade {
  return { agencyId: agency.id, agencies: agency.path, sectors: agency.sectors, name, actor: account.id, ...more };
}

function sayClosed({ ctx }: ConsoleVisit, { reason, openAgainOn, closedAt, agencyId }: Closure): string {
  const language: Language = ctx.state.language;
  const t = translate(language);
  const since = formatDay(language, closedAt);
  const said = t(agencyId === undefined ? 'brake.closed-sector' : 'brake.closed-agency', { since, reason });
  const again =
    openAgainOn === undefined ? '' : ` ${t('brake.open-again', { day: formatDay(language, dayOf(openAgainOn)) })}`;
  return `${said}${again} ${t('brake.closed-next')}`;
}

/** A day without a time, as a moment within it wherever in the country one reads it. */
function dayOf(day: string): Date {
  return new Date(`${day}T05:00:00Z`);
}

/** Asks whoever closed the place to let this one in. */
async function askException(visit: ConsoleVisit, form: Form): Promise<void> {
  const { ctx, db, house, account } = visit;
  const { values, agency, entry, findings } = await readSaid(visit, form);
  if (!entry) return showPage(visit, values, { problems: sayFindings(ctx.state.language, findings, fieldOf(visit)) });
  const { justification } = values;
  if (justification.length < SHORTEST_JUSTIFICATION) {
    const text = translate(ctx.state.language)('brake.exception-missing');
    return showPage(visit, values, { isClosed: true, problems: [{ kind: 'said', text, field: 'justification' }] });
  }
  const draft = draftOf(entry, agency, undefined, house.config.mode);
  const [opened] = await askForException(db, draft, { via: 'page', actor: account.id, justification });
  seeOther(ctx, opened ? `${caseLink(opened.id)}?done=exception-asked` : '/console/cases');
}

/** Somebody found what they need: nothing is built, and that is counted. */
async function useExisting(visit: ConsoleVisit, form: Form): Promise<void> {
  const said = await readSaid(visit, form);
  const { values, agency, entry } = said;
  const weighed = entry && (await weigh(visit, agency, entry));
  const likely = weighed && (await likelyStepOf(visit, weighed));
  const chosen = likely?.apps.find(({ ref, name }) => ref === values.instead && name !== undefined);
  const instead = parseAppRef(values.instead);
  if (!chosen || !instead) {
    const text = translate(visit.ctx.state.language)('brake.choose-one');
    return showPage(visit, values, { likely, problems: [{ kind: 'said', text, field: 'likely' }] });
  }
  await noteNotMade(visit.db, notMadeOf(visit, agency, values, { why: 'chose-existing', instead }));
  seeOther(visit.ctx, `/console/apps/new?used=${encodeURIComponent(instead)}`);
}

/** Where to go with the app that somebody chose instead of a new one. */
async function sayUsed(visit: ConsoleVisit): Promise<Notice | undefined> {
  const { ctx, db, held } = visit;
  const ref = parseAppRef(String(ctx.query.used ?? ''));
  const face = ref && (await findFaces(db, [ref])).get(ref);
  if (!face) return undefined;
  const [shown] = await showTo(db, held, [face]);
  if (!shown || shown.isHidden) return undefined;
  const language: Language = ctx.state.language;
  const about = { name: face.name[language], agency: face.agencyName[language] };
  const t = translate(language);
  const where = face.host === undefined ? '' : ` ${t('brake.used-host', { host: face.host })}`;
  return { tone: 'done', text: `${t('brake.used', about)}${where}` };
}

async function register(visit: ConsoleVisit, form: Form): Promise<void> {
  const { ctx, house, db, account, held } = visit;
  const said = await readSaid(visit, form);
  const { values, agency, id, entry, findings } = said;
  if (!entry) return showPage(visit, values, { problems: sayFindings(ctx.state.language, findings, fieldOf(visit)) });
  const weighed = await weigh(visit, agency, entry);
  if (await showWhatStops(visit, form, said, weighed)) return;
  const { mode } = house.config;
  const allowed = permissionsAt(held, agency);
  const request = { agencyId: agency.id, entry, via: 'page', actor: account.id, isNew: true, mode, allowed } as const;
  const justification = weighed.needs === 'justification' ? values.justification : undefined;
  try {
    const { client, opened } = await applyChange(db, house.secrets, { ...request, justification });
    const made = hasSecret(client)
      ? await rotateSecret(db, house.secrets, { clientId: id, actor: account.id })
      : undefined;
    keepForOnce<Begun>(visit, `start ${id}`, { secret: made?.secret, hasCase: opened !== undefined });
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== 'client_taken') throw error;
    const text = translate(ctx.state.language)('console.client-taken');
    return showPage(visit, values, { problems: [{ kind: 'said', text, field: 'client_id' }] });
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
  /** Whether a coordinator decides before it may go live. */
  readonly hasCase: boolean;
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
    const t = translate(language);
    const words = client.state === 'sandbox' ? 'console.registered' : 'console.registered-draft';
    const registered = t(words, { name: client.name[language as Language] });
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
        text: begun.hasCase ? `${registered} ${t('brake.registered-with-case')}` : registered,
      },
    });
    showForm(ctx, page);
  });
}
