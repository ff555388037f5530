/** What is counted once a day, and that nothing of few people is in it. */
import { afterEach, expect, test, vi } from 'vitest';
import { DatabaseUnavailable } from '#src/base/database.ts';
import { createLog } from '#src/base/log.ts';
import { countCoverage, startCoverage } from '#src/jobs/coverage.ts';
import { saveAgency } from '#src/registry/agencies.ts';
import { saveClient, setClientState } from '#src/registry/client-writes.ts';
import type { ClientDraft } from '#src/registry/clients.ts';
import { type Coverage, everything, findCoverage, findLastCount, listCoverage } from '#src/registry/coverage.ts';
import { takeCount } from '#src/registry/coverage-count.ts';
import { saveSector } from '#src/registry/sectors.ts';
import { readSignIns, signInCounted } from '#src/registry/uses.ts';
import { race } from '#test/races/crowd.ts';
import { clientDraft } from '#test/registry/fixtures.ts';
import { openRegistry } from '#test/registry/registry.ts';
import { letIn, openPeople } from '#test/support/people-in-apps.ts';

const NOON = new Date('2026-11-26T12:00:00Z');
const TODAY = '2026-11-26';

afterEach(() => vi.useRealTimers());

/** A state with a ministry, and below it an office and a clinic; one app of each, in the sector of health. */
async function openCountry() {
  const registry = await openRegistry();
  vi.useFakeTimers({ toFake: ['Date'], now: NOON });
  const { database, secrets, write } = registry;
  const add = (id: string, parentId: string | null, kind: 'state' | 'ministry' | 'unit') =>
    write((tx) =>
      saveAgency(tx, { id, name: id, nameEn: id, legalName: id, domain: `${id}.contoh.go.id`, parentId, kind }, 'test'),
    );
  await write((tx) =>
    saveSector(
      tx,
      { id: 'kesehatan', name: 'Kesehatan', nameEn: 'Health', isPriority: true, coordinatorId: undefined, position: 1 },
      'test',
    ),
  );
  await add('negara', null, 'state');
  await add('kemenkes', 'negara', 'ministry');
  await add('kantor', 'kemenkes', 'unit');
  await add('klinik', 'kemenkes', 'unit');
  const app = (id: string, agencyId: string, changes: Partial<ClientDraft> = {}) =>
    write((tx) =>
      saveClient(
        tx,
        clientDraft({ id, agencyId, subjectGroupId: agencyId, sectors: ['kesehatan'], ...changes }),
        'test',
      ),
    );
  const signIn = (clientId: string, times: number, day = TODAY) =>
    Promise.all(Array.from({ length: times }, (_, time) => database.write(signInCounted, [clientId, day, time % 4])));
  const count = async () => {
    expect(await countCoverage(database, { again: true })).toBe(true);
    return figuresOf(await listCoverage(database, TODAY, { limit: 100 }));
  };
  return {
    ...registry,
    ...{ app, signIn, count },
    people: (many: number) => openPeople(database, secrets, many),
    let: (clientId: string, ids: readonly string[], until?: Date) => letIn(database, secrets, clientId, ids, until),
    [Symbol.asyncDispose]: () => registry[Symbol.asyncDispose](),
  };
}

const figuresOf = (all: readonly Coverage[]) => new Map(all.map((one) => [`${one.kind} ${one.id}`, one]));

