import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadClient } from '#src/registry/clients.ts';
import { listSteps } from '#src/registry/migration-steps.ts';
import type { Citizen } from '#test/races/crowd.ts';
import { colleague, openConsole } from '#test/support/console.ts';
import type { Page } from '#test/support/page.ts';
import { openWorld, type World } from '#test/support/world.ts';

let world: World;
let budi: Citizen;

beforeAll(async () => {
  world = await openWorld();
  budi = await colleague(world, 'budi@dinkes.contoh.go.id', { 'dinas-kesehatan': ['developer'] });
});
afterAll(() => world?.[Symbol.asyncDispose]());

const at = '/console/apps/puskesmas-online/migration';
const load = () => loadClient(world.database, 'puskesmas-online');
const standing = (page: Page) => [
  page.attribute('#standing', 'data-stage'),
  page.attribute('#standing', 'data-percentage'),
];

test('a developer takes a step, sees it in the list, and goes one step back', async () => {
  const { page } = await openConsole(world, budi, { at });
  expect(standing(page)).toEqual(['optional', '100']);
  expect(page.has('#step-back')).toBe(false);
  page.fill({ stage: 'default', percentage: '10 %', reason: 'Loket depan sudah dilatih' });
  const stepped = await page.press('#step');
  expect(stepped.url.search).toBe('?done=step');
  expect(standing(stepped)).toEqual(['default', '10']);
  expect(stepped.text('#standing')).toContain('90%');
  expect(stepped.text('[data-step="2"]')).toContain('Loket depan sudah dilatih');
  expect(await load()).toMatchObject({ migrationStage: 'default', migrationPercentage: 10 });
  const back = await stepped.press('#step-back');
  expect(standing(back)).toEqual(['optional', '100']);
  expect(back.count('[data-step]')).toBe(3);
  expect((await listSteps(world.database, 'puskesmas-online'))[0]).toMatchObject({
    via: 'page',
    actor: budi.id,
    backTo: 1,
  });
});

test('what cannot be is said at its field, and nothing changes', async () => {
  const { page } = await openConsole(world, budi, { at });
  const before = await load();
  page.fill({ percentage: '101' });
  const refused = await page.press('#step');
  expect([refused.status, refused.text('#percentage-problem')]).toEqual([422, expect.stringContaining('0 sampai 100')]);
  refused.fill({ plan_on: '2020-02-30' });
  const unplanned = await refused.press('#plan-step');
  expect([unplanned.status, unplanned.has('#plan_on-problem')]).toEqual([422, true]);
  expect(await load()).toEqual(before);
});

test('steps are planned and taken out of the plan again', async () => {
  const { page } = await openConsole(world, budi, { at });
  page.fill({ plan_on: '2099-02-01', plan_stage: 'required', plan_percentage: '10' });
  const first = await page.press('#plan-step');
  first.fill({ plan_on: '2099-01-01', plan_stage: 'default', plan_percentage: '100' });
  const both = await first.press('#plan-step');
  expect(both.attributes('[data-planned]', 'data-planned')).toEqual(['2099-01-01', '2099-02-01']);
  const one = await both.press('[data-planned="2099-01-01"] .unplan');
  expect(one.attributes('[data-planned]', 'data-planned')).toEqual(['2099-02-01']);
  expect((await load()).migrationPlan).toEqual([{ stage: 'required', percentage: 10, on: '2099-02-01' }]);
});

test('who saw an older version is told, and changes nothing', async () => {
  const { page: old } = await openConsole(world, budi, { at });
  const { page } = await openConsole(world, budi, { at });
  page.fill({ stage: 'shadow', percentage: '50' });
  await page.press('#step');
  old.fill({ stage: 'off', percentage: '100' });
  const refused = await old.press('#step');
  expect(refused.status).toBe(422);
  expect(standing(refused)).toEqual(['shadow', '50']);
});

test('who only reads sees where it stands, and no button', async () => {
  const auditor = await colleague(world, 'audit@dinkes.contoh.go.id', { 'dinas-kesehatan': ['auditor'] });
  const { page } = await openConsole(world, auditor, { at });
  expect(page.has('#standing')).toBe(true);
  for (const id of ['#step', '#step-back', '#plan-step']) expect(page.has(id)).toBe(false);
});
