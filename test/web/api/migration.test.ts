/** How far an app has come from accounts of its own, by the API. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ApiClient, openApi } from '#test/support/api.ts';
import { openWorld, type World } from '#test/support/world.ts';

let world: World;
let api: ApiClient;
const app = 'antrean';

beforeAll(async () => {
  world = await openWorld();
  api = await openApi(world);
  const declaration = {
    client_name: 'Antrean',
    purpose: 'Mendaftar antrean.',
    redirect_uris: ['https://antrean.contoh.go.id/c'],
  };
  await api.post(`/agencies/${api.agencyId}/apps`, { declaration: { client_id: app, ...declaration } });
});
afterAll(() => world?.[Symbol.asyncDispose]());

const path = `/apps/${app}/migration`;

async function change(body: object) {
  const { headers } = await api.get(path);
  return api.put(path, body, { 'if-match': String(headers.get('etag')) });
}

test('an app is moved on, planned for and taken back, and a poll that finds nothing new costs nothing', async () => {
  const first = await api.get(path);
  expect(first.json).toEqual({
    ...{ client_id: app, stage: 'optional', percentage: 100, stage_of_others: 'shadow', plan: [], back: null },
  });
  const plan = [{ stage: 'default', percentage: 50, on: '2099-01-01' }];
  const stepped = await change({ stage: 'default', percentage: 13, plan, reason: 'Uji pertama' });
  expect([stepped.status, stepped.json]).toMatchObject([
    ...[200, { stage: 'default', percentage: 13, plan, back: { stage: 'optional', percentage: 100 } }],
  ]);
  const etag = String(stepped.headers.get('etag'));
  expect((await api.get(path, { headers: { 'if-none-match': etag } })).status).toBe(304);
  const back = await api.post(`${path}/back`, {});
  expect([back.status, back.json]).toMatchObject([200, { stage: 'optional', percentage: 100, plan: [], back: null }]);
  expect((await api.get(path, { headers: { 'if-none-match': etag } })).status).toBe(200);
  const { json } = await api.get(`${path}/steps`);
  expect(json.items).toMatchObject([
    { number: 3, stage: 'optional', back_to: 1 },
    { number: 2, stage: 'default', percentage: 13, reason: 'Uji pertama', back_to: null },
    { number: 1, via: 'start' },
  ]);
  const again = await api.post(`${path}/back`, {});
  expect([again.status, again.json.code]).toEqual([409, 'no_step_back']);
});

test('a change names what it saw, and a plan is of days to come', async () => {
  expect((await api.put(path, { percentage: 5 })).json.code).toBe('precondition_required');
  expect((await api.put(path, { percentage: 5 }, { 'if-match': '"999"' })).json.code).toBe('version_conflict');
  const step = { stage: 'default', percentage: 5 };
  expect((await change({ plan: [{ ...step, on: '2020-01-01' }] })).json.code).toBe('step_in_the_past');
  const twice = [
    { ...step, on: '2099-01-01' },
    { ...step, on: '2099-01-01' },
  ];
  expect((await change({ plan: twice })).json.code).toBe('content_invalid');
  for (const percentage of [-1, 101, 1.5, '10'])
    expect((await change({ percentage })).json.code).toBe('content_invalid');
});

test('the cohort is what the app calculates itself', async () => {
  await world.declare({ client_id: 'perpustakaan-kota', migration_stage: 'default', migration_percentage: 13 });
  const theirs = await api.get('/apps/perpustakaan-kota/migration/cohort?key=2');
  expect([theirs.status, theirs.json.code]).toEqual([404, 'not_here']);
  await change({ stage: 'shadow', percentage: 50 });
  const answers = await Promise.all(
    ['a', 'b', 'c', 'd', 'e', 'f'].map(async (key) => (await api.get(`${path}/cohort?key=${key}`)).json),
  );
  expect(new Set(answers.map((one) => JSON.stringify(one)))).toEqual(
    new Set(['{"in_cohort":true,"stage":"shadow"}', '{"in_cohort":false,"stage":null}']),
  );
});

test('a machine has no people to move', async () => {
  const answer = await api.put('/apps/mesin-api/migration', { stage: 'off' }, { 'if-match': '"1"' });
  expect([answer.status, answer.json.code]).toEqual([409, 'app_without_people']);
});
