/** The catalogue for other portals: without a token, the same for everybody, and only what everybody can use. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { saveSector } from '#src/registry/sectors.ts';
import { openApiDocument } from '#src/web/api/openapi.ts';
import { publicRoutes } from '#src/web/api/public.ts';
import { ask } from '#test/support/api.ts';
import { openWorld, type World } from '#test/support/world.ts';

interface Service {
  readonly id: string;
  readonly start: string | null;
}

let world: World;

beforeAll(async () => {
  world = await openWorld();
  const sector = { id: 'kesehatan', name: 'Kesehatan', nameEn: 'Health', isPriority: true, position: 1 };
  await world.database.transaction((tx) => saveSector(tx, { ...sector, coordinatorId: undefined }, 'test'));
  const common = { client_uri: 'https://ikan.contoh.go.id/', purpose: 'Mengurus kartu nelayan.', scope: 'openid' };
  await world.declare(
    {
      ...common,
      ...{ client_id: 'kartu-nelayan', client_name: 'Kartu Nelayan', 'client_name#en': 'Fisher Card' },
      ...{ initiate_login_uri: 'https://ikan.contoh.go.id/masuk', sectors: ['kesehatan'] },
    },
    { ...common, client_id: 'nelayan-dicoba', client_name: 'Nelayan Dicoba', migration_stage: 'shadow' },
    { ...common, client_id: 'nelayan-pegawai', client_name: 'Nelayan Pegawai', audience: ['officials'] },
  );
});

afterAll(() => world?.[Symbol.asyncDispose]());

const get = (path: string, headers: Record<string, string> = {}) =>
  ask('GET', `${world.issuer}/api/v1/catalogue${path}`, { headers });
const servicesIn = ({ json }: { json: Record<string, unknown> }) => json.items as readonly Service[];
const idsIn = (answer: { json: Record<string, unknown> }) => servicesIn(answer).map(({ id }) => id);

test('a portal finds services by words and by sector, with the address that begins a sign-in, and no other apps', async () => {
  for (const query of ['?q=nelayan', '?q=FISHER+card', '?q=mengurus&sector=kesehatan'])
    expect(idsIn(await get(query)), query).toEqual(['kartu-nelayan']);
  const [service] = servicesIn(await get('?q=nelayan'));
  expect(service?.start).toBe(`https://ikan.contoh.go.id/masuk?iss=${encodeURIComponent(world.issuer)}`);
  expect(idsIn(await get('?q=nelayan&sector=pendidikan'))).toEqual([]);
  const { json } = await get('/sectors');
  expect(json.items).toContainEqual({
    id: 'kesehatan',
    name: 'Kesehatan',
    name_en: 'Health',
    services: expect.any(Number),
  });
});

test('page by page comes all of it, each once', async () => {
  const all = idsIn(await get(''));
  const seen: string[] = [];
  for (let path: string | undefined = '?limit=1'; path !== undefined; ) {
    const page = await get(path);
    seen.push(...idsIn(page));
    path = /catalogue(\?[^>]*)>; rel="next"/.exec(page.headers.get('link') ?? '')?.[1];
  }
  expect(all.length).toBeGreaterThan(2);
  expect(seen).toEqual(all);
});

test('it is the same for everybody, may be kept and read by pages, and sets no cookie', async () => {
  const stranger = await get('?limit=2');
  const known = await get('?limit=2', { cookie: 'language=en', 'accept-language': 'en', authorization: 'Bearer x' });
  expect(known.body).toBe(stranger.body);
  for (const { headers } of [stranger, known]) {
    expect(headers.get('set-cookie')).toBeNull();
    expect(headers.get('cache-control')).toBe('public, max-age=60');
    expect(headers.get('access-control-allow-origin')).toBe('*');
  }
  const etag = String(stranger.headers.get('etag'));
  expect(await get('?limit=2', { 'if-none-match': etag })).toMatchObject({ status: 304, body: '' });
  expect((await get('?limit=1', { 'if-none-match': etag })).status).toBe(200);
});

test('one network that asks and asks is told when to come again, whatever it says to have of it already', async () => {
  const settings = { RATE_LIMITS: 'on', LIMITS: 'catalogue_from_network=4/600' };
  await using limited = await openWorld({ settings });
  const asked = (headers = {}) => ask('GET', `${limited.issuer}/api/v1/catalogue?limit=2`, { headers });
  const etag = String((await asked()).headers.get('etag'));
  for (const known of [etag, `W/${etag}`, '*'])
    expect(await asked({ 'if-none-match': known })).toMatchObject({ status: 304, body: '' });
  await limited.database.settle();
  const refused = await asked({ 'if-none-match': '*' });
  expect([refused.status, refused.json.code]).toEqual([429, 'too_many_attempts']);
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(refused.headers.get('cache-control')).toBe('no-store');
  expect(refused.headers.get('access-control-allow-origin')).toBe('*');
  expect((await ask('GET', `${limited.issuer}/api/v1/catalogue/sectors`)).status).toBe(429);
});

test.each([
  '?limit=0',
  '?limit=101',
  '?after=zzz',
  `?q=${'x'.repeat(101)}`,
  '?q=%00',
  '?q=a&q=b',
  '?id=1',
  '/sectors?q=a',
])('what is not described is refused, and no cache keeps it: %s', async (path) => {
  const answer = await get(path);
  expect([400, 422]).toContain(answer.status);
  expect(answer.headers.get('content-type')).toMatch(/problem\+json/);
  expect(answer.headers.get('cache-control')).toBe('no-store');
});

test('a hostile question is only text', async () => {
  for (const words of ["'; drop table clients; --", '%', '_', '"><script>', '\\'])
    expect(idsIn(await get(`?q=${encodeURIComponent(words)}`))).toEqual([]);
});

test('the document says that nobody needs a token for it, and every answer is as described', async () => {
  const { paths } = openApiDocument(world.issuer) as { paths: Record<string, { get: { security: unknown } }> };
  for (const route of publicRoutes) {
    expect(paths[route.path]?.get.security).toEqual([]);
    for (const item of (await ask('GET', `${world.issuer}/api/v1${route.path}`)).json.items as unknown[])
      route.item.parse(item);
  }
});
