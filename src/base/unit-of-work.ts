/** The unit of work: all that one request writes, as one transaction. */
import { AsyncLocalStorage } from 'node:async_hooks';
import type pg from 'pg';
import { compose, lossIn, type Pending, type Read, type Row, type Write, withoutParent } from './coalescing.ts';
import type { Row as CopiedRow } from './copy.ts';
import type { Database } from './database.ts';
import { DatabaseUnavailable, isConnectionLost } from './database-errors.ts';
import { type Db, Statements, type Transaction } from './db.ts';
import { commitsTotal } from './metrics.ts';
import type { SoonOptions } from './soon.ts';

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
