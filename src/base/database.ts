/**
 * The one door to PostgreSQL: connections, transactions, and the unit of work of a request.
 *
 * Every statement is a constant text with parameters and is sent as a named prepared statement. Times come from Node,
 * never from `now()`, so that one clock rules and a test can move it.
 *
 * Requests ask in two ways. `query`, `first` and `execute` send a statement on a connection that is theirs for as long as
 * it takes. `read` and `write` are for what every sign-in does: those of several requests share a statement
 * (`coalescing.ts`), and what is written waits until the request's answer is ready. What may be lost goes by `soon` (`soon.ts`).
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout } from 'node:timers/promises';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import {
  compose,
  type LaneOptions,
  lossIn,
  type Pending,
  type Read,
  ReadLane,
  type Row,
  type Write,
  WriteLane,
  withoutParent,
} from './coalescing.ts';
import { type Row as CopiedRow, toCopyText } from './copy.ts';
import { asUnavailable, DatabaseUnavailable, isConflict, isConnectionLost, isRetryable } from './database-errors.ts';
import { commitsTotal, statementsTotal } from './metrics.ts';
import { type SoonOptions, SoonQueue } from './soon.ts';

export { DatabaseUnavailable } from './database-errors.ts';
export type { SoonOptions } from './soon.ts';

/** What runs statements: the pool, a transaction or a request's unit of work. */
export interface Db {
  /** Whether this is one transaction, whose reads stay true until its writes. */
  readonly isUnit: boolean;
  /** What rooms remember as long as the unit lasts, each under a key of its own; without a unit nothing is remembered. */
  readonly memory: Map<object, unknown>;
  /** Where the rows of a shard are. Everything about sharded tables goes through this door; today all lead to one PostgreSQL. */
  for(shard: number): Db;
  /** Where the rows of all these shards are, if that is one place: background work and loads walk ranges of shards. */
  forAll(shards: readonly number[]): Db;
  /** The row of a key, read together with what other requests read at this moment. */
  read<Result>(read: Read<Result>, values: Row): Promise<Result | undefined>;
  /** Writes a row: with the commit of a unit of work, at once without one. @throws what the write says of a lost row */
  write(write: Write, row: Row): Promise<void>;
  /**
   * Writes a row about a second later, together with those of other requests, whatever becomes of the request. For what
   * may be lost with the process. A row that is still counting is asked for when it is written; one that nobody waits for may
   * count for a minute.
   *
   * @returns when it was tried; never rejects
   */
  soon(write: Write, row: Row | (() => Row), options?: SoonOptions): Promise<void>;
  /** Does `work` as soon as what was written is durable, and never if it is undone; without a unit of work at once. */
  whenDurable(work: () => void): void;
  /**
   * Sends what waits to be written, for whoever has to know now whether it can be. When it cannot, all that the unit has
   * written is undone. @throws what the write says of a lost row
   */
  flush(): Promise<void>;
  /** Rows of a statement. `text` is a constant: values go into `values`. */
  query<Row>(text: string, values?: readonly unknown[]): Promise<Row[]>;
  /** The one row of a statement, or undefined. */
  first<Row>(text: string, values?: readonly unknown[]): Promise<Row | undefined>;
  /** How many rows a statement touched. */
  execute(text: string, values?: readonly unknown[]): Promise<number>;
}

/** A transaction, which alone may take many rows at once. */
export interface Transaction extends Db {
  forAll(shards: readonly number[]): Transaction;
  /**
   * Adds rows by COPY. `text` is a constant, `copy table (columns) from stdin`; a row that violates a constraint fails the
   * whole. One statement may take seven seconds, which is enough for some ten thousand rows.
   */
  copy(text: string, rows: Iterable<CopiedRow>): Promise<number>;
}

/** Called with each text sent; tests count statements with it. */
export type StatementListener = (text: string, values: readonly unknown[]) => void;

const names = new Map<string, string>();

