/**
 * Who agrees to what is risky: two people at least have a hand in it. Nobody decides about a change that they had a hand in
 * themselves, and what was agreed to is what takes effect: any later change of the client makes the version void.
 *
 * The rule is in the statements: under many tries at once the same holds, because each waits for the registry's lock and
 * then counts what is committed.
 */
import { recordAdminEvent } from '#src/audit/events.ts';
import type { Config } from '#src/base/config.ts';
import type { Db } from '#src/base/database.ts';
import { Refusal } from '#src/base/refusals.ts';
import { type HeldRole, mayAt } from './authority.ts';
import { demandEntry, noteEntry } from './brake.ts';
import { loadMove, moveClient } from './client-life.ts';
import { saveClient } from './client-writes.ts';
import { type ClientRecord, type ClientState, type Localized, loadClient } from './clients.ts';
import { listCoordinatedSectors } from './coordination.ts';
import { draftOf } from './declarations.ts';
import { hands } from './hands.ts';
import { demandLaws } from './laws.ts';
import { noteStep } from './migration-steps.ts';
import type { ClientEntry } from './registration-schema.ts';
import type { Risk } from './risk.ts';
import { lockRegistry } from './version.ts';
import {
  type ClientVersion,
  endPendingVersion,
  fitEntry,
  loadVersion,
  noteMove,
  putInForce,
  type Via,
} from './versions.ts';

export const verdicts = ['approved', 'rejected'] as const;
export type Verdict = (typeof verdicts)[number];

/** What somebody decides about the version of a client that waits. The caller has seen to it that they may. */
export interface Decision {
  readonly clientId: string;
  readonly number: number;
  /** The account id of who decides. */
  readonly approver: string;
  readonly verdict: Verdict;
  readonly note?: string | undefined;
  readonly via: Via;
  readonly mode: Config['mode'];
  /** Whether somebody who has agreed before might do so today: an approval by whoever lost that since is void. */
  readonly mayStillDecide: (approver: string) => Promise<boolean>;
}

/** What became of a decision. */
export interface Decided {
  /** `pending` while others have to agree too. */
  readonly status: 'pending' | 'applied' | 'rejected';
  readonly version: ClientVersion;
  readonly client: ClientRecord;
}

/**
 * Notes a decision; the last approval that is needed puts the version in force, one rejection ends it. Whoever changes
 * their mind while it waits decides anew. Inside a transaction.
 *
 * @throws {Refusal} `version_not_found`; `version_not_pending`; `version_own` for whoever had a hand in the change;
 *   `version_unfit` when it no longer meets the rules, and what the registry refuses of any change
 */
export async function decideVersion(tx: Db, decision: Decision): Promise<Decided> {
  await lockRegistry(tx);
  const { clientId, number, approver, verdict, mode, via, note: reason } = decision;
  const version = await loadVersion(tx, clientId, number);
  const entry = verdict === 'approved' ? fitEntry(version, mode) : undefined;
  await noteVerdict(tx, decision, version);
  const client = await loadClient(tx, clientId);
  const isSettled = verdict === 'rejected' || (await isAgreed(tx, version, decision));
  if (isSettled && entry) await putApprovedInForce(tx, version, client, { entry, approver, mode });
  if (isSettled) await settle(tx, decision);
  if (isSettled && !entry) await takeOutOfReview(tx, client, { actor: approver, via, reason, mode });
  const status = isSettled ? (verdict === 'approved' ? 'applied' : 'rejected') : 'pending';
  return { status, version: await loadVersion(tx, clientId, number), client: await loadClient(tx, clientId) };
}

/** One statement: the version waits, and the approver had no hand in what it would put in force. */
async function noteVerdict(tx: Db, decision: Decision, version: ClientVersion): Promise<void> {
  const { clientId, number, approver, verdict, note } = decision;
  const noted = await tx.execute(
    `${hands}
     insert into client_approvals (client_id, number, approver, verdict, note, at)
     select v.client_id, v.number, $4, $5, $6, $3
     from client_versions v
     where v.client_id = $1 and v.number = $2 and v.status = 'pending'
       and not exists (select from hands where hands.actor = $4)
     on conflict (client_id, number, approver) do update
       set verdict = excluded.verdict, note = excluded.note, at = excluded.at`,
    [clientId, number, new Date(), approver, verdict, note || null],
  );
  if (noted === 0 && version.status !== 'pending')
    throw new Refusal('version_not_pending', `version ${number} of client ${clientId} is ${version.status}`);
  if (noted === 0) throw new Refusal('version_own', `version ${number} of client ${clientId} is the approver's own`);
  const kind = verdict === 'approved' ? 'client.version-approved' : 'client.version-rejected';
  const subject = `client ${clientId}`;
  await recordAdminEvent(tx, { kind, actor: approver, subject, ...agencyOf(version), details: { number } });
}

function agencyOf({ agencyId }: ClientVersion): { readonly agencyId?: string } {
  return agencyId === undefined ? {} : { agencyId };
}

