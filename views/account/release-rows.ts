import { listClaims, MOST_NAMED } from '../claims.ts';
import { type Html, html, safeAddress } from '../html.ts';
import { sayBasis } from '../legal-basis.ts';
import {
  formatDay,
  formatList,
  formatMoment,
  formatTime,
  type Language,
  type MessageKey,
  translate,
} from '../locale.ts';
import type { Frame } from '../page.ts';
import { tile } from '../parts/tile.ts';
import type { LookReason, ReportAnswer } from '../report-messages.ts';
import { hostileText } from '../samples.ts';

/** In which way claims were handed over. */
export type ReleaseWay = 'code' | 'refresh' | 'userinfo' | 'introspection';

/** The app that read, as pages of a person name it. */
export type ReadingApp = {
  id: string;
  name: string;
  agency: string;
  domain: string;
  logo?: string | undefined;
};

/** How a report of a release stands. */
export type ReportState = 'waiting' | 'overdue' | ReportAnswer;

/** The legal basis, the law that another one than consent rests on, and which claims were read by it. */
export type ShownRight = {
  basis: string;
  law?: string | undefined;
  claims: readonly string[];
};

/** One hand-over of data, or those of one day that repeat. */
export type ShownRelease = {
  id: string;
  /** The page about it. */
  link: string;
  at: Date;
  way: ReleaseWay;
  /** How often, and when last. */
  reads: number;
  lastAt: Date;
  app: ReadingApp;
  /** Names of claims. */
  claims: readonly string[];
  /** What the app wanted them for, as it was shown. */
  purpose?: string | undefined;
  /** Why the app wanted each of them, as far as that is on record. */
  whys?: readonly { claim: string; why: string }[] | undefined;
  /** None where what the person was shown is not on record. */
  rights: readonly ShownRight[];
  report?: ReportState | undefined;
};

/** Somebody of the staff looked at this list, or at the account itself. */
export type ShownLook = {
  id: string;
  at: Date;
  agency: string;
  role: 'desk' | 'operator';
  reason: LookReason | 'asked-at-desk' | 'second-officer';
  caseNumber: string;
};

/** What stands in the list: of an app or of the staff. */
export type ReleaseLine = { release: ShownRelease } | { look: ShownLook };

/** When it was; of what repeats, first. */
export function timeOf(line: ReleaseLine): Date {
  return 'release' in line ? line.release.at : line.look.at;
}

/** Which data, as people call them: "name, email and address". */
export function sayClaims(language: Language, claims: readonly string[], most?: number): string {
  return claims.length === 0 ? translate(language)('release.no-claims') : listClaims(language, claims, most);
}

/** Whose data it is, for whoever reads: their own, or somebody else's. */
type Whose = 'own' | 'theirs';

/** By which right: consent, or what else the law gives. */
function sayRight(language: Language, { basis, law }: Pick<ShownRight, 'basis' | 'law'>, whose: Whose = 'own'): string {
  const t = translate(language);
  if (basis === 'consent') return t(whose === 'own' ? 'release.basis-consent' : 'release.their-consent');
  return t('release.basis-other', { basis: sayBasis(language, basis, law) });
}

/** All of them, each with what was read by it where there are several. */
export function sayRights(
  language: Language,
  release: Pick<ShownRelease, 'claims' | 'rights'>,
  whose: Whose = 'own',
): string[] {
  const t = translate(language);
  const { claims, rights } = release;
  const known = new Set(rights.flatMap((right) => right.claims));
  const unknown = rights.length === 0 ? claims : claims.filter((claim) => !known.has(claim));
  const isUnknown = rights.length === 0 || unknown.length > 0;
  const of = (those: readonly string[], right: string) =>
    rights.length + Number(isUnknown) > 1 ? `${right}: ${sayClaims(language, those)}` : right;
  return [
    ...rights.map((right) => of(right.claims, sayRight(language, right, whose))),
    ...(isUnknown ? [of(unknown, t('release.basis-unknown'))] : []),
  ];
}

