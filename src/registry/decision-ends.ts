/**
 * What becomes of a decision by itself: those concerned are told at once, told again before its day, and on the day the app
 * ends. Each step is taken on by one conditional statement, so that of several processes one does it, and an undo in the last
 * moment either comes before it or is refused.
 */
import type { Config } from '#src/base/config.ts';
import type { Db, Transaction } from '#src/base/database.ts';
import { DAY_MS, HOUR_MS, todayInJakarta } from '#src/base/epoch.ts';
import { type AppRef, partsOf } from './app-refs.ts';
import { moveClient } from './client-life.ts';
import { isAvailable } from './client-reach.ts';
import { type Decision, type DecisionRow, decisionColumns, findDecision, isEnd, toDecision } from './decision-rows.ts';
import { currentDecision, noteEnds } from './decisions.ts';
import { findKnownApp, type KnownApp } from './known-apps.ts';
import { lockRegistry } from './version.ts';

const columns = decisionColumns('app_decisions');

/** Those of one agency that were made together, or one alone: they are told of in one message. */
export interface Telling {
  readonly agencyId: string;
  /** The batch, or the only decision. */
  readonly cause: string;
}

const sameTelling = `agency_id = $1 and coalesce(batch_id, id) = $2`;

/** What nobody has been told of yet, the oldest first, at most a hundred messages. */
export async function listUnannounced(db: Db): Promise<Telling[]> {
  return listTellings(db, 'announced_at is null and replaced_at is null and undone_at is null', 'decided_at');
}

/** What was undone after people had been told of it, at most a hundred messages. */
export async function listUntoldUndone(db: Db): Promise<Telling[]> {
  return listTellings(db, 'undone_at is not null and announced_at is not null and undo_told_at is null', 'undone_at');
}

async function listTellings(db: Db, which: string, since: 'decided_at' | 'undone_at'): Promise<Telling[]> {
  const rows = await db.query<{ agency_id: string; cause: string }>(
    `select agency_id, coalesce(batch_id, id) as cause from app_decisions where ${which}
     group by 1, 2 order by min(${since}), 1, 2 limit 100`,
  );
  return rows.map(({ agency_id: agencyId, cause }) => ({ agencyId, cause }));
}

/** Takes on telling of decisions that still hold. @returns them, the ones that this caller is to tell of */
export async function takeAnnouncing(tx: Db, { agencyId, cause }: Telling): Promise<Decision[]> {
  const now = new Date();
  const rows = await tx.query<DecisionRow>(
    `update app_decisions set announced_at = $3, reminded_days = (select min(days) from unnest($4::integer[]) as days
       where effective_on is not null and effective_on - $5::date <= days)
     where ${sameTelling} and announced_at is null and replaced_at is null and undone_at is null returning ${columns}`,
    [agencyId, cause, now, reminderDays, todayInJakarta(now)],
  );
  return inOrder(rows);
}

/** Takes on telling of decisions that were undone. @returns them */
export async function takeUndoTelling(tx: Db, { agencyId, cause }: Telling): Promise<Decision[]> {
  const rows = await tx.query<DecisionRow>(
    `update app_decisions set undo_told_at = $3
     where ${sameTelling} and undone_at is not null and announced_at is not null and undo_told_at is null
     returning ${columns}`,
    [agencyId, cause, new Date()],
  );
  return inOrder(rows);
}

function inOrder(rows: readonly DecisionRow[]): Decision[] {
  return rows.map(toDecision).toSorted((one, other) => (one.ref < other.ref ? -1 : 1));
}

/** How many days before an end its owners hear of it again. */
const reminderDays: readonly number[] = [30, 7, 1];

const isAhead = `carried_out_at is null and replaced_at is null and undone_at is null and kind in ('merge', 'retire')`;

/** An end that is near. */
export interface DueReminder {
  readonly id: string;
  /** Which of the steps it is. */
  readonly days: number;
}

/** The ends of which somebody is to be told again, the nearest first, at most a hundred. */
export async function listDueReminders(db: Db, now: Date): Promise<DueReminder[]> {
  const today = todayInJakarta(now);
  return db.query<DueReminder>(
    `select id, days from (
       select id, effective_on, reminded_days, announced_at, (select min(days) from unnest($1::integer[]) as days
         where effective_on - $2::date <= days) as days
       from app_decisions where ${isAhead} and effective_on > $2::date and effective_on <= $2::date + $3::integer) as near
     where announced_at is not null and days < coalesce(reminded_days, 2147483647)
     order by effective_on, id limit 100`,
    [reminderDays, today, Math.max(...reminderDays)],
  );
}

