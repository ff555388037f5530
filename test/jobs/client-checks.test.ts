/** The daily checks of live apps: who is told what, and which app is stopped. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { createLog } from '#src/base/log.ts';
import { startClientChecks } from '#src/jobs/client-checks.ts';
import { listFindings } from '#src/registry/checks/findings.ts';
import { findClient } from '#src/registry/clients.ts';
import { listVersions } from '#src/registry/versions.ts';
import { createTellFailing } from '#src/web/check-notices.ts';
import { colleague } from '#test/support/console.ts';
import { type Outside, type OutsideHost, openOutside } from '#test/support/outside.ts';
import { openWorld, type World } from '#test/support/world.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const well: OutsideHost = { pages: { '/': {}, '/privasi': {} } };

let world: World;
let outside: Outside;
let agencyId: string;
let logged: string[];

beforeAll(async () => {
  world = await openWorld();
  outside = await openOutside();
  const pagesAt = (host: string) => ({
    redirect_uris: [outside.at(host, '/callback')],
    post_logout_redirect_uris: [],
    client_uri: outside.at(host),
    policy_uri: outside.at(host, '/privasi'),
    scope: 'openid',
    state: 'live',
  });
  await world.declare(
    { client_id: 'peramban', type: 'spa', ...pagesAt('peramban.contoh.go.id') },
    { client_id: 'peladen', ...pagesAt('peladen.contoh.go.id') },
  );
  agencyId = (await findClient(world.database, 'peramban'))?.agencyId ?? '';
  await world.database.execute(`insert into client_secrets (client_id, hash, created_at) values ('peladen', $1, $2)`, [
    Buffer.alloc(32),
    new Date(),
  ]);
  await colleague(world, 'oki@uji.contoh.go.id', { [agencyId]: ['owner'] });
});
afterAll(async () => {
  await outside?.[Symbol.asyncDispose]();
  await world?.[Symbol.asyncDispose]();
});

let now: number;
const later = (ms: number) => {
  now += ms;
  vi.setSystemTime(now);
};

beforeEach(async () => {
  now = Date.now();
  vi.useFakeTimers({ toFake: ['Date'], now });
  logged = [];
  for (const name of Object.keys(outside.hosts)) delete outside.hosts[name];
  outside.hosts.localhost = {};
  outside.hosts['peramban.contoh.go.id'] = well;
  outside.hosts['peladen.contoh.go.id'] = well;
  for (const table of ['outbox', 'client_checks', 'client_check_runs'])
    await world.database.execute(`delete from ${table}`);
  await world.database.execute(`update clients set state = 'live' where id in ('peramban', 'peladen')`);
});
afterEach(() => {
  vi.useRealTimers();
});

/** The work of one process, once. */
async function check(): Promise<number> {
  const log = createLog('debug', { write: (line: string) => void logged.push(line) });
  const config = { ...world.house.config, intranetAllowlist: outside.intranet };
  const tellFailing = createTellFailing(world.house);
  const job = startClientChecks({ ...world.house, log, config, tellFailing, names: outside.names }, { everyMs: DAY });
  const checked = await job.checkDue();
  await job.stop();
  return checked;
}

async function countMessages(): Promise<number> {
  const row = await world.database.first<{ count: number }>('select count(*)::integer as count from outbox');
  return row?.count ?? 0;
}

const stateOf = async (id: string) => (await findClient(world.database, id))?.state;

test('look at each live app once a day, and say nothing while all is well', async () => {
  expect(await check()).toBe(2);
  expect(await check()).toBe(0);
  later(23 * HOUR);
  expect(await check()).toBe(0);
  later(2 * HOUR);
  expect(await check()).toBe(2);
  expect(await countMessages()).toBe(0);
  const findings = await listFindings(world.database, 'peladen');
  expect(findings.map(({ name, outcome }) => [name, outcome])).toEqual([
    ['hosts', 'passed'],
    ['takeover', 'passed'],
    ['home', 'passed'],
    ['privacy', 'passed'],
    ['credentials', 'passed'],
  ]);
});

