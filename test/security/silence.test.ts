/** No log, no error and no address says anything of a person, a token or a secret (security line 40). */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { metrics } from '#src/base/metrics.ts';
import { everyScope, signInto } from '#test/oidc/flows.ts';
import { type Answer, exchange } from '#test/support/browser-agent.ts';
import type { Page } from '#test/support/page.ts';
import { allow, openWorld, password, secretOf, type World } from '#test/support/world.ts';
import { givePasskey, openScene, requestsOf, send } from './scene.ts';

let world: World;
/** What must stay unsaid, by what it is. */
const unsaid = new Map<string, string>();
/** Every address a browser was at, and every page it was shown as an error. */
const addresses: string[] = [];
const refused: string[] = [];
let printed = '';

function remember(what: string, value: string | undefined): void {
  if (value && value.length >= 5) unsaid.set(value, what);
}

function watch(page: Page): Page {
  addresses.push(...page.hops.map(({ url }) => url.href));
  if (page.status >= 400) refused.push(page.html);
  return page;
}

beforeAll(async () => {
  world = await openWorld({ settings: { RATE_LIMITS: 'on', LOG_LEVEL: 'debug' } });
  const { stdout, stderr } = process;
  const originals = [stdout.write, stderr.write] as const;
  const keep = (chunk: unknown) => {
    printed += String(chunk);
    return true;
  };
  stdout.write = keep as typeof stdout.write;
  stderr.write = keep as typeof stderr.write;
  try {
    await live();
  } finally {
    [stdout.write, stderr.write] = originals;
  }
});

afterAll(() => world[Symbol.asyncDispose]());

/** A broad life: every way to sign in, right and wrong, every endpoint, every refusal. */
async function live(): Promise<void> {
  remember('the password', 'kuda besi pelangi 77');
  remember('a wrong password', 'salah-sekali-kata-ini');
  for (const part of [
    'Rahasia Wijayanti',
    'rahasia.wijayanti@contoh.id',
    '+6281298765432',
    '81298765432',
    'Jalan Tersembunyi 9',
  ])
    remember('a personal value', part);
  const id = await world.citizen('rahasia.wijayanti@contoh.id', {
    name: 'Rahasia Wijayanti',
    password: 'kuda besi pelangi 77',
    profile: {
      name: 'Rahasia Wijayanti',
      email: 'rahasia.wijayanti@contoh.id',
      phone_number: '+6281298765432',
      address: { formatted: 'Jalan Tersembunyi 9' },
    },
  });
  const health = await world.app();
  const tax = await world.app({ clientId: 'pajak-daerah', scope: everyScope });
  remember('a client secret', secretOf('puskesmas-online'));
  const browser = world.browser();

  const start = await health.startSignIn({ login_hint: 'rahasia.wijayanti@contoh.id' });
  const page = await browser.visit(start.url);
  watch(
    await page.fill({ identifier: 'rahasia.wijayanti@contoh.id', password: 'salah-sekali-kata-ini' }).press('#sign-in'),
  );
  watch(
    await page.fill({ identifier: 'rahasia.wijayanti tidak ada', password: 'salah-sekali-kata-ini' }).press('#sign-in'),
  );
  const signedIn = watch(
    await page.fill({ identifier: 'rahasia.wijayanti@contoh.id', password: 'kuda besi pelangi 77' }).press('#sign-in'),
  );
  const arrived = await allow(signedIn);
  remember('a code', arrived.url.searchParams.get('code') ?? undefined);
  const first = await health.finishSignIn(start, arrived);
  await health.redeem(arrived.url.searchParams.get('code') ?? '', start.codeVerifier).catch(() => undefined);
  remember('an access token', first.access_token);
  remember('an ID token', first.id_token);

  const { tokens } = await signInto(tax, browser, { prompt: 'consent' });
  remember('a refresh token', tokens.refresh_token);
  remember('an access token', tokens.access_token);
  await tax.userinfo(tokens.access_token);
  await tax.introspect(tokens.access_token);
  const fresh = await tax.refresh(tokens.refresh_token ?? '');
  remember('an access token', fresh.access_token);
  await tax.revoke(fresh.access_token);
  await health.refresh(tokens.refresh_token ?? '').catch(() => undefined);
  await exchange(`${world.issuer}/userinfo?access_token=${tokens.access_token}`);
  watch(await browser.visit(`${world.issuer}/account`));

  await byCode();
  await byPasskey(id);
  for (let i = 0; i < 12; i += 1)
    watch(await page.fill({ identifier: 'siti@contoh.id', password: 'salah-sekali-kata-ini' }).press('#sign-in'));
  const cookies = browser.cookies.all.filter(({ name }) => /session|browser|interaction|resume/.test(name));
  for (const { name, value } of cookies) remember(`the cookie ${name}`, value);
  watch(await browser.visit(`${world.issuer}/logout`));
  for (const said of await everyRefusal()) refused.push(JSON.stringify([...said.headers]) + said.body);
}

