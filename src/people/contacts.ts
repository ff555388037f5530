/**
 * Where messages go. Unlike an identifier a contact may be shared: a family has one phone, a village office one mailbox.
 *
 * A contact counts as proof of its owner ({@link listCountingContacts}) once messages are known to arrive there; a phone
 * number only for as long as its owner shows now and then that it is still theirs, because numbers are given out again.
 */
import { lookUps } from '#src/base/batches.ts';
import type { Row } from '#src/base/copy.ts';
import type { Db, Transaction } from '#src/base/database.ts';
import { Refusal } from '#src/base/refusals.ts';
import { type Keyring, newAccountId, type Secrets, shardOf, shardOfHash } from '#src/base/secrets.ts';
import { openDataKey } from './data-keys.ts';
import { type Identifier, indexOf } from './identifiers.ts';
import { cameWithAccount, isInFirstDay } from './trial.ts';

/** How many accounts may share one contact. */
const MAX_USES = 5;

/** How long a phone number counts after its owner has last shown that messages to it reach them. */
const PHONE_COUNTS_MS = 90 * 24 * 3600 * 1000;

export interface NewContact {
  readonly accountId: string;
  readonly contact: Identifier;
  readonly isIdentifier: boolean;
  readonly confirmed: boolean;
  /** The browser in which it was confirmed (`web/device.ts`). */
  readonly device?: Buffer | undefined;
}

/**
 * Adds a contact to an account. `dataKey` is the account's.
 *
 * @throws `contact_shared_too_often` when five other accounts use it already.
 */
