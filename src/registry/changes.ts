/**
 * The one way in which anything changes what is declared of a client: pages, the API, files, bundles and jobs.
 *
 * An app that was never live changes at once. Once it has been, what is risky waits until others agree
 * (`registry/approvals.ts`), whichever way it came in; so does going live where it takes approvals. What waits is the newest
 * version, and any later change makes it void.
 */
import { recordAdminEvent } from '#src/audit/events.ts';
import type { Config } from '#src/base/config.ts';
import type { Db } from '#src/base/database.ts';
import { Refusal } from '#src/base/refusals.ts';
import type { Secrets } from '#src/base/secrets.ts';
import { demandScopes } from './api-scopes.ts';
import type { Permission } from './authority.ts';
import { demandEntry, noteEntry } from './brake.ts';
import type { RegistrationCase } from './cases.ts';
import { hasBeenLive, loadMove, type Move } from './client-life.ts';
import { setClientSecret } from './client-secrets.ts';
import { saveClient } from './client-writes.ts';
import { type ClientDraft, type ClientRecord, type ClientState, findClient, loadClient } from './clients.ts';
import { declarationOf, draftOf } from './declarations.ts';
import { demandLaws } from './laws.ts';
import { noteStep } from './migration-steps.ts';
import type { ClientDeclaration, ClientEntry } from './registration-schema.ts';
import { approvalsToChange, approvalsToGoLive, changedKeys, riskyKeys } from './risky.ts';
import { lockRegistry } from './version.ts';
import {
  type ClientVersion,
  findPendingVersion,
  fitEntry,
  loadVersion,
  runsTheDeployment,
  type Via,
  writePendingVersion,
  writeVersion,
} from './versions.ts';

/** What somebody wants a client to say. */
export interface ChangeRequest {
  /** The agency the client belongs to afterwards. The caller has seen to it that the actor may change its apps. */
  readonly agencyId: string;
  readonly entry: ClientEntry;
  readonly via: Via;
  /** An account id, `command` or `start`, or the name of a job. */
  readonly actor: string;
  readonly mode: Config['mode'];
  /** The state it should come to. Only what runs the deployment (a file, a command) may say it in the entry. */
  readonly to?: ClientState | undefined;
  readonly reason?: string | undefined;
  /** The version in force that the actor saw: another one in force is refused. */
  readonly ifNumber?: number | undefined;
  /** The client must not be there yet. */
  readonly isNew?: boolean | undefined;
  /** What the actor may do at the agency: a machine is made or changed only by who may do all that it may. */
  readonly allowed?: readonly Permission[] | undefined;
  /** Why a risky change takes effect without approval. Only who runs the deployment may, and everybody concerned is told. */
  readonly breakGlass?: string | undefined;
  /** Why a new app is needed although there is one like it: a coordinator decides before it goes live. */
  readonly justification?: string | undefined;
  /** A shared secret to set with it. */
  readonly secret?: string | undefined;
}

/** What became, or would become, of a request. */
export type ChangeOutcome = 'created' | 'applied' | 'pending' | 'unchanged';

/** What a request would do. */
export interface ChangePlan {
  readonly outcome: ChangeOutcome;
  /** The keys that change; `state` and `agency` among them. */
  readonly changed: readonly string[];
  /** Those of them that others have to agree to. */
  readonly risky: readonly string[];
  readonly isRisky: boolean;
  /** How many have to agree; 0 where it takes effect at once. */
  readonly approvalsNeeded: number;
  /** Whether it takes effect at once only because glass is broken. */
  readonly breaksGlass: boolean;
  /** The version that says the same and waits already. */
  readonly waiting: number | undefined;
  readonly from: ClientState;
  readonly to: ClientState;
  readonly before: ClientDeclaration | undefined;
  readonly after: ClientDeclaration;
}

