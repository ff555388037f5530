/**
 * Who calls the API: a machine of an agency, by an access token that this provider made for the API's own address
 * (RFC 8707), bound to a key where anything is to be changed (RFC 9449).
 */
import type { Database } from '#src/base/database.ts';
import { Refusal } from '#src/base/refusals.ts';
import type { Secrets } from '#src/base/secrets.ts';
import { withDb } from '#src/base/unit-of-work.ts';
import { apiAddress } from '#src/registry/api-scopes.ts';
import type { ClientRecord } from '#src/registry/clients.ts';
import { recordOf } from './models.ts';
import { checkProof, PROOF_SECONDS } from './proofs.ts';
import type { Provider } from './provider.ts';
import { claimReplayMarker } from './storage.ts';

export interface ApiCaller {
  readonly client: ClientRecord;
  /** What the token is for, and the machine still registered for. */
  readonly scopes: ReadonlySet<string>;
}

/** What a request shows of its caller. */
export interface ApiCredentials {
  readonly method: string;
  /** The path, without the query. */
  readonly path: string;
  /** The header `Authorization`. */
  readonly authorization: string;
  /** The header `DPoP`. */
  readonly proof: string;
}

interface Gate {
  readonly issuer: string;
  readonly provider: Provider;
  readonly database: Database;
  readonly secrets: Secrets;
}

/** What only reads: for it a token that is bound to no key is enough. */
const reading: ReadonlySet<string> = new Set(['GET', 'HEAD']);

/** A proof dated ahead is remembered until it is too old; the rest is for clocks of our processes that differ. */
const MARKER_MS = (2 * PROOF_SECONDS + 30) * 1000;

/**
 * Finds out who calls. A proof counts once, also when the request is refused afterwards: its mark is written by itself.
 *
 * @throws {Refusal} `token_required`, `token_invalid`, `proof_required`, `proof_invalid`
 */
export async function admitCaller(gate: Gate, shown: ApiCredentials): Promise<ApiCaller> {
  const { scheme, value } = readAuthorization(shown.authorization);
  const token = await gate.provider.ClientCredentials.find(value);
  const audience = apiAddress(gate.issuer);
  if (!token?.clientId || token.isExpired || token.aud !== audience)
    throw new Refusal('token_invalid', 'no such token');
  const client = await gate.provider.Client.find(token.clientId);
  if (!client) throw new Refusal('token_invalid', `client ${token.clientId} may not be used`);
  const isBound = token.jkt !== undefined;
  if (scheme !== (isBound ? 'dpop' : 'bearer')) throw new Refusal('token_invalid', `not by the scheme ${scheme}`);
  if (!isBound && !reading.has(shown.method)) throw new Refusal('proof_required', 'a token bound to no key writes');
  if (token.jkt !== undefined)
    await claimProof(gate, shown, { value, thumbprint: token.jkt, clientId: token.clientId });
  const record = recordOf(client);
  return { client: record, scopes: new Set(record.scopes.filter((scope) => token.scopes.has(scope))) };
}

function readAuthorization(header: string): { scheme: string; value: string } {
  if (header === '') throw new Refusal('token_required', 'no Authorization');
  const [, scheme = '', value = ''] = /^(bearer|dpop) +([\w~+/.-]{1,512}=*)$/i.exec(header) ?? [];
  if (scheme === '') throw new Refusal('token_invalid', 'Authorization is neither Bearer nor DPoP');
  return { scheme: scheme.toLowerCase(), value };
}

async function claimProof(
  { issuer, database, secrets }: Gate,
  { method, path, proof }: ApiCredentials,
  token: { value: string; thumbprint: string; clientId: string },
): Promise<void> {
  if (proof === '') throw new Refusal('proof_required', 'the token is bound to a key and comes without a proof');
  const { thumbprint, value, clientId } = token;
  const jti = await checkProof(proof, { method, address: `${issuer}${path}`, token: value, thumbprint });
  const until = new Date(Date.now() + MARKER_MS);
  const isFirst = await withDb(database, () => claimReplayMarker({ database, secrets }, clientId, jti, until));
  if (!isFirst) throw new Refusal('proof_invalid', 'the DPoP proof was shown before');
}
