/** What each check of an app sees, of servers and names outside that a test makes up. */
import { createRemoteJWKSet, decodeJwt, decodeProtectedHeader, exportJWK, generateKeyPair, jwtVerify } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { CheckName, CheckProblem } from '#src/registry/checks/check.ts';
import {
  claimDueRuns,
  claimRun,
  claimTelling,
  enrolLiveClients,
  finishRun,
  listFindings,
  saveFindings,
} from '#src/registry/checks/findings.ts';
import { lostHosts } from '#src/registry/checks/hosts.ts';
import { createLookout } from '#src/registry/checks/lookout.ts';
import { areGreen, dailyChecks, runChecks } from '#src/registry/checks/run.ts';
import { type ClientRecord, findClient } from '#src/registry/clients.ts';
import { carrySignIn } from '#src/registry/uses.ts';
import { race } from '#test/races/crowd.ts';
import { type Outside, type OutsideHost, type OutsidePage, openOutside } from '#test/support/outside.ts';
import { openWorld, type World } from '#test/support/world.ts';

const DAY = 86_400_000;
const host = 'antrean.contoh.go.id';

let world: World;
let outside: Outside;
/** An app whose every address is at {@link host}. */
let app: ClientRecord;

beforeAll(async () => {
  world = await openWorld();
  outside = await openOutside();
  await world.declare({ client_id: 'antrean' });
  const declared = await findClient(world.database, 'antrean');
  if (!declared) throw new Error('no app');
  app = {
    ...declared,
    redirectUris: [outside.at(host, '/callback')],
    postLogoutRedirectUris: [],
    homeUri: outside.at(host, '/'),
    policyUri: outside.at(host, '/privasi'),
  };
});
afterAll(async () => {
  await outside?.[Symbol.asyncDispose]();
  await world?.[Symbol.asyncDispose]();
});
beforeEach(() => {
  for (const name of Object.keys(outside.hosts)) delete outside.hosts[name];
  outside.hosts[host] = well;
  outside.asked.length = 0;
});

const well: OutsideHost = { pages: { '/': {}, '/privasi': {} } };

function toolsOf(intranet: readonly string[] = outside.intranet) {
  const lookout = createLookout(intranet, outside.names);
  return { db: world.database, lookout, now: new Date(), issuer: world.issuer };
}

async function problemsOf(name: CheckName, changes: Partial<ClientRecord> = {}): Promise<readonly CheckProblem[]> {
  const [finding] = await runChecks({ ...app, ...changes }, toolsOf(), [name]);
  if (finding?.outcome === 'skipped') throw new Error('it was skipped');
  return finding?.problems ?? [];
}

async function outcomeOf(name: CheckName, changes: Partial<ClientRecord> = {}): Promise<string | undefined> {
  const [finding] = await runChecks({ ...app, ...changes }, toolsOf(), [name]);
  return finding?.outcome;
}

describe('addresses', () => {
  test('are https and of a host for everybody', async () => {
    expect(await problemsOf('addresses')).toEqual([]);
    expect(
      await problemsOf('addresses', {
        redirectUris: ['http://localhost:3001/callback', 'https://*.contoh.go.id/callback'],
        homeUri: 'http://contoh.go.id/',
      }),
    ).toEqual([
      { code: 'address_not_https', about: 'http://localhost:3001/callback' },
      { code: 'address_wrong', about: 'https://*.contoh.go.id/callback' },
      { code: 'address_not_https', about: 'http://contoh.go.id/' },
    ]);
  });

  test('of a native app may be a scheme of its own, which has no host to look at', async () => {
    const native = { type: 'native', redirectUris: ['id.go.contoh.antrean:/callback'] } as const;
    expect(await problemsOf('addresses', native)).toEqual([]);
    const bare = { ...native, homeUri: undefined, policyUri: undefined };
    expect([await outcomeOf('hosts', bare), await outcomeOf('takeover', bare)]).toEqual(['skipped', 'skipped']);
  });
});