export async function addContact(db: Db, secrets: Secrets, dataKey: Keyring, added: NewContact): Promise<void> {
  await takeUse(db, secrets, added.contact, added.accountId);
  await db.for(shardOf(added.accountId)).execute(
    `insert into contacts (shard, account_id, value_index, kind, sealed, is_identifier, confirmed_at, created_at,
       proven_at, first_device) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    contactRow(secrets, dataKey, added),
  );
}

/** {@link addContact} for the many of a load, each with its account's data key: of contacts that no account uses yet. */
export async function addContacts(
  tx: Transaction,
  secrets: Secrets,
  added: readonly (NewContact & { readonly dataKey: Keyring })[],
): Promise<void> {
  const places = added.map(({ contact }) => indexOf(secrets, contact).shard);
  await tx.forAll(places).copy(
    'copy contact_uses (shard, value_index, slot, account_id, created_at) from stdin',
    added.map(({ contact, accountId }) => useRow(secrets, contact, 1, accountId)),
  );
  const homes = added.map(({ accountId }) => shardOf(accountId));
  await tx.forAll(homes).copy(
    `copy contacts
       (shard, account_id, value_index, kind, sealed, is_identifier, confirmed_at, created_at, proven_at, first_device)
     from stdin`,
    added.map((contact) => contactRow(secrets, contact.dataKey, contact)),
  );
}

function contactRow(secrets: Secrets, dataKey: Keyring, added: NewContact): Row {
  const { accountId, contact, isIdentifier, confirmed, device } = added;
  const { index } = indexOf(secrets, contact);
  const now = new Date();
  const provenAt = confirmed ? now : null;
  const sealed = dataKey.seal(placeOf(accountId, index), contact.value);
  const shown = [provenAt, now, provenAt, device ?? null];
  return [shardOf(accountId), accountId, index, contact.kind, sealed, isIdentifier, ...shown];
}

function useRow(secrets: Secrets, contact: Identifier, slot: number, accountId: string): Row {
  const { index, shard } = indexOf(secrets, contact);
  return [shard, index, slot, accountId, new Date()];
}

/** A contact as its owner and the notices see it. */
export interface Contact extends Identifier {
  readonly isIdentifier: boolean;
  /** Undefined while nobody has shown that messages arrive there. */
  readonly confirmedAt: Date | undefined;
  /** When somebody who acted for the account last entered a code that was sent there. */
  readonly provenAt: Date | undefined;
  /** The browser in which it was confirmed, as a keyed hash; undefined when that is not known. */
  readonly firstDevice: Buffer | undefined;
}

interface ContactFields {
  value_index: Buffer;
  kind: Identifier['kind'];
  sealed: Buffer;
  is_identifier: boolean;
  confirmed_at: Date | null;
  proven_at: Date | null;
  first_device: Buffer | null;
}

const fields = 'c.value_index, c.kind, c.sealed, c.is_identifier, c.confirmed_at, c.proven_at, c.first_device';

/** The contacts of an account, oldest first. */
export async function listContacts(db: Db, dataKey: Keyring, accountId: string): Promise<Contact[]> {
  const shard = shardOf(accountId);
  const rows = await db.for(shard).query<ContactFields>(
    `select ${fields} from contacts c
     where c.shard = $1 and c.account_id = $2 order by c.created_at, c.value_index`,
    [shard, accountId],
  );
  return rows.map((row) => openContact(dataKey, accountId, row));
}

function openContact(dataKey: Keyring, accountId: string, row: ContactFields): Contact {
  return {
    kind: row.kind,
    value: dataKey.open(placeOf(accountId, row.value_index), row.sealed).toString(),
    isIdentifier: row.is_identifier,
    confirmedAt: row.confirmed_at ?? undefined,
    // A process from before the column writes none.
    provenAt: row.proven_at ?? row.confirmed_at ?? undefined,
    firstDevice: row.first_device ?? undefined,
  };
}

/** Whether messages to a contact still reach its owner as far as we know: confirmed, and a phone number not long ago. */
export function isCounting(contact: Pick<Contact, 'kind' | 'confirmedAt' | 'provenAt'>): boolean {
  if (!contact.confirmedAt) return false;
  return contact.kind === 'email' || (contact.provenAt?.getTime() ?? 0) > Date.now() - PHONE_COUNTS_MS;
}

/** Whether a contact came less than a day ago, to an account that was there before. */
export function isOnTrial({ confirmedAt }: Pick<Contact, 'confirmedAt'>, openedAt: Date): boolean {
  return !confirmedAt || (isInFirstDay(confirmedAt) && !cameWithAccount(confirmedAt, openedAt));
}

/** Whether an address is a contact of the account, and counts. */
export async function hasCountingContact(
  db: Db,
  secrets: Secrets,
  contact: Identifier,
  accountId: string,
): Promise<boolean> {
  const shard = shardOf(accountId);
  const row = await db
    .for(shard)
    .first<Pick<ContactFields, 'kind' | 'confirmed_at' | 'proven_at'>>(
      `select kind, confirmed_at, proven_at from contacts where shard = $1 and account_id = $2 and value_index = $3`,
      [shard, accountId, indexOf(secrets, contact).index],
    );
  if (!row) return false;
  return isCounting({
    kind: row.kind,
    confirmedAt: row.confirmed_at ?? undefined,
    provenAt: row.proven_at ?? row.confirmed_at ?? undefined,
  });
}

/** A contact that counts as proof of its owner. */
export interface CountingContact extends Contact {
  readonly confirmedAt: Date;
  /** Whether another account has it too: then it never counts in a recovery. */
  readonly isShared: boolean;
  /** Whether it came less than a day ago: then a code to it makes no sign-in surer. */
  readonly isOnTrial: boolean;
}

/**
 * The contacts that count as proof of an account's owner, oldest first. `accountId` undefined: nobody's, by the same
 * statements.
 */
export async function listCountingContacts(
  db: Db,
  secrets: Secrets,
  accountId: string | undefined,
): Promise<CountingContact[]> {
  const id = accountId ?? newAccountId();
  const shard = shardOf(id);
  const rows = await db.for(shard).query<ContactFields & { data_key: Buffer; opened_at: Date }>(
    `select a.data_key, a.created_at as opened_at, ${fields} from contacts c join accounts a on a.shard = $1 and a.id = c.account_id
     where c.shard = $1 and c.account_id = $2 order by c.created_at, c.value_index`,
    [shard, id],
  );
  const counting = rows.flatMap((row) => {
    const contact = openContact(openDataKey(secrets.wrap, id, row.data_key), id, row);
    const { confirmedAt } = contact;
    if (!isCounting(contact) || !confirmedAt) return [];
    return [{ ...contact, confirmedAt, isOnTrial: isOnTrial(contact, row.opened_at) }];
  });
  const shared = await listShared(db, secrets, counting);
  return counting.map((contact) => ({ ...contact, isShared: shared.has(contact.value) }));
}

/** Those of some addresses, by their values, that more than one account uses as a contact. */
async function listShared(db: Db, secrets: Secrets, contacts: readonly Identifier[]): Promise<Set<string>> {
  const places = contacts.map((contact) => ({ ...indexOf(secrets, contact), value: contact.value }));
  const shards = places.map(({ shard }) => shard);
  const rows = await db.forAll(shards).query<{ value_index: Buffer }>(
    `select value_index from contact_uses where shard = any($1) and value_index = any($2)
     group by shard, value_index having count(*) > 1`,
    [shards, places.map(({ index }) => index)],
  );
  return new Set(
    places.filter(({ index }) => rows.some((row) => row.value_index.equals(index))).map(({ value }) => value),
  );
}

/**
 * Notes that somebody who acts for the account has entered a code that was sent to one of its confirmed contacts: call it
 * wherever such a code was right.
 *
 * @returns whether it is a confirmed contact of the account
 */
export async function proveContact(db: Db, secrets: Secrets, contact: Identifier, accountId: string): Promise<boolean> {
  const shard = shardOf(accountId);
  const home = db.for(shard);
  const proven = await home.execute(
    `update contacts set proven_at = $4
     where shard = $1 and account_id = $2 and value_index = $3 and confirmed_at is not null`,
    [shard, accountId, indexOf(secrets, contact).index, new Date()],
  );
  return proven === 1;
}

/** The accounts that use an address as a contact, confirmed or not; five at most. */
export async function listUsers(db: Db, secrets: Secrets, contact: Identifier): Promise<string[]> {
  const { index, shard } = indexOf(secrets, contact);
  const home = db.for(shard);
  const uses = await home.query<{ account_id: string }>(
    `select account_id from contact_uses where shard = $1 and value_index = $2 order by slot`,
    [shard, index],
  );
  return uses.map((use) => use.account_id);
}

/** Those of many addresses, by their values, that an account uses as a contact. For loads: it asks many shards. */
export async function listUsed(db: Db, secrets: Secrets, contacts: readonly Identifier[]): Promise<Set<string>> {
  const used = new Set<string>();
  for (const some of lookUps(contacts)) {
    const places = some.map((contact) => indexOf(secrets, contact));
    const shards = places.map(({ shard }) => shard);
    const rows = await db.forAll(shards).query<{ place: string }>(
      `select wanted.place from unnest($1::smallint[], $2::bytea[]) with ordinality as wanted (shard, value_index, place)
       cross join lateral (select from contact_uses where shard = any($1) and shard = wanted.shard
         and value_index = wanted.value_index limit 1) u`,
      [shards, places.map(({ index }) => index)],
    );
    for (const { place } of rows) used.add(some[Number(place) - 1]?.value ?? '');
  }
  return used;
}

/** Ends a contact that was never confirmed. @returns whether there was one */
export async function endUnconfirmedContact(
  db: Db,
  secrets: Secrets,
  contact: Identifier,
  accountId: string,
): Promise<boolean> {
  const shard = shardOf(accountId);
  const ended = await db
    .for(shard)
    .execute(
      `delete from contacts where shard = $1 and account_id = $2 and value_index = $3 and confirmed_at is null`,
      [shard, accountId, indexOf(secrets, contact).index],
    );
  if (ended > 0) await giveUse(db, secrets, contact, accountId);
  return ended > 0;
}

/** Ends a contact. @returns whether there was one */
export async function endContact(db: Db, secrets: Secrets, contact: Identifier, accountId: string): Promise<boolean> {
  const shard = shardOf(accountId);
  const home = db.for(shard);
  const ended = await home.execute(`delete from contacts where shard = $1 and account_id = $2 and value_index = $3`, [
    shard,
    accountId,
    indexOf(secrets, contact).index,
  ]);
  if (ended > 0) await giveUse(db, secrets, contact, accountId);
  return ended > 0;
}

/**
 * Makes a contact that is there already confirmed and proven, by a code that was entered in `device`.
 *
 * @returns whether it is a contact of the account
 */
export async function reconfirmContact(
  db: Db,
  secrets: Secrets,
  contact: Identifier,
  { accountId, device }: { readonly accountId: string; readonly device: Buffer | undefined },
): Promise<boolean> {
  const shard = shardOf(accountId);
  const home = db.for(shard);
  const confirmed = await home.execute(
    `update contacts set proven_at = $4, confirmed_at = coalesce(confirmed_at, $4),
       first_device = case when confirmed_at is null then $5 else first_device end
     where shard = $1 and account_id = $2 and value_index = $3`,
    [shard, accountId, indexOf(secrets, contact).index, new Date(), device ?? null],
  );
  return confirmed === 1;
}

/** Notes whether its owner signs in with a contact. @returns whether that is new */
export async function markIdentifier(
  db: Db,
  secrets: Secrets,
  contact: Identifier,
  { accountId, isIdentifier }: { readonly accountId: string; readonly isIdentifier: boolean },
): Promise<boolean> {
  const shard = shardOf(accountId);
  const home = db.for(shard);
  const marked = await home.execute(
    `update contacts set is_identifier = $4
     where shard = $1 and account_id = $2 and value_index = $3 and is_identifier <> $4`,
    [shard, accountId, indexOf(secrets, contact).index, isIdentifier],
  );
  return marked === 1;
}

/** Gives up every address of an account, as its identifier and as one of the five uses: they can be anybody's again. */
export async function freeAddresses(db: Db, accountId: string): Promise<void> {
  const shard = shardOf(accountId);
  const rows = await db
    .for(shard)
    .query<{ value_index: Buffer }>('select value_index from contacts where shard = $1 and account_id = $2', [
      shard,
      accountId,
    ]);
  for (const { value_index: index } of rows) {
    const place = shardOfHash(index);
    const home = db.for(place);
    await home.execute('delete from identifiers where shard = $1 and value_index = $2 and account_id = $3', [
      place,
      index,
      accountId,
    ]);
    await home.execute('delete from contact_uses where shard = $1 and value_index = $2 and account_id = $3', [
      place,
      index,
      accountId,
    ]);
  }
}

function placeOf(accountId: string, index: Buffer): string {
  return `contacts.sealed:${accountId}/${index.toString('hex')}`;
}

/** Takes one of the five numbered places; the primary key decides when two accounts want the same one. */
async function takeUse(db: Db, secrets: Secrets, contact: Identifier, accountId: string): Promise<void> {
  const { index, shard } = indexOf(secrets, contact);
  const home = db.for(shard);
  for (let attempt = 0; attempt <= MAX_USES; attempt += 1) {
    const uses = await home.query<{ slot: number; account_id: string }>(
      `select slot, account_id from contact_uses where shard = $1 and value_index = $2`,
      [shard, index],
    );
    if (uses.some((use) => use.account_id === accountId)) return;
    const slot = firstFree(uses.map((use) => use.slot));
    if (slot > MAX_USES) break;
    const taken = await home.execute(
      `insert into contact_uses (shard, value_index, slot, account_id, created_at) values ($1, $2, $3, $4, $5)
       on conflict do nothing`,
      useRow(secrets, contact, slot, accountId),
    );
    if (taken === 1) return;
  }
  throw new Refusal('contact_shared_too_often');
}

/** Gives the place back that {@link takeUse} took. */
async function giveUse(db: Db, secrets: Secrets, contact: Identifier, accountId: string): Promise<void> {
  const { index, shard } = indexOf(secrets, contact);
  const home = db.for(shard);
  await home.execute(`delete from contact_uses where shard = $1 and value_index = $2 and account_id = $3`, [
    shard,
    index,
    accountId,
  ]);
}

function firstFree(taken: readonly number[]): number {
  let slot = 1;
  while (taken.includes(slot)) slot += 1;
  return slot;
}
