/** What an error of the engine means to the developers of the app that caused it. */
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { errors, type KoaContextWithOIDC } from 'oidc-provider';
import { epochSeconds } from '#src/base/epoch.ts';
import type { Failure } from '#src/registry/attempts.ts';
import type { ClientRecord } from '#src/registry/clients.ts';
import { clockToleranceSeconds } from './lifetimes.ts';

/** As much of what a stranger sends as is kept. */
const MOST = 300;

/** Answers that belong to an ordinary sign-in: the person said no, or has to be asked. */
const ordinary: ReadonlySet<string> = new Set([
  'access_denied',
  'account_selection_required',
  'consent_required',
  'interaction_required',
  'login_required',
  'unmet_authentication_requirements',
]);

/** @returns undefined for what is no failure of the app */
export function failureOf(ctx: KoaContextWithOIDC, error: unknown, client: ClientRecord): Failure | undefined {
  if (!(error instanceof errors.OIDCProviderError) || error.statusCode >= 500) return undefined;
  if (ordinary.has(error.error) || error instanceof errors.SessionNotFound) return undefined;
  return (
    redirectFailure(ctx, error, client) ??
    pkceFailure(ctx, error) ??
    codeFailure(error) ??
    authenticationFailure(ctx, error, client) ??
    scopeFailure(error, client) ?? { code: 'refused', error: cut(error.error), said: cut(detailOf(error)) }
  );
}

function detailOf({ error_detail: detail, error_description: description }: errors.OIDCProviderError): string {
  return detail ?? description ?? '';
}

function redirectFailure(
  { oidc }: KoaContextWithOIDC,
  error: errors.OIDCProviderError,
  { redirectUris }: ClientRecord,
): Failure | undefined {
  const received = withoutValues(String(oidc.params?.redirect_uri ?? ''), redirectUris);
  if (error instanceof errors.InvalidRedirectUri)
    return { code: 'redirect_uri_unknown', received, registered: redirectUris };
  if (detailOf(error) === 'authorization code redirect_uri mismatch')
    return { code: 'redirect_uri_changed', received, registered: redirectUris };
  return undefined;
}

/** An address without what may be personal in it: values of a query that are not registered, and who is in front of an `@`. */
function withoutValues(received: string, registered: readonly string[]): string {
  const known = new Set(registered.flatMap((uri) => (uri.split('?', 2)[1] ?? '').split('&')));
  const [place = '', query] = received.split(/\?(.*)/s, 2);
  const shown = query?.split('&').map((pair) => (known.has(pair) ? pair : pair.replace(/=.*/s, '=…')));
  return cut([place.replace(/\/\/[^/@]*@/, '//…@'), ...(shown ? [shown.join('&')] : [])].join('?'));
}

function pkceFailure({ oidc }: KoaContextWithOIDC, error: errors.OIDCProviderError): Failure | undefined {
  const detail = detailOf(error);
  if (/^(Authorization Server policy requires PKCE|code_challenge(_method)? must be provided)/.test(detail))
    return { code: 'pkce_missing' };
  if (detail === 'not supported value of code_challenge_method')
    return { code: 'pkce_method', received: cut(String(oidc.params?.code_challenge_method)) };
  if (detail === 'code_verifier must be provided') return { code: 'verifier_missing' };
  return /^code_verifier /.test(detail) ? { code: 'verifier_wrong' } : undefined;
}

function codeFailure(error: errors.OIDCProviderError): Failure | undefined {
  if (error.error !== 'invalid_grant') return undefined;
  const detail = detailOf(error);
  if (detail === 'authorization code is expired') return { code: 'code_expired' };
  if (detail === 'authorization code already consumed') return { code: 'code_used' };
  return detail === 'authorization code not found' ? { code: 'code_unknown' } : undefined;
}

function authenticationFailure(
  ctx: KoaContextWithOIDC,
  error: errors.OIDCProviderError,
  client: ClientRecord,
): Failure | undefined {
  const detail = detailOf(error);
  if (error.error === 'invalid_dpop_proof' && /iat is not recent/.test(detail))
    return skewOf(ctx.get('DPoP')) ?? undefined;
  if (error.error !== 'invalid_client') return undefined;
  if (/mechanism does not match/.test(detail))
    return { code: 'method_wrong', expected: client.tokenEndpointAuthMethod };
  if (detail === 'invalid secret provided') {
    const since = expiredSecrets.get(ctx);
    return since ? { code: 'secret_expired', since: since.toISOString() } : { code: 'secret_wrong' };
  }
  return assertionFailure(ctx, error, client);
}

/** When the secret ended that a request was made with. */
const expiredSecrets = new WeakMap<object, Date>();

/** Says that what a request was made with was right once. */
export function noteExpiredSecret(ctx: KoaContextWithOIDC, since: Date): void {
  expiredSecrets.set(ctx, since);
}

function assertionFailure(
  ctx: KoaContextWithOIDC,
  error: errors.OIDCProviderError,
  client: ClientRecord,
): Failure | undefined {
  const assertion = String(ctx.oidc.params?.client_assertion ?? '');
  const detail = detailOf(error);
  if (/\baud(ience)?\b/.test(detail)) {
    const received = cut([payloadOf(assertion).aud ?? ''].flat().join(' '));
    return { code: 'audience_wrong', received, expected: ctx.oidc.issuer };
  }
  if (/^jwt (expired|not active yet|issued in the future)$/.test(detail)) return skewOf(assertion);
  if (detail === 'client assertion tokens must only be used once') return { code: 'assertion_used' };
  const { code } = (error.cause ?? {}) as { code?: unknown };
  if (code === 'ERR_JWKS_NO_MATCHING_KEY') return unknownKey(assertion, client);
  return code === 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED' ? { code: 'signature_wrong' } : undefined;
}

function unknownKey(assertion: string, { jwks }: ClientRecord): Failure {
  const registered = (jwks?.keys ?? []).map(({ kid }) => cut(String(kid ?? '')));
  return { code: 'key_unknown', received: cut(String(headerOf(assertion).kid ?? '')), registered };
}

/**
 * How far the clock that dated a token is from ours: by when it says that it was made; where it does not say, by how far it
 * lies outside its own life.
 */
function skewOf(token: string): Failure | undefined {
  const { iat, nbf, exp } = payloadOf(token);
  const now = epochSeconds();
  const made = [iat, nbf].find((at) => typeof at === 'number' && Math.abs(at - now) > clockToleranceSeconds);
  const dated = made ?? (typeof exp === 'number' && exp < now ? exp : undefined);
  return typeof dated === 'number' ? { code: 'clock_skew', seconds: Math.round(dated - now) } : undefined;
}

function payloadOf(token: string): Record<string, unknown> {
  try {
    return decodeJwt(token);
  } catch {
    return {};
  }
}

function headerOf(token: string): Record<string, unknown> {
  try {
    return decodeProtectedHeader(token);
  } catch {
    return {};
  }
}

function scopeFailure(error: errors.OIDCProviderError, { scopes }: ClientRecord): Failure | undefined {
  if (!(error instanceof errors.InvalidScope) || !('scope' in error) || typeof error.scope !== 'string')
    return undefined;
  return { code: 'scope_not_registered', received: cut(error.scope), registered: scopes };
}

/** Text that jsonb takes: no NUL and no half of a pair. */
function cut(text: string): string {
  return text.slice(0, MOST).toWellFormed().replaceAll('\0', '�');
}
