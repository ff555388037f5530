import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { suspendMemberships } from '#src/people/memberships.ts';
import { applyChange, askToGoLive, type ChangeRequest } from '#src/registry/changes.ts';
import { loadClient } from '#src/registry/clients.ts';
import { declarationOf } from '#src/registry/declarations.ts';
import { checkClientEntry } from '#src/registry/registration-schema.ts';
import { saveSector } from '#src/registry/sectors.ts';
import { findPendingVersion } from '#src/registry/versions.ts';
import type { Citizen } from '#test/races/crowd.ts';
import { colleague, openConsole } from '#test/support/console.ts';
import { openWorld, type World } from '#test/support/world.ts';

let world: World;
let agencyId: string;
let siti: Citizen;
let budi: Citizen;
let stranger: Citizen;

const simple = { scope: 'openid profile', claims: [{ name: 'name', required: true, purpose: 'Menyapa Anda.' }] };

beforeAll(async () => {
  world = await openWorld();
  await world.declare({ client_id: 'antrean', ...simple, state: 'live' });
  ({ agencyId } = await loadClient(world.database, 'antrean'));
  siti = await colleague(world, 'siti.dev@contoh.id', { [agencyId]: ['developer', 'approver'] }, 'Siti Rahayu');
  budi = await colleague(world, 'budi.app@contoh.id', { [agencyId]: ['approver'] }, 'Budi Santoso');
  stranger = await colleague(world, 'lain@contoh.id', { 'badan-pendapatan-daerah': ['owner', 'approver'] });
});

afterAll(() => world[Symbol.asyncDispose]());

type EditOptions = Partial<Pick<ChangeRequest, 'via' | 'breakGlass'>> & { clientId?: string };

/** What the edit page does for siti: the app with other keys. */
async function edit(keys: object, { clientId = 'antrean', ...more }: EditOptions = {}) {
  const client = await loadClient(world.database, clientId);
  const { entry, findings } = checkClientEntry({ ...declarationOf(client), ...keys }, 'sandbox');
  if (!entry) throw new Error(JSON.stringify(findings));
  const request = { agencyId: client.agencyId, entry, via: 'page', actor: siti.id, mode: 'sandbox' } as const;
  return world.database.transaction((tx) =>
    applyChange(tx, world.house.secrets, { ...request, reason: 'Alamat baru', ...more }),
  );
}

test('a risky change waits in the queue, is read as a diff and takes effect when somebody else agrees', async () => {
  const { number } = await edit({ redirect_uris: ['http://localhost:3001/baru'] });
  const { browser, page } = await openConsole(world, budi, { at: '/console/reviews' });
  expect(page.texts(`[data-review=antrean/${number}] td`).join(' ')).toContain('Siti Rahayu');
  expect(page.text(`[data-review=antrean/${number}]`)).toContain('0 dari 1 setuju');
  const review = await browser.visit(`${world.issuer}/console/reviews/antrean/${number}`);
  expect(review.text('h1')).toBe('Perubahan pada antrean');
  expect(review.text('.reason')).toContain('Alamat baru');
  expect(review.text('.change dt')).toBe('Alamat kembali (redirect URI) perlu persetujuan');
  expect(review.text('.line-gone')).toContain('http://localhost:3001/callback');
  expect(review.text('.line-new')).toContain('http://localhost:3001/baru');
  const done = await review.press('#approve');
  expect(done.text('[role=status]')).toContain('Disetujui');
  expect((await loadClient(world.database, 'antrean')).redirectUris).toEqual(['http://localhost:3001/baru']);
  const again = await browser.visit(`${world.issuer}/console/reviews/antrean/${number}?lang=en`);
  expect(again.text('.closed')).toBe('This change waits for a decision no longer.');
  expect(again.text('.change dt')).toContain('Redirect URIs');
});

test('the queue says how long each has waited, and which is later than promised', async () => {
  const { number } = await edit({ purpose: 'Mengambil nomor.' });
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 8 * 86_400_000 });
  try {
    const { page } = await openConsole(world, budi, { at: '/console/reviews' });
    expect(page.text(`[data-review=antrean/${number}]`)).toMatch(/8 hari dijanjikan sebelum/);
    expect(page.count(`[data-review=antrean/${number}] .dot-stopped`)).toBe(1);
  } finally {
    vi.useRealTimers();
  }
});

test('whoever asked sees the change, may take it back and may not decide, whatever they post', async () => {
  const { number } = await edit({ purpose: 'Mengambil nomor antrean.' });
  const { browser } = await openConsole(world, siti);
  const page = await browser.visit(`${world.issuer}/console/reviews/antrean/${number}`);
  expect(page.has('#approve')).toBe(false);
  expect(page.text('.closed')).toContain('Anda ikut menyusun');
  const csrf = page.value('csrf') ?? '';
  const posted = await browser.post(page.url, { csrf, action: 'approve' });
  expect(posted.text('#error-code')).toBe('version_own');
  expect(await findPendingVersion(world.database, 'antrean')).toMatchObject({ number });
  expect((await page.press('#withdraw')).text('[role=status]')).toContain('ditarik');
  expect(await findPendingVersion(world.database, 'antrean')).toBeUndefined();
});

test('a refusal needs its reason, and who asked reads it', async () => {
  const { number } = await edit({ purpose: 'Menjual data.' });
  const { browser } = await openConsole(world, budi);
  const page = await browser.visit(`${world.issuer}/console/reviews/antrean/${number}`);
  const unexplained = await page.press('#reject');
  expect(unexplained.status).toBe(422);
  expect(unexplained.text('#problems')).toContain('Tulis alasan penolakan');
  unexplained.fill({ note: 'Tujuan ini tidak boleh.' });
  expect((await unexplained.press('#reject')).text('[role=status]')).toContain('Penolakan');
  const { subject, text } = await world.message('siti.dev@contoh.id');
  expect(subject).toBe('Perubahan antrean ditolak');
  expect(text).toContain('Tujuan ini tidak boleh.');
  const { browser: developer } = await openConsole(world, siti);
  const read = await developer.visit(`${world.issuer}/console/reviews/antrean/${number}`);
  expect(read.text('.dots')).toContain('Tujuan ini tidak boleh.');
  expect((await loadClient(world.database, 'antrean')).purpose.id).not.toBe('Menjual data.');
});

