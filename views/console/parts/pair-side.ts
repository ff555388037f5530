/** An app as one of two that are likely the same, or as one of many that bear a name: no more of it than the reader may know. */
import { type Html, html } from '../../html.ts';
import { type Language, translate } from '../../locale.ts';
import { hostileText } from '../../samples.ts';
import type { ShownLikely } from './likely.ts';

/** One of two apps, as far as the reader may know it. */
export type PairSide = {
  /** Its name among all apps; of one whose name the reader may not know what stands for it. */
  ref: string;
  /** Undefined for one that another agency is still making. */
  name: string | undefined;
  agency: string;
  host: string | undefined;
  state: ShownLikely['state'];
  /** Its own page, where the reader may open it. */
  link: string | undefined;
};

/** Its name, or who is making it. */
export function nameOfSide(language: Language, { name, agency }: PairSide): string {
  return name ?? translate(language)('duplicates.in-the-making', { agency });
}

/** The same, as the way to its own page for whoever may open it. */
export function linkToSide(language: Language, side: PairSide): Html | string {
  const name = nameOfSide(language, side);
  return side.link ? html`<a href="${side.link}">${name}</a>` : name;
}

export const sampleSide: PairSide = {
  ref: 'client:puskesmas-online',
  name: 'Puskesmas Online',
  agency: 'Dinas Kesehatan',
  host: 'puskesmas.contoh.go.id',
  state: 'live',
  link: '/console/apps/puskesmas-online',
};
export const otherSampleSide: PairSide = {
  ref: 'inventory:abcdefghij',
  name: 'Antrean Puskesmas',
  agency: 'Kementerian Kesehatan',
  host: undefined,
  state: 'unconnected',
  link: undefined,
};
/** One that another agency is still making. */
export const hiddenSampleSide: PairSide = {
  ...otherSampleSide,
  ref: 'hidden:kXv3nQ8pLr2tYw6uZa1bCd',
  name: undefined,
  state: 'draft',
};
export const hostileSampleSide: PairSide = {
  ...{ ref: hostileText, name: hostileText, agency: hostileText, host: hostileText, state: 'live' },
  link: hostileText,
};
