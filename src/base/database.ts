/**
 * The one door to PostgreSQL. What may be asked of it says `db.ts`; how it is connected to, `connections.ts`; what a request
 * writes is one transaction: `unit-of-work.ts`.
 *
 * Every statement is a constant text with parameters and is sent as a named prepared statement. Times come from Node,
 * never from `now()`, so that one clock rules and a test can move it.
 *
 * Requests ask in two ways. `query`, `first` and `execute` send a statement on a connection that is theirs for as long as
 * it takes. `read` and `write` are for what every sign-in does: those of several requests share a statement
 * (`coalescing.ts`), and what is written waits until the request's answer is ready. What may be lost goes by `soon` (`soon.ts`).
 */
import { setTimeout } from 'node:timers/promises';
import type pg from 'pg';
import { type LaneOptions, type Pending, type Read, ReadLane, type Row, type Write, WriteLane } from './coalescing.ts';
import { openPool, PLAN_BY_KEY, PLAN_SHARED, type PoolWatch, send, sendRows } from './connections.ts';
import type { Row as CopiedRow } from './copy.ts';
import { DatabaseUnavailable, isConflict, isConnectionLost, isRetryable } from './database-errors.ts';
import { Statements, type Transaction } from './db.ts';
import { commitsTotal, statementsTotal } from './metrics.ts';
import { renewPlans } from './plans.ts';
import { type SoonOptions, SoonQueue } from './soon.ts';
import { UnitOfWork } from './unit-of-work.ts';

export { DatabaseUnavailable } from './database-errors.ts';
export type { Db, Transaction } from './db.ts';
export type { SoonOptions } from './soon.ts';

/** Called with each text sent; tests count statements with it. */
export type StatementListener = (text: string, values: readonly unknown[]) => void;

/** How long a connection that is being closed is waited for; a dead network never answers. */
const GOODBYE_MS = 2_000;

/** Nobody is let wait for a connection longer than this: "come again" is an answer too. */
const CONNECT_MS = 900;

/** So many may wait for each connection: at some milliseconds a request, as many as are served within that time. */
const QUEUE = 64;

/**
 * One connection for the reads and one for the writes that requests share. More would only make smaller batches: a
 * statement of 64 rows takes about as long as two of one.
 */
const LANES = 2;
const LANE_BATCH = 64;
const LANE_QUEUE = 2_048;
/** Looked at four times within it, so that nobody waits longer there than for a connection. */
const LANE_SHARE = 0.8;

export interface DatabaseOptions {
  /** Connections for units of work and single statements; two more are shared. */
  readonly max?: number;
  /** Whether rows of several shards may share a statement; true unless the database is distributed by shard. */
  readonly coalesce?: boolean;
  /** How long somebody waits for a connection; not quite a second unless told otherwise. */
  readonly patienceMs?: number;
  /** The longest that a statement may take; seven seconds unless told otherwise. */
  readonly statementMs?: number;
  readonly onError?: (error: Error) => void;
}

/** The database as one process sees it. */
export class Database extends Statements {
  readonly #pool: pg.Pool;
  readonly #shared: pg.Pool;
  /** For `ping` alone. */
  readonly #spare: pg.Pool;
  readonly #reads: ReadLane;
  readonly #writes: WriteLane;
  readonly #connections = new Set<pg.PoolClient>();
  readonly #most: number;
  /** Whether rows are distributed by shard over several servers, so that a statement must name one. */
  readonly isDistributed: boolean;
  readonly #onError: (error: Error) => void;
  readonly #soon: SoonQueue;
  /** Hears every text sent, with its values; for tests. */
  onStatement: StatementListener | undefined;

