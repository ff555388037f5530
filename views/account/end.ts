import { type Html, html } from '../html.ts';
import { formatMoment, translate } from '../locale.ts';
import { type Frame, page } from '../page.ts';
import { button, form, tickBox } from '../parts/form.ts';
import { type Problem, problemSummary, type Saying, sayProblems } from '../parts/problem.ts';
import { hostileText, sampleFrame } from '../samples.ts';
import { backToAccount } from './back.ts';

export type EndProblemKind = 'tick-first' | 'not-possible';

export type EndProblem = Problem<EndProblemKind>;

/** Posts `action`: `close` with `understood`, `freeze` with `sure`, `keep`. */
export type EndContext = Frame & {
  /** The names of the services that are connected. */
  apps: readonly string[];
  /** Whether the person works for an agency here. */
  hasRoles?: boolean | undefined;
  /** Who came back by contacts alone may not end the account. */
  isRestricted: boolean;
  problems?: readonly EndProblem[] | undefined;
};

const sayings: Record<EndProblemKind, Saying> = {
  'tick-first': { key: 'end.tick-first' },
  'not-possible': { key: 'end.not-possible' },
};

/** The end of an account and its holding: what happens, in plain words, before anything does. */
export function endPage(context: EndContext): Html {
  const t = translate(context.language);
  const said = sayProblems(context.language, context.problems, sayings);
  return page(context, {
    title: context.closesAt ? t('end.closing') : t('end.title'),
    hasProblem: said.length > 0,
    content: html`${problemSummary(context.language, said)}
${context.closesAt ? closingPart(context, context.closesAt) : closePart(context)}
${freezePart(context)}
${backToAccount(context.language, 'person')}`,
  });
}

function closingPart(context: EndContext, closesAt: Date): Html {
  const date = formatMoment(context.language, closesAt, context.timeZone);
  return html`<p class="intro">${translate(context.language)('end.closing-text', { date })}</p>`;
}

function closePart(context: EndContext): Html {
  const t = translate(context.language);
  if (context.isRestricted) return html`<p class="intro" id="restricted">${t('end.restricted')}</p>`;
  const apps = context.apps.map((name) => html`<li>${name}</li>`);
  return html`<p class="intro">${t('end.intro')} <a href="#freeze">${t('end.freeze-only')}</a></p>
<h2>${t('end.first')}</h2>
<p>${t('end.first-text')}</p>
<h2>${t('end.then')}</h2>
<p>${t('end.then-data')}</p>
${apps.length === 0 ? html`<p>${t('end.then-no-apps')}</p>` : html`<p>${t('end.then-apps')}</p><ul class="points" id="apps-told">${apps}</ul>`}
${context.hasRoles && html`<p id="roles-end">${t('end.then-roles')}</p>`}
<p>${t('end.then-sub')}</p>
<p>${t('end.then-theirs')}</p>
${form(context, [
  tickBox({ id: 'understood', name: 'understood', value: 'yes', label: t('end.understood') }),
  button({ id: 'close-account', value: 'close', label: t('end.close'), look: 'stop' }),
])}`;
}

function freezePart(context: EndContext): Html {
  const t = translate(context.language);
  return html`<h2 id="freeze">${t('end.freeze-title')}</h2>
<p>${t('end.freeze-text')}</p>
${form(context, [
  tickBox({ id: 'sure', name: 'sure', value: 'yes', label: t('end.freeze-sure') }),
  button({ id: 'freeze-account', value: 'freeze', label: t('end.freeze'), look: 'stop' }),
])}`;
}

const asked: EndContext = { ...sampleFrame, apps: ['Puskesmas Online', 'Pajak Daerah'], isRestricted: false };

export const endSamples: Record<string, EndContext> = {
  asked,
  'without-apps': { ...asked, apps: [] },
  'tick-first': { ...asked, problems: [{ kind: 'tick-first' }] },
  restricted: { ...asked, isRestricted: true },
  closing: { ...asked, closesAt: new Date('2026-12-05T03:12:00Z') },
  hostile: { ...asked, apps: [hostileText], problems: [{ kind: 'not-possible' }] },
};
