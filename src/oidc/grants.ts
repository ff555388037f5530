/**
 * Where what is on record of an app becomes a Grant, limited to exactly that; and what an app asks for compared with what it
 * has.
 */
import { isDeepStrictEqual } from 'node:util';
import type { ClaimsParameter, Grant, KoaContextWithOIDC } from 'oidc-provider';
import type { Db } from '#src/base/database.ts';
import { type Secrets, shardOf } from '#src/base/secrets.ts';
import { longestSessionSeconds } from '#src/base/session-limits.ts';
import { currentDb } from '#src/base/unit-of-work.ts';
import type { CurrentConsent, CurrentPermissions } from '#src/consents/permissions.ts';
import { sayTheSame } from '#src/consents/terms.ts';
import type { Account } from '#src/people/accounts.ts';
import { wasOfAge } from '#src/people/known-adults.ts';
import { standardClaims } from '#src/registry/claims.ts';
import type { ClientClaim, ClientRecord } from '#src/registry/clients.ts';
import { claimsOfScopes } from './claims.ts';
import { recordOf } from './models.ts';
import { isOwnClient } from './own-clients.ts';
import { wordsOf } from './params.ts';
import { behind, behindGrant, notePermissionsOf } from './storage/grants.ts';
import { readPerson } from './storage/person-of-app.ts';

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

/**
 * Whether a consent rests: it is not known that it was its owner's to give (UU PDP 27/2022, article 25). Once they tell the birth
 * date of somebody who was of age then, it counts again.
 */
export function isResting({ claims, givenAt }: CurrentConsent, person: Pick<Account, 'profile'>): boolean {
  return claims.length > 0 && !wasOfAge(person, givenAt);
}

/** What settles a request that a page may be shown for: without a consent that rests, where it asks for some of what that allows. */
export function settling(
  current: CurrentPermissions,
  wanted: Wanted,
  person: Pick<Account, 'profile'>,
): CurrentPermissions {
  const isWanted = current.consent?.claims.some((claim) => wanted.claims.includes(claim));
  return isWanted ? withoutResting(current, person) : current;
}

/** What counts of what is on record. */
export function withoutResting(current: CurrentPermissions, person: Pick<Account, 'profile'>): CurrentPermissions {
  return current.consent && isResting(current.consent, person) ? { ...current, consent: undefined } : current;
}

/** Whether what is on record settles all that a request asks for, so that nobody need be asked again. */
export function isCovered(client: ClientRecord, current: CurrentPermissions, wanted: Wanted, now: Date): boolean {
  const valid = validOf(current, now);
  const allowed = allowedBy(valid);
  if (!allowed) return false;
  const asked = new Set(wanted.claims);
  return (
    wanted.scopes.every((scope) => allowed.scopes.includes(scope)) &&
    client.claims.every((item) => !asked.has(item.claim) || isSettled(client, valid, item))
  );
}

/** What has not expired. */
export function validOf({ consent, notice }: CurrentPermissions, now: Date): CurrentPermissions {
  return {
    consent: consent && consent.expiresAt > now ? consent : undefined,
    notice: notice && notice.expiresAt > now ? notice : undefined,
  };
}

/**
 * Whether the person has answered this item as it is declared now, or was told of it. Who could not be asked for a consent has
 * been told why, and is not told again.
 */
export function isSettled(client: ClientRecord, { consent, notice }: CurrentPermissions, item: ClientClaim): boolean {
  const { claim, required, basis } = item;
  const isTold = notice !== undefined && sayTheSame(notice.terms, client, claim);
  if (basis !== 'consent') return isTold && notice.claims.includes(claim);
  if (!consent) return isTold && notice.withheld !== undefined;
  const isAnswered = consent.claims.includes(claim) || (!required && consent.declined.includes(claim));
  return isAnswered && sayTheSame(consent.terms, client, claim);
}

/** What is left at least of a grant that something is about to hang on, in milliseconds. */
const LEAST_MS = 3_600_000;

