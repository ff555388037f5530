import { type Content, type Html, html } from '../html.ts';
import { formatDay, type Language, type MessageKey, translate } from '../locale.ts';
import { sayNetwork } from '../parts/browser.ts';
import { button, form, hidden } from '../parts/form.ts';
import { information } from '../parts/icons.ts';
import type { Notice } from '../parts/notice.ts';
import { type Problem, type SaidProblem, type Saying, sayProblems } from '../parts/problem.ts';
import { hostileText } from '../samples.ts';
import { type AppHead, appPage, sampleAppHead } from './app-page.ts';
import { copyButton } from './parts/copy.ts';
import { dot, type Tone } from './parts/state.ts';
import { table } from './parts/table.ts';
import { type ConsoleFrame, sampleConsoleFrame } from './shell.ts';

type Kind =
  | 'keys-unreadable'
  | 'key-private'
  | 'key-weak'
  | 'key-use'
  | 'key-kid'
  | 'keys-count'
  | 'keys-same'
  | 'keys-refused'
  | 'date'
  | 'last-key';

export type KeysProblem = Problem<Kind>;

/** Until when a credential was seen in use. */
type Use = { lastUsedAt?: Date | undefined; network?: string | undefined };

export type ShownSecret = Use & {
  id: string;
  hint?: string | undefined;
  madeAt: Date;
  /** A name; undefined where it was a command or a file. */
  madeBy?: string | undefined;
  endsAt?: Date | undefined;
  hasEnded: boolean;
};

export type ShownKey = Use & {
  kid: string;
  /** Such as `ES256` or `RSA, 2048 bit`. */
  about: string;
};

export type ShownContact = {
  role: 'technical' | 'security' | 'privacy' | 'support';
  email: string;
  isConfirmed: boolean;
  askedAt?: Date | undefined;
};

/**
 * Each form posts to the page itself with `csrf` and `action`: `rotate` (with `until`, a day, or `at-once` = `yes`), `end`
 * (with `secret`), `add-keys` (with `jwks`), `remove-key` (with `kid`), `use-keys`, `ask` (with `role` and `email`).
 */
export type KeysContext = ConsoleFrame & {
  app: AppHead;
  /** How the app proves itself. */
  method: 'secret' | 'keys' | 'none';
  /** Made a moment ago: shown once. */
  made?: { secret: string; endsAt: Date; previousEndsAt?: Date | undefined } | undefined;
  secrets: readonly ShownSecret[];
  keys: readonly ShownKey[];
  /** Where the app publishes its keys itself; they are not changed here then. */
  keysUri?: string | undefined;
  contacts: readonly ShownContact[];
  /** For the choice of a day: from today, to the last one allowed, and what is proposed. */
  days: { first: string; last: string; proposed: string };
  /** The number of the version that waits for approval. */
  waiting?: number | undefined;
  now: Date;
  typed?: string | undefined;
  notice?: Notice | undefined;
  problems?: readonly KeysProblem[] | undefined;
};

const sayings: Record<Kind, Saying> = {
  'keys-unreadable': { key: 'console.keys-unreadable', field: 'jwks' },
  'key-private': { key: 'console.key-private', field: 'jwks' },
  'key-weak': { key: 'console.key-weak', field: 'jwks' },
  'key-use': { key: 'console.key-use', field: 'jwks' },
  'key-kid': { key: 'console.key-kid', field: 'jwks' },
  'keys-count': { key: 'console.keys-count', field: 'jwks' },
  'keys-same': { key: 'console.keys-same', field: 'jwks' },
  'keys-refused': { key: 'console.keys-refused' },
  date: { key: 'console.keys-date', field: 'until' },
  'last-key': { key: 'console.last-key' },
};

/** `GET /console/apps/:client/keys`: what an app proves itself with, and whom to tell about it. */
export function keysPage(context: KeysContext): Html {
  const t = translate(context.language);
  const said = sayProblems(context.language, context.problems, sayings);
  const isSecret = context.method === 'secret';
  return appPage(context, context.app, 'keys', {
    title: t('console.keys'),
    intro: t(`console.keys-by-${context.method}`),
    notice: context.notice,
    problems: said,
    scripts: [
      ...(context.method !== 'none' && !context.keysUri ? (['keypair.js'] as const) : []),
      ...(context.made ? (['copy.js'] as const) : []),
    ],
    content: [
      madeOnce(context),
      context.waiting !== undefined && waitingNote(context, context.waiting),
      isSecret && secretsPart(context, said),
      context.method !== 'none' && keysPart(context, said),
      contactsPart(context),
    ],
  });
}

