/** A database with the people's room and nothing else around it. */
import { randomBytes } from 'node:crypto';
import { inject } from 'vitest';
import { Database, type Db } from '#src/base/database.ts';
import { loadSecrets } from '#src/base/keys.ts';
import { Refusal, type RefusalCode } from '#src/base/refusals.ts';
import type { Secrets } from '#src/base/secrets.ts';
import type { Account } from '#src/people/accounts.ts';
import type { Identifier } from '#src/people/identifiers.ts';
import { createAccount, type NewAccount } from '#src/people/new-accounts.ts';
import { createThrottles, type Throttles } from '#src/people/throttles.ts';
import { holdLateRows } from '#test/support/late-rows.ts';
import { createDatabase, PATIENCE } from '#test/support/postgres.ts';

export interface People extends AsyncDisposable {
  readonly database: Database;
  readonly secrets: Secrets;
  readonly masterKey: Buffer;
  /** In force. */
  readonly throttles: Throttles;
  /** An account at `<name>@contoh.id`. */
  citizen(name: string, more?: Partial<NewAccount>): Promise<Account>;
  /** What the work of one request does, as one transaction. A refusal commits, as in the server. */
  request<T>(work: (db: Db) => Promise<T>): Promise<T>;
}

export async function openPeople(options: { coalesce?: boolean } = {}): Promise<People> {
  const home = await createDatabase(inject('adminUrl'), { template: inject('emptyTemplate') });
  const database = new Database(home.url, { max: 20, ...PATIENCE, ...options });
  const masterKey = randomBytes(32);
  const secrets = await loadSecrets(database, [masterKey]);
  return {
    database,
    secrets,
    masterKey,
    throttles: createThrottles(database, secrets, { enabled: true }),
    citizen: (name, more = {}) =>
      createAccount(database, secrets, { name, language: 'id', identifier: email(name), ...more }),
    request: (work) => runRequest(database, work),
    async [Symbol.asyncDispose]() {
      await database.close();
      await home.drop();
    },
  };
}

async function runRequest<T>(database: Database, work: (db: Db) => Promise<T>): Promise<T> {
  const outcome = await database.transaction(async (db) => {
    try {
      return { value: await work(db) };
    } catch (error) {
      if (error instanceof Refusal) return { refusal: error };
      throw error;
    }
  });
  if ('refusal' in outcome) throw outcome.refusal;
  return outcome.value;
}

export function email(name: string): Identifier {
  return { kind: 'email', value: `${name.toLowerCase()}@contoh.id` };
}

let numbers = 0;

/** A phone number that nobody has yet. */
export function phone(): Identifier {
  numbers += 1;
  return { kind: 'phone', value: `+62812000${String(numbers).padStart(5, '0')}` };
}

/** The code of the refusal that `work` ends in; undefined when it succeeds. Other errors pass through. */
export async function refusalOf(work: Promise<unknown>): Promise<RefusalCode | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    if (error instanceof Refusal) return error.code;
    throw error;
  }
}

/** The texts sent to the database meanwhile, without what is written late. */
export async function statementsOf(database: Database, work: () => Promise<unknown>): Promise<string[]> {
  await database.settle();
  const sent: string[] = [];
  const release = holdLateRows(database);
  database.onStatement = (text) => sent.push(text);
  try {
    await work();
  } finally {
    database.onStatement = undefined;
    release();
  }
  return sent;
}
