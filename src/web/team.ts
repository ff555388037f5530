/**
 * Who works for an agency, as its admins change it: the one way for pages, the API and the command line.
 *
 * Every change is refused unless the actor's roles allow it, is on record, and is told to the person concerned and to the
 * owners. Call each inside one unit of work.
 */
import { recordAccountEvent, recordAdminEvent } from '#src/audit/events.ts';
import type { Db } from '#src/base/database.ts';
import { Refusal } from '#src/base/refusals.ts';
import { type Account, isAccountId, listAccountContacts, loadAccount } from '#src/people/accounts.ts';
import { isCounting } from '#src/people/contacts.ts';
import { parseIdentifier } from '#src/people/identifiers.ts';
import {
  endMembership,
  grantMembership,
  listMembers,
  listMemberships,
  listOwned,
  type Membership,
  type Role,
  restoreMembership,
  roles,
} from '#src/people/memberships.ts';
import { sendMessage } from '#src/people/messages.ts';
import { type Agency, findAgency, holdAgency, loadAgency } from '#src/registry/agencies.ts';
import { demandAt, type HeldRole, mayAt, mayGive } from '#src/registry/authority.ts';
import {
  claimInvitation,
  findInvitation,
  type Invitation,
  makeInvitation,
  revokeInvitation,
} from '#src/registry/invitations.ts';
import { addTester, demandRoom } from '#src/registry/testers.ts';
import { invitationMessage } from '#views/team-messages.ts';
import type { House } from './house.ts';
import { nameOf } from './names.ts';
import { tellOwners, tellPerson } from './team-notices.ts';

type Base = Pick<House, 'config' | 'secrets'>;

/** Who changes something: an account, or a machine of an agency, with what it may do. */
export interface Actor {
  /** The account id, or what stands for it in the record of events. */
  readonly id: string;
  readonly held: readonly HeldRole[];
}

/** Somebody's role at an agency. */
export type HeldBy = Pick<Membership, 'accountId' | 'agencyId' | 'role'>;

/** The role of this name. @throws {Refusal} `invalid_request` when there is none */
export function readRole(name: string): Role {
  const role = roles.find((one) => one === name);
  if (!role) throw new Refusal('invalid_request', 'no such role');
  return role;
}

/** What an invitation is made of; with an address it is sent there as well. */
export interface Asked {
  readonly agencyId: string;
  readonly role: Role;
  readonly email: string | undefined;
  readonly language: 'id' | 'en';
}

/** A link that was just made; nobody can read it again. */
export interface Made {
  readonly id: string;
  readonly link: string;
  readonly expiresAt: Date;
}

/**
 * Makes a link to a role.
 *
 * @throws {Refusal} `not_here`, `role_required`, `role_from_above`, `identifier_invalid`, `invitation_other_address`
 */
export async function invite(house: Base, db: Db, actor: Actor, asked: Asked): Promise<Made> {
  const agency = await loadAgency(db, asked.agencyId);
  demandRole(actor, asked.role, agency);
  return makeLink(house, db, actor.id, agency, asked);
}

/** {@link invite} for whoever runs the machine: the first admin of an agency. */
export async function inviteFirst(house: Base, db: Db, agency: Agency, role: Role): Promise<Made> {
  return makeLink(house, db, 'command', agency, { agencyId: agency.id, role, email: undefined, language: 'id' });
}

async function makeLink(house: Base, db: Db, invitedBy: string, agency: Agency, asked: Asked): Promise<Made> {
  const { config, secrets } = house;
  const { role, language } = asked;
  const to = asked.email ? readEmail(asked.email, agency) : undefined;
  const made = await makeInvitation(db, secrets, {
    ...{ kind: 'member', agencyId: agency.id, role, invitedBy },
    emailDomain: agency.emailDomain ?? undefined,
    ...(to && { hint: maskEmail(to) }),
  });
  const link = `${config.issuer}/invitations/${made.token}`;
  const { id, expiresAt } = made;
  await recordAdminEvent(db, {
    ...{ kind: 'invitation.made', actor: invitedBy, agencyId: agency.id },
    subject: `agency ${agency.id}`,
    details: { role },
  });
  if (to) {
    const named = { language, brand: config.brand, accountLink: `${config.issuer}/account` };
    const said = { agency: nameOf(agency, language), roles: [role], link, until: expiresAt };
    await sendMessage(db, secrets, { kind: 'email', to, language, ...invitationMessage({ ...named, ...said }) });
  }
  return { id, link, expiresAt };
}

function readEmail(typed: string, { emailDomain }: Agency): string {
  const identifier = parseIdentifier(typed);
  if (identifier?.kind !== 'email') throw new Refusal('identifier_invalid');
  if (!isAtDomain(identifier.value, emailDomain ?? undefined))
    throw new Refusal('invitation_other_address', 'the agency takes its own addresses only');
  return identifier.value;
}

function isAtDomain(email: string, domain: string | undefined): boolean {
  return domain === undefined || email.toLowerCase().endsWith(`@${domain.toLowerCase()}`);
}

