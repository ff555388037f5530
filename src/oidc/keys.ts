/** The keys that sign tokens: ES256 by default, RS256 for older relying parties. Private halves rest sealed in table `keys`. */
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose';
import type { Db } from '#src/base/database.ts';
import { ensureKey, listKeys, type NewKey } from '#src/base/keys.ts';
import type { Secrets } from '#src/base/secrets.ts';
import { type SigningAlgorithm, signingAlgorithms } from '#src/registry/clients.ts';

/**
 * The signing keys as JWKs with their private parts, the active ones first: the library signs with the first of an
 * algorithm and publishes all. Makes what is missing; several processes starting at once end up with the same keys.
 */
export async function loadSigningKeys(db: Db, secrets: Secrets): Promise<JWK[]> {
  for (const algorithm of signingAlgorithms) {
    await ensureKey(db, secrets.wrap, { purpose: 'signing', algorithm, create: () => newSigningKey(algorithm) });
  }
  const keys = await listKeys(db, secrets.wrap, 'signing');
  const order = (algorithm: string) => signingAlgorithms.indexOf(algorithm as SigningAlgorithm);
  return keys
    .sort(
      (a, b) => Number(b.state === 'active') - Number(a.state === 'active') || order(a.algorithm) - order(b.algorithm),
    )
    .map((key) => JSON.parse(key.secret.toString()) as JWK);
}

async function newSigningKey(algorithm: string): Promise<NewKey> {
  const pair = await generateKeyPair(algorithm, { extractable: true, modulusLength: 2048 });
  const kid = await calculateJwkThumbprint(await exportJWK(pair.publicKey));
  const common = { kid, alg: algorithm, use: 'sig' };
  return {
    id: kid,
    publicJwk: { ...(await exportJWK(pair.publicKey)), ...common },
    secret: Buffer.from(JSON.stringify({ ...(await exportJWK(pair.privateKey)), ...common })),
  };
}
