/** Who coordinates: decides about the apps of the sectors that their agency coordinates, and of the agencies below theirs. */
import type { Db } from '#src/base/database.ts';
import { findAgencies } from './agencies.ts';
import { type HeldRole, mayAt, nodesWith, type Place } from './authority.ts';
import { listSectors } from './sectors.ts';

/** What is asked about an app before somebody may decide about it. */
export interface Coordinated extends Place {
  /** Ids of its policy areas. */
  readonly sectors: readonly string[];
}

/** How far somebody's coordinating reaches; for lists: `agencies && nodes or sectors && these sectors`. */
export interface Reach {
  /** At and below which agencies. */
  readonly nodes: readonly string[];
  readonly sectors: readonly string[];
}

/** The sectors whose apps the roles decide about: those that an agency of theirs, or one below it, coordinates. */
export async function listCoordinatedSectors(db: Db, held: readonly HeldRole[]): Promise<string[]> {
  if (nodesWith(held, 'sectors.decide').length === 0) return [];
  const sectors = await listSectors(db);
  const coordinators = sectors.flatMap(({ coordinatorId }) => coordinatorId ?? []);
  const agencies = await findAgencies(db, [...new Set(coordinators)]);
  const theirs = new Set(agencies.filter((one) => mayAt(held, 'sectors.decide', one)).map(({ id }) => id));
  return sectors.filter(({ coordinatorId }) => coordinatorId && theirs.has(coordinatorId)).map(({ id }) => id);
}

/** How far the roles' coordinating reaches; nowhere for whoever does not coordinate. */
export async function reachOf(db: Db, held: readonly HeldRole[]): Promise<Reach> {
  return { nodes: nodesWith(held, 'sectors.decide'), sectors: await listCoordinatedSectors(db, held) };
}

/** Whether what somebody coordinates has this app in it. */
export function isWithin({ nodes, sectors }: Reach, app: Coordinated): boolean {
  return app.path.some((id) => nodes.includes(id)) || app.sectors.some((id) => sectors.includes(id));
}
