/**
 * Notices that an app must refuse: in every word what we send it (`oidc/notice-tokens.ts`), but not signed by us. They name
 * nobody, so that an app which takes one signs nobody out.
 */
import { randomBytes } from 'node:crypto';
import { type CryptoKey, generateKeyPair, SignJWT } from 'jose';
import { epochSeconds } from '#src/base/epoch.ts';
import type { ClientRecord } from '../clients.ts';

/** What is sent to one of the two addresses of an app. */
export interface Forgery {
  readonly contentType: string;
  readonly body: string;
}

type ForgedFor = Pick<ClientRecord, 'id' | 'idTokenSignedResponseAlg'>;

/** Logout tokens, one that nobody has signed and one that a stranger has (OpenID Connect Back-Channel Logout 1.0 §2.6). */
export async function forgeLogouts(client: ForgedFor, issuer: string): Promise<Forgery[]> {
  const said = {
    ...basicClaims(client, issuer),
    ...{ exp: epochSeconds() + 120, sub: madeUp(), sid: madeUp() },
    events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
  };
  const tokens = await forge(client, 'logout+jwt', said);
  return tokens.map((token) => ({
    contentType: 'application/x-www-form-urlencoded',
    body: new URLSearchParams({ logout_token: token }).toString(),
  }));
}

/** Security event tokens in the same way (RFC 8935 §2.3). */
export async function forgeEvents(client: ForgedFor, issuer: string): Promise<Forgery[]> {
  const said = {
    ...basicClaims(client, issuer),
    ...{ sub_id: { format: 'iss_sub', iss: issuer, sub: madeUp() } },
    events: { 'https://schemas.openid.net/secevent/caep/event-type/session-revoked': {} },
  };
  const tokens = await forge(client, 'secevent+jwt', said);
  return tokens.map((body) => ({ contentType: 'application/secevent+jwt', body }));
}

function basicClaims({ id }: ForgedFor, issuer: string) {
  return { iss: issuer, aud: id, iat: epochSeconds(), jti: madeUp() };
}

async function forge(client: ForgedFor, typ: string, claims: Record<string, unknown>): Promise<[string, string]> {
  const unsigned = [{ alg: 'none', typ }, claims].map((part) =>
    Buffer.from(JSON.stringify(part)).toString('base64url'),
  );
  const alg = client.idTokenSignedResponseAlg;
  const header = { alg, typ, kid: madeUp() };
  return [`${unsigned.join('.')}.`, await new SignJWT(claims).setProtectedHeader(header).sign(await strangersKey(alg))];
}

const strangersKeys = new Map<string, Promise<CryptoKey>>();

/** One for the life of the process: whose it is does not matter. */
function strangersKey(alg: string): Promise<CryptoKey> {
  const known = strangersKeys.get(alg) ?? generateKeyPair(alg).then(({ privateKey }) => privateKey);
  strangersKeys.set(alg, known);
  return known;
}

/** Long enough that nobody has it. */
function madeUp(): string {
  return randomBytes(18).toString('base64url');
}
