/** The inventory on the console: noted by hand, sent as a file, matched with what is connected, and taken away as a file. */
import { expect, test } from 'vitest';
import { startInventoryImports } from '#src/jobs/inventory-imports.ts';
import { inventoryRef } from '#src/registry/app-refs.ts';
import { loadClient } from '#src/registry/clients.ts';
import { decide } from '#src/registry/decisions.ts';
import { findRecord } from '#src/registry/inventory.ts';
import { matchDue } from '#src/registry/inventory-matches.ts';
import { linkRecord, saveRecord } from '#src/registry/inventory-writes.ts';
import { seedExampleOrganisation } from '#src/registry/organisation.ts';
import { colleague, openConsole } from '#test/support/console.ts';
import { openWorld as openEmpty, type World } from '#test/support/world.ts';

/** A world with the whole tree of the example. */
async function openWorld(): Promise<World> {
  const world = await openEmpty();
  await seedExampleOrganisation(world.database);
  return world;
}

const open = async (world: World, held: Parameters<typeof colleague>[2], at = '/console/inventory') =>
  openConsole(world, await colleague(world, 'budi@contoh.go.id', held, 'Budi'), { at });

const names = (page: { texts(selector: string): string[] }) => page.texts('[data-record] th a');

/** What the server does about files and matches, at once. */
async function work(world: World): Promise<void> {
  const job = startInventoryImports({ database: world.database, log: world.house.log }, { everyMs: 3_600_000 });
  await job.workNow();
  await job.stop();
}

async function save(world: World, agencyId: string, key: string, content: object): Promise<string> {
  const { record } = await world.database.transaction((tx) =>
    saveRecord(tx, { agencyId, key, content: { name: key, ...content }, actor: 'command', via: 'command' }),
  );
  return record.id;
}

test('a record is added, corrected with its history, and removed; each field says what is wrong with it', async () => {
  await using world = await openWorld();
  const { browser, page } = await open(world, { 'dinas-kesehatan': ['owner'] }, '/console/inventory/new');
  const refused = await page
    .fill({ key: '', name: 'Antrean Loket', host: 'bukan host', users: 'banyak' })
    .press('#save');
  expect(refused.status).toBe(422);
  expect(refused.count('.field-wrong')).toBe(3);
  const added = await refused
    .fill({ key: 'L-1', host: 'https://loket.dinkes.contoh.go.id/masuk', users: '12.500' })
    .tick('sector', 'kesehatan')
    .press('#save');
  expect(added.text()).toContain('loket.dinkes.contoh.go.id');
  expect(added.text()).toContain('12.500');
  const changed = await added.fill({ users: '13.000', reason: 'Angka tahun ini.' }).press('#edit #save');
  expect(changed.text('#record-versions li')).toContain('Angka tahun ini.');
  expect(changed.text('#record-versions li')).toContain('Budi');
  const late = await added.fill({ users: '1' }).press('#edit #save');
  expect(late.text('#error-code')).toBe('record_conflict');
  const gone = await changed.press('#remove');
  expect(names(gone)).not.toContain('Antrean Loket');
  expect((await browser.visit(changed.url.href.split('?')[0] ?? '')).status).toBe(404);
});

test('a file is checked, said row by row what is wrong, and applied only when somebody says so', async () => {
  await using world = await openWorld();
  const { browser, page } = await open(world, { 'kota-contoh': ['coordinator'] }, '/console/inventory/imports');
  const content =
    'instansi;kunci;nama;sektor\ndinas-kesehatan;F-1;Layanan Berkas;kesehatan\nnegara;F-2;Jauh;\n;F-3;Salah;sihir\n';
  const sent = await page
    .fill({ agency: 'kota-contoh' })
    .choose('file', new File([content], 'daftar.csv'))
    .press('#send');
  expect(sent.headers.get('refresh')).toBe('5');
  await work(world);
  const checked = await browser.visit(sent.url.href);
  expect(checked.headers.get('refresh')).toBeNull();
  expect([checked.text('#count-created'), checked.text('#count-refused')]).toEqual(['1', '2']);
  const mistakes = await browser.visit(`${sent.url.href}/errors.csv`);
  expect(mistakes.html.split('\r\n').map((line) => line.split(',').slice(0, 3).join())).toEqual([
    'row,column,code',
    '3,agency,agency_elsewhere',
    '4,sectors,sector_unknown',
    '',
  ]);
  expect((await browser.visit(`${world.issuer}/console/inventory?q=berkas`)).count('[data-record]')).toBe(0);
  const applying = await checked.press('#apply');
  expect((await checked.press('#apply')).text('#error-code')).toBe('import_not_ready');
  await work(world);
  expect((await browser.visit(applying.url.href)).text('#count-created')).toBe('1');
  const list = await browser.visit(`${world.issuer}/console/inventory?q=berkas`);
  expect(names(list)).toEqual(['Layanan Berkas']);
});

