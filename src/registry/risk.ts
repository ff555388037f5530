/**
 * How much harm an app could do with what it may read. It decides who has to agree before the app goes live: a high one
 * needs two people, none of them the one who asks.
 */
import { sensitivityOf } from './claims.ts';
import type { ClientDraft } from './clients.ts';

export const risks = ['low', 'medium', 'high'] as const;
export type Risk = (typeof risks)[number];

/** Follows from the claims and from how well the person must be proven, and from nothing that an app says of itself. */
export function riskOf({ claims, minIdentity }: Pick<ClientDraft, 'claims' | 'minIdentity'>): Risk {
  const sensitivities = claims.map(({ claim }) => sensitivityOf(claim));
  if (minIdentity === 'ial3' || sensitivities.includes('sensitive')) return 'high';
  if (minIdentity === 'ial2' || sensitivities.includes('telling')) return 'medium';
  return 'low';
}
