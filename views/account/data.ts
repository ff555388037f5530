import { compareClaims, findClaimLabel, listClaims, sayClaim } from '../claims.ts';
import { type Content, type Html, html } from '../html.ts';
import { basisName } from '../legal-basis.ts';
import { formatDuration, formatMoment, type MessageKey, translate } from '../locale.ts';
import type { Frame } from '../page.ts';
import { sayBrowser, sayNetwork } from '../parts/browser.ts';
import { masked } from '../parts/masked.ts';
import { sayPhone } from '../parts/phone.ts';
import type { SaidProblem } from '../parts/problem.ts';
import { isRole, type RoleName, sayRole } from '../roles.ts';
import { hostileText, sampleFrame } from '../samples.ts';
import type { HistoryKind } from './history.ts';
import { personalPage } from './shell.ts';

type GroupOf<Key> = Key extends `data.group-${infer Group}` ? Group : never;
type FieldOf<Key> = Key extends `data.field-${infer Field}` ? Field : never;

/** What belongs together: there is a heading, a reason and a time for each. */
export type DataGroup = GroupOf<MessageKey>;
type DataField = FieldOf<MessageKey>;

/** Rows of one table; of a long one the first few. */
export type DataRows = {
  table: string;
  rows: readonly Readonly<Record<string, unknown>>[];
  hasMore: boolean;
};

export type DataContext = Frame & {
  groups: readonly { group: DataGroup; tables: readonly DataRows[] }[];
  /** How many whole months that is kept which goes month by month. */
  keptMonths: Partial<Record<DataGroup, number>>;
  /** Whoever came back by contacts alone sees nothing of before. */
  isRestricted: boolean;
  now: Date;
  /** In how many seconds the file can be had again, where it was asked for too often. */
  downloadAgainIn?: number | undefined;
};

/** What of a row is worth a line on paper; the download has all. */
const shown: Readonly<Record<string, readonly DataField[]>> = {
  accounts: ['created_at', 'updated_at', 'language'],
  contacts: ['value', 'signs_in', 'confirmed_at'],
  passkeys: ['name', 'created_at', 'last_used_at'],
  passwords: ['set_at'],
  recovery_codes: ['created_at', 'used_at'],
  recoveries: ['started_at', 'ended_at'],
  identity_evidence: ['recorded_at', 'level'],
  desk_sheets: ['agency', 'case_number', 'issued_at', 'ended_at'],
  sessions: ['signed_in_at', 'last_seen_at', 'about'],
  devices: ['first_seen_at', 'last_seen_at'],
  permissions: ['app', 'basis', 'purpose', 'claims', 'given_at', 'expires_at', 'ended_at'],
  subjects: ['agency', 'sub', 'created_at'],
  releases: ['app', 'claims', 'first_at', 'last_at', 'reads'],
  withdrawals: ['app', 'at', 'due', 'acknowledged_at', 'law'],
  release_reports: ['app', 'at', 'due', 'answered_at'],
  memberships: ['agency', 'role', 'since', 'until'],
  client_testers: ['app', 'since'],
};

/** `GET /account/data`: all that is held about a person, with why and for how long; prints well. */
export function dataPage(context: DataContext): Html {
  const t = translate(context.language);
  return personalPage(context, {
    title: t('data.title'),
    section: 'data',
    intro: t('data.intro'),
    styles: ['print.css'],
    problems: enough(context),
    content: context.isRestricted
      ? html`<p id="restricted">${t('data.restricted')}</p>`
      : html`<p class="on-paper">${t('data.on-paper', { brand: context.brand, moment: formatMoment(context.language, context.now, context.timeZone) })}</p>
<p class="buttons no-print"><a class="button main" id="download" href="/account/data.json"><span>${t('data.download')}</span></a><a class="button other" id="correct" href="/account/data/correct"><span>${t('data.correct')}</span></a></p>
<p class="hint no-print">${t('data.download-hint')} ${t('data.print-hint')}</p>
<section class="part" id="clocks"><h2>${t('data.clocks-title')}</h2><p>${t('data.clocks')}</p></section>
${context.groups.map((one) => groupPart(context, one))}
<section class="part" id="left-out"><h2>${t('data.left-out-title')}</h2><p>${t('data.left-out')}</p></section>
<section class="part" id="stays"><h2>${t('data.stays-title')}</h2><p>${t('data.stays')}</p>
<p class="no-print"><a id="delete" href="/account/end">${t('data.delete')}</a></p></section>`,
  });
}

