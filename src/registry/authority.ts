/**
 * What a role at a node of the tree may do there and below. The one table that pages, the API and the command line ask.
 */
import { Refusal } from '#src/base/refusals.ts';

/** What may be done at an agency. */
const permissions = [
  /** See its apps, their versions, checks and attempts. */
  'apps.read',
  /** Register and change apps, ask for production, invite testers. */
  'apps.write',
  /** Make and end secrets, keys and tokens. */
  'apps.secrets',
  /** Stop an app at once, or let it run again. */
  'apps.suspend',
  /** Agree to a risky change. */
  'reviews.decide',
  'team.read',
  'team.write',
  /** Create and change agencies below. */
  'agencies.write',
  'events.read',
  /** Say which apps exist, connected or not. */
  'inventory.write',
  /** Decide about the apps of a sector, and of the agencies below. */
  'sectors.decide',
  /** Issue sheets that open an account, and look an account up for it. */
  'desk.issue',
  /** Look at who read the data of a citizen, for a reason and a case. */
  'releases.look',
] as const;
export type Permission = (typeof permissions)[number];

const byRole: Readonly<Record<string, readonly Permission[]>> = {
  owner: [
    'apps.read',
    'apps.write',
    'apps.secrets',
    'apps.suspend',
    'team.read',
    'team.write',
    'agencies.write',
    'events.read',
    'inventory.write',
  ],
  developer: ['apps.read', 'apps.write', 'apps.secrets', 'team.read'],
  approver: ['apps.read', 'reviews.decide'],
  coordinator: ['apps.read', 'inventory.write', 'sectors.decide'],
  desk: ['desk.issue', 'releases.look'],
  auditor: ['apps.read', 'team.read', 'events.read'],
  operator: [
    'apps.read',
    'apps.suspend',
    'team.read',
    'team.write',
    'agencies.write',
    'events.read',
    'inventory.write',
    'releases.look',
  ],
};

/** A role as it counts: somebody's, at an agency, not suspended. */
export interface HeldRole {
  readonly agencyId: string;
  readonly role: string;
  readonly suspendedAt?: Date | undefined;
  /** Of a machine, whose role is not in the table: what it was registered for. */
  readonly allows?: readonly Permission[];
}

function allowedTo({ role, suspendedAt, allows }: HeldRole): readonly Permission[] {
  return suspendedAt ? [] : (allows ?? byRole[role] ?? []);
}

/** Where an agency stands: the ids from the root to itself. */
export interface Place {
  readonly path: readonly string[];
}

/** Whether one of the roles allows it at this agency: the role's own agency or one above. */
export function mayAt(held: readonly HeldRole[], permission: Permission, { path }: Place): boolean {
  return held.some((one) => path.includes(one.agencyId) && allowedTo(one).includes(permission));
}

/** All that the roles allow at this agency. */
export function permissionsAt(held: readonly HeldRole[], place: Place): Permission[] {
  return permissions.filter((permission) => mayAt(held, permission, place));
}

/** The same, where it takes a role above the agency: nobody watches over themselves. */
export function mayFromAbove(held: readonly HeldRole[], permission: Permission, { path }: Place): boolean {
  return mayAt(held, permission, { path: path.slice(0, -1) });
}

/** What agencies give out themselves; every other role watches over them, or reaches beyond them. */
const ownRoles: ReadonlySet<string> = new Set(['owner', 'developer']);

/** What reaches beyond the tree: who holds it acts on everybody, whichever agency it stands at. */
const operatorsRoles: ReadonlySet<string> = new Set(['operator', 'desk']);

/**
 * Whether somebody may give, end or restore a role at an agency. Its owners do that with its own roles; a role that approves
 * its changes or audits it comes from above, or from an operator. Operators, and the officers of a desk, who open the accounts
 * of any citizen, are made by operators: an owner could add an agency below and be above it.
 */
export function mayGive(held: readonly HeldRole[], role: string, place: Place): boolean {
  const isOperator = mayAt(
    held.filter((one) => one.role === 'operator'),
    'team.write',
    place,
  );
  if (operatorsRoles.has(role)) return isOperator;
  if (ownRoles.has(role)) return mayAt(held, 'team.write', place);
  return isOperator || mayFromAbove(held, 'team.write', place);
}

/** The agencies at which, and below which, the roles allow it. */
export function nodesWith(held: readonly HeldRole[], permission: Permission): string[] {
  const allowing = held.filter((one) => allowedTo(one).includes(permission));
  return [...new Set(allowing.map(({ agencyId }) => agencyId))];
}

/**
 * Refuses what no role allows. Whoever may not even see the agency's apps is told that there is no such thing, so that
 * nobody learns what exists elsewhere.
 *
 * @throws {Refusal} `role_required`; `not_here` where nothing of the agency may be seen
 */
export function demandAt(held: readonly HeldRole[], permission: Permission, place: Place): void {
  if (mayAt(held, permission, place)) return;
  const seesIt = permissions.some((one) => mayAt(held, one, place));
  throw seesIt
    ? new Refusal('role_required', `no role with ${permission} at ${place.path.at(-1)}`)
    : new Refusal('not_here', `nothing of ${place.path.at(-1)} is this person's to see`);
}
