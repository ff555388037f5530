/** What is noted of apps while they are used: their last sign-in, how it was made, their credentials, and what fails. */
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { networkOf } from '#src/people/throttles.ts';
import { type Attempt, findAttempts, listAttempts } from '#src/registry/attempts.ts';
import { secretCredential, setClientSecret } from '#src/registry/client-secrets.ts';
import { setClientState } from '#src/registry/client-writes.ts';
import { findMatchingSecret } from '#src/registry/secret-hashes.ts';
import {
  findObservedSignIn,
  keyCredential,
  readCredentialUses,
  readLastSignIns,
  readSignIns,
  signInCounted,
} from '#src/registry/uses.ts';
import { ask, basic, finishWithoutPkce, getCode, goThrough, signInto, withoutPkce } from '#test/oidc/flows.ts';
import { exchange } from '#test/support/browser-agent.ts';
import { openWorld, secretOf, type World } from '#test/support/world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world?.[Symbol.asyncDispose]());
afterEach(() => void vi.useRealTimers());

/** What of an app has failed so far, the newest first. */
async function failuresOf(clientId: string): Promise<Attempt[]> {
  await world.database.settle();
  return listAttempts(world.database, clientId);
}

/** The one failure that `work` brings. */
async function failureIn(clientId: string, work: () => Promise<unknown>) {
  const before = (await failuresOf(clientId)).length;
  await work();
  const after = await failuresOf(clientId);
  expect(after).toHaveLength(before + 1);
  return after.find(({ at }) => at.getTime() === Math.max(...after.map((each) => each.at.getTime())))?.failure;
}

describe('a sign-in', () => {
  test('is noted with what its request had, once an hour; an incomplete one takes nothing from a complete one', async () => {
    const secret = 'rahasia-lengkap-0123456789-0123456789';
    await world.declare({ client_id: 'lengkap', require_pkce: false });
    await world.database.transaction((tx) => setClientSecret(tx, world.house.secrets, 'lengkap', secret, 'test'));
    await world.house.clients.refresh();
    const app = await world.app({ clientId: 'lengkap', clientSecret: secret });
    const browser = world.browser();

    const bare = await app.startSignIn({ ...withoutPkce, nonce: undefined });
    const page = await goThrough(browser, bare.url);
    await finishWithoutPkce(app, { ...bare, nonce: undefined as unknown as string }, page);
    await world.database.settle();
    expect(await findObservedSignIn(world.database, 'lengkap')).toMatchObject({
      ...{ withState: true, withNonce: false, withPkce: false, completeAt: undefined },
    });

    await signInto(app, browser);
    await world.database.settle();
    const complete = await findObservedSignIn(world.database, 'lengkap');
    expect(complete).toMatchObject({ withState: true, withNonce: true, withPkce: true });
    expect(complete?.completeAt).toBeInstanceOf(Date);
    const lastSignIn = (await readLastSignIns(world.database, ['lengkap'])).get('lengkap');
    expect(lastSignIn).toBeInstanceOf(Date);

    world.statements.length = 0;
    await signInto(app, browser);
    await world.database.settle();
    expect(world.statements.filter((text) => /client_(uses|test_sign_ins|credential_uses)/.test(text))).toEqual([]);
  });

  test('is counted on its day, each time and a second late, in rows that processes do not share', async () => {
    const app = await world.app({ clientId: 'pajak-daerah' });
    const browser = world.browser();
    vi.useFakeTimers({ toFake: ['Date'], now: new Date('2027-03-01T23:59:00Z') });
    for (let time = 0; time < 2; time += 1) await signInto(app, browser);
    const { code, attempt } = await getCode(app, browser);
    await world.database.settle();
    const sent = await world.sentFor(() => app.redeem(code, attempt.codeVerifier));
    expect(sent.filter(({ text }) => text.includes('client_days')).map(({ isLate }) => isLate)).toEqual([true]);
    vi.setSystemTime(new Date('2027-03-02T00:00:30Z'));
    await signInto(app, browser);
    await world.database.settle();
    vi.useRealTimers();
    expect(await readSignIns(world.database, 'pajak-daerah', '2027-03-01')).toEqual(
      new Map([
        ['2027-03-01', 3],
        ['2027-03-02', 1],
      ]),
    );
    expect(await readSignIns(world.database, 'pajak-daerah', '2027-03-02')).toEqual(new Map([['2027-03-02', 1]]));
  });

  test('of several processes at once are added up, also those that take the same slot', async () => {
    const given = (clientId: string, slot: number) => [clientId, '2027-04-01', slot];
    const counted = Array.from({ length: 60 }, (_, each) =>
      given(each % 2 ? 'pajak-daerah' : 'puskesmas-online', each % 3),
    );
    const processes = counted.map(async (row) => {
      await world.database.write(signInCounted, row);
    });
    await Promise.all(processes);
    for (const clientId of ['pajak-daerah', 'puskesmas-online'])
      expect(await readSignIns(world.database, clientId, '2027-04-01')).toEqual(new Map([['2027-04-01', 30]]));
  });

  test('of the account page, which is no app of the registry, leaves nothing', async () => {
    await world.browser().visit(`${world.issuer}/account`);
    await world.database.settle();
    expect(await world.database.query(`select from client_uses where client_id like 'lawang-%'`)).toEqual([]);
  });
});

