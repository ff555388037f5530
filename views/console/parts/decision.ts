import { type Content, type Html, html, safeAddress } from '../../html.ts';
import { formatDay, formatMoment, type Language, type MessageKey, translate } from '../../locale.ts';
import type { ConsoleFrame } from '../shell.ts';
import { type Fact, facts } from './facts.ts';
import { dot, type Tone } from './state.ts';

export const decisionKinds = ['keep', 'merge', 'retire', 'legacy'] as const;
export type DecisionKind = (typeof decisionKinds)[number];

/** What was decided about an app, as a sentence needs it. */
export type SaidDecision = {
  kind: DecisionKind;
  /** What follows it, by name. */
  successor?: string | undefined;
  /** The day of an end, as `2027-01-31`. */
  on?: string | undefined;
};

/** "Merged into Online Clinic on 1 March 2027." */
export function sayDecision(language: Language, { kind, successor, on }: SaidDecision): string {
  const t = translate(language);
  const values = { successor: successor ?? '', day: on ? sayDay(language, on) : '' };
  if (kind === 'keep') return t('decisions.say-keep');
  if (kind === 'merge') return t('decisions.say-merge', values);
  if (kind === 'retire') return t(successor ? 'decisions.say-retire-to' : 'decisions.say-retire', values);
  return t(successor ? 'decisions.say-legacy-to' : 'decisions.say-legacy', values);
}

/** A day without a zone, as people write it. */
export function sayDay(language: Language, day: string): string {
  const date = new Date(day);
  return Number.isNaN(date.getTime()) ? day : formatDay(language, date, 'UTC');
}

/** What a decision is called in a word. */
export function sayKind(language: Language, kind: DecisionKind): string {
  return translate(language)(`decisions.kind-${kind}`);
}

/** What became of a decision: it holds, waits for its day, was carried out, or holds no longer. */
export type Standing = 'holds' | 'ahead' | 'held' | 'carried-out' | 'undone' | 'replaced';

const standings: Record<Standing, { tone: Tone; label: MessageKey }> = {
  holds: { tone: 'good', label: 'decisions.standing-holds' },
  ahead: { tone: 'waiting', label: 'decisions.standing-ahead' },
  held: { tone: 'stopped', label: 'decisions.standing-held' },
  'carried-out': { tone: 'good', label: 'decisions.standing-carried-out' },
  undone: { tone: 'over', label: 'decisions.standing-undone' },
  replaced: { tone: 'over', label: 'decisions.standing-replaced' },
};

/** How a decision stands, as a dot and a word. */
export function standingDot(language: Language, standing: Standing): Html {
  const { tone, label } = standings[standing];
  return dot(tone, translate(language)(label));
}

/** A decision as a page shows it. */
export type ShownDecision = SaidDecision & {
  id: string;
  standing: Standing;
  /** Where the successor is looked at, for whoever may. */
  successorLink?: string | undefined;
  reason: string;
  /** Who decided, by name where the reader may know it. */
  by: string;
  at: Date;
  evidence: readonly { label: string; link: string }[];
};

/** What an app's page shows of decisions about it. */
export type DecisionPart = {
  /** What holds; nothing where nobody has decided so far. */
  current: ShownDecision | undefined;
  /** Where one decides, for whoever may. */
  decideLink?: string | undefined;
  /** Where all that was decided about it is read, and undone. */
  aboutLink: string;
};

/** What is decided about an app, on its page: the decision that holds, what it rests on, and the way to decide; nothing where there is neither. */
export function decisionPart(
  { language, timeZone }: ConsoleFrame,
  { current, decideLink, aboutLink }: DecisionPart,
): Html | false {
  if (!current && !decideLink) return false;
  const t = translate(language);
  const decide = safeAddress(decideLink);
  const about = safeAddress(aboutLink);
  const ways = html`<p class="actions">${decide && html`<a class="button other" id="decide" href="${decide}"><span>${t(current ? 'decisions.decide-anew' : 'decisions.decide')}</span></a>`}${about && html`<a id="decision-history" href="${about}">${t('decisions.history')}</a>`}</p>`;
  const said = current
    ? html`<div data-decision="${current.id}">${decisionFacts(language, current, timeZone)}</div>`
    : html`<p class="hint" id="undecided">${t('decisions.undecided')}</p>`;
  return html`<section class="block" id="decision" aria-labelledby="decision-title"><h2 id="decision-title">${t('decisions.part')}</h2>
${said}${ways}</section>`;
}

/** All that is known of one decision. */
export function decisionFacts(language: Language, shown: ShownDecision, timeZone?: string): Html {
  const t = translate(language);
  const all: (Fact | false)[] = [
    { name: t('decisions.what'), value: sentenceOf(language, shown) },
    { name: t('decisions.standing'), value: standingDot(language, shown.standing) },
    { name: t('decisions.reason'), value: shown.reason },
    shown.evidence.length > 0 && { name: t('decisions.evidence'), value: evidenceList(shown) },
    { name: t('decisions.by'), value: `${shown.by}, ${formatMoment(language, shown.at, timeZone)}` },
  ];
  return facts(all);
}

function sentenceOf(language: Language, shown: ShownDecision): Content {
  const link = safeAddress(shown.successorLink);
  const said = sayDecision(language, shown);
  return link ? html`${said} <a href="${link}">${translate(language)('decisions.to-successor')}</a>` : said;
}

function evidenceList({ evidence }: ShownDecision): Html {
  const items = evidence.flatMap(({ label, link }) => {
    const address = safeAddress(link);
    return address ? html`<li><a href="${address}" rel="noreferrer">${label}</a></li>` : [];
  });
  return html`<ul>${items}</ul>`;
}

/** The decision that the samples of pages share. */
export const sampleDecision: ShownDecision = {
  id: '0b7c1c0e-0000-4000-8000-000000000001',
  kind: 'merge',
  successor: 'Klinik Daring',
  on: '2027-03-01',
  standing: 'ahead',
  reason: 'Dua antrean untuk satu urusan; Klinik Daring sudah dipakai tiga provinsi.',
  by: 'Putri Lestari',
  at: new Date('2026-11-21T03:12:00Z'),
  evidence: [
    { label: 'berita-acara.pdf', link: '/console/evidence/abc' },
    { label: 'kemkes.go.id', link: 'https://kemkes.go.id/kajian' },
  ],
};

/** What the samples of an app's pages show of it. */
export const sampleDecisionPart: DecisionPart = {
  current: sampleDecision,
  decideLink: '/console/decisions/new?app=client%3Aantrean-lama',
  aboutLink: '/console/decisions/about/client%3Aantrean-lama',
};
