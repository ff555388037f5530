import { formatDay, formatList, type Language, type MessageKey, translate } from './locale.ts';
import { sayPhone } from './parts/phone.ts';

const labels: Record<string, MessageKey> = {
  sub: 'claim.sub',
  name: 'claim.name',
  given_name: 'claim.given_name',
  family_name: 'claim.family_name',
  middle_name: 'claim.middle_name',
  nickname: 'claim.nickname',
  preferred_username: 'claim.preferred_username',
  profile: 'claim.profile',
  picture: 'claim.picture',
  website: 'claim.website',
  email: 'claim.email',
  email_verified: 'claim.email_verified',
  gender: 'claim.gender',
  birthdate: 'claim.birthdate',
  zoneinfo: 'claim.zoneinfo',
  locale: 'claim.locale',
  phone_number: 'claim.phone_number',
  phone_number_verified: 'claim.phone_number_verified',
  address: 'claim.address',
  updated_at: 'claim.updated_at',
};

/** What people call a claim of OpenID Connect Core §5.1; `undefined` for claims that the registry has to name. */
export function findClaimLabel(language: Language, claim: string): string | undefined {
  const key = Object.hasOwn(labels, claim) ? labels[claim] : undefined;
  return key && translate(language)(key);
}

/** Puts claims in the order in which a person tells them: the name first. */
export function compareClaims(one: string, other: string): number {
  const order = Object.keys(labels);
  const [first, second] = [one, other].map((claim) => order.indexOf(claim));
  return (first ?? 0) - (second ?? 0);
}

/** What says most about a person: a short line names it, and not the parts of a name. */
const telling = ['name', 'email', 'phone_number', 'address', 'birthdate', 'gender'];

/** One more is named as well: to say that there is one takes as much room. */
function mostTelling(claims: readonly string[], most: number): readonly string[] {
  if (claims.length <= most + 1) return claims;
  const rank = (claim: string) => (telling.includes(claim) ? telling.indexOf(claim) : telling.length);
  return claims.toSorted((one, other) => rank(one) - rank(other)).slice(0, most);
}

/** Claims in the middle of a sentence: "nama lengkap, email, dan alamat". Of more than `most` those that tell most, by name. */
export function listClaims(language: Language, claims: readonly string[], most = claims.length): string {
  const names = mostTelling(claims, most).map((claim) => {
    const label = findClaimLabel(language, claim);
    return label === undefined ? claim : label.charAt(0).toLowerCase() + label.slice(1);
  });
  const left = claims.length - names.length;
  return formatList(language, left > 0 ? [...names, translate(language)('claim.more', { count: left })] : names);
}

/** So many are named where a line is one of many. */
export const MOST_NAMED = 4;

/** The value of a claim as a person reads it. `undefined` when there is nothing to read. */
export function sayClaim(language: Language, claim: string, value: unknown): string | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value === 'boolean') return translate(language)(value ? 'claim.confirmed' : 'claim.unconfirmed');
  if (claim === 'birthdate') return sayBirthdate(language, String(value));
  if (claim === 'gender') return sayGender(language, String(value));
  if (claim === 'phone_number') return sayPhone(String(value));
  if (claim === 'updated_at') return formatDay(language, new Date(Number(value) * 1000));
  if (Array.isArray(value)) return value.map(String).join(', ');
  if (typeof value === 'object') return sayAddress(value as Record<string, unknown>);
  return String(value);
}

/** OpenID Connect Core §5.1: `YYYY-MM-DD`, `0000` as the year when it is withheld, or a year alone. */
function sayBirthdate(language: Language, value: string): string {
  if (!/^(?!0000)\d{4}-\d{2}-\d{2}$/.test(value)) return value;
  const date = new Date(`${value}T00:00:00Z`);
  return Number.isNaN(date.getTime()) ? value : formatDay(language, date, 'UTC');
}

function sayGender(language: Language, value: string): string {
  const t = translate(language);
  if (value === 'female') return t('claim.female');
  return value === 'male' ? t('claim.male') : value;
}

/** OpenID Connect Core §5.1.1, in the order an envelope has it. */
function sayAddress(address: Record<string, unknown>): string | undefined {
  if (typeof address.formatted === 'string') return address.formatted.replaceAll(/\s*\n\s*/g, ', ');
  const parts = ['street_address', 'locality', 'region', 'postal_code', 'country'].map((part) => address[part]);
  const known = parts.filter((part) => typeof part === 'string' && part !== '');
  return known.length > 0 ? known.join(', ') : undefined;
}