describe('a credential', () => {
  test('that is a secret is noted by its name, with the network it was used in', async () => {
    await ask(`${world.issuer}/token`, {
      form: { grant_type: 'client_credentials' },
      headers: basic('mesin-data', secretOf('mesin-data')),
    });
    await world.database.settle();
    const uses = await readCredentialUses(world.database, 'mesin-data');
    const name = nameOf('mesin-data', secretOf('mesin-data'));
    expect([...uses.keys()]).toEqual([name]);
    expect(uses.get(String(name))?.network).toBe(networkOf('127.0.0.1'));
  });

  test('of two secrets, the one that was used; a wrong one is no use', async () => {
    const [old, young] = ['lama-0123456789-0123456789-012345678', 'baru-0123456789-0123456789-012345678'];
    await world.declare({ client_id: 'berganti', type: 'machine', grant_types: ['client_credentials'], ...machine });
    for (const secret of [old, young])
      await world.database.transaction((tx) => setClientSecret(tx, world.house.secrets, 'berganti', secret, 'test'));
    await world.house.clients.refresh();
    for (const secret of [old, 'salah'])
      await ask(`${world.issuer}/token`, {
        form: { grant_type: 'client_credentials' },
        headers: basic('berganti', secret),
      });
    await world.database.settle();
    expect([...(await readCredentialUses(world.database, 'berganti')).keys()]).toEqual([nameOf('berganti', old)]);
  });
});

/** Under which name the uses of a secret are kept. */
function nameOf(clientId: string, secret: string): string | undefined {
  const client = world.house.clients.find(clientId);
  const found = client && findMatchingSecret(world.house.secrets, client, secret);
  return found && secretCredential(found);
}

const machine = {
  scope: undefined,
  redirect_uris: [],
  post_logout_redirect_uris: [],
};

