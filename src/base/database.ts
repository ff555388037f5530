/**
 * The one door to PostgreSQL: a pool, transactions, and the unit of work of a request.
 *
 * Every statement is a constant text with parameters and is sent as a named prepared statement. Times come from Node,
 * never from `now()`, so that one clock rules and a test can move it.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout } from 'node:timers/promises';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { type Row as CopiedRow, toCopyText } from './copy.ts';

/** What runs statements: the pool, a transaction or a request's unit of work. */
export interface Db {
  /** Whether this is one transaction, whose reads stay true until its writes. */
  readonly isUnit: boolean;
  /** Rows of a statement. `text` is a constant: values go into `values`. */
  query<Row>(text: string, values?: readonly unknown[]): Promise<Row[]>;
  /** The one row of a statement, or undefined. */
  first<Row>(text: string, values?: readonly unknown[]): Promise<Row | undefined>;
  /** How many rows a statement touched. */
  execute(text: string, values?: readonly unknown[]): Promise<number>;
}

/** A transaction, which alone may take many rows at once. */
export interface Transaction extends Db {
  /**
   * Adds rows by COPY. `text` is a constant, `copy table (columns) from stdin`; a row that violates a constraint fails the
   * whole. One statement may take seven seconds, which is enough for some ten thousand rows.
   */
  copy(text: string, rows: Iterable<CopiedRow>): Promise<number>;
}

/** The database did not answer, or asked to try again. Becomes 503 with `Retry-After`. */
export class DatabaseUnavailable extends Error {
  override name = 'DatabaseUnavailable';
}

/** Called with each text sent; tests count statements with it. */
export type StatementListener = (text: string) => void;

type Queryable = Pick<pg.Pool, 'query'>;

const names = new Map<string, string>();

/** Sends one statement as a prepared one, named after its text. */
async function send(target: Queryable, text: string, values: readonly unknown[]): Promise<pg.QueryResult> {
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
async function sendRows(client: pg.PoolClient, text: string, rows: Iterable<CopiedRow>): Promise<number> {
  const target = client.query(copyFrom(text));
  try {
    await pipeline(Readable.from(toCopyText(rows)), target);
    return target.rowCount;
  } catch (error) {
    throw asUnavailable(error);
  }
}

function asUnavailable(error: unknown): unknown {
  return isUnavailable(error) ? new DatabaseUnavailable('the database is not available', { cause: error }) : error;
}

abstract class Statements implements Db {
  readonly isUnit: boolean = false;

  protected abstract run(text: string, values: readonly unknown[]): Promise<pg.QueryResult>;

  async query<Row>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    return (await this.run(text, values)).rows as Row[];
  }

  async first<Row>(text: string, values: readonly unknown[] = []): Promise<Row | undefined> {
    return (await this.query<Row>(text, values))[0];
  }

  async execute(text: string, values: readonly unknown[] = []): Promise<number> {
    return (await this.run(text, values)).rowCount ?? 0;
  }
}

/** How long a connection that is being closed is waited for; a dead network never answers. */
const GOODBYE_MS = 2_000;

/** The longest that a statement may take; a person waits for it. */
const STATEMENT_MS = 7_000;

/** The pool of one process. */
export class Database extends Statements {
  readonly #pool: pg.Pool;
  readonly #connections = new Set<pg.PoolClient>();
  /** Hears every text sent; for tests and metrics. */
  onStatement: StatementListener | undefined;

