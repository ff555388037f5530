/** People of an app that ends: told before its day, led to what follows it afterwards, and never anywhere else. */
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { carryOut } from '#src/registry/decision-ends.ts';
import { type DecisionRequest, decide } from '#src/registry/decisions.ts';
import { allow, openWorld, password, signIn, type World } from '#test/support/world.ts';

let world: World;
beforeAll(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: new Date('2027-02-01T03:00:00Z') });
  world = await openWorld();
});
afterEach(() => {
  vi.setSystemTime(new Date('2027-02-01T03:00:00Z'));
});
afterAll(async () => {
  vi.useRealTimers();
  await world[Symbol.asyncDispose]();
});

const start = 'https://klinik.contoh.go.id/masuk?asal=lawang&iss=palsu';

async function open(id: string, successor: Record<string, string> = {}) {
  await world.declare({ client_id: id, client_name: `Layanan ${id}`, 'client_name#en': `Service ${id}`, ...successor });
  return world.app({ clientId: id });
}

async function make(id: string, wanted: Partial<DecisionRequest> = {}): Promise<string> {
  const [decision] = await world.database.transaction((tx) =>
    decide(tx, {
      ...{ refs: [`client:${id}`], kind: 'merge', effectiveOn: '2027-03-01', reason: 'Kembar.' },
      ...{ reach: 'everywhere', actor: 'putri', via: 'command', ...wanted },
    }),
  );
  await world.house.clients.refresh();
  return String(decision?.id);
}

async function end(id: string): Promise<void> {
  await world.database.execute('update app_decisions set announced_at = $1', [new Date()]);
  vi.setSystemTime(new Date('2027-03-01T03:00:00Z'));
  await world.database.transaction((tx) => carryOut(tx, id, { mode: 'sandbox' }));
  await world.house.clients.refresh();
}

test('people hear of the end where they sign in and among their apps, then are led to the start of a sign-in that names us alone', async () => {
  const app = await open('lama');
  await open('klinik', { initiate_login_uri: start });
  const browser = world.browser();
  const before = await browser.visit((await app.startSignIn()).url);
  expect(before.has('.notice')).toBe(false);
  await allow(await signIn(before));
  const decision = await make('lama', { successor: 'client:klinik' });
  const said = 'Layanan lama berakhir pada 1 Maret 2027. Sesudah itu pakai Layanan klinik.';
  const other = await world.browser().visit((await app.startSignIn()).url);
  expect(other.text('.notice')).toContain(said);
  expect((await browser.visit(`${world.issuer}/account`)).text('[data-ending="lama"]')).toContain(said);

  // Far from its day nobody is told where they sign in.
  vi.setSystemTime(new Date('2026-12-20T03:00:00Z'));
  expect((await world.browser().visit((await app.startSignIn()).url)).has('.notice')).toBe(false);
  vi.setSystemTime(new Date('2027-02-01T03:00:00Z'));

  vi.setSystemTime(new Date('2027-03-01T03:00:00Z'));
  const begun = await world.browser().visit((await app.startSignIn()).url);
  await end(decision);
  const midway = await begun.fill({ identifier: 'siti@contoh.id', password }).press('#sign-in');
  const url = new URL((await app.startSignIn()).url);
  for (const [name, value] of Object.entries({
    target_link_uri: 'https://jahat.example/',
    iss: 'https://jahat.example',
  }))
    url.searchParams.set(name, value);
  const again = await world.browser().visit(url);
  for (const page of [midway, again]) {
    expect([page.status, page.text('#error-code')]).toEqual([403, 'client_unavailable']);
    expect(page.text('h1')).toContain('Layanan lama sudah ditutup');
    const link = new URL(String(page.attribute('#successor', 'href')));
    expect(`${link.origin}${link.pathname}`).toBe('https://klinik.contoh.go.id/masuk');
    expect([...link.searchParams]).toEqual([
      ['asal', 'lawang'],
      ['iss', world.issuer],
    ]);
    expect(page.text('main')).toContain('Alamatnya: klinik.contoh.go.id');
    expect(page.html).not.toMatch(/(href|action)="(https?:)?\/\/jahat/);
  }
  const english = await world.browser({ language: 'en' }).visit(url);
  expect(english.text('h1')).toContain('Service lama has been retired');
});

test('where the successor ends as well, its people and those before are led on; where it cannot be used, nobody is', async () => {
  const app = await open('satu');
  await open('dua');
  await open('tiga', { client_uri: 'https://tiga.contoh.go.id/' });
  await end(await make('satu', { successor: 'client:dua' }));
  vi.setSystemTime(new Date('2027-02-01T03:00:00Z'));
  await end(await make('dua', { successor: 'client:tiga' }));
  const visit = async () => world.browser().visit((await app.startSignIn()).url);
  expect((await visit()).attribute('#successor', 'href')).toBe('https://tiga.contoh.go.id/');
  await world.database.execute(
    `update clients set state = 'suspended', version = (select version + 1 from registry_version) where id = 'tiga'`,
  );
  await world.database.execute('update registry_version set version = version + 1');
  await world.house.clients.refresh();
  const page = await visit();
  expect(page.has('#successor')).toBe(false);
  expect(page.text('main')).toContain('Belum ada layanan pengganti');
  expect(page.attribute('#back-to-app', 'href')).toBe('/');
});
