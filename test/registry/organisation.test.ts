import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import { stringify } from 'yaml';
import { Database } from '#src/base/database.ts';
import { listTree, loadAgency } from '#src/registry/agencies.ts';
import {
  applyOrganisation,
  organisationOf,
  readOrganisation,
  seedExampleOrganisation,
} from '#src/registry/organisation.ts';
import { seedExampleRegistry } from '#src/registry/registrations.ts';
import { listSectors } from '#src/registry/sectors.ts';
import { createDatabase, PATIENCE, type TestDatabase } from '#test/support/postgres.ts';
import { newSecrets, openFolder } from './fixtures.ts';

let home: TestDatabase;
let database: Database;

beforeEach(async () => {
  home = await createDatabase(inject('adminUrl'), { template: inject('emptyTemplate') });
  database = new Database(home.url, PATIENCE);
});

afterEach(async () => {
  await database.close();
  await home.drop();
});

/** What comes of a file with this text. */
async function read(text: string) {
  await using folder = await openFolder();
  const file = await folder.write(text, 'organisasi.yaml');
  const { organisation, mistakes } = await readOrganisation([file]);
  return { organisation, said: mistakes.map(({ line, what, expected }) => `${line}: ${what}; expected ${expected}`) };
}

const health = `
sectors:
  - { id: kesehatan, name: Kesehatan, priority: true, coordinator: kemenkes }
agencies:
  - { id: dinkes, name: Dinkes, domain: dinkes.contoh.go.id, parent: kota, kind: unit, sectors: [kesehatan] }
  - { id: kota, name: Kota, domain: kota.contoh.go.id, kind: city, email_domain: kota.contoh.go.id }
  - { id: kemenkes, name: Kemenkes, domain: kemkes.contoh.go.id, kind: ministry }
`;

test('a file in any order makes the tree, and made again changes nothing', async () => {
  const { organisation } = await read(health);
  const outcomes = async () =>
    (await applyOrganisation(database, organisation, 'test')).map(({ id, outcome }) => `${id} ${outcome}`);
  expect(await outcomes()).toEqual(['kota created', 'kemenkes created', 'dinkes created', 'kesehatan created']);
  expect((await loadAgency(database, 'dinkes')).path).toEqual(['kota', 'dinkes']);
  expect(await listSectors(database)).toMatchObject([{ id: 'kesehatan', isPriority: true, coordinatorId: 'kemenkes' }]);
  expect(new Set((await outcomes()).map((line) => line.split(' ')[1]))).toEqual(new Set(['unchanged']));
});

test('what is written out declares the same again', async () => {
  await applyOrganisation(database, (await read(health)).organisation, 'test');
  const written = stringify(organisationOf(await listTree(database, undefined), await listSectors(database)));
  const { organisation, said } = await read(written);
  expect(said).toEqual([]);
  const again = await applyOrganisation(database, organisation, 'test');
  expect(again.filter(({ outcome }) => outcome !== 'unchanged')).toEqual([]);
});

describe('a mistake is told with its line', () => {
  test.each([
    [
      'a key that is not known',
      'agencies:\n  - { id: kota, name: Kota, domian: kota.go.id, domain: kota.go.id }',
      '2: the key "domian" is not known; expected domain, did you mean that?',
    ],
    [
      'a kind that is not known',
      'agencies:\n  - { id: kota, name: Kota, domain: kota.go.id, kind: desa }',
      '2: kind is "desa"; expected one of state, ministry, agency, province, regency, city, unit',
    ],
    [
      'a circle',
      'agencies:\n  - { id: satu, name: S, domain: s.go.id, parent: dua }\n  - { id: dua, name: D, domain: d.go.id, parent: satu }',
      '2: the agency "satu" stands below itself; expected a parent that is not below it',
    ],
    [
      'an agency twice',
      'agencies:\n  - { id: kota, name: K, domain: k.go.id }\n  - { id: kota, name: K, domain: k.go.id }',
      'declared already',
    ],
  ])('%s', async (_, text, said) => {
    expect((await read(text)).said.join('\n')).toContain(said);
  });

  test('a parent that is nowhere, and then nothing of the file is applied', async () => {
    const { organisation } = await read(
      'agencies:\n  - { id: kota, name: K, domain: k.go.id }\n  - { id: desa, name: D, domain: d.go.id, parent: tidak }',
    );
    await expect(applyOrganisation(database, organisation, 'test')).rejects.toThrow(
      /organisasi\.yaml:3:\d+: no agency tidak/,
    );
    expect(await listTree(database, undefined)).toEqual([]);
  });
});

describe('the sandbox', () => {
  test('has the nine priority sectors and a tree in which the example apps stand', async () => {
    await seedExampleOrganisation(database);
    await seedExampleRegistry(database, newSecrets(), { mode: 'sandbox' });
    expect((await listSectors(database)).filter(({ isPriority }) => isPriority)).toHaveLength(9);
    expect((await loadAgency(database, 'dinas-kesehatan')).path).toEqual([
      'negara',
      'provinsi-contoh',
      'kota-contoh',
      'dinas-kesehatan',
    ]);
    const apps = await database.query<{ id: string }>('select distinct agency_id as id from clients');
    for (const { id } of apps) expect((await loadAgency(database, id)).path[0]).toBe('negara');
  });

  test('keeps what its admins have changed when it starts again, and places what stood alone before', async () => {
    await seedExampleRegistry(database, newSecrets(), { mode: 'sandbox' });
    await seedExampleOrganisation(database);
    expect((await loadAgency(database, 'dinas-kominfo')).parentId).toBe('kabupaten-contoh');
    await database.execute(`update agencies set name = 'Nama lain' where id = 'kota-contoh'`);
    expect(await seedExampleOrganisation(database)).toEqual([]);
    expect((await loadAgency(database, 'kota-contoh')).name).toBe('Nama lain');
  });

  test('describes each agency as the files of its apps do', async () => {
    const folder = new URL('../../clients/', import.meta.url);
    const tree = await readFile(new URL('organisation/contoh.yaml', folder), 'utf8');
    for (const id of ['dinas-kesehatan', 'badan-pendapatan-daerah', 'dinas-kominfo']) {
      const file = await readFile(new URL(`registrations/${id}.yaml`, folder), 'utf8');
      const legalName = /legal_name: (.*)/.exec(file)?.[1];
      expect(tree).toContain(`legal_name: ${legalName}\n`);
    }
  });
});