describe('hosts', () => {
  test('resolve, answer, and have a certificate that is right', async () => {
    expect(await problemsOf('hosts')).toEqual([]);
  });

  test.each([
    ['is gone', { fails: 'ENOTFOUND' }, 'host_unknown'],
    ['cannot be resolved right now', { fails: 'EAI_AGAIN' }, 'host_unresolved'],
    ['resolves to an address inside', { address: '10.1.2.3' }, 'host_inside'],
    ['resolves to the metadata of a cloud', { address: '169.254.169.254' }, 'host_inside'],
    ['has a certificate that nobody vouches for', { certificate: 'stranger' }, 'certificate_wrong'],
    ['has a certificate that is over', { certificate: { until: new Date(Date.now() - DAY) } }, 'certificate_wrong'],
  ] as const)('one %s', async (_what, there: OutsideHost, code) => {
    outside.hosts[host] = there;
    expect(await problemsOf('hosts')).toEqual([{ code, about: host }]);
  });

  test('whose certificate ends within ten days are named with the day', async () => {
    const until = new Date(Math.floor(Date.now() / 1000) * 1000 + 5 * DAY);
    outside.hosts[host] = { ...well, certificate: { until } };
    expect(await problemsOf('hosts')).toEqual([{ code: 'certificate_ends', about: host, at: until.toISOString() }]);
  });

  test('that do not answer are named', async () => {
    const closed = `https://${host}:1/callback`;
    expect(await problemsOf('hosts', { redirectUris: [closed] })).toEqual([{ code: 'host_silent', about: host }]);
  });

  test('inside are not asked unless their network is allowed', async () => {
    const [finding] = await runChecks(app, toolsOf([]), ['hosts']);
    expect(finding?.problems).toEqual([{ code: 'host_inside', about: host }]);
    await runChecks(app, toolsOf([]));
    expect(outside.asked).toEqual([]);
  });
});

describe('a host that somebody else may have or get', () => {
  test('stands for a name that is gone', async () => {
    outside.hosts[host] = { fails: 'ENOTFOUND', alias: 'antrean.hosting.contoh' };
    expect(await problemsOf('takeover')).toEqual([
      { code: 'host_dangling', about: host, said: 'antrean.hosting.contoh' },
    ]);
  });

  test('is answered by a hosting service that knows no such site', async () => {
    outside.hosts[host] = { pages: { '/': { status: 404, body: "<p>There isn't a GitHub Pages site here.</p>" } } };
    expect(await problemsOf('takeover')).toEqual([{ code: 'host_unclaimed', about: host, said: 'GitHub Pages' }]);
  });

  test('is none that merely has no page', async () => {
    outside.hosts[host] = {};
    expect(await problemsOf('takeover')).toEqual([]);
  });

  test('is lost where answers are sent to it, and not for what may pass', async () => {
    const lostIn = async (there: OutsideHost, changes: Partial<ClientRecord> = {}) => {
      outside.hosts[host] = there;
      const client = { ...app, ...changes };
      return lostHosts(client, await runChecks(client, toolsOf(), dailyChecks));
    };
    expect(await lostIn({ fails: 'ENOTFOUND' })).toEqual([host]);
    expect(await lostIn({ fails: 'ENOTFOUND', alias: 'hilang.contoh' })).toEqual([host]);
    expect(await lostIn({ fails: 'EAI_AGAIN' })).toEqual([]);
    expect(await lostIn({ certificate: 'stranger' })).toEqual([]);
    outside.hosts['lain.contoh.go.id'] = well;
    expect(await lostIn({ fails: 'ENOTFOUND' }, { redirectUris: [outside.at('lain.contoh.go.id')] })).toEqual([]);
  });
});