/** What a request did. */
export interface Changed {
  readonly clientId: string;
  /** The version that it made; where nothing changed, the one that says it already. */
  readonly number: number;
  readonly outcome: ChangeOutcome;
  /** The client as it is now. */
  readonly client: ClientRecord;
  readonly plan: ChangePlan;
  /** The case in which a coordinator decides whether a new app is needed. */
  readonly opened?: RegistrationCase | undefined;
}

/**
 * What a request would do. Writes nothing.
 *
 * @throws {Refusal} `client_retired`, `move_not_allowed`, `version_conflict`, `client_taken`, `scope_beyond_role`,
 *   `basis_without_law`
 */
export async function planChange(db: Db, request: ChangeRequest): Promise<ChangePlan> {
  const current = await findClient(db, request.entry.client_id);
  return planFor(request, current, current && (await findPendingVersion(db, current.id))).plan;
}

/** Whether a client says already what is wanted; without a look at the database. */
export function isAsWanted(request: ChangeRequest, current: ClientRecord): boolean {
  return planFor(request, current, undefined).plan.outcome === 'unchanged';
}

/**
 * Carries a request out, in one transaction with its version, its event and the registry's lock; the same request again
 * changes nothing.
 *
 * @throws {Refusal} what {@link planChange} and {@link demandEntry} do; `subject_group_fixed`, `machine_address_taken`,
 *   `agency_not_found`
 */
export async function applyChange(tx: Db, secrets: Secrets, request: ChangeRequest): Promise<Changed> {
  await lockRegistry(tx);
  const { client_id: clientId } = request.entry;
  const current = await findClient(tx, clientId);
  const pending = current && (await findPendingVersion(tx, clientId));
  const planned = planFor(request, current, pending);
  await demandEntry(tx, planned.draft, { ...request, before: current, goesLive: goesLive(current, planned) });
  const number = await carryOut(tx, request, current, planned);
  if (request.secret !== undefined) await setClientSecret(tx, secrets, clientId, request.secret, request.actor);
  const client = await loadClient(tx, clientId);
  const opened = await noteEntry(tx, client, { ...request, before: current });
  return { clientId, number, outcome: planned.plan.outcome, client, plan: planned.plan, opened };
}

function goesLive(current: ClientRecord | undefined, { move }: Planned): boolean {
  return move.from !== 'live' && move.to === 'live' && !(current && hasBeenLive(current));
}

/** Who asks for something about a client as it is. */
export interface ClientRequest extends Pick<ChangeRequest, 'via' | 'actor' | 'mode' | 'reason' | 'allowed'> {
  readonly clientId: string;
}

/**
 * Asks that a client go live as it is: at once where nobody has to agree, else it waits in review. What production demands of
 * an app (`registry/checks`) is the caller's to see to. Inside a transaction.
 *
 * @throws {Refusal} `client_not_found`, `move_not_allowed`, `client_retired`; `version_unfit` where it does not meet the rules
 */
export async function askToGoLive(tx: Db, secrets: Secrets, request: ClientRequest): Promise<Changed> {
  await lockRegistry(tx);
  const client = await loadClient(tx, request.clientId);
  await tx.execute('update clients set review_asked_at = coalesce(review_asked_at, $2) where id = $1', [
    client.id,
    new Date(),
  ]);
  const entry = fitEntry({ clientId: client.id, number: client.number, content: declarationOf(client) }, request.mode);
  return applyChange(tx, secrets, { ...request, agencyId: client.agencyId, entry, to: 'live' });
}

/**
 * Makes a client say what one of its versions said, as a new version: by the same rules as any other change. The state stays
 * as it is. Inside a transaction.
 *
 * @throws {Refusal} `version_not_found`; `version_unfit` where it does not meet the rules of today; what {@link applyChange} does
 */
export async function restoreVersion(
  tx: Db,
  secrets: Secrets,
  request: ClientRequest & { readonly number: number; readonly ifNumber?: number | undefined },
): Promise<Changed> {
  await lockRegistry(tx);
  const client = await loadClient(tx, request.clientId);
  const version = await loadVersion(tx, client.id, request.number);
  const entry = fitEntry(version, request.mode);
  return applyChange(tx, secrets, { ...request, agencyId: client.agencyId, entry });
}

