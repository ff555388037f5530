import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { saveAgency } from '#src/registry/agencies.ts';
import { findRecord } from '#src/registry/inventory.ts';
import {
  confirmMatch,
  isSure,
  listMatches,
  listMatchesOf,
  matchDue,
  refuseMatch,
  weighMatch,
} from '#src/registry/inventory-matches.ts';
import { saveRecord, unlinkRecord } from '#src/registry/inventory-writes.ts';
import { agency } from './fixtures.ts';
import { openRegistry } from './registry.ts';

let registry: Awaited<ReturnType<typeof openRegistry>>;
beforeEach(async () => {
  registry = await openRegistry();
  await registry.write((tx) =>
    saveAgency(
      tx,
      { id: 'lain', name: 'Dinas Lain', nameEn: 'Other Office', legalName: 'Dinas Lain', domain: 'lain.contoh.go.id' },
      'test',
    ),
  );
});
afterEach(() => registry[Symbol.asyncDispose]());

const client = { client_id: 'antrean', client_name: 'Antrean Puskesmas', client_uri: 'https://antrean.contoh.go.id/' };

async function save(key: string, content: object, agencyId: string = agency.id): Promise<string> {
  const { record } = await registry.write((tx) =>
    saveRecord(tx, { agencyId, key, content: { name: key, ...content }, actor: 'siti', via: 'page' }),
  );
  return record.id;
}

const everywhere = { nodes: [agency.id, 'lain'], sectors: [] };
const proposed = async () => {
  await matchDue(registry.database);
  return (await registry.database.transaction((tx) => listMatches(tx, everywhere))).lines;
};
const code = (refused: Promise<unknown>) =>
  refused.then(
    () => 'done',
    (error) => error.code,
  );

describe('a match', () => {
  it('is proposed by host and name, with what speaks for it, whichever of the two came first', async () => {
    const before = await save('A-1', { name: 'Antrean Puskesmas', host: 'antrean.contoh.go.id' });
    await registry.change(client);
    const after = await save('A-2', { name: 'Antrian Puskesmas' });
    await save('A-3', { name: 'Arsip Surat', host: 'arsip.contoh.go.id' });
    const lines = await proposed();
    expect(lines).toMatchObject([
      { recordId: before, clientId: 'antrean', reasons: ['name', 'host', 'agency'] },
      { recordId: after, clientId: 'antrean', reasons: ['name', 'agency'] },
    ]);
    expect(lines.map(isSure)).toEqual([true, false]);
    expect(lines[0]?.score).toBeGreaterThan(0.9);
  });

  it('is weighed again when either side changes, and goes when nothing speaks for it', async () => {
    await registry.change(client);
    await save('A-1', { name: 'Antrean Puskesmas' });
    expect(await proposed()).toHaveLength(1);
    await save('A-1', { name: 'Perpustakaan Keliling' });
    expect(await proposed()).toEqual([]);
  });

  it('that is confirmed links the two, and proposes neither again', async () => {
    await registry.change(client);
    const id = await save('A-1', { name: 'Antrean Puskesmas' });
    await save('A-2', { name: 'Antrean Puskesmas' });
    expect(await proposed()).toHaveLength(2);
    await registry.write((tx) => confirmMatch(tx, { recordId: id, clientId: 'antrean' }, { actor: 'siti' }));
    expect(await findRecord(registry.database, id)).toMatchObject({ clientId: 'antrean' });
    expect(await proposed()).toEqual([]);
    await registry.write((tx) => unlinkRecord(tx, id, 'siti'));
    expect(await proposed()).toMatchObject([{ clientId: 'antrean' }]);
  });

  it('that is refused stays refused, and is decided once', async () => {
    await registry.change(client);
    const id = await save('A-1', { name: 'Antrean Puskesmas' });
    await proposed();
    const refuse = () =>
      code(registry.write((tx) => refuseMatch(tx, { recordId: id, clientId: 'antrean' }, { actor: 'siti' })));
    const outcomes = await Promise.all([refuse(), refuse(), refuse()]);
    expect(outcomes.filter((one) => one === 'done')).toHaveLength(1);
    await save('A-1', { name: 'Antrean Puskesmas Keliling' });
    expect(await proposed()).toEqual([]);
    expect(await listMatchesOf(registry.database, id)).toEqual([]);
  });

  it('is not made by the host of a portal alone', async () => {
    await registry.change({ ...client, client_uri: 'https://portal.contoh.go.id/antrean' });
    for (let n = 1; n <= 6; n += 1)
      await save(`P-${n}`, { name: `Layanan ${'abcdefgh'[n]?.repeat(8)}`, host: 'portal.contoh.go.id' });
    expect(await proposed()).toEqual([]);
  });

  it('is sure only within one agency', async () => {
    await registry.change(client);
    await save('A-1', { name: 'Antrean Puskesmas', host: 'antrean.contoh.go.id' }, 'lain');
    const [line] = await proposed();
    expect(line).toMatchObject({ reasons: ['name', 'host'] });
    expect(line && isSure(line)).toBe(false);
  });
});

it('nothing but an agency in common is no match', () => {
  const none = {
    is_same_host: false,
    is_same_domain: false,
    name: 0.2,
    name_en: 0,
    is_same_agency: true,
    is_same_tree: true,
  };
  expect(weighMatch(none)).toEqual({ score: 0, reasons: [] });
});
