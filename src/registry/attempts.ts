/**
 * What went wrong when an app talked to us, for the developers of that app: found by the reference that was shown or sent
 * with the answer (header `Request-Reference`).
 *
 * Anybody can make an app fail by using its id, so what strangers send is cut short and never trusted, and how much is kept is
 * limited where it is noted (`oidc/observations.ts`). No secret, code, token or name of a person is in it.
 */
import { randomUUID } from 'node:crypto';
import type { Row, Write } from '#src/base/coalescing.ts';
import type { Db } from '#src/base/database.ts';

/** Why an attempt failed, with what a developer needs to put it right. */
export type Failure =
  /** Sent to an address that is not registered; both, so that the characters that differ can be marked. */
  | { readonly code: 'redirect_uri_unknown'; readonly received: string; readonly registered: readonly string[] }
  /** The code was asked for with one redirect URI and redeemed with another (RFC 6749 §4.1.3). */
  | { readonly code: 'redirect_uri_changed'; readonly received: string; readonly registered: readonly string[] }
  | { readonly code: 'pkce_missing' }
  | { readonly code: 'pkce_method'; readonly received: string }
  | { readonly code: 'verifier_missing' }
  | { readonly code: 'verifier_wrong' }
  | { readonly code: 'audience_wrong'; readonly received: string; readonly expected: string }
  /** How many seconds the app's clock is ahead of ours; behind it when negative. */
  | { readonly code: 'clock_skew'; readonly seconds: number }
  | { readonly code: 'key_unknown'; readonly received: string; readonly registered: readonly string[] }
  | { readonly code: 'signature_wrong' }
  | { readonly code: 'assertion_used' }
  | { readonly code: 'secret_wrong' }
  | { readonly code: 'secret_expired'; readonly since: string }
  | { readonly code: 'method_wrong'; readonly expected: string }
  | { readonly code: 'code_expired' }
  | { readonly code: 'code_used' }
  | { readonly code: 'code_unknown' }
  | { readonly code: 'scope_not_registered'; readonly received: string; readonly registered: readonly string[] }
  /** The app is in a state in which nobody can sign in. */
  | { readonly code: 'client_stopped'; readonly state: string }
  /** Whatever else the standard refuses: its error, and the engine's sentence. */
  | { readonly code: 'refused'; readonly error: string; readonly said: string };

export type FailureCode = Failure['code'];

export interface Attempt {
  readonly id: string;
  readonly at: Date;
  readonly reference: string;
  readonly failure: Failure;
}

/** How long an attempt is kept. */
const KEPT_DAYS = 7;

/** Of an app that is gone meanwhile nothing is kept. */
export const attemptFailed: Write = {
  name: 'attempt_failed',
  table: '',
  columns: {
    client_id: 'text',
    id: 'uuid',
    at: 'timestamptz',
    reference: 'text',
    code: 'text',
    details: 'jsonb',
    expires_at: 'timestamptz',
  },
  text: `insert into client_attempts (client_id, id, at, reference, code, details, expires_at)
    select said.client_id, said.id, said.at, said.reference, said.code, said.details, said.expires_at
    from (select * from given) as said join clients c on c.id = said.client_id returning 1`,
  lost: () => new Error('an attempt was not noted'),
};

/** The row of {@link attemptFailed}. */
export function attemptRow(clientId: string, reference: string, { code, ...details }: Failure): Row {
  const at = new Date();
  const expiresAt = new Date(at.getTime() + KEPT_DAYS * 24 * 3_600_000);
  return [clientId, randomUUID(), at, reference, code, JSON.stringify(details), expiresAt];
}

interface AttemptRow {
  id: string;
  at: Date;
  reference: string;
  code: FailureCode;
  details: Record<string, unknown>;
}

/** A place in the order of {@link listAttempts}: behind this one. */
export type AttemptPosition = Pick<Attempt, 'at' | 'id'>;

/** The latest attempts of an app that failed, the newest first; those behind `after`. */
export async function listAttempts(
  db: Db,
  clientId: string,
  { after, limit = 25 }: { readonly after?: AttemptPosition | undefined; readonly limit?: number } = {},
): Promise<Attempt[]> {
  const rows = await (after === undefined
    ? db.query<AttemptRow>(
        `select id, at, reference, code, details from client_attempts
         where client_id = $1 and expires_at > $2 order by at desc, id limit $3`,
        [clientId, new Date(), limit],
      )
    : db.query<AttemptRow>(
        `select id, at, reference, code, details from client_attempts
         where client_id = $1 and expires_at > $2 and at <= $4 and (at < $4 or id > $5) order by at desc, id limit $3`,
        [clientId, new Date(), limit, after.at, after.id],
      ));
  return rows.map(toAttempt);
}

/** The attempts of an app with this reference; several when one request failed in more than one way. */
export async function findAttempts(db: Db, clientId: string, reference: string): Promise<Attempt[]> {
  const rows = await db.query<AttemptRow>(
    `select id, at, reference, code, details from client_attempts
     where reference = $2 and client_id = $1 and expires_at > $3 order by at desc, id limit 10`,
    [clientId, reference, new Date()],
  );
  return rows.map(toAttempt);
}

function toAttempt({ id, at, reference, code, details }: AttemptRow): Attempt {
  return { id, at, reference, failure: { code, ...details } as Failure };
}
