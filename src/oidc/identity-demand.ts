/** What an app insists on that is proven about the person (`min_identity`); another scale than how sure a sign-in is. */
import type { Db } from '#src/base/database.ts';
import { identityAssurance, identityLevels } from '#src/people/proofing.ts';
import type { ClientRecord } from '#src/registry/clients.ts';

/** Whether the app asks for more than is proven. Where it asks for nothing, nothing is read. */
export async function lacksIdentity(
  db: Db,
  accountId: string,
  { minIdentity }: Pick<ClientRecord, 'minIdentity'>,
): Promise<boolean> {
  if (minIdentity === undefined) return false;
  const proven = await identityAssurance(db, accountId);
  return proven === undefined || identityLevels.indexOf(proven) < identityLevels.indexOf(minIdentity);
}
