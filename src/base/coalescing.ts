/**
 * Statements of requests that arrive together leave as one.
 *
 * A country signs in at eight in the morning: then dozens of requests ask the same question of different rows within the
 * same milliseconds. Each question costs both sides far more than its row, so those that wait for a connection are put
 * into one statement; and what waits for a commit is committed together. Nobody waits for company: a connection that is
 * free takes whatever is there, so a lone request is alone.
 *
 * Reads and writes have connections of their own, because a read must not stand behind a write that waits for the disk.
 *
 * Batches of rows from several shards are for one PostgreSQL. On a database that is distributed by shard (`COALESCE=off`)
 * each request sends its own, and the same texts then name one shard each.
 */
import pg, { type PoolClient, type QueryResult } from 'pg';

const { DatabaseError } = pg;

/** A read of at most one row by its key; `$1` is the shard. Told apart by identity: make each once. */
export interface Read<Row> {
  readonly text: string;
  /** PostgreSQL's types of `$1` and so on. */
  readonly types: readonly string[];
  /** The same for several keys, which are numbered by one parameter more: `n` says which row is whose. */
  readonly forMany: string;
  /** Not set; carries the type. */
  readonly row?: Row;
}

/** Makes a read. The text for several keys is the same one, asked for each key by an index of its own. */
export function readOf<Row>(types: readonly string[], text: string): Read<Row> {
  const keys = asRows([...types.map((type, i) => [`p${i + 1}`, type] as const), ['n', 'integer']]);
  const each = text.replace(/\$(\d+)/g, 'given.p$1');
  const forMany = `select given.n, found.* from (select ${keys}) as given
    cross join lateral (${each}) as found`;
  return { text, types, forMany };
}

/**
 * Arrays as the columns of rows, for a select list. There PostgreSQL takes them apart row by row; as `from unnest(a, b, …)` it
 * would first put each of them into a store of its own, which costs more than most of the rows.
 */
function asRows(columns: readonly (readonly [name: string, type: string])[], first = 1): string {
  return columns.map(([name, type], i) => `unnest($${first + i}::${type}[]) as ${name}`).join(', ');
}

/**
 * A change of rows that can wait until the answer of its request is ready, and then leaves in one statement with the
 * request's other changes in the same shard.
 *
 * Its text is one data-changing statement over the rows `given`, written as if that were a table of its columns. It returns a
 * row for each that it has changed; a row that it did not change is lost: another request was faster, and all that this one
 * writes is undone. One that only adds rows returns nothing: none of them can be lost, and none is counted. `$here(a)` says of a
 * table `a` that its rows are in the shards given, for a database that is distributed by shard; one PostgreSQL is not told, because
 * it would look for all rows of the shard instead of the one.
 */
export interface Write {
  readonly name: string;
  readonly table: string;
  /** Columns of `given` with their types, the shard first. */
  readonly columns: Readonly<Record<string, string>>;
  /** Rows to lock before anything is changed; a select over `given` that the text names `<name>_held`. */
  readonly held?: string;
  readonly text: string;
  /** What the request is told whose row was lost, or whose parent row is gone. */
  readonly lost: (row: Row) => Error;
}

/** Values in the order of the write's columns. */
export type Row = readonly unknown[];

/** A row that waits to be written. */
export interface Pending {
  readonly write: Write;
  readonly row: Row;
}

/** One statement for rows of any writes. */
export interface Composed {
  readonly text: string;
  readonly values: readonly unknown[];
  readonly writes: readonly Write[];
}

export interface ComposeOptions {
  /**
   * Whether it fails with `division_by_zero` when a row is lost, for a statement that commits by itself; otherwise it
   * answers how many rows each write has changed, under its name.
   */
  readonly guarded: boolean;
  /** Whether the database is distributed by shard. */
  readonly distributed: boolean;
}

const texts = new Map<string, string>();

/** Puts rows into one statement, all of it or nothing. */
export function compose(pending: readonly Pending[], { guarded, distributed }: ComposeOptions): Composed {
  const rowsOf = Map.groupBy(pending, ({ write }) => write);
  const writes = [...rowsOf.keys()].sort((a, b) => (a.name < b.name ? -1 : 1));
  const key = `${guarded} ${distributed} ${writes.map(({ name }) => name).join(' ')}`;
  const text = texts.get(key) ?? textOf(writes, { guarded, distributed });
  texts.set(key, text);
  const values = writes.flatMap((write) => {
    const rows = (rowsOf.get(write) ?? []).map(({ row }) => row);
    if (rows.length > 1) rows.sort(byKey);
    return Object.keys(write.columns).map((_, column) => rows.map((row) => row[column]));
  });
  return { text, values, writes };
}

