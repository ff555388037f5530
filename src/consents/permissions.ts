/**
 * What an app may read of a person: a consent, which was asked and can be withdrawn, or a notice of another legal basis, which
 * informs and leaves no choice. At most one current one of each kind per account and app; ended ones stay on record.
 *
 * A permission never changes its meaning: narrowing it, renewing it and agreeing to more end it and make a new one. The record is
 * ours; the protocol's Grant is its short-lived shadow (`oidc/grants.ts`).
 *
 * Field by field it is a consent record of ISO/IEC TS 27560:2023: `record_id` is `id`, `pii_principal_id` the account,
 * `pii_controller` and `recipient` the agency and app of its terms, `purpose`, `lawful_basis`, `pii_type` with whether it is
 * optional, and `privacy_notice` the terms with `language`, `geographic/jurisdiction` the law of an item, `event_time` `givenAt`,
 * `validity_duration` until `expiresAt`, `event_type` `event`, `event_state` `endReason`, `collection_method` `interaction` with
 * `acr` and `amr`. `docs/permissions.md` has them in a table.
 */
import { createHash } from 'node:crypto';
import { type AccountEvent, recordAccountEvent, recordAccountEvents } from '#src/audit/events.ts';
import { lookUps } from '#src/base/batches.ts';
import type { Write } from '#src/base/coalescing.ts';
import type { Row } from '#src/base/copy.ts';
import type { Db, Transaction } from '#src/base/database.ts';
import { type Language, Refusal } from '#src/base/refusals.ts';
import { newOrderedIdIn, shardOf } from '#src/base/secrets.ts';
import type { Scope, StandardClaim } from '#src/registry/claims.ts';
import type { LegalBasis } from '#src/registry/clients.ts';
import { noted } from '#src/registry/permission-counts.ts';
import { fromBits, readTerms, type Terms, toBits, toBytes, toId } from './terms.ts';

export type PermissionKind = 'consent' | 'notice';

/** Any legal basis that is not a choice (UU PDP 27/2022, article 20). */
export type OtherBasis = Exclude<LegalBasis, 'consent'>;

/** Why a notice stands where no consent could be asked. */
export type Withheld = 'minor' | 'unknown';

/** Why a permission is no longer the current one. */
export type PermissionEnd = 'replaced' | 'withdrawn' | 'left' | 'expired';

/** What decides about a request, of a permission that is current. It may have expired: the page then says that it is renewed. */
interface Current {
  readonly id: string;
  /** What was shown. */
  readonly terms: Terms;
  /** Allowed: names of items of the terms. */
  readonly claims: readonly StandardClaim[];
  readonly scopes: readonly string[];
  readonly givenAt: Date;
  readonly expiresAt: Date;
}

export interface CurrentConsent extends Current {
  readonly kind: 'consent';
  readonly basis: 'consent';
  /** Offered and not ticked; not asked again. */
  readonly declined: readonly StandardClaim[];
}

export interface CurrentNotice extends Current {
  readonly kind: 'notice';
  /** Of its first item; each item of the terms has its own. */
  readonly basis: OtherBasis;
  readonly declined: readonly [];
  readonly withheld: Withheld | undefined;
}

/** What an app may read of a person at the moment. */
export interface CurrentPermissions {
  readonly consent: CurrentConsent | undefined;
  readonly notice: CurrentNotice | undefined;
}

/** How it came about, and what became of it. */
interface OnRecord {
  readonly clientId: string;
  /** In which it was shown. */
  readonly language: Language;
  readonly acr: string;
  readonly amr: readonly string[];
  /** In which interaction, as a hash of its id; undefined where it was narrowed on the account page. */
  readonly interaction: string | undefined;
  readonly endedAt: Date | undefined;
}

export interface Consent extends CurrentConsent, OnRecord {
  readonly event: 'given' | 'narrowed' | 'renewed';
  readonly endReason: Exclude<PermissionEnd, 'left'> | undefined;
}

export interface Notice extends CurrentNotice, OnRecord {
  readonly event: 'given' | 'renewed';
  readonly endReason: Exclude<PermissionEnd, 'withdrawn'> | undefined;
}

export type Permission = Consent | Notice;

