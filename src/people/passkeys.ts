/** The passkeys of an account, any number. One is made in `passkey-registration.ts` and used in `passkey-sign-in.ts`. */
import { recordAccountEvent } from '#src/audit/events.ts';
import type { Db } from '#src/base/database.ts';
import { type Language, Refusal } from '#src/base/refusals.ts';
import { type Secrets, shardOf, shardOfHash } from '#src/base/secrets.ts';
import type { AccountState } from './accounts.ts';
import type { Way } from './assurance.ts';
import { authenticatorName } from './authenticator-names.ts';
import { loadDataKey } from './data-keys.ts';
import type { Makers } from './makers.ts';

/** A passkey as its owner sees it. */
export interface Passkey {
  /** Base64url. */
  readonly credentialId: string;
  /** What its make is called. */
  readonly label: string;
  /** What its owner calls it, sealed; {@link openNames} says it. */
  readonly ownName: Buffer | undefined;
  /** Whether it is kept on several devices. */
  readonly backedUp: boolean;
  /** Whether its maker vouched for its hardware when it was made; whether that still counts, its model says. */
  readonly isAttested: boolean;
  readonly aaguid: string;
  readonly createdAt: Date;
  readonly lastUsedAt: Date | undefined;
}

/** The passkeys of an account, oldest first. */
export async function listPasskeys(db: Db, accountId: string): Promise<Passkey[]> {
  const shard = shardOf(accountId);
  const rows = await db.for(shard).query<{
    credential_id: Buffer;
    label: string;
    own_name: Buffer | null;
    backed_up: boolean;
    is_attested: boolean;
    aaguid: string;
    created_at: Date;
    last_used_at: Date | null;
  }>(
    `select credential_id, label, own_name, backed_up, is_attested, aaguid, created_at, last_used_at from passkeys
     where shard = $1 and account_id = $2 order by created_at, credential_id`,
    [shard, accountId],
  );
  return rows.map((row) => ({
    credentialId: row.credential_id.toString('base64url'),
    label: row.label,
    ownName: row.own_name ?? undefined,
    backedUp: row.backed_up,
    isAttested: row.is_attested,
    aaguid: row.aaguid,
    createdAt: row.created_at,
    lastUsedAt: row.last_used_at ?? undefined,
  }));
}

/** What each passkey of an account is called, by its id: as its owner says, else as its make. */
export async function openNames(
  db: Db,
  secrets: Secrets,
  accountId: string,
  passkeys: readonly Passkey[],
): Promise<ReadonlyMap<string, string>> {
  const isNamed = passkeys.some(({ ownName }) => ownName);
  const dataKey = isNamed ? await loadDataKey(db, secrets, accountId) : undefined;
  const nameOf = ({ credentialId, label, ownName }: Passkey) =>
    ownName && dataKey ? dataKey.open(placeOfName(accountId, credentialId), ownName).toString() : label;
  return new Map(passkeys.map((passkey) => [passkey.credentialId, nameOf(passkey)]));
}

function placeOfName(accountId: string, credentialId: string): string {
  return `passkeys.own_name:${accountId}:${credentialId}`;
}

/**
 * Gives a passkey the name its owner chose; without one, that of its make again.
 *
 * @throws `not_found` when the account has no such passkey
 */
export async function renamePasskey(
  db: Db,
  secrets: Secrets,
  accountId: string,
  named: { readonly credentialId: string; readonly label: string; readonly language: Language },
): Promise<void> {
  const id = Buffer.from(named.credentialId, 'base64url');
  const shard = shardOf(accountId);
  const home = db.for(shard);
  const passkey = await home.first<{ aaguid: string }>(
    `select aaguid from passkeys where shard = $1 and account_id = $2 and credential_id = $3`,
    [shard, accountId, id],
  );
  if (!passkey) throw new Refusal('not_found', 'this account has no such passkey');
  const name = readLabel(named.label);
  const place = placeOfName(accountId, id.toString('base64url'));
  const ownName = name === undefined ? null : (await loadDataKey(db, secrets, accountId)).seal(place, name);
  await home.execute(
    `update passkeys set label = $4, own_name = $5 where shard = $1 and account_id = $2 and credential_id = $3`,
    [shard, accountId, id, authenticatorName(passkey.aaguid, named.language), ownName],
  );
  await recordAccountEvent(db, { accountId, kind: 'passkey.renamed' });
}

/** Whether an account has a passkey; if so it takes no one-time code. */
export async function hasPasskey(db: Db, accountId: string): Promise<boolean> {
  const shard = shardOf(accountId);
  const home = db.for(shard);
  const row = await home.first(`select 1 as one from passkeys where shard = $1 and account_id = $2 limit 1`, [
    shard,
    accountId,
  ]);
  return row !== undefined;
}

/**
 * Takes a passkey off an account. Ask for fresh proof before.
 *
 * @throws `not_found` when the account has no such passkey
 */
