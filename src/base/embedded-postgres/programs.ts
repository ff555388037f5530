import { execFile, type SpawnOptions, spawn } from 'node:child_process';
import { promisify } from 'node:util';

/** How the programs below are started, when that is not simply as ourselves. */
export interface Account {
  /** The owner that a cluster's files must have. */
  uid: number;
  gid: number;
  /** Goes in front of a program and its arguments, and replaces itself by it: the process id stays. */
  prefix: string[];
  /** What the process changes its ids to when there is no such prefix. */
  ids: { uid?: number; gid?: number };
}

/** Nothing of our own environment, which may hold secrets and has `PG…` variables that change what programs do. */
const ENVIRONMENT = process.platform === 'win32' ? {} : { env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' } };
const execute = promisify(execFile);

/** @returns what it printed; rejects, with `stderr`, when it fails */
export async function runProgram(program: string, args: string[], account?: Account): Promise<string> {
  const [command, rest] = commandOf(program, args, account);
  const { stdout } = await execute(command, rest, { ...ENVIRONMENT, ...account?.ids, windowsHide: true });
  return stdout;
}

/** @returns the process once it runs; rejects when it cannot */
export async function startProgram(program: string, args: string[], account?: Account, options: SpawnOptions = {}) {
  const [command, rest] = commandOf(program, args, account);
  const child = spawn(command, rest, { ...ENVIRONMENT, ...account?.ids, windowsHide: true, ...options });
  await new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject));
  return child;
}

function commandOf(program: string, args: string[], account?: Account): [string, string[]] {
  const [command = program, ...rest] = [...(account?.prefix ?? []), program, ...args];
  return [command, rest];
}
