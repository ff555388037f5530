/**
 * How a permission comes about: what a person was shown and answered goes on record in place of what was current. To narrow a
 * consent is to give less of it.
 */
import { createHash } from 'node:crypto';
import { recordAccountEvents } from '#src/audit/events.ts';
import type { Write } from '#src/base/coalescing.ts';
import type { Row } from '#src/base/copy.ts';
import type { Db, Transaction } from '#src/base/database.ts';
import { type Language, Refusal } from '#src/base/refusals.ts';
import { newOrderedIdIn, type Secrets, shardOf } from '#src/base/secrets.ts';
import { type AppEvent, recordAppEvent } from '#src/people/app-events.ts';
import { holdDataKeys } from '#src/people/data-keys.ts';
import { noted } from '#src/registry/permission-counts.ts';
import { endPermissions } from './permission-ending.ts';
import {
  amrBits,
  type PermissionFields,
  permissionFields,
  scopeBits,
  toPermissions,
  toWordBits,
} from './permission-rows.ts';
import type { Consent, CurrentPermissions, Notice, PermissionKind, Withheld } from './permissions.ts';
import { type Terms, toBits, toBytes } from './terms.ts';

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

/** What a person is about to allow, and what was offered and not ticked. */
export interface ConsentDraft extends DraftFields, Pick<Consent, 'kind' | 'event'> {
  readonly declined: readonly string[];
}

/** What a person is about to be told of; `withheld` where it takes the place of a consent that nobody could be asked for. */
export interface NoticeDraft extends DraftFields, Pick<Notice, 'kind' | 'event' | 'basis'> {
  readonly withheld?: Withheld | undefined;
}

/** Either, before it is on record. */
export type PermissionDraft = ConsentDraft | NoticeDraft;

/** The same of nobody in particular. */
export type Offer<Draft extends PermissionDraft = PermissionDraft> = Draft extends unknown
  ? Omit<Draft, 'accountId'>
  : never;

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
  secrets: Secrets,
  drafts: readonly PermissionDraft[],
  before: CurrentPermissions,
): Promise<void> {
  for (const draft of drafts) {
    const { accountId, terms, kind } = draft;
    if (before[kind])
      await endPermissions(db, secrets, accountId, terms.clientId, { kinds: [kind], reason: 'replaced' });
    await db.for(shardOf(accountId)).write(putOnRecord[kind], permissionRow(draft));
    await recordAppEvent(db, secrets, givingOf(draft));
    noted(db, { clientId: terms.clientId, kind, event: draft.event });
  }
}

/** {@link givePermissions} for the many of a load, where there is no current one yet. */
export async function loadPermissions(
  tx: Transaction,
  secrets: Secrets,
  drafts: readonly PermissionDraft[],
): Promise<void> {
  const home = tx.forAll(drafts.map(({ accountId }) => shardOf(accountId)));
  await home.copy(`copy permissions (${Object.keys(columns).join(', ')}) from stdin`, drafts.map(permissionRow));
  const keys = await holdDataKeys(tx, secrets, [...new Set(drafts.map(({ accountId }) => accountId))]);
  const events = drafts.map(givingOf).flatMap(({ clientId, ...event }) => {
    const dataKey = keys.get(event.accountId);
    return dataKey ? [{ ...event, app: { clientId, dataKey } }] : [];
  });
  await recordAccountEvents(tx, events);
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

function givingOf(draft: PermissionDraft): AppEvent {
  const { accountId, terms, claims, givenAt: at } = draft;
  const clientId = terms.clientId;
  if (draft.kind === 'notice')
    return { accountId, kind: `notice.${draft.event}`, clientId, at, details: { basis: draft.basis, claims } };
  const details = { basis: 'consent', claims, declined: draft.declined };
  return { accountId, kind: `consent.${draft.event}`, clientId, at, details };
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
export async function narrowConsent(db: Db, secrets: Secrets, narrowing: Narrowing): Promise<Consent | undefined> {
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
  await givePermissions(db, secrets, [draft], { consent: before, notice: undefined });
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
      `select ${permissionFields.join(', ')} from permissions
       where shard = $1 and account_id = $2 and client_id = $3 and ended_at is null and basis = 'consent' for no key update`,
      [shard, accountId, clientId],
    );
  const first = await look();
  const [held] = await toPermissions(home, first.length > 0 ? first : await look());
  return held?.kind === 'consent' ? held : undefined;
}
