/**
 * Counts a day: takes it on, reads the figures of every group from the tables of the registry, and puts them on record.
 *
 * Each statement here reads whole tables, once a day; what it needs of people is counted before (`consents/people-counts.ts`).
 * Whoever counts holds the day for a while; who has lost it to another process writes nothing.
 */
import type { Db } from '#src/base/database.ts';
import { DAY_MS, dayOf } from '#src/base/epoch.ts';
import { FEWEST_PEOPLE, type Figures, type Group, type GroupKind, SIGN_IN_DAYS, tellPeople } from './coverage.ts';

const LEASE_MS = 5 * 60_000;

/** A day that this process counts. */
export interface CountLease {
  readonly day: string;
  readonly until: Date;
}

/**
 * Takes on a day that nobody counts at this moment.
 *
 * @param again whether also one that has been counted
 */
export async function takeCount(
  db: Db,
  day: string,
  { again }: { readonly again: boolean },
): Promise<CountLease | undefined> {
  const now = new Date();
  const until = new Date(now.getTime() + LEASE_MS);
  const row = await db.first(
    `insert into coverage_runs as r (day, lease_until) values ($1, $2)
     on conflict (day) do update set lease_until = excluded.lease_until
     where r.lease_until <= $3 and (r.finished_at is null or $4) returning 1`,
    [day, until, now, again],
  );
  return row ? { day, until } : undefined;
}

/** Holds a day for longer. @throws when another process has it */
export async function keepCount(db: Db, { day, until }: CountLease): Promise<CountLease> {
  const later = new Date(Date.now() + LEASE_MS);
  const kept = await db.execute('update coverage_runs set lease_until = $3 where day = $1 and lease_until = $2', [
    ...[day, until, later],
  ]);
  if (kept === 0) throw new CountLost(day);
  return { day, until: later };
}

/** Another process counts the day. */
export class CountLost extends Error {
  override name = 'CountLost';

  constructor(day: string) {
    super(`another process counts ${day}`);
  }
}

/** Lets statements of a transaction that has begun read whole tables, which those of requests must not. */
export async function allowWholeTables(tx: Db): Promise<void> {
  await tx.query(
    `select set_config('plan_cache_mode', 'force_custom_plan', true), set_config('enable_' || way, 'on', true)
     from unnest(array['seqscan', 'hashjoin', 'mergejoin', 'bitmapscan', 'material']) as way`,
  );
}

/**
 * Puts the apps into their groups anew: those alone that enough people use to be told of.
 *
 * @param people by app
 */
export async function groupApps(tx: Db, people: ReadonlyMap<string, number>): Promise<void> {
  const used = [...people].filter(([, count]) => count >= FEWEST_PEOPLE).map(([id]) => id);
  await tx.execute('delete from client_groups');
  await tx.execute(
    `insert into client_groups (client_id, kind, id)
     select distinct c.id, g.kind, g.id from clients c join agencies a on a.id = c.agency_id cross join lateral (
       select 'all', 'all' union all
       select 'sector', unnest(c.sectors) union all
       select 'agency', unnest(case when a.path = '{}' then array[a.id] else a.path end)) as g (kind, id)
     where c.id = any($1)`,
    [used],
  );
}

/** What is known of a group's people. */
export interface PeopleOf extends Group {
  readonly people: number;
}

