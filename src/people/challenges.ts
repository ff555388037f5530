/**
 * WebAuthn challenges (Web Authentication Level 3 §13.4.3): random, for one purpose in one browser, for half an hour, and
 * good once.
 *
 * A page that is only looked at stores nothing: a challenge carries its own end and a keyed hash of what it is bound to.
 * What is stored, until then, is that it was used.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { Write } from '#src/base/coalescing.ts';
import type { Db } from '#src/base/database.ts';
import type { Refusal } from '#src/base/refusals.ts';
import { type Secrets, shardOfHash } from '#src/base/secrets.ts';

/** A page may stand open for a while before somebody touches the field where passkeys offer themselves. */
const LIFE_MS = 30 * 60 * 1000;
/** What is known of its use is kept longer than it lives: clocks of our processes differ. */
const MARGIN_MS = 30 * 1000;
const NONCE_BYTES = 16;
const END_BYTES = 6;
const PROOF_BYTES = 16;
const OPEN_BYTES = NONCE_BYTES + END_BYTES;

/** What a challenge is for. */
export interface Binding {
  readonly purpose: 'get' | 'create' | 'create-quietly';
  /** What ties it to one browser: the id of its interaction or session. */
  readonly boundTo: string;
  /** The account that a passkey is made for. */
  readonly accountId?: string;
}

/** Draws a challenge for one purpose and browser. */
export function newChallenge(secrets: Secrets, binding: Binding): Uint8Array<ArrayBuffer> {
  const open = Buffer.alloc(OPEN_BYTES);
  open.set(randomBytes(NONCE_BYTES));
  open.writeUIntBE(Date.now() + LIFE_MS, NONCE_BYTES, END_BYTES);
  return Uint8Array.from(Buffer.concat([open, proofOf(secrets, open, binding)]));
}

/** A challenge that was made for this purpose and browser and has not expired; whether it was used is not known yet. */
export interface OpenChallenge {
  readonly shard: number;
  readonly hash: Buffer;
  readonly keptUntil: Date;
}

/** @param challenge base64url, as the browser returns it */
export function openChallenge(secrets: Secrets, challenge: string, binding: Binding): OpenChallenge | undefined {
  const bytes = Buffer.from(challenge, 'base64url');
  if (bytes.length !== OPEN_BYTES + PROOF_BYTES) return undefined;
  const open = bytes.subarray(0, OPEN_BYTES);
  if (!timingSafeEqual(bytes.subarray(OPEN_BYTES), proofOf(secrets, open, binding))) return undefined;
  const end = open.readUIntBE(NONCE_BYTES, END_BYTES);
  if (end <= Date.now()) return undefined;
  // Beside the interaction that it belongs to, so that both are written by one statement.
  const shard = shardOfHash(secrets.hash('interaction', binding.boundTo));
  return { shard, hash: secrets.hash('challenge', open), keptUntil: new Date(end + MARGIN_MS) };
}

function proofOf(secrets: Secrets, open: Buffer, { purpose, boundTo, accountId }: Binding): Buffer {
  const bound = JSON.stringify([purpose, boundTo, accountId]);
  return secrets.hash('challenge', Buffer.concat([open, Buffer.from(bound)])).subarray(0, PROOF_BYTES);
}

const columns = { shard: 'smallint', hash: 'bytea', expires_at: 'timestamptz' } as const;

/** Says that a challenge was used, with the commit of the caller's unit: of several uses one is written. */
export async function useChallenge(db: Db, challenge: OpenChallenge, lost: () => Refusal): Promise<void> {
  await db.for(challenge.shard).write(use, [challenge.shard, challenge.hash, challenge.keptUntil, lost]);
}

const use: Write = {
  name: 'challenge_used',
  table: '',
  columns,
  text: `insert into used_challenges (shard, hash, expires_at) select shard, hash, expires_at from given
    on conflict (shard, hash) do nothing returning 1`,
  lost: ([, , , lost]) => (lost as () => Refusal)(),
};

/** Uses a challenge at once: others wait until the caller's unit is over. @returns whether it had not been used */
export async function claimChallenge(db: Db, { shard, hash, keptUntil }: OpenChallenge): Promise<boolean> {
  const claimed = await db
    .for(shard)
    .execute('insert into used_challenges (shard, hash, expires_at) values ($1, $2, $3) on conflict do nothing', [
      ...[shard, hash, keptUntil],
    ]);
  return claimed === 1;
}

/** Says that a challenge was used without success; it may have been used before. */
export async function burnChallenge(db: Db, { shard, hash, keptUntil }: OpenChallenge): Promise<void> {
  await db.for(shard).write(burn, [shard, hash, keptUntil]);
}

const burn: Write = {
  name: 'challenge_burnt',
  table: '',
  columns,
  text: `insert into used_challenges as u (shard, hash, expires_at) select shard, hash, expires_at from given
    on conflict (shard, hash) do update set expires_at = u.expires_at returning 1`,
  lost: () => new Error('a challenge was not written'),
};