test('are shared by several processes', async () => {
  const checked = await Promise.all([check(), check(), check()]);
  expect(checked.reduce((sum, each) => sum + each, 0)).toBe(2);
});

test('tell the owner once of what fails, and again only after it has passed', async () => {
  outside.hosts['peladen.contoh.go.id'] = { ...well, certificate: 'stranger' };
  await check();
  const { subject, text, link } = await world.message('oki@uji.contoh.go.id');
  expect(subject).toBe('peladen: ada yang perlu diperbaiki');
  expect(text).toContain('Sertifikat peladen.contoh.go.id tidak benar');
  expect(link).toBe(`${world.issuer}/console/apps/peladen/production`);
  const told = await countMessages();
  later(25 * HOUR);
  await check();
  expect(await countMessages()).toBe(told);
  outside.hosts['peladen.contoh.go.id'] = well;
  later(25 * HOUR);
  await check();
  outside.hosts['peladen.contoh.go.id'] = { ...well, certificate: 'stranger' };
  later(25 * HOUR);
  await check();
  expect(await countMessages()).toBe(told * 2);
  expect(await stateOf('peladen')).toBe('live');
});

test('tell of what may pass by itself only when it is still there an hour later', async () => {
  outside.hosts['peladen.contoh.go.id'] = { pages: { '/': { status: 503 }, '/privasi': {} } };
  await check();
  expect(await countMessages()).toBe(0);
  later(HOUR);
  expect(await check()).toBe(1);
  expect(await countMessages()).toBe(1);
});

test('stop a public app whose host is lost at once, and tell its owner; a confidential one is only told of', async () => {
  outside.hosts['peramban.contoh.go.id'] = { fails: 'ENOTFOUND', alias: 'situs-lama.hosting.contoh' };
  outside.hosts['peladen.contoh.go.id'] = { fails: 'ENOTFOUND' };
  await check();
  expect([await stateOf('peramban'), await stateOf('peladen')]).toEqual(['suspended', 'live']);
  const [version] = await listVersions(world.database, 'peramban');
  expect(version).toMatchObject({ to: 'suspended', via: 'job', actor: 'checks' });
  expect(version?.reason).toBe('host lost: peramban.contoh.go.id');
  expect(await countMessages()).toBe(2);
  await world.house.clients.refresh();
  const app = await world.app({ clientId: 'peramban', redirectUri: outside.at('peramban.contoh.go.id', '/callback') });
  const page = await world.browser().visit((await app.startSignIn()).url);
  expect(page.text()).toContain('client_unavailable');
  const subjects = await Promise.all(['oki@uji.contoh.go.id'].map((to) => world.message(to)));
  expect(subjects.map(({ subject }) => subject).join()).toMatch(/peramban kami hentikan sementara|peladen: ada yang/);
});

test('stop nobody when it is our own way to the names that is lost', async () => {
  outside.hosts['peramban.contoh.go.id'] = { fails: 'ENOTFOUND' };
  delete outside.hosts.localhost;
  await check();
  expect(await stateOf('peramban')).toBe('live');
  expect(await countMessages()).toBe(0);
  expect(logged.join()).toContain('do names resolve here?');
  // As soon as it is certain, it is done: within the hour, not on the next day.
  outside.hosts.localhost = {};
  later(HOUR);
  await check();
  expect(await stateOf('peramban')).toBe('suspended');
});

test('stop nobody when a host was away only for a moment', async () => {
  let asked = 0;
  const { resolve } = outside.names;
  const names = vi.spyOn(outside.names, 'resolve').mockImplementation((name, options, done) => {
    if (name !== 'peramban.contoh.go.id' || asked > 0) return resolve(name, options, done);
    asked += 1;
    done(Object.assign(new Error('gone'), { code: 'ENOTFOUND' }), []);
  });
  await check();
  names.mockRestore();
  expect(asked).toBe(1);
  expect(await stateOf('peramban')).toBe('live');
});
