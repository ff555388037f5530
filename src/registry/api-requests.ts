/**
 * Requests of the API that are carried out once, however often they arrive (`Idempotency-Key`).
 *
 * The first writes its key in the transaction of its deed; one that comes at the same time waits for that row and then
 * gives the same answer. What fails leaves no row, so it may be tried again. The answer is sealed under the very key that
 * the caller sent, of which only a keyed hash is kept: a secret that was shown once cannot be read out of the table.
 */
import type { Db } from '#src/base/database.ts';
import { Refusal } from '#src/base/refusals.ts';
import { Keyring, type Secrets } from '#src/base/secrets.ts';

/** How long a request is known again. */
const KEPT_MS = 24 * 3_600_000;

export interface OnceRequest {
  /** Whose key it is. */
  readonly actor: string;
  readonly key: string;
  /** All that makes the request what it is. */
  readonly content: string;
}

/** An answer as it is given again. */
export interface KeptAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: object | undefined;
}

/**
 * Takes the key for this request. Inside a transaction.
 *
 * @returns the answer, when it was given before
 * @throws {Refusal} `idempotency_key_reused` when the key was for another request
 */
export async function claimRequest(db: Db, secrets: Secrets, request: OnceRequest): Promise<KeptAnswer | undefined> {
  const now = new Date();
  const keyHash = hashKey(secrets, request);
  const contentHash = secrets.hash('api-request', `content\0${request.content}`);
  const claimed = await db.execute(
    `insert into api_requests (actor, key_hash, request_hash, created_at, expires_at) values ($1, $2, $3, $4, $5)
     on conflict (actor, key_hash) do update set request_hash = excluded.request_hash, status = null, answer = null,
       created_at = excluded.created_at, expires_at = excluded.expires_at
     where api_requests.expires_at <= $4`,
    [request.actor, keyHash, contentHash, now, new Date(now.getTime() + KEPT_MS)],
  );
  if (claimed === 1) return undefined;
  const kept = await db.first<{ request_hash: Buffer; status: number | null; answer: { sealed: string } | null }>(
    'select request_hash, status, answer from api_requests where actor = $1 and key_hash = $2',
    [request.actor, keyHash],
  );
  if (!kept?.request_hash.equals(contentHash) || kept.status === null || kept.answer === null)
    throw new Refusal('idempotency_key_reused', 'the key was for another request');
  const sealed = Buffer.from(kept.answer.sealed, 'base64');
  const { headers, body } = JSON.parse(sealOf(secrets, request).open(placeOf(request, keyHash), sealed).toString());
  return { status: kept.status, headers, body };
}

/** Keeps what the request was answered with, in the transaction that carried it out. */
export async function keepAnswer(db: Db, secrets: Secrets, request: OnceRequest, answer: KeptAnswer): Promise<void> {
  const keyHash = hashKey(secrets, request);
  const text = JSON.stringify({ headers: answer.headers, body: answer.body });
  const sealed = sealOf(secrets, request).seal(placeOf(request, keyHash), text).toString('base64');
  await db.execute('update api_requests set status = $3, answer = $4 where actor = $1 and key_hash = $2', [
    request.actor,
    keyHash,
    answer.status,
    JSON.stringify({ sealed }),
  ]);
}

function hashKey(secrets: Secrets, { actor, key }: OnceRequest): Buffer {
  return secrets.hash('api-request', `key\0${actor}\0${key}`);
}

function sealOf(secrets: Secrets, { actor, key }: OnceRequest): Keyring {
  return new Keyring([secrets.hash('api-answer', `${actor}\0${key}`)]);
}

function placeOf({ actor }: OnceRequest, keyHash: Buffer): string {
  return `api_requests.answer:${actor}:${keyHash.toString('hex')}`;
}
