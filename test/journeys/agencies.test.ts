import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { seedExampleAdmins } from '#src/people/example-admins.ts';
import { endMembership, listMemberships } from '#src/people/memberships.ts';
import { loadAgency } from '#src/registry/agencies.ts';
import { seedExampleOrganisation } from '#src/registry/organisation.ts';
import { SoftwareAuthenticator } from '#test/support/authenticator.ts';
import { colleague, openConsole } from '#test/support/console.ts';
import { openWorld, signIn, type World } from '#test/support/world.ts';

let world: World;

beforeAll(async () => {
  world = await openWorld();
  await seedExampleOrganisation(world.database);
  await seedExampleAdmins(world.database, world.house.secrets);
});
afterAll(() => world[Symbol.asyncDispose]());

const codeOf = (page: { status: number; has(s: string): boolean; text(s: string): string }) =>
  page.has('#error-code') ? page.text('#error-code') : String(page.status);

describe('an example admin', () => {
  test('signs in with the password that everybody knows, makes a passkey, and has the role', async () => {
    const browser = world.browser();
    const offer = await signIn(
      await browser.visit(`${world.issuer}/console/agencies/dinas-kesehatan`),
      'ratna@contoh.id',
    );
    const device = new SoftwareAuthenticator();
    const credential = device.create(offer.json('#passkey-options'), { origin: world.issuer });
    const page = await offer.fill({ credential: JSON.stringify(credential) }).press('#create-passkey');
    expect(page.url.pathname).toBe('/console/agencies/dinas-kesehatan');
    expect(page.text('#main')).toContain('Ratna Sari');
    expect(page.has('#add-below')).toBe(true);
  });
});

describe('the page of an agency', () => {
  test('shows the node above what is below without an owner', async () => {
    const above = await colleague(world, 'gubernur@contoh.id', { 'provinsi-contoh': ['owner'] });
    const { page, browser } = await openConsole(world, above, { at: '/console/agencies/provinsi-contoh' });
    const orphans = page.attributes('[data-orphan]', 'data-orphan');
    expect(orphans).toContain('dinas-kominfo');
    expect(orphans).not.toContain('dinas-kesehatan');
    const team = await page.follow('[data-orphan=dinas-kominfo] a');
    expect(team.has('#invite')).toBe(true);
    expect(codeOf(await browser.visit(`${world.issuer}/console/agencies/negara`))).toBe('not_here');
  });

  test('adds an agency below, and says at the field what is wrong', async () => {
    const owner = await colleague(world, 'walikota@contoh.id', { 'kota-contoh': ['owner'] });
    const { page } = await openConsole(world, owner, { at: '/console/agencies/kota-contoh' });
    const empty = await (await page.follow('#add-below')).press('#add-agency');
    expect(empty.status).toBe(422);
    expect(empty.has('#domain-problem')).toBe(true);
    const typed = { id: 'dinas-sosial', name: 'Dinas Sosial', domain: 'dinsos.contoh.go.id' };
    const added = await empty
      .fill(typed)
      .tick('sector', 'bantuan-sosial')
      .tick('sector', 'kesehatan')
      .press('#add-agency');
    expect(added.url.pathname).toBe('/console/agencies/dinas-sosial');
    expect(await loadAgency(world.database, 'dinas-sosial')).toMatchObject({
      path: ['negara', 'provinsi-contoh', 'kota-contoh', 'dinas-sosial'],
      legalName: 'Dinas Sosial',
      sectors: ['kesehatan', 'bantuan-sosial'],
    });
    const again = await (await page.follow('#add-below')).fill(typed).press('#add-agency');
    expect([again.status, again.has('#id-problem')]).toEqual([422, true]);
  });

  test('lets its own owner set who may join, and not what citizens are shown', async () => {
    const owner = await colleague(world, 'kepala@contoh.id', { 'dinas-kependudukan': ['owner'] });
    const { page, browser } = await openConsole(world, owner, { at: '/console/agencies/dinas-kependudukan' });
    expect(page.has('#legal-name')).toBe(false);
    const saved = await page.fill({ 'email-domain': 'dukcapil.contoh.go.id' }).press('#save');
    expect(saved.status).toBe(200);
    const form = {
      csrf: saved.value('csrf') ?? '',
      action: 'save',
      name: 'Bank Contoh',
      domain: 'bank.contoh.id',
      'email-domain': '',
    };
    await browser.post(saved.url, form, world.issuer);
    const agency = await loadAgency(world.database, 'dinas-kependudukan');
    expect(agency).toMatchObject({
      domain: 'dukcapil.contoh.go.id',
      emailDomain: null,
      name: 'Dinas Kependudukan dan Pencatatan Sipil',
    });
  });

  test('makes no agency the state, whose people see what is no agency’s', async () => {
    const owner = await colleague(world, 'bupati@contoh.id', { 'kota-contoh': ['owner'] });
    const { page, browser } = await openConsole(world, owner, { at: '/console/agencies/kota-contoh' });
    const typed = { id: 'negara-palsu', name: 'Negara', domain: 'palsu.contoh.go.id' };
    const form = { csrf: page.value('csrf') ?? '', action: 'add', below: 'kota-contoh', kind: 'state', ...typed };
    await browser.post(`${world.issuer}/console/agencies/new`, form, world.issuer);
    expect((await loadAgency(world.database, 'negara-palsu')).kind).toBe('unit');
    const again = { ...form, action: 'save', 'legal-name': 'Negara' };
    await browser.post(`${world.issuer}/console/agencies/negara-palsu`, again, world.issuer);
    expect((await loadAgency(world.database, 'negara-palsu')).kind).toBe('unit');
  });

  test('changes nothing for whoever may only read', async () => {
    const developer = await colleague(world, 'pembaca@contoh.id', { 'kota-contoh': ['developer'] });
    const { page, browser } = await openConsole(world, developer, { at: '/console/agencies/kota-contoh' });
    expect(page.has('#save')).toBe(false);
    const { csrf } = { csrf: (await browser.visit(`${world.issuer}/account`)).value('csrf') ?? '' };
    const saved = await browser.post(page.url, { csrf, action: 'save', name: 'Lain' }, world.issuer);
    expect(codeOf(saved)).toBe('role_required');
    const added = await browser.post(
      `${world.issuer}/console/agencies/new`,
      { csrf, action: 'add', below: 'kota-contoh' },
      world.issuer,
    );
    expect(codeOf(added)).toBe('role_required');
  });
});

