/**
 * Writes of the rows of a client. Each runs inside a transaction, takes the registry's lock first and stamps what it changed
 * with the next registry version (`registry/version.ts`), so that every process reads it anew within about a second.
 *
 * The versions of an app are written elsewhere: whoever changes one goes through `applyChange` (`registry/changes.ts`).
 */
import { isDeepStrictEqual } from 'node:util';
import { recordAdminEvent } from '#src/audit/events.ts';
import type { Db } from '#src/base/database.ts';
import { Refusal } from '#src/base/refusals.ts';
import { checkSectors, loadAgency, type Outcome, saveSubjectGroup } from './agencies.ts';
import { clientRef } from './app-refs.ts';
import { writtenColumns, writtenRow } from './client-columns.ts';
import {
  type ClientDraft,
  type ClientRecord,
  type ClientState,
  findClient,
  hasSecret,
  loadClient,
  type MigrationStanding,
  type PlannedStep,
} from './clients.ts';
import { orderLogo } from './logos.ts';
import { writeProfile } from './profiles.ts';
import { lockRegistry, raiseRegistryVersion } from './version.ts';

/**
 * Creates a client or changes it to what is declared; an equal one stays untouched. Inside a transaction.
 *
 * The subject group is created when it is missing. `state` is taken as given.
 *
 * @throws {Refusal} `subject_group_fixed` when the group would change after the first sign-in: everybody would become
 *   somebody else to the app; `machine_address_taken` when another machine has its home address: tokens are made for a
 *   machine by that address (RFC 8707), and it could read the other's; `sector_not_found`; `agency_not_found`.
 */
export async function saveClient(db: Db, draft: ClientDraft, actor: string): Promise<Outcome> {
  await lockRegistry(db);
  const current = await findClient(db, draft.id);
  const changed = current && changedFields(current, draft);
  if (changed?.length === 0) return 'unchanged';
  if (current?.firstSignInAt && current.subjectGroupId !== draft.subjectGroupId)
    throw new Refusal(
      'subject_group_fixed',
      `client ${draft.id} is in subject group ${current.subjectGroupId} for good`,
    );
  await refuseTakenAddress(db, draft);
  await checkSectors(db, draft.sectors);
  await loadAgency(db, draft.agencyId);
  await saveSubjectGroup(db, draft.subjectGroupId, draft.agencyId);
  await writeClient(db, draft, await raiseRegistryVersion(db));
  await writeClaims(db, draft);
  await writeContacts(db, draft);
  if (current?.logoUri !== draft.logoUri) await orderLogo(db, draft.id, draft.logoUri);
  if (!hasSecret(draft)) await db.execute('delete from client_secrets where client_id = $1', [draft.id]);
  await writeProfile(db, clientRef(draft.id));
  const kind = current ? 'client.changed' : 'client.created';
  const { agencyId } = draft;
  await recordAdminEvent(db, {
    kind,
    actor,
    subject: `client ${draft.id}`,
    agencyId,
    details: { fields: changed ?? [] },
  });
  return current ? 'updated' : 'created';
}

async function refuseTakenAddress(db: Db, { id, type, homeUri, state }: ClientDraft): Promise<void> {
  if (type !== 'machine' || homeUri === undefined || state === 'retired') return;
  const other = await db.first<{ id: string }>(
    `select id from clients where home_uri = $1 and type = 'machine' and state <> 'retired' and id <> $2`,
    [homeUri, id],
  );
  if (other) throw new Refusal('machine_address_taken', `client ${id} has the address of ${other.id}`);
}

/** What a draft would change of a client, by name. */
export function changedFields(current: ClientRecord, draft: ClientDraft): string[] {
  const keys = Object.keys(draft) as (keyof ClientDraft)[];
  return keys.filter((key) => !isDeepStrictEqual(current[key], draft[key]));
}

const insertClient = `
  insert into clients (${writtenColumns.join(', ')})
  values (${writtenColumns.map((_, index) => `$${index + 1}`).join(', ')})
  on conflict (id) do update set ${writtenColumns
    .filter((column) => column !== 'id' && column !== 'created_at')
    .map((column) => `${column} = excluded.${column}`)
    .join(', ')}`;

async function writeClient(db: Db, draft: ClientDraft, version: number): Promise<void> {
  await db.execute(insertClient, [...writtenRow(draft, version)]);
}

async function writeClaims(db: Db, { id, claims }: ClientDraft): Promise<void> {
  await db.execute('delete from client_claims where client_id = $1', [id]);
  await db.execute(
    `insert into client_claims (client_id, claim, required, purpose, purpose_en, basis, law, law_en)
     select $1, claim, required, purpose, purpose_en, basis, law, law_en
     from unnest($2::text[], $3::boolean[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[])
       as declared (claim, required, purpose, purpose_en, basis, law, law_en)`,
    [
      id,
      claims.map(({ claim }) => claim),
      claims.map(({ required }) => required),
      claims.map(({ purpose }) => purpose),
      claims.map(({ purposeEn }) => purposeEn),
      claims.map(({ basis }) => basis),
      claims.map(({ law }) => law ?? null),
      claims.map(({ lawEn }) => lawEn ?? null),
    ],
  );
}

/** An address that stays keeps its confirmation. */
async function writeContacts(db: Db, { id, contacts }: ClientDraft): Promise<void> {
  const values = [id, contacts.map(({ role }) => role), contacts.map(({ email }) => email)];
  await db.execute(
    `delete from client_contacts k where client_id = $1 and not exists (
       select from unnest($2::text[], $3::text[]) as named (role, email) where named.role = k.role and named.email = k.email)`,
    values,
  );
  await db.execute(
    `insert into client_contacts (client_id, role, email)
     select $1, role, email from unnest($2::text[], $3::text[]) as named (role, email)
     on conflict (client_id, role, email) do nothing`,
    values,
  );
}

/**
 * Moves a client along its way from accounts of its own, which takes effect on every process within about a second. Inside a
 * transaction; the step and the version are `registry/migration.ts`'s.
 */
export async function setClientMigration(
  db: Db,
  id: string,
  { standing, plan }: { readonly standing: MigrationStanding; readonly plan: readonly PlannedStep[] },
): Promise<void> {
  await lockRegistry(db);
  await db.execute(
    `update clients set migration_stage = $2, migration_percentage = $3, migration_plan = $4, version = $5, updated_at = $6
     where id = $1`,
    [id, standing.stage, standing.percentage, JSON.stringify(plan), await raiseRegistryVersion(db), new Date()],
  );
}

/**
 * Puts a client into a state, which takes effect on every process within about a second. Inside a transaction. Which state may
 * follow which, and the version, are `moveClient`'s (`registry/client-life.ts`).
 *
 * @returns whether it was in another state before.
 * @throws {Refusal} `client_not_found`; `client_retired`: nothing leads back from there.
 */
export async function setClientState(db: Db, id: string, state: ClientState, actor: string): Promise<boolean> {
  await lockRegistry(db);
  const current = await loadClient(db, id);
  if (current.state === state) return false;
  if (current.state === 'retired') throw new Refusal('client_retired', `client ${id} is retired`);
  await db.execute('update clients set state = $2, version = $3, updated_at = $4 where id = $1', [
    id,
    state,
    await raiseRegistryVersion(db),
    new Date(),
  ]);
  await writeProfile(db, clientRef(id));
  const details = { from: current.state, to: state };
  const { agencyId } = current;
  await recordAdminEvent(db, { kind: 'client.state-changed', actor, subject: `client ${id}`, agencyId, details });
  return true;
}
