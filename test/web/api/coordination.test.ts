/** A coordinator's machine: likely duplicates, cases, closed places and decisions, about what its agency coordinates and no more. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { todayInJakarta } from '#src/base/epoch.ts';
import { Refusal } from '#src/base/refusals.ts';
import { newIdIn } from '#src/base/secrets.ts';
import type { AppRef } from '#src/registry/app-refs.ts';
import { decideCase } from '#src/registry/cases.ts';
import { rotateSecret } from '#src/registry/client-secrets.ts';
import { compareProfiles } from '#src/registry/comparing.ts';
import { noteNotMade } from '#src/registry/not-made.ts';
import { saveSector } from '#src/registry/sectors.ts';
import { type ApiAnswer, type ApiClient, ask, openApi } from '#test/support/api.ts';
import { openWorld, type World } from '#test/support/world.ts';

let world: World;
/** Of the agency that coordinates the sector. */
let coordinator: ApiClient;
/** Of an agency with apps in it. */
let agency: ApiClient;
/** Of an agency that has nothing to do with it. */
let stranger: ApiClient;

const sectors = ['uji-koordinasi'];

beforeAll(async () => {
  world = await openWorld();
  coordinator = await openApi(world, { clientId: 'mesin-koordinator' });
  agency = await openApi(world, { clientId: 'mesin-dinas' });
  stranger = await openApi(world, { clientId: 'mesin-asing' });
  const named = { name: 'Uji', nameEn: 'Trial', isPriority: false, position: 90 };
  const sector = { ...named, id: 'uji-koordinasi', coordinatorId: coordinator.agencyId };
  await world.database.transaction((tx) => saveSector(tx, sector, 'test'));
});
afterAll(() => world?.[Symbol.asyncDispose]());

const itemsOf = ({ json }: ApiAnswer) => json.items as Record<string, unknown>[];
const told = ({ status, json }: ApiAnswer) => [status, json.code];

/** An app that exists, in the sector. */
async function exists(key: string, entry: object = {}, by = agency): Promise<string> {
  const said = { name: `Aplikasi ${key}`, sectors, ...entry };
  const { json } = await by.put(`/agencies/${by.agencyId}/inventory/${key}`, { entry: said });
  return `inventory:${(json.record as { id: string }).id}`;
}

const nextMonth = todayInJakarta(new Date(Date.now() + 30 * 86_400_000));