  constructor(url: string, options: DatabaseOptions = {}) {
    super();
    this.isDistributed = options.coalesce === false;
    const max = options.max ?? 10;
    this.#most = max * QUEUE;
    this.#onError = options.onError ?? (() => undefined);
    const patienceMs = options.patienceMs ?? CONNECT_MS;
    const watch: PoolWatch = { open: this.#connections, onError: this.#onError };
    const limits = { connectionTimeoutMillis: patienceMs, statementMs: options.statementMs };
    const open = (more: pg.PoolConfig) => openPool(url, { ...limits, ...more }, watch);
    this.#pool = open({ max, options: PLAN_BY_KEY });
    this.#spare = open({ max: 1 });
    this.#shared = open({ max: LANES, options: PLAN_SHARED });
    const lane: LaneOptions = {
      send: (client, text, values) => this.#sendAlone(client, text, values),
      connect: () => this.#shared.connect(),
      batch: LANE_BATCH,
      most: LANE_QUEUE,
      longestMs: patienceMs * LANE_SHARE,
      unavailable: (reason, cause) => new DatabaseUnavailable(reason, { cause }),
    };
    this.#reads = new ReadLane(lane);
    this.#writes = new WriteLane(
      {
        ...lane,
        send: async (client, text, values) => {
          const result = await this.#sendAlone(client, text, values);
          commitsTotal.inc();
          return result;
        },
      },
      (pending) => this.#writeAlone(pending),
    );
    this.#soon = new SoonQueue({
      send: (text, values) => this.run(text, values),
      isDistributed: this.isDistributed,
      onError: this.#onError,
    });
  }

  #send(client: pg.PoolClient, text: string, values: readonly unknown[]): Promise<pg.QueryResult> {
    this.onStatement?.(text, values);
    statementsTotal.inc();
    return send(client, text, values);
  }

  /** One statement on a connection that is in no transaction. */
  async #sendAlone(client: pg.PoolClient, text: string, values: readonly unknown[]): Promise<pg.QueryResult> {
    await renewPlans(client);
    return this.#send(client, text, values);
  }

  /** One statement on a connection of its own. */
  async run(text: string, values: readonly unknown[]): Promise<pg.QueryResult> {
    const client = await this.connect();
    let failure: unknown;
    try {
      return await this.#sendAlone(client, text, values);
    } catch (error) {
      failure = error;
      throw error;
    } finally {
      client.release(isConnectionLost(failure));
    }
  }

  /** One statement on a connection that a unit of work holds. */
  runOn(client: pg.PoolClient, text: string, values: readonly unknown[]): Promise<pg.QueryResult> {
    return this.#send(client, text, values);
  }

  /** Rows by COPY on a connection that a unit of work holds. */
  async copyOn(client: pg.PoolClient, text: string, rows: Iterable<CopiedRow>): Promise<number> {
    this.onStatement?.(text, []);
    statementsTotal.inc();
    return sendRows(client, text, rows);
  }

  async read<Result>(read: Read<Result>, values: Row): Promise<Result | undefined> {
    // Where statements name one shard each, nothing is shared, and one connection would only be a queue.
    if (this.isDistributed) return (await this.run(read.text, values)).rows[0];
    return this.#reads.run({ read, values }) as Promise<Result | undefined>;
  }

  write(write: Write, row: Row): Promise<void> {
    return this.writeTogether([{ write, row }]);
  }

  /** Nothing waits where everything is written at once. */
  async flush(): Promise<void> {}

  whenDurable(work: () => void): void {
    work();
  }

  /** Rows of one shard, all or none, committed when it resolves. */
  writeTogether(pending: readonly Pending[]): Promise<void> {
    return this.isDistributed ? this.#writeAlone(pending) : this.#writes.run(pending);
  }

  soon(write: Write, row: Row | (() => Row), options?: SoonOptions): Promise<void> {
    return this.#soon.add(write, row, options);
  }

  /** Writes now what is to be written soon; what is being written already is awaited as well. */
  settle(): Promise<void> {
    return this.#soon.settle();
  }

  /** Whether it answers; asked beside the queues, so that a rush is not taken for an end. @throws {DatabaseUnavailable} */
  async ping(): Promise<void> {
    const client = await this.#spare.connect().catch((cause) => {
      throw new DatabaseUnavailable('the database is not available', { cause });
    });
    let failure: unknown;
    try {
      await client.query('select 1');
    } catch (error) {
      failure = error;
      throw error;
    } finally {
      client.release(failure !== undefined);
    }
  }

  #writeAlone(pending: readonly Pending[]): Promise<void> {
    return this.transaction(async (tx) => {
      await tx.begin();
      for (const { write, row } of pending) await tx.write(write, row);
    });
  }

  /** Runs `work` in one transaction; repeats it when PostgreSQL asks (serialization failure, deadlock). */
  async transaction<T>(work: (tx: UnitOfWork) => Promise<T>): Promise<T> {
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

  /** A connection of its own, for a unit of work. The caller gives it back. @throws {DatabaseUnavailable} when none is free in time */
  async connect(): Promise<pg.PoolClient> {
    if (this.#pool.waitingCount >= this.#most) throw new DatabaseUnavailable('too many wait for a connection');
    try {
      return await this.#pool.connect();
    } catch (error) {
      throw new DatabaseUnavailable('the database is not available', { cause: error });
    }
  }

  /** Resolves when every connection has said goodbye, so that the database may be stopped next. */
  async close(): Promise<void> {
    await this.settle();
    await Promise.all([this.#pool.end(), this.#shared.end(), this.#spare.end()]);
    const ends = [...this.#connections].map((client) => new Promise((resolve) => client.once('end', resolve)));
    await Promise.race([Promise.all(ends), setTimeout(GOODBYE_MS, undefined, { ref: false })]);
  }
}
