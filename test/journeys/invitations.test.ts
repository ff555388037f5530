import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { saveAgency } from '#src/registry/agencies.ts';
import { makeInvitation } from '#src/registry/invitations.ts';
import type { BrowserAgent } from '#test/support/browser-agent.ts';
import { colleague, openConsole } from '#test/support/console.ts';
import type { Page } from '#test/support/page.ts';
import { createPasskey, openWorld, password, signIn, type World } from '#test/support/world.ts';

let world: World;

beforeAll(async () => {
  world = await openWorld();
  const closed = {
    id: 'tertutup',
    name: 'Tertutup',
    nameEn: 'Closed',
    legalName: 'Tertutup',
    domain: 'tertutup.contoh.go.id',
  };
  await world.database.transaction((tx) => saveAgency(tx, { ...closed, emailDomain: 'tertutup.contoh.go.id' }, 'test'));
});
afterAll(() => world[Symbol.asyncDispose]());

const TEAM = '/console/agencies/dinas-kesehatan/team';

/** An owner's team page, and a link to be a developer that it has just made. */
async function invited(): Promise<{ team: Page; link: string; browser: BrowserAgent }> {
  const owner = await colleague(
    world,
    `pemilik-${Math.random()}@contoh.id`,
    { 'dinas-kesehatan': ['owner'] },
    'Nyonya Pemilik',
  );
  const { browser, page } = await openConsole(world, owner, { at: TEAM });
  const team = await page.tick('role', 'developer').press('#invite');
  return { team, browser, link: team.text('#invitation-link') };
}

/** The token of this browser's forms, for one that no page shows. */
async function formOf(browser: BrowserAgent): Promise<{ csrf: string }> {
  const page = await browser.visit(`${world.issuer}/account`);
  return { csrf: page.value('csrf') ?? '' };
}

describe('an invitation to a team', () => {
  test('is shown once on the page of the team, and stays in its list', async () => {
    const { team, link, browser } = await invited();
    expect(team.hops.map(({ method, status }) => `${method} ${status}`)).toEqual(['POST 303', 'GET 200']);
    expect(link).toMatch(new RegExp(`^${world.issuer}/invitations/[\\w-]{43}$`));
    const again = await browser.visit(team.url);
    expect([again.has('#invitation-link'), again.has('[data-invitation]')]).toEqual([false, true]);
  });

  test('leads somebody with a password alone to a passkey, and onto the console', async () => {
    const { link } = await invited();
    await world.citizen('baru@contoh.id', { name: 'Orang Baru', password });
    const browser = world.browser();
    const page = await browser.visit(link);
    expect(page.text('#invitation-to')).toContain('pengembang');
    expect(page.has('#accept')).toBe(false);
    const offer = await signIn(await page.press('#sign-in-to-accept'), 'baru@contoh.id');
    const back = await createPasskey(offer);
    expect(back.url.href).toBe(link);
    const team = await back.press('#accept');
    expect(team.url.pathname).toBe(TEAM);
    expect(team.text()).toContain('Orang Baru');
    expect((await browser.visit(link)).url.pathname).toBe('/console');
  });

  test('leads somebody without an account through making one, with a passkey at once', async () => {
    const { link } = await invited();
    const browser = world.browser();
    const start = await (await browser.visit(link)).press('#sign-in-to-accept');
    const code = await (await start.follow('#sign-up')).fill({ identifier: 'segar@contoh.id' }).press('#continue');
    const name = await code.fill({ code: (await world.message('segar@contoh.id')).code ?? '' }).press('#continue');
    const back = await createPasskey(name.fill({ name: 'Orang Segar' }));
    expect(back.url.href).toBe(link);
    expect((await back.press('#accept')).url.pathname).toBe(TEAM);
  });

  test('changes nothing when it is only looked at, or when its form comes from elsewhere', async () => {
    const { link } = await invited();
    const member = await colleague(world, 'tamu@contoh.id', {});
    const { browser } = await openConsole(world, member);
    const page = await browser.visit(link);
    expect(page.has('#accept')).toBe(true);
    const forged = await browser.post(
      link,
      { action: 'accept', csrf: page.value('csrf') ?? '' },
      'https://jahat.contoh',
    );
    expect([forged.status, forged.text('#error-code')]).toEqual([403, 'csrf_mismatch']);
    expect((await browser.visit(link)).has('#accept')).toBe(true);
  });

  test('is for addresses of the agency’s domain where it has one, and says so before', async () => {
    const to = {
      kind: 'member',
      agencyId: 'tertutup',
      role: 'developer',
      emailDomain: 'tertutup.contoh.go.id',
    } as const;
    const { token } = await makeInvitation(world.database, world.house.secrets, { ...to, invitedBy: 'command' });
    const member = await colleague(world, 'luar@contoh.id', {});
    const { browser } = await openConsole(world, member);
    const page = await browser.visit(`${world.issuer}/invitations/${token}`);
    expect(page.has('#accept')).toBe(false);
    expect(page.attribute('#add-contact', 'href')).toBe('/account/contacts');
    const { csrf } = await formOf(browser);
    const pressed = await browser.post(page.url, { action: 'accept', csrf }, world.issuer);
    expect([pressed.status, pressed.text('#error-code')]).toEqual([422, 'invitation_other_address']);
  });

  test('that is used, or never was one, says the same', async () => {
    const { link } = await invited();
    const member = await colleague(world, 'cepat@contoh.id', {});
    const { browser } = await openConsole(world, member);
    await (await browser.visit(link)).press('#accept');
    const said = async (address: string) => {
      const page = await world.browser().visit(address);
      return [page.status, page.text('#error-code')];
    };
    expect(await said(link)).toEqual([410, 'invitation_over']);
    expect(await said(`${world.issuer}/invitations/${'x'.repeat(43)}`)).toEqual([410, 'invitation_over']);
    expect(await said(`${world.issuer}/invitations/x`)).toEqual([410, 'invitation_over']);
    expect(world.log.join('')).not.toContain(link.split('/').at(-1));
  });
});

