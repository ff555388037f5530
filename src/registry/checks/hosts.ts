/**
 * Whether the hosts of an app are there and its own.
 *
 * A host that is lost is one that somebody else may have or get: its name is gone from the DNS, stands for a name that is
 * gone, or is answered by a hosting service that knows no such site. Whoever takes it receives what the app would.
 */
import { DAY_MS } from '#src/base/epoch.ts';
import type { ClientRecord } from '../clients.ts';
import { pageUrisOf } from './addresses.ts';
import type { Check, CheckProblem, Finding, ProblemCode } from './check.ts';
import { hostsOf, type Lookout } from './lookout.ts';

/** Days before the end of a certificate from which on it is said. */
const CERTIFICATE_DAYS = 10;

/** Every host resolves, answers by TLS, and its certificate is right for a while. */
export const checkHosts: Check = async (client, { lookout, now }) => {
  const hosts = hostsIn(client);
  if (hosts.length === 0) return undefined;
  const problems = await Promise.all(hosts.map((host) => findHostProblem(lookout, host, now)));
  return problems.filter((problem) => problem !== undefined);
};

function hostsIn(client: ClientRecord) {
  return hostsOf([...client.redirectUris, ...client.postLogoutRedirectUris, ...pageUrisOf(client), client.jwksUri]);
}

async function findHostProblem(
  lookout: Lookout,
  { host, port }: { host: string; port: number },
  now: Date,
): Promise<CheckProblem | undefined> {
  const resolved = await lookout.resolve(host);
  if (resolved.kind === 'dangling') return { code: 'host_unknown', about: host };
  if (resolved.kind !== 'found') return { code: `host_${resolved.kind}`, about: host };
  const certified = await lookout.readCertificate(host, port);
  if (certified.kind === 'silent') return { code: 'host_silent', about: host };
  if (certified.kind !== 'valid') return { code: 'certificate_wrong', about: host };
  const isLasting = certified.until.getTime() - now.getTime() > CERTIFICATE_DAYS * DAY_MS;
  return isLasting ? undefined : { code: 'certificate_ends', about: host, at: certified.until.toISOString() };
}

/** No host stands for a name that is gone, or is served by somebody who does not know it. */
export const checkTakeover: Check = async (client, { lookout }) => {
  const hosts = hostsIn(client);
  if (hosts.length === 0) return undefined;
  const problems = await Promise.all(hosts.map((host) => findLoss(lookout, host)));
  return problems.filter((problem) => problem !== undefined);
};

async function findLoss(
  lookout: Lookout,
  { host, port }: { host: string; port: number },
): Promise<CheckProblem | undefined> {
  const resolved = await lookout.resolve(host);
  if (resolved.kind === 'dangling') return { code: 'host_dangling', about: host, said: resolved.alias };
  if (resolved.kind !== 'found') return undefined;
  const visited = await lookout.visit(`https://${host}${port === 443 ? '' : `:${port}`}/`);
  if (visited.kind !== 'answered' || visited.status < 400) return undefined;
  const service = unclaimed.find(([, pattern]) => pattern.test(visited.text));
  return service && { code: 'host_unclaimed', about: host, said: service[0] };
}

/** How hosting services say that a name leads to them and to none of their sites. */
const unclaimed: readonly (readonly [service: string, pattern: RegExp])[] = [
  ['GitHub Pages', /There isn't a GitHub Pages site here/],
  ['S3', /<Code>NoSuchBucket<\/Code>/],
  ['Azure', /<title>Microsoft Azure Web App - Error 404<\/title>|404 Web Site not found/],
  ['Heroku', /herokucdn\.com\/error-pages\/no-such-app/],
  ['Netlify', /^Not Found - Request ID:/],
  ['Vercel', /DEPLOYMENT_NOT_FOUND/],
  ['Fastly', /Fastly error: unknown domain/],
  ['Pantheon', /The gods are wise, but do not know of the site which you seek/],
];

const losses: ReadonlySet<ProblemCode> = new Set(['host_unknown', 'host_dangling', 'host_unclaimed']);

/** Hosts to which answers are sent that somebody else may have or get. */
export function lostHosts(client: ClientRecord, findings: readonly Finding[]): string[] {
  const answered = new Set(hostsOf(client.redirectUris).map(({ host }) => host));
  const lost = findings
    .flatMap(({ problems }) => problems)
    .filter(({ code, about }) => losses.has(code) && about !== undefined && answered.has(about))
    .map(({ about }) => String(about));
  return [...new Set(lost)];
}

/** Whether the hosts of an app have all been found to be its own since a moment. */
export function hasItsHosts(
  client: ClientRecord,
  findings: readonly (Finding & { readonly checkedAt: Date })[],
  since: Date,
): boolean {
  const seen = findings.filter(({ checkedAt }) => checkedAt > since);
  const areSeen = (['hosts', 'takeover'] as const).every((name) => seen.some((finding) => finding.name === name));
  return areSeen && lostHosts(client, seen).length === 0;
}