describe('a decision', () => {
  test('is made, replaced and undone; what held before holds again', async () => {
    const [app, successor] = [await exists('D-1'), await exists('D-2')];
    const keep = await coordinator.post('/decisions', { apps: [app], decision: 'keep', reason: 'Masih dipakai' });
    expect([keep.status, itemsOf(keep)]).toMatchObject([
      201,
      [{ app, decision: 'keep', is_in_force: true, via: 'api' }],
    ]);
    const merge = { apps: [app], decision: 'merge', successor, on: nextMonth, reason: 'Kembar' };
    const [merged] = itemsOf(await coordinator.post('/decisions', merge));
    expect(merged).toMatchObject({ successor, on: nextMonth, decided_by: 'client mesin-koordinator' });
    expect((await coordinator.delete(`/decisions/${merged?.id}`)).status).toBe(204);
    const about = itemsOf(await agency.get(`/decisions?app=${app}`));
    expect(about.map(({ decision, is_in_force: holds }) => [decision, holds])).toEqual([
      ['merge', false],
      ['keep', true],
    ]);
    expect(told(await coordinator.delete(`/decisions/${merged?.id}`))).toEqual([409, 'decision_over']);
  });

  test('about many is about all or none', async () => {
    const [one, other] = [await exists('D-3'), await exists('D-4')];
    const outside = await exists('D-5', { sectors: [] });
    const legacy = { decision: 'legacy', reason: 'Lama' };
    const refused = await coordinator.post('/decisions', { ...legacy, apps: [one, other, outside] });
    expect(told(refused)).toEqual([404, 'not_here']);
    expect(itemsOf(await coordinator.get(`/decisions?app=${one}`))).toEqual([]);
    expect(itemsOf(await coordinator.post('/decisions', { ...legacy, apps: [one, other, one] }))).toHaveLength(2);
    expect(itemsOf(await coordinator.post('/decisions', { ...legacy, apps: [one, other] }))).toEqual([]);
  });

  test.each([
    ['without what into', { decision: 'merge', on: nextMonth }, 'successor_missing'],
    ['without a day', { decision: 'retire' }, 'decision_day_missing'],
    ['of yesterday', { decision: 'retire', on: '2020-01-01' }, 'decision_day_past'],
    ['with a link that is none', { decision: 'keep', evidence: 'http://x.contoh.id/' }, 'evidence_link_invalid'],
  ])('%s is refused', async (_what, wish, code) => {
    const app = await exists('D-6');
    const answer = await coordinator.post('/decisions', { apps: [app], reason: 'Uji', ...wish });
    expect([answer.json.code, answer.status >= 400 && answer.status < 500]).toEqual([code, true]);
  });

  test('is not another agency’s to make, to undo or to see', async () => {
    const app = await exists('D-7');
    const [made] = itemsOf(await coordinator.post('/decisions', { apps: [app], decision: 'keep', reason: 'Uji' }));
    const keep = { apps: [app], decision: 'keep', reason: 'Uji' };
    expect(told(await stranger.post('/decisions', keep))).toEqual([404, 'not_here']);
    expect(told(await stranger.delete(`/decisions/${made?.id}`))).toEqual([404, 'not_here']);
    expect(told(await stranger.get(`/decisions/${made?.id}`))).toEqual([404, 'not_here']);
    expect(told(await stranger.get(`/decisions?app=${app}`))).toEqual([404, 'not_here']);
    expect(itemsOf(await stranger.get('/decisions'))).toEqual([]);
    const owner = await openApi(world, { clientId: 'mesin-tanpa', scopes: ['inventory.read', 'inventory.write'] });
    expect(told(await owner.post('/decisions', keep))).toEqual([403, 'scope_required']);
  });
});

describe('a batch of decisions', () => {
  async function send(content: string): Promise<ApiAnswer> {
    const address = `${world.issuer}/api/v1/decisions/batches`;
    const dpop = await coordinator.key.prove('POST', address, coordinator.token);
    const headers = { 'content-type': 'text/csv', authorization: `DPoP ${coordinator.token}`, dpop };
    return ask('POST', address, { headers, body: content });
  }

  test('is shown first, applied once of fifty at once, and undone as a whole', async () => {
    const [one, outside] = [await exists('B-1'), await exists('B-2', { sectors: [] })];
    const file = `app,decision,reason\n${one},keep,Dipakai\n${outside},keep,Dipakai\na b,keep,Dipakai\n`;
    const opened = await send(file);
    expect([opened.status, opened.json]).toMatchObject([201, { status: 'preview', decided: 1, refused: 2 }]);
    const path = `/decisions/batches/${opened.json.id}`;
    const lines = itemsOf(await coordinator.get(`${path}/lines`));
    expect(lines.map(({ outcome, refused }) => [outcome, refused])).toEqual([
      ['decided', null],
      ['refused', 'not_here'],
      ['refused', 'decision_row_unclear'],
    ]);
    expect(itemsOf(await coordinator.get(`/decisions?app=${one}`))).toEqual([]);
    expect(told(await stranger.get(path))).toEqual([404, 'not_here']);
    expect(told(await stranger.post(`${path}/apply`, undefined))).toEqual([404, 'not_here']);
    const answers = await Promise.all(Array.from({ length: 50 }, () => coordinator.post(`${path}/apply`, undefined)));
    const statuses = answers.map(({ status }) => status).filter((status) => status !== 503);
    expect(statuses.filter((status) => status === 200)).toHaveLength(1);
    expect(new Set(statuses)).toEqual(new Set([200, 409]));
    expect(itemsOf(await coordinator.get(`/decisions?app=${one}`))).toMatchObject([{ batch: opened.json.id }]);
    expect((await coordinator.post(`${path}/undo`, undefined)).json.status).toBe('undone');
    expect(itemsOf(await coordinator.get(`/decisions?app=${one}`))).toMatchObject([{ is_in_force: false }]);
    expect(told(await coordinator.delete(path))).toEqual([409, 'batch_over']);
  });
});

