import { type Html, html } from '../html.ts';
import { formatDay, formatMoment, translate } from '../locale.ts';
import { button, form, hidden } from '../parts/form.ts';
import { type Notice, noticeBox } from '../parts/notice.ts';
import { hostileText } from '../samples.ts';
import { type AppHead, appPage, sampleAppHead } from './app-page.ts';
import { copyButton } from './parts/copy.ts';
import { table } from './parts/table.ts';
import { type ConsoleFrame, sampleConsoleFrame } from './shell.ts';

export type TesterLine = { account: string; name: string; since: Date };
export type TesterInvitation = { id: string; until: Date };

/** Posts `action` = `invite`, `take-back` (with `invitation`) or `end` (with `account`). */
export type TestersContext = ConsoleFrame & {
  head: AppHead;
  testers: readonly TesterLine[];
  invitations: readonly TesterInvitation[];
  most: number;
  /** The link that was just made; it is shown this once. */
  made?: { link: string; until: Date } | undefined;
  notice?: Notice | undefined;
};

/** `GET /console/apps/:client/testers`: who may open an app before it is live. */
export function testersPage(context: TestersContext): Html {
  const { language, testers, invitations, most } = context;
  const t = translate(language);
  const isFull = testers.length + invitations.length >= most;
  return appPage(context, context.head, 'testers', {
    title: t('console.tab-testers'),
    intro: t(context.sandbox ? 'console.testers-intro-sandbox' : 'console.testers-intro', { most }),
    notice: context.notice,
    ...(context.made && { scripts: ['copy.js'] as const }),
    content: html`${madeBox(context)}
<p class="facts" id="testers-count">${t('console.testers-count', { count: testers.length, most })}</p>
${testers.length > 0 ? testerTable(context) : html`<p class="empty">${t('console.no-testers')}</p>`}
${invitations.length > 0 && invitationTable(context)}
<h2>${t('console.tester-invite')}</h2>
<p class="hint" id="invite-hint">${t(isFull ? 'console.testers-full' : 'console.tester-invite-hint')}</p>
${!isFull && form(context, button({ id: 'invite', value: 'invite', label: t('console.tester-link'), look: 'main', describedBy: 'invite-hint' }))}`,
  });
}

function madeBox({ language, made, timeZone }: TestersContext): Html | false {
  const t = translate(language);
  if (!made) return false;
  return html`<section class="made" id="invitation-made"><h2>${t('console.tester-made')}</h2>
${noticeBox({ tone: 'info', text: t('console.tester-made-once', { until: formatMoment(language, made.until, timeZone) }) })}
<p class="secret"><code id="invitation-link" aria-label="${t('console.tester-link')}">${made.link}</code></p>${copyButton(language, 'invitation-link')}</section>`;
}

function testerTable(context: TestersContext): Html {
  const { language, timeZone } = context;
  const t = translate(language);
  return table<TesterLine>({
    caption: t('console.tab-testers'),
    hook: { name: 'data-tester', value: ({ account }) => account },
    columns: [
      { head: t('console.tester'), kind: 'main', cell: ({ name }) => name },
      { head: t('console.tester-since'), kind: 'short', cell: ({ since }) => formatDay(language, since, timeZone) },
      {
        head: t('console.tester-end'),
        kind: 'end',
        cell: ({ account, name }) => {
          const label = html`${t('console.tester-end')}<span class="unseen">: ${name}</span>`;
          return form(context, [
            hidden('account', account),
            button({ value: 'end', label, look: 'stop', hook: 'end' }),
          ]);
        },
      },
    ],
    rows: context.testers,
  });
}

function invitationTable(context: TestersContext): Html {
  const { language, timeZone } = context;
  const t = translate(language);
  return html`<h2>${t('console.tester-invitations')}</h2>
${table<TesterInvitation>({
  caption: t('console.tester-invitations'),
  hook: { name: 'data-invitation', value: ({ id }) => id },
  columns: [
    { head: t('console.tester-until'), kind: 'main', cell: ({ until }) => formatMoment(language, until, timeZone) },
    {
      head: t('console.tester-take-back'),
      kind: 'end',
      cell: ({ id, until }) => {
        const which = html`<span class="unseen">: ${formatMoment(language, until, timeZone)}</span>`;
        const label = html`${t('console.tester-take-back')}${which}`;
        return form(context, [
          hidden('invitation', id),
          button({ value: 'take-back', label, look: 'quiet', hook: 'take-back' }),
        ]);
      },
    },
  ],
  rows: context.invitations,
})}`;
}

const full: TestersContext = {
  ...sampleConsoleFrame,
  section: 'apps',
  head: sampleAppHead,
  most: 25,
  testers: [
    { account: '00000000-0000-4000-8000-000000000001', name: 'Siti Rahayu', since: new Date('2026-11-20T03:12:00Z') },
    { account: '00000000-0000-4000-8000-000000000002', name: 'Budi Santoso', since: new Date('2026-11-21T03:12:00Z') },
  ],
  invitations: [
    { id: '00000000-0000-4000-8000-000000000003', until: new Date('2026-11-28T03:12:00Z') },
    { id: '00000000-0000-4000-8000-000000000004', until: new Date('2026-11-29T03:12:00Z') },
  ],
};

export const testersSamples: Record<string, TestersContext> = {
  full,
  none: { ...full, testers: [], invitations: [] },
  made: {
    ...full,
    made: { link: 'https://masuk.contoh.go.id/invitations/c2FtcGxl', until: new Date('2026-11-28T03:12:00Z') },
  },
  'no-room': { ...full, most: 4 },
  hostile: { ...full, testers: full.testers.map((one) => ({ ...one, name: hostileText })) },
};
