/** How to begin with an app: its four lines, and for each stack one file that works as it is (`clients/quick-start`). */
import { readFileSync } from 'node:fs';
import { type ClientRecord, type ClientType, hasSecret } from '#src/registry/clients.ts';
import type { Stack } from '#src/registry/first-declaration.ts';
import type { Snippet } from '#views/console/start.ts';

type Env = readonly (readonly [name: string, value: string])[];

/** The lines of `.env` that every stack reads. */
export function envOf(client: ClientRecord, issuer: string, secret: string | undefined): Env {
  const [redirectUri] = client.redirectUris;
  return [
    ['OIDC_ISSUER', issuer],
    ['OIDC_CLIENT_ID', client.id],
    ...(hasSecret(client) ? ([['OIDC_CLIENT_SECRET', secret ?? '…']] as const) : []),
    ...(redirectUri === undefined ? [] : ([['OIDC_REDIRECT_URI', redirectUri]] as const)),
  ];
}

const stacksOf: Readonly<Record<ClientType, readonly Stack[]>> = {
  web: ['node', 'python', 'php', 'other'],
  spa: ['browser', 'other'],
  native: ['mobile'],
  machine: ['machine'],
};

/** The stacks that go with an app of this type, the likeliest first. */
export function stacksFor({ type }: Pick<ClientRecord, 'type'>): readonly Stack[] {
  return stacksOf[type];
}

const directory = new URL('../../../clients/quick-start/', import.meta.url);
const read = (name: string): string => readFileSync(new URL(name, directory), 'utf8');

const discovery = read('other.sh');
const withEnv = 'set -a; . ./.env; set +a';

const files: Readonly<Record<Stack, { file?: string; code: string; commands: readonly string[] }>> = {
  node: {
    file: 'app.mjs',
    code: read('app.js'),
    commands: ['npm install openid-client jose', 'node --env-file=.env app.mjs'],
  },
  python: {
    file: 'app.py',
    code: read('app.py'),
    commands: [
      'python3 -m venv .venv && . .venv/bin/activate',
      'pip install flask authlib requests "pyjwt[crypto]"',
      withEnv,
      'python3 app.py',
    ],
  },
  php: {
    file: 'index.php',
    code: read('index.php'),
    commands: [withEnv, 'php -S {HOST} index.php'],
  },
  browser: { file: 'callback.html', code: read('callback.html'), commands: ['npx serve -l {PORT}'] },
  mobile: { code: discovery, commands: [] },
  machine: { code: read('machine.sh'), commands: [] },
  other: { code: discovery, commands: [] },
};

/** How to begin with a stack, with what is this app's own filled in where the code cannot read `.env`. */
export function snippetFor(stack: Stack, env: Env): Snippet {
  const { file, code, commands } = files[stack];
  const values = new Map(env);
  const redirectUri = values.get('OIDC_REDIRECT_URI');
  const place = redirectUri && URL.canParse(redirectUri) ? new URL(redirectUri) : undefined;
  const own = new Map([...values, ['HOST', place?.host ?? ''], ['PORT', place?.port ?? '']]);
  const fill = (text: string): string => text.replace(/\{([A-Z_]+)\}/g, (whole, name) => own.get(name) ?? whole);
  const shell = file === undefined;
  return {
    stack,
    file,
    code: shell ? `${withEnv}\n${code.trimEnd()}` : stack === 'browser' ? fill(code) : code,
    commands: commands.map(fill),
    open: shell ? undefined : openAt(stack, place),
  };
}

function openAt(stack: Stack, place: URL | undefined): string | undefined {
  return stack === 'browser' ? place?.href : place && new URL('/', place).href;
}
