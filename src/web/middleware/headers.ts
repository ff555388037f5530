/** What every answer tells the browser not to allow. */
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

/** Sets the headers of every answer; a page may widen `form-action` afterwards. */
export function securityHeaders(issuer: string): Middleware {
  const isSecure = issuer.startsWith('https://');
  const policy = contentSecurityPolicy();
  return async (ctx, next) => {
    ctx.set('Content-Security-Policy', policy);
    ctx.set('X-Content-Type-Options', 'nosniff');
    ctx.set('X-Frame-Options', 'DENY');
    ctx.set('Referrer-Policy', 'no-referrer');
    ctx.set('Cross-Origin-Opener-Policy', 'same-origin');
    ctx.set('Permissions-Policy', 'publickey-credentials-get=(self), publickey-credentials-create=(self)');
    if (isSecure) ctx.set('Strict-Transport-Security', 'max-age=63072000; includeSubDomains');
    await next();
  };
}

/** Headers of a page with a form: with `no-referrer` browsers would send `Origin: null`. */
export function forForm(ctx: Context, targets: readonly string[] = []): void {
  ctx.set('Referrer-Policy', 'same-origin');
  ctx.set('Content-Security-Policy', contentSecurityPolicy(targets));
}
