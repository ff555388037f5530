import { type Html, html } from '../html.ts';
import { formatDay, formatMoment, formatNumber, type MessageKey, translate } from '../locale.ts';
import { button, form, uploadForm } from '../parts/form.ts';
import { type Notice, noticeBox } from '../parts/notice.ts';
import { type Problem, sayProblems } from '../parts/problem.ts';
import { hostileText } from '../samples.ts';
import { fieldName } from './inventory-record.ts';
import { crumbs } from './parts/crumbs.ts';
import { facts } from './parts/facts.ts';
import { choiceField, fileField, lineField } from './parts/fields.ts';
import { type Pages, pager } from './parts/pager.ts';
import { dot, type Tone } from './parts/state.ts';
import { table } from './parts/table.ts';
import { type ConsoleFrame, consolePage, sampleConsoleFrame } from './shell.ts';

const importStatuses = [
  ...(['waiting', 'checking', 'checked', 'applying', 'applied', 'failed', 'given-up'] as const),
] as const;
export type ImportStatus = (typeof importStatuses)[number];

const tones: Record<ImportStatus, Tone> = {
  waiting: 'trial',
  checking: 'trial',
  checked: 'waiting',
  applying: 'trial',
  applied: 'good',
  failed: 'stopped',
  'given-up': 'over',
};

/** An import as lists show it. */
export type ListedImport = {
  id: string;
  fileName: string;
  agency: string;
  status: ImportStatus;
  actor: string;
  createdAt: Date;
  rowsTotal: number;
  rowsDone: number;
  created: number;
  updated: number;
  unchanged: number;
  refused: number;
};

function statusDot({ language }: ConsoleFrame, status: ImportStatus): Html {
  return dot(tones[status], translate(language)(`inventory.import-${status}` as MessageKey));
}

export type ImportsContext = ConsoleFrame & {
  imports: readonly ListedImport[];
  agency: string;
  /** For which agencies the person may send one; too many to choose from are typed. */
  agencies: readonly { id: string; name: string }[] | undefined;
  /** Names of the columns that a file may have. */
  columns: readonly string[];
  problems?: readonly Problem<never>[] | undefined;
};

/** `GET /console/inventory/imports`. Posts `agency` and the `file`. */
export function importsPage(context: ImportsContext): Html {
  const { language, agencies, columns } = context;
  const t = translate(language);
  const problems = sayProblems(language, context.problems, {});
  const agency = { name: 'agency', label: t('console.agency'), value: context.agency, problems };
  const options = agencies?.map(({ id, name }) => ({ value: id, label: name }));
  return consolePage(context, {
    title: t('inventory.imports'),
    intro: t('inventory.imports-intro'),
    problems,
    lead: crumbs(language, [{ link: '/console/inventory', label: t('console.inventory') }]),
    content: html`${uploadForm(context, [
      options
        ? choiceField({ ...agency, hint: t('inventory.import-agency-hint'), options })
        : lineField({ ...agency, hint: t('inventory.hint-agency') }),
      fileField({
        ...{ name: 'file', label: t('inventory.import-file'), hint: t('inventory.import-file-hint') },
        ...{ accept: '.csv,text/csv', problems },
      }),
      button({ id: 'send', value: 'send', label: t('inventory.import-send'), look: 'main' }),
    ])}
<details><summary>${t('inventory.import-columns')}</summary><p>${t('inventory.import-columns-hint')}</p>
<ul class="dots">${columns.map((name) => html`<li><code>${name}</code> ${fieldName(language, name)}</li>`)}</ul></details>
<h2>${t('inventory.imports-before')}</h2>
${context.imports.length > 0 ? importTable(context) : html`<p class="empty" id="no-imports">${t('inventory.no-imports')}</p>`}`,
  });
}

