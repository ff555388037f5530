/**
 * Start and stop of a process, the only one or one of several: settings, log, signals, exit code. What is started, and in
 * which order, is in `start.ts`.
 *
 * The only file that reads the environment, hears signals and ends the process.
 */
import cluster from 'node:cluster';
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { pino } from 'pino';
import { type Config, readConfig } from './base/config.ts';
import { openDataDirectory, toDataDirectoryError } from './base/data-directory.ts';
import { createLog, type Log } from './base/log.ts';
import { takeSnapshot } from './base/metrics.ts';
import { preparing, welcome } from './cli/welcome.ts';
import { start, startPrimary, startWorker } from './start.ts';
import { openChannel } from './worker-channel.ts';

/** The environment, for the settings and for the secrets that registrations name. */
export function readEnvironment(): Readonly<Record<string, string | undefined>> {
  return process.env;
}

/** Where text for a person goes; a test brings its own. */
export interface Terminal {
  readonly print: (text: string) => void;
  readonly complain: (text: string) => void;
  /** Whether a person reads what is printed, and not a program. */
  readonly isInteractive: boolean;
}

export const terminal: Terminal = {
  print: (text) => void process.stdout.write(text),
  complain: (text) => void process.stderr.write(text),
  isInteractive: process.stdout.isTTY === true,
};

/** Ends the process when it has said everything. */
export function exitWith(code: number): void {
  process.exitCode = code;
}

/** Runs the server until a signal or a fault ends it, and the process with it: 0 after a signal, 1 after a fault. */
export async function serve(): Promise<void> {
  process.exit(await (cluster.isWorker ? runWorker() : runServer()));
}

/** @returns the exit code */
async function runServer(): Promise<number> {
  const stop = listenForStop({ obeysSignals: true });
  try {
    const config = readConfig(process.env);
    const logFile = await chooseLogFile(config);
    const log = openLog(config, logFile);
    stop.reportTo(log);
    if (config.mode === 'sandbox') terminal.print(preparing(config));
    await using server = new AsyncDisposableStack();
    const begun = { config, log, server, signal: stop.signal };
    return await runUntilStop(stop, log, async () => {
      const { sampleApps } = await (config.workers > 1 ? startPrimary({ ...begun, logFile }) : start(begun));
      if (config.mode === 'sandbox') terminal.print(welcome(config, { sampleApps, logFile }));
    });
  } catch (error) {
    terminal.complain(`${await say(error)}\n`);
    return 1;
  }
}

/**
 * One of several processes. It obeys the primary and no signal: a terminal signals everybody, and whoever stopped by
 * itself then would not be there for the requests that the primary still lets through.
 *
 * @returns the exit code
 */
async function runWorker(): Promise<number> {
  const stop = listenForStop({ obeysSignals: false });
  const channel = openChannel({ stop: () => stop.ask(0), count: takeSnapshot });
  try {
    const { config, number, logFile } = await channel.beginning;
    const log = openLog(config, logFile, number);
    stop.reportTo(log);
    await using server = new AsyncDisposableStack();
    const begun = { config, log, server, signal: stop.signal };
    return await runUntilStop(stop, log, () => startWorker(begun, channel));
  } catch (error) {
    await channel.report({ kind: 'failed', sentence: await say(error) });
    return 1;
  }
}

type Stop = ReturnType<typeof listenForStop>;

/** Starts, and waits for the stop; what a stop interrupts is no failure. @returns the exit code */
async function runUntilStop(stop: Stop, log: Log, begin: () => Promise<void>): Promise<number> {
  try {
    await begin();
    const code = await stop.requested;
    log.info('stopping');
    return code;
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    return stop.requested;
  }
}

/** One sentence for whoever reads what stopped the server. Loaded when needed: it knows the errors of every room. */
async function say(error: unknown): Promise<string> {
  const { sentenceFor } = await import('./cli/sentences.ts');
  return sentenceFor(error) ?? describeFault(error);
}

function describeFault(error: unknown): string {
  return `Lawang stopped because of a fault of its own: ${error instanceof Error ? error.stack : String(error)}`;
}

/** A second signal within this time is the same one: npm forwards what the terminal has sent to everybody already. */
const SAME_SIGNAL_MS = 2_000;

/** What asks the process to stop. `requested` gives the exit code. */
function listenForStop({ obeysSignals }: { obeysSignals: boolean }) {
  const { promise: requested, resolve } = Promise.withResolvers<number>();
  const controller = new AbortController();
  let since: number | undefined;
  let log: Log | undefined;

  const ask = (code: number) => {
    since ??= performance.now();
    resolve(code);
    controller.abort();
  };
  const onSignal = () => {
    if (!obeysSignals) return;
    if (since !== undefined && performance.now() - since > SAME_SIGNAL_MS) process.exit(1);
    ask(0);
  };
  const onFault = (kind: string) => (err: unknown) => {
    log?.fatal({ err }, kind);
    if (!log) terminal.complain(`${describeFault(err)}\n`);
    ask(1);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  process.on('uncaughtException', onFault('uncaught exception'));
  process.on('unhandledRejection', onFault('unhandled rejection'));
  return {
    ask,
    requested,
    signal: controller.signal,
    reportTo(target: Log) {
      log = target;
    },
  };
}

/**
 * In a sandbox at a terminal, where nobody set LOG_LEVEL, the log goes to a file, a new one for each start: a person reads
 * what to open instead of JSON. Everywhere else (production, a container, a pipe) the log is standard output.
 *
 * @returns the file, or undefined
 * @throws {DataDirectoryError} when there is no place for it
 */
async function chooseLogFile(config: Config): Promise<string | undefined> {
  const isForPerson = config.mode === 'sandbox' && terminal.isInteractive && !config.isLogLevelChosen;
  if (!isForPerson) return undefined;
  await openDataDirectory(config.dataDir);
  const logFile = join(config.dataDir, 'lawang.log');
  try {
    renameSync(logFile, `${logFile}.previous`);
  } catch {
    // There was none.
  }
  return logFile;
}

/** @throws {DataDirectoryError} when the file cannot be written */
function openLog(config: Config, logFile: string | undefined, worker?: number): Log {
  try {
    const destination =
      logFile === undefined ? undefined : pino.destination({ dest: logFile, sync: true, mode: 0o600 });
    return createLog(config.logLevel, destination, worker);
  } catch (error) {
    throw toDataDirectoryError(config.dataDir, error);
  }
}
