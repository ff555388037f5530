/** An app goes from a sandbox to another deployment, by the button and by hand, and what is no bundle does not. */
import { randomUUID } from 'node:crypto';
import { decodeJwt, exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createVerifyBundle, signBundle } from '#src/oidc/bundles.ts';
import {
  applyBundle,
  type BundleContent,
  checkElsewhere,
  composeBundle,
  findBundle,
  receiveBundle,
} from '#src/registry/bundles.ts';
import { listCasesOf } from '#src/registry/cases.ts';
import { findClient } from '#src/registry/clients.ts';
import { kindsOf, race, signInByPasskey } from '#test/races/crowd.ts';
import { colleague, openConsole } from '#test/support/console.ts';
import { openWorld, type World } from '#test/support/world.ts';

const clientId = 'puskesmas-online';
const agency = 'dinas-kesehatan';
const loopback = '127.0.0.0/8,::1/128';

/** Where the app is built. */
let sandbox: World;
/** Where it goes. */
let production: World;
beforeAll(async () => {
  sandbox = await openWorld({ settings: { INTRANET_ALLOWLIST: loopback } });
  production = await openWorld({ settings: { INTRANET_ALLOWLIST: loopback, BUNDLE_SENDERS: sandbox.issuer } });
  // Each names the other, and a port is known only when its server listens.
  Object.assign(sandbox.house.config, { bundleReceiver: production.issuer });
});
afterAll(async () => {
  await sandbox[Symbol.asyncDispose]();
  await production[Symbol.asyncDispose]();
});

beforeEach(async () => {
  await production.database.execute('delete from clients where id = $1', [clientId]);
});

const compose = () => composeBundle(sandbox.database, clientId);

/** A bundle as the sandbox signs it, unless told otherwise. */
async function signed(options: { audience?: string; mode?: 'production'; content?: BundleContent } = {}) {
  const { keys, config } = sandbox.house;
  const { audience = production.issuer, mode = config.mode, content = await compose() } = options;
  return signBundle(keys, { issuer: config.issuer, mode }, { audience, content });
}

/** Sends it as the other server does. */
async function send(bundle: string, to = production) {
  const answer = await fetch(`${to.issuer}/bundles`, {
    method: 'POST',
    headers: { accept: 'application/json' },
    body: new URLSearchParams({ bundle }),
  });
  const { code, link } = (await answer.json()) as { code?: string; link?: string };
  return { status: answer.status, code, link };
}

const owner = (world: World) =>
  colleague(world, `dewa-${randomUUID().slice(0, 8)}@dinkes.contoh.go.id`, { [agency]: ['owner'] });

