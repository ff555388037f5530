/**
 * Notices to apps that a person is signed out everywhere, because the account is held or at its end (OpenID Connect
 * Back-Channel Logout 1.0 §2.4: a token without `sid` is about all sessions of its `sub`).
 *
 * A notice is a row of the outbox in the account's own shard, written with its cause. It outlives the account: the app's
 * name for the person is sealed in it, the token is signed when it is sent (`jobs/logout-notices.ts`).
 */
import type { Db } from '#src/base/database.ts';
import { type Keyring, newIdIn, type Secrets, shardOf } from '#src/base/secrets.ts';
import { listConsents } from '#src/consents/consents.ts';
import { listLogoutReceivers } from '#src/registry/clients.ts';
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
    await db.for(shard).execute(
      `insert into outbox (shard, id, channel, sealed, next_attempt_at, created_at, expires_at)
       values ($1, $2, 'logout', $3, $4, $4, $5)`,
      [shard, id, sealNotice(secrets.wrap, id, { clientId, sub }), now, new Date(now.getTime() + LIFE_MS)],
    );
  }
}

function sealNotice(wrap: Keyring, id: string, notice: LogoutNotice): Buffer {
  return wrap.seal(noticePlace(id), JSON.stringify(notice));
}

/** Opens the sealed part of a notice's row. */
export function openNotice(wrap: Keyring, id: string, sealed: Buffer): LogoutNotice {
  return JSON.parse(wrap.open(noticePlace(id), sealed).toString()) as LogoutNotice;
}

/** Another place than that of a message to a person: code that knows no notices must not open one and send it somewhere. */
function noticePlace(id: string): string {
  return `outbox.notice:${id}`;
}
