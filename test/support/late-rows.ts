import type { Database } from '#src/base/database.ts';

/**
 * Holds back what is to be written soon, so that it falls in nowhere else: a second may be over before a busy machine is through.
 *
 * @returns what lets it go
 */
export function holdLateRows(database: Database): () => void {
  const held: (() => void)[] = [];
  const { soon } = database;
  database.soon = (...row) =>
    new Promise((resolve) => held.push(() => void database.soon(...row).then(() => resolve())));
  return () => {
    database.soon = soon;
    for (const release of held) release();
  };
}