describe('a likely pair', () => {
  const twins = {
    name: 'Sistem Antrean Puskesmas Melati',
    description: 'Mengambil nomor antrean puskesmas dari rumah.',
  };

  test('is listed with its reasons, dismissed with a reason, and stays so until it is opened again', async () => {
    const [one, other] = [
      await exists('P-1', { ...twins, host: 'antrean.melati.contoh.go.id' }),
      await exists('P-2', { ...twins, host: 'antrean.melati.contoh.go.id' }),
    ];
    await compareProfiles(world.database);
    const list = `/duplicates?app=${one}`;
    const [pair] = itemsOf(await coordinator.get(list));
    expect(pair).toMatchObject({ status: 'open', is_strong: true });
    const codes = (pair as { reasons: { code: string }[] }).reasons.map(({ code }) => code);
    expect(codes).toEqual(expect.arrayContaining(['name', 'host']));
    const path = `/duplicates/${encodeURIComponent(one)}/${encodeURIComponent(other)}`;
    const dismissed = await coordinator.put(path, { status: 'dismissed', reason: 'Dua puskesmas' });
    expect(dismissed.json).toMatchObject({ status: 'dismissed', note: 'Dua puskesmas' });
    expect(told(await coordinator.put(path, { status: 'dismissed', reason: 'Lagi' }))).toEqual([409, 'pair_decided']);
    await exists('P-1', { ...twins, name: `${twins.name} Baru` });
    await compareProfiles(world.database);
    expect(itemsOf(await coordinator.get(list))).toEqual([]);
    expect((await coordinator.put(path, { status: 'open' })).json.status).toBe('open');
    for (const answer of [await stranger.get(path), await stranger.put(path, { status: 'dismissed', reason: 'x' })])
      expect(told(answer)).toEqual([404, 'not_here']);
    expect((await stranger.get('/duplicates')).body).not.toContain('Melati');
  });

  test('of an app that another agency is still making says only that there is one', async () => {
    await exists('H-1', { name: 'Kartu Nelayan Rahasia' }, coordinator);
    const declaration = {
      ...{ client_id: 'kartu-nelayan', client_name: 'Kartu Nelayan Rahasia', 'client_name#en': 'Fisher Card' },
      ...{ purpose: 'Kartu bagi nelayan.', 'purpose#en': 'A card for fishers.', scope: 'openid' },
      redirect_uris: ['http://localhost:8080/callback'],
    };
    const made = await stranger.post(`/agencies/${stranger.agencyId}/apps`, {
      ...{ declaration, justification: 'Kartu ini untuk nelayan sungai kami.' },
    });
    expect(made.status).toBe(201);
    while ((await compareProfiles(world.database)) > 0);
    const list = await coordinator.get('/duplicates?limit=200');
    expect(list.body).not.toContain('kartu-nelayan');
    type Side = { app: string; name: string | null };
    const pairs = itemsOf(list) as { low: Side; high: Side }[];
    const found = pairs.find(({ low, high }) => [low, high].some(({ app }) => app.startsWith('hidden:')));
    const [one, other] = [found?.low.app ?? '', found?.high.app ?? ''];
    const pathOf = (low: string, high: string) => `/duplicates/${encodeURIComponent(low)}/${encodeURIComponent(high)}`;
    expect((await coordinator.get(pathOf(one, other))).status).toBe(200);
    const guessed = [one, other].map((app) => (app.startsWith('hidden:') ? 'client:kartu-nelayan' : app));
    expect(told(await coordinator.get(pathOf(guessed[0] ?? '', guessed[1] ?? '')))).toEqual([404, 'not_here']);
    expect(itemsOf(await coordinator.get('/duplicates?app=client:kartu-nelayan'))).toEqual([]);
    const dismissed = await coordinator.put(pathOf(one, other), { status: 'dismissed', reason: 'Bukan yang sama' });
    expect([dismissed.json.status, dismissed.body.includes('kartu-nelayan')]).toEqual(['dismissed', false]);
    let next: string | undefined = '/duplicates?limit=1&status=dismissed';
    while (next !== undefined) {
      const page: ApiAnswer = await coordinator.get(next);
      next = /^<(.+)>; rel="next"$/.exec(page.headers.get('link') ?? '')?.[1];
      const after = new URLSearchParams(next?.split('?')[1]).get('after') ?? '';
      expect(Buffer.from(after, 'base64url').toString()).not.toContain('kartu-nelayan');
    }
    await world.database.execute(`update clients set state = 'suspended', live_since = $1 where id = 'kartu-nelayan'`, [
      new Date(),
    ]);
    expect((await coordinator.get('/duplicates?app=client:kartu-nelayan&status=dismissed')).body).toContain(
      'Kartu Nelayan Rahasia',
    );
  });

  test('goes page by page', async () => {
    for (const at of [3, 4, 5]) await exists(`P-${at}`, { ...twins, host: `antrean.melati.contoh.go.id` });
    await compareProfiles(world.database);
    const all = itemsOf(await coordinator.get('/duplicates?limit=200'));
    expect(all.length).toBeGreaterThan(3);
    const seen: unknown[] = [];
    let next: string | undefined = '/duplicates?limit=2';
    while (next !== undefined) {
      const page: ApiAnswer = await coordinator.get(next);
      seen.push(...itemsOf(page));
      next = /^<(.+)>; rel="next"$/.exec(page.headers.get('link') ?? '')?.[1];
    }
    expect(seen).toEqual(all);
  });
});

