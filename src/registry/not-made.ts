/**
 * What was not built because there was one like it, or because its place is closed: kept so that it can be counted, by whom it
 * would have been, and by the yearly cost of what is used instead, where that is known.
 */
import { randomUUID } from 'node:crypto';
import type { Database, Db } from '#src/base/database.ts';
import { DAY_MS } from '#src/base/epoch.ts';
import { Refusal } from '#src/base/refusals.ts';
import type { AppRef } from './app-refs.ts';
import type { Reach } from './coordination.ts';
import { lockRegistry } from './version.ts';

export const reasonsNotMade = ['chose-existing', 'closed', 'refused', 'withdrawn'] as const;
export type ReasonNotMade = (typeof reasonsNotMade)[number];

/** An app that was not built. */
export interface NotMade {
  readonly agencyId: string;
  /** The ids from the root to the agency. */
  readonly agencies: readonly string[];
  readonly sectors: readonly string[];
  readonly why: ReasonNotMade;
  readonly name: string;
  /** What is used instead. */
  readonly instead?: AppRef | undefined;
  readonly caseId?: string | undefined;
  readonly actor: string;
}

/**
 * Counts it once: a case by its id, anything else once a day for the same person, agency and reason, so that trying again
 * and again is one app that was not built.
 */
export async function noteNotMade(db: Db, notMade: NotMade): Promise<void> {
  const { agencyId, agencies, sectors, why, name, instead, caseId, actor } = notMade;
  const now = new Date();
  await db.execute(
    `insert into registrations_not_made (id, agency_id, agencies, sectors, why, name, instead, case_id, actor, at)
     select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10
     where $8::text is not null or not exists (
       select from registrations_not_made n
       where n.agency_id = $2 and n.actor = $9 and n.why = $5 and n.instead is not distinct from $7 and n.at > $11)
     on conflict do nothing`,
    [
      ...[randomUUID(), agencyId, agencies, sectors, why, name.slice(0, 200), instead ?? null, caseId ?? null, actor],
      ...[now, new Date(now.getTime() - DAY_MS)],
    ],
  );
}

/** A refusal because of which an app is not built. What was begun is undone with it, so that it is noted afterwards ({@link noteRefused}). */
export class NotMadeRefusal extends Refusal {
  readonly notMade: NotMade;

  constructor({ code, message, members }: Refusal, notMade: NotMade) {
    super(code, message, members && { members });
    this.notMade = notMade;
  }
}

/** Counts what was refused, once of many at once. In a transaction of its own: that of the refusal is undone. */
export async function noteRefused(database: Database, { notMade }: NotMadeRefusal): Promise<void> {
  await database.transaction(async (tx) => {
    await lockRegistry(tx);
    await noteNotMade(tx, notMade);
  });
}

/** An app that is allowed after all was not prevented. */
export async function takeBackNotMade(db: Db, clientId: string | undefined): Promise<void> {
  if (clientId === undefined) return;
  await db.execute(
    'delete from registrations_not_made where case_id in (select id from registration_cases where client_id = $1)',
    [clientId],
  );
}

/** What was refused at a closed place and has an exception now was not prevented. */
export async function takeBackRefused(
  db: Db,
  { agencyId, actor, name }: Pick<NotMade, 'agencyId' | 'actor' | 'name'>,
): Promise<void> {
  await db.execute(
    `delete from registrations_not_made where agency_id = $1 and actor = $2 and name = $3 and why = 'closed'`,
    [agencyId, actor, name.slice(0, 200)],
  );
}

/** How much was not built, within a reach and since a moment. */
export interface NotMadeFigures {
  readonly total: number;
  readonly byReason: Readonly<Record<ReasonNotMade, number>>;
  readonly bySector: readonly { readonly id: string; readonly count: number }[];
  readonly byAgency: readonly { readonly id: string; readonly count: number }[];
  /** `2026-11` and how many, the earliest first. */
  readonly byMonth: readonly { readonly month: string; readonly count: number }[];
  /**
   * What the apps that are used instead cost in a year, where that is known and they are within the reach as well: of how many, and
   * rupiah in all. Who may not see an app's record learns its cost by no sum.
   */
  readonly saving: { readonly apps: number; readonly rupiah: number };
}

/** For the page of cases. Reads what was noted since, which the index on the time finds. */
export async function readNotMade(db: Db, { nodes, sectors }: Reach, since: Date): Promise<NotMadeFigures> {
  const given = [since, nodes, sectors];
  const within = 'n.at >= $1 and (n.agencies && $2::text[] or n.sectors && $3::text[])';
  const reasons = await db.query<{ why: ReasonNotMade; count: number }>(
    `select n.why, count(*)::integer as count from registrations_not_made n where ${within} group by n.why`,
    given,
  );
  const bySector = await db.query<{ id: string; count: number }>(
    `select s.id, count(*)::integer as count from registrations_not_made n cross join unnest(n.sectors) as s (id)
     where ${within} group by s.id order by count desc, s.id limit 50`,
    given,
  );
  const byAgency = await db.query<{ id: string; count: number }>(
    `select n.agency_id as id, count(*)::integer as count from registrations_not_made n
     where ${within} group by n.agency_id order by count desc, n.agency_id limit 20`,
    given,
  );
  const byMonth = await db.query<{ month: string; count: number }>(
    `select to_char(n.at at time zone 'Asia/Jakarta', 'YYYY-MM') as month, count(*)::integer as count
     from registrations_not_made n where ${within} group by month order by month`,
    given,
  );
  const saving = await db.first<{ apps: number; rupiah: string }>(
    `select count(*)::integer as apps, coalesce(sum(i.yearly_cost), 0) as rupiah
     from registrations_not_made n join inventory i
       on i.removed_at is null and i.yearly_cost is not null
       and (n.instead = 'inventory:' || i.id or n.instead = 'client:' || i.client_id)
       join agencies a on a.id = i.agency_id
     where ${within} and n.instead is not null
       and (a.id = any($2::text[]) or a.path && $2::text[] or i.sectors && $3::text[])`,
    given,
  );
  const count = (why: ReasonNotMade) => reasons.find((one) => one.why === why)?.count ?? 0;
  return {
    total: reasons.reduce((sum, one) => sum + one.count, 0),
    byReason: {
      'chose-existing': count('chose-existing'),
      closed: count('closed'),
      refused: count('refused'),
      withdrawn: count('withdrawn'),
    },
    bySector,
    byAgency,
    byMonth,
    saving: { apps: saving?.apps ?? 0, rupiah: Number(saving?.rupiah ?? 0) },
  };
}
