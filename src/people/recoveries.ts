/**
 * The way back into an account by two of its contacts: both proven, then a wait in which every contact may cancel it, then
 * both proven once more. One such recovery waits per account; it ends once, whoever is first.
 *
 * Who gets in this way has shown to be reachable where the owner is, and not that they are the owner: what is verified and
 * the older ways to sign in stay closed afterwards (`people/proofing.ts`).
 */
import { randomUUID } from 'node:crypto';
import { recordAccountEvent } from '#src/audit/events.ts';
import type { Db } from '#src/base/database.ts';
import { DAY_MS } from '#src/base/epoch.ts';
import { Refusal } from '#src/base/refusals.ts';
import { bytesOfId, idOfBytes, newAccountId, type Secrets, shardOf } from '#src/base/secrets.ts';
import { findAccount, holdAccount, mayUse } from './accounts.ts';
import { type CountingContact, listCountingContacts, listUsers } from './contacts.ts';
import { findAccountId, type Identifier, indexOf, isSameAddress } from './identifiers.ts';
import { restrictAccount } from './proofing.ts';

/** How long after the wait it may be completed; then it begins again. */
const OPEN_MS = 7 * DAY_MS;
/** A contact confirmed longer ago than this was the owner's before whoever holds the device now. */
const OLD_CONTACT_MS = 30 * DAY_MS;
/** So many cancelled ones say that somebody else is trying; then this way is closed. */
const CANCELS = 2;

/**
 * Whose account a contact may begin to recover. `none`: nobody's. `frozen`: of one that its owner may open again.
 * `unavailable`: of one that may not be used. `unfit`: it proves nothing, because it is shared, unconfirmed, or a number that
 * nobody has proven for long. A code is for `account` and `frozen`; in the other cases the message says why there is none.
 * The statements are the same in all five.
 */
export type RecoveryAudience =
  | { readonly kind: 'none' }
  | { readonly kind: 'account' | 'frozen' | 'unavailable' | 'unfit'; readonly accountId: string };

/** Finds it by any contact of the account, not only by what its owner signs in with. */
export async function recoveryAudience(db: Db, secrets: Secrets, contact: Identifier): Promise<RecoveryAudience> {
  const named = await findAccountId(db, secrets, contact);
  const users = await listUsers(db, secrets, contact);
  const accountId = named ?? (users.length === 1 ? users[0] : undefined) ?? newAccountId();
  const account = await findAccount(db, secrets, accountId);
  const counting = await listCountingContacts(db, secrets, accountId);
  if (!account) return { kind: 'none' };
  const proof = counting.find((each) => isSameAddress(each, contact));
  const isProof = proof !== undefined && !proof.isShared;
  if (account.state === 'frozen' && isProof) return { kind: 'frozen', accountId };
  if (!mayUse(account)) return { kind: 'unavailable', accountId };
  return { kind: isProof ? 'account' : 'unfit', accountId };
}

/** The contacts that prove something beside one that is proven already. */
export async function listSecondContacts(
  db: Db,
  secrets: Secrets,
  accountId: string,
  first: Identifier,
): Promise<CountingContact[]> {
  const counting = await listCountingContacts(db, secrets, accountId);
  const proven = counting.find((contact) => isSameAddress(contact, first));
  return proven ? counting.filter((contact) => countAsTwo(proven, contact)) : [];
}

/** What is to be known of a contact to count it. */
export type RecoveryContact = Pick<CountingContact, 'kind' | 'value' | 'isShared' | 'confirmedAt' | 'firstDevice'>;

/**
 * Whether two contacts prove more than one of them. Shared ones never do. Two that one browser has brought along count as
 * one, unless one of them is old: whoever has that browser in hand could have brought both. Of an unknown browser nobody can
 * say that it is another one.
 */
export function countAsTwo(one: RecoveryContact, other: RecoveryContact): boolean {
  if (one.isShared || other.isShared) return false;
  if (isSameAddress(one, other)) return false;
  const areApart = one.firstDevice && other.firstDevice && !one.firstDevice.equals(other.firstDevice);
  return Boolean(areApart) || [one, other].some(isOldContact);
}

