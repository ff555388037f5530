import { type Html, html } from '../../html.ts';
import { type Language, translate } from '../../locale.ts';
import { radio } from '../../parts/form.ts';
import { hostileText } from '../../samples.ts';
import { type AppState, dot, stateDot } from './state.ts';

/** One thing that two apps have in common; see the registry. Values are raw. */
export type LikelyReason = {
  code:
    | 'name'
    | 'name-en'
    | 'description'
    | 'description-en'
    | 'host'
    | 'domain'
    | 'service-code'
    | 'claims'
    | 'agency';
  value: number;
  what?: string | undefined;
};

/** An app that is like another one, as far as the reader may know it. */
export type ShownLikely = {
  ref: string;
  /** Undefined for one that another agency is still making. */
  name: string | undefined;
  agency: string;
  host: string | undefined;
  state: AppState | 'unconnected';
  isStrong: boolean;
  /** From 0 to 1. */
  score: number;
  reasons: readonly LikelyReason[];
};

/** A reason in words. */
function sayReason(language: Language, { code, value, what }: LikelyReason): string {
  const t = translate(language);
  const isNamed = code === 'host' || code === 'domain' || code === 'service-code';
  if (isNamed && what === undefined) return t(`duplicates.because-${code}-unnamed`);
  return t(`duplicates.because-${code}`, { value, what: what ?? '' });
}

/** Where an app stands, also one that is not connected, as a dot and a word. */
export function likelyState(language: Language, state: ShownLikely['state']): Html {
  return state === 'unconnected'
    ? dot('open', translate(language)('duplicates.unconnected'))
    : stateDot(language, state);
}

/**
 * Apps like another one, the likest first, with the reasons in words. Where one of them may be chosen there is a circle before
 * each: the field is named `instead`.
 */
export function likelyList(language: Language, apps: readonly ShownLikely[], choice?: { chosen: string }): Html {
  return html`<ul class="likely">${apps.map(
    (app) =>
      html`<li data-likely="${app.name === undefined ? 'hidden' : app.ref}">${headOf(language, app, choice)}${reasonsOf(language, app)}</li>`,
  )}</ul>`;
}

function headOf(language: Language, app: ShownLikely, choice: { chosen: string } | undefined): Html {
  const t = translate(language);
  const strength = app.isStrong && html` <span class="strongly">${t('duplicates.strong')}</span>`;
  if (app.name === undefined)
    return html`<p><strong>${t('duplicates.in-the-making', { agency: app.agency })}</strong>${strength}</p>`;
  const words = html`<strong>${app.name}</strong>${strength}<br><small>${app.agency}${app.host && ` · ${app.host}`} · ${likelyState(language, app.state)}</small>`;
  if (!choice) return html`<p>${words}</p>`;
  return radio({ name: 'instead', value: app.ref, label: words, chosen: choice.chosen === app.ref });
}

/** The reasons why two apps are likely the same, one by one. */
export function reasonsOf(language: Language, { reasons }: Pick<ShownLikely, 'reasons'>): Html {
  return html`<ul class="reasons">${reasons.map((reason) => html`<li>${sayReason(language, reason)}</li>`)}</ul>`;
}

export const sampleLikely: readonly ShownLikely[] = [
  {
    ref: 'client:puskesmas-online',
    name: 'Puskesmas Online',
    agency: 'Dinas Kesehatan',
    host: 'puskesmas.contoh.go.id',
    state: 'live',
    isStrong: true,
    score: 0.91,
    reasons: [
      { code: 'name', value: 92 },
      { code: 'host', value: 2, what: 'puskesmas.contoh.go.id' },
      { code: 'claims', value: 4 },
    ],
  },
  {
    ref: 'inventory:abcdefghij',
    name: 'Antrean Puskesmas',
    agency: 'Kementerian Kesehatan',
    host: undefined,
    state: 'unconnected',
    isStrong: false,
    score: 0.61,
    reasons: [
      { code: 'description', value: 71 },
      { code: 'service-code', value: 3, what: 'RAL.04.01' },
    ],
  },
  {
    ref: 'client:tersembunyi',
    name: undefined,
    agency: 'Dinas Kominfo',
    host: undefined,
    state: 'sandbox',
    isStrong: false,
    score: 0.55,
    reasons: [{ code: 'name-en', value: 68 }],
  },
];

export const hostileLikely: readonly ShownLikely[] = [
  {
    ...{ ref: 'client:jahat', name: hostileText, agency: hostileText, host: hostileText, state: 'live' },
    ...{ isStrong: true, score: 1, reasons: [{ code: 'host', value: 2, what: hostileText }] },
  },
];
