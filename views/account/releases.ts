import { type Html, html } from '../html.ts';
import { formatMoment, type MessageKey, translate } from '../locale.ts';
import type { Frame } from '../page.ts';
import { hostileText, sampleFrame } from '../samples.ts';
import { type TimePages, timePager } from './pager.ts';
import { hostileReleases, type ReleaseLine, releaseDays, sampleLook, sampleReleases } from './release-rows.ts';
import { personalPage } from './shell.ts';

/** Since when, in days; `all` for everything that is kept. */
export const releasePeriods = ['7', '30', '365', 'all'] as const;
export type ReleasePeriod = (typeof releasePeriods)[number];

/** Who or what: hand-overs at a sign-in, those after it, or looks of the staff. */
export const releaseFilters = ['all', 'sign-in', 'later', 'staff'] as const;
export type ReleaseFilter = (typeof releaseFilters)[number];

/** What a list is narrowed down to. */
export type ReleaseChoice = {
  /** The id of an app; empty for all. */
  app: string;
  period: ReleasePeriod;
  kind: ReleaseFilter;
};

export type ReleasesContext = Frame &
  TimePages & {
    /** The latest first. */
    lines: readonly ReleaseLine[];
    /** The apps to choose from. */
    apps: readonly { id: string; name: string }[];
    chosen: ReleaseChoice;
    /** How many whole months the list is kept. */
    keptMonths: number;
    /** Since when there is something to read, where what was before is closed. */
    closedBefore?: Date | undefined;
  };

const periods: Record<ReleasePeriod, MessageKey> = {
  '7': 'releases.period-7',
  '30': 'releases.period-30',
  '365': 'releases.period-365',
  all: 'releases.period-all',
};

const kinds: Record<ReleaseFilter, MessageKey> = {
  all: 'releases.kind-all',
  'sign-in': 'releases.kind-sign-in',
  later: 'releases.kind-later',
  staff: 'releases.kind-staff',
};

/** `GET /account/releases`: who saw which data of a person, when, why and by which right. */
export function releasesPage(context: ReleasesContext): Html {
  const t = translate(context.language);
  const { language, timeZone, lines, closedBefore } = context;
  return personalPage(context, {
    title: t('releases.title'),
    section: 'releases',
    intro: t('releases.intro'),
    content: html`${closedBefore && html`<p class="hint" id="closed-before">${t('history.closed-before', { date: formatMoment(language, closedBefore, timeZone) })}</p>`}
${isNarrowed(context.chosen) || lines.length > 0 || context.older ? choiceForm(context) : ''}
${lines.length === 0 ? nothing(context) : releaseDays(context, lines)}
${timePager(language, context)}
<p class="hint">${t('releases.kept', { months: context.keptMonths })}</p>`,
  });
}

function isNarrowed({ app, period, kind }: ReleaseChoice): boolean {
  return app !== '' || period !== 'all' || kind !== 'all';
}

/** A form that only asks: the address says what is shown, and the page works without any script. */
function choiceForm({ language, apps, chosen }: ReleasesContext): Html {
  const t = translate(language);
  const all = [
    { value: '', label: t('releases.every-app') },
    ...apps.map(({ id, name }) => ({ value: id, label: name })),
  ];
  return html`<details class="narrow-down"${isNarrowed(chosen) && html` open`}><summary>${t('releases.narrow')}</summary><form method="get" action="/account/releases" role="search" class="narrowing" aria-label="${t('releases.narrow')}">
${select('app', t('releases.app'), chosen.app, all)}
${select(
  'period',
  t('releases.period'),
  chosen.period,
  releasePeriods.map((value) => ({ value, label: t(periods[value]) })),
)}
${select(
  'kind',
  t('releases.kind'),
  chosen.kind,
  releaseFilters.map((value) => ({ value, label: t(kinds[value]) })),
)}
<div class="narrowing-do"><button type="submit" class="button other"><span>${t('releases.show')}</span></button>${isNarrowed(chosen) && html`<a id="everything" href="/account/releases">${t('releases.everything')}</a>`}</div>
</form></details>`;
}

function select(
  name: string,
  label: string,
  value: string,
  options: readonly { value: string; label: string }[],
): Html {
  return html`<div class="field"><label for="${name}">${label}</label><select id="${name}" name="${name}">${options.map(
    (option) =>
      html`<option value="${option.value}"${option.value === value && html` selected`}>${option.label}</option>`,
  )}</select></div>`;
}

function nothing({ language, chosen, older }: ReleasesContext): Html {
  const t = translate(language);
  if (older) return html`<p id="none-here">${t('releases.none-here')}</p>`;
  if (!isNarrowed(chosen))
    return html`<div class="empty" id="no-releases"><p>${t('releases.none')}</p><p><a id="find" href="/account/services">${t('personal.services')}</a></p></div>`;
  return html`<div class="empty" id="no-releases"><p>${t('releases.none-so')} ${chosen.period !== 'all' && t('releases.try-longer')}</p><p><a id="wider" href="/account/releases">${t('releases.see-all')}</a></p></div>`;
}

const full: ReleasesContext = {
  ...sampleFrame,
  lines: [
    ...sampleReleases.slice(0, 2).map((release) => ({ release })),
    { look: sampleLook },
    ...sampleReleases.slice(2).map((release) => ({ release })),
  ],
  apps: sampleReleases.map(({ app: { id, name } }) => ({ id, name })),
  chosen: { app: '', period: 'all', kind: 'all' },
  older: '/account/releases?before=abc',
  keptMonths: 24,
};

export const releasesSamples: Record<string, ReleasesContext> = {
  full,
  alike: {
    ...full,
    lines: sampleReleases
      .slice(0, 1)
      .flatMap((release) => [{ release: { ...release, id: 'rls-0', way: 'userinfo', reads: 3 } }, { release }]),
  },
  narrowed: {
    ...full,
    chosen: { app: 'pajak-daerah', period: '30', kind: 'later' },
    lines: full.lines.slice(1, 2),
    older: undefined,
    latest: '/account/releases',
  },
  'none-here': { ...full, lines: [], chosen: { ...full.chosen, kind: 'later' } },
  'none-so': { ...full, lines: [], older: undefined, chosen: { ...full.chosen, kind: 'staff' } },
  none: { ...full, lines: [], apps: [], older: undefined },
  restricted: { ...full, closedBefore: at('19T00:00') },
  hostile: {
    ...full,
    lines: [
      ...hostileReleases.map((release) => ({ release })),
      { look: { ...sampleLook, id: hostileText, agency: hostileText, caseNumber: hostileText } },
    ],
    apps: [{ id: hostileText, name: hostileText }],
    chosen: { ...full.chosen, app: hostileText },
    older: 'javascript:1',
  },
};

function at(time: string): Date {
  return new Date(`2026-11-${time}:00Z`);
}
