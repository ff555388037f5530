import {
  hostileReleases,
  type ReleaseWay,
  type ShownRelease,
  sampleReleases,
  sayClaims,
  sayLookReason,
  sayRights,
  sayWay,
} from '../account/release-rows.ts';
import { type Html, html } from '../html.ts';
import { formatMoment, translate } from '../locale.ts';
import { button, field, form, hidden, radio } from '../parts/form.ts';
import { information } from '../parts/icons.ts';
import { type Problem, type SaidProblem, sayProblems } from '../parts/problem.ts';
import type { LookReason } from '../report-messages.ts';
import { hostileText } from '../samples.ts';
import type { Desk, TypedAtDesk } from './desk.ts';
import { crumbs } from './parts/crumbs.ts';
import { type Pages, pager } from './parts/pager.ts';
import { table } from './parts/table.ts';
import { type ConsoleFrame, consolePage, sampleConsoleFrame } from './shell.ts';

const reasons: readonly LookReason[] = ['asked-by-person', 'report-checked', 'misuse-examined', 'law-demands'];

/** Posts `action` = `look` with `desk`, `named`, `reason`, `case`. */
export type DeskReleasesContext = ConsoleFrame & {
  desks: readonly Desk[];
  typed?: (Omit<TypedAtDesk, 'name'> & { reason?: string | undefined }) | undefined;
  /** Nobody signs in with what was looked up. */
  foundNobody?: boolean | undefined;
  problems?: readonly Problem<never>[] | undefined;
};

/** `GET /console/desk/releases`: whose releases somebody of the staff wants to see, and why. */
export function deskReleasesPage(context: DeskReleasesContext): Html {
  const t = translate(context.language);
  const { language, foundNobody } = context;
  const said = sayProblems(language, context.problems, {});
  return consolePage(context, {
    title: t('console.desk-releases'),
    intro: t('desk-releases.intro'),
    problems: said,
    content: html`${foundNobody && html`<div class="notice notice-info" id="found-nobody" role="status">${information}<div><p>${t('desk-releases.found-nobody')}</p></div></div>`}
${lookPart(context, said)}`,
  });
}

function lookPart(context: DeskReleasesContext, problems: readonly SaidProblem[]): Html {
  const t = translate(context.language);
  const { desks, typed = {} } = context;
  const [only, ...more] = desks;
  const desk =
    more.length === 0
      ? hidden('desk', only?.id)
      : html`<fieldset><legend>${t('desk.at')}</legend>${desks.map(({ id, name }) => radio({ name: 'desk', value: id, label: name, chosen: (typed.desk ?? only?.id) === id }))}</fieldset>`;
  const problem = problems.find(({ field: at }) => at === 'reason');
  return html`<section class="part" aria-labelledby="look-title"><h2 id="look-title">${t('desk-releases.look-title')}</h2>
${form(context, [
  desk,
  field({
    ...{ name: 'named', label: t('desk.named'), hint: t('desk.named-hint'), value: typed.named, autocomplete: 'off' },
    ...{ maxlength: 254, plain: true, problems },
  }),
  html`<fieldset id="reason"${problem && html` class="field-wrong"`}><legend>${t('desk-releases.why')}</legend>${problem && html`<p class="wrong">${problem.text}</p>`}${reasons.map((value) => radio({ name: 'reason', value, label: asChoice(t(`look.reason-${value}`)), chosen: typed.reason === value }))}</fieldset>`,
  field({
    ...{ name: 'case', label: t('desk.case'), hint: t('desk.case-hint'), value: typed.caseNumber, autocomplete: 'off' },
    ...{ maxlength: 40, plain: true, problems },
  }),
  button({ id: 'look', value: 'look', label: t('desk-releases.look'), look: 'main' }),
])}</section>`;
}

/** What stands in the middle of a sentence elsewhere is a line of its own here. */
function asChoice(reason: string): string {
  return reason.charAt(0).toUpperCase() + reason.slice(1);
}

