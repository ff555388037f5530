/**
 * Messages to people: written in the transaction of their cause, sent afterwards by `jobs/outbox.ts`.
 *
 * A row lives in the shard of its address and is sealed as a whole. In a sandbox it can be read until it expires.
 */
import type { Db } from '#src/base/database.ts';
import type { Language } from '#src/base/refusals.ts';
import { everyShard, type Keyring, newIdIn, type Secrets, shardOfHash } from '#src/base/secrets.ts';
import { codeTimes } from './codes.ts';
import type { Identifier } from './identifiers.ts';

/** How long a message is tried, and how long a sandbox shows it. */
const LIFE_MS = 24 * 60 * 60 * 1000;

export interface Message {
  readonly kind: 'email' | 'phone';
  /** The address, in the one spelling of an identifier. */
  readonly to: string;
  readonly subject: string;
  /** Plain text; holds the code or the link too. */
  readonly text: string;
  /** The same for mail programs that show more. */
  readonly html?: string;
  /** The code in it, for programs that read a sandbox's outbox. */
  readonly code?: string;
  /** Where its main link leads. */
  readonly link?: string;
  readonly language: Language;
  /**
   * What it tells of, where that may be told again: of several messages with one cause to one address one leaves, for as
   * long as its row is kept. Others are as single as the statement that they leave with.
   */
  readonly cause?: string;
}

/** A message as it is sealed into its row. */
export interface SealedMessage extends Message {
  /** After this it is not sent any more; milliseconds since 1970. */
  readonly validUntil: number;
}

/** Puts a message on its way: it leaves once the caller's unit of work is committed. */
export async function sendMessage(db: Db, secrets: Secrets, message: Message): Promise<void> {
  const now = new Date();
  const shard = shardOfAddress(secrets, message);
  const id = idOf(secrets, shard, message);
  // A code is worthless when its time is over, so it is not sent any more.
  const life = message.code ? codeTimes.life * 1000 : LIFE_MS;
  const sealed: SealedMessage = { ...message, validUntil: now.getTime() + life };
  await db.for(shard).execute(
    `insert into outbox (shard, id, channel, sealed, next_attempt_at, created_at, expires_at)
     values ($1, $2, $3, $4, $5, $5, $6) on conflict (shard, id) do nothing`,
    [
      shard,
      id,
      message.kind === 'email' ? 'email' : 'message',
      secrets.wrap.seal(outboxPlace(id, message.kind), JSON.stringify(sealed)),
      now,
      new Date(now.getTime() + LIFE_MS),
    ],
  );
}

/** A message with a cause has the id of its cause and address. */
function idOf(secrets: Secrets, shard: number, { cause, kind, to }: Message): string {
  if (cause === undefined) return newIdIn(shard);
  const hash = secrets.hash('message', JSON.stringify([cause, kind, to])).toString('hex');
  return newIdIn(shard).slice(0, 3) + hash.slice(3, 32).replace(/^(.{5})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

function shardOfAddress(secrets: Secrets, { kind, to }: Pick<Message, 'kind' | 'to'>): number {
  return shardOfHash(secrets.index(kind, to));
}

/**
 * What a row of the outbox is sealed for. A notice to an app has another place than a message to a person: code that knows
 * messages alone must not open one and send it somewhere.
 */
export function outboxPlace(id: string, channel: string): string {
  if (channel === 'logout') return `outbox.notice:${id}`;
  return channel === 'event' ? `outbox.event:${id}` : `outbox.sealed:${id}`;
}

/** Opens the sealed part of a row of `outbox`. */
export function openMessage(wrap: Keyring, id: string, sealed: Buffer): SealedMessage {
  return JSON.parse(wrap.open(outboxPlace(id, 'message'), sealed).toString()) as SealedMessage;
}

/** A message as the sandbox's outbox page shows it. */
export interface SentMessage {
  readonly to: string;
  readonly channel: 'email' | 'message';
  readonly subject: string;
  readonly text: string;
  readonly code: string | undefined;
  readonly link: string | undefined;
  readonly at: Date;
}

/** The messages of a sandbox, newest first; with `to`, those to one address. Messages whose content is erased are left out. */
export async function listMessages(
  db: Db,
  secrets: Secrets,
  options: { readonly to?: Identifier; readonly limit: number },
): Promise<SentMessage[]> {
  const { to, limit } = options;
  const shards = to ? [shardOfAddress(secrets, { kind: to.kind, to: to.value })] : everyShard;
  const home = db.forAll(shards);
  const rows = await home.query<{ id: string; channel: 'email' | 'message'; sealed: Buffer; created_at: Date }>(
    `select id, channel, sealed, created_at from outbox
     where shard = any($1) and octet_length(sealed) > 0 and channel in ('email', 'message')
     order by created_at desc, id limit $2`,
    [shards, to ? 1000 : limit],
  );
  const messages = rows.map((row) => shown(openMessage(secrets.wrap, row.id, row.sealed), row));
  return messages.filter((message) => !to || message.to === to.value).slice(0, limit);
}

function shown(message: Message, row: { channel: 'email' | 'message'; created_at: Date }): SentMessage {
  const { to, subject, text, code, link } = message;
  return { to, channel: row.channel, subject, text, code, link, at: row.created_at };
}

/** Seals waiting messages anew with the first master key. @returns how many */
export async function resealMessages(db: Db, wrap: Keyring): Promise<number> {
  const home = db.forAll(everyShard);
  const rows = await home.query<{ shard: number; id: string; channel: string; sealed: Buffer }>(
    `select shard, id, channel, sealed from outbox where shard = any($1) and octet_length(sealed) > 0`,
    [everyShard],
  );
  let resealed = 0;
  for (const { shard, id, channel, sealed } of rows.filter((row) => !wrap.isCurrent(row.sealed))) {
    const place = outboxPlace(id, channel);
    const again = wrap.seal(place, wrap.open(place, sealed));
    const home = db.for(shard);
    resealed += await home.execute(`update outbox set sealed = $3 where shard = $1 and id = $2 and sealed = $4`, [
      shard,
      id,
      again,
      sealed,
    ]);
  }
  return resealed;
}
