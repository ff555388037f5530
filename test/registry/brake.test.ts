/** The brake on new apps: what stands before registering one, and before it goes live. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { saveAgency } from '#src/registry/agencies.ts';
import { justify } from '#src/registry/brake.ts';
import { decideCase, findOpenCase, listCasesOf, withdrawCase } from '#src/registry/cases.ts';
import { askToGoLive } from '#src/registry/changes.ts';
import { moveClient } from '#src/registry/client-life.ts';
import { findClient } from '#src/registry/clients.ts';
import { closeRegistrations, giveException, listExceptions, openRegistrations } from '#src/registry/closures.ts';
import { compareProfiles } from '#src/registry/comparing.ts';
import { dismissPair, findPair } from '#src/registry/duplicates.ts';
import { saveRecord } from '#src/registry/inventory-writes.ts';
import { readNotMade } from '#src/registry/not-made.ts';
import { saveSector } from '#src/registry/sectors.ts';
import { lockRegistry } from '#src/registry/version.ts';
import { openRegistry } from './registry.ts';

const DAY = 86_400_000;
const budi = '00000000-0000-4000-8000-00000000b0d1';
const putri = '00000000-0000-4000-8000-00000000b0d2';

/** An app of these words in both languages, at an address of its own. */
const words = (name: string, purpose: string) => ({
  ...{ client_name: name, 'client_name#en': name, purpose, 'purpose#en': purpose },
  ...{ description: undefined, 'description#en': undefined, service_code: undefined },
  client_uri: `https://${name.toLowerCase().replaceAll(' ', '-')}.contoh.go.id`,
});
const said = {
  ...words('Pinjam Alat Pertanian', 'Meminjam alat pertanian di kelompok tani.'),
  scope: 'openid profile',
  claims: [{ name: 'name', required: true, basis: 'consent' as const, purpose: 'Menyapa Anda.' }],
};
const why = 'Yang ada tidak melayani kelompok tani di pulau kecil.';

let registry: Awaited<ReturnType<typeof openRegistry>>;
beforeAll(async () => {
  registry = await openRegistry();
  const kept = { ...said, client_id: 'pinjam-alat', state: 'live' as const };
  await registry.change(kept, { via: 'command', actor: 'command' });
});
afterAll(() => registry?.[Symbol.asyncDispose]());

const create = (id: string, keys: object = {}, more: object = {}) =>
  registry.change({ ...said, ...keys, client_id: id }, { via: 'page', actor: budi, isNew: true, ...more });
const goLive = (clientId: string) =>
  registry.write((tx) => askToGoLive(tx, registry.secrets, { clientId, actor: budi, via: 'page', mode: 'production' }));
const decide = (id: string, verdict: 'allowed' | 'refused', actor = putri) =>
  registry.write((tx) => decideCase(tx, { id, verdict, actor, note: 'Sudah dipertimbangkan.' }));
const caseOf = async (clientId: string) => (await listCasesOf(registry.database, clientId))[0]?.id ?? '';
const everywhere = { nodes: ['dinas-kesehatan'], sectors: [] };
const notMade = () => readNotMade(registry.database, everywhere, new Date(0));

