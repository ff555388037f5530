import { type Html, html } from '../html.ts';
import { formatDay, formatList, formatNumber, formatRupiah, type MessageKey, translate } from '../locale.ts';
import { button, field, form, hidden, tickBox } from '../parts/form.ts';
import type { Notice } from '../parts/notice.ts';
import { type Problem, type SaidProblem, sayProblems } from '../parts/problem.ts';
import { hostileText } from '../samples.ts';
import { agencyLink } from './agency-page.ts';
import { recordLink } from './inventory.ts';
import { likeness, matchAnswers, type ShownMatch, sampleMatches } from './inventory-matches.ts';
import { crumbs } from './parts/crumbs.ts';
import { type DecisionPart, decisionPart, sampleDecisionPart } from './parts/decision.ts';
import { type Change, diff } from './parts/diff.ts';
import { facts as factList } from './parts/facts.ts';
import { choiceField, lineField, linesField } from './parts/fields.ts';
import { type AppState, stateDot } from './parts/state.ts';
import { table } from './parts/table.ts';
import { type ConsoleFrame, consolePage, sampleConsoleFrame } from './shell.ts';

/** The fields of a record, in their order; the names of a file's columns. */
const recordFields = [
  ...(['name', 'name_en', 'description', 'description_en', 'host', 'sectors', 'audience'] as const),
  ...(['service_code', 'claims', 'users', 'yearly_cost', 'technology', 'contact'] as const),
] as const;
export type RecordField = (typeof recordFields)[number];

/** What a form about a record holds, as typed; sectors and audience as ids. */
export type TypedRecord = Readonly<Record<Exclude<RecordField, 'sectors' | 'audience'>, string>> & {
  readonly sectors: readonly string[];
  readonly audience: readonly string[];
};

export const audiences = ['citizens', 'businesses', 'officials'] as const;
const audienceNames: Record<(typeof audiences)[number], MessageKey> = {
  citizens: 'inventory.audience-citizens',
  businesses: 'inventory.audience-businesses',
  officials: 'inventory.audience-officials',
};

type Choices = {
  sectors: readonly { id: string; name: string }[];
  typed: TypedRecord;
  problems?: readonly Problem<never>[] | undefined;
};

/** What a field is called; `key`, `agency`, `client_id` and `removed` too. */
export function fieldName(language: ConsoleFrame['language'], name: string): string {
  const known = [...recordFields, 'key', 'agency', 'client_id', 'removed'].includes(name as RecordField);
  return known ? translate(language)(`inventory.field-${name}` as MessageKey) : name;
}

const lineHints: Partial<Record<RecordField, MessageKey>> = {
  host: 'inventory.hint-host',
  service_code: 'inventory.hint-service_code',
  claims: 'inventory.hint-claims',
  users: 'inventory.hint-users',
  yearly_cost: 'inventory.hint-yearly_cost',
  contact: 'inventory.hint-contact',
};

/** All that may be said of a record; the field of a sector is `sector`, of an audience `audience-…`. */
function contentFields(frame: ConsoleFrame, { typed, sectors }: Choices, problems: readonly SaidProblem[]): Html {
  const { language } = frame;
  const t = translate(language);
  const line = (name: Exclude<RecordField, 'sectors' | 'audience'>): Html => {
    const hint = lineHints[name];
    const said = { name, label: fieldName(language, name), value: typed[name], problems };
    const isLong = name.startsWith('description');
    return isLong ? linesField(said) : lineField({ ...said, ...(hint && { hint: t(hint) }) });
  };
  const wrong = problems.find((one) => one.field === 'sectors');
  return html`${(['name', 'name_en', 'description', 'description_en', 'host'] as const).map(line)}
<fieldset id="sectors"><legend>${t('console.sector')}</legend>${wrong && html`<p class="wrong">${wrong.text}</p>`}${sectors.map(({ id, name }) => tickBox({ id: `sector-${id}`, name: 'sector', value: id, label: name, ticked: typed.sectors.includes(id) }))}</fieldset>
<fieldset><legend>${t('inventory.field-audience')}</legend>${audiences.map((one) => tickBox({ id: `audience-${one}`, name: `audience-${one}`, value: 'yes', label: t(audienceNames[one]), ticked: typed.audience.includes(one) }))}</fieldset>
${(['service_code', 'claims', 'users', 'yearly_cost', 'technology', 'contact'] as const).map(line)}`;
}

