/** People who use apps, as many as a figure needs: accounts at once, and what they allow. */
import type { Database } from '#src/base/database.ts';
import type { Secrets } from '#src/base/secrets.ts';
import { giveConsents } from '#src/consents/consents.ts';
import { hashNumberedPassword, listNumberedAccounts, openNumberedCitizens } from '#src/people/numbered-citizens.ts';

/** So many people; their account ids, in many shards. */
export async function openPeople(database: Database, secrets: Secrets, count: number): Promise<string[]> {
  const numbers = Array.from({ length: count }, (_, index) => index + 1);
  const hash = await hashNumberedPassword();
  return database.batch(async (tx) => {
    await openNumberedCitizens(tx, secrets, numbers, hash);
    return [...(await listNumberedAccounts(tx, secrets, numbers)).values()];
  });
}

/** Lets these people allow the app something, until `expiresAt`. */
export async function letIn(
  database: Database,
  clientId: string,
  accountIds: readonly string[],
  expiresAt = new Date(Date.now() + 365 * 24 * 3_600_000),
): Promise<void> {
  const drafts = accountIds.map((accountId) => ({
    ...{ accountId, clientId, basis: 'consent', scopes: ['openid'], claims: [], declined: [], terms: [] },
    ...{ purpose: 'Melayani.', language: 'id' as const, acr: 'aal1', amr: ['pwd'], expiresAt },
  }));
  await database.transaction((tx) => giveConsents(tx, drafts));
}
