/**
 * One of everything in a world: a person who is signed in, a visitor on the sign-in page, an app with its tokens. And
 * every address of the provider with a request that would do something there.
 */
import { createApp } from '#src/app.ts';
import { newAccountId, newIdIn } from '#src/base/secrets.ts';
import { issueSheet } from '#src/people/desk.ts';
import { sealSheetNotice } from '#src/people/desk-contacts.ts';
import { roles } from '#src/people/memberships.ts';
import { sealNotMe } from '#src/people/not-me.ts';
import { addPasskey, newRegistrationOptions } from '#src/people/passkey-registration.ts';
import { sealRecovery, startRecovery } from '#src/people/recoveries.ts';
import { createThrottles } from '#src/people/throttles.ts';
import { apiScopes } from '#src/registry/api-scopes.ts';
import { makeRegistrationToken } from '#src/registry/registration-tokens.ts';
import { publicRoutes } from '#src/web/api/public.ts';
import { apiRoutes } from '#src/web/api/routes.ts';
import { basic, getCode, signInto } from '#test/oidc/flows.ts';
import { machineOf, requestToken } from '#test/support/api.ts';
import { SoftwareAuthenticator } from '#test/support/authenticator.ts';
import { type Answer, type BrowserAgent, exchange } from '#test/support/browser-agent.ts';
import { colleague, openConsole } from '#test/support/console.ts';
import type { Page } from '#test/support/page.ts';
import type { RelyingParty, SignInAttempt, Tokens } from '#test/support/relying-party.ts';
import { secretOf, type World } from '#test/support/world.ts';

export interface Scene {
  readonly world: World;
  /** Signed in as Siti. */
  readonly citizen: BrowserAgent;
  /** Stands on the sign-in page. */
  readonly visitor: BrowserAgent;
  readonly signInPage: Page;
  readonly app: RelyingParty;
  readonly tokens: Tokens;
  /** Not yet redeemed. */
  readonly code: string;
  readonly attempt: SignInAttempt;
  /** Asks to sign out; its button has not been pressed. */
  readonly signOutPage: Page;
  readonly accountPage: Page;
  /** Where a notice leads that somebody else got. */
  readonly notMePage: Page;
  /** Where the notice of a recovery leads. */
  readonly cancelPage: Page;
  /** In every role at the health office, signed in on the console; and where that can be gone to. */
  readonly colleague: BrowserAgent;
  readonly consolePage: Page;
  readonly consoleRoutes: readonly { readonly method: string; readonly path: string }[];
  /** Where a desk's notice leads. */
  readonly sheetPage: Page;
  /** The id of that sheet. */
  readonly sheet: string;
  /** An agency's machine, its agency and its token for the API, bound to no key. */
  readonly machine: { readonly clientId: string; readonly agencyId: string; readonly token: string };
  /** By which apps of the same agency register themselves. */
  readonly registrationToken: string;
}

/** Shaped like one of our secrets, and nobody's. */
const unknown = 'A'.repeat(43);
const noPermission = '00000000-0000-4000-8000-000000000000';

const callback = 'http://localhost:3001/callback';

export async function openScene(world: World): Promise<Scene> {
  const app = await world.app();
  const citizen = world.browser();
  const { tokens } = await signInto(app, citizen);
  const { code, attempt } = await getCode(app, citizen);
  const visitor = world.browser();
  const signInPage = await visitor.visit((await app.startSignIn()).url);
  const accountPage = await citizen.visit(`${world.issuer}/account`);
  const signOutPage = await citizen.visit(`${world.issuer}/logout`);
  const notified = { accountId: await world.citizen('diberitahu@contoh.id'), at: new Date() };
  const notMe = new URLSearchParams({ token: sealNotMe(world.house.secrets, notified) });
  const notMePage = await visitor.visit(`${world.issuer}/not-me?${notMe}`);
  const cancelPage = await visitor.visit(await startRecoveryOf(world));
  const machine = await openMachine(world);
  const wish = { agencyId: machine.agencyId, label: 'adegan', days: 1, uses: 1_000 };
  const { secret: registrationToken } = await makeRegistrationToken(world.database, world.house.secrets, wish, 'test');
  const { sheet, link } = await issueSheetOf(world);
  const sheetPage = await visitor.visit(link);
  const person = await colleague(world, 'rekan@contoh.id', { 'dinas-kesehatan': roles });
  const { browser, page: consolePage } = await openConsole(world, person);
  const consoleRoutes = (await routesOf(world)).filter(({ path }) => /^\/console($|\/)/.test(path));
  const pages = { signInPage, signOutPage, accountPage, notMePage, cancelPage, sheetPage, consolePage };
  return {
    world,
    citizen,
    visitor,
    app,
    tokens,
    code,
    attempt,
    machine,
    registrationToken,
    colleague: browser,
    consoleRoutes,
    sheet,
    ...pages,
  };
}

