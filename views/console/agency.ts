import { type Content, type Html, html } from '../html.ts';
import { type MessageKey, translate } from '../locale.ts';
import { button, field, form, hidden, tickBox } from '../parts/form.ts';
import { type Notice, noticeBox } from '../parts/notice.ts';
import { type Problem, type SaidProblem, type Saying, sayProblems } from '../parts/problem.ts';
import { hostileText } from '../samples.ts';
import { type AgencyKind, agencyKinds, sayKind } from './agencies.ts';
import { type AgencyHead, agencyLink, agencyPage, sampleAgencyHead } from './agency-page.ts';
import { crumbs } from './parts/crumbs.ts';
import { facts as factList } from './parts/facts.ts';
import { dot } from './parts/state.ts';
import { table } from './parts/table.ts';
import { type ConsoleFrame, consolePage, sampleConsoleFrame } from './shell.ts';

/** What a form about an agency holds, as typed. */
export type TypedAgency = {
  id: string;
  name: string;
  nameEn: string;
  legalName: string;
  kind: AgencyKind;
  domain: string;
  emailDomain: string;
  sectors: readonly string[];
};

/** A sector to choose, in the reader's language. */
export type ShownSector = { id: string; name: string };

/** An agency below another. */
export type AgencyBelow = { id: string; name: string; kind: AgencyKind; isOrphan: boolean };

type Kind = 'id' | 'taken' | 'name' | 'legal-name' | 'domain' | 'email-domain';

export type AgencyProblem = Problem<Kind>;

const sayings: Record<Kind, Saying> = {
  id: { key: 'agency.wrong-id', field: 'id' },
  taken: { key: 'agency.taken', field: 'id' },
  name: { key: 'agency.wrong-name', field: 'name' },
  'legal-name': { key: 'agency.wrong-legal-name', field: 'legal-name' },
  domain: { key: 'agency.wrong-domain', field: 'domain' },
  'email-domain': { key: 'agency.wrong-domain', field: 'email-domain' },
};

/**
 * The form posts to the page itself: `save` with `name`, `name-en`, `email-domain`, `sector` (several) and, where the official
 * details may be changed too, `legal-name`, `kind` and `domain`.
 */
export type AgencyContext = ConsoleFrame & {
  agency: AgencyHead;
  shown: TypedAgency;
  /** What the owners are called; undefined for whoever may not see the team. */
  owners?: readonly string[] | undefined;
  isOrphan: boolean;
  sectors: readonly ShownSector[];
  below: readonly AgencyBelow[];
  /** Whether there are more below than the page shows. */
  hasMore: boolean;
  /** Anywhere below, without anybody who could act for them. */
  orphans: readonly { id: string; name: string }[];
  /** What of it the person may change. */
  mayChange: 'nothing' | 'own' | 'all';
  typed?: TypedAgency | undefined;
  notice?: Notice | undefined;
  problems?: readonly AgencyProblem[] | undefined;
};

/** `GET /console/agencies/:agency`. */
export function agencyOverviewPage(context: AgencyContext): Html {
  const { language, agency } = context;
  const t = translate(language);
  const problems = sayProblems(language, context.problems, sayings);
  const orphanNotice = context.isOrphan && noticeBox({ tone: 'info', text: t('agency.no-owner-hint') });
  return agencyPage(context, agency, 'overview', {
    title: t('agency.facts'),
    notice: context.notice,
    problems,
    actions: html`<a class="button other" href="/console/apps?agency=${encodeURIComponent(agency.id)}"><span>${t('agency.apps')}</span></a>`,
    content: html`${orphanNotice}${facts(context)}
${context.orphans.length > 0 && orphanPart(context)}
${belowPart(context)}
${context.mayChange !== 'nothing' && changePart(context, problems)}`,
  });
}

function facts(context: AgencyContext): Html {
  const { language, shown, owners } = context;
  const t = translate(language);
  const names = context.sectors.filter(({ id }) => shown.sectors.includes(id)).map(({ name }) => name);
  const rows: { name: string; value: Content }[] = [
    { name: t('agency.legal-name'), value: shown.legalName },
    { name: t('agency.kind'), value: sayKind(language, shown.kind) },
    { name: t('agency.domain'), value: shown.domain },
    {
      name: t('agency.email-domain'),
      value: shown.emailDomain === '' ? t('agency.any-domain') : `@${shown.emailDomain}`,
    },
    { name: t('agency.sectors'), value: names.length > 0 ? names.join(', ') : t('agency.no-sectors') },
  ];
  const said = owners && (owners.length > 0 ? owners.join(', ') : dot('stopped', t('agency.no-owner')));
  return factList([...rows, ...(said ? [{ name: t('agency.owners'), value: said }] : [])]);
}

function orphanPart(context: AgencyContext): Html {
  const t = translate(context.language);
  const items = context.orphans.map(
    ({ id, name }) => html`<li data-orphan="${id}"><a href="${agencyLink(id, 'team')}">${name}</a></li>`,
  );
  return html`<h2>${t('agency.orphans')}</h2>
<p class="hint">${t('agency.orphans-hint')}</p>
<ul class="dots" id="orphans">${items}</ul>`;
}

