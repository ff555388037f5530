/**
 * What a load balancer and an orchestrator ask: `/livez` (is the process there?) and `/readyz` (may it get requests?).
 *
 * Answered in front of the app, so that the answers stay true when the app is busy or stopping.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Db } from './database.ts';

export interface Health {
  /** Answers a request that asks for health, and says whether it was one. */
  answer(request: IncomingMessage, response: ServerResponse): boolean;
  /** From now on `/readyz` answers 503, while requests are still served. */
  beginStopping(): void;
}

/** `db` is asked one trivial question with every `/readyz`; a pool that gives no connection in three seconds is not ready. */
export function createHealth(db: Db): Health {
  let isStopping = false;

  async function answerReadiness(response: ServerResponse): Promise<void> {
    if (isStopping) return send(response, 503, 'stopping');
    try {
      await db.first('select 1 as one');
      send(response, 200, 'ready');
    } catch {
      send(response, 503, 'database_unavailable');
    }
  }

  return {
    answer(request, response) {
      const path = request.url?.split('?', 1)[0];
      if (path !== '/livez' && path !== '/readyz') return false;
      if (request.method !== 'GET' && request.method !== 'HEAD') {
        response.setHeader('allow', 'GET, HEAD');
        send(response, 405, 'method_not_allowed');
      } else if (path === '/livez') send(response, 200, 'alive');
      else void answerReadiness(response);
      return true;
    },
    beginStopping() {
      isStopping = true;
    },
  };
}

function send(response: ServerResponse, status: number, word: string): void {
  if (status === 503) response.setHeader('retry-after', '2');
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(`${JSON.stringify({ status: word })}\n`);
}