/** A sheet for somebody who lost their way in, and the link by which they cancel it. */
async function issueSheetOf({ issuer, house, database, citizen }: World): Promise<{ sheet: string; link: string }> {
  const mail = { kind: 'email', value: 'di-loket@contoh.id' } as const;
  const accountId = await citizen(mail.value);
  const asked = {
    ...{ accountId, officer: newAccountId(), agencyId: 'dinas-kesehatan', caseNumber: 'LKT-1', withSecond: false },
    document: 'ktp',
  } as const;
  const throttles = createThrottles(database, house.secrets, { enabled: false });
  const { sheet } = await issueSheet(database, house.secrets, throttles, asked, { seconds: 86_400 });
  return { sheet: sheet.id, link: `${issuer}/sheet/notice?token=${sealSheetNotice(house.secrets, sheet, mail)}` };
}

/** One request for each route of the console: each page is shown; what a form asks is refused for its content only. */
function consoleRequestsOf({ world, colleague, consolePage, consoleRoutes, sheet }: Scene): Wanted[] {
  const named: Readonly<Record<string, string>> = { client: 'puskesmas-online', agency: 'dinas-kesehatan', sheet };
  const cookie = colleague.cookies.header(new URL('/console', world.issuer)) ?? '';
  const form = { csrf: consolePage.value('csrf') ?? '', action: 'none' };
  return consoleRoutes.map(({ method, path }) => ({
    method: method as Wanted['method'],
    path: path.replace(/:(\w+)/g, (_, name: string) => named[name] ?? '1'),
    headers: { cookie },
    ...(method === 'POST' && { form }),
    isFree: path === '/console/callback',
  }));
}

async function openMachine(world: World): Promise<Scene['machine']> {
  const clientId = 'mesin-adegan';
  await world.declare(machineOf(clientId, apiScopes));
  const { json } = await requestToken(world, clientId, { scope: apiScopes.join(' ') });
  const agencyId = world.house.clients.find(clientId)?.agencyId ?? '';
  return { clientId, agencyId, token: String(json.access_token) };
}

/** One request for each route of the API. What changes something is refused, because the token is bound to no key. */
/** Shaped like the names of what exists and of what is decided about it, and nobody's. */
const nobodys: Readonly<Record<string, string>> = {
  ...{ record: 'a'.repeat(10), low: `inventory:${'a'.repeat(10)}`, high: `inventory:${'b'.repeat(10)}` },
  ...Object.fromEntries(
    ['import', 'case', 'closure', 'exception', 'decision', 'batch'].map((kind) => [kind, newIdIn(1)]),
  ),
};

/** What a route of the API asks besides. */
const asks: Readonly<Record<string, string>> = { '/apps/:client/migration/cohort': '?key=adegan' };

function apiRequestsOf({ machine }: Scene): Wanted[] {
  const named: Readonly<Record<string, string>> = { client: machine.clientId, agency: machine.agencyId, ...nobodys };
  return apiRoutes.map(({ method, path }) => ({
    method,
    path: `/api/v1${path.replace(/:(\w+)/g, (_, name: string) => named[name] ?? '1')}${asks[path] ?? ''}`,
    headers: { authorization: `Bearer ${machine.token}` },
  }));
}

/** An app registers itself; nobody's token looks after one that is there. */
function registrationRequestsOf({ machine, registrationToken }: Scene): Wanted[] {
  const json = { client_name: 'Adegan', redirect_uris: [callback] };
  const headers = { authorization: `Bearer ${registrationToken}` };
  const register = { method: 'POST', path: '/register', headers, json } as const;
  const path = `/register/${machine.clientId}`;
  return [register, ...(['GET', 'PUT', 'DELETE'] as const).map((method) => ({ method, path, headers }))];
}

/** The address that cancels the recovery of somebody who lost their way in. */
async function startRecoveryOf({ issuer, house, database, citizen }: World): Promise<string> {
  const mail = { kind: 'email', value: 'tertinggal@contoh.id' } as const;
  const phone = { kind: 'phone', value: '+6281299990001' } as const;
  const accountId = await citizen(mail.value, { profile: { phone_number: phone.value, phone_number_verified: true } });
  const proven = { accountId, contacts: [mail, phone] } as const;
  const { recovery } = await startRecovery(database, house.secrets, proven, { seconds: 86_400 });
  return `${issuer}/recovery/cancel?token=${sealRecovery(house.secrets, recovery)}`;
}

