/** A coordinator decides on the console: about one app, about many, and takes it back. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadClient } from '#src/registry/clients.ts';
import { currentDecision } from '#src/registry/decisions.ts';
import type { Citizen } from '#test/races/crowd.ts';
import { colleague, openConsole } from '#test/support/console.ts';
import { openWorld, type World } from '#test/support/world.ts';

let world: World;
let putri: Citizen;
let owner: Citizen;
let stranger: Citizen;
const about = '/console/decisions/about/client%3Apuskesmas-online';
const form = '/console/decisions/new?app=client%3Apuskesmas-online';
const day = new Date(Date.now() + 40 * 86_400_000).toISOString().slice(0, 10);

beforeAll(async () => {
  world = await openWorld();
  putri = await colleague(world, 'putri@dinkes.contoh.go.id', {
    ...{ 'dinas-kesehatan': ['coordinator'], 'badan-pendapatan-daerah': ['coordinator'] },
  });
  owner = await colleague(world, 'budi@dinkes.contoh.go.id', { 'dinas-kesehatan': ['owner'] });
  stranger = await colleague(world, 'tuti@bapenda.contoh.go.id', { 'badan-pendapatan-daerah': ['owner'] });
  await world.database.execute(
    `update clients set state = 'live', live_since = $1 where id in ('puskesmas-online', 'pajak-daerah')`,
    [new Date()],
  );
});
afterAll(() => world[Symbol.asyncDispose]());

/** The page where somebody decides, at an address that a sign-in does not carry along. */
async function open(person: Citizen, at: string) {
  const { browser } = await openConsole(world, person);
  return { browser, page: await browser.visit(`${world.issuer}${at}`) };
}

const merge = { successor: 'client:pajak-daerah', on: day, reason: 'Dua loket untuk satu urusan.' };

test('all mistakes stand at their fields; a decision is made, shown to its owner, replaced and undone', async () => {
  const { page, browser } = await open(putri, form);
  const wrong = await page
    .tick('decision', 'merge')
    .fill({ ...merge, on: '2020-01-01' })
    .press('#decide');
  expect(wrong.status).toBe(422);
  expect(wrong.text('#on-problem')).toBe('Tanggal itu tidak ada di depan.');
  expect(wrong.value('reason')).toContain('Dua loket');
  const decided = await wrong.fill(merge).press('#decide');
  expect(decided.url.pathname).toBe(about);
  expect(decided.text('main')).toContain('Digabung ke Pajak Daerah');
  expect(await loadClient(world.database, 'puskesmas-online')).toMatchObject({
    successor: 'client:pajak-daerah',
    endsOn: day,
  });

  const theirs = await openConsole(world, owner, { at: about });
  expect(theirs.page.text('main')).toContain('Dua loket untuk satu urusan.');
  const app = await theirs.browser.visit(`${world.issuer}/console/apps/puskesmas-online`);
  expect([app.text('#decision'), app.has('#decide')]).toEqual([
    expect.stringContaining('Digabung ke Pajak Daerah'),
    false,
  ]);
  expect(app.attribute('#decision-history', 'href')).toBe(about);
  expect([theirs.page.has('#undo'), theirs.page.has('#decide')]).toEqual([false, false]);
  expect((await theirs.browser.visit(`${world.issuer}${form}`)).status).toBe(403);
  const hidden = await openConsole(world, stranger, { at: about });
  expect([hidden.page.status, hidden.page.text('#error-code')]).toEqual([404, 'not_here']);

  const undone = await decided.press('#undo');
  expect(undone.text('.notice')).toBe('Keputusan dibatalkan.');
  expect(await currentDecision(world.database, 'client:puskesmas-online')).toBeUndefined();
  const list = await browser.visit(`${world.issuer}/console/decisions?standing=over`);
  expect(list.text('[data-decision]')).toContain('Dibatalkan');
});

test('a file rests beside a decision: what it is by its bytes, saved and never shown, for whoever may see the decision', async () => {
  const { page, browser } = await open(putri, form);
  const html = new File(['<script>alert(1)</script>'], 'kajian.pdf', { type: 'application/pdf' });
  const wrong = await page.tick('decision', 'legacy').fill(merge).choose('file', html).press('#decide');
  expect(wrong.text('#file-problem')).toBe('Berkas bukti itu tidak dapat dipakai.');
  const pdf = new File(['%PDF-1.7\n<script>'], '../"kajian";x.html', { type: 'text/html' });
  const decided = await wrong.fill(merge).choose('file', pdf).press('#decide');
  const link = String(decided.attributes('.facts a', 'href').find((one) => one.startsWith('/console/evidence/')));
  for (const { browser: reader } of [{ browser }, await openConsole(world, owner)]) {
    const saved = await reader.visit(`${world.issuer}${link}`);
    expect(saved.status).toBe(200);
    expect(saved.headers.get('content-type')).toBe('application/pdf');
    expect(saved.headers.get('content-disposition')).toMatch(/^attachment; filename="[\w .-]+\.pdf"/);
    expect(saved.headers.get('x-content-type-options')).toBe('nosniff');
    expect(saved.headers.get('content-security-policy')).toContain("default-src 'none'; sandbox");
  }
  const other = await openConsole(world, stranger);
  expect((await other.browser.visit(`${world.issuer}${link}`)).status).toBe(404);
});

test('many at once are shown before anything changes, applied as shown, and undone as a whole', async () => {
  const list = await open(putri, '/console/apps?state=live&pick=all');
  const page = await list.page.press('#decide');
  expect(page.texts('#chosen li')).toHaveLength(2);
  const preview = await page.tick('decision', 'keep').fill({ reason: 'Keduanya dipakai.' }).press('#preview');
  expect(preview.text('[data-outcome="decided"]')).toBe('2 layanan berubah');
  expect(await currentDecision(world.database, 'client:pajak-daerah')).toBeUndefined();
  const applied = await preview.press('#apply');
  expect(applied.text('.notice')).toContain('2 keputusan berlaku');
  expect((await currentDecision(world.database, 'client:pajak-daerah'))?.kind).toBe('keep');
  const theirs = await openConsole(world, owner, { at: applied.url.pathname });
  expect(theirs.page.status).toBe(403);
  const undone = await applied.press('#undo');
  expect(undone.text('.notice')).toContain('dibatalkan');
  expect(await currentDecision(world.database, 'client:pajak-daerah')).toBeUndefined();
  // What held before the batch holds again.
  expect((await currentDecision(world.database, 'client:puskesmas-online'))?.kind).toBe('legacy');
});

test('a file of decisions says of each row what it would do or why not', async () => {
  const { page } = await open(putri, '/console/decisions');
  const bad = await page.choose('file', new File(['nama,alasan\nx,y'], 'a.csv')).press('#send-file');
  expect(bad.text('#file-problem')).toBe('Berkas keputusan itu tidak dapat dibaca.');
  const csv = `\uFEFFlayanan;keputusan;pengganti;tanggal;alasan
puskesmas-online;gabungkan;client:pajak-daerah;${day};"Kembar; sudah dikaji"
client:tidak-ada;keep;;;Ada
pajak-daerah;hapus;;;Tidak jelas
`;
  const preview = await bad.choose('file', new File([csv], 'keputusan.csv')).press('#send-file');
  expect(preview.texts('#outcomes li')).toEqual(['1 layanan berubah', '0 sudah begitu', '2 ditolak']);
  expect(preview.text('tbody')).toContain('Digabung ke Pajak Daerah');
  const gone = await preview.press('#discard');
  expect(gone.url.pathname).toBe('/console/decisions');
});
