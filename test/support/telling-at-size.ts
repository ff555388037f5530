/**
 * What apps of a country were told and answer for, fictitious, beside the registry of `registry-at-size.ts`: notices in the
 * outbox, withdrawals, reports, and figures of their people. Half of it is about one busy app.
 */
import type { Database, Db } from '#src/base/database.ts';

/** How much of it. */
export interface TellingSize {
  readonly notices: number;
  readonly withdrawals: number;
  readonly reports: number;
  readonly apps: number;
}

/** The tables that {@link fillTelling} fills. */
export const filledWithTelling = [
  ...['outbox', 'withdrawals', 'release_reports'],
  ...['client_people_days', 'client_release_days', 'client_permission_days'],
];

const AT_ONCE = 25_000;

/** `busy` is the app that has half of everything that people cause. Vacuum {@link filledWithTelling} afterwards. */
export async function fillTelling(database: Database, busy: string, size: TellingSize): Promise<void> {
  const now = new Date();
  const inSteps = async (count: number, text: string) => {
    for (let start = 0; start < count; start += AT_ONCE)
      await database.batch(async (tx) => {
        await prepare(tx);
        await tx.execute(text, [start, Math.min(start + AT_ONCE, count) - 1, busy, size.apps, now]);
      });
  };
  await inSteps(
    size.notices,
    `insert into outbox (shard, id, channel, sealed, attempts, created_at, delivered_at, expires_at, client_id, reason, last_attempt_at, answer)
     ${caused(14)} select shard, id, 'logout', '', 1, at, at, at + interval '14 days', app, 'signed-out', at, '200' from caused`,
  );
  await inSteps(
    size.withdrawals,
    `insert into withdrawals (shard, account_id, id, client_id, permission_id, cause, at, due_at, acknowledged_at, outcome, expires_at)
     ${caused(700)} select shard, id, id, app, id, 'withdrawn', at, at + interval '3 days',
       case when n % 97 > 0 then at end, case when n % 97 > 0 then 'deleted' end, at + interval '730 days' from caused`,
  );
  await inSteps(
    size.reports,
    `insert into release_reports (shard, account_id, id, client_id, release_at, release_id, reason, at, due_at, answered_at, answer, expires_at)
     ${caused(700)} select shard, id, id, app, at, id, 'not-then', at, at + interval '3 days',
       case when n % 7 > 0 then at end, case when n % 7 > 0 then 'rightful' end, at + interval '730 days' from caused`,
  );
  await fillFigures(database, busy, now);
}

/** Numbered rows in the shards of people, of moments spread over so many days. */
const caused = (days: number) => `with numbered as materialized (
    select n, hashint4(n) & 4095 as shard, case when n % 2 = 0 then $3 else 'app-' || n % $4 end as app,
      $5::timestamptz - (hashint4(n + 1) & 1048575) / 1048576.0 * interval '${days} days' as at
    from generate_series($1::integer, $2::integer) as n),
  caused as (select n, shard, app, at, (lpad(to_hex(shard), 3, '0') || substr(md5(n::text), 4))::uuid as id from numbered)`;

/** The people themselves are not needed to look at lists about apps; and a busy machine may take its time. */
async function prepare(tx: Db): Promise<void> {
  await tx.execute('set local session_replication_role = replica');
  await tx.execute("set local statement_timeout = '60s'");
}

/** Some of every app, and all that is kept of the busy one: the days before yesterday have been put together. */
async function fillFigures(database: Database, busy: string, now: Date): Promise<void> {
  const steps = [
    `insert into client_people_days (client_id, day, claim, people)
     select id, $1::date - n, claim, 50 from clients, generate_series(1, 3) as n, unnest(array['', 'name']) as claim where $2 <> ''`,
    `insert into client_release_days (client_id, day, claim, slot, releases)
     select id, $1::date - n * 20, 'name', 0, 70 from clients, generate_series(1, 5) as n where id <> $2`,
    `insert into client_permission_days (client_id, day, kind, event, slot, times)
     select id, $1::date - n * 60, 'consent', 'given', 0, 20 from clients, generate_series(1, 5) as n where id <> $2`,
    `insert into client_release_days (client_id, day, claim, slot, releases)
     select $2, $1::date - n, claim, slot, 70 from generate_series(0, 119) as n,
       unnest(array['name', 'email', 'birthdate']) as claim, generate_series(0, case when n < 2 then 15 else 0 end) as slot`,
    `insert into client_permission_days (client_id, day, kind, event, slot, times)
     select $2, $1::date - n, kind, event, slot, 20 from generate_series(0, 399) as n, unnest(array['consent', 'notice']) as kind,
       unnest(array['given', 'narrowed', 'withdrawn', 'left', 'expired']) as event,
       generate_series(0, case when n < 2 then 15 else 0 end) as slot`,
  ];
  for (const text of steps)
    await database.batch(async (tx) => {
      await prepare(tx);
      await tx.execute(text, [now, busy]);
    });
}