/** Sends one statement as a prepared one, named after its text. */
async function send(target: pg.PoolClient, text: string, values: readonly unknown[]): Promise<pg.QueryResult> {
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

abstract class Statements implements Db {
  readonly isUnit: boolean = false;

  get memory(): Map<object, unknown> {
    return new Map();
  }

  protected abstract run(text: string, values: readonly unknown[]): Promise<pg.QueryResult>;

  abstract read<Result>(read: Read<Result>, values: Row): Promise<Result | undefined>;

  abstract write(write: Write, row: Row): Promise<void>;

  abstract soon(write: Write, row: Row | (() => Row), options?: SoonOptions): Promise<void>;

  abstract whenDurable(work: () => void): void;

  abstract flush(): Promise<void>;

  for(_shard: number): Db {
    return this;
  }

  forAll(_shards: readonly number[]): this {
    return this;
  }

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

export interface DatabaseOptions {
  /** Connections for units of work and single statements; two more are shared. */
  readonly max?: number;
  /** Whether rows of several shards may share a statement; true unless the database is distributed by shard. */
  readonly coalesce?: boolean;
  /** How long somebody waits for a connection; not quite a second unless told otherwise. */
  readonly patienceMs?: number;
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
    const open = (more: pg.PoolConfig) => this.#open(url, { connectionTimeoutMillis: patienceMs, ...more });
    this.#pool = open({ max, options: PLAN_BY_KEY });
    this.#spare = open({ max: 1 });
    this.#shared = open({ max: LANES, options: PLAN_SHARED });
    const lane: LaneOptions = {
      send: (client, text, values) => this.#send(client, text, values),
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
          const result = await this.#send(client, text, values);
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

  #open(url: string, options: pg.PoolConfig): pg.Pool {
    const pool = new pg.Pool({
      connectionString: withoutOptions(url),
      idleTimeoutMillis: 30_000,
      statement_timeout: STATEMENT_MS,
      // A network that swallows answers is noticed here, where PostgreSQL itself cannot tell.
      query_timeout: STATEMENT_MS + 1_000,
      idle_in_transaction_session_timeout: 15_000,
      application_name: 'lawang',
      ...options,
      options: [optionsOf(url), options.options].filter(Boolean).join(' '),
    });
    // An idle connection that breaks is replaced by the pool; without a listener it would end the process.
    pool.on('error', (error) => this.#onError(error));
    pool.on('connect', (client) => {
      // The same for one that breaks while a unit of work holds it between two statements: its next statement fails.
      client.on('error', () => undefined);
      this.#connections.add(client);
      client.once('end', () => this.#connections.delete(client));
    });
    return pool;
  }

  #send(client: pg.PoolClient, text: string, values: readonly unknown[]): Promise<pg.QueryResult> {
    this.onStatement?.(text, values);
    statementsTotal.inc();
    return send(client, text, values);
  }

  /** One statement on a connection of its own. */
  async run(text: string, values: readonly unknown[]): Promise<pg.QueryResult> {
    const client = await this.connect();
    let failure: unknown;
    try {
      return await this.#send(client, text, values);
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

/**
 * All that one request writes, as one transaction: acknowledged means durable, not acknowledged means nothing happened.
 *
 * Begins at the first statement that changes or locks something, and keeps its own connection from then on; until then
 * reads use whatever connection is free. What is to be written by `write` waits for the commit; a unit that writes nothing
 * else, and all of it in one shard, never begins a transaction: its one statement is one.
 *
 * Statements of one unit run one after another, also when the caller starts several at once (oidc-provider revokes in
 * `Promise.all`). Hold no unit with a write in it across an outgoing request.
 */
export class UnitOfWork extends Statements implements Transaction {
  override readonly isUnit = true;
  readonly #memory = new Map<object, unknown>();
  readonly #database: Database;
  #client: pg.PoolClient | undefined;
  #queue: Promise<unknown> = Promise.resolve();
  #failure: Error | undefined;
  #pending: Pending[] = [];
  #whenDurable: (() => void)[] = [];

  constructor(database: Database) {
    super();
    this.#database = database;
  }

  override get memory(): Map<object, unknown> {
    return this.#memory;
  }

  /** The first error of a statement of this unit, if any: a library may swallow it, the answer may not. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  protected run(text: string, values: readonly unknown[]): Promise<pg.QueryResult> {
    return this.#inTurn(async () => {
      if (!this.#client && isRead(text)) return this.#database.run(text, values);
      const client = await this.#begun();
      return this.#database.runOn(client, text, values);
    });
  }

  async read<Result>(read: Read<Result>, values: Row): Promise<Result | undefined> {
    return this.#inTurn(async () => {
      if (!this.#client) return this.#database.read(read, values);
      return (await this.#database.runOn(this.#client, read.text, values)).rows[0];
    });
  }

  copy(text: string, rows: Iterable<CopiedRow>): Promise<number> {
    return this.#inTurn(async () => this.#database.copyOn(await this.#begun(), text, rows));
  }

  async write(write: Write, row: Row): Promise<void> {
    this.#pending.push({ write, row });
  }

  soon(write: Write, row: Row | (() => Row), options?: SoonOptions): Promise<void> {
    return this.#database.soon(write, row, options);
  }

  whenDurable(work: () => void): void {
    this.#whenDurable.push(work);
  }

  /** Begins the transaction, for whoever wants it from the start. */
  async begin(): Promise<void> {
    await this.#inTurn(() => this.#begun());
  }

  async flush(): Promise<void> {
    try {
      for (const group of groupedByShard(this.#pending.splice(0))) await this.#writeGroup(group);
    } catch (error) {
      await this.rollback();
      throw error;
    }
  }

  /** Makes the unit's writes durable. @throws {DatabaseUnavailable} when that is not certain, or what a write says of a lost row */
  async commit(): Promise<void> {
    await this.#queue;
    const groups = groupedByShard(this.#pending.splice(0));
    const [only] = groups;
    if (only && groups.length === 1 && !this.#client) {
      await this.#writeOnly(only);
    } else {
      for (const group of groups) await this.#writeGroup(group);
      await this.#end('commit');
    }
    for (const work of this.#whenDurable.splice(0)) work();
  }

  /** Undoes the unit's writes. */
  async rollback(): Promise<void> {
    this.#pending = [];
    this.#whenDurable = [];
    await this.#queue;
    if (isConnectionLost(this.#failure)) {
      this.#client?.release(true);
      this.#client = undefined;
    }
    await this.#end('rollback').catch(() => undefined);
  }

  /** After what this unit has begun before. Whoever has lost the database once does not wait for it again. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#queue.then(async () => {
      if (this.#failure instanceof DatabaseUnavailable) throw this.#failure;
      try {
        return await work();
      } catch (error) {
        this.#failure ??= error as Error;
        throw error;
      }
    });
    this.#queue = turn.catch(() => undefined);
    return turn;
  }

  async #begun(): Promise<pg.PoolClient> {
    if (this.#client) return this.#client;
    const client = await this.#database.connect();
    try {
      await client.query('begin');
    } catch (error) {
      client.release(true);
      throw new DatabaseUnavailable('the database is not available', { cause: error });
    }
    this.#client = client;
    return client;
  }

  async #writeOnly(pending: readonly Pending[]): Promise<void> {
    try {
      await this.#database.writeTogether(pending);
    } catch (error) {
      this.#failure ??= error as Error;
      throw error;
    }
  }

  async #writeGroup(pending: readonly Pending[]): Promise<void> {
    const composed = compose(pending, { guarded: false, distributed: this.#database.isDistributed });
    const { rows } = await this.#inTurn(async () => {
      const client = await this.#begun();
      try {
        return await this.#database.runOn(client, composed.text, composed.values);
      } catch (error) {
        throw withoutParent(pending, error);
      }
    });
    const loss = lossIn(pending, composed, rows[0]);
    if (loss) throw loss;
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
    if (how === 'commit') commitsTotal.inc();
  }
}

/** The first column of every write is the shard. Rows that belong elsewhere come first: what is claimed by its value. */
function groupedByShard(pending: readonly Pending[]): Pending[][] {
  const groups = Map.groupBy(pending, ({ row }) => row[0]);
  return [...groups.values()];
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