describe('a new app like another one', () => {
  const name = 'Perizinan Nelayan Samudra';
  const declared = (id: string) => ({
    ...{ client_id: id, client_name: name, 'client_name#en': 'Ocean Fishing Permits' },
    ...{ purpose: 'Mengurus izin melaut nelayan.', 'purpose#en': 'To apply for a permit to fish.' },
    ...{ redirect_uris: ['https://nelayan.samudra.contoh.go.id/callback'], scope: 'openid', sectors },
  });
  const register = (id: string, more: object = {}) =>
    agency.post(`/agencies/${agency.agencyId}/apps`, { declaration: declared(id), ...more });

  beforeAll(async () => {
    const entry = { name, name_en: 'Ocean Fishing Permits', host: 'nelayan.samudra.contoh.go.id' };
    await exists('N-1', { ...entry, description: 'Mengurus izin melaut nelayan.' }, coordinator);
  });

  test('is shown what it is like before it is sent, and refused without a justification', async () => {
    const weighed = await agency.post(`/agencies/${agency.agencyId}/apps/likely`, {
      declaration: declared('izin-melaut'),
    });
    expect(weighed.json).toMatchObject({ needs: 'justification', likely: [{ is_strong: true, like: { name } }] });
    const refused = await register('izin-melaut');
    expect(told(refused)).toEqual([409, 'likely_duplicate']);
    expect(refused.json.likely).toMatchObject([{ name }]);
    expect(told(await agency.get('/apps/izin-melaut'))).toEqual([404, 'not_here']);
  });

  test('waits for the coordinator, who decides once; of fifty at once one does', async () => {
    expect((await register('izin-melaut-dua', { justification: 'Wilayah lain' })).status).toBe(201);
    const [opened] = itemsOf(await coordinator.get('/cases'));
    expect(opened).toMatchObject({ app: 'izin-melaut-dua', grounds: ['duplicate'], justification: 'Wilayah lain' });
    expect(opened?.duplicates).toMatchObject([{ like: { name } }]);
    const decide = (by: ApiClient, verdict: object) => by.post(`/cases/${opened?.id}/decision`, verdict);
    expect(told(await decide(stranger, { verdict: 'allowed' }))).toEqual([404, 'not_here']);
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, at) =>
        decide(coordinator, at % 2 ? { verdict: 'allowed' } : { verdict: 'refused', note: 'Pakai yang ada' }),
      ),
    );
    const statuses = answers.map(({ status }) => status).filter((status) => status !== 503);
    expect(statuses.filter((status) => status === 200)).toHaveLength(1);
    expect(new Set(statuses)).toEqual(new Set([200, 409]));
    const [row] = await world.database.query<{ events: number }>(
      `select count(*)::integer as events from admin_events where subject = 'client izin-melaut-dua'
         and kind in ('case.allowed', 'case.refused')`,
    );
    expect(row?.events).toBe(1);
  });

  test('is not decided by whoever asked, nor by the machine that did, though it coordinates', async () => {
    const own = await coordinator.post(`/agencies/${coordinator.agencyId}/apps`, {
      declaration: declared('izin-sendiri'),
      justification: 'Untuk kami',
    });
    expect(own.status).toBe(201);
    const [opened] = itemsOf(await coordinator.get('/cases'));
    expect(opened).toMatchObject({ app: 'izin-sendiri', actor: 'client mesin-koordinator' });
    const decided = await coordinator.post(`/cases/${opened?.id}/decision`, { verdict: 'allowed' });
    expect(told(decided)).toEqual([403, 'case_own']);
    expect((await coordinator.get(`/cases/${opened?.id}`)).json.status).toBe('open');
    expect((await coordinator.delete(`/cases/${opened?.id}`)).status).toBe(204);
    expect((await coordinator.get('/apps/izin-sendiri')).json.state).toBe('retired');
    const { json } = await coordinator.get('/registrations-not-made');
    expect(json).toMatchObject({ by_reason: { withdrawn: 1 } });
  });

  test('nor by whoever stands behind that machine, or by a machine of whoever asked', async () => {
    const person = newIdIn(1);
    const { secrets } = world.house;
    const rotated = { clientId: 'mesin-dinas', actor: person, overlapDays: 1 };
    await world.database.transaction((tx) => rotateSecret(tx, secrets, rotated));
    expect((await register('izin-dari-mesin', { justification: 'Perlu' })).status).toBe(201);
    const [opened] = itemsOf(await coordinator.get('/cases'));
    expect(opened).toMatchObject({ app: 'izin-dari-mesin', actor: 'client mesin-dinas' });
    const decide = (actor: string) =>
      world.database
        .transaction((tx) => decideCase(tx, { id: String(opened?.id), verdict: 'allowed', actor, note: undefined }))
        .catch((error: unknown) => (error instanceof Refusal ? error.code : error));
    expect(await decide(person)).toBe('case_own');
    const behind = { clientId: 'mesin-koordinator', actor: person, overlapDays: 1 };
    await world.database.transaction((tx) => rotateSecret(tx, secrets, behind));
    expect(told(await coordinator.post(`/cases/${opened?.id}/decision`, { verdict: 'allowed' }))).toEqual([
      403,
      'case_own',
    ]);
    expect(await decide(newIdIn(2))).toMatchObject({ status: 'allowed' });
  });
});

