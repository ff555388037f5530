/**
 * Every change of a client as a numbered version: what it said then, who changed it, when, by which way and why. Rows are
 * only added; what may still happen to one is that it is decided.
 *
 * The newest version either is in force or waits: writing another makes the one that waits void, and every approval of it.
 */
import type { Config } from '#src/base/config.ts';
import type { Db } from '#src/base/database.ts';
import { DAY_MS, WIB_MS } from '#src/base/epoch.ts';
import { Refusal } from '#src/base/refusals.ts';
import type { Move } from './client-life.ts';
import type { ClientRecord, ClientState } from './clients.ts';
import { declarationOf } from './declarations.ts';
import { type ClientDeclaration, type ClientEntry, checkClientEntry } from './registration-schema.ts';

/** By which way a change comes in. */
export const ways = ['page', 'api', 'file', 'command', 'registration', 'bundle', 'job', 'start'] as const;
export type Via = (typeof ways)[number];

/** What runs the deployment may say in which state a client is, and to which agency it belongs; agencies ask for it. */
export function runsTheDeployment(via: Via): boolean {
  return via === 'file' || via === 'command' || via === 'start' || via === 'job';
}

export type VersionStatus = 'pending' | 'applied' | 'rejected' | 'superseded';

/** One version as it is stored. */
export interface ClientVersion {
  readonly clientId: string;
  readonly number: number;
  readonly status: VersionStatus;
  /** The agency it was declared for. */
  readonly agencyId: string | undefined;
  readonly content: ClientDeclaration;
  /** The keys in which it differs from what was in force; `state` and `agency` among them. */
  readonly changed: readonly string[];
  readonly isRisky: boolean;
  readonly from: ClientState;
  readonly to: ClientState;
  readonly via: Via;
  /** An account id, `command` or `start`, or the name of a job. */
  readonly actor: string;
  readonly reason: string | undefined;
  readonly breakGlass: string | undefined;
  readonly approvalsNeeded: number;
  readonly createdAt: Date;
  /** By when a decision is promised. */
  readonly dueAt: Date | undefined;
  readonly decidedAt: Date | undefined;
  readonly decidedBy: string | undefined;
}

interface VersionRow {
  client_id: string;
  number: number;
  status: VersionStatus;
  agency_id: string | null;
  content: ClientDeclaration;
  changed: string[];
  is_risky: boolean;
  from_state: ClientState;
  to_state: ClientState;
  via: Via;
  actor: string;
  reason: string | null;
  break_glass: string | null;
  approvals_needed: number;
  created_at: Date;
  due_at: Date | null;
  decided_at: Date | null;
  decided_by: string | null;
}

const columns = `client_id, number, status, agency_id, content, changed, is_risky, from_state, to_state, via, actor, reason,
  break_glass, approvals_needed, created_at, due_at, decided_at, decided_by`;

/** A version by its number, whatever became of it. */
export async function findVersion(db: Db, clientId: string, number: number): Promise<ClientVersion | undefined> {
  const row = await db.first<VersionRow>(
    `select ${columns} from client_versions where client_id = $1 and number = $2`,
    [clientId, number],
  );
  return row && toVersion(row);
}

/** @throws {Refusal} `version_not_found` */
export async function loadVersion(db: Db, clientId: string, number: number): Promise<ClientVersion> {
  const version = await findVersion(db, clientId, number);
  if (!version) throw new Refusal('version_not_found', `client ${clientId} has no version ${number}`);
  return version;
}

/** The version of a client that waits to be decided. */
export async function findPendingVersion(db: Db, clientId: string): Promise<ClientVersion | undefined> {
  const row = await db.first<VersionRow>(
    `select ${columns} from client_versions where client_id = $1 and status = 'pending'`,
    [clientId],
  );
  return row && toVersion(row);
}

