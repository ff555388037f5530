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

const untrusted = /^(x-forwarded-.*|forwarded|x-real-ip|.*client-cert.*|x-ssl-.*)$/;

/** Put first. `issuer` is the configured one, `proxies` are CIDRs. */
export function door(issuer: string, proxies: readonly string[]): Middleware {
  const { host, protocol } = new URL(issuer);
  const trusted = networksOf(proxies);
  return async (ctx, next) => {
    const caller = callerOf(ctx.req, trusted);
    for (const name of Object.keys(ctx.req.headers)) if (untrusted.test(name)) delete ctx.req.headers[name];
    ctx.req.headers.host = host;
    ctx.req.headers['x-forwarded-proto'] = protocol.slice(0, -1);
    ctx.req.headers['x-forwarded-for'] = caller;
    ctx.state.caller = caller;
    ctx.req.url = ctx.originalUrl = ctx.request.originalUrl = targetOf(ctx.req.url ?? '/');
    await next();
  };
}

/** Without the host that a request may name in its first line as well (RFC 9112 §3.2.2). */
function targetOf(url: string): string {
  const absolute = url.startsWith('/') ? null : URL.parse(url);
  return absolute ? absolute.pathname + absolute.search : url;
}

/** The nearest address on the way that is none of our proxies (from the right: the left end is the caller's word). */
function callerOf(request: IncomingMessage, trusted: Networks): string {
  const peer = plain(request.socket.remoteAddress ?? '');
  if (!trusted.has(peer)) return peer;
  const hops = String(request.headers['x-forwarded-for'] ?? '')
    .split(',')
    .map((hop) => plain(hop.trim()));
  const caller = hops.reverse().find((hop) => !trusted.has(hop)) ?? peer;
  return isIP(caller) ? caller : peer;
}

/** Without a port, which some proxies add, and IPv4 as IPv4. */
function plain(address: string): string {
  const [, bare = address] = /^\[([^\]]+)\](?::\d+)?$/.exec(address) ?? /^([\d.]+):\d+$/.exec(address) ?? [];
  return bare.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '');
}
