/** An app's way into production as its developer walks it: a list that checks itself, and asking. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { grantMembership } from '#src/people/memberships.ts';
import { checkNames } from '#src/registry/checks/check.ts';
import { saveFindings } from '#src/registry/checks/findings.ts';
import { moveClient } from '#src/registry/client-life.ts';
import { loadClient } from '#src/registry/clients.ts';
import { askForProduction, readProductionTimes } from '#src/registry/promotion.ts';
import { findPendingVersion } from '#src/registry/versions.ts';
import { signInto } from '#test/oidc/flows.ts';
import type { BrowserAgent } from '#test/support/browser-agent.ts';
import { colleague, openConsole } from '#test/support/console.ts';
import { type Outside, type OutsideHost, openOutside } from '#test/support/outside.ts';
import type { Page } from '#test/support/page.ts';
import { openWorld, secretOf, type World } from '#test/support/world.ts';

/** The names of the world outside, in place of this machine's. */
const outsideNames = vi.hoisted(() => ({ resolve: undefined as undefined | ((...args: never[]) => void) }));
vi.mock('node:dns', async (original) => {
  const dns = await original<typeof import('node:dns')>();
  const lookup = (...args: never[]) => (outsideNames.resolve ?? dns.lookup)(...args);
  return { ...dns, default: { ...dns, lookup }, lookup };
});

const DAY = 86_400_000;
const host = 'antrean.contoh.go.id';
const well: OutsideHost = { pages: { '/': {}, '/privasi': {} } };

let world: World;
let outside: Outside;
let developer: Awaited<ReturnType<typeof colleague>>;
let count = 0;
let clientId: string;
let browser: BrowserAgent;
let page: Page;

beforeAll(async () => {
  world = await openWorld({ settings: { INTRANET_ALLOWLIST: '127.0.0.1/32' } });
  outside = await openOutside();
  outsideNames.resolve = outside.names.resolve as (...args: never[]) => void;
  developer = await colleague(world, 'dewa@uji.contoh.go.id', {}, 'Dewa Putra');
});
afterAll(async () => {
  outsideNames.resolve = undefined;
  await outside?.[Symbol.asyncDispose]();
  await world?.[Symbol.asyncDispose]();
});

const purpose = { purpose: 'Menguji layanan.', 'purpose#en': 'To test the service.', basis: 'consent' };
const claims = (...names: string[]) => names.map((name) => ({ name, required: name === 'name', ...purpose }));

/** An app of its own for each test, whose addresses are outside, with the page open. */
async function open(more: Record<string, unknown> = {}): Promise<void> {
  if (count > 0) await end(clientId);
  count += 1;
  clientId = `uji-jalan-${count}`;
  outside.hosts[host] = well;
  await world.declare({
    client_id: clientId,
    redirect_uris: [outside.at(host, '/callback')],
    post_logout_redirect_uris: [],
    client_uri: outside.at(host),
    policy_uri: outside.at(host, '/privasi'),
    contacts: [{ role: 'technical', email: 'tik@uji.contoh.go.id' }],
    scope: 'openid profile',
    claims: claims('name'),
    ...more,
  });
  const { agencyId } = await loadClient(world.database, clientId);
  await grantMembership(world.database, { accountId: developer.id, agencyId, role: 'developer' }, 'command');
  ({ page, browser } = await openConsole(world, developer, { at: `/console/apps/${clientId}/production` }));
}

/** What is over is like no other app any more. */
async function end(id: string): Promise<void> {
  await world.database.transaction((tx) =>
    moveClient(tx, { clientId: id, to: 'retired', actor: 'command', via: 'command' }),
  );
}

beforeEach(() => open());

afterEach(() => void vi.useRealTimers());

const stateOf = async (id = clientId) => (await loadClient(world.database, id)).state;
const failing = (of: Page) => of.attributes('[data-outcome="failed"]', 'data-check');

/** Does what the list still asks for. */
async function putRight(): Promise<void> {
  await world.database.execute('update client_contacts set confirmed_at = $2 where client_id = $1', [
    clientId,
    new Date(),
  ]);
  const redirectUri = outside.at(host, '/callback');
  const app = await world.app({ clientId, clientSecret: secretOf(clientId), redirectUri, scope: 'openid profile' });
  await signInto(app, world.browser({ stopAt: [redirectUri] }));
  await world.database.settle();
}

/** Whoever looks at once again does not bother the app's servers again. */
async function rest(): Promise<void> {
  await world.database.execute(`update client_check_runs set finished_at = finished_at - interval '1 minute'`);
}

test('the list checks itself when it is opened, and names what is missing', async () => {
  expect(page.has('#ask-production')).toBe(false);
  expect(failing(page)).toEqual(['sign-in', 'contacts']);
  expect(page.text('#production-next')).toContain('2');
  const asked = outside.asked.length;
  const run = await world.database.first<{ at: Date }>(
    'select finished_at as at from client_check_runs where client_id = $1',
    [clientId],
  );
  vi.useFakeTimers({ toFake: ['Date'], now: Number(run?.at) + 4_000 });
  await browser.visit(page.url.href);
  expect(outside.asked.length).toBe(asked);
});

