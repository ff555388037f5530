/** Cases of new apps and closed places, as coordinators and those who asked see them. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLog } from '#src/base/log.ts';
import { startCases } from '#src/jobs/cases.ts';
import { listCasesOf } from '#src/registry/cases.ts';
import { applyChange } from '#src/registry/changes.ts';
import { findClient } from '#src/registry/clients.ts';
import { closeRegistrations, listExceptions, openRegistrations } from '#src/registry/closures.ts';
import { checkClientEntry } from '#src/registry/registration-schema.ts';
import { createTellCase } from '#src/web/case-notices.ts';
import { type Citizen, race } from '#test/races/crowd.ts';
import { colleague, openConsole } from '#test/support/console.ts';
import { openWorld, type World } from '#test/support/world.ts';

const agencyId = 'badan-pendapatan-daerah';
const said = {
  client_name: 'Jadwal Dokter Spesialis',
  purpose: 'Melihat jadwal dokter spesialis di rumah sakit.',
  scope: 'openid profile',
  claims: [{ name: 'name', required: true, purpose: 'Menyapa Anda.' }],
};
const justification = 'Yang ada tidak melayani dokter gigi.';

let world: World;
let budi: Citizen;
let putri: Citizen;
let stranger: Citizen;

beforeAll(async () => {
  world = await openWorld();
  await world.declare({ ...said, client_id: 'jadwal-dokter', state: 'live' });
  budi = await colleague(world, 'budi@bapenda.contoh.go.id', { [agencyId]: ['developer'] }, 'Budi Santoso');
  putri = await colleague(world, 'putri.koor@contoh.id', { [agencyId]: ['coordinator'] }, 'Putri Lestari');
  stranger = await colleague(world, 'lain@contoh.id', { 'dinas-kesehatan': ['owner'] });
});
afterAll(() => world?.[Symbol.asyncDispose]());

async function register(id: string, actor = budi.id): Promise<string> {
  const entry = checkClientEntry(
    { ...said, client_id: id, redirect_uris: ['http://localhost:8080/callback'] },
    'sandbox',
  ).entry;
  if (!entry) throw new Error('the declaration has mistakes');
  const request = { agencyId, entry, via: 'page', actor, mode: 'sandbox', isNew: true, justification } as const;
  const { opened } = await world.database.transaction((tx) => applyChange(tx, world.house.secrets, request));
  return opened?.id ?? '';
}

const statusOf = async (clientId: string) => (await listCasesOf(world.database, clientId))[0]?.status;

test('a case waits in the coordinator’s list and is allowed there; nobody of another agency sees it', async () => {
  const id = await register('jadwal-a');
  const { browser, page } = await openConsole(world, putri, { at: '/console/cases' });
  expect(page.attributes('[data-case]', 'data-case')).toContain(id);
  const one = await browser.visit(`${world.issuer}/console/cases/${id}`);
  expect(one.text('#said')).toBe(justification);
  expect(one.attributes('[data-likely]', 'data-likely')).toContain('client:jadwal-dokter');
  const { browser: other } = await openConsole(world, stranger);
  expect((await other.visit(`${world.issuer}/console/cases/${id}`)).text('#error-code')).toBe('not_here');
  expect((await one.press('#allow')).text('[role=status]')).toContain('Diizinkan');
  expect(await statusOf('jadwal-a')).toBe('allowed');
});

test('a refusal says why and what to use instead; the developer reads it and gives a new reason', async () => {
  const id = await register('jadwal-b');
  const { page } = await openConsole(world, putri, { at: `/console/cases/${id}` });
  const silent = await page.tick('instead', 'client:jadwal-dokter').press('#refuse');
  expect([silent.status, silent.text('#note-problem')]).toEqual([422, 'Tulis mengapa layanan ini tidak diizinkan.']);
  await silent.fill({ note: 'Sudah dilayani.' }).press('#refuse');
  const { browser, page: mine } = await openConsole(world, budi, { at: `/console/cases/${id}` });
  expect(mine.text('#outcome')).toContain('Sudah dilayani.');
  expect(mine.text('#outcome')).toContain('Pakailah Jadwal Dokter Spesialis');
  expect([mine.has('#allow'), mine.has('#refuse')]).toEqual([false, false]);
  const asking = await browser.visit(`${world.issuer}/console/cases/new?app=jadwal-b`);
  expect((await asking.press('#justify')).text('#justification-problem')).toContain('20 huruf');
  await asking.fill({ justification: 'Kami melayani pulau yang belum terjangkau.' }).press('#justify');
  expect(await statusOf('jadwal-b')).toBe('open');
  expect((await world.message('budi@bapenda.contoh.go.id')).subject).toBe(`${said.client_name} tidak perlu dibuat`);
});

test('who asked does not decide, and giving it up ends the app', async () => {
  const both = await colleague(world, 'dua@contoh.id', { [agencyId]: ['developer', 'coordinator'] });
  const id = await register('jadwal-c', both.id);
  const { page } = await openConsole(world, both, { at: `/console/cases/${id}` });
  expect([page.has('#allow'), page.text('.closed')]).toEqual([
    false,
    'Anda ikut mengajukan layanan ini, jadi koordinator lain yang memutuskan.',
  ]);
  await page.press('#withdraw');
  expect([await statusOf('jadwal-c'), (await findClient(world.database, 'jadwal-c'))?.state]).toEqual([
    'withdrawn',
    'retired',
  ]);
});

test('a coordinator closes what is theirs, gives an exception, takes it back and opens it again', async () => {
  const { page } = await openConsole(world, putri, { at: '/console/closures' });
  const wrong = await page.fill({ agency: 'dinas-kesehatan', reason: 'Coba.' }).press('#close');
  expect(wrong.text('#problems')).toContain('yang Anda koordinasi');
  const never = await wrong.fill({ agency: agencyId, reason: 'Coba.', day: '2999-02-31' }).press('#close');
  expect([never.status, never.text('#problems')]).toEqual([422, expect.stringContaining('setelah hari ini')]);
  const closed = await never.fill({ agency: agencyId, reason: 'Dipadukan dulu.', day: '' }).press('#close');
  expect(closed.text('[data-closure]')).toContain('Dipadukan dulu.');
  await expect(register('jadwal-d')).rejects.toMatchObject({ code: 'registrations_closed' });
  const { page: again } = await openConsole(world, putri, { at: '/console/closures' });
  expect((await again.press('.open-again')).text('[role=status]')).toContain('dibuka lagi');
});

test('where it is closed an exception is asked for on the page, allowed by whoever closed it, and lets one app in', async () => {
  const central = await colleague(world, 'pusat@contoh.id', { 'kementerian-kesehatan': ['coordinator'] });
  const closed = await world.database.transaction((tx) =>
    closeRegistrations(tx, { agencyId, reason: 'Dipadukan dulu.', actor: putri.id }),
  );
  const { browser, page } = await openConsole(world, budi, { at: `/console/apps/new?agency=${agencyId}` });
  const form = {
    name: 'Sewa Perahu Wisata',
    purpose: 'Menyewa perahu di danau.',
    redirect_uri: 'http://localhost:8080/callback',
  };
  const refused = await page.fill(form).press('#register');
  expect([refused.status, refused.text('#problems').includes('Dipadukan dulu.')]).toEqual([422, true]);
  const short = await refused.fill({ justification: 'Perlu.' }).press('#ask-exception');
  expect(short.text('#justification-problem')).toContain('20 huruf');
  const asked = await short.fill({ justification: 'Musim wisata mulai bulan depan.' }).press('#ask-exception');
  expect(asked.text('[role=status]')).toContain('dikirim kepada koordinator');
  expect([asked.has('#allow'), asked.text('#said')]).toEqual([false, 'Musim wisata mulai bulan depan.']);
  const link = asked.url.pathname;
  const { browser: far } = await openConsole(world, central);
  expect((await far.visit(`${world.issuer}${link}`)).status).toBe(404);
  const log = createLog('silent', { write: () => undefined });
  const job = startCases({ database: world.database, log, tellCase: createTellCase(world.house) }, { everyMs: 1e9 });
  await job.tellDue();
  await job.stop();
  expect((await world.message('putri.koor@contoh.id')).text).toContain('pengecualian untuk satu layanan');
  const { page: one } = await openConsole(world, putri, { at: link });
  expect(one.has('#gives-exception')).toBe(true);
  await one.press('#allow');
  expect(await listExceptions(world.database, [closed.id])).toMatchObject([{ agencyId, apps: 1, used: 0 }]);
  expect((await world.message('budi@bapenda.contoh.go.id')).subject).toBe('Sewa Perahu Wisata boleh didaftarkan');
  const counted = await world.database.query(
    `select from registrations_not_made where why = 'closed' and agency_id = $1`,
    [agencyId],
  );
  expect(counted).toHaveLength(0);
  const again = await browser.visit(`${world.issuer}/console/apps/new?agency=${agencyId}`);
  expect((await again.fill(form).press('#register')).url.pathname).toMatch(/\/start$/);
  const third = await browser.visit(`${world.issuer}/console/apps/new?agency=${agencyId}`);
  expect((await third.fill({ ...form, name: 'Sewa Sepeda Air' }).press('#register')).status).toBe(422);
  await world.database.transaction((tx) => openRegistrations(tx, closed.id, putri.id));
});

test('a coordinator hears once that a case waits, and once more when it is overdue, however many processes look', async () => {
  const id = await register('jadwal-e');
  const log = createLog('silent', { write: () => undefined });
  const job = { database: world.database, log, tellCase: createTellCase(world.house) };
  const jobs = Array.from({ length: 8 }, () => startCases(job, { everyMs: 1e9 }));
  await world.database.execute(`update registration_cases set told_at = created_at where id <> $1`, [id]);
  await world.database.execute('delete from outbox');
  const tellAll = async () => {
    const { won } = await race(jobs.length, (i) => jobs[i]?.tellDue() ?? Promise.reject());
    return won.reduce((sum, each) => sum + each, 0);
  };
  expect(await tellAll()).toBe(1);
  expect((await world.message('putri.koor@contoh.id')).subject).toContain('Perlu diputuskan');
  expect(await tellAll()).toBe(0);
  await world.database.execute(`update registration_cases set due_at = created_at - interval '1 hour' where id = $1`, [
    id,
  ]);
  expect(await tellAll()).toBe(1);
  expect(await tellAll()).toBe(0);
  const { page } = await openConsole(world, putri, { at: '/console/cases' });
  expect(page.text(`[data-case=${id}]`)).toContain('lewat waktu');
  await Promise.all(jobs.map((one) => one.stop()));
});
