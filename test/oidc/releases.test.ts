/** Every hand-over of claims is on the record that its person reads (`src/oidc/releases.ts`). */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Transaction } from '#src/base/database.ts';
import { dayOf } from '#src/base/epoch.ts';
import { keepMonths } from '#src/base/partitions.ts';
import { shardOf } from '#src/base/secrets.ts';
import { listPermissions } from '#src/consents/permissions.ts';
import { forgetReleases, listReleases, type Release } from '#src/consents/releases.ts';
import { monthlyTables } from '#src/jobs/partitions.ts';
import { findAccountId, parseIdentifier } from '#src/people/identifiers.ts';
import { readClaimReleases } from '#src/registry/release-counts.ts';
import { answerOf, ask, basic, curious, everyScope, goThrough, signInto } from '#test/oidc/flows.ts';
import { eventually } from '#test/support/eventually.ts';
import { testMasterKey } from '#test/support/master-key.ts';
import { startProcess } from '#test/support/server-process.ts';
import { openWorld, secretOf, signIn, type World } from '#test/support/world.ts';

let world: World;
let budi: string;

beforeAll(async () => {
  world = await openWorld();
  // Processes that are started here would make them while others write.
  await keepMonths(world.databaseUrl, monthlyTables(world.house.config));
  budi = await accountOf('budi@contoh.id');
  await world.declare(
    ...['ingin-tahu', 'setiap-hari', 'bertahap', 'beramai', 'sekali', 'mati-lampu', 'berubah', 'dihapus'].map((id) =>
      curious(id, { rotate_refresh: id === 'beramai' ? false : undefined }),
    ),
    curious('bertanda-tangan', { userinfo_signed_response_alg: 'ES256' }),
  );
});
afterAll(() => world?.[Symbol.asyncDispose]());

async function accountOf(address: string): Promise<string> {
  const identifier = parseIdentifier(address);
  return (identifier && (await findAccountId(world.database, world.house.secrets, identifier))) ?? '';
}

/** What is on record of an account, the latest first, late notes included. */
async function releasesOf(accountId: string, clientId?: string): Promise<Release[]> {
  await world.database.settle();
  return listReleases(world.database, world.house.secrets, accountId, { clientId, limit: 100 });
}

async function kindsOf(accountId: string, clientId: string): Promise<Record<string, number>> {
  const releases = await releasesOf(accountId, clientId);
  expect(new Set(releases.map(({ kind }) => kind)).size, 'one row of each kind').toBe(releases.length);
  return Object.fromEntries(releases.map(({ kind, reads }) => [kind, reads]));
}

test('a code exchange puts on record what its tokens make readable, and who, when and from where', async () => {
  const app = await world.app({ clientId: 'ingin-tahu', scope: 'openid email' });
  const before = new Date();
  await signInto(app, world.browser(), { prompt: 'consent' }, 'budi@contoh.id');
  const [release, ...others] = await releasesOf(budi, 'ingin-tahu');
  expect(others).toEqual([]);
  expect(release).toMatchObject({
    ...{ kind: 'code', clientId: 'ingin-tahu', network: '127.0.0.0/24', reads: 1 },
    claims: ['email', 'email_verified'],
    terms: (await listPermissions(world.database, budi, { clientId: 'ingin-tahu', limit: 9 })).map(
      (each) => each.terms.id,
    ),
  });
  expect(release?.terms).toHaveLength(1);
  expect(release?.at.getTime()).toBeGreaterThanOrEqual(before.getTime());
});

test('userinfo, refreshing and introspection are one row a day each, counted', async () => {
  const app = await world.app({ clientId: 'setiap-hari', scope: everyScope });
  const { tokens } = await signInto(app, world.browser(), { prompt: 'consent' }, 'budi@contoh.id');
  for (let i = 0; i < 3; i += 1) {
    await app.userinfo(tokens.access_token);
    await app.introspect(tokens.access_token);
    await app.refresh(tokens.refresh_token ?? '');
  }
  expect(await kindsOf(budi, 'setiap-hari')).toEqual({ code: 1, refresh: 3, userinfo: 3, introspection: 3 });
});

