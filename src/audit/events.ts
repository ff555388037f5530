/**
 * What happened, written down in the transaction of its cause: there is no event without its deed and no deed without
 * its event. Rows are only ever added and read.
 *
 * An event says who, when, which app and how, by codes and counts; never a name, an address, a code or a token.
 */
import { randomUUID } from 'node:crypto';
import type { Write } from '#src/base/coalescing.ts';
import type { Row } from '#src/base/copy.ts';
import type { Db, Transaction } from '#src/base/database.ts';
import { businessEvents } from '#src/base/metrics.ts';
import { type Keyring, newIdIn, shardOf } from '#src/base/secrets.ts';

/** What can happen to an account. Stable: the history page and outside auditors read these words. */
export type AccountEventKind =
  | 'account.created'
  | 'account.frozen'
  | 'account.disabled'
  | 'account.closing'
  | 'account.erased'
  | 'account.reactivated'
  | 'account.read-by-staff'
  | 'account.recovered'
  | 'app.disconnected'
  | 'consent.expired'
  | 'consent.given'
  | 'consent.narrowed'
  | 'consent.renewed'
  | 'consent.underage'
  | 'consent.withdrawn'
  | 'contact.added'
  | 'contact.confirmed'
  | 'contact.removed'
  | 'data.downloaded'
  | 'identifier.added'
  | 'identifier.removed'
  | 'identity.proven'
  | 'notice.expired'
  | 'notice.given'
  | 'notice.left'
  | 'notice.renewed'
  | 'passkey.added'
  | 'passkey.removed'
  | 'passkey.renamed'
  | 'password.removed'
  | 'password.set'
  | 'profile.changed'
  | 'recovery-code.used'
  | 'recovery-codes.made'
  | 'recovery.cancelled'
  | 'recovery.started'
  | 'release.answered'
  | 'release.reported'
  | 'role.ended'
  | 'role.given'
  | 'role.restored'
  | 'role.suspended'
  | 'session.ended'
  | 'sheet.agreed'
  | 'sheet.cancelled'
  | 'sheet.confirmed'
  | 'sheet.issued'
  | 'sheet.used'
  | 'sign-in.succeeded'
  | 'totp.added'
  | 'totp.removed'
  | 'withdrawal.acknowledged';

/** What can happen to the registry, the keys and the instance. */
export type AdminEventKind =
  | 'account.disabled'
  | 'account.enabled'
  | 'account.frozen'
  | 'account.proven'
  | 'account.unfrozen'
  | 'agency.created'
  | 'agency.changed'
  | 'client.bundle-received'
  | 'client.bundle-sent'
  | 'app.classified'
  | 'app.decision-undone'
  | 'case.allowed'
  | 'case.opened'
  | 'case.refused'
  | 'case.withdrawn'
  | 'client.created'
  | 'client.changed'
  | 'client.state-changed'
  | 'client.secret-set'
  | 'client.secret-ended'
  | 'invitation.accepted'
  | 'invitation.made'
  | 'invitation.revoked'
  | 'delivery.resent'
  | 'desk.account-opened'
  | 'desk.looked-up'
  | 'desk.releases-read'
  | 'desk.sheet-agreed'
  | 'desk.sheet-cancelled'
  | 'desk.sheet-issued'
  | 'client.review-asked'
  | 'client.version-approved'
  | 'client.version-rejected'
  | 'client.version-withdrawn'
  | 'client.glass-broken'
  | 'client.tester-removed'
  | 'client.stage-changed'
  | 'duplicate.dismissed'
  | 'duplicate.reopened'
  | 'duplicate.settled'
  | 'exception.given'
  | 'exception.revoked'
  | 'inventory.changed'
  | 'inventory.created'
  | 'inventory.imported'
  | 'inventory.linked'
  | 'inventory.removed'
  | 'inventory.unlinked'
  | 'registrations.closed'
  | 'registrations.opened'
  | 'registration-token.made'
  | 'registration-token.revoked'
  | 'key.published'
  | 'key.activated'
  | 'key.retired'
  | 'key.removed'
  | 'key.revoked'
  | 'report.answered'
  | 'role.ended'
  | 'role.given'
  | 'role.restored'
  | 'sector.changed'
  | 'sessions.ended'
  | 'withdrawal.acknowledged';