describe('pages', () => {
  test('of privacy answer with 200, also behind a redirect', async () => {
    expect(await problemsOf('privacy')).toEqual([]);
    outside.hosts[host] = { pages: { '/privasi': { status: 301, location: '/id/privasi' }, '/id/privasi': {} } };
    expect(await problemsOf('privacy')).toEqual([]);
    outside.hosts[host] = { pages: { '/privasi': { status: 403 } } };
    const about = outside.at(host, '/privasi');
    expect(await problemsOf('privacy')).toEqual([{ code: 'page_status', about, said: '403' }]);
    expect(await problemsOf('privacy', { policyUri: undefined })).toEqual([{ code: 'page_missing' }]);
  });

  test('are not followed to an address inside, to plain http, or in a circle', async () => {
    const about = outside.at(host, '/privasi');
    for (const location of [`http://${host}/`, 'https://10.0.0.1/', about]) {
      outside.hosts[host] = { pages: { '/privasi': { status: 302, location } } };
      expect(await problemsOf('privacy'), location).toHaveLength(1);
    }
  });

  test('at home answer at all; an app without one has nothing to check', async () => {
    expect(await problemsOf('home')).toEqual([]);
    outside.hosts[host] = { pages: { '/': { status: 502 } } };
    expect(await problemsOf('home')).toEqual([{ code: 'page_status', about: outside.at(host), said: '502' }]);
    expect(await outcomeOf('home', { homeUri: undefined })).toBe('skipped');
  });
});

describe('notices', () => {
  const keluar = () => outside.at(host, '/keluar');
  const heard = () => ({ backchannelLogoutUri: keluar(), eventUri: outside.at(host, '/peristiwa') });
  const serve = (logout: OutsidePage, event: OutsidePage = { status: 400 }) => {
    outside.hosts[host] = { pages: { '/keluar': logout, '/peristiwa': event } };
  };

  test('that are not genuine are refused at both addresses', async () => {
    const sent: string[] = [];
    const refuse = (body: string, type?: string) => {
      sent.push(`${type} ${body}`);
      return 400;
    };
    serve({ take: refuse }, { take: refuse });
    expect(await problemsOf('notices', heard())).toEqual([]);
    expect(await outcomeOf('notices')).toBe('skipped');
    const logouts = sent.filter((each) => each.startsWith('application/x-www-form-urlencoded logout_token='));
    const events = sent.filter((each) => each.startsWith('application/secevent+jwt ey'));
    expect([logouts.length, events.length]).toEqual([2, 2]);
    const keys = createRemoteJWKSet(new URL(`${world.issuer}/jwks`));
    for (const [typ, tokens] of [
      ['logout+jwt', logouts.map((each) => each.split('logout_token=')[1] ?? '')],
      ['secevent+jwt', events.map((each) => each.split(' ')[1] ?? '')],
    ] as const) {
      // In every word like ours: what is wrong with it is the signature alone.
      for (const token of tokens) {
        const { iat, exp } = decodeJwt(token);
        expect(decodeJwt(token)).toMatchObject({ iss: world.issuer, aud: 'antrean', jti: expect.any(String) });
        expect(exp).toBe(typ === 'logout+jwt' ? (iat ?? 0) + 120 : undefined);
        await expect(jwtVerify(token, keys)).rejects.toThrow();
      }
      const headers = tokens.map((token) => decodeProtectedHeader(token));
      expect(headers).toMatchObject([
        { alg: 'none', typ },
        { alg: 'ES256', typ },
      ]);
    }
  });

  test.each([
    ['takes whatever comes', { status: 200 }, { code: 'notices_forged', said: '200' }],
    ['takes it without a word', { status: 204 }, { code: 'notices_forged', said: '204' }],
    [
      'takes what anybody has signed',
      { take: (body: string) => (body.includes(unsigned) ? 400 : 200) },
      { code: 'notices_forged', said: '200' },
    ],
    [
      'takes what nobody has signed',
      { take: (body: string) => (body.includes(unsigned) ? 200 : 400) },
      { code: 'notices_forged', said: '200' },
    ],
    ['is not there', { status: 404 }, { code: 'notices_status', said: '404' }],
    ['knows no POST', { status: 405 }, { code: 'notices_status', said: '405' }],
    ['breaks', { status: 500 }, { code: 'notices_status', said: '500' }],
    ['leads to a sign-in page', { status: 302, location: '/masuk' }, { code: 'notices_status', said: '302' }],
    ['leads inside', { status: 307, location: 'https://10.0.0.1/' }, { code: 'notices_status', said: '307' }],
  ] as const)('an address that %s is found out', async (_what, there: OutsidePage, problem) => {
    serve(there);
    expect(await problemsOf('notices', heard())).toEqual([{ about: keluar(), ...problem }]);
    expect(outside.asked.filter((each) => !/\/(keluar|peristiwa)$/.test(each))).toEqual([]);
  });

  test('for events are refused as well', async () => {
    serve({ status: 400 }, { status: 202 });
    expect(await problemsOf('notices', heard())).toEqual([
      { code: 'notices_forged', about: heard().eventUri, said: '202' },
    ]);
  });

  test('are not heard where nobody answers, or not in time, or inside', async () => {
    const silent = (uri: string) => [{ code: 'notices_silent', about: uri }];
    const nowhere = outside.at('tidak-ada.contoh.go.id', '/keluar');
    expect(await problemsOf('notices', { backchannelLogoutUri: nowhere })).toEqual(silent(nowhere));
    serve({ take: () => undefined });
    expect(await problemsOf('notices', { backchannelLogoutUri: keluar() })).toEqual(silent(keluar()));
    outside.asked.length = 0;
    const [finding] = await runChecks({ ...app, backchannelLogoutUri: keluar() }, toolsOf([]), ['notices']);
    expect([finding?.problems, outside.asked]).toEqual([silent(keluar()), []]);
  });
});

