/** The apps of the bench, the same for both sides, and what they send. */
import { createHash } from 'node:crypto';
import type { Answer, HttpConnection } from './http-connection.ts';

/** One app with what its requests have in common. */
export interface App {
  readonly id: string;
  readonly secret: string;
  readonly redirectUri: string;
  /** Header line that authenticates it (RFC 6749 §2.3.1). */
  readonly authorization: string;
}

/** What an app gets for a code or a refresh token. */
export interface Tokens {
  readonly access_token: string;
  readonly id_token: string;
  readonly refresh_token?: string;
}

/** What a sign-in asks for. */
export const signInScope = 'openid profile email';
/** What an app asks for that works while its person is away. */
export const offlineScope = 'openid profile email offline_access';

/** The machine of the client credentials grant. */
export const machine: App = appNamed('mesin-uji', '');

/** The n-th app, from 1, as `lawang seed` makes it. */
export function appAt(n: number): App {
  return appNamed(`layanan-${n}`, `https://layanan-${n}.contoh.go.id/callback`);
}

/** The first `count` apps. */
export function listApps(count: number): App[] {
  return Array.from({ length: count }, (_, index) => appAt(index + 1));
}

function appNamed(id: string, redirectUri: string): App {
  const secret = `sandbox-${id}-secret-0123456789`;
  const credentials = Buffer.from(`${id}:${secret}`).toString('base64');
  return { id, secret, redirectUri, authorization: `authorization: Basic ${credentials}\r\n` };
}

const codeVerifier = 'lawang-bench-code-verifier-of-at-least-43-characters';
const codeChallenge = createHash('sha256').update(codeVerifier).digest('base64url');
let requests = 0;

/** The path of a new authorization request. */
export function authorizePath(app: App, scope: string, prompt?: string): string {
  requests += 1;
  const query = new URLSearchParams({
    client_id: app.id,
    response_type: 'code',
    redirect_uri: app.redirectUri,
    scope,
    state: `state-${requests}`,
    nonce: `nonce-${requests}`,
    code_challenge: codeChallenge,
    code_challenge_method: 'S256',
    ...(prompt && { prompt }),
  });
  return `/authorize?${query}`;
}

/** Redeems a code. @throws when the answer lacks a token */
export function redeem(connection: HttpConnection, app: App, code: string): Promise<Tokens> {
  const redirectUri = encodeURIComponent(app.redirectUri);
  const body = `grant_type=authorization_code&code=${code}&redirect_uri=${redirectUri}&code_verifier=${codeVerifier}`;
  return requestTokens(connection, app, body);
}

/** Trades a refresh token. @throws when no other one comes back */
export async function refresh(connection: HttpConnection, app: App, refreshToken: string): Promise<Tokens> {
  const tokens = await requestTokens(connection, app, `grant_type=refresh_token&refresh_token=${refreshToken}`);
  if (!tokens.refresh_token || tokens.refresh_token === refreshToken)
    throw new Error('the refresh token did not rotate');
  return tokens;
}

async function requestTokens(connection: HttpConnection, app: App, body: string): Promise<Tokens> {
  const answer = await connection.send({ method: 'POST', path: '/token', headers: app.authorization, body });
  const tokens = answer.status === 200 ? (JSON.parse(answer.body) as Partial<Tokens>) : undefined;
  if (!tokens?.access_token || !tokens.id_token) throw unexpected('/token', answer);
  return tokens as Tokens;
}

/** Gets a machine its token. @throws when it gets none */
export async function requestMachineToken(connection: HttpConnection): Promise<void> {
  const { authorization: headers } = machine;
  const answer = await connection.send({
    method: 'POST',
    path: '/token',
    headers,
    body: 'grant_type=client_credentials',
  });
  if (answer.status !== 200 || !answer.body.includes('"access_token":')) throw unexpected('/token', answer);
}

/** Asks about a token. @throws unless it is told to be active */
export async function introspect(connection: HttpConnection, app: App, token: string): Promise<void> {
  const outgoing = { method: 'POST', path: '/introspect', headers: app.authorization, body: `token=${token}` } as const;
  const answer = await connection.send(outgoing);
  if (answer.status !== 200 || !answer.body.includes('"active":true')) throw unexpected('/introspect', answer);
}

/** Reads the claims. @throws unless `sub` and `name` come back */
export async function readUserinfo(connection: HttpConnection, accessToken: string): Promise<void> {
  const headers = `authorization: Bearer ${accessToken}\r\n`;
  const answer = await connection.send({ method: 'GET', path: '/userinfo', headers });
  if (answer.status !== 200 || !answer.body.includes('"sub":') || !answer.body.includes('"name":'))
    throw unexpected('/userinfo', answer);
}

/** Gets a public document. @throws unless it holds `part` */
export async function readDocument(connection: HttpConnection, path: string, part: string): Promise<void> {
  const answer = await connection.send({ method: 'GET', path });
  if (answer.status !== 200 || !answer.body.includes(part)) throw unexpected(path, answer);
}

/** Says what came instead. */
export function unexpected(what: string, { status, location, body }: Answer): Error {
  const told = location ?? body.replace(/\s+/g, ' ').slice(0, 300);
  return new Error(`${what} answered ${status} ${told}`);
}