/** What is counted without a row, because there is nobody's history to write it into or writing would give it away. */
export type CountedKind =
  | 'sign-in.failed'
  | 'passkey.failed'
  | 'code.failed'
  | 'totp.failed'
  | 'recovery-code.failed'
  | 'sheet-code.failed'
  | 'throttle.hit';

/** Codes, counts and names of standard things (claims, methods): no personal values. */
export type EventDetails = Readonly<Record<string, string | number | boolean | readonly string[]>>;

export interface AccountEvent {
  readonly accountId: string;
  readonly kind: AccountEventKind;
  /** Which app it concerned, and the key of the account that seals it: a history tells of clinics and courts. */
  readonly app?: { readonly clientId: string; readonly dataKey: Keyring };
  /** When; now unless a load says otherwise. */
  readonly at?: Date | undefined;
  readonly details?: EventDetails;
}

export interface AdminEvent {
  readonly kind: AdminEventKind;
  /** The account id of the admin, or `command` for the command line, or `start` for the server itself. */
  readonly actor: string;
  /** What it was done to, for example `client puskesmas-online`. */
  readonly subject: string;
  /** Whose it is: the agency itself, or that of the app. */
  readonly agencyId?: string;
  readonly details?: EventDetails;
}

const accountEvent: Write = {
  name: 'account_event',
  table: 'account_events',
  columns: {
    shard: 'smallint',
    account_id: 'uuid',
    id: 'uuid',
    at: 'timestamptz',
    kind: 'text',
    sealed: 'bytea',
    details: 'jsonb',
  },
  text: `insert into account_events (shard, account_id, id, at, kind, sealed, details)
    select shard, account_id, id, at, kind, sealed, details from given returning 1`,
  lost: () => new Error('an event was not written'),
};

/** Writes one event into an account's history, with the commit of its cause, and counts it. */
export async function recordAccountEvent(db: Db, event: AccountEvent): Promise<void> {
  const row = accountEventRow(event);
  await db.for(shardOf(event.accountId)).write(accountEvent, row);
  businessEvents.inc({ kind: event.kind });
}

/** How often something has happened to an account. */
export async function countAccountEvents(db: Db, accountId: string, kind: AccountEventKind): Promise<number> {
  const shard = shardOf(accountId);
  const row = await db
    .for(shard)
    .first<{ count: number }>(
      'select count(*)::integer as count from account_events where shard = $1 and account_id = $2 and kind = $3',
      [shard, accountId, kind],
    );
  return row?.count ?? 0;
}

/** {@link recordAccountEvent} for the many of a load. */
export async function recordAccountEvents(tx: Transaction, events: readonly AccountEvent[]): Promise<void> {
  const shards = events.map(({ accountId }) => shardOf(accountId));
  const home = tx.forAll(shards);
  await home.copy(
    'copy account_events (shard, account_id, id, at, kind, sealed, details) from stdin',
    events.map(accountEventRow),
  );
  for (const { kind } of events) businessEvents.inc({ kind });
}

function accountEventRow({ accountId, kind, app, at = new Date(), details = {} }: AccountEvent): Row {
  const shard = shardOf(accountId);
  const id = newIdIn(shard);
  const sealed = app ? app.dataKey.seal(placeOf(accountId, id), padded(app.clientId)) : null;
  return [shard, accountId, id, at, kind, sealed, JSON.stringify(details)];
}

function placeOf(accountId: string, id: string): string {
  return `account_events.sealed:${accountId}:${id}`;
}

