/** What exists, by the API: kept under the agency's own keys, seen by whom it concerns. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadClient } from '#src/registry/clients.ts';
import { matchDue } from '#src/registry/inventory-matches.ts';
import { saveSector } from '#src/registry/sectors.ts';
import { type ApiAnswer, type ApiClient, openApi } from '#test/support/api.ts';
import { openWorld, type World } from '#test/support/world.ts';

let world: World;
let api: ApiClient;

beforeAll(async () => {
  world = await openWorld();
  api = await openApi(world);
});
afterAll(() => world?.[Symbol.asyncDispose]());

const simpus = { name: 'Simpus', name_en: 'Clinic Records', host: 'simpus.contoh.go.id', users: 1200 };

const save = (key: string, entry: object, headers: Record<string, string> = {}, by = api) =>
  by.put(`/agencies/${by.agencyId}/inventory/${encodeURIComponent(key)}`, { entry }, headers);

const recordOf = ({ json }: ApiAnswer) => json.record as { id: string; number: number; entry: object };
const itemsOf = ({ json }: ApiAnswer) => json.items as Record<string, unknown>[];

describe('a record', () => {
  test('is found by its key, so that the same again changes nothing', async () => {
    const made = await save('A/1 x', simpus);
    expect([made.status, made.json.outcome]).toEqual([201, 'created']);
    const { id } = recordOf(made);
    expect(made.headers.get('location')).toBe(`${world.issuer}/api/v1/inventory/${id}`);
    const again = await save('A/1 x', simpus);
    expect([again.status, again.json.outcome, again.headers.get('etag')]).toEqual([200, 'unchanged', '"1"']);
    const changed = await save('A/1 x', { ...simpus, users: 1300 });
    expect(changed.json).toMatchObject({ outcome: 'updated', record: { id, number: 2, key: 'A/1 x' } });
    const read = await api.get(`/inventory/${id}`);
    expect(read.json).toMatchObject({ id, agency: api.agencyId, entry: { ...simpus, users: 1300 }, app: null });
    const [newest, first] = itemsOf(await api.get(`/inventory/${id}/versions`));
    expect(newest).toMatchObject({ number: 2, changed: ['users'], via: 'api', actor: 'client mesin-api' });
    expect(first).toMatchObject({ number: 1, entry: simpus });
  });

  test('is not overwritten by who has not seen the newest version', async () => {
    await save('A-2', simpus);
    await save('A-2', { ...simpus, users: 5 }, { 'if-match': '"1"' });
    const late = await save('A-2', { ...simpus, users: 6 }, { 'if-match': '"1"' });
    expect([late.status, late.json.code]).toEqual([412, 'record_conflict']);
    const missing = await save('belum-ada', simpus, { 'if-match': '"3"' });
    expect(missing.json.code).toBe('record_conflict');
  });

  test('with mistakes is refused as a whole: each is named, and says what to do in the language asked for', async () => {
    const wrong = { name: '', host: 'https://x.go.id/', users: -1, sectors: ['a b'], apa: 1 };
    const said = await save('A-3', wrong, { 'accept-language': 'en' });
    expect([said.status, said.json.code]).toEqual([422, 'content_invalid']);
    const errors = said.json.errors as { pointer: string; expected: string }[];
    expect(errors.map(({ pointer }) => pointer).toSorted()).toEqual([
      '/entry/apa',
      '/entry/host',
      '/entry/name',
      '/entry/sectors',
      '/entry/users',
    ]);
    expect(errors.find(({ pointer }) => pointer === '/entry/host')?.expected).toMatch(/without https/);
    const lagi = await save('A-3', wrong, { 'accept-language': 'id' });
    expect(JSON.stringify(lagi.json.errors)).toMatch(/tanpa https/);
    expect((await save('x'.repeat(61), simpus)).status).toBe(422);
    expect((await save('A-3', { ...simpus, sectors: ['tidak-ada'] })).json.code).toBe('sector_not_found');
    expect(itemsOf(await api.get('/inventory?q=A-3'))).toEqual([]);
  });

  test('is the same app as a client once somebody says so, and can be parted again', async () => {
    await world.declare({ client_id: 'milik-lain', client_name: 'Milik Lain' });
    const { id } = recordOf(await save('A-4', simpus));
    const foreign = await api.put(`/inventory/${id}/app`, { app: 'milik-lain' });
    expect([foreign.status, foreign.json.code]).toEqual([404, 'not_here']);
    const linked = await api.put(`/inventory/${id}/app`, { app: 'mesin-api' });
    expect(linked.json).toMatchObject({ app: 'mesin-api', number: 2 });
    const [line] = itemsOf(await api.get('/inventory?connection=connected'));
    expect(line).toMatchObject({ id, app: 'mesin-api', app_state: 'sandbox' });
    const other = recordOf(await save('A-5', simpus));
    expect((await api.put(`/inventory/${other.id}/app`, { app: 'mesin-api' })).json.code).toBe('record_linked');
    expect((await api.delete(`/inventory/${id}/app`)).status).toBe(204);
    expect((await api.get(`/inventory/${id}`)).json.app).toBeNull();
    const [parted] = itemsOf(await api.get(`/inventory/${id}/versions`));
    expect(parted).toMatchObject({ changed: ['app'], app: null });
  });

  test('that was taken out is not there, until the same key brings it back', async () => {
    const { id } = recordOf(await save('A-6', simpus));
    expect((await api.delete(`/inventory/${id}`)).json.code).toBe('precondition_required');
    expect((await api.delete(`/inventory/${id}`, { 'if-match': '"1"' })).status).toBe(204);
    expect((await api.get(`/inventory/${id}`)).json.code).toBe('not_here');
    const back = await save('A-6', simpus);
    expect([back.status, recordOf(back)]).toMatchObject([200, { id, number: 3 }]);
  });
});

describe('the list', () => {
  test('goes page by page, and comes as csv with nothing that a spreadsheet would run', async () => {
    for (const [key, name] of [
      ['B-1', '=cmd|calc'],
      ['B-2', '@SUM(1)'],
      ['B-3', '-1+1'],
    ] as const)
      expect((await save(key, { name })).status).toBe(201);
    const all = itemsOf(await api.get('/inventory?limit=200')).map(({ id }) => id);
    const seen: unknown[] = [];
    let next: string | undefined = '/inventory?limit=2';
    while (next !== undefined) {
      const page: ApiAnswer = await api.get(next);
      seen.push(...itemsOf(page).map(({ id }) => id));
      next = /^<(.+)>; rel="next"$/.exec(page.headers.get('link') ?? '')?.[1];
    }
    expect(seen).toEqual(all);
    const { body } = await api.get('/inventory', { headers: { accept: 'text/csv' } });
    const lines = body.trim().split('\r\n');
    expect(lines).toHaveLength(all.length + 1);
    expect(lines.filter((line) => /(^|,)"?[=@-]/.test(line))).toEqual([]);
    expect(body).toContain(`'=cmd|calc`);
  });

  test('has nothing of another agency; a coordinator of a sector sees what is in it, and changes nothing there', async () => {
    const other = await openApi(world, { clientId: 'mesin-tetangga' });
    const coordinatorId = other.agencyId;
    await world.database.transaction((tx) =>
      saveSector(
        tx,
        { id: 'uji-api', name: 'Uji', nameEn: 'Trial', isPriority: false, position: 90, coordinatorId },
        'test',
      ),
    );
    const own = recordOf(await save('C-1', { name: 'Di Dalam Sektor', sectors: ['uji-api'] }));
    const outside = recordOf(await save('C-2', { name: 'Di Luar Sektor' }));
    expect(itemsOf(await other.get('/inventory')).map(({ id }) => id)).toEqual([own.id]);
    expect((await other.get(`/inventory/${own.id}`)).status).toBe(200);
    expect((await other.get(`/inventory/${outside.id}`)).json.code).toBe('not_here');
    const write = await other.delete(`/inventory/${own.id}`, { 'if-match': '"1"' });
    expect([write.status, write.json.code]).toEqual([403, 'role_required']);
    const foreign = await other.put(`/agencies/${api.agencyId}/inventory/C-3`, { entry: simpus });
    expect([foreign.status, foreign.json.code]).toEqual([404, 'not_here']);
    const reader = await openApi(world, { clientId: 'mesin-baca-saja', scopes: ['inventory.read'] });
    expect(itemsOf(await reader.get('/inventory'))).toEqual([]);
    expect((await loadClient(world.database, 'mesin-tetangga')).agencyId).toBe(coordinatorId);
  });
});

test('an app that another agency is still making is proposed without its name, one that was live once with it', async () => {
  const maker = await openApi(world, { clientId: 'mesin-pembuat' });
  const name = 'Retribusi Pasar Terapung Barito';
  const declaration = {
    ...{ client_id: 'pasar-terapung', client_name: name, purpose: 'Membayar retribusi.', scope: 'openid' },
    redirect_uris: ['https://terapung.barito.contoh.go.id/callback'],
  };
  expect((await maker.post(`/agencies/${maker.agencyId}/apps`, { declaration })).status).toBe(201);
  const record = recordOf(await save('H-1', { name, host: 'terapung.barito.contoh.go.id' }));
  await matchDue(world.database);
  const proposed = async () => itemsOf(await api.get(`/inventory/${record.id}/matches`));
  expect(await proposed()).toMatchObject([{ app: null, app_name: null, app_agency: maker.agencyId }]);
  let next: string | undefined = '/inventory/matches?limit=1';
  while (next !== undefined) {
    const page: Awaited<ReturnType<typeof api.get>> = await api.get(next);
    next = /^<(.+)>; rel="next"$/.exec(page.headers.get('link') ?? '')?.[1];
    const after = new URLSearchParams(next?.split('?')[1]).get('after') ?? '';
    expect(Buffer.from(after, 'base64url').toString()).not.toContain('pasar-terapung');
  }
  await world.database.execute(`update clients set state = 'suspended', live_since = $1 where id = 'pasar-terapung'`, [
    new Date(),
  ]);
  expect(await proposed()).toMatchObject([{ app: 'pasar-terapung', app_name: name }]);
});

test('what may be the same as a record is proposed, and refused or confirmed', async () => {
  const name = 'Pelayanan Surat Pindah Daring';
  const redirects = { redirect_uris: ['https://pindah.warga.contoh.go.id/callback'] };
  const declaration = { client_id: 'surat-pindah', client_name: name, purpose: 'Mengurus surat.', ...redirects };
  const made = await api.post(`/agencies/${api.agencyId}/apps`, { declaration: { ...declaration, scope: 'openid' } });
  expect(made.status).toBe(201);
  const one = recordOf(await save('M-1', { name, host: 'pindah.warga.contoh.go.id' }));
  const other = recordOf(await save('M-2', { name: `${name} Lama`, host: 'pindah.warga.contoh.go.id' }));
  await matchDue(world.database);
  const proposed = itemsOf(await api.get('/inventory/matches')).filter(({ app }) => app === 'surat-pindah');
  expect(proposed.map(({ record }) => record).toSorted()).toEqual([one.id, other.id].toSorted());
  expect(proposed[0]).toMatchObject({ app_name: name, reasons: expect.arrayContaining(['host', 'agency']) });
  expect((await api.delete(`/inventory/${other.id}/matches/surat-pindah`)).status).toBe(204);
  expect(itemsOf(await api.get(`/inventory/${other.id}/matches`))).toEqual([]);
  expect((await api.put(`/inventory/${one.id}/app`, { app: 'surat-pindah' })).json.app).toBe('surat-pindah');
  const left = itemsOf(await api.get('/inventory/matches')).filter(({ app }) => app === 'surat-pindah');
  expect(left).toEqual([]);
});
