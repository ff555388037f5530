/** Apps that register themselves (RFC 7591) and look after their registration (RFC 7592), driven by openid-client where it can. */
import * as oidc from 'openid-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listCasesOf } from '#src/registry/cases.ts';
import { moveClient } from '#src/registry/client-life.ts';
import { findClient } from '#src/registry/clients.ts';
import { closeRegistrations, openRegistrations } from '#src/registry/closures.ts';
import { stepTo } from '#src/registry/migration.ts';
import { makeRegistrationToken } from '#src/registry/registration-tokens.ts';
import { listVersions } from '#src/registry/versions.ts';
import { type ApiAnswer, ask } from '#test/support/api.ts';
import { openRelyingParty } from '#test/support/relying-party.ts';
import { openWorld, signIn, type World } from '#test/support/world.ts';

let world: World;
const agencyId = 'dinas-kesehatan';

beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world?.[Symbol.asyncDispose]());

/** More than a few alike have to be justified, also those of one agency. */
const metadata = {
  client_name: 'Antrean Loket',
  redirect_uris: ['http://localhost:3001/callback'],
  justification: 'Satu layanan untuk setiap loket.',
};

async function newToken(uses = 1, days = 30): Promise<string> {
  const wish = { agencyId, label: 'uji', days, uses };
  const made = await world.database.transaction((tx) =>
    makeRegistrationToken(tx, world.house.secrets, wish, 'command'),
  );
  return made.secret;
}

const register = (body: unknown, token: string): Promise<ApiAnswer> =>
  ask('POST', `${world.issuer}/register`, { body, headers: { authorization: `Bearer ${token}` } });

async function registered(more: object = {}): Promise<Record<string, unknown>> {
  const { status, json } = await register({ ...metadata, ...more }, await newToken());
  expect(status).toBe(201);
  return json;
}

const own = (method: string, app: Record<string, unknown>, body?: unknown, token = app.registration_access_token) =>
  ask(method, String(app.registration_client_uri), { body, headers: { authorization: `Bearer ${token}` } });

describe('an app very much like one that exists', () => {
  const { redirect_uris } = metadata;
  const like = { redirect_uris, client_name: 'Peminjaman Mobil Jenazah', client_uri: 'https://mobil.contoh.go.id' };
  beforeAll(async () => {
    await world.declare({ ...like, client_id: 'mobil-jenazah', purpose: 'Meminjam mobil jenazah.' });
    await world.database.execute(`update clients set live_since = $1 where id = 'mobil-jenazah'`, [new Date()]);
  });

  test('is refused without a justification, and its token is not spent; with one it is registered and has a case', async () => {
    const token = await newToken();
    const refused = await register(like, token);
    expect([refused.status, refused.json.likely]).toMatchObject([409, [{ ref: 'client:mobil-jenazah' }]]);
    expect((await register({ ...like, justification: '   ' }, token)).status).toBe(409);
    const justification = 'Yang ada tidak melayani desa di pulau kecil.';
    const { status, json } = await register({ ...like, justification }, token);
    expect([status, 'justification' in json]).toEqual([201, false]);
    expect(await listCasesOf(world.database, String(json.client_id))).toMatchObject([
      { status: 'open', justification, via: 'registration', duplicates: [{ ref: 'client:mobil-jenazah' }] },
    ]);
  });
});

test('an app of a closed agency is refused, which is counted once a day, however often it is tried', async () => {
  const closed = await world.database.transaction((tx) =>
    closeRegistrations(tx, { agencyId, reason: 'Dipadukan dahulu.', actor: 'command' }),
  );
  const token = await newToken();
  const tries = await Promise.all(Array.from({ length: 10 }, () => register(metadata, token)));
  expect(new Set(tries.map(({ status }) => status))).toEqual(new Set([403]));
  const counted = await world.database.query<{ why: string; name: string }>(
    `select why, name from registrations_not_made where agency_id = $1`,
    [agencyId],
  );
  expect(counted).toEqual([{ why: 'closed', name: metadata.client_name }]);
  await world.database.transaction((tx) => openRegistrations(tx, closed.id, 'command'));
  expect((await register(metadata, token)).status).toBe(201);
});

