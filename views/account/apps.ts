import { listClaims, MOST_NAMED } from '../claims.ts';
import type { ShownSuccessor } from '../ended.ts';
import { type Html, html, safeAddress } from '../html.ts';
import { formatDay, formatNumber, translate } from '../locale.ts';
import type { Frame } from '../page.ts';
import type { Notice } from '../parts/notice.ts';
import { seekForm } from '../parts/seek.ts';
import { tile } from '../parts/tile.ts';
import { hostileText, sampleFrame } from '../samples.ts';
import { type Pages, pager } from './pager.ts';
import { rowForm } from './part.ts';
import { personalPage } from './shell.ts';

/** An app that may read something of the person. */
export type ConnectedApp = {
  clientId: string;
  name: string;
  agency: string;
  domain: string;
  logo?: string | undefined;
  home?: string | undefined;
  /** Names of the claims it may read. */
  claims: readonly string[];
  since: Date;
  lastUsed?: Date | undefined;
  /** Whether it reads something by another basis than consent: it is left then. */
  isByLaw?: boolean | undefined;
  /** The app has ended, or ends soon. */
  ending?: { text: string; isOver: boolean; successor: ShownSuccessor | undefined } | undefined;
};

/** Each row's form posts `client` and `action` = `disconnect` to the page itself. */
export type AppsContext = Frame & {
  /** What was looked for. */
  words?: string | undefined;
  apps: readonly ConnectedApp[];
  /** How many there are in all. */
  count: number;
  pages: Pages;
  notice?: Notice | undefined;
};

/** Every app that may read something of the person. */
export function appsPage(context: AppsContext): Html {
  const t = translate(context.language);
  const { apps, count, words, language } = context;
  return personalPage(context, {
    title: t('account.apps'),
    section: 'apps',
    intro: count > 0 || words ? t('account.apps-intro') : t('account.no-apps'),
    notice: context.notice,
    content: html`${(count > FEW || words) && seekForm(context, { at: '/account/apps', label: t('apps.search'), words })}
${count > 0 && html`<p class="hint" id="count">${t('apps.count', { count, number: formatNumber(language, count) })}</p>`}
${apps.length > 0 ? html`<section class="part"><ul class="rows">${apps.map((app, index) => appRow(context, app, `app-${index}`))}</ul></section>` : nothing(context)}
${pager(language, context.pages)}`,
  });
}

/** What to do where there is nothing. */
function nothing({ language, words }: AppsContext): Html {
  const t = translate(language);
  if (!words)
    return html`<p class="buttons"><a class="button main" id="find" href="/account/services"><span>${t('personal.services')}</span></a></p>`;
  return html`<p class="empty" id="none-found">${t('apps.none-found', { words })}<br><a href="/account/apps">${t('apps.show-all')}</a></p>`;
}

/** So many are overlooked at a glance. */
const FEW = 6;

/** One of them, with the way to all about it and to its end. */
export function appRow(context: Frame, app: ConnectedApp, id: string): Html {
  const { language, timeZone } = context;
  const t = translate(language);
  const since = t('account.since', { date: formatDay(language, app.since, timeZone) });
  const lastUsed = app.lastUsed && t('account.last-used', { date: formatDay(language, app.lastUsed, timeZone) });
  const label = t(app.isByLaw ? 'account.leave' : 'account.disconnect');
  return html`<li class="row" data-client="${app.clientId}">${tile(app.name, app.logo)}
<div class="row-words"><h3 id="${id}"><a href="/account/apps/${encodeURIComponent(app.clientId)}">${app.name}</a></h3>
<p>${app.agency} <span class="domain">${app.domain}</span></p>
${app.claims.length > 0 && html`<p>${t('account.reads', { claims: listClaims(language, app.claims, MOST_NAMED) })}</p>`}
${endingOf(context, app)}<p class="hint">${since}${lastUsed && ` · ${lastUsed}`}</p></div>
${rowForm(context, { name: 'client', value: app.clientId, action: 'disconnect', label, hook: 'disconnect', describedBy: id })}</li>`;
}

export function endingOf(
  { language }: Frame,
  { clientId, ending }: Pick<ConnectedApp, 'clientId' | 'ending'>,
): Html | false {
  if (!ending) return false;
  const { text, successor } = ending;
  const link = safeAddress(successor?.link);
  const go =
    successor &&
    link &&
    html` <a href="${link}">${translate(language)('ended.go', { successor: successor.name })}</a> (${successor.host})`;
  return html`<p data-ending="${clientId}">${text}${go}</p>
`;
}

export const sampleApps: readonly ConnectedApp[] = [
  {
    clientId: 'puskesmas-online',
    name: 'Puskesmas Online',
    agency: 'Kementerian Kesehatan',
    domain: 'puskesmas.contoh.go.id',
    home: 'http://localhost:3001/',
    claims: ['name', 'email', 'birthdate'],
    since: new Date('2026-09-03T02:00:00Z'),
    lastUsed: new Date('2026-11-20T02:00:00Z'),
  },
  {
    clientId: 'pajak-daerah',
    name: 'Pajak Daerah',
    agency: 'Badan Pendapatan Daerah Provinsi Contoh',
    domain: 'pajak.contoh.go.id',
    claims: ['name', 'email', 'address', 'phone_number', 'gender', 'birthdate'],
    since: new Date('2026-10-11T02:00:00Z'),
  },
  {
    clientId: 'lapor-penduduk',
    name: 'Lapor Penduduk',
    agency: 'Dinas Kependudukan Kota Contoh',
    domain: 'dukcapil.contoh.go.id',
    claims: ['name'],
    since: new Date('2026-10-12T02:00:00Z'),
    isByLaw: true,
  },
];

const some: AppsContext = { ...sampleFrame, apps: sampleApps, count: 3, pages: {} };

export const appsSamples: Record<string, AppsContext> = {
  some,
  many: { ...some, count: 300, pages: { first: '/account/apps', next: '/account/apps?after=abc' } },
  found: { ...some, words: 'pajak', apps: sampleApps.slice(1, 2), count: 1 },
  'none-found': { ...some, words: 'kapal', apps: [], count: 0 },
  none: { ...some, apps: [], count: 0 },
  hostile: {
    ...some,
    words: hostileText,
    apps: sampleApps.map((app) => ({
      ...{ ...app, clientId: hostileText, name: hostileText, agency: hostileText, domain: hostileText },
      ...{ home: 'javascript:alert(1)', claims: [hostileText] },
    })),
    pages: { next: 'javascript:1' },
  },
};
