/** The other side of a sample app, small enough to misbehave in one point at a time. The real one is tested elsewhere. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, SignJWT } from 'jose';

/** What it does; change a field to change its mind. */
export interface Behaviour {
  /** Who is signed in here; undefined: nobody. */
  subject: string | undefined;
  /** What a visible authorization request is answered with instead of a code. */
  refusal: string | undefined;
  /** What a silent one is answered with instead of a code, although somebody is signed in. */
  silentRefusal: string | undefined;
  claims: Record<string, unknown>;
  userinfoStatus: number;
  tokenError: string | undefined;
  /** The `iss` beside the code. */
  callbackIssuer: string | undefined;
  /** Overwrites what an ID token says. */
  idToken: Record<string, unknown>;
  /** Signs with a key that it does not publish. */
  signsWithForeignKey: boolean;
}

export interface FakeProvider extends AsyncDisposable {
  issuer: string;
  behaviour: Behaviour;
  /** Each request as `path?query`, in order. */
  requests: URL[];
  /** Ends what was handed out: every access token is unknown from now on. */
  forget(): void;
  /** Signs a logout token or an event that is right, but for what is said here; `undefined` leaves a claim out. */
  tell(said: Said): Promise<string>;
}

export interface Said {
  typ?: 'logout+jwt' | 'secevent+jwt' | 'JWT';
  claims?: Record<string, unknown>;
  /** By the key that it publishes, by one that it does not, by the client's secret, or by none. */
  by?: 'own' | 'foreign' | 'secret' | 'nothing';
}

/** The session that its ID tokens name. */
export const SID = 'sesi-satu';
export const LOGOUT_EVENT = 'http://schemas.openid.net/event/backchannel-logout';

const honest: Behaviour = {
  subject: 'siti',
  refusal: undefined,
  silentRefusal: undefined,
  claims: { name: 'Siti Rahayu', email: 'siti@contoh.id' },
  userinfoStatus: 200,
  tokenError: undefined,
  callbackIssuer: undefined,
  idToken: {},
  signsWithForeignKey: false,
};

export type Algorithm = 'ES256' | 'RS256';

