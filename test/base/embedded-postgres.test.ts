import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync } from 'node:fs';
import { chmod, cp, lchown, mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { DataDirectoryError } from '#src/base/data-directory.ts';
import { findBinaries } from '#src/base/embedded-postgres/binaries.ts';
import { EmbeddedPostgresError, startEmbeddedPostgres } from '#src/base/embedded-postgres.ts';
import { eventually } from '#test/support/eventually.ts';
import { findFreePort } from '#test/support/free-port.ts';

const QUICK = { settings: { fsync: 'off' } };
const isRoot = process.getuid?.() === 0;
const isLinux = process.platform === 'linux';
const NOBODY = 65534;

let scratch: string;
let template: string;
let firstStart: { messages: string[]; facts: Record<string, string> };
const cleanups: (() => unknown)[] = [];

/** Every directory below is one that only its owner can enter, as `mktemp -d` makes them. */
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'lawang-embedded-'));
  template = join(scratch, 'template');
  await mkdir(join(template, 'postgres.new-interrupted', 'data'), { recursive: true });
  const messages: string[] = [];
  const server = await startEmbeddedPostgres({ dataDir: template, log: (message) => messages.push(message) });
  const settings = ['server_encoding', 'fsync', 'synchronous_commit', 'data_checksums', 'jit', 'listen_addresses'];
  const columns = settings.map((name) => `current_setting('${name}') AS ${name}`);
  const [facts] = await query(server.url, `SELECT ${columns}, datlocale FROM pg_database WHERE datname = 'postgres'`);
  await query(server.url, "CREATE TABLE gates AS SELECT 'north' AS name");
  await server.stop();
  firstStart = { messages, facts: facts as Record<string, string> };
});

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

afterAll(() => rm(scratch, { recursive: true, force: true }));

test('the first start makes a durable UTF-8 cluster behind a password, and removes what an interrupted one left', async () => {
  expect(firstStart.messages).toEqual(['Making the embedded PostgreSQL cluster, once.']);
  expect(firstStart.facts).toEqual({
    ...{ server_encoding: 'UTF8', datlocale: 'C.UTF-8', listen_addresses: '127.0.0.1', jit: 'off' },
    ...{ fsync: 'on', synchronous_commit: 'on', data_checksums: 'on' },
  });
  expect((await readdir(template)).sort()).toEqual(['postgres', 'postgres.lock', 'postgres.log']);
  expect((await stat(join(template, 'postgres', 'password'))).mode & 0o777).toBe(0o600);
});

test('a password other than the cluster’s is refused', async () => {
  const { url } = await start(template);
  const wrong = new URL(url);
  wrong.password = 'guess';
  await expect(query(wrong.href, 'SELECT 1')).rejects.toMatchObject({ code: '28P01' });
});

test('a restart keeps what was committed', async () => {
  const dataDir = await copyTemplate();
  const first = await start(dataDir);
  await query(first.url, "INSERT INTO gates VALUES ('south')");
  await first.stop();
  const second = await start(dataDir);
  expect(await query(second.url, 'SELECT name FROM gates')).toEqual([{ name: 'north' }, { name: 'south' }]);
});

test('a second start on the same data gets one sentence, from this process and from another', async () => {
  const dataDir = await copyTemplate();
  const sentence = `Lawang is already running on the data in ${dataDir}: stop it first, or give this one another DATA_DIR.`;
  const child = await startChild(dataDir);
  await expect(start(dataDir)).rejects.toThrow(new EmbeddedPostgresError(sentence));
  await kill(child.process);
  const { stop } = await start(dataDir);
  await expect(start(dataDir)).rejects.toThrow(new EmbeddedPostgresError(sentence));
  await stop();
  expect(await query((await start(dataDir)).url, 'SELECT name FROM gates')).toHaveLength(1);
});

