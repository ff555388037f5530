/** `/console/cases`: new apps of which a coordinator decides whether they are needed, and saying why one is. */
import type { Context } from 'koa';
import { DAY_MS } from '#src/base/epoch.ts';
import { type Language, Refusal } from '#src/base/refusals.ts';
import { type Agency, findAgencies } from '#src/registry/agencies.ts';
import { findFaces } from '#src/registry/app-faces.ts';
import { type AppRef, parseAppRef } from '#src/registry/app-refs.ts';
import { demandAt, mayAt, nodesWith } from '#src/registry/authority.ts';
import { findHindrance, justify, SHORTEST_JUSTIFICATION } from '#src/registry/brake.ts';
import {
  type CaseStatus,
  caseStatuses,
  decideCase,
  isOwnCase,
  listCases,
  loadCase,
  type RegistrationCase,
  withdrawCase,
} from '#src/registry/cases.ts';
import { hasBeenLive, moveClient } from '#src/registry/client-life.ts';
import { type ClientRecord, findClient } from '#src/registry/clients.ts';
import { isWithin, type Reach, reachOf } from '#src/registry/coordination.ts';
import { asksForException, mayGiveAsked } from '#src/registry/exceptions-asked.ts';
import { readNotMade } from '#src/registry/not-made.ts';
import { listSectors } from '#src/registry/sectors.ts';
import { lockRegistry } from '#src/registry/version.ts';
import {
  type CaseContext,
  type CaseLine,
  type CaseProblem,
  caseLink,
  casePage,
  casesPage,
  type NotMadeShown,
  newCasePage,
} from '#views/console/cases.ts';
import { sayState } from '#views/console/parts/state.ts';
import { translate } from '#views/locale.ts';
import type { Notice } from '#views/parts/notice.ts';
import { tellCaseDecided } from '../case-notices.ts';
import { showForm } from '../frame.ts';
import type { OpenHouse } from '../house.ts';
import type { Form } from '../middleware/forms.ts';
import { nameAgencies, nameOf } from '../names.ts';
import { timeIn } from '../places.ts';
import { seeOther } from '../see-other.ts';
import { nameColleagues, sayActor } from './colleagues.ts';
import { consoleFrame } from './frame.ts';
import { showAlike } from './likely.ts';
import { linkTo, pagesBehind, readPlace } from './positions.ts';
import { readReason } from './versions.ts';
import { answerConsole, type ConsoleVisit, loadClientFor, showConsole } from './visit.ts';

const PAGE = 50;
/** How far back what was not built is counted on the page. */
const COUNTED_DAYS = 365;

/** `GET /console/cases`. @throws {Refusal} `role_required` for whoever neither coordinates nor makes apps */
export async function showCases(ctx: Context, house: OpenHouse): Promise<void> {
  await showConsole(ctx, house, showList);
}

async function showList(visit: ConsoleVisit): Promise<void> {
  const { ctx, db, held } = visit;
  const language: Language = ctx.state.language;
  const reach = await reachOf(db, held);
  const nodes = [...new Set([...reach.nodes, ...nodesWith(held, 'apps.write')])];
  const coordinates = reach.nodes.length > 0 || reach.sectors.length > 0;
  if (nodes.length === 0 && !coordinates) throw new Refusal('role_required', 'no role that sees cases');
  const status = caseStatuses.find((one) => one === ctx.query.status) ?? 'open';
  const wanted = { nodes, sectors: reach.sectors, status, after: readAfter(ctx), limit: PAGE + 1 };
  const found = await listCases(db, wanted);
  const cases = found.slice(0, PAGE);
  const last = found.length > PAGE ? cases.at(-1) : undefined;
  const agencies = await agenciesOf(visit, cases);
  const names = await nameColleagues(
    visit,
    cases.map(({ actor }) => actor),
    cases.flatMap((one) => one.agencies),
  );
  const page = casesPage({
    ...consoleFrame(visit, 'cases'),
    cases: cases.map((one) => lineOf(language, one, agencies, names)),
    status,
    links: Object.fromEntries(
      caseStatuses.map((one) => [one, linkTo(ctx, { status: one === 'open' ? undefined : one, after: undefined })]),
    ) as Record<CaseStatus, string>,
    pages: pagesBehind(ctx, last && [(last.decidedAt ?? last.createdAt).toISOString(), last.id]),
    seesClosures: coordinates,
    notMade: coordinates ? await showNotMade(visit, reach) : undefined,
    notice: noticeIn(ctx),
  });
  showForm(ctx, page);
}

function readAfter(ctx: Context): { at: Date; id: string } | undefined {
  const [time, id = ''] = readPlace(ctx);
  const at = timeIn(time);
  return at && { at, id };
}

async function agenciesOf({ db }: ConsoleVisit, cases: readonly RegistrationCase[]): Promise<Map<string, Agency>> {
  const found = await findAgencies(db, [...new Set(cases.map(({ agencyId }) => agencyId))]);
  return new Map(found.map((agency) => [agency.id, agency]));
}