/** Takes on a reminder. @returns what it is about, where it is the caller's to send */
export async function takeReminder(tx: Db, { id, days }: DueReminder): Promise<Decision | undefined> {
  const row = await tx.first<DecisionRow>(
    `update app_decisions set reminded_days = $2
     where id = $1 and ${isAhead} and $2 < coalesce(reminded_days, 2147483647) returning ${columns}`,
    [id, days],
  );
  return row && toDecision(row);
}

/** How long one that could not be carried out is left before it is looked at again. */
const HELD_MS = HOUR_MS;

/** The ends whose day has come, and of which those concerned were told before, at most a hundred. */
export async function listDueEnds(db: Db, now: Date): Promise<string[]> {
  const rows = await db.query<{ id: string }>(
    `select id from app_decisions
     where ${isAhead} and effective_on <= $1::date and announced_at < $2 and (looked_at is null or looked_at <= $3)
     order by effective_on, id limit 100`,
    [todayInJakarta(now), now, new Date(now.getTime() - HELD_MS)],
  );
  return rows.map(({ id }) => id);
}

/** What became of an end whose day has come. */
export interface CarriedOut {
  readonly decision: Decision;
  /** `held`: its people would have been led to an app that cannot be used; nobody was told so far. `waits`: somebody was. */
  readonly outcome: 'ended' | 'held' | 'waits';
}

/**
 * Ends an app on its day. Nothing happens while its successor cannot be used: people would stand before a closed door.
 * Inside a transaction.
 *
 * @returns undefined when it is not to be carried out any more: undone, replaced, or done by another process
 */
export async function carryOut(
  tx: Transaction,
  id: string,
  { mode }: Pick<Config, 'mode'>,
): Promise<CarriedOut | undefined> {
  await lockRegistry(tx);
  const now = new Date();
  const decision = await findDecision(tx, id);
  const app = decision && (await findKnownApp(tx, decision.ref));
  if (decision && app && !(await leadsSomewhere(tx, app, decision, mode))) return hold(tx, decision, now);
  const row = await tx.first<DecisionRow>(
    `update app_decisions set carried_out_at = $2
     where id = $1 and ${isAhead} and effective_on <= $3::date and announced_at is not null returning ${columns}`,
    [id, now, todayInJakarta(now)],
  );
  if (!row) return undefined;
  const ended = toDecision(row);
  const { kind, id: clientId } = partsOf(app?.ref ?? ended.ref);
  if (app && kind === 'client') {
    await moveClient(tx, { clientId, to: 'retired', actor: 'decisions', via: 'job', reason: ended.reason });
    await noteEnds(tx, [app.ref]);
  }
  return { decision: ended, outcome: 'ended' };
}

/** Whether the people of a connected app can be taken in where they are led, or nobody said where. */
async function leadsSomewhere(db: Db, app: KnownApp, { successor }: Decision, mode: Config['mode']): Promise<boolean> {
  if (app.state === 'unconnected' || successor === undefined) return true;
  const last = await findLastSuccessor(db, successor);
  return last !== undefined && last.state !== 'unconnected' && isAvailable({ state: last.state }, mode);
}

/** Longer chains than people would make. */
const MOST_STEPS = 20;

/** Where one ends up who goes on from a successor to its own, as long as each ends. */
async function findLastSuccessor(db: Db, successor: AppRef): Promise<KnownApp | undefined> {
  let app = await findKnownApp(db, successor);
  for (let step = 0; app && step < MOST_STEPS; step += 1) {
    const next = await currentDecision(db, app.ref);
    if (!next?.successor || !isEnd(next.kind) || !next.carriedOutAt) return app;
    app = await findKnownApp(db, next.successor);
  }
  return app;
}

async function hold(tx: Db, { id, heldAt }: Decision, now: Date): Promise<CarriedOut | undefined> {
  const row = await tx.first<DecisionRow>(
    `update app_decisions set looked_at = $2, held_at = coalesce(held_at, $2)
     where id = $1 and ${isAhead} and effective_on <= $3::date
     returning ${columns}`,
    [id, now, todayInJakarta(now)],
  );
  return row && { decision: toDecision(row), outcome: heldAt ? 'waits' : 'held' };
}

/** How many days are left until a day. */
export function daysUntil(day: string, now = new Date()): number {
  return Math.round((Date.parse(day) - Date.parse(todayInJakarta(now))) / DAY_MS);
}
