import { findClaimLabel, listClaims } from '../claims.ts';
import { type Html, html } from '../html.ts';
import { formatDay, formatMonth, formatNumber, translate } from '../locale.ts';
import { figures, lineChart } from '../parts/chart.ts';
import { hostileText } from '../samples.ts';
import { type AppHead, appLink, appPage, sampleAppHead } from './app-page.ts';
import { table } from './parts/table.ts';
import { type ConsoleFrame, sampleConsoleFrame } from './shell.ts';

type PermissionEvent = 'given' | 'narrowed' | 'renewed' | 'withdrawn' | 'left' | 'expired' | 'underage';

/** What happened in a month to permissions of one kind; undefined where it is not told. */
export type ShownMonth = {
  month: Date;
  kind: 'consent' | 'notice';
  times: Readonly<Record<PermissionEvent, number | undefined>>;
};

/** A claim, to how many it is open and how often it was handed over; undefined where it is not told. */
export type ShownClaim = {
  claim: string;
  people: number | undefined;
  releases: number | undefined;
  isUnread: boolean;
};

export type FiguresContext = ConsoleFrame & {
  head: AppHead;
  /** When people were counted last. */
  countedOn: Date | undefined;
  people: number | undefined;
  claims: readonly ShownClaim[];
  /** The earliest first. */
  months: readonly ShownMonth[];
  /** What would remain without the claims that nobody reads. */
  smallerScope: string | undefined;
  mayChange: boolean;
};

/** `GET /console/apps/:client/figures`: how many people an app has, what they agreed to, and what was read. */
export function figuresPage(context: FiguresContext): Html {
  const { language, head, countedOn, people } = context;
  const t = translate(language);
  return appPage(context, head, 'figures', {
    title: t('figures.title'),
    intro: t('figures.intro'),
    styles: ['chart.css'],
    actions: html`<a class="button other" id="figures-csv" href="${appLink(head.id, 'figures')}.csv" download><span>${t('figures.csv')}</span></a>`,
    content: html`<dl class="tally few"><div><dt>${t('figures.people')}</dt><dd id="people">${people === undefined ? untold(context) : formatNumber(language, people)}</dd></div></dl>
${countedOn && html`<p class="hint">${t('figures.counted-on', { day: formatDay(language, countedOn, 'UTC') })}</p>`}
${smallerBox(context)}
<section class="block" aria-labelledby="permissions"><h2 id="permissions">${t('figures.permissions')}</h2>${monthsPart(context)}</section>
<section class="block" aria-labelledby="claims"><h2 id="claims">${t('figures.claims')}</h2><p class="hint">${t('figures.claims-about')}</p>${claimTable(context)}</section>`,
  });
}

/** A dash that says why there is no figure. */
function untold({ language }: FiguresContext): Html {
  return html`–<span class="chart-unseen"> ${translate(language)('figures.untold')}</span>`;
}

function smallerBox(context: FiguresContext): Html | false {
  const { language, head, smallerScope, claims, mayChange } = context;
  if (smallerScope === undefined) return false;
  const t = translate(language);
  const unread = claims.filter(({ isUnread }) => isUnread).map(({ claim }) => claim);
  return html`<section class="block" id="smaller-scope" aria-labelledby="smaller"><h2 id="smaller">${t('figures.smaller')}</h2>
<p>${t('figures.smaller-about', { claims: listClaims(language, unread) })}</p>
<p>${t('figures.smaller-scope')} <code>${smallerScope}</code></p>
${mayChange && html`<p><a class="button" id="take-smaller" href="${appLink(head.id, 'edit')}?smaller=yes"><span>${t('figures.smaller-take')}</span></a></p>`}</section>`;
}

const drawn = ['given', 'narrowed', 'renewed', 'withdrawn'] as const;
const ofNotices = ['given', 'renewed', 'left', 'expired'] as const;

