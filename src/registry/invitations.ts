/**
 * Links by which somebody joins the team of an agency, or may try an app that is not live yet.
 *
 * Whoever holds the link takes it up, once; where the agency sets an e-mail domain, only with a confirmed address of that
 * domain. What taking it up gives is the caller's to do, in the same unit of work.
 */
import { randomUUID } from 'node:crypto';
import type { Db } from '#src/base/database.ts';
import { DAY_MS } from '#src/base/epoch.ts';
import { Refusal } from '#src/base/refusals.ts';
import { randomSecret, type Secrets } from '#src/base/secrets.ts';

/** How long a link is good. */
const LIFE_MS = 7 * DAY_MS;

/** What a link is to: a role at an agency, or an app of one. */
export type InvitedTo =
  | { readonly kind: 'member'; readonly agencyId: string; readonly role: string; readonly clientId?: undefined }
  | { readonly kind: 'tester'; readonly agencyId: string; readonly clientId: string; readonly role?: undefined };

export type NewInvitation = InvitedTo & {
  /** Whoever takes it up has a confirmed e-mail address of this domain. */
  readonly emailDomain: string | undefined;
  /** To whom it was sent, masked. */
  readonly hint?: string;
  /** An account id, or `command`. */
  readonly invitedBy: string;
};

export type Invitation = NewInvitation & {
  readonly id: string;
  readonly createdAt: Date;
  readonly expiresAt: Date;
};

interface InvitationRow {
  id: string;
  kind: 'member' | 'tester';
  agency_id: string;
  client_id: string | null;
  role: string | null;
  email_domain: string | null;
  hint: string | null;
  invited_by: string;
  created_at: Date;
  expires_at: Date;
}

const columns = 'id, kind, agency_id, client_id, role, email_domain, hint, invited_by, created_at, expires_at';
/** Neither taken up nor taken back, and not over at the moment that the last parameter says. */
const isOpen = (moment: string) => `accepted_at is null and revoked_at is null and expires_at > ${moment}`;

/** Makes a link. @returns its id, and its token: nobody can read that again */
export async function makeInvitation(
  db: Db,
  secrets: Secrets,
  invitation: NewInvitation,
): Promise<{ readonly id: string; readonly token: string; readonly expiresAt: Date }> {
  const id = randomUUID();
  const token = randomSecret();
  const now = new Date();
  const expiresAt = new Date(now.getTime() + LIFE_MS);
  const { kind, agencyId, clientId, role, emailDomain, hint, invitedBy } = invitation;
  await db.execute(
    `insert into invitations (id, kind, agency_id, client_id, role, token_hash, email_domain, hint, invited_by, created_at, expires_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
    [
      ...[id, kind, agencyId, clientId ?? null, role ?? null, hashOf(secrets, token)],
      ...[emailDomain ?? null, hint ?? null, invitedBy, now, expiresAt],
    ],
  );
  return { id, token, expiresAt };
}

/** What a link is to, while it is open. */
export async function findInvitation(db: Db, secrets: Secrets, token: string): Promise<Invitation | undefined> {
  const row = await db.first<InvitationRow>(
    `select ${columns} from invitations where token_hash = $1 and ${isOpen('$2')}`,
    [hashOf(secrets, token), new Date()],
  );
  return row && toInvitation(row);
}

/** What a link was to that this account has taken up: whoever opens it again is told so. */
export async function findTakenUp(
  db: Db,
  secrets: Secrets,
  token: string,
  accountId: string,
): Promise<Invitation | undefined> {
  const row = await db.first<InvitationRow>(
    `select ${columns} from invitations where token_hash = $1 and accepted_by = $2`,
    [hashOf(secrets, token), accountId],
  );
  return row && toInvitation(row);
}

/**
 * Takes a link up: of many at once exactly one does.
 *
 * @throws {Refusal} `invitation_over`
 */
export async function claimInvitation(db: Db, secrets: Secrets, token: string, accountId: string): Promise<Invitation> {
  const row = await db.first<InvitationRow>(
    `update invitations set accepted_at = $2, accepted_by = $3 where token_hash = $1 and ${isOpen('$2')}
     returning ${columns}`,
    [hashOf(secrets, token), new Date(), accountId],
  );
  if (!row) throw new Refusal('invitation_over');
  return toInvitation(row);
}

/** Takes a link of this agency back. @returns whether it was open */
export async function revokeInvitation(
  db: Db,
  { id, agencyId }: { readonly id: string; readonly agencyId: string },
): Promise<boolean> {
  const revoked = await db.execute(
    `update invitations set revoked_at = $3 where id = $1 and agency_id = $2 and ${isOpen('$3')}`,
    [id, agencyId, new Date()],
  );
  return revoked > 0;
}

/** The open links to the roles of an agency, the latest first. */
export async function listInvitations(db: Db, agencyId: string): Promise<Invitation[]> {
  const rows = await db.query<InvitationRow>(
    `select ${columns} from invitations where agency_id = $1 and kind = 'member' and ${isOpen('$2')}
     order by created_at desc, id`,
    [agencyId, new Date()],
  );
  return rows.map(toInvitation);
}

/** The open links to an app, the latest first. */
export async function listTesterInvitations(db: Db, clientId: string): Promise<Invitation[]> {
  const rows = await db.query<InvitationRow>(
    `select ${columns} from invitations where client_id = $1 and ${isOpen('$2')} order by created_at desc, id`,
    [clientId, new Date()],
  );
  return rows.map(toInvitation);
}

function hashOf(secrets: Secrets, token: string): Buffer {
  return secrets.hash('invitation', token);
}

function toInvitation(row: InvitationRow): Invitation {
  const { kind, agency_id: agencyId, role, client_id: clientId } = row;
  const to: InvitedTo =
    kind === 'member' ? { kind, agencyId, role: role ?? '' } : { kind, agencyId, clientId: clientId ?? '' };
  return {
    ...to,
    id: row.id,
    emailDomain: row.email_domain ?? undefined,
    ...(row.hint !== null && { hint: row.hint }),
    invitedBy: row.invited_by,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
  };
}
