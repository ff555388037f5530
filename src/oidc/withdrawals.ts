/**
 * A permission ends, and with it everything that stands on it: grants, and by their foreign keys every code, token and answer
 * of introspection or userinfo. The agency has to answer for it (`consents/withdrawals.ts`), and the app is told.
 *
 * All of it is the caller's one unit of work: nothing ends without being on record, and nothing is on record that has not ended.
 */
import type { Db } from '#src/base/database.ts';
import type { Language } from '#src/base/refusals.ts';
import { type Secrets, shardOf } from '#src/base/secrets.ts';
import { askAgain, endPermissions } from '#src/consents/permission-ending.ts';
import { narrowConsent } from '#src/consents/permission-giving.ts';
import { listPermissions } from '#src/consents/permissions.ts';
import { recordWithdrawal, type Withdrawal, type WithdrawalCause } from '#src/consents/withdrawals.ts';
import { recordAppEvent } from '#src/people/app-events.ts';
import type { AgeGroup } from '#src/people/birthdate.ts';
import { tellApps } from './app-notices.ts';
import { endGrants } from './grants.ts';

/** One app of one person. */
export interface Connection {
  readonly accountId: string;
  readonly clientId: string;
}

/** What ends with its reason. */
export interface Ending extends Connection {
  /** Both, if nothing is said. */
  readonly kinds?: readonly ('consent' | 'notice')[];
  readonly cause: WithdrawalCause;
}

/** Ends permissions of an app and what stands on them. @returns what the agency answers for; nothing where there was none */
export async function withdraw(
  db: Db,
  secrets: Secrets,
  { accountId, clientId, kinds, cause }: Ending,
): Promise<Withdrawal[]> {
  const reason = cause === 'underage' ? cause : 'withdrawn';
  const ended = await endPermissions(db, secrets, accountId, clientId, { kinds, reason });
  await endGrants(db, accountId, clientId);
  return recordEnds(db, secrets, { accountId, clientId, cause }, ended);
}

/**
 * What follows from another birth date: apps ask whom they could not ask before, or what a child has consented to ends. Of an
 * unknown age it rests (`grants.ts isResting`), until it is known.
 */
export async function heedBirthdate(db: Db, secrets: Secrets, accountId: string, group: AgeGroup): Promise<void> {
  if (group === 'adult') await askAgain(db, accountId);
  if (group === 'minor') await endConsents(db, secrets, accountId);
}

/** Ends what has expired of an app. @returns what the agency answers for; nothing where another was faster */
export async function expire(db: Db, secrets: Secrets, { accountId, clientId }: Connection): Promise<Withdrawal[]> {
  const ended = await endPermissions(db, secrets, accountId, clientId, { reason: 'expired', expiredAt: new Date() });
  if (ended.length > 0) await endGrants(db, accountId, clientId);
  return recordEnds(db, secrets, { accountId, clientId, cause: 'expired' }, ended);
}

/** More than anybody has; of each app there may be two. */
const MOST_PERMISSIONS = 1000;

/** Ends every consent of somebody who turns out to be under age; what apps read by another basis goes on. */
async function endConsents(db: Db, secrets: Secrets, accountId: string): Promise<void> {
  for (const { kind, clientId } of await listPermissions(db, accountId, { limit: MOST_PERMISSIONS }))
    if (kind === 'consent') await withdraw(db, secrets, { accountId, clientId, kinds: [kind], cause: 'underage' });
}

/** What is kept of a consent, and how its owner had signed in who says so. */
export interface Narrowing extends Connection {
  /** Claims. What the app requires cannot be left out: that is a withdrawal. */
  readonly keep: readonly string[];
  readonly language: Language;
  readonly acr: string;
  readonly amr: readonly string[];
}

/** Keeps some of the claims of a consent. What the app holds ends; at its next sign-in, a silent one too, it gets the rest. */
export async function narrow(db: Db, secrets: Secrets, narrowing: Narrowing): Promise<Withdrawal | undefined> {
  const { accountId, clientId } = narrowing;
  const before = await narrowConsent(db, secrets, narrowing);
  if (!before) return undefined;
  await endGrants(db, accountId, clientId);
  const [withdrawal] = await recordEnds(db, secrets, { accountId, clientId, cause: 'narrowed' }, [before]);
  return withdrawal;
}

/** Ends all of one app for one person: what they allowed, what it reads by another basis, and its part of their sessions. */
export async function disconnect(
  db: Db,
  secrets: Secrets,
  { accountId, clientId, cause = 'left' }: Connection & { readonly cause?: 'left' | 'reported' },
): Promise<Withdrawal[]> {
  const withdrawals = await withdraw(db, secrets, { accountId, clientId, cause });
  await endSessionParts(db, accountId, clientId);
  if (withdrawals.length > 0) await recordAppEvent(db, secrets, { accountId, kind: 'app.disconnected', clientId });
  return withdrawals;
}

/** Says of a permission that it has ended: for whoever has ended it already. */
export async function recordEnd(
  db: Db,
  secrets: Secrets,
  { permissionId: id, ...ended }: Connection & { readonly permissionId: string; readonly cause: WithdrawalCause },
): Promise<void> {
  await recordEnds(db, secrets, ended, [{ id }]);
}

/**
 * Says of permissions of one app that they have ended: the agency answers for each, and the app is told once, however many
 * ended with one press of a button.
 */
async function recordEnds(
  db: Db,
  secrets: Secrets,
  { accountId, clientId, cause }: Connection & { readonly cause: WithdrawalCause },
  ended: readonly { readonly id: string }[],
): Promise<Withdrawal[]> {
  const now = new Date();
  const withdrawals: Withdrawal[] = [];
  for (const { id: permissionId } of ended)
    withdrawals.push(await recordWithdrawal(db, { accountId, clientId, permissionId, cause }, now));
  const [first, ...further] = withdrawals;
  if (!first) return [];
  const furtherWithdrawalIds = further.map(({ id }) => id);
  await tellApps(db, secrets, [{ accountId, clientId, reason: cause, withdrawalId: first.id, furtherWithdrawalIds }]);
  return withdrawals;
}

/** After the grants, as everywhere, so that two who end the same wait for each other instead of colliding. */
async function endSessionParts(db: Db, accountId: string, clientId: string): Promise<void> {
  const shard = shardOf(accountId);
  await db.for(shard).execute(
    `delete from session_clients c using sessions s
     where s.shard = $1 and s.account_id = $2 and c.shard = $1 and c.session_uid = s.uid and c.client_id = $3`,
    [shard, accountId, clientId],
  );
}
