/** Somebody's first minutes: what README.md says to type, in a clone that has nothing but what is committed. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve, sep } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { findRunningPostgres, startEmbeddedPostgres } from '#src/base/embedded-postgres.ts';
import { BrowserAgent, exchange } from './support/browser-agent.ts';
import { findFreePort } from './support/free-port.ts';

const root = resolve(import.meta.dirname, '..');
const run = promisify(execFile);

/** What reaches npm from outside: where things are, how to get at the registry, and npm's own settings. */
const passedOn =
  /^(path|home|user|lang|tmpdir|ci|(https?|no|all)_proxy|ssl_cert_\w+|node_extra_ca_certs|npm_config_\w+)$/i;

/** A newcomer's environment: nothing of this test run, neither its settings nor the programs that it has installed. */
function newcomersEnvironment(): Record<string, string> {
  const kept = Object.entries(process.env).filter(([name]) => passedOn.test(name));
  const path = (process.env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => !folder.includes(`${sep}node_modules${sep}`));
  return { ...Object.fromEntries(kept.map(([name, value]) => [name, value ?? ''])), PATH: path.join(delimiter) };
}

/** The commands of the README's first block, one by one. */
async function readmeCommands(): Promise<string[]> {
  const readme = await readFile(join(root, 'README.md'), 'utf8');
  const block = /^```sh\n(.+)\n```$/m.exec(readme)?.[1] ?? '';
  return block.split('&&').map((command) => command.trim());
}

async function isCheckout(): Promise<boolean> {
  const top = await run('git', ['rev-parse', '--show-toplevel'], { cwd: root }).catch(() => undefined);
  return top !== undefined && resolve(top.stdout.trim()) === root;
}

interface Typed {
  readonly child: ChildProcess;
  readonly said: { out: string; err: string };
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

/** Types a command in a terminal of its own. */
function type(command: string, cwd: string, env: Record<string, string>): Typed {
  const [program = '', ...args] = command.split(' ');
  const child = spawn(program, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const said = { out: '', err: '' };
  child.stdout.on('data', (data) => {
    said.out += data;
  });
  child.stderr.on('data', (data) => {
    said.err += data;
  });
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal }));
  return { child, said, ended };
}

async function becomesReady(url: string, server: Typed): Promise<void> {
  const isEnded = () => server.child.exitCode !== null || server.child.signalCode !== null;
  while (!isEnded()) {
    const answer = await exchange(`${url}/readyz`).catch(() => undefined);
    if (answer?.status === 200) return;
    await setTimeout(100);
  }
  throw new Error(`it ended before it was ready: ${server.said.err}${server.said.out}`);
}

test('the README’s commands in an empty clone: installed, ready, a sign-in page, and ended by Ctrl-C', async ({
  skip,
}) => {
  if (!(await isCheckout())) skip('this is no git checkout, so there is nothing to clone');
  const [install, start, ...more] = await readmeCommands();
  expect({ install, start, more }).toEqual({ install: 'npm ci', start: 'npm start', more: [] });

  const home = await mkdtemp(join(tmpdir(), 'lawang-newcomer-'));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  const clone = join(home, 'lawang');
  await run('git', ['clone', '--quiet', root, clone]);

  const env = newcomersEnvironment();
  const installed = type(`${install} --ignore-scripts --prefer-offline`, clone, env);
  expect(await installed.ended, installed.said.err).toEqual({ code: 0, signal: null });
  expect(installed.said.err).toBe('');

  // The sample apps have fixed ports, which another sandbox on this machine may hold.
  const [PORT, METRICS_PORT] = [String(await findFreePort()), String(await findFreePort())];
  const server = type(`${start}`, clone, { ...env, PORT, METRICS_PORT, SAMPLE_APPS: 'off' });
  onTestFinished(() => leaveNothing(server, join(clone, '.data')));
  const url = `http://localhost:${PORT}`;
  await becomesReady(url, server);
  await expect.poll(() => server.said.out).toContain('Ctrl-C');
  for (const named of [`${url}/account`, `${url}/sandbox/outbox`, 'siti@contoh.id', 'lawang-sandbox'])
    expect(server.said.out).toContain(named);
  expect((await new BrowserAgent().visit(`${url}/account`)).has('#sign-in')).toBe(true);

  process.kill(-(server.child.pid ?? 0), 'SIGINT');
  // A Ctrl-C reaches npm and its shell too, and these end by it; what the server itself ended with is in what it left.
  expect([0, null]).toContain((await server.ended).code);
  expect(server.said.err).toBe('');
  expect(server.said.out).toContain('"msg":"stopping"');
  expect(await readFile(join(clone, '.data', 'postgres.log'), 'utf8')).toContain('database system is shut down');
  expect(await findRunningPostgres(join(clone, '.data'))).toBeUndefined();
  await expect(exchange(`${url}/livez`)).rejects.toThrow();
}, 180_000);

/** After a failure half-way: the server and its PostgreSQL end all the same. */
async function leaveNothing({ child, ended }: Typed, dataDir: string): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) process.kill(-(child.pid ?? 0), 'SIGKILL');
  await ended;
  if (await findRunningPostgres(dataDir)) await (await startEmbeddedPostgres({ dataDir })).stop();
}
