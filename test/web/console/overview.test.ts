/** The page about one app, and the page of what failed, as its team reads them without JavaScript. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { grantMembership } from '#src/people/memberships.ts';
import { moveClient } from '#src/registry/client-life.ts';
import { loadClient } from '#src/registry/clients.ts';
import { listVersions } from '#src/registry/versions.ts';
import { signInto, withoutPkce } from '#test/oidc/flows.ts';
import { exchange } from '#test/support/browser-agent.ts';
import { colleague, openConsole } from '#test/support/console.ts';
import { openWorld, secretOf, type World } from '#test/support/world.ts';

let world: World;
let owner: Awaited<ReturnType<typeof colleague>>;
let developer: Awaited<ReturnType<typeof colleague>>;
const clientId = 'layanan-uji';

beforeAll(async () => {
  world = await openWorld();
  await world.declare({ client_id: clientId });
  const { agencyId } = await loadClient(world.database, clientId);
  owner = await colleague(world, 'oki@uji.contoh.go.id', { [agencyId]: ['owner'] });
  developer = await colleague(world, 'dewa@uji.contoh.go.id', { [agencyId]: ['developer'] });
});
afterAll(() => world?.[Symbol.asyncDispose]());

const at = `/console/apps/${clientId}`;
const app = () => world.app({ clientId, clientSecret: secretOf(clientId) });

test('it says when somebody last signed in, and what failed, by reference, with the characters that differ marked', async () => {
  const before = await openConsole(world, developer, { at });
  expect(before.page.text('#facts')).toContain('belum pernah');
  await signInto(await app(), world.browser());
  const { url } = await (await app()).startSignIn({ redirect_uri: 'http://localhost:3001/calback' });
  const { headers, body } = await exchange(url.href, { headers: { accept: 'text/html' } });
  await world.database.settle();
  const reference = String(headers.get('request-reference'));
  expect(body).toContain(reference);

  const page = await before.browser.visit(`${world.issuer}${at}`);
  expect(page.text('#facts')).not.toContain('belum pernah');
  expect(page.text('#failures')).toContain(reference);

  const attempts = await before.browser.visit(`${world.issuer}${at}/attempts`);
  expect(attempts.attributes('[data-attempt]', 'data-attempt')).toEqual([reference]);
  expect(attempts.texts('.compared mark')).toEqual(['l']);
  const found = await attempts.fill({ q: reference.toLowerCase().replace('-', ' ') }).submit('form.search');
  expect(found.attributes('[data-attempt]', 'data-attempt')).toEqual([reference]);
  const other = await before.browser.visit(`${world.issuer}${at}/attempts?q=AAAAA-AAAAA`);
  expect(other.count('[data-attempt]')).toBe(0);
});

test('attempts come page by page, the newest first, each once', async () => {
  const url = (await (await app()).startSignIn(withoutPkce)).url.href;
  for (let i = 0; i < 27; i += 1) await exchange(url);
  await world.database.settle();
  const { page, browser } = await openConsole(world, developer, { at: `${at}/attempts` });
  const first = page.attributes('[data-attempt]', 'data-attempt');
  const next = await browser.visit(new URL(String(page.attribute('#next-page', 'href')), page.url).href);
  const rest = next.attributes('[data-attempt]', 'data-attempt');
  expect([first.length, rest.length]).toEqual([25, 3]);
  expect(new Set([...first, ...rest]).size).toBe(28);
  const nonsense = await browser.visit(`${world.issuer}${at}/attempts?after=WyJ4IiwieSJd`);
  expect(nonsense.count('[data-attempt]')).toBe(25);
});

test('only who may stop an app has the switch; the reason is kept, and it runs again only where it was live', async () => {
  const plain = await openConsole(world, developer, { at });
  expect(plain.page.has('#moves')).toBe(false);
  const { page } = await openConsole(world, owner, { at });
  expect([page.has('#suspend'), page.has('#resume'), page.has('#retire')]).toEqual([true, false, true]);
  const stopped = await page.fill({ reason: 'kebocoran data' }).press('#suspend');
  expect(stopped.url.search).toBe('?done=suspend');
  expect(stopped.text('#todo')).toContain('kebocoran data');
  expect(stopped.has('#resume')).toBe(false);
  const [version] = await listVersions(world.database, clientId);
  expect(version).toMatchObject({ to: 'suspended', via: 'page', actor: owner.id, reason: 'kebocoran data' });
  await world.house.clients.refresh();
  const refused = await world.browser().visit((await (await app()).startSignIn()).url);
  expect(refused.text('#error-code')).toBe('client_unavailable');
});

test('a live app that was stopped runs again at once', async () => {
  await world.declare({ client_id: 'hidup', state: 'live', scope: 'openid' });
  const { agencyId } = await loadClient(world.database, 'hidup');
  await world.database.execute(`update clients set live_since = $1 where id = 'hidup'`, [new Date()]);
  await grantMembership(world.database, { accountId: owner.id, agencyId, role: 'owner' }, 'command');
  const { page } = await openConsole(world, owner, { at: '/console/apps/hidup' });
  const again = await (await page.press('#suspend')).press('#resume');
  expect((await loadClient(world.database, 'hidup')).state).toBe('live');
  expect(again.has('#suspend')).toBe(true);
});

test('what was stopped from above is let run again from above, and not by its own agency', async () => {
  await world.declare({ client_id: 'dihentikan', state: 'live', scope: 'openid' });
  const { agencyId } = await loadClient(world.database, 'dihentikan');
  await world.database.execute(`update clients set live_since = $1 where id = 'dihentikan'`, [new Date()]);
  await grantMembership(world.database, { accountId: owner.id, agencyId, role: 'owner' }, 'command');
  const operator = await colleague(world, 'operator@contoh.go.id', { [agencyId]: ['operator'] });
  const watch = await openConsole(world, operator, { at: '/console/apps/dihentikan' });
  await watch.page.fill({ reason: 'penipuan' }).press('#suspend');
  const { page, browser } = await openConsole(world, owner, { at: '/console/apps/dihentikan' });
  expect(page.has('#resume')).toBe(false);
  const form = { csrf: page.value('csrf') ?? '', action: 'resume', reason: '' };
  await browser.post(`${world.issuer}/console/apps/dihentikan`, form, world.issuer);
  expect((await loadClient(world.database, 'dihentikan')).state).toBe('suspended');
  await (await watch.browser.visit(`${world.issuer}/console/apps/dihentikan`)).press('#resume');
  expect((await loadClient(world.database, 'dihentikan')).state).toBe('live');
});

test('an app that was stopped for a lost host runs again once its hosts are found', async () => {
  await world.declare({ client_id: 'hilang', state: 'live', scope: 'openid' });
  const { agencyId } = await loadClient(world.database, 'hilang');
  await world.database.execute(`update clients set live_since = $1 where id = 'hilang'`, [new Date()]);
  await grantMembership(world.database, { accountId: owner.id, agencyId, role: 'owner' }, 'command');
  await world.database.transaction((tx) =>
    moveClient(tx, {
      clientId: 'hilang',
      to: 'suspended',
      actor: 'client-checks',
      via: 'job',
      reason: 'host lost: x.contoh.go.id',
    }),
  );
  const { page, browser } = await openConsole(world, owner, { at: '/console/apps/hilang' });
  expect(page.has('#resume')).toBe(false);
  const form = { csrf: page.value('csrf') ?? '', action: 'resume', reason: '' };
  await browser.post(`${world.issuer}/console/apps/hilang`, form, world.issuer);
  expect((await loadClient(world.database, 'hilang')).state).toBe('suspended');
  await (await browser.visit(`${world.issuer}/console/apps/hilang/production`)).press('#check-again');
  await (await browser.visit(`${world.issuer}/console/apps/hilang`)).press('#resume');
  expect((await loadClient(world.database, 'hilang')).state).toBe('live');
});

test('what is missing for production and what ends stands at the top', async () => {
  await world.declare({ client_id: 'berakhir', sunset_on: '2027-06-30' });
  const { agencyId } = await loadClient(world.database, 'berakhir');
  await grantMembership(world.database, { accountId: developer.id, agencyId, role: 'developer' }, 'command');
  const soon = new Date(Date.now() + 20 * 86_400_000);
  await world.database.execute(`update client_secrets set expires_at = $1 where client_id = 'berakhir'`, [soon]);
  const { page, browser } = await openConsole(world, developer, { at: '/console/apps/berakhir' });
  expect(page.attributes('[data-todo]', 'data-todo')).toEqual(['untried', 'unchecked', 'secret-ends', 'closes']);
  await browser.visit(`${world.issuer}/console/apps/berakhir/production`);
  const checked = await browser.visit(`${world.issuer}/console/apps/berakhir`);
  expect(checked.attributes('[data-todo]', 'data-todo')).toEqual(['untried', 'checks', 'secret-ends', 'closes']);
});
