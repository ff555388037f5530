import { type Content, type Html, html } from './html.ts';
import { translate } from './locale.ts';
import { type Frame, page } from './page.ts';
import { contactHint } from './parts/contact-hint.ts';
import { button, cancelButton, form, radio } from './parts/form.ts';
import { type Problem, problemSummary, type SaidProblem, sayProblems } from './parts/problem.ts';
import { recoveryCodeField } from './parts/recovery-code.ts';
import type { SecondContact } from './recovery-ways.ts';
import { hostileText, serviceFrame } from './samples.ts';

/** What else opens the account: a code to a contact, a printed code, or nothing that can be shown from afar. */
export type OpenAgainWay =
  | { by: 'contact'; contacts: readonly SecondContact[] }
  | { by: 'recovery-code' }
  | { by: 'desk' };

/** Posts `action` = `send-open-code` (with `contact`), `open-with-code` (with `recovery-code`) or `cancel`. */
export type OpenAgainContext = Frame & {
  way: OpenAgainWay;
  mayCancel: boolean;
  problems?: readonly Problem<never>[] | undefined;
};

/** The account is frozen; its owner has shown one thing and is asked for another. */
export function openAgainPage(context: OpenAgainContext): Html {
  const t = translate(context.language);
  const said = sayProblems(context.language, context.problems, {});
  return page(context, {
    title: t('open-again.title'),
    hasProblem: said.length > 0,
    content: html`${problemSummary(context.language, said)}
<p class="intro" id="frozen">${t('open-again.intro', { brand: context.brand })}</p>
${form(context, [...partsOf(context, said), html`<div class="ways-out">${cancelButton(context)}</div>`])}`,
  });
}

function partsOf(context: OpenAgainContext, said: readonly SaidProblem[]): Content[] {
  const t = translate(context.language);
  const { way } = context;
  if (way.by === 'desk') return [html`<p id="open-at-desk">${t('open-again.desk')}</p>`];
  const removes = html`<p>${t('open-again.removes')}</p>`;
  if (way.by === 'recovery-code')
    return [
      removes,
      recoveryCodeField(context, said),
      button({ id: 'open-with-code', value: 'open-with-code', label: t('open-again.open'), look: 'main' }),
    ];
  return [
    removes,
    html`<fieldset><legend>${t('open-again.where')}</legend>${way.contacts.map((contact) =>
      radio({ name: 'contact', value: contact.choice, label: contactHint(contact), chosen: way.contacts.length === 1 }),
    )}</fieldset>`,
    button({ id: 'send-open-code', value: 'send-open-code', label: t('open-again.send'), look: 'main' }),
  ];
}

const contacts: SecondContact[] = [
  { choice: '1', kind: 'email', value: 'siti@contoh.id' },
  { choice: '2', kind: 'phone', value: '+6281234567890' },
];

export const openAgainSamples: Record<string, OpenAgainContext> = {
  contact: { ...serviceFrame, way: { by: 'contact', contacts }, mayCancel: true },
  'recovery-code': { ...serviceFrame, way: { by: 'recovery-code' }, mayCancel: true },
  desk: { ...serviceFrame, way: { by: 'desk' }, mayCancel: true },
  hostile: {
    ...serviceFrame,
    way: { by: 'contact', contacts: [{ choice: '1', kind: 'email', value: `${hostileText}@${hostileText}` }] },
    mayCancel: true,
    problems: [{ kind: 'said', text: hostileText }],
  },
};
