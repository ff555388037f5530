import { type Html, html } from '../html.ts';
import { formatMoment, type Language, type MessageKey, translate } from '../locale.ts';
import { button, form, hidden } from '../parts/form.ts';
import type { Notice } from '../parts/notice.ts';
import { type Problem, type SaidProblem, sayProblems } from '../parts/problem.ts';
import { hostileText } from '../samples.ts';
import { type AppHead, appLink, appPage, sampleAppHead, tabName } from './app-page.ts';
import { choiceField, lineField } from './parts/fields.ts';
import { type Pages, pager } from './parts/pager.ts';
import { dot } from './parts/state.ts';
import { table } from './parts/table.ts';
import { type ConsoleFrame, sampleConsoleFrame } from './shell.ts';

/** Why an app is told, as `oidc/app-notices.ts` knows it. */
export type ShownReason = keyof typeof reasons;

export type DeliveryLine = {
  id: string;
  channel: 'logout' | 'event';
  reason: ShownReason;
  state: 'waiting' | 'delivered' | 'given-up';
  at: Date;
  attempts: number;
  next?: Date | undefined;
  /** A status, or a word for what kept the app from an answer. */
  answer?: string | undefined;
  isRepeatable: boolean;
};

/** Somebody who withdrew, and for whose data the agency answers. */
export type WithdrawalLine = {
  id: string;
  /** The person, as the app knows them. */
  sub: string;
  cause: ShownReason;
  at: Date;
  due: Date;
  isOverdue: boolean;
};

/** An answer that has just been sent, or that stood `before` another one was sent: the first one stays. */
export type ShownAnswer = {
  is: 'sent' | 'before';
  at: Date;
  outcome: Outcome;
  law?: string | undefined;
};

/** An answer that does not say all it has to, as it was typed. */
export type UnfinishedAnswer = {
  /** One of the withdrawals that it is about. */
  withdrawal: string;
  outcome: string;
  law: string;
  missing: 'outcome' | 'law';
};

/**
 * Posts `action` = `send-test`, `send-again` (with `delivery`) or `acknowledge` (with each `withdrawal` that it answers, `outcome`
 * and `law`).
 */
export type DeliveriesContext = ConsoleFrame & {
  head: AppHead;
  deliveries: readonly DeliveryLine[];
  /** Those that wait for an answer, the latest first. */
  withdrawals: readonly WithdrawalLine[];
  /** Whether the app has an address at which it hears. */
  isListening: boolean;
  /** Whether the person may send and answer. */
  mayAct: boolean;
  pages: Pages;
  answered?: ShownAnswer | undefined;
  unfinished?: UnfinishedAnswer | undefined;
  notice?: Notice | undefined;
  problems?: readonly Problem<never>[] | undefined;
};

const reasons = {
  'signed-out': 'deliveries.reason-signed-out',
  withdrawn: 'deliveries.reason-withdrawn',
  left: 'deliveries.reason-left',
  narrowed: 'deliveries.reason-narrowed',
  expired: 'deliveries.reason-expired',
  reported: 'deliveries.reason-reported',
  underage: 'deliveries.reason-underage',
  'account-held': 'deliveries.reason-account-held',
  'account-ended': 'deliveries.reason-account-ended',
  test: 'deliveries.reason-test',
} as const satisfies Record<string, MessageKey>;

/** Words that stand for an answer that did not come. */
const answers: Readonly<Record<string, MessageKey>> = {
  'no-answer': 'deliveries.answer-none',
  unreachable: 'deliveries.answer-unreachable',
  'forbidden-address': 'deliveries.answer-forbidden',
  'not-in-use': 'deliveries.answer-not-in-use',
  'no-address': 'deliveries.answer-no-address',
};

const states = {
  waiting: 'deliveries.state-waiting',
  delivered: 'deliveries.state-delivered',
  'given-up': 'deliveries.state-given-up',
} as const satisfies Record<DeliveryLine['state'], MessageKey>;

const outcomes = [
  ['deleted', 'deliveries.outcome-deleted'],
  ['partly-kept', 'deliveries.outcome-partly-kept'],
  ['kept', 'deliveries.outcome-kept'],
] as const satisfies readonly (readonly [string, MessageKey])[];
type Outcome = (typeof outcomes)[number][0];