function enough({ language, downloadAgainIn: seconds }: DataContext): SaidProblem[] {
  if (seconds === undefined) return [];
  return [
    {
      text: translate(language)('data.download-enough', { wait: formatDuration(language, seconds) }),
      field: undefined,
    },
  ];
}

function groupPart(context: DataContext, { group, tables }: DataContext['groups'][number]): Html {
  const t = translate(context.language);
  const rows = tables.flatMap((table) => table.rows.map((row) => rowOf(context, table.table, row)));
  const kept = t(`data.kept-${group}`, { months: context.keptMonths[group] ?? 0 });
  const words = [t('data.why', { why: t(`data.why-${group}`) }), t('data.kept', { kept })];
  return html`<section class="part" id="data-${group}" aria-labelledby="data-${group}-title"><h2 id="data-${group}-title">${t(`data.group-${group}`)}</h2>
${words.map((text) => html`<p class="hint">${text}</p>`)}
${rows.some(Boolean) ? html`<ul class="rows">${rows}</ul>` : html`<p>${t('data.empty')}</p>`}
${tables.some(({ hasMore }) => hasMore) && html`<p class="hint" data-more="${group}">${t('data.more')}</p>`}</section>`;
}

function rowOf(context: DataContext, table: string, row: Readonly<Record<string, unknown>>): Html | false {
  const t = translate(context.language);
  const claims = table === 'accounts' ? claimsOf(context, row.profile) : [];
  const facts = (shown[table] ?? []).flatMap((field): [string, Content][] => {
    const value = sayField(context, field, row);
    return value === undefined ? [] : [[t(`data.field-${field}`), value]];
  });
  const all = table === 'account_events' ? [whatWhen(context, row)] : [...claims, ...facts];
  if (all.length === 0) return false;
  return html`<li class="row" data-held="${table}"><dl class="terms tight">${all.map(([label, value]) => html`<div><dt>${label}</dt><dd>${value}</dd></div>`)}</dl></li>`;
}

/** What happened and when, in one line. */
function whatWhen(context: DataContext, row: Readonly<Record<string, unknown>>): [string, Content] {
  const when = row.at instanceof Date ? formatMoment(context.language, row.at, context.timeZone) : '';
  return [when, sayWhat(context, row)];
}

function claimsOf(context: DataContext, profile: unknown): [string, Content][] {
  const told = Object.entries((profile ?? {}) as Record<string, unknown>).sort(([one], [other]) =>
    compareClaims(one, other),
  );
  return told.flatMap(([claim, value]) => {
    const said = sayClaim(context.language, claim, value);
    const label = findClaimLabel(context.language, claim);
    return said === undefined || label === undefined ? [] : [[label, masked(context, said)]];
  });
}

function sayField(context: DataContext, field: DataField, row: Readonly<Record<string, unknown>>): Content | undefined {
  const { language, timeZone } = context;
  const t = translate(language);
  if (field === 'due') return sayDue(context, row);
  if (field === 'last_at' && row.reads === 1) return undefined;
  const value = row[field];
  if (value === null || value === undefined || value === '') return undefined;
  if (value instanceof Date) return formatMoment(language, value, timeZone);
  if (typeof value === 'boolean') return t(value ? 'data.yes' : 'data.no');
  if (field === 'about') return sayPlace(context, value);
  if (field === 'claims' && Array.isArray(value)) return listClaims(language, value.map(String));
  if (field === 'value') return masked(context, row.kind === 'phone' ? sayPhone(String(value)) : String(value));
  if (field === 'role' && isRole(String(value))) return sayRole(language, value as RoleName);
  if (field === 'basis' && value !== 'consent') return basisName(language, String(value));
  const known = codes[`${field} ${value}`];
  return known ? t(known) : String(value);
}

/** What is kept as a code and has words of its own. */
const codes: Readonly<Record<string, MessageKey>> = {
  'language id': 'data.language-id',
  'language en': 'data.language-en',
  'basis consent': 'data.basis-consent',
  'level ial1': 'account.identity-ial1',
  'level ial2': 'account.identity-ial2',
  'level ial3': 'account.identity-ial3',
};

