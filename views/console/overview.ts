import { type Html, html, safeAddress } from '../html.ts';
import { formatDay, formatMoment, type MessageKey, translate } from '../locale.ts';
import { button, field, form } from '../parts/form.ts';
import { hostileText } from '../samples.ts';
import { type AppHead, type AppTab, appLink, appPage, sampleAppHead, tabName } from './app-page.ts';
import { sampleAttempts } from './attempts.ts';
import { type ShownAttempt, sayAttempt } from './parts/attempts.ts';
import { type CheckName, sayCheck } from './parts/checks.ts';
import { type DecisionPart, decisionPart, sampleDecisionPart } from './parts/decision.ts';
import { facts } from './parts/facts.ts';
import { dot, type Tone } from './parts/state.ts';
import { type ConsoleFrame, sampleConsoleFrame } from './shell.ts';

/** Something that somebody has to do, and where. */
export type Todo =
  | { kind: 'checks'; names: readonly CheckName[] }
  | { kind: 'untried' }
  | { kind: 'unchecked' }
  | { kind: 'stopped'; reason: string | undefined }
  | { kind: 'host-lost'; hosts: string }
  | { kind: 'waits'; since: Date }
  | { kind: 'secret-ends'; at: Date }
  | { kind: 'certificate-ends'; host: string; at: Date }
  | { kind: 'closes'; at: Date }
  | { kind: 'unread'; count: number }
  | { kind: 'ask' };

export type OverviewContext = ConsoleFrame & {
  head: AppHead;
  /** The most urgent first. */
  todos: readonly Todo[];
  purpose: string;
  kind: 'web' | 'spa' | 'native' | 'machine';
  risk: 'low' | 'medium' | 'high';
  redirectUris: readonly string[];
  home?: string | undefined;
  stateSince?: Date | undefined;
  lastSignIn?: Date | undefined;
  version: number;
  /** How many people may try it before it is live; undefined where everybody may. */
  testers?: number | undefined;
  /** The latest ones. */
  failures: readonly ShownAttempt[];
  /** What the person may do at once; each posts to the page itself, with a `reason`. */
  moves: readonly Move[];
  /** What is decided about it: whether it is kept, ends, or goes over into another. */
  decision: DecisionPart;
  /** What was just done. */
  done?: Move | undefined;
};

export type Move = 'suspend' | 'resume' | 'retire';

/** `GET /console/apps/:client`: how an app is, what ends soon, and what is missing. */
export function overviewPage(context: OverviewContext): Html {
  const { language, head } = context;
  return appPage(context, head, 'overview', {
    title: tabName(language, 'overview'),
    notice: context.done && { tone: 'done', text: translate(language)(`overview.done-${context.done}`) },
    content: html`${todoPart(context)}${decisionPart(context, context.decision)}${factsPart(context)}${failuresPart(context)}${movesPart(context)}`,
  });
}

function block(id: string, title: string, content: Html): Html {
  return html`<section class="block" id="${id}" aria-labelledby="${id}-title"><h2 id="${id}-title">${title}</h2>
${content}</section>`;
}

function todoPart(context: OverviewContext): Html {
  const t = translate(context.language);
  const { todos, head } = context;
  if (todos.length === 0)
    return block('todo', t('console.attention'), html`<p class="hint">${t('overview.all-well')}</p>`);
  const lines = todos.map((todo) => {
    const { tone, tab } = looks[todo.kind];
    const isOpen = tab !== undefined && head.tabs.includes(tab);
    const way = isOpen && html` <a href="${appLink(head.id, tab)}">${tabName(context.language, tab)}</a>`;
    const start = todo.kind === 'untried' && html` <a href="${appLink(head.id)}/start">${t('console.start')}</a>`;
    return html`<li data-todo="${todo.kind}">${dot(tone, sayTodo(context, todo))}${way || start}</li>`;
  });
  return block('todo', t('console.attention'), html`<ul class="dots todo">${lines}</ul>`);
}

