import { type Html, html } from '../html.ts';
import { formatDay, formatMoment, translate } from '../locale.ts';
import { button, field, form, hidden } from '../parts/form.ts';
import { type Notice, noticeBox } from '../parts/notice.ts';
import { hostileText } from '../samples.ts';
import { type AppHead, appLink, appPage, sampleAppHead } from './app-page.ts';
import { type Declared, declaredChanges, keyName } from './parts/declared.ts';
import { diff } from './parts/diff.ts';
import { type Pages, pager } from './parts/pager.ts';
import { dot } from './parts/state.ts';
import { table } from './parts/table.ts';
import { type ConsoleFrame, sampleConsoleFrame } from './shell.ts';

const versionStatuses = ['applied', 'pending', 'rejected', 'superseded'] as const;
export type VersionStatus = (typeof versionStatuses)[number];

/** One version as a list names it. */
export type VersionLine = {
  number: number;
  status: VersionStatus;
  isInForce: boolean;
  createdAt: Date;
  /** Who made it, and by which way it came in. */
  actor: string;
  via: string;
  reason?: string | undefined;
  breakGlass?: string | undefined;
  changed: readonly string[];
};

export type VersionsContext = ConsoleFrame & {
  head: AppHead;
  versions: readonly VersionLine[];
  pages: Pages;
  notice?: Notice | undefined;
};

/** `GET /console/apps/:client/versions`: what an app said when, the latest first. */
export function versionsPage(context: VersionsContext): Html {
  const t = translate(context.language);
  return appPage(context, context.head, 'versions', {
    title: t('console.tab-versions'),
    intro: t('console.versions-intro'),
    notice: context.notice,
    content:
      context.versions.length > 0
        ? html`${versionTable(context)}${pager(context.language, context.pages)}`
        : html`<p class="empty">${t('console.no-versions')}</p>`,
  });
}

function versionTable(context: VersionsContext): Html {
  const { language, timeZone, head } = context;
  const t = translate(language);
  return table<VersionLine>({
    caption: t('console.tab-versions'),
    hook: { name: 'data-version', value: ({ number }) => String(number) },
    columns: [
      { head: t('console.version'), kind: 'main', cell: (version) => versionLink(context, head, version) },
      { head: t('console.version-status'), kind: 'short', cell: (version) => statusDot(context, version) },
      { head: t('console.version-changed'), cell: (version) => whatChanged(context, version) },
      {
        head: t('console.version-who'),
        cell: (version) => html`${version.actor} <small>${sayWay(context, version.via)}</small>`,
      },
      {
        head: t('console.version-when'),
        kind: 'short',
        cell: ({ createdAt }) => formatDay(language, createdAt, timeZone),
      },
    ],
    rows: context.versions,
  });
}

function versionLink({ language }: ConsoleFrame, head: AppHead, { number, reason }: VersionLine): Html {
  return html`<a href="${appLink(head.id, 'versions')}/${number}">${translate(language)('console.version-number', { number })}</a>${reason && html` <small>${reason}</small>`}`;
}

/** What became of a version, as a dot and a word. */
function statusDot({ language }: ConsoleFrame, { status, isInForce }: Pick<VersionLine, 'status' | 'isInForce'>): Html {
  const t = translate(language);
  if (isInForce) return dot('good', t('console.version-in-force'));
  if (status === 'pending') return dot('waiting', t('console.version-pending'));
  if (status === 'rejected') return dot('stopped', t('console.version-rejected'));
  return dot('over', t(status === 'applied' ? 'console.version-applied' : 'console.version-superseded'));
}

function whatChanged(context: ConsoleFrame, { number, changed }: VersionLine): string {
  return number === 1 ? translate(context.language)('console.version-first') : sayKeys(context, changed);
}

