/** Which changes of a client somebody else has to agree to, and how many. */
import { isDeepStrictEqual } from 'node:util';
import type { ClientDraft } from './clients.ts';
import type { ClientDeclaration } from './registration-schema.ts';
import { type Risk, riskOf } from './risk.ts';

type Key = keyof ClientDeclaration;

/** What is risky only where something is added: taking away narrows what an app may do. */
const riskyToAdd: readonly Key[] = ['redirect_uris', 'post_logout_redirect_uris', 'claims', 'grant_types'];

/** What is risky only where it grows: people were told that it ends sooner. What is not said has no end. */
const riskyToRaise: readonly Key[] = ['consent_days', 'retention_days'];

/** What is risky whichever way it changes: where answers go, who may ask, what people were told, who coordinates. */
const risky: readonly Key[] = [
  'type',
  'purpose',
  'purpose#en',
  'sectors',
  'jwks',
  'jwks_uri',
  'token_endpoint_auth_method',
  'require_pkce',
  'require_pushed_authorization_requests',
  'dpop_bound_access_tokens',
  'rotate_refresh',
  'security_profile',
  'min_authentication',
  'min_identity',
  'subject_group',
  'initiate_login_uri',
  'backchannel_logout_uri',
  'event_uri',
];

/** The keys in which two declarations differ. */
export function changedKeys(before: ClientDeclaration | undefined, after: ClientDeclaration): Key[] {
  const keys = new Set([...Object.keys(before ?? {}), ...Object.keys(after)]) as Set<Key>;
  return [...keys].filter((key) => !isDeepStrictEqual(before?.[key], after[key]));
}

/** Those of the changes that somebody else has to agree to once the app has been live. */
export function riskyKeys(before: ClientDeclaration, after: ClientDeclaration): Key[] {
  return changedKeys(before, after).filter((key) => {
    if (key === 'scope') return adds(split(before.scope), split(after.scope));
    // Tokens are made for a machine by its address (RFC 8707).
    if (key === 'client_uri') return after.type === 'machine';
    if (riskyToAdd.includes(key)) return adds(listed(before, key), listed(after, key));
    if (riskyToRaise.includes(key)) return daysIn(after, key) > daysIn(before, key);
    return risky.includes(key);
  });
}

function daysIn(declaration: ClientDeclaration, key: Key): number {
  const days = declaration[key];
  return typeof days === 'number' ? days : Number.POSITIVE_INFINITY;
}

function adds(before: readonly unknown[], after: readonly unknown[]): boolean {
  return after.some((one) => !before.some((other) => isDeepStrictEqual(one, other)));
}

function split(scope: string | undefined): string[] {
  return (scope ?? '').split(' ').filter(Boolean);
}

function listed(declaration: ClientDeclaration, key: Key): readonly unknown[] {
  const value = declaration[key];
  return Array.isArray(value) ? value : [];
}

/** How many have to agree to a risky change of an app that has been live: two where it reads, or would read, much. */
export function approvalsToChange(before: ClientDraft, after: ClientDraft): number {
  return riskOf(before) === 'high' || riskOf(after) === 'high' ? 2 : 1;
}

const approvalsByRisk: Readonly<Record<Risk, number>> = { low: 0, medium: 1, high: 2 };

/** How many have to agree before an app goes live for the first time. */
export function approvalsToGoLive(draft: ClientDraft): number {
  return approvalsByRisk[riskOf(draft)];
}
