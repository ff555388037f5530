/** `/console/closures`: where no new apps are registered, and exceptions from that. */
import type { Context } from 'koa';
import type { Db } from '#src/base/database.ts';
import { DAY_MS, isDay, todayInJakarta } from '#src/base/epoch.ts';
import { type Language, Refusal } from '#src/base/refusals.ts';
import { type Agency, findAgencies, findAgency } from '#src/registry/agencies.ts';
import {
  type Closure,
  closeRegistrations,
  giveException,
  listClosures,
  listExceptions,
  loadClosure,
  loadException,
  openRegistrations,
  type RegistrationException,
  revokeException,
} from '#src/registry/closures.ts';
import { isWithin, type Reach, reachOf } from '#src/registry/coordination.ts';
import { listSectors, type Sector } from '#src/registry/sectors.ts';
import { type ClosureProblem, type ClosureShown, type ClosuresContext, closuresPage } from '#views/console/closures.ts';
import { translate } from '#views/locale.ts';
import type { Notice } from '#views/parts/notice.ts';
import { showForm } from '../frame.ts';
import type { OpenHouse } from '../house.ts';
import type { Form } from '../middleware/forms.ts';
import { nameOf } from '../names.ts';
import { seeOther } from '../see-other.ts';
import { listChoices, toChoices } from './agency-choices.ts';
import { consoleFrame } from './frame.ts';
import { readReason } from './versions.ts';
import { answerConsole, type ConsoleVisit, showConsole } from './visit.ts';

const blank = { agency: '', sector: '', reason: '', day: '' };

/**
 * `GET /console/closures`; `agency` in the address says which one is about to be closed.
 *
 * @throws {Refusal} `role_required` for whoever does not coordinate
 */
export async function showClosures(ctx: Context, house: OpenHouse): Promise<void> {
  const agency = String(ctx.query.agency ?? '').slice(0, 63);
  await showConsole(ctx, house, (visit) => showPage(visit, { ...blank, agency }));
}

/** @throws {Refusal} `role_required` */
async function loadReach({ db, held }: ConsoleVisit): Promise<Reach> {
  const reach = await reachOf(db, held);
  if (reach.nodes.length > 0 || reach.sectors.length > 0) return reach;
  throw new Refusal('role_required', 'no coordinator anywhere');
}

async function showPage(
  visit: ConsoleVisit,
  values: ClosuresContext['values'],
  problems: readonly ClosureProblem[] = [],
  giving?: ClosuresContext['giving'],
): Promise<void> {
  const { ctx, db } = visit;
  const language: Language = ctx.state.language;
  const reach = await loadReach(visit);
  const closures = await listClosures(db, reach);
  const exceptions = await listExceptions(
    db,
    closures.map(({ id }) => id),
  );
  const sectors = await listSectors(db);
  const ids = [...closures.flatMap(({ agencyId }) => agencyId ?? []), ...exceptions.map(({ agencyId }) => agencyId)];
  const agencies = new Map((await findAgencies(db, [...new Set(ids)])).map((one) => [one.id, one]));
  const choices = await listWithin(db, closures);
  const own = reach.nodes.length > 0 ? await listChoices(db, reach.nodes) : [];
  if (problems.length > 0) ctx.status = 422;
  const page = closuresPage({
    ...consoleFrame(visit, 'cases'),
    closures: closures.map((closure) => shownOf(language, closure, exceptions, { agencies, sectors, choices })),
    agencies: own && toChoices(own, language),
    sectors: sectors
      .filter(({ id }) => reach.sectors.includes(id))
      .map((sector) => ({ id: sector.id, name: nameOf(sector, language) })),
    ...{ values, problems, giving, notice: noticeIn(ctx) },
  });
  showForm(ctx, page);
}

/** The agencies that may be excepted from one closure: those that it closes. Undefined where they are too many to choose from. */
type ListWithin = (closure: Closure) => readonly Agency[] | undefined;

async function listWithin(db: Db, closures: readonly Closure[]): Promise<ListWithin> {
  const closed = [...new Set(closures.flatMap(({ agencyId }) => agencyId ?? []))];
  const below = closed.length > 0 ? await listChoices(db, closed) : [];
  const all = closures.some(({ sectorId }) => sectorId !== undefined) ? await listChoices(db, undefined) : [];
  return ({ agencyId }) => (agencyId === undefined ? all : below?.filter(({ path }) => path.includes(agencyId)));
}

function shownOf(
  language: Language,
  closure: Closure,
  exceptions: readonly RegistrationException[],
  known: {
    readonly agencies: ReadonlyMap<string, Agency>;
    readonly sectors: readonly Sector[];
    readonly choices: ListWithin;
  },
): ClosureShown {
  const { id, agencyId, sectorId, reason, closedAt, openAgainOn } = closure;
  const agency = (one: string): string => {
    const found = known.agencies.get(one);
    return found ? nameOf(found, language) : one;
  };
  const sector = known.sectors.find((one) => one.id === sectorId);
  const choices = known.choices(closure);
  return {
    ...{ id, reason, closedAt, kind: agencyId === undefined ? 'sector' : 'agency' },
    name: agencyId === undefined ? (sector ? nameOf(sector, language) : String(sectorId)) : agency(agencyId),
    agencies: choices && toChoices(choices, language),
    openAgainOn: openAgainOn === undefined ? undefined : new Date(`${openAgainOn}T05:00:00Z`),
    exceptions: exceptions
      .filter(({ closureId }) => closureId === id)
      .map(({ agencyId: of, revokedAt, ...one }) => ({
        ...{ id: one.id, apps: one.apps, used: one.used, reason: one.reason, expiresAt: one.expiresAt },
        agency: agency(of),
        isOpen: revokedAt === undefined && one.used < one.apps && one.expiresAt.getTime() > Date.now(),
      })),
  };
}

