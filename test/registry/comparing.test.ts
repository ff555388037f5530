/** What exists twice, found among all apps: by how much, again after a change, and by several processes at once. */
import { afterEach, beforeEach, describe, expect, inject, test, vi } from 'vitest';
import { Database } from '#src/base/database.ts';
import { saveAgency } from '#src/registry/agencies.ts';
import { clientRef, inventoryRef } from '#src/registry/app-refs.ts';
import { compareProfiles, countWaiting } from '#src/registry/comparing.ts';
import {
  type AppPair,
  dismissPair,
  findPair,
  listPairs,
  reopenPair,
  settlePairsOf,
  unsettlePairsOf,
} from '#src/registry/duplicates.ts';
import { listFamilies, listMembers } from '#src/registry/families.ts';
import { linkRecord, saveRecord } from '#src/registry/inventory-writes.ts';
import { createDatabase, PATIENCE } from '#test/support/postgres.ts';
import { compareEverything, fillSample, measure } from './duplicate-measures.ts';
import { makeSample } from './duplicate-sample.ts';
import { agency } from './fixtures.ts';
import { openRegistry } from './registry.ts';

type Registry = Awaited<ReturnType<typeof openRegistry>>;

let registry: Registry;
beforeEach(async () => {
  registry = await openRegistry();
  await compareEverything(registry.database);
});
afterEach(async () => {
  vi.useRealTimers();
  await registry[Symbol.asyncDispose]();
});

/** A record of an agency that there is, or comes to be with it. */
async function record(name: string, more: object = {}, of: string = agency.id) {
  return registry.write(async (tx) => {
    if (of !== agency.id)
      await saveAgency(tx, { id: of, name: of, nameEn: of, legalName: of, domain: `${of}.contoh.go.id` }, 'test');
    const saved = await saveRecord(tx, {
      agencyId: of,
      key: name,
      content: { name, ...more },
      actor: 'test',
      via: 'command',
    });
    return saved.record.id;
  });
}

const everywhere = async () => {
  const rows = await registry.database.query<{ id: string }>('select id from agencies where parent_id is null');
  return { nodes: rows.map(({ id }) => id), sectors: [] };
};
const pairs = async (status: 'open' | 'dismissed' | 'settled' = 'open') => {
  const reach = await everywhere();
  return (await registry.write((tx) => listPairs(tx, { reach, status, limit: 1000 }))).lines;
};