/** How the head of a token that nobody has signed begins. */
const unsigned = Buffer.from('{"alg":"none"').toString('base64url').slice(0, -2);

describe('credentials', () => {
  const byKey = () => ({ tokenEndpointAuthMethod: 'private_key_jwt', jwksUri: outside.at(host, '/jwks') }) as const;

  test('that are keys are published, can be read and are strong', async () => {
    const serve = (body: string) => {
      outside.hosts[host] = { pages: { '/jwks': { body } } };
    };
    const { publicKey } = await generateKeyPair('ES256');
    const strong = await exportJWK(publicKey);
    serve(JSON.stringify({ keys: [strong] }));
    expect(await problemsOf('credentials', byKey())).toEqual([]);
    const about = outside.at(host, '/jwks');
    serve(JSON.stringify({ keys: [{ ...strong, d: 'x' }] }));
    expect(await problemsOf('credentials', byKey())).toEqual([{ code: 'keys_weak', about }]);
    serve('<html>');
    expect(await problemsOf('credentials', byKey())).toEqual([{ code: 'keys_unreadable', about }]);
    outside.hosts[host] = {};
    expect(await problemsOf('credentials', byKey())).toEqual([{ code: 'keys_silent', about }]);
  });

  test('that are secrets are there and do not end within a week', async () => {
    const secret = (expiresAt?: Date) => [{ id: 's', hash: Buffer.alloc(32), ...(expiresAt && { expiresAt }) }];
    expect(await problemsOf('credentials', { secrets: secret() })).toEqual([]);
    expect(await problemsOf('credentials', { secrets: [] })).toEqual([{ code: 'secret_missing' }]);
    expect(await problemsOf('credentials', { secrets: secret(new Date(0)) })).toEqual([{ code: 'secret_missing' }]);
    const soon = new Date(Date.now() + 3 * DAY);
    expect(await problemsOf('credentials', { secrets: secret(soon) })).toEqual([
      { code: 'secret_ends', at: soon.toISOString() },
    ]);
  });

  test('are none that a public client has', async () => {
    expect(await outcomeOf('credentials', { tokenEndpointAuthMethod: 'none' })).toBe('skipped');
  });
});

