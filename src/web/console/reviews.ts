/** What waits for somebody to agree: the queue, and deciding about one version. */
import type { Context } from 'koa';
import { Refusal } from '#src/base/refusals.ts';
import { findAccount, mayUse } from '#src/people/accounts.ts';
import { listMemberships } from '#src/people/memberships.ts';
import {
  decideVersion,
  hadAHand,
  listApprovals,
  listWaitingVersions,
  mayDecide,
  type Verdict,
  type WaitingVersion,
  withdrawVersion,
} from '#src/registry/approvals.ts';
import { demandAt, mayAt, nodesWith } from '#src/registry/authority.ts';
import { type ClientRecord, findClient } from '#src/registry/clients.ts';
import { listCoordinatedSectors } from '#src/registry/coordination.ts';
import { readProductionTimes } from '#src/registry/promotion.ts';
import { riskyKeys } from '#src/registry/risky.ts';
import { type ClientVersion, findVersionBefore, loadVersion } from '#src/registry/versions.ts';
import {
  type ReviewContext,
  type ReviewProblem,
  reviewPage,
  reviewsPage,
  type WaitingLine,
} from '#views/console/reviews.ts';
import { type Language, translate } from '#views/locale.ts';
import type { Notice } from '#views/parts/notice.ts';
import { tellDecided } from '../change-notices.ts';
import { showForm } from '../frame.ts';
import type { OpenHouse } from '../house.ts';
import type { Form } from '../middleware/forms.ts';
import { timeIn } from '../places.ts';
import { seeOther } from '../see-other.ts';
import { nameColleagues, sayActor } from './colleagues.ts';
import { consoleFrame } from './frame.ts';
import { pagesBehind, readPlace } from './positions.ts';
import { linesOf, readNumber, readReason, saidBy } from './versions.ts';
import { answerConsole, type ConsoleVisit, showConsole } from './visit.ts';

const PAGE = 50;

/** `GET /console/reviews`. */
export async function showReviews(ctx: Context, house: OpenHouse): Promise<void> {
  await showConsole(ctx, house, showQueue);
}

async function showQueue(visit: ConsoleVisit): Promise<void> {
  const { ctx, db, held } = visit;
  const nodes = [...new Set([...nodesWith(held, 'reviews.decide'), ...nodesWith(held, 'apps.write')])];
  const sectors = await listCoordinatedSectors(db, held);
  if (nodes.length === 0 && nodesWith(held, 'sectors.decide').length === 0)
    throw new Refusal('role_required', 'no role that sees what waits');
  const found = await listWaitingVersions(db, { nodes, sectors, after: readWaitingPosition(ctx), limit: PAGE + 1 });
  const waiting = found.slice(0, PAGE);
  const last = found.length > PAGE ? waiting.at(-1) : undefined;
  const paths = waiting.flatMap(({ agencyId, agencyPath }) => [agencyId, ...agencyPath]);
  const names = await nameColleagues(
    visit,
    waiting.map(({ actor }) => actor),
    paths,
  );
  const page = reviewsPage({
    ...consoleFrame(visit, 'reviews'),
    waiting: waiting.map((one) => lineOf(ctx.state.language, one, sayActor(ctx.state.language, names, one.actor))),
    pages: pagesBehind(ctx, last && [last.createdAt.toISOString(), last.clientId]),
    times: await readProductionTimes(db),
    notice: noticeIn(ctx),
  });
  showForm(ctx, page);
}

function readWaitingPosition(ctx: Context): { createdAt: Date; clientId: string } | undefined {
  const [time, clientId = ''] = readPlace(ctx);
  const createdAt = timeIn(time);
  return createdAt && { createdAt, clientId };
}

function lineOf(language: Language, waiting: WaitingVersion, actor: string): WaitingLine {
  const now = Date.now();
  return {
    clientId: waiting.clientId,
    number: waiting.number,
    name: waiting.name[language],
    agency: waiting.agencyName[language],
    risk: waiting.risk,
    goesLive: waiting.to === 'live' && waiting.state === 'review',
    changed: waiting.changed,
    actor,
    createdAt: waiting.createdAt,
    age: Math.max(0, Math.floor((now - waiting.createdAt.getTime()) / 1000)),
    dueAt: waiting.dueAt,
    isLate: waiting.dueAt !== undefined && waiting.dueAt.getTime() < now,
    approvals: waiting.approvals,
    approvalsNeeded: waiting.approvalsNeeded,
  };
}

const notices = {
  pending: 'console.noted-pending',
  applied: 'console.noted-applied',
  rejected: 'console.noted-rejected',
  withdrawn: 'console.noted-withdrawn',
} as const;

function noticeIn(ctx: Context): Notice | undefined {
  const done = Object.entries(notices).find(([name]) => name === ctx.query.done);
  return done && { tone: 'done', text: translate(ctx.state.language)(done[1]) };
}

/** `GET /console/reviews/:client/:number`. */
export async function showReview(ctx: Context, house: OpenHouse): Promise<void> {
  await showConsole(ctx, house, (visit) => showOne(visit));
}

/** A version that somebody may look at, and what they may do about it. */
interface Review {
  readonly client: ClientRecord;
  readonly version: ClientVersion;
  readonly mayDecide: boolean;
  readonly mayWithdraw: boolean;
}

