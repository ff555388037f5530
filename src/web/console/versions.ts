/** What an app said when, and making it say so again. */
import type { Context } from 'koa';
import { Refusal } from '#src/base/refusals.ts';
import { mayAt, permissionsAt } from '#src/registry/authority.ts';
import { type ChangePlan, planChange, restoreVersion } from '#src/registry/changes.ts';
import type { ClientRecord } from '#src/registry/clients.ts';
import { declarationOf } from '#src/registry/declarations.ts';
import { riskyKeys } from '#src/registry/risky.ts';
import { type ClientVersion, findVersionBefore, fitEntry, listVersions, loadVersion } from '#src/registry/versions.ts';
import { appLink } from '#views/console/app-page.ts';
import { reviewLink } from '#views/console/reviews.ts';
import { type VersionContext, type VersionLine, versionPage, versionsPage } from '#views/console/versions.ts';
import { translate } from '#views/locale.ts';
import type { Notice } from '#views/parts/notice.ts';
import { showForm } from '../frame.ts';
import type { OpenHouse } from '../house.ts';
import type { Form } from '../middleware/forms.ts';
import { seeOther } from '../see-other.ts';
import { nameColleagues, sayActor } from './colleagues.ts';
import { appHeadOf, consoleFrame } from './frame.ts';
import { pagesBehind, readPlace } from './positions.ts';
import { answerConsole, type ConsoleVisit, loadClientFor, showConsole } from './visit.ts';

const PAGE = 25;

/** `GET /console/apps/:client/versions`. */
export async function showVersions(ctx: Context, house: OpenHouse): Promise<void> {
  await showConsole(ctx, house, showList);
}

async function showList(visit: ConsoleVisit): Promise<void> {
  const { ctx, db } = visit;
  const client = await loadClientFor(visit, String(ctx.params.client), 'apps.read');
  const found = await listVersions(db, client.id, { before: readNumber(readPlace(ctx)[0]), limit: PAGE + 1 });
  const versions = found.slice(0, PAGE);
  const last = found.length > PAGE ? versions.at(-1) : undefined;
  const page = versionsPage({
    ...consoleFrame(visit, 'apps'),
    head: appHeadOf(visit, client),
    versions: await linesOf(visit, client, versions),
    pages: pagesBehind(ctx, last && [String(last.number)]),
    notice: noticeIn(ctx),
  });
  showForm(ctx, page);
}

/** A whole number from 1 on, as an address has it. */
export function readNumber(text: unknown): number | undefined {
  return typeof text === 'string' && /^[1-9]\d{0,8}$/.test(text) ? Number(text) : undefined;
}

const notices = {
  restored: 'console.restored',
  waits: 'console.restore-pending',
  same: 'console.restore-same',
} as const;

function noticeIn(ctx: Context): Notice | undefined {
  const done = Object.entries(notices).find(([name]) => name === ctx.query.done);
  return done && { tone: 'done', text: translate(ctx.state.language)(done[1]) };
}

/** Versions as pages name them. */
export async function linesOf(
  visit: ConsoleVisit,
  client: Pick<ClientRecord, 'number' | 'agency'>,
  versions: readonly ClientVersion[],
): Promise<VersionLine[]> {
  const actors = versions.map(({ actor }) => actor);
  const names = await nameColleagues(visit, actors, client.agency.path);
  return versions.map((version) => ({
    number: version.number,
    status: version.status,
    isInForce: version.status === 'applied' && version.number === client.number,
    createdAt: version.createdAt,
    actor: sayActor(visit.ctx.state.language, names, version.actor),
    via: version.via,
    reason: version.reason,
    breakGlass: version.breakGlass,
    changed: version.changed,
  }));
}

/** `GET /console/apps/:client/versions/:number`. */
export async function showVersion(ctx: Context, house: OpenHouse): Promise<void> {
  await showConsole(ctx, house, showOne);
}

async function showOne(visit: ConsoleVisit): Promise<void> {
  const { ctx, db, held } = visit;
  const client = await loadClientFor(visit, String(ctx.params.client), 'apps.read');
  const version = await loadVersion(db, client.id, readNumber(ctx.params.number) ?? 0);
  const before = await findVersionBefore(db, version);
  const [line] = await linesOf(visit, client, [version]);
  if (!line) return;
  const plan = mayAt(held, 'apps.write', client.agency) ? await findRestorePlan(visit, client, version) : undefined;
  const context: VersionContext = {
    ...consoleFrame(visit, 'apps'),
    head: appHeadOf(visit, client),
    version: line,
    before: before && saidBy(before),
    after: saidBy(version),
    risky: before ? riskyKeys(before.content, version.content) : [],
    restore: plan && {
      current: declarationOf(client),
      risky: plan.approvalsNeeded > 0 ? plan.risky : [],
      ifNumber: client.number,
    },
    reviewLink: version.status === 'pending' ? reviewLink(client.id, version.number) : undefined,
  };
  showForm(ctx, versionPage(context));
}

/** What a version said, with the state that it led to. */
export function saidBy({ content, to }: Pick<ClientVersion, 'content' | 'to'>): Record<string, unknown> {
  return { ...content, state: to };
}

/** What restoring would do; undefined where it would do nothing, or cannot be. */
async function findRestorePlan(
  { db, house, account, held }: ConsoleVisit,
  client: ClientRecord,
  version: ClientVersion,
): Promise<ChangePlan | undefined> {
  if (version.status === 'pending') return undefined;
  try {
    const { mode } = house.config;
    const allowed = permissionsAt(held, client.agency);
    const request = { agencyId: client.agencyId, via: 'page', actor: account.id, mode, allowed } as const;
    const plan = await planChange(db, { ...request, entry: fitEntry(version, mode) });
    return plan.outcome === 'unchanged' ? undefined : plan;
  } catch (error) {
    if (error instanceof Refusal) return undefined;
    throw error;
  }
}

/**
 * `POST /console/apps/:client/versions/:number`.
 *
 * @throws {Refusal} `not_here`, `role_required`, `version_not_found`, `version_conflict`, `version_unfit`
 */
export async function changeVersion(ctx: Context, house: OpenHouse): Promise<void> {
  await answerConsole(ctx, house, changes);
}

const changes: ReadonlyMap<string, (visit: ConsoleVisit, form: Form) => Promise<void>> = new Map([
  ['restore', restore],
]);

async function restore(visit: ConsoleVisit, form: Form): Promise<void> {
  const { ctx, db, house, account, held } = visit;
  const client = await loadClientFor(visit, String(ctx.params.client), 'apps.write');
  const { outcome } = await restoreVersion(db, house.secrets, {
    clientId: client.id,
    number: readNumber(ctx.params.number) ?? 0,
    ifNumber: Number(form.get('if-number')) || 0,
    reason: readReason(form, 'reason'),
    actor: account.id,
    via: 'page',
    mode: house.config.mode,
    allowed: permissionsAt(held, client.agency),
  });
  const done = outcome === 'pending' ? 'waits' : outcome === 'unchanged' ? 'same' : 'restored';
  seeOther(ctx, `${appLink(client.id, 'versions')}?done=${done}`);
}

const MOST_REASON = 300;

/** What somebody wrote about their change; undefined when they wrote nothing. */
export function readReason(form: Form, name: string): string | undefined {
  return form.get(name).trim().slice(0, MOST_REASON) || undefined;
}
