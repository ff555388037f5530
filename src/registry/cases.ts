/**
 * Apps of which somebody has to decide whether they are needed: there is one like them already. A case never hinders building and trying; it
 * stands between an app and going live.
 *
 * Whoever coordinates the app's agency or one of its sectors decides, never who asked for it or had a hand in it. What was
 * not built because of it is kept, so that it can be counted.
 */
import { randomUUID } from 'node:crypto';
import { recordAdminEvent } from '#src/audit/events.ts';
import type { Db } from '#src/base/database.ts';
import { Refusal } from '#src/base/refusals.ts';
import { isId } from '#src/base/secrets.ts';
import { type AppRef, clientRef } from './app-refs.ts';
import type { Localized } from './clients.ts';
import type { Reach } from './coordination.ts';
import { dismissPairsWith } from './duplicates.ts';
import { asksForException, giveAsked } from './exceptions-asked.ts';
import { hadHand } from './hands.ts';
import { type NotMade, noteNotMade, takeBackNotMade, takeBackRefused } from './not-made.ts';
import { lockRegistry } from './version.ts';
import { promisedTime, type Via } from './versions.ts';

export const caseStatuses = ['open', 'allowed', 'refused', 'withdrawn'] as const;
export type CaseStatus = (typeof caseStatuses)[number];

/** Why there is a case. */
export const caseGrounds = ['duplicate', 'agency-closed', 'sector-closed'] as const;
export type CaseGround = (typeof caseGrounds)[number];

/** An app that was found to be like the new one, as it was scored then. */
export interface CaseDuplicate {
  readonly ref: AppRef;
  readonly score: number;
}

/** What one case is about, and what became of it. */
export interface RegistrationCase {
  readonly id: string;
  readonly agencyId: string;
  /** The ids from the root to the agency. */
  readonly agencies: readonly string[];
  readonly sectors: readonly string[];
  /** The app; undefined once it is no more. */
  readonly clientId: string | undefined;
  readonly name: Localized;
  readonly grounds: readonly CaseGround[];
  /** Apps like it, the likest first. */
  readonly duplicates: readonly CaseDuplicate[];
  /** Why another one is needed, in the words of who asked. */
  readonly justification: string;
  readonly status: CaseStatus;
  /** What is to be used instead, where the coordinator named it. */
  readonly instead: AppRef | undefined;
  readonly via: Via;
  readonly actor: string;
  readonly createdAt: Date;
  /** By when a decision is promised. */
  readonly dueAt: Date;
  readonly decidedAt: Date | undefined;
  readonly decidedBy: string | undefined;
  readonly note: string | undefined;
}

interface CaseRow {
  id: string;
  agency_id: string;
  agencies: string[];
  sectors: string[];
  client_id: string | null;
  name: string;
  name_en: string;
  grounds: CaseGround[];
  duplicates: CaseDuplicate[];
  justification: string;
  status: CaseStatus;
  instead: AppRef | null;
  via: Via;
  actor: string;
  created_at: Date;
  due_at: Date;
  decided_at: Date | null;
  decided_by: string | null;
  note: string | null;
}

const columns = `id, agency_id, agencies, sectors, client_id, name, name_en, grounds, duplicates, justification, status, instead, via,
  actor, created_at, due_at, decided_at, decided_by, note`;

function toCase(row: CaseRow): RegistrationCase {
  return {
    id: row.id,
    agencyId: row.agency_id,
    agencies: row.agencies,
    sectors: row.sectors,
    clientId: row.client_id ?? undefined,
    name: { id: row.name, en: row.name_en },
    grounds: row.grounds,
    duplicates: row.duplicates,
    justification: row.justification,
    status: row.status,
    instead: row.instead ?? undefined,
    via: row.via,
    actor: row.actor,
    createdAt: row.created_at,
    dueAt: row.due_at,
    decidedAt: row.decided_at ?? undefined,
    decidedBy: row.decided_by ?? undefined,
    note: row.note ?? undefined,
  };
}

