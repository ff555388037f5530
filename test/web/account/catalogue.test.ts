/** What a person finds who looks for a service. */
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import type { BrowserAgent, Page } from '#test/support/browser-agent.ts';
import { openWorld, password, type World } from '#test/support/world.ts';

let world: World;
let browser: BrowserAgent;

beforeAll(async () => {
  world = await openWorld();
  const common = { client_uri: 'https://ikan.contoh.go.id/', purpose: 'Mengurus kartu nelayan.', scope: 'openid' };
  await world.declare(
    {
      ...common,
      client_id: 'kartu-nelayan',
      client_name: 'Kartu Nelayan',
      initiate_login_uri: 'https://ikan.contoh.go.id/masuk?dari=portal',
    },
    { ...common, client_id: 'nelayan-dicoba', client_name: 'Nelayan Dicoba', migration_stage: 'shadow' },
    {
      ...common,
      client_id: 'nelayan-sebagian',
      client_name: 'Nelayan Sebagian',
      migration_stage: 'optional',
      migration_percentage: 10,
    },
    { ...common, client_id: 'nelayan-berhenti', client_name: 'Nelayan Berhenti' },
    { ...common, client_id: 'nelayan-pegawai', client_name: 'Nelayan Pegawai', audience: ['officials'] },
  );
  await world.database.execute(
    `with raised as (update registry_version set version = version + 1 where only_row returning version)
     update clients set state = 'suspended', version = raised.version from raised where id = 'nelayan-berhenti'`,
  );
  await world.house.clients.refresh();
  await world.citizen('nelayan@contoh.id', { name: 'Nur', password });
  browser = world.browser();
  const page = await browser.visit(`${world.issuer}/account/services?q=nelayan`);
  await page.fill({ identifier: 'nelayan@contoh.id', password }).press('#sign-in');
});

afterAll(() => world[Symbol.asyncDispose]());
afterEach(() => vi.useRealTimers());

const look = (query: string): Promise<Page> => browser.visit(`${world.issuer}/account/services?${query}`);
const found = (page: Page): string[] => page.attributes('[data-service]', 'data-service');

test('a service is found by words of its name and of its purpose, and one click begins a sign-in there', async () => {
  for (const words of ['nelayan', 'KARTU', 'mengurus+nelayan', 'urus+kartu'])
    expect(found(await look(`q=${words}`))).toEqual(['kartu-nelayan']);
  const link = (await look('q=nelayan')).attribute('[data-service=kartu-nelayan] a', 'href');
  const address = new URL(String(link));
  expect(address.origin + address.pathname).toBe('https://ikan.contoh.go.id/masuk');
  expect(Object.fromEntries(address.searchParams)).toEqual({ dari: 'portal', iss: world.issuer });
});

test('what not everybody can use is not offered: tried out, for a share of people, stopped, for officials, machines', async () => {
  const all = found(await look(''));
  expect(all).toEqual(expect.arrayContaining(['kartu-nelayan', 'pajak-daerah', 'puskesmas-online']));
  for (const id of ['nelayan-dicoba', 'nelayan-sebagian', 'nelayan-berhenti', 'nelayan-pegawai', 'mesin-data'])
    expect(all).not.toContain(id);
});

test('a word that is typed wrongly finds what is much like it; one that means nothing says so', async () => {
  const wrong = await look('q=nelayam');
  expect(wrong.has('#none-found')).toBe(true);
  expect(wrong.attributes('#alike [data-service]', 'data-service')).toContain('kartu-nelayan');
  const nothing = await look('q=%25%25%25qqq');
  expect([nothing.has('#none-found'), found(nothing)]).toEqual([true, []]);
});

test('what was asked before signing in is there after it, once, and stands in no address between', async () => {
  for (const asked of [
    '/account/services?q=kartu&sector=',
    '/account/releases?app=puskesmas-online&period=30&kind=later',
  ]) {
    const other = world.browser();
    const page = await other.visit(`${world.issuer}${asked}`);
    expect(
      page.hops
        .slice(1)
        .map(({ url }) => url.href)
        .join(' '),
    ).not.toMatch(/kartu|puskesmas-online/);
    const back = await page.fill({ identifier: 'nelayan@contoh.id', password }).press('#sign-in');
    expect(back.url.pathname + back.url.search).toBe(asked.replace('&sector=', ''));
  }
});

test('what nobody may ask, and what was asked before another sign-in, is forgotten', async () => {
  const other = world.browser();
  const kept = () => other.cookies.all.find(({ name }) => name === 'asked')?.value;
  const page = await other.visit(`${world.issuer}/account/services?next=https://jahat.contoh/&after=zzz`);
  expect(kept()).toBeUndefined();
  await other.visit(`${world.issuer}/account/services?q=kartu`);
  expect(kept()).not.toMatch(/kartu/);
  const back = await page.fill({ identifier: 'nelayan@contoh.id', password }).press('#sign-in');
  expect(back.url.pathname + back.url.search).toBe('/account/services');
  expect(kept()).toBeUndefined();
});

test('what was asked longer than a quarter of an hour ago is forgotten, even by a browser that kept it', async () => {
  const other = world.browser();
  const begun = Date.now();
  const page = await other.visit(`${world.issuer}/account/services?q=kartu`);
  for (const cookie of other.cookies.all) other.cookies.put({ ...cookie, expires: undefined });
  vi.useFakeTimers({ toFake: ['Date'], now: begun + 16 * 60_000 });
  const back = await page.fill({ identifier: 'nelayan@contoh.id', password }).press('#sign-in');
  expect(back.url.pathname + back.url.search).toBe('/account/services');
});

test('where nothing is found the page says what to try, and an area only where there is one', async () => {
  const nothing = await look('q=%25%25%25qqq');
  expect(nothing.text('#none-found')).toMatch(/Coba kata lain\./);
  expect(nothing.text('#none-found')).not.toMatch(/bidang/);
  expect(nothing.attribute('#wider', 'href')).toBe('/account/services');
  const inOne = await look('q=kartu&sector=tidak-ada');
  expect(inOne.attribute('#wider', 'href')).toBe('/account/services?q=kartu');
});

test('a hostile question is text, and a place that is none is the beginning', async () => {
  const page = await look('q=%22%3E%3Cscript%3E&sector=%27%3B--&after=zzz');
  expect(page.status).toBe(200);
  expect(page.html).not.toContain('"><script>');
  expect(found(page)).toEqual([]);
  expect(found(await look('after=zzz')).length).toBeGreaterThan(2);
});
