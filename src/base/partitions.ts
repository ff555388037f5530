/**
 * Tables whose parts are months (in UTC), so that what is too old goes by dropping a part. Another part (`…_other`) takes what no
 * month is there for, so that no row is ever refused; what lies there is moved to its month.
 *
 * Only the owner of a table makes and drops its parts. Statements of requests give up when they wait for a quarter of a second,
 * so whoever works here waits for a lock for less, and rather comes again.
 */
import { setTimeout } from 'node:timers/promises';
import type pg from 'pg';
import type { Db } from './database.ts';
import { inTurn, withConnection } from './migrations.ts';

/** A table in months, and for how many whole months before the running one its rows are kept. */
export interface Monthly {
  readonly table: string;
  readonly keptMonths: number;
  /** How full of new rows a page gets, in percent, where rows are changed; the rest is room to change them in place. */
  readonly filledTo?: number;
}

/** What was done about a table. */
export interface MonthsKept {
  readonly table: string;
  /** Names of parts. */
  readonly made: readonly string[];
  readonly dropped: readonly string[];
  /** Rows that went to their month. */
  readonly moved: number;
  /** Rows that were too old, in parts of more than a month. */
  readonly removed: number;
}

/** How a table stands. */
export interface MonthsState {
  readonly table: string;
  /** How many months after the running one are there. */
  readonly ahead: number;
  /** Rows that lie in no month; at most {@link MANY}. */
  readonly outside: number;
  /** Parts that are too old. */
  readonly overdue: number;
}

/** The role may not make and drop parts; the message says who may. */
export class NotTheOwner extends Error {
  override name = 'NotTheOwner';
}

/** So many months are made ahead. */
const AHEAD = 3;
/** The rows of a month that is under way are moved while they are fewer; writers wait meanwhile. */
const MANY = 5_000;
const STEP = 5_000;
const LOCK_MS = 100;
const TRIES = 5;

interface Part {
  readonly name: string;
  /** Undefined: it takes what no other part takes. */
  readonly ends: Date | undefined;
  readonly isMonth: boolean;
}

/**
 * Makes the months that are missing, moves what lies outside of its month, and drops what is too old. Several processes may call
 * it at once: they take turns, also with migrations.
 *
 * @param url of the owner of the tables
 * @throws {NotTheOwner} and what PostgreSQL says when a lock cannot be had; what was done stays done
 */
export async function keepMonths(url: string, tables: readonly Monthly[], now = new Date()): Promise<MonthsKept[]> {
  await withConnection(url, (connection) => checkOwner(connection, tables));
  return inTurn(url, () =>
    withConnection(url, async (connection) => {
      await connection.query(`set lock_timeout = ${LOCK_MS}`);
      const kept: MonthsKept[] = [];
      for (const monthly of tables) kept.push(await keepTable(connection, monthly, now));
      return kept;
    }),
  );
}

async function checkOwner(connection: pg.Client, tables: readonly Monthly[]): Promise<void> {
  const { rows } = await connection.query<{ name: string }>(
    `select relname as name from pg_class
     where oid = any($1::regclass[]) and not pg_has_role(current_user, relowner, 'usage')`,
    [tables.map(({ table }) => table)],
  );
  const [first] = rows;
  if (first)
    throw new NotTheOwner(
      `The role of the database is not the owner of ${first.name}: give DATABASE_MIGRATION_URL, or run "lawang partitions" with it at least once a month.`,
    );
}

async function keepTable(connection: pg.Client, monthly: Monthly, now: Date): Promise<MonthsKept> {
  const { table, keptMonths } = monthly;
  const oldest = monthOf(now, -keptMonths);
  const removed = await removeTooOld(connection, table, oldest);
  const made: string[] = [];
  let moved = 0;
  for (const month of await listWanted(connection, table, now)) {
    const done = await patiently(() => makeMonth(connection, monthly, month, now));
    if (!done) continue;
    made.push(done.name);
    moved += done.moved;
  }
  const dropped: string[] = [];
  for (const { name } of (await listParts(connection, table)).filter((part) => isOver(part, oldest))) {
    await patiently(() => connection.query(`drop table ${name}`));
    dropped.push(name);
  }
  return { table, made, dropped, moved, removed };
}

/** What is too old in parts that hold more than a month, in small steps. */
async function removeTooOld(connection: pg.Client, table: string, oldest: Date): Promise<number> {
  let removed = 0;
  const mixed = (await listParts(connection, table)).filter((part) => !part.isMonth && !isOver(part, oldest));
  for (const { name } of mixed) {
    for (;;) {
      const { rowCount } = await connection.query(
        `delete from ${name} where ctid = any(array(select ctid from ${name} where at < $1 limit ${STEP}))`,
        [oldest],
      );
      removed += rowCount ?? 0;
      if ((rowCount ?? 0) < STEP) break;
    }
  }
  return removed;
}

