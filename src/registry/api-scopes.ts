/**
 * What a machine may be registered for at the API: words of the table of roles (`authority.ts`), and of them only what
 * every developer of an agency may do, so that whoever registers a machine never gains by it what they may not do
 * themselves. To agree to a change, to give roles and to issue sheets stays with people.
 */
import type { Permission } from './authority.ts';

export const apiScopes = ['apps.read', 'apps.write', 'apps.secrets', 'team.read'] as const satisfies Permission[];
export type ApiScope = (typeof apiScopes)[number];

/** Whether a scope is one of the API. */
export function isApiScope(scope: string): scope is ApiScope {
  return (apiScopes as readonly string[]).includes(scope);
}

/** The address for which tokens of the API are made (RFC 8707), and under which it is. */
export function apiAddress(issuer: string): string {
  return `${issuer}/api/v1`;
}
