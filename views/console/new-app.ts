import { type Html, html } from '../html.ts';
import { type MessageKey, translate } from '../locale.ts';
import { button, form, hidden } from '../parts/form.ts';
import type { Notice } from '../parts/notice.ts';
import { type Problem, type SaidProblem, sayProblems } from '../parts/problem.ts';
import { hostileText } from '../samples.ts';
import { choiceField, lineField, linesField } from './parts/fields.ts';
import { hostileLikely, likelyList, type ShownLikely, sampleLikely } from './parts/likely.ts';
import { type ConsoleFrame, consolePage, sampleConsoleFrame } from './shell.ts';

/** What apps are built with, as the registry tells them apart. */
const stacks = ['node', 'python', 'php', 'browser', 'mobile', 'machine', 'other'] as const;
export type Stack = (typeof stacks)[number];

const properNames: Partial<Record<Stack, string>> = { node: 'Node.js', python: 'Python', php: 'PHP' };
const kinds: Partial<Record<Stack, MessageKey>> = {
  browser: 'console.stack-browser',
  mobile: 'console.stack-mobile',
  machine: 'console.stack-machine',
};

/** What a stack is called. */
export function stackName(frame: ConsoleFrame, stack: Stack): string {
  return properNames[stack] ?? translate(frame.language)(kinds[stack] ?? 'console.stack-other');
}

/** What was typed; raw. */
export type NewAppValues = {
  agency: string;
  name: string;
  stack: Stack;
  redirectUri: string;
  purpose: string;
  nameEn: string;
  purposeEn: string;
  clientId: string;
  justification: string;
  instead: string;
};

/** What is like the app that somebody is about to register, and what that asks of them. */
export type LikelyStep = {
  apps: readonly ShownLikely[];
  /** Says which apps were shown, so that they are shown once. */
  seen: string;
  /** Whether one of them is so much like it that another one has to be justified. */
  needsJustification: boolean;
};

/**
 * Posts `action` = `register`, `look`, `use-existing` or `ask-exception` with `agency`, `name`, `stack`, `redirect_uri`, `purpose`, `name_en`, `purpose_en`,
 * `client_id`, and where something is like it `seen`, `justification` and `instead`. */
export type NewAppContext = ConsoleFrame & {
  /** Where the person may register apps. */
  agencies: readonly { id: string; name: string }[];
  values: NewAppValues;
  likely?: LikelyStep | undefined;
  /** Whether its place is closed: an exception can be asked for. */
  isClosed?: boolean | undefined;
  problems?: readonly Problem<never>[] | undefined;
  notice?: Notice | undefined;
};

/** `GET /console/apps/new`: four things to say; the rest is preset. */
export function newAppPage(context: NewAppContext): Html {
  const { language, values } = context;
  const t = translate(language);
  const said = sayProblems(language, context.problems, {});
  const folded = ['name_en', 'purpose_en', 'client_id'];
  const isOpen = said.some(({ field }) => field !== undefined && folded.includes(field));
  const line = (
    name: string,
    label: MessageKey,
    value: string,
    more: { hint?: string; maxlength?: number } = {},
  ): Html => lineField({ name, label: t(label), value, problems: said, ...more });
  return consolePage(context, {
    title: t('console.new-app'),
    intro: t(context.sandbox ? 'console.new-app-intro' : 'console.new-app-intro-production'),
    problems: said,
    notice: context.notice,
    scripts: ['likely.js'],
    content: html`<div class="narrow">${form(context, [
      agencyField(context),
      line('name', 'console.new-name', values.name, { hint: t('console.new-name-hint'), maxlength: 100 }),
      choiceField({
        name: 'stack',
        label: t('console.new-stack'),
        value: values.stack,
        options: stacks.map((stack) => ({ value: stack, label: stackName(context, stack) })),
        problems: said,
      }),
      line('redirect_uri', 'console.new-redirect', values.redirectUri, {
        hint: t(context.sandbox ? 'console.new-redirect-hint' : 'console.new-redirect-hint-production'),
      }),
      linesField({
        name: 'purpose',
        label: t('console.new-purpose'),
        hint: t('console.new-purpose-hint'),
        value: values.purpose,
        rows: 2,
        problems: said,
      }),
      html`<details${isOpen && html` open`}><summary>${t('console.new-more')}</summary>
<p class="hint">${t('console.new-more-hint')}</p>
${line('name_en', 'console.new-name-en', values.nameEn, { maxlength: 100 })}
${line('purpose_en', 'console.new-purpose-en', values.purposeEn, { maxlength: 300 })}
${line('client_id', 'console.new-client-id', values.clientId, { hint: t('console.new-client-id-hint'), maxlength: 63 })}
</details>`,
      html`<div id="likely" role="group" tabindex="-1" aria-label="${t('brake.likely')}">${likelyStep(context, said)}</div>`,
      exceptionPart(context, said),
      button({ id: 'register', value: 'register', label: t('console.register'), look: 'main' }),
    ])}</div>`,
  });
}