describe('an app strongly like one that exists', () => {
  test('is refused without a justification, with the list of those it is like', async () => {
    await expect(create('pinjam-1')).rejects.toMatchObject({
      code: 'likely_duplicate',
      members: { likely: [{ ref: 'client:pinjam-alat', name: said.client_name, state: 'live' }] },
    });
    expect(await findClient(registry.database, 'pinjam-1')).toBeUndefined();
  });

  test('is asked for no justification where its own agency’s inventory has it: it is being connected', async () => {
    const content = { name: 'Sewa Traktor Desa', host: 'sewa-traktor-desa.contoh.go.id' };
    const record = (agencyId: string, key: string) =>
      registry.write((tx) => saveRecord(tx, { agencyId, key, content, actor: 'command', via: 'command' }));
    await record('dinas-kesehatan', 'A-1');
    const keys = words('Sewa Traktor Desa', 'Menyewa traktor.');
    expect((await create('traktor-1', keys)).client.state).toBe('draft');
    const other = {
      id: 'lain',
      name: 'Dinas Lain',
      nameEn: 'Other Office',
      legalName: 'Dinas Lain',
      domain: 'lain.contoh.go.id',
    };
    await registry.write((tx) => saveAgency(tx, other, 'test'));
    await record('lain', 'B-1');
    await expect(create('traktor-2', keys)).rejects.toMatchObject({ code: 'likely_duplicate' });
  });

  test('can be built with one, and goes live when a coordinator who had no hand in it allows it', async () => {
    const { opened, client } = await create('pinjam-2', {}, { justification: why });
    expect(client.state).toBe('draft');
    expect(opened).toMatchObject({ status: 'open', justification: why, duplicates: [{ ref: 'client:pinjam-alat' }] });
    await expect(goLive('pinjam-2')).rejects.toMatchObject({ code: 'case_open' });
    const id = await caseOf('pinjam-2');
    await expect(decide(id, 'allowed', budi)).rejects.toMatchObject({ code: 'case_own' });
    while ((await compareProfiles(registry.database)) > 0);
    const pair = () => findPair(registry.database, 'client:pinjam-2', 'client:pinjam-alat');
    expect(await pair()).toMatchObject({ status: 'open' });
    await decide(id, 'allowed');
    expect(await pair()).toMatchObject({ status: 'dismissed', note: `case ${id}`, decidedBy: putri });
    await expect(decide(id, 'refused')).rejects.toMatchObject({ code: 'case_not_open' });
    expect((await goLive('pinjam-2')).client.state).toBe('live');
    await registry.write((tx) =>
      moveClient(tx, { clientId: 'pinjam-2', to: 'retired', actor: 'command', via: 'command' }),
    );
  });

  test('does not go live when it is refused, whatever it is called then, until a new reason is allowed', async () => {
    await create('pinjam-3', {}, { justification: why });
    while ((await compareProfiles(registry.database)) > 0);
    await decide(await caseOf('pinjam-3'), 'refused');
    expect(await findPair(registry.database, 'client:pinjam-3', 'client:pinjam-alat')).toMatchObject({
      status: 'open',
    });
    expect((await notMade()).byReason.refused).toBe(1);
    const renamed = { ...said, ...words('Jadwal Kapal', 'Melihat jadwal kapal.'), client_id: 'pinjam-3' };
    await registry.change(renamed, { via: 'page', actor: budi });
    await expect(goLive('pinjam-3')).rejects.toMatchObject({ code: 'case_refused' });
    const client = await findClient(registry.database, 'pinjam-3');
    await registry.write(async (tx) => {
      await lockRegistry(tx);
      if (client) await justify(tx, client, { via: 'page', actor: budi, justification: why });
    });
    const open = await findOpenCase(registry.database, 'pinjam-3');
    await decide(open?.id ?? '', 'allowed');
    expect((await notMade()).byReason.refused).toBe(0);
    expect((await goLive('pinjam-3')).client.state).toBe('live');
    await registry.write((tx) =>
      moveClient(tx, { clientId: 'pinjam-3', to: 'retired', actor: 'command', via: 'command' }),
    );
  });

  test('registered under another name and renamed later is weighed again before it goes live', async () => {
    await create('pinjam-4', words('Ramalan Ombak', 'Melihat tinggi ombak.'));
    await registry.change({ ...said, client_id: 'pinjam-4' }, { via: 'page', actor: budi });
    await expect(goLive('pinjam-4')).rejects.toMatchObject({ code: 'justification_required' });
  });

  test('given up while it waits is retired and counted once', async () => {
    await create('pinjam-5', {}, { justification: why });
    const id = await caseOf('pinjam-5');
    await registry.write((tx) => withdrawCase(tx, { id, actor: budi }));
    await expect(registry.write((tx) => withdrawCase(tx, { id, actor: budi }))).rejects.toMatchObject({
      code: 'case_not_open',
    });
    expect((await notMade()).byReason.withdrawn).toBe(1);
  });

  test('that is ended while it waits leaves no case behind', async () => {
    await create('pinjam-6', {}, { justification: why });
    await registry.write((tx) => moveClient(tx, { clientId: 'pinjam-6', to: 'retired', actor: budi, via: 'page' }));
    expect(await findOpenCase(registry.database, 'pinjam-6')).toBeUndefined();
  });

  test('declared by the deployment’s own file is let through', async () => {
    const { client } = await create('pinjam-7', {}, { via: 'file', actor: 'command' });
    expect(client.id).toBe('pinjam-7');
  });

  test('is decided once, of fifty tries at once', async () => {
    await create('pinjam-8', {}, { justification: why });
    const id = await caseOf('pinjam-8');
    const tries = Array.from({ length: 50 }, (_, i) => decide(id, i % 2 === 0 ? 'allowed' : 'refused'));
    const settled = await Promise.allSettled(tries);
    expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });
});

