/** `lawang inventory`, beside a server that is running. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { seedExampleInventory } from '#src/registry/inventory-example.ts';
import { seedExampleOrganisation } from '#src/registry/organisation.ts';
import { runBeside } from '#test/support/command-line.ts';
import { openWorld, type World } from '#test/support/world.ts';

let world: World;
let folder: string;

beforeAll(async () => {
  world = await openWorld();
  await seedExampleOrganisation(world.database);
  folder = await mkdtemp(join(tmpdir(), 'lawang-inventory-'));
});
afterAll(async () => {
  await world?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const lawang = (line: string) => runBeside(world, line);

test('the example has sixty apps of all agencies, and adds none twice', async () => {
  expect(await seedExampleInventory(world.database)).toBe(60);
  expect(await seedExampleInventory(world.database)).toBe(0);
  const { out } = await lawang('inventory list --agency dinas-kesehatan');
  expect(out.trim().split('\n')).toHaveLength(7);
  expect(out).toMatch(/\n\w{10} {2}dinas-kesehatan {2}DK-002 {2}Antrean Puskesmas/);
});

test('a file is tried, then taken in; what is wrong is named, and the same file again changes nothing', async () => {
  const file = join(folder, 'daftar.csv');
  await writeFile(file, 'agency,key,name,users\ndinas-kominfo,C-1,Satu,5\ndinas-kominfo,C-2,Dua,lima\n');
  const tried = await lawang(`inventory import ${file} --dry-run`);
  expect(tried).toMatchObject({ code: 1 });
  expect(tried.out).toContain('2 rows: 1 would be added, 0 would be changed, 0 left as they are, 1 refused.');
  expect(tried.err).toContain('row 3, users "lima": This is no whole number.');
  expect((await lawang('inventory list --search c-1')).out).not.toContain('Satu');
  await writeFile(file, 'agency,key,name,users\ndinas-kominfo,C-1,Satu,5\ndinas-kominfo,C-2,Dua,5\n');
  expect((await lawang(`inventory import ${file}`)).out).toContain('2 rows: 2 added');
  const again = JSON.parse((await lawang(`inventory import ${file} --json`)).out);
  expect(again).toMatchObject({ status: 'given-up', created: 0, updated: 0, unchanged: 2 });
  expect(await lawang(`inventory import ${join(folder, 'keiner.csv')}`)).toMatchObject({ code: 2 });
});

test('what is exported is what an import takes', async () => {
  const file = join(folder, 'semua.csv');
  await writeFile(file, (await lawang('inventory export')).out);
  expect((await lawang(`inventory import ${file}`)).out).toContain('0 would be added, 0 would be changed');
});

test('a record is matched, shown, linked and parted', async () => {
  await world.declare({
    client_id: 'antrean-kota',
    client_name: 'Antrean Puskesmas',
    client_uri: 'https://antrean.dinkes.contoh.go.id/',
  });
  const proposed: { client: string; record: string }[] = JSON.parse((await lawang('inventory match --json')).out);
  const best = proposed.find(({ client }) => client === 'antrean-kota');
  expect(best).toMatchObject({ record_name: 'Antrean Puskesmas' });
  expect((await lawang(`inventory link ${best?.record} antrean-kota`)).out).toBe(`${best?.record} is antrean-kota.\n`);
  expect((await lawang(`inventory show ${best?.record}`)).out).toMatch(/client +antrean-kota/);
  expect((await lawang(`inventory link ${best?.record} -`)).out).toContain('is an app of its own');
  expect((await lawang('inventory show tidakadaya')).err).toContain('The inventory has no such record.');
});