/** What a person answers on the consent page, and how they had signed in. */
interface DraftFields {
  readonly accountId: string;
  readonly terms: Terms;
  readonly claims: readonly string[];
  readonly scopes: readonly string[];
  readonly language: Language;
  readonly acr: string;
  readonly amr: readonly string[];
  /** Its id, which is on record as a hash: whoever holds the id may answer it. */
  readonly interaction?: string | undefined;
  readonly expiresAt: Date;
  /** When; now unless a load says otherwise. */
  readonly givenAt?: Date | undefined;
}

export interface ConsentDraft extends DraftFields, Pick<Consent, 'kind' | 'event'> {
  readonly declined: readonly string[];
}

export interface NoticeDraft extends DraftFields, Pick<Notice, 'kind' | 'event' | 'basis'> {
  readonly withheld?: Withheld | undefined;
}

export type PermissionDraft = ConsentDraft | NoticeDraft;

/** The same of nobody in particular. */
export type Offer<Draft extends PermissionDraft = PermissionDraft> = Draft extends unknown
  ? Omit<Draft, 'accountId'>
  : never;

/** Bits of `permissions.scopes`; only ever added to, at the end. */
const scopeBits: readonly Scope[] = ['openid', 'profile', 'email', 'phone', 'address', 'offline_access'];

/** Bits of `permissions.amr` (RFC 8176); only ever added to, at the end. */
const amrBits: readonly string[] = ['pwd', 'otp', 'sms', 'pop', 'swk', 'hwk', 'user', 'mfa'];

function toWordBits(list: readonly string[], words: readonly string[]): number {
  return list.reduce((bits, word, index) => (words.includes(word) ? bits | (1 << index) : bits), 0);
}

const wordsOfBits = new Map<readonly string[], Map<number, readonly string[]>>();

/** Few combinations ever occur, and every authorization asks for one. */
function fromWordBits(list: readonly string[], bits: number): readonly string[] {
  const known = wordsOfBits.get(list) ?? new Map<number, readonly string[]>();
  wordsOfBits.set(list, known);
  const words = known.get(bits) ?? list.filter((_, index) => (bits >> index) & 1);
  known.set(bits, words);
  return words;
}

/** What every authorization reads. */
interface CurrentFields {
  id: string;
  basis: LegalBasis;
  terms: Buffer;
  allowed: string;
  declined: string;
  scopes: number;
  withheld: Withheld | null;
  given_at: Date;
  expires_at: Date;
}

const currentFields = [
  ...(['id', 'basis', 'terms', 'allowed', 'declined'] as const),
  ...(['scopes', 'withheld', 'given_at', 'expires_at'] as const),
];

/** The columns of a current permission in a row of several tables, each behind a prefix; all null when none was joined. */
type JoinedRow<Prefix extends string> = {
  readonly [Field in keyof CurrentFields as `${Prefix}${Field}`]: CurrentFields[Field] | null;
};

/** Consent and notice in a row of several tables; {@link permissionsIn} reads them. */
export type PermissionsRow = JoinedRow<'consent_'> & JoinedRow<'notice_'>;

/** Their columns, for a statement with {@link joinPermissions}. */
export const permissionsColumns = (['consent', 'notice'] as const)
  .flatMap((kind) => currentFields.map((field) => `${kind}.${field} as ${kind}_${field}`))
  .join(', ');

/** Joins the current permissions of an account and an app, both given as SQL; `$1` is the shard. */
export function joinPermissions(accountId: string, clientId: string): string {
  const join = (kind: PermissionKind, basis: string) =>
    `left join permissions ${kind} on ${kind}.shard = $1 and ${kind}.account_id = ${accountId} and ${kind}.client_id = ${clientId}
     and ${kind}.ended_at is null and ${kind}.basis ${basis} 'consent'`;
  return `${join('consent', '=')}\n   ${join('notice', '<>')}`;
}

/** The permissions in a row of several tables. Reads texts that the process does not know; those in force it does. */
export async function permissionsIn(db: Db, row: PermissionsRow): Promise<CurrentPermissions> {
  const [consent, notice] = [joinedIn(row, 'consent_'), joinedIn(row, 'notice_')];
  if (!consent && !notice) return { consent: undefined, notice: undefined };
  const texts = await readTerms(
    db,
    [consent, notice].flatMap((each) => (each ? [toId(each.terms)] : [])),
  );
  return {
    consent: consent && toConsent(consent, termsIn(texts, consent)),
    notice: notice && toNotice(notice, termsIn(texts, notice)),
  };
}

