/** How one app is: what has to be done, what ends soon, what failed lately; and the switch that stops it. */
import type { Context } from 'koa';
import { DAY_MS } from '#src/base/epoch.ts';
import { listMembers } from '#src/people/memberships.ts';
import { clientRef } from '#src/registry/app-refs.ts';
import { listAttempts } from '#src/registry/attempts.ts';
import { mayAt, mayFromAbove } from '#src/registry/authority.ts';
import { type KeptFinding, listFindings } from '#src/registry/checks/findings.ts';
import { hasItsHosts } from '#src/registry/checks/hosts.ts';
import { areGreen } from '#src/registry/checks/run.ts';
import { findMove, moveClient } from '#src/registry/client-life.ts';
import type { ClientRecord } from '#src/registry/clients.ts';
import { mayAskForProduction } from '#src/registry/promotion.ts';
import { isLive } from '#src/registry/secret-hashes.ts';
import { findSmallerScope } from '#src/registry/smaller-scope.ts';
import { readLastSignIns } from '#src/registry/uses.ts';
import { findPendingVersion, findSuspension } from '#src/registry/versions.ts';
import { appLink } from '#views/console/app-page.ts';
import { type Move, type OverviewContext, overviewPage, type Todo } from '#views/console/overview.ts';
import { showForm } from '../frame.ts';
import type { OpenHouse } from '../house.ts';
import type { Form } from '../middleware/forms.ts';
import { seeOther } from '../see-other.ts';
import { shownAttempt } from '../shown-attempt.ts';
import { appHeadOf, consoleFrame } from './frame.ts';
import { decisionPartOf } from './shown-decisions.ts';
import { readReason } from './versions.ts';
import { answerConsole, type ConsoleVisit, loadClientFor, showConsole } from './visit.ts';

/** From when on the end of a secret is said. */
const SECRET_DAYS = 60;
const FAILURES = 3;

/** `GET /console/apps/:client`. */
export function showOverview(ctx: Context, house: OpenHouse): Promise<void> {
  return showConsole(ctx, house, async (visit) =>
    showPage(visit, await loadClientFor(visit, String(ctx.params.client), 'apps.read')),
  );
}

const targets = { suspend: 'suspended', resume: 'live', retire: 'retired' } as const;
const moves = Object.keys(targets) as Move[];

/** `POST /console/apps/:client`: stops it, lets it run again, or ends it. */
export function moveApp(ctx: Context, house: OpenHouse): Promise<void> {
  return answerConsole(ctx, house, new Map(moves.map((move) => [move, carryOut(move)])));
}

function carryOut(move: Move) {
  return async (visit: ConsoleVisit, form: Form): Promise<void> => {
    const { ctx, db, account } = visit;
    const client = await loadClientFor(visit, String(ctx.params.client), 'apps.suspend');
    const reason = readReason(form, 'reason');
    if ((await movesOf(visit, client)).includes(move))
      await moveClient(db, { clientId: client.id, to: targets[move], actor: account.id, via: 'page', reason });
    seeOther(ctx, `${appLink(client.id)}?done=${move}`);
  };
}

/** What may be done at once: production is asked for elsewhere, so only what was live runs again. */
async function movesOf(visit: ConsoleVisit, client: ClientRecord): Promise<Move[]> {
  if (!mayAt(visit.held, 'apps.suspend', client.agency)) return [];
  const wasLive = client.state === 'suspended' && client.liveSince !== undefined;
  const mayResume = wasLive && (await mayRunAgain(visit, client));
  return moves.filter((move) => {
    if (client.state === targets[move] || !findMove(client.state, targets[move])) return false;
    return move !== 'resume' || mayResume;
  });
}

/**
 * What somebody else than its own agency has stopped, its own agency does not let run again. What was stopped since a host
 * was lost runs again when all of them have been seen since then.
 */
async function mayRunAgain({ db, account, held }: ConsoleVisit, client: ClientRecord): Promise<boolean> {
  const stop = await findSuspension(db, client.id);
  if (stop?.via === 'job') return hasItsHosts(client, await listFindings(db, client.id), stop.createdAt);
  if (!stop || stop.actor === account.id || mayFromAbove(held, 'apps.suspend', client.agency)) return true;
  const isOperator = mayAt(
    held.filter(({ role }) => role === 'operator'),
    'apps.suspend',
    client.agency,
  );
  if (isOperator) return true;
  const team = await listMembers(db, [client.agencyId], new Date());
  return team.some(({ accountId, role }) => accountId === stop.actor && role === 'owner');
}

