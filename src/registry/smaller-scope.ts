/**
 * Claims that an app declares and never reads: data that people are asked for without need (UU PDP 27/2022, article 27: limited and
 * specific). What would remain is proposed to its agency, which decides.
 */
import type { Db } from '#src/base/database.ts';
import { dayOf } from '#src/base/epoch.ts';
import { claimsOfScope, type StandardClaim } from './claims.ts';
import type { ClientRecord } from './clients.ts';
import { declarationOf } from './declarations.ts';
import { daysBefore } from './figures.ts';
import type { ClientDeclaration } from './registration-schema.ts';
import { readClaimReleases } from './release-counts.ts';

/** So long nobody has read a claim before it is said to be too much. */
const UNREAD_DAYS = 90;

export interface SmallerScope {
  /** Declared all the time, and never read. */
  readonly unread: readonly StandardClaim[];
  /** What the app would declare without them. */
  readonly declaration: ClientDeclaration;
}

/**
 * What an app in use could do without; undefined where there is nothing, or nobody can tell yet: it has to have been read from for as
 * long, and a claim declared for as long.
 */
export async function findSmallerScope(
  db: Db,
  client: ClientRecord,
  now = new Date(),
): Promise<SmallerScope | undefined> {
  if (client.state === 'retired' || client.claims.length === 0) return undefined;
  const today = dayOf(now);
  const since = daysBefore(today, UNREAD_DAYS);
  const declaredThen = await findDeclaredBefore(db, client.id, since);
  const read = await readClaimReleases(db, client.id, { since, before: today });
  const unread = client.claims
    .map(({ claim }) => claim)
    .filter((claim) => declaredThen.includes(claim) && !read.has(claim));
  if (unread.length === 0 || read.size === 0) return undefined;
  return { unread, declaration: without(declarationOf(client), unread) };
}

/** The claims that an app that was read from by then declared at the beginning of a day; none otherwise. */
async function findDeclaredBefore(db: Db, clientId: string, day: string): Promise<readonly string[]> {
  const row = await db.first<{ claims: { name: string }[] | null }>(
    `select content -> 'claims' as claims from client_versions
     where client_id = $1 and status = 'applied' and decided_at < $2
       and exists (select from client_release_days where client_id = $1 and day <= $3)
     order by number desc limit 1`,
    [clientId, new Date(`${day}T00:00:00Z`), day],
  );
  return (row?.claims ?? []).map(({ name }) => name);
}

/** A declaration without some claims, and without the scopes that would bring nothing more. */
function without(declared: ClientDeclaration, unread: readonly string[]): ClientDeclaration {
  const claims = (declared.claims ?? []).filter(({ name }) => !unread.includes(name));
  const names: readonly string[] = claims.map(({ name }) => name);
  const isEmpty = (scope: string) => {
    const own: readonly string[] = scope in claimsOfScope ? claimsOfScope[scope as keyof typeof claimsOfScope] : [];
    return own.some((claim) => unread.includes(claim)) && !own.some((claim) => names.includes(claim));
  };
  const scopes = (declared.scope ?? '').split(' ').filter((scope) => !isEmpty(scope));
  return { ...declared, claims, scope: scopes.join(' ') };
}
