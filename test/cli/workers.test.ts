/** A server of several processes, as the operating system sees it. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject, test } from 'vitest';
import { exchange } from '#test/support/browser-agent.ts';
import { findFreePort } from '#test/support/free-port.ts';
import { createDatabase, type TestDatabase } from '#test/support/postgres.ts';

const entry = resolve(import.meta.dirname, '../../src/lawang.js');
const PATIENCE = 180_000;

let home: TestDatabase;
let dataDir: string;
let port: number;
let metricsPort: number;
const running = new Set<ChildProcess>();

beforeAll(async () => {
  home = await createDatabase(inject('adminUrl'), { template: inject('emptyTemplate') });
  dataDir = await mkdtemp(join(tmpdir(), 'lawang-workers-'));
  port = await findFreePort();
});

beforeEach(async () => {
  metricsPort = await findFreePort();
});

afterEach(() => {
  for (const child of running) child.kill('SIGKILL');
  running.clear();
});

afterAll(async () => {
  await home.drop();
  await rm(dataDir, { recursive: true, force: true });
});

interface Line {
  msg: string;
  worker?: number;
  port?: number;
}

interface Running {
  readonly child: ChildProcess;
  readonly said: { out: string; err: string };
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  lines(): Line[];
  /** The ids of its workers' processes. */
  workers(): number[];
}

function run(changes: Record<string, string> = {}): Running {
  const { PATH = '', HOME = '' } = process.env;
  const ports = { PORT: String(port), METRICS_PORT: String(metricsPort) };
  const settings = { DATABASE_URL: home.url, SEED: 'none', SAMPLE_APPS: 'off', DATA_DIR: dataDir, WORKERS: '2' };
  const env = { PATH, HOME, ...ports, ...settings, ...changes };
  const child = spawn(process.execPath, [entry, 'serve'], { env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  running.add(child);
  const said = { out: '', err: '' };
  child.stdout.on('data', (data) => {
    said.out += data;
  });
  child.stderr.on('data', (data) => {
    said.err += data;
  });
  // Its pipes end when the last of its processes has closed them.
  const ended = once(child, 'close').then(([code, signal]) => {
    running.delete(child);
    return { code, signal };
  });
  return {
    child,
    said,
    ended,
    lines: () => said.out.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as Line] : [])),
    workers: () => childrenOf(child.pid ?? 0),
  };
}

/** Waits for the text that is printed when all of them listen. */
async function start(changes?: Record<string, string>): Promise<Running> {
  const server = run(changes);
  const isUp = expect.poll(() => server.said.out).toContain('Ctrl-C');
  const end = await Promise.race([isUp.then(() => undefined), server.ended]);
  if (end) throw new Error(`it ended with ${end.code}: ${server.said.err}${server.said.out}`);
  return server;
}

