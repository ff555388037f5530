/**
 * What is told to a request that lost a race: when its answer was to be written, the world had changed since it was read.
 *
 * The engine is through by then, so its error handling is too. A browser is sent to the same address again and meets what
 * there is now. An app is told that its grant is not valid any more (RFC 6749 §5.2).
 */
import type { Context } from 'koa';
import { errors } from 'oidc-provider';
import type { Database } from '#src/base/database.ts';
import { UnitOfWork } from '#src/base/unit-of-work.ts';
import { Spent } from './statements.ts';
import { endGrant } from './storage/grants.ts';

/**
 * Answers for what {@link UnitOfWork.commit} threw in a request to the engine.
 *
 * @returns false when it was no lost race, or a page's, which says itself what it means
 */
export async function answerLostRace(ctx: Context, database: Database, error: unknown): Promise<boolean> {
  // A second use at the same moment means that somebody else holds a copy: everything that came of it ends.
  if (error instanceof Spent && error.grantId) await endAlone(database, error.grantId);
  const told = error instanceof Spent ? error.answer : error;
  if (!(told instanceof errors.OIDCProviderError) || !ctx.oidc) return false;
  ctx.set('Cache-Control', 'no-store');
  if (ctx.method === 'GET' || ctx.method === 'HEAD') {
    ctx.redirect(ctx.path + ctx.search);
    ctx.status = 303;
  } else {
    ctx.status = told.statusCode;
    ctx.body = { error: told.error, error_description: told.error_description };
  }
  return true;
}

async function endAlone(database: Database, grantId: string): Promise<void> {
  const unit = new UnitOfWork(database);
  try {
    await endGrant(unit, grantId);
    await unit.commit();
  } catch (error) {
    await unit.rollback();
    throw error;
  }
}
