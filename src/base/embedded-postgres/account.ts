import { spawn } from 'node:child_process';
import { chown, lchown, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { EmbeddedPostgresError } from './error.ts';

/** As whom PostgreSQL's programs run, when that is not simply ourselves. */
export interface Account {
  /** The owner that a cluster's files must have. */
  uid: number;
  gid: number;
  /** Goes in front of a program and its arguments, and replaces itself by it: the process id stays. */
  prefix: string[];
  /** For `spawn`, when the process is to change its ids without a prefix. */
  ids: { uid?: number; gid?: number };
}

/** `nobody`: the one unprivileged user that every Linux has; `initdb` insists that its user has a name. */
const NOBODY = 65534;

/**
 * PostgreSQL refuses to run as root, and an ordinary user cannot reach a checkout below /root. So when we are root, on
 * Linux, the first of these that works on this machine:
 *
 * 1. `unshare`: a user namespace in which root is called nobody. To the file system it stays root, without capabilities:
 *    every directory of root's can be entered and files keep their owner.
 * 2. `setpriv`: nobody (or the owner that the cluster already has), who keeps the one capability to pass closed
 *    directories. For containers, which may not make namespaces. `no_setuid_fixup` lets access(2) count that capability.
 * 3. plainly nobody, when all directories on the way are open.
 *
 * @param cluster existing directory that will hold, or holds, the cluster
 * @returns undefined when PostgreSQL can run as ourselves
 */
export async function chooseAccount(cluster: string, postgres: string): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  for (const account of await listAccounts(cluster)) {
    await giveFiles(cluster, account);
    if (await canRun(account, cluster, postgres)) return account;
  }
  throw new EmbeddedPostgresError(
    'PostgreSQL does not run as root, and no other user can reach this directory: ' +
      'start Lawang as an ordinary user, or set DATABASE_URL to a PostgreSQL server of your own.',
  );
}

async function listAccounts(cluster: string): Promise<Account[]> {
  const owner = await stat(cluster);
  const { uid, gid } = owner.uid === 0 ? { uid: NOBODY, gid: NOBODY } : owner;
  const renamed = ['unshare', '--user', `--map-user=${NOBODY}`, `--map-group=${NOBODY}`];
  const capable = [
    ...['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', '--securebits=+no_setuid_fixup'],
    ...['--inh-caps=+dac_override', '--ambient-caps=+dac_override'],
  ];
  return [
    ...(owner.uid === 0 ? [{ uid: 0, gid: 0, prefix: renamed, ids: {} }] : []),
    { uid, gid, prefix: capable, ids: {} },
    { uid, gid, prefix: [], ids: { uid, gid } },
  ];
}

async function giveFiles(path: string, account: Account): Promise<void> {
  const { uid } = await stat(path);
  if (uid === account.uid) return;
  const children = await readdir(path, { recursive: true });
  for (const child of children) await lchown(join(path, child), account.uid, account.gid);
  await chown(path, account.uid, account.gid);
}

async function canRun(account: Account, cluster: string, postgres: string): Promise<boolean> {
  const [command = 'sh', ...rest] = [...account.prefix, 'sh'];
  const script = 'cd "$1" && test -x "$2" && "$2" --version';
  const child = spawn(command, [...rest, '-c', script, 'sh', cluster, postgres], { ...account.ids, stdio: 'ignore' });
  return new Promise((resolve) => {
    child.once('error', () => resolve(false));
    child.once('exit', (code) => resolve(code === 0));
  });
}