/** A plan with what carrying it out needs. */
interface Planned {
  readonly plan: ChangePlan;
  readonly draft: ClientDraft;
  readonly move: Move;
}

function planFor(
  request: ChangeRequest,
  current: ClientRecord | undefined,
  pending: ClientVersion | undefined,
): Planned {
  refuseOtherGround(request, current);
  const declared = draftFor(request, current);
  const before = current && declarationOf(current);
  const after = declarationOf(declared);
  const agency = current && current.agencyId !== declared.agencyId ? ['agency'] : [];
  const content = [...changedKeys(before, after), ...agency];
  if (content.length > 0 && !runsTheDeployment(request.via)) demandScopes(request.allowed ?? [], declared.scopes);
  demandLaws(current, declared.claims);
  const from = current?.state ?? 'draft';
  const to = content.length > 0 ? leaveReview(request, current, declared.state) : declared.state;
  const changed = [...content, ...(from === to ? [] : ['state'])];
  if (from === 'retired' && changed.length > 0) throw new Refusal('client_retired', `client ${declared.id} is retired`);
  const draft = { ...declared, state: to };
  const move = loadMove(draft.id, from, to);
  const risky =
    before && hasBeenLive(current) ? riskyOf(request, content, [...riskyKeys(before, after), ...agency]) : [];
  const needed = countApprovals(current, draft, risky, move);
  const breaksGlass = needed > 0 && request.breakGlass !== undefined && runsTheDeployment(request.via);
  const approvalsNeeded = breaksGlass ? 0 : needed;
  const outcome = outcomeOf(current, changed, approvalsNeeded);
  const waiting = outcome === 'pending' && isWaiting(pending, after, draft) ? pending?.number : undefined;
  const told = { outcome, changed, risky, isRisky: risky.length > 0, approvalsNeeded, breaksGlass, waiting };
  return { plan: { ...told, from, to, before, after }, draft, move };
}

/** What an app says of itself comes with a token that shows no person: somebody agrees to all of it. */
function riskyOf({ via }: ChangeRequest, changed: readonly string[], risky: readonly string[]): readonly string[] {
  return via === 'registration' ? changed : risky;
}

function refuseOtherGround(
  { entry: { client_id: id }, agencyId, via, isNew, ifNumber }: ChangeRequest,
  current: ClientRecord | undefined,
): void {
  const isElsewhere = current !== undefined && current.agencyId !== agencyId && !runsTheDeployment(via);
  if (isElsewhere || (isNew && current)) throw new Refusal('client_taken', `there is a client ${id} already`);
  if (ifNumber !== undefined && ifNumber !== (current?.number ?? 0))
    throw new Refusal('version_conflict', `client ${id} is at version ${current?.number ?? 0}, not ${ifNumber}`);
}

/** What is declared, with the state that it aims at: whoever declares `review` asks for production. */
function draftFor(request: ChangeRequest, current: ClientRecord | undefined): ClientDraft {
  const { agencyId, entry, mode, via } = request;
  const state = request.to ?? (runsTheDeployment(via) ? entry.state : undefined);
  const wanted = state === 'review' ? 'live' : state;
  return draftOf({ ...entry, state: wanted }, { id: agencyId }, current, mode);
}

/** An app that is edited while others look at it goes back to where it was built: they would agree to something else. */
function leaveReview({ mode }: ChangeRequest, current: ClientRecord | undefined, state: ClientState): ClientState {
  if (current?.state !== 'review' || state !== 'review') return state;
  return mode === 'sandbox' ? 'sandbox' : 'draft';
}