test('an app of low risk is live as soon as everything has passed and somebody asks', async () => {
  await putRight();
  await rest();
  const green = await page.press('#check-again');
  expect(failing(green)).toEqual([]);
  const live = await green.press('#ask-production');
  expect(live.url.search).toBe('?done=live');
  expect([await stateOf(), live.has('#ask-production')]).toEqual(['live', false]);
  await world.house.clients.refresh();
  const times = await readProductionTimes(world.database);
  expect(times?.apps).toBe(1);
  expect(times?.medianSeconds).toBeLessThan(60);
  expect(live.has('#production-times')).toBe(true);
});

test('the time to production counts from the first asking, also when something was still in the way', async () => {
  await putRight();
  await rest();
  const green = await page.press('#check-again');
  outside.hosts[host] = { ...well, pages: { '/': {} } };
  await rest();
  const refused = await green.press('#ask-production');
  expect(failing(refused)).toEqual(['privacy']);
  expect(refused.attributes('[data-check=privacy] a', 'href')).toEqual([`/console/apps/${clientId}/edit`]);
  expect(await stateOf()).toBe('sandbox');
  const { reviewAskedAt } = await loadClient(world.database, clientId);
  expect(reviewAskedAt).toBeInstanceOf(Date);
});

test('an app that reads sensitive data waits for others, with a promised day', async () => {
  await open({ scope: 'openid profile address', claims: claims('name', 'address') });
  await putRight();
  await world.database.execute(`update clients set min_identity = 'ial3' where id = $1`, [clientId]);
  await rest();
  const green = await page.press('#check-again');
  const asked = await green.press('#ask-production');
  expect(asked.url.search).toBe('?done=asked');
  expect(await stateOf()).toBe('review');
  const pending = await findPendingVersion(world.database, clientId);
  expect(pending?.approvalsNeeded).toBe(2);
  expect(asked.text('#stage')).toContain('Keputusan dijanjikan');
});

test('who may only read sees the list and no button, and starts nothing', async () => {
  const { agencyId } = await loadClient(world.database, clientId);
  const auditor = await colleague(world, `auditor-${count}@uji.contoh.go.id`, { [agencyId]: ['auditor'] });
  await world.database.execute('delete from client_checks');
  const { page: seen } = await openConsole(world, auditor, { at: `/console/apps/${clientId}/production` });
  expect([seen.has('#check-again'), seen.count('[data-check]')]).toEqual([false, 11]);
  expect(seen.attributes('[data-check]', 'data-outcome')).toEqual(Array(11).fill('open'));
});

describe('asking by whatever way', () => {
  const ask = () =>
    world.database.transaction((tx) =>
      askForProduction(tx, world.house.secrets, { clientId, actor: 'test', via: 'api', mode: 'sandbox' }),
    );
  const green = (at: Date) =>
    saveFindings(
      world.database,
      clientId,
      checkNames.map((name) => ({ name, outcome: 'passed', problems: [] })),
      at,
    );

  test('is refused while a check fails, and on findings of an hour ago', async () => {
    await expect(ask()).rejects.toMatchObject({ code: 'checks_not_green' });
    await green(new Date(Date.now() - 3_600_000));
    await expect(ask()).rejects.toMatchObject({ code: 'checks_not_green' });
    await green(new Date());
    expect((await ask()).client.state).toBe('live');
  });

  test('is refused on findings of before its last change: that was another app', async () => {
    await green(new Date());
    const before = Date.now();
    await world.database.execute('update clients set updated_at = $2 where id = $1', [clientId, new Date(before + 1)]);
    await expect(ask()).rejects.toMatchObject({ code: 'checks_not_green' });
    await green(new Date(before + 1));
    expect((await ask()).outcome).toBe('applied');
  });

  test('is refused for an app that is not on its way', async () => {
    await green(new Date());
    await ask();
    await expect(ask()).rejects.toMatchObject({ code: 'move_not_allowed' });
  });
});

test('times are those of the last 90 days, half and nine of ten', async () => {
  await world.database.execute('update clients set live_since = null, review_asked_at = null');
  const at = Date.now();
  for (const [i, minutes] of [2, 4, 10, 60 * 24].entries()) {
    const liveSince = new Date(at - i * 1000);
    const askedAt = new Date(liveSince.getTime() - minutes * 60_000);
    await world.database.execute(
      `update clients set live_since = $1, review_asked_at = $2
       where id = (select id from clients where live_since is null order by id limit 1)`,
      [liveSince, askedAt],
    );
  }
  await world.database.execute(
    `update clients set live_since = $1, review_asked_at = $1
     where id = (select id from clients where live_since is null order by id limit 1)`,
    [new Date(at - 91 * DAY)],
  );
  const times = await readProductionTimes(world.database);
  expect(times).toMatchObject({ apps: 4, medianSeconds: 7 * 60 });
  expect(times?.slowestSeconds).toBeGreaterThan(3600);
});