/** In one order everywhere, so that two statements with the same rows wait for each other and never in a circle. */
function byKey(left: Row, right: Row): number {
  for (const [i, value] of left.entries()) {
    const [a, b] = [value, right[i]].map((each) => (Buffer.isBuffer(each) ? each.toString('latin1') : each));
    if (typeof a !== typeof b || (typeof a !== 'string' && typeof a !== 'number') || a === b) continue;
    return (a as string) < (b as string) ? -1 : 1;
  }
  return 0;
}

function textOf(writes: readonly Write[], { guarded, distributed }: ComposeOptions): string {
  const parts: string[] = [];
  const counts: string[] = [];
  let taken = 0;
  for (const write of writes) {
    const first = taken + 1;
    const columns = Object.entries(write.columns);
    const given = `(select ${asRows(columns, first)}) as given`;
    const here = (table: string) => (distributed ? `${table}.shard = any($${first})` : 'true');
    const fill = (text: string) =>
      text.replace(/\bgiven\b(?!\.)/g, given).replace(/\$here\((\w+)\)/g, (_all, table: string) => here(table));
    if (write.held) parts.push(`${write.name}_held as materialized (${fill(write.held)})`);
    parts.push(`${write.name} as (${fill(write.text)})`);
    if (mayLose(write))
      counts.push(guarded ? `(select count(*) from ${write.name}) = cardinality($${first})` : countOf(write));
    taken += columns.length;
  }
  const answer = guarded
    ? `1 / case when ${counts.join(' and ') || 'true'} then 1 else 0 end as done`
    : counts.join(', ') || '1 as done';
  return `with ${parts.join(',\n')}\nselect ${answer}`;
}

function mayLose({ text }: Write): boolean {
  return /\breturning\b/.test(text);
}

function countOf({ name }: Write): string {
  return `(select count(*)::integer from ${name}) as ${name}`;
}

/** The error of the first row that a statement has lost, by its answer; undefined when all were written. */
export function lossIn(pending: readonly Pending[], { writes }: Composed, counts: Readonly<Record<string, number>>) {
  for (const write of writes.filter(mayLose)) {
    const rows = pending.filter((each) => each.write === write);
    if (rows[0] && counts[write.name] !== rows.length) return write.lost(rows[0].row);
  }
  return undefined;
}

/** The error for a row whose parent is gone (`foreign_key_violation`); any other error as it is. */
export function withoutParent(pending: readonly Pending[], error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error) || error.code !== '23503' || !('table' in error)) return error;
  const orphan = pending.find(({ write }) => write.table === error.table);
  return orphan ? orphan.write.lost(orphan.row) : error;
}

/** Sends one statement; the door to the database hands it in, so that all are sent, counted and named in one way. */
export type Send = (client: PoolClient, text: string, values: readonly unknown[]) => Promise<QueryResult>;

export interface LaneOptions {
  readonly send: Send;
  /** The most that one statement carries. */
  readonly batch: number;
  /** The most that waits; one more is refused. */
  readonly most: number;
  /** How long somebody waits; whoever has waited longer is refused, also while a statement is under way. */
  readonly longestMs: number;
  /** What is thrown instead of waiting, and when there is no connection. */
  readonly unavailable: (reason: string, cause?: unknown) => Error;
  readonly connect: () => Promise<PoolClient>;
}

interface Waiting<Job, Answer> {
  readonly job: Job;
  readonly since: number;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/** Jobs wait in order; whenever the connection is free it takes as many of them as go into one statement. */
abstract class Lane<Job, Answer> {
  protected readonly options: LaneOptions;
  #waiting: Waiting<Job, Answer>[] = [];
  #isRunning = false;
  #isScheduled = false;
  #watching = false;

  constructor(options: LaneOptions) {
    this.options = options;
  }

  /** Which of the waiting ones go together with the first; all of them unless it says otherwise. */
  protected abstract fits(first: Job, other: Job): boolean;

  /** Does some jobs on a connection and settles each. What it throws is the end of all that are not settled. */
  protected abstract perform(client: PoolClient, batch: readonly Waiting<Job, Answer>[]): Promise<void>;

