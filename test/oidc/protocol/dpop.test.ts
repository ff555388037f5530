import { createHash } from 'node:crypto';
import { type CryptoKey, calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { startPurge } from '#src/jobs/purge.ts';
import {
  ask,
  basic,
  curious,
  everyScope,
  getCode,
  openPublicApp,
  refusalOf,
  type Said,
  signInto,
} from '#test/oidc/flows.ts';
import type { RelyingParty } from '#test/support/relying-party.ts';
import { openWorld, secretOf, type World } from '#test/support/world.ts';

interface Pair {
  privateKey: CryptoKey;
  jwk: JWK;
}

interface Forged {
  claims?: Record<string, unknown>;
  header?: Record<string, unknown>;
  alg?: string;
}

let world: World;
let bound: RelyingParty;
let open: RelyingParty;
let mine: Pair;
let other: Pair;

beforeAll(async () => {
  world = await openWorld();
  await world.declare(
    curious('bound', { dpop_bound_access_tokens: true }),
    curious('open', { type: 'spa' }),
    curious('plain'),
  );
  bound = await world.app({ clientId: 'bound', dpop: true });
  open = await openPublicApp(world, 'open', { dpop: true, scope: everyScope });
  mine = await newPair();
  other = await newPair();
});
afterAll(() => world?.[Symbol.asyncDispose]());
afterEach(() => void vi.useRealTimers());

async function newPair(alg = 'ES256'): Promise<Pair> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { privateKey, jwk: await exportJWK(publicKey) };
}

/** A proof (RFC 9449 §4.2); what is given replaces what would be right, undefined leaves it out. */
function prove(pair: Pair, method: string, url: string, { claims = {}, header = {}, alg = 'ES256' }: Forged = {}) {
  const right = { jti: crypto.randomUUID(), htm: method, htu: url, iat: Math.floor(Date.now() / 1000) };
  const stated = Object.entries({ ...right, ...claims }).filter(([, value]) => value !== undefined);
  return new SignJWT(Object.fromEntries(stated))
    .setProtectedHeader({ alg, typ: 'dpop+jwt', jwk: pair.jwk, ...header })
    .sign(pair.privateKey);
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}

/** Redeems a fresh code of `plain` with a proof, or without one. */
async function redeem(proof: string | undefined, clientId = 'plain'): Promise<Said> {
  const app = await world.app({ clientId });
  const { code, attempt } = await getCode(app, world.browser());
  return ask(`${world.issuer}/token`, {
    form: {
      grant_type: 'authorization_code',
      code,
      code_verifier: attempt.codeVerifier,
      redirect_uri: app.redirectUri,
    },
    headers: { ...basic(clientId, secretOf(clientId)), ...(proof && { dpop: proof }) },
  });
}

const tokenUrl = () => `${world.issuer}/token`;
const userinfoUrl = () => `${world.issuer}/userinfo`;