describe('a closed place', () => {
  const unlike = (n: number) =>
    words(
      ['Sewa Balai', 'Lomba Burung', 'Kursus Las', 'Peta Sumur', 'Arsip Foto'][n % 5] as string,
      ['Menyewa balai.', 'Ikut lomba.', 'Belajar mengelas.', 'Mencari sumur.', 'Melihat foto lama.'][n % 5] as string,
    );

  test('refuses what comes into it, and lets in as many as an exception allows, of fifty tries at once', async () => {
    const { id: closureId } = await registry.write((tx) =>
      closeRegistrations(tx, { agencyId: 'dinas-kesehatan', reason: 'Dipadukan.', actor: putri }),
    );
    await expect(create('tutup-1', unlike(0))).rejects.toMatchObject({ code: 'registrations_closed' });
    await registry.write((tx) =>
      giveException(tx, {
        ...{ closureId, agencyId: 'dinas-kesehatan', apps: 3, reason: 'Wajib', actor: putri },
        expiresAt: new Date(Date.now() + DAY),
      }),
    );
    const tries = Array.from({ length: 50 }, (_, i) => create(`tutup-sekian-${i}`, unlike(i)));
    const settled = await Promise.allSettled(tries);
    expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
    expect(await listExceptions(registry.database, [closureId])).toMatchObject([{ apps: 3, used: 3 }]);
    const uses = await registry.database.query('select client_id from registration_exception_uses');
    expect(uses).toHaveLength(3);
    await registry.write((tx) => openRegistrations(tx, closureId, putri));
    expect((await create('tutup-2', unlike(1))).client.id).toBe('tutup-2');
  });

  test('is not come into by changing the sectors later; what the deployment declares is on record', async () => {
    const sector = { id: 'tani', name: 'Tani', nameEn: 'Farming', isPriority: false, position: 1 };
    await registry.write((tx) => saveSector(tx, { ...sector, coordinatorId: undefined }, 'test'));
    const { id: closureId } = await registry.write((tx) =>
      closeRegistrations(tx, { sectorId: 'tani', reason: 'Ditata ulang.', actor: putri }),
    );
    await create('sektor-1', unlike(2));
    const into = { ...said, ...unlike(2), client_id: 'sektor-1', sectors: ['tani'] };
    await expect(registry.change(into, { via: 'page', actor: budi })).rejects.toMatchObject({
      code: 'registrations_closed',
    });
    await registry.change(into, { via: 'file', actor: 'command', reason: 'Keputusan menteri' });
    expect(await listCasesOf(registry.database, 'sektor-1')).toMatchObject([
      { status: 'allowed', grounds: ['sector-closed'], justification: 'Keputusan menteri', via: 'file' },
    ]);
    await registry.write((tx) => openRegistrations(tx, closureId, putri));
  });

  test('opens by itself on its day, and is closed once', async () => {
    const close = (openAgainOn?: string) =>
      registry.write((tx) =>
        closeRegistrations(tx, { agencyId: 'dinas-kesehatan', reason: 'Sebentar.', openAgainOn, actor: putri }),
      );
    await close('2020-01-01');
    expect((await create('lewat-1', unlike(3))).client.id).toBe('lewat-1');
    const closed = await close();
    await expect(close()).rejects.toMatchObject({ code: 'closed_already' });
    await registry.write((tx) => openRegistrations(tx, closed.id, putri));
  });
});

