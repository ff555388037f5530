/**
 * How an app leaves accounts of its own behind: step by step, each for a share of its people, on days that were planned,
 * and one step back at any time.
 *
 * A step is nobody's to agree to: it changes nothing of what an app may read, and the way back must not wait. Like any change
 * it makes void what waits to be decided, so a planned step waits for that.
 */
import { recordAdminEvent } from '#src/audit/events.ts';
import type { Config } from '#src/base/config.ts';
import type { Db } from '#src/base/database.ts';
import { todayInJakarta } from '#src/base/epoch.ts';
import { Refusal } from '#src/base/refusals.ts';
import { loadMove, moveClient } from './client-life.ts';
import { isAvailable } from './client-reach.ts';
import { setClientMigration } from './client-writes.ts';
import { type ClientRecord, loadClient, type MigrationStanding, type PlannedStep } from './clients.ts';
import { type MigrationPlan, takeDueSteps } from './cohorts.ts';
import { declarationOf } from './declarations.ts';
import { findStepBehind, type MigrationStep, noteStep, type StepCause } from './migration-steps.ts';
import { changedKeys } from './risky.ts';
import { lockRegistry } from './version.ts';
import { writeVersion } from './versions.ts';

/** Who wants an app to stand elsewhere. The caller has seen to it that they may change it. */
export interface StepRequest extends Omit<StepCause, 'backTo'> {
  readonly clientId: string;
  readonly mode: Config['mode'];
  /** The version in force that they saw: another one in force is refused. */
  readonly ifNumber?: number | undefined;
}

/** Where an app stands and what is planned. */
export function migrationOf(client: ClientRecord): MigrationPlan {
  return {
    standing: { stage: client.migrationStage, percentage: client.migrationPercentage },
    plan: client.migrationPlan,
  };
}

/** What an app is to come to; what is left out stays. */
export interface WantedMigration {
  readonly standing?: MigrationStanding | undefined;
  readonly plan?: readonly PlannedStep[] | undefined;
}

/**
 * Puts an app where it is to stand from now on, and plans what is ahead. Inside a transaction.
 *
 * @throws {Refusal} `client_not_found`, `client_retired`, `app_without_people`, `version_conflict`; `stage_needs_live`,
 *   `step_in_the_past`
 */
export async function stepTo(tx: Db, request: StepRequest, wanted: WantedMigration): Promise<ClientRecord> {
  await lockRegistry(tx);
  const client = await loadStanding(tx, request);
  const now = migrationOf(client);
  const after = { standing: wanted.standing ?? now.standing, plan: byDay(wanted.plan ?? now.plan) };
  const past = (wanted.plan ?? []).find(({ on }) => on <= todayInJakarta());
  if (past) throw new Refusal('step_in_the_past', `a step of client ${client.id} on ${past.on}`);
  if (!mayStand(client, after.standing, request.mode))
    throw new Refusal('stage_needs_live', `client ${client.id} is ${client.state}`);
  return standAt(tx, client, after, request);
}

function byDay(plan: readonly PlannedStep[]): PlannedStep[] {
  return plan.toSorted((one, other) => (one.on < other.on ? -1 : 1));
}

/**
 * Takes an app back to where it stood before; another time, to where it stood before that. What was planned is planned no
 * longer: it would lead forward again. Inside a transaction.
 *
 * @throws {Refusal} `client_not_found`, `client_retired`, `app_without_people`, `version_conflict`; `no_step_back` where it
 *   stands where it began
 */
export async function stepBack(tx: Db, request: StepRequest): Promise<ClientRecord> {
  await lockRegistry(tx);
  const client = await loadStanding(tx, request);
  const behind = await findStepBehind(tx, client.id);
  if (!behind) throw new Refusal('no_step_back', `client ${client.id} stands where it began`);
  const { stage, percentage, number } = behind;
  return standAt(tx, client, { standing: { stage, percentage }, plan: [] }, { ...request, backTo: number });
}

/** Where one step back would lead. */
export function findWayBack(db: Db, clientId: string): Promise<MigrationStep | undefined> {
  return findStepBehind(db, clientId);
}

/** What keeps the next planned step from being taken on its day, as things stand. */
export function isHeldBack(
  client: ClientRecord,
  hasPendingVersion: boolean,
  mode: Config['mode'],
): 'stopped' | 'waiting' | 'not-live' | undefined {
  const [next] = client.migrationPlan;
  if (!next) return undefined;
  if (client.state === 'suspended') return 'stopped';
  if (hasPendingVersion) return 'waiting';
  return mayStand(client, next, mode) ? undefined : 'not-live';
}

