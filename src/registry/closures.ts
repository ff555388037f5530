/**
 * Where no new apps are registered: an agency with all below it, or a sector, until somebody opens it again or its day has
 * come. What is there already stays; what would come in needs an exception, which is for so many apps and ends.
 *
 * An exception is used up by one conditional statement: of many at once no more come in than it allows.
 */
import { randomUUID } from 'node:crypto';
import { recordAdminEvent } from '#src/audit/events.ts';
import type { Db } from '#src/base/database.ts';
import { todayInJakarta } from '#src/base/epoch.ts';
import { Refusal } from '#src/base/refusals.ts';
import { isId } from '#src/base/secrets.ts';
import type { Reach } from './coordination.ts';

/** What is closed: one of the two. */
export type ClosedPlace =
  | { readonly agencyId: string; readonly sectorId?: undefined }
  | { readonly sectorId: string; readonly agencyId?: undefined };

/** A place that is closed, or was. */
export interface Closure {
  readonly id: string;
  readonly agencyId: string | undefined;
  readonly sectorId: string | undefined;
  /** For everybody who wants to register there to read. */
  readonly reason: string;
  /** The day from which on it is open again by itself (`2026-12-31`). */
  readonly openAgainOn: string | undefined;
  readonly closedBy: string;
  readonly closedAt: Date;
  readonly openedBy: string | undefined;
  readonly openedAt: Date | undefined;
}

interface ClosureRow {
  id: string;
  agency_id: string | null;
  sector_id: string | null;
  reason: string;
  open_again_on: string | null;
  closed_by: string;
  closed_at: Date;
  opened_by: string | null;
  opened_at: Date | null;
}

const columns = `k.id, k.agency_id, k.sector_id, k.reason, k.open_again_on::text, k.closed_by, k.closed_at, k.opened_by,
  k.opened_at`;
/** Closed on the day that the parameter says. */
const holds = (day: string) => `k.opened_at is null and (k.open_again_on is null or k.open_again_on > ${day}::date)`;

/** The closures that an app would run into: of its agency or one above, and of its sectors. */
export async function findClosures(
  db: Db,
  { path, sectors }: { readonly path: readonly string[]; readonly sectors: readonly string[] },
): Promise<Closure[]> {
  if (path.length === 0 && sectors.length === 0) return [];
  const rows = await db.query<ClosureRow>(
    `select ${columns} from registration_closures k
     where (k.agency_id = any($1::text[]) or k.sector_id = any($2::text[])) and ${holds('$3')}
     order by k.closed_at, k.id`,
    [path, sectors, todayInJakarta()],
  );
  return rows.map(toClosure);
}

/** What is closed now within somebody's reach, the latest first: they are few. */
export async function listClosures(db: Db, { nodes, sectors }: Reach): Promise<Closure[]> {
  const rows = await db.query<ClosureRow>(
    `select ${columns} from registration_closures k left join agencies a on a.id = k.agency_id
     where (a.path && $1::text[] or k.sector_id = any($2::text[])) and ${holds('$3')}
     order by k.closed_at desc, k.id limit 500`,
    [nodes, sectors, todayInJakarta()],
  );
  return rows.map(toClosure);
}

/** @throws {Refusal} `not_here` where there is none */
export async function loadClosure(db: Db, id: string): Promise<Closure> {
  const row = isId(id)
    ? await db.first<ClosureRow>(`select ${columns} from registration_closures k where k.id = $1`, [id])
    : undefined;
  if (!row) throw new Refusal('not_here', 'no such closure');
  return toClosure(row);
}

function toClosure(row: ClosureRow): Closure {
  return {
    id: row.id,
    agencyId: row.agency_id ?? undefined,
    sectorId: row.sector_id ?? undefined,
    reason: row.reason,
    openAgainOn: row.open_again_on ?? undefined,
    closedBy: row.closed_by,
    closedAt: row.closed_at,
    openedBy: row.opened_by ?? undefined,
    openedAt: row.opened_at ?? undefined,
  };
}

/** How somebody closes a place. The caller has seen to it that they coordinate it. */
export type NewClosure = ClosedPlace & {
  readonly reason: string;
  readonly openAgainOn?: string | undefined;
  /** An account id, `client ID` of a machine, or `command`. */
  readonly actor: string;
};

/**
 * Closes a place to new registrations. Inside a transaction.
 *
 * @throws {Refusal} `closed_already`
 */
