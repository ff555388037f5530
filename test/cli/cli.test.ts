import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { Database } from '#src/base/database.ts';
import { loadSecrets } from '#src/base/keys.ts';
import { createLog } from '#src/base/log.ts';
import { seedExampleCitizens } from '#src/people/example-citizens.ts';
import { ClientCache } from '#src/registry/client-cache.ts';
import { runLawang } from '#test/support/command-line.ts';
import { openMetadataService } from '#test/support/metadata.ts';
import { createDatabase, PATIENCE, type TestDatabase } from '#test/support/postgres.ts';

const registrations = fileURLToPath(new URL('../../clients/registrations/', import.meta.url));

let home: TestDatabase;
let directory: string;
let environment: Record<string, string>;
const master = randomBytes(32).toString('base64');

beforeAll(async () => {
  home = await createDatabase(inject('adminUrl'));
  directory = await mkdtemp(join(tmpdir(), 'lawang-cli-'));
  environment = { DATABASE_URL: home.url, DATA_DIR: directory, MASTER_KEYS: master };
});

afterAll(async () => {
  await home.drop();
  await rm(directory, { recursive: true, force: true });
});

/** Runs `lawang …` here and gives what it printed. */
function lawang(line: string, changes: Record<string, string> = {}) {
  return runLawang(line, { ...environment, ...changes });
}

async function json(line: string, changes?: Record<string, string>) {
  const { code, out, err } = await lawang(`${line} --json`, changes);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return JSON.parse(out);
}

describe('what was typed', () => {
  test.each([
    ['', 'Which command?'],
    ['clinets list', 'lawang clinets list: there is no such command. Did you mean "lawang clients list"?'],
    ['clients lst', 'Did you mean "lawang clients list"?'],
    ['sevre', 'Did you mean "lawang serve"?'],
    ['hlep', 'Did you mean "lawang help"?'],
    ['clients', 'lawang clients: what of it?'],
    ['constructor', 'lawang constructor: there is no such command.'],
    ['--version', 'lawang --version: there is no such command.'],
    ['migrate stauts', 'Did you mean "lawang migrate status"?'],
    ['config --jsno', 'lawang config: there is no option --jsno. Did you mean --json?'],
    ['doctor -x', 'lawang doctor: there is no option -x.'],
    ['serve --json', 'lawang serve: there is no option --json.'],
    ['clients show', 'lawang clients show: ID is missing.'],
    ['clients show a b', 'lawang clients show: "b" is too much.'],
    ['clients apply', 'lawang clients apply: FILE… is missing.'],
    ['clients list --agency', "lawang clients list: Option '--agency <value>' argument missing"],
    ['clients list --json=yes', 'lawang clients list:'],
    ['help nothing', 'lawang nothing: there is no such command.'],
    ['keys rotat', 'Did you mean "lawang keys rotate"?'],
    ['keys revoke', 'lawang keys revoke: ID is missing.'],
  ])('"lawang %s" is answered with the usage, and exit code 2', async (line, sentence) => {
    const { code, out, err } = await lawang(line);
    expect(code).toBe(2);
    expect(out).toBe('');
    expect(err).toContain(sentence);
    expect(err).toMatch(/Usage:|lawang COMMAND/);
  });

  test.each([
    ['help', 'lawang COMMAND'],
    ['--help', 'lawang COMMAND'],
    ['help clients', 'lawang clients apply FILE… [--reason TEXT] [--prune]'],
    ['help clients list', 'lawang clients list [--agency ID] [--json]'],
    ['clients list --help', 'lawang clients list [--agency ID] [--json]'],
    ['migrate -h', 'lawang migrate status [--json]'],
  ])('"lawang %s" is answered on standard output', async (line, text) => {
    const { code, out, err } = await lawang(line);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain(text);
  });
});