describe('a pair', () => {
  test('is found when the second app comes, and gone when it is called something else', async () => {
    const one = await record('Mutasi Guru', {}, 'sleman');
    const other = await record('Sistem Informasi Mutasi Guru', {}, 'bantul');
    expect(await compareEverything(registry.database)).toBe(2);
    const [pair] = await pairs();
    expect([pair?.low.ref, pair?.high.ref].toSorted()).toEqual([inventoryRef(one), inventoryRef(other)].toSorted());
    expect(pair?.reasons).toEqual([{ code: 'name', value: 100 }]);
    await registry.write((tx) =>
      saveRecord(tx, {
        ...{ agencyId: 'bantul', key: 'Sistem Informasi Mutasi Guru', actor: 'test', via: 'command' },
        content: { name: 'Retribusi Pasar' },
      }),
    );
    expect(await compareEverything(registry.database)).toBe(1);
    expect(await pairs()).toEqual([]);
  });

  test('that was dismissed stays so through a new comparison, until somebody opens it again', async () => {
    const one = inventoryRef(await record('Mutasi Guru', {}, 'sleman'));
    const other = inventoryRef(await record('Mutasi Guru Online', {}, 'bantul'));
    await compareEverything(registry.database);
    await registry.write((tx) => dismissPair(tx, { one: other, other: one, actor: 'putri', reason: 'Lain jenjang.' }));
    await expect(
      registry.write((tx) => dismissPair(tx, { one, other, actor: 'putri', reason: 'Lagi.' })),
    ).rejects.toMatchObject({ code: 'pair_decided' });
    await record('Mutasi Guru', { description: 'Pindah sekolah bagi guru honorer.' }, 'sleman');
    await compareEverything(registry.database);
    expect(await pairs()).toEqual([]);
    expect(await pairs('dismissed')).toMatchObject([{ note: 'Lain jenjang.', decidedBy: 'putri' }]);
    await registry.write((tx) => reopenPair(tx, { one, other, actor: 'putri' }));
    expect(await pairs()).toHaveLength(1);
  });

  test('is settled by a decision about one of its apps, and open again when that is undone', async () => {
    const one = inventoryRef(await record('Mutasi Guru', {}, 'sleman'));
    await record('Mutasi Guru Online', {}, 'bantul');
    await compareEverything(registry.database);
    expect(await registry.write((tx) => settlePairsOf(tx, one, { actor: 'putri', note: 'Digabung.' }))).toBe(1);
    await compareEverything(registry.database);
    expect(await pairs('settled')).toMatchObject([{ note: 'Digabung.' }]);
    expect(await registry.write((tx) => unsettlePairsOf(tx, one, { actor: 'putri' }))).toBe(1);
    expect(await pairs()).toHaveLength(1);
  });

  test('keeps what was decided when a record turns out to be a client', async () => {
    const id = await record('Mutasi Guru', {}, 'sleman');
    const other = inventoryRef(await record('Mutasi Guru Online', {}, 'bantul'));
    await compareEverything(registry.database);
    await registry.write((tx) =>
      dismissPair(tx, { one: inventoryRef(id), other, actor: 'putri', reason: 'Lain jenjang.' }),
    );
    await registry.change(
      { client_id: 'mutasi', client_name: 'Mutasi Guru', 'client_name#en': 'Teacher Transfers' },
      { via: 'command', actor: 'command' },
    );
    await registry.database.execute(`update clients set agency_id = 'sleman' where id = 'mutasi'`);
    await registry.write((tx) => linkRecord(tx, id, 'mutasi', 'putri'));
    await compareEverything(registry.database);
    expect(await findPair(registry.database, inventoryRef(id), other)).toBeUndefined();
    expect(await findPair(registry.database, clientRef('mutasi'), other)).toMatchObject({ status: 'dismissed' });
  });

  test('is seen by who coordinates either app, page by page', async () => {
    for (const n of ['satu', 'dua', 'tiga'])
      await record(`Arsip Naskah ${n}`, { host: 'arsip.contoh.go.id' }, `kab-${n}`);
    await compareEverything(registry.database);
    const search = { reach: { nodes: ['kab-satu'], sectors: [] }, status: 'open' as const, limit: 1 };
    const first = await registry.write((tx) => listPairs(tx, search));
    expect(first.hasMore).toBe(true);
    const [last] = first.lines;
    const after = last && { score: last.score, low: last.low.ref, high: last.high.ref };
    const second = await registry.write((tx) => listPairs(tx, { ...search, after }));
    expect(second.hasMore).toBe(false);
    const nameOf = ({ low, high }: AppPair) => `${low.ref} ${high.ref}`;
    expect(second.lines.map(nameOf)).not.toEqual(first.lines.map(nameOf));
    const none = { ...search, reach: { nodes: [agency.id], sectors: [] } };
    expect((await registry.write((tx) => listPairs(tx, none))).lines).toEqual([]);
  });
});

