/** Grants: the protocol's short-lived shadow of permissions. Their ids never leave the house. */
import type { Adapter, AdapterPayload } from 'oidc-provider';
import type { Db } from '#src/base/database.ts';
import { epochSeconds } from '#src/base/epoch.ts';
import { shardOf } from '#src/base/secrets.ts';
import type { CurrentPermissions } from '#src/consents/permissions.ts';
import * as statements from '../statements.ts';
import { knownIn } from './known.ts';
import { StoredModel, toJson } from './stored-model.ts';

/** Says which permissions a grant is about to be made of: it is made only while these hold. */
export function notePermissionsOf(db: Db, grantId: string, permissions: CurrentPermissions): void {
  knownIn(db).set('permissionsOf', grantId, permissions);
}

/** What a grant stands on. */
export interface Behind {
  /** The texts of its permissions, by {@link Terms.id}. */
  readonly terms: readonly string[];
  /** When the consent among them was given, in seconds since 1970. */
  readonly agreedAt: number | undefined;
}

/** What a grant that is made of permissions stands on. */
export function behind({ consent, notice }: CurrentPermissions): Behind {
  return {
    terms: [consent, notice].flatMap((permission) => permission?.terms.id ?? []),
    agreedAt: consent && epochSeconds(consent.givenAt),
  };
}

/** What a grant that this request has read or made stands on: for what is handed over by it, and the record of that. */
export function behindGrant(db: Db, grantId: string): Behind {
  const { terms = [], agreedAt } = (knownIn(db).get('grant', grantId) ?? {}) as Partial<Behind>;
  return { terms, agreedAt };
}

/** Ends a grant, and with it every code and token that hangs on it. */
export async function endGrant(db: Db, grantId: string): Promise<void> {
  const shard = shardOf(grantId);
  knownIn(db).set('grant', grantId, undefined);
  await db.for(shard).execute(statements.deleteGrant, [shard, grantId]);
}

/** How the library finds and keeps them. */
export class GrantAdapter extends StoredModel implements Adapter {
  async upsert(id: string, payload: AdapterPayload, expiresIn: number): Promise<void> {
    const shard = shardOf(id);
    const known = knownIn(this.db);
    const expiresAt = new Date(Date.now() + expiresIn * 1000);
    const permissions = known.get('permissionsOf', id);
    const stored = { ...payload, ...(permissions ? behind(permissions) : behindGrant(this.db, id)) };
    const whose = [payload.accountId, payload.clientId, toJson(stored), expiresAt];
    const made = [permissions?.consent?.id ?? null, permissions?.notice?.id ?? null];
    await this.db.for(shard).write(statements.saveGrant, [shard, id, ...whose, ...made]);
    known.set('grant', id, stored);
  }

  async find(id: string): Promise<AdapterPayload | undefined> {
    const known = knownIn(this.db);
    if (known.has('grant', id)) return known.get('grant', id);
    const shard = shardOf(id);
    if (Number.isNaN(shard)) return undefined;
    return (await this.db.for(shard).read(statements.findGrant, [shard, id, new Date()]))?.payload;
  }

  async destroy(id: string): Promise<void> {
    await endGrant(this.db, id);
  }
}