function lineOf(
  language: Language,
  found: RegistrationCase,
  agencies: ReadonlyMap<string, Agency>,
  names: ReadonlyMap<string, string>,
): CaseLine {
  const { id, name, status, grounds, justification, createdAt, dueAt, decidedAt, agencyId } = found;
  const agency = agencies.get(agencyId);
  return {
    ...{ id, status, grounds, justification, createdAt, dueAt, decidedAt, name: name[language] },
    agency: agency ? nameOf(agency, language) : agencyId,
    actor: sayActor(language, names, found.actor),
    isLate: status === 'open' && dueAt.getTime() < Date.now(),
  };
}

async function showNotMade({ ctx, db }: ConsoleVisit, reach: Reach): Promise<NotMadeShown> {
  const language: Language = ctx.state.language;
  const figures = await readNotMade(db, reach, new Date(Date.now() - COUNTED_DAYS * DAY_MS));
  const sectors = new Map((await listSectors(db)).map((one) => [one.id, nameOf(one, language)]));
  const ids = figures.byAgency.map(({ id }) => id);
  const agencies = await nameAgencies(db, ids, language);
  const named = (all: ReadonlyMap<string, string>) => (one: { readonly id: string; readonly count: number }) => ({
    name: all.get(one.id) ?? one.id,
    count: one.count,
  });
  return {
    ...figures,
    bySector: figures.bySector.map(named(sectors)),
    byAgency: figures.byAgency.map(named(agencies)),
  };
}

const notices = {
  allowed: 'cases.noted-allowed',
  refused: 'cases.noted-refused',
  withdrawn: 'cases.noted-withdrawn',
  asked: 'cases.noted-asked',
  'exception-asked': 'cases.noted-exception-asked',
} as const;

function noticeIn(ctx: Context): Notice | undefined {
  const done = Object.entries(notices).find(([name]) => name === ctx.query.done);
  return done && { tone: 'done', text: translate(ctx.state.language)(done[1]) };
}

/** `GET /console/cases/:case`. @throws {Refusal} `not_here` */
export async function showCase(ctx: Context, house: OpenHouse): Promise<void> {
  await showConsole(ctx, house, (visit) => showOne(visit));
}

/** A case that somebody may look at, and what they may do about it. */
interface Sight {
  readonly found: RegistrationCase;
  readonly mayDecide: boolean;
  /** Of the app's agency. */
  readonly mayChange: boolean;
}

/** @throws {Refusal} `not_here` where the case is not theirs to see */
async function loadSight({ ctx, db, held }: ConsoleVisit): Promise<Sight> {
  const found = await loadCase(db, String(ctx.params.case));
  const place = { path: found.agencies };
  const reach = await reachOf(db, held);
  const sees = isWithin(reach, { ...place, sectors: found.sectors });
  if (!sees) demandAt(held, 'apps.read', place);
  const mayDecide = sees && (!asksForException(found) || (await mayGiveAsked(db, reach, found)));
  return { found, mayDecide, mayChange: mayAt(held, 'apps.write', place) };
}

async function showOne(visit: ConsoleVisit, problems: readonly CaseProblem[] = [], chosen = ''): Promise<void> {
  const { ctx, db, held } = visit;
  const language: Language = ctx.state.language;
  const sight = await loadSight(visit);
  const { found, mayChange } = sight;
  const client = found.clientId === undefined ? undefined : await findClient(db, found.clientId);
  const people = [found.actor, found.decidedBy ?? found.actor];
  const names = await nameColleagues(visit, people, found.agencies);
  const sectors = (await listSectors(db)).filter(({ id }) => found.sectors.includes(id));
  const context: CaseContext = {
    ...consoleFrame(visit, 'cases'),
    line: lineOf(language, found, await agenciesOf(visit, [found]), names),
    app:
      client && mayAt(held, 'apps.read', client.agency)
        ? { id: client.id, stateWord: sayState(language, client.state) }
        : undefined,
    sectors: sectors.map((one) => nameOf(one, language)),
    likely: await showAlike(visit, client, found.duplicates),
    decided: await decidedOf(visit, found, names),
    closed: await whyClosed(visit, sight),
    isException: asksForException(found),
    mayWithdraw: found.status === 'open' && mayChange,
    mayAskAgain: mayChange && client !== undefined && found.status === 'refused' && !hasBeenLive(client),
    chosen,
    problems,
    notice: noticeIn(ctx),
  };
  if (problems.length > 0) ctx.status = 422;
  showForm(ctx, casePage(context));
}

async function decidedOf(
  { ctx, db }: ConsoleVisit,
  { decidedBy, note, instead }: RegistrationCase,
  names: ReadonlyMap<string, string>,
): Promise<CaseContext['decided']> {
  if (decidedBy === undefined) return undefined;
  const language: Language = ctx.state.language;
  const face = instead && (await findFaces(db, [instead])).get(instead);
  // Whoever asked reads it: one that is still being made elsewhere has no name for them.
  const named = face?.isKnown ? face.name[language] : undefined;
  return { who: sayActor(language, names, decidedBy), note, instead: named };
}

