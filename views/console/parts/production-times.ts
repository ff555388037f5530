import { type Html, html } from '../../html.ts';
import { formatDuration, type Language, translate } from '../../locale.ts';

/** How long apps took from being asked for to being live. */
export type ShownTimes = { apps: number; medianSeconds: number; slowestSeconds: number };

/** How long it takes to go live, in one sentence; nothing while no app has. */
export function productionTimes(language: Language, times: ShownTimes | undefined): Html | false {
  if (!times) return false;
  const median = formatDuration(language, times.medianSeconds);
  const slowest = formatDuration(language, times.slowestSeconds);
  return html`<p class="hint" id="production-times">${translate(language)('production.times', { count: times.apps, median, slowest })}</p>`;
}
