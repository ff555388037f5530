/** By which law an app reads what it does not ask for: people are told it instead of being asked. */
import { Refusal } from '#src/base/refusals.ts';
import { hasBeenLive } from './client-life.ts';
import type { ClientClaim, ClientRecord } from './clients.ts';

/** The data whose basis is not consent and that names no law. */
export function listLawless<Item extends Pick<ClientClaim, 'basis' | 'law'>>(claims: readonly Item[]): Item[] {
  return claims.filter(({ basis, law }) => basis !== 'consent' && !law?.trim());
}

/**
 * Refuses an app that people may use already any other data without a law, however many would agree; one that was never live is
 * looked at before it is (`checks/declared.ts`). What it declared before there was this rule stands as long as nothing of it is
 * changed.
 *
 * @throws {Refusal} `basis_without_law`
 */
export function demandLaws(before: ClientRecord | undefined, claims: readonly ClientClaim[]): void {
  if (!before || !hasBeenLive(before)) return;
  const stood = new Set(listLawless(before.claims).map(saidOf));
  const lawless = listLawless(claims).filter((item) => !stood.has(saidOf(item)));
  if (lawless.length > 0)
    throw new Refusal('basis_without_law', `client ${before.id}: ${lawless.map(({ claim }) => claim).join(', ')}`);
}

function saidOf({ claim, required, basis, purpose, purposeEn }: ClientClaim): string {
  return JSON.stringify([claim, required, basis, purpose, purposeEn]);
}
