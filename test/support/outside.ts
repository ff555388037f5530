/**
 * The world outside, for what looks at apps from outside: a server for any number of hosts with certificates of a little
 * authority, and names that resolve to it, to nothing, or to addresses inside.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { createSecureContext, getCACertificates, type SecureContext, setDefaultCACertificates } from 'node:tls';
import type { NameSource } from '#src/registry/checks/lookout.ts';
import { type Certified, certify } from './certificates.ts';

/** What a name leads to. */
export interface OutsideHost {
  /** Default: the server. */
  readonly address?: string;
  /** What resolving it fails with, such as `ENOTFOUND`. */
  readonly fails?: string;
  /** The name that it stands for. */
  readonly alias?: string;
  /** `stranger`: one of an authority that nobody knows. */
  readonly certificate?: 'stranger' | { readonly until: Date };
  /** Answers a path; 404 for paths that are not there. */
  readonly pages?: Readonly<Record<string, OutsidePage>>;
}

export interface OutsidePage {
  readonly status?: number;
  readonly body?: string;
  readonly location?: string;
  /** The status that depends on what was sent; undefined: it never answers. */
  readonly take?: (sent: string, contentType: string | undefined) => number | undefined;
}

export interface Outside extends AsyncDisposable {
  readonly port: number;
  readonly names: NameSource;
  /** What may be asked although it is inside: the server is on this machine. */
  readonly intranet: readonly string[];
  /** What each name leads to; a test changes it. */
  readonly hosts: Record<string, OutsideHost>;
  /** Every path that was asked for, with its host. */
  readonly asked: string[];
  /** An https address of a host there. */
  at(host: string, path?: string): string;
}

/** Opens it. While it is open, its authority is known to this process. */
export async function openOutside(hosts: Record<string, OutsideHost> = {}): Promise<Outside> {
  const authority = certify({ name: 'Otoritas Uji', isAuthority: true });
  const stranger = certify({ name: 'Otoritas Asing', isAuthority: true });
  const before = getCACertificates('default');
  setDefaultCACertificates([...before, authority.pem]);
  const asked: string[] = [];
  const contexts = new Map<string, SecureContext>();
  const contextOf = (name: string): SecureContext => {
    const wanted = hosts[name]?.certificate;
    const key = `${name} ${JSON.stringify(wanted)}`;
    const known = contexts.get(key) ?? secureContext(name, wanted, authority, stranger);
    contexts.set(key, known);
    return known;
  };
  const server = createServer({ SNICallback: (name, done) => done(null, contextOf(name)) }, (request, response) => {
    const host = String(request.headers.host).replace(/:\d+$/, '');
    asked.push(`${host}${request.url}`);
    void answer(hosts[host], request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    hosts,
    asked,
    intranet: ['127.0.0.1/32'],
    names: {
      resolve: (name, _options, done) => {
        const host = hosts[name];
        const code = host ? host.fails : 'ENOTFOUND';
        if (code) done(Object.assign(new Error(code), { code }), []);
        else done(null, [{ address: host?.address ?? '127.0.0.1', family: 4 }]);
      },
      findAlias: async (name) => hosts[name]?.alias,
    },
    at: (host, path = '/') => `https://${host}:${port}${path}`,
    async [Symbol.asyncDispose]() {
      setDefaultCACertificates(before);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function secureContext(
  name: string,
  wanted: OutsideHost['certificate'],
  authority: Certified,
  stranger: Certified,
): SecureContext {
  const issuer = wanted === 'stranger' ? stranger : authority;
  const until = typeof wanted === 'object' ? { until: wanted.until } : {};
  const made = certify({ name, issuer, ...until });
  return createSecureContext({ cert: made.pem, key: made.privateKey.export({ type: 'pkcs8', format: 'pem' }) });
}

async function answer(host: OutsideHost | undefined, request: IncomingMessage, response: ServerResponse) {
  const page = host?.pages?.[request.url ?? ''];
  const sent = await text(request);
  const status = page?.take ? page.take(sent, request.headers['content-type']) : (page?.status ?? (page ? 200 : 404));
  if (status === undefined) return;
  response.writeHead(status, page?.location ? { location: page.location } : {});
  response.end(page?.body ?? '');
}
