/**
 * One transaction per request: what is acknowledged is durable, what is not has left nothing behind.
 *
 * Commits before the answer leaves when the status is below 500 (a refused replay must still end its grant), rolls back
 * otherwise. A lost database becomes 503, also where a library swallowed the error.
 */
import type { Context, Middleware } from 'koa';
import { type Database, DatabaseUnavailable } from '#src/base/database.ts';
import { UnitOfWork, withDb } from '#src/base/unit-of-work.ts';
import { answerLostRace } from '#src/oidc/races.ts';

/** Makes `ctx.state.db` the unit of this request, and what `currentDb` answers with in everything below. */
export function unitOfWork(database: Database): Middleware {
  return async (ctx, next) => {
    const unit = new UnitOfWork(database);
    const cookies = ctx.res.getHeader('Set-Cookie');
    ctx.state.db = unit;
    try {
      await withDb(unit, next);
      if (isLost(unit, ctx.status)) throw new DatabaseUnavailable('a statement failed', { cause: unit.failure });
      if (ctx.status < 500 && !unit.failure) return await unit.commit();
    } catch (error) {
      takeBack(ctx, cookies);
      await unit.rollback();
      if (await answerLostRace(ctx, database, error)) return;
      throw error;
    }
    if (ctx.status >= 500) takeBack(ctx, cookies);
    await unit.rollback();
  };
}

/** Whether an answer must not leave as it is: the database is gone, or the answer promises what cannot be committed. */
function isLost({ failure }: UnitOfWork, status: number): boolean {
  return failure instanceof DatabaseUnavailable || (failure !== undefined && status < 400);
}

/** Cookies for rows that were never written would cost the browser the ones it has. */
function takeBack(ctx: Context, cookies: ReturnType<Context['res']['getHeader']>): void {
  ctx.remove('Location');
  ctx.remove('Set-Cookie');
  if (cookies !== undefined) ctx.res.setHeader('Set-Cookie', cookies);
}
