import { type Html, html, safeAddress } from '../html.ts';
import { formatMoment, translate } from '../locale.ts';
import { button, form, hidden, radio, uploadForm } from '../parts/form.ts';
import type { Notice } from '../parts/notice.ts';
import type { SaidProblem } from '../parts/problem.ts';
import { hostileText } from '../samples.ts';
import { crumbs } from './parts/crumbs.ts';
import {
  type DecisionKind,
  decisionFacts,
  decisionKinds,
  type ShownDecision,
  type Standing,
  sampleDecision,
  sayDecision,
  sayKind,
  standingDot,
} from './parts/decision.ts';
import { type Facet, facets } from './parts/facets.ts';
import { fileField, lineField, linesField } from './parts/fields.ts';
import { type Pages, pager } from './parts/pager.ts';
import { table } from './parts/table.ts';
import { type ConsoleFrame, consolePage, sampleConsoleFrame } from './shell.ts';

/** One decision of the list. */
export type DecisionLine = {
  id: string;
  name: string;
  agency: string;
  /** Where all that was decided about the app is read. */
  link: string;
  kind: DecisionKind;
  successor?: string | undefined;
  on?: string | undefined;
  standing: Standing;
  by: string;
  at: Date;
};

export type DecisionsContext = ConsoleFrame & {
  decisions: readonly DecisionLine[];
  kinds: readonly Facet[];
  standings: readonly Facet[];
  pages: Pages;
  /** Whether only those of one batch are listed; leads to all of them. */
  allLink?: string | undefined;
  /** Whether the person may decide about many at once. */
  mayDecide: boolean;
  /** Their own latest batches. */
  batches: readonly { link: string; status: 'preview' | 'applied' | 'undone'; at: Date }[];
  notice?: Notice | undefined;
  problems?: readonly SaidProblem[];
};

/** `GET /console/decisions`: what was decided, the latest first; and the way to decide about many at once (`action` = `file`). */
export function decisionsPage(context: DecisionsContext): Html {
  const { language, decisions, pages, allLink } = context;
  const t = translate(language);
  const all = safeAddress(allLink);
  return consolePage(context, {
    title: t('console.decisions'),
    intro: t('decisions.intro'),
    notice: context.notice,
    problems: context.problems ?? [],
    content: html`${all ? html`<p>${t('decisions.of-batch')} <a href="${all}">${t('decisions.all-kinds')}</a></p>` : html`${facets(t('decisions.what'), context.kinds)}${facets(t('decisions.standing'), context.standings)}`}
${decisions.length > 0 ? list(context) : html`<p class="empty" id="no-decisions">${t('decisions.none')}</p>`}${pager(language, pages)}${manyPart(context)}`,
  });
}

function list(context: DecisionsContext): Html {
  const { language, timeZone, decisions } = context;
  const t = translate(language);
  return table<DecisionLine>({
    caption: t('console.decisions'),
    hook: { name: 'data-decision', value: ({ id }) => id },
    columns: [
      {
        head: t('decisions.app'),
        kind: 'main',
        cell: ({ name, agency, link }) =>
          html`<a href="${safeAddress(link) ?? '#'}">${name}</a><small>${agency}</small>`,
      },
      { head: t('decisions.what'), cell: (line) => sayDecision(language, line) },
      { head: t('decisions.standing'), cell: ({ standing }) => standingDot(language, standing) },
      {
        head: t('decisions.by'),
        cell: ({ by, at }) => html`${by} <small>${formatMoment(language, at, timeZone)}</small>`,
      },
    ],
    rows: decisions,
  });
}

