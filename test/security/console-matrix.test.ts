/**
 * Line 36: an admin of one agency can neither read nor change anything of another. Every route of the console, the API and
 * dynamic registration is taken from the router, filled with the things of one agency, and asked by somebody who has every
 * role at another. A new route is part of it without a word here; one with a part that nobody has explained fails
 * (`test/support/console-routes.ts`).
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createApp, type Route } from '#src/app.ts';
import { recordAdminEvent } from '#src/audit/events.ts';
import { newIdIn, shardOf } from '#src/base/secrets.ts';
import { reportRelease } from '#src/consents/reports.ts';
import { recordWithdrawal } from '#src/consents/withdrawals.ts';
import { signBundle } from '#src/oidc/bundles.ts';
import { listDeliveries, sendTest } from '#src/oidc/deliveries.ts';
import { issueSheet } from '#src/people/desk.ts';
import { roles } from '#src/people/memberships.ts';
import { createThrottles } from '#src/people/throttles.ts';
import { saveAgency } from '#src/registry/agencies.ts';
import { attemptFailed, attemptRow } from '#src/registry/attempts.ts';
import { composeBundle, receiveBundle } from '#src/registry/bundles.ts';
import { applyChange } from '#src/registry/changes.ts';
import { listSecrets, rotateSecret } from '#src/registry/client-secrets.ts';
import { saveClient } from '#src/registry/client-writes.ts';
import { loadClient } from '#src/registry/clients.ts';
import { declarationOf } from '#src/registry/declarations.ts';
import { makeInvitation } from '#src/registry/invitations.ts';
import { checkClientEntry } from '#src/registry/registration-schema.ts';
import { saveSector } from '#src/registry/sectors.ts';
import type { Citizen } from '#test/races/crowd.ts';
import { clientDraft } from '#test/registry/fixtures.ts';
import { type ApiClient, openApi } from '#test/support/api.ts';
import type { BrowserAgent } from '#test/support/browser-agent.ts';
import { colleague, openConsole } from '#test/support/console.ts';
import { addressOf, isAboutOne, isOfConsole, type Things } from '#test/support/console-routes.ts';
import type { Page } from '#test/support/page.ts';
import { openWorld, type World } from '#test/support/world.ts';
import { openBatchOf, openExisting } from './existing.ts';

/** Stands in every name and id of what nobody else may see. */
const MARK = /rahasia/i;

let world: World;
let routes: readonly Route[];
let theirs: Things;
let nobodys: Things;
let owner: BrowserAgent;
let auditor: BrowserAgent;
let stranger: BrowserAgent;
let strangersMachine: ApiClient;

beforeAll(async () => {
  world = await openWorld();
  routes = (await createApp(world.house)).routes.filter(isOfConsole);
  await openAgencies();
  const person = await colleague(
    world,
    'pemilik@rahasia.contoh.go.id',
    { 'instansi-rahasia': roles },
    'Rahasia Pemilik',
  );
  theirs = await openThings(person);
  const none = Object.fromEntries(Object.keys(theirs.others ?? {}).map((kind) => [kind, newIdIn(2)]));
  nobodys = { client: 'tidak-ada', agency: 'tidak-ada', number: '7', others: none };
  owner = (await openConsole(world, person)).browser;
  const reads = await colleague(world, 'auditor@contoh.go.id', { 'instansi-rahasia': ['auditor'] });
  auditor = (await openConsole(world, reads)).browser;
  const other = await colleague(world, 'orang@lain.contoh.go.id', { 'instansi-lain': roles }, 'Orang Lain');
  stranger = (await openConsole(world, other)).browser;
  strangersMachine = await openApi(world);
});

afterAll(() => world?.[Symbol.asyncDispose]());