function belowPart(context: AgencyContext): Html {
  const { language, agency } = context;
  const t = translate(language);
  const link = `/console/agencies/new?below=${encodeURIComponent(agency.id)}`;
  const list = table<AgencyBelow>({
    caption: t('agency.below'),
    hook: { name: 'data-agency', value: ({ id }) => id },
    columns: [
      {
        head: t('console.agency'),
        kind: 'main',
        cell: ({ id, name }) => html`<a href="${agencyLink(id)}">${name}</a>`,
      },
      { head: t('agency.kind'), kind: 'short', cell: ({ kind }) => sayKind(language, kind) },
      { head: t('team.state'), cell: ({ isOrphan }) => isOrphan && dot('stopped', t('agency.no-owner')) },
    ],
    rows: context.below,
  });
  return html`<h2>${t('agency.below')}</h2>
${context.below.length > 0 ? list : html`<p class="hint">${t('agency.nothing-below')}</p>`}
${context.hasMore && html`<p><a href="/console/agencies">${t('agency.all-below')}</a></p>`}
${context.mayChange !== 'nothing' && html`<p><a class="button other" id="add-below" href="${link}"><span>${t('agency.add-below')}</span></a></p>`}`;
}

function changePart(context: AgencyContext, problems: readonly SaidProblem[]): Html {
  const t = translate(context.language);
  const typed = context.typed ?? context.shown;
  const isAll = context.mayChange === 'all';
  return html`<details${problems.length > 0 && html` open`}><summary><h2>${t('agency.edit')}</h2></summary>
${!isAll && html`<p class="hint">${t('agency.official-hint')}</p>`}
${form(context, [
  isAll && nameFields(context, typed, problems),
  isAll && officialFields(context, typed, problems),
  ownFields(context, typed, problems),
  button({ id: 'save', value: 'save', label: t('agency.save'), look: 'main' }),
])}</details>`;
}

type FormFrame = ConsoleFrame & { sectors: readonly ShownSector[] };

function nameFields({ language }: FormFrame, typed: TypedAgency, problems: readonly SaidProblem[]): Content {
  const t = translate(language);
  const line = (name: string, key: MessageKey, value: string, maxlength: number) =>
    field({ name, label: t(key), value, autocomplete: 'off', maxlength, problems });
  return [
    line('name', 'agency.name', typed.name, 100),
    line('name-en', 'agency.name-en', typed.nameEn, 100),
    line('legal-name', 'agency.legal-name', typed.legalName, 200),
  ];
}

function officialFields({ language }: FormFrame, typed: TypedAgency, problems: readonly SaidProblem[]): Content {
  const t = translate(language);
  const kinds = agencyKinds.map(
    (kind) =>
      html`<option value="${kind}"${kind === typed.kind && html` selected`}>${sayKind(language, kind)}</option>`,
  );
  return [
    html`<div class="field"><label for="kind">${t('agency.kind')}</label><select id="kind" name="kind">${kinds}</select></div>`,
    field({
      ...{ name: 'domain', label: t('agency.domain'), value: typed.domain, hint: t('agency.domain-hint') },
      ...{ autocomplete: 'off', maxlength: 253, plain: true, problems },
    }),
  ];
}

function ownFields(context: FormFrame, typed: TypedAgency, problems: readonly SaidProblem[]): Content {
  const t = translate(context.language);
  const boxes = context.sectors.map(({ id, name }) =>
    tickBox({ id: `sector-${id}`, name: 'sector', value: id, label: name, ticked: typed.sectors.includes(id) }),
  );
  return [
    field({
      ...{ name: 'email-domain', label: t('agency.email-domain'), value: typed.emailDomain },
      ...{ hint: t('agency.email-domain-hint'), autocomplete: 'off', maxlength: 253, plain: true, problems },
    }),
    boxes.length > 0 && html`<fieldset><legend>${t('agency.sectors')}</legend>${boxes}</fieldset>`,
  ];
}

/** The form posts `add` to the page itself, with the fields of an agency and `below`. */
export type NewAgencyContext = ConsoleFrame & {
  below: { id: string; name: string };
  sectors: readonly ShownSector[];
  typed: TypedAgency;
  problems?: readonly AgencyProblem[] | undefined;
};

/** `GET /console/agencies/new?below=…`. */
export function newAgencyPage(context: NewAgencyContext): Html {
  const { language, typed, below } = context;
  const t = translate(language);
  const problems = sayProblems(language, context.problems, sayings);
  return consolePage(context, {
    lead: crumbs(language, [
      { link: '/console/agencies', label: t('console.agencies') },
      { link: `/console/agencies/${encodeURIComponent(below.id)}`, label: below.name },
    ]),
    title: t('agency.new-title'),
    intro: t('agency.new-below', { name: below.name }),
    problems,
    content: form(context, [
      hidden('below', below.id),
      nameFields(context, typed, problems),
      field({
        ...{ name: 'id', label: t('agency.id'), value: typed.id, hint: t('agency.id-hint') },
        ...{ autocomplete: 'off', maxlength: 63, plain: true, problems },
      }),
      officialFields(context, typed, problems),
      ownFields(context, typed, problems),
      button({ id: 'add-agency', value: 'add', label: t('agency.add'), look: 'main' }),
    ]),
  });
}