async function showPage(visit: ConsoleVisit, client: ClientRecord): Promise<void> {
  const { ctx, house, db } = visit;
  const language: 'id' | 'en' = ctx.state.language;
  const failures = await listAttempts(db, client.id, { limit: FAILURES });
  const isTried = client.state !== 'live' && house.config.mode === 'production';
  const lastSignIn = (await readLastSignIns(db, [client.id])).get(client.id);
  const context: OverviewContext = {
    ...consoleFrame(visit, 'apps'),
    head: appHeadOf(visit, client),
    todos: await todosOf(visit, client, lastSignIn),
    purpose: client.purpose[language],
    kind: client.type,
    risk: client.risk,
    redirectUris: client.redirectUris,
    home: client.homeUri,
    stateSince: client.stateSince,
    lastSignIn,
    version: client.number,
    testers: isTried ? client.testers.length : undefined,
    failures: failures.map(shownAttempt),
    decision: await decisionPartOf(visit, clientRef(client.id)),
    moves: await movesOf(visit, client),
    done: moves.find((move) => move === ctx.query.done && client.state === targets[move]),
  };
  showForm(ctx, overviewPage(context));
}

async function todosOf(
  { db, held }: ConsoleVisit,
  client: ClientRecord,
  lastSignIn: Date | undefined,
): Promise<Todo[]> {
  const findings = await listFindings(db, client.id);
  const pending = await findPendingVersion(db, client.id);
  const smaller = mayAt(held, 'apps.write', client.agency) ? await findSmallerScope(db, client) : undefined;
  const isUntried = !lastSignIn && client.type !== 'machine' && ['draft', 'sandbox'].includes(client.state);
  return [
    ...stopTodos(client),
    ...(isUntried && mayAt(held, 'apps.write', client.agency) ? [{ kind: 'untried' } as const] : []),
    ...checkTodos(client, findings),
    ...(pending ? [{ kind: 'waits', since: pending.createdAt } as const] : []),
    ...endTodos(client, findings),
    ...(smaller ? [{ kind: 'unread', count: smaller.unread.length } as const] : []),
  ];
}

function stopTodos({ state, stateReason }: ClientRecord): Todo[] {
  if (state !== 'suspended') return [];
  const hosts = /^host lost: (.*)$/.exec(stateReason ?? '')?.[1];
  return [hosts === undefined ? { kind: 'stopped', reason: stateReason } : { kind: 'host-lost', hosts }];
}

function checkTodos(client: ClientRecord, findings: readonly KeptFinding[]): Todo[] {
  if (client.state === 'retired') return [];
  const names = findings.filter(({ outcome }) => outcome === 'failed').map(({ name }) => name);
  if (names.length > 0) return [{ kind: 'checks', names }];
  if (!mayAskForProduction(client) || client.state === 'review') return [];
  return [{ kind: areGreen(findings) ? 'ask' : 'unchecked' }];
}

/** What ends, the next one first. */
function endTodos(client: ClientRecord, findings: readonly KeptFinding[]): Todo[] {
  const now = new Date();
  const ends = client.secrets.filter((secret) => isLive(secret, now)).map(({ expiresAt }) => expiresAt);
  const secret = ends.includes(undefined) ? undefined : ends.sort((one, other) => Number(other) - Number(one))[0];
  const isNear = secret !== undefined && secret.getTime() - now.getTime() < SECRET_DAYS * DAY_MS;
  const certificates = findings
    .flatMap(({ problems }) => problems)
    .filter(({ code, about, at }) => code === 'certificate_ends' && about !== undefined && at !== undefined)
    .map(({ about, at }): Todo => ({ kind: 'certificate-ends', host: String(about), at: new Date(String(at)) }));
  return [
    ...(isNear ? [{ kind: 'secret-ends', at: secret } as const] : []),
    ...certificates,
    ...(client.sunsetOn ? [{ kind: 'closes', at: new Date(client.sunsetOn) } as const] : []),
  ];
}