describe('a name that every regency uses', () => {
  test('is one family and not a pair for each two; what one agency has twice is a pair', async () => {
    for (let n = 0; n < 12; n += 1) await record('SIMPEG', {}, `kab-${n}`);
    await registry.write((tx) =>
      saveRecord(tx, {
        agencyId: 'kab-3',
        key: 'lama',
        content: { name: 'Sistem Informasi Kepegawaian' },
        actor: 'test',
        via: 'command',
      }),
    );
    await compareEverything(registry.database);
    const reach = await everywhere();
    expect((await registry.write((tx) => listFamilies(tx, { reach }))).lines).toEqual([
      { words: 'pegawai', name: 'SIMPEG', apps: 13 },
    ]);
    expect(await pairs()).toMatchObject([{ low: { agencyId: 'kab-3' }, high: { agencyId: 'kab-3' } }]);
    const members = await registry.write((tx) =>
      listMembers(tx, { words: 'pegawai', reach: { nodes: ['kab-3'], sectors: [] } }),
    );
    expect(members.lines).toHaveLength(2);
  });

  test('is a family no more when too few are left', async () => {
    for (let n = 0; n < 9; n += 1) await record('SIMPEG', {}, `kab-${n}`);
    await compareEverything(registry.database);
    expect(await pairs()).toEqual([]);
    await registry.write((tx) =>
      saveRecord(tx, {
        agencyId: 'kab-0',
        key: 'SIMPEG',
        content: { name: 'Retribusi Pasar' },
        actor: 'test',
        via: 'command',
      }),
    );
    await compareEverything(registry.database);
    const reach = await everywhere();
    expect((await registry.write((tx) => listFamilies(tx, { reach }))).lines).toEqual([]);
    expect((await pairs()).length).toBe((8 * 7) / 2);
  });
});

describe('comparing', () => {
  test('is done once by several processes, and by another after one was killed', async () => {
    for (let n = 0; n < 30; n += 1) await record(`Arsip Naskah Kuno ${n} bagian ${n * 7}`, {}, `kab-${n}`);
    const counts = await Promise.all(Array.from({ length: 4 }, () => compareProfiles(registry.database, 10)));
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(30);
    expect(await countWaiting(registry.database)).toBe(0);
    await record('Retribusi Pasar', {}, 'kab-1');
    const claimed = new Date(Date.now() + 60_000);
    await registry.database.execute('update app_comparisons set lease_until = $1', [claimed]);
    expect(await compareProfiles(registry.database)).toBe(0);
    vi.useFakeTimers({ toFake: ['Date'], now: claimed.getTime() + 1 });
    expect(await compareProfiles(registry.database)).toBe(1);
  });

  test('of an app that changes meanwhile is done once more', async () => {
    await record('Retribusi Pasar', {}, 'kab-1');
    const lease = new Date(Date.now() + 60_000);
    await registry.database.execute('update app_comparisons set lease_until = $1', [lease]);
    await record('Retribusi Pasar', { description: 'Menagih sewa kios tiap bulan.' }, 'kab-1');
    await registry.database.execute('delete from app_comparisons where lease_until = $1', [lease]);
    expect(await countWaiting(registry.database)).toBe(1);
  });
});

test('a labelled sample: most of what is the same is found, and most of what is found is the same', {
  timeout: 240_000,
}, async () => {
  const home = await createDatabase(inject('adminUrl'), { template: inject('emptyTemplate') });
  const database = new Database(home.url, { max: 2, ...PATIENCE });
  try {
    const sample = makeSample({ apps: 900, agencies: 100, seed: 7 });
    await fillSample(database, sample, 100);
    await compareEverything(database);
    const { precision, strongPrecision, recall, recallOf, pairs: found } = await measure(database, sample);
    expect({ precision, strongPrecision, recall }).toMatchObject({
      precision: expect.toSatisfy((share: number) => share >= 0.75),
      strongPrecision: expect.toSatisfy((share: number) => share >= 0.88),
      recall: expect.toSatisfy((share: number) => share >= 0.7),
    });
    expect(recallOf['same-name']).toBe(1);
    expect(recallOf.mistyped).toBeGreaterThanOrEqual(0.85);
    expect(found).toBeLessThan(sample.length);
  } finally {
    await database.close();
    await home.drop();
  }
});
