/** The team of an agency: who works for it, who is invited to, and what its admins change about that. */
import type { Context } from 'koa';
import { Refusal } from '#src/base/refusals.ts';
import { isId } from '#src/base/secrets.ts';
import { findAccount } from '#src/people/accounts.ts';
import { listMembers, listMemberships, type Membership } from '#src/people/memberships.ts';
import { type Agency, loadAgency } from '#src/registry/agencies.ts';
import { mayAt, mayGive } from '#src/registry/authority.ts';
import { listInvitations } from '#src/registry/invitations.ts';
import { type Rest, type TeamContext, type TeamMember, teamPage } from '#views/console/team.ts';
import { translate } from '#views/locale.ts';
import type { Problem } from '#views/parts/problem.ts';
import { roleNames } from '#views/roles.ts';
import { showForm } from '../frame.ts';
import type { OpenHouse } from '../house.ts';
import type { Form } from '../middleware/forms.ts';
import { sayRefusal } from '../say-refusal.ts';
import { seeOther } from '../see-other.ts';
import { type Actor, endRole, handOver, invite, type Made, readRole, restoreRole, takeBack } from '../team.ts';
import { agencyHeadOf, consoleFrame } from './frame.ts';
import { keepForOnce, takeOnce } from './shown-once.ts';
import { answerConsole, type ConsoleVisit, loadAgencyFor, showConsole } from './visit.ts';

/** `GET /console/agencies/:agency/team`. @throws {Refusal} `not_here`, `role_required` */
export async function showTeam(ctx: Context, house: OpenHouse): Promise<void> {
  await showConsole(ctx, house, (visit) => showPage(visit));
}

/** `POST /console/agencies/:agency/team`. @throws {Refusal} what `web/team.ts` refuses */
export async function changeTeam(ctx: Context, house: OpenHouse): Promise<void> {
  await answerConsole(ctx, house, changes);
}

const changes: ReadonlyMap<string, (visit: ConsoleVisit, form: Form) => Promise<void>> = new Map(
  Object.entries({ invite: inviteOne, 'take-back': takeOneBack, end: endOne, restore: restoreOne, 'hand-over': give }),
);

function actorOf({ account, held }: ConsoleVisit): Actor {
  return { id: account.id, held };
}

function heldIn({ ctx }: ConsoleVisit, form: Form) {
  return { agencyId: String(ctx.params.agency), accountId: form.get('account'), role: readRole(form.get('role')) };
}

async function inviteOne(visit: ConsoleVisit, form: Form): Promise<void> {
  const { ctx, house, db } = visit;
  const agency = await loadAgencyFor(visit, String(ctx.params.agency), 'team.write');
  const email = form.get('email').trim();
  const typed = { email, role: form.get('role') };
  const asked = { agencyId: agency.id, role: readRole(typed.role), email: email || undefined };
  try {
    const made = await invite(house, db, actorOf(visit), { ...asked, language: ctx.state.language });
    keepForOnce<Made>(visit, `invitation ${agency.id}`, made);
  } catch (error) {
    if (!(error instanceof Refusal) || error.status !== 422) throw error;
    ctx.status = 422;
    return showPage(visit, { typed, problems: [sayRefusal(visit, error, 'email')] });
  }
  leaveTo(visit, 'invited');
}

async function takeOneBack(visit: ConsoleVisit, form: Form): Promise<void> {
  const { ctx, db } = visit;
  const { id: agencyId } = await loadAgencyFor(visit, String(ctx.params.agency), 'team.write');
  await takeBack(db, actorOf(visit), { id: readId(form.get('invitation')), agencyId });
  leaveTo(visit, 'taken-back');
}

/** @throws {Refusal} `invalid_request` */
function readId(text: string): string {
  if (!isId(text)) throw new Refusal('invalid_request', 'no such id');
  return text;
}

async function endOne(visit: ConsoleVisit, form: Form): Promise<void> {
  const { ctx, house, db, account } = visit;
  await loadAgencyFor(visit, String(ctx.params.agency), 'team.read');
  const ended = heldIn(visit, form);
  await endRole(house, db, actorOf(visit), { ...ended, accountId: readId(ended.accountId) });
  if (ended.accountId === account.id) return leaveAfterOwn(visit, 'ended');
  leaveTo(visit, 'ended');
}

async function restoreOne(visit: ConsoleVisit, form: Form): Promise<void> {
  const { ctx, house, db } = visit;
  await loadAgencyFor(visit, String(ctx.params.agency), 'team.write');
  const restored = heldIn(visit, form);
  await restoreRole(house, db, actorOf(visit), { ...restored, accountId: readId(restored.accountId) });
  leaveTo(visit, 'restored');
}