test('what was not allowed is not on record; what the ID token brings by name is, and what userinfo has given', async () => {
  const app = await world.app({ clientId: 'bertahap', scope: 'openid email' });
  const claims = JSON.stringify({ id_token: { name: null }, userinfo: { birthdate: null, gender: null } });
  const attempt = await app.startSignIn({ prompt: 'consent', claims });
  const page = await (await world.browser().visit(attempt.url))
    .fill({ identifier: 'budi@contoh.id', password: 'lawang-sandbox' })
    .press('#sign-in');
  for (const claim of ['email', 'birthdate']) page.tick('claim', claim);
  const tokens = await app.finishSignIn(attempt, await page.press('#consent-allow'));
  const read = await app.userinfo(tokens.access_token);
  const of = new Map((await releasesOf(budi, 'bertahap')).map(({ kind, claims: names }) => [kind, names]));
  expect(of.get('code')?.toSorted()).toEqual(['birthdate', 'email', 'name']);
  expect(of.get('userinfo')?.toSorted()).toEqual(['birthdate', 'email']);
  expect(Object.keys(read).toSorted()).toEqual(['birthdate', 'email', 'sub']);
  const counts = await readClaimReleases(world.database, 'bertahap', { since: dayOf(new Date()) });
  expect(Object.fromEntries(counts)).toEqual({ name: 1, email: 1, birthdate: 1 });
});

test('a declaration that changes is the text behind what is handed over from then on, also in the same session', async () => {
  const app = await world.app({ clientId: 'ingin-tahu', scope: 'openid email' });
  const browser = world.browser();
  await signInto(app, browser, { prompt: 'consent' }, 'budi@contoh.id');
  await world.declare(curious('ingin-tahu', { purpose: 'Menguji lain.' }));
  await signInto(app, browser, { prompt: 'consent' }, 'budi@contoh.id');
  const [now, before] = await releasesOf(budi, 'ingin-tahu');
  const [consent] = await listPermissions(world.database, budi, { clientId: 'ingin-tahu', limit: 1 });
  expect(now?.terms).toEqual([consent?.terms.id]);
  expect(now?.terms).not.toEqual(before?.terms);
});

test('a signed answer of userinfo is read like a plain one', async () => {
  const app = await world.app({ clientId: 'bertanda-tangan', scope: 'openid phone' });
  const { tokens } = await signInto(app, world.browser(), { prompt: 'consent' }, 'budi@contoh.id');
  await ask(`${world.issuer}/userinfo`, { headers: { authorization: `Bearer ${tokens.access_token}` } });
  const userinfo = (await releasesOf(budi, 'bertanda-tangan')).find(({ kind }) => kind === 'userinfo');
  expect(userinfo?.claims).toEqual(['phone_number', 'phone_number_verified']);
});

test('a refused request, a machine and the own pages release nothing', async () => {
  const siti = await accountOf('siti@contoh.id');
  await goThrough(world.browser(), `${world.issuer}/account`, 'siti@contoh.id');
  const headers = basic('mesin-data', secretOf('mesin-data'));
  await ask(`${world.issuer}/token`, { form: { grant_type: 'client_credentials' }, headers });
  await ask(`${world.issuer}/userinfo`, { headers: { authorization: 'Bearer none' } });
  expect(await releasesOf(siti)).toEqual([]);
});

test('neither app nor claims nor network can be read in the database', async () => {
  const rows = await world.database.query<{ row: string }>('select t::text as row from releases t');
  const dump = rows.map(({ row }) => row).join('\n');
  expect(rows.length).toBeGreaterThan(5);
  for (const secret of ['ingin-tahu', 'setiap-hari', 'birthdate', 'email', '127.0.0.0'])
    for (const written of [secret, Buffer.from(secret).toString('hex')]) expect(dump).not.toContain(written);
  const apps = await world.database.query<{ app: string; people: number }>(
    'select app, count(distinct account_id)::integer as people from releases group by app having count(distinct account_id) > 1',
  );
  expect(apps, 'the same app is another hash in every account').toEqual([]);
});