/** @throws {Refusal} `not_here` where the app is not theirs to see; `version_not_found` */
async function loadReview({ ctx, db, held }: ConsoleVisit): Promise<Review> {
  const client = await findClient(db, String(ctx.params.client));
  if (!client) throw new Refusal('not_here', 'no such client');
  const decides = await mayDecide(db, held, client);
  if (!decides) demandAt(held, 'apps.read', client.agency);
  const version = await loadVersion(db, client.id, readNumber(ctx.params.number) ?? 0);
  const mayWithdraw = version.status === 'pending' && mayAt(held, 'apps.write', client.agency);
  return { client, version, mayDecide: decides, mayWithdraw };
}

async function showOne(visit: ConsoleVisit, problems: readonly ReviewProblem[] = []): Promise<void> {
  const { ctx, db } = visit;
  const language: Language = ctx.state.language;
  const review = await loadReview(visit);
  const { client, version } = review;
  const before = await findVersionBefore(db, version);
  const approvals = await listApprovals(db, client.id, version.number);
  const people = [version.actor, ...approvals.map(({ approver }) => approver)];
  const names = await nameColleagues(visit, people, client.agency.path);
  const goesLive = version.from === 'review' && version.to === 'live';
  const [line] = await linesOf(visit, client, [version]);
  if (!line) return;
  const context: ReviewContext = {
    ...consoleFrame(visit, 'reviews'),
    line: lineOf(
      language,
      waitingOf(client, version, approvals.filter(({ verdict }) => verdict === 'approved').length),
      line.actor,
    ),
    version: line,
    before: goesLive ? undefined : before && saidBy(before),
    after: saidBy(version),
    risky: before && !goesLive ? riskyKeys(before.content, version.content) : [],
    decided: approvals.map(({ approver, verdict, note, at }) => ({
      who: sayActor(language, names, approver),
      verdict,
      note,
      at,
    })),
    closed: await whyClosed(visit, review),
    mayWithdraw: review.mayWithdraw,
    problems,
  };
  if (problems.length > 0) ctx.status = 422;
  showForm(ctx, reviewPage(context));
}

function waitingOf(client: ClientRecord, version: ClientVersion, approvals: number): WaitingVersion {
  const { agency } = client;
  return {
    clientId: client.id,
    number: version.number,
    name: client.name,
    agencyId: agency.id,
    agencyName: { id: agency.name, en: agency.nameEn },
    agencyPath: agency.path,
    sectors: client.sectors,
    state: version.from,
    risk: client.risk,
    changed: version.changed,
    to: version.to,
    actor: version.actor,
    reason: version.reason,
    createdAt: version.createdAt,
    dueAt: version.dueAt,
    approvals,
    approvalsNeeded: version.approvalsNeeded,
  };
}

async function whyClosed(
  { db, account }: ConsoleVisit,
  { version, mayDecide: decides }: Review,
): Promise<ReviewContext['closed']> {
  if (version.status !== 'pending') return 'over';
  if (await hadAHand(db, version, account.id)) return 'own';
  return decides ? undefined : 'no-role';
}

/**
 * `POST /console/reviews/:client/:number`.
 *
 * @throws {Refusal} `not_here`, `role_required`, `version_not_found`, `version_not_pending`, `version_own`, `version_unfit`
 */
export async function answerReview(ctx: Context, house: OpenHouse): Promise<void> {
  await answerConsole(ctx, house, changes);
}

const changes: ReadonlyMap<string, (visit: ConsoleVisit, form: Form) => Promise<void>> = new Map(
  Object.entries({
    approve: (visit: ConsoleVisit, form: Form) => decide(visit, form, 'approved'),
    reject: (visit: ConsoleVisit, form: Form) => decide(visit, form, 'rejected'),
    withdraw,
  }),
);

async function decide(visit: ConsoleVisit, form: Form, verdict: Verdict): Promise<void> {
  const { ctx, db, house, account } = visit;
  const { client, version, mayDecide: decides } = await loadReview(visit);
  if (!decides) throw new Refusal('role_required', `no role that decides about client ${client.id}`);
  const note = readReason(form, 'note');
  if (verdict === 'rejected' && note === undefined) return showOne(visit, [{ kind: 'reason-missing' }]);
  const decided = await decideVersion(db, {
    ...{ clientId: client.id, number: version.number, approver: account.id, verdict, note },
    ...{ via: 'page', mode: house.config.mode },
    mayStillDecide: (approver) => isApprover(visit, client, approver),
  });
  await tellDecided(house, db, decided, note);
  seeOther(ctx, `/console/reviews?done=${decided.status}`);
}

async function isApprover({ db, house }: ConsoleVisit, client: ClientRecord, accountId: string): Promise<boolean> {
  const account = await findAccount(db, house.secrets, accountId);
  return (
    account !== undefined && mayUse(account) && mayDecide(db, await listMemberships(db, accountId, new Date()), client)
  );
}

async function withdraw(visit: ConsoleVisit): Promise<void> {
  const { ctx, db, house, account } = visit;
  const { client, version } = await loadReview(visit);
  demandAt(visit.held, 'apps.write', client.agency);
  const request = { clientId: client.id, number: version.number, actor: account.id, via: 'page' } as const;
  await withdrawVersion(db, { ...request, mode: house.config.mode });
  seeOther(ctx, '/console/reviews?done=withdrawn');
}
