/**
 * What a new app begins with, from the four things that its developer says: a declaration that works at once and reads
 * little. Everything else is preset, and may be changed afterwards.
 */
import { randomInt } from 'node:crypto';
import type { Db } from '#src/base/database.ts';
import type { StandardClaim } from './claims.ts';
import type { ClientType } from './clients.ts';
import type { ClientDeclaration } from './registration-schema.ts';

/** What apps are built with, as far as it makes a difference here. */
export const stacks = ['node', 'python', 'php', 'browser', 'mobile', 'machine', 'other'] as const;
export type Stack = (typeof stacks)[number];

const typeOf: Readonly<Record<Stack, ClientType>> = {
  node: 'web',
  python: 'web',
  php: 'web',
  browser: 'spa',
  mobile: 'native',
  machine: 'machine',
  other: 'web',
};

/** What is said of a new app. */
export interface FirstWords {
  readonly id: string;
  readonly name: string;
  readonly stack: Stack;
  readonly redirectUri: string;
  readonly purpose: string;
  readonly nameEn?: string | undefined;
  readonly purposeEn?: string | undefined;
}

/** Whom to address, and how to write to them. */
const firstClaims: readonly StandardClaim[] = ['name', 'email', 'email_verified'];

/** A declaration to be checked as any other (`checkClientEntry`). */
export function firstDeclaration(said: FirstWords): ClientDeclaration {
  const type = typeOf[said.stack];
  const words = {
    client_id: said.id,
    client_name: said.name,
    purpose: said.purpose,
    ...(said.nameEn && { 'client_name#en': said.nameEn }),
    ...(said.purposeEn && { 'purpose#en': said.purposeEn }),
    type,
  };
  if (type === 'machine') return words;
  const purpose = { purpose: said.purpose, ...(said.purposeEn && { 'purpose#en': said.purposeEn }) };
  return {
    ...words,
    redirect_uris: [said.redirectUri],
    post_logout_redirect_uris: signedOutAt(said.redirectUri),
    scope: 'openid profile email',
    claims: firstClaims.map((name) => ({ name, required: true, basis: 'consent', ...purpose })),
    // The file that we show knows both; the usual library of PHP (jumbojett/openid-connect-php) does not know ES256.
    ...(said.stack === 'php' && { id_token_signed_response_alg: 'RS256' }),
  };
}

/** Beside the redirect URI, where the quick start comes back to; an app's own scheme has no such place. */
function signedOutAt(redirectUri: string): string[] {
  return /^https?:/.test(redirectUri) && URL.canParse(redirectUri) ? [new URL('/signed-out', redirectUri).href] : [];
}

const MAX_ID = 50;

/** A client id made of an app's name that no client has: `antrean-rsud`, or with a number behind it. */
export async function findFreeId(db: Db, name: string): Promise<string> {
  const word = idOf(name);
  const candidates = [word, ...[2, 3, 4].map((number) => `${word}-${number}`), `${word}-${randomInt(10_000, 100_000)}`];
  const rows = await db.query<{ id: string }>('select id from clients where id = any($1)', [candidates]);
  const taken = new Set(rows.map(({ id }) => id));
  return candidates.find((id) => !taken.has(id)) ?? `${word}-${randomInt(10_000, 100_000)}`;
}

/** The name in the letters that an id may have; the provider keeps some beginnings for itself. */
function idOf(name: string): string {
  const plain = name.normalize('NFKD').toLowerCase().replace(/\p{M}/gu, '');
  const word = plain
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, MAX_ID)
    .replace(/^-+|-+$/g, '');
  return word.length < 2 || word.startsWith('lawang-') ? `layanan-${word}`.replace(/-$/, '') : word;
}