/** Posts `action` = `leave`. */
export type DeskReleasesOfContext = ConsoleFrame & {
  /** Whose they are. */
  name: string;
  desk: string;
  look: { role: 'desk' | 'operator'; reason: LookReason; caseNumber: string };
  releases: readonly ShownRelease[];
  pages: Pages;
};

/** `GET /console/desk/releases/person`: who read the data of one person, as names of apps and data. */
export function deskReleasesOfPage(context: DeskReleasesOfContext): Html {
  const t = translate(context.language);
  const { language, name, look, desk, releases } = context;
  return consolePage(context, {
    title: t('desk-releases.of', { name }),
    lead: crumbs(language, [{ link: '/console/desk/releases', label: t('console.desk-releases') }]),
    intro: t('desk-releases.seen', { why: sayLookReason(language, look) }),
    content: html`<p class="hint">${t('desk.case-head')} ${look.caseNumber} · ${desk}</p>
${releases.length > 0 ? releaseList(context) : html`<div class="empty" id="no-releases"><p>${t('desk-releases.none')}</p></div>`}
${form(context, button({ id: 'leave', value: 'leave', label: t('desk-releases.done'), look: 'other' }))}`,
  });
}

function releaseList({ language, timeZone, releases, pages }: DeskReleasesOfContext): Html {
  const t = translate(language);
  const often = (reads: number) => (reads > 1 ? ` · ${reads}×` : '');
  const way = (one: ReleaseWay) => sayWay(language, one, 'theirs');
  return html`${table<ShownRelease>({
    caption: t('desk-releases.list'),
    hook: { name: 'data-release', value: ({ id }) => id },
    columns: [
      {
        head: t('desk-releases.app'),
        kind: 'main',
        cell: ({ app }) => html`${app.name}<span class="below">${app.agency}</span>`,
      },
      { head: t('release.what'), cell: ({ claims }) => sayClaims(language, claims) },
      {
        head: t('release.basis'),
        cell: (release) => sayRights(language, release, 'theirs').map((right) => html`<p>${right}</p>`),
      },
      {
        head: t('release.when'),
        kind: 'short',
        cell: ({ at, way: one, reads }) =>
          html`${formatMoment(language, at, timeZone)}<span class="below">${way(one)}${often(reads)}</span>`,
      },
    ],
    rows: releases,
  })}${pager(language, pages)}`;
}

const full: DeskReleasesContext = {
  ...sampleConsoleFrame,
  section: 'desk-releases',
  desks: [
    { id: 'dukcapil', name: 'Dinas Dukcapil Kota Contoh' },
    { id: 'kecamatan', name: 'Kecamatan Contoh Utara' },
  ],
};

export const deskReleasesSamples: Record<string, DeskReleasesContext> = {
  full,
  'one-desk': { ...full, desks: full.desks.slice(0, 1) },
  'found-nobody': {
    ...full,
    foundNobody: true,
    typed: { named: 'karto@contoh.id', caseNumber: 'ADU/2026/0007', reason: 'report-checked' },
  },
  refused: {
    ...full,
    problems: [
      { kind: 'said', text: 'Belum dipilih mengapa Anda melihat.', field: 'reason' },
      { kind: 'said', text: 'Nomor kasus belum diisi atau tidak dapat dibaca.', field: 'case' },
    ],
  },
  hostile: {
    ...full,
    desks: [{ id: 'uji', name: hostileText }, ...full.desks],
    typed: { named: hostileText, caseNumber: hostileText },
  },
};

const of: DeskReleasesOfContext = {
  ...full,
  name: 'Karto Wibowo',
  desk: 'Dinas Dukcapil Kota Contoh',
  look: { role: 'desk', reason: 'asked-by-person', caseNumber: 'ADU/2026/0007' },
  releases: sampleReleases,
  pages: { next: '/console/desk/releases/person?after=x' },
};

export const deskReleasesOfSamples: Record<string, DeskReleasesOfContext> = {
  full: of,
  empty: { ...of, releases: [], pages: {} },
  hostile: {
    ...of,
    name: hostileText,
    desk: hostileText,
    look: { ...of.look, caseNumber: hostileText },
    releases: hostileReleases,
    pages: { first: 'javascript:1', next: 'javascript:1' },
  },
};
