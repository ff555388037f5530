/** Many clients at once, for a sandbox under load. */
import { recordAdminEvents } from '#src/audit/events.ts';
import type { Row } from '#src/base/copy.ts';
import type { Transaction } from '#src/base/database.ts';
import type { Secrets } from '#src/base/secrets.ts';
import { clientRef } from './app-refs.ts';
import { writtenColumns, writtenRow } from './client-columns.ts';
import type { ClientClaim, ClientDraft } from './clients.ts';
import { declarationOf } from './declarations.ts';
import { askToCompare } from './profiles.ts';
import { changedKeys } from './risky.ts';
import { hashClientSecret } from './secret-hashes.ts';
import { lockRegistry, raiseRegistryVersion } from './version.ts';

/** A client that comes into being with its secret. */
interface NewClient {
  readonly draft: ClientDraft;
  readonly secret: string;
}

/**
 * `applyChange` for the many of a load: clients of agencies and subject groups that there are, each new, each with its first
 * version. They share one version of the registry, so that processes read them in their usual small batches.
 */
export async function createClients(
  tx: Transaction,
  secrets: Secrets,
  clients: readonly NewClient[],
  actor: string,
): Promise<void> {
  await lockRegistry(tx);
  const version = await raiseRegistryVersion(tx);
  const now = new Date();
  await tx.copy(
    `copy clients (${writtenColumns.join(', ')}) from stdin`,
    clients.map(({ draft }) => writtenRow(draft, version)),
  );
  await tx.copy(
    'copy client_claims (client_id, claim, required, purpose, purpose_en, basis, law, law_en) from stdin',
    clients.flatMap(({ draft: { id, claims } }) => claims.map((claim) => claimRow(id, claim))),
  );
  await tx.copy(
    'copy client_secrets (client_id, hash, created_at) from stdin',
    clients.map(({ draft: { id }, secret }) => [id, hashClientSecret(secrets, id, secret), now]),
  );
  await writeFirstVersions(tx, clients, actor, now);
  await askToCompare(
    tx,
    clients.map(({ draft }) => clientRef(draft.id)),
  );
  await recordAdminEvents(
    tx,
    clients.flatMap(({ draft: { id, agencyId } }) => [
      { kind: 'client.created', actor, subject: `client ${id}`, agencyId, details: { fields: [] } },
      { kind: 'client.secret-set', actor, subject: `client ${id}`, agencyId },
    ]),
  );
}

function claimRow(clientId: string, { claim, required, purpose, purposeEn, basis, law, lawEn }: ClientClaim): Row {
  return [clientId, claim, required, purpose, purposeEn, basis, law ?? null, lawEn ?? null];
}

/** The version that declared each, in force since then. */
async function writeFirstVersions(
  tx: Transaction,
  clients: readonly NewClient[],
  actor: string,
  now: Date,
): Promise<void> {
  await tx.copy(
    `copy client_versions (client_id, number, agency_id, status, content, changed, is_risky, from_state, to_state, via, actor,
       created_at, decided_at, decided_by) from stdin`,
    clients.map(({ draft }) => {
      const content = declarationOf(draft);
      const changed: string[] = changedKeys(undefined, content);
      if (draft.state !== 'draft') changed.push('state');
      const said = [JSON.stringify(content), changed, false, 'draft', draft.state];
      return [draft.id, 1, draft.agencyId, 'applied', ...said, 'command', actor, now, now, actor];
    }),
  );
  await tx.execute(
    `update clients set number = 1, state_since = $2, live_since = case when state = 'live' then $2::timestamptz end
     where id = any($1)`,
    [clients.map(({ draft }) => draft.id), now],
  );
}