/** Two agencies side by side below the same one. */
async function openAgencies(): Promise<void> {
  const place = { legalName: 'Rahasia', domain: 'rahasia.contoh.go.id', parentId: 'induk' };
  await world.database.transaction(async (tx) => {
    await saveAgency(
      tx,
      { ...place, id: 'induk', name: 'Induk', nameEn: 'Parent', legalName: 'Induk', parentId: null },
      'test',
    );
    await saveAgency(
      tx,
      { ...place, id: 'instansi-rahasia', name: 'Instansi Rahasia', nameEn: 'Rahasia Agency' },
      'test',
    );
    const lain = { name: 'Instansi Lain', nameEn: 'Other Agency', legalName: 'Lain', domain: 'lain.contoh.go.id' };
    await saveAgency(tx, { ...lain, id: 'instansi-lain', parentId: 'induk' }, 'test');
    const ministry = { name: 'Kementerian', nameEn: 'Ministry', legalName: 'Kementerian', domain: 'kem.contoh.go.id' };
    await saveAgency(tx, { ...ministry, id: 'kementerian', parentId: null }, 'test');
    // Whoever coordinates another sector is nobody here.
    const sector = { isPriority: false, position: 90 };
    const own = { ...sector, id: 'sektor-uji', name: 'Sektor Uji', nameEn: 'Trial Sector' };
    await saveSector(tx, { ...own, coordinatorId: 'kementerian' }, 'test');
    const other = { ...sector, id: 'sektor-lain', name: 'Sektor Lain', nameEn: 'Other Sector' };
    await saveSector(tx, { ...other, coordinatorId: 'instansi-lain' }, 'test');
  });
}

/** An app with one of everything that an address can name, and what else belongs to its agency. */
async function openThings({ id: actor }: Citizen): Promise<Things> {
  const { database } = world;
  const { secrets, config } = world.house;
  const client = 'layanan-rahasia';
  const agency = 'instansi-rahasia';
  const named = { id: 'Layanan Rahasia', en: 'Rahasia Service' };
  const own = { agencyId: agency, subjectGroupId: agency, sectors: ['sektor-uji'] };
  const draft = clientDraft({ ...own, id: client, name: named, purpose: named });
  await database.transaction((tx) => saveClient(tx, draft, actor));
  await database.transaction((tx) => rotateSecret(tx, secrets, { clientId: client, actor }));
  const declared = declarationOf(await loadClient(database, client));
  const wanted = { ...declared, redirect_uris: ['https://rahasia.contoh.go.id/callback'] };
  const { entry } = checkClientEntry(wanted, config.mode);
  if (!entry) throw new Error('the change is not declared well');
  const { number } = await database.transaction((tx) =>
    applyChange(tx, secrets, { agencyId: agency, entry, via: 'page', actor, mode: config.mode }),
  );
  const invitation = { kind: 'member', agencyId: agency, role: 'developer', emailDomain: undefined } as const;
  const { id: invited } = await makeInvitation(database, secrets, { ...invitation, hint: 'rahasia', invitedBy: actor });
  const citizen = await world.citizen('warga@rahasia.contoh.id', { name: 'Warga Rahasia' });
  const throttles = createThrottles(database, secrets, { enabled: false, limits: config.limits });
  const asked = {
    accountId: citizen,
    officer: actor,
    agencyId: agency,
    caseNumber: 'RAHASIA-1',
    document: 'ktp',
  } as const;
  const { sheet } = await database.transaction((tx) =>
    issueSheet(tx, secrets, throttles, { ...asked, withSecond: true }, { seconds: 86_400 }),
  );
  const token = newIdIn(1);
  const now = new Date();
  const later = new Date(now.getTime() + 86_400_000);
  await database.execute(
    `insert into registration_tokens (id, agency_id, token_hash, label, created_by, created_at, expires_at, uses_left)
     values ($1, $2, $3, 'Rahasia', $4, $5, $6, 5)`,
    [token, agency, secrets.hash('registration-token', token), actor, now, later],
  );
  await database.execute(
    `insert into client_testers (client_id, tester_id, invited_by, since) values ($1, $2, $3, $4)`,
    [client, citizen, actor, now],
  );
  const failure = { code: 'redirect_uri_unknown', received: 'https://rahasia.contoh.go.id/x', registered: [] } as const;
  await database.write(attemptFailed, attemptRow(client, 'RAHASIA', failure));
  const bundle = newIdIn(1);
  const content = await composeBundle(database, client);
  const signed = signBundle(world.house.keys, config, { audience: config.issuer, content });
  await receiveBundle(database, { id: bundle, issuer: 'https://uji.contoh.go.id', expiresAt: later, signed, content });
  await recordAdminEvent(database, { kind: 'client.changed', actor, subject: `client ${client}`, agencyId: agency });
  const [secret] = await listSecrets(database, client);
  const exists = await openExisting(world, {
    ...{ actor, client, agency, agencies: ['induk', agency], sector: 'sektor-uji', key: 'RAHASIA-1' },
    words: 'Rahasia',
  });
  await sendTest(database, secrets, throttles, { client: await loadClient(database, client), actor });
  const [delivery] = await listDeliveries(database, client, { limit: 1 });
  const permissionId = newIdIn(1);
  const withdrawn = { accountId: citizen, clientId: client, permissionId, cause: 'withdrawn' } as const;
  const withdrawal = await recordWithdrawal(database, withdrawn);
  const release = { id: newIdIn(1), at: now };
  const report = await reportRelease(database, secrets, throttles, {
    ...{ accountId: citizen, clientId: client, release, reason: 'not-then' },
  });
  const others = {
    reports: secrets.outsideId(report?.id ?? ''),
    ...{ deliveries: secrets.outsideId(delivery?.id ?? ''), withdrawals: secrets.outsideId(withdrawal.id) },
    ...{ secrets: secret?.id ?? '', 'registration-tokens': token, sheets: sheet.id, invitations: invited },
    ...{ members: actor, testers: citizen, bundles: bundle },
    ...exists,
  };
  return { client, agency, number: String(number), others };
}

