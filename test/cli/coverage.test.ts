/** `lawang inventory coverage`, beside a server that is running. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { takeCount } from '#src/registry/coverage-count.ts';
import { runBeside } from '#test/support/command-line.ts';
import { openWorld, type World } from '#test/support/world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world?.[Symbol.asyncDispose]());

const lawang = (line: string) => runBeside(world, line);

test('says that nothing was counted yet; counts; prints the figures as a table and for programs', async () => {
  const before = await lawang('inventory coverage');
  expect([before.code, before.err]).toEqual([1, expect.stringContaining('--count')]);
  const counted = await lawang('inventory coverage --count --all');
  expect(counted.code).toBe(0);
  expect(counted.out).toMatch(/^Counting.*\nCounted on \d{4}-\d\d-\d\d\.\n +KNOWN +CONNECTED/);
  expect(counted.out).toMatch(/^agency dinas-kesehatan +1 +1 +0 +0 +0 +0 +0 +– +–$/m);
  const { groups } = JSON.parse((await lawang('inventory coverage --json')).out);
  expect(groups.map(({ kind }: { kind: string }) => kind)).toEqual(['all']);
  expect(groups[0]).toMatchObject({ known: 5, connected: 5, people: null });
});

test('while another process counts it says so', async () => {
  await world.database.execute('delete from coverage_runs');
  await takeCount(world.database, new Date().toISOString().slice(0, 10), { again: true });
  const answer = await lawang('inventory coverage --count');
  expect([answer.code, answer.err]).toEqual([1, expect.stringContaining('Another process counts')]);
});

test('prints every app by the domains of the national architecture', async () => {
  const { apps } = JSON.parse((await lawang('inventory coverage --architecture --json')).out);
  const app = apps.find(({ ref }: { ref: string }) => ref === 'client:puskesmas-online');
  expect(app).toMatchObject({
    ...{ process: { agency: 'dinas-kesehatan' }, data: { claims: expect.arrayContaining(['name', 'email']) } },
    security: { client_authentication: 'client_secret_basic', pkce: true },
  });
  expect((await lawang('inventory coverage --architecture --all')).code).toBe(2);
});