export async function openFakeProvider(port = 0, alg: Algorithm = 'ES256'): Promise<FakeProvider> {
  const [keys, foreign] = [newPair(alg), newPair(alg)];
  const jwk = { ...(await exportJWK(keys.publicKey)), kid: '1', alg, use: 'sig' };
  const codes = new Map<string, URLSearchParams>();
  const tokens = new Map<string, string>();
  const behaviour = { ...honest };
  const requests: URL[] = [];

  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const issuer = `http://localhost:${(server.address() as AddressInfo).port}`;

  const json = (response: ServerResponse, status: number, body: object, headers: Record<string, string> = {}) =>
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', issuer);
    requests.push(url);
    let body = '';
    for await (const chunk of request) body += chunk;
    if (url.pathname === '/.well-known/openid-configuration') json(response, 200, metadata());
    else if (url.pathname === '/jwks') json(response, 200, { keys: [jwk] });
    else if (url.pathname === '/authorize') authorize(url.searchParams, response);
    else if (url.pathname === '/token') await redeem(new URLSearchParams(body), response);
    else if (url.pathname === '/userinfo') userinfo(request, response);
    else if (url.pathname === '/logout') logout(url.searchParams, response);
    else json(response, 404, {});
  }

  function metadata(): object {
    const at = (path: string) => issuer + path;
    return {
      issuer,
      authorization_endpoint: at('/authorize'),
      token_endpoint: at('/token'),
      userinfo_endpoint: at('/userinfo'),
      jwks_uri: at('/jwks'),
      end_session_endpoint: at('/logout'),
      response_types_supported: ['code'],
      id_token_signing_alg_values_supported: [alg],
      code_challenge_methods_supported: ['S256'],
      authorization_response_iss_parameter_supported: true,
    };
  }

  function authorize(query: URLSearchParams, response: ServerResponse): void {
    const back = new URL(query.get('redirect_uri') ?? '');
    back.searchParams.set('state', query.get('state') ?? '');
    back.searchParams.set('iss', behaviour.callbackIssuer ?? issuer);
    const silent = query.get('prompt') === 'none';
    const refusal = silent
      ? (behaviour.silentRefusal ?? (behaviour.subject ? undefined : 'login_required'))
      : behaviour.refusal;
    if (refusal) back.searchParams.set('error', refusal);
    else {
      const code = crypto.randomUUID();
      codes.set(code, query);
      back.searchParams.set('code', code);
    }
    response.writeHead(303, { location: back.href }).end();
  }

  async function redeem(form: URLSearchParams, response: ServerResponse): Promise<void> {
    const query = codes.get(form.get('code') ?? '');
    codes.delete(form.get('code') ?? '');
    const refusal = behaviour.tokenError ?? (query ? undefined : 'invalid_grant');
    if (refusal === 'invalid_client')
      return void json(
        response,
        401,
        { error: refusal },
        { 'www-authenticate': `Basic realm="p", error="${refusal}"` },
      );
    if (refusal || !query) return void json(response, 400, { error: refusal });
    const subject = behaviour.subject ?? '';
    const accessToken = crypto.randomUUID();
    tokens.set(accessToken, subject);
    const idToken = await sign(alg, behaviour.signsWithForeignKey ? foreign.privateKey : keys.privateKey, {
      iss: issuer,
      sub: subject,
      aud: query.get('client_id'),
      nonce: query.get('nonce'),
      sid: SID,
      ...behaviour.idToken,
    });
    json(response, 200, { access_token: accessToken, token_type: 'Bearer', expires_in: 600, id_token: idToken });
  }

  function userinfo(request: IncomingMessage, response: ServerResponse): void {
    const subject = tokens.get(request.headers.authorization?.replace('Bearer ', '') ?? '');
    const status = behaviour.userinfoStatus === 200 && subject === undefined ? 401 : behaviour.userinfoStatus;
    if (status === 200) json(response, 200, { sub: subject, ...behaviour.claims });
    else json(response, status, {}, status === 401 ? { 'www-authenticate': 'Bearer error="invalid_token"' } : {});
  }

  function logout(query: URLSearchParams, response: ServerResponse): void {
    behaviour.subject = undefined;
    tokens.clear();
    response.writeHead(303, { location: query.get('post_logout_redirect_uri') ?? '/' }).end();
  }

  async function tell({ typ = 'logout+jwt', claims = {}, by = 'own' }: Said): Promise<string> {
    const now = Math.floor(Date.now() / 1000);
    const right = {
      ...{ iss: issuer, aud: 'puskesmas-online', iat: now, jti: crypto.randomUUID() },
      ...(typ === 'logout+jwt' && { exp: now + 120, sub: 'siti', sid: SID, events: { [LOGOUT_EVENT]: {} } }),
    };
    const said = { ...right, ...claims };
    if (by === 'nothing') return `${encode({ alg: 'none', typ })}.${encode(said)}.`;
    const secret = new TextEncoder().encode('sandbox-puskesmas-online-secret-0123456789');
    const key = { own: keys.privateKey, foreign: foreign.privateKey, secret }[by];
    const header = { alg: by === 'secret' ? 'HS256' : alg, kid: '1', typ };
    return new SignJWT(said).setProtectedHeader(header).sign(key);
  }

  return {
    issuer,
    behaviour,
    requests,
    tell,
    forget: () => tokens.clear(),
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}

function newPair(alg: Algorithm) {
  return alg === 'RS256'
    ? generateKeyPairSync('rsa', { modulusLength: 2048 })
    : generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

function sign(alg: Algorithm, key: KeyObject, claims: Record<string, unknown>): Promise<string> {
  const jwt = new SignJWT(claims).setProtectedHeader({ alg, kid: '1' });
  return jwt.setIssuedAt().setExpirationTime('10m').sign(key);
}
