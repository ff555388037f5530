/** A person's sessions, as the account page shows and ends them; and whose session a browser holds. */
import type { Context } from 'koa';
import type { Provider } from 'oidc-provider';
import type { Db } from '#src/base/database.ts';
import { type Secrets, shardOf } from '#src/base/secrets.ts';
import { listSessionParts, tellSignedOut } from './app-notices.ts';
import { endSignInsUnderWay } from './sign-ins-under-way.ts';
import { type About, openTrail } from './trails.ts';

/** The sign-in behind a browser's cookie. */
export interface CurrentSession {
  readonly uid: string;
  readonly accountId: string;
  readonly acr: string | undefined;
  readonly amr: readonly string[];
  /** When the person signed in. */
  readonly signedInAt: Date;
  /** Whether other people use the device too. */
  readonly isShared: boolean;
}

/** The session of the browser that asks, if somebody is signed in with it. */
export async function findCurrentSession(provider: Provider, ctx: Context): Promise<CurrentSession | undefined> {
  const session = await provider.Session.get(ctx);
  if (!session.accountId || !session.loginTs) return undefined;
  return {
    uid: session.uid,
    accountId: session.accountId,
    acr: session.acr,
    amr: session.amr ?? [],
    signedInAt: new Date(session.loginTs * 1000),
    isShared: session.transient === true,
  };
}

export interface ListedSession {
  readonly uid: string;
  readonly startedAt: Date;
  readonly lastSeenAt: Date;
  readonly about: About | undefined;
  readonly isShared: boolean;
  /** The apps that were opened in it. */
  readonly clientIds: readonly string[];
}

/** Everything that is signed in as this account now, the latest first. */
export async function listSessions(db: Db, { wrap }: Secrets, accountId: string): Promise<ListedSession[]> {
  const shard = shardOf(accountId);
  const rows = await db.for(shard).query<SessionFields>(
    `select s.uid, s.created_at, s.expires_at, s.idle_seconds, s.about, s.is_shared,
       array(select c.client_id from session_clients c where c.shard = $1 and c.session_uid = s.uid order by 1) as client_ids
     from sessions s
     where s.shard = $1 and s.account_id = $2 and s.expires_at > $3 and s.ends_at > $3 order by s.created_at desc, s.uid`,
    [shard, accountId, new Date()],
  );
  return rows.map((row) => ({
    uid: row.uid,
    startedAt: row.created_at,
    lastSeenAt: new Date(row.expires_at.getTime() - row.idle_seconds * 1000),
    about: openTrail(wrap, row.uid, row.about),
    isShared: row.is_shared,
    clientIds: row.client_ids,
  }));
}

interface SessionFields {
  readonly uid: string;
  readonly created_at: Date;
  readonly expires_at: Date;
  readonly idle_seconds: number;
  readonly about: Buffer | null;
  readonly is_shared: boolean;
  readonly client_ids: readonly string[];
}

/** Ends one session of the account, with every grant that came of it; its apps are told. @returns whether there was one */
export async function endSession(db: Db, secrets: Secrets, accountId: string, uid: string): Promise<boolean> {
  return (await endWhere(db, secrets, accountId, { which: 's.uid = $3', uid })) === 1;
}

/**
 * Ends the account's sessions, all or all but one, with every grant that came of them, and the sign-ins under way; the apps of
 * each are told.
 *
 * @returns how many sessions
 */
export async function endSessions(
  db: Db,
  secrets: Secrets,
  accountId: string,
  { except }: { readonly except?: string } = {},
): Promise<number> {
  await endSignInsUnderWay(db, accountId);
  return endWhere(db, secrets, accountId, { which: '$3::text is distinct from s.uid', uid: except ?? null });
}

/** Grants before sessions, as everywhere, so that two who end the same wait for each other instead of colliding. */
async function endWhere(
  db: Db,
  secrets: Secrets,
  accountId: string,
  { which, uid }: { readonly which: string; readonly uid: string | null },
): Promise<number> {
  const shard = shardOf(accountId);
  const home = db.for(shard);
  const ending = await home.query<{ uid: string }>(
    `select s.uid from sessions s where s.shard = $1 and s.account_id = $2 and ${which}`,
    [shard, accountId, uid],
  );
  const uids = ending.map((session) => session.uid);
  await tellSignedOut(db, secrets, await listSessionParts(db, shard, { uids }));
  await home.execute(
    `delete from grants where shard = $1 and account_id = $2 and id in (
       select c.payload ->> 'grantId' from sessions s
       join session_clients c on c.shard = $1 and c.session_uid = s.uid
       where s.shard = $1 and s.account_id = $2 and ${which}
         and not coalesce((c.payload ->> 'persistsLogout')::boolean, false))`,
    [shard, accountId, uid],
  );
  return home.execute(`delete from sessions s where s.shard = $1 and s.account_id = $2 and ${which}`, [
    shard,
    accountId,
    uid,
  ]);
}