test('apps are counted in their sector, in their agency and all above it, and in the whole: known, connected, live, retired', async () => {
  await using country = await openCountry();
  const { database, app, count, write } = country;
  await app('hidup', 'kantor');
  await app('rancangan', 'klinik', { state: 'draft', migrationStage: 'shadow' });
  await app('coba', 'klinik', { state: 'sandbox', sectors: [], migrationStage: 'shadow' });
  await app('usai', 'kemenkes');
  await write((tx) => setClientState(tx, 'usai', 'retired', 'test'));
  const record = (id: string, agencyId: string, more: object = {}) =>
    database.execute(
      `insert into inventory (id, agency_id, key, name, sectors, client_id, removed_at, created_at, created_by, updated_at, updated_by)
       values ($1, $2, $1, $1, '{kesehatan}', $3, $4, $5, 'test', $5, 'test')`,
      [id, agencyId, ...Object.values({ client: null, removed: null, ...more }), NOON],
    );
  await record('catatan001', 'klinik');
  await record('catatan002', 'klinik', { client: 'hidup' });
  await record('catatan003', 'klinik', { removed: NOON });
  await record('catatan004', 'kantor');
  const decide = (id: string, ref: string, kind: string, more: object = {}) =>
    database.execute(
      `insert into app_decisions (id, ref, agency_id, agencies, sectors, kind, effective_on, reason, via, decided_by, decided_at, undone_at, carried_out_at)
       values ($1, $2, 'klinik', '{klinik}', '{}', $3, $4, 'sama', 'page', 'test', $5, $6, $7)`,
      [id, ref, kind, TODAY, NOON, ...Object.values({ undone: null, done: null, ...more })],
    );
  await decide('k1', 'client:hidup', 'keep');
  await decide('k2', 'inventory:catatan001', 'retire', { done: NOON });
  await decide('k3', 'client:coba', 'legacy', { undone: NOON });

  const figures = await count();
  expect(figures.get('all all')).toMatchObject({
    known: 6,
    connected: 2,
    live: 1,
    retired: 2,
    stages: { shadow: 1, optional: 1 },
  });
  expect(figures.get('all all')?.decided).toEqual({ keep: 1, retire: 1 });
  expect(figures.get('sector kesehatan')).toMatchObject({ known: 5, connected: 1, live: 1, retired: 2 });
  expect(figures.get('agency negara')).toMatchObject({ known: 6, level: 'state', parentId: undefined });
  expect(figures.get('agency kemenkes')).toMatchObject({ known: 6, level: 'ministry', parentId: 'negara' });
  expect(figures.get('agency kantor')).toMatchObject({ known: 2, connected: 1, live: 1, retired: 0 });
  expect(figures.get('agency klinik')).toMatchObject({ known: 3, connected: 1, live: 0, retired: 1 });
  expect(figures.get('agency dinas-kesehatan')).toBeUndefined();
});

test('pairs and what was not built count in every group that either of them is in, once', async () => {
  await using country = await openCountry();
  const { database, app, count } = country;
  for (const [id, agency] of [
    ['a', 'kantor'],
    ['b', 'klinik'],
    ['c', 'klinik'],
  ] as const) {
    await app(`app-${id}`, agency);
    await database.execute(
      `insert into app_profiles (ref, client_id, agency_id, agencies, name, name_en, name_words, name_en_words, description_words,
         description_en_words, sectors, audience, claims, state, digest, changed_at)
       values ($1, $2, $3, $4, '', '', '', '', '', '', '{kesehatan}', '{}', '{}', 'live', '', $5) on conflict (ref) do nothing`,
      [`client:app-${id}`, `app-${id}`, agency, ['negara', 'kemenkes', agency], NOON],
    );
  }
  const pair = (low: string, high: string, status: string, agencies: string[]) =>
    database.execute(
      `insert into app_pairs (low, high, score, is_strong, reasons, agencies, sectors, status, found_at, scored_at, decided_at)
       values ('client:app-' || $1, 'client:app-' || $2, 0.9, true, '[]', $3, '{kesehatan}', $4, $5, $5, $6)`,
      [low, high, ['negara', 'kemenkes', ...agencies, ...agencies], status, NOON, status === 'open' ? null : NOON],
    );
  await pair('a', 'b', 'open', ['kantor', 'klinik']);
  await pair('a', 'c', 'dismissed', ['kantor', 'klinik']);
  await pair('b', 'c', 'settled', ['klinik']);
  await database.execute(
    `insert into registrations_not_made (id, agency_id, agencies, sectors, why, name, actor, at)
     values (gen_random_uuid(), 'kantor', '{negara,kemenkes,kantor}', '{kesehatan}', 'chose-existing', 'Antrean', 'siti', $1)`,
    [NOON],
  );
  const figures = await count();
  for (const group of ['all all', 'sector kesehatan', 'agency negara', 'agency kemenkes', 'agency klinik'])
    expect(figures.get(group), group).toMatchObject({ pairsFound: 3, pairsSettled: 2 });
  expect(figures.get('agency kantor')).toMatchObject({ pairsFound: 2, pairsSettled: 1, notBuilt: 1 });
  expect(figures.get('agency klinik')).toMatchObject({ notBuilt: 0 });
  expect(figures.get('all all')).toMatchObject({ notBuilt: 1 });
});