/** What was in force before a version: the newest one below it that took effect. */
export async function findVersionBefore(
  db: Db,
  { clientId, number }: Pick<ClientVersion, 'clientId' | 'number'>,
): Promise<ClientVersion | undefined> {
  const row = await db.first<VersionRow>(
    `select ${columns} from client_versions
     where client_id = $1 and number < $2 and status = 'applied' order by number desc limit 1`,
    [clientId, number],
  );
  return row && toVersion(row);
}

/** By which version a client was stopped the last time. */
export async function findSuspension(db: Db, clientId: string): Promise<ClientVersion | undefined> {
  const row = await db.first<VersionRow>(
    `select ${columns} from client_versions
     where client_id = $1 and status = 'applied' and to_state = 'suspended' and from_state <> 'suspended'
     order by number desc limit 1`,
    [clientId],
  );
  return row && toVersion(row);
}

/** The versions of a client, the newest first, at most `limit`, those below `before`. */
export async function listVersions(
  db: Db,
  clientId: string,
  { before, limit = 50 }: { readonly before?: number | undefined; readonly limit?: number } = {},
): Promise<ClientVersion[]> {
  const rows = await db.query<VersionRow>(
    `select ${columns} from client_versions where client_id = $1 and number < $2 order by number desc limit $3`,
    [clientId, before ?? 2_147_483_647, limit],
  );
  return rows.map(toVersion);
}

function toVersion(row: VersionRow): ClientVersion {
  return {
    clientId: row.client_id,
    number: row.number,
    status: row.status,
    agencyId: row.agency_id ?? undefined,
    content: row.content,
    changed: row.changed,
    isRisky: row.is_risky,
    from: row.from_state,
    to: row.to_state,
    via: row.via,
    actor: row.actor,
    reason: row.reason ?? undefined,
    breakGlass: row.break_glass ?? undefined,
    approvalsNeeded: row.approvals_needed,
    createdAt: row.created_at,
    dueAt: row.due_at ?? undefined,
    decidedAt: row.decided_at ?? undefined,
    decidedBy: row.decided_by ?? undefined,
  };
}

/** What a version says, checked by the rules of today. @throws {Refusal} `version_unfit` */
export function fitEntry(
  { clientId, number, content }: Pick<ClientVersion, 'clientId' | 'number' | 'content'>,
  mode: Config['mode'],
): ClientEntry {
  const { entry, findings } = checkClientEntry(content, mode);
  if (entry) return entry;
  const what = findings.map((finding) => finding.what).join('; ');
  throw new Refusal('version_unfit', `version ${number} of client ${clientId}: ${what}`);
}

/** A version to be written. */
export interface NewVersion {
  readonly clientId: string;
  readonly agencyId: string;
  readonly content: ClientDeclaration;
  readonly changed: readonly string[];
  readonly isRisky?: boolean;
  readonly move: Move;
  readonly via: Via;
  readonly actor: string;
  readonly reason?: string | undefined;
  readonly breakGlass?: string | undefined;
}

/**
 * Writes the version that takes effect with this transaction; the one that waited is void. The caller holds the registry's
 * lock, has written the client already and raised its version.
 *
 * @param before the client as it was; undefined where it is new
 * @returns its number
 */
export async function writeVersion(tx: Db, before: ClientRecord | undefined, version: NewVersion): Promise<number> {
  const { clientId, move, actor } = version;
  const now = new Date();
  await endPendingVersion(tx, clientId, 'superseded', actor);
  if (before) await writeFirstVersion(tx, before);
  const number = await insertVersion(tx, version, { status: 'applied', approvalsNeeded: 0, at: now });
  await putInForce(tx, version, number, now);
  if (move.from !== move.to) await noteMove(tx, version, now);
  return number;
}

/**
 * Writes a version that waits until `approvalsNeeded` people have agreed; the one that waited before is void.
 *
 * @returns its number
 */
export async function writePendingVersion(
  tx: Db,
  before: ClientRecord,
  version: NewVersion,
  approvalsNeeded: number,
): Promise<number> {
  await endPendingVersion(tx, version.clientId, 'superseded', version.actor);
  await writeFirstVersion(tx, before);
  return insertVersion(tx, version, { status: 'pending', approvalsNeeded, at: new Date() });
}

