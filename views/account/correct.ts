import { type Html, html } from '../html.ts';
import { type MessageKey, translate } from '../locale.ts';
import type { Frame } from '../page.ts';
import { button, field, form, radio } from '../parts/form.ts';
import type { Notice } from '../parts/notice.ts';
import { type Problem, type SaidProblem, sayProblems } from '../parts/problem.ts';
import { hostileText, sampleFrame } from '../samples.ts';
import { backTo, personalPage } from './shell.ts';

/** What is typed, by the names of the fields. */
export type CorrectionFields = {
  name: string;
  nickname: string;
  birthdate: string;
  gender: string;
  street: string;
  locality: string;
  region: string;
  'postal-code': string;
};

export type CorrectProblem = Problem<never>;

/** Posts `action` = `save` with the fields; without `name` and `birthdate` where those were proven. */
export type CorrectContext = Frame & {
  values: CorrectionFields;
  /** Name and date of birth were checked with a document, and are put right at a desk only. */
  isVerified: boolean;
  notice?: Notice | undefined;
  problems?: readonly CorrectProblem[] | undefined;
};

/** `GET /account/data/correct`: what a person says of themselves, to be put right. */
export function correctPage(context: CorrectContext): Html {
  const t = translate(context.language);
  const problems = sayProblems(context.language, context.problems, {});
  return personalPage(context, {
    title: t('correct.title'),
    section: 'data',
    lead: backTo(context, 'data'),
    intro: t('correct.intro'),
    isNarrow: true,
    notice: context.notice,
    problems,
    content: html`${context.isVerified && html`<p id="verified">${t('correct.verified')}</p>`}
${form(context, [
  !context.isVerified && line(context, 'name', 'claim.name', 'name', problems, { maxlength: 200 }),
  line(context, 'nickname', 'correct.nickname', 'nickname', problems),
  !context.isVerified &&
    line(context, 'birthdate', 'claim.birthdate', 'bday', problems, { hint: t('correct.birthdate-hint') }),
  genders(context),
  line(context, 'street', 'correct.street', 'street-address', problems, { maxlength: 200 }),
  line(context, 'locality', 'correct.locality', 'address-level2', problems),
  line(context, 'region', 'correct.region', 'address-level1', problems),
  line(context, 'postal-code', 'correct.postal-code', 'postal-code', problems, { maxlength: 20 }),
  button({ id: 'save', value: 'save', label: t('correct.save'), look: 'main' }),
])}
<p><a href="/account/contacts">${t('correct.contacts')}</a></p>`,
  });
}

function line(
  { language, values }: CorrectContext,
  name: keyof CorrectionFields,
  label: MessageKey,
  autocomplete: string,
  problems: readonly SaidProblem[],
  more: { hint?: string; maxlength?: number } = {},
): Html {
  const wanted = { name, label: translate(language)(label), value: values[name], autocomplete, plain: true, problems };
  return field({ maxlength: 100, ...wanted, ...more });
}

function genders({ language, values }: CorrectContext): Html {
  const t = translate(language);
  const choices = [
    ['female', 'claim.female'],
    ['male', 'claim.male'],
    ['none', 'correct.gender-none'],
  ] as const;
  return html`<fieldset><legend>${t('correct.gender')}</legend>${choices.map(([value, label]) =>
    radio({ name: 'gender', value, label: t(label), chosen: (values.gender || 'none') === value }),
  )}</fieldset>`;
}

const full: CorrectContext = {
  ...sampleFrame,
  isVerified: false,
  values: {
    ...{ name: 'Siti Rahayu', nickname: 'Siti', birthdate: '1985-03-02', gender: 'female' },
    ...{ street: 'Jalan Melati 9', locality: 'Bandung', region: 'Jawa Barat', 'postal-code': '40115' },
  },
};

export const correctSamples: Record<string, CorrectContext> = {
  full,
  verified: { ...full, isVerified: true },
  wrong: { ...full, problems: [{ kind: 'said', text: 'Tanggal lahir itu tidak bisa dibaca.', field: 'birthdate' }] },
  done: { ...full, notice: { tone: 'done', text: 'Data Anda sudah dibetulkan.' } },
  hostile: {
    ...full,
    values: {
      ...{ name: hostileText, nickname: hostileText, birthdate: hostileText, gender: hostileText },
      ...{ street: hostileText, locality: hostileText, region: hostileText, 'postal-code': hostileText },
    },
  },
};