export async function closeRegistrations(tx: Db, closing: NewClosure): Promise<Closure> {
  const { agencyId = null, sectorId = null, reason, openAgainOn = null, actor } = closing;
  const now = new Date();
  // A closure whose day has come holds no longer, and makes room for another one.
  await tx.execute(
    `update registration_closures set opened_at = $3, opened_by = 'time'
     where (agency_id = $1 or sector_id = $2) and opened_at is null and open_again_on <= $4::date`,
    [agencyId, sectorId, now, todayInJakarta()],
  );
  const row = await tx.first<ClosureRow>(
    `insert into registration_closures as k (id, agency_id, sector_id, reason, open_again_on, closed_by, closed_at)
     values ($1, $2, $3, $4, $5::date, $6, $7) on conflict do nothing returning ${columns}`,
    [randomUUID(), agencyId, sectorId, reason, openAgainOn, actor, now],
  );
  if (!row) throw new Refusal('closed_already', `${placeOf(closing)} is closed already`);
  await recordClosing(tx, 'registrations.closed', actor, row);
  return toClosure(row);
}

/** Opens a place again. Inside a transaction. @throws {Refusal} `closure_over` when it is open already */
export async function openRegistrations(tx: Db, id: string, actor: string): Promise<Closure> {
  const row = await tx.first<ClosureRow>(
    `update registration_closures k set opened_at = $2, opened_by = $3
     where k.id = $1 and k.opened_at is null returning ${columns}`,
    [id, new Date(), actor],
  );
  if (!row) throw new Refusal('closure_over', `closure ${id} is over`);
  await recordClosing(tx, 'registrations.opened', actor, row);
  return toClosure(row);
}

function placeOf({ agencyId, sectorId }: ClosedPlace): string {
  return agencyId === undefined ? `sector ${sectorId}` : `agency ${agencyId}`;
}

async function recordClosing(
  tx: Db,
  kind: 'registrations.closed' | 'registrations.opened',
  actor: string,
  row: ClosureRow,
): Promise<void> {
  const subject = row.agency_id === null ? `sector ${row.sector_id}` : `agency ${row.agency_id}`;
  const agencyId = row.agency_id ?? (await findCoordinator(tx, row.sector_id));
  const event = { kind, actor, subject, details: { closure: row.id } } as const;
  await recordAdminEvent(tx, { ...event, ...(agencyId && { agencyId }) });
}

/** What concerns a sector is of the agency that coordinates it. */
async function findCoordinator(db: Db, sectorId: string | null): Promise<string | undefined> {
  const row = await db.first<{ id: string | null }>('select coordinator_id as id from sectors where id = $1', [
    sectorId,
  ]);
  return row?.id ?? undefined;
}

/** Lets an agency, and what is below it, register so many apps where it is closed, until a day. */
export interface RegistrationException {
  readonly id: string;
  readonly closureId: string;
  readonly agencyId: string;
  readonly apps: number;
  readonly used: number;
  readonly reason: string;
  readonly givenBy: string;
  readonly givenAt: Date;
  readonly expiresAt: Date;
  readonly revokedAt: Date | undefined;
}

interface ExceptionRow {
  id: string;
  closure_id: string;
  agency_id: string;
  apps: number;
  used: number;
  reason: string;
  given_by: string;
  given_at: Date;
  expires_at: Date;
  revoked_at: Date | null;
}

const exceptionColumns = 'id, closure_id, agency_id, apps, used, reason, given_by, given_at, expires_at, revoked_at';

function toException(row: ExceptionRow): RegistrationException {
  const { closure_id: closureId, agency_id: agencyId, given_by: givenBy, given_at: givenAt } = row;
  const { id, apps, used, reason, expires_at: expiresAt, revoked_at: revokedAt } = row;
  return {
    id,
    closureId,
    agencyId,
    apps,
    used,
    reason,
    givenBy,
    givenAt,
    expiresAt,
    revokedAt: revokedAt ?? undefined,
  };
}

/** What somebody lets into a closed place. */
export interface NewException
  extends Pick<RegistrationException, 'closureId' | 'agencyId' | 'apps' | 'reason' | 'expiresAt'> {
  readonly actor: string;
}