async function give(visit: ConsoleVisit, form: Form): Promise<void> {
  const { ctx, house, db } = visit;
  const { id: agencyId } = await loadAgencyFor(visit, String(ctx.params.agency), 'team.write');
  await handOver(house, db, actorOf(visit), { agencyId, to: readId(form.get('to')) });
  await leaveAfterOwn(visit, 'handed-over');
}

const notices = ['invited', 'taken-back', 'ended', 'restored', 'handed-over', 'joined'] as const;

function leaveTo({ ctx }: ConsoleVisit, done: (typeof notices)[number]): void {
  seeOther(ctx, `/console/agencies/${encodeURIComponent(String(ctx.params.agency))}/team?done=${done}`);
}

/** Whoever has given up a role may not see the team any more. */
async function leaveAfterOwn(visit: ConsoleVisit, done: (typeof notices)[number]): Promise<void> {
  const { ctx, db, account } = visit;
  const agency = await loadAgency(db, String(ctx.params.agency));
  const left = await listMemberships(db, account.id, new Date());
  if (mayAt(left, 'team.read', agency)) return leaveTo(visit, done);
  seeOther(ctx, '/console');
}

function noticeOf({ ctx }: ConsoleVisit): TeamContext['notice'] {
  const done = notices.find((name) => name === ctx.query.done);
  return done && { tone: 'done', text: translate(ctx.state.language)(`team.done-${done}`) };
}

interface Said {
  readonly typed?: TeamContext['typed'];
  readonly problems?: readonly Problem<never>[];
}

async function showPage(visit: ConsoleVisit, said: Said = {}): Promise<void> {
  const { ctx, db, held } = visit;
  const agency = await loadAgencyFor(visit, String(ctx.params.agency), 'team.read');
  const memberships = await listMembers(db, [agency.id], new Date());
  const names = await namesOf(visit, memberships);
  const mayWrite = mayAt(held, 'team.write', agency);
  const invitations = await listInvitations(db, agency.id);
  const made = takeOnce<Made>(visit, `invitation ${agency.id}`);
  const notice = said.problems ? undefined : noticeOf(visit);
  const context: TeamContext = {
    ...consoleFrame(visit, 'agencies'),
    agency: await agencyHeadOf(visit, agency),
    members: memberships.map((one) => memberOf(visit, agency, one, names)),
    invitations: invitations.map(({ id, role, hint, expiresAt }) => ({
      ...{ id, hint, role: readRole(role ?? '') },
      until: expiresAt,
    })),
    mayGive: mayWrite ? roleNames.filter((role) => mayGive(held, role, agency)) : [],
    emailDomain: agency.emailDomain ?? undefined,
    successors: successorsOf(visit, memberships, names),
    ...(made && { made: { link: made.link, until: new Date(made.expiresAt) } }),
    ...(notice && { notice }),
    ...said,
  };
  showForm(ctx, teamPage(context));
}

function memberOf(
  { account, held }: ConsoleVisit,
  agency: Agency,
  { accountId, role, since, suspendedAt, suspendedReason }: Membership,
  names: ReadonlyMap<string, string>,
): TeamMember {
  const isSelf = accountId === account.id;
  const mayChange = mayAt(held, 'team.write', agency) && mayGive(held, role, agency);
  return {
    ...{ account: accountId, role, since, isSelf },
    name: names.get(accountId) ?? '',
    ...(suspendedAt && { rest: (suspendedReason ?? 'recovered') as Rest }),
    mayEnd: isSelf || mayChange,
    mayRestore: !isSelf && mayChange && suspendedAt !== undefined,
  };
}

/** What the members of a team are called: each knows the others anyway. */
async function namesOf(
  { house, db }: ConsoleVisit,
  memberships: readonly Membership[],
): Promise<ReadonlyMap<string, string>> {
  const names = new Map<string, string>();
  for (const { accountId } of memberships)
    if (!names.has(accountId)) {
      const account = await findAccount(db, house.secrets, accountId);
      names.set(accountId, account?.profile.name ?? '');
    }
  return names;
}

/** Others of the team, for an owner of this very agency. */
function successorsOf(
  { account }: ConsoleVisit,
  memberships: readonly Membership[],
  names: ReadonlyMap<string, string>,
): TeamContext['successors'] {
  const counting = memberships.filter(({ suspendedAt }) => !suspendedAt);
  if (!counting.some(({ accountId, role }) => accountId === account.id && role === 'owner')) return [];
  const others = new Set(counting.map(({ accountId }) => accountId).filter((id) => id !== account.id));
  return [...others].map((id) => ({ account: id, name: names.get(id) ?? '' }));
}