/** `GET /console/apps/:client/deliveries`: what the app was told, and what its agency answers for. */
export function deliveriesPage(context: DeliveriesContext): Html {
  const { language, deliveries, withdrawals, isListening, mayAct } = context;
  const t = translate(language);
  const boxes = endedAtOnce(context);
  const problems = [...sayProblems(language, context.problems, {}), ...sayUnfinished(context, boxes)];
  return appPage(context, context.head, 'deliveries', {
    title: tabName(language, 'deliveries'),
    intro: t('deliveries.intro'),
    notice: context.answered ? sayAnswered(context, context.answered) : context.notice,
    problems,
    content: html`<h2 id="withdrawals">${t('deliveries.withdrawals')}</h2>
<p class="hint">${t('deliveries.withdrawals-hint')}</p>
${withdrawals.length > 0 ? boxes.map((lines) => withdrawalBox(context, lines, problems)) : html`<p class="empty">${t('deliveries.no-withdrawals')}</p>`}
<h2 id="deliveries">${t('deliveries.list')}</h2>
${isListening ? mayAct && form(context, button({ id: 'send-test', value: 'send-test', label: t('deliveries.send-test'), look: 'quiet' })) : html`<p class="hint">${t('deliveries.deaf')}</p>`}
${deliveries.length > 0 ? deliveryTable(context) : html`<p class="empty">${t('deliveries.none')}</p>`}`,
  });
}

function sayAnswered({ language, timeZone }: DeliveriesContext, { is, at, outcome, law }: ShownAnswer): Notice {
  const t = translate(language);
  const said = t(`deliveries.outcome-${outcome}`);
  const answer = law === undefined ? said : `${said} (${law})`;
  if (is === 'sent') return { tone: 'done', text: t('deliveries.acknowledged-as', { answer }) };
  const moment = formatMoment(language, at, timeZone);
  return { tone: 'info', text: t('deliveries.acknowledged-before', { at: moment, answer }) };
}

/** What is missing in an answer, at its field as long as the box is there. */
function sayUnfinished({ language, unfinished }: DeliveriesContext, boxes: readonly WithdrawalLine[][]): SaidProblem[] {
  if (!unfinished) return [];
  const { missing, withdrawal } = unfinished;
  const [box] = boxes.find((lines) => lines.some(({ id }) => id === withdrawal)) ?? [];
  const key = missing === 'law' ? 'deliveries.law-missing' : 'deliveries.outcome-missing';
  return [{ text: translate(language)(key), field: box && `${missing}-${box.id}` }];
}

const AT_ONCE_MS = 60_000;

/** What a person had agreed to and what they were told of end with one press, and one answer is enough for both. */
function endedAtOnce({ withdrawals }: DeliveriesContext): WithdrawalLine[][] {
  const groups: WithdrawalLine[][] = [];
  for (const line of withdrawals) {
    const { sub, cause, at } = line;
    const alike = groups.find(
      ([first]) =>
        sub !== '' &&
        first?.sub === sub &&
        first.cause === cause &&
        Math.abs(first.at.getTime() - at.getTime()) < AT_ONCE_MS,
    );
    if (alike) alike.push(line);
    else groups.push([line]);
  }
  return groups;
}

function withdrawalBox(
  context: DeliveriesContext,
  lines: readonly WithdrawalLine[],
  problems: readonly SaidProblem[],
): Html | false {
  const { language, timeZone, mayAct } = context;
  const [line] = lines;
  if (!line) return false;
  const t = translate(language);
  const due = formatMoment(language, line.due, timeZone);
  return html`<section class="block" data-withdrawal="${line.id}"><h3>${t(reasons[line.cause])}</h3>
<p>${t('deliveries.person')} <code>${line.sub}</code> · ${formatMoment(language, line.at, timeZone)}</p>
<p class="facts">${line.isOverdue ? dot('stopped', t('deliveries.overdue', { due })) : dot('waiting', t('deliveries.due', { due }))}</p>
${mayAct && answerForm(context, line, lines, problems)}</section>`;
}

function answerForm(
  context: DeliveriesContext,
  { id }: WithdrawalLine,
  all: readonly WithdrawalLine[],
  problems: readonly SaidProblem[],
): Html {
  const t = translate(context.language);
  const { unfinished } = context;
  const typed = all.some((one) => one.id === unfinished?.withdrawal) ? unfinished : undefined;
  return form(context, [
    all.map((one) => hidden('withdrawal', one.id)),
    choiceField({
      ...{
        name: 'outcome',
        id: `outcome-${id}`,
        label: t('deliveries.outcome'),
        value: typed?.outcome ?? '',
        problems,
      },
      options: [
        { value: '', label: t('deliveries.choose') },
        ...outcomes.map(([value, key]) => ({ value, label: t(key) })),
      ],
    }),
    lineField({
      ...{ name: 'law', id: `law-${id}`, label: t('deliveries.law'), value: typed?.law, maxlength: 300, problems },
    }),
    button({ value: 'acknowledge', label: t('deliveries.acknowledge'), look: 'main', hook: 'acknowledge' }),
  ]);
}