describe('registering (RFC 7591)', () => {
  test('a library finds the endpoint, registers, and signs somebody in at once', async () => {
    const configuration = await oidc.dynamicClientRegistration(
      new URL(world.issuer),
      { ...metadata, scope: 'openid profile email', token_endpoint_auth_method: 'client_secret_basic' },
      undefined,
      { initialAccessToken: await newToken(), execute: [oidc.allowInsecureRequests] },
    );
    const { client_id: clientId, client_secret: clientSecret } = configuration.clientMetadata();
    expect(clientId).toMatch(/^antrean-loket-[a-z2-9]{8}$/);
    await world.house.clients.refresh();
    const redirectUri = metadata.redirect_uris[0] ?? '';
    const app = await openRelyingParty({
      issuer: world.issuer,
      clientId,
      clientSecret: String(clientSecret),
      redirectUri,
    });
    const attempt = await app.startSignIn();
    const tokens = await app.finishSignIn(attempt, await signIn(await world.browser().visit(attempt.url)));
    expect(tokens.claims()?.aud).toBe(clientId);
  });

  test('answers as the standard says, in state sandbox, at the agency whose token it was', async () => {
    const app = await registered({ scope: 'openid profile unheard-of', software_id: 'x', 'client_name#fr': 'File' });
    expect(app).toMatchObject({
      client_name: 'Antrean Loket',
      scope: 'openid profile',
      client_id_issued_at: expect.any(Number),
      client_secret: expect.stringMatching(/^[\w-]{43}$/),
      client_secret_expires_at: expect.any(Number),
      registration_client_uri: `${world.issuer}/register/${app.client_id}`,
      registration_access_token: expect.stringMatching(/^[\w-]{43}$/),
    });
    expect(app).not.toHaveProperty('software_id');
    const client = await findClient(world.database, String(app.client_id));
    expect(client).toMatchObject({ agencyId, state: 'sandbox', number: 1 });
    const [version] = await listVersions(world.database, String(app.client_id));
    expect(version).toMatchObject({ via: 'registration', actor: expect.stringMatching(/^registration-token /) });
  });

  test('an app without a secret gets none, and one of a phone or a browser is known for one', async () => {
    const spa = await registered({ token_endpoint_auth_method: 'none' });
    expect(spa).toMatchObject({ type: 'spa' });
    expect(spa).not.toHaveProperty('client_secret');
    const native = await registered({ application_type: 'native', redirect_uris: ['http://127.0.0.1/cb'] });
    expect(native).toMatchObject({ type: 'native', token_endpoint_auth_method: 'none' });
  });

  test('gives no machine the scopes of the API: those are given by people', async () => {
    const machine = await registered({
      ...{ grant_types: ['client_credentials'], redirect_uris: [], scope: 'apps.read apps.write' },
      client_uri: 'https://mesin.contoh.go.id/',
    });
    expect(machine).toMatchObject({ type: 'machine', scope: '' });
  });

  test.each([
    [{ redirect_uris: ['http://jahat.id/cb'] }, 'invalid_redirect_uri'],
    [{ redirect_uris: ['https://a.id/*'] }, 'invalid_redirect_uri'],
    [{ response_types: ['token'] }, 'invalid_client_metadata'],
    [{ grant_types: ['password'] }, 'invalid_client_metadata'],
    [{ jwks_uri: 'file:///etc/passwd', token_endpoint_auth_method: 'private_key_jwt' }, 'invalid_client_metadata'],
    [{ client_name: 'a\u202eb' }, 'invalid_client_metadata'],
    [{ client_name: 7 }, 'invalid_client_metadata'],
  ])('%j is refused as %s', async (wrong, error) => {
    const token = await newToken();
    const answer = await register({ ...metadata, ...wrong }, token);
    expect([answer.status, answer.json.error]).toEqual([400, error]);
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
    expect(answer.json.error_description).toMatch(/expected/);
    // What was refused has spent nothing.
    expect((await register(metadata, token)).status).toBe(201);
  });
});

describe('a registration token', () => {
  test('registers as many apps as it says: of ten at once no more', async () => {
    const token = await newToken(3);
    const answers = await Promise.all(Array.from({ length: 10 }, () => register(metadata, token)));
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status === 201)).toHaveLength(3);
    expect(statuses.filter((status) => ![201, 401, 503].includes(status))).toEqual([]);
    const refused = answers.find(({ status }) => status === 401);
    expect(refused?.json.error).toBe('invalid_token');
    expect(refused?.headers.get('www-authenticate')).toMatch(/^Bearer error="invalid_token"/);
  });

  test.each(['', 'x', 'x'.repeat(43), 'a b'])('that is none is refused: %s', async (token) => {
    expect((await register(metadata, token)).status).toBe(401);
  });

  test('is kept as a hash alone', async () => {
    const token = await newToken();
    const rows = await world.database.query('select t::text from registration_tokens t');
    expect(JSON.stringify(rows)).not.toContain(token);
  });
});

