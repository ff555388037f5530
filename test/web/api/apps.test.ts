/** An agency's apps by the API: registered, changed and read by the rules of every other way in. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { applyChange } from '#src/registry/changes.ts';
import { moveClient } from '#src/registry/client-life.ts';
import { findClient } from '#src/registry/clients.ts';
import { type ApiAnswer, type ApiClient, openApi } from '#test/support/api.ts';
import { exchange } from '#test/support/browser-agent.ts';
import { openWorld, type World } from '#test/support/world.ts';

let world: World;
let api: ApiClient;

beforeAll(async () => {
  world = await openWorld();
  api = await openApi(world);
});
afterAll(() => world?.[Symbol.asyncDispose]());

const portal = {
  client_id: 'portal-warga',
  client_name: 'Portal Warga',
  purpose: 'Mengurus surat keterangan.',
  redirect_uris: ['http://localhost:3010/callback'],
  scope: 'openid email',
};

const register = (declaration: object, headers: Record<string, string> = {}) =>
  api.post(`/agencies/${api.agencyId}/apps`, { declaration }, headers);

const appOf = (answer: ApiAnswer) => answer.json.app as Record<string, unknown>;

/** Whether a secret opens the token endpoint: a wrong grant is another mistake than a wrong secret. */
async function opens(clientId: string, secret: string): Promise<boolean> {
  const authorization = `Basic ${Buffer.from(`${clientId}:${secret}`).toString('base64')}`;
  const headers = { authorization, 'content-type': 'application/x-www-form-urlencoded' };
  const body = 'grant_type=authorization_code&code=x&redirect_uri=http://localhost:3010/callback';
  const { status } = await exchange(`${world.issuer}/token`, { method: 'POST', headers, body });
  return status === 400;
}

describe('an app', () => {
  test('is registered and works at once, with a secret that is told this once', async () => {
    const made = await register(portal);
    expect(made.status).toBe(201);
    expect(made.headers.get('location')).toBe(`${world.issuer}/api/v1/apps/portal-warga`);
    expect(made.headers.get('etag')).toBe('"1"');
    expect(appOf(made)).toMatchObject({ id: 'portal-warga', agency: api.agencyId, state: 'sandbox', number: 1 });
    await world.house.clients.refresh();
    expect(await opens('portal-warga', String(made.json.client_secret))).toBe(true);
    expect(await opens('portal-warga', 'x'.repeat(43))).toBe(false);
    const read = await api.get('/apps/portal-warga');
    expect(read.json.declaration).toMatchObject({ client_name: 'Portal Warga', scope: 'openid email' });
    expect(read.body).not.toContain(String(made.json.client_secret));
  });

  test('is not registered twice, nor over another agency’s', async () => {
    for (const client_id of ['portal-warga', 'puskesmas-online']) {
      const again = await register({ ...portal, client_id });
      expect([again.status, again.json.code]).toEqual([409, 'client_taken']);
    }
  });

  test('is told every mistake, and where it is', async () => {
    const answer = await register({
      ...portal,
      client_id: 'Portal!',
      redirect_uris: ['http://a.id/*'],
      colour: 1,
      state: 'live',
    });
    expect([answer.status, answer.json.code]).toEqual([422, 'content_invalid']);
    const pointers = (answer.json.errors as { pointer: string }[]).map(({ pointer }) => pointer);
    expect(pointers).toEqual(
      expect.arrayContaining([
        '/declaration/client_id',
        '/declaration/colour',
        '/declaration/redirect_uris/0',
        '/declaration/state',
      ]),
    );
  });

  test('is changed by whoever names the version that they read', async () => {
    const before = await api.get('/apps/portal-warga');
    const declaration = { ...(before.json.declaration as object), client_name: 'Portal Warga Baru' };
    const without = await api.put('/apps/portal-warga', { declaration });
    expect([without.status, without.json.code]).toEqual([428, 'precondition_required']);
    const wrong = await api.put('/apps/portal-warga', { declaration }, { 'if-match': '"7"' });
    expect([wrong.status, wrong.json.code]).toEqual([412, 'version_conflict']);
    const etag = before.headers.get('etag') ?? '';
    const changed = await api.put('/apps/portal-warga', { declaration, reason: 'Nama baru' }, { 'if-match': etag });
    expect(changed.json).toMatchObject({ outcome: 'applied', number: 2, changed: ['client_name'] });
    expect(changed.headers.get('etag')).toBe('"2"');
    const late = await api.put('/apps/portal-warga', { declaration }, { 'if-match': etag });
    expect(late.status).toBe(412);
    const same = await api.get('/apps/portal-warga', { headers: { 'if-none-match': '"2"' } });
    expect([same.status, same.body]).toEqual([304, '']);
  });

  test('of two changes of one version exactly one takes effect', async () => {
    const { json, headers } = await api.get('/apps/portal-warga');
    const etag = headers.get('etag') ?? '';
    const answers = await Promise.all(
      ['Satu', 'Dua', 'Tiga', 'Empat'].map((client_name) =>
        api.put(
          '/apps/portal-warga',
          { declaration: { ...(json.declaration as object), client_name } },
          { 'if-match': etag },
        ),
      ),
    );
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 412, 412, 412]);
  });

  test('that people use is changed at once where that is safe; what is risky waits', async () => {
    await register({ ...portal, client_id: 'portal-hidup' });
    await world.database.transaction((tx) =>
      moveClient(tx, { clientId: 'portal-hidup', to: 'live', actor: 'command', via: 'command' }),
    );
    const read = async () => {
      const { json, headers } = await api.get('/apps/portal-hidup');
      return { declaration: json.declaration as object, etag: headers.get('etag') ?? '' };
    };
    const first = await read();
    const safe = { ...first.declaration, policy_uri: 'https://portal.contoh.go.id/privasi' };
    const applied = await api.put('/apps/portal-hidup', { declaration: safe }, { 'if-match': first.etag });
    expect([applied.status, applied.json.outcome]).toEqual([200, 'applied']);
    const second = await read();
    const risky = {
      ...second.declaration,
      redirect_uris: ['http://localhost:3010/callback', 'https://lain.contoh.id/cb'],
    };
    const waiting = await api.put('/apps/portal-hidup', { declaration: risky }, { 'if-match': second.etag });
    expect(waiting.status).toBe(202);
    expect(waiting.json).toMatchObject({ outcome: 'pending', risky: ['redirect_uris'] });
    expect((await findClient(world.database, 'portal-hidup'))?.redirectUris).toEqual([
      'http://localhost:3010/callback',
    ]);
    const { json } = await api.get(`/apps/portal-hidup/versions/${waiting.json.number}`);
    expect(json).toMatchObject({ status: 'pending', via: 'api', actor: 'client mesin-api', is_risky: true });
  });

  test('a machine gives no machine what developers may not do', async () => {
    const machine = { client_id: 'mesin-naik', client_name: 'Mesin', purpose: 'Naik.', type: 'machine' };
    for (const scope of ['team.write', 'reviews.decide', 'agencies.write', 'desk.issue', 'openid']) {
      const { status, json } = await register({ ...machine, scope: `apps.read ${scope}` });
      expect([status, json.code]).toEqual([422, 'content_invalid']);
    }
  });
});