describe('config', () => {
  test('shows every setting in force and hides the secrets', async () => {
    const { out } = await lawang('config');
    expect(out).toMatch(/^ISSUER +http:\/\/localhost:3000$/m);
    expect(out).toMatch(/^MASTER_KEYS +\(set, hidden\)$/m);
    expect(out).not.toContain(master);
    expect((await json('config')).PORT).toBe('3000');
  });

  test('check reports every mistake, each on a line', async () => {
    const { code, err } = await lawang('config check', { PORT: 'many', LOG_LEVEL: 'loud' });
    expect(code).toBe(1);
    expect(err).toMatch(/- PORT: expected.*\n.*- LOG_LEVEL: expected/);
    expect(await json('config check')).toEqual({ ok: true, mode: 'sandbox' });
  });
});

describe('on a database', () => {
  test('before anything: a sentence, no stack', async () => {
    expect(await lawang('clients list')).toMatchObject({
      code: 1,
      out: '',
      err: 'The database has no such table yet: run "lawang migrate" first.\n',
    });
    const { code, out } = await lawang('doctor');
    expect(code).toBe(1);
    expect(out).toMatch(/fail +migrations +\d+ missing: run "lawang migrate"/);
  });

  test('doctor says how the list of makers is, and where it cannot be used what follows', async () => {
    await using service = await openMetadataService();
    const settings = { PASSKEY_METADATA_FILE: service.path, PASSKEY_METADATA_ROOT_FILE: service.rootsPath };
    expect((await lawang('doctor', settings)).out).toMatch(/ok +passkey metadata +signed, current, and it vouches/);
    await service.publish({ statuses: ['REVOKED'] });
    expect((await lawang('doctor', settings)).out).toMatch(/warn +passkey metadata +it vouches for no hardware/);
    await service.publish({ nextUpdate: '2026-01-31' });
    expect((await lawang('doctor', settings)).out).toMatch(/warn +passkey metadata .*2026-01-31.*nobody reaches aal3/);
    expect((await lawang('doctor')).out).not.toContain('passkey metadata');
  });

  test('migrate brings it up, status tells, and again does nothing', async () => {
    const { ran } = await json('migrate');
    expect(ran.length).toBeGreaterThan(5);
    expect(await json('migrate')).toEqual({ ran: [] });
    const states = await json('migrate status');
    expect(states).toEqual(ran.map((name: string) => ({ name, done: true })));
  });

  test('registrations are checked, applied once, listed and shown', async () => {
    const file = join(registrations, 'badan-pendapatan-daerah.yaml');
    expect((await json(`clients validate ${file}`)).ok).toBe(true);
    const [applied] = await json(`clients apply ${file}`);
    expect(applied).toMatchObject({ client_id: 'pajak-daerah', outcome: 'created', state: 'sandbox' });
    const [again] = await json(`clients apply ${file}`);
    expect(again.outcome).toBe('unchanged');

    expect((await lawang('clients list')).out).toMatch(/^pajak-daerah +badan-pendapatan-daerah +sandbox +web/m);
    expect(await json('clients list --agency nobody')).toEqual([]);
    const shown = await lawang('clients show pajak-daerah');
    expect(shown.out).toMatch(/^minAuthentication +aal1$/m);
    expect(shown.out).toMatch(/^redirectUris +http:\/\/localhost:3002\/callback$/m);
    const data = await json('clients show pajak-daerah');
    expect(data.secrets).toEqual([{ expiresAt: null }]);
    expect(`${shown.out}${JSON.stringify(data)}`).not.toContain('sandbox-pajak-daerah-secret');
  });

  test('a running server follows within five seconds', async () => {
    const database = new Database(home.url, PATIENCE);
    const cache = await ClientCache.load(database, createLog('silent'));
    cache.start();
    try {
      await lawang(`clients apply ${join(registrations, 'dinas-kesehatan.yaml')}`);
      await expect.poll(() => cache.find('puskesmas-online')?.id).toBe('puskesmas-online');
    } finally {
      await cache.stop();
      await database.close();
    }
  });

  test('a broken file is told by file, line and what was expected; nothing is applied', async () => {
    const file = join(directory, 'broken.yaml');
    await writeFile(file, 'agency:\n  id: dinas\n   name: x\n');
    for (const verb of ['validate', 'apply']) {
      const { code, out, err } = await lawang(`clients ${verb} ${file}`);
      expect({ code, out }).toEqual({ code: 1, out: '' });
      expect(err).toMatch(new RegExp(`^${file}:\\d+:\\d+: .+; expected `));
    }
    const { code, out } = await lawang(`clients validate ${file} --json`);
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      ok: false,
      mistakes: expect.arrayContaining([expect.stringContaining('broken.yaml:2:')]),
    });
  });

  test('an app that is not there is a sentence', async () => {
    const { code, err } = await lawang('clients show nobody');
    expect(code).toBe(1);
    expect(err).toContain('This service is not registered.');
    expect(err).not.toMatch(/\n\s+at /);
  });

  test('keys are listed without their secrets, and move under another master key while all still opens', async () => {
    const database = new Database(home.url, PATIENCE);
    try {
      const secrets = await loadSecrets(database, [Buffer.from(master, 'base64')]);
      await seedExampleCitizens(database, secrets);
      const next = randomBytes(32).toString('base64');
      const both = { MASTER_KEYS: `${next},${master}` };
      const sealedBy = async (keys: Record<string, string>) =>
        (await json('keys list', keys)).map((key: Record<string, unknown>) => key.sealed_by_first_master_key);
      expect(new Set(await sealedBy(both))).toEqual(new Set([false]));
      expect((await lawang('doctor', both)).out).toMatch(/warn +keys +.*|fail +keys/);

      const done = await json('keys rotate-master', both);
      expect(done).toMatchObject({ keys: 2, accounts: 7 });
      expect(await json('keys rotate-master', both)).toEqual({ keys: 0, accounts: 0, messages: 0, sessions: 0 });
      expect(new Set(await sealedBy({ MASTER_KEYS: next }))).toEqual(new Set([true]));
      expect(await lawang('keys list')).toMatchObject({ code: 1, err: expect.stringMatching(/^MASTER_KEYS: none of/) });
      environment.MASTER_KEYS = next;
    } finally {
      await database.close();
    }
  });

  test('keys are published, seen to wait, and revoked', async () => {
    const list = async () => {
      const keys: Record<string, unknown>[] = await json('keys list');
      return keys.filter(({ algorithm, purpose }) => algorithm === 'ES256' && purpose === 'signing');
    };
    const phases = async () => (await list()).map(({ state, next_step }) => [state, next_step]);
    const { out } = await lawang('keys rotate --algorithm ES256');
    expect(out).toMatch(/^[\w-]{43} \(ES256\) is published, and active from 2\S+Z\.\n$/);
    expect(await phases()).toEqual([
      ['published', 'activate'],
      ['active', 'retire'],
    ]);
    expect((await lawang('keys list')).out).toMatch(/PHASE +NEXT +.*\n(.*\n)*.*ES256 +published +active 2\S+Z/);
    const again = await lawang('keys rotate');
    expect(again).toMatchObject({ code: 1, err: expect.stringMatching(/^A new key for ES256 waits already/) });

    const [waiting, active] = await list();
    const done = await json(`keys revoke ${active?.id}`);
    expect(done).toEqual({ revoked: active?.id, active: waiting?.id });
    expect(await phases()).toEqual([['active', null]]);
    expect((await lawang(`keys revoke ${waiting?.id}`)).out).toMatch(/ is revoked\. Active is [\w-]{43} \(ES256\)/);
    expect(await phases()).toEqual([['active', null]]);
    const [cookie] = await json('keys rotate --purpose cookie --publish-hours 0.5');
    expect(cookie).toMatchObject({ purpose: 'cookie', state: 'published', next_step: 'activate' });
    const [receipt] = await json('keys rotate --purpose receipt');
    expect(receipt).toMatchObject({ purpose: 'receipt', algorithm: 'ES256', state: 'published' });
  });

  test.each([
    ['keys revoke nothing', 'There is no key nothing, or it is gone already: see "lawang keys list".'],
    ['keys rotate --purpose token', '--purpose is signing, receipt or cookie, not token: other keys do not rotate.'],
    ['keys rotate --algorithm HS256', 'HS256 is not an algorithm of signing keys: use ES256 or RS256.'],
    ['keys rotate --publish-hours soon', '--publish-hours is a number, not soon.'],
    ['keys rotate --publish-hours 0.1', 'A signing key is published between 0.25 and 2160 hours before it signs.'],
  ])('"lawang %s" is answered in a sentence', async (line, sentence) => {
    expect(await lawang(line)).toEqual({ code: 1, out: '', err: `${sentence}\n` });
  });

  test('a setting that differs from the database stops what needs keys, in a sentence', async () => {
    const { code, err } = await lawang('keys list', { PORT: '3999' });
    expect(code).toBe(1);
    expect(err).toMatch(/^ISSUER: this database belongs to http:\/\/localhost:3000/);
  });
});