describe('many at once', () => {
  test('of one code redeemed twenty times one row is left, if any', async () => {
    const app = await world.app({ clientId: 'sekali', scope: 'openid profile' });
    const attempt = await app.startSignIn({ prompt: 'consent' });
    const code = answerOf(await goThrough(world.browser(), attempt.url, 'budi@contoh.id')).get('code') ?? '';
    const tries = await Promise.allSettled(Array.from({ length: 20 }, () => app.redeem(code, attempt.codeVerifier)));
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await kindsOf(budi, 'sekali')).toEqual({ code: 1 });
  });

  test('two processes count into the same row, and none is lost', async () => {
    await using other = await world.startServer();
    const app = await world.app({ clientId: 'beramai', scope: everyScope });
    const { tokens } = await signInto(app, world.browser(), { prompt: 'consent' }, 'budi@contoh.id');
    const form = { grant_type: 'refresh_token', refresh_token: tokens.refresh_token ?? '' };
    const headers = basic('beramai', secretOf('beramai'));
    const bearer = { authorization: `Bearer ${tokens.access_token}` };
    const servers = [world.issuer, `http://127.0.0.1:${other.port}`];
    const said = await Promise.all(
      servers.flatMap((server) =>
        Array.from({ length: 10 }, () => [
          ask(`${server}/token`, { form, headers }),
          ask(`${server}/userinfo`, { headers: bearer }),
        ]).flat(),
      ),
    );
    expect(new Set(said.map(({ status }) => status))).toEqual(new Set([200]));
    await other.house.database.settle();
    expect(await kindsOf(budi, 'beramai')).toEqual({ code: 1, refresh: 20, userinfo: 20 });
  });
});

test('a process that is killed at once has put on record what it gave', async () => {
  await using process_ = await startProcess({
    ...{ DATABASE_URL: world.databaseUrl, ISSUER: world.issuer, MASTER_KEYS: testMasterKey.toString('base64') },
  });
  const app = await world.app({ clientId: 'mati-lampu', scope: 'openid email' });
  const attempt = await app.startSignIn({ prompt: 'consent' });
  const code = answerOf(await goThrough(world.browser(), attempt.url, 'budi@contoh.id')).get('code') ?? '';
  const form = {
    ...{ grant_type: 'authorization_code', code, redirect_uri: app.redirectUri },
    code_verifier: attempt.codeVerifier,
  };
  const origin = `http://127.0.0.1:${process_.port}`;
  const { body } = await ask(`${origin}/token`, { form, headers: basic('mati-lampu', secretOf('mati-lampu')) });
  const authorization = `Bearer ${JSON.parse(body).access_token}`;
  const read = await ask(`${origin}/userinfo`, { headers: { authorization } });
  process.kill(process_.pid, 'SIGKILL');
  const readable = (await releasesOf(budi, 'mati-lampu')).flatMap(({ claims }) => claims);
  const was = Object.keys(JSON.parse(read.body)).filter((claim) => claim !== 'sub');
  expect(was).toContain('email');
  for (const claim of was) expect(readable).toContain(claim);
});

