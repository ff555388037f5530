/** `/account/releases`: who saw which data of a person, and who of the staff looked at that, for its owner alone. */
import type { Context } from 'koa';
import { type HistoryLine, listLooks, recordAccountEvent } from '#src/audit/events.ts';
import { DAY_MS, dayOf } from '#src/base/epoch.ts';
import { Refusal } from '#src/base/refusals.ts';
import { listPermissions, type Permission } from '#src/consents/permissions.ts';
import { findRelease, listReleases, listReleasesOf, type Release, type ReleaseKind } from '#src/consents/releases.ts';
import { findReports, type Report, type ReportReason, reportReasons, reportRelease } from '#src/consents/reports.ts';
import { freeze } from '#src/oidc/account-end.ts';
import { endSessions } from '#src/oidc/sessions.ts';
import { disconnect } from '#src/oidc/withdrawals.ts';
import { type ReleaseContext, releasePage } from '#views/account/release.ts';
import { type ReleaseLine, type ShownRelease, timeOf } from '#views/account/release-rows.ts';
import { type ReleaseChoice, releaseFilters, releasePeriods, releasesPage } from '#views/account/releases.ts';
import { translate } from '#views/locale.ts';
import { accountHeldMessage } from '#views/messages.ts';
import { frameOf, showForm, whomToAsk } from '../frame.ts';
import type { OpenHouse } from '../house.ts';
import { notifyContacts } from '../messages.ts';
import type { Form } from '../middleware/forms.ts';
import { fromCursor, toCursor } from '../places.ts';
import { tellReported } from '../report-notices.ts';
import { seeOther } from '../see-other.ts';
import { sayRefused } from './refused.ts';
import { releaseLink, showLooks, showReleases } from './shown-releases.ts';
import { answerForm, showTo, type Visit } from './visit.ts';

const LINES = 50;
/** How many of the person's apps the list can be narrowed to; any other by the link on its page. */
const APPS = 300;

/** `GET /account/releases`: the page, or a sign-in that comes back to it. */
export function showReleaseList(ctx: Context, house: OpenHouse): Promise<void> {
  return showTo(ctx, house, showList);
}

/** `GET /account/releases/:release`. @throws {Refusal} `not_here` */
export function showOneRelease(ctx: Context, house: OpenHouse): Promise<void> {
  return showTo(ctx, house, async (visit) => showOne(visit, await loadRelease(visit)));
}

/**
 * `POST /account/releases/:release`: reports it, and what its owner may want then. None of it asks for a fresh proof: whoever
 * is signed in may stop what somebody else has begun.
 *
 * @throws {Refusal} `session_required`, `csrf_mismatch`, `invalid_request`, `not_here`
 */
export function answerRelease(ctx: Context, house: OpenHouse): Promise<void> {
  return answerForm(ctx, house, changes);
}

const changes: ReadonlyMap<string, (visit: Visit, form: Form) => Promise<void>> = new Map(
  Object.entries({ report, 'end-access': endAccess, 'end-sessions': endOtherSessions, freeze: hold }),
);

const LATEST = 5;

/** The latest hand-overs, for the person's first page. */
export async function latestReleases(visit: Visit): Promise<ShownRelease[]> {
  const { house, db, account } = visit;
  const since = account.restrictedAt;
  return showReleases(visit, await listReleases(db, house.secrets, account.id, { since, limit: LATEST }));
}

/** What a page of the list begins behind: the last release and the last look of the page before. */
interface Place {
  readonly release: string | undefined;
  readonly look: Pick<HistoryLine, 'at' | 'id'> | undefined;
}

async function showList(visit: Visit): Promise<void> {
  const { ctx, house, db, account } = visit;
  const chosen = readChoice(ctx);
  const place = readPlace(ctx);
  const { shown, next } = await readPage(visit, chosen, place);
  const connected = await listPermissions(db, account.id, { limit: APPS });
  const page = releasesPage({
    ...frameOf(ctx, house),
    lines: shown,
    keptMonths: house.config.releasesKeptMonths,
    ...{ apps: appsToChoose(visit, connected, shown, chosen.app), chosen },
    older: next && linkOf(chosen, next),
    latest: 'before' in ctx.query ? linkOf(chosen) : undefined,
    // Whoever came back by contacts alone may not be the one who lived it.
    closedBefore: account.restrictedAt,
  });
  showForm(ctx, page);
}

