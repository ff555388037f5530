/**
 * Apps are told what ends: a session, a permission, the use of an account. A notice is a row of the outbox in the account's own
 * shard, written with its cause; it leaves once that is committed, and its token is signed when it is sent
 * (`jobs/app-notices.ts`, `notice-tokens.ts`).
 *
 * An app hears by a logout token (OpenID Connect Back-Channel Logout 1.0) where it has registered an address for those, and by
 * a security event token (RFC 8417) where it has one for events. A notice outlives the account, so the app's name for the
 * person is sealed in it.
 */
import type { Write } from '#src/base/coalescing.ts';
import type { Db } from '#src/base/database.ts';
import { DAY_MS } from '#src/base/epoch.ts';
import { type Keyring, newIdIn, type Secrets, shardOf } from '#src/base/secrets.ts';
import { outboxPlace } from '#src/people/messages.ts';
import { listNoticeReceivers, type NoticeReceiver } from '#src/registry/notice-receivers.ts';
import { listSubjectsOf } from './subjects.ts';

/** How long an app that does not answer is tried. */
export const TRIED_MS = 3 * DAY_MS;

/** How long its agency sees a notice, and may have it sent again. */
export const SHOWN_MS = 14 * DAY_MS;

/** Why an app is told. */
export type NoticeReason =
  | 'signed-out'
  | 'withdrawn'
  | 'left'
  | 'narrowed'
  | 'expired'
  | 'reported'
  | 'underage'
  | 'account-held'
  | 'account-ended'
  | 'test';

/** By back-channel logout or as a security event; an app that takes both is told by both of what signs the person out. */
export type NoticeChannel = 'logout' | 'event';

/** What a notice says, and to whom. */
export interface AppNotice {
  readonly clientId: string;
  /** The person, as that app knows them. */
  readonly sub: string;
  readonly reason: NoticeReason;
  /** The app's session that ended; without one it is about all of this person's. */
  readonly sid?: string;
  /** What the agency answers for; the app knows it by another id. */
  readonly withdrawalId?: string;
  /** What else of the same end it answers for: who leaves ends a consent and a notice at once, and is told of once. */
  readonly furtherWithdrawalIds?: readonly string[];
  /** When it happened, in seconds since 1970, to the minute: two apps must not know a person by the moment. */
  readonly at: number;
}

/** Something that an app is to be told of a person. */
export interface Told {
  readonly accountId: string;
  readonly clientId: string;
  readonly reason: NoticeReason;
  readonly sid?: string;
  readonly withdrawalId?: string;
  readonly furtherWithdrawalIds?: readonly string[];
}

const noticeMade: Write = {
  name: 'app_notice_made',
  table: 'outbox',
  columns: {
    shard: 'smallint',
    id: 'uuid',
    channel: 'text',
    client_id: 'text',
    reason: 'text',
    withdrawal_id: 'uuid',
    sealed: 'bytea',
    next_attempt_at: 'timestamptz',
    created_at: 'timestamptz',
    try_until: 'timestamptz',
    expires_at: 'timestamptz',
  },
  text: `insert into outbox
      (shard, id, channel, client_id, reason, withdrawal_id, sealed, next_attempt_at, created_at, try_until, expires_at)
    select shard, id, channel, client_id, reason, withdrawal_id, sealed, next_attempt_at, created_at, try_until, expires_at
    from given
    returning 1`,
  lost: () => new Error('a notice was not written'),
};

/** The latest sessions of a person at an app that wants to know which has ended, at most. */
const SESSIONS = 50;

/**
 * Puts notices on their way, to those of the apps that take them; they leave once the caller's unit of work is committed. All
 * of them are of accounts in one shard.
 *
 * An app that wants the session in each notice gets one for each that is there, so call it before sessions end.
 */
export async function tellApps(db: Db, secrets: Secrets, told: readonly Told[]): Promise<void> {
  const [first] = told;
  if (!first) return;
  const shard = shardOf(first.accountId);
  const known = await listNoticeReceivers(db, [...new Set(told.map(({ clientId }) => clientId))]);
  if (known.length === 0) return;
  const receivers = new Map(known.map((receiver) => [receiver.id, receiver]));
  const heard = told.filter(({ clientId }) => receivers.has(clientId));
  const subjects = await listSubjectsOf(db, shard, [...new Set(heard.map(({ accountId }) => accountId))]);
  for (const each of await nameSessions(db, shard, heard, receivers)) {
    const receiver = receivers.get(each.clientId);
    const sub = receiver && subjects.get(`${each.accountId} ${receiver.subjectGroupId}`);
    if (receiver && sub !== undefined) await putNotice(db, secrets, shard, receiver, { ...each, sub });
  }
}

/**
 * One notice by each way on which the app hears of such a thing. Its agency reads when it was made, in whole minutes as the app does:
 * two who were told of the same end, at whatever time, must not find that out by comparing.
 */
