/** What every page of the console shows around its content, made from the visit. */
import { nodesWith, type Permission } from '#src/registry/authority.ts';
import { type ConsoleFrame, type ConsoleSection, consoleSections } from '#views/console/shell.ts';
import { frameOf } from '../frame.ts';
import type { ConsoleVisit } from './visit.ts';

/** Any one of these opens a part of the console; a part without an entry is everybody's. */
const opening: Partial<Record<ConsoleSection, readonly Permission[]>> = {
  apps: ['apps.read'],
  agencies: ['apps.read', 'team.read'],
  reviews: ['reviews.decide', 'sectors.decide', 'apps.write'],
  desk: ['desk.issue'],
  events: ['events.read'],
};

/** The frame of a page of the console, with a form in it. */
export function consoleFrame(visit: ConsoleVisit, section: ConsoleSection): ConsoleFrame {
  const { ctx, house, account, held } = visit;
  const sections = consoleSections.filter((one) => {
    const permissions = opening[one];
    return !permissions || permissions.some((permission) => nodesWith(held, permission).length > 0);
  });
  return { ...frameOf(ctx, house), person: account.profile.name ?? '', section, sections };
}