/**
 * Whether as many have agreed as it takes. The approvals of those who may decide no longer are taken away; that they were
 * given stays among the events.
 */
async function isAgreed(tx: Db, { approvalsNeeded }: ClientVersion, decision: Decision): Promise<boolean> {
  const { clientId, number, approver, mayStillDecide } = decision;
  const approvals = await listApprovals(tx, clientId, number);
  let agreed = 0;
  for (const one of approvals.filter(({ verdict }) => verdict === 'approved'))
    if (one.approver === approver || (await mayStillDecide(one.approver))) agreed += 1;
    else
      await tx.execute('delete from client_approvals where client_id = $1 and number = $2 and approver = $3', [
        ...[clientId, number, one.approver],
      ]);
  return agreed >= approvalsNeeded;
}

/** What the registry refuses of it is refused before the first thing is written. */
async function putApprovedInForce(
  tx: Db,
  version: ClientVersion,
  current: ClientRecord,
  { entry, approver, mode }: { readonly entry: ClientEntry; readonly approver: string; readonly mode: Config['mode'] },
): Promise<void> {
  const agency = { id: version.agencyId ?? current.agencyId };
  const draft = draftOf({ ...entry, state: undefined }, agency, current, mode);
  demandLaws(current, draft.claims);
  const move = loadMove(current.id, current.state, version.from === version.to ? current.state : version.to);
  const asked = { before: current, via: version.via, actor: version.actor, reason: version.reason };
  await demandEntry(tx, draft, { ...asked, goesLive: false });
  await saveClient(tx, { ...draft, state: move.to }, approver);
  await noteStep(tx, current, draft, version);
  await noteEntry(tx, await loadClient(tx, current.id), asked);
  const now = new Date();
  await putInForce(tx, version, version.number, now);
  if (move.from !== move.to) await noteMove(tx, { ...version, move }, now);
}

/** Ends the wait, as long as what the decision stands on holds. */
async function settle(tx: Db, { clientId, number, approver, verdict }: Decision): Promise<void> {
  const settled = await tx.execute(
    `update client_versions v set status = case $4 when 'approved' then 'applied' else 'rejected' end,
       decided_at = $5, decided_by = $3
     where client_id = $1 and number = $2 and status = 'pending'
       and ($4 = 'rejected' or approvals_needed <= (select count(*) from client_approvals a
         where a.client_id = v.client_id and a.number = v.number and a.verdict = 'approved'))`,
    [clientId, number, approver, verdict, new Date()],
  );
  if (settled === 0) throw new Error(`version ${number} of client ${clientId} was settled without the registry's lock`);
}

/** An app that is not to go live goes back to where it was built. */
async function takeOutOfReview(
  tx: Db,
  { id, state }: ClientRecord,
  { actor, via, reason, mode }: { actor: string; via: Via; reason: string | undefined; mode: Config['mode'] },
): Promise<void> {
  if (state !== 'review') return;
  await moveClient(tx, { clientId: id, to: mode === 'sandbox' ? 'sandbox' : 'draft', actor, via, reason });
}

/**
 * Takes back what waits, for whoever may change the client. Inside a transaction.
 *
 * @throws {Refusal} `version_not_pending`
 */
export async function withdrawVersion(
  tx: Db,
  request: {
    readonly clientId: string;
    readonly number: number;
    readonly actor: string;
    readonly via: Via;
    readonly mode: Config['mode'];
  },
): Promise<void> {
  await lockRegistry(tx);
  const { clientId, number, actor, via, mode } = request;
  const version = await loadVersion(tx, clientId, number);
  if (version.status !== 'pending')
    throw new Refusal('version_not_pending', `version ${number} of client ${clientId} is ${version.status}`);
  await endPendingVersion(tx, clientId, 'superseded', actor);
  const client = await loadClient(tx, clientId);
  const event = { kind: 'client.version-withdrawn', actor, subject: `client ${clientId}` } as const;
  await recordAdminEvent(tx, { ...event, agencyId: client.agencyId, details: { number } });
  await takeOutOfReview(tx, client, { actor, via, reason: undefined, mode });
}

/** What one person decided about a version. */
export interface Approval {
  readonly approver: string;
  readonly verdict: Verdict;
  readonly note: string | undefined;
  readonly at: Date;
}

/** What was decided about a version, the first decision first. */
export async function listApprovals(db: Db, clientId: string, number: number): Promise<Approval[]> {
  const rows = await db.query<{ approver: string; verdict: Verdict; note: string | null; at: Date }>(
    `select approver, verdict, note, at from client_approvals
     where client_id = $1 and number = $2 order by at, approver`,
    [clientId, number],
  );
  return rows.map(({ note, ...row }) => ({ ...row, note: note ?? undefined }));
}

/** Whether somebody had a hand in what a version would put in force, so that it is not theirs to decide. */
export async function hadAHand(db: Db, { clientId, number }: ClientVersion, accountId: string): Promise<boolean> {
  const row = await db.first(`${hands} select 1 from hands where actor = $4 limit 1`, [
    clientId,
    number,
    new Date(),
    accountId,
  ]);
  return row !== undefined;
}

