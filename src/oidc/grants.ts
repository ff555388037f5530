/**
 * Where a recorded consent becomes a Grant, limited to exactly what is recorded; and what an app asks for compared with
 * what it has.
 */
import type { ClaimsParameter, Grant, KoaContextWithOIDC } from 'oidc-provider';
import { currentDb, type Db } from '#src/base/database.ts';
import { shardOf } from '#src/base/secrets.ts';
import { type Consent, endConsent, findConsent } from '#src/consents/consents.ts';
import { standardClaims } from '#src/registry/claims.ts';
import type { ClientRecord } from '#src/registry/clients.ts';
import { isAccountClient } from './account-client.ts';
import { claimsOfScopes } from './claims.ts';
import { recordOf } from './models.ts';
import { sessionLimits } from './storage.ts';

/** What one authorization request asks a person for. */
export interface Wanted {
  readonly scopes: readonly string[];
  /** Of those that the app is registered for. */
  readonly claims: readonly string[];
}

/** What a request asks for, by its scopes and its `claims` parameter, within what the app is registered for. */
export function wantedBy(client: ClientRecord, scopes: Iterable<string>, claims?: ClaimsParameter): Wanted {
  const named = [...Object.keys(claims?.userinfo ?? {}), ...Object.keys(claims?.id_token ?? {})];
  const asked = new Set([...claimsOfScopes(scopes), ...named]);
  return {
    scopes: [...scopes],
    claims: client.claims.map(({ claim }) => claim).filter((claim) => asked.has(claim)),
  };
}

/** What a request asks for that the current consent does not settle; nothing when it need not be asked again. */
export function isCovered(client: ClientRecord, consent: Consent | undefined, wanted: Wanted, now: Date): boolean {
  if (!consent || consent.expiresAt <= now || consent.purpose !== client.purpose.id) return false;
  const settled = new Set([...consent.claims, ...consent.declined]);
  const isAllowed = (claim: string) => consent.claims.includes(claim);
  const required = client.claims.filter((item) => item.required && wanted.claims.includes(item.claim));
  return (
    wanted.scopes.every((scope) => consent.scopes.includes(scope)) &&
    wanted.claims.every((claim) => settled.has(claim)) &&
    required.every((item) => isAllowed(item.claim))
  );
}

/** The library's hook: the Grant of this session for this app, made from the consent on record, or none. */
export function createLoadExistingGrant(database: Db) {
  return async (ctx: KoaContextWithOIDC): Promise<Grant | undefined> => {
    const { client, account, session, params } = ctx.oidc;
    if (!client || !account || !session) return undefined;
    const record = recordOf(client);
    if (isAccountClient(record))
      return saveGrant(ctx, { scopes: ['openid'], claims: [] }, new Date(Date.now() + 60_000));

    const consent = await findConsent(currentDb(database), account.accountId, record.id);
    const wanted = wantedBy(record, ctx.oidc.requestParamOIDCScopes, ctx.oidc.claims);
    if (!isCovered(record, consent, wanted, new Date()) || !consent) return undefined;

    const grant = await findGrant(ctx, session.grantIdFor(record.id));
    if (grant && isShadowOf(grant, consent)) return grant;
    return saveGrant(ctx, consent, grantEnd(consent, String(params?.scope ?? '')));
  };
}

async function findGrant(ctx: KoaContextWithOIDC, id: string | undefined): Promise<Grant | undefined> {
  return id ? ctx.oidc.provider.Grant.find(id) : undefined;
}

/** Whether a grant says what the consent says, and lives long enough for what is about to hang on it. */
function isShadowOf(grant: Grant, consent: Pick<Consent, 'scopes' | 'claims'>): boolean {
  const isEqual = (left: readonly string[], right: readonly string[]) =>
    left.length === right.length && left.every((value) => right.includes(value));
  return (
    isEqual(grant.getOIDCScope().split(' '), consent.scopes) &&
    isEqual(grant.openid?.claims ?? [], consent.claims) &&
    grant.remainingTTL > sessionLimits.idle
  );
}

/**
 * Refresh tokens live as long as the consent; without `offline_access` nothing outlives the session, and neither does
 * the grant.
 */
function grantEnd(consent: Consent, scope: string): Date {
  const isOffline = scope.split(' ').includes('offline_access') || consent.scopes.includes('offline_access');
  const withSession = Date.now() + (sessionLimits.absolute + sessionLimits.idle) * 1000;
  return isOffline ? consent.expiresAt : new Date(Math.min(withSession, consent.expiresAt.getTime()));
}

async function saveGrant(
  ctx: KoaContextWithOIDC,
  allowed: Pick<Consent, 'scopes' | 'claims'>,
  expiresAt: Date,
): Promise<Grant> {
  const { provider, account, client } = ctx.oidc;
  const grant = new provider.Grant({
    accountId: account?.accountId,
    clientId: client?.clientId,
    expiresIn: Math.max(60, Math.floor((expiresAt.getTime() - Date.now()) / 1000)),
  } as ConstructorParameters<typeof provider.Grant>[0]);
  grant.addOIDCScope([...allowed.scopes]);
  grant.addOIDCClaims([...allowed.claims]);
  grant.rejectOIDCClaims(standardClaims.filter((claim) => !allowed.claims.includes(claim)));
  await grant.save();
  return grant;
}

/**
 * Ends all of one app for one person: its consent, and with its grants every code, token and answer of introspection
 * or userinfo that hangs on them.
 */
export async function disconnectApp(db: Db, accountId: string, clientId: string): Promise<void> {
  await endConsent(db, accountId, clientId, 'withdrawn');
  await db.execute('delete from grants where shard = $1 and account_id = $2 and client_id = $3', [
    shardOf(accountId),
    accountId,
    clientId,
  ]);
}
