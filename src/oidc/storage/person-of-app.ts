/** A person as far as one app is concerned: the account, and what that app may read of it. */
import type { Db } from '#src/base/database.ts';
import { type Secrets, shardOf } from '#src/base/secrets.ts';
import { type PermissionsRow, permissionsIn } from '#src/consents/permission-rows.ts';
import type { CurrentPermissions } from '#src/consents/permissions.ts';
import { type Declared, termsOf } from '#src/consents/terms.ts';
import { type Account, accountIn } from '#src/people/accounts.ts';
import { noteDataKey } from '#src/people/data-keys.ts';
import type { StoredPasskey } from '#src/people/passkeys.ts';
import type { ClientRecord } from '#src/registry/clients.ts';
import * as statements from '../statements.ts';
import { knownIn, pairOf } from './known.ts';
import type { StorageContext } from './stored-model.ts';

type App = Declared & Pick<ClientRecord, 'subjectGroupId'>;

/** A person as far as one app is concerned. */
interface PersonOfApp {
  readonly account: Account | undefined;
  readonly permissions: CurrentPermissions;
}

/** A person, and what one app may read of them. One statement, or none if the request has read it. */
export async function readPerson(
  { secrets }: Pick<StorageContext, 'secrets'>,
  db: Db,
  accountId: string,
  client: App,
): Promise<PersonOfApp> {
  const known = knownIn(db);
  const pair = pairOf(accountId, client.id);
  const permissions = known.get('permissions', pair);
  if (permissions && known.has('account', accountId)) return { account: known.get('account', accountId), permissions };
  const shard = shardOf(accountId);
  const values = [shard, accountId, client.id, client.subjectGroupId];
  const row = await db.for(shard).read(statements.findPerson, values);
  return learnPerson(secrets, db, accountId, client, row);
}

/** The person and what one app may read of them have changed: whoever asks next reads them anew. */
export function forgetPerson(db: Db, accountId: string, clientId: string): void {
  const known = knownIn(db);
  known.delete('account', accountId);
  known.delete('permissions', pairOf(accountId, clientId));
}

/** A passkey, and with it what {@link readPerson} is asked next. */
export async function readPasskeyHolder(
  { secrets }: Pick<StorageContext, 'secrets'>,
  db: Db,
  asked: { readonly accountId: string; readonly credentialId: Buffer; readonly client: App },
): Promise<StoredPasskey | undefined> {
  const { accountId, credentialId, client } = asked;
  const shard = shardOf(accountId);
  const values = [shard, accountId, client.id, client.subjectGroupId, credentialId];
  const row = await db.for(shard).read(statements.findPasskeyHolder, values);
  if (row) await learnPerson(secrets, db, accountId, client, row);
  return row;
}

async function learnPerson(
  secrets: Secrets,
  db: Db,
  accountId: string,
  client: App,
  row: statements.PersonRow | undefined,
): Promise<PersonOfApp> {
  const known = knownIn(db);
  const account = row && accountIn(secrets, row, 'account_');
  if (row?.account_data_key) noteDataKey(db, accountId, row.account_data_key);
  known.set('account', accountId, account);
  known.set('standing', accountId, account);
  if (row?.sub) known.set('subject', pairOf(accountId, client.subjectGroupId), row.sub);
  return { account, permissions: await learnPermissions(db, accountId, client, row) };
}

/** The text of an app that is in force is not read again. */
export async function learnPermissions(
  db: Db,
  accountId: string,
  client: Declared | undefined,
  row: PermissionsRow | undefined,
): Promise<CurrentPermissions> {
  if (client) termsOf(client);
  const permissions = row ? await permissionsIn(db, row) : { consent: undefined, notice: undefined };
  if (client) knownIn(db).set('permissions', pairOf(accountId, client.id), permissions);
  return permissions;
}