describe('doctor', () => {
  test('finds nothing to do where all is right, but that nobody serves', async () => {
    const { ok, findings } = await json('doctor');
    expect(ok).toBe(true);
    const verdicts = Object.fromEntries(
      findings.map(({ check, verdict }: { check: string; verdict: string }) => [check, verdict]),
    );
    expect(verdicts).toMatchObject({ settings: 'ok', database: 'ok', clock: 'ok', migrations: 'ok', instance: 'ok' });
    expect(Object.keys(verdicts)).toEqual(expect.arrayContaining(['keys', 'issuer', 'RP ID', 'mail']));
  });

  test('says all settings that are wrong and looks no further', async () => {
    const { code, out } = await lawang('doctor', { PORT: 'x', SEED: 'y' });
    expect(code).toBe(1);
    expect(out).toMatch(/fail +settings +PORT: .*\nfail +settings +SEED: /);
    expect(out).not.toContain('database');
  });

  test('says that the database does not answer, and goes on with the rest', async () => {
    const { code, out } = await lawang('doctor', { DATABASE_URL: 'postgres://lawang:geheim@127.0.0.1:9/x' });
    expect(code).toBe(1);
    expect(out).toMatch(/fail +database +The database does not answer: is it running, and does DATABASE_URL say/);
    expect(out).toMatch(/RP ID/);
    expect(out).not.toContain('geheim');
  });

  test('says where limits are counted, and that a Redis that is away keeps nobody from starting', async () => {
    expect((await lawang('doctor')).out).toMatch(/ok +limits +counted in the database/);
    const { code, out } = await lawang('doctor', { REDIS_URL: 'redis://:geheim@127.0.0.1:9' });
    expect(code).toBe(0);
    expect(out).toMatch(/warn +limits +Redis at 127\.0\.0\.1:9 does not answer \(ECONNREFUSED\): see REDIS_URL/);
    expect(out).not.toContain('geheim');
  });

  test('tries the mail server', async () => {
    const { code, out } = await lawang('doctor', { SMTP_URL: 'smtp://user:geheim@127.0.0.1:9' });
    expect(code).toBe(1);
    expect(out).toMatch(/fail +mail +127\.0\.0\.1:9 cannot be used/);
    expect(out).not.toContain('geheim');
  });
});

test.each([
  ['postgres://lawang:geheim@127.0.0.1:9/x', 'The database does not answer'],
  ['postgres://lawang:geheim@nowhere.invalid/x', 'The database cannot be found'],
])('a database that is not there is a sentence without the password (%s)', async (url, sentence) => {
  const { code, out, err } = await lawang('migrate', { DATABASE_URL: url });
  expect({ code, out }).toEqual({ code: 1, out: '' });
  expect(err).toContain(sentence);
  expect(err).not.toMatch(/geheim|\n\s+at /);
});

test('a wrong password and a database that does not exist are told apart', async () => {
  const wrong = new URL(home.url);
  wrong.password = 'wrong';
  expect((await lawang('migrate', { DATABASE_URL: wrong.href })).err).toContain('refuses the password');
  const absent = new URL(home.url);
  absent.pathname = '/absent';
  expect((await lawang('migrate', { DATABASE_URL: absent.href })).err).toContain('has no database of that name');
});
