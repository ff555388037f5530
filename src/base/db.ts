/** What a room asks of the database, whoever runs the statements: the pool, a transaction or a request's unit of work. */
import type pg from 'pg';
import type { Read, Row, Write } from './coalescing.ts';
import type { Row as CopiedRow } from './copy.ts';
import type { SoonOptions } from './soon.ts';

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

/** What is the same for all of them: rows, one row and counts are read off the answer to a statement. */
export abstract class Statements implements Db {
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
