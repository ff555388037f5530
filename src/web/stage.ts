/**
 * `GET /apps/:client/migration`: how far an app has come from accounts of its own, for the app itself: its server, and its
 * pages in a browser or on a phone, which can keep no key.
 *
 * Nothing here is a secret: whoever opens the app sees the same. What is planned, and why, is not told. It is answered from
 * the process's memory, so an app may ask with every sign-in.
 */
import { createHash } from 'node:crypto';
import type { Context } from 'koa';
import { Refusal } from '#src/base/refusals.ts';
import { mayBeUsed } from '#src/registry/client-reach.ts';
import { stageBefore } from '#src/registry/cohorts.ts';
import type { OpenHouse } from './house.ts';

/** How long an answer may be kept, in seconds: as long as a step back may take to be seen. */
const FRESH_SECONDS = 5;

/** Where an app reads its stage. */
export function stageAddress(issuer: string, clientId: string): string {
  return `${issuer}/apps/${encodeURIComponent(clientId)}/migration`;
}

/** @throws {Refusal} `not_here` for what nobody can sign in to, whether or not it is there */
export function answerStage(ctx: Context, { clients, config }: OpenHouse): void {
  const clientId = String(ctx.params.client);
  const client = clients.find(clientId);
  if (!client || client.type === 'machine' || !mayBeUsed(client, config.mode))
    throw new Refusal('not_here', `nobody signs in to ${clientId}`);
  const stage = client.migrationStage;
  const body = JSON.stringify({
    ...{ client_id: client.id, stage, percentage: client.migrationPercentage },
    stage_of_others: stageBefore(stage) ?? null,
  });
  ctx.set('Access-Control-Allow-Origin', '*');
  ctx.set('Access-Control-Expose-Headers', 'ETag');
  ctx.set('Cache-Control', `public, max-age=${FRESH_SECONDS}`);
  ctx.etag = createHash('sha256').update(body).digest('base64url').slice(0, 16);
  ctx.status = 200;
  if (ctx.fresh) {
    ctx.status = 304;
    return;
  }
  ctx.type = 'application/json';
  ctx.body = body;
}