describe('at the token endpoint', () => {
  test('a proof binds the access token to its key', async () => {
    const { tokens } = await signInto(bound, world.browser());
    expect(tokens.token_type).toBe('dpop');
    expect((await bound.userinfo(tokens.access_token)).name).toBe('Siti Rahayu');
    expect(await bound.introspect(tokens.access_token)).toMatchObject({
      token_type: 'DPoP',
      cnf: { jkt: expect.stringMatching(/^[\w-]{43}$/) },
    });
  });

  test('an app that must prove is refused without', async () => {
    expect(await redeem(undefined, 'bound')).toMatchObject({ status: 400, json: { error: 'invalid_grant' } });
  });

  test('any app may prove', async () => {
    const said = await redeem(await prove(mine, 'POST', tokenUrl()));
    expect(said).toMatchObject({ status: 200, json: { token_type: 'DPoP' } });
  });

  test('a query in the address of the proof does not count (RFC 9449 §4.3)', async () => {
    expect((await redeem(await prove(mine, 'POST', `${tokenUrl()}?x=1#y`))).status).toBe(200);
  });

  test.each<[string, (url: string) => Promise<string>]>([
    ['another method', (url) => prove(mine, 'GET', url)],
    ['another address', (url) => prove(mine, 'POST', `${url}x`)],
    ['the address of another endpoint', () => prove(mine, 'POST', userinfoUrl())],
    ['another host', () => prove(mine, 'POST', 'https://evil.example/token')],
    ['no method', (url) => prove(mine, 'POST', url, { claims: { htm: undefined } })],
    ['no address', (url) => prove(mine, 'POST', url, { claims: { htu: undefined } })],
    ['no jti', (url) => prove(mine, 'POST', url, { claims: { jti: undefined } })],
    ['no time', (url) => prove(mine, 'POST', url, { claims: { iat: undefined } })],
    ['an old time', (url) => prove(mine, 'POST', url, { claims: { iat: Math.floor(Date.now() / 1000) - 310 } })],
    ['a time to come', (url) => prove(mine, 'POST', url, { claims: { iat: Math.floor(Date.now() / 1000) + 310 } })],
    ['a nonce that nobody gave', (url) => prove(mine, 'POST', url, { claims: { nonce: 'x' } })],
    ['another type', (url) => prove(mine, 'POST', url, { header: { typ: 'JWT' } })],
    ['no type', (url) => prove(mine, 'POST', url, { header: { typ: undefined } })],
    ['the key of another', (url) => prove(mine, 'POST', url, { header: { jwk: other.jwk } })],
    ['no key', (url) => prove(mine, 'POST', url, { header: { jwk: undefined } })],
    [
      'a private key inside',
      async (url) => prove(mine, 'POST', url, { header: { jwk: await exportJWK(mine.privateKey) } }),
    ],
    ['an algorithm that is not offered', async (url) => prove(await newPair('ES384'), 'POST', url, { alg: 'ES384' })],
    ['no signature', async (url) => unsigned(url)],
    ['nothing but text', async () => 'x'],
    ['two proofs', async (url) => `${await prove(mine, 'POST', url)}, ${await prove(mine, 'POST', url)}`],
  ])('%s is invalid_dpop_proof', async (_what, make) => {
    const said = await redeem(await make(tokenUrl()));
    expect(said).toMatchObject({ status: 400, json: { error: 'invalid_dpop_proof' } });
  });

  test('a proof serves once', async () => {
    const proof = await prove(mine, 'POST', tokenUrl());
    expect((await redeem(proof)).status).toBe(200);
    expect((await redeem(proof)).json.error).toMatch(/^invalid_(grant|dpop_proof)$/);
  });

  test('a proof dated ahead serves once as well, for as long as it would be taken', async () => {
    const begun = Date.now();
    const iat = Math.floor(begun / 1000) + 295;
    const proof = await prove(mine, 'POST', tokenUrl(), { claims: { iat } });
    expect((await redeem(proof)).status).toBe(200);
    for (const seconds of [310, 590]) {
      vi.useFakeTimers({ toFake: ['Date'], now: begun + seconds * 1000 });
      const purge = startPurge(world.house, { everyMs: 3_600_000 });
      await purge.purgeNow();
      await purge.stop();
      expect((await redeem(proof)).status).toBe(400);
    }
    const fresh = await prove(mine, 'POST', tokenUrl(), { claims: { iat } });
    expect((await redeem(fresh)).status).toBe(200);
  });

  test.each([-290, 290])('a clock %d seconds off is let through', async (off) => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const iat = Math.floor(Date.now() / 1000) + off;
    expect((await redeem(await prove(mine, 'POST', tokenUrl(), { claims: { iat } }))).status).toBe(200);
  });

  test('dpop_jkt binds the code to the key that will redeem it (RFC 9449 §10)', async () => {
    const app = await world.app({ clientId: 'plain' });
    const jkt = await calculateJwkThumbprint(mine.jwk);
    const withKey = async (pair: Pair | undefined) => {
      const { code, attempt } = await getCode(app, world.browser(), { dpop_jkt: jkt });
      const form = {
        grant_type: 'authorization_code',
        code,
        code_verifier: attempt.codeVerifier,
        redirect_uri: app.redirectUri,
      };
      const proof = pair && { dpop: await prove(pair, 'POST', tokenUrl()) };
      return ask(tokenUrl(), { form, headers: { ...basic('plain', secretOf('plain')), ...proof } });
    };
    expect((await withKey(mine)).status).toBe(200);
    expect((await withKey(other)).json.error).toBe('invalid_grant');
    expect((await withKey(undefined)).json.error).toBe('invalid_grant');
  });
});

