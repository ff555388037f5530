/** The numbers from 1 to `last`, in lists of at most `size`. */
export function* batches(last: number, size: number): Generator<number[]> {
  for (let from = 1; from <= last; from += size)
    yield Array.from({ length: Math.min(size, last - from + 1) }, (_, index) => from + index);
}

/**
 * How many keys of many shards one statement looks up. For each key PostgreSQL goes through the shards of all of them, so
 * that its work grows with the square of this.
 */
const KEYS_AT_ONCE = 200;

/** Keys of many shards in lists for a statement each. */
export function* lookUps<Key>(keys: readonly Key[]): Generator<Key[]> {
  for (let from = 0; from < keys.length; from += KEYS_AT_ONCE) yield keys.slice(from, from + KEYS_AT_ONCE);
}
