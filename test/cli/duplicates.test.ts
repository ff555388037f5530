/** What exists twice by the command line, and the job that looks for it. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLog } from '#src/base/log.ts';
import { startDuplicates } from '#src/jobs/duplicates.ts';
import { saveRecord } from '#src/registry/inventory-writes.ts';
import { runBeside } from '#test/support/command-line.ts';
import { openWorld, type World } from '#test/support/world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

const lawang = (line: string) => runBeside(world, line);

const record = (key: string, name: string) =>
  world.database.transaction((tx) =>
    saveRecord(tx, { agencyId: 'dinas-kesehatan', key, content: { name }, actor: 'test', via: 'command' }),
  );

test('pairs are found by command, and by the job of a running server', async () => {
  await record('a', 'Mutasi Guru');
  await record('b', 'Sistem Informasi Mutasi Guru');
  const before = JSON.parse((await lawang('inventory duplicates --json')).out);
  expect(before.pairs).toEqual([]);
  expect(before.waiting).toBeGreaterThanOrEqual(2);
  const found = JSON.parse((await lawang('inventory duplicates --find --json')).out);
  expect(found.waiting).toBe(0);
  expect(found.pairs).toMatchObject([{ is_strong: true, status: 'open', low_agency: 'dinas-kesehatan' }]);
  expect((await lawang('inventory duplicates')).out).toContain('Mutasi Guru');

  await record('c', 'Mutasi Guru Online');
  const log = createLog('silent', { write: () => undefined });
  const job = startDuplicates({ database: world.database, log }, { everyMs: 1e9 });
  expect(await job.compareDue()).toBe(1);
  expect(await job.compareDue()).toBe(0);
  await job.stop();
  expect(JSON.parse((await lawang('inventory duplicates --json')).out).pairs).toHaveLength(3);
});

test('what cannot be meant is said', async () => {
  expect(await lawang('inventory duplicates --status maybe')).toMatchObject({ code: 2 });
  expect(await lawang('inventory duplicates --limit 0')).toMatchObject({ code: 2 });
});
