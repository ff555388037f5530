import { pino } from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { startMigrations } from '#src/jobs/migration.ts';
import { loadClient } from '#src/registry/clients.ts';
import { stepTo } from '#src/registry/migration.ts';
import { createTellStep } from '#src/web/change-notices.ts';
import { colleague } from '#test/support/console.ts';
import { openWorld } from '#test/support/world.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-12-01T03:00:00Z') });
});
afterEach(() => {
  vi.useRealTimers();
});

test('the step of the day is taken once by many processes, and its developers are told once', async () => {
  await using world = await openWorld();
  await colleague(world, 'budi@dinkes.contoh.go.id', { 'dinas-kesehatan': ['developer'] });
  const { house, database } = world;
  const cause = { via: 'page', actor: 'budi', mode: 'sandbox' } as const;
  const plan = [
    { stage: 'default', percentage: 10, on: '2026-12-07' },
    { stage: 'default', percentage: 50, on: '2026-12-09' },
    { stage: 'required', percentage: 10, on: '2026-12-14' },
  ] as const;
  await database.transaction((tx) => stepTo(tx, { clientId: 'puskesmas-online', ...cause }, { plan }));
  const log = pino({ level: 'silent' });
  const job = { ...house, log, tellStep: createTellStep(house) };
  const processes = Array.from({ length: 4 }, () => startMigrations(job, { everyMs: 3_600_000 }));
  expect(await processes[0]?.takeDue()).toBe(0);
  // Nothing ran on the day of the first: the last that is due holds.
  vi.setSystemTime('2026-12-10T03:00:00Z');
  const taken = await Promise.all(processes.map((one) => one.takeDue()));
  expect(taken.toSorted()).toEqual([0, 0, 0, 1]);
  expect(await loadClient(database, 'puskesmas-online')).toMatchObject({
    ...{ migrationStage: 'default', migrationPercentage: 50, migrationPlan: [plan[2]] },
  });
  const { text, link } = await world.message('budi@dinkes.contoh.go.id');
  expect(text).toMatch(/50\s?%/);
  expect(link).toBe(`${world.issuer}/console/apps/puskesmas-online/migration`);
  await Promise.all(processes.map((one) => one.stop()));
});