test('one button carries an app across, and somebody of its agency takes it over there', async () => {
  const { page } = await openConsole(sandbox, await owner(sandbox), { at: `/console/apps/${clientId}/bundle` });
  expect(page.text('#bundle-left-out')).toContain('http://localhost:3001/callback');
  const arrived = await page.press('#send-bundle');
  expect(arrived.url.origin).toBe(production.issuer);

  const there = await owner(production);
  const { page: console } = await openConsole(production, there);
  expect(console.status).toBe(200);
  const bundlePage = await signInByPasskey(arrived, there.device);
  expect(bundlePage.url.pathname).toMatch(/^\/console\/bundles\//);
  expect(bundlePage.text()).toContain(sandbox.issuer);
  expect(await findClient(production.database, clientId)).toBeUndefined();
  await bundlePage.press('#apply-bundle');
  const client = await findClient(production.database, clientId);
  expect(client).toMatchObject({ agencyId: agency, number: 1, secrets: [] });
  const [version] = await production.database.query<{ via: string; actor: string; reason: string }>(
    'select via, actor, reason from client_versions where client_id = $1',
    [clientId],
  );
  expect(version).toMatchObject({ via: 'bundle', actor: there.id, reason: expect.stringContaining(sandbox.issuer) });
  const sent = await sandbox.database.query(`select subject from admin_events where kind = 'client.bundle-sent'`);
  expect(sent).toEqual([{ subject: `client ${clientId}` }]);
});

test('the file goes by hand as well', async () => {
  const { browser } = await openConsole(sandbox, await owner(sandbox));
  const file = await browser.visit(`${sandbox.issuer}/console/apps/${clientId}/bundle?file=1`);
  expect(file.headers.get('content-disposition')).toContain(`${clientId}.bundle`);
  const { page } = await openConsole(production, await owner(production), { at: '/console/bundles' });
  const arrived = await page.fill({ bundle: ` ${file.html}\n` }).press('#receive-bundle');
  expect(arrived.url.pathname).toMatch(/^\/console\/bundles\/[0-9a-f-]{36}$/);
  expect(arrived.has('#apply-bundle')).toBe(true);
});

describe('what travels', () => {
  test('is what is declared and the evidence; no secret, no state, nobody', async () => {
    const bundle = await signed();
    const { bundle: content, ...claims } = decodeJwt(bundle);
    expect(claims).toMatchObject({ iss: sandbox.issuer, aud: production.issuer, environment: 'sandbox' });
    expect(Object.keys(content as object).sort()).toEqual(['agency', 'client', 'evidence', 'number']);
    const { client } = content as BundleContent;
    expect(Object.keys(client)).not.toContain('state');
    const rows = await sandbox.database.query<{ hash: Buffer }>('select hash from client_secrets');
    for (const { hash } of rows)
      for (const encoding of ['hex', 'base64', 'base64url'] as const)
        expect(JSON.stringify(content)).not.toContain(hash.toString(encoding));
    expect(JSON.stringify(content)).not.toContain('sandbox-puskesmas-online-secret');
  });

  test('leaves addresses of the developer\u2019s machine behind, and says what else is not right there', async () => {
    const content = await compose();
    const { leftOut, findings } = checkElsewhere(content);
    expect(leftOut).toContain('http://localhost:3001/callback');
    expect(findings.length).toBeGreaterThan(0);
    const own = {
      ...content.client,
      redirect_uris: ['http://localhost:3001/callback', 'https://p.dinkes.contoh.go.id/cb'],
    };
    expect(checkElsewhere({ ...content, client: own }).findings).toEqual([]);
  });
});

describe('what does not come in', () => {
  test('a bundle that has come before; of fifty at once one comes in', async () => {
    const bundle = await signed();
    const answers = await Promise.all(Array.from({ length: 50 }, () => send(bundle)));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(new Set(answers.filter(({ status }) => status !== 201).map(({ code }) => code))).toEqual(
      new Set(['bundle_used']),
    );
  });

  test('one for somebody else, from production, or of a deployment that is not trusted', async () => {
    expect(await send(await signed({ audience: 'https://lain.contoh.go.id' }))).toMatchObject({
      code: 'bundle_refused',
    });
    expect(await send(await signed({ mode: 'production' }))).toMatchObject({ code: 'bundle_refused' });
    const foreign = signBundle(production.house.keys, production.house.config, {
      audience: sandbox.issuer,
      content: await compose(),
    });
    expect(await send(foreign, sandbox)).toMatchObject({ status: 400, code: 'bundle_refused' });
  });

  test('one that is altered, signed by another key, unsigned, or another kind of token', async () => {
    const [head, , signature] = (await signed()).split('.');
    const claims = decodeJwt(await signed());
    const altered = Buffer.from(JSON.stringify({ ...claims, jti: randomUUID() })).toString('base64url');
    expect(await send(`${head}.${altered}.${signature}`)).toMatchObject({ code: 'bundle_refused' });
    const none = Buffer.from('{"alg":"none","typ":"client-bundle+jwt"}').toString('base64url');
    expect(await send(`${none}.${altered}.`)).toMatchObject({ code: 'bundle_refused' });

    const pair = await generateKeyPair('ES256', { extractable: true });
    const sign = (header: object) =>
      new SignJWT({ ...claims, jti: randomUUID() })
        .setProtectedHeader({ alg: 'ES256', typ: 'client-bundle+jwt', ...header })
        .sign(pair.privateKey);
    const [ours] = sandbox.house.keys.signing;
    expect(await send(await sign({ kid: ours?.kid }))).toMatchObject({ code: 'bundle_refused' });
    expect(await send(await sign({ jwk: await exportJWK(pair.publicKey) }))).toMatchObject({ code: 'bundle_refused' });
    for (const rubbish of ['', 'x', 'a.b.c', 'null', `${'a'.repeat(200_000)}`])
      expect((await send(rubbish)).status).toBeGreaterThanOrEqual(400);
  });

  test('one that is too old, or of an agency that is not here', async () => {
    const content = await compose();
    const elsewhere = { ...content, agency: { ...content.agency, id: 'tidak-ada' } };
    expect(await send(await signed({ content: elsewhere }))).toMatchObject({ code: 'agency_not_found' });
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - 8 * 86_400_000 });
    const old = await signed({ content });
    vi.useRealTimers();
    expect(await send(old)).toMatchObject({ status: 410, code: 'bundle_over' });
  });

  test('whose keys would have to be fetched from inside, or from a sender that does not answer', async () => {
    const { issuer } = production.house.config;
    const guarded = createVerifyBundle({ issuer, bundleSenders: [sandbox.issuer], intranetAllowlist: [] });
    await expect(guarded(await signed())).rejects.toMatchObject({ code: 'bundle_sender_silent' });
  });
});