/** A request that an honest caller could send; `form` as fields. */
export interface Wanted {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly form?: Readonly<Record<string, string>>;
  /** More fields, as they are sent. */
  readonly more?: string;
  /** Or JSON. */
  readonly json?: object;
  /** Answers without the database. */
  readonly isFree?: boolean;
}

/** One request for each address and method, pages first. Each would succeed, or be refused for its content only. */
export function requestsOf(scene: Scene): Wanted[] {
  const { world, signInPage, tokens, code, attempt } = scene;
  const as = (browser: BrowserAgent, path: string) => ({
    cookie: browser.cookies.header(new URL(path, world.issuer)) ?? '',
  });
  const [citizen, visitor] = [scene.citizen, scene.visitor];
  const interaction = signInPage.url.pathname;
  const app = basic('puskesmas-online', secretOf('puskesmas-online'));
  const query = attempt.url.search;
  const authorization = Object.fromEntries(attempt.url.searchParams);
  const post = (path: string, form: Record<string, string>, headers: Record<string, string> = {}): Wanted => ({
    method: 'POST',
    path,
    form,
    headers,
  });
  const get = (path: string, headers: Record<string, string> = {}): Wanted => ({ method: 'GET', path, headers });
  const free = (wanted: Wanted): Wanted => ({ ...wanted, isFree: true });
  const fields = (page: Page, action: string) => ({ csrf: page.value('csrf') ?? '', action });
  return [
    free(get('/')),
    free(get('/help')),
    free(get('/privacy')),
    free(get('/account/frozen')),
    free(get('/api/v1/openapi.json')),
    ...['/coverage', '/coverage.csv', '/coverage.json'].map((path) => get(path)),
    free(get('/apps/puskesmas-online/migration')),
    ...publicRoutes.map(({ path }) => get(`/api/v1${path}`)),
    ...apiRequestsOf(scene),
    ...registrationRequestsOf(scene),
    free(get('/.well-known/openid-configuration')),
    free(get('/.well-known/oauth-authorization-server')),
    free(get('/.well-known/change-password')),
    free(get('/.well-known/passkey-endpoints')),
    free(get('/.well-known/webauthn')),
    free(get('/jwks')),
    free(post('/authorize', authorization)),
    free(post('/logout', {})),
    free(get('/logout/success')),
    get(interaction, as(visitor, interaction)),
    post(
      interaction,
      { ...fields(signInPage, 'sign-in'), identifier: 'siti@contoh.id', password: 'salah sekali' },
      as(visitor, interaction),
    ),
    get('/account', as(citizen, '/account')),
    post('/account', { ...fields(scene.accountPage, 'end-session'), session: 'x' }, as(citizen, '/account')),
    get('/account/contacts', as(citizen, '/account')),
    post('/account/contacts', { ...fields(scene.accountPage, 'remove'), contact: 'x' }, as(citizen, '/account')),
    get('/account/callback', as(citizen, '/account')),
    get('/account/end', as(citizen, '/account')),
    post('/account/end', fields(scene.accountPage, 'keep'), as(citizen, '/account')),
    get('/account/confirm', as(citizen, '/account')),
    ...['authenticator-app', 'password', 'recovery-codes'].map((page) =>
      get(`/account/${page}`, as(citizen, '/account')),
    ),
    post(
      '/account/authenticator-app',
      { ...fields(scene.accountPage, 'confirm'), code: '000000' },
      as(citizen, '/account'),
    ),
    post(
      '/account/password',
      {
        ...fields(scene.accountPage, 'save'),
        'current-password': 'salah sekali',
        'new-password': 'empat kata acak baru',
      },
      as(citizen, '/account'),
    ),
    post('/account/recovery-codes', fields(scene.accountPage, 'kept'), as(citizen, '/account')),
    get(`/recovery/cancel${scene.cancelPage.url.search}`, as(visitor, '/recovery/cancel')),
    post(
      `/recovery/cancel${scene.cancelPage.url.search}`,
      fields(scene.cancelPage, 'cancel-recovery'),
      as(visitor, '/recovery/cancel'),
    ),
    ...consoleRequestsOf(scene),
    get('/account/history', as(citizen, '/account')),
    ...['/account/services', '/account/apps', '/account/apps/puskesmas-online'].map((path) =>
      get(path, as(citizen, path)),
    ),
    post('/account/apps', { ...fields(scene.accountPage, 'disconnect'), client: 'x' }, as(citizen, '/account')),
    post('/account/apps/x', fields(scene.accountPage, 'narrow'), as(citizen, '/account')),
    get('/account/releases', as(citizen, '/account')),
    get('/account/releases/x', as(citizen, '/account')),
    post(
      '/account/releases/x',
      { ...fields(scene.accountPage, 'report'), reason: 'not-then' },
      as(citizen, '/account'),
    ),
    get(`/account/receipts/${noPermission}`, as(citizen, '/account')),
    get(`/account/receipts/${noPermission}.jws`, as(citizen, '/account')),
    free(get('/receipts/verify')),
    free(get('/receipts/keys.json')),
    free(
      post(
        '/receipts/verify',
        { ...fields(scene.sheetPage, 'check'), receipt: 'a.b.c' },
        as(visitor, '/receipts/verify'),
      ),
    ),
    get('/account/data', as(citizen, '/account')),
    get('/account/data.json', as(citizen, '/account')),
    get('/account/data/correct', as(citizen, '/account')),
    post('/account/data/correct', fields(scene.accountPage, 'save'), as(citizen, '/account')),
    post('/bundles', { bundle: 'bukan.sebuah.berkas' }),
    get(`/contacts/confirm?token=${unknown}`),
    post('/contacts/confirm', { ...fields(scene.sheetPage, 'confirm'), token: unknown }, as(visitor, '/contacts')),
    get(`/logos/${unknown}`),
    get(`/invitations/${unknown}`),
    post(`/invitations/${unknown}`, fields(scene.sheetPage, 'accept'), as(visitor, '/invitations')),
    free(get('/sheet')),
    post('/sheet', { ...fields(scene.sheetPage, 'open'), code: 'AAAA-BBBB-CCCC-DDDD-EEEE' }, as(visitor, '/sheet')),
    get(`/sheet/notice${scene.sheetPage.url.search}`, as(visitor, '/sheet/notice')),
    post(`/sheet/notice${scene.sheetPage.url.search}`, fields(scene.sheetPage, 'cancel-sheet'), as(visitor, '/sheet')),
    get(`/not-me${scene.notMePage.url.search}`, as(visitor, '/not-me')),
    post(
      '/not-me',
      { ...fields(scene.notMePage, 'freeze'), token: scene.notMePage.value('token') ?? '' },
      as(visitor, '/not-me'),
    ),
    get('/sandbox/outbox'),
    get('/sandbox/outbox.json'),
    get(`/authorize${query}`, as(citizen, '/authorize')),
    get(`/authorize/${interaction.slice('/interaction/'.length)}`, as(visitor, `/authorize/${interaction.slice(13)}`)),
    get('/logout', as(citizen, '/logout')),
    post('/logout/confirm', { xsrf: scene.signOutPage.value('xsrf') ?? '' }, as(citizen, '/logout/confirm')),
    post('/par', authorization, app),
    post(
      '/token',
      { grant_type: 'authorization_code', code, redirect_uri: callback, code_verifier: attempt.codeVerifier },
      app,
    ),
    post('/introspect', { token: tokens.access_token }, app),
    post('/revoke', { token: tokens.access_token }, app),
    get('/userinfo', { authorization: `Bearer ${tokens.access_token}` }),
    post('/userinfo', {}, { authorization: `Bearer ${tokens.access_token}` }),
  ];
}