export async function removePasskey(db: Db, secrets: Secrets, accountId: string, credentialId: string): Promise<void> {
  const id = Buffer.from(credentialId, 'base64url');
  const shard = shardOf(accountId);
  const home = db.for(shard);
  const removed = await home.execute(
    `delete from passkeys where shard = $1 and account_id = $2 and credential_id = $3`,
    [shard, accountId, id],
  );
  if (removed === 0) throw new Refusal('not_found', 'this account has no such passkey');
  await freeCredential(db, secrets, id);
  await recordAccountEvent(db, { accountId, kind: 'passkey.removed' });
}

/** What an owner calls a passkey, tidied; undefined when it says nothing. */
function readLabel(label: string): string | undefined {
  const tidy = label.replace(/[\p{C}\s]+/gu, ' ').trim();
  return tidy ? [...tidy].slice(0, 60).join('') : undefined;
}

/** A passkey with the state of its account, as it is stored. */
export interface StoredPasskey {
  readonly public_key: Buffer;
  readonly algorithm: number;
  readonly counter: string;
  readonly backup_eligible: boolean;
  readonly is_attested: boolean;
  readonly aaguid: string;
  readonly state: AccountState;
}

/** A passkey of an account, if it has one by this id. */
export function findPasskey(db: Db, accountId: string, credentialId: Buffer): Promise<StoredPasskey | undefined> {
  const shard = shardOf(accountId);
  return db.for(shard).first<StoredPasskey>(
    `select ${passkeyColumns('p')}, a.state
     from passkeys p join accounts a on a.shard = p.shard and a.id = p.account_id
     where p.shard = $1 and a.shard = $1 and p.account_id = $2 and p.credential_id = $3`,
    [shard, accountId, credentialId],
  );
}

/** What a {@link StoredPasskey} has of its own, for a statement that joins the table as `alias`. */
export function passkeyColumns(alias: string): string {
  return ['public_key', 'algorithm', 'counter', 'backup_eligible', 'is_attested', 'aaguid']
    .map((column) => `${alias}.${column}`)
    .join(', ');
}

type PasskeyWay = Extract<Way, { by: 'passkey' }>;

type Kept = Pick<StoredPasskey, 'backup_eligible' | 'is_attested' | 'aaguid'>;

/** What signing in with a passkey proves. */
export function wayOf({ backup_eligible: isSynced, is_attested, aaguid }: Kept, makers: Makers): PasskeyWay {
  return { by: 'passkey', isSynced, isAttested: is_attested && makers.trust(aaguid) };
}

/** What signing in with each passkey of an account would prove. */
export async function listPasskeyWays(db: Db, makers: Makers, accountId: string): Promise<PasskeyWay[]> {
  const shard = shardOf(accountId);
  const rows = await db
    .for(shard)
    .query<Kept>('select backup_eligible, is_attested, aaguid from passkeys where shard = $1 and account_id = $2', [
      shard,
      accountId,
    ]);
  return rows.map((row) => wayOf(row, makers));
}

function locateReservation(secrets: Secrets, credentialId: Buffer): { shard: number; hash: Buffer } {
  const hash = secrets.index('passkey', credentialId.toString('base64url'));
  return { shard: shardOfHash(hash), hash };
}

/** Takes a credential id for one account. @returns whether no account had it */
export async function reserveCredential(
  db: Db,
  secrets: Secrets,
  credentialId: Buffer,
  accountId: string,
): Promise<boolean> {
  const { shard, hash } = locateReservation(secrets, credentialId);
  const reserved = await db.for(shard).execute(
    `insert into passkey_reservations (shard, credential_hash, account_id, created_at) values ($1, $2, $3, $4)
     on conflict (shard, credential_hash) do nothing`,
    [shard, hash, accountId, new Date()],
  );
  return reserved === 1;
}

/** Whether any account has a credential. */
export async function isReserved(db: Db, secrets: Secrets, credentialId: Buffer): Promise<boolean> {
  const { shard, hash } = locateReservation(secrets, credentialId);
  const home = db.for(shard);
  const known = await home.first(
    `select 1 as one from passkey_reservations where shard = $1 and credential_hash = $2`,
    [shard, hash],
  );
  return known !== undefined;
}

async function freeCredential(db: Db, secrets: Secrets, credentialId: Buffer): Promise<void> {
  const { shard, hash } = locateReservation(secrets, credentialId);
  const home = db.for(shard);
  await home.execute(`delete from passkey_reservations where shard = $1 and credential_hash = $2`, [shard, hash]);
}

/** Gives up every passkey of an account that is about to go, so that none stays reserved. */
export async function freeCredentials(db: Db, secrets: Secrets, accountId: string): Promise<void> {
  const shard = shardOf(accountId);
  const rows = await db
    .for(shard)
    .query<{ credential_id: Buffer }>('select credential_id from passkeys where shard = $1 and account_id = $2', [
      shard,
      accountId,
    ]);
  for (const { credential_id: credentialId } of rows) await freeCredential(db, secrets, credentialId);
}
