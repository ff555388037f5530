/** The page of an app's secrets and keys, as its agency's developer uses it, without JavaScript. */
import { exportJWK, type GenerateKeyPairResult, generateKeyPair, type JWK, SignJWT } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { grantMembership } from '#src/people/memberships.ts';
import { listSecrets } from '#src/registry/client-secrets.ts';
import { loadClient } from '#src/registry/clients.ts';
import type { BrowserAgent } from '#test/support/browser-agent.ts';
import { colleague, openConsole } from '#test/support/console.ts';
import type { Page } from '#test/support/page.ts';
import { openWorld, type World } from '#test/support/world.ts';

let world: World;
let developer: Awaited<ReturnType<typeof colleague>>;
let page: Page;
let browser: BrowserAgent;
let count = 0;
let clientId: string;
let agencyId: string;

beforeAll(async () => {
  world = await openWorld();
  developer = await colleague(world, 'dewa@dinkes.contoh.go.id', {}, 'Dewa Putra');
});
afterAll(() => world[Symbol.asyncDispose]());

/** An app of its own for each test, with the page open. */
beforeEach(async () => {
  count += 1;
  clientId = `uji-kunci-${count}`;
  await world.declare({
    client_id: clientId,
    client_name: 'Uji Kunci',
    purpose: 'Menguji kunci.',
    redirect_uris: ['http://localhost:3001/callback'],
    scope: 'openid',
    type: 'web',
    contacts: [{ role: 'technical', email: 'tik@dinkes.contoh.go.id' }],
  });
  ({ agencyId } = await loadClient(world.database, clientId));
  const role = { accountId: developer.id, agencyId, role: 'developer' } as const;
  await grantMembership(world.database, role, 'command');
  ({ page, browser } = await openConsole(world, developer, { at: `/console/apps/${clientId}/keys` }));
});

const keysOf = async () => (await loadClient(world.database, clientId)).jwks?.keys ?? [];

async function newKey(): Promise<{ jwk: JWK; privateKey: GenerateKeyPairResult['privateKey']; privateJwk: JWK }> {
  const pair = await generateKeyPair('ES256', { extractable: true });
  const [jwk, privateJwk] = [await exportJWK(pair.publicKey), await exportJWK(pair.privateKey)];
  return { jwk, privateJwk, privateKey: pair.privateKey };
}

/** Whether the token endpoint takes what the app shows as its proof. */
async function isTaken(proof: Record<string, string>): Promise<boolean> {
  await world.house.clients.refresh();
  const body = new URLSearchParams({ grant_type: 'authorization_code', code: 'x', redirect_uri: 'x', ...proof });
  const answer = await fetch(`${world.issuer}/token`, { method: 'POST', body });
  return ((await answer.json()) as { error: string }).error !== 'invalid_client';
}

/** How `client_secret_basic` shows a secret. */
async function isSecretTaken(secret: string): Promise<boolean> {
  await world.house.clients.refresh();
  const answer = await fetch(`${world.issuer}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${clientId}:${secret}`).toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'authorization_code', code: 'x', redirect_uri: 'x' }),
  });
  return ((await answer.json()) as { error: string }).error !== 'invalid_client';
}

describe('a secret', () => {
  test('is shown once, on the page behind the form, and works at once beside the one before', async () => {
    const before = `sandbox-${clientId}-secret-0123456789`;
    const made = await page.press('#rotate');
    const secret = made.text('#secret');
    expect(made.url.search).toBe('?done=secret-done');
    expect([await isSecretTaken(secret), await isSecretTaken(before)]).toEqual([true, true]);
    const again = await browser.visit(made.url.href);
    expect(again.has('#secret')).toBe(false);
    expect(again.html).not.toContain(secret);
    expect(again.html).toContain(`…${secret.slice(-4)}`);
    expect(again.text(`[data-secret] small`)).toBe('Dewa Putra');
    expect(world.log.join('\n')).not.toContain(secret);
  });

  test('of two that are good one has to be ended first, by its row', async () => {
    const first = await page.press('#rotate');
    const refused = await first.press('#rotate');
    expect(refused.status).toBe(422);
    expect(refused.text('#problems')).toContain('sudah punya dua rahasia');
    const [newest, oldest] = await listSecrets(world.database, clientId);
    const ended = await first.press(`[data-secret=${oldest?.id}] button`);
    expect(ended.count('[data-secret] button')).toBe(1);
    expect(ended.text('#work, .work')).toContain('tidak berlaku lagi');
    expect((await ended.press('#rotate')).has('#secret')).toBe(true);
    expect(await listSecrets(world.database, clientId)).toHaveLength(3);
    expect(newest?.expiresAt).toBeInstanceOf(Date);
  });

  test('that leaked: all others end at once', async () => {
    const made = await page.tick('at-once').press('#rotate');
    expect(await isSecretTaken(`sandbox-${clientId}-secret-0123456789`)).toBe(false);
    expect(await isSecretTaken(made.text('#secret'))).toBe(true);
  });

  test.each(['', '2020-01-01', 'besok', '2999-01-01', nextDayThatIsNone()])('does not end on "%s"', async (until) => {
    const refused = await page.fill({ until }).press('#rotate');
    expect(refused.status).toBe(422);
    expect(refused.has('#problems')).toBe(true);
    expect(await listSecrets(world.database, clientId)).toHaveLength(1);
  });
});

