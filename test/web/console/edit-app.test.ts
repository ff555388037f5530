import { afterAll, beforeAll, expect, test } from 'vitest';
import { applyChange } from '#src/registry/changes.ts';
import { loadClient } from '#src/registry/clients.ts';
import { declarationOf } from '#src/registry/declarations.ts';
import { checkClientEntry } from '#src/registry/registration-schema.ts';
import { saveSector } from '#src/registry/sectors.ts';
import { findPendingVersion } from '#src/registry/versions.ts';
import type { Citizen } from '#test/races/crowd.ts';
import { colleague, openConsole } from '#test/support/console.ts';
import { openWorld, type World } from '#test/support/world.ts';

let world: World;
let budi: Citizen;

beforeAll(async () => {
  world = await openWorld();
  budi = await colleague(world, 'budi@dinkes.contoh.go.id', { 'dinas-kesehatan': ['developer'] });
  const sector = { id: 'uji', name: 'Uji', nameEn: 'Test', isPriority: false, coordinatorId: undefined, position: 1 };
  await saveSector(world.database, sector, 'command');
});
afterAll(() => world?.[Symbol.asyncDispose]());

/** A fresh app of Budi's agency, and the page that edits it. */
async function openEdit(id: string, more: Record<string, unknown> = {}) {
  const { entry, findings } = checkClientEntry(
    {
      client_id: id,
      client_name: 'Antrean',
      purpose: 'Mendaftar antrean.',
      redirect_uris: ['https://antrean.contoh.go.id/callback'],
      scope: 'openid profile',
      claims: [{ name: 'name', required: true, purpose: 'Memanggil Anda.' }],
      ...more,
    },
    'sandbox',
  );
  if (!entry) throw new Error(JSON.stringify(findings));
  await world.database.transaction((tx) =>
    applyChange(tx, world.house.secrets, {
      ...{ agencyId: 'dinas-kesehatan', entry, via: 'command', actor: 'command', mode: 'sandbox' },
      ...(more.state === 'live' && { to: 'live' as const }),
    }),
  );
  return openConsole(world, budi, { at: `/console/apps/${id}/edit` });
}

const load = (id: string) => loadClient(world.database, id);

test('a form that is sent back as it came changes nothing', async () => {
  const { page } = await openEdit('sama', {
    'client_name#en': 'Queue',
    client_uri: 'https://antrean.contoh.go.id/',
    description: 'Antrean.',
    sectors: ['uji'],
    audience: ['citizens', 'officials'],
    contacts: [{ role: 'privacy', email: 'pdp@contoh.go.id' }],
    scope: 'openid profile email offline_access',
    grant_types: ['authorization_code', 'refresh_token'],
    launch_on: '2027-01-31',
    retention_days: 30,
    min_identity: 'ial1',
    migration_stage: 'shadow',
  });
  const before = declarationOf(await load('sama'));
  const after = await page.press('#preview');
  expect(after.url.search).toBe('?done=unchanged');
  expect(declarationOf(await load('sama'))).toEqual(before);
});

test('the basis of a claim and its law in both languages are filled in, seen, saved, and stand in the form again', async () => {
  const { page } = await openEdit('berdasar');
  expect([page.value('law-name'), page.value('law_en-name')]).toEqual(['', '']);
  page.fill({ 'basis-name': 'public_task', 'law-name': 'UU 17/2023', 'law_en-name': 'Law 17/2023' });
  const preview = await page.press('#preview');
  expect(preview.text('#changes')).toMatch(/UU 17\/2023/);
  await preview.fill({ reason: 'Dasar hukum' }).press('#save');
  const [claim] = declarationOf(await load('berdasar')).claims ?? [];
  expect(claim).toMatchObject({ basis: 'public_task', law: 'UU 17/2023', 'law#en': 'Law 17/2023' });
  const again = await openConsole(world, budi, { at: '/console/apps/berdasar/edit' });
  expect([again.page.value('law-name'), again.page.value('law_en-name')]).toEqual(['UU 17/2023', 'Law 17/2023']);
  const emptied = await again.page.fill({ 'law-name': ' ', 'law_en-name': ' ' }).press('#preview');
  await emptied.fill({ reason: 'Tanpa' }).press('#save');
  const [without] = declarationOf(await load('berdasar')).claims ?? [];
  expect([without?.law, without?.['law#en']]).toEqual([undefined, undefined]);
});

test('of a live app another basis without its law is said at the data, with what was typed', async () => {
  const { page } = await openEdit('tanpa-dasar', { state: 'live' });
  const wrong = await page
    .fill({ 'basis-name': 'public_task', 'purpose-name': 'Memanggil Anda lagi.' })
    .press('#preview');
  expect([wrong.status, wrong.text('#problems')]).toEqual([422, expect.stringContaining('dasar hukum')]);
  expect([wrong.value('purpose-name'), wrong.value('basis-name')]).toEqual(['Memanggil Anda lagi.', 'public_task']);
  const right = await wrong.fill({ 'law-name': 'UU 17/2023' }).press('#preview');
  expect(right.text('#changes')).toContain('UU 17/2023');
});

