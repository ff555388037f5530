/**
 * All clients in the memory of a process, so that a sign-in reads none from the database.
 *
 * About every second it asks for the registry's version, and only when that moved reads the clients that are newer
 * than what it has. While the database is away it keeps answering from what it has.
 */
import type { Db } from '#src/base/database.ts';
import type { Log } from '#src/base/log.ts';
import { type ChangePosition, type ClientRecord, listChangedClients } from './clients.ts';
import { readRegistryVersion } from './version.ts';

const POLL_MILLISECONDS = 1_000;
/** Small enough that reading a batch does not hold up other work of the process. */
const BATCH = 250;

/** The clients as this process knows them. */
export class ClientCache {
  readonly #db: Db;
  readonly #log: Log;
  readonly #clients = new Map<string, ClientRecord>();
  readonly #machines = new Map<string, ClientRecord>();
  #version = 0;
  /** Settles when the last read that was asked for is over. */
  #reading: Promise<unknown> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #polling = false;
  #failing = false;

  private constructor(db: Db, log: Log) {
    this.#db = db;
    this.#log = log;
  }

  /** Reads the whole registry. @throws {DatabaseUnavailable} */
  static async load(db: Db, log: Log): Promise<ClientCache> {
    const cache = new ClientCache(db, log);
    await cache.#readChanges();
    return cache;
  }

  /** How many clients it knows. */
  get size(): number {
    return this.#clients.size;
  }

  /** The client in whatever state it is, or undefined. Unchanged clients are always the same object, changed ones a new one. */
  find(id: string): ClientRecord | undefined {
    return this.#clients.get(id);
  }

  /** The machine with this home address: the resource server of that name (RFC 8707). */
  findMachine(homeUri: string): ClientRecord | undefined {
    return this.#machines.get(homeUri);
  }

  /** Begins to follow the registry. Does not keep the process alive. */
  start(): void {
    if (this.#polling) return;
    this.#polling = true;
    this.#schedule();
  }

  /** Stops following, after a read that is under way. */
  async stop(): Promise<void> {
    this.#polling = false;
    clearTimeout(this.#timer);
    await this.#reading;
  }

  /** Reads what has changed by now. @throws {DatabaseUnavailable} with the clients as they were. */
  refresh(): Promise<void> {
    // After the read under way, which may have begun before the change that the caller knows of.
    const turn = this.#reading.then(() => this.#readChanges());
    this.#reading = turn.catch(() => undefined);
    return turn;
  }

  #schedule(): void {
    this.#timer = setTimeout(() => void this.#poll(), POLL_MILLISECONDS).unref();
  }

  async #poll(): Promise<void> {
    try {
      await this.refresh();
      if (this.#failing) this.#log.info('the registry is being followed again');
      this.#failing = false;
    } catch (err) {
      if (!this.#failing) this.#log.warn({ err }, 'the registry cannot be read; clients stay as they were');
      this.#failing = true;
    }
    if (this.#polling) this.#schedule();
  }

  async #readChanges(): Promise<void> {
    const version = await readRegistryVersion(this.#db);
    if (version === this.#version) return;
    let after: ChangePosition = { version: this.#version + 1, id: '' };
    for (;;) {
      const clients = await listChangedClients(this.#db, after, BATCH);
      for (const client of clients) this.#put(client);
      const last = clients.at(-1);
      if (!last || clients.length < BATCH) break;
      after = last;
    }
    this.#version = version;
  }

  #put(client: ClientRecord): void {
    if (this.#clients.get(client.id)?.version === client.version) return;
    const before = this.#clients.get(client.id);
    if (isReachable(before) && this.#machines.get(before.homeUri) === before) this.#machines.delete(before.homeUri);
    this.#clients.set(client.id, client);
    if (isReachable(client)) this.#machines.set(client.homeUri, client);
  }
}

/** A machine that has an address; `saveClient` keeps two from having the same. */
function isReachable(client: ClientRecord | undefined): client is ClientRecord & { homeUri: string } {
  return client?.type === 'machine' && client.state !== 'retired' && client.homeUri !== undefined;
}
