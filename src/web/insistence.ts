/** What an app lets nobody in without, by its registration or by its request, in the words of pages. */
import { lackOf } from '#src/oidc/acr.ts';
import { demandIn, type OpenInteraction } from '#src/oidc/interactions.ts';
import { type Assurance, assuranceOf } from '#src/people/assurance.ts';
import type { Insistence } from '#views/parts/insistence.ts';

const byPassword = assuranceOf({ by: 'password' });
const byPasskey = assuranceOf({ by: 'passkey', isSynced: true, isAttested: false });

/** The strongest first that is not enough says what is needed. */
const enough: readonly (readonly [held: Assurance, insists: Insistence])[] = [
  [byPasskey, 'hardware'],
  [assuranceOf({ by: 'totp' }, byPassword.amr), 'passkey'],
  [byPassword, 'two-proofs'],
];

/** What this app lets nobody in without; undefined when any sign-in will do. */
export function insistenceIn(interaction: OpenInteraction): Insistence | undefined {
  const demand = demandIn(interaction);
  return enough.find(([held]) => lackOf(held, demand) === 'needed')?.[1];
}
