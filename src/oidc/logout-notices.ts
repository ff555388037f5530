/**
 * Notices to apps that a person is signed out everywhere, because the account is held or at its end (OpenID Connect
 * Back-Channel Logout 1.0 §2.4: a token without `sid` is about all sessions of its `sub`).
 *
 * A notice is a row of the outbox in the account's own shard, written with its cause. It outlives the account: the app's
 * name for the person is sealed in it, the token is signed when it is sent (`jobs/logout-notices.ts`).
 */
import type { Db } from '#src/base/database.ts';
import { epochSeconds } from '#src/base/epoch.ts';
import { type Keyring, newIdIn, type Secrets, shardOf } from '#src/base/secrets.ts';
import { listConsents } from '#src/consents/consents.ts';
import { outboxPlace } from '#src/people/messages.ts';
import { listLogoutReceivers } from '#src/registry/clients.ts';
import { type SigningKey, signToken } from './signing-keys.ts';
import { listSubjects } from './subjects.ts';

/** How long an app that does not answer is tried. */
const LIFE_MS = 7 * 24 * 3600 * 1000;

/** What a notice says, and to whom. */
export interface LogoutNotice {
  readonly clientId: string;
  /** The person, as that app knows them. */
  readonly sub: string;
}

/** Puts a notice on its way to each connected app that takes one; it leaves once the caller's unit of work is committed. */
export async function tellApps(db: Db, secrets: Secrets, accountId: string): Promise<void> {
  const consents = await listConsents(db, accountId);
  if (consents.length === 0) return;
  const receivers = await listLogoutReceivers(
    db,
    consents.map(({ clientId }) => clientId),
  );
  if (receivers.length === 0) return;
  const subjects = await listSubjects(db, accountId);
  const now = new Date();
  const shard = shardOf(accountId);
  for (const { id: clientId, subjectGroupId } of receivers) {
    const sub = subjects.get(subjectGroupId);
    if (sub === undefined) continue;
    const id = newIdIn(shard);
    const notice: LogoutNotice = { clientId, sub };
    await db.for(shard).execute(
      `insert into outbox (shard, id, channel, sealed, next_attempt_at, created_at, expires_at)
       values ($1, $2, 'logout', $3, $4, $4, $5)`,
      [
        shard,
        id,
        secrets.wrap.seal(outboxPlace(id, 'logout'), JSON.stringify(notice)),
        now,
        new Date(now.getTime() + LIFE_MS),
      ],
    );
  }
}

/** Opens the sealed part of a notice's row. */
export function openNotice(wrap: Keyring, id: string, sealed: Buffer): LogoutNotice {
  return JSON.parse(wrap.open(outboxPlace(id, 'logout'), sealed).toString()) as LogoutNotice;
}

/** How long an app may take to believe a token, in seconds. */
const TOKEN_SECONDS = 120;

/**
 * The logout token of a notice, for one attempt to deliver it (OpenID Connect Back-Channel Logout 1.0 §2.4). Every attempt
 * has the notice's own `jti`, by which an app knows one that it has had.
 */
export function logoutToken(
  key: SigningKey,
  { issuer, id, notice }: { readonly issuer: string; readonly id: string; readonly notice: LogoutNotice },
): string {
  const now = epochSeconds();
  return signToken(key, 'logout+jwt', {
    iss: issuer,
    aud: notice.clientId,
    sub: notice.sub,
    iat: now,
    exp: now + TOKEN_SECONDS,
    jti: id,
    events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
  });
}