describe('what has come', () => {
  const receive = async () => {
    const { link = '' } = await send(await signed());
    const bundle = await findBundle(production.database, link.split('/').at(-1) ?? '');
    if (!bundle) throw new Error('it has not come');
    return { link, bundle };
  };

  test('is there for its agency alone', async () => {
    const { link } = await receive();
    const other = await colleague(production, `lain-${randomUUID()}@contoh.id`, {
      'badan-pendapatan-daerah': ['owner'],
    });
    const { page } = await openConsole(production, other, { at: new URL(link).pathname });
    expect([page.status, page.text('#error-code')]).toEqual([404, 'not_here']);
    const auditor = await colleague(production, `auditor-${randomUUID()}@contoh.id`, { [agency]: ['auditor'] });
    const { page: seen } = await openConsole(production, auditor, { at: new URL(link).pathname });
    expect([seen.status, seen.text('#error-code')]).toEqual([403, 'role_required']);
  });

  test('like an app that is there, is taken over on its page with a justification, for a coordinator to decide', async () => {
    const { client_name: name } = (await compose()).client as { client_name: string };
    await production.declare({
      client_id: 'puskesmas-lama',
      client_name: name,
      client_uri: 'https://lama.contoh.go.id',
    });
    await production.database.execute(`update clients set live_since = $1 where id = 'puskesmas-lama'`, [new Date()]);
    const { link } = await receive();
    const at = new URL(link).pathname;
    const { page } = await openConsole(production, await owner(production), { at });
    expect(page.attributes('[data-likely]', 'data-likely')).toContain('client:puskesmas-lama');
    expect((await page.press('#apply-bundle')).text('#error-code')).toBe('likely_duplicate');
    expect(await findClient(production.database, clientId)).toBeUndefined();
    const justification = 'Puskesmas kami melayani pulau kecil.';
    await page.fill({ justification }).press('#apply-bundle');
    expect(await listCasesOf(production.database, clientId)).toMatchObject([{ status: 'open', justification }]);
    await production.database.execute(`delete from clients where id = any($1)`, [['puskesmas-lama', clientId]]);
  });

  test('is taken over once, of many at once too', async () => {
    const { bundle } = await receive();
    const by = { actor: 'siti', mode: 'sandbox' } as const;
    const { won, lost } = await race(20, () =>
      production.database.transaction((tx) => applyBundle(tx, production.house.secrets, bundle, by)),
    );
    expect(won).toHaveLength(1);
    expect(kindsOf(lost)).toEqual(['409 undefined']);
  });

  test('cannot be taken over in production while something stands in the way', async () => {
    const { bundle } = await receive();
    const by = { actor: 'siti', mode: 'production' } as const;
    const apply = production.database.transaction((tx) => applyBundle(tx, production.house.secrets, bundle, by));
    await expect(apply).rejects.toMatchObject({ code: 'bundle_unfit' });
    expect(await findBundle(production.database, bundle.id)).toMatchObject({ appliedAt: undefined });
  });

  test('waits for approval where the app is live and the change is risky', async () => {
    const verify = createVerifyBundle({
      issuer: production.issuer,
      bundleSenders: [sandbox.issuer],
      intranetAllowlist: loopback.split(','),
    });
    const by = { actor: 'siti', mode: 'production' } as const;
    const content = await compose();
    const carry = async (redirect: string) => {
      const client = { ...content.client, redirect_uris: [redirect], post_logout_redirect_uris: [] };
      const verified = await verify(await signed({ content: { ...content, client } }));
      await receiveBundle(production.database, verified);
      const bundle = await findBundle(production.database, verified.id);
      if (!bundle) throw new Error('it has not come');
      return production.database.transaction((tx) => applyBundle(tx, production.house.secrets, bundle, by));
    };
    const first = await carry('https://p.dinkes.contoh.go.id/cb');
    expect([first.outcome, first.client.state]).toEqual(['created', 'draft']);
    await production.database.execute(`update clients set state = 'live', live_since = $2 where id = $1`, [
      clientId,
      new Date(),
    ]);
    expect(await carry('https://q.dinkes.contoh.go.id/cb')).toMatchObject({ outcome: 'pending', number: 2 });
    const client = await findClient(production.database, clientId);
    expect(client?.redirectUris).toEqual(['https://p.dinkes.contoh.go.id/cb']);
  });
});
