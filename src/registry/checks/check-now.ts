/** The checks of one app right now, for whoever looks at its page or asks the API. */
import type { Config } from '#src/base/config.ts';
import type { Database } from '#src/base/database.ts';
import type { ClientRecord } from '../clients.ts';
import { checkNames } from './check.ts';
import { claimRun, finishRun, saveFindings } from './findings.ts';
import { createLookout } from './lookout.ts';
import { dailyChecks, runChecks } from './run.ts';

const DAY_MS = 86_400_000;

/** How long a run has to be over before somebody may ask for another one: a stranger's server is no target. */
export const REST_MS = 5_000;

/**
 * Runs them and keeps what they find; of a live app those that go on every day. Not inside a transaction: requests to others
 * are made meanwhile.
 *
 * @returns false when somebody else is at it, or has just been
 */
export async function checkNow(
  database: Database,
  { intranetAllowlist }: Pick<Config, 'intranetAllowlist'>,
  client: ClientRecord,
): Promise<boolean> {
  const now = new Date();
  if (!(await claimRun(database, client.id, now, REST_MS))) return false;
  const tools = { db: database, lookout: createLookout(intranetAllowlist), now };
  const findings = await runChecks(client, tools, client.state === 'live' ? dailyChecks : checkNames);
  await saveFindings(database, client.id, findings, new Date());
  await finishRun(database, client.id, new Date(), new Date(now.getTime() + DAY_MS));
  return true;
}
