import { type Html, html } from '../html.ts';
import { formatMoment, translate } from '../locale.ts';
import { hostileText } from '../samples.ts';
import { type AppHead, appLink, appPage, sampleAppHead, tabName } from './app-page.ts';
import { comparison, type ShownAttempt, sayAttempt } from './parts/attempts.ts';
import { type Pages, pager } from './parts/pager.ts';
import { searchBox } from './parts/search-box.ts';
import { table } from './parts/table.ts';
import { type ConsoleFrame, sampleConsoleFrame } from './shell.ts';

export type AttemptsContext = ConsoleFrame & {
  head: AppHead;
  attempts: readonly ShownAttempt[];
  /** The reference that was looked for. */
  reference?: string | undefined;
  pages: Pages;
};

/** `GET /console/apps/:client/attempts`: what went wrong lately, and why. */
export function attemptsPage(context: AttemptsContext): Html {
  const t = translate(context.language);
  const { language, head, reference } = context;
  return appPage(context, head, 'attempts', {
    title: tabName(language, 'attempts'),
    intro: t('attempts.intro'),
    content: html`${searchBox(language, {
      action: appLink(head.id, 'attempts'),
      label: t('attempts.search'),
      value: reference,
    })}
${context.attempts.length > 0 ? attemptList(context) : html`<div class="empty"><p>${reference ? t('attempts.none-found') : t('attempts.none')}</p></div>`}`,
  });
}

function attemptList(context: AttemptsContext): Html {
  const t = translate(context.language);
  const { language, timeZone } = context;
  return html`${table<ShownAttempt>({
    caption: t('attempts.list'),
    hook: { name: 'data-attempt', value: ({ reference }) => reference },
    columns: [
      { head: t('attempts.reference'), kind: 'main', cell: ({ reference }) => html`<code>${reference}</code>` },
      { head: t('attempts.at'), kind: 'short', cell: ({ at }) => formatMoment(language, at, timeZone) },
      {
        head: t('attempts.why'),
        cell: (attempt) =>
          html`<p data-code="${attempt.code}">${sayAttempt(language, attempt, timeZone)}</p>${comparison(language, attempt)}`,
      },
    ],
    rows: context.attempts,
  })}${pager(language, context.pages)}`;
}

const at = new Date('2026-11-21T03:12:00Z');

/** The attempts that samples share. */
export const sampleAttempts: readonly ShownAttempt[] = [
  {
    id: '1',
    at,
    reference: 'K7QMZ-2R4PA',
    code: 'redirect_uri_unknown',
    received: 'https://antrean.contoh.go.id/calback/',
    registered: ['https://lain.contoh.go.id/masuk', 'https://antrean.contoh.go.id/callback'],
  },
  { id: '2', at, reference: 'B3XWN-9T6YD', code: 'clock_skew', seconds: -312 },
  {
    id: '3',
    at,
    reference: 'H5VKC-4J8SE',
    code: 'audience_wrong',
    received: 'https://masuk.contoh.go.id/token',
    registered: ['https://masuk.contoh.go.id'],
  },
  {
    id: '4',
    at,
    reference: 'P2MDF-7Q3RB',
    code: 'key_unknown',
    received: 'kunci-2025',
    registered: ['kunci-2026', 'cadangan'],
  },
  { id: '5', at, reference: 'T8ZGA-5N2WC', code: 'secret_expired', since: at },
];

const full: AttemptsContext = {
  ...sampleConsoleFrame,
  section: 'apps',
  head: sampleAppHead,
  attempts: sampleAttempts,
  pages: { next: '/console/apps/antrean-rsud/attempts?after=x' },
};

const others: readonly Pick<
  ShownAttempt,
  'code' | 'received' | 'registered' | 'state' | 'expected' | 'error' | 'said'
>[] = [
  { code: 'redirect_uri_changed', received: 'https://a.contoh.go.id/b', registered: ['https://a.contoh.go.id/c'] },
  { code: 'pkce_missing' },
  { code: 'pkce_method' },
  { code: 'verifier_missing' },
  { code: 'verifier_wrong' },
  { code: 'signature_wrong' },
  { code: 'assertion_used' },
  { code: 'secret_wrong' },
  { code: 'method_wrong', expected: 'private_key_jwt' },
  { code: 'code_expired' },
  { code: 'code_used' },
  { code: 'code_unknown' },
  { code: 'scope_not_registered', received: 'phone', registered: ['openid', 'profile'] },
  { code: 'client_stopped', state: 'suspended' },
  { code: 'refused', error: 'invalid_request', said: 'claims.userinfo should be an object' },
];

export const attemptsSamples: Record<string, AttemptsContext> = {
  full,
  every: {
    ...full,
    attempts: others.map((one, i) => ({ id: String(i), at, reference: `K7QMZ-2R4P${i}`, ...one })),
    pages: {},
  },
  empty: { ...full, attempts: [], pages: {} },
  'none-found': { ...full, attempts: [], reference: 'K7QMZ-2R4PA', pages: {} },
  hostile: {
    ...full,
    head: { ...sampleAppHead, name: hostileText },
    attempts: [
      { id: '1', at, reference: hostileText, code: 'redirect_uri_unknown', received: hostileText, registered: [] },
      { id: '2', at, reference: hostileText, code: 'refused', error: hostileText, said: hostileText },
      { id: '3', at, reference: 'x', code: 'key_unknown', received: hostileText, registered: [hostileText, 'x'] },
    ],
    reference: hostileText,
    pages: { first: 'javascript:1', next: 'javascript:1' },
  },
};
