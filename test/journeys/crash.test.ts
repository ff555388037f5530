/**
 * A fault between taking and giving: nothing is acknowledged, nothing is written, and the same code, token or button
 * works afterwards. Triggers of the test play the fault.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { answerOf, ask, basic, goThrough, type Said, signInto } from '#test/oidc/flows.ts';
import { passkeyCitizen, signInByPasskey } from '#test/races/crowd.ts';
import type { Page } from '#test/support/page.ts';
import type { RelyingParty } from '#test/support/relying-party.ts';
import { allow, openWorld, secretOf, signIn, type World } from '#test/support/world.ts';

let world: World;
let app: RelyingParty;

beforeAll(async () => {
  world = await openWorld();
  await world.declare({ client_id: 'berputar', rotate_refresh: true });
  app = await world.app({ clientId: 'berputar', scope: 'openid profile offline_access' });
  await world.database.execute(`create function crash() returns trigger language plpgsql as
    $$ begin raise exception 'a fault of the test' using errcode = tg_argv[0]; end $$`);
});
afterAll(() => world?.[Symbol.asyncDispose]());

/** How the database fails, and what is answered then. */
interface Fault {
  readonly name: string;
  readonly sqlState: string;
  /** Only when the transaction is to be committed. */
  readonly atCommit?: boolean;
  readonly status: 500 | 503;
}

const faults: readonly Fault[] = [
  { name: 'a failing statement', sqlState: 'P0001', status: 500 },
  { name: 'a serialization failure', sqlState: '40001', status: 503 },
  { name: 'a failing commit', sqlState: 'P0001', atCommit: true, status: 503 },
];

/** Runs `work` while every `event` on `table` fails. */
async function during<T>(
  { sqlState, atCommit }: Fault,
  event: string,
  table: string,
  condition: string,
  work: () => Promise<T>,
): Promise<T> {
  const kind = atCommit ? 'constraint trigger crash after' : 'trigger crash before';
  const deferred = atCommit ? 'deferrable initially deferred' : '';
  await world.database.execute(
    `create ${kind} ${event} on ${table} ${deferred} for each row when (${condition}) execute function crash('${sqlState}')`,
  );
  try {
    return await work();
  } finally {
    await world.database.execute(`drop trigger crash on ${table}`);
  }
}

/** How many rows there are, to see that nothing was written. */
async function census(): Promise<Record<string, unknown>> {
  const tables = [
    'accounts',
    'artifacts',
    'permissions',
    'account_events',
    'grants',
    'identifiers',
    'passwords',
    'sessions',
  ];
  const counts = tables.map((table) => `(select count(*)::int from ${table}) as ${table}`);
  const consumed = '(select count(*)::int from artifacts where consumed_at is not null) as consumed';
  return (await world.database.first(`select ${[...counts, consumed].join(', ')}`)) ?? {};
}

function expectFault(said: Said, { status }: Fault): void {
  expect(said.status).toBe(status);
  expect(said.body).not.toContain('a fault of the test');
  if (status === 503) expect(Number(said.headers.get('retry-after'))).toBeGreaterThan(0);
}

function expectFaultPage(page: Page, { status }: Fault): void {
  expect(page.status).toBe(status);
  expect(page.text('#error-code')).toBe(status === 503 ? 'database_unavailable' : 'internal');
  expect(
    page.headers.getSetCookie().filter((cookie) => /^(__Host-)?(session|resume|interaction)/.test(cookie)),
  ).toEqual([]);
}

const token = (form: Record<string, string>) =>
  ask(`${world.issuer}/token`, { form, headers: basic('berputar', secretOf('berputar')) });

const passing = ['40001', '40P01', '53300', '57P01', '57014'];

test.each(passing)('a fault that passes by itself, %s, asks the app to come back', async (sqlState) => {
  const form = { grant_type: 'client_credentials' };
  const headers = basic('mesin-data', secretOf('mesin-data'));
  const fault = { name: sqlState, sqlState, status: 503 } as const;
  const said = await during(fault, 'insert', 'artifacts', 'true', () =>
    ask(`${world.issuer}/token`, { form, headers }),
  );
  expectFault(said, fault);
});