const notices = {
  closed: 'closures.noted-closed',
  opened: 'closures.noted-opened',
  given: 'closures.noted-given',
  revoked: 'closures.noted-revoked',
} as const;

function noticeIn(ctx: Context): Notice | undefined {
  const done = Object.entries(notices).find(([name]) => name === ctx.query.done);
  return done && { tone: 'done', text: translate(ctx.state.language)(done[1]) };
}

/**
 * `POST /console/closures`.
 *
 * @throws {Refusal} `role_required`, `not_here`, `closure_over`, `exception_over`
 */
export async function answerClosures(ctx: Context, house: OpenHouse): Promise<void> {
  await answerConsole(
    ctx,
    house,
    new Map([
      ['close', close],
      ['open', open],
      ['give', give],
      ['revoke', revoke],
    ]),
  );
}

async function close(visit: ConsoleVisit, form: Form): Promise<void> {
  const { ctx, db, account } = visit;
  const reach = await loadReach(visit);
  const said = { agency: form.get('agency').trim(), sector: form.get('sector'), day: form.get('day').trim() };
  const reason = readReason(form, 'reason');
  const values = { ...said, reason: reason ?? '' };
  const agency = said.agency === '' ? undefined : await findAgency(db, said.agency);
  const place =
    agency && said.sector === '' && isWithin(reach, { path: agency.path, sectors: [] })
      ? { agencyId: agency.id }
      : said.agency === '' && reach.sectors.includes(said.sector)
        ? { sectorId: said.sector }
        : undefined;
  const problems: ClosureProblem[] = [];
  if (!place) problems.push({ kind: 'place-missing' });
  if (reason === undefined) problems.push({ kind: 'reason-missing' });
  if (said.day !== '' && !isAhead(said.day)) problems.push({ kind: 'day-wrong' });
  if (!place || reason === undefined || problems.length > 0) return showPage(visit, values, problems);
  try {
    await closeRegistrations(db, { ...place, reason, openAgainOn: said.day || undefined, actor: account.id });
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== 'closed_already') throw error;
    return showPage(visit, values, [{ kind: 'said-already' }]);
  }
  seeOther(ctx, '/console/closures?done=closed');
}

/** A day after today. */
function isAhead(day: string): boolean {
  return isDay(day) && day > todayInJakarta();
}

/** A closure within somebody's reach. @throws {Refusal} `not_here` */
async function loadOwn(visit: ConsoleVisit, id: string): Promise<Closure> {
  const closure = await loadClosure(visit.db, id);
  const reach = await loadReach(visit);
  const { agencyId, sectorId } = closure;
  const agency = agencyId === undefined ? undefined : await findAgency(visit.db, agencyId);
  if (isWithin(reach, { path: agency?.path ?? [], sectors: sectorId === undefined ? [] : [sectorId] })) return closure;
  throw new Refusal('not_here', `closure ${id} is not this person's`);
}

async function open(visit: ConsoleVisit, form: Form): Promise<void> {
  const closure = await loadOwn(visit, form.get('closure'));
  await openRegistrations(visit.db, closure.id, visit.account.id);
  seeOther(visit.ctx, '/console/closures?done=opened');
}

const MOST_APPS = 1_000;

async function give(visit: ConsoleVisit, form: Form): Promise<void> {
  const { ctx, db, account } = visit;
  const closure = await loadOwn(visit, form.get('closure'));
  const agency = await findAgency(db, form.get('agency').trim());
  const apps = /^\d{1,4}$/.test(form.get('apps')) ? Number(form.get('apps')) : 0;
  const reason = readReason(form, 'reason');
  const day = form.get('day').trim();
  const problems: ClosureProblem[] = [];
  if (!agency) problems.push({ kind: 'agency-missing' });
  if (apps < 1 || apps > MOST_APPS) problems.push({ kind: 'apps-wrong' });
  if (reason === undefined) problems.push({ kind: 'reason-missing' });
  if (!isAhead(day)) problems.push({ kind: 'day-wrong' });
  const giving = { closure: closure.id, agency: form.get('agency').trim(), apps: form.get('apps').trim(), day };
  if (!agency || reason === undefined || problems.length > 0)
    return showPage(visit, blank, problems, { ...giving, reason: reason ?? '' });
  // Until the end of that day in the capital.
  const expiresAt = new Date(Date.parse(`${day}T00:00:00+07:00`) + DAY_MS);
  await giveException(db, { closureId: closure.id, agencyId: agency.id, apps, reason, expiresAt, actor: account.id });
  seeOther(ctx, '/console/closures?done=given');
}

async function revoke(visit: ConsoleVisit, form: Form): Promise<void> {
  const exception = await loadException(visit.db, form.get('exception'));
  await loadOwn(visit, exception.closureId);
  await revokeException(visit.db, exception.id, visit.account.id);
  seeOther(visit.ctx, '/console/closures?done=revoked');
}