function manyPart(context: DecisionsContext): Html | false {
  const { language, timeZone, batches, mayDecide, problems = [] } = context;
  if (!mayDecide) return false;
  const t = translate(language);
  const mine = batches.map(
    ({ link, status, at }) =>
      html`<li><a href="${safeAddress(link) ?? '#'}">${formatMoment(language, at, timeZone)}</a> · ${t(`decisions.batch-status-${status}`)}</li>`,
  );
  const file = fileField({
    ...{ name: 'file', label: t('decisions.file'), hint: t('decisions.file-hint'), accept: '.csv,text/csv' },
    problems,
  });
  const send = button({ id: 'send-file', value: 'file', label: t('decisions.file-send'), look: 'other' });
  return html`<section class="block" id="many" aria-labelledby="many-title"><h2 id="many-title">${t('decisions.many')}</h2>
<p class="hint">${t('decisions.many-hint')}</p>
${uploadForm(context, [file, html`<div class="actions">${send}</div>`])}
${mine.length > 0 && html`<h3>${t('decisions.batches')}</h3><ul>${mine}</ul>`}</section>`;
}

export type DecideContext = ConsoleFrame & {
  /** The apps that it is about, by ref; those that are named, at most ten. */
  refs: readonly string[];
  names: readonly string[];
  /** What holds now, where it is about one app. */
  current?: ShownDecision | undefined;
  /** Apps that one of them is likely the same as. */
  likely: readonly { ref: string; name: string; agency: string }[];
  given: {
    decision?: DecisionKind | undefined;
    successor: string;
    on: string;
    reason: string;
    link: string;
  };
  problems?: readonly SaidProblem[];
};

/**
 * `GET /console/decisions/new?app=…`: posts `app`, `decision`, `successor` (or `likely`, where it is chosen), `on`, `reason`, `link`, a
 * file, and `action` = `decide` (one app) or `preview` (several).
 */
export function decidePage(context: DecideContext): Html {
  const { language, refs, names, current, given, problems = [] } = context;
  const t = translate(language);
  const isOne = refs.length === 1;
  const [title] = names;
  return consolePage(context, {
    title:
      isOne && title ? t('decisions.about-title', { name: title }) : t('decisions.new-title', { count: refs.length }),
    lead: crumbs(language, [{ link: '/console/decisions', label: t('console.decisions') }]),
    intro: t(isOne ? 'decisions.new-intro-one' : 'decisions.new-intro-many'),
    problems,
    content: html`${isOne ? current && html`<section class="block" id="current" aria-labelledby="current-title"><h2 id="current-title">${t('decisions.until-now')}</h2>${decisionFacts(language, current, context.timeZone)}</section>` : chosen(context)}
${uploadForm(context, [
  ...refs.map((ref) => hidden('app', ref)),
  kindChoice(context),
  successorField(context),
  lineField({
    name: 'on',
    type: 'date',
    label: t('decisions.day'),
    hint: t('decisions.day-hint'),
    value: given.on,
    problems,
  }),
  linesField({
    name: 'reason',
    label: t('decisions.reason'),
    hint: t('decisions.reason-hint'),
    value: given.reason,
    problems,
  }),
  fileField({
    ...{ name: 'file', label: t('decisions.evidence-file'), hint: t('decisions.evidence-file-hint') },
    ...{ accept: '.pdf,.png,.jpg,.jpeg,.docx', problems },
  }),
  lineField({
    ...{ name: 'link', type: 'url', label: t('decisions.evidence-link'), hint: t('decisions.evidence-link-hint') },
    ...{ value: given.link, maxlength: 1000, problems },
  }),
  html`<div class="actions">${button(
    isOne
      ? { id: 'decide', value: 'decide', label: t('decisions.save'), look: 'main' }
      : { id: 'preview', value: 'preview', label: t('decisions.preview'), look: 'main' },
  )}</div>`,
])}`,
  });
}

function chosen({ language, names, refs }: DecideContext): Html {
  const t = translate(language);
  const more = refs.length - names.length;
  return html`<section class="block" id="chosen" aria-labelledby="chosen-title"><h2 id="chosen-title">${t('decisions.chosen')}</h2>
<ul>${names.map((name) => html`<li>${name}</li>`)}${more > 0 && html`<li>${t('decisions.chosen-more', { count: more })}</li>`}</ul></section>`;
}