describe('versions', () => {
  test('say who changed what by which way, the newest first', async () => {
    const { json } = await api.get('/apps/portal-warga/versions');
    const versions = json.items as Record<string, unknown>[];
    expect(versions.map(({ number }) => number)).toEqual([3, 2, 1]);
    expect(versions[1]).toMatchObject({
      via: 'api',
      actor: 'client mesin-api',
      reason: 'Nama baru',
      changed: ['client_name'],
    });
    const page = await api.get('/apps/portal-warga/versions?limit=2');
    expect(page.headers.get('link')).toMatch(/rel="next"$/);
  });

  test.each(['0', '99', 'x', '-1', '1e3', '9999999999'])('number %s is not there', async (number) => {
    expect((await api.get(`/apps/portal-warga/versions/${number}`)).status).toBe(404);
  });
});

describe('secrets', () => {
  test('rotate with two alive, and each can be ended', async () => {
    const { json: made } = await api.post('/apps/portal-warga/secrets', { overlap_days: 7 });
    await world.house.clients.refresh();
    expect(await opens('portal-warga', String(made.client_secret))).toBe(true);
    const { json, body } = await api.get('/apps/portal-warga/secrets');
    const listed = json.items as { id: string; created_by: string }[];
    expect(listed).toHaveLength(2);
    expect(listed[0]).toMatchObject({ id: made.id, created_by: 'client mesin-api' });
    expect(body).not.toContain(String(made.client_secret));
    expect((await api.post('/apps/portal-warga/secrets', {})).json.code).toBe('two_secrets_live');
    expect((await api.delete(`/apps/portal-warga/secrets/${made.id}`)).status).toBe(204);
    await world.house.clients.refresh();
    expect(await opens('portal-warga', String(made.client_secret))).toBe(false);
    expect((await api.delete('/apps/portal-warga/secrets/x')).status).toBe(404);
  });
});

