/** What those who work for an agency are told of its apps and its team: by pages, by the command line and by jobs. */
import type { Db } from '#src/base/database.ts';
import { findAccount, listAccountContacts, mayUse } from '#src/people/accounts.ts';
import { type Contact, isCounting } from '#src/people/contacts.ts';
import { listMembers, listOperators, type Membership } from '#src/people/memberships.ts';
import { sendMessage } from '#src/people/messages.ts';
import { type AgencyRecord, loadAgency } from '#src/registry/agencies.ts';
import type { Message, MessageContext } from '#views/messages.ts';
import type { House } from './house.ts';

/**
 * Who is told. `owners`: those of the agency, or of the nearest one above that has any. `developers`: those of the agency,
 * and its owners where it has none. `approvers` and `coordinators`: those of the agency and of every one above. `operators`:
 * all of them, wherever they are one.
 */
type AgencyAudience = 'owners' | 'developers' | 'approvers' | 'coordinators' | 'operators';

/**
 * Tells people of an agency, with the commit of the caller's unit: each once, by e-mail where they have it confirmed, in
 * their own language. Roles that rest are told nothing.
 *
 * @returns a function whose `told.cause` names what is told, where it may be told again (`Message.cause`), and whose
 *   `told.spares` says whom it does not concern; it answers how many were told
 */
export function createTellAgency(house: Pick<House, 'config' | 'secrets'>) {
  return async (
    db: Db,
    agencyId: string,
    to: AgencyAudience,
    compose: (context: MessageContext) => Message,
    told: { readonly cause?: string; readonly spares?: (accountId: string) => Promise<boolean> } = {},
  ): Promise<number> => {
    const agency = await loadAgency(db, agencyId);
    const people = new Set((await findAudience(db, agency, to)).map(({ accountId }) => accountId));
    let count = 0;
    for (const accountId of people) {
      if (await told.spares?.(accountId)) continue;
      if (await tellOne(house, db, accountId, compose, told.cause)) count += 1;
    }
    return count;
  };
}

async function findAudience(db: Db, { id, path }: AgencyRecord, to: AgencyAudience): Promise<readonly Membership[]> {
  const now = new Date();
  if (to === 'operators') return listOperators(db, now);
  const members = (await listMembers(db, path, now)).filter(({ suspendedAt }) => !suspendedAt);
  if (to === 'approvers') return members.filter(({ role }) => role === 'approver');
  if (to === 'coordinators') return members.filter(({ role }) => role === 'coordinator');
  const of = (agencyId: string, role: string) =>
    members.filter((one) => one.agencyId === agencyId && one.role === role);
  const developers = to === 'developers' ? of(id, 'developer') : [];
  if (developers.length > 0) return developers;
  const nearest = path.findLast((node) => of(node, 'owner').length > 0);
  return nearest === undefined ? [] : of(nearest, 'owner');
}

async function tellOne(
  { config, secrets }: Pick<House, 'config' | 'secrets'>,
  db: Db,
  accountId: string,
  compose: (context: MessageContext) => Message,
  cause: string | undefined,
): Promise<boolean> {
  const account = await findAccount(db, secrets, accountId);
  if (!account || !mayUse(account)) return false;
  const contact = bestOf(await listAccountContacts(db, secrets, accountId));
  if (!contact) return false;
  const { language } = account;
  const channel = contact.kind === 'email' ? 'email' : 'sms';
  const context = { language, brand: config.brand, accountLink: `${config.issuer}/account`, channel } as const;
  await sendMessage(db, secrets, {
    kind: contact.kind,
    to: contact.value,
    language,
    ...(cause !== undefined && { cause: `${accountId} ${cause}` }),
    ...compose(context),
  });
  return true;
}

/** What concerns an office goes to one address, and not to a phone while there is another. */
function bestOf(contacts: readonly Contact[]): Contact | undefined {
  const counting = contacts.filter(isCounting);
  return counting.find(({ kind }) => kind === 'email') ?? counting[0];
}