/** The next 31st of a month that has none. */
function nextDayThatIsNone(): string {
  const months = [0, 1, 2].map(
    (later) => new Date(Date.UTC(new Date().getUTCFullYear(), new Date().getUTCMonth() + later)),
  );
  const isShort = (month: Date) =>
    new Date(Date.UTC(month.getUTCFullYear(), month.getUTCMonth(), 31)).getUTCDate() !== 31;
  return `${months.find(isShort)?.toISOString().slice(0, 7)}-31`;
}

describe('a key', () => {
  test('is added beside the secret, then used instead of it; who uses it is seen', async () => {
    const { jwk, privateKey } = await newKey();
    const added = await page.fill({ jwks: JSON.stringify(jwk) }).press('#add-keys');
    const [{ kid }] = (await keysOf()) as [JWK];
    expect(added.attribute('[data-kid]', 'data-kid')).toBe(kid);
    expect(await isSecretTaken(`sandbox-${clientId}-secret-0123456789`)).toBe(true);

    const used = await added.press('#use-keys');
    expect(used.text()).toContain('Sekarang hanya kunci yang diterima.');
    expect(await isSecretTaken(`sandbox-${clientId}-secret-0123456789`)).toBe(false);
    const assertion = await new SignJWT({ jti: String(Math.random()) })
      .setProtectedHeader({ alg: 'ES256', kid: String(kid) })
      .setIssuer(clientId)
      .setSubject(clientId)
      .setAudience(world.issuer)
      .setIssuedAt()
      .setExpirationTime('1m')
      .sign(privateKey);
    const type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
    expect(await isTaken({ client_id: clientId, client_assertion: assertion, client_assertion_type: type })).toBe(true);
    await world.database.settle();
    const seen = await browser.visit(page.url.href);
    expect(seen.text('[data-kid]')).not.toContain('belum terlihat dipakai');
  });

  test('of several each is removed by its row, but not the last one that the app lives by', async () => {
    const keys = [(await newKey()).jwk, (await newKey()).jwk];
    const added = await page.fill({ jwks: JSON.stringify({ keys }) }).press('#add-keys');
    expect(added.count('[data-kid]')).toBe(2);
    const used = await added.press('#use-keys');
    const removed = await used.press(`[data-kid=${used.attribute('[data-kid]', 'data-kid')}] button`);
    expect(removed.count('[data-kid]')).toBe(1);
    const refused = await removed.press('[data-kid] button');
    expect([refused.status, refused.text('#problems')]).toEqual([422, expect.stringContaining('kunci terakhir')]);
    expect(await keysOf()).toHaveLength(1);
  });

  test('that is private is refused, not kept, not shown again, and not logged', async () => {
    const { privateJwk } = await newKey();
    const refused = await page.fill({ jwks: JSON.stringify(privateJwk) }).press('#add-keys');
    expect([refused.status, refused.text('#problems')]).toEqual([422, expect.stringContaining('kunci pribadi')]);
    expect(refused.html).not.toContain(privateJwk.d);
    expect(world.log.join('\n')).not.toContain(privateJwk.d);
    expect(await keysOf()).toEqual([]);
  });

  test.each([
    ['bukan json', 'Ini bukan JWK'],
    ['{"keys":[]}', 'Ini bukan JWK'],
    ['{"kty":"oct","k":"x"}', 'kunci pribadi'],
    ['{"kty":"EC","crv":"P-256","x":"a","y":"b"}', 'terlalu lemah'],
    ['{"kty":"EC","use":"enc","crv":"P-256","x":"a","y":"b"}', 'bukan untuk tanda tangan'],
  ])('such as %s is refused with what to do', async (jwks, said) => {
    const refused = await page.fill({ jwks }).press('#add-keys');
    expect([refused.status, refused.text('#problems')]).toEqual([422, expect.stringContaining(said)]);
    expect(await keysOf()).toEqual([]);
  });
});

describe('who may', () => {
  test('nothing is there for somebody of another agency, and a form of theirs changes nothing', async () => {
    const other = await colleague(world, `lain-${count}@contoh.id`, { 'badan-pendapatan-daerah': ['owner'] });
    const { page: theirs } = await openConsole(world, other, { at: `/console/apps/${clientId}/keys` });
    expect([theirs.status, theirs.text('#error-code')]).toEqual([404, 'not_here']);
  });

  test('an auditor of the agency is told that the role does not allow it', async () => {
    const auditor = await colleague(world, `auditor-${count}@contoh.id`, { [agencyId]: ['auditor'] });
    const { page: theirs } = await openConsole(world, auditor, { at: `/console/apps/${clientId}/keys` });
    expect([theirs.status, theirs.text('#error-code')]).toEqual([403, 'role_required']);
  });
});

test('a contact gets its link again when it is asked for', async () => {
  const asked = await page.press('[data-contact] button');
  expect(asked.text()).toContain('Tautan konfirmasi dikirim.');
  expect((await world.message('tik@dinkes.contoh.go.id')).link).toContain('/contacts/confirm?token=');
  const again = await asked.press('[data-contact] button');
  expect(again.text()).toContain('baru saja mendapat tautan');
});
