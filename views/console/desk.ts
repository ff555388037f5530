import { type Content, type Html, html } from '../html.ts';
import { formatDay, formatMoment, type Language, type MessageKey, translate } from '../locale.ts';
import { contactHint } from '../parts/contact-hint.ts';
import { button, field, form, hidden, radio, tickBox } from '../parts/form.ts';
import { information } from '../parts/icons.ts';
import type { Notice } from '../parts/notice.ts';
import { type Problem, type SaidProblem, sayProblems } from '../parts/problem.ts';
import { hostileText } from '../samples.ts';
import { crumbs } from './parts/crumbs.ts';
import { dot } from './parts/state.ts';
import { table } from './parts/table.ts';
import { type ConsoleFrame, consolePage, sampleConsoleFrame } from './shell.ts';

/** A service desk that the officer works at. */
export type Desk = { id: string; name: string };

export type SheetState = 'second-officer' | 'waiting' | 'used' | 'cancelled' | 'expired';
export type DocumentKind = 'ktp' | 'passport' | 'family-card' | 'driving-licence' | 'birth-certificate';

/** A sheet as officers know it: by the case, without the person. */
export type SheetLine = {
  id: string;
  state: SheetState;
  caseNumber: string;
  desk: string;
  document: DocumentKind;
  kind: 'first' | 'recovery';
  issuedAt: Date;
  readyAt: Date;
  /** Whether the reader issued it. */
  isOwn: boolean;
};

/** What was typed, when the page comes back with a problem. */
export type TypedAtDesk = {
  desk?: string | undefined;
  caseNumber?: string | undefined;
  named?: string | undefined;
  name?: string | undefined;
};

/**
 * Posts `action` = `look-up` (with `desk`, `named`, `case`) or `open-account` (with `desk`, `name`, `language`, `new-case`,
 * `document`, `seen`, `second`).
 */
export type DeskContext = ConsoleFrame & {
  desks: readonly Desk[];
  sheets: readonly SheetLine[];
  typed?: TypedAtDesk | undefined;
  /** Nobody signs in with what was looked up. */
  foundNobody?: boolean | undefined;
  notice?: Notice | undefined;
  problems?: readonly Problem<never>[] | undefined;
};

/** What each kind of document is called. */
export const documentNames: Record<DocumentKind, MessageKey> = {
  ktp: 'desk.document-ktp',
  passport: 'desk.document-passport',
  'family-card': 'desk.document-family-card',
  'driving-licence': 'desk.document-driving-licence',
  'birth-certificate': 'desk.document-birth-certificate',
};

/** `GET /console/desk`: whom an officer serves next, and the sheets that are still open. */
export function deskPage(context: DeskContext): Html {
  const t = translate(context.language);
  const said = sayProblems(context.language, context.problems, {});
  return consolePage(context, {
    title: t('console.desk'),
    intro: t('desk.intro'),
    notice: context.notice,
    problems: said,
    content: html`${context.foundNobody && html`<div class="notice notice-info" id="found-nobody" role="status">${information}<div><p>${t('desk.found-nobody')}</p></div></div>`}
<div class="desk-ways">${lookUpPart(context, said)}${newAccountPart(context, said)}</div>
${sheetsPart(context)}`,
  });
}

function lookUpPart(context: DeskContext, said: readonly SaidProblem[]): Html {
  const t = translate(context.language);
  const { typed = {} } = context;
  return html`<section class="part" aria-labelledby="look-up-title"><h2 id="look-up-title">${t('desk.look-up-title')}</h2>
<p class="hint">${t('desk.look-up-intro')}</p>
${form(context, [
  deskChoice(context, 'desk'),
  field({
    name: 'named',
    label: t('desk.named'),
    hint: t('desk.named-hint'),
    value: typed.named,
    autocomplete: 'off',
    maxlength: 254,
    plain: true,
    problems: said,
  }),
  caseField(context, 'case', typed.caseNumber, said),
  button({ id: 'look-up', value: 'look-up', label: t('desk.look-up'), look: 'main' }),
])}</section>`;
}