/** Sends a request; `html` as a browser would, otherwise as a program. */
export function send(world: World, wanted: Wanted, html: boolean): Promise<Answer> {
  const { method, path, headers = {}, form, more, json } = wanted;
  const fields = form && [new URLSearchParams(form).toString(), more].filter(Boolean).join('&');
  const body = json ? JSON.stringify(json) : fields;
  const type = json ? 'application/json' : 'application/x-www-form-urlencoded';
  return exchange(new URL(path, world.issuer), {
    method,
    headers: {
      accept: html ? 'text/html' : 'application/json',
      ...headers,
      ...(body !== undefined && { 'content-type': type }),
    },
    ...(body !== undefined && { body }),
  });
}

/** Every address that the server itself knows of. */
export async function routesOf(world: World): Promise<readonly { method: string; path: string }[]> {
  return (await createApp(world.house)).routes;
}

/** Adds a passkey to an account, as its page would. */
export async function givePasskey(world: World, accountId: string): Promise<SoftwareAuthenticator> {
  const { database, secrets, config } = world.house;
  const device = new SoftwareAuthenticator();
  const { rpId, issuer: origin } = config;
  const options = await newRegistrationOptions(secrets, {
    rpId,
    rpName: 'Lawang',
    accountId,
    accountName: 'warga',
    displayName: 'Warga',
    boundTo: 'test',
  });
  const credential = JSON.stringify(device.create(options, { origin }));
  await addPasskey(database, secrets, { rpId, origin, accountId, boundTo: 'test', credential });
  return device;
}
