import { type Content, type Html, html } from '../html.ts';
import { formatDay, translate } from '../locale.ts';
import { button, field, form, hidden } from '../parts/form.ts';
import type { Notice } from '../parts/notice.ts';
import { type Problem, type SaidProblem, type Saying, sayProblems } from '../parts/problem.ts';
import { hostileText } from '../samples.ts';
import { type AgencyHead, agencyPage, sampleAgencyHead } from './agency-page.ts';
import { copyButton } from './parts/copy.ts';
import { type Pages, pager } from './parts/pager.ts';
import { dot } from './parts/state.ts';
import { table } from './parts/table.ts';
import { type ConsoleFrame, sampleConsoleFrame } from './shell.ts';

type Kind = 'label' | 'days' | 'uses';
export type TokensProblem = Problem<Kind>;

export type ShownToken = {
  id: string;
  label: string;
  madeAt: Date;
  /** A name, or what it was. */
  madeBy: string;
  endsAt: Date;
  usesLeft: number;
  lastUsedAt?: Date | undefined;
  state: 'open' | 'spent' | 'expired' | 'revoked';
};

/**
 * Each form posts to the page itself with `csrf` and `action`: `make` (with `label`, `days` and `uses`), `revoke` (with
 * `token`).
 */
export type TokensContext = ConsoleFrame & {
  agency: AgencyHead;
  /** Where apps register themselves. */
  endpoint: string;
  /** Made a moment ago: shown once. */
  made?: { token: string; label: string } | undefined;
  tokens: readonly ShownToken[];
  pages: Pages;
  /** What the form allows. */
  most: { days: number; uses: number };
  typed: { label: string; days: string; uses: string };
  notice?: Notice | undefined;
  problems?: readonly TokensProblem[] | undefined;
};

const sayings: Record<Kind, Saying> = {
  label: { key: 'console.token-label-wrong', field: 'label' },
  days: { key: 'console.token-days-wrong', field: 'days' },
  uses: { key: 'console.token-uses-wrong', field: 'uses' },
};

/** `GET /console/agencies/:agency/tokens`: by what apps of the agency register themselves (RFC 7591). */
export function tokensPage(context: TokensContext): Html {
  const t = translate(context.language);
  const said = sayProblems(context.language, context.problems, sayings);
  return agencyPage(context, context.agency, 'tokens', {
    title: t('console.tokens'),
    intro: t('console.tokens-intro'),
    notice: context.notice,
    problems: said,
    ...(context.made && { scripts: ['copy.js'] as const }),
    content: [madeOnce(context), tokensPart(context), makePart(context, said)],
  });
}

/** The only time that the token can be read, with a request that works as it is. */
function madeOnce({ language, made, endpoint }: TokensContext): Html | false {
  if (!made) return false;
  const t = translate(language);
  const body = `{"client_name": "${t('console.token-example')}", "redirect_uris": ["http://localhost:3000/callback"]}`;
  return html`<section class="once" id="made" aria-labelledby="made-title"><h2 id="made-title">${t('console.token-made', { label: made.label })}</h2>
<p>${t('console.token-once')}</p>
<p class="secret"><code id="token">${made.token}</code></p>${copyButton(language, 'token')}
<p class="hint" id="token-try">${t('console.token-try')}</p>
<pre tabindex="0" aria-labelledby="token-try"><code>curl -X POST ${endpoint} \\
  -H 'Authorization: Bearer ${made.token}' \\
  -H 'Content-Type: application/json' \\
  -d '${body}'</code></pre></section>`;
}

function tokensPart(context: TokensContext): Html {
  const t = translate(context.language);
  const { language, timeZone, tokens } = context;
  const day = (date: Date): string => formatDay(language, date, timeZone);
  const list = table<ShownToken>({
    caption: t('console.tokens'),
    hook: { name: 'data-token', value: ({ id }) => id },
    columns: [
      { head: t('console.token-label'), kind: 'main', cell: ({ label }) => label },
      {
        head: t('console.token-made-by'),
        cell: ({ madeAt, madeBy }) => html`${day(madeAt)} <small>${madeBy}</small>`,
      },
      { head: t('console.state'), kind: 'short', cell: (token) => stateOf(context, token) },
      { head: t('console.token-uses-left'), kind: 'number', cell: ({ usesLeft }) => String(usesLeft) },
      {
        head: t('console.last-used'),
        cell: ({ lastUsedAt }) =>
          lastUsedAt ? day(lastUsedAt) : html`<span class="hint">${t('console.never-used')}</span>`,
      },
      { head: t('console.token-revoke'), kind: 'end', cell: (token) => revokeForm(context, token) },
    ],
    rows: tokens,
  });
  return html`<section aria-labelledby="tokens-title"><h2 id="tokens-title">${t('console.tokens')}</h2>
${tokens.length > 0 ? list : html`<p class="hint" id="no-tokens">${t('console.no-tokens')}</p>`}
${pager(language, context.pages)}</section>`;
}

