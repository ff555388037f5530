/** The coordinator's page: how far their part has come, and what waits for them. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { countCoverage } from '#src/jobs/coverage.ts';
import { saveAgency } from '#src/registry/agencies.ts';
import { architectureColumns } from '#src/registry/architecture.ts';
import type { RecordEntry } from '#src/registry/inventory-schema.ts';
import { saveRecord } from '#src/registry/inventory-writes.ts';
import { saveSector } from '#src/registry/sectors.ts';
import { colleague, openConsole } from '#test/support/console.ts';
import { openWorld, type World } from '#test/support/world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
  const { database } = world;
  const agency = (id: string, parentId: string | null, name: string) =>
    database.transaction((tx) =>
      saveAgency(
        tx,
        {
          id,
          parentId,
          name,
          nameEn: name,
          legalName: name,
          domain: `${id}.contoh.go.id`,
          kind: parentId ? 'unit' : 'ministry',
        },
        'test',
      ),
    );
  await agency('kementerian', null, 'Kementerian Contoh');
  for (let each = 0; each < 30; each += 1) await agency(`unit-${each}`, 'kementerian', `Unit ${each}`);
  await database.transaction((tx) =>
    saveSector(
      tx,
      {
        id: 'kesehatan',
        name: 'Kesehatan',
        nameEn: 'Health',
        isPriority: true,
        coordinatorId: 'kementerian',
        position: 1,
      },
      'test',
    ),
  );
  await database.execute(
    `insert into inventory (id, agency_id, key, name, sectors, created_at, created_by, updated_at, updated_by)
     select 'rekam' || lpad(n::text, 5, '0'), 'unit-' || (n % 30), n::text, 'Aplikasi ' || n, case when n % 2 = 0 then '{kesehatan}'::text[] else '{}' end,
       $1, 'test', $1, 'test' from generate_series(1, 61) as n`,
    [new Date()],
  );
});
afterAll(() => world?.[Symbol.asyncDispose]());

test('before the first count it says so; then what waits comes first, with the way to it', async () => {
  const putri = await colleague(world, 'putri@contoh.go.id', { kementerian: ['coordinator'] });
  const { browser, page: early } = await openConsole(world, putri, { at: '/console/coverage' });
  expect(early.text('#not-counted')).toContain('Angka pertama');
  await countCoverage(world.database, { again: true });
  await world.database.execute(
    `insert into registration_cases (id, agency_id, agencies, name, name_en, grounds, duplicates, justification, status, via, actor, created_at, due_at)
     values ('kasus1', 'unit-1', '{kementerian,unit-1}', 'Antrean', 'Queue', '{duplicate}', '[]', 'perlu', 'open', 'page', 'siti', $1, $2)`,
    [new Date(), new Date(Date.now() + 3_600_000)],
  );
  // Two places are hers: the ministry and the sector that it coordinates.
  const page = await browser.visit(`${world.issuer}/console/coverage`);
  expect(page.attributes('[data-group]', 'data-group')).toEqual(['kementerian', 'kesehatan']);
  const ministry = await browser.visit(`${world.issuer}/console/coverage?agency=kementerian`);
  expect(ministry.attributes('[data-step]', 'data-step')).toEqual(['cases', 'undecided', 'unconnected']);
  expect(ministry.attributes('[data-step] a', 'href')).toEqual([
    '/console/cases',
    '/console/inventory?agency=kementerian&decision=undecided',
    '/console/inventory?agency=kementerian&connection=unconnected',
  ]);
  expect(ministry.text('[data-step=undecided]')).toContain('61 layanan belum diputuskan');
  const sector = await browser.visit(`${world.issuer}/console/coverage?sector=kesehatan`);
  expect(sector.text('[data-step=unconnected]')).toContain('30 layanan belum terhubung');
});

test('what is below is listed page by page, those with most apps first, with the ways to act on each', async () => {
  const dewi = await colleague(world, 'dewi@dinas.contoh.go.id', { kementerian: ['owner'] });
  const { browser, page } = await openConsole(world, dewi, { at: '/console/coverage' });
  const seen = page.attributes('[data-group]', 'data-group');
  expect(seen).toHaveLength(25);
  expect(seen[0]).toBe('unit-1');
  expect(page.attributes('[data-group=unit-1] a', 'href')).toEqual([
    '/console/coverage?agency=unit-1',
    '/console/inventory?agency=unit-1&decision=undecided',
  ]);
  const next = await page.follow({ text: 'Berikutnya' });
  const rest = next.attributes('[data-group]', 'data-group');
  expect(new Set([...seen, ...rest]).size).toBe(30);
  expect(rest).toHaveLength(5);
  const unit = await browser.visit(`${world.issuer}/console/coverage?agency=unit-1`);
  expect(unit.text('h1')).toBe('Unit 1');
  expect(unit.attributes('.crumbs a', 'href')).toEqual(['/console/coverage', '/console/coverage?agency=kementerian']);
});

test('every app of theirs is a line for the national architecture, by its domains; no contact, no formula, none of others', async () => {
  const record = (id: string, key: string, more: object) =>
    world.database.transaction((tx) =>
      saveRecord(tx, {
        agencyId: id,
        key,
        content: { name: key, ...more } as RecordEntry,
        actor: 'test',
        via: 'command',
      }),
    );
  await record('unit-4', '=1+1', {
    ...{
      sectors: ['kesehatan'],
      host: 'antre.contoh.go.id',
      technology: 'PHP 5',
      users: 1200,
      yearly_cost: 250_000_000,
    },
    ...{ contact: 'kantor@contoh.go.id', claims: ['name', 'birthdate'], audience: ['citizens'] },
  });
  await record('unit-5', 'milik unit lain', {});
  const eka = await colleague(world, 'eka@dinas.contoh.go.id', { 'unit-4': ['owner'] });
  const { browser } = await openConsole(world, eka);
  const csv = await browser.visit(`${world.issuer}/console/coverage/architecture.csv`);
  const [head = '', line = '', ...rest] = csv.html.split('\r\n');
  expect(rest).toEqual(['']);
  expect(head.split(',')).toEqual(Object.keys(architectureColumns));
  expect(line).toContain(`,'=1+1,`);
  expect(line).toContain(',unit-4,Unit 4,kesehatan,birthdate name,');
  expect(line).not.toContain('kantor@');
  const json = await browser.visit(`${world.issuer}/console/coverage/architecture.json?agency=unit-4`);
  expect(JSON.parse(json.html)).toMatchObject({
    apps: [
      {
        ...{ name: '=1+1', state: 'unconnected', process: { agency: 'unit-4', sectors: ['kesehatan'] } },
        ...{ data: { claims: ['birthdate', 'name'] }, service: { audience: ['citizens'], code: null } },
        application: { technology: 'PHP 5', users: 1200, yearly_cost: 250_000_000, decision: null, open_pairs: 0 },
        ...{ infrastructure: { host: 'antre.contoh.go.id' }, security: { pkce: null } },
      },
    ],
  });
  const other = await browser.visit(`${world.issuer}/console/coverage/architecture.json?agency=unit-5`);
  expect(other.status).toBe(404);
});

test('another agency, and a sector that others coordinate, are not here; without a role there is no page', async () => {
  const joko = await colleague(world, 'joko@dinas.contoh.go.id', { 'unit-2': ['owner'] });
  const { browser, page } = await openConsole(world, joko, { at: '/console/coverage' });
  expect(page.text('h1')).toBe('Unit 2');
  for (const query of ['agency=unit-3', 'agency=kementerian', 'agency=tidak-ada', 'sector=kesehatan']) {
    const other = await browser.visit(`${world.issuer}/console/coverage?${query}`);
    expect([other.status, other.text('#error-code')], query).toEqual([404, 'not_here']);
  }
  const siti = await colleague(world, 'siti@dinas.contoh.go.id', { 'unit-2': ['approver'] });
  const { page: refused } = await openConsole(world, siti, { at: '/console/coverage' });
  expect(refused.text('#error-code')).toBe('role_required');
});
