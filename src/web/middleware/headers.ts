/** What every answer tells the browser not to allow. */
import type { ServerResponse } from 'node:http';
import type { Context, Middleware } from 'koa';

/**
 * The strict policy. `form-action` must name the app as well where a form's answer redirects to it: Chromium checks the
 * whole chain of redirects and stops silently otherwise.
 */
function contentSecurityPolicy(formTargets: readonly string[] = []): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    `form-action ${["'self'", ...formTargets].join(' ')}`,
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join('; ');
}

/** What only programs ask and no page shows: nothing in it could be framed, sent or run. */
const programs: ReadonlySet<string> = new Set(['/token', '/userinfo', '/introspect', '/revoke', '/par', '/jwks']);
const programPolicy = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'";

/** Sets the headers of every answer; a page may widen `form-action` afterwards. */
export function securityHeaders(issuer: string): Middleware {
  const isSecure = issuer.startsWith('https://');
  const policy = contentSecurityPolicy();
  return ({ res, path }, next) => {
    const isForPrograms = programs.has(path) || path.startsWith('/api/') || path.startsWith('/register');
    res.setHeader('Content-Security-Policy', isForPrograms ? programPolicy : policy);
    res.setHeader('X-Content-Type-Options', 'nosniff');
    if (isSecure) res.setHeader('Strict-Transport-Security', 'max-age=63072000; includeSubDomains');
    if (!isForPrograms) sayOfPages(res);
    return next();
  };
}

function sayOfPages(res: ServerResponse): void {
  res.setHeader('X-Frame-Options', 'DENY');
  res.setHeader('Referrer-Policy', 'no-referrer');
  res.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
  res.setHeader('Permissions-Policy', 'publickey-credentials-get=(self), publickey-credentials-create=(self)');
}

/** Headers of a page where a program was expected: somebody opened `/userinfo` in a browser and is told what is wrong. */
export function forPage({ res }: Context): void {
  if (res.hasHeader('X-Frame-Options')) return;
  res.setHeader('Content-Security-Policy', contentSecurityPolicy());
  sayOfPages(res);
}

/** Headers of a page with a form: with `no-referrer` browsers would send `Origin: null`. */
export function forForm(ctx: Context, targets: readonly string[] = []): void {
  ctx.set('Referrer-Policy', 'same-origin');
  ctx.set('Content-Security-Policy', contentSecurityPolicy(targets));
}
