import { type Html, html } from '../html.ts';
import { formatDay, translate } from '../locale.ts';
import { type Frame, page } from '../page.ts';
import { button, field, form, tickBox } from '../parts/form.ts';
import { type Problem, problemSummary, type SaidProblem, type Saying, sayProblems } from '../parts/problem.ts';
import { sampleFrame } from '../samples.ts';
import { backToAccount } from './back.ts';

type Kind = 'current-wrong' | 'new-missing' | 'last' | 'on-trial';

export type PasswordProblem = Problem<Kind>;

/**
 * Posts `action` = `save` (with `new-password`, `current-password` where there is one, and `elsewhere` = `end` to sign out
 * everywhere else) or `switch-off`.
 */
export type PasswordContext = Frame & {
  /** Since when there is one. */
  since?: Date | undefined;
  /** Whether one signs in another way too, so that there may be none. */
  mayBeOff: boolean;
  problems?: readonly PasswordProblem[] | undefined;
};

const sayings: Record<Kind, Saying> = {
  'current-wrong': { key: 'password.current-wrong', field: 'current-password' },
  'new-missing': { key: 'password.new-missing', field: 'new-password' },
  last: { key: 'password.last' },
  'on-trial': { key: 'account.way-on-trial' },
};

/** Sets, changes and switches off the password. */
export function passwordPage(context: PasswordContext): Html {
  const t = translate(context.language);
  const said = sayProblems(context.language, context.problems, sayings);
  const { since } = context;
  return page(context, {
    title: since ? t('password.title-change') : t('password.title-set'),
    hasProblem: said.length > 0,
    content: html`${problemSummary(context.language, said)}
<p class="intro">${since ? t('account.password-since', { date: formatDay(context.language, since, context.timeZone) }) : t('password.intro')}</p>
${form(context, [since && currentField(context, said), newField(context, said), saveButton(context), since && switchOff(context)])}
${backToAccount(context.language)}`,
  });
}

function currentField({ language }: PasswordContext, problems: readonly SaidProblem[]): Html {
  const label = translate(language)('password.current');
  return field({ name: 'current-password', label, type: 'password', autocomplete: 'current-password', problems });
}

function newField({ language }: PasswordContext, problems: readonly SaidProblem[]): Html {
  const t = translate(language);
  return field({
    name: 'new-password',
    label: t('password.new'),
    type: 'password',
    hint: t('sign-up-name.password-hint'),
    autocomplete: 'new-password',
    problems,
  });
}

function saveButton({ language }: PasswordContext): Html {
  const t = translate(language);
  return html`${tickBox({ id: 'elsewhere', name: 'elsewhere', value: 'end', label: t('password.elsewhere'), ticked: true })}
${button({ id: 'save', value: 'save', label: t('password.save'), look: 'main' })}`;
}

function switchOff({ language, mayBeOff }: PasswordContext): Html {
  const t = translate(language);
  return html`<h2>${t('password.off-title')}</h2>
<p class="hint" id="off-hint">${mayBeOff ? t('password.off-hint') : t('password.last')}</p>
${mayBeOff && button({ id: 'switch-off', value: 'switch-off', label: t('password.off'), look: 'stop', describedBy: 'off-hint' })}`;
}

const change: PasswordContext = { ...sampleFrame, since: new Date('2026-09-03T02:00:00Z'), mayBeOff: true };

export const passwordSamples: Record<string, PasswordContext> = {
  set: { ...sampleFrame, mayBeOff: true },
  change,
  only: { ...change, mayBeOff: false },
  wrong: { ...change, problems: [{ kind: 'current-wrong' }, { kind: 'new-missing' }] },
  weak: {
    ...change,
    problems: [{ kind: 'said', text: 'Kata sandi ini mudah ditebak.', field: 'new-password' }],
  },
  last: { ...change, mayBeOff: false, problems: [{ kind: 'last' }] },
  'on-trial': { ...change, problems: [{ kind: 'on-trial' }] },
};