test('what a file leaves it can take again: an export comes back without a change', async () => {
  await using world = await openWorld();
  await save(world, 'dinas-kesehatan', 'E-1', { name: '=1+1', description: '@jangan', yearly_cost: 12_000_000 });
  await save(world, 'dinas-kesehatan', 'E-2', {
    name: 'Biasa',
    host: 'biasa.contoh.go.id',
    contact: '+62 21 555 0101',
  });
  const { browser } = await open(world, { 'dinas-kesehatan': ['owner'] });
  const file = await browser.visit(`${world.issuer}/console/inventory.csv?q=e-`);
  expect(file.html).toContain("'=1+1");
  const page = await browser.visit(`${world.issuer}/console/inventory/imports`);
  const sent = await page
    .fill({ agency: 'dinas-kesehatan' })
    .choose('file', new File([file.html], 'inventaris.csv'))
    .press('#send');
  await work(world);
  const checked = await browser.visit(sent.url.href);
  expect([checked.text('#count-created'), checked.text('#count-updated'), checked.text('#count-unchanged')]).toEqual([
    '0',
    '0',
    '2',
  ]);
});

test('a match is confirmed from the list, one that is no match is refused, and each once', async () => {
  await using world = await openWorld();
  await world.declare({
    client_id: 'antrean-loket',
    client_name: 'Antrean Loket',
    client_uri: 'https://loket.contoh.go.id/',
  });
  const [{ agency_id: agencyId = '' } = {}] = await world.database.query<{ agency_id: string }>(
    `select agency_id from clients where id = 'antrean-loket'`,
  );
  const sure = await save(world, agencyId, 'M-1', { name: 'Antrean Loket', host: 'loket.contoh.go.id' });
  const other = await save(world, agencyId, 'M-2', { name: 'Antrian Loket' });
  await matchDue(world.database);
  const { browser, page } = await open(world, { [agencyId]: ['owner'] });
  const matches = await browser.visit(`${world.issuer}${page.attribute('#matches', 'href')}`);
  const ours = (shown: typeof matches) =>
    shown.attributes('[data-match]', 'data-match').filter((pair) => pair.endsWith('antrean-loket'));
  expect(ours(matches)).toEqual([`${sure} antrean-loket`, `${other} antrean-loket`]);
  const refused = await matches.press(`[data-match="${other} antrean-loket"] .refuse-match`);
  expect(ours(refused)).toEqual([`${sure} antrean-loket`]);
  const confirmed = await refused.press('#confirm-sure');
  expect(ours(confirmed)).toEqual([]);
  const record = await browser.visit(`${world.issuer}/console/inventory/${sure}`);
  expect(record.text('#linked')).toContain('Antrean Loket');
  const parted = await record.press('#unlink');
  expect(parted.has('#linked')).toBe(false);
});

test('everybody sees what their roles reach: at their agency and below, or in the sectors that they coordinate', async () => {
  await using world = await openWorld();
  const mine = await save(world, 'dinas-kesehatan', 'R-1', { name: 'Rahasia Dinas', sectors: ['kesehatan'] });
  const far = await save(world, 'badan-pendapatan-daerah', 'R-2', {
    name: 'Rahasia Pajak',
    sectors: ['transaksi-keuangan'],
  });
  const seen = async (email: string, held: Parameters<typeof colleague>[2]) => {
    const { browser, page } = await openConsole(world, await colleague(world, email, held), {
      at: '/console/inventory?q=rahasia',
    });
    const statuses = [];
    for (const id of [mine, far])
      statuses.push((await browser.visit(`${world.issuer}/console/inventory/${id}`)).status);
    return { names: names(page), statuses };
  };
  const toOwn = { names: ['Rahasia Dinas'], statuses: [200, 404] };
  expect(await seen('a@contoh.go.id', { 'dinas-kesehatan': ['developer'] })).toEqual(toOwn);
  expect(await seen('b@contoh.go.id', { 'kementerian-kesehatan': ['coordinator'] })).toEqual(toOwn);
  expect(await seen('c@contoh.go.id', { 'provinsi-contoh': ['auditor'] })).toEqual({
    names: ['Rahasia Dinas', 'Rahasia Pajak'],
    statuses: [200, 200],
  });
});

