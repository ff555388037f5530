/** What stands before a new app: those like it are shown first, one is used instead or another one is justified. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listCasesOf } from '#src/registry/cases.ts';
import { findClient } from '#src/registry/clients.ts';
import { closeRegistrations, giveException, openRegistrations } from '#src/registry/closures.ts';
import type { Citizen } from '#test/races/crowd.ts';
import { colleague, openConsole } from '#test/support/console.ts';
import type { Page } from '#test/support/page.ts';
import { openWorld, type World } from '#test/support/world.ts';

const simple = { scope: 'openid profile', claims: [{ name: 'name', required: true, purpose: 'Menyapa Anda.' }] };

let world: World;
let budi: Citizen;

beforeAll(async () => {
  world = await openWorld();
  budi = await colleague(world, 'budi@bapenda.contoh.go.id', { 'badan-pendapatan-daerah': ['developer'] });
  await world.declare({
    ...simple,
    client_id: 'jadwal-dokter',
    client_name: 'Jadwal Dokter Spesialis',
    purpose: 'Melihat jadwal dokter spesialis di rumah sakit.',
    state: 'live',
  });
  await world.declare({
    client_id: 'rahasia-dapur',
    client_name: 'Lelang Kendaraan Dinas',
    purpose: 'Mengikuti lelang kendaraan dinas yang sudah tua.',
    state: 'sandbox',
  });
});
afterAll(() => world?.[Symbol.asyncDispose]());

const alike = { name: 'Jadwal Dokter Spesialis', purpose: 'Melihat jadwal dokter spesialis di rumah sakit.' };

async function begin(said: Record<string, string>): Promise<Page> {
  const { page } = await openConsole(world, budi, { at: '/console/apps/new' });
  return page.fill(said);
}

const notMade = () =>
  world.database.query<{ why: string; instead: string | null; name: string }>(
    'select why, instead, name from registrations_not_made order by at',
  );

describe('an app like one that exists', () => {
  test('is shown the one that exists as a second step of the same form, with all that was typed', async () => {
    const step = await (await begin(alike)).press('#register');
    expect(step.status).toBe(422);
    expect(step.attributes('[data-likely]', 'data-likely')).toContain('client:jadwal-dokter');
    expect(step.text('#likely')).toContain('Jadwal Dokter Spesialis');
    expect(step.text('#likely .reasons')).toContain('100% sama');
    expect([step.value('name'), step.value('purpose')]).toEqual([alike.name, alike.purpose]);
    expect(await findClient(world.database, 'jadwal-dokter-spesialis')).toBeUndefined();
  });

  test('says why it is needed, can be tried at once, and waits for the coordinator', async () => {
    const step = await (await begin(alike)).press('#register');
    const silent = await step.press('#register');
    expect(silent.text('#justification-problem')).toContain('20 huruf');
    const justification = 'Yang ada tidak melayani dokter gigi di pajak.';
    const begun = await silent.fill({ justification }).press('#register');
    expect(begun.url.pathname).toBe('/console/apps/jadwal-dokter-spesialis/start');
    expect(begun.text('[role=status]')).toContain('Koordinator memutuskan');
    expect((await findClient(world.database, 'jadwal-dokter-spesialis'))?.state).toBe('sandbox');
    const [opened] = await listCasesOf(world.database, 'jadwal-dokter-spesialis');
    expect(opened).toMatchObject({ status: 'open', justification, grounds: ['duplicate'], actor: budi.id });
    expect(opened?.duplicates[0]?.ref).toBe('client:jadwal-dokter');
  });

  test('is not made where somebody takes the one that exists, once however often they try', async () => {
    const step = await (await begin({ ...alike, name: 'Jadwal Dokter Spesialis Pajak' })).press('#register');
    const unchosen = await step.press('#use-existing');
    expect(unchosen.text('#problems')).toContain('Pilih dulu');
    for (const page of [unchosen, step]) {
      const used = await page.tick('instead', 'client:jadwal-dokter').press('#use-existing');
      expect(used.text('[role=status]')).toContain('Pakailah Jadwal Dokter Spesialis');
    }
    expect(await notMade()).toEqual([
      { why: 'chose-existing', instead: 'client:jadwal-dokter', name: 'Jadwal Dokter Spesialis Pajak' },
    ]);
  });

  test('of one that another agency is still making only that much is said', async () => {
    const same = { name: 'Lelang Kendaraan Dinas', purpose: 'Mengikuti lelang kendaraan dinas yang sudah tua.' };
    const step = await (await begin(same)).press('#register');
    expect(step.has('[data-likely=hidden]')).toBe(true);
    expect(step.text('#likely')).not.toContain('Lelang');
    expect(step.has('#use-existing')).toBe(false);
  });
});

test('where it is closed the page says since when and why, and counts it; an exception lets so many in', async () => {
  const closure = await world.database.transaction((tx) =>
    closeRegistrations(tx, { agencyId: 'badan-pendapatan-daerah', reason: 'Dipadukan dulu.', actor: 'test' }),
  );
  const said = { name: 'Balik Nama Kapal', purpose: 'Mengurus balik nama kapal.' };
  const closed = await (await begin(said)).press('#register');
  expect(closed.text('#problems')).toContain('Dipadukan dulu.');
  expect(await notMade()).toContainEqual({ why: 'closed', instead: null, name: said.name });
  await world.database.transaction((tx) =>
    giveException(tx, {
      ...{ closureId: closure.id, agencyId: 'badan-pendapatan-daerah', apps: 1, reason: 'Wajib tahun ini' },
      ...{ actor: 'test', expiresAt: new Date(Date.now() + 86_400_000) },
    }),
  );
  const letIn = await (await begin(said)).press('#register');
  expect(letIn.url.pathname).toBe('/console/apps/balik-nama-kapal/start');
  const again = await (await begin({ ...said, name: 'Sewa Perahu Nelayan', purpose: 'Menyewa perahu.' })).press(
    '#register',
  );
  expect(again.text('#problems')).toContain('Dipadukan dulu.');
  await world.database.transaction((tx) => openRegistrations(tx, closure.id, 'test'));
});
