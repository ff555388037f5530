import { expect, test } from 'vitest';
import { DAY_MS } from '#src/base/epoch.ts';
import { seedExampleHistory } from '#src/consents/example-history.ts';
import { listPermissions } from '#src/consents/permissions.ts';
import { countReleasesOfMany, listReleases } from '#src/consents/releases.ts';
import { findAccountId } from '#src/people/identifiers.ts';
import { seedExampleOrganisation } from '#src/registry/organisation.ts';
import { openWorld, signIn } from '#test/support/world.ts';

test('the sandbox\u2019s Rina has 18 apps and a long history, once, and her pages show it', async () => {
  await using world = await openWorld();
  const { database, secrets } = world.house;
  await seedExampleOrganisation(world.database);
  const done = await Promise.all([1, 2, 3].map(() => seedExampleHistory(world.database, secrets)));
  expect(done.filter(Boolean)).toHaveLength(1);
  const rina = (await findAccountId(database, secrets, { kind: 'email', value: 'rina@contoh.id' })) ?? '';
  const current = await listPermissions(database, rina, { limit: 100 });
  expect(new Set(current.map(({ clientId }) => clientId)).size).toBe(18);
  for (const { expiresAt } of current) expect(expiresAt.getTime()).toBeGreaterThan(Date.now());
  const before = (await countReleasesOfMany(database, [rina])).get(rina);
  expect(before).toBeGreaterThan(400);
  const old = await listReleases(database, secrets, rina, { until: new Date(Date.now() - 300 * DAY_MS), limit: 5 });
  expect(old.length).toBeGreaterThan(0);
  expect(await seedExampleHistory(world.database, secrets)).toBe(false);
  expect((await countReleasesOfMany(database, [rina])).get(rina)).toBe(before);

  await world.house.clients.refresh();
  const browser = world.browser();
  const home = await signIn(await browser.visit(`${world.issuer}/account`), 'rina@contoh.id', 'lawang-sandbox');
  expect(home.count('#connected-apps [data-client]')).toBe(18);
  expect(home.count('#history [data-release]')).toBe(5);
  expect(home.text('#history')).not.toContain('Dasarnya tidak tercatat');
  const list = await browser.visit(`${world.issuer}/account/releases`);
  expect(list.count('[data-release]')).toBe(50);
  const [first = ''] = list.attributes('[data-release] h3 a', 'href');
  const one = await browser.visit(`${world.issuer}${first}`);
  expect(one.has('#receipt-consent') || one.has('#receipt-notice')).toBe(true);
});