export async function putNotice(
  db: Db,
  secrets: Secrets,
  shard: number,
  receiver: Pick<NoticeReceiver, 'id' | 'hearsLogout' | 'hearsEvents'>,
  {
    sub,
    reason,
    sid,
    withdrawalId,
    furtherWithdrawalIds,
  }: Omit<Told, 'accountId' | 'clientId'> & { readonly sub: string },
): Promise<void> {
  const now = new Date();
  const minute = new Date(Math.floor(now.getTime() / 60_000) * 60_000);
  const notice: AppNotice = {
    ...{ clientId: receiver.id, sub, reason, at: minute.getTime() / 1000 },
    ...(sid !== undefined && { sid }),
    ...(withdrawalId !== undefined && { withdrawalId }),
    ...(furtherWithdrawalIds && furtherWithdrawalIds.length > 0 && { furtherWithdrawalIds }),
  };
  for (const channel of channelsFor(receiver, reason)) {
    const id = newIdIn(shard);
    const sealed = secrets.wrap.seal(outboxPlace(id, channel), JSON.stringify(notice));
    const what = [id, channel, receiver.id, reason, withdrawalId ?? null, sealed];
    const until = [new Date(now.getTime() + TRIED_MS), new Date(now.getTime() + SHOWN_MS)];
    await db.for(shard).write(noticeMade, [shard, ...what, now, minute, ...until]);
  }
}

/** What leaves the person signed in is a matter for events, where an app hears of any: nobody is signed out for it. */
const quiet: ReadonlySet<NoticeReason> = new Set(['narrowed', 'expired']);

function channelsFor(
  { hearsLogout, hearsEvents }: Pick<NoticeReceiver, 'hearsLogout' | 'hearsEvents'>,
  reason: NoticeReason,
): NoticeChannel[] {
  const byLogout = hearsLogout && !(hearsEvents && quiet.has(reason));
  return [...(hearsEvents ? (['event'] as const) : []), ...(byLogout ? (['logout'] as const) : [])];
}

/** Of what names no session one notice for each, to the apps that want it so; where none is left, one about the person. */
async function nameSessions(
  db: Db,
  shard: number,
  told: readonly Told[],
  receivers: ReadonlyMap<string, NoticeReceiver>,
): Promise<Told[]> {
  const wanting = told.filter((each) => each.sid === undefined && receivers.get(each.clientId)?.wantsSession);
  if (wanting.length === 0) return [...told];
  const parts = await listSessionParts(db, shard, {
    accountIds: [...new Set(wanting.map(({ accountId }) => accountId))],
    clientIds: [...new Set(wanting.map(({ clientId }) => clientId))],
  });
  return told.flatMap((each) => {
    const own = wanting.includes(each)
      ? parts.filter(({ accountId, clientId }) => isOf(each, accountId, clientId))
      : [];
    return own.length === 0 ? [each] : own.slice(0, SESSIONS).map(({ sid }) => ({ ...each, sid }));
  });
}

function isOf(told: Told, accountId: string, clientId: string): boolean {
  return told.accountId === accountId && told.clientId === clientId;
}

/** One app's part of a session. */
export interface SessionPart {
  readonly accountId: string;
  readonly clientId: string;
  /** The name of the session at this app alone (OpenID Connect Back-Channel Logout 1.0 §2.1). */
  readonly sid: string;
}

/** The apps' parts of sessions in one shard, the latest session first. */
export async function listSessionParts(
  db: Db,
  shard: number,
  which: {
    readonly accountIds?: readonly string[];
    readonly uids?: readonly string[];
    readonly clientIds?: readonly string[];
  },
): Promise<SessionPart[]> {
  const { accountIds, uids, clientIds } = which;
  const rows = await db.for(shard).query<{ account_id: string; client_id: string; sid: string }>(
    `select s.account_id, c.client_id, c.payload ->> 'sid' as sid
     from sessions s join session_clients c on c.shard = $1 and c.session_uid = s.uid
     where s.shard = $1 and s.${uids ? 'uid' : 'account_id'} = any($2) and s.account_id is not null
       and ($3::text[] is null or c.client_id = any($3)) and c.payload ->> 'sid' is not null
     order by s.created_at desc, s.uid, c.client_id`,
    [shard, uids ?? accountIds, clientIds ?? null],
  );
  return rows.map((row) => ({ accountId: row.account_id, clientId: row.client_id, sid: row.sid }));
}

/** Tells the apps of sessions that are about to end. */
export async function tellSignedOut(db: Db, secrets: Secrets, parts: readonly SessionPart[]): Promise<void> {
  await tellApps(
    db,
    secrets,
    parts.map((part) => ({ ...part, reason: 'signed-out' })),
  );
}

/** Opens the sealed part of a notice's row. */
export function openNotice(wrap: Keyring, { id, channel, sealed }: SealedNotice): AppNotice {
  return JSON.parse(wrap.open(outboxPlace(id, channel), sealed).toString()) as AppNotice;
}

interface SealedNotice {
  readonly id: string;
  readonly channel: string;
  readonly sealed: Buffer;
}
