/** What exists twice, as those see it who decide about it, and those who do not. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { saveAgency } from '#src/registry/agencies.ts';
import { loadClient } from '#src/registry/clients.ts';
import { compareProfiles } from '#src/registry/comparing.ts';
import { saveRecord } from '#src/registry/inventory-writes.ts';
import { saveSector } from '#src/registry/sectors.ts';
import type { Citizen } from '#test/races/crowd.ts';
import { colleague, openConsole } from '#test/support/console.ts';
import { openWorld, type World } from '#test/support/world.ts';

let world: World;
let coordinator: Citizen;
let owner: Citizen;
let stranger: Citizen;
let agencyId: string;
let link: string;

const place = (id: string, name: string) => ({ id, name, nameEn: name, legalName: name, domain: `${id}.contoh.go.id` });

beforeAll(async () => {
  world = await openWorld();
  await world.database.transaction(async (tx) => {
    await saveAgency(tx, place('kabupaten-sleman', 'Kabupaten Sleman'), 'test');
    await saveAgency(tx, place('kementerian-pan', 'Kementerian PAN'), 'test');
    const sector = { id: 'aparatur', name: 'Aparatur', nameEn: 'Civil service', isPriority: false, position: 9 };
    await saveSector(tx, { ...sector, coordinatorId: 'kementerian-pan' }, 'test');
    const content = { name: 'Mutasi Guru Kabupaten Sleman', sectors: ['aparatur'], users: 1200 };
    await saveRecord(tx, { agencyId: 'kabupaten-sleman', key: 'a', content, actor: 'test', via: 'command' });
  });
  await world.declare({
    ...{ client_id: 'mutasi-guru', client_name: 'Sistem Informasi Mutasi Guru', 'client_name#en': 'Teacher Transfers' },
    ...{ scope: 'openid profile', claims: [{ name: 'name', required: true, purpose: 'Menyapa Anda.' }] },
  });
  ({ agencyId } = await loadClient(world.database, 'mutasi-guru'));
  while ((await compareProfiles(world.database)) > 0);
  coordinator = await colleague(world, 'putri@pan.contoh.go.id', { 'kementerian-pan': ['coordinator'] }, 'Putri Ayu');
  owner = await colleague(world, 'budi@sleman.contoh.go.id', { 'kabupaten-sleman': ['owner'] });
  stranger = await colleague(world, 'lain@contoh.id', { 'badan-pendapatan-daerah': ['owner', 'coordinator'] });
  const pair = await world.database.first<{ low: string; high: string }>(
    `select low, high from app_pairs where low = 'client:mutasi-guru'`,
  );
  link = `/console/duplicates/${encodeURIComponent(pair?.low ?? '')}/${encodeURIComponent(pair?.high ?? '')}`;
});
afterAll(() => world[Symbol.asyncDispose]());
beforeEach(() =>
  world.database.execute(`update app_pairs set status = 'open', decided_at = null, decided_by = null, note = null`),
);

test('who coordinates the sector says that the two are different, and opens the pair again', async () => {
  const { browser, page } = await openConsole(world, coordinator, { at: '/console/duplicates' });
  expect(page.text('[data-pair] .reasons')).toContain('Namanya 100% sama.');
  const pair = await page.follow('[data-pair] a');
  expect(pair.text('#score')).toContain('sangat mirip');
  const refused = await pair.press('#dismiss');
  expect(refused.status).toBe(422);
  expect(refused.text('.wrong')).toBe('Tulis mengapa keduanya berbeda.');
  const done = await refused.fill({ reason: 'Yang satu untuk guru honorer.' }).press('#dismiss');
  expect(done.text('[role=status]')).toContain('bukan layanan yang sama');
  expect(done.text('#decided')).toContain('Putri Ayu');
  expect(done.text('.reason')).toBe('Yang satu untuk guru honorer.');
  const list = await browser.visit(`${world.issuer}/console/duplicates?status=dismissed`);
  expect(list.texts('[data-pair]')).toHaveLength(1);
  const open = await (await list.follow('[data-pair] a')).press('#reopen');
  expect(open.text('[role=status]')).toContain('terbuka lagi');
  const events = await world.database.query<{ kind: string; agency_id: string }>(
    `select kind, agency_id from admin_events where kind like 'duplicate.%' order by kind, agency_id`,
  );
  const agencies = [agencyId, 'kabupaten-sleman'].toSorted();
  expect(events.map(({ kind, agency_id }) => `${kind} ${agency_id}`)).toEqual(
    ['dismissed', 'reopened'].flatMap((kind) => agencies.map((id) => `duplicate.${kind} ${id}`)),
  );
});

test('the owner of one of them sees it, not what the other is called while it is in the making, and does not decide', async () => {
  const { browser, page } = await openConsole(world, owner, { at: '/console/duplicates' });
  expect(page.text('[data-pair]')).toContain('Mutasi Guru Kabupaten Sleman');
  expect(page.text('[data-pair]')).not.toContain('Sistem Informasi Mutasi Guru');
  expect(page.text('[data-pair]')).toContain('Satu layanan yang sedang dibuat');
  expect(page.html).not.toContain('mutasi-guru');
  const pair = await page.follow('[data-pair] a');
  expect(pair.text('h1')).toBe('Apakah keduanya sama?');
  expect(pair.html).not.toContain('mutasi-guru');
  expect(pair.text('main')).not.toContain('Teacher');
  expect(pair.text('main')).toContain('tidak untuk Anda');
  expect(pair.has('#dismiss')).toBe(false);
  // Whoever guesses the id is told no more than of an id that there is not.
  expect((await browser.visit(`${world.issuer}${link}`)).status).toBe(404);
});

test('a coordinator of the one side only dismisses the pair without knowing the other, and the events of that side do not name it', async () => {
  const local = await colleague(world, 'sri@sleman.contoh.go.id', { 'kabupaten-sleman': ['coordinator'] });
  const { browser, page } = await openConsole(world, local, { at: '/console/duplicates' });
  const pair = await page.follow('[data-pair] a');
  expect(pair.html.match(/\/console\/decisions\/new\?app=/g)).toHaveLength(1);
  expect(pair.html).not.toContain('successor=');
  expect(pair.html).not.toContain('mutasi-guru');
  const done = await pair.fill({ reason: 'Yang satu untuk guru honorer.' }).press('#dismiss');
  expect(done.text('[role=status]')).toContain('bukan layanan yang sama');
  const events = await world.database.query<{ subject: string }>(
    `select subject from admin_events where kind = 'duplicate.dismissed' and agency_id = 'kabupaten-sleman'`,
  );
  expect(events.length).toBeGreaterThan(0);
  for (const { subject } of events) expect(subject).toMatch(/^pair hidden inventory:\w+$/);
  const file = await browser.visit(`${world.issuer}/console/duplicates.csv?status=dismissed`);
  expect(file.html).not.toContain('mutasi-guru');
});

test('once it was live everybody may know what it is called, also after it was taken away', async () => {
  await world.database.execute(`update clients set live_since = $1, state = 'suspended' where id = 'mutasi-guru'`, [
    new Date(),
  ]);
  const { page } = await openConsole(world, owner, { at: '/console/duplicates' });
  expect(page.text('[data-pair]')).toContain('Sistem Informasi Mutasi Guru');
  await world.database.execute(`update clients set live_since = null, state = 'sandbox' where id = 'mutasi-guru'`);
});

test('who has nothing to do with either sees neither the pair in the list nor its page', async () => {
  const { browser, page } = await openConsole(world, stranger, { at: '/console/duplicates' });
  expect(page.has('#no-pairs')).toBe(true);
  const pair = await browser.visit(`${world.issuer}${link}`);
  expect(pair.status).toBe(404);
});

test('the list is a file too, with the names that its reader may know', async () => {
  const { browser } = await openConsole(world, owner, { at: '/console/duplicates' });
  const file = await browser.visit(`${world.issuer}/console/duplicates.csv`);
  expect(file.html).toContain('\n,,');
  expect(file.html).not.toContain('mutasi-guru');
  expect(file.html).toContain('Mutasi Guru Kabupaten Sleman');
});
