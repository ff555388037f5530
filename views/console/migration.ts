import { type Content, type Html, html } from '../html.ts';
import { formatDay, formatPercentage, translate } from '../locale.ts';
import { lineChart } from '../parts/chart.ts';
import { button, form, hidden } from '../parts/form.ts';
import type { Notice } from '../parts/notice.ts';
import { type Problem, sayProblems } from '../parts/problem.ts';
import { hostileText } from '../samples.ts';
import { type AppHead, appLink, appPage, sampleAppHead } from './app-page.ts';
import { choiceField, lineField } from './parts/fields.ts';
import { type Stage, sayStage, stages } from './parts/stage.ts';
import { table } from './parts/table.ts';
import { type ConsoleFrame, sampleConsoleFrame } from './shell.ts';
import { sayWay } from './versions.ts';

/** For how many in a hundred people a stage holds; the others are one stage before. */
export type Standing = { stage: Stage; percentage: number };

export type PlannedLine = Standing & { on: Date; day: string };

export type StepLine = Standing & {
  number: number;
  isBack: boolean;
  actor: string;
  via: string;
  reason?: string | undefined;
  at: Date;
};

/**
 * Posts `action` = `step` (`stage`, `percentage`, `reason`), `back` (`reason_back`), `plan` (`plan_stage`, `plan_percentage`,
 * `plan_on`) or `unplan` (`on`), each with `number`.
 */
export type MigrationContext = ConsoleFrame & {
  head: AppHead;
  now: Standing;
  since?: Date | undefined;
  /** Where one step back leads. */
  back?: Standing | undefined;
  plan: readonly PlannedLine[];
  /** Why the next planned step is not taken on its day. */
  held?: 'stopped' | 'waiting' | 'not-live' | undefined;
  steps: readonly StepLine[];
  hasMoreSteps: boolean;
  /** Sign-ins of the last days, the oldest first. */
  signIns: { days: readonly Date[]; counts: readonly number[] };
  /** The version that was shown, so that nobody changes what they have not seen. */
  number: number;
  /** A change that waits for others, and that a step makes void. */
  waiting?: { number: number; link: string } | undefined;
  /** Where the app reads its stage. */
  address: string;
  mayStep: boolean;
  /** What the fields hold, by name; raw. */
  values: Readonly<Record<string, string>>;
  notice?: Notice | undefined;
  problems?: readonly Problem<never>[] | undefined;
};

/** `GET /console/apps/:client/migration`: how an app leaves accounts of its own behind. */
export function migrationPage(context: MigrationContext): Html {
  const { language, head, mayStep, problems } = context;
  const t = translate(language);
  return appPage(context, head, 'migration', {
    title: t('migration.title'),
    intro: t('migration.intro'),
    notice: context.notice,
    problems: sayProblems(language, problems, {}),
    styles: ['chart.css'],
    content: html`${waitingNote(context)}${standingBox(context)}
${ladder(context)}
${mayStep && stepForm(context)}
${planPart(context)}
${signInsPart(context)}
${stepsPart(context)}
${readPart(context)}`,
  });
}

function waitingNote({ language, waiting, mayStep }: MigrationContext): Html | false {
  if (!waiting || !mayStep) return false;
  const t = translate(language);
  const { number, link } = waiting;
  return html`<div class="notice notice-info"><div>${t('migration.waiting', { number })} <a href="${link}">${t('console.version-number', { number })}</a></div></div>`;
}

/** A standing in words: "the main way, old accounts remain: 10%". */
function sayStanding(context: ConsoleFrame, { stage, percentage }: Standing): string {
  return `${sayStage(context.language, stage)}: ${formatPercentage(context.language, percentage)}`;
}

function before(stage: Stage): Stage | undefined {
  return stages[stages.indexOf(stage) - 1];
}

