/**
 * An agency's tokens for dynamic registration (RFC 7591 §3, "initial access token"): whoever holds one registers so many
 * apps of that agency, until a date. Shown once, kept as a keyed hash, spent by one conditional statement.
 */
import { randomUUID } from 'node:crypto';
import { recordAdminEvent } from '#src/audit/events.ts';
import type { Db } from '#src/base/database.ts';
import { Refusal } from '#src/base/refusals.ts';
import { randomSecret, type Secrets } from '#src/base/secrets.ts';

export interface RegistrationToken {
  readonly id: string;
  readonly agencyId: string;
  /** What it is for, in the words of whoever made it. */
  readonly label: string;
  readonly createdBy: string;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly usesLeft: number;
  readonly lastUsedAt: Date | undefined;
  readonly revokedAt: Date | undefined;
}

/** What somebody asks for. */
export interface TokenWish {
  readonly agencyId: string;
  readonly label: string;
  readonly days: number;
  readonly uses: number;
}

export const tokenDays = { least: 1, most: 90, usual: 30 } as const;
export const tokenUses = { least: 1, most: 1_000, usual: 10 } as const;

interface TokenRow {
  id: string;
  agency_id: string;
  label: string;
  created_by: string;
  created_at: Date;
  expires_at: Date;
  uses_left: number;
  last_used_at: Date | null;
  revoked_at: Date | null;
}

const columns = 'id, agency_id, label, created_by, created_at, expires_at, uses_left, last_used_at, revoked_at';

function toToken(row: TokenRow): RegistrationToken {
  return {
    id: row.id,
    agencyId: row.agency_id,
    label: row.label,
    createdBy: row.created_by,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    usesLeft: row.uses_left,
    lastUsedAt: row.last_used_at ?? undefined,
    revokedAt: row.revoked_at ?? undefined,
  };
}

/** Makes a token; its text is told this once. Inside a transaction. */
export async function makeRegistrationToken(
  db: Db,
  secrets: Secrets,
  { agencyId, label, days, uses }: TokenWish,
  actor: string,
): Promise<{ token: RegistrationToken; secret: string }> {
  const secret = randomSecret();
  const now = new Date();
  const token = {
    ...{ id: randomUUID(), agencyId, label, createdBy: actor, createdAt: now, usesLeft: uses },
    expiresAt: new Date(now.getTime() + days * 24 * 3_600_000),
    ...{ lastUsedAt: undefined, revokedAt: undefined },
  };
  await db.execute(
    `insert into registration_tokens (id, agency_id, token_hash, label, created_by, created_at, expires_at, uses_left)
     values ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [token.id, agencyId, hashToken(secrets, secret), label, actor, now, token.expiresAt, uses],
  );
  await recordAdminEvent(db, {
    kind: 'registration-token.made',
    actor,
    subject: `registration-token ${token.id}`,
    agencyId,
  });
  return { token, secret };
}

/** A place in the order of {@link listRegistrationTokens}: behind this one. */
export interface TokenPosition {
  readonly createdAt: Date;
  readonly id: string;
}

/** The tokens of an agency, the newest first, revoked and expired ones too as long as they are kept. */
export async function listRegistrationTokens(
  db: Db,
  agencyId: string,
  { after, limit = 50 }: { after?: TokenPosition | undefined; limit?: number } = {},
): Promise<RegistrationToken[]> {
  const rows = after
    ? await db.query<TokenRow>(
        `select ${columns} from registration_tokens
         where agency_id = $1 and (created_at < $2 or (created_at = $2 and id > $3))
         order by created_at desc, id limit $4`,
        [agencyId, after.createdAt, after.id, limit],
      )
    : await db.query<TokenRow>(
        `select ${columns} from registration_tokens where agency_id = $1 order by created_at desc, id limit $2`,
        [agencyId, limit],
      );
  return rows.map(toToken);
}

/** Ends a token at once; one that is revoked already stays so. @throws {Refusal} `not_here` when the agency has none such */
export async function revokeRegistrationToken(
  db: Db,
  { agencyId, id }: Pick<RegistrationToken, 'agencyId' | 'id'>,
  actor: string,
): Promise<void> {
  const revoked = await db.execute(
    `update registration_tokens set revoked_at = coalesce(revoked_at, $3) where agency_id = $1 and id::text = $2`,
    [agencyId, id, new Date()],
  );
  if (revoked === 0) throw new Refusal('not_here', 'no such token at the agency');
  await recordAdminEvent(db, {
    kind: 'registration-token.revoked',
    actor,
    subject: `registration-token ${id}`,
    agencyId,
  });
}

/**
 * Spends one use of a token: of several that come at once no more than it has.
 *
 * @throws {Refusal} `registration_token_invalid`
 */
export async function spendRegistrationToken(
  db: Db,
  secrets: Secrets,
  secret: string,
): Promise<Pick<RegistrationToken, 'id' | 'agencyId'>> {
  const spent = await db.first<{ id: string; agency_id: string }>(
    `update registration_tokens set uses_left = uses_left - 1, last_used_at = $2
     where token_hash = $1 and uses_left > 0 and revoked_at is null and expires_at > $2 returning id, agency_id`,
    [hashToken(secrets, secret), new Date()],
  );
  if (!spent) throw new Refusal('registration_token_invalid', 'no such registration token, or nothing left of it');
  return { id: spent.id, agencyId: spent.agency_id };
}

function hashToken(secrets: Secrets, secret: string): Buffer {
  return secrets.hash('registration-token', secret);
}
