import { type Html, html } from '../html.ts';
import { formatDay, formatMoment, translate } from '../locale.ts';
import { button, form } from '../parts/form.ts';
import { hostileText } from '../samples.ts';
import { type AppHead, appLink, appPage, sampleAppHead, tabName } from './app-page.ts';
import { caseLink, newCaseLink } from './cases.ts';
import { type CheckFix, checkList, type ShownCheck } from './parts/checks.ts';
import { productionTimes, type ShownTimes } from './parts/production-times.ts';
import { reviewLink } from './reviews.ts';
import { type ConsoleFrame, sampleConsoleFrame } from './shell.ts';

/** Posts to the page itself: `check-again`, `ask-production`. */
export type ProductionContext = ConsoleFrame & {
  head: AppHead;
  checks: readonly ShownCheck[];
  /** When they were looked at last. */
  checkedAt?: Date | undefined;
  /** Somebody is looking at them right now. */
  isRunning: boolean;
  /** Where the app stands on its way. */
  stage:
    | { kind: 'on-its-way'; isGreen: boolean; approvalsNeeded: number }
    | { kind: 'waiting'; since: Date; promised?: Date | undefined; number: number }
    | { kind: 'live'; since?: Date | undefined }
    | { kind: 'stopped' };
  /** Whether the person may change the app. */
  mayAsk: boolean;
  /** Whether what is tried here is carried to another deployment for production. */
  mayCarry: boolean;
  /** How long others took. */
  times?: ShownTimes | undefined;
  /** What was just done. */
  done?: 'live' | 'asked' | undefined;
};

/** `GET /console/apps/:client/production`: a list that checks itself, and the way to being live. */
export function productionPage(context: ProductionContext): Html {
  const { language, head, done, timeZone } = context;
  const t = translate(language);
  const checkedAt = context.checkedAt && formatMoment(language, context.checkedAt, timeZone);
  return appPage(context, head, 'production', {
    title: tabName(language, 'production'),
    notice: done && {
      tone: 'done',
      text: done === 'live' ? t('production.is-live', { name: head.name }) : t('production.asked'),
    },
    content: html`${stageBox(context)}
<section class="block" id="checklist" aria-labelledby="checklist-title"><h2 id="checklist-title">${t('production.checklist')}</h2>
<p class="hint">${context.isRunning ? t('production.running') : checkedAt ? t('production.checked-at', { date: checkedAt }) : t('production.unchecked')}</p>
${checkList(language, context.checks, timeZone, (check) => fixOf(context, check))}
${context.mayAsk && form(context, button({ id: 'check-again', value: 'check-again', label: t('production.check-again'), look: 'other' }))}</section>
${productionTimes(language, context.times)}`,
  });
}

/** Where the person puts right what a check found; what a server of theirs answers is put right elsewhere. */
function fixOf(context: ProductionContext, check: ShownCheck): CheckFix | undefined {
  const { language, head, mayAsk, sandbox } = context;
  const t = translate(language);
  if (!mayAsk) return undefined;
  if (check.name === 'sign-in') return { link: `${appLink(head.id)}/start`, label: t('checks.fix-start') };
  if (check.name === 'credentials') return { link: appLink(head.id, 'keys'), label: t('checks.fix-keys') };
  if (check.name === 'overlap') return overlapFix(context, check);
  const isUnread = check.problems.every(({ code }) => code === 'contact_unconfirmed');
  if (check.name !== 'contacts' || !isUnread) return { link: appLink(head.id, 'edit'), label: t('checks.fix-edit') };
  if (sandbox) return { link: '/sandbox/outbox', label: t('checks.fix-outbox') };
  return { link: appLink(head.id, 'keys'), label: t('checks.fix-contacts') };
}

/** To the case that is decided, or to where one says why the app is needed. */
function overlapFix({ language, head }: ProductionContext, { problems: [problem] }: ShownCheck): CheckFix {
  const t = translate(language);
  const isOpen = problem?.code === 'overlap_open';
  const link = isOpen ? caseLink(problem.about ?? '') : newCaseLink(head.id);
  return { link, label: t(isOpen ? 'checks.fix-case' : 'checks.fix-justify') } as const;
}

function stageBox(context: ProductionContext): Html {
  const t = translate(context.language);
  const { stage, language, timeZone, head } = context;
  const day = (date: Date): string => formatDay(language, date, timeZone);
  if (stage.kind === 'live')
    return box(stage.since ? t('production.live-since', { date: day(stage.since) }) : t('production.live'));
  if (stage.kind === 'stopped') return box(t('production.stopped'));
  if (stage.kind === 'waiting') {
    const promised = stage.promised && t('production.promised', { date: day(stage.promised) });
    const link = reviewLink(head.id, stage.number);
    return box(
      html`${t('production.waiting', { date: day(stage.since) })} ${promised} <a href="${link}">${t('production.review')}</a>`,
    );
  }
  return box(html`<span id="production-next">${sayNext(context, stage)}</span>${askForm(context, stage)}`);
}