/** Counts everything else and puts the day on record, with what was counted of people. @throws {CountLost} */
export async function recordCount(tx: Db, { day, until }: CountLease, people: readonly PeopleOf[]): Promise<void> {
  const held = await tx.execute(
    'update coverage_runs set finished_at = $3, lease_until = $3 where day = $1 and lease_until = $2',
    [day, until, new Date()],
  );
  if (held === 0) throw new CountLost(day);
  const counts = await countGroups(tx, day);
  for (const one of people) countOf(counts, one).people = one.people;
  await tx.execute('delete from coverage where day = $1', [day]);
  const rows = [...counts.values()];
  const column = (of: (one: Count) => unknown) => rows.map(of);
  await tx.execute(
    `insert into coverage (kind, id, day, known, connected, live, retired, decided, stages, pairs_found, pairs_settled,
       not_built, sign_ins, people, level, parent_id)
     select n.kind, n.id, $1, n.known, n.connected, n.live, n.retired, n.decided, n.stages, n.pairs_found, n.pairs_settled,
       n.not_built, n.sign_ins, n.people, a.kind, a.parent_id
     from unnest($2::text[], $3::text[], $4::integer[], $5::integer[], $6::integer[], $7::integer[], $8::jsonb[], $9::jsonb[],
       $10::integer[], $11::integer[], $12::integer[], $13::bigint[], $14::bigint[])
       as n (kind, id, known, connected, live, retired, decided, stages, pairs_found, pairs_settled, not_built, sign_ins, people)
     left join agencies a on n.kind = 'agency' and a.id = n.id`,
    [
      ...[day, column(({ kind }) => kind), column(({ id }) => id)],
      ...[column(({ known }) => known), column(({ connected }) => connected)],
      ...[column(({ live }) => live), column(({ retired }) => retired)],
      ...[column(({ decided }) => JSON.stringify(decided)), column(({ stages }) => JSON.stringify(stages))],
      ...[column(({ pairsFound }) => pairsFound), column(({ pairsSettled }) => pairsSettled)],
      ...[column(({ notBuilt }) => notBuilt), column(({ signIns }) => signIns)],
      column((one) => tellPeople(one.people) ?? null),
    ],
  );
}

/** Figures while they are being counted. */
type Count = { -readonly [Key in keyof Figures]: Figures[Key] } & Group & {
    decided: Record<string, number>;
    stages: Record<string, number>;
    signIns: number;
    people: number;
  };

type Counts = Map<string, Count>;

function countOf(counts: Counts, { kind, id }: Group): Count {
  const key = `${kind} ${id}`;
  const count = counts.get(key) ?? {
    ...{ kind, id, known: 0, connected: 0, live: 0, retired: 0, decided: {}, stages: {} },
    ...{ pairsFound: 0, pairsSettled: 0, notBuilt: 0, signIns: 0, people: 0 },
  };
  counts.set(key, count);
  return count;
}

async function countGroups(tx: Db, day: string): Promise<Counts> {
  const counts: Counts = new Map();
  countOf(counts, { kind: 'all', id: 'all' });
  await countApps(tx, counts);
  await countPairs(tx, counts);
  await countNotBuilt(tx, counts);
  await countSignIns(tx, counts, day);
  return counts;
}

/** The groups of a row that has `sectors` and `agencies`, each once. */
const groupsOf = (row: string) => `cross join lateral (
    select 'all' as kind, 'all' as id union
    select 'sector', unnest(${row}.sectors) union
    select 'agency', unnest(${row}.agencies)) as g`;

interface AppsRow {
  kind: GroupKind;
  id: string;
  state: string | null;
  stage: string | null;
  decision: string | null;
  is_over: boolean;
  apps: number;
}

const inUse: ReadonlySet<string | null> = new Set(['sandbox', 'review', 'live', 'suspended']);

