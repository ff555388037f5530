/** Apps that are refused because their place is closed: counted, whichever way they came in, although nothing else of them is left. */
import type { Middleware } from 'koa';
import type { Database } from '#src/base/database.ts';
import { NotMadeRefusal, noteRefused } from '#src/registry/not-made.ts';

/** Around the unit of work, which has been undone by then. */
export function countNotMade(database: Database): Middleware {
  return async (_ctx, next) => {
    try {
      await next();
    } catch (error) {
      if (error instanceof NotMadeRefusal) await noteRefused(database, error);
      throw error;
    }
  };
}
