/**
 * The shard rule, proven on plain PostgreSQL: with every sharded table partitioned by its shard, each statement of the
 * server must touch one partition only. What passes here runs unchanged on a cluster that is distributed by shard.
 */
import { readdir, readFile } from 'node:fs/promises';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compose, type Read, type Write } from '#src/base/coalescing.ts';
import { startOutbox } from '#src/jobs/outbox.ts';
import { startPurge, sweeps } from '#src/jobs/purge.ts';
import * as statements from '#src/oidc/statements.ts';
import { goThrough, signInto } from '#test/oidc/flows.ts';
import { passkeyCitizen, signInByPasskey } from '#test/races/crowd.ts';
import { SoftwareAuthenticator } from '#test/support/authenticator.ts';
import { allow, openWorld, signIn, type World } from '#test/support/world.ts';

const PARTITIONS = 4;

let world: World;
let client: pg.Client;
let sharded: string[];

beforeAll(async () => {
  world = await openWorld({ settings: { RATE_LIMITS: 'on', COALESCE: 'off' } });
  client = new pg.Client({ connectionString: world.databaseUrl });
  await client.connect();
  sharded = await namesOf(`select c.relname as name from pg_class c join pg_attribute a on a.attrelid = c.oid
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
      and a.attname = 'shard' order by 1`);
  await partition();
  await client.query('set plan_cache_mode = force_custom_plan');
});
afterAll(async () => {
  await client?.end();
  await world?.[Symbol.asyncDispose]();
});

async function namesOf(query: string): Promise<string[]> {
  return (await client.query<{ name: string }>(query)).rows.map(({ name }) => name);
}

/** Every sharded table becomes the same one in partitions, with its rows and foreign keys. */
async function partition(): Promise<void> {
  const { rows: keys } = await client.query<{ owner: string; name: string; definition: string }>(
    `select conrelid::regclass::text as owner, quote_ident(conname) as name, pg_get_constraintdef(oid) as definition
     from pg_constraint where contype = 'f' and conrelid::regclass::text = any($1)`,
    [sharded],
  );
  for (const { owner, name } of keys) await client.query(`alter table ${owner} drop constraint ${name}`);
  for (const table of sharded) {
    await client.query(`alter table ${table} rename to ${table}_before`);
    await client.query(`create table ${table} (like ${table}_before including all) partition by hash (shard)`);
    for (let i = 0; i < PARTITIONS; i += 1) {
      const place = `for values with (modulus ${PARTITIONS}, remainder ${i})`;
      await client.query(`create table ${table}_part_${i} partition of ${table} ${place}`);
    }
    await client.query(`insert into ${table} select * from ${table}_before`);
    await client.query(`drop table ${table}_before`);
  }
  for (const { owner, name, definition } of keys)
    await client.query(`alter table ${owner} add constraint ${name} ${definition}`);
}

const dummies: Readonly<Record<string, string>> = {
  smallint: '5',
  integer: '1',
  bigint: '1',
  boolean: 'true',
  uuid: `'00500000-0000-4000-8000-000000000000'`,
  bytea: `'\\x00'`,
  json: `'{}'`,
  jsonb: `'{}'`,
  'timestamp with time zone': `'2026-01-01'`,
};

/** The partitions that a statement touches, by their number. */
async function partitionsOf(text: string): Promise<Set<string>> {
  await client.query(`prepare probe as ${text}`);
  try {
    const { rows } = await client.query<{ types: string[] }>(
      `select parameter_types::text[] as types from pg_prepared_statements where name = 'probe'`,
    );
    const values = (rows[0]?.types ?? []).map((type) =>
      type.endsWith('[]') ? `array[${dummies[type.slice(0, -2)] ?? `'x'`}]::${type}` : (dummies[type] ?? `'x'`),
    );
    const call = values.length > 0 ? `probe(${values.join(', ')})` : 'probe';
    const plan = JSON.stringify((await client.query(`explain (format json, verbose off) execute ${call}`)).rows);
    return new Set([...plan.matchAll(/"Relation Name":"\w+_part_(\d)"/g)].map(([, part]) => part ?? ''));
  } finally {
    await client.query('deallocate probe');
  }
}

const usesShards = (text: string) =>
  sharded.some((table) => new RegExp(`\\b(from|into|update|join)\\s+${table}\\b`, 'i').test(text));

async function violations(texts: Iterable<string>): Promise<string[]> {
  const found: string[] = [];
  for (const text of texts) {
    const touched = await partitionsOf(text);
    if (touched.size > 1) found.push(text);
  }
  return found;
}

