import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { decideVersion } from '#src/registry/approvals.ts';
import { composeBundle, planBundle, type ReceivedBundle } from '#src/registry/bundles.ts';
import { planChange } from '#src/registry/changes.ts';
import { moveClient } from '#src/registry/client-life.ts';
import { type ClientRecord, loadClient } from '#src/registry/clients.ts';
import { declarationOf } from '#src/registry/declarations.ts';
import { listDueSteps, type StepRequest, stepBack, stepTo, takePlannedStep } from '#src/registry/migration.ts';
import { listSteps } from '#src/registry/migration-steps.ts';
import { listVersions } from '#src/registry/versions.ts';
import { openRegistry } from './registry.ts';

const request: StepRequest = { clientId: 'puskesmas', via: 'page', actor: 'siti', mode: 'production' };

type Registry = Awaited<ReturnType<typeof openRegistry>>;

async function openLive(keys: object = {}): Promise<Registry> {
  const registry = await openRegistry();
  await registry.change(keys, { to: 'live' });
  return registry;
}

const standOf = ({ migrationStage, migrationPercentage }: ClientRecord) => `${migrationStage} ${migrationPercentage}`;

async function now({ database }: Registry): Promise<string> {
  return standOf(await loadClient(database, 'puskesmas'));
}

const to = (registry: Registry, stage: ClientRecord['migrationStage'], percentage: number) =>
  registry.write((tx) => stepTo(tx, request, { standing: { stage, percentage } }));
const back = (registry: Registry) => registry.write((tx) => stepBack(tx, request));

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-12-01T03:00:00Z') });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a step', () => {
  test('is written down with who, how and why, as a version and an event of its own; the same again is not', async () => {
    await using registry = await openLive();
    await registry.write((tx) =>
      stepTo(tx, { ...request, reason: 'Uji pertama' }, { standing: { stage: 'default', percentage: 10 } }),
    );
    await to(registry, 'default', 10);
    const steps = await listSteps(registry.database, 'puskesmas');
    expect(steps).toMatchObject([
      { number: 2, stage: 'default', percentage: 10, actor: 'siti', via: 'page', reason: 'Uji pertama' },
      { number: 1, stage: 'optional', percentage: 100, via: 'start' },
    ]);
    const [version] = await listVersions(registry.database, 'puskesmas');
    expect(version).toMatchObject({ number: 2, changed: ['migration_stage', 'migration_percentage'], isRisky: false });
    const events = await registry.database.query<{ details: object }>(
      `select details from admin_events where kind = 'client.stage-changed'`,
    );
    expect(events).toEqual([{ details: { from: 'optional 100', to: 'default 10', isBack: false } }]);
  });

  test('is written down too when it comes in with a declaration', async () => {
    await using registry = await openLive();
    await registry.change({ migration_stage: 'default', migration_percentage: 25 }, { via: 'file', actor: 'command' });
    expect(await now(registry)).toBe('default 25');
    expect(await listSteps(registry.database, 'puskesmas')).toMatchObject([{ number: 2, via: 'file' }, { number: 1 }]);
  });

  test('is written down too when others have agreed to the change that brings it', async () => {
    await using registry = await openLive();
    await registry.change({
      redirect_uris: ['https://baru.contoh.go.id/callback'],
      migration_stage: 'shadow',
      migration_percentage: 5,
    });
    expect(await now(registry)).toBe('optional 100');
    await registry.write((tx) =>
      decideVersion(tx, {
        ...{
          clientId: 'puskesmas',
          number: 2,
          approver: 'putri',
          verdict: 'approved',
          via: 'page',
          mode: 'production',
        },
        mayStillDecide: async () => true,
      }),
    );
    expect(await now(registry)).toBe('shadow 5');
    expect(await listSteps(registry.database, 'puskesmas')).toHaveLength(2);
  });

  test('that makes this account the only way in waits until everybody can use the app', async () => {
    await using registry = await openRegistry();
    await registry.change();
    await expect(to(registry, 'required', 1)).rejects.toMatchObject({ code: 'stage_needs_live' });
    await to(registry, 'required', 0);
    await registry.change({}, { to: 'live' });
    await to(registry, 'required', 1);
    expect(await now(registry)).toBe('required 1');
  });

  test('is for one who saw what they change', async () => {
    await using registry = await openLive();
    const stale = registry.write((tx) => stepTo(tx, { ...request, ifNumber: 7 }, { plan: [] }));
    await expect(stale).rejects.toMatchObject({ code: 'version_conflict' });
  });

  test('of an app that others look at takes it back to where it was built', async () => {
    await using registry = await openRegistry();
    await registry.change({ min_identity: 'ial2' }, { to: 'live' });
    expect((await loadClient(registry.database, 'puskesmas')).state).toBe('review');
    await to(registry, 'shadow', 10);
    expect(await loadClient(registry.database, 'puskesmas')).toMatchObject({
      state: 'draft',
      migrationStage: 'shadow',
    });
  });
});