/** What a Grant says: the shadow of permissions. */
interface Allowed {
  readonly scopes: readonly string[];
  readonly claims: readonly string[];
}

/** Consent and notice together; the first that ends, ends it. */
function allowedBy({ consent, notice }: CurrentPermissions): Lasting | undefined {
  if (!consent || !notice) return consent ?? notice;
  return {
    scopes: [...new Set([...consent.scopes, ...notice.scopes])],
    claims: [...consent.claims, ...notice.claims],
    expiresAt: new Date(Math.min(consent.expiresAt.getTime(), notice.expiresAt.getTime())),
  };
}

/**
 * The library's hook: the Grant of this session for this app, made from the permissions on record, or none.
 *
 * What hangs on one that there is cannot be written without it, and a new one is written only while its permissions hold: a
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
    const now = new Date();
    const { account: person, permissions } = await readPerson({ secrets }, db, account.accountId, record);
    if (!person) return undefined;
    const current = validOf(permissions, now);
    const wanted = wantedBy(record, ctx.oidc.requestParamOIDCScopes, ctx.oidc.claims);
    const allowed = allowedBy(current);
    // Who cannot be asked gets in all the same; what rests is not handed out (`of-age.ts`).
    const covers = (settled: CurrentPermissions) => isCovered(record, settled, wanted, now);
    const isCoveredNow =
      covers(settling(current, wanted, person)) || (ctx.oidc.promptPending('none') && covers(current));
    if (!allowed || !isCoveredNow) return undefined;

    const heldId = session.grantIdFor(record.id);
    const held = heldId === undefined ? undefined : await ctx.oidc.provider.Grant.find(heldId);
    const isOfThese = heldId !== undefined && isDeepStrictEqual(behindGrant(db, heldId), behind(current));
    if (held && isOfThese && says(held, allowed) && livesLongEnough(held, allowed)) return held;
    const id = grantId(secrets, ctx, allowed);
    notePermissionsOf(db, id, current);
    return saveGrant(ctx, id, allowed, grantEnd(allowed));
  };
}

type GrantFields = ConstructorParameters<KoaContextWithOIDC['oidc']['provider']['Grant']>[0];

/** Whether a grant is their shadow. */
function says(grant: Grant, { scopes, claims }: Allowed): boolean {
  return isSameSet(wordsOf(grant.getOIDCScope()), scopes) && isSameSet(grant.getOIDCClaims(), claims);
}

/** Whether two lists hold the same, in whatever order; neither holds anything twice. */
export function isSameSet(left: readonly string[], right: readonly string[]): boolean {
  const members = new Set(right);
  return left.length === members.size && left.every((member) => members.has(member));
}

/** One Grant per session, app and content of the permissions: two tabs that open an app at once share it. */
function grantId(secrets: Secrets, { oidc }: KoaContextWithOIDC, allowed: Allowed): string {
  const accountId = oidc.account?.accountId ?? '';
  const content = [oidc.session?.uid, oidc.client?.clientId, [...allowed.scopes].sort(), [...allowed.claims].sort()];
  return accountId.slice(0, 3) + secrets.hash('grant', JSON.stringify(content)).toString('hex').slice(3);
}

type Lasting = Allowed & { readonly expiresAt: Date };

/**
 * Refresh tokens live as long as the permissions; without `offline_access` nothing outlives the session, and neither does
 * the grant.
 */
function grantEnd(allowed: Lasting): Date {
  const withSession = Date.now() + longestSessionSeconds * 1000 + LEAST_MS;
  return isOffline(allowed) ? allowed.expiresAt : new Date(Math.min(withSession, allowed.expiresAt.getTime()));
}

/** For what is about to hang on it. What is renewed lengthens it. */
function livesLongEnough({ exp }: { readonly exp?: number | undefined }, allowed: Lasting): boolean {
  const needed = isOffline(allowed) ? Number.POSITIVE_INFINITY : Date.now() + LEAST_MS;
  return Number(exp) * 1000 >= Math.min(needed, allowed.expiresAt.getTime() - 60_000);
}

function isOffline({ scopes }: Allowed): boolean {
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