function deliveryTable(context: DeliveriesContext): Html {
  const { language, timeZone, mayAct } = context;
  const t = translate(language);
  const moment = (at: Date) => formatMoment(language, at, timeZone);
  return html`${table<DeliveryLine>({
    caption: t('deliveries.list'),
    hook: { name: 'data-delivery', value: ({ id }) => id },
    columns: [
      { head: t('deliveries.what'), kind: 'main', cell: ({ reason }) => t(reasons[reason]) },
      { head: t('deliveries.at'), kind: 'short', cell: ({ at }) => moment(at) },
      { head: t('deliveries.way'), kind: 'short', cell: ({ channel }) => t(`deliveries.way-${channel}`) },
      {
        head: t('deliveries.state'),
        cell: ({ state, answer, attempts, next }) =>
          html`<p data-state="${state}">${t(states[state])}</p>${answer !== undefined && html`<p><small>${sayAnswer(language, answer)}</small></p>`}${state === 'waiting' && next && attempts > 0 && html`<p><small>${t('deliveries.next', { at: moment(next), attempts })}</small></p>`}`,
      },
      {
        head: t('deliveries.send-again'),
        kind: 'end',
        cell: ({ id, at, isRepeatable }) => {
          const label = html`${t('deliveries.send-again')}<span class="unseen">: ${moment(at)}</span>`;
          const again = button({ value: 'send-again', label, look: 'quiet', hook: 'send-again' });
          return mayAct && isRepeatable && form(context, [hidden('delivery', id), again]);
        },
      },
    ],
    rows: context.deliveries,
  })}${pager(language, context.pages)}`;
}

function sayAnswer(language: Language, answer: string): string {
  const t = translate(language);
  const word = answers[answer];
  return word ? t(word) : t('deliveries.answer-status', { status: answer });
}

const at = new Date('2026-11-21T03:12:00Z');
const id = '5d0c4f1e-7d0e-4b43-9c57-1d1f3f6f0a01';

const full: DeliveriesContext = {
  ...sampleConsoleFrame,
  section: 'apps',
  head: sampleAppHead,
  isListening: true,
  mayAct: true,
  withdrawals: [
    { id, sub: 'Zx81kQ', cause: 'withdrawn', at, due: new Date(at.getTime() + 3 * 86_400_000), isOverdue: false },
    { id: `${id}1`, sub: 'Qa07mP', cause: 'left', at, due: at, isOverdue: true },
    { id: `${id}2`, sub: 'Qa07mP', cause: 'left', at, due: at, isOverdue: true },
  ],
  deliveries: [
    {
      id: '1',
      channel: 'event',
      reason: 'withdrawn',
      state: 'delivered',
      at,
      attempts: 1,
      answer: '202',
      isRepeatable: true,
    },
    {
      ...{ id: '2', channel: 'logout', reason: 'signed-out', state: 'waiting', at, attempts: 4, next: at },
      ...{ answer: 'no-answer', isRepeatable: true },
    },
    {
      id: '3',
      channel: 'logout',
      reason: 'test',
      state: 'given-up',
      at,
      attempts: 1,
      answer: '400',
      isRepeatable: true,
    },
    {
      id: '4',
      channel: 'event',
      reason: 'account-ended',
      state: 'waiting',
      at,
      attempts: 0,
      next: at,
      isRepeatable: false,
    },
  ],
  pages: { next: `${appLink('antrean-rsud', 'deliveries')}?after=x` },
};

export const deliveriesSamples: Record<string, DeliveriesContext> = {
  full,
  'done and read only': {
    ...full,
    mayAct: false,
    notice: { tone: 'done', text: translate('id')('deliveries.sent') },
    pages: {},
  },
  answered: { ...full, answered: { is: 'sent', at, outcome: 'kept', law: 'UU 17/2023 pasal 296' } },
  'answered before': { ...full, answered: { is: 'before', at, outcome: 'deleted' } },
  'without a law': { ...full, unfinished: { withdrawal: `${id}2`, outcome: 'kept', law: '', missing: 'law' } },
  'without an outcome': {
    ...full,
    unfinished: { withdrawal: id, outcome: '', law: 'UU 17/2023', missing: 'outcome' },
  },
  'unfinished and gone': { ...full, unfinished: { withdrawal: 'x', outcome: 'kept', law: '', missing: 'law' } },
  'to wait': { ...full, problems: [{ kind: 'throttled', seconds: 90 }] },
  empty: { ...full, deliveries: [], withdrawals: [], isListening: false, pages: {} },
  hostile: {
    ...full,
    head: { ...sampleAppHead, name: hostileText },
    withdrawals: [{ id, sub: hostileText, cause: 'reported', at, due: at, isOverdue: true }],
    answered: { is: 'before', at, outcome: 'kept', law: hostileText },
    unfinished: { withdrawal: id, outcome: hostileText, law: hostileText, missing: 'outcome' },
    deliveries: [
      {
        id: '1',
        channel: 'event',
        reason: 'narrowed',
        state: 'given-up',
        at,
        attempts: 9,
        answer: hostileText,
        isRepeatable: true,
      },
    ],
    pages: { first: 'javascript:1', next: 'javascript:1' },
  },
};
