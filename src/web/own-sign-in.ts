/** The pages' own authorization request, by which the account page and the console sign somebody in. */
import { createHash } from 'node:crypto';
import type { Context } from 'koa';
import { randomSecret } from '#src/base/secrets.ts';
import type { ClientRecord } from '#src/registry/clients.ts';
import { seeOther } from './see-other.ts';

/**
 * Begins it (PKCE as for any public client; the verifier is never needed: the pages read the session and let the code
 * expire).
 *
 * @returns the whole `state`, by which the answer to this very sign-in is known
 * @param more parameters beside the usual ones; `state` is where it shall come back to, kept behind a random part
 */
export function beginOwnSignIn(
  ctx: Context,
  client: ClientRecord,
  { state, ...more }: { readonly state: string } & Record<string, string>,
): string {
  const begun = `${randomSecret()}:${state}`;
  const query = new URLSearchParams({
    client_id: client.id,
    redirect_uri: client.redirectUris[0] ?? '',
    response_type: 'code',
    scope: 'openid',
    state: begun,
    code_challenge: createHash('sha256').update(randomSecret()).digest('base64url'),
    code_challenge_method: 'S256',
    ...more,
  });
  seeOther(ctx, `/authorize?${query}`);
  return begun;
}