  run(job: Job): Promise<Answer> {
    if (this.#waiting.length >= this.options.most) {
      return Promise.reject(this.options.unavailable('too much waits for the database'));
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ job, since: performance.now(), resolve, reject });
      this.#wake();
      this.#watch();
    });
  }

  /** While somebody waits, looks now and then who has waited too long. */
  #watch(): void {
    if (this.#watching || this.#waiting.length === 0) return;
    this.#watching = true;
    setTimeout(() => {
      this.#watching = false;
      const late = performance.now() - this.options.longestMs;
      const refused = this.#waiting.filter(({ since }) => since < late);
      this.#waiting = this.#waiting.filter(({ since }) => since >= late);
      for (const { reject } of refused) reject(this.options.unavailable('the database is busy'));
      this.#watch();
    }, this.options.longestMs / 4).unref();
  }

  /** After the turn of the event loop in which requests have arrived, so that these go together. */
  #wake(): void {
    if (this.#isScheduled || this.#isRunning || this.#waiting.length === 0) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      if (this.#waiting.length > 0) void this.#start(this.#take());
    });
  }

  #take(): Waiting<Job, Answer>[] {
    const [first] = this.#waiting;
    if (!first) return [];
    const taken: Waiting<Job, Answer>[] = [];
    const left: Waiting<Job, Answer>[] = [];
    for (const each of this.#waiting) {
      const goes = each === first || (taken.length < this.options.batch && this.fits(first.job, each.job));
      (goes ? taken : left).push(each);
    }
    this.#waiting = left;
    return taken;
  }

  async #start(batch: readonly Waiting<Job, Answer>[]): Promise<void> {
    this.#isRunning = true;
    try {
      const client = await this.options.connect();
      let failure: unknown;
      try {
        await this.perform(client, batch);
      } catch (error) {
        failure = error;
      } finally {
        client.release(isOfNoUse(failure));
      }
      if (failure !== undefined) for (const { reject } of batch) reject(failure);
    } catch (cause) {
      for (const { reject } of batch) reject(this.options.unavailable('no connection', cause));
    }
    this.#isRunning = false;
    this.#wake();
  }
}

/** What PostgreSQL answers of its own state or the connection's, and not of the statement. */
const ofTheServer = /^(08|25P0|53|57|58|XX)/;

/**
 * Whether what failed was not PostgreSQL's word on the statement: its connection is of no more use, and nobody knows what
 * became of the statement or it would fail again. By SQLSTATE: words are translated.
 */
function isOfNoUse(failure: unknown): boolean {
  if (failure === undefined) return false;
  const cause = failure instanceof Error && failure.cause !== undefined ? failure.cause : failure;
  return !(cause instanceof DatabaseError) || ofTheServer.test(cause.code ?? '');
}

interface Question {
  readonly read: Read<unknown>;
  readonly values: Row;
}

/** Reads of one kind leave together. */
export class ReadLane extends Lane<Question, unknown> {
  protected fits(first: Question, other: Question): boolean {
    return first.read === other.read;
  }

  protected async perform(client: PoolClient, batch: readonly Waiting<Question, unknown>[]): Promise<void> {
    const [only] = batch;
    if (!only) return;
    const { read } = only.job;
    if (batch.length === 1) {
      only.resolve((await this.options.send(client, read.text, only.job.values)).rows[0]);
      return;
    }
    const columns = read.types.map((_, column) => batch.map(({ job }) => job.values[column]));
    try {
      const { rows } = await this.options.send(client, read.forMany, [...columns, [...batch.keys()]]);
      const found = new Map(rows.map((row) => [Number(row.n), row]));
      for (const [i, { resolve }] of batch.entries()) resolve(found.get(i));
    } catch (error) {
      if (isOfNoUse(error)) throw error;
      for (const each of batch) await this.#askAlone(client, each);
    }
  }

  /** What PostgreSQL refuses to one is not the others' fault. */
  async #askAlone(client: PoolClient, { job, resolve, reject }: Waiting<Question, unknown>): Promise<void> {
    try {
      resolve((await this.options.send(client, job.read.text, job.values)).rows[0]);
    } catch (error) {
      if (isOfNoUse(error)) throw error;
      reject(error);
    }
  }
}

/**
 * What requests write with one statement each leaves, and is committed, together. When a row of it is lost or anything
 * else stands in its way, it is halved until that request is alone, so that the others hardly pay for it.
 */
export class WriteLane extends Lane<readonly Pending[], void> {
  readonly #alone: (pending: readonly Pending[]) => Promise<void>;

  /** @param alone writes one request's rows in a transaction and says what became of them */
  constructor(options: LaneOptions, alone: (pending: readonly Pending[]) => Promise<void>) {
    super(options);
    this.#alone = alone;
  }

  protected fits(): boolean {
    return true;
  }

  protected async perform(client: PoolClient, batch: readonly Waiting<readonly Pending[], void>[]): Promise<void> {
    const [first] = batch;
    if (!first) return;
    const { text, values } = compose(
      batch.flatMap(({ job }) => job),
      { guarded: true, distributed: false },
    );
    try {
      await this.options.send(client, text, values);
      for (const { resolve } of batch) resolve();
    } catch (error) {
      // Unless PostgreSQL has said that nothing was written, nobody knows: then nothing is tried again.
      if (isOfNoUse(error)) throw error;
      if (batch.length === 1) {
        this.#alone(first.job).then(first.resolve, first.reject);
        return;
      }
      const half = Math.ceil(batch.length / 2);
      await this.perform(client, batch.slice(0, half));
      await this.perform(client, batch.slice(half));
    }
  }
}
