/** What the engine hands out of an account: the claims of OpenID Connect Core §5.1, masked by scope, request and consent. */
import type { Account, FindAccount, KoaContextWithOIDC } from 'oidc-provider';
import type { Config } from '#src/base/config.ts';
import type { Db } from '#src/base/database.ts';
import { epochSeconds } from '#src/base/epoch.ts';
import type { Secrets } from '#src/base/secrets.ts';
import { currentDb } from '#src/base/unit-of-work.ts';
import { findAccount, loadAccount, mayUse, type Account as Person } from '#src/people/accounts.ts';
import { claimsOfScope, type Scope } from '#src/registry/claims.ts';
import { isOpenTo } from '#src/registry/client-reach.ts';
import { recordOf } from './models.ts';
import { openIn } from './of-age.ts';
import { knownAccount, knownStanding, type Standing } from './storage/known.ts';
import { readPerson } from './storage/person-of-app.ts';

/** Claims of a token about the sign-in itself; never asked of a person. */
const protocolClaims = ['acr', 'amr', 'auth_time', 'iss', 'sid'];

/** The `claims` setting of the library: claims per scope, and those that no scope brings. */
export const claimsConfiguration: Record<string, string[] | null> = {
  ...Object.fromEntries(protocolClaims.map((claim) => [claim, null])),
  ...Object.fromEntries(Object.entries(claimsOfScope).map(([scope, claims]) => [scope, [...claims]])),
  openid: ['sub'],
};

/** The claims that a request asks for by its scopes (OpenID Connect Core §5.4). */
export function claimsOfScopes(scopes: Iterable<string>): string[] {
  return [...scopes].flatMap((scope) => [...(claimsOfScope[scope as Scope] ?? [])]);
}

/**
 * Finds whose token or session it is. An account that may not be used is as good as none: everything it holds ends. So does
 * the token of somebody who tests an app no longer.
 */
export function createFindAccount(database: Db, secrets: Secrets, mode: Config['mode']): FindAccount {
  return async (ctx, id, token) => {
    if (token && ctx.oidc.client && !isOpenTo(recordOf(ctx.oidc.client), mode, id)) return undefined;
    const db = currentDb(database);
    const standing = await findStanding(ctx, secrets, db, id);
    const load = () => loadPerson(db, secrets, id);
    return standing && mayUse(standing) ? toAccount(id, ctx, db, load) : undefined;
  };
}

/** With what will be asked next, where an app is waiting for its answer. */
async function findStanding(
  { oidc }: KoaContextWithOIDC,
  secrets: Secrets,
  db: Db,
  id: string,
): Promise<Standing | undefined> {
  const known = knownStanding(db, id);
  if (known !== null) return known;
  return oidc.client
    ? (await readPerson({ secrets }, db, id, recordOf(oidc.client))).account
    : findAccount(db, secrets, id);
}

async function loadPerson(db: Db, secrets: Secrets, id: string): Promise<Person> {
  return knownAccount(db, id) ?? (await loadAccount(db, secrets, id));
}

/** An app reads what it is registered for at this moment, and what is open to it at this moment, whatever it was allowed before. */
function toAccount(id: string, { oidc }: KoaContextWithOIDC, db: Db, load: () => Promise<Person>): Account {
  return {
    accountId: id,
    async claims(use, _scope, asked) {
      // An ID token names the person; it holds more only where the app asked for that by name.
      if (use === 'id_token' && Object.keys(asked).length === 0) return { sub: id };
      const person = await load();
      const values = personClaims(person);
      const registered = oidc.client ? recordOf(oidc.client).claims : [];
      const isOpen = await openIn(db, oidc.entities.Grant, person);
      const open = registered.filter(({ claim }) => isOpen(claim));
      return { sub: id, ...Object.fromEntries(open.map(({ claim }) => [claim, values[claim]])) };
    },
  };
}

/** All values of a person that an app could be allowed to read. */
export function personClaims(person: Person): Record<string, unknown> {
  return { ...person.profile, updated_at: epochSeconds(person.updatedAt) };
}