const looks: Record<Todo['kind'], { tone: Tone; tab?: AppTab }> = {
  checks: { tone: 'stopped', tab: 'production' },
  untried: { tone: 'open' },
  unchecked: { tone: 'open', tab: 'production' },
  stopped: { tone: 'stopped', tab: 'versions' },
  'host-lost': { tone: 'stopped', tab: 'production' },
  waits: { tone: 'waiting', tab: 'versions' },
  'secret-ends': { tone: 'waiting', tab: 'keys' },
  'certificate-ends': { tone: 'waiting' },
  closes: { tone: 'over', tab: 'edit' },
  unread: { tone: 'open', tab: 'figures' },
  ask: { tone: 'good', tab: 'production' },
};

function sayTodo({ language, timeZone }: OverviewContext, todo: Todo): string {
  const t = translate(language);
  const day = (date: Date): string => formatDay(language, date, timeZone);
  switch (todo.kind) {
    case 'checks':
      return t('overview.checks', { names: todo.names.map((name) => sayCheck(language, name)).join(', ') });
    case 'untried':
      return t('overview.start');
    case 'unchecked':
      return t('overview.unchecked');
    case 'stopped':
      return todo.reason ? t('overview.stopped-because', { reason: todo.reason }) : t('overview.stopped');
    case 'host-lost':
      return t('overview.host-lost', { hosts: todo.hosts });
    case 'waits':
      return t('console.waits-since', { date: day(todo.since) });
    case 'secret-ends':
      return t('console.secret-ends', { date: day(todo.at) });
    case 'certificate-ends':
      return t('overview.certificate-ends', { host: todo.host, date: day(todo.at) });
    case 'closes':
      return t('overview.closes', { date: day(todo.at) });
    case 'unread':
      return t('overview.unread', { count: todo.count });
    case 'ask':
      return t('overview.ask');
  }
}

const kinds: Record<OverviewContext['kind'], MessageKey> = {
  web: 'overview.type-web',
  spa: 'overview.type-spa',
  native: 'overview.type-native',
  machine: 'overview.type-machine',
};

function factsPart(context: OverviewContext): Html {
  const t = translate(context.language);
  const { language, timeZone, home, stateSince, lastSignIn, redirectUris, testers } = context;
  const link = safeAddress(home);
  const list = facts([
    { name: t('overview.purpose'), value: context.purpose },
    { name: t('overview.type'), value: t(kinds[context.kind]) },
    { name: t('console.risk'), value: t(`console.risk-${context.risk}`) },
    stateSince && { name: t('overview.state-since'), value: formatDay(language, stateSince, timeZone) },
    {
      name: t('console.last-sign-in'),
      value: lastSignIn ? formatMoment(language, lastSignIn, timeZone) : t('console.never'),
    },
    link !== undefined && { name: t('overview.home'), value: html`<a href="${link}">${home}</a>` },
    redirectUris.length > 0 && {
      name: t('overview.redirect-uris'),
      value: html`<ul>${redirectUris.map((uri) => html`<li><code>${uri}</code></li>`)}</ul>`,
    },
    testers !== undefined && { name: t('overview.testers'), value: t('overview.testers-count', { count: testers }) },
    { name: t('overview.version'), value: context.version },
  ]);
  return block('facts', t('overview.facts'), list);
}

function failuresPart(context: OverviewContext): Html {
  const t = translate(context.language);
  const { language, timeZone, failures, head } = context;
  if (failures.length === 0)
    return block('failures', t('overview.failures'), html`<p class="hint">${t('attempts.none')}</p>`);
  const lines = failures.map(
    (attempt) =>
      html`<li><p>${sayAttempt(language, attempt, timeZone)}</p><p class="hint">${formatMoment(language, attempt.at, timeZone)} · <code>${attempt.reference}</code></p></li>`,
  );
  return block(
    'failures',
    t('overview.failures'),
    html`<ul class="failures">${lines}</ul><p><a href="${appLink(head.id, 'attempts')}">${t('overview.all-failures')}</a></p>`,
  );
}

