/**
 * What a person has on record of apps is theirs: another person who knows an address of it, in whatever spelling, sees nothing,
 * changes nothing, and cannot tell it from one that there is not. And whoever of the staff looks leaves a line first.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DatabaseUnavailable } from '#src/base/database.ts';
import { saveAgency } from '#src/registry/agencies.ts';
import { signInto } from '#test/oidc/flows.ts';
import type { BrowserAgent } from '#test/support/browser-agent.ts';
import { exchange } from '#test/support/browser-agent.ts';
import { colleague, openConsole } from '#test/support/console.ts';
import { openWorld, password, type World } from '#test/support/world.ts';

/** An app that only the owner has been in; its name must be on no page of the stranger. */
const APP = 'poli-rahasia';

let world: World;
let ownerId: string;
let owner: BrowserAgent;
let stranger: BrowserAgent;
/** Addresses of the owner, with what stands in their place when there is nothing. */
const addresses: { theirs: string; nobodys: string }[] = [];

beforeAll(async () => {
  world = await openWorld();
  await world.declare({ client_id: APP, client_name: 'Poli Rahasia', 'client_name#en': 'Secret Ward' });
  ownerId = await world.citizen('pemilik-data@contoh.id', { name: 'Pemilik Data', password });
  await world.citizen('orang-asing@contoh.id', { name: 'Orang Asing', password });
  owner = world.browser();
  await signInto(
    await world.app({ clientId: APP, redirectUri: 'http://localhost:3001/callback' }),
    owner,
    {},
    'pemilik-data@contoh.id',
  );
  stranger = world.browser();
  await signInto(await world.app(), stranger, {}, 'orang-asing@contoh.id');
  const list = await owner.visit(`${world.issuer}/account/releases`);
  const [release = ''] = list.attributes('[data-release] h3 a', 'href');
  const [{ id: permission = '' } = {}] = await world.database.query<{ id: string }>(
    'select id from permissions where account_id = $1',
    [ownerId],
  );
  const nobody = '00000000-0000-4000-8000-000000000000';
  addresses.push(
    { theirs: release, nobodys: release.replace(/[0-9a-f]{32}$/, nobody.replaceAll('-', '')) },
    { theirs: `/account/receipts/${permission}`, nobodys: `/account/receipts/${nobody}` },
    { theirs: `/account/receipts/${permission}.jws`, nobodys: `/account/receipts/${nobody}.jws` },
    { theirs: `/account/apps/${APP}`, nobodys: '/account/apps/tidak-ada' },
  );
});

afterAll(() => world?.[Symbol.asyncDispose]());

const spellings: Record<string, (path: string) => string> = {
  'as it is': (path) => path,
  'in capitals': (path) => path.replace(/[^/]+$/, (last) => last.toUpperCase()),
  encoded: (path) => path.replace(/[^/]+$/, (last) => last.replace(/./g, (c) => `%${c.charCodeAt(0).toString(16)}`)),
  'with a slash behind': (path) => `${path}/`,
  'from another shard': (path) => path.replace(/([0-9a-f]{3})([0-9a-f-]{29,33})(\.jws)?$/, '000$2$3'),
  'with a query': (path) => `${path}?of=beginning&done=reported`,
};

async function askAs(browser: BrowserAgent, path: string, method = 'GET', form?: Record<string, string>) {
  const url = new URL(path, world.issuer);
  const body = form && new URLSearchParams(form).toString();
  const said = await exchange(url.href, {
    method,
    headers: {
      cookie: browser.cookies.header(url) ?? '',
      origin: world.issuer,
      accept: 'application/json, text/html',
      ...(body !== undefined && { 'content-type': 'application/x-www-form-urlencoded' }),
      ...(body !== undefined && { 'content-length': String(Buffer.byteLength(body)) }),
    },
    ...(body !== undefined && { body }),
  });
  return { status: said.status, body: said.body, location: said.headers.get('location') };
}

test('its owner sees each of them', async () => {
  for (const { theirs } of addresses) expect((await askAs(owner, theirs)).status).toBe(200);
});