function stateOf({ language, timeZone }: TokensContext, { state, endsAt }: ShownToken): Content {
  const t = translate(language);
  const date = formatDay(language, endsAt, timeZone);
  return state === 'open' ? dot('good', t('console.token-open', { date })) : dot('over', t(`console.token-${state}`));
}

function revokeForm(context: TokensContext, { id, label, state }: ShownToken): Content {
  if (state !== 'open') return '';
  const t = translate(context.language);
  return form(context, [
    hidden('token', id),
    button({
      value: 'revoke',
      label: html`${t('console.token-revoke')}<span class="unseen"> ${label}</span>`,
      look: 'stop',
    }),
  ]);
}

function makePart(context: TokensContext, problems: readonly SaidProblem[]): Html {
  const t = translate(context.language);
  const { typed, most } = context;
  const common = { autocomplete: 'off', problems } as const;
  const number = { ...common, inputmode: 'numeric', maxlength: 4 } as const;
  return html`<section aria-labelledby="make-title"><h2 id="make-title">${t('console.token-make')}</h2>
<div class="panel">${form(context, [
    field({
      ...common,
      ...{ name: 'label', label: t('console.token-label'), hint: t('console.token-label-hint') },
      ...{ value: typed.label, maxlength: 100 },
    }),
    field({
      ...number,
      ...{ name: 'days', label: t('console.token-days'), value: typed.days },
      hint: t('console.token-most', { most: most.days }),
    }),
    field({
      ...number,
      ...{ name: 'uses', label: t('console.token-uses'), value: typed.uses },
      hint: t('console.token-most', { most: most.uses }),
    }),
    button({ id: 'make-token', value: 'make', label: t('console.token-make'), look: 'main' }),
  ])}</div></section>`;
}

const plain: TokensContext = {
  ...sampleConsoleFrame,
  section: 'agencies',
  agency: sampleAgencyHead,
  endpoint: 'https://masuk.contoh.go.id/register',
  tokens: [
    {
      ...{ id: '4f1c7c1e-7a3f-4f0e-9b1e-2f6f0f5d1a01', label: 'Pipa rilis aplikasi antrean', madeBy: 'Siti Rahayu' },
      ...{ madeAt: new Date('2026-11-20T03:00:00Z'), endsAt: new Date('2026-12-20T03:00:00Z'), usesLeft: 8 },
      ...{ lastUsedAt: new Date('2026-11-21T03:00:00Z'), state: 'open' },
    },
    {
      ...{ id: '4f1c7c1e-7a3f-4f0e-9b1e-2f6f0f5d1a02', label: 'Vendor uji coba', madeBy: 'Budi Santoso' },
      ...{ madeAt: new Date('2026-09-01T03:00:00Z'), endsAt: new Date('2026-10-01T03:00:00Z'), usesLeft: 3 },
      state: 'expired',
    },
    {
      ...{ id: '4f1c7c1e-7a3f-4f0e-9b1e-2f6f0f5d1a03', label: 'Salah kirim', madeBy: 'Siti Rahayu' },
      ...{ madeAt: new Date('2026-11-02T03:00:00Z'), endsAt: new Date('2026-12-02T03:00:00Z'), usesLeft: 10 },
      state: 'revoked',
    },
  ],
  pages: { first: undefined, next: undefined },
  most: { days: 90, uses: 1_000 },
  typed: { label: '', days: '30', uses: '10' },
};

export const tokensSamples: Record<string, TokensContext> = {
  tokens: plain,
  none: { ...plain, tokens: [] },
  made: {
    ...plain,
    made: { token: 'nQ5v3yWb8mC1xKd0TgRz7pLsJf2hEaUo6iYcVtBqMwX', label: 'Pipa rilis aplikasi antrean' },
    notice: { tone: 'done', text: 'Token dibuat.' },
  },
  refused: {
    ...plain,
    typed: { label: '', days: '900', uses: 'x' },
    problems: [{ kind: 'label' }, { kind: 'days' }, { kind: 'uses' }],
  },
  hostile: {
    ...plain,
    agency: { ...sampleAgencyHead, name: hostileText },
    made: { token: hostileText, label: hostileText },
    endpoint: hostileText,
    tokens: plain.tokens.map((token) => ({ ...token, id: hostileText, label: hostileText, madeBy: hostileText })),
    pages: { first: hostileText, next: hostileText },
    typed: { label: hostileText, days: hostileText, uses: hostileText },
    problems: [{ kind: 'label' }],
  },
};
