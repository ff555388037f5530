/** The numbers from 1 to `last`, in lists of at most `size`. */
export function* batches(last: number, size: number): Generator<number[]> {
  for (let from = 1; from <= last; from += size)
    yield Array.from({ length: Math.min(size, last - from + 1) }, (_, index) => from + index);
}