describe('a process that is killed right after an answer which no token on record foresees has put it on record', () => {
  const machineUri = 'https://mesin-data.contoh.go.id/';
  const killedAfter = async (path: string, how: Parameters<typeof ask>[1]) => {
    await using process_ = await startProcess({
      ...{ DATABASE_URL: world.databaseUrl, ISSUER: world.issuer, MASTER_KEYS: testMasterKey.toString('base64') },
    });
    const answer = await ask(`http://127.0.0.1:${process_.port}${path}`, how);
    process.kill(process_.pid, 'SIGKILL');
    return JSON.parse(answer.body);
  };

  test('a resource server asks about a token that was made for another app', async () => {
    const app = await world.app({ clientId: 'mati-lampu', scope: 'openid' });
    const attempt = await app.startSignIn({ prompt: 'consent', resource: machineUri });
    const code = answerOf(await goThrough(world.browser(), attempt.url, 'budi@contoh.id')).get('code') ?? '';
    const { access_token: token } = await app.redeem(code, attempt.codeVerifier, { resource: machineUri });
    const headers = basic('mesin-data', secretOf('mesin-data'));
    expect(await killedAfter('/introspect', { form: { token }, headers })).toMatchObject({ active: true });
    expect(await kindsOf(budi, 'mesin-data')).toEqual({ introspection: 1 });
    const machine = await world.app({ clientId: 'mesin-data' });
    const sent = await world.sentFor(async () => {
      for (let n = 0; n < 3; n += 1) await machine.introspect(token);
    });
    const noted = sent.filter(({ text }) => text.includes('insert into releases'));
    expect(
      noted.map(({ isLate }) => isLate),
      'the first one waits, the others are counted late',
    ).toEqual([false, true]);
    expect(await kindsOf(budi, 'mesin-data')).toEqual({ introspection: 4 });
  });

  test('an app reads by a token from before it declared what it declares now', async () => {
    const app = await world.app({ clientId: 'berubah', scope: 'openid email' });
    const { tokens } = await signInto(app, world.browser(), { prompt: 'consent' }, 'budi@contoh.id');
    await world.declare(curious('berubah', { purpose: 'Menguji yang baru.' }));
    const headers = { authorization: `Bearer ${tokens.access_token}` };
    expect(await killedAfter('/userinfo', { headers })).toHaveProperty('email');
    expect(await kindsOf(budi, 'berubah')).toEqual({ code: 1, userinfo: 1 });
  });
});

/** What is on record of userinfo after it was read while somebody held the account, and did `work` to it. */
async function notedAfter(address: string, work: (tx: Transaction, id: string) => Promise<unknown>) {
  const id = await world.citizen(address, { password: 'lawang-sandbox' });
  const app = await world.app({ clientId: 'dihapus', scope: 'openid email' });
  const attempt = await app.startSignIn({ prompt: 'consent' });
  const arrived = await signIn(await world.browser().visit(attempt.url), address);
  const { access_token } = await app.finishSignIn(attempt, arrived);
  const waiting = `select count(*)::integer as waiting from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock'`;
  let noted: Promise<void> | undefined;
  await world.database.transaction(async (tx) => {
    const key = [shardOf(id), id];
    await tx.first('select id from accounts where shard = $1 and id = $2 for update', key);
    await app.userinfo(access_token);
    noted = world.database.settle();
    await eventually(async () => expect(await world.database.first(waiting)).toEqual({ waiting: 1 }));
    await work(tx, id);
  });
  await noted;
  return world.database.query('select kind, reads from releases where shard = $1 and account_id = $2 order by kind', [
    shardOf(id),
    id,
  ]);
}

test('what was read of an account that is being erased is not noted after it, whoever is faster', async () => {
  const erase = async (tx: Transaction, id: string) => {
    await tx.execute('delete from accounts where shard = $1 and id = $2', [shardOf(id), id]);
    await forgetReleases(tx, id);
  };
  expect(await notedAfter('pergi@contoh.id', erase)).toEqual([]);
});

test('what was read of an account while something else of it changed is noted all the same', async () => {
  const change = (tx: Transaction, id: string) =>
    tx.execute("update accounts set language = 'en' where shard = $1 and id = $2", [shardOf(id), id]);
  expect(await notedAfter('berubah-juga@contoh.id', change)).toEqual([
    { kind: 'code', reads: 1 },
    { kind: 'userinfo', reads: 1 },
  ]);
});
