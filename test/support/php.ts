/** PHP is not needed to test this project; where it is there, what we say of it is tried. */
import { spawnSync } from 'node:child_process';

/** The program; `PHP` names another one. */
export const php = process.env.PHP ?? 'php';

/** Why the quick start cannot be run here; undefined when it can. */
export function phpLacks(): string | undefined {
  const asks = 'exit((int) (PHP_VERSION_ID < 80100 || !extension_loaded("openssl") || !extension_loaded("session")));';
  const { status, error } = spawnSync(php, ['-r', asks], { stdio: 'ignore' });
  if (status === 0) return undefined;
  return error ? 'no PHP here' : 'PHP is older than 8.1, or lacks openssl or session';
}