describe('a test sign-in', () => {
  const observe = (values: readonly unknown[]) =>
    world.database.execute(
      `insert into client_test_sign_ins (client_id, at, with_state, with_nonce, with_pkce, redeemed_at, complete_at)
       values ('antrean', $1, $2, $3, $4, $1, $5) on conflict (client_id) do update set at = excluded.at,
         with_state = excluded.with_state, with_nonce = excluded.with_nonce, with_pkce = excluded.with_pkce,
         complete_at = excluded.complete_at`,
      values,
    );

  test('was seen in the last seven days, with all that protects it', async () => {
    expect(await problemsOf('sign-in')).toEqual([{ code: 'sign_in_missing' }]);
    const now = new Date();
    await observe([now, true, false, false, null]);
    expect(await problemsOf('sign-in')).toEqual([{ code: 'sign_in_without_nonce' }, { code: 'sign_in_without_pkce' }]);
    await observe([now, true, true, true, now]);
    expect(await problemsOf('sign-in')).toEqual([]);
    const old = new Date(Date.now() - 8 * DAY);
    await observe([old, true, true, true, old]);
    expect(await problemsOf('sign-in')).toEqual([{ code: 'sign_in_old', at: old.toISOString() }]);
  });

  test('seen by a deployment that is trusted counts too, and takes nothing from what was seen here', async () => {
    const [old, recent] = [new Date(Date.now() - 8 * DAY), new Date(Date.now() - DAY)];
    const seen = { at: old, withState: true, withNonce: true, withPkce: true, completeAt: old };
    await observe([old, true, true, true, old]);
    await carrySignIn(world.database, 'antrean', { ...seen, completeAt: recent });
    expect(await problemsOf('sign-in')).toEqual([]);
    await carrySignIn(world.database, 'antrean', seen);
    expect(await problemsOf('sign-in')).toEqual([]);
  });

  test('of a machine is that it has proven itself', async () => {
    expect(await problemsOf('sign-in', { type: 'machine' })).toEqual([{ code: 'sign_in_missing' }]);
    await world.database.execute(
      `insert into client_credential_uses (client_id, credential, last_used_at) values ('antrean', 'secret:x', $1)`,
      [new Date()],
    );
    expect(await problemsOf('sign-in', { type: 'machine' })).toEqual([]);
  });
});

describe('what is declared', () => {
  test('names somebody technical, and every contact has confirmed', async () => {
    const contact = (role: string, confirmedAt: Date | null) =>
      world.database.execute(
        `insert into client_contacts (client_id, role, email, confirmed_at) values ('antrean', $1, $1 || '@contoh.go.id', $2)
         on conflict (client_id, role, email) do update set confirmed_at = excluded.confirmed_at`,
        [role, confirmedAt],
      );
    expect(await problemsOf('contacts')).toEqual([{ code: 'contact_missing', about: 'technical' }]);
    await contact('technical', new Date());
    await contact('privacy', null);
    expect(await problemsOf('contacts')).toEqual([{ code: 'contact_unconfirmed', about: 'privacy' }]);
    await contact('privacy', new Date());
    expect(await problemsOf('contacts')).toEqual([]);
  });

  test('says for each claim why, in both languages', async () => {
    expect(await problemsOf('purposes')).toEqual([]);
    const [first, ...others] = app.claims;
    if (!first) throw new Error('no claim');
    expect(await problemsOf('purposes', { claims: [{ ...first, purposeEn: ' x ' }, ...others] })).toEqual([
      { code: 'purpose_missing', about: first.claim },
    ]);
    expect(await outcomeOf('purposes', { claims: [] })).toBe('skipped');
  });

  test('names the law of each claim that is no choice', async () => {
    const [first, ...others] = app.claims;
    if (!first) throw new Error('no claim');
    const missing = [{ code: 'law_missing', about: first.claim }];
    for (const basis of [
      'contract',
      'legal_obligation',
      'vital_interest',
      'public_task',
      'legitimate_interest',
    ] as const) {
      const lawless = { ...first, basis, law: undefined };
      expect(await problemsOf('purposes', { claims: [lawless, ...others] })).toEqual(missing);
      expect(await problemsOf('purposes', { claims: [{ ...lawless, law: '  ' }, ...others] })).toEqual(missing);
      expect(await problemsOf('purposes', { claims: [{ ...lawless, law: 'UU 1/2020' }, ...others] })).toEqual([]);
    }
    expect(await problemsOf('purposes', { claims: [{ ...first, basis: 'consent', law: undefined }] })).toEqual([]);
  });
});

