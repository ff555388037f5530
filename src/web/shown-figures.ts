/** Figures of the registry as pages show them. */
import type { Language } from '#src/base/refusals.ts';
import type { Agency } from '#src/registry/agencies.ts';
import type { Coverage, Group } from '#src/registry/coverage.ts';
import type { ShownDay, ShownFigures, ShownGroup } from '#views/parts/coverage.ts';
import { nameOf } from './names.ts';

/** Of a group that nothing was counted in. */
export const noFigures: ShownFigures = {
  ...{ known: 0, connected: 0, live: 0, retired: 0, decided: 0, pairsFound: 0, pairsSettled: 0, notBuilt: 0 },
  ...{ people: undefined, signIns: undefined },
};

/** The figures of a group; of one that nothing was counted in, none. */
export function shownFigures(counted: Coverage | undefined): ShownFigures {
  if (!counted) return noFigures;
  const { known, connected, live, retired, pairsFound, pairsSettled, notBuilt, people, signIns } = counted;
  const decided = Object.values(counted.decided).reduce((sum, apps) => sum + apps, 0);
  return { known, connected, live, retired, decided, pairsFound, pairsSettled, notBuilt, people, signIns };
}

/** The figures of each day that was counted. */
export function shownDays(counted: readonly Coverage[]): ShownDay[] {
  return counted.map((one) => ({ day: new Date(`${one.day}T00:00:00Z`), figures: shownFigures(one) }));
}

/** Counted agencies with their names, in the order they are in. */
export function shownGroups(
  counted: readonly Coverage[],
  agencies: readonly Agency[],
  language: Language,
  link: (group: Group) => string | undefined,
): ShownGroup[] {
  const named = new Map(agencies.map((agency) => [agency.id, agency]));
  return counted.map((one) => {
    const agency = named.get(one.id);
    const name = agency ? nameOf(agency, language) : one.id;
    return { id: one.id, name, link: link(one), figures: shownFigures(one) };
  });
}