/** The months that should be there and are not: those ahead, and those of rows that lie outside. */
async function listWanted(connection: pg.Client, table: string, now: Date): Promise<Date[]> {
  const parts = await listParts(connection, table);
  const ahead = Array.from({ length: AHEAD + 1 }, (_, i) => monthOf(now, i));
  const { rows } = await connection.query<{ month: Date }>(
    `select distinct date_trunc('month', at, 'UTC') as month from ${table}_other`,
  );
  const early = parts.flatMap(({ ends, isMonth }) => (ends && !isMonth ? [ends.getTime()] : []));
  const names = new Set(parts.map(({ name }) => name));
  const wanted = new Set([...ahead, ...rows.map(({ month }) => month)].map((month) => month.getTime()));
  return [...wanted]
    .toSorted((a, b) => a - b)
    .filter((month) => !early.some((ends) => month < ends))
    .map((month) => new Date(month))
    .filter((month) => !names.has(nameOf(table, month)));
}

/** One month, with its rows from outside. Nobody sees anything between before and after. */
async function makeMonth(connection: pg.Client, { table, filledTo = 100 }: Monthly, month: Date, now: Date) {
  const name = nameOf(table, month);
  const other = `${table}_other`;
  const range = [month, monthOf(month, 1)];
  const isUnderWay = month >= monthOf(now, 0);
  await connection.query('begin');
  try {
    if (isUnderWay) await connection.query(`lock table ${other} in share row exclusive mode`);
    const outside = await countUpTo(connection, `${other} where at >= $1 and at < $2`, range);
    if (isUnderWay && outside >= MANY) {
      await connection.query('rollback');
      return undefined;
    }
    const columns = await listColumns(connection, table);
    await connection.query(`create table ${name} (like ${table} including all) with (fillfactor = ${filledTo})`);
    const { rowCount } = await connection.query(
      `with moved as (delete from ${other} where at >= $1 and at < $2 returning ${columns})
       insert into ${name} (${columns}) select ${columns} from moved`,
      range,
    );
    const [from, to] = range.map((each) => `'${each.toISOString()}'`);
    await connection.query(`alter table ${table} attach partition ${name} for values from (${from}) to (${to})`);
    await connection.query('commit');
    return { name, moved: rowCount ?? 0 };
  } catch (error) {
    await connection.query('rollback');
    throw error;
  }
}

async function listColumns(connection: pg.Client, table: string): Promise<string> {
  const { rows } = await connection.query<{ columns: string }>(
    `select string_agg(quote_ident(attname), ', ' order by attnum) as columns from pg_attribute
     where attrelid = $1::regclass and attnum > 0 and not attisdropped`,
    [table],
  );
  return rows[0]?.columns ?? '';
}

/** The lock was not to be had, or somebody wrote in between. */
const passing = ['55P03', '40P01', '23514'];

/** Comes again a few times where somebody holds what is needed. */
async function patiently<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (attempt >= TRIES || !passing.includes((error as pg.DatabaseError).code ?? '')) throw error;
      await setTimeout(LOCK_MS * (1 + Math.random()));
    }
  }
}

/** What asks for the parts of a table: their names, and when each ends. */
const partsQuery = `
  select c.relname as name,
    substring(pg_get_expr(c.relpartbound, c.oid) from 'TO \\(''([^'']+)''\\)')::timestamptz as ends,
    c.relname ~ '_\\d{4}_\\d{2}$' as "isMonth"
  from pg_inherits i join pg_class c on c.oid = i.inhrelid
  where i.inhparent = $1::regclass order by c.relname`;

interface PartRow {
  readonly name: string;
  readonly ends: Date | null;
  readonly isMonth: boolean;
}

const toPart = ({ ends, ...row }: PartRow): Part => ({ ...row, ends: ends ?? undefined });

async function listParts(connection: pg.Client, table: string): Promise<Part[]> {
  return (await connection.query<PartRow>(partsQuery, [table])).rows.map(toPart);
}

/** How a table stands, as the server's role may see it. */
export async function lookAtMonths(db: Db, { table, keptMonths }: Monthly, now = new Date()): Promise<MonthsState> {
  const parts = (await db.query<PartRow>(partsQuery, [table])).map(toPart);
  const names = new Set(parts.map(({ name }) => name));
  let ahead = 0;
  while (names.has(nameOf(table, monthOf(now, ahead + 1)))) ahead += 1;
  const row = await db.first<{ count: number }>(
    `select count(*)::integer as count from (select 1 from ${table}_other limit ${MANY}) as outside`,
  );
  const oldest = monthOf(now, -keptMonths);
  return { table, ahead, outside: row?.count ?? 0, overdue: parts.filter((part) => isOver(part, oldest)).length };
}

async function countUpTo(connection: pg.Client, from: string, values: readonly unknown[]): Promise<number> {
  const { rows } = await connection.query<{ count: number }>(
    `select count(*)::integer as count from (select 1 from ${from} limit ${MANY}) as counted`,
    [...values],
  );
  return rows[0]?.count ?? 0;
}

function isOver({ ends }: Part, oldest: Date): boolean {
  return ends !== undefined && ends <= oldest;
}

/** The beginning of a month, so many after that of a moment. */
function monthOf(moment: Date, later: number): Date {
  return new Date(Date.UTC(moment.getUTCFullYear(), moment.getUTCMonth() + later));
}

/** `releases_2026_11` */
function nameOf(table: string, month: Date): string {
  return `${table}_${month.toISOString().slice(0, 7).replace('-', '_')}`;
}