  constructor(url: string, options: { max?: number; onError?: (error: Error) => void } = {}) {
    super();
    this.#pool = new pg.Pool({
      connectionString: url,
      max: options.max ?? 10,
      connectionTimeoutMillis: 3_000,
      idleTimeoutMillis: 30_000,
      statement_timeout: STATEMENT_MS,
      // A network that swallows answers is noticed here, where PostgreSQL itself cannot tell.
      query_timeout: STATEMENT_MS + 1_000,
      idle_in_transaction_session_timeout: 15_000,
      application_name: 'lawang',
    });
    // An idle connection that breaks is replaced by the pool; without a listener it would end the process.
    this.#pool.on('error', (error) => options.onError?.(error));
    this.#pool.on('connect', (client) => {
      // The same for one that breaks while a unit of work holds it between two statements: its next statement fails.
      client.on('error', () => undefined);
      this.#connections.add(client);
      client.once('end', () => this.#connections.delete(client));
    });
  }

  protected run(text: string, values: readonly unknown[]): Promise<pg.QueryResult> {
    this.onStatement?.(text);
    return send(this.#pool, text, values);
  }

  /** Runs `work` in one transaction; repeats it when PostgreSQL asks (serialization failure, deadlock). */
  async transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      const unit = new UnitOfWork(this);
      try {
        const result = await work(unit);
        await unit.commit();
        return result;
      } catch (error) {
        await unit.rollback();
        if (attempt >= 3 || !isRetryable(error)) throw error;
      }
    }
  }

  /**
   * One batch of many in a transaction of its own. `work` adds what it does not find; where somebody else has added the
   * same meanwhile, it is done again and finds it. Its statements are planned for the tables as they are by then, since
   * those grow a thousandfold under the plans of the first batch.
   */
  async batch<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.transaction(async (tx) => {
          await tx.execute('set local plan_cache_mode = force_custom_plan');
          return work(tx);
        });
      } catch (error) {
        if (attempt >= 3 || !isConflict(error)) throw error;
      }
    }
  }

  /** Lets the planner see what a load has added to tables; PostgreSQL passes over those that the role may not analyze. */
  async analyze(tables: readonly string[]): Promise<void> {
    for (const table of tables) await this.execute(`analyze ${table}`);
  }

  /** A connection of its own, for a unit of work. The caller gives it back. */
  async connect(): Promise<pg.PoolClient> {
    try {
      return await this.#pool.connect();
    } catch (error) {
      throw new DatabaseUnavailable('the database is not available', { cause: error });
    }
  }

  /** Resolves when every connection has said goodbye, so that the database may be stopped next. */
  async close(): Promise<void> {
    await this.#pool.end();
    const ends = [...this.#connections].map((client) => new Promise((resolve) => client.once('end', resolve)));
    await Promise.race([Promise.all(ends), setTimeout(GOODBYE_MS, undefined, { ref: false })]);
  }
}

/**
 * All that one request writes, as one transaction: acknowledged means durable, not acknowledged means nothing happened.
 *
 * Begins at the first write and keeps its own connection from then on; until then reads use the pool. Statements of one
 * unit run one after another, also when the caller starts several at once (oidc-provider revokes in `Promise.all`).
 * Hold no unit with a write in it across an outgoing request.
 */
export class UnitOfWork extends Statements implements Transaction {
  override readonly isUnit = true;
  readonly #database: Database;
  #client: pg.PoolClient | undefined;
  #queue: Promise<unknown> = Promise.resolve();
  #failure: Error | undefined;

  constructor(database: Database) {
    super();
    this.#database = database;
  }

