/** The server as a process of its own, as an operator starts it, on data that a test has prepared. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { exchange } from './browser-agent.ts';
import { findFreePort } from './free-port.ts';

export interface ServerProcess extends AsyncDisposable {
  readonly port: number;
  readonly pid: number;
}

/** A start takes a second or two where nothing else runs. */
const READY_WITHIN_MS = 90_000;
const entry = resolve(import.meta.dirname, '../../src/lawang.js');

/** Starts it with `settings` on a free port. Resolves when it answers; its output is in the error when it does not. */
export async function startProcess(settings: Readonly<Record<string, string>>): Promise<ServerProcess> {
  const [port, metricsPort] = [await findFreePort(), await findFreePort()];
  const dataDir = await mkdtemp(join(tmpdir(), 'lawang-process-'));
  const ports = { PORT: String(port), METRICS_PORT: String(metricsPort), DATA_DIR: dataDir };
  const child = spawn(process.execPath, [entry, 'serve'], {
    env: { PATH: process.env.PATH, SEED: 'none', SAMPLE_APPS: 'off', RATE_LIMITS: 'off', ...ports, ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => said.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => said.push(chunk));
  const process_ = {
    port,
    pid: child.pid ?? 0,
    async [Symbol.asyncDispose]() {
      await stop(child);
      await rm(dataDir, { recursive: true, force: true });
    },
  };
  try {
    await ready(child, port);
    return process_;
  } catch (cause) {
    await process_[Symbol.asyncDispose]();
    throw new Error(`the server did not start:\n${Buffer.concat(said)}`, { cause });
  }
}

async function ready(child: ChildProcess, port: number): Promise<void> {
  for (const end = Date.now() + READY_WITHIN_MS; Date.now() < end; await new Promise((next) => setTimeout(next, 100))) {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`);
    const answer = await exchange(`http://127.0.0.1:${port}/readyz`).catch(() => undefined);
    if (answer?.status === 200) return;
  }
  throw new Error('it was not ready within a minute and a half');
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}
