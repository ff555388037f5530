/** Passwords: argon2id with bounded work, and no rule but length and "not easy to guess" (NIST SP 800-63B-4 §3.1.1.2). */
import { availableParallelism } from 'node:os';
import type { ZxcvbnFactory } from '@zxcvbn-ts/core';
import argon2 from 'argon2';
import { recordAccountEvent, recordAccountEvents } from '#src/audit/events.ts';
import type { Db, Transaction } from '#src/base/database.ts';
import { Refusal } from '#src/base/refusals.ts';
import { newAccountId, shardOf } from '#src/base/secrets.ts';
import { type AccountState, mayUse } from './accounts.ts';

const MIN_LENGTH = 8;
const MAX_LENGTH = 256;

/** OWASP's parameters: about 20 ms and 19 MiB each. The library's own defaults cost eight times as much. */
const parameters = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** What a password is compared with when there is none: of the same cost, made of random bytes nobody kept. */
const noPassword = '$argon2id$v=19$m=19456,p=1,t=2$qk3BuAfwWh9XOWUyMkKxRg$zPDrh1ozXsEg09U3YxdkthI04/ANFUWul+j3xwbfRhM';

/** For each hash that runs, so many wait: a third of a second's worth. */
const WAITING_PER_HASH = 16;
/**
 * Where the cores are busy with other things a hash takes many times as long. Then the queue is still bounded by its length,
 * and who waits costs nothing; this is where a person would press again. Refusing sooner makes them type and queue anew.
 */
const LONGEST_WAIT_MS = 4_000;

interface Waiting {
  readonly begin: () => void;
  readonly timer: NodeJS.Timeout;
}

/**
 * So many hashes at once as this process has cores for, and a short queue; whoever comes later is told to come again, so
 * that a rush of sign-ins cannot make everything else slow. Who goes first has a queue of their own.
 */
class HashQueue {
  width = 1;
  readonly #first: Waiting[] = [];
  readonly #others: Waiting[] = [];
  #running = 0;

  async run<T>(work: () => Promise<T>, { goesFirst = false } = {}): Promise<T> {
    if (this.#running >= this.width) await this.#waitIn(goesFirst ? this.#first : this.#others);
    else this.#running += 1;
    try {
      return await work();
    } finally {
      this.#handOver();
    }
  }

  /** Resolves when a running one hands its place over. */
  #waitIn(line: Waiting[]): Promise<void> {
    if (line.length >= WAITING_PER_HASH * this.width)
      throw new Refusal('password_busy', 'the queue of password hashes is full');
    return new Promise((begin, refuse) => {
      const timer = setTimeout(() => {
        line.splice(line.indexOf(waiting), 1);
        refuse(new Refusal('password_busy', 'a password hash waited too long'));
      }, LONGEST_WAIT_MS);
      const waiting = { begin, timer };
      line.push(waiting);
    });
  }

  #handOver(): void {
    const next = this.#first.shift() ?? this.#others.shift();
    if (!next) {
      this.#running -= 1;
      return;
    }
    clearTimeout(next.timer);
    next.begin();
  }
}

const queue = new HashQueue();
configureHashing({ workers: 1, threads: 4 });

/**
 * Says how much of the machine may hash passwords here: this process's part of the cores, and never its last thread,
 * because files and names are read on those threads too.
 */
export function configureHashing({ workers, threads }: { readonly workers: number; readonly threads: number }): void {
  queue.width = Math.max(1, Math.min(Math.floor(availableParallelism() / workers), threads - 1));
}

/** One spelling for what different keyboards write as different code points. */
function normalise(password: string): string {
  return password.normalize('NFKC');
}

function hasFittingLength(password: string): boolean {
  if (password.length > 2 * MAX_LENGTH) return false;
  const length = [...normalise(password)].length;
  return length >= MIN_LENGTH && length <= MAX_LENGTH;
}

/** argon2id of a password, as text with its parameters. @throws `password_busy` */
export function hashPassword(password: string): Promise<string> {
  return queue.run(() => argon2.hash(normalise(password), parameters));
}

/** How far a guesser may get: refused is what takes fewer than ten million guesses. */
const MIN_GUESSES_LOG10 = 7;

/** Judged by its beginning only, which bounds the work (tens of milliseconds) and is right for all but odd cases. */
const JUDGED_LENGTH = 40;

let judge: Promise<ZxcvbnFactory> | undefined;

/** At first use: the word lists take 30 MiB and a tenth of a second, and most processes start without anybody waiting for them. */
async function buildJudge(): Promise<ZxcvbnFactory> {
  const [{ ZxcvbnFactory }, common, indonesian] = await Promise.all([
    import('@zxcvbn-ts/core'),
    import('@zxcvbn-ts/language-common'),
    import('@zxcvbn-ts/language-id'),
  ]);
  return new ZxcvbnFactory({
    dictionary: { ...common.dictionary, ...indonesian.dictionary },
    graphs: common.adjacencyGraphs,
    l33tMaxSubstitutions: 5,
  });
}