test('a person counts once in a group however many of its apps they use; ended and expired permissions count no one', async () => {
  await using country = await openCountry();
  const { app, count, people, database } = country;
  await app('satu', 'kantor');
  await app('dua', 'klinik', { sectors: [] });
  const all = await people(60);
  expect(new Set(all.map((id) => id.slice(0, 2))).size, 'they live in many shards').toBeGreaterThan(10);
  await country.let('satu', all.slice(0, 40));
  await country.let('dua', all.slice(20, 50));
  await country.let('dua', all.slice(50), new Date(NOON.getTime() - 1));
  await database.execute(
    `update permissions set ended_at = $1, end_reason = 'withdrawn' where client_id = 'dua' and account_id = any($2)`,
    [NOON, all.slice(40, 41)],
  );
  const figures = await count();
  expect(figures.get('agency kantor')?.people).toBe(40);
  expect(figures.get('agency klinik')?.people, '29, in full tens').toBe(20);
  expect(figures.get('agency kemenkes')?.people, '49, in full tens').toBe(40);
  expect(figures.get('sector kesehatan')?.people).toBe(40);
  expect(figures.get('all all')?.people).toBe(40);
});

test('sign-ins are those of thirty days, whatever slot they were counted in', async () => {
  await using country = await openCountry();
  const { app, count, people, signIn } = country;
  await app('satu', 'kantor');
  await country.let('satu', await people(10));
  await signIn('satu', 7);
  await signIn('satu', 5, '2026-10-28');
  await signIn('satu', 3, '2026-10-27');
  await signIn('satu', 2, '2026-11-27');
  expect((await count()).get('sector kesehatan')).toMatchObject({ people: 10, signIns: 12 });
});

test('nothing of a group under ten is in any figure: a whole without its shown parts says nothing of the hidden one', async () => {
  await using country = await openCountry();
  const { app, count, people, signIn } = country;
  const all = await people(59);
  await app('besar', 'kantor');
  await app('kecil', 'klinik');
  await country.let('besar', all.slice(0, 50));
  await signIn('besar', 100);
  const without = await count();
  expect(without.get('agency klinik')).toMatchObject({ people: undefined, signIns: undefined, live: 1 });
  // The hidden one with nobody, and with as many as may be hidden: all that is told stays the same.
  await country.let('kecil', all.slice(50));
  await signIn('kecil', 333);
  const withNine = await count();
  expect(withNine).toEqual(without);
  for (const part of ['people', 'signIns'] as const)
    expect((withNine.get('agency kemenkes')?.[part] ?? 0) - (withNine.get('agency kantor')?.[part] ?? 0)).toBe(0);
  // The tenth brings it to light, in both at once.
  await country.let('kecil', all.slice(0, 1));
  const withTen = await count();
  expect(withTen.get('agency klinik')).toMatchObject({ people: 10, signIns: 333 });
  expect(withTen.get('agency kemenkes')).toMatchObject({ people: 50, signIns: 433 });
});

test('few who use only the rest of a group are not told by the difference either: figures are full tens', async () => {
  await using country = await openCountry();
  const { app, count, people } = country;
  const all = await people(48);
  await app('semua', 'kantor');
  await app('sebagian', 'klinik');
  await country.let('semua', all.slice(0, 41));
  for (const [others, expected] of [
    [1, 40],
    [8, 40],
  ] as const) {
    await country.database.execute(`delete from permissions where client_id = 'sebagian'`);
    // Thirty of them use the other app as well; these few do not.
    await country.let('sebagian', [...all.slice(0, 30), ...all.slice(41, 41 + others)]);
    const figures = await count();
    expect(figures.get('agency kantor')?.people).toBe(40);
    expect(figures.get('agency kemenkes')?.people).toBe(expected);
  }
});

