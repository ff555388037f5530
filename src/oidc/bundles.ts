/**
 * Bundles as they travel: a JWS by the signing key of the deployment that sends, for one deployment that receives.
 *
 * The receiver trusts the issuers that its setting names, and only their published keys, fetched by the guarded fetch. What
 * is for somebody else, older than a week, not from a sandbox, or no bundle at all (RFC 8725 §3.11) is refused.
 */
import { randomUUID } from 'node:crypto';
import { createRemoteJWKSet, customFetch, errors, jwtVerify } from 'jose';
import type { Config } from '#src/base/config.ts';
import { epochSeconds } from '#src/base/epoch.ts';
import { createGuardedFetch } from '#src/base/guarded-fetch.ts';
import { Refusal } from '#src/base/refusals.ts';
import { isId } from '#src/base/secrets.ts';
import { BUNDLE_LIFE_DAYS, type BundleContent, readBundleContent, type VerifiedBundle } from '#src/registry/bundles.ts';
import { type SigningKey, signToken } from './signing-keys.ts';

const TYPE = 'client-bundle+jwt';
const ALGORITHM = 'ES256';
const DAY_SECONDS = 86_400;
const CLOCK_SECONDS = 60;
const PATIENCE_MS = 5_000;
const KEYS_BYTES = 256 * 1024;

/** The most that a bundle may weigh. */
export const BUNDLE_BYTES = 128 * 1024;

/** Signs a bundle for one receiver. */
export function signBundle(
  keys: { readonly signing: readonly SigningKey[] },
  { issuer, mode }: Pick<Config, 'issuer' | 'mode'>,
  { audience, content }: { readonly audience: string; readonly content: BundleContent },
): string {
  const key = keys.signing.find(({ alg }) => alg === ALGORITHM);
  if (!key) throw new Error(`there is no signing key for ${ALGORITHM}`);
  const now = epochSeconds();
  return signToken(key, TYPE, {
    iss: issuer,
    aud: audience,
    iat: now,
    exp: now + BUNDLE_LIFE_DAYS * DAY_SECONDS,
    jti: randomUUID(),
    environment: mode,
    bundle: content,
  });
}

/** Finds out whether a bundle is one, from whom, and for us. @throws {Refusal} `bundle_refused`, `bundle_over`, `bundle_sender_silent` */
export type VerifyBundle = (signed: string) => Promise<VerifiedBundle>;

/** What verifies bundles with these settings; keeps the senders' keys for some minutes. */
export function createVerifyBundle(
  config: Pick<Config, 'issuer' | 'bundleSenders' | 'intranetAllowlist'>,
): VerifyBundle {
  const fetchKeys = limited(createGuardedFetch(config.intranetAllowlist));
  const senders = new Map(
    config.bundleSenders.map((issuer) => {
      const keys = createRemoteJWKSet(new URL(`${issuer}/jwks`), {
        timeoutDuration: PATIENCE_MS,
        [customFetch]: fetchKeys,
      });
      return [issuer, keys] as const;
    }),
  );
  return async (signed) => {
    const issuer = issuerOf(signed);
    const keys = senders.get(issuer);
    if (!keys) throw new Refusal('bundle_refused', 'this deployment trusts no such sender');
    const { payload } = await jwtVerify(signed, keys, {
      issuer,
      audience: config.issuer,
      typ: TYPE,
      algorithms: [ALGORITHM],
      clockTolerance: CLOCK_SECONDS,
      maxTokenAge: BUNDLE_LIFE_DAYS * DAY_SECONDS,
      requiredClaims: ['iss', 'aud', 'iat', 'exp', 'jti'],
    }).catch((error: unknown) => {
      throw refusalOf(error);
    });
    const { jti: id = '', exp = 0, environment, bundle } = payload;
    if (environment !== 'sandbox') throw new Refusal('bundle_refused', 'it does not come from a sandbox');
    if (!isId(id)) throw new Refusal('bundle_refused', 'its jti is no UUID');
    return { id, issuer, expiresAt: new Date(exp * 1000), signed, content: readBundleContent(bundle) };
  };
}

/** From whom it says it is; what it says is believed only after its signature. */
function issuerOf(signed: string): string {
  if (signed.length > BUNDLE_BYTES) throw new Refusal('bundle_refused', 'it is too large');
  try {
    const [, payload = ''] = signed.split('.');
    const { iss } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { iss?: unknown };
    return String(iss);
  } catch (cause) {
    throw new Refusal('bundle_refused', 'it is no signed bundle', { cause });
  }
}

function refusalOf(cause: unknown): unknown {
  if (cause instanceof errors.JWTExpired) return new Refusal('bundle_over', 'it is too old', { cause });
  const isAboutIt =
    cause instanceof errors.JOSEError && !(cause instanceof errors.JWKSTimeout) && cause.code !== 'ERR_JOSE_GENERIC';
  if (isAboutIt) return new Refusal('bundle_refused', (cause as Error).message, { cause });
  return new Refusal('bundle_sender_silent', 'the keys of its sender could not be fetched', { cause });
}

/** A fetch whose answers are small. */
function limited(fetching: typeof fetch): typeof fetch {
  return async (asked, options) => {
    const answer = await fetching(asked, options);
    const pieces: Uint8Array[] = [];
    let size = 0;
    for await (const piece of answer.body ?? []) {
      size += piece.length;
      if (size > KEYS_BYTES) throw new Error('the answer is too large');
      pieces.push(piece);
    }
    return new Response(Buffer.concat(pieces), { status: answer.status, headers: answer.headers });
  };
}