function kindChoice({ language, given, problems = [] }: DecideContext): Html {
  const t = translate(language);
  const problem = problems.find((said) => said.field === 'decision');
  const choices = decisionKinds.map((kind) =>
    radio({
      ...{ name: 'decision', value: kind, chosen: given.decision === kind },
      label: html`<strong>${sayKind(language, kind)}</strong><br><small>${t(`decisions.kind-${kind}-hint`)}</small>`,
    }),
  );
  return html`<fieldset class="field${problem && ' field-wrong'}" id="decision"><legend>${t('decisions.kind')}</legend>${problem && html`<p class="wrong">${problem.text}</p>`}${choices}</fieldset>`;
}

/** Apps like it are chosen; any other one is named by its code, which wins. */
function successorField({ language, likely, given, problems = [] }: DecideContext): Html {
  const t = translate(language);
  const chosen = likely.find(({ ref }) => ref === given.successor);
  const typed = lineField({
    name: 'successor',
    label: t(likely.length > 0 ? 'decisions.successor-other' : 'decisions.successor'),
    hint: t('decisions.successor-hint'),
    value: chosen ? '' : given.successor,
    maxlength: 120,
    problems,
  });
  if (likely.length === 0) return typed;
  const choices = likely.map(({ ref, name, agency }) =>
    radio({
      ...{ name: 'likely', value: ref, chosen: ref === chosen?.ref },
      label: html`${name} <small>${agency} · ${ref.replace(/^client:/, '')}</small>`,
    }),
  );
  const none = radio({
    ...{ name: 'likely', value: '', chosen: !chosen },
    label: t('decisions.successor-none'),
  });
  return html`<fieldset class="field" id="likely"><legend>${t('decisions.successor')}</legend><p class="hint">${t('decisions.successor-likely')}</p>${choices}${none}</fieldset>${typed}`;
}

export type AboutContext = ConsoleFrame & {
  name: string;
  agency: string;
  /** Where the app itself is looked at, for whoever may. */
  appLink?: string | undefined;
  /** All that was decided, the latest first; the one that holds among them. */
  decisions: readonly ShownDecision[];
  /** The one that can be undone. */
  undo?: string | undefined;
  decideLink?: string | undefined;
  notice?: Notice | undefined;
};

/** `GET /console/decisions/about/:app`: posts `decision` and `action` = `undo`. */
export function aboutPage(context: AboutContext): Html {
  const { language, timeZone, name, agency, decisions, undo } = context;
  const t = translate(language);
  const app = safeAddress(context.appLink);
  const decide = safeAddress(context.decideLink);
  const blocks = decisions.map((one) => {
    const mayUndo = one.id === undo;
    const undoForm =
      mayUndo &&
      form(context, [
        hidden('decision', one.id),
        html`<p class="hint">${t('decisions.undo-hint')}</p><div class="actions">${button({ id: 'undo', value: 'undo', label: t('decisions.undo'), look: 'stop' })}</div>`,
      ]);
    return html`<section class="block" data-decision="${one.id}">${decisionFacts(language, one, timeZone)}${undoForm}</section>`;
  });
  return consolePage(context, {
    title: t('decisions.about-title', { name }),
    lead: crumbs(language, [{ link: '/console/decisions', label: t('console.decisions') }]),
    intro: agency,
    notice: context.notice,
    content: html`<p class="actions">${decide && html`<a class="button main" id="decide" href="${decide}"><span>${t(decisions.length > 0 ? 'decisions.decide-anew' : 'decisions.decide')}</span></a>`}${app && html`<a class="button other" href="${app}"><span>${t('decisions.look')}</span></a>`}</p>
${blocks.length > 0 ? blocks : html`<p class="empty" id="undecided">${t('decisions.undecided')}</p>`}`,
  });
}

const at = new Date('2026-11-21T03:12:00Z');

