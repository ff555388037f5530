/** What the conformance suite asks of an OP for Back-Channel Logout, and what its modules leave open of the standard. */
import { createRemoteJWKSet, decodeJwt, type JWTPayload, jwtVerify } from 'jose';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startAppNotices } from '#src/jobs/app-notices.ts';
import { endClientSessions, endEverySession } from '#src/oidc/session-ends.ts';
import { ask, claimsOf, signInto } from '#test/oidc/flows.ts';
import type { BrowserAgent } from '#test/support/browser-agent.ts';
import { answering, ListeningApp } from '#test/support/listening-app.ts';
import { turnsNow } from '#test/support/turns.ts';
import { openWorld, type World } from '#test/support/world.ts';

const logoutEvent = 'http://schemas.openid.net/event/backchannel-logout';

describe('plan Back-Channel RP-Initiated Logout OP', () => {
  let world: World;
  let app: ListeningApp;

  beforeAll(async () => {
    world = await openWorld();
  });
  afterAll(() => world?.[Symbol.asyncDispose]());

  beforeEach(async () => {
    app = await ListeningApp.open();
    await world.database.execute('delete from outbox');
  });
  afterEach(() => app[Symbol.asyncDispose]());

  let declared = 0;

  /** An app that hears of sign-outs here. */
  async function declare(more: Record<string, unknown> = {}): Promise<string> {
    declared += 1;
    const client_id = `keluar-${declared}`;
    await world.declare({ client_id, backchannel_logout_uri: `${app.origin}/keluar`, ...more });
    return client_id;
  }

  async function signIn(clientId: string, browser: BrowserAgent = world.browser(), who = 'siti@contoh.id') {
    const party = await world.app({ clientId, redirectUri: 'http://localhost:3001/callback' });
    const { tokens } = await signInto(party, browser, {}, who);
    return { browser, idToken: tokens.id_token ?? '', claims: claimsOf(tokens.id_token ?? '') };
  }

  /** Delivers what is due, and verifies what has arrived as an app would (Back-Channel Logout 1.0 §2.6). */
  async function delivered(clientId: string): Promise<JWTPayload[]> {
    const { database, secrets, log, keys, config } = world.house;
    const work = startAppNotices(
      { database, secrets, log, keys, config },
      { everyMs: 1_000_000_000, patienceMs: 600_000 },
    );
    await work.deliverDue();
    await work.stop();
    const keySet = createRemoteJWKSet(new URL(`${world.issuer}/jwks`));
    const expected = { issuer: world.issuer, audience: clientId, typ: 'logout+jwt', algorithms: ['ES256'] };
    const tokens = app.logoutTokens.filter((token) => decodeJwt(token).aud === clientId);
    const verified = await Promise.all(tokens.map((token) => jwtVerify(token, keySet, expected)));
    return verified.map(({ payload }) => payload);
  }

  const signOut = async (browser: BrowserAgent, idToken: string, button = '#logout-yes') =>
    (await browser.visit(`${world.issuer}/logout?id_token_hint=${idToken}`)).press(button);

  test('oidcc-backchannel-logout-discovery-endpoint-verification: it is supported, with sessions', async () => {
    const { json } = await ask(`${world.issuer}/.well-known/openid-configuration`);
    expect(json).toMatchObject({ backchannel_logout_supported: true, backchannel_logout_session_supported: true });
  });

  test.each([false, true])('oidcc-backchannel-rp-initiated-logout (session required: %s)', async (required) => {
    const clientId = await declare({ backchannel_logout_session_required: required });
    const { browser, idToken, claims } = await signIn(clientId);
    expect(claims.sid).toMatch(/^[\w-]{20,}$/);
    await signOut(browser, idToken);
    const [payload, ...others] = await delivered(clientId);
    expect(others).toEqual([]);
    // §2.4: no nonce, and nothing that would make it an ID token.
    expect(payload).toEqual({
      ...{ iss: world.issuer, aud: clientId, sub: claims.sub, sid: claims.sid, events: { [logoutEvent]: {} } },
      ...{ iat: expect.any(Number), exp: expect.any(Number), jti: expect.stringMatching(/^[\w-]{20,}$/) },
    });
    expect(app.received[0]).toMatchObject({ method: 'POST', type: 'application/x-www-form-urlencoded' });
  });

  test('whoever signs out waits for no app', async () => {
    app.answer = () => undefined;
    const clientId = await declare();
    const { browser, idToken } = await signIn(clientId);
    const begun = turnsNow();
    expect((await signOut(browser, idToken)).has('#logout-done')).toBe(true);
    expect(turnsNow() - begun).toBeLessThan(4_000);
    expect(app.received).toEqual([]);
  });

  test('every app of the session is told, each by a name and a session of its own, and no other', async () => {
    const [one, other, third] = [await declare(), await declare(), await declare()];
    const browser = world.browser();
    const first = await signIn(one, browser);
    const second = await signIn(other, browser);
    // The same person, elsewhere.
    await signIn(third);
    await signOut(browser, second.idToken);
    const [[toOne], [toOther], toThird] = [await delivered(one), await delivered(other), await delivered(third)];
    expect([toOne?.sid, toOther?.sid]).toEqual([first.claims.sid, second.claims.sid]);
    expect(toOne?.sid).not.toBe(toOther?.sid);
    expect(toOne?.jti).not.toBe(toOther?.jti);
    expect(toThird).toEqual([]);
  });

  test('who answers "no" is signed out of the asking app alone', async () => {
    const [asking, staying] = [await declare(), await declare()];
    const browser = world.browser();
    await signIn(staying, browser);
    const { idToken, claims } = await signIn(asking, browser);
    await signOut(browser, idToken, '#logout-no');
    expect(await delivered(asking)).toMatchObject([{ sid: claims.sid }]);
    expect(await delivered(staying)).toEqual([]);
  });

  test('an app without an address has no sid and is told nothing', async () => {
    await world.declare({ client_id: 'tanpa-alamat' });
    const { browser, idToken, claims } = await signIn('tanpa-alamat');
    expect(claims).not.toHaveProperty('sid');
    await signOut(browser, idToken);
    expect(await world.database.query(`select 1 from outbox where channel = 'logout'`)).toEqual([]);
  });

  test('the session keeps its sid at the app however often it is opened; another session has another', async () => {
    const clientId = await declare();
    const browser = world.browser();
    const first = await signIn(clientId, browser);
    expect((await signIn(clientId, browser)).claims.sid).toBe(first.claims.sid);
    expect((await signIn(clientId)).claims.sid).not.toBe(first.claims.sid);
  });

  test('a session that its owner ends on the account page is told with its sid, and the others are not', async () => {
    const clientId = await declare();
    const here = world.browser();
    const elsewhere = await signIn(clientId);
    const { claims } = await signIn(clientId, here);
    await (await here.visit(`${world.issuer}/account`)).press('#end-other-sessions');
    const told = await delivered(clientId);
    expect(told.map(({ sid }) => sid)).toContain(elsewhere.claims.sid);
    expect(told.map(({ sid }) => sid)).not.toContain(claims.sid);
  });

  test('an operator who ends one app’s sessions, or all, has the apps told', async () => {
    const [one, other] = [await declare(), await declare()];
    const browser = world.browser();
    const first = await signIn(one, browser);
    const second = await signIn(other, browser);
    const { database, secrets } = world.house;
    await endClientSessions(database, secrets, one);
    expect(await delivered(one)).toMatchObject([{ sid: first.claims.sid }]);
    expect(await delivered(other)).toEqual([]);
    await endEverySession(database, secrets);
    expect(await delivered(other)).toMatchObject([{ sid: second.claims.sid }]);
  });

  test('400 is the app’s word that it wants no such token (§2.8): it is not sent again', async () => {
    app.answer = answering(400);
    const clientId = await declare();
    const { browser, idToken } = await signIn(clientId);
    await signOut(browser, idToken);
    await delivered(clientId);
    const rows = await world.database.query(
      `select next_attempt_at, delivered_at, answer from outbox where channel = 'logout'`,
    );
    expect(rows).toEqual([{ next_attempt_at: null, delivered_at: null, answer: '400' }]);
  });
});
