/**
 * What the protocol engine stores, on PostgreSQL.
 *
 * Promises:
 * - Single use is claimed by one conditional statement. The library reads whether something was used, then calls `consume`
 *   and ignores the answer; so what a request makes of a code is written by the very statement that spends the code, and of
 *   two requests one writes (RFC 6749 §4.1.2, RFC 9700 §4.14.2). What the other is told: `races.ts`.
 * - All that one request writes is one transaction. What the adapter is told to save waits for the end of the request, when
 *   all of it leaves as one statement (`base/database.ts`).
 * - What a request needs to know is read once: with a token its grant, person, subject and session; with the session of a
 *   browser the person, and permissions and grant of the app that asks. Later questions are answered from what was read.
 * - An id that an outsider holds is stored only as its keyed hash, and an id of one kind is never found as another.
 * - Artifacts hang on their grant by a foreign key: without the grant there is no token. Whoever changes artifacts of a
 *   grant locks the grant first, so that uses, withdrawals and sign-outs at the same moment wait instead of colliding.
 *
 * Every statement names one shard (`statements.ts`). Ids carry it (see `Secrets.newTaggedId`); interactions, whose ids the
 * library draws, live in the shard of their own hash.
 *
 * In `storage/`: an adapter for each kind of thing (artifacts, grants, interactions, sessions), what a request has read
 * (`known.ts`), and the person as far as one app is concerned (`person-of-app.ts`).
 */
import type { Adapter } from 'oidc-provider';
import { shardOfHash } from '#src/base/secrets.ts';
import { currentDb } from '#src/base/unit-of-work.ts';
import * as statements from './statements.ts';
import { ArtifactAdapter } from './storage/artifacts.ts';
import { GrantAdapter } from './storage/grants.ts';
import { InteractionAdapter } from './storage/interactions.ts';
import { SessionAdapter } from './storage/sessions.ts';
import type { StorageContext } from './storage/stored-model.ts';

/** Gives each model its adapter. The library calls it once per model. */
export function createAdapter(context: StorageContext): (model: string) => Adapter {
  return (model) => {
    if (model === 'Session') return new SessionAdapter(context);
    if (model === 'Grant') return new GrantAdapter(context);
    if (model === 'Interaction') return new InteractionAdapter(context);
    return new ArtifactAdapter(model, context);
  };
}

/**
 * Claims a `jti` once (RFC 7523 §3, RFC 9449 §11.1). `namespace` says whose: two clients may use the same one, a client
 * may not use one for an assertion and for a DPoP proof.
 */
export async function claimReplayMarker(
  context: Pick<StorageContext, 'database' | 'secrets'>,
  namespace: string,
  jti: string,
  expiresAt: Date,
): Promise<boolean> {
  const hash = context.secrets.hash('replay', `${namespace}\0${jti}`);
  const shard = shardOfHash(hash);
  const db = currentDb(context.database).for(shard);
  return (await db.execute(statements.claimReplayMarker, [shard, hash, expiresAt])) === 1;
}
