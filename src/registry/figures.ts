/**
 * What an agency sees of the people of one of its apps: how many they are, what they agreed to and took back, and what was read.
 *
 * Nothing says anything of a group of fewer than {@link FEWEST_PEOPLE}: every figure is in full tens, of whole days or months up to
 * yesterday, so that neither a hidden figure can be worked out from the others, nor one person be seen by looking twice. How often a
 * claim was read is told only where enough people share it. There are no sums, which would tell what their parts do not.
 */
import type { Db } from '#src/base/database.ts';
import { DAY_MS, dayOf } from '#src/base/epoch.ts';
import type { StandardClaim } from './claims.ts';
import type { ClientRecord } from './clients.ts';
import { tellPeople } from './coverage.ts';

/** So many months are shown, with the running one. */
const MONTHS = 12;
/** How often a claim was read is told of so many days. */
const READ_DAYS = 30;
/** What is counted of releases is kept for so many days. */
const RELEASE_DAYS_KEPT = 120;
/** The other figures of people. */
const DAYS_KEPT = 400;

export const permissionEvents = ['given', 'narrowed', 'renewed', 'withdrawn', 'left', 'expired', 'underage'] as const;
export type PermissionEvent = (typeof permissionEvents)[number];

/** How often what happened to permissions of one kind in a month; undefined where it is not told. */
export interface MonthOfPermissions {
  /** `2026-11` */
  readonly month: string;
  readonly kind: 'consent' | 'notice';
  readonly times: Readonly<Record<PermissionEvent, number | undefined>>;
}

export interface ClaimFigures {
  readonly claim: StandardClaim;
  /** To whom it is open. */
  readonly people: number | undefined;
  /** How often it was handed over in {@link READ_DAYS} days. */
  readonly releases: number | undefined;
}

export interface Figures {
  /** The day when people were counted last; undefined before the first count that found enough of them. */
  readonly countedOn: string | undefined;
  /** Who has a permission of the app that holds. */
  readonly people: number | undefined;
  /** Of all claims that the app declares, in its order. */
  readonly claims: readonly ClaimFigures[];
  /** The earliest first; two of each month. */
  readonly months: readonly MonthOfPermissions[];
}

/** Puts on record how many people the claims of apps are open to, by `<app> <claim>`; small groups are left out. */
export async function recordPeople(tx: Db, day: string, people: ReadonlyMap<string, number>): Promise<void> {
  const told = [...people].flatMap(([key, count]) => {
    const [id = '', claim = ''] = key.split(' ');
    const tens = tellPeople(count);
    return tens === undefined ? [] : [{ id, claim, tens }];
  });
  await tx.execute('delete from client_people_days where day = $1', [day]);
  await tx.execute(
    `insert into client_people_days (client_id, day, claim, people)
     select n.client_id, $1, n.claim, n.people from unnest($2::text[], $3::text[], $4::bigint[]) as n (client_id, claim, people)
       join clients c on c.id = n.client_id`,
    [day, told.map(({ id }) => id), told.map(({ claim }) => claim), told.map(({ tens }) => tens)],
  );
}

/** A day's rows may still be counted on until the day after; those of a week are put together, should a count have been missed. */
const FOLDED_DAYS = { from: 8, to: 2 } as const;

/** Past days need no slots any more: an agency's year is read as one row for each day. */
export async function foldFigures(db: Db, today: string): Promise<void> {
  for (let back = FOLDED_DAYS.from; back >= FOLDED_DAYS.to; back -= 1) {
    const day = daysBefore(today, back);
    await db.execute(
      `with gone as (delete from client_release_days where day = $1 and slot <> 0 returning client_id, claim, releases)
       insert into client_release_days as d (client_id, day, claim, slot, releases)
       select client_id, $1, claim, 0, sum(releases) from gone group by client_id, claim order by client_id, claim
       on conflict (client_id, day, claim, slot) do update set releases = d.releases + excluded.releases`,
      [day],
    );
    await db.execute(
      `with gone as (delete from client_permission_days where day = $1 and slot <> 0 returning client_id, kind, event, times)
       insert into client_permission_days as d (client_id, day, kind, event, slot, times)
       select client_id, $1, kind, event, 0, sum(times) from gone group by client_id, kind, event order by client_id, kind, event
       on conflict (client_id, day, kind, event, slot) do update set times = d.times + excluded.times`,
      [day],
    );
  }
}