test.each([
  ['POST', '/closures', { sector: 'uji-koordinasi', reason: 'Uji', open_again_on: '0000-01-01' }],
  ['POST', '/decisions', { apps: ['client:mesin-dinas'], decision: 'retire', on: '0000-01-01', reason: 'Uji' }],
  ['GET', '/coverage?day=0000-01-01', undefined],
  ['GET', '/registrations-not-made?since=0000-01-01', undefined],
])('%s %s knows no day of the year 0', async (method, path, body) => {
  const answer = method === 'GET' ? await coordinator.get(path) : await coordinator.post(path, body);
  expect([answer.status >= 400, answer.status < 500]).toEqual([true, true]);
});

test('what is used instead of a new app tells nobody what it costs who may not see its record', async () => {
  const bought = await exists('H-1', { name: 'Harga Rahasia', yearly_cost: 123_456_789 }, stranger);
  const [place] = [{ agencyId: agency.agencyId, agencies: [agency.agencyId], sectors }];
  const notMade = { ...place, name: 'Uji Harga', why: 'chose-existing' as const, actor: newIdIn(3) };
  await world.database.transaction((tx) => noteNotMade(tx, { ...notMade, instead: bought as AppRef }));
  const { json } = await agency.get('/registrations-not-made');
  expect(json).toMatchObject({ by_reason: { 'chose-existing': 1 }, saving: { apps: 0, rupiah: 0 } });
});