/** The only time that the secret can be read. */
function madeOnce(context: KeysContext): Html | false {
  const { made, language, timeZone } = context;
  if (!made) return false;
  const t = translate(language);
  const day = (date: Date): string => formatDay(language, date, timeZone);
  return html`<section class="once" id="made" aria-labelledby="made-title"><h2 id="made-title">${t('console.secret-made')}</h2>
<p>${t('console.secret-once')}</p>
<p class="secret"><code id="secret">${made.secret}</code></p>${copyButton(language, 'secret')}
<p class="hint">${t('console.secret-env')} <code>OIDC_CLIENT_SECRET</code>. ${t('console.secret-good-until', { date: day(made.endsAt) })}</p>
${made.previousEndsAt && html`<p class="hint">${t('console.secret-before-ends', { date: day(made.previousEndsAt) })}</p>`}</section>`;
}

function waitingNote({ language, app }: KeysContext, number: number): Html {
  const t = translate(language);
  return html`<div class="notice notice-info">${information}<div><p>${t('console.keys-waiting', { number })} <a href="/console/apps/${encodeURIComponent(app.id)}/versions">${t('console.tab-versions')}</a></p></div></div>`;
}

function secretsPart(context: KeysContext, said: readonly SaidProblem[]): Html {
  const t = translate(context.language);
  const { language, timeZone } = context;
  const day = (date: Date): string => formatDay(language, date, timeZone);
  const list = table<ShownSecret>({
    caption: t('console.secrets'),
    hook: { name: 'data-secret', value: ({ id }) => id },
    columns: [
      {
        head: t('console.secret'),
        kind: 'main',
        cell: ({ id, hint }) => html`<code>${hint ? `…${hint}` : id.slice(0, 8)}</code>`,
      },
      {
        head: t('console.secret-made-by'),
        cell: ({ madeAt, madeBy }) => html`${day(madeAt)} <small>${madeBy ?? t('console.by-command')}</small>`,
      },
      { head: t('console.secret-until'), kind: 'short', cell: (secret) => endOf(context, secret) },
      { head: t('console.last-used'), cell: (secret) => useOf(context, secret) },
      { head: t('console.secret-end'), kind: 'end', cell: (secret) => endForm(context, secret) },
    ],
    rows: context.secrets,
  });
  return html`<section aria-labelledby="secrets-title"><h2 id="secrets-title">${t('console.secrets')}</h2>
${context.secrets.length > 0 ? list : html`<p class="hint" id="no-secrets">${t('console.no-secrets')}</p>`}
${rotateForm(context, said)}</section>`;
}

const DAY_MS = 86_400_000;

/** How near the end is: told from a week, a month and two months on. */
function endOf({ language, timeZone, now }: KeysContext, { endsAt, hasEnded }: ShownSecret): Content {
  const t = translate(language);
  if (!endsAt) return dot('good', t('console.secret-endless'));
  const date = formatDay(language, endsAt, timeZone);
  if (hasEnded) return dot('over', t('console.secret-ended', { date }));
  const days = Math.ceil((endsAt.getTime() - now.getTime()) / DAY_MS);
  const tone: Tone = days <= 7 ? 'stopped' : days <= 60 ? 'waiting' : 'good';
  const left = days <= 60 && html` <small>${t('console.days-left', { days })}</small>`;
  return html`${dot(tone, date)}${left}`;
}

function useOf({ language, timeZone }: KeysContext, { lastUsedAt, network }: Use): Content {
  const t = translate(language);
  if (!lastUsedAt) return html`<span class="hint">${t('console.never-used')}</span>`;
  return html`${formatDay(language, lastUsedAt, timeZone)}${network && html` <small>${sayNetwork(language, network)}</small>`}`;
}

function endForm(context: KeysContext, { id, hasEnded, hint }: ShownSecret): Content {
  if (hasEnded) return '';
  const t = translate(context.language);
  const name = hint ? `…${hint}` : id.slice(0, 8);
  return form(context, [
    hidden('secret', id),
    button({ value: 'end', label: html`${t('console.secret-end')}<span class="unseen"> ${name}</span>`, look: 'stop' }),
  ]);
}

function rotateForm(context: KeysContext, said: readonly SaidProblem[]): Html {
  const t = translate(context.language);
  const live = context.secrets.filter(({ hasEnded }) => !hasEnded).length;
  const { first, last, proposed } = context.days;
  const problem = said.find(({ field }) => field === 'until');
  const label = t(live === 0 ? 'console.secret-make' : 'console.secret-rotate');
  const choice =
    live === 0
      ? hidden('until', proposed)
      : html`<div class="field${problem && ' field-wrong'}"><label for="until">${t('console.secret-until-day')}</label>
<p class="hint" id="until-hint">${t('console.secret-until-hint')}</p>
<input type="date" id="until" name="until" value="${proposed}" min="${first}" max="${last}" aria-describedby="until-hint"${problem && html` aria-invalid="true"`}></div>
<div class="tick"><input type="checkbox" id="at-once" name="at-once" value="yes"><label for="at-once">${t('console.secret-at-once')}</label></div>`;
  const two = live > 1 && html`<p class="hint">${t('console.secrets-two')}</p>`;
  return html`<div class="panel">${two}${form(context, [choice, button({ id: 'rotate', value: 'rotate', label, look: context.method === 'secret' ? 'main' : 'other' })])}</div>`;
}

