/** Python is not needed to test this project; where it is there, what we say of it is tried. */
import { spawnSync } from 'node:child_process';

/** The interpreter; `PYTHON` names one that has the packages. */
export const python = process.env.PYTHON ?? 'python3';

/** Why code that imports these modules cannot be run here; undefined when it can. */
export function pythonLacks(...modules: readonly string[]): string | undefined {
  const { status, error } = spawnSync(python, ['-c', `import ${modules.join(', ')}`], { stdio: 'ignore' });
  if (status === 0) return undefined;
  return error ? 'no Python here' : `Python lacks one of: ${modules.join(', ')}`;
}
