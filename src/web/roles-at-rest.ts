/**
 * Whoever comes into an account without a passkey of before may be somebody else. The account is theirs to use, but what it
 * may do at agencies rests until another admin, who knows the person, restores it.
 */
import { countAccountEvents, recordAccountEvent } from '#src/audit/events.ts';
import type { Db } from '#src/base/database.ts';
import { loadAccount } from '#src/people/accounts.ts';
import { listMemberships, type Rest, suspendMemberships } from '#src/people/memberships.ts';
import { findAgency } from '#src/registry/agencies.ts';
import type { House } from './house.ts';
import { tellOwners, tellPerson } from './team-notices.ts';

/** Lets all roles of an account rest; its owner and those who can restore them are told. */
export async function restRoles(
  house: Pick<House, 'config' | 'secrets'>,
  db: Db,
  accountId: string,
  reason: Rest,
): Promise<void> {
  const held = (await listMemberships(db, accountId, new Date())).filter(({ suspendedAt }) => !suspendedAt);
  if (held.length === 0) return;
  await suspendMemberships(db, accountId, reason);
  for (const { agencyId, role } of held)
    await recordAccountEvent(db, { accountId, kind: 'role.suspended', details: { agency: agencyId, role, reason } });
  const { profile } = await loadAccount(db, house.secrets, accountId);
  for (const agencyId of new Set(held.map((one) => one.agencyId))) {
    const agency = await findAgency(db, agencyId);
    if (!agency) continue;
    const roles = held.filter((one) => one.agencyId === agencyId).map(({ role }) => role);
    const person = profile.name ?? '';
    await tellPerson(house, db, { accountId, agency, roles, change: 'suspended' });
    await tellOwners(house, db, { person, agency, roles, change: 'suspended' });
  }
}

/**
 * {@link restRoles}, after a passkey was added by a sign-in that has shown none. The first passkey of an account lets nothing
 * rest: it had no way onto the console before, so its roles were given to it as it is.
 *
 * @param proof.amr what the sign-in has shown
 */
export async function restRolesUnlessProven(
  house: Pick<House, 'config' | 'secrets'>,
  db: Db,
  accountId: string,
  { amr = [] }: { readonly amr?: readonly string[] | undefined },
): Promise<void> {
  if (amr.includes('pop')) return;
  const held = await listMemberships(db, accountId, new Date());
  if (held.length === 0) return;
  // That this one was added is counted, so it has to be written by now.
  await db.flush();
  if ((await countAccountEvents(db, accountId, 'passkey.added')) < 2) return;
  await restRoles(house, db, accountId, 'new-factor');
}