const owned =
  'agenc|client|sector|subject_group|invitation|registration|bundle|membership|desk_|admin_|outbox|withdrawals|release_reports|accounts|passkeys|identifiers|contacts|account_events|inventory|app_|decision_|evidence_|coverage';
/** What only the agency itself says, makes and gives. */
const ofItsOwn =
  'agenc|client_(contacts|keys|secrets|testers|logos)|invitation|registration_tokens|bundle|membership|desk_|accounts|passkeys|inventory';

/** What an agency owns, and what is sent because of it; sessions and requests of the test itself are none of it. */
async function snapshot(kinds = owned): Promise<Record<string, string>> {
  // What was to be written a second later is none of what is done meanwhile.
  await world.database.settle();
  const tables = await world.database.query<{ name: string }>(
    `select relname as name from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace
       and relname ~ $1
       and relname not in ('client_check_runs', 'client_credential_uses', 'client_days')
     order by 1`,
    [`^(${kinds})`],
  );
  const sums: Record<string, string> = {};
  for (const { name } of tables) {
    const row = await world.database.first<{ sum: string }>(
      `select count(*) || ' ' || coalesce(md5(string_agg(t::text, '' order by t::text)), '') as sum from ${name} as t`,
    );
    sums[name] = row?.sum ?? '';
  }
  return sums;
}

const ofConsole = (method: string) =>
  routes.filter((route) => route.method === method && route.path.startsWith('/console'));
const at = (address: string): string => `${world.issuer}${address}`;

/** What a page says apart from what is new each time. */
const said = (page: Page): string => `${page.status} ${page.has('#error-code') ? page.text('#error-code') : 'a page'}`;

test('the owner finds each of these things at its address, so that the others are refused something', async () => {
  const found = [];
  for (const route of ofConsole('GET').filter(isAboutOne)) {
    const page = await owner.visit(at(addressOf(route, theirs)));
    if (page.status !== 200) found.push(`${route.path}: ${said(page)}`);
  }
  expect(found).toEqual([]);
});

test('what belongs to another agency is not there: the same answer as for what does not exist, and no word of it', async () => {
  const pages = ofConsole('GET').filter(isAboutOne);
  expect(pages.length).toBeGreaterThan(3);
  for (const route of pages) {
    const page = await stranger.visit(at(addressOf(route, theirs)));
    const nothing = await stranger.visit(at(addressOf(route, nobodys)));
    expect([route.path, said(page)]).toEqual([route.path, said(nothing)]);
    expect([route.path, page.status]).toEqual([route.path, 404]);
    expect(page.text(), route.path).not.toMatch(MARK);
  }
});

