/**
 * What a person allowed an app to read. One current consent per account and client; ended ones stay on record.
 *
 * The record is ours; the protocol's Grant is its short-lived shadow (`oidc/grants.ts`).
 */
import { createHash } from 'node:crypto';
import { type AccountEvent, recordAccountEvent, recordAccountEvents } from '#src/audit/events.ts';
import { lookUps } from '#src/base/batches.ts';
import type { Write } from '#src/base/coalescing.ts';
import type { Row } from '#src/base/copy.ts';
import type { Db, Transaction } from '#src/base/database.ts';
import { type Language, Refusal } from '#src/base/refusals.ts';
import { newIdIn, shardOf } from '#src/base/secrets.ts';
import type { ClientClaim, ClientRecord, LegalBasis } from '#src/registry/clients.ts';

/** Why a consent is no longer the current one. */
export type ConsentEnd = 'replaced' | 'withdrawn';

export interface Consent {
  readonly id: string;
  readonly clientId: string;
  /** The legal basis of what it covers; `consent` as soon as one item rests on consent. */
  readonly basis: string;
  readonly scopes: readonly string[];
  /** Allowed. */
  readonly claims: readonly string[];
  /** Offered and not ticked; not asked again. */
  readonly declined: readonly string[];
  /** What was said of each item then, as {@link termOf} puts it: what has changed since is asked again. */
  readonly terms: readonly string[];
  /** The purpose as registered when it was given. */
  readonly purpose: string;
  readonly givenAt: Date;
  readonly expiresAt: Date;
}

/** What a person answers on the consent page, and how they had signed in. */
export interface ConsentDraft extends Omit<Consent, 'id' | 'givenAt'> {
  readonly accountId: string;
  readonly language: Language;
  readonly acr: string;
  readonly amr: readonly string[];
}

interface ConsentFields {
  id: string;
  client_id: string;
  basis: string;
  scopes: string[];
  claims: string[];
  declined: string[];
  terms: string[];
  purpose: string;
  given_at: Date;
  expires_at: Date;
}

const fields = [
  ...(['id', 'client_id', 'basis', 'scopes', 'claims', 'declined'] as const),
  ...(['terms', 'purpose', 'given_at', 'expires_at'] as const),
];

/** The columns of a consent in a row of several tables, each behind a prefix; all null when none was joined. */
export type ConsentRow<Prefix extends string> = {
  readonly [Field in keyof ConsentFields as `${Prefix}${Field}`]: ConsentFields[Field] | null;
};

/** The columns of a consent for a statement that joins the table as `alias`; {@link consentIn} reads them. */
export function consentColumns(alias: string, prefix: string): string {
  return fields.map((field) => `${alias}.${field} as ${prefix}${field}`).join(', ');
}

/** The consent in a row of several tables, if one was joined: also an expired one, the page then says that it is renewed. */
export function consentIn<Prefix extends string>(row: ConsentRow<Prefix>, prefix: Prefix): Consent | undefined {
  const values = row as Readonly<Record<string, unknown>>;
  if (values[`${prefix}id`] === null) return undefined;
  return fromRow(
    Object.fromEntries(fields.map((field) => [field, values[`${prefix}${field}`]])) as unknown as ConsentFields,
  );
}

/** The apps that a person has allowed to read something, the latest first. */
export async function listConsents(db: Db, accountId: string): Promise<Consent[]> {
  const shard = shardOf(accountId);
  const home = db.for(shard);
  const rows = await home.query<ConsentFields>(
    `select ${fields.join(', ')} from consents where shard = $1 and account_id = $2 and ended_at is null order by given_at desc, id`,
    [shard, accountId],
  );
  return rows.map(fromRow);
}

const columns = {
  shard: 'smallint',
  account_id: 'uuid',
  client_id: 'text',
  id: 'uuid',
  basis: 'text',
  scopes: 'jsonb',
  claims: 'jsonb',
  declined: 'jsonb',
  terms: 'jsonb',
  purpose: 'text',
  language: 'text',
  acr: 'text',
  amr: 'jsonb',
  given_at: 'timestamptz',
  expires_at: 'timestamptz',
} as const;

/** Lists travel as JSON: PostgreSQL's arrays of arrays must all be of one length. */
const given = Object.entries(columns).map(([name, type]) =>
  type === 'jsonb' ? `array(select jsonb_array_elements_text(${name})) as ${name}` : name,
);

/** Of two presses of the button at once the later one says what holds; a grant of the earlier is not made any more. */
const putOnRecord: Write = {
  name: 'consent_given',
  table: 'consents',
  columns,
  text: `insert into consents (${Object.keys(columns).join(', ')})
    select ${given.join(', ')} from given
    on conflict (shard, account_id, client_id) where ended_at is null do update set
      id = excluded.id, basis = excluded.basis, scopes = excluded.scopes, claims = excluded.claims, declined = excluded.declined,
      terms = excluded.terms, purpose = excluded.purpose, language = excluded.language, acr = excluded.acr,
      amr = excluded.amr, given_at = excluded.given_at, expires_at = excluded.expires_at
    returning 1`,
  lost: () => new Refusal('account_unavailable', 'the account is gone'),
};

