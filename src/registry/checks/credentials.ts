/** Whether an app can prove itself: by keys that are alive and strong, or by a secret that does not end tomorrow. */
import { DAY_MS } from '#src/base/epoch.ts';
import type { ClientRecord } from '../clients.ts';
import { findKeyMistakes } from '../public-keys.ts';
import { isLive } from '../secret-hashes.ts';
import type { Check, CheckProblem } from './check.ts';
import type { Lookout } from './lookout.ts';

const SECRET_DAYS = 7;

/** Says nothing of an app that has none: PKCE protects it (RFC 7636). */
export const checkCredentials: Check = async (client, { lookout, now }) => {
  const { tokenEndpointAuthMethod: method } = client;
  if (method === 'none') return undefined;
  if (method === 'private_key_jwt') return checkKeys(client, lookout);
  return checkSecrets(client, now);
};

async function checkKeys({ jwks, jwksUri }: ClientRecord, lookout: Lookout): Promise<CheckProblem[]> {
  if (jwksUri === undefined) return findKeyMistakes(jwks?.keys ?? []).map(() => ({ code: 'keys_weak' }) as const);
  const visited = await lookout.visit(jwksUri);
  if (visited.kind === 'silent' || visited.status !== 200) return [{ code: 'keys_silent', about: jwksUri }];
  const keys = keysIn(visited.text);
  if (!keys) return [{ code: 'keys_unreadable', about: jwksUri }];
  return findKeyMistakes(keys).length > 0 ? [{ code: 'keys_weak', about: jwksUri }] : [];
}

/** RFC 7517 §5. */
function keysIn(text: string): Record<string, unknown>[] | undefined {
  try {
    const { keys } = JSON.parse(text);
    return Array.isArray(keys) && keys.every((key) => key && typeof key === 'object') ? keys : undefined;
  } catch {
    return undefined;
  }
}

function checkSecrets({ secrets }: ClientRecord, now: Date): CheckProblem[] {
  const ends = secrets.filter((secret) => isLive(secret, now)).map(({ expiresAt }) => expiresAt);
  if (ends.length === 0) return [{ code: 'secret_missing' }];
  if (ends.includes(undefined)) return [];
  const last = new Date(Math.max(...ends.map((end) => Number(end))));
  const isLasting = last.getTime() - now.getTime() > SECRET_DAYS * DAY_MS;
  return isLasting ? [] : [{ code: 'secret_ends', at: last.toISOString() }];
}