test('nothing is saved before its changes were seen', async () => {
  const { page } = await openEdit('dilihat');
  page.fill({
    client_name: 'Antrean Baru',
    redirect_uris: 'https://antrean.contoh.go.id/callback\nhttps://a.contoh.go.id/b',
  });
  page.tick('claim', 'birthdate').fill({ 'purpose-birthdate': 'Memilih poli.' }).tick('sector-uji');
  const preview = await page.fill({ 'contacts-technical': 'tim@contoh.go.id' }).press('#preview');
  expect(preview.text('#changes')).toMatch(/Antrean Baru.*https:\/\/a\.contoh\.go\.id\/b.*Memilih poli\./s);
  expect((await load('dilihat')).name.id).toBe('Antrean');
  const saved = await preview.fill({ reason: 'Poli baru' }).press('#save');
  expect(saved.url.search).toBe('?done=applied');
  expect(await load('dilihat')).toMatchObject({
    name: { id: 'Antrean Baru' },
    redirectUris: ['https://antrean.contoh.go.id/callback', 'https://a.contoh.go.id/b'],
    claims: [{ claim: 'name' }, { claim: 'birthdate', purpose: 'Memilih poli.' }],
    sectors: ['uji'],
    contacts: [{ role: 'technical', email: 'tim@contoh.go.id' }],
    risk: 'high',
    number: 2,
  });
});

test('a claim that is taken away takes its scope with it', async () => {
  const { page } = await openEdit('kurang', {
    scope: 'openid profile email',
    claims: [
      { name: 'name', purpose: 'Memanggil.' },
      { name: 'email', purpose: 'Menulis.' },
    ],
  });
  await (await page.untick('claim', 'email').press('#preview')).press('#save');
  expect((await load('kurang')).scopes).toEqual(['openid', 'profile']);
});

test('one can go back to the fields with what was typed', async () => {
  const { page } = await openEdit('kembali');
  const back = await (await page.fill({ purpose: 'Tujuan baru.' }).press('#preview')).press('#back');
  expect(back.value('purpose')).toBe('Tujuan baru.');
  expect((await load('kembali')).purpose.id).toBe('Mendaftar antrean.');
});

test('what is wrong is said at its field, with everything that was typed', async () => {
  const { page } = await openEdit('salah');
  const wrong = await page
    .fill({ redirect_uris: 'http://x', consent_days: 'lama', purpose: 'Lain.' })
    .press('#preview');
  expect(wrong.status).toBe(422);
  expect(wrong.has('#redirect_uris-problem')).toBe(true);
  expect(wrong.text('#consent_days-problem')).toContain('consent_days is text');
  expect(wrong.value('purpose')).toBe('Lain.');
});

test('why a logo is not shown is said beside its address', async () => {
  const { browser, page } = await openEdit('berlogo', { logo_uri: 'https://antrean.contoh.go.id/logo.png' });
  expect(page.has('#logo_uri-hint')).toBe(false);
  await world.database.execute("update client_logo_fetches set problem = 'no-picture' where client_id = 'berlogo'");
  expect((await browser.visit(page.url)).text('#logo_uri-hint')).toContain('tidak ada gambar');
});

test('a risky change of a live app waits, and says so before and after', async () => {
  const { page } = await openEdit('hidup', { state: 'live' });
  const preview = await page.fill({ redirect_uris: 'https://lain.contoh.go.id/callback' }).press('#preview');
  expect(preview.text('.intro')).toMatch(/setelah disetujui 1 orang lain/);
  const saved = await preview.press('#save');
  expect(saved.url.search).toBe('?done=pending');
  expect((await load('hidup')).redirectUris).toEqual(['https://antrean.contoh.go.id/callback']);
  expect((await findPendingVersion(world.database, 'hidup'))?.content.redirect_uris).toEqual([
    'https://lain.contoh.go.id/callback',
  ]);
  expect(saved.text('#main')).toContain('Ada perubahan yang menunggu persetujuan');
});

test('of two who edit at once the second sees that the first was faster', async () => {
  const { page: first } = await openEdit('berdua');
  const { page: second } = await openConsole(world, budi, { at: '/console/apps/berdua/edit' });
  const late = await second.fill({ client_name: 'Kedua' }).press('#preview');
  await (await first.fill({ client_name: 'Pertama' }).press('#preview')).press('#save');
  const refused = await late.press('#save');
  expect(refused.status).toBe(422);
  expect(refused.value('client_name')).toBe('Kedua');
  expect((await load('berdua')).name.id).toBe('Pertama');
});

test('a page that was tampered with on the way is checked like anything else', async () => {
  const { browser, page } = await openEdit('dirusak');
  const csrf = page.value('csrf') ?? '';
  for (const declaration of ['{', '[]', 'null', '{"client_id":"pajak-daerah"}']) {
    const sent = { csrf, action: 'save', number: '1', declaration };
    expect((await browser.post(page.url, sent, world.issuer)).text('#error-code')).toBe('invalid_request');
  }
  const other = { ...declarationOf(await load('dirusak')), client_id: 'pajak-daerah', state: 'live' };
  const sent = { csrf, action: 'save', number: '1', declaration: JSON.stringify(other) };
  await browser.post(page.url, sent, world.issuer);
  expect(await load('dirusak')).toMatchObject({ state: 'sandbox', number: 1 });
  expect((await load('pajak-daerah')).agencyId).toBe('badan-pendapatan-daerah');
});
