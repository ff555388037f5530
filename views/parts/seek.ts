import { type Html, html } from '../html.ts';
import { formatNumber, translate } from '../locale.ts';
import type { Frame } from '../page.ts';
import { glass } from './icons.ts';

/** A policy area in which there are services. */
export type SectorChoice = { id: string; name: string; services: number };

/** A field for words. It asks by GET, so that a result can be kept and shared; `within` goes along unseen. */
export function seekForm(
  { language }: Frame,
  wanted: { at: string; label: string; words?: string | undefined; example?: string; within?: Html | false },
): Html {
  const { at, label, words, example, within } = wanted;
  return html`<form method="get" action="${at}" role="search" class="seek">
<label for="q">${label}</label>
<div class="seek-line"><input type="search" id="q" name="q" value="${words}" autocomplete="off" maxlength="100"${example && html` placeholder="${example}"`}>${within}
<button type="submit" class="button main">${glass}<span>${translate(language)('services.find')}</span></button></div></form>`;
}

/** The field in which a person says what they need. */
export function serviceSearch(
  frame: Frame,
  { words, sector }: { words?: string | undefined; sector?: string | undefined },
): Html {
  const t = translate(frame.language);
  const within = sector !== undefined && html`<input type="hidden" name="sector" value="${sector}">`;
  return seekForm(frame, {
    ...{ at: '/account/services', label: t('services.search'), words, example: t('services.search-example'), within },
  });
}

/** The policy areas as links, with how many services each has; the chosen one leads back to all of them. */
export function sectorChoices(
  frame: Frame,
  {
    sectors,
    chosen,
    words,
  }: { sectors: readonly SectorChoice[]; chosen?: string | undefined; words?: string | undefined },
): Html | false {
  const t = translate(frame.language);
  const address = (sector: string | undefined): string => {
    const query = new URLSearchParams({ ...(words && { q: words }), ...(sector && { sector }) }).toString();
    return `/account/services${query && '?'}${query}`;
  };
  const all = html`<li><a href="${address(undefined)}"${!chosen && html` aria-current="true"`}>${t('services.every-sector')}</a></li>`;
  const links = sectors.map(
    ({ id, name, services }) =>
      html`<li><a href="${address(id)}"${id === chosen && html` aria-current="true"`} data-sector="${id}">${name} <span class="count">${formatNumber(frame.language, services)}</span></a></li>`,
  );
  return (
    sectors.length > 0 &&
    html`<nav class="sectors" aria-label="${t('services.by-sector')}"><ul>${chosen !== undefined || words ? all : false}${links}</ul></nav>`
  );
}
