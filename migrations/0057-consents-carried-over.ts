/**
 * Carries what people have allowed over from `consents` into `permissions`, so that nobody is asked again. `consents` stays as it
 * is: processes of before go on with it, and it is dropped when none is left.
 *
 * What was shown is known of each item by a short hash only. Where the app still says the same, the item is carried over with its
 * words, else by its name alone: then it would be asked again in any case, and no words stand here that nobody has read. Ids are
 * made of the old ones, so that carrying over twice changes nothing.
 */
import { createHash } from 'node:crypto';
import type { Knex } from 'knex';

interface Old {
  shard: number;
  account_id: string;
  client_id: string;
  id: string;
  basis: string;
  scopes: string[];
  claims: string[];
  declined: string[];
  terms: string[];
  purpose: string;
  language: string;
  acr: string;
  amr: string[];
  given_at: Date;
  expires_at: Date;
  ended_at: Date | null;
  end_reason: string | null;
}

interface Item {
  claim: string;
  required: boolean;
  basis: string;
  purpose: string;
  purposeEn: string;
}

interface App {
  agencyId: string;
  purpose: string;
  purposeEn: string;
  items: Item[];
}

interface Terms {
  id: Buffer;
  clientId: string;
  agencyId: string;
  purpose: string;
  purposeEn: string;
  items: Item[];
}

const standardClaims = [
  ...['name', 'given_name', 'family_name', 'middle_name', 'nickname', 'preferred_username', 'profile', 'picture'],
  ...['website', 'gender', 'birthdate', 'zoneinfo', 'locale', 'updated_at', 'email', 'email_verified'],
  ...['phone_number', 'phone_number_verified', 'address'],
];
const scopeBits = ['openid', 'profile', 'email', 'phone', 'address', 'offline_access'];
const amrBits = ['pwd', 'otp', 'sms', 'pop', 'swk', 'hwk', 'user', 'mfa'];

const BATCH = 1000;
const FIRST_ID = '00000000-0000-0000-0000-000000000000';

export async function up(knex: Knex): Promise<void> {
  const apps = new Map<string, App>();
  let after: (string | number)[] = [-1, FIRST_ID, FIRST_ID];
  for (;;) {
    const { rows }: { rows: Old[] } = await knex.raw(
      `select shard, account_id, client_id, id, basis, scopes, claims, declined, terms, purpose, language, acr, amr, given_at,
         expires_at, ended_at, end_reason
       from consents where (shard, account_id, id) > (?, ?, ?) order by shard, account_id, id limit ?`,
      [...after, BATCH],
    );
    const last = rows.at(-1);
    if (!last) return;
    after = [last.shard, last.account_id, last.id];
    await readApps(knex, apps, rows);
    await carry(knex, apps, rows);
  }
}

/** What was carried over stays: it may have changed since. */
export async function down(): Promise<void> {}

async function readApps(knex: Knex, apps: Map<string, App>, rows: readonly Old[]): Promise<void> {
  const unknown = [...new Set(rows.map((row) => row.client_id))].filter((id) => !apps.has(id));
  if (unknown.length === 0) return;
  const { rows: found } = await knex.raw(
    `select c.id, c.agency_id, c.purpose, c.purpose_en,
       coalesce((select json_agg(json_build_array(k.claim, k.required, k.basis, k.purpose, k.purpose_en))
         from client_claims k where k.client_id = c.id), '[]') as claims
     from clients c where c.id = any(?)`,
    [unknown],
  );
  for (const { id, agency_id: agencyId, purpose, purpose_en: purposeEn, claims } of found) {
    const items = (claims as [string, boolean, string, string, string][]).map(
      ([claim, required, basis, why, whyEn]): Item => ({ claim, required, basis, purpose: why, purposeEn: whyEn }),
    );
    apps.set(id, { agencyId, purpose, purposeEn, items: inOrder(items) });
  }
  for (const id of unknown) if (!apps.has(id)) apps.set(id, { agencyId: '', purpose: '', purposeEn: '', items: [] });
}

function inOrder(items: readonly Item[]): Item[] {
  return items.toSorted((one, other) => standardClaims.indexOf(one.claim) - standardClaims.indexOf(other.claim));
}

/** As `consents.terms` held it: the purpose of the app, and the item. */
function shortHash(purpose: string, { claim, required, basis, purpose: why }: Item): string {
  const told = JSON.stringify([purpose, claim, required, basis, why]);
  return createHash('sha256').update(told).digest().subarray(0, 8).toString('base64url');
}