function joinedIn<Prefix extends 'consent_' | 'notice_'>(
  row: PermissionsRow,
  prefix: Prefix,
): CurrentFields | undefined {
  const values = row as Readonly<Record<string, unknown>>;
  if (values[`${prefix}id`] === null) return undefined;
  return Object.fromEntries(
    currentFields.map((field) => [field, values[`${prefix}${field}`]]),
  ) as unknown as CurrentFields;
}

function termsIn(texts: ReadonlyMap<string, Terms>, { terms }: Pick<CurrentFields, 'terms'>): Terms {
  const found = texts.get(toId(terms));
  if (!found) throw new Error('a permission names terms that are not on record');
  return found;
}

function toCurrent(row: CurrentFields, terms: Terms): Current {
  return {
    id: row.id,
    terms,
    claims: fromBits(terms, BigInt(row.allowed)),
    scopes: fromWordBits(scopeBits, row.scopes),
    givenAt: row.given_at,
    expiresAt: row.expires_at,
  };
}

function toConsent(row: CurrentFields, terms: Terms): CurrentConsent {
  const declined = fromBits(terms, BigInt(row.declined));
  return { kind: 'consent', basis: 'consent', ...toCurrent(row, terms), declined };
}

function toNotice(row: CurrentFields, terms: Terms): CurrentNotice {
  const basis = row.basis as OtherBasis;
  return { kind: 'notice', basis, ...toCurrent(row, terms), declined: [], withheld: row.withheld ?? undefined };
}

interface PermissionFields extends CurrentFields {
  client_id: string;
  language: Language;
  acr: string;
  amr: number;
  interaction: string | null;
  event: Consent['event'];
  ended_at: Date | null;
  end_reason: PermissionEnd | null;
}

const fields = [
  ...currentFields,
  ...(['client_id', 'language', 'acr', 'amr', 'interaction', 'event', 'ended_at', 'end_reason'] as const),
];

async function toPermissions(db: Db, rows: readonly PermissionFields[]): Promise<Permission[]> {
  const texts = await readTerms(
    db,
    rows.map(({ terms }) => toId(terms)),
  );
  return rows.map((row) => toPermission(row, termsIn(texts, row)));
}

function toPermission(row: PermissionFields, terms: Terms): Permission {
  const onRecord: OnRecord = {
    clientId: row.client_id,
    language: row.language,
    acr: row.acr,
    amr: fromWordBits(amrBits, row.amr),
    interaction: row.interaction ?? undefined,
    endedAt: row.ended_at ?? undefined,
  };
  // The table's constraints keep the words of each kind apart.
  const { event } = row;
  const endReason = row.end_reason ?? undefined;
  return row.basis === 'consent'
    ? { ...toConsent(row, terms), ...onRecord, event, endReason: endReason as Consent['endReason'] }
    : {
        ...{ ...toNotice(row, terms), ...onRecord },
        ...{ event: event as Notice['event'], endReason: endReason as Notice['endReason'] },
      };
}

/** Which permissions of a person to list. */
export interface PermissionPage {
  /** Of one app. */
  readonly clientId?: string | undefined;
  /** Also those that are no longer current. */
  readonly ended?: boolean | undefined;
  /** The last one of the page before. */
  readonly before?: Pick<Permission, 'id'> | undefined;
  readonly limit: number;
}

/** Permissions of a person, the latest first. Walks the primary key backwards: their ids are in the order of time. */
export async function listPermissions(
  db: Db,
  accountId: string,
  { clientId, ended = false, before, limit }: PermissionPage,
): Promise<Permission[]> {
  const shard = shardOf(accountId);
  const home = db.for(shard);
  const ofApp = clientId === undefined ? '' : 'and client_id = $5';
  const rows = await home.query<PermissionFields>(
    `select ${fields.join(', ')} from permissions
     where shard = $1 and account_id = $2 and id < $3 ${ended ? '' : 'and ended_at is null'} ${ofApp} order by id desc limit $4`,
    [shard, accountId, before?.id ?? LAST_ID, limit, ...(clientId === undefined ? [] : [clientId])],
  );
  return toPermissions(home, rows);
}