describe('an invitation to try an app', () => {
  test('takes any account, and lets it in', async () => {
    const to = {
      kind: 'tester',
      agencyId: 'dinas-kesehatan',
      clientId: 'puskesmas-online',
      emailDomain: undefined,
    } as const;
    const { token } = await makeInvitation(world.database, world.house.secrets, { ...to, invitedBy: 'command' });
    const browser = world.browser();
    const page = await browser.visit(`${world.issuer}/invitations/${token}`);
    const back = await signIn(await page.press('#sign-in-to-accept'));
    expect(back.url.pathname).toBe(`/invitations/${token}`);
    const joined = await back.press('#accept');
    expect(joined.hops.map(({ method, status }) => `${method} ${status}`)).toEqual(['POST 303', 'GET 200']);
    expect(joined.attribute('#open-app', 'href')).toBe('http://localhost:3001/sign-in');
    const rows = await world.database.query('select client_id from client_testers');
    expect(rows).toEqual([{ client_id: 'puskesmas-online' }]);
  });
});

describe('the page of a team', () => {
  test('hides from whoever works elsewhere, and shows developers no form', async () => {
    const neighbour = await colleague(world, 'tetangga@contoh.id', { 'badan-pendapatan-daerah': ['owner'] });
    const elsewhere = await openConsole(world, neighbour);
    const page = await elsewhere.browser.visit(`${world.issuer}${TEAM}`);
    expect([page.status, page.text('#error-code')]).toEqual([404, 'not_here']);
    const developer = await colleague(world, 'tukang@contoh.id', { 'dinas-kesehatan': ['developer'] });
    const { page: seen } = await openConsole(world, developer, { at: TEAM });
    expect(seen.status).toBe(200);
    expect(seen.has('#invite')).toBe(false);
  });

  test('asks for a passkey: a password session gets no further', async () => {
    const browser = world.browser();
    await signIn(await browser.visit(`${world.issuer}/account`));
    const page = await browser.visit(`${world.issuer}${TEAM}`);
    expect(page.url.pathname).toMatch(/^\/interaction\//);
    expect(page.has('#passkey')).toBe(true);
  });

  test('ends and restores roles', async () => {
    const owner = await colleague(world, 'ketua@contoh.id', { 'dinas-kesehatan': ['owner'] });
    const member = await colleague(world, 'anggota@contoh.id', { 'dinas-kesehatan': ['developer'] }, 'Si Anggota');
    await world.database.execute(
      `update memberships set suspended_at = since, suspended_reason = 'recovered' where account_id = $1`,
      [member.id],
    );
    const { page } = await openConsole(world, owner, { at: TEAM });
    const row = `[data-member="${member.id} developer"]`;
    expect(page.text(row)).toContain('Ditangguhkan');
    const restored = await page.press(`${row} .restore`);
    expect(restored.text(row)).toContain('Berlaku');
    const ended = await restored.press(`${row} .end`);
    expect(ended.has(row)).toBe(false);
    const { browser } = await openConsole(world, member);
    expect((await browser.visit(`${world.issuer}${TEAM}`)).status).toBe(404);
  });
});
