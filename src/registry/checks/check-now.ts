/** The checks of one app right now, for whoever looks at its page or asks the API. */
import type { Config } from '#src/base/config.ts';
import type { Database } from '#src/base/database.ts';
import { DAY_MS } from '#src/base/epoch.ts';
import { loadClient } from '../clients.ts';
import { checkNames } from './check.ts';
import { claimRun, finishRun, saveFindings } from './findings.ts';
import { createLookout } from './lookout.ts';
import { dailyChecks, runChecks } from './run.ts';

/** How long a run has to be over before somebody may ask for another one: a stranger's server is no target. */
const REST_MS = 5_000;

/**
 * Runs them and keeps what they find; of a live app those that go on every day. Not inside a transaction: requests to others
 * are made meanwhile.
 *
 * @returns false when somebody else is at it, or has just been
 * @throws {Refusal} `client_not_found`
 */
export async function checkNow(
  database: Database,
  { intranetAllowlist, issuer }: Pick<Config, 'intranetAllowlist' | 'issuer'>,
  clientId: string,
): Promise<boolean> {
  const now = new Date();
  if (!(await claimRun(database, clientId, now, REST_MS))) return false;
  // Read after the time that is kept, so that a change of the app meanwhile is a later one.
  const client = await loadClient(database, clientId);
  const tools = { db: database, lookout: createLookout(intranetAllowlist), now, issuer };
  const findings = await runChecks(client, tools, client.state === 'live' ? dailyChecks : checkNames);
  await saveFindings(database, clientId, findings, now);
  await finishRun(database, clientId, new Date(), new Date(now.getTime() + DAY_MS));
  return true;
}
