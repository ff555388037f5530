/** Notices to an app as its agency sees them: what was sent, what came of it, and sent once more. */
import { randomInt } from 'node:crypto';
import { recordAdminEvent } from '#src/audit/events.ts';
import type { Db } from '#src/base/database.ts';
import { newestOf } from '#src/base/newest.ts';
import { Refusal } from '#src/base/refusals.ts';
import { everyShard, type Secrets, SHARDS, shardOf } from '#src/base/secrets.ts';
import { atCost, type Throttles } from '#src/people/throttles.ts';
import type { ClientRecord } from '#src/registry/clients.ts';
import { receiverOf } from '#src/registry/notice-receivers.ts';
import { type NoticeChannel, type NoticeReason, putNotice, TRIED_MS } from './app-notices.ts';

/** What became of a notice: it waits or is tried again, was taken, or is not tried any more. */
export type DeliveryState = 'waiting' | 'delivered' | 'given-up';

/** A notice as its agency sees it: never of whom it was. */
export interface Delivery {
  readonly id: string;
  readonly channel: NoticeChannel;
  readonly reason: NoticeReason;
  readonly state: DeliveryState;
  readonly createdAt: Date;
  readonly attempts: number;
  readonly lastAttemptAt: Date | undefined;
  readonly nextAttemptAt: Date | undefined;
  /** What the last attempt was answered: a status, with its code for an error; or a word for what kept it from an answer. */
  readonly answer: string | undefined;
  /** Whether it may be sent once more: not what waits for its first attempt, nor what nothing is kept of. */
  readonly isRepeatable: boolean;
}

interface DeliveryRow {
  id: string;
  channel: NoticeChannel;
  reason: NoticeReason;
  created_at: Date;
  attempts: number;
  last_attempt_at: Date | null;
  next_attempt_at: Date | null;
  delivered_at: Date | null;
  answer: string | null;
  is_kept: boolean;
}

const LATEST = new Date('9999-12-31');
const LAST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/** Notices to an app, the latest first. For its console and the API: it asks every shard for its latest. */
export async function listDeliveries(
  db: Db,
  clientId: string,
  {
    before,
    limit,
  }: { readonly before?: { readonly at: Date; readonly id: string } | undefined; readonly limit: number },
): Promise<Delivery[]> {
  const rows = await db.forAll(everyShard).query<DeliveryRow>(
    `with ${newestOf({ table: 'outbox', at: 'created_at' })}
     select id, channel, reason, created_at, attempts, last_attempt_at, next_attempt_at, delivered_at, answer,
       octet_length(sealed) > 0 as is_kept
     from newest join outbox on outbox.shard = newest.shard and client_id = $2 and created_at between since and $3
       and (created_at < $3 or id < $4)
     order by created_at desc, id desc limit $5`,
    [everyShard, clientId, before?.at ?? LATEST, before?.id ?? LAST_ID, limit],
  );
  return rows.map((row) => ({
    ...{ id: row.id, channel: row.channel, reason: row.reason, createdAt: row.created_at, attempts: row.attempts },
    state: row.delivered_at ? 'delivered' : row.next_attempt_at ? 'waiting' : 'given-up',
    lastAttemptAt: row.last_attempt_at ?? undefined,
    nextAttemptAt: row.next_attempt_at ?? undefined,
    answer: row.answer ?? undefined,
    isRepeatable: row.is_kept && row.attempts > 0,
  }));
}

/** Whether an app was told of something: it took a notice by one of the ways on which it hears, is tried still, or was given up. */
export type Telling = 'told' | 'under-way' | 'failed';

/**
 * How far an app was told of each of a person's withdrawals; those of which it hears nothing, or long ago, are left out.
 * What ended at once is told of by one notice.
 */
export async function findTellings(
  db: Db,
  accountId: string,
  clientId: string,
  since: Date,
): Promise<Map<string, Telling>> {
  const shard = shardOf(accountId);
  const rows = await db.for(shard).query<{ withdrawal_id: string; told: boolean; under_way: boolean }>(
    `select w.id as withdrawal_id, bool_or(o.delivered_at is not null) as told, bool_or(o.next_attempt_at is not null) as under_way
     from withdrawals w
     join withdrawals named on named.shard = $1 and named.account_id = $2 and named.client_id = $3
       and named.at = w.at and named.cause = w.cause
     join outbox o on o.shard = $1 and o.client_id = $3 and o.created_at >= $4 and o.withdrawal_id = named.id
     where w.shard = $1 and w.account_id = $2 and w.client_id = $3 and w.at >= $4 group by w.id`,
    [shard, accountId, clientId, since],
  );
  return new Map(
    rows.map(({ withdrawal_id: id, told, under_way }) => [id, told ? 'told' : under_way ? 'under-way' : 'failed']),
  );
}

/** Who has an app told of something by hand. */
interface ByHand {
  readonly client: ClientRecord;
  readonly actor: string;
}

/**
 * Sends a notice once more, at once and for another three days. Call it, as {@link sendTest}, before the unit of work has
 * written anything (see {@link Throttles}).
 *
 * @throws {Refusal} `not_here` when there is none to be sent, `too_many_attempts`
 */
export function sendAgain(db: Db, throttles: Throttles, { id, ...asked }: ByHand & { readonly id: string }) {
  return byHand(db, throttles, { ...asked, what: 'again' }, () => makeDue(db, asked.client, id));
}

/**
 * Sends an app a test by each way on which it hears, about a person and a session that there are not.
 *
 * @throws {Refusal} `too_many_attempts`
 */
export function sendTest(db: Db, secrets: Secrets, throttles: Throttles, asked: ByHand): Promise<void> {
  return byHand(db, throttles, { ...asked, what: 'test' }, async () => {
    const shard = randomInt(SHARDS);
    const nobody = { sub: secrets.newTaggedId(shard), sid: secrets.newTaggedId(shard) };
    await putNotice(db, secrets, shard, receiverOf(asked.client), { ...nobody, reason: 'test' });
  });
}

/** The console and the API together have so many an hour for an app, whoever of its agency asks. */
function byHand(
  db: Db,
  throttles: Throttles,
  { client, actor, what }: ByHand & { readonly what: 'again' | 'test' },
  send: () => Promise<void>,
): Promise<void> {
  return atCost(throttles, { cost: [['notice_by_hand_to_app', client.id]], counts: 'done' }, async () => {
    await send();
    await recordAdminEvent(db, {
      ...{ kind: 'delivery.resent', actor, subject: `client ${client.id}`, agencyId: client.agency.id },
      details: { what },
    });
  });
}

async function makeDue(db: Db, client: ClientRecord, id: string): Promise<void> {
  const shard = shardOf(id);
  const now = new Date();
  const sent = await db.for(shard).execute(
    `update outbox set next_attempt_at = $4, attempts = 0, delivered_at = null, answer = null, try_until = $5,
       expires_at = greatest(expires_at, $5)
     where shard = $1 and id = $2 and client_id = $3 and attempts > 0 and octet_length(sealed) > 0`,
    [shard, id, client.id, now, new Date(now.getTime() + TRIED_MS)],
  );
  if (sent === 0) throw new Refusal('not_here', 'no such notice, or nothing of it is kept');
}