/** Lets go of what is older than anybody asks for. */
export async function forgetOldFigures(db: Db, today: string): Promise<void> {
  await db.execute('delete from client_release_days where day < $1', [daysBefore(today, RELEASE_DAYS_KEPT)]);
  for (const table of ['client_people_days', 'client_permission_days'])
    await db.execute(`delete from ${table} where day < $1`, [daysBefore(today, DAYS_KEPT)]);
}

/** What may be told of an app. */
export async function readFigures(db: Db, client: ClientRecord, now = new Date()): Promise<Figures> {
  const today = dayOf(now);
  const counted = await readPeople(db, client.id);
  const releases = await readReleases(db, client.id, today);
  return {
    countedOn: counted.day,
    people: counted.people.get(''),
    claims: client.claims.map(({ claim }) => {
      const people = counted.people.get(claim);
      return { claim, people, releases: people === undefined ? undefined : tellPeople(releases.get(claim) ?? 0) };
    }),
    months: await readMonths(db, client.id, today),
  };
}

async function readPeople(db: Db, clientId: string) {
  const rows = await db.query<{ day: string; claim: string; people: string }>(
    `select day::text as day, claim, people from client_people_days where client_id = $1
       and day = (select max(day) from client_people_days where client_id = $1)`,
    [clientId],
  );
  return { day: rows[0]?.day, people: new Map(rows.map(({ claim, people }) => [claim, Number(people)])) };
}

async function readReleases(db: Db, clientId: string, today: string): Promise<ReadonlyMap<string, number>> {
  const rows = await db.query<{ claim: string; releases: string }>(
    `select claim, sum(releases) as releases from client_release_days
     where client_id = $1 and day >= $2 and day < $3 group by claim`,
    [clientId, daysBefore(today, READ_DAYS), today],
  );
  return new Map(rows.map(({ claim, releases }) => [claim, Number(releases)]));
}

async function readMonths(db: Db, clientId: string, today: string): Promise<MonthOfPermissions[]> {
  const months = monthsUntil(today);
  const rows = await db.query<{ month: string; kind: string; event: string; times: string }>(
    `select to_char(day, 'YYYY-MM') as month, kind, event, sum(times) as times from client_permission_days
     where client_id = $1 and day >= $2 and day < $3 group by 1, 2, 3`,
    [clientId, `${months[0]}-01`, today],
  );
  const found = new Map(rows.map(({ month, kind, event, times }) => [`${month} ${kind} ${event}`, Number(times)]));
  return months.flatMap((month) =>
    (['consent', 'notice'] as const).map((kind) => {
      const told = (event: PermissionEvent) => tellPeople(found.get(`${month} ${kind} ${event}`) ?? 0);
      const times = Object.fromEntries(permissionEvents.map((event) => [event, told(event)]));
      return { month, kind, times: times as MonthOfPermissions['times'] };
    }),
  );
}

function monthsUntil(today: string): string[] {
  const [year = 0, month = 0] = today.split('-').map(Number);
  const at = (back: number) => new Date(Date.UTC(year, month - 1 - back)).toISOString().slice(0, 7);
  return Array.from({ length: MONTHS }, (_, index) => at(MONTHS - 1 - index));
}

/** A day, so many before another one. */
export function daysBefore(day: string, days: number): string {
  return dayOf(new Date(new Date(`${day}T00:00:00Z`).getTime() - days * DAY_MS));
}