/** @throws {Refusal} `not_here` where there is none */
export async function loadCase(db: Db, id: string): Promise<RegistrationCase> {
  const row = isId(id)
    ? await db.first<CaseRow>(`select ${columns} from registration_cases where id = $1`, [id])
    : undefined;
  if (!row) throw new Refusal('not_here', 'no such case');
  return toCase(row);
}

/** The case of an app that waits to be decided. */
export async function findOpenCase(db: Db, clientId: string): Promise<RegistrationCase | undefined> {
  const row = await db.first<CaseRow>(
    `select ${columns} from registration_cases where client_id = $1 and status = 'open'`,
    [clientId],
  );
  return row && toCase(row);
}

/** The case by which the same exception is asked for already. */
export async function findOpenRequest(
  db: Db,
  { agencyId, name, grounds, sectors }: Pick<RegistrationCase, 'agencyId' | 'name' | 'grounds' | 'sectors'>,
): Promise<RegistrationCase | undefined> {
  const row = await db.first<CaseRow>(
    `select ${columns} from registration_cases
     where agency_id = $1 and client_id is null and status = 'open' and name = $2 and grounds = $3 and sectors = $4`,
    [agencyId, name.id, grounds, sectors],
  );
  return row && toCase(row);
}

/** The cases of an app, the latest first. */
export async function listCasesOf(db: Db, clientId: string): Promise<RegistrationCase[]> {
  const rows = await db.query<CaseRow>(
    `select ${columns} from registration_cases where client_id = $1 order by created_at desc, id limit 50`,
    [clientId],
  );
  return rows.map(toCase);
}

/** What is said when a case is opened. */
export interface NewCase
  extends Pick<
    RegistrationCase,
    'agencyId' | 'agencies' | 'sectors' | 'name' | 'grounds' | 'duplicates' | 'justification' | 'via' | 'actor'
  > {
  /** None yet where an exception is asked for. */
  readonly clientId: string | undefined;
}

/** Opens a case. Inside a transaction that holds the registry. @throws {Refusal} `case_open` where one is open already */
export async function openCase(tx: Db, opened: NewCase): Promise<RegistrationCase> {
  const { clientId, agencyId, actor, via, grounds, duplicates } = opened;
  const now = new Date();
  const row = await tx.first<CaseRow>(
    `insert into registration_cases (id, agency_id, agencies, sectors, client_id, name, name_en, grounds, duplicates,
       justification, status, via, actor, created_at, due_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'open', $11, $12, $13, $14)
     on conflict do nothing returning ${columns}`,
    [
      ...[randomUUID(), agencyId, opened.agencies, opened.sectors, clientId, opened.name.id, opened.name.en, grounds],
      ...[JSON.stringify(duplicates), opened.justification, via, actor, now, promisedTime(now)],
    ],
  );
  if (!row) throw new Refusal('case_open', `client ${clientId} has an open case`);
  const event = { kind: 'case.opened', actor, subject: subjectOf(row), agencyId } as const;
  await recordAdminEvent(tx, { ...event, details: { case: row.id, duplicates: duplicates.length } });
  return toCase(row);
}

function subjectOf({ client_id: clientId, agency_id: agencyId }: CaseRow): string {
  return clientId === null ? `agency ${agencyId}` : `client ${clientId}`;
}

/**
 * Puts on record that whoever runs the deployment let an app in where it is closed: a case that is decided already.
 */
export async function noteLetThrough(tx: Db, { clientId, ...said }: NewCase): Promise<void> {
  const now = new Date();
  const id = randomUUID();
  await tx.execute(
    `insert into registration_cases (id, agency_id, agencies, sectors, client_id, name, name_en, grounds, duplicates,
       justification, status, via, actor, created_at, due_at, told_at, decided_at, decided_by)
     values ($1, $2, $3, $4, $5, $6, $7, $8, '[]', $9, 'allowed', $10, $11, $12, $12, $12, $12, $11)`,
    [
      ...[id, said.agencyId, said.agencies, said.sectors, clientId, said.name.id, said.name.en, said.grounds],
      ...[said.justification, said.via, said.actor, now],
    ],
  );
  const event = { kind: 'case.allowed', actor: said.actor, subject: `client ${clientId}` } as const;
  await recordAdminEvent(tx, { ...event, agencyId: said.agencyId, details: { case: id, grounds: said.grounds } });
}