/** By which rights at all, in a line that is one of many; the page of the release says what was read by each. */
function sayBases(language: Language, { rights }: Pick<ShownRelease, 'rights'>): string {
  const t = translate(language);
  if (rights.length === 0) return t('release.basis-unknown');
  const others = rights.filter(({ basis }) => basis !== 'consent');
  if (others.length === 0) return t('release.basis-consent');
  const named = [...new Set(others.map(({ basis, law }) => sayBasis(language, basis, law)))];
  const isPartly = others.length < rights.length;
  const key = isPartly ? 'release.basis-partly' : 'release.basis-other';
  return t(key, { basis: formatList(language, named) });
}

const ways: Record<ReleaseWay, MessageKey> = {
  code: 'release.way-code',
  refresh: 'release.way-refresh',
  userinfo: 'release.way-userinfo',
  introspection: 'release.way-introspection',
};

const theirWays: Record<ReleaseWay, MessageKey> = {
  ...ways,
  code: 'release.their-way-code',
  userinfo: 'release.their-way-userinfo',
};

/** On which occasion. */
export function sayWay(language: Language, way: ReleaseWay, whose: Whose = 'own'): string {
  return translate(language)((whose === 'own' ? ways : theirWays)[way]);
}

const states: Record<ReportState, MessageKey> = {
  waiting: 'release.report-waiting',
  overdue: 'release.report-overdue',
  rightful: 'release.report-rightful',
  mistake: 'release.report-mistake',
  misuse: 'release.report-misuse',
};

/** How a report stands, in a word and a dot. */
export function reportDot(language: Language, state: ReportState): Html {
  return html`<span class="report report-${state}">${translate(language)(states[state])}</span>`;
}

/** Lines of several days, each day under its heading; `level` is that of the headings. */
export function releaseDays(context: Frame, lines: readonly ReleaseLine[]): Html[] {
  const { language, timeZone } = context;
  const days = Map.groupBy(lines, (line) => formatDay(language, timeOf(line), timeZone));
  return [...days].map(
    ([day, those]) =>
      html`<section class="part day"><h2>${day}</h2><ul class="rows">${rowsOf(context, those, 'time')}</ul></section>
`,
  );
}

/** A few lines without headings of their own, each with its day. */
export function releaseRows(context: Frame, lines: readonly ReleaseLine[]): Html {
  return html`<ul class="rows releases">${rowsOf(context, lines, 'moment')}</ul>`;
}

/** A line after one that says the same of what was read says only when and how: most services read once more after a sign-in. */
function rowsOf(context: Frame, lines: readonly ReleaseLine[], when: 'time' | 'moment'): Html[] {
  return lines.map((line, index) => {
    if ('look' in line) return lookRow(context, line.look, when);
    const above = lines[index - 1];
    const isSame = above !== undefined && 'release' in above && sayTheSame(above.release, line.release);
    return releaseRow(context, line.release, when, isSame);
  });
}

function sayTheSame(one: ShownRelease, other: ShownRelease): boolean {
  const said = ({ app, claims, purpose, rights }: ShownRelease) => JSON.stringify([app.id, claims, purpose, rights]);
  return said(one) === said(other);
}

function sayWhen({ language, timeZone }: Frame, at: Date, when: 'time' | 'moment'): Html {
  const said = when === 'time' ? formatTime(language, at, timeZone) : formatMoment(language, at, timeZone);
  return html`<time datetime="${at.toISOString()}">${said}</time>`;
}

function releaseRow(context: Frame, release: ShownRelease, when: 'time' | 'moment', isSame: boolean): Html {
  const { language, timeZone } = context;
  const t = translate(language);
  const { id, app, claims, purpose, reads, lastAt, report, way } = release;
  const link = safeAddress(release.link);
  const name = link ? html`<a href="${link}">${app.name}</a>` : app.name;
  const last = formatTime(language, lastAt, timeZone);
  const often = reads > 1 && t('release.often', { count: reads, last });
  const more = [!isSame && sayBases(language, release), sayWay(language, way), often].filter(Boolean).join(' · ');
  const whole = html`${t('release.read', { claims: sayClaims(language, claims, MOST_NAMED) })}${purpose && html` <span class="why">${t('release.for', { purpose })}</span>`}`;
  return html`<li class="row" data-release="${id}"${report && html` data-report="${report}"`}>${when === 'time' && html`<p class="when">${sayWhen(context, release.at, when)}</p>`}${tile(app.name, app.logo)}
<div class="row-words"><h3>${name}</h3>
<p class="hint">${app.agency}${when === 'moment' && html` · ${sayWhen(context, release.at, when)}`}</p>
<p>${isSame ? t('release.read-same') : whole}</p>
<p class="hint">${more}</p>${report && html`<p>${reportDot(language, report)}</p>`}</div></li>`;
}

