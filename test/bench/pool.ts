/** Things that only one flow at a time may use, handed out in turn. */
export class Pool<T> {
  readonly #free: T[];

  constructor(all: readonly T[]) {
    this.#free = [...all];
  }

  /** Runs `work` with the one that has rested longest. @throws when all are in use */
  async use<R>(work: (one: T) => Promise<R>): Promise<R> {
    const one = this.#free.shift();
    if (one === undefined) throw new Error('more flows at once than there are people');
    try {
      return await work(one);
    } finally {
      this.#free.push(one);
    }
  }
}

/** Runs `work` on each, at most `width` at once. */
export async function eachOf<T>(all: readonly T[], width: number, work: (one: T) => Promise<void>): Promise<void> {
  const left = all.values();
  const run = async () => {
    for (const one of left) await work(one);
  };
  await Promise.all(Array.from({ length: width }, run));
}
