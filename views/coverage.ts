import { type Html, html, safeAddress } from './html.ts';
import { formatDay, translate } from './locale.ts';
import { type Frame, page } from './page.ts';
import {
  coverageGroups,
  coverageTable,
  coverageTrend,
  type ShownDay,
  type ShownFigures,
  type ShownGroup,
  sampleDays,
  sampleFigures,
  sampleSmall,
  tally,
} from './parts/coverage.ts';
import { noticeBox } from './parts/notice.ts';
import { hostileText, sampleFrame } from './samples.ts';

export type CoverageContext = Frame & {
  /** The sector or agency that the page is about; none for the whole. */
  group?: { name: string } | undefined;
  /** The page of the whole. */
  whole: string;
  /** The agencies above the one, from the top. */
  above: readonly { name: string; link: string }[];
  /** The day of the figures; none before the first count. */
  day?: Date | undefined;
  figures: ShownFigures;
  trend: readonly ShownDay[];
  sectors: readonly ShownGroup[];
  ministries: readonly ShownGroup[];
  provinces: readonly ShownGroup[];
  /** Other institutions of the country. */
  agencies: readonly ShownGroup[];
  /** The agencies directly below. */
  below: readonly ShownGroup[];
  /** Fewer people than this are never told of. */
  fewest: number;
};

/**
 * `GET /coverage`: for everybody, and the same for everybody. It has no form and nothing of its reader, so that it may be kept
 * by whatever stands in between.
 */
export function coveragePage(context: CoverageContext): Html {
  const t = translate(context.language);
  const { language, group, day, brand } = context;
  const title = group ? group.name : t('coverage.title');
  return page(context, {
    title,
    shape: 'wide',
    styles: ['chart.css'],
    ...(group && { of: t('coverage.title') }),
    lead: group && wayUp(context),
    content: html`<p class="intro">${t('coverage.intro', { brand })}</p>
${
  day
    ? html`<p class="hint" id="counted-on">${t('coverage.counted-on', { day: formatDay(language, day, 'UTC') })}</p>
<section class="part" aria-labelledby="now"><h2 id="now">${t('coverage.now')}</h2>${tally(language, context.figures)}</section>
${context.trend.length > 1 && html`<section class="part" aria-labelledby="way"><h2 id="way">${t('coverage.way')}</h2>${coverageTrend(language, context.trend)}</section>`}
${groupParts(context)}`
    : noticeBox({ tone: 'info', text: html`<span id="not-counted">${t('coverage.not-counted')}</span>` })
}
<section class="part reading" aria-labelledby="how"><h2 id="how">${t('coverage.how')}</h2>
<p>${t('coverage.how-apps', { brand })}</p><p>${t('coverage.how-people', { count: context.fewest })}</p>
${day && html`<p>${t('coverage.files')} <a id="csv" href="/coverage.csv">CSV</a> · <a id="json" href="/coverage.json">JSON</a></p>`}</section>`,
  });
}

function wayUp({ language, whole, above }: CoverageContext): Html {
  const t = translate(language);
  const links = [{ name: t('coverage.all'), link: whole }, ...above].map(
    ({ name, link }) => html`<li><a href="${safeAddress(link)}">${name}</a></li>`,
  );
  return html`<nav class="way-up" aria-label="${t('coverage.way-up')}"><ul>${links}</ul></nav>`;
}

function groupParts(context: CoverageContext): Html[] {
  const t = translate(context.language);
  const { language, sectors, ministries, provinces, agencies, below } = context;
  const part = (id: string, title: string, groups: readonly ShownGroup[], isDrawn: boolean) =>
    html`${groups.length > 0 && html`<section class="part" aria-labelledby="${id}-head"><h2 id="${id}-head">${title}</h2>${isDrawn ? coverageGroups(language, { id, caption: title, groups }) : coverageTable(language, { id, caption: title, groups })}</section>`}`;
  return [
    part('sectors', t('coverage.by-sector'), sectors, true),
    part('ministries', t('coverage.by-ministry'), ministries, false),
    part('provinces', t('coverage.by-province'), provinces, false),
    part('agencies', t('coverage.by-agency'), agencies, false),
    part('below', t('coverage.below'), below, true),
  ];
}

const sectors: readonly ShownGroup[] = [
  {
    id: 'kesehatan',
    name: 'Kesehatan',
    link: '/coverage?sector=kesehatan',
    figures: { ...sampleFigures, known: 5120 },
  },
  {
    id: 'pajak',
    name: 'Pajak dan retribusi',
    link: '/coverage?sector=pajak',
    figures: { ...sampleFigures, known: 2210 },
  },
  { id: 'pariwisata', name: 'Pariwisata', link: '/coverage?sector=pariwisata', figures: sampleSmall },
];

const whole: CoverageContext = {
  ...sampleFrame,
  whole: '/coverage',
  above: [],
  day: new Date('2026-11-26T00:00:00Z'),
  figures: sampleFigures,
  trend: sampleDays,
  sectors,
  ministries: [
    { id: 'kemenkes', name: 'Kementerian Kesehatan', link: '/coverage?agency=kemenkes', figures: sampleFigures },
  ],
  provinces: [{ id: 'contoh', name: 'Provinsi Contoh', link: '/coverage?agency=contoh', figures: sampleSmall }],
  agencies: [],
  below: [],
  fewest: 10,
};

export const coverageSamples: Record<string, CoverageContext> = {
  whole,
  agency: {
    ...whole,
    group: { name: 'Kementerian Kesehatan' },
    above: [{ name: 'Negara Contoh', link: '/coverage?agency=negara' }],
    sectors: [],
    ministries: [],
    provinces: [],
    below: [
      { id: 'a', name: 'Direktorat Jenderal Kesehatan Lanjutan', link: '/coverage?agency=a', figures: sampleFigures },
      { id: 'b', name: 'Balai Kekarantinaan', link: '/coverage?agency=b', figures: sampleSmall },
    ],
  },
  young: { ...whole, trend: sampleDays.slice(0, 1), figures: sampleSmall },
  'not-counted': {
    ...whole,
    ...{ day: undefined, trend: [], sectors: [], ministries: [], provinces: [], figures: sampleSmall },
  },
  hostile: {
    ...whole,
    group: { name: hostileText },
    above: [{ name: hostileText, link: 'javascript:1' }],
    below: [{ id: hostileText, name: hostileText, link: 'javascript:1', figures: sampleSmall }],
    sectors: [
      { id: hostileText, name: hostileText, link: '/coverage', figures: sampleFigures },
      { id: hostileText, name: hostileText, figures: sampleFigures },
    ],
  },
};
