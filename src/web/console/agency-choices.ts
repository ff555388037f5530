/** The agencies that somebody chooses one of on a form. */
import type { Db } from '#src/base/database.ts';
import type { Language } from '#src/base/refusals.ts';
import { type Agency, listTree } from '#src/registry/agencies.ts';
import { nameOf } from '../names.ts';

export interface AgencyChoice {
  readonly id: string;
  readonly name: string;
}

/** So many agencies are chosen from; the id of one of more is typed. */
const MOST_CHOSEN = 50;

/** These agencies and all below them; without any, all there are. Undefined where they are too many to choose from. */
export async function listChoices(
  db: Db,
  nodes: readonly string[] | undefined,
): Promise<readonly Agency[] | undefined> {
  const agencies = await listTree(db, nodes, { limit: MOST_CHOSEN + 1 });
  return agencies.length > MOST_CHOSEN ? undefined : agencies;
}

/** As a form names them, those further up first. */
export function toChoices(agencies: readonly Agency[], language: Language): AgencyChoice[] {
  const byDepth = agencies.toSorted((one, other) => one.path.length - other.path.length);
  return byDepth.map((one) => ({ id: one.id, name: nameOf(one, language) }));
}