/** What a coordinator decides. The caller has seen to it that they coordinate the app. */
export interface CaseDecision {
  readonly id: string;
  readonly verdict: 'allowed' | 'refused';
  /** The account id of who decides, or `client ID` of a machine. */
  readonly actor: string;
  /** Why; a refusal always says it. */
  readonly note: string | undefined;
  /** What is to be used instead of an app that is refused. */
  readonly instead?: AppRef | undefined;
}

/**
 * Decides a case: of many at once exactly one does. An app that is allowed is not the same as those that the case named, so
 * that their pairs are dismissed. An app that is refused stays where it is, to be tried or ended by those
 * who built it; allowed later, it no longer counts as not built. Inside a transaction.
 *
 * @throws {Refusal} `not_here`, `case_not_open`; `case_own` for whoever asked, or had a hand in the app
 */
export async function decideCase(
  tx: Db,
  { id, verdict, actor, note, instead }: CaseDecision,
): Promise<RegistrationCase> {
  await lockRegistry(tx);
  const before = await loadCase(tx, id);
  if (await isOwnCase(tx, before, actor)) throw new Refusal('case_own', `case ${id} is the own one of ${actor}`);
  const decided = await settle(tx, { id, status: verdict, actor, note, instead });
  if (asksForException(decided)) await settleAsked(tx, decided, actor);
  else if (verdict === 'refused') await noteNotMade(tx, notMadeOf(decided, 'refused', actor));
  else await allowBeside(tx, decided, actor);
  return decided;
}

/** That it was refused where it is closed was counted then; once an exception is given, it no longer is. */
async function settleAsked(tx: Db, decided: RegistrationCase, actor: string): Promise<void> {
  if (decided.status !== 'allowed') return;
  await giveAsked(tx, decided, actor);
  await takeBackRefused(tx, { agencyId: decided.agencyId, actor: decided.actor, name: decided.name.id });
}

async function allowBeside(tx: Db, { id, clientId, duplicates }: RegistrationCase, actor: string): Promise<void> {
  await takeBackNotMade(tx, clientId);
  if (clientId === undefined) return;
  const named = duplicates.map(({ ref }) => ref);
  await dismissPairsWith(tx, clientRef(clientId), named, { actor, note: `case ${id}` });
}

/** Whether somebody, or whoever is behind that machine, asked for the app or had a hand in it. */
export function isOwnCase(db: Db, { clientId, actor }: RegistrationCase, decider: string): Promise<boolean> {
  return hadHand(db, { clientId, actor }, decider);
}

/**
 * Takes a case back: the app is given up, and counts as not built. Inside a transaction; the caller ends the app.
 *
 * @throws {Refusal} `case_not_open`
 */
export async function withdrawCase(
  tx: Db,
  { id, actor, instead }: { readonly id: string; readonly actor: string; readonly instead?: AppRef | undefined },
): Promise<RegistrationCase> {
  const withdrawn = await settle(tx, { id, status: 'withdrawn', actor, note: undefined, instead });
  if (!asksForException(withdrawn)) await noteNotMade(tx, notMadeOf(withdrawn, 'withdrawn', actor));
  return withdrawn;
}

/** Takes back the open case of an app that ends, if it has one. */
export async function withdrawCaseOf(tx: Db, clientId: string, actor: string): Promise<void> {
  const open = await findOpenCase(tx, clientId);
  if (open) await withdrawCase(tx, { id: open.id, actor });
}