/** In which role somebody of the staff looked, and why. */
export function sayLookReason(language: Language, { role, reason }: Pick<ShownLook, 'role' | 'reason'>): string {
  const t = translate(language);
  return t('look.why', { role: t(`look.role-${role}`), reason: t(`look.reason-${reason}`) });
}

function isOfAccount({ reason }: ShownLook): boolean {
  return reason === 'asked-at-desk' || reason === 'second-officer';
}

function lookRow(context: Frame, look: ShownLook, when: 'time' | 'moment'): Html {
  const { language } = context;
  const t = translate(language);
  return html`<li class="row of-staff" data-look="${look.id}">${when === 'time' && html`<p class="when">${sayWhen(context, look.at, when)}</p>`}
<div class="row-words"><h3>${t(isOfAccount(look) ? 'look.at-account' : 'look.at-releases', { agency: look.agency })}</h3>
<p class="hint">${when === 'moment' && html`${sayWhen(context, look.at, when)} · `}${sayLookReason(language, look)} · ${t('history.case', { case: look.caseNumber })}</p></div></li>`;
}

const at = (time: string): Date => new Date(`2026-11-${time}:00Z`);

/** One of each kind, for samples; the latest first. */
export const sampleReleases: readonly ShownRelease[] = [
  {
    id: 'rls-1',
    link: '/account/releases/rls-1',
    at: at('21T03:12'),
    way: 'code',
    reads: 1,
    lastAt: at('21T03:12'),
    app: {
      id: 'puskesmas-online',
      name: 'Puskesmas Online',
      agency: 'Kementerian Kesehatan',
      domain: 'puskesmas.contoh.go.id',
    },
    claims: ['name', 'email', 'birthdate'],
    purpose: 'Mendaftarkan Anda ke antrean puskesmas.',
    whys: [
      { claim: 'name', why: 'Memanggil Anda di loket.' },
      { claim: 'birthdate', why: 'Memilih poli yang sesuai.' },
    ],
    rights: [
      { basis: 'public_task', law: 'Pasal 17 UU 17/2023 tentang Kesehatan', claims: ['name', 'email'] },
      { basis: 'consent', claims: ['birthdate'] },
    ],
  },
  {
    id: 'rls-2',
    link: '/account/releases/rls-2',
    at: at('21T02:30'),
    way: 'userinfo',
    reads: 12,
    lastAt: at('21T02:58'),
    app: {
      id: 'pajak-daerah',
      name: 'Pajak Daerah',
      agency: 'Badan Pendapatan Daerah Provinsi Contoh',
      domain: 'pajak.contoh.go.id',
    },
    claims: ['name', 'email', 'address', 'phone_number'],
    purpose: 'Menghitung dan menagih pajak daerah.',
    rights: [{ basis: 'consent', claims: ['name', 'email', 'address', 'phone_number'] }],
    report: 'waiting',
  },
  {
    id: 'rls-3',
    link: '/account/releases/rls-3',
    at: at('19T22:05'),
    way: 'refresh',
    reads: 3,
    lastAt: at('19T23:40'),
    app: { id: 'layanan-1', name: 'Layanan 1', agency: 'Dinas Contoh', domain: 'layanan-1.contoh.go.id' },
    claims: [],
    rights: [],
    report: 'mistake',
  },
];

export const sampleLook: ShownLook = {
  id: 'look-1',
  at: at('20T03:10'),
  agency: 'Dinas Dukcapil Kota Contoh',
  role: 'desk',
  reason: 'asked-by-person',
  caseNumber: 'LKT/2026/0042',
};

/** The same by hostile registrations. */
export const hostileReleases: readonly ShownRelease[] = sampleReleases.map((release) => ({
  ...release,
  id: hostileText,
  link: 'javascript:1',
  app: { id: hostileText, name: hostileText, agency: hostileText, domain: hostileText },
  claims: [hostileText],
  purpose: hostileText,
  whys: [{ claim: hostileText, why: hostileText }],
  rights: [{ basis: hostileText, law: hostileText, claims: [hostileText] }],
}));
