/** Runs the checks of an app, all of them or those that keep running on a live one. */
import type { ClientRecord } from '../clients.ts';
import { checkAddresses } from './addresses.ts';
import { type Check, type CheckName, type CheckTools, checkNames, type Finding } from './check.ts';
import { checkCredentials } from './credentials.ts';
import { checkContacts, checkPurposes } from './declared.ts';
import { checkHosts, checkTakeover } from './hosts.ts';
import { checkNotices } from './notices.ts';
import { checkOverlap } from './overlap.ts';
import { checkHome, checkPrivacy } from './pages.ts';
import { checkSignIn } from './sign-ins.ts';

const checks: Readonly<Record<CheckName, Check>> = {
  addresses: checkAddresses,
  hosts: checkHosts,
  takeover: checkTakeover,
  home: checkHome,
  privacy: checkPrivacy,
  credentials: checkCredentials,
  notices: checkNotices,
  'sign-in': checkSignIn,
  contacts: checkContacts,
  purposes: checkPurposes,
  overlap: checkOverlap,
};

/** What can go wrong with a live app by itself. */
export const dailyChecks = [
  'hosts',
  'takeover',
  'home',
  'privacy',
  'credentials',
] as const satisfies readonly CheckName[];

/** In seconds rather than minutes, however slow the app's servers are. Writes nothing. */
export function runChecks(
  client: ClientRecord,
  tools: CheckTools,
  names: readonly CheckName[] = checkNames,
): Promise<Finding[]> {
  return Promise.all(names.map((name) => runCheck(name, client, tools)));
}

async function runCheck(name: CheckName, client: ClientRecord, tools: CheckTools): Promise<Finding> {
  const problems = await checks[name](client, tools);
  if (problems === undefined) return { name, outcome: 'skipped', problems: [] };
  return { name, outcome: problems.length === 0 ? 'passed' : 'failed', problems };
}

/** Whether nothing stands in the way of production: every check has run, and none has failed. */
export function areGreen(findings: readonly Finding[]): boolean {
  const ran = new Set(findings.map(({ name }) => name));
  return checkNames.every((name) => ran.has(name)) && findings.every(({ outcome }) => outcome !== 'failed');
}