/** What changes, by name; all of it is new where there was nothing before. */
export function sayKeys({ language }: ConsoleFrame, keys: readonly string[]): string {
  if (keys.length === 0) return '–';
  const shown = keys.slice(0, MOST_NAMED).map((key) => keyName(language, key));
  const more = keys.length - shown.length;
  return [...shown, ...(more > 0 ? [translate(language)('console.and-more', { count: more })] : [])].join(', ');
}

const MOST_NAMED = 4;

const ways = ['page', 'api', 'file', 'command', 'registration', 'bundle', 'job', 'start'] as const;

/** By which way a change came in. */
export function sayWay({ language }: ConsoleFrame, via: string): string {
  const way = ways.find((one) => one === via);
  return way ? translate(language)(`console.via-${way}`) : via;
}

export type VersionContext = ConsoleFrame & {
  head: AppHead;
  version: VersionLine;
  /** What was in force before it, where something was. */
  before: Declared | undefined;
  after: Declared;
  risky: readonly string[];
  /** What is in force now, where restoring would change it and the person may. */
  restore?: { current: Declared; risky: readonly string[]; ifNumber: number } | undefined;
  /** Where one decides about it, while it waits. */
  reviewLink?: `/${string}` | undefined;
};

/** Posts `action` = `restore` with `reason`, and `if-number`: the version that the page compared with. */
export function versionPage(context: VersionContext): Html {
  const { language, head, version, before, after } = context;
  const t = translate(language);
  const changes = declaredChanges(language, before, after, context.risky);
  return appPage(context, head, 'versions', {
    title: t('console.version-number', { number: version.number }),
    actions:
      context.reviewLink &&
      html`<a class="button main" id="review" href="${context.reviewLink}"><span>${t('console.to-review')}</span></a>`,
    content: html`${aboutVersion(context, version)}
<h2>${before ? t('console.version-changes') : t('console.version-says')}</h2>
${changes.length > 0 ? diff(language, changes) : html`<p class="empty">${t('console.nothing-changed')}</p>`}
${restoreForm(context)}
<p><a class="calm" id="all-versions" href="${appLink(head.id, 'versions')}">${t('console.all-versions')}</a></p>`,
  });
}

/** Who made a version, when, by which way and why. */
export function aboutVersion(frame: ConsoleFrame, version: VersionLine): Html {
  const t = translate(frame.language);
  const said = t('console.version-by', {
    who: version.actor,
    when: formatMoment(frame.language, version.createdAt, frame.timeZone),
    way: sayWay(frame, version.via),
  });
  return html`<p class="about-version">${statusDot(frame, version)} <span>· ${said}</span></p>
${version.reason && html`<p class="reason"><strong>${t('console.version-reason')}</strong> ${version.reason}</p>`}
${version.breakGlass !== undefined && noticeBox({ tone: 'info', text: t('console.broke-glass', { reason: version.breakGlass }) })}`;
}

function restoreForm(context: VersionContext): Html | false {
  const { language, restore, version } = context;
  if (!restore) return false;
  const t = translate(language);
  const changes = declaredChanges(language, restore.current, context.after, restore.risky);
  const waits = restore.risky.length > 0;
  return html`<section class="part"><h2>${t('console.restore-title')}</h2>
<p>${t(waits ? 'console.restore-waits' : 'console.restore-hint')}</p>
${diff(language, changes)}
${form(context, [
  hidden('if-number', String(restore.ifNumber)),
  field({ name: 'reason', label: t('console.reason'), autocomplete: 'off', maxlength: 300, problems: [] }),
  button({ id: 'restore', value: 'restore', label: t('console.restore', { number: version.number }), look: 'main' }),
])}</section>`;
}

const declared: Declared = {
  client_name: 'Antrean RSUD',
  'client_name#en': 'Hospital Queue',
  purpose: 'Mengambil nomor antrean.',
  'purpose#en': 'To take a number in the queue.',
  redirect_uris: ['https://antrean.contoh.go.id/callback', 'https://antrean.contoh.go.id/masuk'],
  claims: [
    { name: 'name', required: true, basis: 'consent', purpose: 'Memanggil Anda.', 'purpose#en': 'To call you.' },
  ],
  consent_days: 365,
  require_pkce: true,
  contacts: [{ role: 'technical', email: 'tim@contoh.go.id' }],
};

