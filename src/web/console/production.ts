/** The way of an app into production: a list that checks itself, and asking. */
import type { Context } from 'koa';
import { DAY_MS } from '#src/base/epoch.ts';
import { mayAt } from '#src/registry/authority.ts';
import { checkNames } from '#src/registry/checks/check.ts';
import { checkNow } from '#src/registry/checks/check-now.ts';
import { type KeptFinding, listFindings } from '#src/registry/checks/findings.ts';
import { areGreen } from '#src/registry/checks/run.ts';
import type { ClientRecord } from '#src/registry/clients.ts';
import {
  askForProduction,
  FRESH_MS,
  mayAskForProduction,
  noteAsked,
  readProductionTimes,
} from '#src/registry/promotion.ts';
import { approvalsToGoLive } from '#src/registry/risky.ts';
import { findPendingVersion } from '#src/registry/versions.ts';
import { appLink } from '#views/console/app-page.ts';
import type { ShownCheck } from '#views/console/parts/checks.ts';
import { type ProductionContext, productionPage } from '#views/console/production.ts';
import { shownProblem } from '../check-notices.ts';
import { showForm } from '../frame.ts';
import type { OpenHouse } from '../house.ts';
import { seeOther } from '../see-other.ts';
import { appHeadOf, consoleFrame } from './frame.ts';
import { answerConsole, type ConsoleVisit, loadClientFor, showConsole } from './visit.ts';

/**
 * `GET /console/apps/:client/production`. What is on record is looked at anew when it is old and the person may change the
 * app: the list checks itself.
 */
export function showProduction(ctx: Context, house: OpenHouse): Promise<void> {
  return showConsole(ctx, house, async (visit) => {
    const client = await loadClientFor(visit, String(ctx.params.client), 'apps.read');
    const findings = await listFindings(visit.db, client.id);
    const isDue = mayAskForProduction(client) && mayChange(visit, client) && !areFresh(findings, client);
    if (!isDue) return showPage(visit, client, findings, false);
    const isOurs = await checkNow(house.database, house.config, client.id);
    await showPage(visit, client, await listFindings(visit.db, client.id), !isOurs);
  });
}

/** `POST /console/apps/:client/production`. */
export function answerProduction(ctx: Context, house: OpenHouse): Promise<void> {
  return answerConsole(
    ctx,
    house,
    new Map([
      ['check-again', checkAgain],
      ['ask-production', ask],
    ]),
  );
}

function mayChange({ held }: ConsoleVisit, client: ClientRecord): boolean {
  return mayAt(held, 'apps.write', client.agency);
}

/** Half of what asking takes for fresh, so that who reads the list has time to ask. */
function areFresh(findings: readonly KeptFinding[], { updatedAt }: ClientRecord): boolean {
  const oldest = Math.max(Date.now() - FRESH_MS / 2, updatedAt.getTime());
  return findings.length >= checkNames.length && findings.every(({ checkedAt }) => checkedAt.getTime() >= oldest);
}

async function checkAgain(visit: ConsoleVisit): Promise<void> {
  const { ctx, house } = visit;
  const client = await loadClientFor(visit, String(ctx.params.client), 'apps.write');
  await checkNow(house.database, house.config, client.id);
  seeOther(ctx, appLink(client.id, 'production'));
}

/** Checks once more, and asks; when something is in the way, the page says what. */
async function ask(visit: ConsoleVisit): Promise<void> {
  const { ctx, house, db, account } = visit;
  const client = await loadClientFor(visit, String(ctx.params.client), 'apps.write');
  const page = appLink(client.id, 'production');
  if (!mayAskForProduction(client)) return seeOther(ctx, page);
  await noteAsked(house.database, client.id);
  await checkNow(house.database, house.config, client.id);
  if (!areGreen(await listFindings(db, client.id))) return seeOther(ctx, page);
  const { mode } = house.config;
  const asking = { clientId: client.id, actor: account.id, via: 'page', mode } as const;
  const { outcome } = await askForProduction(db, house.secrets, asking);
  seeOther(ctx, `${page}?done=${outcome === 'pending' ? 'asked' : 'live'}`);
}

async function showPage(
  visit: ConsoleVisit,
  client: ClientRecord,
  findings: readonly KeptFinding[],
  isRunning: boolean,
): Promise<void> {
  const { ctx, house, db } = visit;
  const checkedAt = findings.map((finding) => finding.checkedAt).sort((one, other) => Number(one) - Number(other))[0];
  const { done } = ctx.query;
  const context: ProductionContext = {
    ...consoleFrame(visit, 'apps'),
    head: appHeadOf(visit, client),
    checks: checkNames.map((name) => shownCheck(name, findings)),
    checkedAt,
    isRunning,
    stage: await stageOf(visit, client, findings),
    mayAsk: mayChange(visit, client),
    mayCarry: house.config.mode === 'sandbox',
    times: await readProductionTimes(db),
    done: done === 'live' || done === 'asked' ? done : undefined,
  };
  showForm(ctx, productionPage(context));
}

function shownCheck(name: ShownCheck['name'], findings: readonly KeptFinding[]): ShownCheck {
  const found = findings.find((finding) => finding.name === name);
  if (!found) return { name, outcome: 'open', problems: [] };
  const { outcome, problems, checkedAt, failingSince } = found;
  const isLasting = failingSince && checkedAt.getTime() - failingSince.getTime() >= DAY_MS;
  return { name, outcome, problems: problems.map(shownProblem), failingSince: isLasting ? failingSince : undefined };
}

async function stageOf(
  { db }: ConsoleVisit,
  client: ClientRecord,
  findings: readonly KeptFinding[],
): Promise<ProductionContext['stage']> {
  const pending = client.state === 'review' ? await findPendingVersion(db, client.id) : undefined;
  if (pending) return { kind: 'waiting', since: pending.createdAt, promised: pending.dueAt, number: pending.number };
  if (client.state === 'live') return { kind: 'live', since: client.liveSince };
  if (!mayAskForProduction(client)) return { kind: 'stopped' };
  return { kind: 'on-its-way', isGreen: areGreen(findings), approvalsNeeded: approvalsToGoLive(client) };
}
