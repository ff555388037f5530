/** People who use apps, as many as a figure needs: accounts at once, and what they allow. */
import type { Database } from '#src/base/database.ts';
import type { Secrets } from '#src/base/secrets.ts';
import { loadPermissions, type PermissionDraft } from '#src/consents/permission-giving.ts';
import { recordTerms, termsOf } from '#src/consents/terms.ts';
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
  secrets: Secrets,
  clientId: string,
  accountIds: readonly string[],
  expiresAt = new Date(Date.now() + 365 * 24 * 3_600_000),
): Promise<void> {
  const terms = termsOf({
    id: clientId,
    agencyId: 'instansi',
    purpose: { id: 'Melayani.', en: 'To serve.' },
    claims: [],
  });
  await recordTerms(database, terms);
  const drafts = accountIds.map(
    (accountId): PermissionDraft => ({
      ...{ kind: 'consent', event: 'given', accountId, terms, scopes: ['openid'], claims: [], declined: [] },
      ...{ language: 'id', acr: 'aal1', amr: ['pwd'], expiresAt },
    }),
  );
  await database.transaction((tx) => loadPermissions(tx, secrets, drafts));
}