describe('lists', () => {
  test('find apps by words and state, within one’s own agency', async () => {
    const ids = async (query: string) =>
      ((await api.get(`/apps?${query}`)).json.items as { id: string }[]).map(({ id }) => id);
    expect(await ids('q=portal')).toEqual(expect.arrayContaining(['portal-warga', 'portal-hidup']));
    expect(await ids('q=portal&state=live')).toEqual(['portal-hidup']);
    expect(await ids('q=puskesmas')).toEqual([]);
    expect(await ids('agency=dinas-kesehatan')).toEqual([]);
    expect(await ids('type=machine').catch(() => 'refused')).toBe('refused');
  });

  test('tell of the agency, its people and the policy areas', async () => {
    expect((await api.get('/agencies')).json.items).toMatchObject([{ id: api.agencyId }]);
    expect((await api.get(`/agencies/${api.agencyId}`)).json).toMatchObject({ id: api.agencyId, path: [api.agencyId] });
    expect((await api.get(`/agencies/${api.agencyId}/members`)).json.items).toEqual([]);
    expect((await api.get('/sectors')).status).toBe(200);
    expect((await api.get('/agencies/dinas-kesehatan')).status).toBe(404);
  });

  test('tell developers why an attempt failed', async () => {
    const query = new URLSearchParams({
      ...{ client_id: 'portal-warga', response_type: 'code', scope: 'openid' },
      redirect_uri: 'http://localhost:3010/calback',
    });
    const failed = await exchange(`${world.issuer}/authorize?${query}`);
    await world.database.settle();
    const reference = failed.headers.get('request-reference') ?? '';
    const { json } = await api.get(`/apps/portal-warga/attempts?reference=${reference}`);
    expect(json.items).toMatchObject([
      { reference, code: 'redirect_uri_unknown', details: { received: 'http://localhost:3010/calback' } },
    ]);
    expect(((await api.get('/apps/portal-warga/attempts?limit=1')).json.items as object[]).length).toBe(1);
  });
});

describe('the way to production', () => {
  test('the checks say what is in the way, and nothing goes live before it is gone', async () => {
    await register({ ...portal, client_id: 'portal-jalan' });
    expect((await api.get('/apps/portal-jalan/checks')).json.items).toEqual([]);
    const { json } = await api.post('/apps/portal-jalan/checks', undefined);
    const checks = json.items as { name: string; outcome: string; problems: { code: string }[] }[];
    expect(checks.find(({ name }) => name === 'sign-in')?.outcome).toBe('failed');
    expect((await api.get('/apps/portal-jalan/checks')).json.items).toEqual(checks);
    const asked = await api.post('/apps/portal-jalan/production', {});
    expect([asked.status, asked.json.code]).toEqual([409, 'checks_not_green']);
    expect(await findClient(world.database, 'portal-jalan')).toMatchObject({
      state: 'sandbox',
      reviewAskedAt: expect.any(Date),
    });
  });

  test('what waits is in the queue, and can be taken back but not decided by a machine', async () => {
    const { json } = await api.get('/reviews');
    const waiting = json.items as { app: string; number: number }[];
    const mine = waiting.find(({ app }) => app === 'portal-hidup');
    expect(mine).toMatchObject({ changed: ['redirect_uris'], actor: 'client mesin-api', approvals: 0 });
    const version = `/apps/portal-hidup/versions/${mine?.number}`;
    expect((await api.get(`${version}/approvals`)).json.items).toEqual([]);
    expect((await api.post(`${version}/approvals`, { verdict: 'approved' })).status).toBe(405);
    expect((await api.delete(version)).status).toBe(204);
    expect((await api.get(version)).json.status).toBe('superseded');
    expect((await api.delete(version)).json.code).toBe('version_not_pending');
    expect((await api.get('/reviews')).json.items).toEqual([]);
  });
});

test('a change by another way counts for If-Match as well', async () => {
  const { json, headers } = await api.get('/apps/portal-warga');
  const declaration = json.declaration as Record<string, unknown>;
  const { checkClientEntry } = await import('#src/registry/registration-schema.ts');
  const { entry } = checkClientEntry({ ...declaration, client_name: 'Dari Halaman' }, 'sandbox');
  if (!entry) throw new Error('a declaration of ours has mistakes');
  const page = { agencyId: api.agencyId, entry, via: 'page', actor: 'seseorang', mode: 'sandbox' } as const;
  await world.database.transaction((tx) => applyChange(tx, world.house.secrets, page));
  const late = await api.put('/apps/portal-warga', { declaration }, { 'if-match': headers.get('etag') ?? '' });
  expect(late.status).toBe(412);
});