test('a bundle from a sandbox moves nobody', async () => {
  await using registry = await openLive();
  const { database } = registry;
  const content = await composeBundle(database, 'puskesmas');
  const tried = { ...content, client: { ...content.client, migration_stage: 'required', service_code: 'RAL.02' } };
  const bundle: ReceivedBundle = {
    ...{ id: 'uji', issuer: 'https://uji.contoh.go.id', clientId: 'puskesmas', content: tried },
    ...{ receivedAt: new Date(), appliedAt: undefined },
  };
  const { change } = await planBundle(database, bundle, { actor: 'siti', mode: 'production' });
  expect(change).toMatchObject({ changed: ['service_code'], after: { migration_stage: 'optional' } });
});

describe('one step back', () => {
  test('leads to where the app stood before, and twice to where it stood before that', async () => {
    await using registry = await openLive();
    await to(registry, 'default', 10);
    await to(registry, 'default', 50);
    await to(registry, 'required', 5);
    expect(standOf(await back(registry))).toBe('default 50');
    expect(standOf(await back(registry))).toBe('default 10');
    await to(registry, 'default', 20);
    expect(standOf(await back(registry))).toBe('default 10');
    expect(standOf(await back(registry))).toBe('optional 100');
    await expect(back(registry)).rejects.toMatchObject({ code: 'no_step_back' });
    const steps = await listSteps(registry.database, 'puskesmas');
    expect(steps.map(({ number, backTo }) => [number, backTo])).toEqual([
      ...[
        [9, 1],
        [8, 2],
        [7, undefined],
        [6, 2],
        [5, 3],
        [4, undefined],
        [3, undefined],
        [2, undefined],
        [1, undefined],
      ],
    ]);
  });

  test('is possible while the app is stopped, waits for nobody, and ends the plan', async () => {
    await using registry = await openLive({ min_identity: 'ial1' });
    await to(registry, 'required', 100);
    await registry.write((tx) => stepTo(tx, request, { plan: [{ stage: 'off', percentage: 100, on: '2026-12-24' }] }));
    await registry.write((tx) => moveClient(tx, { ...request, to: 'suspended' }));
    expect(await back(registry)).toMatchObject({ state: 'suspended', migrationStage: 'optional', migrationPlan: [] });
  });

  test('of thirty at once all lead somewhere, none to the same step twice', async () => {
    await using registry = await openLive();
    for (let percentage = 1; percentage <= 12; percentage += 1) await to(registry, 'default', percentage);
    const tries = await Promise.allSettled(Array.from({ length: 30 }, () => back(registry)));
    const reached = tries.flatMap((one) => (one.status === 'fulfilled' ? [standOf(one.value)] : []));
    expect(new Set(reached).size).toBe(12);
    expect(reached).toHaveLength(12);
    expect(await now(registry)).toBe('optional 100');
  });
});