/** One page, the latest first: releases and looks, each read from where the page before ended. */
async function readPage(
  visit: Visit,
  chosen: ReleaseChoice,
  place: Place,
): Promise<{ readonly shown: readonly ReleaseLine[]; readonly next: Place | undefined }> {
  const { db, account } = visit;
  const since = sinceOf(chosen, account.restrictedAt);
  const { releases, end } =
    chosen.kind === 'staff' ? { releases: [], end: undefined } : await readReleases(visit, chosen, place, since);
  const looks =
    chosen.app === '' && (chosen.kind === 'all' || chosen.kind === 'staff')
      ? await listLooks(db, account.id, { before: place.look, since, limit: LINES + 1 })
      : [];
  const all = [
    ...releases.map((release) => ({ at: release.storedAt, release, look: undefined })),
    ...looks.map((look) => ({ at: look.at, release: undefined, look })),
  ].sort((one, other) => other.at.getTime() - one.at.getTime());
  const taken = all.slice(0, LINES);
  const lastRelease = taken.findLast(({ release }) => release)?.release?.key;
  const lastLook = taken.findLast(({ look }) => look)?.look;
  const isMore = all.length > LINES || end !== undefined;
  const next = isMore
    ? { release: all.length > LINES ? (lastRelease ?? place.release) : end, look: lastLook ?? place.look }
    : undefined;
  const shownReleases = await showReleases(
    visit,
    taken.flatMap(({ release }) => release ?? []),
  );
  const shownLooks = await showLooks(
    visit,
    taken.flatMap(({ look }) => look ?? []),
  );
  const lines: ReleaseLine[] = [
    ...shownReleases.map((release) => ({ release })),
    ...shownLooks.map((look) => ({ look })),
  ];
  return { shown: lines.sort((one, other) => timeOf(other).getTime() - timeOf(one).getTime()), next };
}

const kindsOf: Readonly<Partial<Record<ReleaseChoice['kind'], readonly ReleaseKind[]>>> = {
  'sign-in': ['code'],
  later: ['refresh', 'userinfo', 'introspection'],
};

/** Releases of the chosen kind. @returns `end`: behind what there is more, where not all that was read could be shown */
async function readReleases(
  { house, db, account }: Visit,
  { app, kind }: ReleaseChoice,
  { release: before }: Place,
  since: Date | undefined,
): Promise<{ readonly releases: readonly Release[]; readonly end: string | undefined }> {
  const kinds = kindsOf[kind];
  const wanted = { before, since, limit: LINES + 1, ...(app && { clientId: app }) };
  if (kinds) return listReleasesOf(db, house.secrets, account.id, { ...wanted, kinds });
  return { releases: await listReleases(db, house.secrets, account.id, wanted), end: undefined };
}

/** From the beginning of a day on, where what is counted by the day has its place: nothing of the period is left out. */
function sinceOf({ period }: ReleaseChoice, restrictedAt: Date | undefined): Date | undefined {
  if (period === 'all') return restrictedAt;
  const from = new Date(dayOf(new Date(Date.now() - Number(period) * DAY_MS)));
  return restrictedAt && restrictedAt > from ? restrictedAt : from;
}

/** What makes no sense narrows nothing. */
function readChoice({ query }: Context): ReleaseChoice {
  return {
    app: typeof query.app === 'string' && /^[\w.:/-]{1,200}$/.test(query.app) ? query.app : '',
    period: releasePeriods.find((one) => one === query.period) ?? 'all',
    kind: releaseFilters.find((one) => one === query.kind) ?? 'all',
  };
}

function readPlace({ query }: Context): Place {
  const [release = '', at = '', id = ''] = fromCursor(query.before) ?? [];
  const isLook = /^\d{1,15}$/.test(at) && /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id);
  return { release: release || undefined, look: isLook ? { at: new Date(Number(at)), id } : undefined };
}

function linkOf({ app, period, kind }: ReleaseChoice, place?: Place): string {
  const query = new URLSearchParams({
    ...(app && { app }),
    ...(period !== 'all' && { period }),
    ...(kind !== 'all' && { kind }),
  });
  if (place) {
    const { release, look } = place;
    query.set('before', toCursor([release ?? '', look ? String(look.at.getTime()) : '', look?.id ?? '']));
  }
  const text = query.toString();
  return text ? `/account/releases?${text}` : '/account/releases';
}

/** The connected ones, and the one that is chosen, which has a name only for who has something to do with it. */
function appsToChoose(
  { ctx, house }: Visit,
  connected: readonly Permission[],
  shown: readonly ReleaseLine[],
  chosen: string,
) {
  const language: 'id' | 'en' = ctx.state.language;
  const ids = new Set([
    ...connected.map(({ clientId }) => clientId),
    ...shown.flatMap((line) => ('release' in line && line.release.app.id === chosen ? [chosen] : [])),
  ]);
  const apps = [...ids].map((id) => ({ id, name: house.clients.find(id)?.name[language] ?? id }));
  if (chosen && !ids.has(chosen)) apps.push({ id: chosen, name: chosen });
  return apps.sort((one, other) => one.name.localeCompare(other.name, language));
}