/** Every constant statement in the source; those that are put together at run time are heard in the journey. */
async function writtenStatements(): Promise<string[]> {
  const files = (await readdir('src', { recursive: true })).filter((name) => name.endsWith('.ts'));
  const sources = await Promise.all(files.map((name) => readFile(`src/${name}`, 'utf8')));
  const literals = sources.flatMap((source) => [
    ...[...source.matchAll(/`\s*((?:select|insert|update|delete|with)\s[^`]*)`/g)].map(([, text]) => text ?? ''),
    ...[...source.matchAll(/'((?:select|insert|update|delete|with)\s[^'\n]*)'/g)].map(([, text]) => text ?? ''),
  ]);
  // Those over `given` are parts of the ones that are put together.
  return [...new Set(literals)].filter((text) => !/\$\{|\bgiven\b/.test(text) && usesShards(text));
}

/** As it is sent for one row. */
function textOf(each: Read<unknown> | Write): string {
  return 'columns' in each
    ? compose([{ write: each, row: [] }], { guarded: false, distributed: true }).text
    : each.text;
}

test('a statement without its shard is noticed', async () => {
  expect(await violations(['select id from accounts where id = $1'])).toHaveLength(1);
  expect(await violations(['select id from accounts where shard = $1 and id = $2'])).toEqual([]);
});

test('each statement in the source stays in one partition', async () => {
  const texts = await writtenStatements();
  expect(texts.length).toBeGreaterThan(60);
  const engine = Object.values(statements).flatMap((each) =>
    typeof each === 'string' ? [each] : 'text' in each ? [textOf(each)] : [],
  );
  expect(engine.length).toBeGreaterThan(20);
  const made = [...engine, ...sweeps.flatMap(({ count, remove }) => [count, remove])];
  expect(await violations(new Set([...texts, ...made]))).toEqual([]);
});

test('each statement that is sent on the way through everything stays in one partition', async () => {
  world.statements.length = 0;
  await liveThroughEverything();
  const texts = [...new Set(world.statements)].filter(usesShards);
  expect(texts.length).toBeGreaterThan(50);
  expect(await violations(texts)).toEqual([]);
});

/** Sign-up, every way of signing in, consent, tokens, the account page, sign-out and the work behind it. */
async function liveThroughEverything(): Promise<void> {
  await world.declare({ client_id: 'berputar', rotate_refresh: true });
  const app = await world.app({ clientId: 'berputar', scope: 'openid profile offline_access' });
  const browser = world.browser();

  const asked = await (await browser.visit((await app.startSignIn()).url))
    .fill({ identifier: 'baru@contoh.id' })
    .press('#send-code');
  const named = await asked.fill({ code: (await world.message('baru@contoh.id')).code ?? '' }).press('#continue');
  const device = new SoftwareAuthenticator();
  const made = device.create(named.json('#passkey-options'), { origin: world.issuer });
  await allow(await named.fill({ name: 'Warga Baru', credential: JSON.stringify(made) }).press('#create-passkey'));

  const { tokens } = await signInto(app, browser, { prompt: 'consent' });
  const next = await app.refresh(tokens.refresh_token ?? '');
  await app.userinfo(next.access_token);
  await app.introspect(next.access_token);
  const pushing = await world.app({ clientId: 'berputar', par: true });
  await goThrough(browser, (await pushing.startSignIn()).url);
  const account = await signInByPasskey(await browser.visit(`${world.issuer}/account/confirm`), device);
  const second = new SoftwareAuthenticator().create(account.json('#passkey-options'), { origin: world.issuer });
  const added = await account.fill({ credential: JSON.stringify(second) }).press('#add-passkey');
  await added.press('[data-passkey] button').catch(() => undefined);
  await app.revoke(next.access_token);
  await signInto(app, browser, { prompt: 'consent' });
  const page = await browser.visit(`${world.issuer}/account`);
  await page.press('[data-client=berputar] .disconnect');
  await (await browser.visit(`${world.issuer}/logout`)).press('#logout-yes');

  const byPassword = world.browser();
  const wrong = await (await byPassword.visit((await app.startSignIn()).url))
    .fill({ identifier: 'siti@contoh.id', password: 'salah sekali' })
    .press('#sign-in');
  await signIn(wrong);
  const { tokens: replayed } = await signInto(app, byPassword, { prompt: 'consent' });
  await app.refresh(replayed.refresh_token ?? '');
  await app.refresh(replayed.refresh_token ?? '').catch(() => undefined);
  const switched = await signIn(
    await byPassword.visit((await app.startSignIn({ prompt: 'login' })).url),
    'wayan@contoh.id',
  );
  if (switched.status !== 0 && switched.has('form')) await switched.submit();

  const codeless = await (await world.browser().visit((await app.startSignIn()).url))
    .fill({ identifier: 'dewi@contoh.id' })
    .press('#send-code');
  await allow(await codeless.fill({ code: (await world.message('dewi@contoh.id')).code ?? '' }).press('#continue'));
  await passkeyCitizen(world, 'lain@contoh.id');
  await world.browser().visit(`${world.issuer}/sandbox/outbox`);

  const purge = startPurge(world.house);
  await purge.purgeNow();
  await purge.stop();
  const outbox = startOutbox(world.house);
  await outbox.deliverDue();
  await outbox.stop();
}
