/**
 * The secrets of clients: made by us and shown once, at most two alive, each with an end.
 *
 * Writes run inside a transaction and take the registry's lock first, so that of two rotations at once one sees the
 * other's. A secret that has ended opens nothing from that moment on every process; its hash stays for a month, so that
 * an app that still sends it can be told so.
 */
import { recordAdminEvent } from '#src/audit/events.ts';
import type { Db } from '#src/base/database.ts';
import { DAY_MS } from '#src/base/epoch.ts';
import { Refusal } from '#src/base/refusals.ts';
import { randomSecret, type Secrets } from '#src/base/secrets.ts';
import { type ClientRecord, hasSecret, type Localized, loadClient } from './clients.ts';
import { hashClientSecret, isLive } from './secret-hashes.ts';
import { lockRegistry, raiseRegistryVersion } from './version.ts';

/** How long the secret before stays valid when a new one is set from a file. */
const SECRET_OVERLAP_HOURS = 24;
/** How long the secret before stays valid when a new one is made, unless a date is chosen. */
export const DEFAULT_OVERLAP_DAYS = 14;
export const MAX_OVERLAP_DAYS = 90;
/** How long a secret that we make is good for. */
const SECRET_LIFE_DAYS = 365;
/** How many days before the end its agency is told. */
export const WARNING_DAYS = [60, 30, 7] as const;
/** How many that have ended stay, to be recognised, and how long. */
const ENDED_KEPT = 3;
const RECOGNISED_MS = 30 * DAY_MS;

/** A secret as it may be shown: never the secret or its hash. */
export interface ListedSecret {
  readonly id: string;
  /** The last characters of one that we made. */
  readonly hint: string | undefined;
  readonly createdAt: Date;
  /** An account id, `command` or `start`; undefined where it was set before that was kept. */
  readonly createdBy: string | undefined;
  readonly expiresAt: Date | undefined;
  /** At most an hour behind. */
  readonly lastUsedAt: Date | undefined;
  /** From which network it was last used. */
  readonly network: string | undefined;
}

export interface Rotation {
  readonly clientId: string;
  /** The account id of who asks, or `command`. */
  readonly actor: string;
  /** How long the secret before stays valid: 0 ends every other at once. */
  readonly overlapDays?: number;
  /** The same as a date. */
  readonly endsAt?: Date;
}

export interface Rotated {
  /** Shown once: only its keyed hash is kept. */
  readonly secret: string;
  readonly id: string;
  readonly expiresAt: Date;
  /** When those before it end; undefined where there was none. */
  readonly previousEndsAt: Date | undefined;
}

/**
 * Makes a new secret for a client. The one before stays valid for a while, so that the app can change over without a
 * moment in which neither works.
 *
 * @throws {Refusal} `client_not_found`; `client_retired`; `client_without_secret` where it proves itself otherwise;
 *   `two_secrets_live` where two are alive and neither is to end at once; `overlap_out_of_range`
 */
export async function rotateSecret(db: Db, secrets: Secrets, rotation: Rotation): Promise<Rotated> {
  const { clientId, actor } = rotation;
  const now = new Date();
  const previousEndsAt = endOfOverlap(rotation, now);
  await lockRegistry(db);
  const client = await loadForSecrets(db, clientId);
  const live = client.secrets.filter((one) => isLive(one, now));
  if (live.length > 1 && previousEndsAt > now)
    throw new Refusal('two_secrets_live', `client ${clientId} has ${live.length} secrets that are alive`);
  const secret = randomSecret();
  const expiresAt = new Date(now.getTime() + SECRET_LIFE_DAYS * DAY_MS);
  await endBy(db, clientId, previousEndsAt, now);
  await forgetEnded(db, clientId, now);
  const made = await db.first<{ id: string }>(
    `insert into client_secrets (client_id, hash, created_at, expires_at, hint, created_by)
     values ($1, $2, $3, $4, $5, $6) returning id`,
    [clientId, hashClientSecret(secrets, clientId, secret), now, expiresAt, secret.slice(-4), actor],
  );
  await stamp(db, clientId);
  const { agencyId } = client;
  await recordAdminEvent(db, { kind: 'client.secret-set', actor, subject: `client ${clientId}`, agencyId });
  return { secret, id: String(made?.id), expiresAt, previousEndsAt: live.length > 0 ? previousEndsAt : undefined };
}