test('all of them look at each address once, and green means that every one has run', async () => {
  const findings = await runChecks(app, toolsOf());
  expect(new Set(outside.asked).size).toBe(outside.asked.length);
  const passed = findings.map((finding) => ({ ...finding, outcome: 'passed' as const }));
  expect(areGreen(passed)).toBe(true);
  expect(areGreen(passed.slice(1))).toBe(false);
  expect(areGreen(passed.map((each, i) => (i === 3 ? { ...each, outcome: 'skipped' } : each)))).toBe(true);
  expect(areGreen(passed.map((each, i) => (i === 3 ? { ...each, outcome: 'failed' } : each)))).toBe(false);
});

describe('findings', () => {
  const failed = (code: CheckProblem['code']) => [
    { name: 'home', outcome: 'failed', problems: [{ code, about: 'x' }] } as const,
  ];
  const passed = [{ name: 'home', outcome: 'passed', problems: [] } as const];
  const keep = (findings: Parameters<typeof saveFindings>[2], now: Date) =>
    saveFindings(world.database, 'antrean', findings, now);

  test('keep since when something fails, and are told once until it has passed', async () => {
    const [first, second, third] = [1, 2, 3].map((day) => new Date(Date.now() + day * DAY)) as [Date, Date, Date];
    await keep(failed('page_silent'), first);
    expect(await claimTelling(world.database, 'antrean', ['home'], first)).toEqual(['home']);
    await keep(failed('page_status'), second);
    expect(await claimTelling(world.database, 'antrean', ['home'], second)).toEqual([]);
    expect(await listFindings(world.database, 'antrean')).toEqual([
      { ...failed('page_status')[0], checkedAt: second, failingSince: first, toldAt: first },
    ]);
    await keep(passed, second);
    expect(await listFindings(world.database, 'antrean')).toMatchObject([
      { failingSince: undefined, toldAt: undefined },
    ]);
    await keep(failed('page_silent'), third);
    const { won: told } = await race(20, () => claimTelling(world.database, 'antrean', ['home'], third));
    expect(told.flat()).toEqual(['home']);
  });

  test('are looked for by one at a time, and not again at once', async () => {
    const now = new Date();
    const { won: claims } = await race(20, () => claimRun(world.database, 'antrean', now, 10_000));
    expect(claims.filter(Boolean)).toHaveLength(1);
    await finishRun(world.database, 'antrean', now, new Date(now.getTime() + DAY));
    const afterMs = (ms: number) => claimRun(world.database, 'antrean', new Date(now.getTime() + ms), 10_000);
    expect([await afterMs(9_000), await afterMs(11_000)]).toEqual([false, true]);
    // Whoever has claimed it and is gone holds nobody up for longer than a minute.
    expect([await afterMs(12_000), await afterMs(72_000)]).toEqual([false, true]);
  });

  test('of live apps are due at once and then when they say; several processes share them', async () => {
    await world.database.execute(`update clients set state = 'live' where id in ('antrean', 'puskesmas-online')`);
    const now = new Date(Date.now() + DAY);
    await finishRun(world.database, 'antrean', now, now);
    await enrolLiveClients(world.database, now);
    const { won: claimed } = await race(5, () => claimDueRuns(world.database, now, 1));
    const ids = claimed.flat();
    expect(ids.toSorted()).toEqual(['antrean', 'puskesmas-online']);
    await finishRun(world.database, 'antrean', now, new Date(now.getTime() + DAY));
    const later = new Date(now.getTime() + 11 * 60_000);
    expect(await claimDueRuns(world.database, later, 10)).toEqual(['puskesmas-online']);
    // One that is stopped leaves the queue, and comes back when it runs again.
    await world.database.execute(`update clients set state = 'suspended' where id = 'antrean'`);
    const queue = async (at: Date) => {
      await enrolLiveClients(world.database, at);
      const rows = await world.database.query<{ id: string }>('select client_id as id from client_check_runs');
      return rows.map(({ id }) => id).toSorted();
    };
    const muchLater = new Date(later.getTime() + 3 * DAY);
    expect(await queue(muchLater)).toEqual(['puskesmas-online']);
    await world.database.execute(`update clients set state = 'live' where id = 'antrean'`);
    expect(await queue(muchLater)).toEqual(['antrean', 'puskesmas-online']);
  });
});