test('an approver whose role rests since has agreed to nothing', async () => {
  await world.declare({ client_id: 'loket', ...simple, state: 'live' });
  const claims = [{ name: 'birthdate', required: false, purpose: 'Menghitung umur.' }];
  const { number } = await edit({ claims, scope: 'openid profile' }, { clientId: 'loket' });
  const { agencyId: home } = await loadClient(world.database, 'loket');
  const [one, other, third] = await Promise.all(
    ['wati', 'joko', 'rudi'].map((name) => colleague(world, `${name}.app@contoh.id`, { [home]: ['approver'] })),
  );
  if (!one || !other || !third) throw new Error('three approvers are missing');
  const at = `/console/reviews/loket/${number}`;
  await (await openConsole(world, one, { at })).page.press('#approve');
  await suspendMemberships(world.database, one.id, 'recovered');
  const page = await (await openConsole(world, other, { at })).page.press('#approve');
  expect(page.url.search).toBe('?done=pending');
  expect(await findPendingVersion(world.database, 'loket')).toMatchObject({ number, approvalsNeeded: 2 });
  const done = await (await openConsole(world, third, { at })).page.press('#approve');
  expect(done.url.search).toBe('?done=applied');
});

test('nobody of another agency sees or decides it, and a coordinating ministry decides about its sector', async () => {
  const sector = {
    id: 'uji-coba',
    name: 'Uji',
    nameEn: 'Trial',
    isPriority: false,
    coordinatorId: 'dinas-kominfo',
    position: 99,
  };
  await saveSector(world.database, sector, 'test');
  await edit({ sectors: ['uji-coba'] }, { via: 'command', breakGlass: 'Sektor ditetapkan' });
  const { number } = await edit({ purpose: 'Antre.' });
  const address = `${world.issuer}/console/reviews/antrean/${number}`;
  const { browser } = await openConsole(world, stranger);
  const queue = await browser.visit(`${world.issuer}/console/reviews`);
  expect(queue.has('[data-review]')).toBe(false);
  const hidden = await browser.visit(address);
  expect([hidden.status, hidden.text('#error-code')]).toEqual([404, 'not_here']);
  const posted = await browser.post(address, { csrf: queue.value('csrf') ?? '', action: 'approve' });
  expect(posted.status).toBeGreaterThanOrEqual(400);
  expect(await findPendingVersion(world.database, 'antrean')).toMatchObject({ number });

  const rina = await colleague(world, 'rina.koor@contoh.id', { 'dinas-kominfo': ['coordinator'] });
  const { browser: ministry } = await openConsole(world, rina);
  expect((await ministry.visit(`${world.issuer}/console/reviews`)).has(`[data-review=antrean/${number}]`)).toBe(true);
  expect((await (await ministry.visit(address)).press('#approve')).text('[role=status]')).toContain('Disetujui');
});

test('an app of high risk goes live when two others agreed', async () => {
  const sensitive = { name: 'birthdate', purpose: 'Menghitung umur.' };
  await world.declare({ client_id: 'imunisasi', scope: 'openid profile', claims: [...simple.claims, sensitive] });
  const { agencyId: home } = await loadClient(world.database, 'imunisasi');
  const people = [];
  for (const email of ['ani.app@contoh.id', 'dewi.app@contoh.id'])
    people.push(await colleague(world, email, { [home]: ['approver'] }));
  const request = { clientId: 'imunisasi', actor: siti.id, via: 'page', mode: 'sandbox' } as const;
  const { number } = await world.database.transaction((tx) => askToGoLive(tx, world.house.secrets, request));
  for (const [index, person] of people.entries()) {
    const { browser } = await openConsole(world, person);
    const page = await browser.visit(`${world.issuer}/console/reviews/imunisasi/${number}`);
    expect(page.text('h1')).toBe('imunisasi ingin mulai berjalan');
    await page.press('#approve');
    expect((await loadClient(world.database, 'imunisasi')).state).toBe(index === 0 ? 'review' : 'live');
  }
});

test('the versions of an app tell who, why and what, and an old one is restored by the same rules', async () => {
  const { browser } = await openConsole(world, siti);
  const list = await browser.visit(`${world.issuer}/console/apps/antrean/versions`);
  expect(list.count('[data-version]')).toBeGreaterThan(5);
  expect(list.text('[data-version=1]')).toContain('lewat berkas');
  const first = await list.follow({ text: 'Versi 1' });
  expect(first.text('h2')).toBe('Isi pendaftaran');
  first.fill({ reason: 'Kembali ke alamat lama' });
  const restored = await first.press('#restore');
  expect(restored.text('[role=status]')).toContain('menunggu persetujuan');
  const pending = await findPendingVersion(world.database, 'antrean');
  expect(pending).toMatchObject({ reason: 'Kembali ke alamat lama', actor: siti.id });
  const { browser: approver } = await openConsole(world, budi);
  const seen = await approver.visit(`${world.issuer}/console/apps/antrean/versions/1`);
  expect(seen.has('#restore')).toBe(false);
  const { browser: other } = await openConsole(world, stranger);
  for (const path of ['versions', 'versions/1'])
    expect((await other.visit(`${world.issuer}/console/apps/antrean/${path}`)).status).toBe(404);
});
