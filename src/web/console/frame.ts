/** What every page of the console shows around its content, made from the visit. */
import type { Language } from '#src/base/refusals.ts';
import { type AgencyRecord, findAgencies } from '#src/registry/agencies.ts';
import { mayAt, nodesWith, type Permission } from '#src/registry/authority.ts';
import type { ClientRecord } from '#src/registry/clients.ts';
import { type AgencyHead, type AgencyTab, agencyTabs } from '#views/console/agency-page.ts';
import { type AppHead, type AppTab, appTabs } from '#views/console/app-page.ts';
import { type ConsoleFrame, type ConsoleSection, consoleSections } from '#views/console/shell.ts';
import { frameOf } from '../frame.ts';
import { logoPath } from '../logos.ts';
import { choiceIn, nameOf } from '../names.ts';
import type { ConsoleVisit } from './visit.ts';

/** Who watches over an agency, as its owner or from above: they see what it has not answered in time. */
export const overseeing: readonly Permission[] = ['events.read', 'sectors.decide'];

/** Any one of these opens a part of the console; a part without an entry is everybody's. */
const opening: Partial<Record<ConsoleSection, readonly Permission[]>> = {
  apps: ['apps.read'],
  inventory: ['apps.read'],
  duplicates: ['sectors.decide', 'inventory.write'],
  cases: ['sectors.decide', 'apps.write'],
  decisions: ['sectors.decide', 'apps.read'],
  coverage: ['sectors.decide', 'inventory.write'],
  agencies: ['apps.read', 'team.read'],
  reviews: ['reviews.decide', 'sectors.decide', 'apps.write'],
  overdue: overseeing,
  desk: ['desk.issue'],
  'desk-releases': ['releases.look'],
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

/** Which pages of an app a permission opens. */
const tabNeeds: Record<AppTab, Permission> = {
  overview: 'apps.read',
  production: 'apps.read',
  migration: 'apps.read',
  attempts: 'apps.read',
  deliveries: 'apps.read',
  figures: 'apps.read',
  edit: 'apps.write',
  keys: 'apps.secrets',
  versions: 'apps.read',
  testers: 'apps.write',
  reports: 'apps.read',
  bundle: 'apps.write',
};

/** What a machine has none of. */
const ofPeople: readonly AppTab[] = ['migration', 'figures'];

/** The head of a page about an app; whether the person may see that page is asked before (`loadClientFor`). */
export function appHeadOf({ ctx, held }: ConsoleVisit, client: ClientRecord): AppHead {
  const language: Language = ctx.state.language;
  const { agency } = client;
  return {
    id: client.id,
    name: client.name[language],
    logo: logoPath(client),
    state: client.state,
    agency: { id: agency.id, name: nameOf(agency, language) },
    tabs: appTabs.filter(
      (tab) => mayAt(held, tabNeeds[tab], agency) && (client.type !== 'machine' || !ofPeople.includes(tab)),
    ),
  };
}

const agencyTabNeeds: Record<AgencyTab, readonly Permission[]> = {
  overview: ['apps.read', 'team.read'],
  team: ['team.read'],
  tokens: ['apps.secrets'],
};

/** The head of a page about an agency, with what is above it as far as the person may see it. */
export async function agencyHeadOf({ ctx, db, held }: ConsoleVisit, agency: AgencyRecord): Promise<AgencyHead> {
  const language: Language = ctx.state.language;
  const above = await findAgencies(db, agency.path.slice(0, -1));
  above.sort((one, other) => one.path.length - other.path.length);
  const seen = above.filter((one) => agencyTabNeeds.overview.some((need) => mayAt(held, need, one)));
  return {
    id: agency.id,
    name: nameOf(agency, language),
    domain: agency.domain,
    above: seen.map(choiceIn(language)),
    tabs: agencyTabs.filter((tab) => agencyTabNeeds[tab].some((need) => mayAt(held, need, agency))),
  };
}