/** Gives an exception from a closure that holds. Inside a transaction. @throws {Refusal} `closure_over` */
export async function giveException(tx: Db, given: NewException): Promise<RegistrationException> {
  const { closureId, agencyId, apps, reason, expiresAt, actor } = given;
  const row = await tx.first<ExceptionRow>(
    `insert into registration_exceptions (id, closure_id, agency_id, apps, reason, given_by, given_at, expires_at)
     select $1, k.id, $3, $4, $5, $6, $7, $8 from registration_closures k where k.id = $2 and ${holds('$9')}
     returning ${exceptionColumns}`,
    [randomUUID(), closureId, agencyId, apps, reason, actor, new Date(), expiresAt, todayInJakarta()],
  );
  if (!row) throw new Refusal('closure_over', `closure ${closureId} is over`);
  const event = { kind: 'exception.given', actor, subject: `exception ${row.id}`, agencyId } as const;
  await recordAdminEvent(tx, { ...event, details: { closure: closureId, apps } });
  return toException(row);
}

/** Takes back what is left of an exception; the apps that it let in stay. Inside a transaction. @throws {Refusal} `exception_over` */
export async function revokeException(tx: Db, id: string, actor: string): Promise<RegistrationException> {
  const row = await tx.first<ExceptionRow>(
    `update registration_exceptions set revoked_at = $2, revoked_by = $3
     where id = $1 and revoked_at is null returning ${exceptionColumns}`,
    [id, new Date(), actor],
  );
  if (!row) throw new Refusal('exception_over', `exception ${id} is over`);
  const event = { kind: 'exception.revoked', actor, subject: `exception ${id}`, agencyId: row.agency_id } as const;
  await recordAdminEvent(tx, { ...event, details: { closure: row.closure_id, used: row.used } });
  return toException(row);
}

/** The exceptions from these closures, the latest first. */
export async function listExceptions(db: Db, closureIds: readonly string[]): Promise<RegistrationException[]> {
  if (closureIds.length === 0) return [];
  const rows = await db.query<ExceptionRow>(
    `select ${exceptionColumns} from registration_exceptions where closure_id = any($1)
     order by given_at desc, id limit 1000`,
    [closureIds],
  );
  return rows.map(toException);
}

/** @throws {Refusal} `not_here` */
export async function loadException(db: Db, id: string): Promise<RegistrationException> {
  const row = isId(id)
    ? await db.first<ExceptionRow>(`select ${exceptionColumns} from registration_exceptions where id = $1`, [id])
    : undefined;
  if (!row) throw new Refusal('not_here', 'no such exception');
  return toException(row);
}

/** Good at this moment, for an agency whose path is $2; `$3` is the moment. The one that ends first comes first. */
const usable = `closure_id = $1 and agency_id = any($2) and used < apps and revoked_at is null and expires_at > $3`;

/** Whether an agency has an exception from a closure that is not used up. */
export async function hasException(db: Db, closureId: string, path: readonly string[]): Promise<boolean> {
  const row = await db.first(`select 1 from registration_exceptions where ${usable} limit 1`, [
    closureId,
    path,
    new Date(),
  ]);
  return row !== undefined;
}

/**
 * Lets an app in where it is closed. Inside the transaction that saves the app, after it was saved.
 *
 * @throws {Refusal} `registrations_closed` where no exception is left
 */
export async function useException(
  tx: Db,
  closure: Closure,
  app: { readonly clientId: string; readonly path: readonly string[] },
): Promise<void> {
  const now = new Date();
  const left = await tx.query<{ id: string }>(
    `select id from registration_exceptions where ${usable} order by expires_at, id`,
    [closure.id, app.path, now],
  );
  for (const { id } of left) {
    const used = await tx.execute(
      `update registration_exceptions set used = used + 1
       where id = $1 and used < apps and revoked_at is null and expires_at > $2`,
      [id, now],
    );
    if (used === 0) continue;
    await tx.execute('insert into registration_exception_uses (exception_id, client_id, used_at) values ($1, $2, $3)', [
      id,
      app.clientId,
      now,
    ]);
    return;
  }
  throw closedTo(closure);
}

/** What is said of a closed place. */
export function closedTo({ agencyId, sectorId }: Pick<Closure, 'agencyId' | 'sectorId'>): Refusal {
  const place = agencyId === undefined ? `sector ${sectorId}` : `agency ${agencyId}`;
  return new Refusal('registrations_closed', `${place} is closed to new registrations`);
}
