import { type Html, html } from '../html.ts';
import { formatDay, translate } from '../locale.ts';
import { button, form, hidden } from '../parts/form.ts';
import type { Notice } from '../parts/notice.ts';
import { type Problem, type SaidProblem, type Saying, sayProblems } from '../parts/problem.ts';
import { hostileText } from '../samples.ts';
import { crumbs } from './parts/crumbs.ts';
import { choiceField, lineField, linesField } from './parts/fields.ts';
import { dot } from './parts/state.ts';
import { table } from './parts/table.ts';
import { type ConsoleFrame, consolePage, sampleConsoleFrame } from './shell.ts';

/** An exception from a closure. */
export type ExceptionShown = {
  id: string;
  agency: string;
  apps: number;
  used: number;
  reason: string;
  expiresAt: Date;
  /** Whether it may still be used. */
  isOpen: boolean;
};

type AgencyChoice = { id: string; name: string };

/** A place that is closed. */
export type ClosureShown = {
  id: string;
  kind: 'agency' | 'sector';
  name: string;
  reason: string;
  closedAt: Date;
  openAgainOn: Date | undefined;
  /** Those that may be excepted; too many to choose from are typed. */
  agencies: readonly AgencyChoice[] | undefined;
  exceptions: readonly ExceptionShown[];
};

type Kind = 'place-missing' | 'reason-missing' | 'day-wrong' | 'agency-missing' | 'apps-wrong' | 'said-already';
export type ClosureProblem = Problem<Kind>;
const sayings: Record<Kind, Saying> = {
  'place-missing': { key: 'closures.place-missing', field: 'agency' },
  'reason-missing': { key: 'closures.reason-missing', field: 'reason' },
  'day-wrong': { key: 'closures.day-wrong', field: 'day' },
  'agency-missing': { key: 'closures.agency-missing' },
  'apps-wrong': { key: 'closures.apps-wrong' },
  'said-already': { key: 'closures.said-already', field: 'agency' },
};

export type ClosuresContext = ConsoleFrame & {
  closures: readonly ClosureShown[];
  /** Agencies that the person coordinates; too many to choose from are typed. */
  agencies: readonly AgencyChoice[] | undefined;
  /** Sectors that the person coordinates. */
  sectors: readonly { id: string; name: string }[];
  values: { agency: string; sector: string; reason: string; day: string };
  /** An exception that was not given yet, because something is wrong with it. */
  giving?: { closure: string; agency: string; apps: string; reason: string; day: string } | undefined;
  problems?: readonly ClosureProblem[] | undefined;
  notice?: Notice | undefined;
};

/**
 * `GET /console/closures`: where no new apps are registered. Posts `action` = `close` with `agency` or `sector`, `reason` and
 * `day`; `open` with `closure`; `give` with `closure`, `agency`, `apps`, `reason` and `day`; `revoke` with `exception`.
 */
export function closuresPage(context: ClosuresContext): Html {
  const { language, closures } = context;
  const t = translate(language);
  const problems = sayProblems(language, context.problems, sayings);
  return consolePage(context, {
    title: t('closures.title'),
    intro: t('closures.intro'),
    problems,
    notice: context.notice,
    lead: crumbs(language, [{ link: '/console/cases', label: t('console.cases') }]),
    content: html`${
      closures.length > 0
        ? closures.map((closure) => closureBlock(context, closure))
        : html`<p class="empty" id="nothing-closed">${t('closures.none')}</p>`
    }${closeForm(context, problems)}`,
  });
}

function closureBlock(context: ClosuresContext, closure: ClosureShown): Html {
  const { language, timeZone } = context;
  const t = translate(language);
  const { id, kind, name, reason, closedAt, openAgainOn } = closure;
  const day = (date: Date): string => formatDay(language, date, timeZone);
  const until = openAgainOn ? t('closures.until', { day: day(openAgainOn) }) : t('closures.until-opened');
  return html`<section class="block" data-closure="${id}" aria-labelledby="closure-${id}"><h2 id="closure-${id}">${name}</h2>
<p>${dot('stopped', t(`closures.kind-${kind}`))} · ${t('closures.since', { day: day(closedAt) })} · ${until}</p>
<blockquote class="reason">${reason}</blockquote>
${exceptionTable(context, closure)}
<details${context.giving?.closure === id && html` open`}><summary>${t('closures.give')}</summary>${giveForm(context, closure)}</details>
${form(context, [hidden('closure', id), html`<p class="hint">${t('closures.open-hint')}</p>`, button({ value: 'open', label: t('closures.open'), look: 'other', hook: 'open-again', describedBy: `closure-${id}` })])}</section>`;
}

