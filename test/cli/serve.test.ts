/** The server as people and orchestrators run it: a process that starts, is signalled, killed, and started again. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import { findRunningPostgres, startEmbeddedPostgres } from '#src/base/embedded-postgres.ts';
import { findFreePort } from '#test/support/free-port.ts';
import { createDatabase } from '#test/support/postgres.ts';

const entry = fileURLToPath(new URL('../../src/lawang.js', import.meta.url));
const root = fileURLToPath(new URL('../..', import.meta.url));
const PATIENCE = 180_000;
const isRoot = process.getuid?.() === 0;

let ports: { PORT: string; METRICS_PORT: string };
let dataDir: string;
const running = new Set<ChildProcess>();

beforeAll(async () => {
  const [port, metricsPort] = await Promise.all([findFreePort(), findFreePort()]);
  ports = { PORT: String(port), METRICS_PORT: String(metricsPort) };
  dataDir = await mkdtemp(join(tmpdir(), 'lawang-serve-'));
});

afterEach(async () => {
  for (const child of running) child.kill('SIGKILL');
  running.clear();
});

afterAll(async () => {
  const left = await startEmbeddedPostgres({ dataDir });
  await left.stop();
  await rm(dataDir, { recursive: true, force: true });
});

interface Running {
  child: ChildProcess;
  /** What it has said so far. */
  said: { out: string; err: string };
  /** Code and signal, once it has ended and said everything. */
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  url: string;
}

