/**
 * Start and stop of the process: settings, log, signals, exit code. What is started, and in which order, is in `start.ts`.
 *
 * The only file that reads the environment, hears signals and ends the process.
 */
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { pino } from 'pino';
import { type Config, readConfig } from './base/config.ts';
import { openDataDirectory, toDataDirectoryError } from './base/data-directory.ts';
import { createLog, type Log } from './base/log.ts';
import { sentenceFor } from './cli/sentences.ts';
import { preparing, welcome } from './cli/welcome.ts';
import { start } from './start.ts';

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
  const stop = listenForStop();
  let code = 0;
  try {
    const config = readConfig(process.env);
    const { log, logFile } = await openLog(config);
    stop.reportTo(log);
    if (config.mode === 'sandbox') terminal.print(preparing(config));
    await using server = new AsyncDisposableStack();
    try {
      const { sampleApps } = await start({ config, log, server, signal: stop.signal });
      if (config.mode === 'sandbox') terminal.print(welcome(config, { sampleApps, logFile }));
      code = await stop.requested;
      log.info('stopping');
    } catch (error) {
      if (!stop.signal.aborted) throw error;
      code = await stop.requested;
    }
  } catch (error) {
    terminal.complain(`${sentenceFor(error) ?? describeFault(error)}\n`);
    code = 1;
  }
  process.exit(code);
}

function describeFault(error: unknown): string {
  return `Lawang stopped because of a fault of its own: ${error instanceof Error ? error.stack : String(error)}`;
}

/** A second signal within this time is the same one: npm forwards what the terminal has sent to everybody already. */
const SAME_SIGNAL_MS = 2_000;

/** What asks the server to stop. `requested` gives the exit code. */
function listenForStop() {
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
    requested,
    signal: controller.signal,
    reportTo(target: Log) {
      log = target;
    },
  };
}

/**
 * In a sandbox at a terminal, where nobody set LOG_LEVEL, the log goes to a file: a person reads what to open instead of
 * JSON. Everywhere else (production, a container, a pipe) the log is standard output.
 *
 * @throws {DataDirectoryError} when there is no place for the file
 */
async function openLog(config: Config): Promise<{ log: Log; logFile: string | undefined }> {
  const isForPerson = config.mode === 'sandbox' && terminal.isInteractive && !config.isLogLevelChosen;
  if (!isForPerson) return { log: createLog(config.logLevel), logFile: undefined };
  await openDataDirectory(config.dataDir);
  const logFile = join(config.dataDir, 'lawang.log');
  try {
    renameSync(logFile, `${logFile}.previous`);
  } catch {
    // There was none.
  }
  try {
    const destination = pino.destination({ dest: logFile, sync: true, mode: 0o600 });
    return { log: createLog(config.logLevel, destination), logFile };
  } catch (error) {
    throw toDataDirectoryError(config.dataDir, error);
  }
}