/** Enough to know again whom one has invited. */
function maskEmail(email: string): string {
  return `${email.slice(0, 2)}•••${email.slice(email.lastIndexOf('@'))}`;
}

/** Takes a link to a role back. @throws {Refusal} `not_here`, `role_required` */
export async function takeBack(
  db: Db,
  actor: Actor,
  { id, agencyId }: { readonly id: string; readonly agencyId: string },
): Promise<boolean> {
  demandAt(actor.held, 'team.write', await loadAgency(db, agencyId));
  const isRevoked = await revokeInvitation(db, { id, agencyId });
  if (isRevoked)
    await recordAdminEvent(db, {
      ...{ kind: 'invitation.revoked', actor: actor.id, agencyId },
      subject: `agency ${agencyId}`,
    });
  return isRevoked;
}

/** What a link is to. @throws {Refusal} `invitation_over` */
export async function loadInvitation(house: Base, db: Db, token: string): Promise<Invitation> {
  const invitation = await findInvitation(db, house.secrets, token);
  if (!invitation) throw new Refusal('invitation_over');
  return invitation;
}

/** Whether an account may take a link up, as far as its addresses are concerned. */
export async function isAddressed(
  { secrets }: Base,
  db: Db,
  accountId: string,
  { emailDomain }: Pick<Invitation, 'emailDomain'>,
): Promise<boolean> {
  if (emailDomain === undefined) return true;
  const contacts = await listAccountContacts(db, secrets, accountId);
  return contacts.some(
    (contact) => contact.kind === 'email' && isCounting(contact) && isAtDomain(contact.value, emailDomain),
  );
}

/**
 * Refuses a link whose maker could not make it today: their role has ended or rests.
 *
 * @throws {Refusal} `invitation_over`
 */
async function demandMaker(
  db: Db,
  { invitedBy }: Invitation,
  mayMake: (held: readonly HeldRole[]) => boolean,
): Promise<void> {
  if (!isAccountId(invitedBy)) return;
  if (!mayMake(await listMemberships(db, invitedBy, new Date())))
    throw new Refusal('invitation_over', 'whoever made it may not make it any more');
}

/**
 * Takes up a link to try an app: of many at once one counts, and none where there is no room.
 *
 * @returns the app
 * @throws {Refusal} `invitation_over`, `invitation_other_address`, `testers_full`
 */
export async function joinTesters(house: Base, db: Db, account: Account, token: string): Promise<string> {
  const asked = await loadInvitation(house, db, token);
  if (asked.kind !== 'tester') throw new Refusal('invitation_over', 'it is to a role');
  if (!(await isAddressed(house, db, account.id, asked))) throw new Refusal('invitation_other_address');
  const { clientId } = asked;
  const agency = await loadAgency(db, asked.agencyId);
  await demandMaker(db, asked, (held) => mayAt(held, 'apps.write', agency));
  await demandRoom(db, { clientId, accountId: account.id });
  const { agencyId, invitedBy } = await claimInvitation(db, house.secrets, token, account.id);
  await addTester(db, { clientId, accountId: account.id, invitedBy });
  await recordAdminEvent(db, {
    ...{ kind: 'invitation.accepted', actor: account.id, agencyId, subject: `client ${clientId}` },
    details: { role: 'tester' },
  });
  return clientId;
}

/**
 * Takes up a link to a role: of many at once one counts.
 *
 * @throws {Refusal} `invitation_over`, `invitation_other_address`, `not_oneself`
 */
export async function join(house: Base, db: Db, account: Account, token: string): Promise<Invitation> {
  const asked = await loadInvitation(house, db, token);
  if (asked.kind !== 'member') throw new Refusal('invitation_over', 'it is to an app');
  if (!(await isAddressed(house, db, account.id, asked))) throw new Refusal('invitation_other_address');
  const { agencyId } = asked;
  const role = readRole(asked.role);
  const agency = await loadAgency(db, agencyId);
  if (asked.invitedBy === account.id) throw new Refusal('not_oneself', 'it is their own link');
  await demandMaker(db, asked, (held) => mayGive(held, role, agency));
  const claimed = await claimInvitation(db, house.secrets, token, account.id);
  const isNew = await grantMembership(db, { accountId: account.id, agencyId, role }, claimed.invitedBy);
  await recordAdminEvent(db, {
    ...{ kind: 'invitation.accepted', actor: account.id, agencyId, subject: `agency ${agencyId}`, details: { role } },
  });
  if (!isNew) return claimed;
  await recordAccountEvent(db, { accountId: account.id, kind: 'role.given', details: { agency: agencyId, role } });
  await tellPerson(house, db, { accountId: account.id, agency, roles: [role], change: 'given' });
  const person = account.profile.name ?? '';
  await tellOwners(house, db, { person, agency, roles: [role], change: 'joined' });
  return claimed;
}

/**
 * Ends a role: somebody else's, or one's own. The last owner hands over first, unless it is ended from above.
 *
 * @returns whether there was one
 * @throws {Refusal} `not_here`, `role_required`, `role_from_above`, `owner_last`
 */
