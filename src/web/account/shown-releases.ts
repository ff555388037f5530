/** Releases, and looks of the staff at them, as pages of a person show them. */
import type { HistoryLine } from '#src/audit/events.ts';
import type { Release } from '#src/consents/releases.ts';
import { findReports, type Report } from '#src/consents/reports.ts';
import { readTerms, type Terms } from '#src/consents/terms.ts';
import type { ClientClaim } from '#src/registry/clients.ts';
import type { ReportState, ShownLook, ShownRelease, ShownRight } from '#views/account/release-rows.ts';
import { serviceOf } from '../frame.ts';
import { nameAgencies } from '../names.ts';
import type { Visit } from './visit.ts';

/** The page about a release. */
export function releaseLink({ key }: Pick<Release, 'key'>): `/${string}` {
  return `/account/releases/${key}`;
}

/** What any visit has that may see them: its owner's, and that of the staff. */
export type Showing = Pick<Visit, 'ctx' | 'house' | 'db'>;

/** The person's own releases, each with what they have reported. */
export async function showReleases(visit: Visit, releases: readonly Release[]): Promise<ShownRelease[]> {
  const ids = releases.map(({ id }) => id);
  const reports = await findReports(visit.db, visit.account.id, ids);
  const shown = await describeReleases(visit, releases);
  return shown.map((release) => {
    const report = reports.get(release.id);
    return { ...release, report: report && stateOf(report) };
  });
}

/** Releases in words: which app, why and by which right, as it was shown when the person agreed to it or was told. */
export async function describeReleases(
  { ctx, house, db }: Showing,
  releases: readonly Release[],
): Promise<ShownRelease[]> {
  const language: 'id' | 'en' = ctx.state.language;
  const terms = await readTerms(
    db,
    releases.flatMap((release) => release.terms),
  );
  return releases.map((release) => {
    const { id, clientId, at, kind, reads, lastAt, claims } = release;
    const client = house.clients.find(clientId);
    const { name, agency, domain, logo } = client
      ? serviceOf(client, language, house.config.mode)
      : { name: clientId, agency: '', domain: '', logo: undefined };
    const own = release.terms.flatMap((one) => terms.get(one) ?? []);
    const items = itemsRead(claims, own);
    return {
      ...{ id, link: releaseLink(release), at, way: kind, reads, lastAt, claims },
      app: { id: clientId, name, agency, domain, logo },
      purpose: own[0]?.purpose[language],
      whys: items.map((item) => ({ claim: item.claim, why: language === 'en' ? item.purposeEn : item.purpose })),
      rights: rightsOf(release, own, items, language),
    };
  });
}

/** What the texts said of each claim; where two say otherwise, that it was not a choice. */
function itemsRead(claims: Release['claims'], terms: readonly Terms[]): ClientClaim[] {
  const items = terms.flatMap((each) => each.items);
  return claims.flatMap((claim) => {
    const said = items.filter((item) => item.claim === claim);
    return said.find(({ basis }) => basis !== 'consent') ?? said[0] ?? [];
  });
}

/**
 * By which rights it was read, each with its claims; claims whose text is not on record come under none. Who it is alone was
 * read by what the person was told of, and where an app tells of nothing by what they agreed to.
 */
function rightsOf(
  { claims }: Release,
  terms: readonly Terms[],
  items: readonly ClientClaim[],
  language: 'id' | 'en',
): ShownRight[] {
  if (terms.length === 0) return [];
  if (claims.length === 0) {
    const told = terms.flatMap((each) => each.items).find(({ basis }) => basis !== 'consent');
    return [told ? { ...rightIn(told, language), claims } : { basis: 'consent', claims }];
  }
  const byRight = Map.groupBy(items, (item) => JSON.stringify(rightIn(item, language)));
  return [...byRight.values()].flatMap((alike) => {
    const [first] = alike;
    return first ? { ...rightIn(first, language), claims: alike.map(({ claim }) => claim) } : [];
  });
}

function rightIn({ basis, law, lawEn }: ClientClaim, language: 'id' | 'en'): Pick<ShownRight, 'basis' | 'law'> {
  if (basis === 'consent') return { basis };
  return { basis, law: language === 'en' ? (lawEn ?? law) : law };
}

/** How a report stands. */
function stateOf({ answered, dueAt }: Report): ReportState {
  if (answered) return answered.answer;
  return dueAt <= new Date() ? 'overdue' : 'waiting';
}

/** Looks of the staff in words. */
export async function showLooks({ ctx, db }: Showing, lines: readonly HistoryLine[]): Promise<ShownLook[]> {
  const ids = lines.map(({ details }) => String(details.agency));
  const names = await nameAgencies(db, ids, ctx.state.language);
  return lines.map(({ id, at, details }) => ({
    ...{ id, at, ...readLook(details) },
    agency: names.get(String(details.agency)) ?? String(details.agency),
    caseNumber: String(details.case),
  }));
}

const reasons: readonly ShownLook['reason'][] = [
  'asked-at-desk',
  'second-officer',
  'asked-by-person',
  'report-checked',
  'misuse-examined',
  'law-demands',
];

/** Role and reason, as the event says them. */
export function readLook({ role, reason }: HistoryLine['details']): Pick<ShownLook, 'role' | 'reason'> {
  return {
    role: role === 'operator' ? 'operator' : 'desk',
    reason: reasons.find((one) => one === reason) ?? 'asked-at-desk',
  };
}