/** So that the length of what is sealed does not tell it. */
const PADDED = 32;

function padded(text: string): string {
  return text.padEnd(Math.ceil(text.length / PADDED) * PADDED);
}

/** An event as its owner reads it. */
export interface HistoryLine {
  readonly id: string;
  readonly at: Date;
  readonly kind: AccountEventKind;
  /** Which app it concerned, as it is stored: {@link appIn} reads it. */
  readonly app: Buffer | string | undefined;
  readonly details: EventDetails;
}

/** Which app an event concerned, if any. Events of before it was sealed have it as it is. */
export function appIn({ id, app }: HistoryLine, accountId: string, dataKey: Keyring): string | undefined {
  return Buffer.isBuffer(app) ? dataKey.open(placeOf(accountId, id), app).toString().trimEnd() : app;
}

/** Which part of a history to list: the latest `limit` lines, or those before another one. */
export interface HistoryPage {
  readonly before?: Pick<HistoryLine, 'at' | 'id'> | undefined;
  /** Nothing that happened earlier. */
  readonly since?: Date | undefined;
  readonly limit: number;
}

/** The history of an account, the latest first. */
export function listHistory(db: Db, accountId: string, page: HistoryPage): Promise<HistoryLine[]> {
  return listLines(db, accountId, page, ofAccount);
}

/** Who of the staff looked at an account, the latest first; by an index, whatever else happened to it. */
export function listLooks(db: Db, accountId: string, page: HistoryPage): Promise<HistoryLine[]> {
  return listLines(db, accountId, page, ofStaff);
}

function linesWhere(which: string): string {
  return `select id, at, kind, client_id, sealed, details from account_events
     where shard = $1 and account_id = $2 and at <= $3 and (at < $3 or id < $4) and at >= $5 ${which}
     order by at desc, id desc limit $6`;
}

const ofAccount = linesWhere('');
const ofStaff = linesWhere("and kind = 'account.read-by-staff'");

interface LineRow extends Omit<HistoryLine, 'app'> {
  readonly client_id: string | null;
  readonly sealed: Buffer | null;
}

async function listLines(
  db: Db,
  accountId: string,
  { before, since, limit }: HistoryPage,
  text: string,
): Promise<HistoryLine[]> {
  const shard = shardOf(accountId);
  const values = [shard, accountId, before?.at ?? LATEST, before?.id ?? LAST_ID, since ?? EARLIEST, limit];
  const rows = await db.for(shard).query<LineRow>(text, values);
  return rows.map(({ client_id: clientId, sealed, ...line }) => ({ ...line, app: sealed ?? clientId ?? undefined }));
}

const EARLIEST = new Date(0);
const LATEST = new Date('9999-12-31');
const LAST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/** Writes one event of the administration and counts it. */
export async function recordAdminEvent(db: Db, event: AdminEvent): Promise<void> {
  await db.execute(
    `insert into admin_events (id, at, kind, actor, subject, agency_id, details) values ($1, $2, $3, $4, $5, $6, $7)`,
    adminEventRow(event),
  );
  businessEvents.inc({ kind: event.kind });
}

/** {@link recordAdminEvent} for the many of a load. */
export async function recordAdminEvents(tx: Transaction, events: readonly AdminEvent[]): Promise<void> {
  await tx.copy(
    'copy admin_events (id, at, kind, actor, subject, agency_id, details) from stdin',
    events.map(adminEventRow),
  );
  for (const { kind } of events) businessEvents.inc({ kind });
}

function adminEventRow({ kind, actor, subject, agencyId, details = {} }: AdminEvent): Row {
  return [randomUUID(), new Date(), kind, actor, subject, agencyId ?? null, JSON.stringify(details)];
}

/**
 * Counts what gets no row. A failed sign-in is one: a row for a known account and none for an unknown one would take
 * measurably different time.
 */
export function countEvent(kind: CountedKind): void {
  businessEvents.inc({ kind });
}
