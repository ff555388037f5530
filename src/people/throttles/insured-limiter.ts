/** A limit whose counts are kept in memory, by this process alone, for as long as their store does not answer. */
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import type { Limit, LimitName } from '#src/base/limits.ts';
import { limitsInsured } from '#src/base/metrics.ts';

/** After a failure the store is not asked for so long, so that nobody waits for it several times. */
const REST_MS = 1_000;

/** What is known of the store, for all limits together. */
export interface Outage {
  /** By the clock of `performance.now`. */
  until: number;
  /** Whether an error means that the store does not answer; any other is thrown. */
  readonly is: (error: unknown) => boolean;
  readonly heard: (error: unknown) => void;
}

interface Store {
  consume(key: string): Promise<RateLimiterRes>;
  penalty(key: string, points: number): Promise<RateLimiterRes>;
  reward(key: string, points: number, options: { soon: boolean }): Promise<RateLimiterRes>;
}

/** Counts in the store, and by itself during an {@link Outage}. */
export class InsuredLimiter {
  readonly #store: Store;
  readonly #insurance: RateLimiterMemory;
  readonly #name: LimitName;
  readonly #outage: Outage;

  constructor(store: Store, { name, points, duration }: Limit & { readonly name: LimitName }, outage: Outage) {
    this.#store = store;
    this.#insurance = new RateLimiterMemory({ points, duration });
    this.#name = name;
    this.#outage = outage;
  }

  /** @throws {RateLimiterRes} when none may pass */
  consume(key: string): Promise<RateLimiterRes> {
    return this.#insured(
      () => this.#store.consume(key),
      () => this.#consumeHere(key),
    );
  }

  /** Whoever is refused has tried nothing. */
  async #consumeHere(key: string): Promise<RateLimiterRes> {
    try {
      return await this.#insurance.consume(key);
    } catch (refused) {
      await this.#insurance.reward(key);
      throw refused;
    }
  }

  /** A point may have been taken in the store. */
  async #rewardHere(key: string): Promise<RateLimiterRes> {
    const counted = await this.#insurance.get(key);
    return counted && counted.consumedPoints > 0 ? this.#insurance.reward(key) : new RateLimiterRes();
  }

  penalty(key: string, points: number): Promise<RateLimiterRes> {
    return this.#insured(
      () => this.#store.penalty(key, points),
      () => this.#insurance.penalty(key, points),
    );
  }

  reward(key: string, options: { soon: boolean }): Promise<RateLimiterRes> {
    return this.#insured(
      () => this.#store.reward(key, 1, options),
      () => this.#rewardHere(key),
    );
  }

  async #insured(ask: () => Promise<RateLimiterRes>, instead: () => Promise<RateLimiterRes>): Promise<RateLimiterRes> {
    if (performance.now() < this.#outage.until) return this.#without(instead);
    try {
      return await ask();
    } catch (error) {
      if (error instanceof RateLimiterRes || !this.#outage.is(error)) throw error;
      if (performance.now() >= this.#outage.until) this.#outage.heard(error);
      this.#outage.until = performance.now() + REST_MS;
      return this.#without(instead);
    }
  }

  #without(instead: () => Promise<RateLimiterRes>): Promise<RateLimiterRes> {
    limitsInsured.inc({ limit: this.#name });
    return instead();
  }
}