/** With which browser, and from where. */
function sayPlace({ language }: DataContext, about: unknown): string {
  const { browser, system, network } = about as Readonly<Record<'browser' | 'system' | 'network', string | undefined>>;
  return [sayBrowser({ browser, system }), network && sayNetwork(language, network)].filter(Boolean).join(', ');
}

function sayWhat({ language }: DataContext, { what, app, agency }: Readonly<Record<string, unknown>>): string {
  const t = translate(language);
  const names = {
    app: typeof app === 'string' ? app : t('history.some-app'),
    agency: typeof agency === 'string' ? agency : t('history.some-agency'),
  };
  return t(`history.was-${what as HistoryKind}`, names);
}

/** Until when the agency answers, or since when it is late. */
function sayDue(
  { language, timeZone, now }: DataContext,
  { due_at: due, acknowledged_at: acknowledged, answered_at: answered }: Readonly<Record<string, unknown>>,
): Content | undefined {
  if (!(due instanceof Date) || acknowledged || answered) return undefined;
  const date = formatMoment(language, due, timeZone);
  return due <= now
    ? html`<strong data-late>${translate(language)('data.late', { date })}</strong>`
    : translate(language)('data.due', { date });
}

const day = new Date('2026-11-20T02:00:00Z');

const full: DataContext = {
  ...sampleFrame,
  isRestricted: false,
  keptMonths: { releases: 24, history: 60 },
  now: new Date('2026-11-21T03:00:00Z'),
  groups: [
    {
      group: 'profile',
      tables: [
        {
          table: 'accounts',
          rows: [
            {
              profile: { name: 'Siti Rahayu', birthdate: '1985-03-02', address: { locality: 'Bandung' } },
              ...{ created_at: day, updated_at: day, language: 'id' },
            },
          ],
          hasMore: false,
        },
      ],
    },
    {
      group: 'contacts',
      tables: [
        { table: 'contacts', rows: [{ value: 'siti@contoh.id', signs_in: true, confirmed_at: day }], hasMore: false },
      ],
    },
    {
      group: 'apps',
      tables: [
        {
          table: 'subjects',
          rows: [{ agency: 'Dinas Kesehatan Kota Contoh', sub: 'k3J9xQ2vT8mB4cD6fH1sL5nR7wY0aZpE', created_at: day }],
          hasMore: false,
        },
      ],
    },
    { group: 'work', tables: [] },
    {
      group: 'devices',
      tables: [
        {
          table: 'sessions',
          rows: [{ signed_in_at: day, about: { browser: 'Chrome', network: '103.10.20.0/24' } }],
          hasMore: false,
        },
      ],
    },
    {
      group: 'releases',
      tables: [
        {
          table: 'releases',
          rows: [{ app: 'Puskesmas Online', claims: ['name', 'birthdate'], first_at: day, last_at: day, reads: 3 }],
          hasMore: true,
        },
      ],
    },
    {
      group: 'answers',
      tables: [
        {
          table: 'withdrawals',
          rows: [
            { app: 'Pajak Daerah', at: day, due_at: day },
            { app: 'Puskesmas Online', at: day, due_at: new Date('2026-11-23T02:00:00Z') },
          ],
          hasMore: false,
        },
      ],
    },
    {
      group: 'history',
      tables: [
        { table: 'account_events', rows: [{ at: day, what: 'sign-in.succeeded', app: 'Pajak Daerah' }], hasMore: true },
      ],
    },
  ],
};

export const dataSamples: Record<string, DataContext> = {
  full,
  restricted: { ...full, isRestricted: true, groups: [] },
  'too-often': { ...full, downloadAgainIn: 1_800 },
  'shared-device': { ...full, onSharedDevice: { signOutAt: '/account' } },
  hostile: {
    ...full,
    groups: [
      {
        group: 'apps',
        tables: [
          {
            table: 'permissions',
            rows: [{ app: hostileText, purpose: hostileText, claims: [hostileText], given_at: day }],
            hasMore: false,
          },
        ],
      },
      {
        group: 'profile',
        tables: [
          { table: 'accounts', rows: [{ profile: { name: hostileText }, language: hostileText }], hasMore: false },
        ],
      },
    ],
  },
};