function standingBox(context: MigrationContext): Html {
  const { language, now, since, timeZone, back, mayStep } = context;
  const t = translate(language);
  const rest = 100 - now.percentage;
  const restStage = before(now.stage);
  const restWords = restStage ? sayStage(language, restStage) : t('migration.without');
  return html`<section class="stage" id="standing" data-stage="${now.stage}" data-percentage="${now.percentage}" aria-labelledby="standing-title"><h2 id="standing-title">${t('migration.now')}</h2>
<p><strong>${formatPercentage(language, now.percentage)}</strong> ${sayStage(language, now.stage)}${rest > 0 && html`<br><strong>${formatPercentage(language, rest)}</strong> ${restWords}`}</p>
${since && html`<p class="hint">${t('migration.since', { date: formatDay(language, since, timeZone) })}</p>`}
${mayStep && back && backForm(context, back)}</section>`;
}

function backForm(context: MigrationContext, back: Standing): Html {
  const t = translate(context.language);
  return form(context, [
    hidden('number', String(context.number)),
    html`<p class="hint" id="back-hint">${t('migration.back-hint', { standing: sayStanding(context, back) })}</p>`,
    button({ id: 'step-back', value: 'back', label: t('migration.back'), look: 'other', describedBy: 'back-hint' }),
  ]);
}

/** The whole way: what each stage asks of the app's own sign-in, and how far it has come. */
function ladder({ language, now }: MigrationContext): Html {
  const t = translate(language);
  const here = stages.indexOf(now.stage);
  const items = stages.map((stage, index) => {
    const place = index < here ? 'behind' : index > here ? 'ahead' : 'here';
    return html`<li class="rung rung-${place}"${place === 'here' && html` aria-current="step"`}><h3>${sayStage(language, stage)} <code>${stage}</code>${place === 'here' && html` <span class="count">${formatPercentage(language, now.percentage)}</span>`}</h3>
<p>${t(`migration.means-${stage}`)}</p></li>`;
  });
  return html`<section class="block" aria-labelledby="ladder-title"><h2 id="ladder-title">${t('migration.way')}</h2>
<ol class="ladder">${items}</ol></section>`;
}

function stageField({ language, values, problems }: MigrationContext, name: 'stage' | 'plan_stage'): Html {
  return choiceField({
    name,
    label: translate(language)('migration.stage'),
    value: values[name],
    options: stages.map((stage) => ({ value: stage, label: sayStage(language, stage) })),
    problems: sayProblems(language, problems, {}),
  });
}

function percentageField(
  { language, values, problems }: MigrationContext,
  name: 'percentage' | 'plan_percentage',
): Html {
  const t = translate(language);
  return lineField({
    ...{ name, label: t('migration.percentage'), hint: t('migration.percentage-hint'), type: 'number' },
    value: values[name],
    problems: sayProblems(language, problems, {}),
  });
}

function stepForm(context: MigrationContext): Html {
  const { language, values, number } = context;
  const t = translate(language);
  return html`<section class="block narrow" aria-labelledby="step-title"><h2 id="step-title">${t('migration.step-title')}</h2>
${form(context, [
  hidden('number', String(number)),
  stageField(context, 'stage'),
  percentageField(context, 'percentage'),
  lineField({
    ...{ name: 'reason', label: t('console.reason'), hint: t('migration.reason-hint'), value: values.reason },
    maxlength: 300,
    problems: [],
  }),
  button({ id: 'step', value: 'step', label: t('migration.step'), look: 'main' }),
])}</section>`;
}

function planPart(context: MigrationContext): Html {
  const { language, plan, held, mayStep } = context;
  const t = translate(language);
  return html`<section class="block" id="plan" aria-labelledby="plan-title"><h2 id="plan-title">${t('migration.plan')}</h2>
${plan.length > 0 ? planTable(context) : html`<p class="empty">${t('migration.no-plan')}</p>`}
${plan.length > 0 && held && html`<p class="hint" id="plan-held">${t(`migration.held-${held}`)}</p>`}
${mayStep && html`<details${context.values.plan_on && html` open`}><summary>${t('migration.plan-one')}</summary><div class="narrow">${planForm(context)}</div></details>`}</section>`;
}

