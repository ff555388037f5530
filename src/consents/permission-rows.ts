/**
 * A permission as its row holds it, and a row as a permission: items as bits over the terms, scopes and `amr` as bits over words.
 *
 * Statements that read more than permissions join the current ones of an account and an app.
 */
import type { Db } from '#src/base/database.ts';
import type { Language } from '#src/base/refusals.ts';
import type { Scope } from '#src/registry/claims.ts';
import type { LegalBasis } from '#src/registry/clients.ts';
import type {
  Consent,
  Current,
  CurrentConsent,
  CurrentNotice,
  CurrentPermissions,
  Notice,
  OnRecord,
  OtherBasis,
  Permission,
  PermissionEnd,
  PermissionKind,
  Withheld,
} from './permissions.ts';
import { fromBits, readTerms, type Terms, toId } from './terms.ts';

/** Bits of `permissions.scopes`; only ever added to, at the end. */
export const scopeBits: readonly Scope[] = ['openid', 'profile', 'email', 'phone', 'address', 'offline_access'];

/** Bits of `permissions.amr` (RFC 8176); only ever added to, at the end. */
export const amrBits: readonly string[] = ['pwd', 'otp', 'sms', 'pop', 'swk', 'hwk', 'user', 'mfa'];

/** Words as bits over a list that the tables keep in its order; what the list does not name is left out. */
export function toWordBits(list: readonly string[], words: readonly string[]): number {
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

/** A permission with its history, as its table holds it. */
export interface PermissionFields extends CurrentFields {
  client_id: string;
  language: Language;
  acr: string;
  amr: number;
  interaction: string | null;
  event: Consent['event'];
  ended_at: Date | null;
  end_reason: PermissionEnd | null;
}

/** The columns of a permission, for a statement of one table; {@link toPermissions} reads them. */
export const permissionFields = [
  ...currentFields,
  ...(['client_id', 'language', 'acr', 'amr', 'interaction', 'event', 'ended_at', 'end_reason'] as const),
];

/** Reads texts that the process does not know. */
export async function toPermissions(db: Db, rows: readonly PermissionFields[]): Promise<Permission[]> {
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
