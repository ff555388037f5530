import { type Html, html, safeAddress } from '../html.ts';
import { type MessageKey, translate } from '../locale.ts';
import type { Notice } from '../parts/notice.ts';
import { hostileText } from '../samples.ts';
import { type AppHead, appLink, appPage, sampleAppHead } from './app-page.ts';
import { type Stack, stackName } from './new-app.ts';
import { copyButton } from './parts/copy.ts';
import { facets } from './parts/facets.ts';
import { type ConsoleFrame, sampleConsoleFrame } from './shell.ts';

/** How to begin with one stack. Commands and code are shown as they are. */
export type Snippet = {
  stack: Stack;
  /** The file to save the code in; nothing where the code is typed into a shell. */
  file?: string | undefined;
  code: string;
  /** What to run, line by line. */
  commands: readonly string[];
  /** Where to look then. */
  open?: string | undefined;
};

export type StartContext = ConsoleFrame & {
  head: AppHead;
  /** The lines of `.env`, in their order. */
  env: readonly (readonly [name: string, value: string])[];
  /** Whether the secret is among them; it is shown once. */
  hasSecret: boolean;
  /** The app proves itself with a secret that cannot be shown again. */
  secretIsKept: boolean;
  snippet: Snippet;
  /** The other stacks of apps of this type. */
  stacks: readonly Stack[];
  notice?: Notice | undefined;
};

/** `GET /console/apps/:client/start`: four lines, one file, and a first sign-in. */
export function startPage(context: StartContext): Html {
  const t = translate(context.language);
  const { head, snippet } = context;
  return appPage(context, head, 'overview', {
    title: t('console.start'),
    notice: context.notice,
    intro: t('console.start-intro'),
    scripts: ['copy.js'],
    content: html`<section aria-labelledby="env-heading"><h2 id="env-heading">${t('console.start-env')}</h2>
${secretNote(context)}
<pre class="code" id="env" tabindex="0"><code>${envText(context)}</code></pre>${copyButton(context.language, 'env')}</section>
<section aria-labelledby="code-heading"><h2 id="code-heading">${t('console.start-code')}</h2>
${stackChoice(context)}
<ol class="points">${steps(context, snippet)}</ol></section>
<section aria-labelledby="next-heading"><h2 id="next-heading">${t('console.start-next')}</h2>
<ul class="points">${nextSteps(context)}</ul></section>`,
  });
}

function envText({ env }: StartContext): string {
  return env.map(([name, value]) => `${name}=${value}`).join('\n');
}

function secretNote(context: StartContext): Html | false {
  const t = translate(context.language);
  if (context.hasSecret)
    return html`<p class="notice notice-info" id="shown-once"><span>${t('console.start-secret')}</span></p>`;
  if (!context.secretIsKept) return html`<p class="hint">${t('console.start-env-hint')}</p>`;
  return html`<p class="hint">${t('console.start-secret-gone')} <a href="${appLink(context.head.id, 'keys')}">${t('console.tab-keys')}</a></p>`;
}

function stackChoice(context: StartContext): Html | false {
  if (context.stacks.length < 2) return false;
  const all = context.stacks.map((stack) => ({
    label: stackName(context, stack),
    link: `?stack=${stack}`,
    isChosen: stack === context.snippet.stack,
  }));
  return facets(translate(context.language)('console.new-stack'), all);
}

function steps(context: StartContext, snippet: Snippet): Html[] {
  const t = translate(context.language);
  const { file, code, commands, open } = snippet;
  const block = (text: string, id?: string): Html =>
    html`<pre class="code"${id && html` id="${id}"`} tabindex="0"><code>${text}</code></pre>`;
  const link = safeAddress(open);
  return [
    html`<li>${t('console.start-save-env')}</li>`,
    html`<li>${file ? t('console.start-save', { file }) : t('console.start-run')}${block(code, 'snippet')}${copyButton(context.language, 'snippet')}</li>`,
    ...(commands.length > 0 ? [html`<li>${t('console.start-run')}${block(commands.join('\n'), 'commands')}</li>`] : []),
    ...(link
      ? [
          html`<li>${t(context.sandbox ? 'console.start-open' : 'console.start-open-production')} <a href="${link}">${open}</a></li>`,
        ]
      : []),
  ];
}

function nextSteps(context: StartContext): Html[] {
  const t = translate(context.language);
  const { id, tabs } = context.head;
  const next: readonly (readonly [AppHead['tabs'][number], MessageKey])[] = [
    ['attempts', 'console.start-attempts'],
    ['edit', 'console.start-edit'],
    ['production', 'console.start-production'],
  ];
  return next
    .filter(([tab]) => tabs.includes(tab))
    .map(([tab, words]) => html`<li><a href="${appLink(id, tab)}">${t(words)}</a></li>`);
}

const web: StartContext = {
  ...sampleConsoleFrame,
  section: 'apps',
  head: sampleAppHead,
  env: [
    ['OIDC_ISSUER', 'http://localhost:3000'],
    ['OIDC_CLIENT_ID', 'antrean-rsud'],
    ['OIDC_CLIENT_SECRET', 'Xn3k0example0of0a0secret0that0is0shown0once'],
    ['OIDC_REDIRECT_URI', 'http://localhost:8080/callback'],
  ],
  hasSecret: true,
  secretIsKept: true,
  snippet: {
    stack: 'node',
    file: 'app.mjs',
    code: "import { createServer } from 'node:http';\nimport * as oidc from 'openid-client';\n\nconst { OIDC_ISSUER } = process.env;\n",
    commands: ['npm install openid-client jose', 'node --env-file=.env app.mjs'],
    open: 'http://localhost:8080/',
  },
  stacks: ['node', 'python', 'php', 'other'],
  notice: { tone: 'done', text: 'Antrean RSUD sudah terdaftar dan langsung bisa dicoba.' },
};

export const startSamples: Record<string, StartContext> = {
  web,
  later: {
    ...web,
    hasSecret: false,
    env: web.env.map(([name, value]) => [name, name === 'OIDC_CLIENT_SECRET' ? '…' : value]),
    notice: undefined,
  },
  machine: {
    ...web,
    env: web.env.slice(0, 3),
    snippet: { stack: 'machine', code: 'curl --data grant_type=client_credentials "$OIDC_ISSUER/token"', commands: [] },
    stacks: ['machine'],
  },
  hostile: {
    ...web,
    head: { ...sampleAppHead, id: hostileText, name: hostileText, agency: { id: hostileText, name: hostileText } },
    env: [['OIDC_ISSUER', hostileText]],
    snippet: {
      stack: 'other',
      file: hostileText,
      code: hostileText,
      commands: [hostileText],
      open: 'javascript:alert(1)',
    },
  },
};