async function whyClosed({ db, account }: ConsoleVisit, { found, mayDecide }: Sight): Promise<CaseContext['closed']> {
  if (found.status !== 'open') return 'over';
  if (!mayDecide) return 'no-role';
  return (await isOwnCase(db, found, account.id)) ? 'own' : undefined;
}

/**
 * `POST /console/cases/:case`.
 *
 * @throws {Refusal} `not_here`, `role_required`, `case_not_open`, `case_own`
 */
export async function answerCase(ctx: Context, house: OpenHouse): Promise<void> {
  await answerConsole(
    ctx,
    house,
    new Map([
      ['allow', (visit: ConsoleVisit, form: Form) => decide(visit, form, 'allowed')],
      ['refuse', (visit: ConsoleVisit, form: Form) => decide(visit, form, 'refused')],
      ['withdraw', withdraw],
    ]),
  );
}

async function decide(visit: ConsoleVisit, form: Form, verdict: 'allowed' | 'refused'): Promise<void> {
  const { ctx, db, house, account } = visit;
  const { found, mayDecide } = await loadSight(visit);
  if (!mayDecide) throw new Refusal('role_required', `no coordinator of case ${found.id}`);
  const note = readReason(form, 'note');
  if (verdict === 'refused' && note === undefined)
    return showOne(visit, [{ kind: 'reason-missing' }], form.get('instead'));
  const instead = verdict === 'refused' ? insteadOf(found, form.get('instead')) : undefined;
  const decided = await decideCase(db, { id: found.id, verdict, actor: account.id, note, instead });
  await tellCaseDecided(house, db, decided);
  seeOther(ctx, `/console/cases?done=${verdict}`);
}

/** Only one that the case named. */
function insteadOf({ duplicates }: RegistrationCase, said: string): AppRef | undefined {
  const ref = parseAppRef(said);
  return duplicates.some((one) => one.ref === ref) ? ref : undefined;
}

/** Gives the app up, for those who make it. */
async function withdraw(visit: ConsoleVisit): Promise<void> {
  const { ctx, db, account } = visit;
  const { found } = await loadSight(visit);
  demandAt(visit.held, 'apps.write', { path: found.agencies });
  await lockRegistry(db);
  await withdrawCase(db, { id: found.id, actor: account.id });
  const client = found.clientId === undefined ? undefined : await findClient(db, found.clientId);
  if (client && !hasBeenLive(client) && mayAt(visit.held, 'apps.write', client.agency))
    await moveClient(db, { clientId: client.id, to: 'retired', actor: account.id, via: 'page' });
  seeOther(ctx, '/console/cases?done=withdrawn');
}

/** `GET /console/cases/new?app=`. @throws {Refusal} `not_here`, `role_required` */
export function showNewCase(ctx: Context, house: OpenHouse): Promise<void> {
  return showConsole(ctx, house, async (visit) => {
    const client = await loadClientFor(visit, String(ctx.query.app ?? ''), 'apps.write');
    await showAsking(visit, client, '');
  });
}

async function showAsking(
  visit: ConsoleVisit,
  client: ClientRecord,
  justification: string,
  problems: readonly CaseProblem[] = [],
): Promise<void> {
  const { ctx, db } = visit;
  const hindrance = hasBeenLive(client) ? undefined : await findHindrance(db, client);
  if (!hindrance || hindrance.kind === 'open') {
    const place = hindrance
      ? caseLink(hindrance.found.id)
      : `/console/apps/${encodeURIComponent(client.id)}/production`;
    return seeOther(ctx, place);
  }
  const named = hindrance.kind === 'unjustified' ? hindrance.strong : hindrance.found.duplicates;
  if (problems.length > 0) ctx.status = 422;
  const page = newCasePage({
    ...consoleFrame(visit, 'cases'),
    app: { id: client.id, name: client.name[ctx.state.language as Language] },
    likely: await showAlike(visit, client, named),
    refused: hindrance.kind === 'refused' ? { id: hindrance.found.id, note: hindrance.found.note } : undefined,
    justification,
    problems,
  });
  showForm(ctx, page);
}

/** `POST /console/cases/new`. @throws {Refusal} `not_here`, `role_required`, `case_open`, `case_not_open` */
export async function answerNewCase(ctx: Context, house: OpenHouse): Promise<void> {
  const ask = async (visit: ConsoleVisit, form: Form) => {
    const client = await loadClientFor(visit, form.get('app'), 'apps.write');
    const justification = form.get('justification').trim().slice(0, 2_000);
    if (justification.length < SHORTEST_JUSTIFICATION)
      return showAsking(visit, client, justification, [{ kind: 'justification-missing' }]);
    await lockRegistry(visit.db);
    const opened = await justify(visit.db, client, { via: 'page', actor: visit.account.id, justification });
    seeOther(ctx, `${caseLink(opened.id)}?done=asked`);
  };
  await answerConsole(ctx, house, new Map([['justify', ask]]));
}