function planTable(context: MigrationContext): Html {
  const { language, mayStep } = context;
  const t = translate(language);
  return table<PlannedLine>({
    caption: t('migration.plan'),
    hook: { name: 'data-planned', value: ({ day }) => day },
    columns: [
      { head: t('migration.on'), kind: 'main', cell: ({ on }) => formatDay(language, on, 'UTC') },
      { head: t('migration.stage'), cell: ({ stage }) => sayStage(language, stage) },
      {
        head: t('migration.percentage'),
        kind: 'number',
        cell: ({ percentage }) => formatPercentage(language, percentage),
      },
      ...(mayStep ? [{ head: t('migration.unplan'), kind: 'end' as const, cell: unplanForm(context) }] : []),
    ],
    rows: context.plan,
  });
}

function unplanForm(context: MigrationContext): (line: PlannedLine) => Content {
  const { language, number } = context;
  const t = translate(language);
  return ({ on, day }) =>
    form(context, [
      hidden('number', String(number)),
      hidden('on', day),
      button({
        value: 'unplan',
        label: html`${t('migration.unplan')}<span class="unseen">: ${formatDay(language, on, 'UTC')}</span>`,
        ...{ look: 'quiet', hook: 'unplan' },
      }),
    ]);
}

function planForm(context: MigrationContext): Html {
  const { language, values, number, problems } = context;
  const t = translate(language);
  return form(context, [
    hidden('number', String(number)),
    lineField({
      ...{
        name: 'plan_on',
        label: t('migration.on'),
        hint: t('migration.on-hint'),
        type: 'date',
        value: values.plan_on,
      },
      problems: sayProblems(language, problems, {}),
    }),
    stageField(context, 'plan_stage'),
    percentageField(context, 'plan_percentage'),
    button({ id: 'plan-step', value: 'plan', label: t('migration.plan-step'), look: 'main' }),
  ]);
}

function signInsPart({ language, signIns }: MigrationContext): Html {
  const t = translate(language);
  const { days, counts } = signIns;
  const hasAny = counts.some((count) => count > 0);
  const line = { name: t('migration.sign-ins-line'), values: counts };
  return html`<section class="block" aria-labelledby="sign-ins-title"><h2 id="sign-ins-title">${t('migration.sign-ins')}</h2>
<p class="hint">${t('migration.sign-ins-hint')}</p>
${hasAny ? lineChart(language, { id: 'sign-ins', caption: t('migration.sign-ins-caption'), days, lines: [line] }) : html`<p class="empty">${t('migration.no-sign-ins')}</p>`}</section>`;
}

function stepsPart(context: MigrationContext): Html {
  const { language, steps, timeZone, hasMoreSteps } = context;
  const t = translate(language);
  if (steps.length === 0)
    return html`<section class="block" id="steps"><h2>${t('migration.steps')}</h2><p class="empty">${t('migration.no-steps')}</p></section>`;
  const list = table<StepLine>({
    caption: t('migration.steps'),
    hook: { name: 'data-step', value: ({ number }) => String(number) },
    columns: [
      {
        head: t('migration.stage'),
        kind: 'main',
        cell: (step) =>
          html`${sayStage(language, step.stage)}${step.isBack && html` <small>${t('migration.is-back')}</small>`}${step.reason && html` <small>${step.reason}</small>`}`,
      },
      {
        head: t('migration.percentage'),
        kind: 'number',
        cell: ({ percentage }) => formatPercentage(language, percentage),
      },
      {
        head: t('console.version-who'),
        cell: ({ actor, via }) => html`${actor} <small>${sayWay(context, via)}</small>`,
      },
      { head: t('console.version-when'), kind: 'short', cell: ({ at }) => formatDay(language, at, timeZone) },
    ],
    rows: steps,
  });
  return html`<section class="block" id="steps" aria-labelledby="steps-title"><h2 id="steps-title">${t('migration.steps')}</h2>
${list}${hasMoreSteps && html`<p class="hint">${t('migration.more-steps')} <a href="${appLink(context.head.id, 'versions')}">${t('console.tab-versions')}</a></p>`}</section>`;
}

