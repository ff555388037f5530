/** Counts of what happens often, each written about a second later (or a minute) as one row, however often it happened until then. */
import type { Row, Write } from './coalescing.ts';
import type { Db, SoonOptions } from './database.ts';

interface Count {
  times: number;
  lastAt: Date;
}

/** The counts of one process; what is not written yet may be lost with it. */
export class Tally {
  readonly #db: Pick<Db, 'soon'>;
  readonly #counts = new Map<Write, Map<string, Count>>();

  constructor(db: Pick<Db, 'soon'>) {
    this.#db = db;
  }

  /**
   * Once more.
   *
   * @param key what is counted, among all that this write writes
   * @param row for so many times, the last of them then
   */
  count(write: Write, key: string, row: (times: number, lastAt: Date) => Row, options?: SoonOptions): void {
    const counts = this.#counts.get(write) ?? new Map<string, Count>();
    this.#counts.set(write, counts);
    const count = counts.get(key);
    if (count) {
      count.times += 1;
      count.lastAt = new Date();
      return;
    }
    const first = { times: 1, lastAt: new Date() };
    counts.set(key, first);
    const counted = () => {
      counts.delete(key);
      return row(first.times, first.lastAt);
    };
    void this.#db.soon(write, counted, options);
  }
}