test('no list has anything of another agency, whatever it is narrowed down to', async () => {
  const lists = ofConsole('GET').filter((route) => !isAboutOne(route) && route.path !== '/console/callback');
  const { client, agency } = theirs;
  const queries = ['', `?q=rahasia`, `?agency=${agency}`, `?subject=client+${client}`, `?client=${client}`];
  for (const route of lists) {
    for (const query of queries) {
      const page = await stranger.visit(at(route.path + query));
      // What one has typed oneself may come back.
      const typed =
        query === '' ? page.html : page.html.replaceAll(/(rahasia|instansi-rahasia|layanan-rahasia)(?=["&<\s])/g, '');
      expect(`${route.path}${query} ${typed}`.replace(query, ''), route.path + query).not.toMatch(/Rahasia|pemilik@/);
      expect(page.has(`[data-client=${client}]`)).toBe(false);
      expect(page.has(`[data-agency=${agency}]`)).toBe(false);
    }
  }
});

/** One form as it would be sent: the values of all fields of the page, and the button pressed. */
interface Filled {
  readonly address: string;
  readonly form: Readonly<Record<string, string>>;
}

/** Every button of every page about one of these things, as its owner sees it, and each address that takes forms. */
async function formsOfOwner(): Promise<Filled[]> {
  const filled: Filled[] = ofConsole('POST')
    .filter(isAboutOne)
    .map((route) => ({ address: addressOf(route, theirs), form: { action: 'save' } }));
  for (const route of ofConsole('GET').filter(isAboutOne)) {
    const address = addressOf(route, theirs);
    const page = await owner.visit(at(address));
    const names = new Set(page.attributes('input,select,textarea', 'name'));
    const fields = Object.fromEntries([...names].map((name) => [name, page.value(name) ?? '']));
    const choices = page.attributes('button', 'value');
    for (const action of choices) filled.push({ address, form: { ...fields, action } });
  }
  return filled;
}

async function sendAll(browser: BrowserAgent, forms: readonly Filled[]): Promise<string[]> {
  const csrf = (await browser.visit(at('/account'))).value('csrf') ?? '';
  const answers = [];
  for (const { address, form } of forms) {
    const page = await browser.post(at(address), { ...form, csrf }, world.issuer);
    expect(page.status, `${form.action} at ${address}`).toBeGreaterThanOrEqual(400);
    expect(page.status, `${form.action} at ${address}`).toBeLessThan(500);
    answers.push(`${address} ${form.action}: ${said(page)}`);
    expect(page.html, address).not.toMatch(/Layanan Rahasia|Instansi Rahasia/);
  }
  return answers;
}

test('no form of another agency does anything for a stranger: not one row changes', async () => {
  const forms = await formsOfOwner();
  expect(forms.length).toBeGreaterThan(5);
  const before = await snapshot();
  const answers = await sendAll(stranger, forms);
  expect(await snapshot()).toEqual(before);
  const refused = answers.filter((answer) => !/404 not_here|400 invalid_request/.test(answer));
  expect(refused).toEqual([]);
});

test('whoever may only read there changes nothing either', async () => {
  const forms = await formsOfOwner();
  const before = await snapshot();
  const csrf = (await auditor.visit(at('/account'))).value('csrf') ?? '';
  for (const { address, form } of forms) {
    const page = await auditor.post(at(address), { ...form, csrf }, world.issuer);
    expect([400, 403, 404], `${form.action} at ${address}: ${said(page)}`).toContain(page.status);
  }
  expect(await snapshot()).toEqual(before);
});

/** A machine of the agency itself, for everything. */
async function openOwnMachine(): Promise<ApiClient> {
  const machine = await openApi(world, { clientId: 'mesin-rahasia' });
  await world.database.transaction(async (tx) => {
    const client = await loadClient(tx, machine.clientId);
    await saveClient(tx, { ...client, agencyId: 'instansi-rahasia' }, 'test');
  });
  await world.house.clients.refresh();
  return machine;
}

test('a machine of the agency finds each of these things, so that the others are refused something', async () => {
  const machine = await openOwnMachine();
  const about = routes.filter((route) => route.method === 'GET' && route.path.startsWith('/api/') && isAboutOne(route));
  expect(about.length).toBeGreaterThan(8);
  const batches = await openBatchOf(world, `client ${machine.clientId}`, theirs.others?.low ?? '', 'Rahasia');
  const own = { ...theirs, others: { ...theirs.others, batches } };
  const found = [];
  for (const route of about) {
    const { status, json } = await machine.get(addressOf(route, own).replace('/api/v1', ''));
    // What asks more of its question finds the thing before.
    if (status !== 200 && json.code !== 'content_invalid') found.push(`${route.path}: ${status} ${json.code}`);
  }
  expect(found).toEqual([]);
});

/** Bodies with which one or the other route would do something. */
async function bodies(): Promise<readonly (object | undefined)[]> {
  const declaration = declarationOf(await loadClient(world.database, theirs.client));
  const later = new Date(Date.now() + 86_400_000).toISOString();
  return [
    ...[undefined, {}, declaration, { label: 'x', uses: 1, days: 1 }, { role: 'owner', account: newIdIn(1) }],
    ...[{ entry: { name: 'Milik lain' } }, { app: 'mesin-api' }, { status: 'dismissed', reason: 'Bukan' }],
    ...[{ status: 'open' }, { verdict: 'allowed' }, { verdict: 'refused', note: 'Tidak' }],
    ...[{ outcome: 'deleted' }, { answer: 'rightful' }],
    { agency: 'instansi-lain', apps: 1, reason: 'x', expires_at: later },
  ];
}

test('a machine of another agency gets nothing of these things by the API, and changes none', async () => {
  const before = await snapshot();
  // What portals read without a token names live apps of everybody.
  const open = ['/api/v1/catalogue', '/api/v1/catalogue/sectors'];
  const api = routes.filter(
    ({ path }) => path.startsWith('/api/v1') && !path.endsWith('.json') && !open.includes(path),
  );
  expect(api.length).toBeGreaterThan(5);
  const send: Record<string, (path: string, body: object | undefined) => ReturnType<ApiClient['get']>> = {
    GET: (path) => strangersMachine.get(path),
    POST: (path, body) => strangersMachine.post(path, body, { 'idempotency-key': newIdIn(1) }),
    PUT: (path, body) =>
      strangersMachine.put(path, body, { 'if-match': `"${theirs.number}"`, 'idempotency-key': newIdIn(1) }),
    DELETE: (path) => strangersMachine.delete(path, { 'idempotency-key': newIdIn(1) }),
  };
  for (const route of api) {
    for (const body of route.method === 'GET' || route.method === 'DELETE' ? [undefined] : await bodies()) {
      if (!isAboutOne(route) && route.method !== 'GET') continue;
      const call = send[route.method];
      if (!call) throw new Error(`the matrix does not know how to send ${route.method}`);
      const path = (things: Things) => addressOf(route, things).replace('/api/v1', '');
      const answer = await call(path(theirs), body);
      expect(answer.body, route.path).not.toMatch(MARK);
      if (!isAboutOne(route)) continue;
      expect([route.method, route.path, answer.status >= 400 && answer.status < 500]).toEqual([
        route.method,
        route.path,
        true,
      ]);
      const nothing = await call(path(nobodys), body);
      expect([route.path, answer.status, answer.json.code]).toEqual([route.path, nothing.status, nothing.json.code]);
    }
  }
  expect(await snapshot()).toEqual(before);
});

test('nor by dynamic registration, with a token that is not the app’s', async () => {
  const before = await snapshot();
  for (const route of routes.filter(({ path }) => path.startsWith('/register/'))) {
    const answer = await fetch(at(addressOf(route, theirs)), {
      method: route.method,
      headers: { authorization: `Bearer ${strangersMachine.token}`, 'content-type': 'application/json' },
      ...(['PUT', 'POST'].includes(route.method) && { body: JSON.stringify({ client_id: theirs.client }) }),
    });
    expect([route.path, answer.status]).toEqual([route.path, 401]);
    expect(await answer.text()).not.toMatch(/Rahasia/);
  }
  expect(await snapshot()).toEqual(before);
});

test('a role that rests opens nothing', async () => {
  const resting = await colleague(world, 'istirahat@contoh.go.id', { 'instansi-rahasia': roles });
  await world.database.execute(
    `update memberships set suspended_at = $3, suspended_reason = 'recovery' where shard = $1 and account_id = $2`,
    [shardOf(resting.id), resting.id, new Date()],
  );
  const { browser } = await openConsole(world, resting);
  for (const route of ofConsole('GET').filter(isAboutOne)) {
    const page = await browser.visit(at(addressOf(route, theirs)));
    const nothing = await browser.visit(at(addressOf(route, nobodys)));
    expect([route.path, said(page)]).toEqual([route.path, said(nothing)]);
    expect([route.path, '404 not_here', '403 role_required']).toContain(said(page));
  }
});

test('who coordinates its sector sees what is there to decide, and changes nothing of what the agency itself says', async () => {
  const decides = await colleague(world, 'koordinator@kem.contoh.go.id', { kementerian: ['coordinator'] });
  const { browser } = await openConsole(world, decides);
  const { record = '' } = theirs.others ?? {};
  expect((await browser.visit(at(`/console/inventory/${record}`))).text()).toMatch(MARK);
  const forms = await formsOfOwner();
  const before = await snapshot(ofItsOwn);
  const csrf = (await browser.visit(at('/account'))).value('csrf') ?? '';
  for (const { address, form } of forms) {
    const page = await browser.post(at(address), { ...form, csrf }, world.issuer);
    expect(page.status, `${form.action} at ${address}: ${said(page)}`).toBeLessThan(500);
  }
  expect(await snapshot(ofItsOwn)).toEqual(before);
});
