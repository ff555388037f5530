import { expect, test } from 'vitest';
import { loadPermissions, type PermissionDraft } from '#src/consents/permission-giving.ts';
import { recordTerms, termsOf } from '#src/consents/terms.ts';
import { openPeople } from '#test/support/people-in-apps.ts';
import { openWorld } from '#test/support/world.ts';

const [PEOPLE, APPS] = [400, 50];

test('a permission costs at most 400 bytes with its indexes, over 20,000 of them', async () => {
  await using world = await openWorld();
  const { database, house } = world;
  const accountIds = await openPeople(database, house.secrets, PEOPLE);
  const purpose = { id: 'Melayani.', en: 'To serve.' };
  const apps = Array.from({ length: APPS }, (_, n) =>
    termsOf({ id: `layanan-${10_000 + n}`, agencyId: 'instansi', purpose, claims: [] }),
  );
  await recordTerms(database, ...apps);
  const size = async () => {
    await database.execute('vacuum permissions');
    const row = await database.first<{ bytes: string }>(`select pg_total_relation_size('permissions') as bytes`);
    return Number(row?.bytes);
  };
  const before = await size();
  const expiresAt = new Date(Date.now() + 365 * 86_400_000);
  const drafts = accountIds.flatMap((accountId) =>
    apps.map(
      (terms): PermissionDraft => ({
        ...{
          kind: 'consent',
          event: 'given',
          accountId,
          terms,
          claims: [],
          declined: [],
          scopes: ['openid', 'profile'],
        },
        ...{ language: 'id', acr: 'aal2', amr: ['pop', 'user', 'mfa'], interaction: 'a'.repeat(43), expiresAt },
      }),
    ),
  );
  for (let at = 0; at < drafts.length; at += 1000)
    await database.transaction((tx) => loadPermissions(tx, house.secrets, drafts.slice(at, at + 1000)));
  const each = ((await size()) - before) / drafts.length;
  process.stdout.write(`a permission costs ${each.toFixed(0)} bytes with its indexes\n`);
  expect(each).toBeLessThanOrEqual(400);
});
