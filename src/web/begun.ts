/**
 * The pieces of an answer that is sent while it is read, once the first has been read. Whatever goes wrong until then still has
 * an answer of its own; afterwards it can only break off.
 */
export async function begun<Piece>(pieces: AsyncIterable<Piece>): Promise<AsyncIterable<Piece>> {
  const all = pieces[Symbol.asyncIterator]();
  return goOn(await all.next(), all);
}

async function* goOn<Piece>(first: IteratorResult<Piece>, all: AsyncIterator<Piece>): AsyncGenerator<Piece> {
  try {
    for (let each = first; !each.done; each = await all.next()) yield each.value;
  } finally {
    await all.return?.();
  }
}