function run(changes: Record<string, string> = {}, command = [process.execPath, entry, 'serve']): Running {
  const { PATH = '', HOME = '' } = process.env;
  const env = { PATH, HOME, ...ports, DATA_DIR: dataDir, SAMPLE_APPS: 'off', ...changes };
  const [program = '', ...args] = command;
  const child = spawn(program, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  running.add(child);
  const said = { out: '', err: '' };
  child.stdout?.on('data', (data) => {
    said.out += data;
  });
  child.stderr?.on('data', (data) => {
    said.err += data;
  });
  const ended = once(child, 'close').then(([code, signal]) => {
    running.delete(child);
    return { code, signal };
  });
  return { child, said, ended, url: `http://localhost:${env.PORT}` };
}

/** Waits until it says what to open, which it does when it listens. */
async function start(changes?: Record<string, string>, command?: string[]): Promise<Running> {
  const server = run(changes, command);
  const isUp = new Promise<void>((resolve) => {
    server.child.stdout?.on('data', () => server.said.out.includes('Ctrl-C') && resolve());
  });
  const end = await Promise.race([isUp, server.ended]);
  if (end) throw new Error(`it ended with ${end.code}: ${server.said.err}${server.said.out}`);
  return server;
}

async function stop(server: Running, signal: NodeJS.Signals): Promise<void> {
  server.child.kill(signal);
  expect(await server.ended).toEqual({ code: 0, signal: null });
  expect(server.said.err).toBe('');
}

async function expectNothingLeft(server: Running): Promise<void> {
  expect(await findRunningPostgres(dataDir)).toBeUndefined();
  await expect(fetch(`${server.url}/livez`)).rejects.toThrow();
}

async function keysOf({ url }: Running): Promise<unknown> {
  const { keys } = (await (await fetch(`${url}/jwks`)).json()) as { keys: unknown[] };
  expect(keys.length).toBeGreaterThan(0);
  return keys;
}

/** A request of which only half has been sent; resolves when the server has it. */
async function beginRequest(port: string): Promise<{ finish(): Promise<string> }> {
  const socket: Socket = connect(Number(port), '127.0.0.1');
  const body = 'grant_type=authorization_code&code=none';
  const head = ['POST /token HTTP/1.1', 'Host: localhost', `Content-Length: ${body.length}`, 'Expect: 100-continue'];
  const type = 'Content-Type: application/x-www-form-urlencoded';
  socket.write([...head, type, '', ''].join('\r\n'));
  await once(socket, 'data');
  socket.write(body.slice(0, 10));
  return {
    finish() {
      socket.write(body.slice(10));
      return text(socket);
    },
  };
}

describe('on its own PostgreSQL', () => {
  test(
    'starts from nothing, prints what to open and no warning, and ends cleanly on SIGTERM',
    async () => {
      const server = await start();
      for (const line of ['/account', '/sandbox/outbox', 'siti@contoh.id', 'lawang-sandbox'])
        expect(server.said.out).toContain(line);
      expect(`${server.said.out}${server.said.err}`).not.toMatch(/warn|deprecat|experimental|\n\s+at /i);
      expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
      expect((await fetch(`${server.url}/.well-known/openid-configuration`)).status).toBe(200);
      const metrics = await fetch(`http://localhost:${ports.METRICS_PORT}/metrics`);
      expect(await metrics.text()).toContain('lawang_http_request_duration_seconds');
      expect((await fetch(`http://localhost:${ports.METRICS_PORT}/`)).status).toBe(404);
      await stop(server, 'SIGTERM');
      await expectNothingLeft(server);
    },
    PATIENCE,
  );

  test(
    'a second start on the same data gets one sentence and leaves the first alone',
    async () => {
      const server = await start();
      const [PORT, METRICS_PORT] = [String(await findFreePort()), String(await findFreePort())];
      const second = run({ PORT, METRICS_PORT });
      expect((await second.ended).code).toBe(1);
      expect(second.said.err).toMatch(/^Lawang is already running on the data in .*another DATA_DIR\.\n$/);
      expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
      await stop(server, 'SIGINT');
    },
    PATIENCE,
  );

  test(
    'a command works beside the server and leaves it running; without one it starts the database for itself',
    async () => {
      const list = [process.execPath, entry, 'clients', 'list', '--json'];
      const idsIn = ({ said }: Running) => JSON.parse(said.out).map((row: { client_id: string }) => row.client_id);
      const server = await start();
      const beside = run({}, list);
      expect((await beside.ended).code).toBe(0);
      expect(idsIn(beside)).toEqual(expect.arrayContaining(['pajak-daerah', 'puskesmas-online']));
      expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
      await stop(server, 'SIGTERM');

      const alone = run({}, list);
      expect((await alone.ended).code).toBe(0);
      expect(idsIn(alone)).toEqual(idsIn(beside));
      await expectNothingLeft(server);
    },
    PATIENCE,
  );

  test(
    'is started again after kill -9, on the same data',
    async () => {
      const first = await start();
      const keys = await keysOf(first);
      first.child.kill('SIGKILL');
      expect(await first.ended).toEqual({ code: null, signal: 'SIGKILL' });
      const again = await start();
      expect(await keysOf(again)).toEqual(keys);
      await stop(again, 'SIGTERM');
      await expectNothingLeft(again);
    },
    PATIENCE,
  );

  test(
    'a signal that arrives twice lets a request under way finish, and PostgreSQL goes last',
    async () => {
      const server = await start();
      const request = await beginRequest(ports.PORT);
      server.child.kill('SIGINT');
      server.child.kill('SIGINT');
      await expect
        .poll(() =>
          fetch(`${server.url}/livez`).then(
            () => 'open',
            () => 'closed',
          ),
        )
        .toBe('closed');
      const answer = await request.finish();
      expect(answer).toMatch(/^HTTP\/1\.1 40[01] /);
      expect(answer).toContain('invalid_');
      expect((await server.ended).code).toBe(0);
      expect(server.said.err).toBe('');
      await expectNothingLeft(server);
    },
    PATIENCE,
  );

  test(
    'npm start, ended by Ctrl-C: the terminal signals everybody and npm once more',
    async () => {
      const server = await start({}, ['npm', 'start']);
      process.kill(-(server.child.pid ?? 0), 'SIGINT');
      await server.ended;
      expect(`${server.said.out}${server.said.err}`).not.toMatch(/warn|deprecat|\n\s+at /i);
      await expectNothingLeft(server);
      const log = await readFile(join(dataDir, 'postgres.log'), 'utf8');
      expect(log).toContain('database system is shut down');
      expect(log).not.toMatch(/FATAL|PANIC/);
    },
    PATIENCE,
  );

  test(
    'a setting that no longer fits the data gets one sentence',
    async () => {
      const server = run({ PORT: String(await findFreePort()) });
      expect((await server.ended).code).toBe(1);
      expect(server.said.err).toMatch(/^ISSUER: this database belongs to .*\n$/);
      expect(await findRunningPostgres(dataDir)).toBeUndefined();
    },
    PATIENCE,
  );
});

describe('what is in the way gets one sentence and exit code 1:', () => {
  let taken: Server;
  let takenPort: string;

  beforeAll(async () => {
    taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    takenPort = String((taken.address() as { port: number }).port);
  });

  afterAll(() => new Promise((resolve) => taken.close(resolve)));

  test.each(['PORT', 'METRICS_PORT'] as const)(
    'a taken %s',
    async (setting) => {
      const home = await createDatabase(inject('adminUrl'));
      const server = run({ DATABASE_URL: home.url, [setting]: takenPort });
      expect((await server.ended).code).toBe(1);
      expect(server.said.err).toBe(
        `Port ${takenPort} on 127.0.0.1 is taken by another program: stop that one, or set ${setting} to a free port.\n`,
      );
      await home.drop();
    },
    PATIENCE,
  );

  test(
    'a taken port, after which another one is as good as the first would have been',
    async () => {
      const home = await createDatabase(inject('adminUrl'));
      const server = run({ DATABASE_URL: home.url, PORT: takenPort });
      expect((await server.ended).code).toBe(1);
      await stop(await start({ DATABASE_URL: home.url }), 'SIGTERM');
      await home.drop();
    },
    PATIENCE,
  );

  test(
    'a database that does not answer',
    async () => {
      const server = run({ DATABASE_URL: 'postgres://lawang:geheim@127.0.0.1:9/lawang' });
      expect((await server.ended).code).toBe(1);
      expect(server.said.err).toMatch(/^The database does not answer: .*DATABASE_URL.*\n$/);
    },
    PATIENCE,
  );

  test.each([
    ['that is a file', 'file', 'is a file and no directory (EEXIST)'],
    ['below a file', 'file/data', 'lies below a file (ENOTDIR)'],
    ...(isRoot ? [] : [['that is closed', 'closed', 'may not be written by this user (EACCES)']]),
  ])(
    'a DATA_DIR %s, at a terminal as in a pipe',
    async (_, path, reason) => {
      const scratch = await mkdtemp(join(tmpdir(), 'lawang-serve-'));
      await writeFile(join(scratch, 'file'), '');
      await mkdir(join(scratch, 'closed'), { mode: 0o500 });
      const DATA_DIR = join(scratch, path);
      const atTerminal = 'process.stdout.isTTY = true';
      for (const NODE_OPTIONS of ['', `--import=data:text/javascript,${encodeURIComponent(atTerminal)}`]) {
        const server = run({ DATA_DIR, NODE_OPTIONS });
        expect((await server.ended).code).toBe(1);
        expect(server.said.err).toBe(
          `The data directory ${DATA_DIR} ${reason}: set DATA_DIR to a directory that can be written.\n`,
        );
      }
      await rm(scratch, { recursive: true });
    },
    PATIENCE,
  );

  test(
    'wrong settings, all of them',
    async () => {
      const server = run({ MODE: 'production', PORT: 'x' });
      expect((await server.ended).code).toBe(1);
      expect(server.said.err).toMatch(/^The settings are not right:\n( {2}- [A-Z_ or]+: .+\n){5}$/);
      expect(server.said.out).toBe('');
    },
    PATIENCE,
  );
});

test(
  'a fault of its own is logged, and the server still ends in order, with exit code 1',
  async () => {
    const home = await createDatabase(inject('adminUrl'));
    const fault = "process.on('SIGUSR2', () => { throw new Error('boom') })";
    const server = await start({
      DATABASE_URL: home.url,
      NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(fault)}`,
    });
    server.child.kill('SIGUSR2');
    expect(await server.ended).toEqual({ code: 1, signal: null });
    const lines = server.said.out.split('\n').filter((line) => line.startsWith('{'));
    const logged = lines.map((line) => JSON.parse(line));
    expect(logged).toContainEqual(expect.objectContaining({ level: 'fatal', msg: 'uncaught exception' }));
    expect(logged).toContainEqual(expect.objectContaining({ msg: 'stopping' }));
    await home.drop();
  },
  PATIENCE,
);

test(
  'two processes on one database start at once, and both serve',
  async () => {
    const home = await createDatabase(inject('adminUrl'));
    const issuer = `http://localhost:${ports.PORT}`;
    const other = { PORT: String(await findFreePort()), METRICS_PORT: String(await findFreePort()) };
    const shared = { DATABASE_URL: home.url, ISSUER: issuer, MASTER_KEYS: Buffer.alloc(32, 5).toString('base64') };
    const [one, two] = await Promise.all([start(shared), start({ ...shared, ...other })]);
    expect(await keysOf(one)).toEqual(await keysOf(two));
    await Promise.all([stop(one, 'SIGTERM'), stop(two, 'SIGTERM')]);
    await home.drop();
  },
  PATIENCE,
);