/** Whether a contact was the owner's long before whatever happens now. */
export function isOldContact({ confirmedAt }: Pick<RecoveryContact, 'confirmedAt'>): boolean {
  return Date.now() - confirmedAt.getTime() > OLD_CONTACT_MS;
}

/** A recovery that has not ended. */
export interface Recovery {
  readonly id: string;
  readonly accountId: string;
  /** Keyed hashes of the two contacts, in the order of their bytes. */
  readonly contacts: readonly Buffer[];
  /** Until then it waits. */
  readonly readyAt: Date;
  /** From then on it may not be completed any more. */
  readonly expiresAt: Date;
}

/** Whether the wait is over. */
export function isReady({ readyAt }: Pick<Recovery, 'readyAt'>): boolean {
  return readyAt.getTime() <= Date.now();
}

/** Whether a contact is one of the two that a recovery was asked for with. */
export function isOfRecovery(secrets: Secrets, { contacts }: Recovery, contact: Identifier): boolean {
  return contacts.some((index) => index.equals(indexOf(secrets, contact).index));
}

/** How the way by two contacts stands for an account. */
export interface RecoveryState {
  /** The one that has begun and is neither ended nor over. */
  readonly waiting: Recovery | undefined;
  /** After two cancelled ones; a completed one opens it again. */
  readonly isClosed: boolean;
  /** The ids of those that were cancelled. */
  readonly cancelled: readonly string[];
}

interface RecoveryRow {
  id: string;
  state: 'waiting' | 'cancelled' | 'completed' | 'expired';
  contacts: Buffer[];
  ready_at: Date;
  expires_at: Date;
}

/** How the way by two contacts stands. */
export async function readRecoveries(db: Db, accountId: string): Promise<RecoveryState> {
  const shard = shardOf(accountId);
  const rows = await db.for(shard).query<RecoveryRow>(
    `select id, state, contacts, ready_at, expires_at from recoveries
     where shard = $1 and account_id = $2 order by started_at, id`,
    [shard, accountId],
  );
  const waiting = rows.find((row) => row.state === 'waiting' && row.expires_at.getTime() > Date.now());
  const sinceSuccess = rows.slice(rows.findLastIndex((row) => row.state === 'completed') + 1);
  const isCancelled = ({ state }: RecoveryRow) => state === 'cancelled';
  return {
    waiting: waiting && openRecovery(accountId, waiting),
    isClosed: sinceSuccess.filter(isCancelled).length >= CANCELS,
    cancelled: rows.filter(isCancelled).map(({ id }) => id),
  };
}

function openRecovery(accountId: string, row: RecoveryRow): Recovery {
  return { id: row.id, accountId, contacts: row.contacts, readyAt: row.ready_at, expiresAt: row.expires_at };
}

/** What a recovery is begun or completed with. */
export interface ProvenContacts {
  readonly accountId: string;
  readonly contacts: readonly [Identifier, Identifier];
}

/**
 * Begins the wait, after both contacts were proven. Where one waits already, it goes on as it is: asking again neither
 * shortens nor lengthens it.
 *
 * @param wait.seconds how long every contact may cancel it
 * @returns the one that waits, and whether it is new
 * @throws `account_unavailable`, `recovery_closed`
 */
export async function startRecovery(
  db: Db,
  secrets: Secrets,
  { accountId, contacts }: ProvenContacts,
  wait: { readonly seconds: number },
): Promise<{ readonly recovery: Recovery; readonly isNew: boolean }> {
  // Of several at once the others find the first one's row.
  if (!(await holdAccount(db, accountId))) throw new Refusal('account_unavailable', 'not to be recovered');
  await expireOverdue(db, accountId);
  const { waiting, isClosed } = await readRecoveries(db, accountId);
  if (waiting) return { recovery: waiting, isNew: false };
  if (isClosed) throw new Refusal('recovery_closed');
  const now = new Date();
  const readyAt = new Date(now.getTime() + wait.seconds * 1000);
  const recovery: Recovery = {
    id: randomUUID(),
    accountId,
    contacts: hashesOf(secrets, contacts),
    readyAt,
    expiresAt: new Date(readyAt.getTime() + OPEN_MS),
  };
  const shard = shardOf(accountId);
  await db.for(shard).execute(
    `insert into recoveries (shard, account_id, id, state, contacts, started_at, ready_at, expires_at)
     values ($1, $2, $3, 'waiting', $4, $5, $6, $7)`,
    [shard, accountId, recovery.id, recovery.contacts, now, readyAt, recovery.expiresAt],
  );
  await recordAccountEvent(db, { accountId, kind: 'recovery.started' });
  return { recovery, isNew: true };
}