export type NewRecordContext = ConsoleFrame &
  Choices & {
    agency: string;
    key: string;
    /** Where the person may add; too many to choose from are typed. */
    agencies: readonly { id: string; name: string }[] | undefined;
  };

/** `GET /console/inventory/new`: an app that nobody has told of. */
export function newRecordPage(context: NewRecordContext): Html {
  const { language, agencies } = context;
  const t = translate(language);
  const problems = sayProblems(language, context.problems, {});
  const agency = { name: 'agency', label: t('console.agency'), value: context.agency, problems };
  const options = agencies?.map(({ id, name }) => ({ value: id, label: name }));
  return consolePage(context, {
    title: t('inventory.add'),
    intro: t('inventory.new-intro'),
    problems,
    lead: crumbs(language, [{ link: '/console/inventory', label: t('console.inventory') }]),
    content: form(context, [
      options ? choiceField({ ...agency, options }) : lineField({ ...agency, hint: t('inventory.hint-agency') }),
      lineField({
        ...{ name: 'key', label: t('inventory.field-key'), value: context.key, problems },
        hint: t('inventory.hint-key'),
      }),
      contentFields(context, context, problems),
      button({ id: 'save', value: 'add', label: t('inventory.save'), look: 'main' }),
    ]),
  });
}

/** A version of a record as its page tells it. */
export type RecordVersionLine = {
  number: number;
  at: Date;
  actor: string;
  via: string;
  reason?: string | undefined;
  changed: readonly string[];
  /** What it changed, value by value; nothing of the first. */
  changes: readonly Change[];
};

export type RecordContext = ConsoleFrame &
  Choices & {
    record: {
      id: string;
      key: string;
      name: string;
      number: number;
      agency: { id: string; name: string };
      updatedAt: Date;
      users?: number | undefined;
      yearlyCost?: number | undefined;
    };
    /** The connected app that is the same. */
    client?: { id: string; name: string; state: AppState; isSeen: boolean } | undefined;
    matches: readonly ShownMatch[];
    versions: readonly RecordVersionLine[];
    mayWrite: boolean;
    /** What is decided about it, and the way to decide. */
    decision: DecisionPart;
    notice?: Notice | undefined;
  };

/**
 * `GET /console/inventory/:record`. Posts `action` = `save` with `number`, the fields and `reason`; `remove` with `reason`;
 * `confirm` or `refuse` with `record` and `client`; `unlink`.
 */
export function recordPage(context: RecordContext): Html {
  const { language, record, mayWrite } = context;
  const t = translate(language);
  const problems = sayProblems(language, context.problems, {});
  return consolePage(context, {
    title: record.name,
    of: t('console.inventory'),
    problems,
    notice: context.notice,
    lead: crumbs(language, [{ link: '/console/inventory', label: t('console.inventory') }]),
    content: html`${facts(context)}
${sameApp(context)}
${decisionPart(context, context.decision)}
${mayWrite && editing(context, problems)}
${history(context)}
${mayWrite && removal(context)}`,
  });
}

function facts(context: RecordContext): Html {
  const { language, timeZone, record, typed } = context;
  const t = translate(language);
  const sectors = context.sectors.filter(({ id }) => typed.sectors.includes(id)).map(({ name }) => name);
  const served = audiences.filter((one) => typed.audience.includes(one)).map((one) => t(audienceNames[one]));
  const said = (name: Exclude<RecordField, 'sectors' | 'audience'>, value: string = typed[name]) =>
    value !== '' && { name: fieldName(language, name), value };
  return factList([
    { name: t('inventory.field-key'), value: html`<span class="code">${record.key}</span>` },
    {
      name: t('console.agency'),
      value: html`<a class="calm" href="${agencyLink(record.agency.id)}">${record.agency.name}</a>`,
    },
    said('name_en'),
    said('description'),
    said('description_en'),
    said('host'),
    sectors.length > 0 && { name: t('console.sector'), value: formatList(language, sectors) },
    served.length > 0 && { name: t('inventory.field-audience'), value: formatList(language, served) },
    said('service_code'),
    said('claims'),
    record.users !== undefined && said('users', formatNumber(language, record.users)),
    record.yearlyCost !== undefined && said('yearly_cost', formatRupiah(language, record.yearlyCost)),
    said('technology'),
    said('contact'),
    { name: t('inventory.updated'), value: formatDay(language, record.updatedAt, timeZone) },
  ]);
}