describe('a planned step', () => {
  const plan = [
    { stage: 'default', percentage: 20, on: '2026-12-07' },
    { stage: 'default', percentage: 100, on: '2026-12-14' },
  ] as const;
  const due = async ({ database }: Registry) => (await listDueSteps(database, new Date())).map((one) => one.clientId);
  const take = (registry: Registry) =>
    registry.write((tx) => takePlannedStep(tx, { clientId: 'puskesmas' }, { mode: 'production', actor: 'migration' }));

  test('is taken on its day, which begins in Western Indonesia, by one of many who try', async () => {
    await using registry = await openLive();
    await registry.write((tx) => stepTo(tx, request, { plan }));
    vi.setSystemTime('2026-12-06T16:59:59Z');
    expect(await due(registry)).toEqual([]);
    expect(await take(registry)).toBeUndefined();
    vi.setSystemTime('2026-12-06T17:00:00Z');
    expect(await due(registry)).toEqual(['puskesmas']);
    const taken = await Promise.all(Array.from({ length: 20 }, () => take(registry)));
    expect(taken.filter(Boolean)).toHaveLength(1);
    expect(await loadClient(registry.database, 'puskesmas')).toMatchObject({
      ...{ migrationStage: 'default', migrationPercentage: 20, migrationPlan: [plan[1]] },
    });
    expect(await listSteps(registry.database, 'puskesmas')).toMatchObject([{ via: 'job', actor: 'migration' }, {}]);
  });

  test('waits while somebody decides about a change, and is due again with the decision', async () => {
    await using registry = await openLive();
    await registry.write((tx) => stepTo(tx, request, { plan }));
    await registry.change({ redirect_uris: ['https://baru.contoh.go.id/callback'], migration_plan: [...plan] });
    vi.setSystemTime('2026-12-08T03:00:00Z');
    expect(await due(registry)).toEqual([]);
    await registry.write((tx) =>
      decideVersion(tx, {
        ...{
          clientId: 'puskesmas',
          number: 3,
          approver: 'putri',
          verdict: 'approved',
          via: 'page',
          mode: 'production',
        },
        mayStillDecide: async () => true,
      }),
    );
    expect(await now(registry)).toBe('optional 100');
    expect(await due(registry)).toEqual(['puskesmas']);
  });

  test('waits while the app is stopped', async () => {
    await using registry = await openLive();
    await registry.write((tx) => stepTo(tx, request, { plan }));
    await registry.write((tx) => moveClient(tx, { ...request, to: 'suspended' }));
    vi.setSystemTime('2026-12-08T03:00:00Z');
    expect(await due(registry)).toEqual([]);
    await registry.write((tx) => moveClient(tx, { ...request, to: 'live' }));
    expect(await due(registry)).toEqual(['puskesmas']);
  });

  test('is not planned for today, nor for a day that is past', async () => {
    await using registry = await openLive();
    for (const on of ['2026-11-30', '2026-12-01'])
      await expect(
        registry.write((tx) => stepTo(tx, request, { plan: [{ stage: 'default', percentage: 20, on }] })),
      ).rejects.toMatchObject({ code: 'step_in_the_past' });
  });

  test('that is declared in a file is not undone by declaring the same file again', async () => {
    await using registry = await openLive();
    const file = { migration_stage: 'optional', migration_plan: [...plan] };
    const asFile = { via: 'file', actor: 'command' } as const;
    await registry.change(file, asFile);
    vi.setSystemTime('2026-12-10T03:00:00Z');
    await take(registry);
    const planned = await planChange(registry.database, registry.request(file, asFile));
    expect(planned.outcome).toBe('unchanged');
    expect(declarationOf(await loadClient(registry.database, 'puskesmas'))).toMatchObject({
      ...{ migration_stage: 'default', migration_percentage: 20, migration_plan: [plan[1]] },
    });
  });

  test('and where an app stands, is left alone by a file that says nothing of it', async () => {
    await using registry = await openLive();
    await registry.write((tx) => stepTo(tx, request, { standing: { stage: 'default', percentage: 10 }, plan }));
    await registry.change({ service_code: 'RAL.02' }, { via: 'file', actor: 'command' });
    expect(await loadClient(registry.database, 'puskesmas')).toMatchObject({
      ...{ serviceCode: 'RAL.02', migrationStage: 'default', migrationPercentage: 10, migrationPlan: plan },
    });
    await registry.change({ migration_stage: 'default' }, { via: 'file', actor: 'command' });
    expect(await loadClient(registry.database, 'puskesmas')).toMatchObject({
      ...{ migrationStage: 'default', migrationPercentage: 100, migrationPlan: [] },
    });
  });
});