async function byCode(): Promise<void> {
  const browser = world.browser();
  const app = await world.app();
  const page = await browser.visit((await app.startSignIn()).url);
  remember('a typed address', 'pendatang.baru@contoh.id');
  const code = watch(await page.fill({ identifier: 'pendatang.baru@contoh.id' }).press('#send-code'));
  const sent = await world.message('pendatang.baru@contoh.id');
  remember('a one-time code', sent.code);
  watch(await code.fill({ code: '000000' }).press('#continue'));
  const name = watch(await code.fill({ code: sent.code ?? '' }).press('#continue'));
  remember('a new name', 'Pendatang Barudin');
  watch(await name.fill({ name: 'Pendatang Barudin', password: '12345678' }).press('#continue'));
  watch(await name.fill({ name: 'Pendatang Barudin', password: 'gajah-terbang-lima-kali' }).press('#continue'));
  remember('a new password', 'gajah-terbang-lima-kali');
}

async function byPasskey(id: string): Promise<void> {
  const device = await givePasskey(world, id);
  const page = await world.browser().visit((await (await world.app()).startSignIn()).url);
  const options = page.json<Parameters<typeof device.get>[0]>('#passkey-options');
  remember('a challenge', options.challenge);
  const answer = device.get(options, { origin: world.issuer, tamperedSignature: true });
  remember('a credential', answer.id);
  watch(await page.fill({ credential: JSON.stringify(answer) }).press('#passkey'));
}

/** Every address with a request that is turned down, by page and by problem document. */
async function everyRefusal(): Promise<Answer[]> {
  const scene = await openScene(world);
  remember('a code', scene.code);
  remember('an access token', scene.tokens.access_token);
  const said: Answer[] = [];
  for (const wanted of requestsOf(scene))
    for (const html of [true, false])
      said.push(
        await send(world, { ...wanted, headers: { ...wanted.headers, origin: 'https://jahat.example' } }, html),
      );
  said.push(await exchange(`${world.issuer}/interaction/${'x'.repeat(43)}?identifier=rahasia.wijayanti@contoh.id`));
  return said.filter(({ status }) => status >= 400);
}

/** Six digits are also in the middle of some hash or moment, by chance: a code is one where it stands by itself. */
function says(text: string, value: string): boolean {
  if (/^\d{6}$/.test(value)) return new RegExp(`(?<![\\w-])${value}(?![\\w-])`).test(text);
  return text.includes(value) || text.includes(encodeURIComponent(value));
}

function found(text: string): string[] {
  return [...unsaid].filter(([value]) => says(text, value)).map(([, what]) => what);
}

test('the life was broad enough to give something away', () => {
  expect(unsaid.size).toBeGreaterThan(20);
  expect(world.log.length).toBeGreaterThan(60);
  expect(refused.length).toBeGreaterThan(20);
});

test('the log', () => {
  const log = world.log.join('');
  expect(found(log)).toEqual([]);
  expect(log).not.toMatch(/[\w.+-]+@contoh\.id/);
  expect(log).not.toMatch(/\b62\d{8,}|\b08\d{8,}/);
  expect(log).not.toMatch(/eyJ[\w-]{10,}\./);
  expect(log).not.toContain(password);
});

test('standard output and standard error', () => {
  expect(found(printed)).toEqual([]);
  expect(printed).toBe('');
});

test('the metrics', async () => {
  const text = await metrics.metrics();
  expect(text).toContain('http_request');
  expect(found(text)).toEqual([]);
  expect(text).not.toMatch(/@contoh\.id/);
});

test('addresses, but for what an app is answered and what it hinted itself', () => {
  const ours = addresses
    .filter((address) => address.startsWith(world.issuer))
    .map((address) => address.replace(/([?&])(login_hint)=[^&]*/g, '$1'));
  expect(ours.length).toBeGreaterThan(10);
  for (const address of ours) {
    expect(address).not.toMatch(/@|%40|62812/);
    // The id of an interaction is worth nothing without the signature in its cookie.
    const bare = address.replace(/\/(interaction|authorize)\/[\w-]+/, '/$1/:uid');
    expect([bare, found(bare)]).toEqual([bare, []]);
  }
});

test('errors, but for what the person typed on that very page', () => {
  for (const html of refused) {
    const typed = /<input[^>]*name="(identifier|name)"[^>]*>/g;
    const challenge = /<script type="application\/json"[\s\S]*?<\/script>/g;
    const rest = html
      .replace(typed, '')
      .replace(challenge, '')
      .replace(/pendatang\.baru@contoh\.id/g, '')
      .replace(/\/interaction\/[\w-]+/g, '/interaction/:uid');
    expect([html.slice(0, 60), found(rest)]).toEqual([html.slice(0, 60), []]);
    expect(html).not.toMatch(/\bat .*\.(ts|js):\d+|node_modules|select .* from /);
  }
});

test('rows: no token, code, session id or address stands in the database as it is', async () => {
  const tables = await world.database.query<{ name: string }>(
    `select quote_ident(tablename) as name from pg_tables where schemaname = 'public' and tablename not like 'knex%'`,
  );
  expect(tables.length).toBeGreaterThan(15);
  // What an agency declares, and who answers for what, is no secret.
  for (const { name } of tables.filter(({ name }) => !['clients', 'agencies', 'instance'].includes(name))) {
    const rows = await world.database.query<{ text: string }>(`select t::text as text from ${name} t`);
    expect([name, found(rows.map(({ text }) => text).join('\n'))]).toEqual([name, []]);
  }
});
