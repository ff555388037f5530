/** Interactions: what is under way between an app's request and its answer. */
import { type Adapter, type AdapterPayload, errors, Provider } from 'oidc-provider';
import type { Db } from '#src/base/database.ts';
import { epochSeconds } from '#src/base/epoch.ts';
import { type Secrets, shardOfHash } from '#src/base/secrets.ts';
import { isEndedSince } from '#src/people/accounts.ts';
import * as statements from '../statements.ts';
import { knownIn, type Place } from './known.ts';
import { readPerson } from './person-of-app.ts';
import { type Opening, openSealed, seal } from './sealed-payloads.ts';
import { StoredModel, toJson } from './stored-model.ts';

/**
 * Interactions. What a person typed is in them, so they are sealed.
 *
 * Whoever resumes one takes it by the look that finds it: of several exactly one goes on. What such a request does not end
 * after all (somebody else is signed in and has to be asked first) is put back: {@link putBackInteractions}.
 */
export class InteractionAdapter extends StoredModel implements Adapter {
  async upsert(id: string, payload: AdapterPayload, expiresIn: number): Promise<void> {
    await writeInteraction(this.context, this.db, id, payload, expiresIn);
  }

  async find(id: string): Promise<AdapterPayload | undefined> {
    const known = knownIn(this.db);
    const read = known.get('interaction', id);
    if (read) return { ...read, jti: id };
    const takes = Provider.ctx?.oidc.route === 'resume';
    const payload = await readInteraction(this.context, this.db, id, takes ? 'take' : 'look');
    if (payload && takes && (await this.#isEnded(payload))) {
      known.delete('interaction', id);
      return undefined;
    }
    if (payload && takes) known.taken.add(id);
    return payload && { ...payload, jti: id };
  }

  /** Whether somebody has signed in here to an account of which everything was ended since: then it is over. */
  async #isEnded({ result, params }: AdapterPayload): Promise<boolean> {
    const { login } = (result ?? {}) as { login?: { accountId: string; ts: number } };
    const client = this.context.findClient(String(params?.client_id));
    if (!login || !client) return false;
    const { account } = await readPerson(this.context, this.db, login.accountId, client);
    return account !== undefined && isEndedSince(account, login.ts);
  }

  async destroy(id: string): Promise<void> {
    const { shard, hash } = placeOfInteraction(this.context.secrets, id);
    const known = knownIn(this.db);
    known.delete('interaction', id);
    if (known.taken.delete(id)) return;
    const deleted = await this.db.for(shard).execute(statements.deleteArtifact, [shard, hash, 'Interaction']);
    if (deleted === 0) throw new errors.SessionNotFound('interaction was already used');
  }
}

/** Makes other requests about an interaction wait for this one. Look for it afterwards: it is as they have left it. */
export async function holdInteraction(context: Opening, db: Db, uid: string): Promise<void> {
  await readInteraction(context, db, uid, 'hold');
}

/** Puts back what the request has taken and not ended. Call it when the engine is done. */
export async function putBackInteractions(context: Opening, db: Db): Promise<void> {
  const known = knownIn(db);
  for (const uid of [...known.taken]) {
    const payload = known.get('interaction', uid);
    const left = Number(payload?.exp) - epochSeconds();
    if (payload && left > 0) await writeInteraction(context, db, uid, payload, left);
  }
}

async function writeInteraction(
  { secrets, epoch }: Opening,
  db: Db,
  id: string,
  { jti: _, ...payload }: AdapterPayload,
  expiresIn: number,
): Promise<void> {
  const { shard, hash } = placeOfInteraction(secrets, id);
  const known = knownIn(db);
  const stored = toJson(seal(secrets, 'Interaction', hash, payload));
  const expiresAt = new Date(Date.now() + expiresIn * 1000);
  // Saving what this request has read must not bring back what another has finished meanwhile.
  if (known.get('interaction', id) && !known.taken.delete(id))
    return db.for(shard).write(statements.saveArtifact, [shard, hash, stored, expiresAt]);
  const links = [null, null, null, null];
  await db
    .for(shard)
    .write(statements.makeArtifact, [...[shard, 'Interaction', hash, epoch, ...links, stored, expiresAt]]);
}

async function readInteraction(
  context: Opening,
  db: Db,
  uid: string,
  how: 'look' | 'hold' | 'take',
): Promise<AdapterPayload | undefined> {
  const { shard, hash } = placeOfInteraction(context.secrets, uid);
  const values = [shard, hash, context.epoch, new Date()];
  const home = db.for(shard);
  const row =
    how === 'look'
      ? await home.read(statements.findInteraction, values)
      : await home.first<{ payload: statements.ArtifactPayload }>(
          how === 'hold' ? statements.lockInteraction : statements.takeInteraction,
          values,
        );
  const payload = row && openSealed(context, 'Interaction', hash, row.payload);
  if (payload) knownIn(db).set('interaction', uid, payload);
  else knownIn(db).delete('interaction', uid);
  return payload;
}

function placeOfInteraction(secrets: Secrets, uid: string): Place {
  const hash = secrets.hash('interaction', uid);
  return { shard: shardOfHash(hash), hash };
}