describe('at userinfo', () => {
  let token: string;
  const read = (proof: string | undefined, scheme = 'DPoP') =>
    ask(userinfoUrl(), { headers: { authorization: `${scheme} ${token}`, ...(proof && { dpop: proof }) } });
  const right = (pair: Pair, forged: Forged = {}) =>
    prove(pair, 'GET', userinfoUrl(), { ...forged, claims: { ath: hashOf(token), ...forged.claims } });

  beforeAll(async () => {
    token = String((await redeem(await prove(mine, 'POST', tokenUrl()))).json.access_token);
  });

  test('the key that the token is bound to opens it', async () => {
    expect((await read(await right(mine))).status).toBe(200);
  });

  test.each<[string, () => Promise<Said>]>([
    ['another key', async () => read(await right(other))],
    ['no proof', async () => read(undefined)],
    ['no proof, as a bearer token', async () => read(undefined, 'Bearer')],
    ['a proof, as a bearer token', async () => read(await right(mine), 'Bearer')],
    ['a proof of another token', async () => read(await right(mine, { claims: { ath: hashOf('x') } }))],
    ['a proof of no token', async () => read(await right(mine, { claims: { ath: undefined } }))],
    ['the proof of another method', async () => read(await right(mine, { claims: { htm: 'POST' } }))],
    ['a proof of the token endpoint', async () => read(await right(mine, { claims: { htu: tokenUrl() } }))],
  ])('%s does not', async (_what, attempt) => {
    const { status, json, headers } = await attempt();
    expect([400, 401]).toContain(status);
    expect(json).not.toHaveProperty('sub');
    expect(headers.get('www-authenticate')).toContain('DPoP');
  });

  test('a proof serves once', async () => {
    const proof = await right(mine);
    expect((await read(proof)).status).toBe(200);
    expect((await read(proof)).status).toBe(401);
  });

  test('a bearer token is not opened by a proof', async () => {
    token = String((await redeem(undefined)).json.access_token);
    expect((await read(await right(mine))).status).toBe(401);
  });
});

describe('refresh tokens', () => {
  test('of a public app are bound to the key as well', async () => {
    const { tokens } = await signInto(open, world.browser(), { prompt: 'consent' });
    const refreshToken = tokens.refresh_token ?? '';
    const form = { grant_type: 'refresh_token', refresh_token: refreshToken, client_id: 'open' };
    const stolen = await ask(tokenUrl(), { form, headers: { dpop: await prove(other, 'POST', tokenUrl()) } });
    expect(stolen).toMatchObject({ status: 400, json: { error: 'invalid_grant' } });
    expect(await ask(tokenUrl(), { form })).toMatchObject({ status: 400, json: { error: 'invalid_grant' } });
    expect((await open.refresh(refreshToken)).token_type).toBe('dpop');
  });

  test('of a confidential app are bound to the app, which proves itself otherwise (RFC 9449 §5)', async () => {
    const { tokens } = await signInto(bound, world.browser(), { scope: everyScope, prompt: 'consent' });
    const form = { grant_type: 'refresh_token', refresh_token: tokens.refresh_token ?? '' };
    const headers = { ...basic('bound', secretOf('bound')), dpop: await prove(other, 'POST', tokenUrl()) };
    expect(await ask(tokenUrl(), { form, headers })).toMatchObject({ status: 200, json: { token_type: 'DPoP' } });
    expect(await refusalOf((await world.app({ clientId: 'bound' })).refresh(form.refresh_token))).toBe(
      '400 invalid_grant',
    );
  });
});

function unsigned(url: string): string {
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
  const claims = { jti: crypto.randomUUID(), htm: 'POST', htu: url, iat: Math.floor(Date.now() / 1000) };
  return `${encode({ alg: 'none', typ: 'dpop+jwt', jwk: mine.jwk })}.${encode(claims)}.`;
}