describe('looking after it (RFC 7592)', () => {
  test('the app reads its registration, without the secret', async () => {
    const app = await registered();
    const { status, json } = await own('GET', app);
    expect(status).toBe(200);
    expect(json).toMatchObject({ client_id: app.client_id, registration_access_token: app.registration_access_token });
    expect(json).not.toHaveProperty('client_secret');
  });

  test('and changes it, as a version of its own', async () => {
    const app = await registered();
    const changed = { ...metadata, client_id: app.client_id, client_name: 'Antrean Baru' };
    expect((await own('PUT', app, changed)).json).toMatchObject({ client_name: 'Antrean Baru' });
    const [version] = await listVersions(world.database, String(app.client_id));
    expect(version).toMatchObject({ number: 2, via: 'registration', actor: `client ${app.client_id}` });
    const other = await own('PUT', app, { ...changed, client_id: 'puskesmas-online' });
    expect([other.status, other.json.error]).toEqual([400, 'invalid_client_metadata']);
  });

  test('and sees how far it has come, which is its agency’s to say, whatever it sends back', async () => {
    const app = await registered();
    const clientId = String(app.client_id);
    expect(app).toMatchObject({ migration_stage: 'optional', migration_percentage: 100, migration_plan: [] });
    const cause = { clientId, via: 'page', actor: 'budi', mode: 'sandbox' } as const;
    const standing = { stage: 'default', percentage: 10 } as const;
    await world.database.transaction((tx) => stepTo(tx, cause, { standing }));
    const { json } = await own('PUT', app, { ...app, client_name: 'Antrean Baru' });
    expect(json).toMatchObject({ client_name: 'Antrean Baru', migration_stage: 'default', migration_percentage: 10 });
  });

  test('ends it, after which the token opens nothing', async () => {
    const app = await registered();
    expect((await own('DELETE', app)).status).toBe(204);
    expect((await findClient(world.database, String(app.client_id)))?.state).toBe('retired');
    expect((await own('GET', app)).status).toBe(401);
  });

  test('what people use is neither ended nor changed by its own token until somebody has agreed', async () => {
    const app = await registered({ client_name: 'Jadwal Imunisasi', purpose: 'Mengingatkan jadwal imunisasi.' });
    const clientId = String(app.client_id);
    await world.database.transaction((tx) =>
      moveClient(tx, { clientId, to: 'live', actor: 'command', via: 'command' }),
    );
    expect((await own('DELETE', app)).status).toBe(403);
    const moved = { ...metadata, client_id: clientId, redirect_uris: ['https://lain.contoh.id/cb'] };
    const { json } = await own('PUT', app, moved);
    expect(json).toMatchObject({ redirect_uris: metadata.redirect_uris, pending_version: expect.any(Number) });
    const named = { client_name: 'Bank Contoh', purpose: metadata.client_name };
    const renamed = await own('PUT', app, { ...metadata, client_id: clientId, ...named });
    expect(renamed.json).toMatchObject({ client_name: 'Jadwal Imunisasi', pending_version: expect.any(Number) });
  });

  test('nobody else’s token opens it, and an app that is not there looks the same', async () => {
    const [one, other] = [await registered(), await registered()];
    const answers = [
      await own('GET', one, undefined, other.registration_access_token),
      await own('PUT', one, { ...metadata, client_id: one.client_id }, other.registration_access_token),
      await own('DELETE', one, undefined, other.registration_access_token),
      await own('GET', { registration_client_uri: `${world.issuer}/register/tidak-ada` }, undefined, 'x'.repeat(43)),
      await own('GET', { registration_client_uri: `${world.issuer}/register/puskesmas-online` }, undefined, 'x'),
    ];
    expect(answers.map(({ status, json }) => [status, json.error])).toEqual(answers.map(() => [401, 'invalid_token']));
    expect((await own('GET', one)).status).toBe(200);
  });
});