/**
 * Ends one secret of a client at once.
 *
 * @throws {Refusal} `client_not_found`; `secret_not_found` when there is none of this id, or it has ended
 */
export async function endSecret(
  db: Db,
  { clientId, secretId, actor }: { readonly clientId: string; readonly secretId: string; readonly actor: string },
): Promise<void> {
  await lockRegistry(db);
  const { agencyId } = await loadClient(db, clientId);
  const now = new Date();
  const ended = await db.execute(
    `update client_secrets set expires_at = $3, warned_days = 0
     where client_id = $1 and id = $2 and (expires_at is null or expires_at > $3)`,
    [clientId, secretId, now],
  );
  if (ended === 0) throw new Refusal('secret_not_found', `client ${clientId} has no live secret ${secretId}`);
  await stamp(db, clientId);
  await recordAdminEvent(db, { kind: 'client.secret-ended', actor, subject: `client ${clientId}`, agencyId });
}

/** Every secret of a client that is kept, the newest first; those that have ended too. */
export async function listSecrets(db: Db, clientId: string): Promise<ListedSecret[]> {
  const rows = await db.query<{
    id: string;
    hint: string | null;
    created_at: Date;
    created_by: string | null;
    expires_at: Date | null;
    last_used_at: Date | null;
    network: string | null;
  }>(
    `select s.id, s.hint, s.created_at, s.created_by, s.expires_at, u.last_used_at, u.network
     from client_secrets s
     left join client_credential_uses u on u.client_id = s.client_id and u.credential = 'secret:' || s.id
     where s.client_id = $1 order by s.created_at desc, s.id`,
    [clientId],
  );
  return rows.map((row) => ({
    id: row.id,
    hint: row.hint ?? undefined,
    createdAt: row.created_at,
    createdBy: row.created_by ?? undefined,
    expiresAt: row.expires_at ?? undefined,
    lastUsedAt: row.last_used_at ?? undefined,
    network: row.network ?? undefined,
  }));
}

/** By which name a secret's use is noted (`client_credential_uses`). */
export function secretCredential({ id }: { readonly id: string }): string {
  return `secret:${id}`;
}

/** Whether a secret is the one that a client has for good, and not one that is about to end. */
export function isCurrentSecret(secrets: Secrets, client: ClientRecord, secret: string): boolean {
  const hash = hashClientSecret(secrets, client.id, secret);
  return client.secrets.some((one) => one.hash.equals(hash) && !one.expiresAt);
}

/**
 * Gives a client a secret that its agency made. The newest one before it stays valid for {@link SECRET_OVERLAP_HOURS},
 * older ones end at once. Setting the current one again changes nothing.
 *
 * @returns whether anything changed.
 * @throws {Refusal} `client_not_found`
 */
export async function setClientSecret(
  db: Db,
  secrets: Secrets,
  clientId: string,
  secret: string,
  actor: string,
): Promise<boolean> {
  await lockRegistry(db);
  const client = await loadClient(db, clientId);
  const hash = hashClientSecret(secrets, clientId, secret);
  if (isCurrentSecret(secrets, client, secret)) return false;
  const now = new Date();
  const previous = client.secrets.findLast((one) => isLive(one, now) && !one.hash.equals(hash));
  await db.execute('delete from client_secrets where client_id = $1 and hash is distinct from $2', [
    clientId,
    previous?.hash ?? null,
  ]);
  await endBy(db, clientId, new Date(now.getTime() + SECRET_OVERLAP_HOURS * 3_600_000), now);
  await db.execute('insert into client_secrets (client_id, hash, created_at, created_by) values ($1, $2, $3, $4)', [
    clientId,
    hash,
    now,
    actor,
  ]);
  await stamp(db, clientId);
  const { agencyId } = client;
  await recordAdminEvent(db, { kind: 'client.secret-set', actor, subject: `client ${clientId}`, agencyId });
  return true;
}

function endOfOverlap({ overlapDays, endsAt }: Rotation, now: Date): Date {
  const end = endsAt ?? new Date(now.getTime() + (overlapDays ?? DEFAULT_OVERLAP_DAYS) * DAY_MS);
  const days = (end.getTime() - now.getTime()) / DAY_MS;
  if (days >= 0 && days <= MAX_OVERLAP_DAYS) return end;
  throw new Refusal('overlap_out_of_range', 'the secret before would not end within the days allowed');
}