function keysPart(context: KeysContext, said: readonly SaidProblem[]): Html {
  const t = translate(context.language);
  const { keysUri, keys, method } = context;
  const list = table<ShownKey>({
    caption: t('console.public-keys'),
    hook: { name: 'data-kid', value: ({ kid }) => kid },
    columns: [
      { head: t('console.key'), kind: 'main', cell: ({ kid }) => html`<code class="kid">${kid}</code>` },
      { head: t('console.key-about'), kind: 'short', cell: ({ about }) => about },
      { head: t('console.last-used'), cell: (key) => useOf(context, key) },
      { head: t('console.key-remove'), kind: 'end', cell: (key) => (keysUri ? '' : removeForm(context, key)) },
    ],
    rows: keys,
  });
  return html`<section aria-labelledby="keys-title"><h2 id="keys-title">${t('console.public-keys')}</h2>
<p class="hint">${t(method === 'secret' ? 'console.keys-better' : 'console.keys-hint')}</p>
${keysUri && html`<p>${t('console.keys-uri')} <code id="keys-uri">${keysUri}</code></p>`}
${keys.length > 0 && list}
${method === 'secret' && keys.length > 0 && useKeysForm(context)}
${!keysUri && addForm(context, said)}</section>`;
}

function removeForm(context: KeysContext, { kid }: ShownKey): Html {
  const t = translate(context.language);
  return form(context, [
    hidden('kid', kid),
    button({
      value: 'remove-key',
      label: html`${t('console.key-remove')}<span class="unseen"> ${kid}</span>`,
      look: 'stop',
    }),
  ]);
}

function useKeysForm(context: KeysContext): Html {
  const t = translate(context.language);
  return html`<div class="panel"><p>${t('console.keys-use-what')}</p>${form(context, button({ id: 'use-keys', value: 'use-keys', label: t('console.keys-use'), look: 'other' }))}</div>`;
}

/** The script puts a button before the field that makes a pair; the private half is saved by the browser and never sent. */
function addForm(context: KeysContext, said: readonly SaidProblem[]): Html {
  const t = translate(context.language);
  const problem = said.find(({ field }) => field === 'jwks');
  const words = {
    make: t('console.key-make'),
    made: t('console.key-made'),
    failed: t('console.key-make-failed'),
    file: `${context.app.id}-kunci.pem`,
  };
  const field = html`<div class="field${problem && ' field-wrong'}"><label for="jwks">${t('console.keys-paste')}</label>
<p class="hint" id="jwks-hint">${t('console.keys-paste-hint')} <code>npx lawang clients make-key --out kunci.pem</code></p>
${problem && html`<p class="wrong" id="jwks-problem">${problem.text}</p>`}
<textarea id="jwks" name="jwks" rows="6" spellcheck="false" autocapitalize="none" autocomplete="off" aria-describedby="jwks-hint${problem && ' jwks-problem'}"${problem && html` aria-invalid="true"`}>${context.typed ?? ''}</textarea></div>`;
  const add = button({ id: 'add-keys', value: 'add-keys', label: t('console.keys-add'), look: 'other' });
  return html`<div class="panel" id="key-pair" data-make="${words.make}" data-made="${words.made}" data-failed="${words.failed}" data-file="${words.file}">${form(context, [field, add])}</div>`;
}

function contactsPart(context: KeysContext): Html {
  const t = translate(context.language);
  const { language, timeZone, contacts } = context;
  const list = table<ShownContact>({
    caption: t('console.contacts'),
    hook: { name: 'data-contact', value: ({ role, email }) => `${role} ${email}` },
    columns: [
      { head: t('console.contact'), kind: 'main', cell: ({ email }) => email },
      { head: t('console.contact-role'), cell: ({ role }) => roleName(language, role) },
      {
        head: t('console.state'),
        kind: 'short',
        cell: ({ isConfirmed, askedAt }) =>
          isConfirmed
            ? dot('good', t('console.contact-confirmed'))
            : dot(
                'waiting',
                askedAt
                  ? t('console.contact-asked', { date: formatDay(language, askedAt, timeZone) })
                  : t('console.contact-unasked'),
              ),
      },
      { head: t('console.contact-ask'), kind: 'end', cell: (contact) => askForm(context, contact) },
    ],
    rows: contacts,
  });
  return html`<section aria-labelledby="contacts-title"><h2 id="contacts-title">${t('console.contacts')}</h2>
<p class="hint">${t('console.contacts-hint')}</p>
${contacts.length > 0 ? list : html`<p class="hint" id="no-contacts">${t('console.no-contacts')}</p>`}</section>`;
}