export async function endRole(house: Base, db: Db, actor: Actor, ended: HeldBy): Promise<boolean> {
  const { accountId, agencyId, role } = ended;
  const agency = await loadAgency(db, agencyId);
  const isOwn = actor.id === accountId;
  if (!isOwn) demandRole(actor, role, agency);
  if (role === 'owner') {
    await holdAgency(db, agencyId);
    const isFromAbove = !isOwn && actor.held.every((one) => one.agencyId !== agencyId || one.suspendedAt);
    if (!isFromAbove && (await isLastOwner(db, ended))) throw new Refusal('owner_last');
  }
  if (!(await endMembership(db, ended))) return false;
  await record(house, db, actor, agency, ended, 'ended');
  const { profile } = await loadAccount(db, house.secrets, accountId);
  await tellOwners(house, db, { person: profile.name ?? '', agency, roles: [role], change: 'ended' });
  return true;
}

async function isLastOwner(db: Db, { accountId, agencyId }: HeldBy): Promise<boolean> {
  const owners = (await listMembers(db, [agencyId], new Date())).filter(({ role }) => role === 'owner');
  const isCounted = owners.some((one) => one.accountId === accountId && !one.suspendedAt);
  return isCounted && owners.every((one) => one.accountId === accountId || one.suspendedAt);
}

/**
 * Lets a role count again that rests since its account was come into without a passkey of before.
 *
 * @returns whether it rested
 * @throws {Refusal} `not_oneself`, `not_here`, `role_required`, `role_from_above`
 */
export async function restoreRole(house: Base, db: Db, actor: Actor, restored: HeldBy): Promise<boolean> {
  if (actor.id === restored.accountId) throw new Refusal('not_oneself');
  const agency = await loadAgency(db, restored.agencyId);
  demandRole(actor, restored.role, agency);
  if (!(await restoreMembership(db, restored))) return false;
  await record(house, db, actor, agency, restored, 'restored');
  return true;
}

/**
 * Gives one's ownership of an agency to a member of its team.
 *
 * @throws {Refusal} `role_required` unless the actor is an owner there; `invalid_request` when the other is no member
 */
export async function handOver(
  house: Base,
  db: Db,
  actor: Actor,
  { agencyId, to }: { readonly agencyId: string; readonly to: string },
): Promise<void> {
  const agency = await loadAgency(db, agencyId);
  demandAt(actor.held, 'team.write', agency);
  await holdAgency(db, agencyId);
  const members = (await listMembers(db, [agencyId], new Date())).filter(({ suspendedAt }) => !suspendedAt);
  const mine = { accountId: actor.id, agencyId, role: 'owner' } as const;
  if (!members.some((one) => one.accountId === actor.id && one.role === 'owner'))
    throw new Refusal('role_required', 'only an owner hands over');
  if (to === actor.id || !members.some((one) => one.accountId === to))
    throw new Refusal('invalid_request', 'ownership goes to a member of the team');
  const theirs = { ...mine, accountId: to };
  if (await grantMembership(db, theirs, actor.id)) await record(house, db, actor, agency, theirs, 'given');
  await endMembership(db, mine);
  await record(house, db, actor, agency, mine, 'ended');
}

/** Ends all roles of somebody who closes their account: an agency does not rest on one that is on its way out. */
export async function leaveTeams(house: Base, db: Db, account: Account): Promise<void> {
  const actor = { id: account.id, held: [] };
  for (const held of await listMemberships(db, account.id, new Date())) {
    const agency = await findAgency(db, held.agencyId);
    if (!agency || !(await endMembership(db, held))) continue;
    await record(house, db, actor, agency, held, 'ended');
    const person = account.profile.name ?? '';
    await tellOwners(house, db, { person, agency, roles: [held.role], change: 'ended' });
  }
}

/** Which of these agencies have nobody who could act for them. */
export async function findOrphans<One extends Pick<Agency, 'id'>>(db: Db, agencies: readonly One[]): Promise<One[]> {
  const ids = agencies.map(({ id }) => id);
  const owned = ids.length === 0 ? new Set() : await listOwned(db, ids, new Date());
  return agencies.filter(({ id }) => !owned.has(id));
}

/** @throws {Refusal} `not_here`, `role_required`, `role_from_above` */
function demandRole({ held }: Actor, role: Role, agency: Agency): void {
  demandAt(held, 'team.write', agency);
  if (!mayGive(held, role, agency)) throw new Refusal('role_from_above', `${role} at ${agency.id}`);
}

async function record(
  house: Base,
  db: Db,
  actor: Actor,
  agency: Agency,
  { accountId, role }: HeldBy,
  change: 'given' | 'ended' | 'restored',
): Promise<void> {
  const details = { agency: agency.id, role };
  await recordAdminEvent(db, {
    ...{ kind: `role.${change}` as const, actor: actor.id, agencyId: agency.id },
    subject: `account ${accountId}`,
    details,
  });
  await recordAccountEvent(db, { accountId, kind: `role.${change}`, details });
  await tellPerson(house, db, { accountId, agency, roles: [role], change });
}