const LAST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/** One permission of a person, current or ended. */
export async function findPermission(db: Db, accountId: string, id: string): Promise<Permission | undefined> {
  const shard = shardOf(accountId);
  const home = db.for(shard);
  const rows = await home.query<PermissionFields>(
    `select ${fields.join(', ')} from permissions where shard = $1 and account_id = $2 and id = $3`,
    [shard, accountId, id],
  );
  return (await toPermissions(home, rows))[0];
}

/** The apps that may read something of a person, or told them that they do. */
export async function listConnected(db: Db, accountId: string): Promise<string[]> {
  const shard = shardOf(accountId);
  const rows = await db
    .for(shard)
    .query<{ client_id: string }>(
      `select distinct client_id from permissions where shard = $1 and account_id = $2 and ended_at is null order by client_id`,
      [shard, accountId],
    );
  return rows.map(({ client_id: id }) => id);
}

/** {@link listConnected} of many accounts. For loads: it asks many shards. */
export async function listConnectedOfMany(db: Db, accountIds: readonly string[]): Promise<Map<string, string[]>> {
  const connected = new Map(accountIds.map((id): [string, string[]] => [id, []]));
  for (const some of lookUps(accountIds)) {
    const shards = some.map(shardOf);
    // Without the offset PostgreSQL would read all permissions of these shards, to join them.
    const rows = await db.forAll(shards).query<{ account_id: string; client_id: string }>(
      `select wanted.account_id, p.client_id from unnest($1::smallint[], $2::uuid[]) as wanted (shard, account_id)
       cross join lateral (select distinct client_id from permissions where shard = any($1) and shard = wanted.shard
         and account_id = wanted.account_id and ended_at is null offset 0) p`,
      [shards, some],
    );
    for (const row of rows) connected.get(row.account_id)?.push(row.client_id);
  }
  return connected;
}

const columns = {
  shard: 'smallint',
  account_id: 'uuid',
  client_id: 'text',
  id: 'uuid',
  basis: 'text',
  terms: 'bytea',
  allowed: 'bigint',
  declined: 'bigint',
  scopes: 'smallint',
  withheld: 'text',
  language: 'text',
  acr: 'text',
  amr: 'smallint',
  interaction: 'text',
  event: 'text',
  given_at: 'timestamptz',
  expires_at: 'timestamptz',
} as const;

const key: readonly string[] = ['shard', 'account_id', 'client_id'];
const replaced = Object.keys(columns)
  .filter((name) => !key.includes(name))
  .map((name) => `${name} = excluded.${name}`);

/** Of two presses of the button at once the later one says what holds; a grant of the earlier is not made any more. */
const putOnRecord: Readonly<Record<PermissionKind, Write>> = {
  consent: given('consent_given', `basis = 'consent'`),
  notice: given('notice_given', `basis <> 'consent'`),
};

function given(name: string, which: string): Write {
  const names = Object.keys(columns).join(', ');
  return {
    name,
    table: 'permissions',
    columns,
    text: `insert into permissions (${names}) select ${names} from given
      on conflict (shard, account_id, client_id) where ended_at is null and ${which} do update set ${replaced.join(', ')}
      returning 1`,
    lost: () => new Refusal('account_unavailable', 'the account is gone'),
  };
}

/**
 * Puts on record what a person was shown and answered, each in place of the current one of its kind, with the commit of the
 * caller's unit. The terms have to be on record (`terms.ts recordTerms`).
 */
export async function givePermissions(
  db: Db,
  drafts: readonly PermissionDraft[],
  before: CurrentPermissions,
): Promise<void> {
  for (const draft of drafts) {
    const { accountId, terms, kind } = draft;
    if (before[kind]) await endPermissions(db, accountId, terms.clientId, { kinds: [kind], reason: 'replaced' });
    await db.for(shardOf(accountId)).write(putOnRecord[kind], permissionRow(draft));
    await recordAccountEvent(db, givingOf(draft));
    noted(db, { clientId: terms.clientId, kind, event: draft.event });
  }
}