/** A switch that is meant to be found in an emergency, and not hit by chance: it lies behind a line that has to be opened. */
function movesPart(context: OverviewContext): Html | false {
  const t = translate(context.language);
  if (context.moves.length === 0) return false;
  const buttons = context.moves.map((move) =>
    button({ id: move, value: move, label: t(`overview.move-${move}`), look: move === 'resume' ? 'other' : 'stop' }),
  );
  const reason = field({
    ...{ name: 'reason', label: t('overview.reason'), hint: t('overview.reason-hint') },
    ...{ autocomplete: 'off', maxlength: 300, problems: [] },
  });
  return html`<details class="block" id="moves"><summary>${t('overview.moves')}</summary>
<p class="hint">${t('overview.moves-hint')}</p>
${form(context, [reason, html`<div class="actions">${buttons}</div>`])}</details>`;
}

const at = new Date('2026-11-21T03:12:00Z');

const trial: OverviewContext = {
  ...sampleConsoleFrame,
  section: 'apps',
  head: sampleAppHead,
  todos: [
    { kind: 'checks', names: ['privacy', 'sign-in', 'contacts'] },
    { kind: 'secret-ends', at: new Date('2026-12-04T03:12:00Z') },
    { kind: 'certificate-ends', host: 'antrean.contoh.go.id', at: new Date('2026-12-01T03:12:00Z') },
    { kind: 'closes', at: new Date('2027-06-30T03:12:00Z') },
    { kind: 'unread', count: 2 },
  ],
  purpose: 'Mengambil nomor antrean rawat jalan tanpa datang lebih dulu.',
  kind: 'web',
  risk: 'low',
  redirectUris: ['https://antrean.contoh.go.id/callback', 'http://localhost:3000/callback'],
  home: 'https://antrean.contoh.go.id/',
  stateSince: at,
  lastSignIn: at,
  version: 7,
  testers: 3,
  failures: sampleAttempts.slice(0, 3),
  decision: { current: undefined, aboutLink: sampleDecisionPart.aboutLink },
  moves: [],
};

export const overviewSamples: Record<string, OverviewContext> = {
  trial,
  ready: { ...trial, todos: [{ kind: 'untried' }, { kind: 'ask' }, { kind: 'unchecked' }], failures: [] },
  live: {
    ...trial,
    head: { ...sampleAppHead, state: 'live', tabs: ['overview', 'production', 'attempts', 'versions'] },
    todos: [],
    kind: 'native',
    moves: ['suspend', 'retire'],
    decision: sampleDecisionPart,
    testers: undefined,
    failures: [],
  },
  machine: {
    ...trial,
    head: { ...sampleAppHead, state: 'review' },
    todos: [{ kind: 'waits', since: at }],
    kind: 'machine',
    redirectUris: [],
    home: undefined,
    lastSignIn: undefined,
    stateSince: undefined,
  },
  stopped: {
    ...trial,
    head: { ...sampleAppHead, state: 'suspended' },
    kind: 'spa',
    moves: ['resume', 'retire'],
    done: 'suspend',
    risk: 'high',
    todos: [
      { kind: 'host-lost', hosts: 'antrean.contoh.go.id' },
      { kind: 'stopped', reason: undefined },
    ],
  },
  hostile: {
    ...trial,
    head: { ...sampleAppHead, id: hostileText, name: hostileText },
    purpose: hostileText,
    home: 'javascript:1',
    redirectUris: [hostileText],
    todos: [
      { kind: 'stopped', reason: hostileText },
      { kind: 'certificate-ends', host: hostileText, at },
    ],
    failures: [{ id: '1', at, reference: hostileText, code: 'refused', error: hostileText, said: hostileText }],
  },
};