function askForm(context: KeysContext, { role, email, isConfirmed }: ShownContact): Content {
  if (isConfirmed) return '';
  const t = translate(context.language);
  return form(context, [
    hidden('role', role),
    hidden('email', email),
    button({
      value: 'ask',
      label: html`${t('console.contact-ask')}<span class="unseen"> ${email}, ${roleName(context.language, role)}</span>`,
      look: 'other',
    }),
  ]);
}

function roleName(language: Language, role: ShownContact['role']): string {
  const key: MessageKey = `contact.role-${role}`;
  return translate(language)(key);
}

const now = new Date('2026-11-21T03:12:00Z');

const secretApp: KeysContext = {
  ...sampleConsoleFrame,
  section: 'apps',
  app: sampleAppHead,
  method: 'secret',
  secrets: [
    {
      id: '5b1f6f0d2c7e4a19',
      hint: 'q7Xw',
      madeAt: new Date('2026-11-01T03:00:00Z'),
      madeBy: 'Siti Rahayu',
      endsAt: new Date('2027-11-01T03:00:00Z'),
      hasEnded: false,
      lastUsedAt: new Date('2026-11-21T02:00:00Z'),
      network: '203.0.113.0/24',
    },
    {
      id: '9c2e77aa01d4b3f8',
      hint: 'Zk3_',
      madeAt: new Date('2025-12-01T03:00:00Z'),
      endsAt: new Date('2026-11-27T03:00:00Z'),
      hasEnded: false,
      lastUsedAt: new Date('2026-11-20T02:00:00Z'),
      network: '198.51.100.0/24',
    },
    {
      id: '11aa22bb33cc44dd',
      hint: 'mm01',
      madeAt: new Date('2024-12-01T03:00:00Z'),
      endsAt: new Date('2026-11-02T03:00:00Z'),
      hasEnded: true,
    },
  ],
  keys: [],
  contacts: [
    { role: 'technical', email: 'tik@rsud.contoh.go.id', isConfirmed: true },
    {
      role: 'security',
      email: 'keamanan@rsud.contoh.go.id',
      isConfirmed: false,
      askedAt: new Date('2026-11-19T03:00:00Z'),
    },
    { role: 'support', email: 'bantuan@rsud.contoh.go.id', isConfirmed: false },
  ],
  days: { first: '2026-11-21', last: '2027-02-19', proposed: '2026-12-05' },
  now,
};

const keyed: KeysContext = {
  ...secretApp,
  method: 'keys',
  secrets: [],
  keys: [
    {
      kid: 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k',
      about: 'ES256',
      lastUsedAt: new Date('2026-11-21T02:00:00Z'),
      network: '203.0.113.0/24',
    },
    { kid: '2025-lama', about: 'RSA, 2048 bit' },
  ],
};

export const keysSamples: Record<string, KeysContext> = {
  secrets: secretApp,
  made: {
    ...secretApp,
    made: {
      secret: 'nQ5v3yWb8mC1xKd0TgRz7pLsJf2hEaUo6iYcVtBqMwX',
      endsAt: new Date('2027-11-21T03:00:00Z'),
      previousEndsAt: new Date('2026-12-05T03:00:00Z'),
    },
    notice: { tone: 'done', text: 'Rahasia baru dibuat.' },
  },
  both: { ...secretApp, keys: keyed.keys.slice(0, 1) },
  keys: keyed,
  waiting: { ...keyed, waiting: 4 },
  published: { ...keyed, keysUri: 'https://rsud.contoh.go.id/jwks.json', keys: keyed.keys.slice(0, 1) },
  public: { ...secretApp, method: 'none', secrets: [], contacts: [] },
  refused: {
    ...secretApp,
    secrets: [],
    typed: '{"kty":"RSA","d":"…"}',
    problems: [{ kind: 'key-private' }, { kind: 'date' }],
  },
  hostile: {
    ...keyed,
    method: 'secret',
    app: { ...sampleAppHead, id: hostileText, name: hostileText },
    secrets: secretApp.secrets.map((one) => ({ ...one, id: hostileText, hint: hostileText, madeBy: hostileText })),
    keys: [{ kid: hostileText, about: hostileText, lastUsedAt: now, network: hostileText }],
    contacts: secretApp.contacts.map((one) => ({ ...one, email: hostileText })),
    typed: hostileText,
    problems: [{ kind: 'keys-unreadable' }],
  },
};