describe('in a sandbox', () => {
  test('whoever has no role founds a trial agency in one step, once', async () => {
    const newcomer = await colleague(world, 'pendatang@contoh.id', {});
    const { page, browser } = await openConsole(world, newcomer);
    const form = await page.follow('#found-agency');
    const founded = await form.fill({ name: 'Coba-coba Saya' }).press('#found');
    expect(founded.url.pathname).toBe('/console/apps/new');
    expect(founded.has('#register')).toBe(true);
    await form.fill({ name: 'Sekali lagi' }).press('#found');
    const agencies = await world.database.query(`select name, path[1:2] as path from agencies where id like 'coba-%'`);
    expect(agencies).toEqual([{ name: 'Coba-coba Saya', path: ['negara', 'percobaan'] }]);
    expect(codeOf(await browser.visit(`${world.issuer}/console/agencies/percobaan`))).toBe('not_here');
  });

  test('whoever has handed it over founds nothing again to get it back', async () => {
    const founder = await colleague(world, 'pendiri@contoh.id', {});
    const { page, browser } = await openConsole(world, founder);
    const form = await page.follow('#found-agency');
    await form.fill({ name: 'Milik Bersama' }).press('#found');
    const [mine] = await listMemberships(world.database, founder.id, new Date());
    const agencyId = mine?.agencyId ?? '';
    await colleague(world, 'penerus@contoh.id', { [agencyId]: ['owner'] });
    await endMembership(world.database, { accountId: founder.id, agencyId, role: 'owner' });
    const again = await form.fill({ name: 'Milik Saya' }).press('#found');
    expect(codeOf(again)).toBe('role_required');
    expect(await listMemberships(world.database, founder.id, new Date())).toEqual([]);
    expect((await loadAgency(world.database, agencyId)).name).toBe('Milik Bersama');
    expect((await browser.visit(`${world.issuer}/console/agencies/${agencyId}`)).has('#error-code')).toBe(true);
  });

  test('nobody makes the agency below which the trials of others would stand', async () => {
    const founder = await colleague(world, 'penyerobot@contoh.id', {});
    const { page } = await openConsole(world, founder);
    await (await page.follow('#found-agency')).fill({ name: 'Jebakan' }).press('#found');
    const [mine] = await listMemberships(world.database, founder.id, new Date());
    await world.database.execute(
      `update agencies set parent_id = null, path = array[id] where parent_id = 'percobaan'`,
      [],
    );
    await world.database.execute(`delete from subject_groups where id = 'percobaan'`, []);
    await world.database.execute(`delete from agencies where id = 'percobaan'`, []);
    const { page: own } = await openConsole(world, founder, { at: `/console/agencies/${mine?.agencyId}` });
    const typed = { id: 'percobaan', name: 'Percobaan', domain: 'percobaan.contoh.go.id' };
    const added = await (await own.follow('#add-below')).fill(typed).press('#add-agency');
    expect([added.status, added.has('#id-problem')]).toEqual([422, true]);
  });
});