test.each(Object.entries(spellings))(
  'another person sees nothing at an address %s, by any method',
  async (_, spelt) => {
    for (const { theirs, nobodys } of addresses)
      for (const method of ['GET', 'HEAD', 'OPTIONS']) {
        const said = await askAs(stranger, spelt(theirs), method);
        expect(said.body).not.toMatch(/Poli Rahasia|poli-rahasia"|Pemilik/);
        expect(said.status).toBe((await askAs(stranger, spelt(nobodys), method)).status);
        if (method !== 'OPTIONS') expect(said.status).not.toBe(200);
        expect(said.status).toBeLessThan(500);
      }
  },
);

test('and does nothing there', async () => {
  const csrf = (await stranger.visit(`${world.issuer}/account`)).value('csrf') ?? '';
  const [release, , , app] = addresses;
  const tries: [string | undefined, Record<string, string>][] = [
    ...['report', 'end-access', 'end-sessions'].map((action): [string | undefined, Record<string, string>] => [
      release?.theirs,
      { action, reason: 'not-then' },
    ]),
    ...['narrow', 'withdraw', 'disconnect'].map((action): [string | undefined, Record<string, string>] => [
      app?.theirs,
      { action },
    ]),
    ['/account/apps', { action: 'disconnect', client: APP }],
  ];
  const statuses: number[] = [];
  for (const [path = '', form] of tries) statuses.push((await askAs(stranger, path, 'POST', { csrf, ...form })).status);
  // No form was refused for its token. What is not there to be ended is answered as if it had been.
  expect(statuses).toEqual([404, 404, 404, 303, 303, 303, 303]);
  const left = await world.database.first(
    `select (select count(*)::integer from release_reports) as reports, (select count(*)::integer from withdrawals) as withdrawals,
       (select count(*)::integer from permissions where account_id = $1 and ended_at is null) > 0 as held`,
    [ownerId],
  );
  expect(left).toEqual({ reports: 0, withdrawals: 0, held: true });
});

test('a list that is narrowed to an app that the person never was in does not name it', async () => {
  const page = await stranger.visit(`${world.issuer}/account/releases?app=${APP}`);
  expect([page.status, page.count('[data-release]')]).toEqual([200, 0]);
  expect(page.html).not.toContain('Poli Rahasia');
});

const desk = '/console/desk/releases';

/** Somebody of a desk, on its page. */
async function officer(mail: string) {
  const place = { name: 'Loket Uji', nameEn: 'Desk', legalName: 'Loket Uji', domain: 'loket.contoh.go.id' };
  await saveAgency(world.database, { id: 'loket-uji', ...place }, 'test');
  const person = await colleague(world, mail, { 'loket-uji': ['desk'] });
  return openConsole(world, person, { at: desk });
}

const typed = { named: 'pemilik-data@contoh.id', case: 'ADU-9' };

test('a look that cannot be put on record shows nothing, then or later', async () => {
  const { browser, page } = await officer('petugas-gagal@contoh.id');
  const hear = world.database.onStatement;
  world.database.onStatement = (text) => {
    if (text.includes('insert into account_events')) throw new DatabaseUnavailable('gone');
  };
  try {
    const said = await page.fill(typed).tick('reason', 'asked-by-person').press('#look');
    expect([said.status, said.count('[data-release]')]).toEqual([503, 0]);
    expect(said.html).not.toContain('Poli Rahasia');
  } finally {
    world.database.onStatement = hear;
  }
  const later = await browser.visit(`${world.issuer}${desk}/person`);
  expect([later.has('#look'), later.count('[data-release]')]).toEqual([true, 0]);
});

test('what one officer has opened opens nothing for another, nor for themselves once the role is over', async () => {
  const one = await officer('petugas-satu@contoh.id');
  const two = await officer('petugas-dua@contoh.id');
  const seen = await one.page.fill(typed).tick('reason', 'asked-by-person').press('#look');
  expect(seen.text('[data-release]')).toContain('Poli Rahasia');
  const url = new URL(`${desk}/person`, world.issuer);
  const [look = ''] = (one.browser.cookies.header(url) ?? '').split('; ').filter((pair) => /look/.test(pair));
  expect(look).not.toBe('');
  const borrowed = await exchange(url.href, {
    method: 'GET',
    headers: { cookie: `${two.browser.cookies.header(url)}; ${look}`, accept: 'text/html' },
  });
  expect(borrowed.status).toBe(303);
  await world.database.execute(
    `delete from memberships where account_id in (select account_id from memberships m join admin_events e on e.actor = m.account_id::text
       where e.kind = 'desk.releases-read')`,
  );
  const over = await one.browser.visit(url);
  expect(over.html).not.toContain('Poli Rahasia');
});
