/** An app in a process of its own, as its developer starts it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { onTestFinished } from 'vitest';
import { exchange } from './browser-agent.ts';

export interface StartedApp {
  /** What it has written so far. */
  said(): string;
}

/** Starts it, and waits until it answers at `home`; it ends with the test. @throws what it said, when it ended instead */
export async function startApp(
  command: readonly [program: string, ...parameters: string[]],
  home: string,
  { cwd, env }: { cwd?: string; env: Readonly<Record<string, string | undefined>> },
): Promise<StartedApp> {
  const [program, ...parameters] = command;
  const app = spawn(program, parameters, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const pieces: string[] = [];
  const said = () => pieces.join('');
  for (const stream of [app.stdout, app.stderr]) stream.on('data', (piece) => pieces.push(String(piece)));
  const hasEnded = () => app.exitCode !== null || app.signalCode !== null;
  onTestFinished(async () => {
    if (hasEnded()) return;
    const ended = once(app, 'exit');
    app.kill();
    await ended;
  });
  for (;;) {
    if (hasEnded()) throw new Error(`${program} ended with ${app.exitCode ?? app.signalCode}: ${said()}`);
    const answer = await exchange(home).catch(() => undefined);
    if (answer) return { said };
    await new Promise((next) => setTimeout(next, 50));
  }
}