async function settle(
  tx: Db,
  settled: Pick<RegistrationCase, 'id' | 'note' | 'instead'> & {
    readonly status: Exclude<CaseStatus, 'open'>;
    readonly actor: string;
  },
): Promise<RegistrationCase> {
  const { id, status, actor, note, instead } = settled;
  const row = await tx.first<CaseRow>(
    `update registration_cases set status = $2, decided_at = $3, decided_by = $4, note = $5, instead = $6
     where id = $1 and status = 'open' returning ${columns}`,
    [id, status, new Date(), actor, note ?? null, instead ?? null],
  );
  if (!row) throw new Refusal('case_not_open', `case ${id} is not open`);
  const event = { kind: `case.${status}`, actor, subject: subjectOf(row), agencyId: row.agency_id } as const;
  await recordAdminEvent(tx, { ...event, details: { case: id, ...(instead && { instead }) } });
  return toCase(row);
}

function notMadeOf(settled: RegistrationCase, why: 'refused' | 'withdrawn', actor: string): NotMade {
  const { agencyId, agencies, sectors, name, instead, id: caseId } = settled;
  return { agencyId, agencies, sectors, name: name.id, why, instead, caseId, actor };
}

/** Which part of the list of cases is wanted: those of a reach, or of one's own agencies. */
export interface CasesWanted {
  /** Agencies at which, and below which, cases are seen. */
  readonly nodes: readonly string[];
  /** Sectors of which cases are seen. */
  readonly sectors: readonly string[];
  readonly status: CaseStatus;
  /** The last line of the page before. */
  readonly after?: { readonly at: Date; readonly id: string } | undefined;
  readonly limit: number;
}

/** Open cases, the longest waiting first, or decided ones, the latest first: each walks an index of its own. */
export async function listCases(db: Db, wanted: CasesWanted): Promise<RegistrationCase[]> {
  const { nodes, sectors, status, after, limit } = wanted;
  const theirs = '(agencies && $1::text[] or sectors && $2::text[])';
  const rows =
    status === 'open'
      ? await db.query<CaseRow>(
          `select ${columns} from registration_cases
           where ${theirs} and status = 'open' and (created_at, id) > ($3, $4) order by created_at, id limit $5`,
          [nodes, sectors, after?.at ?? new Date(0), after?.id ?? '', limit],
        )
      : await db.query<CaseRow>(
          `select ${columns} from registration_cases
           where ${theirs} and status = $6 and decided_at <= $3 and (decided_at < $3 or id > $4)
           order by decided_at desc, id limit $5`,
          [nodes, sectors, after?.at ?? new Date('9999-12-31'), after?.id ?? '', limit, status],
        );
  return rows.map(toCase);
}

/** How many cases wait within a reach, and how many of them for longer than was promised. */
export async function countOpenCases(db: Db, { nodes, sectors }: Reach): Promise<{ open: number; overdue: number }> {
  const row = await db.first<{ open: number; overdue: number }>(
    `select count(*)::integer as open, (count(*) filter (where due_at < $3))::integer as overdue from registration_cases
     where status = 'open' and (agencies && $1::text[] or sectors && $2::text[])`,
    [nodes, sectors, new Date()],
  );
  return row ?? { open: 0, overdue: 0 };
}

/** A case that coordinators are to be told of: that it is there, or that it waits for longer than was promised. */
export interface CaseToTell {
  readonly id: string;
  readonly occasion: 'opened' | 'overdue';
}

/** The open cases of which nobody was told, or not that they are overdue; at most a hundred. */
export async function listCasesToTell(db: Db): Promise<CaseToTell[]> {
  const rows = await db.query<{ id: string; told_at: Date | null }>(
    `select id, told_at from registration_cases
     where status = 'open' and (told_at is null or due_at < $1 and reminded_at is null)
     order by created_at, id limit 100`,
    [new Date()],
  );
  return rows.map(({ id, told_at }) => ({ id, occasion: told_at === null ? 'opened' : 'overdue' }));
}

/** Takes on telling of a case, as long as it waits. @returns whether it is the caller's to tell */
export async function takeTellingCase(tx: Db, { id, occasion }: CaseToTell): Promise<boolean> {
  const column = occasion === 'opened' ? 'told_at' : 'reminded_at';
  const taken = await tx.execute(
    `update registration_cases set ${column} = $2 where id = $1 and status = 'open' and ${column} is null`,
    [id, new Date()],
  );
  return taken === 1;
}
