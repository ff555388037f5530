/** Whether this process lives, and whether it can work; for those who send traffic its way. */
import type { Context, Middleware } from 'koa';
import type { Database } from '#src/base/database.ts';

/** `/livez`: the process answers. `/readyz`: it has its database and is not stopping. Neither needs anything else. */
export function health(database: Database, state: { stopping: boolean }): Middleware {
  return (ctx, next) => (ctx.path === '/livez' || ctx.path === '/readyz' ? answer(ctx) : next());

  async function answer(ctx: Context): Promise<void> {
    const isWell = ctx.path === '/livez' || (!state.stopping && (await answers(database)));
    ctx.status = isWell ? 200 : 503;
    if (!isWell) ctx.set('Retry-After', '2');
    ctx.set('Cache-Control', 'no-store');
    ctx.type = 'text/plain';
    ctx.body = isWell ? 'ok\n' : state.stopping ? 'stopping\n' : 'the database does not answer\n';
  }
}

async function answers(database: Database): Promise<boolean> {
  try {
    await database.ping();
    return true;
  } catch {
    return false;
  }
}
