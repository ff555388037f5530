/** A machine of an agency that calls the API, as its program would: a token bound to a key, a proof for each request. */
import { createHash, randomUUID } from 'node:crypto';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT } from 'jose';
import { z } from 'zod';
import { apiScopes } from '#src/registry/api-scopes.ts';
import { findClient } from '#src/registry/clients.ts';
import { apiRoutes } from '#src/web/api/routes.ts';
import { type Answer, exchange } from './browser-agent.ts';
import { secretOf, type World } from './world.ts';

export interface ApiAnswer extends Answer {
  /** The body, if it is JSON. */
  readonly json: Record<string, unknown>;
}

export interface Sent {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Key {
  /** A proof for a request (RFC 9449 §4.2); `more` replaces claims. */
  prove(method: string, address: string, token?: string, more?: Record<string, unknown>): Promise<string>;
  readonly thumbprint: string;
}

export interface ApiClient {
  readonly clientId: string;
  readonly agencyId: string;
  readonly token: string;
  readonly key: Key;
  get(path: string, sent?: Sent): Promise<ApiAnswer>;
  post(path: string, body: unknown, headers?: Sent['headers']): Promise<ApiAnswer>;
  put(path: string, body: unknown, headers?: Sent['headers']): Promise<ApiAnswer>;
  delete(path: string, headers?: Sent['headers']): Promise<ApiAnswer>;
}

/** A machine of an agency of its own, with a token for the API. */
export async function openApi(
  world: World,
  { clientId = 'mesin-api', scopes = apiScopes }: { clientId?: string; scopes?: readonly string[] } = {},
): Promise<ApiClient> {
  await world.declare(machineOf(clientId, apiScopes));
  const agencyId = (await findClient(world.database, clientId))?.agencyId ?? '';
  const key = await newKey();
  const { json } = await requestToken(world, clientId, { scope: scopes.join(' '), key });
  const token = String(json.access_token);
  const call = async (method: string, path: string, { body, headers }: Sent = {}) => {
    const address = path.startsWith('http') ? path : `${world.issuer}/api/v1${path}`;
    const proof = await key.prove(method, address, token);
    const answer = await ask(method, address, {
      body,
      headers: { authorization: `DPoP ${token}`, dpop: proof, ...headers },
    });
    checkAsDescribed(method, new URL(address).pathname, answer);
    return answer;
  };
  return {
    ...{ clientId, agencyId, token, key },
    get: (path, sent) => call('GET', path, sent),
    post: (path, body, headers) => call('POST', path, { body, headers: headers ?? {} }),
    put: (path, body, headers) => call('PUT', path, { body, headers: headers ?? {} }),
    delete: (path, headers) => call('DELETE', path, { headers: headers ?? {} }),
  };
}

/** A machine as its file would declare it. */
export function machineOf(clientId: string, scopes: readonly string[]) {
  return {
    client_id: clientId,
    type: 'machine',
    grant_types: ['client_credentials'],
    redirect_uris: [],
    post_logout_redirect_uris: [],
    scope: scopes.join(' '),
  };
}

/** Asks for a token by client credentials; with a key it is bound to it. */
export async function requestToken(
  { issuer }: Pick<World, 'issuer'>,
  clientId: string,
  { scope, key, resource = `${issuer}/api/v1` }: { scope?: string; key?: Key; resource?: string },
): Promise<ApiAnswer> {
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    resource,
    ...(scope !== undefined && { scope }),
  });
  const basic = Buffer.from(`${clientId}:${secretOf(clientId)}`).toString('base64');
  const answer = await exchange(`${issuer}/token`, {
    method: 'POST',
    headers: {
      authorization: `Basic ${basic}`,
      'content-type': 'application/x-www-form-urlencoded',
      ...(key && { dpop: await key.prove('POST', `${issuer}/token`) }),
    },
    body: form.toString(),
  });
  return withJson(answer);
}

export async function newKey(): Promise<Key> {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const jwk = await exportJWK(publicKey);
  return {
    thumbprint: await calculateJwkThumbprint(jwk),
    prove: (method, address, token, more = {}) =>
      new SignJWT({
        ...{ jti: randomUUID(), htm: method, htu: address.split('?')[0], iat: Math.floor(Date.now() / 1000) },
        ...(token !== undefined && { ath: createHash('sha256').update(token).digest('base64url') }),
        ...more,
      })
        .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk })
        .sign(privateKey),
  };
}

/** One request with JSON, as a program sends it. */
export async function ask(method: string, address: string, { body, headers = {} }: Sent = {}): Promise<ApiAnswer> {
  const text = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
  const answer = await exchange(address, {
    method,
    headers: { ...(text !== undefined && { 'content-type': 'application/json' }), ...headers },
    ...(text !== undefined && { body: text }),
  });
  return withJson(answer);
}

function withJson(answer: Answer): ApiAnswer {
  const isJson = /json/.test(answer.headers.get('content-type') ?? '');
  return { ...answer, json: isJson ? JSON.parse(answer.body) : {} };
}

/** Every answer that a test gets is what the document says of it. */
function checkAsDescribed(method: string, path: string, { status, json, headers }: ApiAnswer): void {
  const route = apiRoutes.find((one) => one.method === method && patternOf(one.path).test(path));
  if (!route || status >= 400 || headers.get('content-type')?.startsWith('text/csv')) return;
  const isDescribed = status === route.status || status === 304 || route.alsoAnswers?.[status] !== undefined;
  if (!isDescribed) throw new Error(`${method} ${route.path} does not say that it answers ${status}`);
  const schema = route.list ? z.strictObject({ items: z.array(route.list.item) }) : route.answer;
  if (schema && status < 300) schema.parse(json);
}

function patternOf(path: string): RegExp {
  return new RegExp(`^/api/v1${path.replace(/:\w+/g, '[^/]+')}$`);
}
