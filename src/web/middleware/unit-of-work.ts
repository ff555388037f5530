/**
 * One transaction per request: what is acknowledged is durable, what is not has left nothing behind.
 *
 * Commits before the answer leaves when the status is below 500 (a refused replay must still end its grant), rolls back
 * otherwise. A lost database becomes 503, also where a library swallowed the error.
 */
import type { Middleware } from 'koa';
import { type Database, DatabaseUnavailable, UnitOfWork, withDb } from '#src/base/database.ts';

/** Makes `ctx.state.db` the unit of this request, and what `currentDb` answers with in everything below. */
export function unitOfWork(database: Database): Middleware {
  return async (ctx, next) => {
    const unit = new UnitOfWork(database);
    ctx.state.db = unit;
    try {
      await withDb(unit, next);
    } catch (error) {
      await unit.rollback();
      throw error;
    }
    if (unit.failure instanceof DatabaseUnavailable) {
      await unit.rollback();
      throw unit.failure;
    }
    if (ctx.status >= 500 || unit.failure) await unit.rollback();
    else await unit.commit();
  };
}
