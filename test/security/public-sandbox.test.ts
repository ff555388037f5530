/** A sandbox that others can reach does not show them the codes that open accounts. */
import { expect, test } from 'vitest';
import { shardOf } from '#src/base/secrets.ts';
import { signInto } from '#test/oidc/flows.ts';
import { exchange } from '#test/support/browser-agent.ts';
import { openWorld, password } from '#test/support/world.ts';

const outboxes = ['/sandbox/outbox', '/sandbox/outbox.json', '/sandbox/outbox.json?to=siti@contoh.id'];

test('the outbox opens for who works for an agency, while they do, and for nobody else', async () => {
  await using world = await openWorld({ settings: { SANDBOX_PUBLIC: 'on' } });
  const statusOf = async (browser = world.browser()) =>
    Promise.all(outboxes.map(async (path) => (await browser.visit(world.issuer + path)).status));
  expect(await statusOf()).toEqual([401, 401, 401]);
  expect((await exchange(`${world.issuer}/sandbox/outbox.json`)).body).not.toContain('contoh.id');

  const id = await world.citizen('pengembang@contoh.id', { password });
  const browser = world.browser();
  await signInto(await world.app(), browser, {}, 'pengembang@contoh.id');
  expect(await statusOf(browser)).toEqual([404, 404, 404]);

  const role = 'insert into memberships (shard, account_id, agency_id, role, since) values ($1, $2, $3, $4, $5)';
  await world.database.execute(role, [shardOf(id), id, 'dinas-kesehatan', 'developer', new Date(Date.now() - 1_000)]);
  expect(await statusOf(browser)).toEqual([200, 200, 200]);
  await world.database.execute('update memberships set until = $3 where shard = $1 and account_id = $2', [
    shardOf(id),
    id,
    new Date(),
  ]);
  expect(await statusOf(browser)).toEqual([404, 404, 404]);
});
