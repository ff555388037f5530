import { type Html, html } from '../html.ts';
import { formatList, formatMoment, translate } from '../locale.ts';
import type { Frame } from '../page.ts';
import { type ShownBrowser, sayBrowser, sayNetwork } from '../parts/browser.ts';
import { button, form } from '../parts/form.ts';
import { part, rowForm } from './part.ts';

export type ShownSession = {
  id: string;
  browser?: ShownBrowser | undefined;
  /** Names of the apps that were opened in it. */
  apps: readonly string[];
  /** Other people use the device too. */
  isShared: boolean;
  isCurrent: boolean;
  startedAt: Date;
  lastSeen: Date;
};

export type SessionsContext = Frame & {
  sessions: readonly ShownSession[];
};

/** Where one is signed in. */
export function sessionsPart(context: SessionsContext): Html {
  const t = translate(context.language);
  const rows = context.sessions.map((session, index) => sessionRow(context, session, `session-${index}`));
  const others = context.sessions.some((session) => !session.isCurrent) && {
    value: 'end-other-sessions',
    label: t('account.end-other-sessions'),
  };
  const every = { value: 'end-every-session', label: t('account.end-every-session') };
  return part('sessions', t('account.sessions'), t('account.sessions-intro'), [
    html`<ul class="rows">${rows}</ul>`,
    html`<div class="row-ends">${others && form(context, button({ ...others, look: 'stop', id: others.value }))}
${form(context, button({ ...every, look: 'stop', id: every.value }))}</div>`,
  ]);
}

function sessionRow(context: SessionsContext, session: ShownSession, id: string): Html {
  const t = translate(context.language);
  const { isCurrent, isShared, browser = {}, apps } = session;
  const device = sayBrowser(browser);
  const startedAt = t('account.started', { date: formatMoment(context.language, session.startedAt, context.timeZone) });
  const lastSeen = t('account.last-seen', { date: formatMoment(context.language, session.lastSeen, context.timeZone) });
  const network = browser.network !== undefined && ` · ${sayNetwork(context.language, browser.network)}`;
  const end = { name: 'session', value: session.id, action: 'end-session', label: t('account.end-session') };
  return html`<li class="row" data-session="${session.id}">
<div class="row-words"><h3 id="${id}">${device ?? t(isCurrent ? 'account.this-device' : 'account.other-device')}</h3>
${isCurrent && device && html`<p class="state state-done">${t('account.this-device')}</p>`}
${isShared && html`<p>${t('account.shared-session')}</p>`}
${apps.length > 0 && html`<p>${t('account.session-apps', { apps: sayApps(context, apps) })}</p>`}
<p class="hint">${startedAt} · ${lastSeen}${network}</p></div>
${!isCurrent && rowForm(context, { ...end, describedBy: id })}</li>`;
}

const MOST_APPS = 5;

function sayApps({ language }: SessionsContext, apps: readonly string[]): string {
  const more = apps.length - MOST_APPS;
  if (more <= 0) return formatList(language, apps);
  return translate(language)('account.session-apps-more', { apps: apps.slice(0, MOST_APPS).join(', '), count: more });
}