  /** The first error of a statement of this unit, if any: a library may swallow it, the answer may not. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  protected run(text: string, values: readonly unknown[]): Promise<pg.QueryResult> {
    return this.#inTurn(text, async () => {
      if (!this.#client && isRead(text)) return this.#onPool(text, values);
      this.#client ??= await this.#begin();
      return send(this.#client, text, values);
    });
  }

  copy(text: string, rows: Iterable<CopiedRow>): Promise<number> {
    return this.#inTurn(text, async () => {
      this.#client ??= await this.#begin();
      return sendRows(this.#client, text, rows);
    });
  }

  #inTurn<T>(text: string, work: () => Promise<T>): Promise<T> {
    this.#database.onStatement?.(text);
    const result = this.#queue.then(() => this.#attempt(work));
    this.#queue = result.catch(() => undefined);
    return result;
  }

  async #attempt<T>(work: () => Promise<T>): Promise<T> {
    // Whoever has lost the database once does not wait for it again: the request ends with 503 in any case.
    if (this.#failure instanceof DatabaseUnavailable) throw this.#failure;
    try {
      return await work();
    } catch (error) {
      this.#failure ??= error as Error;
      throw error;
    }
  }

  async #onPool(text: string, values: readonly unknown[]): Promise<pg.QueryResult> {
    const client = await this.#database.connect();
    let isBroken = false;
    try {
      return await send(client, text, values);
    } catch (error) {
      isBroken = isConnectionLost(error);
      throw error;
    } finally {
      client.release(isBroken);
    }
  }

  async #begin(): Promise<pg.PoolClient> {
    const client = await this.#database.connect();
    try {
      await client.query('begin');
      return client;
    } catch (error) {
      client.release(true);
      throw new DatabaseUnavailable('the database is not available', { cause: error });
    }
  }

  /** Makes the unit's writes durable. @throws {DatabaseUnavailable} when that is not certain. */
  async commit(): Promise<void> {
    await this.#queue;
    await this.#end('commit');
  }

  /** Undoes the unit's writes. */
  async rollback(): Promise<void> {
    await this.#queue;
    if (isConnectionLost(this.#failure)) {
      this.#client?.release(true);
      this.#client = undefined;
    }
    await this.#end('rollback').catch(() => undefined);
  }

  async #end(how: 'commit' | 'rollback'): Promise<void> {
    const client = this.#client;
    if (!client) return;
    this.#client = undefined;
    const command = await client.query(how).then(
      (result) => result.command,
      (error: Error) => {
        client.release(error);
        throw new DatabaseUnavailable(`the ${how} did not succeed`, { cause: error });
      },
    );
    client.release();
    // PostgreSQL answers a COMMIT of a failed transaction with ROLLBACK, without an error.
    if (command !== how.toUpperCase())
      throw new DatabaseUnavailable(`the ${how} did not succeed: the transaction had failed before`);
  }
}

const units = new AsyncLocalStorage<Db>();

/** Runs `work` so that {@link currentDb} answers with `db` in everything it calls. */
export function withDb<T>(db: Db, work: () => Promise<T>): Promise<T> {
  return units.run(db, work);
}

/** The unit of work of the running request, for code that a library calls without arguments; else `fallback`. */
export function currentDb(fallback: Db): Db {
  return units.getStore() ?? fallback;
}

/** A statement that changes and locks nothing, so it may run outside the transaction. */
function isRead(text: string): boolean {
  return /^\s*select\b(?!.*\bfor\s+(no\s+key\s+update|update|key\s+share|share)\b)/is.test(text);
}

function sqlState(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

function isRetryable(error: unknown): boolean {
  const cause = error instanceof DatabaseUnavailable ? error.cause : error;
  return ['40001', '40P01'].includes(sqlState(cause));
}

/** Whether a row is there already that only one may be. */
function isConflict(error: unknown): boolean {
  return sqlState(error) === '23505';
}

/** Whether nobody knows what became of the statement, so that its connection is of no more use. */
function isConnectionLost(error: unknown): boolean {
  return error instanceof DatabaseUnavailable && !(error.cause instanceof pg.DatabaseError);
}

/** Connection lost, server shutting down or starting, too many connections, asked to retry: all pass by themselves. */
function isUnavailable(error: unknown): boolean {
  const state = sqlState(error);
  if (/^(08|53|57P)/.test(state) || ['40001', '40P01', '57014', '25P03'].includes(state)) return true;
  if (['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN'].includes(state)) return true;
  return (
    error instanceof Error &&
    /Connection terminated|timeout exceeded when trying to connect|Query read timeout|Client has encountered/.test(
      error.message,
    )
  );
}