test('what nobody has decided about yet is listed by itself, a connected app by the decision about it', async () => {
  await using world = await openWorld();
  const linked = await save(world, 'dinas-kesehatan', 'sudah', {});
  await world.database.transaction((tx) => linkRecord(tx, linked, 'puskesmas-online', 'command'));
  const kept = await save(world, 'dinas-kesehatan', 'tetap', {});
  await save(world, 'dinas-kesehatan', 'belum', {});
  const about = {
    kind: 'keep',
    reason: 'Dipakai setiap hari.',
    reach: 'everywhere',
    actor: 'command',
    via: 'command',
  } as const;
  await world.database.transaction((tx) =>
    decide(tx, { ...about, refs: ['client:puskesmas-online', inventoryRef(kept)] }),
  );
  const { browser } = await open(world, { 'kementerian-kesehatan': ['coordinator'], 'dinas-kesehatan': ['auditor'] });
  const listed = async (decision: string) =>
    names(await browser.visit(`${world.issuer}/console/inventory?decision=${decision}`));
  expect(await listed('undecided')).toEqual(['belum']);
  expect(await listed('decided')).toEqual(['sudah', 'tetap']);
});

test('a large file is read for nobody who may not send one', async () => {
  await using world = await openWorld();
  const { page } = await open(world, { 'dinas-kesehatan': ['owner'] }, '/console/inventory/imports');
  await world.database.execute('update memberships set suspended_at = $1', [new Date()]);
  const file = new File([Buffer.alloc(33 * 1024 * 1024)], 'besar.csv');
  const refused = await page.fill({ agency: 'dinas-kesehatan' }).choose('file', file).press('#send');
  expect(refused.text('#error-code')).toBe('role_required');
});

test('whoever only reads changes nothing', async () => {
  await using world = await openWorld();
  const id = await save(world, 'dinas-kesehatan', 'R-1', { name: 'Rahasia Dinas' });
  const { browser, page } = await open(world, { 'dinas-kesehatan': ['developer'] }, `/console/inventory/${id}`);
  expect(page.has('#edit')).toBe(false);
  expect((await browser.visit(`${world.issuer}/console/inventory/new`)).status).toBe(403);
  expect((await browser.visit(`${world.issuer}/console/inventory/imports`)).status).toBe(403);
  expect((await browser.visit(`${world.issuer}/console/inventory/matches`)).status).toBe(403);
});

test('nobody makes a client of theirs that they only look at: what is decided about the record would hold of it', async () => {
  await using world = await openWorld();
  const id = await save(world, 'badan-pendapatan-daerah', 'T-1', { name: 'Antrean Loket' });
  await world.declare({ client_id: 'antrean-loket', client_name: 'Antrean Loket' });
  const { agencyId } = await loadClient(world.database, 'antrean-loket');
  await matchDue(world.database);
  const roles = { 'badan-pendapatan-daerah': ['owner'], [agencyId]: ['auditor'] } as const;
  const { browser, page } = await open(world, roles, `/console/inventory/${id}`);
  expect(page.has('.refuse-match')).toBe(true);
  expect(page.has('.confirm-match')).toBe(false);
  const csrf = page.value('csrf') ?? '';
  for (const [at, fields] of [
    [`/console/inventory/${id}`, { action: 'confirm', client: 'antrean-loket' }],
    ['/console/inventory/matches', { action: 'confirm', record: id, client: 'antrean-loket' }],
  ] as const) {
    const refused = await browser.post(`${world.issuer}${at}`, { csrf, ...fields }, world.issuer);
    expect(refused.text('#error-code')).toBe('role_required');
  }
  expect((await findRecord(world.database, id))?.clientId).toBeUndefined();
});
