import { afterAll, beforeAll, expect, test } from 'vitest';
import { moveClient } from '#src/registry/client-life.ts';
import { stepTo } from '#src/registry/migration.ts';
import { exchange } from '#test/support/browser-agent.ts';
import { eventually } from '#test/support/eventually.ts';
import { openWorld, type World } from '#test/support/world.ts';

let world: World;

beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world?.[Symbol.asyncDispose]());

const ask = (clientId: string, headers: Record<string, string> = {}) =>
  exchange(`${world.issuer}/apps/${clientId}/migration`, { headers });
const cause = { via: 'command', actor: 'command', mode: 'sandbox' } as const;

test('an app reads its stage without a key, from anywhere, and asks again for next to nothing', async () => {
  const first = await ask('puskesmas-online');
  expect([first.status, JSON.parse(first.body)]).toEqual([
    200,
    { client_id: 'puskesmas-online', stage: 'optional', percentage: 100, stage_of_others: 'shadow' },
  ]);
  expect(first.headers.get('access-control-allow-origin')).toBe('*');
  expect(first.headers.get('cache-control')).toBe('public, max-age=5');
  const again = await ask('puskesmas-online', { 'if-none-match': String(first.headers.get('etag')) });
  expect([again.status, again.body]).toEqual([304, '']);
});

test('a step is seen within seconds, what is planned is not told', async () => {
  const { headers } = await ask('pajak-daerah');
  await world.database.transaction((tx) =>
    stepTo(
      tx,
      { clientId: 'pajak-daerah', ...cause },
      {
        standing: { stage: 'shadow', percentage: 5 },
        plan: [{ stage: 'off', percentage: 100, on: '2099-01-01' }],
      },
    ),
  );
  await eventually(async () => {
    const answer = await ask('pajak-daerah', { 'if-none-match': String(headers.get('etag')) });
    expect([answer.status, answer.body]).toEqual([
      200,
      '{"client_id":"pajak-daerah","stage":"shadow","percentage":5,"stage_of_others":null}',
    ]);
  });
});

test('what nobody can sign in to looks the same as what is not there', async () => {
  await world.declare({ client_id: 'ditutup' });
  await world.database.transaction((tx) => moveClient(tx, { clientId: 'ditutup', to: 'suspended', ...cause }));
  await eventually(async () => expect((await ask('ditutup')).status).toBe(404));
  for (const clientId of ['tidak-ada', 'mesin-data', 'lawang-console']) {
    const answer = await ask(clientId);
    expect([answer.status, answer.headers.get('content-type'), answer.headers.get('etag')]).toEqual([
      ...[404, (await ask('ditutup')).headers.get('content-type'), null],
    ]);
  }
});