function hashesOf(secrets: Secrets, contacts: ProvenContacts['contacts']): Buffer[] {
  return contacts.map((contact) => indexOf(secrets, contact).index).sort(Buffer.compare);
}

/** One that nobody completed in time makes room for the next before the purge comes by. */
async function expireOverdue(db: Db, accountId: string): Promise<void> {
  const shard = shardOf(accountId);
  await db.for(shard).execute(
    `update recoveries set state = 'expired', ended_at = $3
     where shard = $1 and account_id = $2 and state = 'waiting' and expires_at <= $3`,
    [shard, accountId, new Date()],
  );
}

/** Ends a recovery that waits. @returns whether it did: it may have ended in another way, or been cancelled before */
export async function cancelRecovery(db: Db, { accountId, id }: Pick<Recovery, 'accountId' | 'id'>): Promise<boolean> {
  const shard = shardOf(accountId);
  const cancelled = await db.for(shard).execute(
    `update recoveries set state = 'cancelled', ended_at = $4
     where shard = $1 and account_id = $2 and id = $3 and state = 'waiting'`,
    [shard, accountId, id, new Date()],
  );
  if (cancelled === 1) await recordAccountEvent(db, { accountId, kind: 'recovery.cancelled' });
  return cancelled === 1;
}

/** Ends what waits for an account that is held: it may be what it is held for, and would go on when it is opened again. */
export async function cancelWaiting(db: Db, accountId: string): Promise<void> {
  const { waiting } = await readRecoveries(db, accountId);
  if (waiting) await cancelRecovery(db, waiting);
}

/**
 * Completes a recovery whose wait is over, with the two contacts that it was asked for with. From now on the account is
 * restricted. One statement decides against every other end; the caller gives the account its new way to sign in, and ends
 * its sessions, in the same unit of work.
 *
 * @throws `recovery_over` when it waits still, was cancelled, completed or is too old, or is of other contacts
 */
export async function completeRecovery(
  db: Db,
  secrets: Secrets,
  { accountId, id, contacts }: ProvenContacts & Pick<Recovery, 'id'>,
): Promise<void> {
  const shard = shardOf(accountId);
  const now = new Date();
  const completed = await db.for(shard).execute(
    `update recoveries set state = 'completed', ended_at = $4
     where shard = $1 and account_id = $2 and id = $3 and state = 'waiting' and ready_at <= $4 and expires_at > $4
       and contacts = $5`,
    [shard, accountId, id, now, hashesOf(secrets, contacts)],
  );
  if (completed === 0) throw new Refusal('recovery_over', 'no recovery to complete');
  await restrictAccount(db, accountId);
}

const PLACE = 'recovery-cancel';
const ID_BYTES = 16;

/** The token of the link that cancels a recovery, for its notice: nothing in it can be read, and nobody can make one. */
export function sealRecovery({ wrap }: Secrets, { accountId, id }: Pick<Recovery, 'accountId' | 'id'>): string {
  return wrap.sealToken(PLACE, Buffer.concat([accountId, id].map(bytesOfId)));
}

/** Which recovery a token is about; undefined when it is not ours or was altered. */
export function openRecoveryToken({ wrap }: Secrets, token: string): Pick<Recovery, 'accountId' | 'id'> | undefined {
  const ids = wrap.openToken(PLACE, token);
  return ids && { accountId: idOfBytes(ids.subarray(0, ID_BYTES)), id: idOfBytes(ids.subarray(ID_BYTES)) };
}
