/** The claims and scopes that an app may be registered for: those of OpenID Connect Core. */

/** Which claims a scope asks for (OpenID Connect Core §5.4), in the order of §5.1. */
export const claimsOfScope = {
  openid: [],
  profile: [
    'name',
    'given_name',
    'family_name',
    'middle_name',
    'nickname',
    'preferred_username',
    'profile',
    'picture',
    'website',
    'gender',
    'birthdate',
    'zoneinfo',
    'locale',
    'updated_at',
  ],
  email: ['email', 'email_verified'],
  phone: ['phone_number', 'phone_number_verified'],
  address: ['address'],
  offline_access: [],
} as const satisfies Record<string, readonly string[]>;

export type Scope = keyof typeof claimsOfScope;

/** A claim of OpenID Connect Core §5.1 about a person; `sub` is not among them, every app gets its own. */
export type StandardClaim = (typeof claimsOfScope)[Scope][number];

/** The scopes that stand for claims (OpenID Connect Core §5.4). */
export const scopes = Object.keys(claimsOfScope) as Scope[];

/** Every claim an app may declare, in the order in which a page lists them. */
export const standardClaims: readonly StandardClaim[] = Object.values(claimsOfScope).flat();

/**
 * What a claim tells beyond who somebody is. `telling`: something of their life. `sensitive`: together with the others of
 * its kind it amounts to the national number, which holds the date of birth, the sex and the district, or it leads to
 * somebody's door.
 */
export type Sensitivity = 'plain' | 'telling' | 'sensitive';

const beyondPlain: Partial<Record<StandardClaim, Sensitivity>> = {
  picture: 'telling',
  gender: 'telling',
  phone_number: 'telling',
  birthdate: 'sensitive',
  address: 'sensitive',
};

/** How carefully an app that asks for a claim is looked at before it is let into production. */
export function sensitivityOf(claim: StandardClaim): Sensitivity {
  return beyondPlain[claim] ?? 'plain';
}