function exceptionTable(context: ClosuresContext, { exceptions }: ClosureShown): Html {
  const { language, timeZone } = context;
  const t = translate(language);
  if (exceptions.length === 0) return html`<p class="hint">${t('closures.no-exceptions')}</p>`;
  return table<ExceptionShown>({
    caption: t('closures.exceptions'),
    hook: { name: 'data-exception', value: ({ id }) => id },
    columns: [
      { head: t('console.agency'), kind: 'main', cell: ({ agency }) => agency },
      { head: t('closures.used'), kind: 'number', cell: ({ used, apps }) => t('closures.used-of', { used, apps }) },
      { head: t('closures.reason'), cell: ({ reason }) => reason },
      { head: t('closures.ends'), kind: 'short', cell: ({ expiresAt }) => formatDay(language, expiresAt, timeZone) },
      {
        head: t('closures.revoke'),
        kind: 'end',
        cell: ({ id, isOpen }) =>
          isOpen
            ? form(context, [
                hidden('exception', id),
                button({ value: 'revoke', label: t('closures.revoke'), look: 'quiet', hook: 'revoke' }),
              ])
            : dot('over', t('closures.over')),
      },
    ],
    rows: exceptions,
  });
}

/** Ids are of one closure: the page may have several of these. */
function giveForm(context: ClosuresContext, { id, agencies }: ClosureShown): Html {
  const t = translate(context.language);
  const given = context.giving?.closure === id ? context.giving : { agency: '', apps: '1', reason: '', day: '' };
  const labelled = (name: string, label: string, control: Html): Html =>
    html`<div class="field"><label for="${name}-${id}">${label}</label>${control}</div>`;
  const input = (name: 'agency' | 'apps' | 'reason' | 'day', label: string, type: string): Html =>
    labelled(
      name,
      label,
      html`<input type="${type}" id="${name}-${id}" name="${name}" value="${given[name]}" autocomplete="off">`,
    );
  const agency = agencies
    ? labelled(
        'agency',
        t('console.agency'),
        html`<select id="agency-${id}" name="agency">${agencies.map((one) => html`<option value="${one.id}"${one.id === given.agency && html` selected`}>${one.name}</option>`)}</select>`,
      )
    : input('agency', t('closures.agency-id'), 'text');
  return form(context, [
    hidden('closure', id),
    agency,
    input('apps', t('closures.apps'), 'number'),
    input('reason', t('closures.reason'), 'text'),
    input('day', t('closures.ends'), 'date'),
    button({ value: 'give', label: t('closures.give'), look: 'main', hook: 'give' }),
  ]);
}

function closeForm(context: ClosuresContext, problems: readonly SaidProblem[]): Html {
  const { language, values, sectors } = context;
  const t = translate(language);
  return html`<section class="block" aria-labelledby="close-title"><h2 id="close-title">${t('closures.close')}</h2>
<p class="hint">${t('closures.close-hint')}</p><div class="narrow">${form(context, [
    agencyField(context, problems),
    sectors.length > 0 &&
      choiceField({
        ...{ name: 'sector', label: t('closures.or-sector'), value: values.sector, problems },
        options: [
          { value: '', label: t('closures.no-sector') },
          ...sectors.map(({ id, name }) => ({ value: id, label: name })),
        ],
      }),
    linesField({
      ...{ name: 'reason', label: t('closures.reason'), hint: t('closures.reason-hint') },
      ...{ value: values.reason, rows: 2, problems },
    }),
    lineField({
      ...{ name: 'day', label: t('closures.day'), hint: t('closures.day-hint'), type: 'date' as const },
      ...{ value: values.day, problems },
    }),
    button({ id: 'close', value: 'close', label: t('closures.close'), look: 'stop' }),
  ])}</div></section>`;
}

