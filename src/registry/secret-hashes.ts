/** How a client's secret is recognised: by a keyed hash, compared in constant time. */
import { timingSafeEqual } from 'node:crypto';
import type { Secrets } from '#src/base/secrets.ts';
import type { ClientRecord, ClientSecret } from './clients.ts';

/** What is stored of a client's secret. Bound to the client, so that equal secrets do not look equal. */
export function hashClientSecret(secrets: Secrets, clientId: string, secret: string): Buffer {
  return secrets.hash('client-secret', `${clientId}\0${secret}`);
}

/**
 * Which of the client's secrets `candidate` is, one that has ended too: ask {@link isLive} before it opens anything. Takes
 * the same time whichever it is.
 */
export function findMatchingSecret(
  secrets: Secrets,
  client: Pick<ClientRecord, 'id' | 'secrets'>,
  candidate: string,
): ClientSecret | undefined {
  const hash = hashClientSecret(secrets, client.id, candidate);
  let found: ClientSecret | undefined;
  for (const secret of client.secrets) found = timingSafeEqual(secret.hash, hash) ? secret : found;
  return found;
}

/**
 * Whether `candidate` is one of the client's secrets that have not ended; two during a rotation.
 *
 * @param note hears which one it is, one that has ended too
 */
export function compareClientSecret(
  secrets: Secrets,
  client: Pick<ClientRecord, 'id' | 'secrets'>,
  candidate: string,
  note?: (secret: ClientSecret) => void,
): boolean {
  const secret = findMatchingSecret(secrets, client, candidate);
  if (secret) note?.(secret);
  return secret !== undefined && isLive(secret, new Date());
}

/** Whether a secret has not ended. */
export function isLive(secret: { readonly expiresAt?: Date | undefined }, now: Date): boolean {
  return secret.expiresAt === undefined || secret.expiresAt > now;
}