function monthsPart(context: FiguresContext): Html {
  const { language, months } = context;
  const t = translate(language);
  const consents = months.filter(({ kind }) => kind === 'consent');
  const notices = months.filter(({ kind }) => kind === 'notice');
  const isTold = (some: readonly ShownMonth[]) => some.some(({ times }) => Object.values(times).some(isFigure));
  const nothing = html`<p class="hint">${t('figures.none-told')}</p>`;
  const consentsPart = isTold(consents)
    ? lineChart(language, {
        id: 'consents',
        caption: t('figures.consents'),
        areMonths: true,
        days: consents.map(({ month }) => month),
        lines: drawn.map((event) => ({
          name: t(`figures.event-${event}`),
          values: consents.map(({ times }) => times[event]),
        })),
      })
    : html`<h3>${t('figures.consents')}</h3>${nothing}`;
  const noticesPart = isTold(notices)
    ? figures(language, {
        id: 'notices',
        caption: t('figures.notices'),
        heads: [t('chart.month'), ...ofNotices.map((event) => t(`figures.event-${event}`))],
        untold: untold(context),
        rows: notices.toReversed().map(({ month, times }) => ({
          name: formatMonth(language, month, 'UTC'),
          values: ofNotices.map((event) => times[event]),
        })),
      })
    : nothing;
  return html`${consentsPart}
<h3>${t('figures.notices')}</h3>
${noticesPart}`;
}

function isFigure(value: number | undefined): value is number {
  return value !== undefined;
}

function claimTable(context: FiguresContext): Html {
  const { language, claims } = context;
  const t = translate(language);
  if (claims.length === 0) return html`<div class="empty"><p>${t('figures.no-claims')}</p></div>`;
  if (!claims.some(({ people, releases }) => isFigure(people) || isFigure(releases))) {
    const asked = listClaims(
      language,
      claims.map(({ claim }) => claim),
    );
    return html`<p>${t('figures.asked', { claims: asked })}</p><p class="hint">${t('figures.none-told')}</p>`;
  }
  const number = (value: number | undefined) => (value === undefined ? untold(context) : formatNumber(language, value));
  return table<ShownClaim>({
    caption: t('figures.claims'),
    hook: { name: 'data-claim', value: ({ claim }) => claim },
    columns: [
      {
        head: t('figures.claim'),
        kind: 'main',
        cell: ({ claim, isUnread }) =>
          html`${findClaimLabel(language, claim) ?? claim}${isUnread && html` <small>${t('figures.unread')}</small>`}`,
      },
      { head: t('figures.open-to'), kind: 'number', cell: ({ people }) => number(people) },
      { head: t('figures.read'), kind: 'number', cell: ({ releases }) => number(releases) },
    ],
    rows: claims,
  });
}

const none = {
  ...{ given: undefined, narrowed: undefined, renewed: undefined },
  ...{ withdrawn: undefined, left: undefined, expired: undefined, underage: undefined },
};

const sampleMonths: readonly ShownMonth[] = Array.from({ length: 12 }, (_, index) => [
  {
    month: new Date(Date.UTC(2025, 11 + index)),
    kind: 'consent' as const,
    times: {
      ...none,
      given: 120 + 90 * index,
      narrowed: index > 3 ? 10 * index : undefined,
      renewed: index > 6 ? 40 : undefined,
      withdrawn: 20 + 10 * (index % 3),
    },
  },
  {
    month: new Date(Date.UTC(2025, 11 + index)),
    kind: 'notice' as const,
    times: { ...none, given: 300 + 20 * index, left: index % 4 === 0 ? 10 : undefined },
  },
]).flat();

const full: FiguresContext = {
  ...sampleConsoleFrame,
  section: 'apps',
  head: { ...sampleAppHead, state: 'live' },
  countedOn: new Date('2026-11-26T00:00:00Z'),
  people: 8_120,
  claims: [
    { claim: 'name', people: 8_120, releases: 41_300, isUnread: false },
    { claim: 'email', people: 7_900, releases: 40_110, isUnread: false },
    { claim: 'address', people: undefined, releases: undefined, isUnread: false },
    { claim: 'phone_number', people: 4_020, releases: undefined, isUnread: true },
  ],
  months: sampleMonths,
  smallerScope: 'openid profile email address',
  mayChange: true,
};

export const figuresSamples: Record<string, FiguresContext> = {
  full,
  few: {
    ...full,
    countedOn: undefined,
    people: undefined,
    claims: full.claims.map((one) => ({ ...one, people: undefined, releases: undefined, isUnread: false })),
    months: sampleMonths.map((one) => ({ ...one, times: none })),
    smallerScope: undefined,
  },
  reader: { ...full, mayChange: false },
  'no-claims': { ...full, claims: [], smallerScope: undefined },
  hostile: {
    ...full,
    head: { ...sampleAppHead, name: hostileText },
    claims: [{ claim: hostileText, people: 10, releases: undefined, isUnread: true }],
    smallerScope: hostileText,
  },
};