function newAccountPart(context: DeskContext, said: readonly SaidProblem[]): Html {
  const t = translate(context.language);
  const { typed = {} } = context;
  return html`<section class="part" aria-labelledby="new-account-title"><h2 id="new-account-title">${t('desk.new-title')}</h2>
<p class="hint">${t('desk.new-intro')}</p>
<details${(typed.name !== undefined || context.foundNobody) && html` open`}><summary id="open-new">${t('desk.new-open')}</summary>
${form(context, [
  deskChoice(context, 'new-desk'),
  field({
    name: 'name',
    label: t('desk.name'),
    hint: t('desk.name-hint'),
    value: typed.name,
    autocomplete: 'off',
    maxlength: 200,
    plain: true,
    problems: said,
  }),
  html`<fieldset><legend>${t('desk.language')}</legend>${radio({ name: 'language', value: 'id', label: 'Bahasa Indonesia', chosen: true })}${radio({ name: 'language', value: 'en', label: 'English' })}</fieldset>`,
  caseField(context, 'new-case', typed.caseNumber, said),
  documentFields(context, said),
  secondBox(context, false),
  button({ id: 'open-account', value: 'open-account', label: t('desk.open-account'), look: 'main' }),
])}</details></section>`;
}

function deskChoice(context: DeskContext, name: 'desk' | 'new-desk'): Content {
  const { desks, typed, language } = context;
  const [only, ...more] = desks;
  if (more.length === 0) return hidden(name, only?.id);
  return html`<fieldset><legend>${translate(language)('desk.at')}</legend>${desks.map(({ id, name: label }) =>
    radio({ name, value: id, label, chosen: (typed?.desk ?? only?.id) === id }),
  )}</fieldset>`;
}

function caseField(
  { language }: ConsoleFrame,
  name: 'case' | 'new-case',
  value: string | undefined,
  problems: readonly SaidProblem[],
): Html {
  const t = translate(language);
  const hint = t('desk.case-hint');
  return field({ name, label: t('desk.case'), hint, value, autocomplete: 'off', maxlength: 40, plain: true, problems });
}

function documentFields({ language }: ConsoleFrame, problems: readonly SaidProblem[]): Html {
  const t = translate(language);
  const problem = problems.find(({ field: at }) => at === 'document');
  return html`<fieldset id="document"${problem && html` class="field-wrong"`}><legend>${t('desk.document')}</legend>${problem && html`<p class="wrong">${problem.text}</p>`}${Object.entries(
    documentNames,
  ).map(([value, key]) => radio({ name: 'document', value, label: t(key) }))}</fieldset>
${tickBox({ id: 'seen', name: 'seen', value: 'yes', label: t('desk.seen') })}`;
}

/** Where one officer would do, two are worth more to the person. */
function secondBox({ language }: ConsoleFrame, isNeeded: boolean): Html | false {
  const label = translate(language)('desk.with-second');
  return !isNeeded && tickBox({ id: 'second', name: 'second', value: 'yes', label });
}

function sheetsPart(context: DeskContext): Html {
  const t = translate(context.language);
  const { language, timeZone, sheets } = context;
  const rows =
    sheets.length === 0
      ? html`<p class="hint" id="no-sheets">${t('desk.no-sheets')}</p>`
      : table<SheetLine>({
          caption: t('desk.sheets'),
          hook: { name: 'data-sheet', value: ({ id }) => id },
          columns: [
            {
              head: t('desk.case-head'),
              kind: 'main',
              cell: ({ id, caseNumber, desk }) =>
                html`<a href="/console/desk/sheets/${id}">${caseNumber}</a><span class="below">${desk}</span>`,
            },
            { head: t('console.state'), cell: (sheet) => sheetDot(language, sheet, timeZone) },
            { head: t('desk.document-head'), cell: ({ document }) => t(documentNames[document]) },
            {
              head: t('desk.issued-head'),
              kind: 'short',
              cell: ({ issuedAt }) => formatMoment(language, issuedAt, timeZone),
            },
          ],
          rows: sheets,
        });
  return html`<section class="part" aria-labelledby="sheets-title"><h2 id="sheets-title">${t('desk.sheets')}</h2>
<p class="hint">${t('desk.sheets-intro')}</p>${rows}</section>`;
}

