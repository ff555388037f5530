/**
 * What a person was shown: the text of an app's declaration, once for all who read it.
 *
 * Terms are named by the hash of their content, so that the text behind a permission can never be another one, and a permission
 * names its items by bits. They are put on record when a page first shows them; a declaration that changes makes new ones.
 */
import { createHash } from 'node:crypto';
import type { Db } from '#src/base/database.ts';
import type { StandardClaim } from '#src/registry/claims.ts';
import type { ClientClaim, ClientRecord, Localized } from '#src/registry/clients.ts';

/** One text that was shown. */
export interface Terms {
  /** The first 16 bytes of SHA-256 over all else, as base64url. */
  readonly id: string;
  readonly clientId: string;
  readonly agencyId: string;
  readonly purpose: Localized;
  /** All that the app declares, in its order; bit `n` of a permission is item `n`. */
  readonly items: readonly ClientClaim[];
}

/** What an app says of itself, as far as terms are made of it. */
export type Declared = Pick<ClientRecord, 'id' | 'agencyId' | 'purpose' | 'claims'>;

/** How many texts a process remembers beside those in force. */
const MOST_REMEMBERED = 5000;

/** Texts by their id; whatever database they come from, an id has one content. */
const remembered = new Map<string, Terms>();

/** A declaration that changes is read anew, as an object of its own. */
const ofDeclarations = new WeakMap<object, Terms>();

/** The terms of an app as it is declared now. */
export function termsOf(client: Declared): Terms {
  const known = ofDeclarations.get(client.claims);
  if (known && known.purpose === client.purpose && known.agencyId === client.agencyId) return known;
  const { id: clientId, agencyId, purpose, claims: items } = client;
  const content = { clientId, agencyId, purpose, items };
  const terms = { id: nameOf(content), ...content };
  ofDeclarations.set(client.claims, terms);
  remember(terms);
  return terms;
}

/** The id of a text. What it is made of never changes, or all that was shown would be something else. */
function nameOf({ clientId, agencyId, purpose, items }: Omit<Terms, 'id'>): string {
  const told = JSON.stringify([clientId, agencyId, purpose.id, purpose.en, items.map(toStored)]);
  return createHash('sha256').update(told).digest().subarray(0, 16).toString('base64url');
}

/** An item as a row holds it: claim, required, basis, why, by which law. */
type StoredItem = [
  claim: StandardClaim,
  required: boolean,
  basis: ClientClaim['basis'],
  purpose: string,
  purposeEn: string,
  law: string | null,
  lawEn: string | null,
];

function toStored({ claim, required, basis, purpose, purposeEn, law, lawEn }: ClientClaim): StoredItem {
  return [claim, required, basis, purpose, purposeEn, law ?? null, lawEn ?? null];
}

function remember(terms: Terms): void {
  const [oldest] = remembered.keys();
  if (oldest !== undefined && remembered.size >= MOST_REMEMBERED) remembered.delete(oldest);
  remembered.set(terms.id, terms);
}

/** Which texts a process has put on record, by the database. */
const recorded = new WeakMap<Db, Set<string>>();

/**
 * Puts terms on record unless they are: by a statement of its own, so that many first readers do not wait for each other. A
 * process asks once.
 *
 * @param database not a unit of work: what it has written might be undone
 */
export async function recordTerms(database: Db, ...shown: readonly Terms[]): Promise<void> {
  const known = recorded.get(database) ?? new Set();
  recorded.set(database, known);
  const unknown = shown.filter(({ id }) => !known.has(id));
  if (unknown.length === 0) return;
  await writeTerms(database, unknown);
  for (const { id } of unknown) known.add(id);
}

/** {@link recordTerms} for an answer: the page has put them on record, unless a program has not asked for the page. */
export async function holdTerms(database: Db, db: Db, terms: Terms): Promise<void> {
  if (!recorded.get(database)?.has(terms.id)) await writeTerms(db, [terms]);
}