describe('a failed attempt', () => {
  test('is found by the reference that came with the answer, with both redirect URIs', async () => {
    const app = await world.app();
    const { url } = await app.startSignIn({ redirect_uri: 'http://localhost:3001/calback?nik=3201010101010001&a=b' });
    const { headers } = await exchange(url.href);
    await world.database.settle();
    const reference = String(headers.get('request-reference'));
    const [attempt, ...others] = await findAttempts(world.database, 'puskesmas-online', reference);
    expect(others).toEqual([]);
    expect(attempt?.failure).toEqual({
      code: 'redirect_uri_unknown',
      received: 'http://localhost:3001/calback?nik=…&a=…',
      registered: ['http://localhost:3001/callback'],
    });
    expect(await findAttempts(world.database, 'pajak-daerah', reference)).toEqual([]);
  });

  test('says that PKCE is missing, plain, or redeemed with nothing or with another verifier', async () => {
    const app = await world.app();
    const visit = async (overrides: Record<string, string | undefined>) =>
      exchange((await app.startSignIn(overrides)).url.href);
    expect(await failureIn('puskesmas-online', () => visit(withoutPkce))).toEqual({ code: 'pkce_missing' });
    expect(await failureIn('puskesmas-online', () => visit({ code_challenge_method: 'plain' }))).toEqual({
      ...{ code: 'pkce_method', received: 'plain' },
    });
    const browser = world.browser();
    const { code } = await getCode(app, browser);
    expect(
      await failureIn('puskesmas-online', () =>
        app.requestGrant('authorization_code', { code, redirect_uri: app.redirectUri }).catch(() => undefined),
      ),
    ).toEqual({ code: 'verifier_missing' });
    const other = await getCode(app, browser);
    expect(
      await failureIn('puskesmas-online', () => app.redeem(other.code, 'v'.repeat(43)).catch(() => undefined)),
    ).toEqual({ code: 'verifier_wrong' });
  });

  test('says what is wrong with a code: unknown, used, expired, or redeemed for another address', async () => {
    const app = await world.app({ clientId: 'pajak-daerah' });
    const browser = world.browser();
    const redeem =
      (code: string, verifier: string, overrides = {}) =>
      () =>
        app.redeem(code, verifier, overrides).catch(() => undefined);
    expect(await failureIn('pajak-daerah', redeem('x'.repeat(43), 'v'.repeat(43)))).toEqual({ code: 'code_unknown' });
    const spent = await getCode(app, browser);
    await app.redeem(spent.code, spent.attempt.codeVerifier);
    expect(await failureIn('pajak-daerah', redeem(spent.code, spent.attempt.codeVerifier))).toEqual({
      code: 'code_used',
    });
    const moved = await getCode(app, browser);
    expect(
      await failureIn(
        'pajak-daerah',
        redeem(moved.code, moved.attempt.codeVerifier, { redirect_uri: 'http://localhost:3002/lain' }),
      ),
    ).toEqual({
      code: 'redirect_uri_changed',
      received: 'http://localhost:3002/lain',
      registered: ['http://localhost:3002/callback'],
    });
  });

  test('says that a secret is wrong, or that it was right until when', async () => {
    const [old, young] = ['lewat-0123456789-0123456789-01234567', 'kini-0123456789-0123456789-012345678'];
    await world.declare({ client_id: 'kedaluwarsa', type: 'machine', grant_types: ['client_credentials'], ...machine });
    for (const secret of [old, young])
      await world.database.transaction((tx) => setClientSecret(tx, world.house.secrets, 'kedaluwarsa', secret, 'test'));
    const since = new Date(Date.now() - 60_000);
    await world.database.transaction(async (tx) => {
      await tx.execute('update registry_version set version = version + 1');
      await tx.execute(
        `update client_secrets set expires_at = $1 where client_id = 'kedaluwarsa' and expires_at is not null`,
        [since],
      );
      await tx.execute(`update clients set version = (select version from registry_version) where id = 'kedaluwarsa'`);
    });
    await world.house.clients.refresh();
    const use = (secret: string) => () =>
      ask(`${world.issuer}/token`, {
        form: { grant_type: 'client_credentials' },
        headers: basic('kedaluwarsa', secret),
      });
    expect(await failureIn('kedaluwarsa', use('salah'))).toEqual({ code: 'secret_wrong' });
    expect(await failureIn('kedaluwarsa', use(old))).toEqual({ code: 'secret_expired', since: since.toISOString() });
    expect(
      await failureIn('kedaluwarsa', () =>
        ask(`${world.issuer}/token`, { form: { grant_type: 'client_credentials', client_id: 'kedaluwarsa' } }),
      ),
    ).toEqual({ code: 'method_wrong', expected: 'client_secret_basic' });
  });

  test('says what is wrong with an assertion: audience, clock, key, signature, use; a right one is a use of its key', async () => {
    const [key, stranger] = await Promise.all([generateKeyPair('ES256'), generateKeyPair('ES256')]);
    const jwk = { ...(await exportJWK(key.publicKey)), kid: 'kunci-2026', alg: 'ES256', use: 'sig' };
    await world.declare({
      client_id: 'bertanda',
      type: 'machine',
      grant_types: ['client_credentials'],
      token_endpoint_auth_method: 'private_key_jwt',
      jwks: { keys: [jwk] },
      ...machine,
    });
    // How far a clock is off is said in whole seconds, which must not go on meanwhile.
    vi.useFakeTimers({ toFake: ['Date'] });
    const now = () => Math.floor(Date.now() / 1000);
    const failure = async (...how: Parameters<typeof use>) => {
      const found = await failureIn('bertanda', () => use(...how));
      vi.setSystemTime(Date.now() + 1_000);
      return found;
    };
    const use = async (claims: Record<string, unknown> = {}, kid = 'kunci-2026', signedBy = key.privateKey) => {
      const client_assertion = await new SignJWT({
        ...{ iss: 'bertanda', sub: 'bertanda', aud: world.issuer, jti: crypto.randomUUID() },
        ...{ iat: now(), exp: now() + 60 },
        ...claims,
      })
        .setProtectedHeader({ alg: 'ES256', kid })
        .sign(signedBy);
      return ask(`${world.issuer}/token`, {
        form: {
          grant_type: 'client_credentials',
          client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
          client_assertion,
        },
      });
    };
    const aud = `${world.issuer}/token`;
    expect(await failure({ aud })).toEqual({ code: 'audience_wrong', received: aud, expected: world.issuer });
    expect(await failure({ aud: 'https://lain.contoh.go.id' })).toMatchObject({ code: 'audience_wrong' });
    expect(await failure({ iat: now() - 400, exp: now() - 340 })).toEqual({ code: 'clock_skew', seconds: -400 });
    expect(await failure({ nbf: now() + 90, exp: now() + 150 })).toEqual({ code: 'clock_skew', seconds: 90 });
    expect(await failure({}, 'kunci-lama')).toEqual({
      ...{ code: 'key_unknown', received: 'kunci-lama', registered: ['kunci-2026'] },
    });
    // What a stranger sends is kept as text that the database takes, cut short.
    expect(await failure({}, `a\0\ud800${'x'.repeat(1000)}`)).toMatchObject({
      ...{ code: 'key_unknown', received: expect.stringMatching(/^a��x{297}$/) },
    });
    expect(await failure({}, 'kunci-2026', stranger.privateKey)).toEqual({ code: 'signature_wrong' });
    expect(await readCredentialUses(world.database, 'bertanda')).toEqual(new Map());
    expect((await use({ jti: 'sekali' })).status).toBe(200);
    expect(await failure({ jti: 'sekali' })).toEqual({ code: 'assertion_used' });
    await world.database.settle();
    expect([...(await readCredentialUses(world.database, 'bertanda')).keys()]).toEqual([keyCredential('kunci-2026')]);
  });

  test('says that the app is stopped, and which scope is not registered', async () => {
    await world.declare({ client_id: 'sempit', scope: 'openid profile' });
    const app = await world.app({ clientId: 'sempit', clientSecret: 'x' });
    const { url } = await app.startSignIn({ scope: 'openid phone' });
    expect(await failureIn('sempit', () => exchange(url.href))).toMatchObject({
      ...{ code: 'scope_not_registered', received: 'phone' },
    });
    await world.database.transaction((tx) => setClientState(tx, 'sempit', 'suspended', 'test'));
    await world.house.clients.refresh();
    expect(await failureIn('sempit', () => exchange(url.href))).toEqual({ code: 'client_stopped', state: 'suspended' });
  });

  test('is none when the person says no, or has to sign in first', async () => {
    const before = (await failuresOf('puskesmas-online')).length;
    const app = await world.app();
    await exchange((await app.startSignIn({ prompt: 'none' })).url.href);
    const page = await world.browser().visit((await app.startSignIn()).url);
    await page.press('#cancel');
    expect(await failuresOf('puskesmas-online')).toHaveLength(before);
  });

  test('of a stranger who repeats it is kept thirty times an hour, and hides no failure of another kind', async () => {
    await world.declare({ client_id: 'diganggu' });
    const app = await world.app({ clientId: 'diganggu', clientSecret: 'x' });
    const wrong = (await app.startSignIn({ redirect_uri: 'https://penyerang.contoh.id/' })).url.href;
    for (let i = 0; i < 40; i += 1) await exchange(wrong);
    expect(await failuresOf('diganggu')).toHaveLength(25);
    expect(await listAttempts(world.database, 'diganggu', { limit: 100 })).toHaveLength(30);
    await exchange((await app.startSignIn(withoutPkce)).url.href);
    await world.database.settle();
    const all = await listAttempts(world.database, 'diganggu', { limit: 100 });
    expect(all.filter(({ failure }) => failure.code === 'pkce_missing')).toHaveLength(1);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3_700_000 });
    await exchange(wrong);
    await world.database.settle();
    expect(await listAttempts(world.database, 'diganggu', { limit: 100 })).toHaveLength(32);
    vi.useRealTimers();
  });

  test('is listed page by page, the newest first, and is gone after a week', async () => {
    const all = await listAttempts(world.database, 'diganggu', { limit: 100 });
    const first = await listAttempts(world.database, 'diganggu', { limit: 20 });
    const rest = await listAttempts(world.database, 'diganggu', { limit: 100, after: first.at(-1) });
    expect([...first, ...rest].map(({ id }) => id)).toEqual(all.map(({ id }) => id));
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 8 * 24 * 3_600_000 });
    expect(await listAttempts(world.database, 'diganggu')).toEqual([]);
    vi.useRealTimers();
  });
});
