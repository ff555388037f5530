/** What the tests of this room share: apps that may read everything, and whole ways from a request to its answer. */
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import * as oidc from 'openid-client';
import { standardClaims } from '#src/registry/claims.ts';
import { type BrowserAgent, exchange } from '#test/support/browser-agent.ts';
import type { Page } from '#test/support/page.ts';
import {
  callbackOf,
  type Overrides,
  openRelyingParty,
  type RelyingParty,
  type RelyingPartyOptions,
  type SignInAttempt,
  type Tokens,
} from '#test/support/relying-party.ts';
import { allow, type Declared, signIn, type World } from '#test/support/world.ts';

export const everyScope = 'openid profile email phone address offline_access';

/** A declaration that may read every claim there is; `name` is required. */
export function curious(client_id: string, more: Record<string, unknown> = {}): Declared {
  const purpose = { purpose: 'Menguji layanan.', 'purpose#en': 'To test the service.' };
  const claims = standardClaims.map((name) => ({ name, required: name === 'name', basis: 'consent', ...purpose }));
  return { client_id, claims, ...more };
}

/** An app that keeps no secret. */
export function openPublicApp(
  world: World,
  clientId: string,
  more: Partial<RelyingPartyOptions> = {},
): Promise<RelyingParty> {
  return openRelyingParty({ issuer: world.issuer, clientId, redirectUri: 'http://localhost:3001/callback', ...more });
}

/** Leaves the proof key out of a request, as a legacy app does. */
export const withoutPkce: Overrides = { code_challenge: undefined, code_challenge_method: undefined };

/** Opens a request and does whatever the pages ask, until the browser stands at the app. */
export async function goThrough(browser: BrowserAgent, url: URL | string, who?: string): Promise<Page> {
  const page = await browser.visit(url);
  return land(page.has('input[name="password"]') ? await signIn(page, who) : await allow(page));
}

/** Sends the form of `response_mode=form_post`, as its script or its button would. */
export async function land(page: Page): Promise<Page> {
  return page.status !== 0 && page.has('input[name="iss"]') ? page.submit() : page;
}

/** What the app is answered, by query, form or fragment. */
export function answerOf(page: Page): URLSearchParams {
  if (page.status !== 0) throw new Error(`the browser is not at an app but at ${page.url.pathname}: ${page.text()}`);
  if (page.url.hash) return new URLSearchParams(page.url.hash.slice(1));
  return page.hops.at(-1)?.form ?? page.url.searchParams;
}

/** The same as an object. */
export function answered(page: Page): Record<string, string> {
  return Object.fromEntries(answerOf(page));
}

/** Redeems the code without a proof key. */
export function finishWithoutPkce(
  app: RelyingParty,
  attempt: SignInAttempt,
  page: Page,
  checks: oidc.AuthorizationCodeGrantChecks = {},
): Promise<Tokens> {
  return oidc.authorizationCodeGrant(app.configuration, callbackOf(page), {
    expectedState: attempt.state,
    expectedNonce: attempt.nonce,
    idTokenExpected: true,
    ...checks,
  });
}

/** One whole sign-in. */
export async function signInto(
  app: RelyingParty,
  browser: BrowserAgent,
  overrides: Overrides = {},
  who?: string,
): Promise<{ attempt: SignInAttempt; page: Page; tokens: Tokens }> {
  const attempt = await app.startSignIn(overrides);
  const page = await goThrough(browser, attempt.url, who);
  answerOf(page);
  return { attempt, page, tokens: await app.finishSignIn(attempt, page) };
}

/** A sign-in up to the code, for those who want to misuse it. */
export async function getCode(
  app: RelyingParty,
  browser: BrowserAgent,
  overrides: Overrides = {},
): Promise<{ code: string; attempt: SignInAttempt }> {
  const attempt = await app.startSignIn(overrides);
  const page = await goThrough(browser, attempt.url);
  return { attempt, code: answerOf(page).get('code') ?? '' };
}

/** How an endpoint refuses, as `<status> <error>`. @throws when it does not */
export async function refusalOf(request: Promise<unknown>): Promise<string> {
  try {
    await request;
  } catch (error) {
    if (error instanceof oidc.ResponseBodyError) return `${error.status} ${error.error}`;
    if (error instanceof oidc.WWWAuthenticateChallengeError)
      return `${error.status} ${error.cause[0]?.parameters.error}`;
    throw error;
  }
  throw new Error('it was not refused');
}

export interface Said {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
  readonly json: Record<string, unknown>;
}

/** A request of a program to an endpoint, not helped by any library. */
export async function ask(
  url: string,
  request: { form?: Record<string, string> | string; headers?: Record<string, string>; method?: string } = {},
): Promise<Said> {
  const { form, headers = {}, method = form === undefined ? 'GET' : 'POST' } = request;
  const body = form === undefined ? undefined : new URLSearchParams(form).toString();
  const said = await exchange(url, {
    method,
    headers: {
      accept: 'application/json',
      ...(body !== undefined && {
        'content-type': 'application/x-www-form-urlencoded',
        'content-length': String(Buffer.byteLength(body)),
      }),
      ...headers,
    },
    ...(body !== undefined && { body }),
  });
  const isJson = said.headers.get('content-type')?.includes('json') && said.body !== '';
  return { ...said, json: isJson ? JSON.parse(said.body) : {} };
}

export function basic(clientId: string, secret: string): { authorization: string } {
  const pair = `${encodeURIComponent(clientId)}:${encodeURIComponent(secret)}`;
  return { authorization: `Basic ${Buffer.from(pair).toString('base64')}` };
}

export function bearer(token: string): { authorization: string } {
  return { authorization: `Bearer ${token}` };
}

/** A key pair whose public half has an id, as a client registers it. */
export async function newClientKey(alg = 'ES256') {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid: 'app-key', alg, use: 'sig' };
  return { privateKey, publicKey, jwk, alg };
}

/** A client assertion (RFC 7523 §3); what is given replaces what would be right, undefined leaves it out. */
export async function assertion(
  key: { privateKey: oidc.CryptoKey; alg: string },
  clientId: string,
  audience: string,
  more: { claims?: Record<string, unknown>; header?: Record<string, unknown> } = {},
): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    iss: clientId,
    sub: clientId,
    aud: audience,
    jti: crypto.randomUUID(),
    iat: now,
    exp: now + 60,
    ...more.claims,
  };
  const stated = Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined));
  return new SignJWT(stated).setProtectedHeader({ alg: key.alg, kid: 'app-key', ...more.header }).sign(key.privateKey);
}

/** The claims of a JWT, unchecked. */
export function claimsOf(jwt: string | undefined): Record<string, unknown> {
  return JSON.parse(Buffer.from(jwt?.split('.')[1] ?? '', 'base64url').toString());
}

/** The header of a JWT, unchecked. */
export function headerOf(jwt: string | undefined): Record<string, unknown> {
  return JSON.parse(Buffer.from(jwt?.split('.')[0] ?? '', 'base64url').toString());
}
