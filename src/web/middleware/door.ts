/**
 * Who is really calling, and under which address we are known.
 *
 * Links and cookies follow the configured issuer, never the `Host` header; the caller's address comes from the
 * connection, or from the configured proxies alone. Everything a stranger may have put into forwarding headers is gone
 * before any other code reads the request.
 */
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import type { Middleware } from 'koa';
import { type Networks, networksOf } from '#src/base/networks.ts';

const forwarding = /^(x-forwarded-.*|forwarded|x-real-ip|.*client-cert.*|x-ssl-.*)$/;

/** Put first. `issuer` is the configured one, `proxies` are CIDRs. */
export function door(issuer: string, proxies: readonly string[]): Middleware {
  const { host, protocol } = new URL(issuer);
  const scheme = protocol.slice(0, -1);
  const trusted = proxies.length > 0 ? networksOf(proxies) : undefined;
  return (ctx, next) => {
    const { headers } = ctx.req;
    const caller = callerOf(ctx.req, trusted);
    for (const name in headers) if (isForwarding(name)) delete headers[name];
    headers.host = host;
    headers['x-forwarded-proto'] = scheme;
    headers['x-forwarded-for'] = caller;
    ctx.state.caller = caller;
    ctx.req.url = ctx.originalUrl = ctx.request.originalUrl = targetOf(ctx.req.url ?? '/');
    return next();
  };
}

/** Names of headers that were seen before; browsers and programs send the same few. */
const seen = new Map<string, boolean>();

function isForwarding(name: string): boolean {
  const known = seen.get(name);
  if (known !== undefined) return known;
  const is = forwarding.test(name);
  if (seen.size < 256) seen.set(name, is);
  return is;
}

/** Without the host that a request may name in its first line as well (RFC 9112 §3.2.2). */
function targetOf(url: string): string {
  const absolute = url.startsWith('/') ? null : URL.parse(url);
  return absolute ? absolute.pathname + absolute.search : url;
}

/** The nearest address on the way that is none of our proxies (from the right: the left end is the caller's word). */
function callerOf(request: IncomingMessage, trusted: Networks | undefined): string {
  const peer = plain(request.socket.remoteAddress ?? '');
  if (!trusted?.has(peer)) return peer;
  const hops = String(request.headers['x-forwarded-for'] ?? '')
    .split(',')
    .map((hop) => plain(hop.trim()));
  const caller = hops.reverse().find((hop) => !trusted.has(hop)) ?? peer;
  return isIP(caller) ? caller : peer;
}

/** Without a port, which some proxies add, and IPv4 as IPv4. */
function plain(address: string): string {
  if (isIP(address) === 4) return address;
  const [, bare = address] = /^\[([^\]]+)\](?::\d+)?$/.exec(address) ?? /^([\d.]+):\d+$/.exec(address) ?? [];
  return bare.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '');
}