type OnItsWay = Extract<ProductionContext['stage'], { kind: 'on-its-way' }>;

function sayNext({ language, checks }: ProductionContext, { isGreen, approvalsNeeded }: OnItsWay): string {
  const t = translate(language);
  const count = checks.filter(({ outcome }) => outcome === 'failed').length;
  if (!isGreen) return count > 0 ? t('production.missing', { count }) : t('production.check-first');
  return approvalsNeeded > 0 ? t('production.green-review', { count: approvalsNeeded }) : t('production.green');
}

function askForm(context: ProductionContext, { isGreen }: OnItsWay): Html | false {
  if (!context.mayAsk || !isGreen) return false;
  const t = translate(context.language);
  const carry =
    context.mayCarry &&
    html`<p class="hint">${t('production.carry')} <a href="${appLink(context.head.id, 'bundle')}">${tabName(context.language, 'bundle')}</a></p>`;
  return html`${form(context, button({ id: 'ask-production', value: 'ask-production', label: t('production.ask'), look: 'main' }))}${carry}`;
}

function box(content: Html | string): Html {
  return html`<div class="stage" id="stage">${content}</div>`;
}

const checks: readonly ShownCheck[] = [
  { name: 'addresses', outcome: 'passed', problems: [] },
  { name: 'hosts', outcome: 'passed', problems: [] },
  { name: 'takeover', outcome: 'passed', problems: [] },
  { name: 'home', outcome: 'skipped', problems: [] },
  { name: 'privacy', outcome: 'passed', problems: [] },
  { name: 'credentials', outcome: 'passed', problems: [] },
  { name: 'sign-in', outcome: 'passed', problems: [] },
  { name: 'contacts', outcome: 'passed', problems: [] },
  { name: 'purposes', outcome: 'passed', problems: [] },
  { name: 'overlap', outcome: 'passed', problems: [] },
];

const at = new Date('2026-11-21T03:12:00Z');

/** A list in which some things are still wrong. */
const sampleChecks: readonly ShownCheck[] = checks.map((check): ShownCheck => {
  if (check.name === 'privacy')
    return {
      ...check,
      outcome: 'failed',
      problems: [{ code: 'page_status', about: 'https://antrean.contoh.go.id/privasi', said: '404' }],
    };
  if (check.name === 'sign-in')
    return {
      ...check,
      outcome: 'failed',
      problems: [{ code: 'sign_in_without_nonce' }, { code: 'sign_in_without_pkce' }],
    };
  if (check.name === 'contacts')
    return { ...check, outcome: 'failed', problems: [{ code: 'contact_unconfirmed', about: 'technical' }] };
  if (check.name === 'overlap')
    return { ...check, outcome: 'failed', problems: [{ code: 'overlap_unjustified', about: '2' }] };
  if (check.name === 'hosts')
    return {
      ...check,
      outcome: 'failed',
      failingSince: at,
      problems: [{ code: 'certificate_ends', about: 'antrean.contoh.go.id', at }],
    };
  return check;
});

const green: ProductionContext = {
  ...sampleConsoleFrame,
  section: 'apps',
  head: sampleAppHead,
  checks,
  checkedAt: at,
  isRunning: false,
  stage: { kind: 'on-its-way', isGreen: true, approvalsNeeded: 0 },
  mayAsk: true,
  mayCarry: true,
  times: { apps: 41, medianSeconds: 240, slowestSeconds: 93_600 },
};

export const productionSamples: Record<string, ProductionContext> = {
  green,
  missing: { ...green, checks: sampleChecks, stage: { kind: 'on-its-way', isGreen: false, approvalsNeeded: 0 } },
  'high-risk': { ...green, stage: { kind: 'on-its-way', isGreen: true, approvalsNeeded: 2 } },
  unchecked: {
    ...green,
    checks: checks.map(({ name }) => ({ name, outcome: 'open', problems: [] })),
    checkedAt: undefined,
    isRunning: true,
    stage: { kind: 'on-its-way', isGreen: false, approvalsNeeded: 0 },
    times: undefined,
  },
  waiting: {
    ...green,
    head: { ...sampleAppHead, state: 'review' },
    stage: { kind: 'waiting', since: at, promised: new Date('2026-11-25T03:12:00Z'), number: 4 },
    done: 'asked',
  },
  live: {
    ...green,
    head: { ...sampleAppHead, state: 'live' },
    checks: sampleChecks,
    stage: { kind: 'live', since: at },
    done: 'live',
  },
  reader: { ...green, mayAsk: false, stage: { kind: 'stopped' } },
  hostile: {
    ...green,
    head: { ...sampleAppHead, id: hostileText, name: hostileText },
    checks: [
      {
        name: 'takeover',
        outcome: 'failed',
        problems: [{ code: 'host_dangling', about: hostileText, said: hostileText }],
      },
    ],
  },
};