/** The same app a version later, for the samples of pages that compare. */
export const sampleDeclared: { before: Declared; after: Declared } = {
  before: declared,
  after: {
    ...declared,
    'purpose#en': 'To take a number in the queue of a hospital.',
    redirect_uris: ['https://antrean.contoh.go.id/callback', 'https://antrean-baru.contoh.go.id/masuk'],
    claims: [
      ...(declared.claims as Declared[]),
      {
        name: 'birthdate',
        required: false,
        basis: 'public_task',
        purpose: 'Menghitung umur.',
        'purpose#en': 'To know your age.',
      },
    ],
    consent_days: 90,
  },
};

/** A version, for the samples of pages that name one. */
export const sampleVersion: VersionLine = {
  number: 7,
  status: 'applied',
  isInForce: true,
  createdAt: new Date('2026-11-20T03:12:00Z'),
  actor: 'Siti Rahayu',
  via: 'page',
  reason: 'Pindah ke nama domain baru',
  changed: ['redirect_uris', 'claims', 'purpose', 'consent_days', 'contacts', 'logo_uri'],
};

const list: VersionsContext = {
  ...sampleConsoleFrame,
  section: 'apps',
  head: sampleAppHead,
  pages: { next: '/console/apps/antrean-rsud/versions?after=WyI2Il0' },
  versions: [
    { ...sampleVersion, number: 8, status: 'pending', isInForce: false },
    sampleVersion,
    {
      ...sampleVersion,
      number: 6,
      isInForce: false,
      status: 'rejected',
      actor: 'Budi Santoso',
      via: 'api',
      reason: undefined,
    },
    { ...sampleVersion, number: 5, isInForce: false, status: 'superseded', via: 'file', actor: 'Baris perintah' },
    { ...sampleVersion, number: 1, isInForce: false, breakGlass: 'Serangan berlangsung', via: 'command' },
  ],
};

export const versionsSamples: Record<string, VersionsContext> = {
  full: list,
  none: { ...list, versions: [], pages: {} },
  hostile: {
    ...list,
    versions: list.versions.map((one) => ({
      ...one,
      actor: hostileText,
      via: hostileText,
      reason: hostileText,
      changed: [hostileText],
    })),
  },
};

const one: VersionContext = {
  ...sampleConsoleFrame,
  section: 'apps',
  head: sampleAppHead,
  version: { ...sampleVersion, number: 1, isInForce: false, breakGlass: 'Serangan berlangsung' },
  ...sampleDeclared,
  risky: ['redirect_uris', 'claims'],
  restore: { current: sampleDeclared.before, risky: ['redirect_uris'], ifNumber: 7 },
};

const hostileDeclared: Declared = {
  client_name: hostileText,
  [hostileText]: hostileText,
  redirect_uris: [hostileText],
  claims: [{ name: hostileText, basis: hostileText, purpose: hostileText }, hostileText],
  jwks: { keys: [{ kid: hostileText }] },
  contacts: [{ role: hostileText, email: hostileText }],
};

export const versionSamples: Record<string, VersionContext> = {
  full: one,
  waiting: {
    ...one,
    version: { ...sampleVersion, status: 'pending', isInForce: false },
    restore: undefined,
    reviewLink: '/console/reviews/antrean-rsud/8',
  },
  first: { ...one, before: undefined, risky: [], restore: undefined },
  same: { ...one, before: sampleDeclared.after, restore: undefined },
  hostile: {
    ...one,
    version: { ...one.version, actor: hostileText, reason: hostileText, breakGlass: hostileText, via: hostileText },
    before: sampleDeclared.before,
    after: hostileDeclared,
    risky: [hostileText],
  },
};