const listed: DecisionsContext = {
  ...sampleConsoleFrame,
  section: 'decisions',
  decisions: [
    {
      ...{ id: sampleDecision.id, name: 'Antrean Puskesmas Lama', agency: 'Dinas Kesehatan' },
      link: '/console/decisions/about/client%3Aantrean-lama',
      ...{ kind: 'merge', successor: 'Klinik Daring', on: '2027-03-01', standing: 'ahead', by: 'Putri Lestari', at },
    },
    {
      ...{
        id: '2',
        name: 'Data Gizi',
        agency: 'Dinas Kesehatan',
        link: '/console/decisions/about/inventory%3Aa1b2c3d4e5',
      },
      ...{ kind: 'legacy', standing: 'holds', by: 'Perintah', at },
    },
  ],
  kinds: [
    { label: 'Semua keputusan', link: '/console/decisions', isChosen: true },
    { label: 'Gabungkan', link: '/console/decisions?decision=merge', isChosen: false },
  ],
  standings: [{ label: 'Semua keadaan', link: '/console/decisions', isChosen: true }],
  pages: { next: '/console/decisions?after=x' },
  mayDecide: true,
  batches: [{ link: '/console/decisions/batches/1', status: 'applied', at }],
};

export const decisionsSamples: Record<string, DecisionsContext> = {
  listed,
  empty: { ...listed, decisions: [], pages: {}, mayDecide: false, batches: [] },
  batch: { ...listed, allLink: '/console/decisions', notice: { tone: 'done', text: '2 keputusan berlaku.' } },
  hostile: {
    ...listed,
    decisions: listed.decisions.map((one) => ({
      ...one,
      name: hostileText,
      agency: hostileText,
      successor: hostileText,
      by: hostileText,
      link: 'javascript:alert(1)',
    })),
  },
};

const one: DecideContext = {
  ...sampleConsoleFrame,
  section: 'decisions',
  refs: ['client:antrean-lama'],
  names: ['Antrean Puskesmas Lama'],
  likely: [{ ref: 'client:klinik-daring', name: 'Klinik Daring', agency: 'Kementerian Kesehatan' }],
  given: { successor: '', on: '', reason: '', link: '' },
};

export const decideSamples: Record<string, DecideContext> = {
  one,
  anew: { ...one, current: sampleDecision },
  many: {
    ...one,
    refs: Array.from({ length: 14 }, (_, at) => `client:app-${at}`),
    names: ['Antrean', 'Gizi', 'Rujukan'],
    likely: [],
  },
  wrong: {
    ...one,
    given: { decision: 'merge', successor: 'client:x', on: '2020-01-01', reason: '', link: 'http://x' },
    problems: [
      { text: 'Layanan pengganti itu tidak dikenal.', field: 'successor' },
      { text: 'Tanggal itu tidak ada di depan.', field: 'on' },
    ],
  },
  hostile: {
    ...one,
    names: [hostileText],
    likely: [{ ref: 'client:jahat', name: hostileText, agency: hostileText }],
    current: {
      ...sampleDecision,
      reason: hostileText,
      by: hostileText,
      successor: hostileText,
      successorLink: 'javascript:alert(1)',
      evidence: [{ label: hostileText, link: 'javascript:alert(1)' }],
    },
    given: { decision: 'merge', successor: hostileText, on: hostileText, reason: hostileText, link: hostileText },
    problems: [{ text: hostileText, field: 'reason' }],
  },
};

const about: AboutContext = {
  ...sampleConsoleFrame,
  section: 'decisions',
  name: 'Antrean Puskesmas Lama',
  agency: 'Dinas Kesehatan',
  appLink: '/console/apps/antrean-lama',
  decisions: [
    sampleDecision,
    {
      ...sampleDecision,
      id: '2',
      kind: 'keep',
      successor: undefined,
      on: undefined,
      standing: 'replaced',
      evidence: [],
    },
  ],
  undo: sampleDecision.id,
  decideLink: '/console/decisions/new?app=client%3Aantrean-lama',
};

export const aboutSamples: Record<string, AboutContext> = {
  about,
  undecided: { ...about, decisions: [], undo: undefined },
  hostile: {
    ...about,
    ...{ name: hostileText, agency: hostileText, appLink: 'javascript:alert(1)', decideLink: 'javascript:alert(1)' },
    decisions: [
      {
        ...sampleDecision,
        reason: hostileText,
        by: hostileText,
        successor: hostileText,
        evidence: [{ label: hostileText, link: 'javascript:alert(1)' }],
      },
    ],
  },
};