test('a day is counted by one of many processes, and once', async () => {
  await using country = await openCountry();
  const { database, app } = country;
  await app('satu', 'kantor');
  const { won } = await race(8, () => countCoverage(database, { again: false }));
  expect(won.filter(Boolean)).toHaveLength(1);
  expect(await findLastCount(database)).toEqual({ day: TODAY, finishedAt: NOON });
  const job = startCoverage({ database, log: createLog('silent', { write: () => undefined }) }, { everyMs: 1e9 });
  expect(await job.countDue()).toBe(false);
  vi.setSystemTime(new Date('2026-11-27T00:00:01Z'));
  expect(await job.countDue()).toBe(true);
  await job.stop();
  expect((await findLastCount(database))?.day).toBe('2026-11-27');
  expect(await findCoverage(database, everything, TODAY), 'the day before stays').toMatchObject({ known: 1 });
});

test('who is killed leaves the day to the next one, and writes nothing when it comes to life again', async () => {
  await using country = await openCountry();
  const { database, app } = country;
  await app('satu', 'kantor');
  expect(await takeCount(database, TODAY, { again: false })).toBeDefined();
  expect(await countCoverage(database, { again: true })).toBe(false);
  expect(await findLastCount(database)).toBeUndefined();
  vi.setSystemTime(new Date(NOON.getTime() + 5 * 60_000));
  let isTaken = false;
  // Half-way another process takes the day on, because this one seems to be gone.
  vi.spyOn(database, 'transaction').mockImplementation(async function (this: typeof database, work) {
    if (!isTaken) {
      isTaken = true;
      await database.execute('update coverage_runs set lease_until = $2 where day = $1', [
        TODAY,
        new Date(NOON.getTime() + 3_600_000),
      ]);
    }
    return Object.getPrototypeOf(database).transaction.call(this, work);
  });
  expect(await countCoverage(database, { again: true })).toBe(false);
  vi.restoreAllMocks();
  expect(await listCoverage(database, TODAY, { limit: 10 })).toEqual([]);
});

test('shards that take longer to count than a statement may are counted by halves, each once', async () => {
  await using country = await openCountry();
  const { database, app, people } = country;
  await app('satu', 'kantor');
  await country.let('satu', await people(30));
  let failures = 3;
  vi.spyOn(database, 'transaction').mockImplementation(function (this: typeof database, work) {
    failures -= 1;
    if (failures >= 0) return Promise.reject(new DatabaseUnavailable('canceling statement due to statement timeout'));
    return Object.getPrototypeOf(database).transaction.call(this, work);
  });
  const figures = await country.count();
  vi.restoreAllMocks();
  expect(failures).toBeLessThan(0);
  expect(figures.get('sector kesehatan')?.people).toBe(30);
});

test('counting again replaces the day, and past days need no slots any more', async () => {
  await using country = await openCountry();
  const { database, app, count, signIn } = country;
  await app('satu', 'kantor');
  await signIn('satu', 9, '2026-11-20');
  await signIn('satu', 4, '2026-11-25');
  expect((await count()).get('all all')?.known).toBe(1);
  await app('dua', 'klinik');
  expect((await count()).get('all all')?.known).toBe(2);
  const rows = await database.query<{ day: string; rows: number }>(
    'select day::text, count(*)::integer as rows from client_days group by day order by day',
  );
  expect(rows).toEqual([
    { day: '2026-11-20', rows: 1 },
    { day: '2026-11-25', rows: 4 },
  ]);
  expect(await readSignIns(database, 'satu', '2026-11-01')).toEqual(
    new Map([
      ['2026-11-20', 9],
      ['2026-11-25', 4],
    ]),
  );
});