/** The form posts `found` with `name` to the page itself. */
export type TrialAgencyContext = ConsoleFrame & {
  typed?: string | undefined;
  problems?: readonly AgencyProblem[] | undefined;
};

/** `GET /console/agencies/new` of somebody without a role, in a sandbox. */
export function trialAgencyPage(context: TrialAgencyContext): Html {
  const { language } = context;
  const t = translate(language);
  const problems = sayProblems(language, context.problems, sayings);
  return consolePage(context, {
    title: t('agency.trial-title'),
    intro: t('agency.trial-intro'),
    problems,
    content: form(context, [
      field({
        ...{ name: 'name', label: t('agency.name'), value: context.typed },
        ...{ autocomplete: 'organization', maxlength: 100, problems },
      }),
      button({ id: 'found', value: 'found', label: t('agency.trial-add'), look: 'main' }),
    ]),
  });
}

const shown: TypedAgency = {
  id: 'dinkes-contoh',
  name: 'Dinas Kesehatan',
  nameEn: 'Health Office',
  legalName: 'Dinas Kesehatan Kabupaten Contoh',
  kind: 'unit',
  domain: 'dinkes.contoh.go.id',
  emailDomain: '',
  sectors: ['kesehatan'],
};

const sectors: readonly ShownSector[] = [
  { id: 'pendidikan', name: 'Pendidikan' },
  { id: 'kesehatan', name: 'Kesehatan' },
];

const owned: AgencyContext = {
  ...sampleConsoleFrame,
  section: 'agencies',
  agency: sampleAgencyHead,
  shown,
  owners: ['Siti Rahayu', 'Ratna Sari'],
  isOrphan: false,
  sectors,
  below: [],
  hasMore: false,
  orphans: [],
  mayChange: 'own',
};

const above: AgencyContext = {
  ...owned,
  shown: { ...shown, emailDomain: 'kabupaten.contoh.go.id', kind: 'regency' },
  below: [
    { id: 'bapenda-contoh', name: 'Badan Pendapatan Daerah', kind: 'unit', isOrphan: true },
    { id: 'dinkes-contoh', name: 'Dinas Kesehatan', kind: 'unit', isOrphan: false },
  ],
  hasMore: true,
  orphans: [{ id: 'bapenda-contoh', name: 'Badan Pendapatan Daerah' }],
  mayChange: 'all',
};

export const agencyOverviewSamples: Record<string, AgencyContext> = {
  owned,
  above,
  orphan: { ...above, owners: [], isOrphan: true },
  reader: { ...owned, owners: undefined, mayChange: 'nothing' },
  refused: { ...above, typed: { ...shown, domain: 'https://' }, problems: [{ kind: 'domain' }] },
  saved: { ...owned, notice: { tone: 'done', text: 'Data instansi disimpan.' } },
  hostile: {
    ...above,
    agency: { ...sampleAgencyHead, name: hostileText },
    shown: { ...shown, name: hostileText, legalName: hostileText, domain: hostileText, emailDomain: hostileText },
    owners: [hostileText],
    sectors: [{ id: 'kesehatan', name: hostileText }],
    below: [{ id: hostileText, name: hostileText, kind: 'unit', isOrphan: true }],
    orphans: [{ id: hostileText, name: hostileText }],
  },
};

const blank: TypedAgency = { ...shown, id: '', name: '', nameEn: '', legalName: '', domain: '', sectors: [] };

const fresh: NewAgencyContext = {
  ...sampleConsoleFrame,
  section: 'agencies',
  below: { id: 'kabupaten-contoh', name: 'Kabupaten Contoh' },
  sectors,
  typed: blank,
};

export const newAgencySamples: Record<string, NewAgencyContext> = {
  fresh,
  refused: { ...fresh, problems: [{ kind: 'id' }, { kind: 'name' }, { kind: 'domain' }] },
  taken: { ...fresh, typed: shown, problems: [{ kind: 'taken' }] },
  hostile: {
    ...fresh,
    below: { id: hostileText, name: hostileText },
    typed: { ...shown, id: hostileText, name: hostileText, nameEn: hostileText, domain: hostileText },
  },
};

export const trialAgencySamples: Record<string, TrialAgencyContext> = {
  fresh: { ...sampleConsoleFrame, section: 'mine', sections: ['mine'] },
  refused: { ...sampleConsoleFrame, section: 'mine', sections: ['mine'], problems: [{ kind: 'name' }] },
  hostile: { ...sampleConsoleFrame, section: 'mine', typed: hostileText },
};