/** Which connected app it is, or which it may be. */
function sameApp(context: RecordContext): Html {
  const { language, client, mayWrite, matches, record } = context;
  const t = translate(language);
  if (client) {
    const name = client.isSeen
      ? html`<a href="/console/apps/${encodeURIComponent(client.id)}">${client.name}</a>`
      : client.name;
    const part = button({ id: 'unlink', value: 'unlink', label: t('inventory.unlink'), look: 'quiet' });
    return html`<h2>${t('inventory.same-app')}</h2>
<p id="linked">${name} · ${stateDot(language, client.state)}</p>${mayWrite && form(context, part)}`;
  }
  const rows = table<ShownMatch>({
    caption: t('inventory.matches'),
    hook: { name: 'data-match', value: ({ clientId }) => clientId },
    columns: [
      {
        head: t('inventory.match-client'),
        kind: 'main',
        cell: (match) =>
          html`<a id="${match.recordId}-${match.clientId}" href="/console/apps/${encodeURIComponent(match.clientId)}">${match.clientName}</a> <small>${match.clientAgency}</small>`,
      },
      { head: t('console.state'), kind: 'short', cell: ({ state }) => stateDot(language, state) },
      { head: t('inventory.match-score'), cell: (match) => likeness(language, match) },
      {
        head: t('inventory.match-answer'),
        kind: 'end',
        cell: (match) => matchAnswers(context, match, recordLink(record.id)) || '–',
      },
    ],
    rows: matches,
  });
  return html`<h2>${t('inventory.same-app')}</h2>
${matches.length > 0 ? rows : html`<p class="empty" id="no-match">${t('inventory.no-match')}</p>`}${mayWrite && linking(context)}`;
}

function linking(context: RecordContext): Html {
  const t = translate(context.language);
  return html`<details><summary>${t('inventory.link-other')}</summary>
${form(context, [
  hidden('record', context.record.id),
  field({
    ...{ name: 'client', label: t('inventory.link-id'), hint: t('inventory.link-hint'), autocomplete: 'off' },
    ...{ maxlength: 100, plain: true, problems: [] },
  }),
  button({ id: 'link', value: 'confirm', label: t('inventory.match-confirm'), look: 'other' }),
])}</details>`;
}

function editing(context: RecordContext, problems: readonly SaidProblem[]): Html {
  const t = translate(context.language);
  return html`<h2>${t('inventory.edit')}</h2>
<details id="edit"${problems.length > 0 && html` open`}><summary>${t('inventory.edit-open')}</summary>
${form(context, [
  hidden('number', String(context.record.number)),
  contentFields(context, context, problems),
  field({
    ...{ name: 'reason', label: t('inventory.reason'), hint: t('inventory.reason-hint') },
    ...{ autocomplete: 'off', maxlength: 300, problems },
  }),
  button({ id: 'save', value: 'save', label: t('inventory.save'), look: 'main' }),
])}</details>`;
}

function history(context: RecordContext): Html {
  const { language, timeZone } = context;
  const t = translate(language);
  const items = context.versions.map((version) => {
    const names = version.changed.map((name) => fieldName(language, name));
    const what = names.length > 0 ? formatList(language, names) : t('inventory.version-first');
    const who = [version.actor, t(`inventory.via-${version.via}` as MessageKey)].join(', ');
    return html`<li data-version="${version.number}"><strong>${formatDay(language, version.at, timeZone)}</strong> · ${what} <small>${who}${version.reason && html` · ${version.reason}`}</small>${version.changes.length > 0 && html`<details><summary>${t('inventory.version-diff', { number: version.number })}</summary>${diff(language, version.changes)}</details>`}</li>`;
  });
  return html`<h2>${t('inventory.history')}</h2><ul class="dots" id="record-versions">${items}</ul>`;
}

function removal(context: RecordContext): Html {
  const t = translate(context.language);
  return html`<h2>${t('inventory.remove')}</h2><p class="hint">${t('inventory.remove-hint')}</p>
<details><summary>${t('inventory.remove-open')}</summary>
${form(context, [
  hidden('number', String(context.record.number)),
  field({
    ...{ name: 'reason', id: 'remove-reason', label: t('inventory.reason') },
    ...{ autocomplete: 'off', maxlength: 300, problems: [] },
  }),
  button({ id: 'remove', value: 'remove', label: t('inventory.remove'), look: 'stop' }),
])}</details>`;
}

