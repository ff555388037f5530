import { chown, lchown, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { EmbeddedPostgresError } from './error.ts';
import { type Account, runProgram } from './programs.ts';

/** `nobody`: the one unprivileged user that every Linux has; `initdb` insists that its user has a name. */
const NOBODY = 65534;

/**
 * PostgreSQL refuses to run as root, and an ordinary user cannot reach a checkout below /root. So when we are root, on
 * Linux, the first of these that works on this machine:
 *
 * 1. `unshare`: a user namespace in which root is called nobody. To the file system it stays root, without capabilities:
 *    every directory of root's can be entered, and files keep their owner.
 * 2. `setpriv`: nobody (or the owner that the cluster already has), with the one capability that passes closed
 *    directories. For containers, which may not make namespaces. `no_setuid_fixup` lets access(2) count that capability.
 * 3. plainly nobody, when all directories on the way are open.
 *
 * The cluster's files are given to whom it needs.
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
    'PostgreSQL does not run as root, and no other user can reach these directories: ' +
      'start Lawang as an ordinary user, or set DATABASE_URL to a PostgreSQL server of your own.',
  );
}

async function listAccounts(cluster: string): Promise<Account[]> {
  if (process.platform !== 'linux') return [];
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

/** The directory itself comes last, so that an interrupted change is seen and done again. */
async function giveFiles(cluster: string, { uid, gid }: Account): Promise<void> {
  if ((await stat(cluster)).uid === uid) return;
  for (const name of await readdir(cluster, { recursive: true })) await lchown(join(cluster, name), uid, gid);
  await chown(cluster, uid, gid);
}

async function canRun(account: Account, cluster: string, postgres: string): Promise<boolean> {
  const script = 'cd "$1" && test -x "$2" && "$2" --version';
  return runProgram('sh', ['-c', script, 'sh', cluster, postgres], account).then(
    () => true,
    () => false,
  );
}