/** Makes the version that waits void, or says how it was decided. @returns its number */
export async function endPendingVersion(
  tx: Db,
  clientId: string,
  status: Exclude<VersionStatus, 'pending'>,
  actor: string,
): Promise<number | undefined> {
  const row = await tx.first<{ number: number }>(
    `update client_versions set status = $2, decided_at = $3, decided_by = $4
     where client_id = $1 and status = 'pending' returning number`,
    [clientId, status, new Date(), actor],
  );
  return row?.number;
}

/** Puts a version in force and says since when the client is in its state. */
export async function putInForce(
  tx: Db,
  { clientId }: Pick<NewVersion, 'clientId'>,
  number: number,
  now: Date,
): Promise<void> {
  await tx.execute('update clients set number = $2, state_since = coalesce(state_since, $3) where id = $1', [
    clientId,
    number,
    now,
  ]);
}

/** Says when and why a client came into its state. When it was first live, or first to be looked at, stays as it is. */
export async function noteMove(
  tx: Db,
  { clientId, move, reason }: Pick<NewVersion, 'clientId' | 'move' | 'reason'>,
  now: Date,
): Promise<void> {
  await tx.execute(
    `update clients set state_since = $2, state_reason = $3,
       live_since = case when $4 = 'live' then coalesce(live_since, $2) else live_since end,
       review_asked_at = case when $4 = 'review' then coalesce(review_asked_at, $2) else review_asked_at end
     where id = $1`,
    [clientId, now, reason ?? null, move.to],
  );
}

/** What a client said before versions of it were kept, so that its first change can be compared and undone. */
async function writeFirstVersion(tx: Db, client: ClientRecord): Promise<void> {
  if (client.number > 0) return;
  await insertVersion(
    tx,
    {
      clientId: client.id,
      agencyId: client.agencyId,
      content: declarationOf(client),
      changed: [],
      move: { from: client.state, to: client.state } as Move,
      via: 'start',
      actor: 'start',
    },
    { status: 'applied', approvalsNeeded: 0, at: client.updatedAt, unlessThere: true },
  );
}

interface Standing {
  readonly status: 'applied' | 'pending';
  readonly approvalsNeeded: number;
  readonly at: Date;
  readonly unlessThere?: boolean;
}

async function insertVersion(
  tx: Db,
  version: NewVersion,
  { status, approvalsNeeded, at, unlessThere = false }: Standing,
): Promise<number> {
  const waits = status === 'pending';
  const row = await tx.first<{ number: number }>(
    `insert into client_versions (client_id, number, agency_id, status, content, changed, is_risky, from_state, to_state,
       via, actor, reason, break_glass, approvals_needed, created_at, due_at, decided_at, decided_by)
     select $1, last + 1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17
     from (select coalesce(max(number), 0) as last from client_versions where client_id = $1) as versions
     where last = 0 or not $18
     returning number`,
    [
      version.clientId,
      version.agencyId,
      status,
      JSON.stringify(version.content),
      version.changed,
      version.isRisky ?? false,
      version.move.from,
      version.move.to,
      version.via,
      version.actor,
      version.reason ?? null,
      version.breakGlass ?? null,
      approvalsNeeded,
      at,
      waits ? promisedTime(at) : null,
      waits ? null : at,
      waits ? null : version.actor,
      unlessThere,
    ],
  );
  return row?.number ?? 1;
}

/** How many working days a decision may take. */
const REVIEW_WORKING_DAYS = 2;

/** By when a review that begins now is promised: two working days on, at the same time of day. */
export function promisedTime(from: Date): Date {
  let at = from.getTime();
  for (let days = 0; days < REVIEW_WORKING_DAYS; ) {
    at += DAY_MS;
    const weekday = new Date(at + WIB_MS).getUTCDay();
    if (weekday !== 0 && weekday !== 6) days += 1;
  }
  return new Date(at);
}
