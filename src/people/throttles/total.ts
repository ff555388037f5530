/**
 * A limit of everybody together. One row that every try writes would be the slowest of all, so each process counts its own
 * and merges them with those of the others once a second: it may let pass a second's worth too many, and no try waits for it.
 */
import { RateLimiterRes } from 'rate-limiter-flexible';
import type { Limit } from '#src/base/limits.ts';

const MERGE_MS = 1_000;

/** Where the counts of all processes are. */
interface Store {
  penalty(key: string, points: number): Promise<RateLimiterRes>;
}

/** What this process knows of such a limit. */
export class Total {
  readonly #store: Store;
  readonly #key: string;
  readonly #limit: Limit;
  /** Not merged yet. */
  #own = 0;
  #mergedAt = 0;
  #isMerging = false;
  /** Of everybody, when it was last merged, and until when that is true. */
  #known = 0;
  #knownUntil = 0;

  constructor(store: Store, key: string, limit: Limit) {
    this.#store = store;
    this.#key = key;
    this.#limit = limit;
  }

  /** Takes a point. @throws {RateLimiterRes} when there is none until the window ends */
  take(): void {
    this.#mergeNowAndThen();
    const left = this.#knownUntil - Date.now();
    const known = left > 0 ? this.#known : 0;
    if (known + this.#own >= this.#limit.points) throw new RateLimiterRes(0, left > 0 ? left : MERGE_MS, known);
    this.#own += 1;
  }

  giveBack(): void {
    this.#own -= 1;
  }

  #mergeNowAndThen(): void {
    const since = Math.abs(Date.now() - this.#mergedAt);
    if (this.#isMerging || since < MERGE_MS) return;
    // Nobody has come for so long that what was not merged is of a window that is over.
    if (since > this.#limit.duration * 1000 + MERGE_MS) this.#own = 0;
    this.#isMerging = true;
    void this.#merge().finally(() => {
      this.#isMerging = false;
    });
  }

  /** What was given back after it had been merged is taken off the next ones. */
  async #merge(): Promise<void> {
    const merged = Math.max(0, this.#own);
    this.#mergedAt = Date.now();
    try {
      const { consumedPoints, msBeforeNext } = await this.#store.penalty(this.#key, merged);
      this.#own -= merged;
      this.#known = consumedPoints;
      this.#knownUntil = Date.now() + msBeforeNext;
    } catch {
      // They wait for the next time.
    }
  }
}