function readPart({ language, address }: MigrationContext): Html {
  const t = translate(language);
  return html`<section class="block" aria-labelledby="read-title"><h2 id="read-title">${t('migration.read')}</h2>
<p class="hint">${t('migration.read-hint')}</p><p class="secret"><code id="stage-address">${address}</code></p></section>`;
}

const day = (number: number): Date => new Date(Date.UTC(2026, 10, number));

const sample: MigrationContext = {
  ...sampleConsoleFrame,
  section: 'apps',
  head: { ...sampleAppHead, state: 'live' },
  now: { stage: 'default', percentage: 25 },
  since: new Date('2026-11-16T02:00:00Z'),
  back: { stage: 'default', percentage: 10 },
  plan: [
    { stage: 'default', percentage: 50, on: day(30), day: '2026-11-30' },
    { stage: 'required', percentage: 10, on: new Date('2027-01-04'), day: '2027-01-04' },
  ],
  steps: [
    {
      ...{ number: 3, stage: 'default', percentage: 25, isBack: false, actor: 'Sistem', via: 'job' },
      at: new Date('2026-11-15T17:00:00Z'),
    },
    {
      ...{ number: 2, stage: 'default', percentage: 10, isBack: false, actor: 'Budi Santoso', via: 'page' },
      ...{ reason: 'Loket depan sudah dilatih', at: new Date('2026-11-09T02:00:00Z') },
    },
    {
      ...{ number: 1, stage: 'optional', percentage: 100, isBack: false, actor: 'Sistem', via: 'start' },
      at: new Date('2026-09-01T02:00:00Z'),
    },
  ],
  hasMoreSteps: false,
  signIns: {
    days: Array.from({ length: 28 }, (_, index) => day(index + 1)),
    counts: Array.from({ length: 28 }, (_, index) => 120 + index * 9 + (index % 7) * 14),
  },
  number: 7,
  address: 'https://masuk.contoh.go.id/apps/antrean-rsud/migration',
  mayStep: true,
  values: { stage: 'default', percentage: '50', plan_stage: 'default', plan_percentage: '50' },
};

export const migrationSamples: Record<string, MigrationContext> = {
  moving: sample,
  beginning: {
    ...sample,
    head: sampleAppHead,
    now: { stage: 'optional', percentage: 100 },
    ...{ since: undefined, back: undefined, plan: [], steps: [] },
    signIns: { days: sample.signIns.days, counts: sample.signIns.days.map(() => 0) },
  },
  back: {
    ...sample,
    now: { stage: 'default', percentage: 10 },
    ...{ back: { stage: 'optional', percentage: 100 }, plan: [], hasMoreSteps: true },
    steps: [
      {
        ...{ number: 4, stage: 'default', percentage: 10, isBack: true, actor: 'Budi Santoso', via: 'page' },
        at: new Date('2026-11-17T02:00:00Z'),
      },
      ...sample.steps,
    ],
    notice: { tone: 'done', text: 'Kembali satu langkah.' },
  },
  held: { ...sample, held: 'waiting', waiting: { number: 8, link: '/console/apps/antrean-rsud/versions/8' } },
  reader: { ...sample, mayStep: false },
  problems: {
    ...sample,
    values: { ...sample.values, percentage: '120', plan_on: '2020-01-01' },
    problems: [
      { kind: 'said', text: 'Persentase: bilangan bulat dari 0 sampai 100.', field: 'percentage' },
      { kind: 'said', text: 'Tanggal: hari mulai besok.', field: 'plan_on' },
    ],
  },
  hostile: {
    ...sample,
    head: { ...sample.head, name: hostileText },
    steps: sample.steps.map((step) => ({ ...step, actor: hostileText, via: hostileText, reason: hostileText })),
    address: hostileText,
    values: Object.fromEntries(Object.keys(sample.values).map((key) => [key, hostileText])),
    problems: [{ kind: 'said', text: hostileText, field: 'percentage' }],
  },
};
