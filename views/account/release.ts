import { findClaimLabel } from '../claims.ts';
import { type Content, type Html, html, safeAddress } from '../html.ts';
import { formatMoment, translate } from '../locale.ts';
import type { Frame } from '../page.ts';
import { sayNetwork } from '../parts/browser.ts';
import { button, form, radio, tickBox } from '../parts/form.ts';
import type { Notice } from '../parts/notice.ts';
import { type Problem, type SaidProblem, sayProblems } from '../parts/problem.ts';
import { tile } from '../parts/tile.ts';
import type { ReportReason } from '../report-messages.ts';
import { hostileText, sampleFrame } from '../samples.ts';
import {
  hostileReleases,
  type ReportState,
  reportDot,
  type ShownRelease,
  sampleReleases,
  sayRights,
  sayWay,
} from './release-rows.ts';
import { backTo, personalPage } from './shell.ts';

/** What the person has said of it, and how that stands. */
export type ShownReport = { reason: ReportReason; at: Date; dueAt: Date; state: ReportState };

/**
 * Posts `action`: `report` with `reason`, `end-access`, `end-sessions`, `freeze` with `sure`.
 */
export type ReleaseContext = Frame & {
  release: ShownRelease;
  /** From which neighbourhood of the network, as a CIDR. */
  network?: string | undefined;
  /** What can be said to the agency, so that it finds the same. */
  reference: string;
  /** Whom to ask at the agency. */
  contact?: string | undefined;
  /** The page about the app; left out where nothing of it is on record. */
  appLink?: string | undefined;
  /** Whether it may still read. */
  isConnected: boolean;
  /** Of the permissions by which it was read. */
  receipts?: readonly { kind: 'consent' | 'notice'; link: string }[] | undefined;
  report?: ShownReport | undefined;
  notice?: Notice | undefined;
  problems?: readonly Problem<'tick-first'>[] | undefined;
};

const reasons: readonly ReportReason[] = ['unknown-app', 'not-then', 'too-much'];

/** `GET /account/releases/:release`: one hand-over of data, and what to do when it should not have been. */
export function releasePage(context: ReleaseContext): Html {
  const t = translate(context.language);
  const { language, release, report } = context;
  const { app } = release;
  const said = sayProblems(language, context.problems, { 'tick-first': { key: 'end.tick-first', field: 'sure' } });
  return personalPage(context, {
    title: t('release.title', { app: app.name }),
    section: 'releases',
    lead: backTo(context, 'releases'),
    notice: context.notice,
    problems: said,
    content: report
      ? html`<div class="one-release"><div>${reportedPart(context, report)}${nextPart(context)}</div>${factsPart(context)}</div>`
      : html`<p class="jump"><a href="#not-me">${t('release.not-me')}</a></p>
<div class="one-release">${factsPart(context)}<div>${reportPart(context, said)}</div></div>`,
  });
}

function factsPart(context: ReleaseContext): Html {
  const t = translate(context.language);
  const { language, timeZone, release, network, reference, appLink, contact } = context;
  const { app, claims, purpose, reads, lastAt } = release;
  const about = safeAddress(appLink);
  const receipts = receiptLinks(context);
  const whys = new Map(release.whys?.map(({ claim, why }) => [claim, why]));
  const names = claims.map((claim) => {
    const why = whys.get(claim);
    return html`<li>${findClaimLabel(language, claim) ?? claim}${why && why !== purpose && html` <span class="hint">${why}</span>`}</li>`;
  });
  const rights = sayRights(language, release);
  const facts: [string, Content][] = [
    [t('release.what'), names.length > 0 ? html`<ul class="claims">${names}</ul>` : t('release.no-claims')],
    [t('release.why'), purpose],
    [t('release.basis'), rights.map((right) => html`<p>${right}</p>`)],
    [t('release.when'), `${formatMoment(language, release.at, timeZone)}, ${sayWay(language, release.way)}`],
    [
      t('release.how-often'),
      reads > 1 && t('release.times', { count: reads, last: formatMoment(language, lastAt, timeZone) }),
    ],
    [t('release.network'), network && sayNetwork(language, network)],
    [t('release.ask'), whomToAsk(app, contact)],
    [t('release.reference'), html`<code>${reference}</code>`],
  ];
  return html`<section class="part" aria-labelledby="facts-title"><div class="row who">${tile(app.name, app.logo)}<div class="row-words"><h2 id="facts-title">${app.name}</h2><p>${app.agency} <span class="domain">${app.domain}</span></p></div></div>
<dl class="terms">${facts.map(([term, value]) => value && html`<div><dt>${term}</dt><dd>${value}</dd></div>`)}</dl>
<p class="hint">${t('release.never-values')}</p>
${(about || receipts.length > 0) && html`<ul class="links">${about && html`<li><a id="about-app" href="${about}">${t(context.isConnected ? 'release.about-app' : 'release.about-ended', { app: app.name })}</a></li>`}${receipts}</ul>`}</section>`;
}

/** An office address where the app has named one; otherwise the agency itself, and where it is found. */
function whomToAsk({ agency, domain }: ShownRelease['app'], contact: string | undefined): Content {
  return contact ? html`<a href="mailto:${contact}">${contact}</a>` : [agency, domain].filter(Boolean).join(', ');
}

function receiptLinks({ language, receipts = [] }: ReleaseContext): Html[] {
  const t = translate(language);
  return receipts.flatMap(({ kind, link }) => {
    const address = safeAddress(link);
    return address ? html`<li><a id="receipt-${kind}" href="${address}">${t(`release.receipt-${kind}`)}</a></li>` : [];
  });
}

