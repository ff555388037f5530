/** The command line, run in the process of the test. */
import { execute } from '#src/cli.ts';
import { testMasterKey } from './master-key.ts';
import type { World } from './world.ts';

/**
 * Runs a command line as somebody whose terminal asks no questions.
 *
 * @param line what stands after `lawang`
 */
export async function runLawang(line: string, environment: Record<string, string>) {
  const said = { out: '', err: '' };
  const terminal = {
    print: (text: string) => {
      said.out += text;
    },
    complain: (text: string) => {
      said.err += text;
    },
    isInteractive: false,
  };
  const code = await execute(line.split(' ').filter(Boolean), { environment, terminal });
  return { code, ...said };
}

/** The same beside a server that is running, as its operator types it. */
export function runBeside({ databaseUrl, issuer }: World, line: string, settings: Record<string, string> = {}) {
  const MASTER_KEYS = testMasterKey.toString('base64');
  return runLawang(line, { DATABASE_URL: databaseUrl, ISSUER: issuer, MASTER_KEYS, ...settings });
}