describe('a closed sector', () => {
  const plain = (id: string) => ({
    ...{ client_id: id, client_name: `Layanan ${id}`, purpose: 'Menguji.', scope: 'openid', sectors },
    redirect_uris: [`https://${id}.contoh.go.id/callback`],
  });
  const register = (id: string) => agency.post(`/agencies/${agency.agencyId}/apps`, { declaration: plain(id) });

  test('takes no app but by an exception, of fifty at once as many as it allows; then it is opened again', async () => {
    const closing = { sector: 'uji-koordinasi', reason: 'Sedang ditata' };
    expect(told(await stranger.post('/closures', closing))).toEqual([403, 'role_required']);
    const closed = await coordinator.post('/closures', closing);
    expect(closed.status).toBe(201);
    expect(told(await coordinator.post('/closures', closing))).toEqual([409, 'closed_already']);
    expect(told(await register('zaitun'))).toEqual([403, 'registrations_closed']);
    expect(told(await register('zaitun-lagi'))).toEqual([403, 'registrations_closed']);
    const refusal = await register('zaitun');
    expect(refusal.json).toMatchObject({
      reason: 'Sedang ditata',
      ask: `/api/v1/agencies/${agency.agencyId}/exception-requests`,
    });
    const wish = { declaration: plain('zaitun'), justification: 'Sudah dianggarkan tahun ini.' };
    const ask = () => agency.post(`/agencies/${agency.agencyId}/exception-requests`, wish);
    const asked = await Promise.all([ask(), ask(), ask()]);
    const ids = new Set(asked.map(({ json }) => (json.cases as { case: string }[])[0]?.case));
    expect([asked.map(({ status }) => status), ids.size]).toEqual([[201, 201, 201], 1]);
    const [id] = ids;
    const verdict = { verdict: 'allowed' };
    expect(told(await stranger.post(`/cases/${id}/decision`, verdict))).toEqual([404, 'not_here']);
    // Who coordinates the agency sees the case; the sector is not theirs to open.
    expect(told(await agency.post(`/cases/${id}/decision`, verdict))).toEqual([403, 'role_required']);
    expect((await coordinator.get('/registrations-not-made')).json).toMatchObject({ by_reason: { closed: 1 } });
    const path = `/closures/${closed.json.id}`;
    // Behind the coordinator's machine is who is behind that of the agency.
    expect(told(await coordinator.post(`/cases/${id}/decision`, verdict))).toEqual([403, 'case_own']);
    const decision = { id: String(id), verdict: 'allowed', actor: newIdIn(2), note: undefined } as const;
    await world.database.transaction((tx) => decideCase(tx, decision));
    expect((await coordinator.get(`/cases/${id}`)).json).toMatchObject({ status: 'allowed', app: null });
    expect(itemsOf(await coordinator.get(`${path}/exceptions`))).toMatchObject([{ apps: 1, agency: agency.agencyId }]);
    expect((await coordinator.get('/registrations-not-made')).json).toMatchObject({ by_reason: { closed: 0 } });
    expect((await register('zaitun')).status).toBe(201);
    expect(told(await register('zaitun-lain'))).toEqual([403, 'registrations_closed']);
    const later = new Date(Date.now() + 86_400_000).toISOString();
    const given = { agency: agency.agencyId, apps: 3, reason: 'Sudah dianggarkan', expires_at: later };
    expect(told(await agency.post(`${path}/exceptions`, given))).toEqual([404, 'not_here']);
    const exception = await coordinator.post(`${path}/exceptions`, given);
    expect(exception.status).toBe(201);
    const names = Array.from({ length: 50 }, (_, at) => `buah-${(at * 7919).toString(36)}`);
    const answers = await Promise.all(names.map(register));
    const statuses = answers.map(({ status }) => status).filter((status) => status !== 503);
    expect(statuses.filter((status) => status === 201).length).toBeLessThanOrEqual(3);
    for (const name of names)
      if (statuses.filter((status) => status === 201).length < 3) await register(`${name}-lagi`);
    const [kept] = itemsOf(await coordinator.get(`${path}/exceptions`));
    expect(kept).toMatchObject({ used: 3, apps: 3 });
    expect((await coordinator.delete(`/exceptions/${exception.json.id}`)).status).toBe(204);
    expect((await coordinator.delete(path)).status).toBe(204);
    expect(told(await coordinator.delete(path))).toEqual([409, 'closure_over']);
    expect((await register('zaitun-akhir')).status).toBe(201);
  });
});