/** In which state a sheet is, in words. */
export function sheetDot(
  language: Language,
  { state, readyAt, isOwn }: Pick<SheetLine, 'state' | 'readyAt' | 'isOwn'>,
  timeZone: string | undefined,
): Html {
  const t = translate(language);
  switch (state) {
    case 'second-officer':
      return dot('waiting', t(isOwn ? 'desk.state-second-own' : 'desk.state-second'));
    case 'waiting':
      return readyAt.getTime() > Date.now()
        ? dot('trial', t('desk.state-until', { ready: formatMoment(language, readyAt, timeZone) }))
        : dot('good', t('desk.state-ready'));
    case 'used':
      return dot('over', t('desk.state-used'));
    case 'cancelled':
      return dot('stopped', t('desk.state-cancelled'));
    case 'expired':
      return dot('over', t('desk.state-expired'));
  }
}

/** A person at the desk, as their account says it. */
export type PersonAtDesk = {
  name: string;
  contacts: readonly { kind: 'email' | 'phone'; value: string }[];
  proven?: 'ial1' | 'ial2' | 'ial3' | undefined;
  since: Date;
  isFrozen: boolean;
  isRestricted: boolean;
};

/** Posts `action` = `issue` (with `document`, `seen`, `second`) or `leave`. */
export type DeskPersonContext = ConsoleFrame & {
  served: PersonAtDesk;
  desk: string;
  caseNumber: string;
  kind: 'first' | 'recovery';
  needsSecond: boolean;
  /** When an open sheet was issued that another one would replace. */
  replaces?: Date | undefined;
  problems?: readonly Problem<never>[] | undefined;
};

/** `GET /console/desk/person`: whom the officer compares with the person and the document. */
export function deskPersonPage(context: DeskPersonContext): Html {
  const t = translate(context.language);
  const { language, timeZone, needsSecond, replaces } = context;
  const said = sayProblems(language, context.problems, {});
  return consolePage(context, {
    title: t('desk.person-title'),
    lead: crumbs(language, [{ link: '/console/desk', label: t('console.desk') }]),
    intro: t('desk.person-intro'),
    problems: said,
    content: html`${personFacts(context)}
${replaces && html`<div class="notice notice-info" id="replaces">${information}<div><p>${t('desk.replaces', { date: formatMoment(language, replaces, timeZone) })}</p></div></div>`}
<section class="part" aria-labelledby="issue-title"><h2 id="issue-title">${t('desk.issue-title')}</h2>
<p>${whatFollows(context)}</p>
${form(context, [
  documentFields(context, said),
  secondBox(context, needsSecond),
  html`<div class="buttons">${button({ id: 'issue', value: 'issue', label: t('desk.issue'), look: 'main' })}${button({ id: 'leave', value: 'leave', label: t('desk.leave'), look: 'quiet' })}</div>`,
])}</section>`,
  });
}

function whatFollows({ language, kind, needsSecond }: DeskPersonContext): string {
  const t = translate(language);
  if (needsSecond) return t('desk.needs-second');
  return t(kind === 'first' ? 'desk.at-once' : 'desk.waits');
}

/** What an officer compares with the document. */
export function personFacts(context: {
  language: Language;
  timeZone?: string | undefined;
  served: PersonAtDesk;
  desk: string;
  caseNumber: string;
}): Html {
  const t = translate(context.language);
  const { language, served, desk, caseNumber, timeZone } = context;
  const state = [
    served.isFrozen && dot('stopped', t('desk.frozen')),
    served.isRestricted && dot('waiting', t('desk.restricted')),
  ].filter((one) => one !== false);
  const facts: (readonly [string, Content])[] = [
    [t('claim.name'), html`<strong id="served-name">${served.name}</strong>`],
    [
      t('desk.contacts'),
      served.contacts.length > 0 ? served.contacts.map(contactHint).join(', ') : t('desk.no-contacts'),
    ],
    [t('desk.proven'), t(served.proven ? `desk.proven-${served.proven}` : 'desk.not-proven')],
    [t('desk.since'), formatDay(language, served.since, timeZone)],
    ...(state.length > 0 ? [[t('console.state'), html`<span class="dots">${state}</span>`] as const] : []),
    [t('desk.case-head'), html`${caseNumber} <span class="hint">${desk}</span>`],
  ];
  return html`<dl class="terms facts">${facts.map(([term, value]) => html`<div><dt>${term}</dt><dd>${value}</dd></div>`)}</dl>
<p class="hint">${t('desk.seen-by-owner')}</p>`;
}

