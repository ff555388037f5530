/** What is told when somebody's roles at an agency change: to the person, and to the owners. */
import type { Db } from '#src/base/database.ts';
import type { AgencyRecord } from '#src/registry/agencies.ts';
import type { RoleName } from '#views/roles.ts';
import { type MemberChange, memberMessage, type RoleChange, roleMessage } from '#views/team-messages.ts';
import { createTellAgency } from './agency-notices.ts';
import type { House } from './house.ts';
import { notifyContacts } from './messages.ts';
import { nameOf } from './names.ts';

interface Told {
  readonly agency: AgencyRecord;
  readonly roles: readonly RoleName[];
}

/** Tells somebody, at every confirmed contact, what became of their roles. */
export async function tellPerson(
  house: Pick<House, 'config' | 'secrets'>,
  db: Db,
  { accountId, agency, roles, change }: Told & { readonly accountId: string; readonly change: RoleChange },
): Promise<void> {
  await notifyContacts(house, db, accountId, (context) =>
    roleMessage({ ...context, agency: nameOf(agency, context.language), roles, change }),
  );
}

/** Tells the owners of an agency, or of the nearest one above that has any, what became of a member's roles. */
export async function tellOwners(
  house: Pick<House, 'config' | 'secrets'>,
  db: Db,
  { person, agency, roles, change }: Told & { readonly person: string; readonly change: MemberChange },
): Promise<void> {
  const link = `${house.config.issuer}/console/agencies/${agency.id}/team`;
  await createTellAgency(house)(db, agency.id, 'owners', (context) =>
    memberMessage({ ...context, agency: nameOf(agency, context.language), roles, change, person, link }),
  );
}