describe.each(faults)('$name', (fault) => {
  test('between taking a code and giving tokens: the code works afterwards', async () => {
    const { url, codeVerifier } = await app.startSignIn();
    const code = answerOf(await goThrough(world.browser(), url)).get('code') ?? '';
    const form = {
      grant_type: 'authorization_code',
      code,
      code_verifier: codeVerifier,
      redirect_uri: app.redirectUri,
    };
    const before = await census();
    const said = await during(fault, 'insert', 'artifacts', `new.kind = 'AccessToken'`, () => token(form));
    expectFault(said, fault);
    expect(await census()).toEqual(before);
    const { access_token } = await app.redeem(code, codeVerifier);
    expect(await app.userinfo(access_token)).toHaveProperty('name');
  });

  test('between taking a refresh token and giving the next: the old one works afterwards', async () => {
    const { tokens } = await signInto(app, world.browser(), { prompt: 'consent' });
    const form = { grant_type: 'refresh_token', refresh_token: tokens.refresh_token ?? '' };
    for (const kind of ['RefreshToken', 'AccessToken']) {
      const before = await census();
      const said = await during(fault, 'insert', 'artifacts', `new.kind = '${kind}'`, () => token(form));
      expectFault(said, fault);
      expect(await census()).toEqual(before);
    }
    const next = await app.refresh(tokens.refresh_token ?? '');
    expect(await app.refresh(next.refresh_token ?? '')).toHaveProperty('access_token');
  });

  test('between a consent and its answer: nothing is on record, and the button works afterwards', async () => {
    const { device } = await passkeyCitizen(world, `setuju-${fault.name.replaceAll(' ', '-')}@contoh.id`);
    const attempt = await app.startSignIn();
    const page = await world.browser().visit(attempt.url);
    const credential = JSON.stringify(device.get(page.json('#passkey-options'), { origin: world.issuer }));
    const consent = await page.fill({ credential }).press('#passkey');
    for (const [event, table, condition] of [
      ['update', 'artifacts', `new.kind = 'Interaction'`],
      ['insert', 'permissions', 'true'],
    ] as const) {
      const before = await census();
      expectFaultPage(await during(fault, event, table, condition, () => consent.press('#consent-allow')), fault);
      expect(await census()).toEqual(before);
    }
    expect(await app.finishSignIn(attempt, await allow(consent))).toHaveProperty('id_token');
  });

  test('between an answered page and the code: opening the address again goes on', async () => {
    const attempt = await app.startSignIn();
    const browser = world.browser();
    const page = await browser.visit(attempt.url);
    for (const [table, condition] of [
      ['sessions', 'true'],
      ['artifacts', `new.kind = 'AuthorizationCode'`],
    ] as const) {
      const failed = await during(fault, 'insert', table, condition, () =>
        page.url.pathname.startsWith('/interaction') ? signIn(page) : browser.visit(page.url),
      );
      expectFaultPage(failed, fault);
      const again = await during(fault, 'insert', table, condition, () => browser.visit(failed.url));
      expectFaultPage(again, fault);
      if (table === 'artifacts')
        expect(await app.finishSignIn(attempt, await browser.visit(failed.url))).toHaveProperty('id_token');
    }
  });

  test('while somebody proves anew who they are: they stay signed in as before', async () => {
    const browser = world.browser();
    await goThrough(browser, (await app.startSignIn()).url);
    const page = await browser.visit((await app.startSignIn({ prompt: 'login' })).url);
    const failed = await during(fault, 'update', 'sessions', 'true', () => signIn(page));
    expectFaultPage(failed, fault);
    const silent = await browser.visit((await app.startSignIn({ prompt: 'none' })).url);
    expect(answerOf(silent).get('code')).toBeTruthy();
    expect(answerOf(await browser.visit(failed.url)).get('code')).toBeTruthy();
  });

  test('in the middle of a sign-up: no half account, and the button works afterwards', async () => {
    const email = `daftar-${fault.name.replaceAll(' ', '-')}@contoh.id`;
    const attempt = await app.startSignIn();
    const page = await world.browser().visit(attempt.url);
    const asked = await page.fill({ identifier: email }).press('#send-code');
    const { code = '' } = await world.message(email);
    const step = asked.fill({ code });
    const before = await census();
    expectFaultPage(
      await during(fault, 'update', 'artifacts', `new.kind = 'Interaction'`, () => step.press('#continue')),
      fault,
    );
    const naming = await step.press('#continue');
    naming.fill({ name: 'Warga Baru', password: 'sawah hijau berembun 71' });
    expectFaultPage(await during(fault, 'insert', 'passwords', 'true', () => naming.press('#continue')), fault);
    expect(await census()).toEqual(before);
    expect(await app.finishSignIn(attempt, await allow(await naming.press('#continue')))).toHaveProperty('id_token');
  });

  test('in the middle of a withdrawal: the app stays connected, and the button works afterwards', async () => {
    const { device } = await passkeyCitizen(world, `tarik-${fault.name.replaceAll(' ', '-')}@contoh.id`);
    const browser = world.browser();
    await signInByPasskey(await browser.visit(`${world.issuer}/account`), device);
    const attempt = await app.startSignIn();
    const tokens = await app.finishSignIn(attempt, await goThrough(browser, attempt.url));
    const account = await browser.visit(`${world.issuer}/account`);
    const press = () => account.press('[data-client=berputar] .disconnect');
    expectFaultPage(await during(fault, 'delete', 'grants', 'true', press), fault);
    expect(await app.userinfo(tokens.access_token)).toHaveProperty('sub');
    expect((await press()).has('[data-client=berputar]')).toBe(false);
    expect((await app.introspect(tokens.access_token)).active).toBe(false);
  });
});
