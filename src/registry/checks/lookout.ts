/**
 * Looks at the addresses of an app from outside, for its checks: each host and each page once, however many checks ask.
 * Goes only where the guarded fetch goes.
 */
import { lookup } from 'node:dns';
import { Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';
import { askableWithin, createCertificateReader, createGuardedFetch, type Resolve } from '#src/base/guarded-fetch.ts';

const TIMEOUT_MS = 5_000;
const DNS_TIMEOUT_MS = 3_000;
const MOST_BYTES = 64 * 1024;
const MOST_REDIRECTS = 3;

/** What a host is behind. */
export type Resolved =
  | { readonly kind: 'found' }
  | { readonly kind: 'unknown' | 'unresolved' | 'inside' }
  /** It is another name for one that is gone: whoever takes that one gets the host's visitors. */
  | { readonly kind: 'dangling'; readonly alias: string };

export type Visited =
  | { readonly kind: 'answered'; readonly status: number; readonly text: string }
  | { readonly kind: 'silent' };

export type Certified = { readonly kind: 'valid'; readonly until: Date } | { readonly kind: 'wrong' | 'silent' };

/** How names are resolved; tests hand in their own. */
export interface NameSource {
  readonly resolve: Resolve;
  /** The name that this one stands for. */
  readonly findAlias: (name: string) => Promise<string | undefined>;
}

/** The resolver of this machine. */
export const ownNames: NameSource = {
  resolve: lookup,
  async findAlias(name) {
    const resolver = new Resolver({ timeout: DNS_TIMEOUT_MS, tries: 1 });
    const aliases = await resolver.resolveCname(name).catch(() => []);
    return aliases[0];
  },
};

export interface Lookout {
  resolve(host: string): Promise<Resolved>;
  /** Follows redirects between https addresses. */
  visit(uri: string): Promise<Visited>;
  /** Sends something, each time that it is asked to; follows no redirect. */
  post(uri: string, sent: { readonly contentType: string; readonly body: string }): Promise<Visited>;
  readCertificate(host: string, port: number): Promise<Certified>;
}

/** @param intranet CIDRs inside that may be asked all the same */
export function createLookout(intranet: readonly string[], names: NameSource = ownNames): Lookout {
  const mayAsk = askableWithin(intranet);
  const guardedFetch = createGuardedFetch(intranet, names.resolve);
  const readEnd = createCertificateReader(intranet, names.resolve);
  return {
    resolve: once((host) => resolveHost(names, mayAsk, host)),
    visit: once((uri) => visitPage(guardedFetch, uri)),
    post: (uri, sent) => postTo(guardedFetch, uri, sent),
    readCertificate: onceFor(
      (host, port) => `${host}:${port}`,
      (host, port) => certify(readEnd, host, port),
    ),
  };
}

function once<T>(look: (what: string) => Promise<T>): (what: string) => Promise<T> {
  return onceFor((what) => what, look);
}

function onceFor<Args extends unknown[], T>(
  keyOf: (...args: Args) => string,
  look: (...args: Args) => Promise<T>,
): (...args: Args) => Promise<T> {
  const looked = new Map<string, Promise<T>>();
  return (...args) => {
    const key = keyOf(...args);
    const known = looked.get(key) ?? look(...args);
    looked.set(key, known);
    return known;
  };
}

async function resolveHost(
  { resolve, findAlias }: NameSource,
  mayAsk: (address: string) => boolean,
  host: string,
): Promise<Resolved> {
  if (isIP(host)) return { kind: mayAsk(host) ? 'found' : 'inside' };
  const { promise, resolve: settle } = Promise.withResolvers<string | readonly string[]>();
  resolve(host, { all: true }, (error, addresses) => {
    settle(error ? (error.code ?? 'EAI_FAIL') : addresses.map(({ address }) => address));
  });
  const code = await withTimeout(promise, 'ETIMEOUT');
  if (typeof code !== 'string') return { kind: code.some(mayAsk) ? 'found' : 'inside' };
  if (code !== 'ENOTFOUND') return { kind: 'unresolved' };
  const alias = await findAlias(host);
  return alias === undefined ? { kind: 'unknown' } : { kind: 'dangling', alias };
}

function withTimeout<T>(work: Promise<T>, late: T): Promise<T> {
  const { promise, resolve } = Promise.withResolvers<T>();
  const timer = setTimeout(() => resolve(late), DNS_TIMEOUT_MS);
  return Promise.race([work, promise]).finally(() => clearTimeout(timer));
}

async function visitPage(guardedFetch: typeof fetch, uri: string): Promise<Visited> {
  try {
    let next = uri;
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    for (let redirects = 0; ; redirects += 1) {
      const answer = await guardedFetch(next, { headers, signal });
      const { status } = answer;
      const target = status >= 300 && status < 400 ? URL.parse(answer.headers.get('location') ?? '', next) : undefined;
      if (target?.protocol !== 'https:' || redirects === MOST_REDIRECTS)
        return { kind: 'answered', status, text: await readStart(answer) };
      await answer.body?.cancel();
      next = target.href;
    }
  } catch {
    return { kind: 'silent' };
  }
}

async function postTo(
  guardedFetch: typeof fetch,
  uri: string,
  { contentType, body }: { readonly contentType: string; readonly body: string },
): Promise<Visited> {
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const sent = { ...headers, 'Content-Type': contentType };
    const answer = await guardedFetch(uri, { method: 'POST', headers: sent, body, signal });
    return { kind: 'answered', status: answer.status, text: await readStart(answer) };
  } catch {
    return { kind: 'silent' };
  }
}

const headers = { 'User-Agent': 'Lawang-Checks/1', Accept: 'text/html, application/json;q=0.9, */*;q=0.5' };

/** As much of a body as tells what it is. */
async function readStart(answer: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of answer.body ?? []) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes >= MOST_BYTES) break;
  }
  return Buffer.concat(chunks).subarray(0, MOST_BYTES).toString();
}

async function certify(
  readEnd: ReturnType<typeof createCertificateReader>,
  host: string,
  port: number,
): Promise<Certified> {
  try {
    return { kind: 'valid', until: await readEnd(host, port, AbortSignal.timeout(TIMEOUT_MS)) };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    return { kind: /CERT|SIGNED|SIGNATURE|ISSUER|^ERR_TLS|^ERR_SSL|^EPROTO$/.test(code) ? 'wrong' : 'silent' };
  }
}

/** The hosts of https addresses, with the port that each is asked at. */
export function hostsOf(uris: readonly (string | undefined)[]): { readonly host: string; readonly port: number }[] {
  const urls = uris
    .map((uri) => (uri?.startsWith('https://') ? URL.parse(uri) : undefined))
    .filter((url) => url != null);
  const hosts = new Map(urls.map(({ host, hostname, port }) => [host, { host: hostname, port: Number(port || 443) }]));
  return [...hosts.values()];
}