function childrenOf(pid: number): number[] {
  const rows = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n');
  const pairs = rows.map((row) => row.trim().split(/\s+/).map(Number));
  return pairs.flatMap(([id, parent]) => (parent === pid && id !== undefined && isAlive(id) ? [id] : []));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

const status = async (path: string) => (await exchange(`http://127.0.0.1:${port}${path}`)).status;

/** The number of requests for `/jwks` in the metrics. */
async function countedRequests(): Promise<number> {
  const { body } = await exchange(`http://127.0.0.1:${metricsPort}/metrics`);
  const line = /^lawang_http_request_duration_seconds_count\{.*route="\/jwks".*\} (\d+)$/m.exec(String(body));
  return Number(line?.[1] ?? 0);
}

/** A request of which only half has been sent; resolves when a worker has it. */
async function beginRequest(): Promise<{ finish(): Promise<string> }> {
  const socket: Socket = connect(port, '127.0.0.1');
  const body = 'grant_type=authorization_code&code=none';
  const head = ['POST /token HTTP/1.1', 'Host: localhost', `Content-Length: ${body.length}`, 'Expect: 100-continue'];
  const type = 'Content-Type: application/x-www-form-urlencoded';
  socket.write(`${[...head, type, '', ''].join('\r\n')}`);
  await once(socket, 'data');
  socket.write(body.slice(0, 10));
  return {
    finish() {
      socket.write(body.slice(10));
      return text(socket);
    },
  };
}

/** Whoever asks whether it lives; resolves when the connection is open. The answer is empty when there is none. */
async function callLive(): Promise<{ answer: Promise<string> }> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.write('GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
  return { answer: text(socket).catch(() => '') };
}

test(
  'both answer, the log says which, and the metrics are of both; one that dies is replaced and no total goes back',
  async () => {
    const server = await start();
    expect(server.workers()).toHaveLength(2);
    expect(server.said.out.match(/Ctrl-C/g)).toHaveLength(1);
    for (let i = 0; i < 10; i += 1) expect(await status('/jwks')).toBe(200);
    const served = () => server.lines().filter(({ msg }) => msg === 'request');
    await expect.poll(() => served().length).toBe(10);
    expect(new Set(served().map(({ worker }) => worker))).toEqual(new Set([1, 2]));
    await expect.poll(countedRequests).toBe(10);

    const [victim = 0] = server.workers();
    process.kill(victim, 'SIGKILL');
    const listening = () => server.lines().filter(({ msg, worker }) => msg === 'listening' && worker !== undefined);
    await expect.poll(() => listening().length).toBe(3);
    expect(server.workers()).toHaveLength(2);
    expect(server.workers()).not.toContain(victim);
    expect(await status('/readyz')).toBe(200);
    for (let i = 0; i < 4; i += 1) expect(await status('/jwks')).toBe(200);
    await expect.poll(countedRequests).toBe(14);
    server.child.kill('SIGTERM');
    expect(await server.ended).toEqual({ code: 0, signal: null });
  },
  PATIENCE,
);

test(
  'a worker that dies with a connection on its way to it is replaced too, and the stop does not wait for it',
  async () => {
    const server = await start();
    const [victim = 0] = server.workers();
    process.kill(victim, 'SIGSTOP');
    const callers = await Promise.all([callLive(), callLive()]);
    const answer = await Promise.race(callers.map((caller) => caller.answer));
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    process.kill(victim, 'SIGKILL');
    const listening = () => server.lines().filter(({ msg, worker }) => msg === 'listening' && worker !== undefined);
    await expect.poll(() => listening().length).toBe(3);
    server.child.kill('SIGTERM');
    expect(await server.ended).toEqual({ code: 0, signal: null });
  },
  PATIENCE,
);

test(
  'a signal to everybody, twice, lets the request under way finish, and nothing stays behind',
  async () => {
    const server = await start();
    const workers = server.workers();
    const request = await beginRequest();
    for (const _ of ['the terminal', 'npm']) process.kill(-(server.child.pid ?? 0), 'SIGINT');
    const isOpen = () =>
      status('/livez').then(
        () => true,
        () => false,
      );
    await expect.poll(isOpen).toBe(false);
    expect(await request.finish()).toMatch(/^HTTP\/1\.1 40[01] /);
    expect(await server.ended).toEqual({ code: 0, signal: null });
    expect(server.said.err).toBe('');
    expect(workers.filter(isAlive)).toEqual([]);
    // The signal reaches all of them at once, so each may be the first to say so.
    const stopped = server.lines().flatMap(({ msg, worker }) => (msg === 'stopping' ? [worker ?? 0] : []));
    expect(stopped.sort()).toEqual([0, 1, 2]);
  },
  PATIENCE,
);

test(
  'a connection that comes while the workers let go is not held until the end',
  async () => {
    const server = await start();
    const workers = server.workers();
    const primary = server.child.pid ?? 0;
    const request = await beginRequest();
    const saidToStop = () => server.lines().filter(({ msg }) => msg === 'stopping').length;
    for (const worker of workers) process.kill(worker, 'SIGSTOP');
    process.kill(primary, 'SIGTERM');
    await expect.poll(saidToStop).toBe(1);
    // Whoever answers this has told the workers; they read it when they go on.
    expect((await exchange(`http://127.0.0.1:${metricsPort}/`)).status).toBe(404);

    process.kill(primary, 'SIGSTOP');
    const callers = await Promise.all(Array.from({ length: 8 }, callLive));
    for (const worker of workers) process.kill(worker, 'SIGCONT');
    await expect.poll(saidToStop).toBe(3);
    process.kill(primary, 'SIGCONT');
    const answers = await Promise.all(callers.map(({ answer }) => answer));
    expect(answers.some((answer) => answer.startsWith('HTTP/1.1 200'))).toBe(true);
    expect(await request.finish()).toMatch(/^HTTP\/1\.1 40[01] /);
    expect(await server.ended).toEqual({ code: 0, signal: null });
  },
  PATIENCE,
);

test(
  'when the primary is killed its workers end too, and the port is free for the next start',
  async () => {
    const server = await start();
    const workers = server.workers();
    expect(workers).toHaveLength(2);
    server.child.kill('SIGKILL');
    expect((await server.ended).signal).toBe('SIGKILL');
    await expect.poll(() => workers.filter(isAlive)).toEqual([]);
    const again = await start();
    again.child.kill('SIGTERM');
    expect((await again.ended).code).toBe(0);
  },
  PATIENCE,
);

test(
  'what no worker can start with is said once, as a single process would say it',
  async () => {
    const taken = createServer().listen(port, '127.0.0.1');
    await once(taken, 'listening');
    const server = run();
    expect((await server.ended).code).toBe(1);
    expect(server.said.err).toBe(
      `Port ${port} on 127.0.0.1 is taken by another program: stop that one, or set PORT to a free port.\n`,
    );
    await new Promise((closed) => taken.close(closed));
  },
  PATIENCE,
);

test(
  'a signal while it starts ends all of them',
  async () => {
    const server = run();
    await expect.poll(() => server.workers().length).toBe(2);
    server.child.kill('SIGTERM');
    const told = performance.now();
    expect((await server.ended).code).toBe(0);
    expect(server.said.err).toBe('');
    // Nobody had to be killed, which is what happens after 16 seconds.
    expect(performance.now() - told).toBeLessThan(15_000);
  },
  PATIENCE,
);

test.each(['0', '65', 'two'])(
  'WORKERS=%s is a mistake in the settings',
  async (WORKERS) => {
    const server = run({ WORKERS });
    expect((await server.ended).code).toBe(1);
    expect(server.said.err).toBe('The settings are not right:\n  - WORKERS: expected a whole number from 1 to 64\n');
  },
  PATIENCE,
);