async function loadForSecrets(db: Db, clientId: string): Promise<ClientRecord> {
  const client = await loadClient(db, clientId);
  if (client.state === 'retired') throw new Refusal('client_retired', `client ${clientId} is retired`);
  if (!hasSecret(client))
    throw new Refusal('client_without_secret', `client ${clientId} uses ${client.tokenEndpointAuthMethod}`);
  return client;
}

/** Whoever chose a near end knows of it: only what is still to come is warned about. */
async function endBy(db: Db, clientId: string, end: Date, now: Date): Promise<void> {
  const left = end.getTime() - now.getTime();
  const known = left <= 0 ? 0 : (WARNING_DAYS.findLast((days) => left <= days * DAY_MS) ?? null);
  await db.execute(
    `update client_secrets set expires_at = $2, warned_days = $3
     where client_id = $1 and (expires_at is null or expires_at > $2)`,
    [clientId, end, known],
  );
}

async function forgetEnded(db: Db, clientId: string, now: Date): Promise<void> {
  await db.execute(
    `delete from client_secrets where client_id = $1 and expires_at <= $2 and id not in
       (select id from client_secrets where client_id = $1 and expires_at <= $2 order by expires_at desc limit $3)`,
    [clientId, now, ENDED_KEPT],
  );
}

async function stamp(db: Db, clientId: string): Promise<void> {
  await db.execute('update clients set version = $2 where id = $1', [clientId, await raiseRegistryVersion(db)]);
}

/** A secret whose agency is to be told of its end. */
export interface DueWarning {
  readonly clientId: string;
  readonly agencyId: string;
  readonly name: Localized;
  readonly secretId: string;
  readonly hint: string | undefined;
  readonly expiresAt: Date;
  readonly lastUsedAt: Date | undefined;
  /** 60, 30 or 7: the smallest of {@link WARNING_DAYS} that has been reached; 0 when it has ended. */
  readonly days: number;
}

/** How many days before its end a secret is at, by the steps at which its agency is told. */
const stepOf = `case when s.expires_at <= $1 then 0 when s.expires_at <= $2 then 7 when s.expires_at <= $3 then 30 else 60 end`;

/** Secrets whose agency has not been told yet where they stand, at most a hundred, the nearest end first. */
export async function listDueWarnings(db: Db, now: Date): Promise<DueWarning[]> {
  const rows = await db.query<{
    client_id: string;
    agency_id: string;
    name: string;
    name_en: string;
    id: string;
    hint: string | null;
    expires_at: Date;
    last_used_at: Date | null;
    days: number;
  }>(
    `select s.client_id, c.agency_id, c.name, c.name_en, s.id, s.hint, s.expires_at, u.last_used_at, ${stepOf} as days
     from client_secrets s
     join clients c on c.id = s.client_id and c.state <> 'retired'
     left join client_credential_uses u on u.client_id = s.client_id and u.credential = 'secret:' || s.id
     where s.expires_at <= $4 and (s.warned_days is null or s.warned_days > ${stepOf})
     order by s.expires_at, s.client_id limit 100`,
    [now, ...[7, 30, 60].map((days) => new Date(now.getTime() + days * DAY_MS))],
  );
  return rows.map((row) => ({
    clientId: row.client_id,
    agencyId: row.agency_id,
    name: { id: row.name, en: row.name_en },
    secretId: row.id,
    hint: row.hint ?? undefined,
    expiresAt: row.expires_at,
    lastUsedAt: row.last_used_at ?? undefined,
    days: row.days,
  }));
}

/** Takes on a warning, in the transaction that sends it. @returns false where another process has, or the end was moved */
export async function takeWarning(db: Db, { clientId, secretId, expiresAt, days }: DueWarning): Promise<boolean> {
  const taken = await db.execute(
    `update client_secrets set warned_days = $4
     where client_id = $1 and id = $2 and expires_at = $3 and (warned_days is null or warned_days > $4)`,
    [clientId, secretId, expiresAt, days],
  );
  return taken > 0;
}

/** Forgets secrets that ended a month ago. */
export async function forgetEndedSecrets(db: Db, now: Date): Promise<number> {
  return db.execute('delete from client_secrets where expires_at <= $1', [new Date(now.getTime() - RECOGNISED_MS)]);
}
