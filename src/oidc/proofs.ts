/** Proofs that whoever shows a token holds the key that the token is bound to (RFC 9449, DPoP). */
import { createHash } from 'node:crypto';
import { calculateJwkThumbprint, EmbeddedJWK, errors, type JWTVerifyResult, jwtVerify } from 'jose';
import { epochSeconds } from '#src/base/epoch.ts';
import { Refusal } from '#src/base/refusals.ts';

/** What proofs may be signed with. */
export const proofAlgorithms = ['ES256', 'EdDSA', 'Ed25519'] as const;

/** How far the date of a proof may be from now, in seconds; as at the other endpoints. */
export const PROOF_SECONDS = 300;

const MAX_JTI_LENGTH = 512;

/** What a proof has to be for. */
export interface Proven {
  readonly method: string;
  /** Without query and fragment. */
  readonly address: string;
  readonly token: string;
  /** The thumbprint of the key that the token is bound to. */
  readonly thumbprint: string;
}

/**
 * Checks everything about a proof (RFC 9449 §4.3) but that it was not shown before.
 *
 * @returns its `jti`, for the caller to claim
 * @throws {Refusal} `proof_invalid`
 */
export async function checkProof(proof: string, { method, address, token, thumbprint }: Proven): Promise<string> {
  const { payload, protectedHeader } = await verify(proof);
  const { iat, jti, htm, htu, ath } = payload;
  if (typeof jti !== 'string' || jti === '' || jti.length > MAX_JTI_LENGTH) throw invalid('it has no usable jti');
  if (typeof iat !== 'number' || Math.abs(epochSeconds() - iat) > PROOF_SECONDS) throw invalid('it is not recent');
  if (htm !== method) throw invalid('it is for another method');
  if (typeof htu !== 'string' || addressOf(htu) !== addressOf(address)) throw invalid('it is for another address');
  if (ath !== createHash('sha256').update(token).digest('base64url')) throw invalid('it is for another token');
  const key = protectedHeader.jwk;
  if (!key || (await calculateJwkThumbprint(key)) !== thumbprint) throw invalid('the token is bound to another key');
  return jti;
}

async function verify(proof: string): Promise<JWTVerifyResult> {
  try {
    return await jwtVerify(proof, EmbeddedJWK, { algorithms: [...proofAlgorithms], typ: 'dpop+jwt' });
  } catch (cause) {
    if (cause instanceof errors.JOSEError || cause instanceof TypeError || cause instanceof DOMException)
      throw invalid('it is no signed proof', cause);
    throw cause;
  }
}

/** The address without what a proof leaves out; undefined when it is none. */
function addressOf(text: string): string | undefined {
  const address = URL.parse(text);
  if (!address) return undefined;
  address.search = '';
  address.hash = '';
  return address.href;
}

function invalid(reason: string, cause?: unknown): Refusal {
  return new Refusal('proof_invalid', `the DPoP proof: ${reason}`, { cause });
}