function importTable(context: ImportsContext): Html {
  const { language, timeZone } = context;
  const t = translate(language);
  return table<ListedImport>({
    caption: t('inventory.imports'),
    hook: { name: 'data-import', value: ({ id }) => id },
    columns: [
      {
        head: t('inventory.import-file'),
        kind: 'main',
        cell: ({ id, fileName, agency }) => html`<a href="${importLink(id)}">${fileName}</a> <small>${agency}</small>`,
      },
      { head: t('console.state'), kind: 'short', cell: ({ status }) => statusDot(context, status) },
      { head: t('inventory.import-rows'), kind: 'number', cell: ({ rowsTotal }) => formatNumber(language, rowsTotal) },
      { head: t('inventory.import-refused'), kind: 'number', cell: ({ refused }) => formatNumber(language, refused) },
      { head: t('console.version-who'), cell: ({ actor }) => actor },
      {
        head: t('console.version-when'),
        kind: 'short',
        cell: ({ createdAt }) => formatDay(language, createdAt, timeZone),
      },
    ],
    rows: context.imports,
  });
}

/** Where an import is. */
function importLink(id: string): `/${string}` {
  return `/console/inventory/imports/${encodeURIComponent(id)}`;
}

/** Something wrong in a row: what it is and what to do, in the reader's language. */
export type ImportMistakeLine = { row: number; field: string; given?: string | undefined; text: string };

export type ImportContext = ConsoleFrame & {
  shown: ListedImport;
  expiresAt: Date;
  mistakes: readonly ImportMistakeLine[];
  /** Whether the person may apply it or give it up. */
  mayDecide: boolean;
  pages: Pages;
  notice?: Notice | undefined;
};

const isUnderWay = ({ status }: ListedImport) => status === 'waiting' || status === 'checking' || status === 'applying';

/** `GET /console/inventory/imports/:import`: what it would change, how far it is. Posts `action` = `apply` or `give-up`. */
export function importPage(context: ImportContext): Html {
  const { language, shown, mistakes } = context;
  const t = translate(language);
  return consolePage(context, {
    title: shown.fileName,
    of: t('inventory.imports'),
    notice: context.notice,
    lead: crumbs(language, [
      { link: '/console/inventory', label: t('console.inventory') },
      { link: '/console/inventory/imports', label: t('inventory.imports') },
    ]),
    content: html`${standing(context)}
${answers(context)}
${
  mistakes.length > 0 &&
  html`<h2>${t('inventory.import-mistakes')}</h2>
<p><a class="button other" id="mistakes-csv" href="${importLink(shown.id)}/errors.csv" download="kesalahan.csv"><span>${t('inventory.import-mistakes-csv')}</span></a></p>
${mistakeTable(context)}${pager(language, context.pages)}`
}`,
  });
}

function standing(context: ImportContext): Html {
  const { language, timeZone, shown } = context;
  const t = translate(language);
  const number = (value: number) => formatNumber(language, value);
  const isDone = shown.status === 'applied' || shown.status === 'applying';
  const counts = (['created', 'updated', 'unchanged', 'refused'] as const).map((one) => ({
    name: t(`inventory.import-${isDone || one === 'refused' ? one : `would-${one}`}` as MessageKey),
    value: html`<span id="count-${one}">${number(shown[one])}</span>`,
  }));
  const progress =
    isUnderWay(shown) &&
    noticeBox({
      tone: 'info',
      text: html`<p><label for="progress">${t('inventory.import-progress', { done: shown.rowsDone, total: shown.rowsTotal })}</label> <progress id="progress" max="${Math.max(1, shown.rowsTotal)}" value="${shown.rowsDone}"></progress></p>
<p><a href="${importLink(shown.id)}" id="reload">${t('inventory.import-reload')}</a></p>`,
    });
  return html`${progress}${facts([
    { name: t('console.state'), value: statusDot(context, shown.status) },
    { name: t('console.agency'), value: shown.agency },
    { name: t('console.version-who'), value: shown.actor },
    { name: t('console.version-when'), value: formatMoment(language, shown.createdAt, timeZone) },
    { name: t('inventory.import-rows'), value: number(shown.rowsTotal) },
    ...counts,
  ])}`;
}