function reportPart(context: ReleaseContext, problems: readonly SaidProblem[]): Html {
  const t = translate(context.language);
  const problem = problems.find(({ field }) => field === 'reason');
  return html`<section class="part" id="not-me" aria-labelledby="not-me-title"><h2 id="not-me-title">${t('release.not-me')}</h2>
<p>${t('release.not-me-text', { agency: context.release.app.agency })}</p>
${form(context, [
  html`<fieldset id="reason"${problem && html` class="field-wrong"`}><legend>${t('release.what-is-wrong')}</legend>${problem && html`<p class="wrong">${problem.text}</p>`}${reasons.map((value) => radio({ name: 'reason', value, label: t(`report.reason-${value}`) }))}</fieldset>`,
  button({ id: 'report', value: 'report', label: t('release.report'), look: 'main' }),
])}
<p class="hint">${t('release.only-report')}</p></section>`;
}

function reportedPart(
  { language, timeZone, release }: ReleaseContext,
  { reason, at, dueAt, state }: ShownReport,
): Html {
  const t = translate(language);
  const { agency } = release.app;
  const answer = state === 'waiting' || state === 'overdue' ? undefined : state;
  const due = formatMoment(language, dueAt, timeZone);
  const waits = t(state === 'overdue' ? 'report.overdue' : 'report.waits', { agency, due });
  return html`<section class="part" id="reported" data-state="${state}" aria-labelledby="reported-title"><h2 id="reported-title">${t('report.title')}</h2>
<p>${reportDot(language, state)}</p>
<dl class="terms"><div><dt>${t('report.you-said')}</dt><dd>${t(`report.reason-${reason}`)}</dd></div>
<div><dt>${t('report.said-at')}</dt><dd>${formatMoment(language, at, timeZone)}</dd></div>
${answer && html`<div><dt>${t('report.answer')}</dt><dd id="answer">${t(`report.answer-${answer}`)}</dd></div>`}</dl>
<p>${answer ? t(`report.then-${answer}`, { agency }) : waits}</p></section>`;
}

/** What else a person may want then, each by itself. */
function nextPart(context: ReleaseContext): Html {
  const t = translate(context.language);
  const { app } = context.release;
  return html`<section class="part" id="next" aria-labelledby="next-title"><h2 id="next-title">${t('release.next')}</h2>
<ul class="rows">${context.isConnected && html`<li class="row"><div class="row-words"><h3 id="end-access-of">${t('release.end-access-title', { app: app.name })}</h3><p class="hint">${t('release.end-access-text')}</p></div>${form(context, button({ id: 'end-access', value: 'end-access', label: t('release.end-access'), look: 'stop', describedBy: 'end-access-of' }))}</li>`}
<li class="row"><div class="row-words"><h3 id="end-sessions-of">${t('release.end-sessions-title')}</h3><p class="hint">${t('release.end-sessions-text')}</p></div>${form(context, button({ id: 'end-sessions', value: 'end-sessions', label: t('release.end-sessions'), look: 'stop', describedBy: 'end-sessions-of' }))}</li>
<li class="row"><div class="row-words"><h3>${t('release.freeze-title')}</h3><p class="hint">${t('end.freeze-text')}</p>
${form(context, [
  tickBox({ id: 'sure', name: 'sure', value: 'yes', label: t('end.freeze-sure') }),
  button({ id: 'freeze', value: 'freeze', label: t('end.freeze'), look: 'stop' }),
])}</div></li></ul></section>`;
}

const [first, second, third] = sampleReleases as [ShownRelease, ShownRelease, ShownRelease];

const full: ReleaseContext = {
  ...sampleFrame,
  release: first,
  network: '103.10.20.0/24',
  reference: 'a1c40f5e-0000-4000-8000-000000000001',
  contact: 'pelindungan-data@kemenkes.contoh.go.id',
  isConnected: true,
  appLink: '/account/apps/puskesmas-online',
  receipts: [
    { kind: 'consent', link: '/account/receipts/a1c40f5e-0000-4000-8000-000000000002' },
    { kind: 'notice', link: '/account/receipts/a1c40f5e-0000-4000-8000-000000000003' },
  ],
};

const reported: ShownReport = {
  reason: 'not-then',
  at: new Date('2026-11-21T04:00:00Z'),
  dueAt: new Date('2026-11-24T04:00:00Z'),
  state: 'waiting',
};

export const releaseSamples: Record<string, ReleaseContext> = {
  full,
  often: { ...full, release: { ...second, report: undefined } },
  'nothing-read': { ...full, release: third, network: undefined, contact: undefined, receipts: undefined },
  'reason-missing': {
    ...full,
    problems: [{ kind: 'said', text: 'Belum dipilih apa yang tidak sesuai.', field: 'reason' }],
  },
  reported: {
    ...full,
    release: second,
    report: reported,
    notice: { tone: 'done', text: 'Laporan Anda sudah sampai di instansinya.' },
  },
  overdue: { ...full, report: { ...reported, state: 'overdue' }, problems: [{ kind: 'tick-first' }] },
  rightful: { ...full, report: { ...reported, state: 'rightful' } },
  mistake: { ...full, report: { ...reported, state: 'mistake' }, appLink: undefined },
  misuse: { ...full, report: { ...reported, reason: 'too-much', state: 'misuse' }, isConnected: false },
  hostile: {
    ...full,
    release: hostileReleases[0] ?? first,
    network: hostileText,
    reference: hostileText,
    contact: hostileText,
    appLink: 'javascript:1',
    receipts: [{ kind: 'consent', link: 'javascript:1' }],
    report: reported,
  },
};
