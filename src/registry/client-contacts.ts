/**
 * Whom to tell about an app: addresses by role, each confirmed by a link that was mailed to it.
 *
 * A link opens one address once, within a week; only its keyed hash is kept. A newer link takes the place of an older one.
 */
import type { Db } from '#src/base/database.ts';
import { DAY_MS } from '#src/base/epoch.ts';
import { Refusal } from '#src/base/refusals.ts';
import { randomSecret, type Secrets } from '#src/base/secrets.ts';
import { type ClientContact, type ContactRole, contactRoles, type Localized } from './clients.ts';

const LINK_LIFE_MS = 7 * DAY_MS;
/** An address is no target: this long passes before another link goes to it for the same role. */
const LINK_PAUSE_MS = 10 * 60_000;

/** Which address, of which app. */
export interface ContactKey extends ClientContact {
  readonly clientId: string;
}

export interface ListedContact extends ContactKey {
  readonly confirmedAt: Date | undefined;
  /** When the last link went out. */
  readonly sentAt: Date | undefined;
}

/** The addresses of an app, by role. */
export async function listContacts(db: Db, clientId: string): Promise<ListedContact[]> {
  const rows = await db.query<{ role: ContactRole; email: string; confirmed_at: Date | null; sent_at: Date | null }>(
    `select role, email, confirmed_at, sent_at from client_contacts where client_id = $1
     order by array_position($2::text[], role), email`,
    [clientId, contactRoles],
  );
  return rows.map((row) => ({
    clientId,
    role: row.role,
    email: row.email,
    confirmedAt: row.confirmed_at ?? undefined,
    sentAt: row.sent_at ?? undefined,
  }));
}

/** Those of a role that have been confirmed: the ones that may be written to. */
export async function listConfirmedContacts(db: Db, clientId: string, role: ContactRole): Promise<ListedContact[]> {
  return (await listContacts(db, clientId)).filter((contact) => contact.role === role && contact.confirmedAt);
}

/** An address, and what a message or page says of it. */
export interface NamedContact extends ContactKey {
  readonly name: Localized;
  readonly agency: Localized;
}

interface AskedRow {
  client_id: string;
  role: ContactRole;
  email: string;
  name: string;
  name_en: string;
  agency_name: string;
  agency_name_en: string;
}

const selectAsked = `
  select k.client_id, k.role, k.email, c.name, c.name_en, a.name as agency_name, a.name_en as agency_name_en
  from client_contacts k join clients c on c.id = k.client_id join agencies a on a.id = c.agency_id`;

function toNamed(row: AskedRow): NamedContact {
  return {
    clientId: row.client_id,
    role: row.role,
    email: row.email,
    name: { id: row.name, en: row.name_en },
    agency: { id: row.agency_name, en: row.agency_name_en },
  };
}

/** Addresses of whichever app to which no link has gone yet, at most a hundred. */
export async function listUnaskedContacts(db: Db): Promise<NamedContact[]> {
  const rows = await db.query<AskedRow>(
    `${selectAsked} where k.sent_at is null and k.confirmed_at is null order by k.client_id, k.role, k.email limit 100`,
  );
  return rows.map(toNamed);
}

/** An address of an app, as a message names it. @throws {Refusal} `not_here` */
export async function loadContact(db: Db, { clientId, role, email }: ContactKey): Promise<NamedContact> {
  const row = await db.first<AskedRow>(`${selectAsked} where k.client_id = $1 and k.role = $2 and k.email = $3`, [
    ...[clientId, role, email],
  ]);
  if (!row) throw new Refusal('not_here', `no such contact of client ${clientId}`);
  return toNamed(row);
}

/**
 * Makes the link's token for an address that is not confirmed, and notes that it goes out.
 *
 * @returns undefined where the address is confirmed, is not one of the app's, or got a link a moment ago
 */
export async function askContact(db: Db, secrets: Secrets, contact: ContactKey): Promise<string | undefined> {
  const token = randomSecret();
  const now = new Date();
  const asked = await db.execute(
    `update client_contacts set token_hash = $4, sent_at = $5
     where client_id = $1 and role = $2 and email = $3 and confirmed_at is null and (sent_at is null or sent_at <= $6)`,
    [
      contact.clientId,
      contact.role,
      contact.email,
      hashToken(secrets, token),
      now,
      new Date(now.getTime() - LINK_PAUSE_MS),
    ],
  );
  return asked > 0 ? token : undefined;
}

/** What a link is about, before it is used. @throws {Refusal} `notice_over` */
export async function loadAskedContact(db: Db, secrets: Secrets, token: string): Promise<NamedContact> {
  const row = await db.first<AskedRow>(
    `${selectAsked} where k.token_hash = $1 and k.confirmed_at is null and k.sent_at > $2`,
    [hashToken(secrets, token), new Date(Date.now() - LINK_LIFE_MS)],
  );
  if (!row) throw new Refusal('notice_over', 'no contact waits for this link');
  return toNamed(row);
}

/** Confirms the address to which a link went: once. @throws {Refusal} `notice_over` */
export async function confirmContact(db: Db, secrets: Secrets, token: string): Promise<ContactKey> {
  const now = new Date();
  const row = await db.first<{ client_id: string; role: ContactRole; email: string }>(
    `update client_contacts set confirmed_at = $2, token_hash = null
     where token_hash = $1 and confirmed_at is null and sent_at > $3 returning client_id, role, email`,
    [hashToken(secrets, token), now, new Date(now.getTime() - LINK_LIFE_MS)],
  );
  if (!row) throw new Refusal('notice_over', 'no contact waits for this link');
  return { clientId: row.client_id, role: row.role, email: row.email };
}

function hashToken(secrets: Secrets, token: string): Buffer {
  return secrets.hash('client-contact', token);
}