const sampleSectors = [
  { id: 'kesehatan', name: 'Kesehatan' },
  { id: 'pelayanan-publik', name: 'Portal pelayanan publik' },
];

const sampleTyped: TypedRecord = {
  ...{ name: 'Antrean Puskesmas', name_en: 'Health Centre Queue', host: 'antrean.dinkes.contoh.go.id' },
  description: 'Warga mengambil nomor antrean puskesmas dari rumah.',
  description_en: 'People take a queue number of their health centre at home.',
  ...{ sectors: ['kesehatan'], audience: ['citizens'], service_code: 'RAL.04.01.01', claims: 'name phone_number' },
  ...{ users: '48200', yearly_cost: '385000000', technology: 'PHP 7 dan MySQL' },
  contact: 'aplikasi@dinkes.contoh.go.id',
};

const emptyTyped: TypedRecord = {
  ...{ name: '', name_en: '', description: '', description_en: '', host: '', sectors: [], audience: [] },
  ...{ service_code: '', claims: '', users: '', yearly_cost: '', technology: '', contact: '' },
};

const at = new Date('2026-07-14T03:00:00Z');

const full: RecordContext = {
  ...sampleConsoleFrame,
  section: 'inventory',
  record: {
    ...{ id: 'a1b2c3d4e5', key: 'DK-001', name: 'Antrean Puskesmas', number: 3, updatedAt: at },
    agency: { id: 'dinas-kesehatan', name: 'Dinas Kesehatan' },
    ...{ users: 48_200, yearlyCost: 385_000_000 },
  },
  ...{ typed: sampleTyped, sectors: sampleSectors, matches: sampleMatches, mayWrite: true },
  decision: sampleDecisionPart,
  versions: [
    {
      ...{ number: 3, at, actor: 'Siti Rahayu', via: 'page', reason: 'Angka tahun 2026.', changed: ['users'] },
      changes: [{ label: 'Pengguna', before: '40000', after: '48200' }],
    },
    { ...{ number: 2, at, actor: 'seseorang', via: 'api', changed: ['client_id'] }, changes: [] },
    { ...{ number: 1, at, actor: 'perintah', via: 'command', changed: [] }, changes: [] },
  ],
};

export const recordSamples: Record<string, RecordContext> = {
  full,
  linked: {
    ...full,
    matches: [],
    client: { id: 'antrean', name: 'Antrean Puskesmas', state: 'live', isSeen: true },
    notice: { tone: 'done', text: 'Tersimpan.' },
  },
  elsewhere: {
    ...full,
    decision: { current: undefined, aboutLink: sampleDecisionPart.aboutLink },
    ...{ matches: [], mayWrite: false, typed: { ...emptyTyped, name: 'Arsip' } },
    client: { id: 'antrean', name: 'Antrean', state: 'draft', isSeen: false },
  },
  wrong: { ...full, problems: [{ kind: 'said', text: 'Ini bukan nama host.', field: 'host' }] },
  hostile: {
    ...full,
    record: { ...full.record, key: hostileText, name: hostileText, agency: { id: hostileText, name: hostileText } },
    typed: { ...sampleTyped, name: hostileText, description: hostileText, contact: hostileText, claims: hostileText },
    sectors: [{ id: 'kesehatan', name: hostileText }],
    versions: full.versions.map((version) => ({ ...version, actor: hostileText, reason: hostileText })),
  },
};

const fresh: NewRecordContext = {
  ...sampleConsoleFrame,
  section: 'inventory',
  ...{ agency: 'dinas-kesehatan', key: '', typed: emptyTyped, sectors: sampleSectors },
  agencies: [{ id: 'dinas-kesehatan', name: 'Dinas Kesehatan' }],
};

export const newRecordSamples: Record<string, NewRecordContext> = {
  fresh,
  wrong: {
    ...fresh,
    agencies: undefined,
    typed: { ...sampleTyped, host: hostileText },
    problems: [
      { kind: 'said', text: 'Ini wajib diisi.', field: 'key' },
      { kind: 'said', text: 'Ini bukan nama host.', field: 'host' },
    ],
  },
};
