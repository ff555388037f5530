/**
 * A Redis of a test's own, where this machine has the program `redis-server` (Debian: `apt-get install redis-server`). The suite
 * needs none: what is tested with it is left out where it is not there.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import { pingRedis } from '#src/base/redis.ts';
import { findFreePort } from './free-port.ts';

/** Whether there is one on the PATH. */
export const hasRedis = canRun();

function canRun(): boolean {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

export interface TestRedis extends AsyncDisposable {
  /** With a password. */
  readonly url: string;
  readonly password: string;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts one that keeps nothing. */
export async function openTestRedis(): Promise<TestRedis> {
  const port = await findFreePort();
  const password = randomBytes(12).toString('hex');
  const url = `redis://:${password}@127.0.0.1:${port}`;
  let child: ChildProcess | undefined;
  const start = async () => {
    const settings = { port: String(port), bind: '127.0.0.1', save: '', appendonly: 'no', requirepass: password };
    const words = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
    child = spawn('redis-server', words, { stdio: 'ignore', cwd: tmpdir() });
    for (let tries = 0; ; tries += 1) {
      const failure = await pingRedis(url).catch((error: unknown) => error);
      if (failure === undefined) return;
      if (tries > 100) throw failure;
      await setTimeout(50);
    }
  };
  const stop = async () => {
    if (!child || child.exitCode !== null) return;
    const gone = once(child, 'exit');
    child.kill();
    await gone;
  };
  await start();
  return { url, password, start, stop, [Symbol.asyncDispose]: stop };
}