test('of many that start at once on no data at all, exactly one gets it', async () => {
  const dataDir = join(scratch, 'contested');
  const starts = await Promise.allSettled([start(dataDir), start(dataDir), start(dataDir)]);
  expect(starts.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected', 'rejected']);
});

test('a server left behind by a killed process is taken over, with what was committed, and stopped at the end', async () => {
  const dataDir = await copyTemplate();
  const child = await startChild(dataDir);
  await query(child.url, "INSERT INTO gates VALUES ('east')");
  const pid = await readPid(dataDir);
  await kill(child.process);

  const next = await start(dataDir);
  expect(next.url).toBe(child.url);
  expect(await readPid(dataDir)).toBe(pid);
  expect(await query(next.url, 'SELECT name FROM gates')).toEqual([{ name: 'north' }, { name: 'east' }]);
  await next.stop();
  await expect(query(child.url, 'SELECT 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  expect(await readdir(join(dataDir, 'postgres', 'data'))).not.toContain('postmaster.pid');
});

test('a server left behind at another port than the one wanted is replaced', async () => {
  const dataDir = await copyTemplate();
  const child = await startChild(dataDir);
  await kill(child.process);
  const port = await findFreePort();
  const next = await start(dataDir, { port });
  expect(new URL(next.url).port).toBe(String(port));
  expect(await query(next.url, 'SELECT name FROM gates')).toHaveLength(1);
});

test('after everything was killed, it starts again with what was committed', async () => {
  const dataDir = await copyTemplate();
  const child = await startChild(dataDir);
  await query(child.url, "INSERT INTO gates VALUES ('west')");
  await kill(child.process);
  process.kill(await readPid(dataDir), 'SIGKILL');
  const next = await start(dataDir);
  expect(await query(next.url, 'SELECT name FROM gates')).toEqual([{ name: 'north' }, { name: 'west' }]);
});

test('a pid file whose number now belongs to another program does not stop the start, nor harm that program', async () => {
  const dataDir = await copyTemplate();
  const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 60_000)'], { stdio: 'ignore' });
  cleanups.push(() => kill(other));
  const data = join(dataDir, 'postgres', 'data');
  await writeFile(
    join(data, 'postmaster.pid'),
    `${other.pid}\n${data}\n1790000000\n5432\n\n127.0.0.1\n  1 1\nready   \n`,
  );
  const server = await start(dataDir);
  expect(await query(server.url, 'SELECT name FROM gates')).toHaveLength(1);
  await server.stop();
  expect(other.exitCode ?? other.signalCode).toBeNull();
});

test('a server that is killed comes back at the same address', async () => {
  const dataDir = await copyTemplate();
  const { url } = await start(dataDir);
  const pid = await readPid(dataDir);
  process.kill(pid, 'SIGKILL');
  await eventually(async () => expect(await readPid(dataDir)).not.toBe(pid));
  await eventually(async () => expect(await query(url, 'SELECT name FROM gates')).toHaveLength(1));
});

test.skipIf(process.platform === 'win32')('a Ctrl-C in the terminal does not reach the server', async () => {
  const child = await startChild(await copyTemplate());
  process.kill(-(child.process.pid as number), 'SIGINT');
  expect(await child.nextLine()).toBe('interrupted');
  expect(await query(child.url, 'SELECT name FROM gates')).toHaveLength(1);
});

test('stopping twice is stopping once', async () => {
  const server = await start(template);
  await Promise.all([server.stop(), server.stop()]);
  await expect(query(server.url, 'SELECT 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});

test('the environment’s PG variables do not change how we connect', async () => {
  vi.stubEnv('PGSSLMODE', 'require');
  cleanups.push(() => vi.unstubAllEnvs());
  const { url } = await start(template);
  expect(await query(url, 'SELECT name FROM gates')).toHaveLength(1);
});

test('missing library links are made again, by two at once, in a package that only its owner can enter', async () => {
  const packageDir = join(scratch, 'package');
  const original = dirname(dirname(createRequire(import.meta.url).resolve(platformPackage())));
  await findBinaries(original);
  await cp(original, packageDir, { recursive: true, verbatimSymlinks: true });
  await chmod(packageDir, 0o700);
  const links = await listLinks(packageDir);
  for (const link of links) await rm(join(packageDir, link));

  const [binaries] = await Promise.all([findBinaries(packageDir), findBinaries(packageDir)]);
  for (const link of links) expect(await readlink(join(packageDir, link))).toBe(await readlink(join(original, link)));
  expect(binaries.major).toBe('18');
  const { url } = await start(join(scratch, 'from-copied-package'), { packageDir });
  expect(await query(url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
});

// Running as root is what these two are about.
test.skipIf(!isRoot || !isLinux)('as root, in a directory that only root can enter, files stay root’s', async () => {
  const dataDir = await copyTemplate();
  await chmod(dataDir, 0o700);
  const { url, stop } = await start(dataDir);
  expect(await query(url, 'SELECT name FROM gates')).toHaveLength(1);
  await stop();
  expect(await listOwners(dataDir)).toEqual(await listOwners(template));
});

test.skipIf(!isRoot || !isLinux)('as root, a cluster of another user stays that user’s', async () => {
  const dataDir = await copyTemplate();
  const home = join(dataDir, 'postgres');
  for (const name of await readdir(home, { recursive: true })) await lchown(join(home, name), NOBODY, NOBODY);
  await lchown(home, NOBODY, NOBODY);
  const { url, stop } = await start(dataDir);
  await query(url, "INSERT INTO gates VALUES ('south')");
  await stop();
  expect(await listOwners(home)).toEqual([NOBODY]);
  expect((await stat(join(dataDir, 'postgres.log'))).uid).toBe(NOBODY);
});

test('data of another major version is refused', async () => {
  const dataDir = await copyTemplate();
  await writeFile(join(dataDir, 'postgres', 'data', 'PG_VERSION'), '17\n');
  await expect(start(dataDir)).rejects.toThrow(/^The cluster in .* is PostgreSQL 17, and this is PostgreSQL 18: .+\.$/);
});

test('a data directory that cannot be written is refused', async () => {
  const file = join(scratch, 'file');
  await writeFile(file, '');
  await expect(start(join(file, 'data'))).rejects.toThrow(
    new DataDirectoryError(
      `The data directory ${join(file, 'data')} lies below a file (ENOTDIR): set DATA_DIR to a directory that can be written.`,
    ),
  );
});

test('a port that another program has is refused, and the data can be used afterwards', async () => {
  const dataDir = await copyTemplate();
  const { port, free } = await takePort();
  cleanups.push(free);
  await expect(start(dataDir, { port })).rejects.toThrow(
    /did not start \(could not create any TCP\/IP sockets\): see /,
  );
  expect(await query((await start(dataDir)).url, 'SELECT name FROM gates')).toHaveLength(1);
});

test('a password file that is not the cluster’s is refused, and nothing is left running', async () => {
  const dataDir = await copyTemplate();
  await writeFile(join(dataDir, 'postgres', 'password'), 'guess');
  await expect(start(dataDir)).rejects.toThrow(/does not accept the password in the file beside it/);
  expect(await readdir(join(dataDir, 'postgres', 'data'))).not.toContain('postmaster.pid');
});

test('a lock file that is no such thing is refused', async () => {
  const dataDir = await copyTemplate();
  await writeFile(join(dataDir, 'postgres.lock'), 'x'.repeat(1000));
  await expect(start(dataDir)).rejects.toThrow(/postgres\.lock cannot be locked \(file is not a database\)/);
});

async function copyTemplate(): Promise<string> {
  const dataDir = await mkdtemp(join(scratch, 'data-'));
  cpSync(join(template, 'postgres'), join(dataDir, 'postgres'), { recursive: true });
  return dataDir;
}

async function start(dataDir: string, options: { port?: number; packageDir?: string } = {}) {
  const server = await startEmbeddedPostgres({ dataDir, ...QUICK, ...options });
  cleanups.push(server.stop);
  return server;
}

async function startChild(dataDir: string) {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'embedded-postgres-child.ts'), dataDir], {
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  cleanups.push(() => stopChild(child, dataDir));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const nextLine = async () => (await lines.next()).value ?? '';
  return { process: child, url: await nextLine(), nextLine };
}

/** Starting on a dead child's data takes its server over, and so can end it. */
async function stopChild(child: ChildProcess, dataDir: string): Promise<void> {
  await kill(child);
  await (await startEmbeddedPostgres({ dataDir, ...QUICK })).stop();
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

async function readPid(dataDir: string): Promise<number> {
  return Number.parseInt(await readFile(join(dataDir, 'postgres', 'data', 'postmaster.pid'), 'utf8'), 10);
}

async function takePort(): Promise<{ port: number; free(): Promise<void> }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  return { port, free: () => new Promise((resolve) => server.close(() => resolve())) };
}

function platformPackage(): string {
  return `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
}

async function listLinks(packageDir: string): Promise<string[]> {
  const list = JSON.parse(await readFile(join(packageDir, 'native', 'pg-symlinks.json'), 'utf8'));
  return list.map(({ target }: { target: string }) => target);
}

async function listOwners(directory: string): Promise<number[]> {
  const names = await readdir(directory, { recursive: true });
  const owners = await Promise.all(names.map(async (name) => (await stat(join(directory, name))).uid));
  return [...new Set(owners)];
}