/** Puts a consent on record in place of `before`, the current one, with the commit of the caller's unit. */
export async function giveConsent(db: Db, draft: ConsentDraft, before: Consent | undefined): Promise<void> {
  const { accountId, clientId } = draft;
  if (before) await endConsent(db, accountId, clientId, 'replaced');
  const row = consentRow(draft).map((value) => (Array.isArray(value) ? JSON.stringify(value) : value));
  await db.for(shardOf(accountId)).write(putOnRecord, row);
  await recordAccountEvent(db, givingOf(draft));
}

/** {@link giveConsent} for the many of a load, where there is no current one yet. */
export async function giveConsents(tx: Transaction, drafts: readonly ConsentDraft[]): Promise<void> {
  const shards = drafts.map(({ accountId }) => shardOf(accountId));
  await tx.forAll(shards).copy(`copy consents (${Object.keys(columns).join(', ')}) from stdin`, drafts.map(consentRow));
  await recordAccountEvents(tx, drafts.map(givingOf));
}

/** The values of {@link columns}. */
function consentRow(draft: ConsentDraft): Row {
  const shard = shardOf(draft.accountId);
  return [
    ...[shard, draft.accountId, draft.clientId, newIdIn(shard), draft.basis, draft.scopes, draft.claims],
    ...[draft.declined, draft.terms, draft.purpose, draft.language, draft.acr, draft.amr, new Date(), draft.expiresAt],
  ];
}

function givingOf({ accountId, clientId, basis, claims, declined }: ConsentDraft): AccountEvent {
  return { accountId, kind: 'consent.given', clientId, details: { basis, claims, declined } };
}

/** The apps that each of many accounts has allowed something. For loads: it asks many shards. */
export async function listAllowed(db: Db, accountIds: readonly string[]): Promise<Map<string, string[]>> {
  const allowed = new Map(accountIds.map((id): [string, string[]] => [id, []]));
  for (const some of lookUps(accountIds)) {
    const shards = some.map(shardOf);
    // Without the offset PostgreSQL would read all consents of these shards, to join them.
    const rows = await db.forAll(shards).query<{ account_id: string; client_id: string }>(
      `select wanted.account_id, c.client_id from unnest($1::smallint[], $2::uuid[]) as wanted (shard, account_id)
       cross join lateral (select client_id from consents where shard = any($1) and shard = wanted.shard
         and account_id = wanted.account_id and ended_at is null offset 0) c`,
      [shards, some],
    );
    for (const row of rows) allowed.get(row.account_id)?.push(row.client_id);
  }
  return allowed;
}

/** Ends the current consent, if there is one. @returns whether there was one. */
export async function endConsent(db: Db, accountId: string, clientId: string, reason: ConsentEnd): Promise<boolean> {
  const shard = shardOf(accountId);
  const ended = await db.for(shard).execute(
    `update consents set ended_at = $4, end_reason = $5
     where shard = $1 and account_id = $2 and client_id = $3 and ended_at is null`,
    [shard, accountId, clientId, new Date(), reason],
  );
  if (ended > 0 && reason === 'withdrawn') {
    await recordAccountEvent(db, { accountId, kind: 'consent.withdrawn', clientId });
  }
  return ended > 0;
}

/**
 * What a person is told of one item: what the app is for, why it wants the item, on which basis, and whether that is a
 * choice. Shortened to 64 bits: it tells a change, it proves nothing.
 */
export function termOf({ purpose }: Pick<ClientRecord, 'purpose'>, item: ClientClaim): string {
  const known = termsOf.get(purpose) ?? new Map<ClientClaim, string>();
  termsOf.set(purpose, known);
  const term = known.get(item) ?? newTerm(purpose.id, item);
  known.set(item, term);
  return term;
}

/** Every authorization compares the terms of every item; a declaration that changes is a new one. */
const termsOf = new WeakMap<ClientRecord['purpose'], Map<ClientClaim, string>>();

function newTerm(purpose: string, item: ClientClaim): string {
  const told = JSON.stringify([purpose, item.claim, item.required, item.basis, item.purpose]);
  return createHash('sha256').update(told).digest().subarray(0, 8).toString('base64url');
}

/** What a consent to these items rests on: consent, as soon as one of them does. */
export function basisOf(items: readonly ClientClaim[]): LegalBasis {
  const [first] = items;
  return first && items.every(({ basis }) => basis !== 'consent') ? first.basis : 'consent';
}

function fromRow(row: ConsentFields): Consent {
  return {
    id: row.id,
    clientId: row.client_id,
    basis: row.basis,
    scopes: row.scopes,
    claims: row.claims,
    declined: row.declined,
    terms: row.terms,
    purpose: row.purpose,
    givenAt: row.given_at,
    expiresAt: row.expires_at,
  };
}
