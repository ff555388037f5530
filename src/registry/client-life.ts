/**
 * The life of a client: which state may follow which. The table `client_transitions` says the same, so that an illegal
 * move can neither be written here nor in SQL.
 *
 * Into `review` leads only asking for production (`registry/changes.ts`), and out of it to `live` only the last approval
 * (`registry/approvals.ts`).
 */
import type { Db } from '#src/base/database.ts';
import { Refusal } from '#src/base/refusals.ts';
import { withdrawCaseOf } from './cases.ts';
import { setClientState } from './client-writes.ts';
import { type ClientRecord, type ClientState, loadClient } from './clients.ts';
import { declarationOf } from './declarations.ts';
import { approvalsToGoLive } from './risky.ts';
import { lockRegistry } from './version.ts';
import { runsTheDeployment, type Via, writeVersion } from './versions.ts';

/** What may follow each state, besides itself. */
export const nextStates = {
  draft: ['sandbox', 'review', 'live', 'retired'],
  sandbox: ['draft', 'review', 'live', 'suspended', 'retired'],
  review: ['draft', 'sandbox', 'live', 'retired'],
  live: ['suspended', 'retired'],
  suspended: ['draft', 'sandbox', 'live', 'retired'],
  retired: [],
} as const satisfies Record<ClientState, readonly ClientState[]>;

/** One legal step of a client's life, or none: both states the same. */
export type Move = {
  [From in ClientState]: { readonly from: From; readonly to: From | (typeof nextStates)[From][number] };
}[ClientState];

/** The step from one state to another, where it is legal. */
export function findMove(from: ClientState, to: ClientState): Move | undefined {
  const following: readonly ClientState[] = nextStates[from];
  return from === to || following.includes(to) ? ({ from, to } as Move) : undefined;
}

/** @throws {Refusal} `client_retired`, `move_not_allowed` */
export function loadMove(clientId: string, from: ClientState, to: ClientState): Move {
  const move = findMove(from, to);
  if (move) return move;
  if (from === 'retired') throw new Refusal('client_retired', `client ${clientId} is retired`);
  throw new Refusal('move_not_allowed', `client ${clientId} is ${from}, which ${to} cannot follow`);
}

/** Whether people may have come to rely on a client: from then on a risky change waits for somebody else to agree. */
export function hasBeenLive({ state, liveSince }: Pick<ClientRecord, 'state' | 'liveSince'>): boolean {
  return state === 'live' || liveSince !== undefined;
}

/**
 * What was never live goes live by asking for production, which looks at the app first. Whoever runs the deployment may say
 * so without, where nobody has to agree.
 */
function refuseShortcut(client: ClientRecord, { via }: Pick<MoveRequest, 'via'>): void {
  if (hasBeenLive(client) || (runsTheDeployment(via) && approvalsToGoLive(client) === 0)) return;
  throw new Refusal('review_required', `client ${client.id} goes live by asking for production`);
}

/** Who moves a client where, and why. */
export interface MoveRequest {
  readonly clientId: string;
  readonly to: Exclude<ClientState, 'review'>;
  /** An account id, `command` or `start`, or the name of a job. */
  readonly actor: string;
  readonly via: Via;
  readonly reason?: string | undefined;
}

/** What became of a move. */
export interface Moved {
  readonly number: number;
  readonly from: ClientState;
  readonly client: ClientRecord;
}

/**
 * Moves a client through its life and writes it down as a version: what waited for approval is void. Inside a transaction.
 *
 * @returns undefined when it is in that state already
 * @throws {Refusal} `client_not_found`, `client_retired`, `move_not_allowed`; `review_required` where an app that was
 *   never live has to ask for production instead
 */
export async function moveClient(tx: Db, request: MoveRequest): Promise<Moved | undefined> {
  await lockRegistry(tx);
  const { clientId, to, actor } = request;
  const client = await loadClient(tx, clientId);
  if (client.state === to) return undefined;
  const move = loadMove(clientId, client.state, to);
  if (to === 'live') refuseShortcut(client, request);
  await setClientState(tx, clientId, to, actor);
  if (to === 'retired') await withdrawCaseOf(tx, clientId, actor);
  const content = declarationOf(client);
  const version = { ...request, move, content, changed: ['state'], agencyId: client.agencyId };
  const number = await writeVersion(tx, client, version);
  return { number, from: client.state, client: await loadClient(tx, clientId) };
}