/** {@link givePermissions} for the many of a load, where there is no current one yet. */
export async function loadPermissions(tx: Transaction, drafts: readonly PermissionDraft[]): Promise<void> {
  const home = tx.forAll(drafts.map(({ accountId }) => shardOf(accountId)));
  await home.copy(`copy permissions (${Object.keys(columns).join(', ')}) from stdin`, drafts.map(permissionRow));
  await recordAccountEvents(tx, drafts.map(givingOf));
}

/** The values of {@link columns}. */
function permissionRow(draft: PermissionDraft): Row {
  const { accountId, terms } = draft;
  const shard = shardOf(accountId);
  const givenAt = draft.givenAt ?? new Date();
  const basis = draft.kind === 'consent' ? 'consent' : draft.basis;
  const declined = draft.kind === 'consent' ? draft.declined : [];
  const withheld = draft.kind === 'notice' ? draft.withheld : undefined;
  const bits = [toBits(terms, draft.claims), toBits(terms, declined)].map(String);
  return [
    ...[shard, accountId, terms.clientId, newOrderedIdIn(shard, givenAt), basis, toBytes(terms.id), ...bits],
    ...[
      toWordBits(scopeBits, draft.scopes),
      withheld ?? null,
      draft.language,
      draft.acr,
      toWordBits(amrBits, draft.amr),
    ],
    ...[draft.interaction === undefined ? null : referenceOf(draft.interaction), draft.event, givenAt, draft.expiresAt],
  ];
}

/** Enough of a hash to find an interaction again in what else is known of it. */
function referenceOf(interaction: string): string {
  return createHash('sha256').update(interaction).digest().subarray(0, 9).toString('base64url');
}

function givingOf(draft: PermissionDraft): AccountEvent {
  const { accountId, terms, claims, givenAt: at } = draft;
  const clientId = terms.clientId;
  if (draft.kind === 'notice')
    return { accountId, kind: `notice.${draft.event}`, clientId, at, details: { basis: draft.basis, claims } };
  const details = { basis: 'consent', claims, declined: draft.declined };
  return { accountId, kind: `consent.${draft.event}`, clientId, at, details };
}

/** Which permissions end, and why. */
export interface PermissionEnding {
  /** Both unless it says otherwise. */
  readonly kinds?: readonly PermissionKind[] | undefined;
  /** Ended by the person, a consent is `withdrawn` and a notice `left`, whichever of the two is given. */
  readonly reason: PermissionEnd;
  /** Only what has expired by then. */
  readonly expiredAt?: Date | undefined;
}

/**
 * Ends what an app may read of a person, if there is something. Only the record: whoever calls it sees to grants, tokens and
 * what the app is told (`oidc/withdrawals.ts`).
 *
 * @returns what ended
 */
export async function endPermissions(
  db: Db,
  accountId: string,
  clientId: string,
  { kinds = ['consent', 'notice'], reason, expiredAt }: PermissionEnding,
): Promise<Permission[]> {
  const shard = shardOf(accountId);
  const home = db.for(shard);
  const byPerson = reason === 'withdrawn' || reason === 'left';
  const rows = await home.query<PermissionFields>(
    `update permissions set ended_at = $4,
       end_reason = case when $5::text is not null then $5 when basis = 'consent' then 'withdrawn' else 'left' end
     where shard = $1 and account_id = $2 and client_id = $3 and ended_at is null
       and ((basis = 'consent' and $6) or (basis <> 'consent' and $7))
       and (expires_at <= $8) is not false
     returning ${fields.join(', ')}`,
    [
      ...[shard, accountId, clientId, new Date(), byPerson ? null : reason],
      ...[kinds.includes('consent'), kinds.includes('notice'), expiredAt ?? null],
    ],
  );
  const ended = await toPermissions(home, rows);
  for (const each of ended) {
    const { kind, endReason } = each;
    if (endReason === undefined || endReason === 'replaced') continue;
    await recordAccountEvent(db, endingOf(accountId, each));
    noted(db, { clientId, kind, event: endReason });
  }
  return ended;
}

function endingOf(accountId: string, permission: Permission): AccountEvent {
  const { clientId, claims } = permission;
  const details = { claims };
  if (permission.kind === 'notice')
    return {
      accountId,
      kind: permission.endReason === 'expired' ? 'notice.expired' : 'notice.left',
      clientId,
      details,
    };
  const kind = permission.endReason === 'expired' ? 'consent.expired' : 'consent.withdrawn';
  return { accountId, kind, clientId, details };
}