/** One of each kind, for samples. */
export const sampleSheets: readonly SheetLine[] = [
  {
    id: '0a4b1c2d-0000-4000-8000-000000000001',
    state: 'second-officer',
    caseNumber: 'LKT/2026/0042',
    desk: 'Dinas Dukcapil Kota Contoh',
    document: 'ktp',
    kind: 'recovery',
    issuedAt: new Date('2026-11-21T02:10:00Z'),
    readyAt: new Date('2026-11-22T02:10:00Z'),
    isOwn: false,
  },
  {
    id: '0a4b1c2d-0000-4000-8000-000000000002',
    state: 'waiting',
    caseNumber: 'LKT/2026/0041',
    desk: 'Dinas Dukcapil Kota Contoh',
    document: 'passport',
    kind: 'recovery',
    issuedAt: new Date('2026-11-21T01:40:00Z'),
    readyAt: new Date('2126-11-22T01:40:00Z'),
    isOwn: true,
  },
  {
    id: '0a4b1c2d-0000-4000-8000-000000000003',
    state: 'waiting',
    caseNumber: 'LKT/2026/0040',
    desk: 'Kecamatan Contoh Utara',
    document: 'family-card',
    kind: 'first',
    issuedAt: new Date('2026-11-21T01:10:00Z'),
    readyAt: new Date('2026-11-21T01:10:00Z'),
    isOwn: true,
  },
];

const full: DeskContext = {
  ...sampleConsoleFrame,
  section: 'desk',
  desks: [
    { id: 'dukcapil', name: 'Dinas Dukcapil Kota Contoh' },
    { id: 'kecamatan', name: 'Kecamatan Contoh Utara' },
  ],
  sheets: sampleSheets,
};

export const deskSamples: Record<string, DeskContext> = {
  full,
  quiet: { ...full, desks: full.desks.slice(0, 1), sheets: [] },
  'found-nobody': { ...full, foundNobody: true, typed: { named: 'karto@contoh.id', caseNumber: 'LKT/2026/0043' } },
  refused: {
    ...full,
    typed: { name: '', caseNumber: '' },
    problems: [
      { kind: 'said', text: 'Nomor kasus belum diisi atau tidak dapat dibaca.', field: 'new-case' },
      { kind: 'said', text: 'Belum dicatat dokumen apa yang Anda lihat.', field: 'document' },
    ],
  },
  hostile: {
    ...full,
    person: hostileText,
    desks: [{ id: 'uji', name: hostileText }, ...full.desks],
    sheets: sampleSheets.map((sheet) => ({ ...sheet, id: hostileText, caseNumber: hostileText, desk: hostileText })),
    typed: { named: hostileText, name: hostileText, caseNumber: hostileText },
  },
};

/** Somebody at a desk, for samples. */
export const sampleServed: PersonAtDesk = {
  name: 'Karto Wibowo',
  contacts: [
    { kind: 'email', value: 'karto@contoh.id' },
    { kind: 'phone', value: '+6281234567890' },
  ],
  proven: 'ial2',
  since: new Date('2025-02-03T02:00:00Z'),
  isFrozen: false,
  isRestricted: true,
};

const person: DeskPersonContext = {
  ...sampleConsoleFrame,
  section: 'desk',
  served: sampleServed,
  desk: 'Dinas Dukcapil Kota Contoh',
  caseNumber: 'LKT/2026/0043',
  kind: 'recovery',
  needsSecond: true,
};

export const deskPersonSamples: Record<string, DeskPersonContext> = {
  'two-officers': { ...person, replaces: new Date('2026-11-20T02:10:00Z') },
  'one-officer': {
    ...person,
    needsSecond: false,
    served: { ...sampleServed, proven: undefined, isRestricted: false },
    problems: [{ kind: 'said', text: 'Belum dicatat dokumen apa yang Anda lihat.', field: 'document' }],
  },
  first: {
    ...person,
    kind: 'first',
    needsSecond: false,
    served: { ...sampleServed, contacts: [], proven: undefined, isRestricted: false },
  },
  frozen: { ...person, served: { ...sampleServed, isFrozen: true } },
  hostile: {
    ...person,
    desk: hostileText,
    caseNumber: hostileText,
    served: { ...sampleServed, name: hostileText, contacts: [{ kind: 'email', value: hostileText }] },
  },
};