/**
 * What is like it, above the button: use that one, or go on and say why. With a script it comes while one types, without one
 * as a second step of the form.
 */
function likelyStep({ language, likely, values }: NewAppContext, problems: readonly SaidProblem[]): Html | false {
  if (!likely) return false;
  const t = translate(language);
  const mayUse = likely.apps.some(({ name }) => name !== undefined);
  return html`<div class="likely-box" id="likely-found"><h2>${t('brake.likely-count', { count: likely.apps.length })}</h2>
<p>${t(likely.needsJustification ? 'brake.likely-strong' : 'brake.likely-weak')}</p>
${hidden('seen', likely.seen)}${likelyList(language, likely.apps, { chosen: values.instead })}
${mayUse && button({ id: 'use-existing', value: 'use-existing', label: t('brake.use-existing'), look: 'other' })}
${
  likely.needsJustification &&
  linesField({
    name: 'justification',
    label: t('brake.justification'),
    hint: t('brake.justification-hint'),
    value: values.justification,
    rows: 3,
    problems,
  })
}</div>`;
}

/** Where it is closed: why it has to be registered all the same, for whoever may give an exception. */
function exceptionPart({ language, isClosed, values }: NewAppContext, problems: readonly SaidProblem[]): Html | false {
  if (!isClosed) return false;
  const t = translate(language);
  return html`<div class="likely-box" id="closed-place">${linesField({
    name: 'justification',
    label: t('brake.exception'),
    hint: t('brake.exception-hint'),
    value: values.justification,
    rows: 3,
    problems,
  })}${button({ id: 'ask-exception', value: 'ask-exception', label: t('brake.ask-exception'), look: 'other' })}</div>`;
}

/** Most people work for one agency, and are not asked which. */
function agencyField(context: NewAppContext): Html | false {
  const { agencies, values, language } = context;
  if (agencies.length === 1) return hidden('agency', agencies[0]?.id);
  return choiceField({
    name: 'agency',
    label: translate(language)('console.agency'),
    value: values.agency,
    options: agencies.map(({ id, name }) => ({ value: id, label: name })),
    problems: [],
  });
}

const fresh: NewAppContext = {
  ...sampleConsoleFrame,
  agencies: [{ id: 'dinas-kesehatan', name: 'Dinas Kesehatan' }],
  values: {
    ...{ agency: 'dinas-kesehatan', name: '', stack: 'node', purpose: '', nameEn: '', purposeEn: '', clientId: '' },
    ...{ justification: '', instead: '' },
    redirectUri: 'http://localhost:8080/callback',
  },
};

export const newAppSamples: Record<string, NewAppContext> = {
  fresh,
  production: { ...fresh, sandbox: false, values: { ...fresh.values, redirectUri: '' } },
  'two-agencies-with-problems': {
    ...fresh,
    agencies: [...fresh.agencies, { id: 'rsud-contoh', name: 'RSUD Contoh' }],
    values: { ...fresh.values, name: 'Antrean RSUD', redirectUri: 'http://antrean/*', clientId: 'A' },
    problems: [
      { kind: 'said', text: 'Tujuan belum diisi.', field: 'purpose' },
      { kind: 'said', text: 'Alamat kembali belum benar.', field: 'redirect_uri' },
      { kind: 'said', text: 'ID belum benar.', field: 'client_id' },
    ],
  },
  likely: {
    ...fresh,
    values: { ...fresh.values, name: 'Puskesmas Daring', purpose: 'Mendaftar antrean puskesmas.' },
    likely: { apps: sampleLikely, seen: 'abc', needsJustification: true },
    problems: [{ kind: 'said', text: 'Tulis mengapa satu lagi diperlukan.', field: 'justification' }],
  },
  'a-little-likely': {
    ...fresh,
    values: { ...fresh.values, name: 'Antrean Kelurahan' },
    likely: { apps: sampleLikely.slice(1), seen: 'abc', needsJustification: false },
  },
  closed: {
    ...fresh,
    isClosed: true,
    values: { ...fresh.values, name: 'Antrean Kelurahan' },
    problems: [{ kind: 'said', text: 'Pendaftaran layanan baru di instansi ini ditutup.' }],
  },
  'used-another': {
    ...fresh,
    notice: { tone: 'done', text: 'Layanan baru tidak jadi dibuat. Pakailah Puskesmas Online.' },
  },
  hostile: {
    ...fresh,
    agencies: [
      { id: hostileText, name: hostileText },
      { id: 'x', name: hostileText },
    ],
    values: {
      ...{ agency: hostileText, name: hostileText, stack: 'node', purpose: hostileText, nameEn: hostileText },
      ...{ purposeEn: hostileText, clientId: hostileText, redirectUri: hostileText },
      ...{ justification: hostileText, instead: hostileText },
    },
    likely: { apps: hostileLikely, seen: hostileText, needsJustification: true },
    problems: [{ kind: 'said', text: hostileText, field: 'name' }],
  },
};