/** Something of an account and an app that has expired. */
export interface ExpiredPermission {
  readonly accountId: string;
  readonly clientId: string;
}

/** What has expired in these shards and is not ended yet, some of it. For a job: it asks many shards. */
export async function listExpired(
  db: Db,
  shards: readonly number[],
  now: Date,
  limit: number,
): Promise<ExpiredPermission[]> {
  const rows = await db
    .forAll(shards)
    .query<{ account_id: string; client_id: string }>(
      `select account_id, client_id from permissions where shard = any($1) and ended_at is null and expires_at <= $2 limit $3`,
      [shards, now, limit],
    );
  return rows.map((row) => ({ accountId: row.account_id, clientId: row.client_id }));
}

/** What is kept of a consent. */
export interface Narrowing extends Pick<Consent, 'language' | 'acr' | 'amr'> {
  readonly accountId: string;
  readonly clientId: string;
  /** The optional claims that stay; what the app requires stays in any case. */
  readonly keep: readonly string[];
}

/**
 * Takes optional claims out of a consent. It holds until when it did, and nobody is asked for them again.
 *
 * @returns the consent as it was; undefined when there is none or it keeps all that it allows
 */
export async function narrowConsent(db: Db, narrowing: Narrowing): Promise<Consent | undefined> {
  const { accountId, clientId, keep, ...how } = narrowing;
  const before = await holdConsent(db, accountId, clientId);
  if (!before || before.expiresAt <= new Date()) return undefined;
  const required = new Set(before.terms.items.filter((item) => item.required).map(({ claim }) => claim));
  const claims = before.claims.filter((claim) => required.has(claim) || keep.includes(claim));
  if (claims.length === before.claims.length) return undefined;
  const taken = before.claims.filter((claim) => !claims.includes(claim));
  const { terms, scopes, expiresAt } = before;
  const declined = [...before.declined, ...taken];
  const draft: ConsentDraft = {
    ...{ kind: 'consent', event: 'narrowed', accountId, terms, claims, declined, scopes, expiresAt },
    ...how,
  };
  await givePermissions(db, [draft], { consent: before, notice: undefined });
  return before;
}

/**
 * The current consent, held until the unit of work ends: nobody brings back what somebody else takes away at the same moment.
 * The second look finds what has replaced the one that the first has waited for.
 */
async function holdConsent(db: Db, accountId: string, clientId: string): Promise<Consent | undefined> {
  const shard = shardOf(accountId);
  const home = db.for(shard);
  const look = () =>
    home.query<PermissionFields>(
      `select ${fields.join(', ')} from permissions
       where shard = $1 and account_id = $2 and client_id = $3 and ended_at is null and basis = 'consent' for no key update`,
      [shard, accountId, clientId],
    );
  const first = await look();
  const [held] = await toPermissions(home, first.length > 0 ? first : await look());
  return held?.kind === 'consent' ? held : undefined;
}

/**
 * Of each kind the latest of an app that is over, where it ended because its time was up: its successor renews it. For the
 * consent page alone, where there is no current one.
 */
export async function lastExpired(db: Db, accountId: string, clientId: string): Promise<CurrentPermissions> {
  const shard = shardOf(accountId);
  const home = db.for(shard);
  const rows = await home.query<PermissionFields>(
    `select distinct on (basis = 'consent') ${fields.join(', ')} from permissions
     where shard = $1 and account_id = $2 and client_id = $3 and ended_at is not null
     order by (basis = 'consent'), id desc`,
    [shard, accountId, clientId],
  );
  const expired = (await toPermissions(home, rows)).filter(({ endReason }) => endReason === 'expired');
  return {
    consent: expired.find((each) => each.kind === 'consent'),
    notice: expired.find((each) => each.kind === 'notice'),
  };
}

/** Lets apps ask again whom they could not ask for a consent: what is known of the person's age has changed. */
export async function askAgain(db: Db, accountId: string): Promise<void> {
  const shard = shardOf(accountId);
  await db
    .for(shard)
    .execute(
      'update permissions set withheld = null where shard = $1 and account_id = $2 and ended_at is null and withheld is not null',
      [shard, accountId],
    );
}