/** Nothing for whoever coordinates sectors alone. */
function agencyField({ language, values, agencies }: ClosuresContext, problems: readonly SaidProblem[]): Html | false {
  const t = translate(language);
  const field = { name: 'agency', hint: t('closures.agency-hint'), value: values.agency, problems };
  if (!agencies) return lineField({ ...field, label: t('closures.agency-id'), maxlength: 63 });
  const options = agencies.map(({ id, name }) => ({ value: id, label: name }));
  return (
    options.length > 0 &&
    choiceField({
      ...{ ...field, label: t('console.agency') },
      options: [{ value: '', label: t('closures.no-agency') }, ...options],
    })
  );
}

const full: ClosuresContext = {
  ...sampleConsoleFrame,
  section: 'cases',
  closures: [
    {
      id: '00000000-0000-4000-8000-000000000001',
      kind: 'agency',
      name: 'Dinas Kesehatan',
      reason: 'Semua layanan antrean dipadukan dulu sampai akhir tahun.',
      closedAt: new Date('2026-11-01T03:12:00Z'),
      openAgainOn: new Date('2027-01-01T05:00:00Z'),
      agencies: [{ id: 'rsud-contoh', name: 'RSUD Contoh' }],
      exceptions: [
        {
          id: '00000000-0000-4000-8000-000000000002',
          agency: 'RSUD Contoh',
          apps: 3,
          used: 1,
          reason: 'Diwajibkan peraturan menteri',
          expiresAt: new Date('2026-12-31T05:00:00Z'),
          isOpen: true,
        },
        {
          id: '00000000-0000-4000-8000-000000000003',
          agency: 'Puskesmas Contoh',
          apps: 1,
          used: 1,
          reason: 'Uji coba',
          expiresAt: new Date('2026-12-31T05:00:00Z'),
          isOpen: false,
        },
      ],
    },
    {
      id: '00000000-0000-4000-8000-000000000004',
      kind: 'sector',
      name: 'Pendidikan',
      reason: 'Penataan ulang sektor.',
      closedAt: new Date('2026-11-10T03:12:00Z'),
      openAgainOn: undefined,
      agencies: undefined,
      exceptions: [],
    },
  ],
  agencies: [{ id: 'dinas-kesehatan', name: 'Dinas Kesehatan' }],
  sectors: [{ id: 'pendidikan', name: 'Pendidikan' }],
  values: { agency: '', sector: '', reason: '', day: '' },
};

export const closuresSamples: Record<string, ClosuresContext> = {
  full,
  none: {
    ...full,
    closures: [],
    sectors: [],
    agencies: undefined,
    notice: { tone: 'done', text: 'Pendaftaran dibuka lagi.' },
  },
  wrong: {
    ...full,
    values: { agency: 'tidak-ada', sector: '', reason: '', day: '2020-01-01' },
    problems: [{ kind: 'place-missing' }, { kind: 'reason-missing' }, { kind: 'day-wrong' }],
  },
  'exception-wrong': {
    ...full,
    giving: {
      ...{ closure: '00000000-0000-4000-8000-000000000001', agency: 'rsud-contoh', apps: '0' },
      ...{ reason: 'Diwajibkan peraturan menteri', day: '2020-01-01' },
    },
    problems: [{ kind: 'apps-wrong' }, { kind: 'day-wrong' }],
  },
  hostile: {
    ...full,
    agencies: [{ id: hostileText, name: hostileText }],
    closures: full.closures.map((closure) => ({
      ...closure,
      name: hostileText,
      reason: hostileText,
      agencies: [{ id: hostileText, name: hostileText }],
      exceptions: closure.exceptions.map((one) => ({ ...one, agency: hostileText, reason: hostileText })),
    })),
    sectors: [{ id: hostileText, name: hostileText }],
    values: { agency: hostileText, sector: hostileText, reason: hostileText, day: hostileText },
  },
};