/** The release of the address. @throws {Refusal} `not_here`: none of this person's, or from before a recovery */
async function loadRelease({ ctx, house, db, account }: Visit): Promise<Release> {
  const release = await findRelease(db, house.secrets, account.id, String(ctx.params.release));
  if (!release || (account.restrictedAt && release.at < account.restrictedAt))
    throw new Refusal('not_here', 'no such release of this account');
  return release;
}

/** Of the latest with an app those that a release may rest on. */
const PERMISSIONS = 20;

/** Whether it held then, with one of the texts that the release names and for something that was read. */
function didRestOn({ terms, at, claims: read }: Release, { terms: { id }, claims, givenAt, endedAt }: Permission) {
  const isOfThat = read.length === 0 || read.some((claim) => claims.includes(claim));
  return isOfThat && terms.includes(id) && givenAt <= at && (endedAt === undefined || endedAt > at);
}

const notices = ['reported', 'access-ended', 'sessions-ended'] as const;

async function showOne(visit: Visit, release: Release, said: Pick<ReleaseContext, 'problems'> = {}): Promise<void> {
  const { ctx, house, db, account } = visit;
  const [shown] = await showReleases(visit, [release]);
  if (!shown) throw new Refusal('not_here', 'no such release');
  const made = (await findReports(db, account.id, [release.id])).get(release.id);
  const held = await listPermissions(db, account.id, { clientId: release.clientId, ended: true, limit: PERMISSIONS });
  const restsOn = held.filter((permission) => didRestOn(release, permission));
  const done = notices.find((one) => one === ctx.query.done);
  const client = house.clients.find(release.clientId);
  const page = releasePage({
    ...frameOf(ctx, house),
    release: shown,
    network: release.network || undefined,
    reference: release.id,
    contact: client && whomToAsk(client),
    appLink: held.length > 0 ? `/account/apps/${encodeURIComponent(release.clientId)}` : undefined,
    isConnected: held.length === 0 || held.some(({ endedAt }) => endedAt === undefined),
    receipts: restsOn.map(({ id, kind }) => ({ kind, link: `/account/receipts/${id}` })),
    report: made && shown.report && { reason: made.reason, at: made.at, dueAt: made.dueAt, state: shown.report },
    notice: done && { tone: 'done', text: translate(ctx.state.language)(`release.done-${done}`) },
    ...said,
  });
  showForm(ctx, page);
}

async function report(visit: Visit, form: Form): Promise<void> {
  const { ctx, house, db, account } = visit;
  const release = await loadRelease(visit);
  let made: Report | undefined;
  try {
    const reason = readReason(form.get('reason'));
    const about = { clientId: release.clientId, release: { id: release.id, at: release.storedAt } };
    made = await reportRelease(db, house.secrets, house.throttles, { accountId: account.id, ...about, reason });
  } catch (error) {
    return showOne(visit, release, { problems: [sayRefused(visit, error, 'reason')] });
  }
  const client = house.clients.find(release.clientId);
  if (made && client) await tellReported(house, db, client, made);
  seeOther(ctx, `${releaseLink(release)}?done=reported`);
}

/** @throws {Refusal} `report_reason_missing` */
function readReason(typed: string): ReportReason {
  const reason = reportReasons.find((one) => one === typed);
  if (!reason) throw new Refusal('report_reason_missing');
  return reason;
}

async function endAccess(visit: Visit): Promise<void> {
  const { ctx, house, db, account } = visit;
  const release = await loadRelease(visit);
  await disconnect(db, house.secrets, { accountId: account.id, clientId: release.clientId, cause: 'reported' });
  seeOther(ctx, `${releaseLink(release)}?done=access-ended`);
}

async function endOtherSessions(visit: Visit): Promise<void> {
  const { ctx, house, db, account, session } = visit;
  const release = await loadRelease(visit);
  const sessions = await endSessions(db, house.secrets, account.id, { except: session.uid });
  if (sessions > 0)
    await recordAccountEvent(db, { accountId: account.id, kind: 'session.ended', details: { sessions } });
  seeOther(ctx, `${releaseLink(release)}?done=sessions-ended`);
}

async function hold(visit: Visit, form: Form): Promise<void> {
  const { ctx, house, db, account } = visit;
  if (form.get('sure') !== 'yes') {
    ctx.status = 422;
    return showOne(visit, await loadRelease(visit), { problems: [{ kind: 'tick-first' }] });
  }
  if (!(await freeze(db, house.secrets, account.id, { reason: 'not-me' })))
    throw new Refusal('account_unavailable', 'the account changed at the same moment');
  await notifyContacts(house, db, account.id, accountHeldMessage);
  seeOther(ctx, '/account/frozen');
}