/** Whether the roles let one decide about an app: at its agency, or for one of its sectors. */
export async function mayDecide(
  db: Db,
  held: readonly HeldRole[],
  { agency, sectors }: Pick<ClientRecord, 'agency' | 'sectors'>,
): Promise<boolean> {
  if (mayAt(held, 'reviews.decide', agency)) return true;
  const decided = sectors.length > 0 ? await listCoordinatedSectors(db, held) : [];
  return sectors.some((sector) => decided.includes(sector));
}

/** Which version it is that somebody is told of. */
export type ToldVersion = Pick<ClientVersion, 'clientId' | 'number'>;

/** The versions that wait without anybody having been told, the longest first, at most a hundred. */
export async function listUntold(db: Db): Promise<ToldVersion[]> {
  const rows = await db.query<{ client_id: string; number: number }>(
    `select client_id, number from client_versions
     where status = 'pending' and told_at is null order by created_at, client_id limit 100`,
  );
  return rows.map((row) => ({ clientId: row.client_id, number: row.number }));
}

/** Takes on telling of a version, as long as it waits. @returns whether it is the caller's to tell */
export async function takeTelling(tx: Db, { clientId, number }: ToldVersion): Promise<boolean> {
  const taken = await tx.execute(
    `update client_versions set told_at = $3
     where client_id = $1 and number = $2 and status = 'pending' and told_at is null`,
    [clientId, number, new Date()],
  );
  return taken === 1;
}

/** One line of the queue. */
export interface WaitingVersion {
  readonly clientId: string;
  readonly number: number;
  readonly name: Localized;
  readonly agencyId: string;
  readonly agencyName: Localized;
  readonly agencyPath: readonly string[];
  readonly sectors: readonly string[];
  readonly state: ClientState;
  readonly risk: Risk;
  readonly changed: readonly string[];
  readonly to: ClientState;
  readonly actor: string;
  readonly reason: string | undefined;
  readonly createdAt: Date;
  readonly dueAt: Date | undefined;
  readonly approvals: number;
  readonly approvalsNeeded: number;
}

interface WaitingRow {
  client_id: string;
  number: number;
  name: string;
  name_en: string;
  agency_id: string;
  agency_name: string;
  agency_name_en: string;
  agency_path: string[];
  sectors: string[];
  state: ClientState;
  risk: Risk;
  changed: string[];
  to_state: ClientState;
  actor: string;
  reason: string | null;
  created_at: Date;
  due_at: Date | null;
  approvals: number;
  approvals_needed: number;
}

/** Which part of the queue to list. */
export interface QueuePage {
  /** Agencies at which, and below which, versions are seen. */
  readonly nodes: readonly string[];
  /** Sectors whose apps are seen. */
  readonly sectors: readonly string[];
  /** The last line of the page before. */
  readonly after?: Pick<WaitingVersion, 'createdAt' | 'clientId'> | undefined;
  readonly limit?: number;
}

/** What waits, the longest first: walks the index of versions that wait, which are few. */
export async function listWaitingVersions(db: Db, page: QueuePage): Promise<WaitingVersion[]> {
  const { nodes, sectors, after, limit = 50 } = page;
  const rows = await db.query<WaitingRow>(
    `select v.client_id, v.number, c.name, c.name_en, a.id as agency_id, a.name as agency_name,
       a.name_en as agency_name_en, a.path as agency_path, c.sectors, c.state, c.risk, v.changed, v.to_state, v.actor,
       v.reason, v.created_at, v.due_at, v.approvals_needed,
       (select count(*)::integer from client_approvals p
         where p.client_id = v.client_id and p.number = v.number and p.verdict = 'approved') as approvals
     from client_versions v join clients c on c.id = v.client_id join agencies a on a.id = c.agency_id
     where v.status = 'pending' and (v.created_at, v.client_id) > ($1, $2)
       and (a.path && $3::text[] or a.id = any($3::text[]) or c.sectors && $4::text[])
     order by v.created_at, v.client_id limit $5`,
    [after?.createdAt ?? new Date(0), after?.clientId ?? '', nodes, sectors, limit],
  );
  return rows.map(toWaiting);
}

function toWaiting(row: WaitingRow): WaitingVersion {
  return {
    clientId: row.client_id,
    number: row.number,
    name: { id: row.name, en: row.name_en },
    agencyId: row.agency_id,
    agencyName: { id: row.agency_name, en: row.agency_name_en },
    agencyPath: row.agency_path,
    sectors: row.sectors,
    state: row.state,
    risk: row.risk,
    changed: row.changed,
    to: row.to_state,
    actor: row.actor,
    reason: row.reason ?? undefined,
    createdAt: row.created_at,
    dueAt: row.due_at ?? undefined,
    approvals: row.approvals,
    approvalsNeeded: row.approvals_needed,
  };
}
