/**
 * What a machine may be registered for at the API, in words of the table of roles (`authority.ts`). Whoever registers or
 * changes a machine, or makes a secret of it, may do by themselves all that it may: nobody gains anything by a machine. To
 * agree to a change, to give roles and to issue sheets stays with people.
 */
import { Refusal } from '#src/base/refusals.ts';
import type { Permission } from './authority.ts';

export const apiScopes = [
  'apps.read',
  'apps.write',
  'apps.secrets',
  'team.read',
  'inventory.read',
  'inventory.write',
  'sectors.decide',
] as const;
export type ApiScope = (typeof apiScopes)[number];

/** Whether a scope is one of the API. */
export function isApiScope(scope: string): scope is ApiScope {
  return (apiScopes as readonly string[]).includes(scope);
}

/** Whoever sees the apps of an agency sees which others exist there. */
function permissionOf(scope: ApiScope): Permission {
  return scope === 'inventory.read' ? 'apps.read' : scope;
}

/** What a machine with these scopes may do at its agency and below. */
export function permissionsOf(scopes: Iterable<string>): Permission[] {
  return [...new Set([...scopes].filter(isApiScope).map(permissionOf))];
}

/**
 * Refuses a hand in a machine that may do more than one may by oneself.
 *
 * @param allowed what one may do at the machine's agency
 * @throws {Refusal} `scope_beyond_role`
 */
export function demandScopes(allowed: readonly Permission[], scopes: readonly string[]): void {
  const missing = permissionsOf(scopes).filter((permission) => !allowed.includes(permission));
  if (missing.length > 0) throw new Refusal('scope_beyond_role', `a machine for ${missing.join(', ')}`);
}

/** The address for which tokens of the API are made (RFC 8707), and under which it is. */
export function apiAddress(issuer: string): string {
  return `${issuer}/api/v1`;
}