/**
 * Whether a password may be chosen. Length comes first and is the only rule about its form; nothing is cut off.
 *
 * @param personalWords what others know about its owner: name, address, user name. Whole values; their parts are tried too.
 * @throws `password_length` outside 8 to 256 characters, `password_weak` when common or personal words guess it.
 */
export async function checkPassword(password: string, personalWords: readonly string[]): Promise<void> {
  if (!hasFittingLength(password)) throw new Refusal('password_length');
  const judged = [...normalise(password)].slice(0, JUDGED_LENGTH).join('');
  judge ??= buildJudge();
  const { guessesLog10 } = (await judge).check(judged, wordsIn(personalWords));
  if (guessesLog10 < MIN_GUESSES_LOG10) throw new Refusal('password_weak');
}

function wordsIn(personal: readonly string[]): string[] {
  const words = personal.flatMap((text) => [text, ...text.split(/[^\p{L}\p{N}]+/u)]);
  return [...new Set(words.map((word) => word.toLowerCase()).filter((word) => word.length >= 3))].slice(0, 50);
}

/**
 * Gives an account the password that a hash of {@link hashPassword} was made of, in place of an earlier one. Check it
 * ({@link checkPassword}) and make the hash before the unit of work writes, so that no connection waits for either.
 */
export async function storePassword(db: Db, accountId: string, hash: string): Promise<void> {
  const shard = shardOf(accountId);
  await db.for(shard).execute(
    `insert into passwords (shard, account_id, hash, set_at) values ($1, $2, $3, $4)
     on conflict (shard, account_id) do update set hash = excluded.hash, set_at = excluded.set_at`,
    [shard, accountId, hash, new Date()],
  );
  await recordAccountEvent(db, { accountId, kind: 'password.set' });
}

/** {@link storePassword} for the many of a load: one hash for accounts that have none yet. */
export async function storePasswords(tx: Transaction, accountIds: readonly string[], hash: string): Promise<void> {
  const now = new Date();
  await tx.forAll(accountIds.map(shardOf)).copy(
    'copy passwords (shard, account_id, hash, set_at) from stdin',
    accountIds.map((id) => [shardOf(id), id, hash, now]),
  );
  await recordAccountEvents(
    tx,
    accountIds.map((accountId) => ({ accountId, kind: 'password.set' })),
  );
}

/** Switches the password of an account off. Ask for fresh proof before. @throws `not_found` when it has none */
export async function removePassword(db: Db, accountId: string): Promise<void> {
  const shard = shardOf(accountId);
  const home = db.for(shard);
  const removed = await home.execute(`delete from passwords where shard = $1 and account_id = $2`, [shard, accountId]);
  if (removed === 0) throw new Refusal('not_found', 'this account has no password');
  await recordAccountEvent(db, { accountId, kind: 'password.removed' });
}

/** Since when an account has the password that it has. */
export async function findPasswordDate(db: Db, accountId: string): Promise<Date | undefined> {
  const shard = shardOf(accountId);
  const home = db.for(shard);
  const row = await home.first<{ set_at: Date }>(`select set_at from passwords where shard = $1 and account_id = $2`, [
    shard,
    accountId,
  ]);
  return row?.set_at;
}

/** Whether an account has a password. */
export async function hasPassword(db: Db, accountId: string): Promise<boolean> {
  return (await findPasswordDate(db, accountId)) !== undefined;
}

/**
 * Whether this is the password of an account that may be used.
 *
 * One statement and one hash, whether the account exists or not, has a password or not, may be used or not: the answer
 * and the time say only yes or no. `accountId` undefined: nobody.
 *
 * @param options.goesFirst in front of those that wait for a hash; for a browser that the account knows
 * @throws `password_busy`
 */
export async function verifyPassword(
  db: Db,
  accountId: string | undefined,
  password: string,
  options: { readonly goesFirst?: boolean } = {},
): Promise<boolean> {
  const id = accountId ?? newAccountId();
  const shard = shardOf(id);
  const stored = await db.for(shard).first<{ hash: string; state: AccountState }>(
    `select p.hash, a.state
     from passwords p join accounts a on a.shard = p.shard and a.id = p.account_id
     where p.shard = $1 and a.shard = $1 and p.account_id = $2`,
    [shard, id],
  );
  const fits = hasFittingLength(password);
  const digest = fits && stored ? stored.hash : noPassword;
  const matches = await queue.run(() => argon2.verify(digest, fits ? normalise(password) : ''), options);
  if (!matches || !stored || !mayUse(stored) || !fits) return false;
  if (argon2.needsRehash(stored.hash, parameters)) await renewHash(db, id, password, stored.hash);
  return true;
}

/** The parameters have grown since the hash was made. Another process may have renewed it already. */
async function renewHash(db: Db, accountId: string, password: string, old: string): Promise<void> {
  const hash = await hashPassword(password);
  const shard = shardOf(accountId);
  const home = db.for(shard);
  await home.execute(`update passwords set hash = $3 where shard = $1 and account_id = $2 and hash = $4`, [
    shard,
    accountId,
    hash,
    old,
  ]);
}