/** A record of what exists that is linked is its client. */
async function countApps(tx: Db, counts: Counts): Promise<void> {
  const rows = await tx.query<AppsRow>(
    `with apps as (
       select 'client:' || c.id as ref, c.sectors, c.state, c.migration_stage as stage,
         case when a.path = '{}' then array[a.id] else a.path end as agencies
       from clients c join agencies a on a.id = c.agency_id
       union all
       select 'inventory:' || i.id, i.sectors, null, null, case when a.path = '{}' then array[a.id] else a.path end
       from inventory i join agencies a on a.id = i.agency_id where i.removed_at is null and i.client_id is null
     )
     select g.kind, g.id, apps.state, apps.stage, d.kind as decision,
       coalesce(d.kind in ('merge', 'retire') and d.carried_out_at is not null, false) as is_over, count(*)::integer as apps
     from apps left join app_decisions d on d.ref = apps.ref and d.replaced_at is null and d.undone_at is null
     ${groupsOf('apps')}
     group by g.kind, g.id, apps.state, apps.stage, d.kind, is_over`,
  );
  for (const { state, stage, decision, apps, is_over: isOver, ...group } of rows) {
    const count = countOf(counts, group);
    count.known += apps;
    if (inUse.has(state)) count.connected += apps;
    if (state === 'live') count.live += apps;
    if (state === 'retired' || (state === null && isOver)) count.retired += apps;
    if (decision) count.decided[decision] = (count.decided[decision] ?? 0) + apps;
    if (stage && inUse.has(state)) count.stages[stage] = (count.stages[stage] ?? 0) + apps;
  }
}

async function countPairs(tx: Db, counts: Counts): Promise<void> {
  const rows = await tx.query<{ kind: GroupKind; id: string; is_open: boolean; pairs: number }>(
    `select g.kind, g.id, p.status = 'open' as is_open, count(*)::integer as pairs from app_pairs p ${groupsOf('p')}
     group by g.kind, g.id, is_open`,
  );
  for (const { is_open: isOpen, pairs, ...group } of rows) {
    const count = countOf(counts, group);
    count.pairsFound += pairs;
    if (!isOpen) count.pairsSettled += pairs;
  }
}

async function countNotBuilt(tx: Db, counts: Counts): Promise<void> {
  const rows = await tx.query<{ kind: GroupKind; id: string; apps: number }>(
    `select g.kind, g.id, count(*)::integer as apps from registrations_not_made n ${groupsOf('n')} group by g.kind, g.id`,
  );
  for (const { apps, ...group } of rows) countOf(counts, group).notBuilt += apps;
}

async function countSignIns(tx: Db, counts: Counts, day: string): Promise<void> {
  const rows = await tx.query<{ kind: GroupKind; id: string; sign_ins: string }>(
    `select g.kind, g.id, sum(d.sign_ins) as sign_ins from client_days d join client_groups g on g.client_id = d.client_id
     where d.day > $1::date - $2::integer and d.day <= $1::date group by g.kind, g.id`,
    [day, SIGN_IN_DAYS],
  );
  for (const { sign_ins: signIns, ...group } of rows) countOf(counts, group).signIns += Number(signIns);
}

/** How long days of single apps stay, and how long every day of the groups does; of older ones the first of a month stays. */
const KEPT_DAYS = 400;

/** Past days need no slots any more. @returns how many days were put together */
export async function foldDays(db: Db, today: string): Promise<number> {
  const days = await db.query<{ day: string }>(
    'select distinct day::text as day from client_days where slot <> 0 and client_days.day < $1::date - 1',
    [today],
  );
  for (const { day } of days)
    await db.execute(
      `with gone as (delete from client_days where day = $1 and slot <> 0 returning client_id, sign_ins)
       insert into client_days as d (client_id, day, slot, sign_ins)
       select client_id, $1, 0, sum(sign_ins) from gone group by client_id order by client_id
       on conflict (client_id, day, slot) do update set sign_ins = d.sign_ins + excluded.sign_ins`,
      [day],
    );
  return days.length;
}

/** Lets go of what is older than anybody asks for. */
export async function forgetOldDays(db: Db, today: string): Promise<void> {
  const before = dayOf(new Date(new Date(`${today}T00:00:00Z`).getTime() - KEPT_DAYS * DAY_MS));
  await db.execute('delete from client_days where day < $1', [before]);
  await db.execute('delete from coverage where day < $1 and extract(day from day) <> 1', [before]);
  await db.execute('delete from coverage_runs where day < $1 and extract(day from day) <> 1', [before]);
}