function answers(context: ImportContext): Html | false {
  const { language, timeZone, shown } = context;
  const t = translate(language);
  const until = t('inventory.import-until', { date: formatDay(language, context.expiresAt, timeZone) });
  const changes = shown.created + shown.updated;
  const apply =
    shown.status === 'checked' &&
    changes > 0 &&
    button({ id: 'apply', value: 'apply', label: t('inventory.import-apply', { count: changes }), look: 'main' });
  const mayGiveUp = ['waiting', 'checking', 'checked', 'failed'].includes(shown.status);
  if (!mayGiveUp) return false;
  const said =
    shown.status === 'failed'
      ? t('inventory.import-failed-next')
      : shown.refused > 0 && changes > 0 && t('inventory.import-part');
  const nothing = shown.status === 'checked' && changes === 0 && t('inventory.import-nothing');
  return html`<p>${[said, nothing].filter(Boolean).join(' ')} <small>${until}</small></p>${
    context.mayDecide &&
    form(
      context,
      html`<p class="choices">${apply}
${button({ id: 'give-up', value: 'give-up', label: t('inventory.import-give-up'), look: apply ? 'quiet' : 'other' })}</p>`,
    )
  }`;
}

function mistakeTable({ language, mistakes }: ImportContext): Html {
  const t = translate(language);
  return table<ImportMistakeLine>({
    caption: t('inventory.import-mistakes'),
    columns: [
      { head: t('inventory.import-row'), kind: 'short', cell: ({ row }) => formatNumber(language, row) },
      { head: t('inventory.import-field'), kind: 'short', cell: ({ field }) => fieldName(language, field) || '–' },
      { head: t('inventory.import-given'), cell: ({ given }) => given ?? '–' },
      { head: t('inventory.import-what'), cell: ({ text }) => text },
    ],
    rows: mistakes,
  });
}

const at = new Date('2026-07-14T03:00:00Z');
const checked: ListedImport = {
  ...{ id: '4f6c1f0e-9f3b-4f56-8b52-0c8d3e4f5a61', fileName: 'inventaris-2026.csv', agency: 'Provinsi Contoh' },
  ...{ status: 'checked', actor: 'Siti Rahayu', createdAt: at },
  ...{ rowsTotal: 27_000, rowsDone: 27_000, created: 21_044, updated: 318, unchanged: 5_601, refused: 37 },
};

const imports: ImportsContext = {
  ...sampleConsoleFrame,
  section: 'inventory',
  imports: importStatuses.map((status) => ({ ...checked, status })),
  agency: 'provinsi-contoh',
  agencies: [{ id: 'provinsi-contoh', name: 'Provinsi Contoh' }],
  columns: ['agency', 'key', 'name', 'host'],
};

export const importsSamples: Record<string, ImportsContext> = {
  full: imports,
  none: { ...imports, imports: [], agencies: undefined },
  wrong: { ...imports, problems: [{ kind: 'said', text: 'Pilih sebuah berkas.', field: 'file' }] },
  hostile: {
    ...imports,
    imports: [{ ...checked, fileName: hostileText, agency: hostileText, actor: hostileText }],
    agencies: [{ id: hostileText, name: hostileText }],
  },
};

const full: ImportContext = {
  ...sampleConsoleFrame,
  section: 'inventory',
  ...{ shown: checked, expiresAt: new Date('2026-10-12T03:00:00Z'), mayDecide: true },
  mistakes: [
    { row: 12, field: 'users', given: '12 juta', text: 'Ini bukan bilangan bulat. Tulis angkanya saja.' },
    { row: 90, field: 'contact', text: 'Kontak ini bukan alamat surel atau nomor telepon kantor.' },
    { row: 90, field: '', text: 'Jumlah kolom baris ini tidak sama dengan judulnya.' },
  ],
  pages: { next: '?after=WyJ' },
};

export const importSamples: Record<string, ImportContext> = {
  full,
  working: { ...full, shown: { ...checked, status: 'applying', rowsDone: 12_500 }, mistakes: [], pages: {} },
  done: { ...full, shown: { ...checked, status: 'applied' }, notice: { tone: 'done', text: 'Selesai.' } },
  failed: { ...full, shown: { ...checked, status: 'failed', rowsTotal: 0, created: 0, updated: 0 } },
  nothing: { ...full, shown: { ...checked, created: 0, updated: 0, refused: 0 }, mistakes: [], mayDecide: false },
  hostile: {
    ...full,
    shown: { ...checked, fileName: hostileText, agency: hostileText, actor: hostileText },
    mistakes: [{ row: 1, field: hostileText, given: hostileText, text: hostileText }],
  },
};