function countApprovals(
  current: ClientRecord | undefined,
  draft: ClientDraft,
  risky: readonly string[],
  { from, to }: Move,
): number {
  if (current && hasBeenLive(current)) return risky.length > 0 ? approvalsToChange(current, draft) : 0;
  return from !== 'live' && to === 'live' ? approvalsToGoLive(draft) : 0;
}

function outcomeOf(
  current: ClientRecord | undefined,
  changed: readonly string[],
  approvalsNeeded: number,
): ChangeOutcome {
  if (!current) return 'created';
  if (changed.length === 0) return 'unchanged';
  return approvalsNeeded > 0 ? 'pending' : 'applied';
}

/** Whether the version that waits says the same already. */
function isWaiting(pending: ClientVersion | undefined, after: ClientDeclaration, draft: ClientDraft): boolean {
  if (pending?.agencyId !== draft.agencyId || pending.to !== draft.state) return false;
  return changedKeys(pending.content, after).length === 0;
}

async function carryOut(
  tx: Db,
  request: ChangeRequest,
  current: ClientRecord | undefined,
  planned: Planned,
): Promise<number> {
  const { plan } = planned;
  if (current && plan.outcome === 'unchanged') return current.number;
  if (plan.waiting !== undefined) return plan.waiting;
  if (plan.approvalsNeeded === 0) return takeEffect(tx, request, current, planned);
  if (current && hasBeenLive(current)) return wait(tx, request, current, planned);
  return waitToGoLive(tx, request, current, planned);
}

/** Makes the client say what was declared. */
async function takeEffect(
  tx: Db,
  request: ChangeRequest,
  current: ClientRecord | undefined,
  { plan, draft, move }: Planned,
): Promise<number> {
  const { actor, via, reason } = request;
  await saveClient(tx, draft, actor);
  await noteStep(tx, current, draft, { via, actor, reason });
  const version = { clientId: draft.id, agencyId: draft.agencyId, content: plan.after, changed: plan.changed, move };
  const breakGlass = plan.breaksGlass ? request.breakGlass : undefined;
  const number = await writeVersion(tx, current, { ...version, isRisky: plan.isRisky, via, actor, reason, breakGlass });
  if (breakGlass !== undefined) {
    const event = {
      kind: 'client.glass-broken',
      actor,
      subject: `client ${draft.id}`,
      agencyId: draft.agencyId,
    } as const;
    await recordAdminEvent(tx, { ...event, details: { number, fields: plan.risky } });
  }
  return number;
}

/** Writes down what was declared, until others have agreed. */
async function wait(
  tx: Db,
  { actor, via, reason }: ChangeRequest,
  current: ClientRecord,
  { plan, draft, move }: Planned,
): Promise<number> {
  const version = { clientId: draft.id, agencyId: draft.agencyId, content: plan.after, changed: plan.changed, move };
  const asked = { ...version, isRisky: true, via, actor, reason };
  const number = await writePendingVersion(tx, current, asked, plan.approvalsNeeded);
  const event = {
    kind: 'client.review-asked',
    actor,
    subject: `client ${draft.id}`,
    agencyId: draft.agencyId,
  } as const;
  await recordAdminEvent(tx, { ...event, details: { number, fields: plan.changed } });
  return number;
}

/** Puts an app that was never live into review: it says already what is declared, and to go live it waits. */
async function waitToGoLive(
  tx: Db,
  request: ChangeRequest,
  current: ClientRecord | undefined,
  planned: Planned,
): Promise<number> {
  const { draft, plan } = planned;
  const from = current?.state ?? 'draft';
  const inReview = {
    ...planned,
    draft: { ...draft, state: 'review' as const },
    move: loadMove(draft.id, from, 'review'),
  };
  const isThere = from === 'review' && plan.changed.every((key) => key === 'state');
  if (!isThere) await takeEffect(tx, request, current, inReview);
  const client = await loadClient(tx, draft.id);
  const changed = ['state'];
  return wait(tx, request, client, {
    ...planned,
    plan: { ...plan, changed },
    move: loadMove(draft.id, 'review', 'live'),
  });
}
