/**
 * Who read the data of a person, for somebody of the staff with a case. Nobody browses people here: each look is asked for
 * with a role, a reason and a case number, and its owner reads all of it, in the list itself and at every contact.
 */
import type { Context } from 'koa';
import { recordAccountEvent, recordAdminEvent } from '#src/audit/events.ts';
import { Refusal } from '#src/base/refusals.ts';
import { listReleases } from '#src/consents/releases.ts';
import { loadAccount } from '#src/people/accounts.ts';
import { lookUp, readCaseNumber } from '#src/people/desk.ts';
import { findAgencies } from '#src/registry/agencies.ts';
import { nodesWith } from '#src/registry/authority.ts';
import { type DeskReleasesContext, deskReleasesOfPage, deskReleasesPage } from '#views/console/desk-releases.ts';
import { type LookReason, releasesReadMessage } from '#views/report-messages.ts';
import { sayRefused } from '../account/refused.ts';
import { describeReleases } from '../account/shown-releases.ts';
import { showForm } from '../frame.ts';
import type { OpenHouse } from '../house.ts';
import { notifyContacts } from '../messages.ts';
import type { Form } from '../middleware/forms.ts';
import { nameOf } from '../names.ts';
import { seeOther } from '../see-other.ts';
import { findLook, forgetLook, keepLook } from './desk-case.ts';
import { consoleFrame } from './frame.ts';
import { pagesBehind, readPlace } from './positions.ts';
import { answerConsole, type ConsoleVisit, loadAgencyFor, showConsole } from './visit.ts';

const PAGE = 50;

/** `GET /console/desk/releases`. @throws {Refusal} `role_required` */
export function showDeskReleases(ctx: Context, house: OpenHouse): Promise<void> {
  return showConsole(ctx, house, (visit) => showHome(visit, {}));
}

/** `POST /console/desk/releases`: looks, and says so to the person. @throws {Refusal} `not_here`, `role_required` */
export function answerDeskReleases(ctx: Context, house: OpenHouse): Promise<void> {
  return answerConsole(ctx, house, new Map(Object.entries({ look })));
}

/** `GET /console/desk/releases/person`: whom somebody looks at. */
export function showReleasesOf(ctx: Context, house: OpenHouse): Promise<void> {
  return showConsole(ctx, house, showPerson);
}

/** `POST /console/desk/releases/person`: closes it. */
export function answerReleasesOf(ctx: Context, house: OpenHouse): Promise<void> {
  return answerConsole(ctx, house, new Map(Object.entries({ leave })));
}

const reasons: readonly LookReason[] = ['asked-by-person', 'report-checked', 'misuse-examined', 'law-demands'];

/** @throws {Refusal} `desk_reason_missing` */
function readReason(typed: string): LookReason {
  const reason = reasons.find((one) => one === typed);
  if (!reason) throw new Refusal('desk_reason_missing');
  return reason;
}

async function look(visit: ConsoleVisit, form: Form): Promise<void> {
  const { ctx, house, db, account } = visit;
  const [desk, named, caseNumber, reason] = ['desk', 'named', 'case', 'reason'].map((name) => form.get(name));
  const typed = { desk, named, caseNumber, reason };
  const agency = await loadAgencyFor(visit, desk ?? '', 'releases.look');
  const officer = account.id;
  try {
    const why = { reason: readReason(reason ?? ''), case: readCaseNumber(caseNumber ?? '') };
    const accountId = await lookUp(db, house.secrets, house.throttles, { officer, named: named ?? '' });
    await recordAdminEvent(db, {
      ...{ kind: 'desk.releases-read', actor: officer, subject: `desk ${agency.id}`, agencyId: agency.id },
      details: { found: accountId !== undefined, ...why },
    });
    if (!accountId) return await showHome(visit, { typed, foundNobody: true });
    const role = roleAt(visit, agency.path);
    const details = { role, ...why, what: 'releases', agency: agency.id, officer };
    await recordAccountEvent(db, { accountId, kind: 'account.read-by-staff', details });
    await notifyContacts(house, db, accountId, (context) => {
      const said = { agency: nameOf(agency, context.language), reason: why.reason, caseNumber: why.case };
      return releasesReadMessage({ ...context, ...said });
    });
    keepLook(visit, { accountId, agencyId: agency.id, role, reason: why.reason, caseNumber: why.case });
  } catch (error) {
    const field = error instanceof Refusal ? fields[error.code] : undefined;
    return showHome(visit, { typed, problems: [sayRefused(visit, error, field)] });
  }
  seeOther(ctx, '/console/desk/releases/person');
}

const fields: Readonly<Record<string, string>> = { case_number_invalid: 'case', desk_reason_missing: 'reason' };

/** As what somebody looks: an officer of the desk, where they are one there. */
function roleAt({ held }: ConsoleVisit, path: readonly string[]): 'desk' | 'operator' {
  const isOfficer = held.some(
    ({ agencyId, role, suspendedAt }) => role === 'desk' && !suspendedAt && path.includes(agencyId),
  );
  return isOfficer ? 'desk' : 'operator';
}

async function leave(visit: ConsoleVisit): Promise<void> {
  forgetLook(visit);
  seeOther(visit.ctx, '/console/desk/releases');
}

async function showHome(
  visit: ConsoleVisit,
  said: Pick<DeskReleasesContext, 'typed' | 'foundNobody' | 'problems'>,
): Promise<void> {
  const { ctx, db, held } = visit;
  const nodes = nodesWith(held, 'releases.look');
  if (nodes.length === 0) throw new Refusal('role_required', 'no role that looks at releases');
  const agencies = await findAgencies(db, nodes);
  const desks = agencies.map((agency) => ({ id: agency.id, name: nameOf(agency, ctx.state.language) }));
  showForm(ctx, deskReleasesPage({ ...consoleFrame(visit, 'desk-releases'), desks, ...said }));
}

async function showPerson(visit: ConsoleVisit): Promise<void> {
  const { ctx, house, db } = visit;
  const kept = findLook(visit);
  if (!kept) return seeOther(ctx, '/console/desk/releases');
  const agency = await loadAgencyFor(visit, kept.agencyId, 'releases.look');
  const { profile } = await loadAccount(db, house.secrets, kept.accountId);
  const [before] = readPlace(ctx);
  const found = await listReleases(db, house.secrets, kept.accountId, { before, limit: PAGE + 1 });
  const releases = found.slice(0, PAGE);
  const last = found.length > PAGE ? releases.at(-1) : undefined;
  const page = deskReleasesOfPage({
    ...consoleFrame(visit, 'desk-releases'),
    ...{ name: profile.name ?? '', desk: nameOf(agency, ctx.state.language), look: kept },
    releases: await describeReleases(visit, releases),
    pages: pagesBehind(ctx, last && [last.key]),
  });
  showForm(ctx, page);
}
