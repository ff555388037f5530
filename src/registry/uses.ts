/**
 * When an app was last used: by people who signed in, by each of its credentials, and how well its last sign-ins were made; and
 * how often people signed in, day by day.
 *
 * Written late and at most once an hour by each process (`oidc/observations.ts`), so times may be an hour old; only how often
 * people signed in is counted each time.
 */
import type { Write } from '#src/base/coalescing.ts';
import type { Db } from '#src/base/database.ts';

/** A code that was redeemed: somebody has come to be in the app. */
export const signInUsed: Write = {
  name: 'sign_in_used',
  table: '',
  columns: { client_id: 'text', at: 'timestamptz' },
  text: `insert into client_uses as u (client_id, last_sign_in_at)
    select said.client_id, said.at from (select client_id, max(at) as at from given group by client_id) as said
      join clients c on c.id = said.client_id
    on conflict (client_id) do update set last_sign_in_at = greatest(u.last_sign_in_at, excluded.last_sign_in_at) returning 1`,
  lost: () => new Error('a use was not noted'),
};

/**
 * One sign-in more on its day (in UTC). Each process counts into a slot of its own choice, so that no row is everybody's; rows
 * are taken in one order everywhere, so that two processes with the same apps wait for each other and never in a circle.
 */
export const signInCounted: Write = {
  name: 'sign_in_counted',
  table: '',
  columns: { client_id: 'text', day: 'date', slot: 'smallint' },
  text: `insert into client_days as d (client_id, day, slot, sign_ins)
    select said.client_id, said.day, said.slot, said.sign_ins
    from (select client_id, day, slot, count(*) as sign_ins from given group by client_id, day, slot) as said
      join clients c on c.id = said.client_id
    order by said.client_id, said.day, said.slot
    on conflict (client_id, day, slot) do update set sign_ins = d.sign_ins + excluded.sign_ins returning 1`,
  lost: () => new Error('a sign-in was not counted'),
};

/** Over how many rows the sign-ins of an app and a day are spread. */
export const DAY_SLOTS = 16;

/** A secret or a key that an app has proven itself with. */
export const credentialUsed: Write = {
  name: 'credential_used',
  table: '',
  columns: { client_id: 'text', credential: 'text', at: 'timestamptz', network: 'text' },
  text: `insert into client_credential_uses as u (client_id, credential, last_used_at, network)
    select said.client_id, said.credential, said.at, said.network
    from (select distinct on (client_id, credential) * from given order by client_id, credential, at desc) as said
      join clients c on c.id = said.client_id
    on conflict (client_id, credential) do update set last_used_at = excluded.last_used_at, network = excluded.network
      where u.last_used_at < excluded.last_used_at returning 1`,
  lost: () => new Error('a use was not noted'),
};

/** How the last sign-in was made; one that had everything stays on record beside later ones that had not. */
export const signInObserved: Write = {
  name: 'sign_in_observed',
  table: '',
  columns: {
    client_id: 'text',
    at: 'timestamptz',
    with_state: 'boolean',
    with_nonce: 'boolean',
    with_pkce: 'boolean',
    redeemed_at: 'timestamptz',
  },
  text: `insert into client_test_sign_ins as t (client_id, at, with_state, with_nonce, with_pkce, redeemed_at, complete_at)
    select said.client_id, said.at, said.with_state, said.with_nonce, said.with_pkce, said.redeemed_at, said.complete_at
    from (
      select distinct on (client_id) client_id, at, with_state, with_nonce, with_pkce, redeemed_at,
        max(redeemed_at) filter (where with_state and with_nonce and with_pkce) over (partition by client_id) as complete_at
      from given order by client_id, redeemed_at desc
    ) as said join clients c on c.id = said.client_id
    on conflict (client_id) do update set at = excluded.at, with_state = excluded.with_state, with_nonce = excluded.with_nonce,
      with_pkce = excluded.with_pkce, redeemed_at = excluded.redeemed_at,
      complete_at = greatest(t.complete_at, excluded.complete_at) returning 1`,
  lost: () => new Error('a sign-in was not noted'),
};

/** The name under which uses of a key are kept. */
export function keyCredential(kid: string | undefined): string {
  return `key:${(kid ?? '').slice(0, 128)}`;
}

export interface CredentialUse {
  readonly lastUsedAt: Date;
  /** Such as `203.0.113.0/24`: where the app's servers are. */
  readonly network: string | undefined;
}

/** When each credential of an app was last used, by `secretCredential` and {@link keyCredential}. */
export async function readCredentialUses(db: Db, clientId: string): Promise<ReadonlyMap<string, CredentialUse>> {
  const rows = await db.query<{ credential: string; last_used_at: Date; network: string | null }>(
    'select credential, last_used_at, network from client_credential_uses where client_id = $1',
    [clientId],
  );
  return new Map(
    rows.map((row) => [row.credential, { lastUsedAt: row.last_used_at, network: row.network ?? undefined }]),
  );
}

/** How an app's sign-ins are made, as far as we see. */
export interface ObservedSignIn {
  readonly at: Date;
  readonly withState: boolean;
  readonly withNonce: boolean;
  readonly withPkce: boolean;
  /** The last one that had state, nonce and PKCE, and whose code was redeemed for an ID token. */
  readonly completeAt: Date | undefined;
}

/** The last sign-in that went as far as its tokens, if there was one. */
export async function findObservedSignIn(db: Db, clientId: string): Promise<ObservedSignIn | undefined> {
  const row = await db.first<{
    at: Date;
    with_state: boolean;
    with_nonce: boolean;
    with_pkce: boolean;
    complete_at: Date | null;
  }>('select at, with_state, with_nonce, with_pkce, complete_at from client_test_sign_ins where client_id = $1', [
    clientId,
  ]);
  if (!row) return undefined;
  const { at, with_state: withState, with_nonce: withNonce, with_pkce: withPkce } = row;
  return { at, withState, withNonce, withPkce, completeAt: row.complete_at ?? undefined };
}

/** Takes over what another deployment, which is trusted, has seen of an app; what was seen here since stays beside it. */
export async function carrySignIn(db: Db, clientId: string, seen: ObservedSignIn): Promise<void> {
  await db.execute(
    `insert into client_test_sign_ins as t (client_id, at, with_state, with_nonce, with_pkce, redeemed_at, complete_at)
     values ($1, $2, $3, $4, $5, $2, $6)
     on conflict (client_id) do update set complete_at = greatest(t.complete_at, excluded.complete_at)`,
    [clientId, seen.at, seen.withState, seen.withNonce, seen.withPkce, seen.completeAt ?? null],
  );
}

/** When somebody last signed in to each of these apps. */
export async function readLastSignIns(db: Db, clientIds: readonly string[]): Promise<ReadonlyMap<string, Date>> {
  const rows = await db.query<{ client_id: string; last_sign_in_at: Date }>(
    'select client_id, last_sign_in_at from client_uses where client_id = any($1)',
    [clientIds],
  );
  return new Map(rows.map((row) => [row.client_id, row.last_sign_in_at]));
}

/** How often people signed in to an app on each of these days, as they are in UTC (`2026-11-26`); days without are left out. */
export async function readSignIns(db: Db, clientId: string, since: string): Promise<ReadonlyMap<string, number>> {
  const rows = await db.query<{ day: string; sign_ins: string }>(
    `select day::text as day, sum(sign_ins) as sign_ins from client_days where client_id = $1 and day >= $2 group by day order by day`,
    [clientId, since],
  );
  return new Map(rows.map(({ day, sign_ins: count }) => [day, Number(count)]));
}