function termsFor(row: Old, app: App): Terms {
  const isSame = ({ claim }: Item, item: Item) =>
    claim === item.claim && row.terms.includes(shortHash(app.purpose, item));
  const named = [...row.claims, ...row.declined].map((claim): Item => {
    const item = app.items.find((each) => each.claim === claim);
    const isKnown = item && isSame(item, item);
    return isKnown ? item : { claim, required: false, basis: row.basis, purpose: '', purposeEn: '' };
  });
  const isWhole = row.purpose === app.purpose && named.every((item) => app.items.includes(item));
  const { agencyId } = app;
  const content = isWhole
    ? { agencyId, purpose: app.purpose, purposeEn: app.purposeEn, items: app.items }
    : { agencyId, purpose: row.purpose, purposeEn: '', items: inOrder(named) };
  const told = JSON.stringify([
    row.client_id,
    agencyId,
    content.purpose,
    content.purposeEn,
    content.items.map(toStored),
  ]);
  return { id: createHash('sha256').update(told).digest().subarray(0, 16), clientId: row.client_id, ...content };
}

function toStored({ claim, required, basis, purpose, purposeEn }: Item): unknown[] {
  return [claim, required, basis, purpose, purposeEn, null, null];
}

function bitsOf(list: readonly string[], words: readonly string[]): bigint {
  return list.reduce((bits, word, index) => (words.includes(word) ? bits | (1n << BigInt(index)) : bits), 0n);
}

/** In the order of time within the account, like ids of permissions. */
function newId({ id, given_at: at }: Old, kind: string): string {
  const made = createHash('sha256').update(`${id} ${kind}`).digest('hex');
  const digits = id.slice(0, 3) + at.getTime().toString(16).padStart(12, '0').slice(-12) + made;
  return [
    digits.slice(0, 8),
    digits.slice(8, 12),
    digits.slice(12, 16),
    digits.slice(16, 20),
    digits.slice(20, 32),
  ].join('-');
}

/** The consent and the notice that one row of before was. */
function permissionsOf(row: Old, terms: Terms): unknown[][] {
  const names = terms.items.map(({ claim }) => claim);
  const isNamed = ({ claim }: Item) => row.claims.includes(claim) || row.declined.includes(claim);
  const told = terms.items.filter((item) => item.basis !== 'consent' && isNamed(item));
  const asked = terms.items.filter((item) => item.basis === 'consent' && isNamed(item));
  const permission = (kind: 'consent' | 'notice', basis: string, items: readonly Item[]) => {
    const among = (claims: readonly string[]) =>
      String(
        bitsOf(
          names,
          items.map(({ claim }) => claim).filter((claim) => claims.includes(claim)),
        ),
      );
    const allowed = kind === 'consent' ? among(row.claims) : among(names);
    const left = row.end_reason === 'withdrawn' && kind === 'notice' ? 'left' : row.end_reason;
    return [
      ...[row.shard, row.account_id, newId(row, kind), row.client_id, basis, terms.id, allowed],
      ...[kind === 'consent' ? among(row.declined) : '0', Number(bitsOf(scopeBits, row.scopes)), row.language, row.acr],
      ...[Number(bitsOf(amrBits, row.amr)), row.given_at, row.expires_at, row.ended_at, left],
    ];
  };
  const [first] = told;
  return [
    ...(asked.length > 0 || !first ? [permission('consent', 'consent', asked)] : []),
    ...(first ? [permission('notice', first.basis, told)] : []),
  ];
}

async function carry(knex: Knex, apps: ReadonlyMap<string, App>, rows: readonly Old[]): Promise<void> {
  const texts = new Map<string, Terms>();
  const permissions = rows.flatMap((row) => {
    const terms = termsFor(row, apps.get(row.client_id) ?? { agencyId: '', purpose: '', purposeEn: '', items: [] });
    texts.set(terms.id.toString('hex'), terms);
    return permissionsOf(row, terms);
  });
  const now = new Date();
  for (const { id, clientId, agencyId, purpose, purposeEn, items } of texts.values())
    await knex.raw(
      `insert into permission_terms (id, client_id, agency_id, purpose, purpose_en, items, first_shown_at)
       values (?, ?, ?, ?, ?, ?, ?) on conflict (id) do nothing`,
      [id, clientId, agencyId, purpose, purposeEn, JSON.stringify(items.map(toStored)), now],
    );
  const columns = permissions[0]?.map((_, column) => permissions.map((values) => values[column])) ?? [];
  await knex.raw(
    `insert into permissions (shard, account_id, id, client_id, basis, terms, allowed, declined, scopes, language, acr, amr, event,
       given_at, expires_at, ended_at, end_reason)
     select shard, account_id, id, client_id, basis, terms, allowed, declined, scopes, language, acr, amr, 'given',
       given_at, expires_at, ended_at, end_reason
     from unnest(?::smallint[], ?::uuid[], ?::uuid[], ?::text[], ?::text[], ?::bytea[], ?::bigint[], ?::bigint[], ?::smallint[],
       ?::text[], ?::text[], ?::smallint[], ?::timestamptz[], ?::timestamptz[], ?::timestamptz[], ?::text[])
       as old (shard, account_id, id, client_id, basis, terms, allowed, declined, scopes, language, acr, amr, given_at, expires_at,
         ended_at, end_reason)
     on conflict do nothing`,
    columns as never[],
  );
}
