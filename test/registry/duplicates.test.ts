/** What is likely the same, found and decided about. */
import { describe, expect, test } from 'vitest';
import { saveAgency } from '#src/registry/agencies.ts';
import { findLikely } from '#src/registry/likely-apps.ts';
import { agency } from './fixtures.ts';
import { openRegistry } from './registry.ts';

const other = {
  id: 'sleman',
  name: 'Kabupaten Sleman',
  nameEn: 'Sleman Regency',
  legalName: 'Kabupaten Sleman',
  domain: 'sleman.contoh.go.id',
};

async function openTwo() {
  const registry = await openRegistry();
  await registry.write((tx) => saveAgency(tx, other, 'test'));
  return registry;
}

describe('a draft', () => {
  test('is like an app of another agency with the same name in other words', async () => {
    await using registry = await openTwo();
    await registry.change({
      client_id: 'simpeg',
      client_name: 'Sistem Informasi Kepegawaian',
      'client_name#en': 'Personnel Information System',
    });
    const likely = await registry.write((tx) =>
      findLikely(tx, { agencyId: other.id, name: 'SIMPEG Kabupaten Sleman' }),
    );
    expect(likely).toMatchObject([
      { ref: 'client:simpeg', agencyId: agency.id, isStrong: true, reasons: [{ code: 'name', value: 100 }] },
    ]);
  });

  test('is like nothing when its name has only words of every administration', async () => {
    await using registry = await openTwo();
    await registry.change({
      client_id: 'portal',
      client_name: 'Portal Layanan Publik',
      'client_name#en': 'Public Service Portal',
    });
    expect(
      await registry.write((tx) => findLikely(tx, { agencyId: other.id, name: 'Sistem Layanan Publik Terpadu' })),
    ).toEqual([]);
  });
});
