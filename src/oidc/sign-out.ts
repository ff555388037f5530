/** Signing out at an app that cannot be used any more. */
import type { Context } from 'koa';
import type { Provider } from 'oidc-provider';

/**
 * Whoever comes from an app that was stopped signs out all the same: without that app and without its return address.
 * The engine would refuse the request, and the session would stay open. Call it in front of the engine.
 */
export async function leaveOutUnavailableApp(provider: Provider, ctx: Context): Promise<void> {
  const { id_token_hint: hint, client_id: clientId, post_logout_redirect_uri: _, ...rest } = ctx.query;
  const named = hint === undefined ? clientId : audienceOf(hint);
  if (typeof named !== 'string' || (await provider.Client.find(named))) return;
  ctx.query = rest;
}

/** Whom a hint says that it was made for. Unchecked: it can only lead to a page that asks. */
function audienceOf(hint: string | string[]): unknown {
  if (typeof hint !== 'string') return undefined;
  try {
    return JSON.parse(Buffer.from(hint.split('.')[1] ?? '', 'base64url').toString()).aud;
  } catch {
    return undefined;
  }
}
