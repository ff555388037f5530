/**
 * Where a recorded consent becomes a Grant, limited to exactly what is recorded; and what an app asks for compared with
 * what it has.
 */
import type { ClaimsParameter, Grant, KoaContextWithOIDC } from 'oidc-provider';
import { currentDb, type Db } from '#src/base/database.ts';
import { type Secrets, shardOf } from '#src/base/secrets.ts';
import { longestSessionSeconds } from '#src/base/session-limits.ts';
import { type Consent, termOf } from '#src/consents/consents.ts';
import { standardClaims } from '#src/registry/claims.ts';
import type { ClientClaim, ClientRecord } from '#src/registry/clients.ts';
import { claimsOfScopes } from './claims.ts';
import { recordOf } from './models.ts';
import { isOwnClient } from './own-clients.ts';
import { wordsOf } from './params.ts';
import { noteConsentOf, readConsent } from './storage.ts';

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

/** Whether the current consent settles all that a request asks for, so that nobody need be asked again. */
export function isCovered(client: ClientRecord, consent: Consent | undefined, wanted: Wanted, now: Date): boolean {
  if (!consent || consent.expiresAt <= now) return false;
  const asked = new Set(wanted.claims);
  return (
    wanted.scopes.every((scope) => consent.scopes.includes(scope)) &&
    client.claims.every((item) => !asked.has(item.claim) || isSettled(client, consent, item))
  );
}

/** Whether the person has answered this item as it is declared now. */
export function isSettled(client: ClientRecord, consent: Consent, item: ClientClaim): boolean {
  const isAnswered = consent.claims.includes(item.claim) || (!item.required && consent.declined.includes(item.claim));
  return isAnswered && consent.terms.includes(termOf(client, item));
}

/** What is left at least of a grant that something is about to hang on, in milliseconds. */
const LEAST_MS = 3_600_000;

/** What a Grant says: the shadow of a consent. */
type Allowed = Pick<Consent, 'scopes' | 'claims'>;

/**
 * The library's hook: the Grant of this session for this app, made from the consent on record, or none.
 *
 * What hangs on one that there is cannot be written without it, and a new one is written only while its consent holds: a
 * withdrawal at the same moment either comes first, and the request is asked again, or waits and ends what was written.
 */
export function createLoadExistingGrant(database: Db, secrets: Secrets) {
  return async function loadExistingGrant(ctx: KoaContextWithOIDC): Promise<Grant | undefined> {
    const { client, account, session } = ctx.oidc;
    if (!client || !account || !session) return undefined;
    const record = recordOf(client);
    const db = currentDb(database);
    if (isOwnClient(record)) {
      const nothing = { scopes: ['openid'], claims: [] };
      return saveGrant(ctx, grantId(secrets, ctx, nothing), nothing, new Date(Date.now() + 60_000));
    }
    const consent = await readConsent({ secrets }, db, account.accountId, record);
    const wanted = wantedBy(record, ctx.oidc.requestParamOIDCScopes, ctx.oidc.claims);
    if (!isCovered(record, consent, wanted, new Date()) || !consent) return undefined;

    const heldId = session.grantIdFor(record.id);
    const held = heldId === undefined ? undefined : await ctx.oidc.provider.Grant.find(heldId);
    if (held && says(held, consent) && livesLongEnough(held, consent)) return held;
    const id = grantId(secrets, ctx, consent);
    noteConsentOf(db, id, consent.id);
    return saveGrant(ctx, id, consent, grantEnd(consent));
  };
}

type GrantFields = ConstructorParameters<KoaContextWithOIDC['oidc']['provider']['Grant']>[0];

/** Whether a grant is the shadow of this consent. */
function says(grant: Grant, { scopes, claims }: Allowed): boolean {
  return isSameSet(wordsOf(grant.getOIDCScope()), scopes) && isSameSet(grant.getOIDCClaims(), claims);
}

function isSameSet(left: readonly string[], right: readonly string[]): boolean {
  const members = new Set(right);
  return left.length === members.size && left.every((member) => members.has(member));
}

/** One Grant per session, app and content of the consent: two tabs that open an app at once share it. */
function grantId(secrets: Secrets, { oidc }: KoaContextWithOIDC, allowed: Allowed): string {
  const accountId = oidc.account?.accountId ?? '';
  const content = [oidc.session?.uid, oidc.client?.clientId, [...allowed.scopes].sort(), [...allowed.claims].sort()];
  return accountId.slice(0, 3) + secrets.hash('grant', JSON.stringify(content)).toString('hex').slice(3);
}

/**
 * Refresh tokens live as long as the consent; without `offline_access` nothing outlives the session, and neither does
 * the grant.
 */
function grantEnd(consent: Consent): Date {
  const withSession = Date.now() + longestSessionSeconds * 1000 + LEAST_MS;
  return isOffline(consent) ? consent.expiresAt : new Date(Math.min(withSession, consent.expiresAt.getTime()));
}

/** For what is about to hang on it. A renewed consent lengthens it. */
function livesLongEnough({ exp }: { readonly exp?: number | undefined }, consent: Consent): boolean {
  const needed = isOffline(consent) ? Number.POSITIVE_INFINITY : Date.now() + LEAST_MS;
  return Number(exp) * 1000 >= Math.min(needed, consent.expiresAt.getTime() - 60_000);
}

function isOffline({ scopes }: Consent): boolean {
  return scopes.includes('offline_access');
}

async function saveGrant(ctx: KoaContextWithOIDC, id: string, allowed: Allowed, expiresAt: Date): Promise<Grant> {
  const { provider, account, client } = ctx.oidc;
  const grant = new provider.Grant({
    jti: id,
    accountId: account?.accountId,
    clientId: client?.clientId,
    expiresIn: Math.max(60, Math.floor((expiresAt.getTime() - Date.now()) / 1000)),
  } as GrantFields);
  grant.addOIDCScope([...allowed.scopes]);
  grant.addOIDCClaims([...allowed.claims]);
  grant.rejectOIDCClaims(standardClaims.filter((claim) => !allowed.claims.includes(claim)));
  await grant.save();
  return grant;
}

/** Ends every code and token that an app holds of a person, in every session. */
export async function endGrants(db: Db, accountId: string, clientId: string): Promise<void> {
  const shard = shardOf(accountId);
  const home = db.for(shard);
  await home.execute('delete from grants where shard = $1 and account_id = $2 and client_id = $3', [
    shard,
    accountId,
    clientId,
  ]);
}