async function writeTerms(db: Db, all: readonly Terms[]): Promise<void> {
  const now = new Date();
  await db.execute(
    `insert into permission_terms (id, client_id, agency_id, purpose, purpose_en, items, first_shown_at)
     select id, client_id, agency_id, purpose, purpose_en, items::jsonb, $7
     from unnest($1::bytea[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
       as shown (id, client_id, agency_id, purpose, purpose_en, items)
     on conflict (id) do nothing`,
    [
      ...[all.map(({ id }) => toBytes(id)), all.map(({ clientId }) => clientId), all.map(({ agencyId }) => agencyId)],
      ...[all.map(({ purpose }) => purpose.id), all.map(({ purpose }) => purpose.en)],
      ...[all.map(({ items }) => JSON.stringify(items.map(toStored))), now],
    ],
  );
}

interface TermsRow {
  id: Buffer;
  client_id: string;
  agency_id: string;
  purpose: string;
  purpose_en: string;
  items: StoredItem[];
}

/** Terms by their ids. Those that an app has in force, and those that were asked for lately, are not read again. */
export async function readTerms(db: Db, ids: Iterable<string>): Promise<ReadonlyMap<string, Terms>> {
  const found = new Map<string, Terms>();
  const unknown = new Set<string>();
  for (const id of ids) {
    const terms = remembered.get(id);
    if (terms) found.set(id, terms);
    else unknown.add(id);
  }
  if (unknown.size === 0) return found;
  const rows = await db.query<TermsRow>(
    'select id, client_id, agency_id, purpose, purpose_en, items from permission_terms where id = any($1)',
    [[...unknown].map(toBytes)],
  );
  for (const row of rows) {
    const terms = fromRow(row);
    remember(terms);
    found.set(terms.id, terms);
  }
  return found;
}

function fromRow(row: TermsRow): Terms {
  return {
    id: toId(row.id),
    clientId: row.client_id,
    agencyId: row.agency_id,
    purpose: { id: row.purpose, en: row.purpose_en },
    items: row.items.map(([claim, required, basis, purpose, purposeEn, law, lawEn]) => ({
      ...{ claim, required, basis, purpose, purposeEn, law: law ?? undefined, lawEn: lawEn ?? undefined },
    })),
  };
}

/** An id as the tables hold it. */
export function toBytes(id: string): Buffer {
  return Buffer.from(id, 'base64url');
}

/** The same as everything else names it. */
export function toId(bytes: Buffer): string {
  return bytes.toString('base64url');
}

/** Claims as bits over the items of terms; what they do not name is left out. */
export function toBits({ items }: Terms, claims: Iterable<string>): bigint {
  const named = new Set(claims);
  return items.reduce((bits, { claim }, index) => (named.has(claim) ? bits | (1n << BigInt(index)) : bits), 0n);
}

/** The claims that bits stand for. */
export function fromBits({ items }: Terms, bits: bigint): StandardClaim[] {
  return items.filter((_, index) => (bits >> BigInt(index)) & 1n).map(({ claim }) => claim);
}

/**
 * Whether terms say of an item of an app what the app says of it now: who answers for it, what it is for, why it wants the
 * item, on which basis and by which law, and whether that is a choice. A translation that is put right changes nothing.
 */
export function sayTheSame(terms: Terms, client: Declared, claim: StandardClaim): boolean {
  const now = termsOf(client);
  if (terms.id === now.id) return true;
  const [before, after] = [terms, now].map((each) => saidOf(each).get(claim));
  return before !== undefined && before === after;
}

const said = new WeakMap<Terms, ReadonlyMap<StandardClaim, string>>();

/** What terms say of each item, to be compared. Every authorization asks. */
function saidOf(terms: Terms): ReadonlyMap<StandardClaim, string> {
  const known =
    said.get(terms) ??
    new Map(
      terms.items.map((item) => [
        item.claim,
        JSON.stringify([terms.agencyId, terms.purpose.id, item.required, item.basis, item.purpose, item.law ?? null]),
      ]),
    );
  said.set(terms, known);
  return known;
}
