/** Releases, and looks of the staff at them, as pages of a person show them. */
import type { HistoryLine } from '#src/audit/events.ts';
import type { Release } from '#src/consents/releases.ts';
import { findReports, type Report } from '#src/consents/reports.ts';
import { readTerms, type Terms } from '#src/consents/terms.ts';
import { findAgencies } from '#src/registry/agencies.ts';
import type { ReportState, ShownLook, ShownRelease } from '#views/account/release-rows.ts';
import { serviceOf } from '../frame.ts';
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
    return {
      ...{ id, link: releaseLink(release), at, way: kind, reads, lastAt, claims },
      app: { id: clientId, name, agency, domain, logo },
      purpose: own[0]?.purpose[language],
      ...rightOf(release, own, language),
    };
  });
}

/** Consent, as soon as one of the claims rests on it; otherwise what the first of them rests on. */
function rightOf(
  { claims }: Release,
  terms: readonly Terms[],
  language: 'id' | 'en',
): Pick<ShownRelease, 'basis' | 'law'> {
  const items = terms.flatMap(({ items }) => items);
  const read = items.filter(({ claim }) => claims.includes(claim));
  const [first] = read.length > 0 ? read : items;
  if (!first || read.some(({ basis }) => basis === 'consent')) return { basis: 'consent' };
  return { basis: first.basis, law: language === 'en' ? (first.lawEn ?? first.law) : first.law };
}

/** How a report stands. */
export function stateOf({ answered, dueAt }: Report): ReportState {
  if (answered) return answered.answer;
  return dueAt <= new Date() ? 'overdue' : 'waiting';
}

/** Looks of the staff in words. */
export async function showLooks({ ctx, db }: Showing, lines: readonly HistoryLine[]): Promise<ShownLook[]> {
  const ids = [...new Set(lines.map(({ details }) => String(details.agency)))];
  const agencies = ids.length > 0 ? await findAgencies(db, ids) : [];
  const names = new Map(agencies.map(({ id, name, nameEn }) => [id, ctx.state.language === 'en' ? nameEn : name]));
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
