/** Connections to PostgreSQL: how they are opened, how their statements are planned, and what is sent on them. */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { type Row as CopiedRow, toCopyText } from './copy.ts';
import { asUnavailable } from './database-errors.ts';

/** The longest that a statement may take; a person waits for it. */
const STATEMENT_MS = 7_000;

/** How long a transaction may stand open without a statement; at least as long as a statement may take. */
const IDLE_IN_TRANSACTION_MS = 15_000;

/** The options of a connection string would take the place of our own: they are put in front of them. */
function optionsOf(url: string): string | null {
  return URL.parse(url)?.searchParams.get('options') ?? null;
}

function withoutOptions(url: string): string {
  const parsed = URL.parse(url);
  if (!parsed?.searchParams.has('options')) return url;
  parsed.searchParams.delete('options');
  return parsed.href;
}

const asOptions = (settings: readonly string[]) => settings.map((setting) => `-c ${setting}`).join(' ');

/**
 * What is asked here is a handful of rows by their keys. The planner, which knows nothing yet of a young table or of how
 * many keys there will be, must not think of reading a table whole or hashing it.
 */
const byKey = [
  ...['seqscan', 'hashjoin', 'mergejoin', 'bitmapscan', 'material', 'memoize'].map((way) => `enable_${way}=off`),
  'jit=off',
];

/** Of every connection. */
export const PLAN_BY_KEY = asOptions(byKey);

/**
 * Of the connections that requests share: one plan for one row and for many. Whoever waits longer for a row that another
 * holds waits alone, so that the others do not.
 */
export const PLAN_SHARED = asOptions([...byKey, 'plan_cache_mode=force_generic_plan', 'lock_timeout=250']);

/** Who hears of the connections of a pool. */
export interface PoolWatch {
  /** Those that are open at the moment. */
  readonly open: Set<pg.PoolClient>;
  readonly onError: (error: Error) => void;
}

interface PoolOptions extends pg.PoolConfig {
  /** The longest that a statement may take. */
  readonly statementMs?: number | undefined;
}

/** Connections that are opened when they are needed, under the limits that hold for all of them. */
export function openPool(
  url: string,
  { statementMs = STATEMENT_MS, ...options }: PoolOptions,
  { open, onError }: PoolWatch,
): pg.Pool {
  const pool = new pg.Pool({
    connectionString: withoutOptions(url),
    idleTimeoutMillis: 30_000,
    statement_timeout: statementMs,
    // A network that swallows answers is noticed here, where PostgreSQL itself cannot tell.
    query_timeout: statementMs + 1_000,
    idle_in_transaction_session_timeout: Math.max(IDLE_IN_TRANSACTION_MS, statementMs),
    application_name: 'lawang',
    ...options,
    options: [optionsOf(url), options.options].filter(Boolean).join(' '),
  });
  // An idle connection that breaks is replaced by the pool; without a listener it would end the process.
  pool.on('error', (error) => onError(error));
  pool.on('connect', (client) => {
    // The same for one that breaks while a unit of work holds it between two statements: its next statement fails.
    client.on('error', () => undefined);
    open.add(client);
    client.once('end', () => open.delete(client));
  });
  return pool;
}

const names = new Map<string, string>();

/** Sends one statement as a prepared one, named after its text. */
export async function send(target: pg.PoolClient, text: string, values: readonly unknown[]): Promise<pg.QueryResult> {
  let name = names.get(text);
  if (!name) {
    name = `s${names.size}`;
    names.set(text, name);
  }
  try {
    return await target.query({ name, text, values: values as unknown[] });
  } catch (error) {
    throw asUnavailable(error);
  }
}

/** Sends rows to a `copy … from stdin`. @returns how many */
export async function sendRows(client: pg.PoolClient, text: string, rows: Iterable<CopiedRow>): Promise<number> {
  const target = client.query(copyFrom(text));
  try {
    await pipeline(Readable.from(toCopyText(rows)), target);
    return target.rowCount;
  } catch (error) {
    throw asUnavailable(error);
  }
}