describe('no way round is', () => {
  const boat = words('Tambat Perahu Nelayan', 'Memesan tempat tambat perahu nelayan.');
  const make = (id: string, keys: object = {}, more: object = {}) => create(id, { ...boat, ...keys }, more);

  beforeAll(async () => {
    await registry.write(async (tx) => {
      for (const [id, name] of [
        ['bahari', 'Dinas Bahari'],
        ['agama', 'Kantor Agama'],
      ] as const)
        await saveAgency(tx, { id, name, nameEn: name, legalName: name, domain: `${id}.contoh.go.id` }, 'test');
      const sector = { name: 'Uji', nameEn: 'Trial', isPriority: false, position: 7, coordinatorId: undefined };
      for (const id of ['uji-laut', 'uji-darat']) await saveSector(tx, { ...sector, id }, 'test');
    });
    const there = { ...said, ...boat, client_id: 'tambat', state: 'live' as const };
    await registry.change(there, { via: 'command', actor: 'command', agencyId: 'bahari' });
  });

  test('to make so many of one’s own that what exists is crowded out', async () => {
    const ids = [...'abcdefghijkl'].map((letter) => `kapal-${letter.repeat(5)}`);
    for (const id of ids) await create(id, words(`Urusan ${id.slice(6)}`, `Mengurus ${id.slice(6)}.`));
    for (const id of ids) await registry.change({ ...said, ...boat, client_id: id }, { via: 'page', actor: budi });
    await expect(goLive(String(ids.at(-1)))).rejects.toMatchObject({ code: 'justification_required' });
  });

  test('to ask where it is allowed, and to take it to another sector or agency', async () => {
    const nets = words('Sewa Jaring Apung', 'Menyewa jaring apung di waduk.');
    const there = { ...said, ...nets, client_id: 'jaring', state: 'live' as const };
    await registry.change(there, { via: 'command', actor: 'command', agencyId: 'bahari' });
    await create('jaring-laut', { ...nets, sectors: ['uji-laut'] }, { justification: why });
    while ((await compareProfiles(registry.database)) > 0);
    await decide(await caseOf('jaring-laut'), 'allowed');
    await registry.write((tx) =>
      tx.execute(
        `update app_pairs set status = 'dismissed', decided_at = $1, decided_by = $2, note = 'Lain'
         where 'client:jaring-laut' in (low, high) and status = 'open'`,
        [new Date(), putri],
      ),
    );
    const elsewhere = { ...said, ...nets, client_id: 'jaring-laut', sectors: ['uji-laut', 'uji-darat'] };
    await registry.change(elsewhere, { via: 'page', actor: budi });
    await expect(goLive('jaring-laut')).rejects.toMatchObject({ code: 'justification_required' });
    await registry.change({ ...elsewhere, sectors: ['uji-laut'] }, { via: 'page', actor: budi });
    expect((await goLive('jaring-laut')).client.state).toBe('live');
  });

  test('to have a machine go live and to make an app for people of it', async () => {
    const machine = {
      ...{ type: 'machine' as const, grant_types: ['client_credentials'], redirect_uris: [], scope: '' },
      ...{ claims: undefined, post_logout_redirect_uris: [] },
    };
    await make('mesin-tambat', machine, { via: 'command', actor: 'command' });
    await registry.write((tx) =>
      tx.execute(`update clients set state = 'live', live_since = $1 where id = 'mesin-tambat'`, [new Date()]),
    );
    await expect(
      registry.change({ ...said, ...boat, client_id: 'mesin-tambat' }, { via: 'page', actor: budi }),
    ).rejects.toMatchObject({ code: 'likely_duplicate' });
  });

  test('to say of one’s own app that it is not the same', async () => {
    const auction = words('Lelang Ikan Pagi', 'Mengikuti lelang ikan di pelabuhan.');
    const there = { ...said, ...auction, client_id: 'lelang-ikan', state: 'live' as const };
    await registry.change(there, { via: 'command', actor: 'command', agencyId: 'bahari' });
    await create('lelang-lain', words('Ramalan Angin Laut', 'Melihat angin.'));
    await registry.change({ ...said, ...auction, client_id: 'lelang-lain' }, { via: 'page', actor: budi });
    while ((await compareProfiles(registry.database)) > 0);
    const dismiss = (actor: string) =>
      registry.write((tx) =>
        dismissPair(tx, { one: 'client:lelang-ikan', other: 'client:lelang-lain', actor, reason: 'Lain.' }),
      );
    await expect(dismiss(budi)).rejects.toMatchObject({ code: 'case_own' });
    await dismiss(putri);
    expect((await goLive('lelang-lain')).client.state).toBe('live');
  });
});