/** An app whose next step is due, and is held by nothing. */
export interface DueStep {
  readonly clientId: string;
}

/**
 * The apps with a step whose day has come, by id, at most a hundred, those behind `after`: but for those that are stopped,
 * and those where somebody decides about a change.
 */
export async function listDueSteps(db: Db, now: Date, after = ''): Promise<DueStep[]> {
  const rows = await db.query<{ id: string }>(
    `select c.id from clients c
     where c.migration_plan <> '[]' and c.migration_plan -> 0 ->> 'on' <= $1 and c.id > $2
       and c.state in ('draft', 'sandbox', 'live')
       and not exists (select from client_versions v where v.client_id = c.id and v.status = 'pending')
     order by c.id limit 100`,
    [todayInJakarta(now), after],
  );
  return rows.map(({ id }) => ({ clientId: id }));
}

/**
 * Takes the step of an app whose day has come; of several that have, the last. Under many tries at once one takes it: each
 * waits for the registry's lock and then reads what is committed. Inside a transaction.
 *
 * @returns the app before and after, or undefined where there is nothing to take
 */
export async function takePlannedStep(
  tx: Db,
  { clientId }: DueStep,
  { mode, actor }: Pick<StepRequest, 'mode' | 'actor'>,
): Promise<{ readonly before: ClientRecord; readonly after: ClientRecord } | undefined> {
  await lockRegistry(tx);
  const before = await loadClient(tx, clientId);
  const now = migrationOf(before);
  const due = takeDueSteps(now, todayInJakarta());
  if (before.state === 'retired' || due.plan.length === now.plan.length) return undefined;
  if (!mayStand(before, due.standing, mode)) return undefined;
  return { before, after: await standAt(tx, before, due, { via: 'job', actor, mode }) };
}

async function loadStanding(tx: Db, { clientId, ifNumber }: StepRequest): Promise<ClientRecord> {
  const client = await loadClient(tx, clientId);
  if (client.state === 'retired') throw new Refusal('client_retired', `client ${clientId} is retired`);
  if (client.type === 'machine') throw new Refusal('app_without_people', `client ${clientId} is a machine`);
  if (ifNumber !== undefined && ifNumber !== client.number)
    throw new Refusal('version_conflict', `client ${clientId} is at version ${client.number}, not ${ifNumber}`);
  return client;
}

/** Where this account is the only way in, everybody has to be able to use it. */
function mayStand(client: ClientRecord, { stage, percentage }: MigrationStanding, mode: Config['mode']): boolean {
  const isOnlyWay = (stage === 'required' && percentage > 0) || stage === 'off';
  return !isOnlyWay || isAvailable(client, mode);
}

/** Writes a standing with its step and its version; the same again writes nothing. */
async function standAt(
  tx: Db,
  before: ClientRecord,
  { standing, plan }: MigrationPlan,
  cause: StepCause & Pick<StepRequest, 'mode'>,
): Promise<ClientRecord> {
  const { stage: migrationStage, percentage: migrationPercentage } = standing;
  const draft = { ...before, migrationStage, migrationPercentage, migrationPlan: plan };
  const content = declarationOf(draft);
  const changed = changedKeys(declarationOf(before), content);
  if (changed.length === 0) return before;
  const client = await takeOutOfReview(tx, before, cause);
  const { id: clientId, agencyId, state } = client;
  const { via, actor, reason } = cause;
  await setClientMigration(tx, clientId, { standing, plan });
  await noteStep(tx, client, draft, cause);
  if (changed.every((key) => key === 'migration_plan')) {
    const event = { kind: 'client.changed', actor, subject: `client ${clientId}`, agencyId } as const;
    await recordAdminEvent(tx, { ...event, details: { fields: ['migrationPlan'] } });
  }
  const move = loadMove(clientId, state, state);
  await writeVersion(tx, client, { clientId, agencyId, content, changed, move, via, actor, reason });
  return loadClient(tx, clientId);
}

/** An app that others look at goes back to where it was built, as with any change: they would agree to something else. */
async function takeOutOfReview(
  tx: Db,
  client: ClientRecord,
  { via, actor, mode }: StepCause & Pick<StepRequest, 'mode'>,
): Promise<ClientRecord> {
  if (client.state !== 'review') return client;
  const to = mode === 'sandbox' ? 'sandbox' : 'draft';
  const moved = await moveClient(tx, { clientId: client.id, to, via, actor });
  return moved?.client ?? client;
}
