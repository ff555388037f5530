/**
 * What a declarative registration may say: the keys of OpenID Connect Dynamic Client Registration 1.0 §2 with our
 * additions, and the rules between them. A key in another language bears its tag as in §2.1: `client_name#en`; without
 * a tag it is Bahasa Indonesia.
 */
import { z } from 'zod';
import type { Config } from '#src/base/config.ts';
import {
  type AddressMistake,
  findKeysUriMistake,
  findPageUriMistake,
  findRedirectUriMistake,
  MAX_ADDRESS_LENGTH,
} from './addresses.ts';
import { claimsOfScope, type Scope, type StandardClaim, scopes, standardClaims } from './claims.ts';
import {
  type AuthMethod,
  authMethods,
  type ClientType,
  clientStates,
  clientTypes,
  type GrantType,
  grantTypes,
  legalBases,
  signingAlgorithms,
} from './clients.ts';
import { findKeyMistakes } from './public-keys.ts';

/** Something wrong in a declaration. `path` leads to it from where the caller looks. */
export interface Finding {
  readonly path: readonly PropertyKey[];
  readonly what: string;
  readonly expected: string;
  /** The path leads to a mapping; the mistake is at this key of it. */
  readonly key?: string;
}

/** Line breaks, other control characters and the marks that turn the direction of writing (they disguise names). */
const unfitForText = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;

const text = (max: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(max)
    .refine(
      (value) => !unfitForText.test(value),
      custom('has a line break or an invisible character', 'one line of text'),
    );

const word = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9-]{1,62}$/,
    custom('is not a short word', '2 to 63 of a to z, 0 to 9 and -, beginning with a letter or digit'),
  );

const address = z.string().max(MAX_ADDRESS_LENGTH);
const addresses = z.array(address).max(50);

function custom(what: string, expected: string) {
  return { error: JSON.stringify({ what, expected }) };
}

const agencySchema = z.strictObject({
  id: word,
  name: text(100),
  'name#en': text(100),
  legal_name: text(200),
  domain: z
    .string()
    .max(253)
    .regex(
      /^([a-z\d]([a-z\d-]*[a-z\d])?\.)+[a-z][a-z\d-]*[a-z\d]$/,
      custom('is not a domain name', 'a name like dinkes.contoh.go.id'),
    ),
});

const claimSchema = z.strictObject({
  name: z.enum(standardClaims as [StandardClaim, ...StandardClaim[]]),
  required: z.boolean(),
  purpose: text(300),
  'purpose#en': text(300),
  basis: z.enum(legalBases),
});

const clientSchema = z.strictObject({
  client_id: word,
  client_name: text(100),
  'client_name#en': text(100),
  purpose: text(300),
  'purpose#en': text(300),
  type: z.enum(clientTypes).optional(),
  state: z.enum(clientStates).optional(),
  application_type: z.enum(['web', 'native']).optional(),
  redirect_uris: addresses.optional(),
  post_logout_redirect_uris: addresses.optional(),
  grant_types: z.array(z.enum(grantTypes)).optional(),
  response_types: z.array(z.enum(['code'])).optional(),
  scope: z.string().max(1_000).optional(),
  claims: z.array(claimSchema).max(100).optional(),
  token_endpoint_auth_method: z.enum(authMethods).optional(),
  client_secret_env: z
    .string()
    .regex(
      /^[A-Z_][A-Z0-9_]{0,99}$/,
      custom('is not the name of an environment variable', 'a name like PUSKESMAS_SECRET'),
    )
    .optional(),
  jwks: z.strictObject({ keys: z.array(z.record(z.string(), z.unknown())) }).optional(),
  jwks_uri: address.optional(),
  id_token_signed_response_alg: z.enum(signingAlgorithms).optional(),
  userinfo_signed_response_alg: z.enum(signingAlgorithms).optional(),
  require_pkce: z.boolean().optional(),
  require_pushed_authorization_requests: z.boolean().optional(),
  dpop_bound_access_tokens: z.boolean().optional(),
  rotate_refresh: z.boolean().optional(),
  subject_group: word.optional(),
  client_uri: address.optional(),
  logo_uri: address.optional(),
  policy_uri: address.optional(),
  tos_uri: address.optional(),
  initiate_login_uri: address.optional(),
  default_max_age: z.int().min(0).max(31_536_000).optional(),
  consent_days: z.int().min(1).max(1_825).optional(),
});

const MAX_CLIENTS = 10_000;

const fileSchema = z.strictObject({
  agency: agencySchema,
  clients: z.array(z.unknown()).min(1).max(MAX_CLIENTS),
});

export type AgencyEntry = z.output<typeof agencySchema>;

/** One client of a file, with what it leaves out filled in. */
export type ClientEntry = ReturnType<typeof resolveDefaults>;

/** A file as far as it could be understood, and everything wrong in it. A client with a mistake is not among `clients`. */
export interface Reading {
  readonly agency: AgencyEntry | undefined;
  readonly clients: readonly { readonly index: number; readonly entry: ClientEntry }[];
  readonly findings: readonly Finding[];
}

/** Checks the content of one file against the schema and the rules. */
export function checkFile(content: unknown, mode: Config['mode']): Reading {
  const file = fileSchema.safeParse(content);
  const findings = file.success ? [] : file.error.issues.flatMap((issue) => toFindings(issue, content, fileSchema));
  const clients: { index: number; entry: ClientEntry }[] = [];
  const list = readKey(content, 'clients');
  for (const [index, value] of (Array.isArray(list) ? list.slice(0, MAX_CLIENTS) : []).entries()) {
    const checked = checkClient(value, mode);
    if (checked.entry) clients.push({ index, entry: checked.entry });
    findings.push(...checked.findings.map((one) => ({ ...one, path: ['clients', index, ...one.path] })));
  }
  return { agency: file.data?.agency, clients, findings };
}

function checkClient(value: unknown, mode: Config['mode']): { entry?: ClientEntry; findings: Finding[] } {
  const parsed = clientSchema.safeParse(value);
  const findings = parsed.success ? [] : parsed.error.issues.flatMap((issue) => toFindings(issue, value, clientSchema));
  const mistaken = new Set(findings.map(({ path, key }) => String(path[0] ?? key)));
  const sound = Object.fromEntries(Object.entries(value ?? {}).filter(([key]) => !mistaken.has(key)));
  const entry = resolveDefaults((parsed.data ?? sound) as z.output<typeof clientSchema>);
  for (const { reads, check } of rules) {
    if (!reads.some((key) => mistaken.has(key))) findings.push(...check(entry, mode));
  }
  return findings.length === 0 ? { entry, findings } : { findings };
}

function resolveDefaults(given: z.output<typeof clientSchema>) {
  const type: ClientType = given.type ?? (given.application_type === 'native' ? 'native' : 'web');
  const isPublic = type === 'spa' || type === 'native';
  const grants: readonly GrantType[] = given.grant_types ?? [
    type === 'machine' ? 'client_credentials' : 'authorization_code',
  ];
  const method: AuthMethod = given.token_endpoint_auth_method ?? (isPublic ? 'none' : 'client_secret_basic');
  return {
    ...given,
    type,
    grant_types: grants,
    response_types: given.response_types ?? (grants.includes('authorization_code') ? (['code'] as const) : []),
    token_endpoint_auth_method: method,
    scope: given.scope ?? (type === 'machine' ? '' : 'openid'),
    redirect_uris: given.redirect_uris ?? [],
    post_logout_redirect_uris: given.post_logout_redirect_uris ?? [],
    claims: given.claims ?? [],
    id_token_signed_response_alg: given.id_token_signed_response_alg ?? ('ES256' as const),
    require_pkce: given.require_pkce ?? true,
    rotate_refresh: given.rotate_refresh ?? method === 'none',
    consent_days: given.consent_days ?? 365,
  };
}

/** The scopes that a declaration asks for, each once. */
export function splitScope(scope: string): Scope[] {
  const asked = new Set(scope.split(' '));
  return scopes.filter((one) => asked.has(one));
}

type Key = keyof z.output<typeof clientSchema>;

/** A rule between keys. It is left out while one of the keys it reads has a mistake of its own. */
interface Rule {
  readonly reads: readonly Key[];
  check(entry: ClientEntry, mode: Config['mode']): Finding[];
}

function rule(reads: readonly Key[], check: Rule['check']): Rule {
  return { reads, check };
}

/** One finding at a key, when `wrong`. */
function findWhen(wrong: boolean, key: Key, what: string, expected: string): Finding[] {
  return wrong ? [{ path: [], key, what, expected }] : [];
}

const rules: readonly Rule[] = [
  rule(['type', 'application_type'], ({ type, application_type }) =>
    findWhen(
      application_type !== undefined && (application_type === 'native') !== (type === 'native'),
      'application_type',
      `application_type ${application_type} does not go with type ${type}`,
      'one of the two left out',
    ),
  ),
  rule(['type', 'application_type', 'token_endpoint_auth_method'], checkAuthentication),
  rule(['type', 'application_type', 'token_endpoint_auth_method', 'require_pkce'], (entry) =>
    findWhen(
      !entry.require_pkce && (entry.type !== 'web' || entry.token_endpoint_auth_method === 'none'),
      'require_pkce',
      'an app that keeps no secret, or is no web app, cannot go without PKCE',
      'require_pkce: true',
    ),
  ),
  rule(['token_endpoint_auth_method', 'jwks', 'jwks_uri'], (entry) => [
    ...findWhen(
      entry.token_endpoint_auth_method === 'private_key_jwt' && !entry.jwks && !entry.jwks_uri,
      'token_endpoint_auth_method',
      'private_key_jwt without keys',
      'jwks or jwks_uri',
    ),
    ...findWhen(Boolean(entry.jwks && entry.jwks_uri), 'jwks_uri', 'jwks and jwks_uri together', 'one of them'),
  ]),
  rule(['jwks'], ({ jwks }) =>
    findKeyMistakes(jwks?.keys ?? []).flatMap((one) =>
      jwks ? [{ ...one, path: one.index === undefined ? ['jwks'] : ['jwks', 'keys', one.index] }] : [],
    ),
  ),
  rule(['jwks_uri'], ({ jwks_uri }) =>
    jwks_uri === undefined ? [] : locate(['jwks_uri'], jwks_uri, findKeysUriMistake(jwks_uri)),
  ),
  rule(['type', 'application_type', 'token_endpoint_auth_method', 'grant_types'], checkGrants),
  rule(['grant_types', 'type', 'response_types'], ({ grant_types, response_types }) =>
    findWhen(
      response_types.length > 0 !== grant_types.includes('authorization_code'),
      'response_types',
      'response_types and grant_types do not go together',
      'response_types: [code] with the grant authorization_code, and none without',
    ),
  ),
  rule(['type', 'application_type', 'redirect_uris', 'grant_types'], checkRedirectUris),
  rule(['type', 'application_type', 'post_logout_redirect_uris'], (entry, mode) =>
    entry.post_logout_redirect_uris.flatMap((uri, index) =>
      locate(['post_logout_redirect_uris', index], uri, findRedirectUriMistake(uri, { type: entry.type, mode })),
    ),
  ),
  ...(['client_uri', 'logo_uri', 'policy_uri', 'tos_uri', 'initiate_login_uri'] as const).map((key) =>
    rule([key], (entry, mode) => {
      const uri = entry[key];
      return uri === undefined ? [] : locate([key], uri, findPageUriMistake(uri, mode));
    }),
  ),
  rule(['scope', 'grant_types', 'type'], checkScope),
  rule(['claims', 'grant_types', 'type'], checkClaims),
  rule(['rotate_refresh', 'token_endpoint_auth_method', 'type', 'application_type'], (entry) =>
    findWhen(
      !entry.rotate_refresh && entry.token_endpoint_auth_method === 'none',
      'rotate_refresh',
      'a public app uses each refresh token once',
      'rotate_refresh: true',
    ),
  ),
  rule(['client_secret_env', 'token_endpoint_auth_method', 'type', 'application_type'], checkSecretSource),
];

function checkAuthentication({ type, token_endpoint_auth_method: method }: ClientEntry): Finding[] {
  const possible: Record<ClientType, readonly AuthMethod[]> = {
    web: ['client_secret_basic', 'client_secret_post', 'private_key_jwt'],
    machine: ['client_secret_basic', 'client_secret_post', 'private_key_jwt'],
    spa: ['none'],
    native: ['none', 'private_key_jwt'],
  };
  return findWhen(
    !possible[type].includes(method),
    'token_endpoint_auth_method',
    `an app of type ${type} cannot authenticate by ${method}`,
    oneOf(possible[type]),
  );
}

function checkGrants({ type, grant_types: grants, token_endpoint_auth_method: method }: ClientEntry): Finding[] {
  const machine = type === 'machine';
  return [
    ...findWhen(
      machine && (grants.length !== 1 || grants[0] !== 'client_credentials'),
      'grant_types',
      'an app of type machine has no people',
      '[client_credentials]',
    ),
    ...findWhen(
      !machine && !grants.includes('authorization_code'),
      'grant_types',
      `an app of type ${type} signs people in`,
      'authorization_code among the grants, or type: machine',
    ),
    ...findWhen(
      method === 'none' && grants.includes('client_credentials'),
      'grant_types',
      'client_credentials without authentication',
      'another token_endpoint_auth_method than none',
    ),
    ...findWhen(new Set(grants).size < grants.length, 'grant_types', 'a grant is there twice', 'each once'),
  ];
}

function checkRedirectUris(entry: ClientEntry, mode: Config['mode']): Finding[] {
  const { type, redirect_uris: uris } = entry;
  const needed = entry.grant_types.includes('authorization_code');
  return [
    ...findWhen(
      needed && uris.length === 0,
      'redirect_uris',
      'redirect_uris is missing or empty',
      'at least one address',
    ),
    ...findWhen(!needed && uris.length > 0, 'redirect_uris', 'redirect_uris without authorization_code', 'none'),
    ...findWhen(new Set(uris).size < uris.length, 'redirect_uris', 'an address is there twice', 'each once'),
    ...uris.flatMap((uri, index) => locate(['redirect_uris', index], uri, findRedirectUriMistake(uri, { type, mode }))),
  ];
}

function checkScope({ scope, grant_types: grants, type }: ClientEntry): Finding[] {
  const asked = scope === '' ? [] : scope.split(' ');
  const unknown = asked.filter((one) => !Object.hasOwn(claimsOfScope, one));
  return [
    ...unknown.flatMap((one) => findWhen(true, 'scope', `the scope "${one}" is not known`, suggest(one, scopes))),
    ...findWhen(new Set(asked).size < asked.length, 'scope', 'a scope is there twice', 'each once'),
    ...findWhen(type === 'machine' && asked.length > 0, 'scope', 'an app of type machine has no people', 'no scope'),
    ...findWhen(
      type !== 'machine' && !asked.includes('openid'),
      'scope',
      'the scope openid is missing',
      'openid among the scopes',
    ),
    ...findWhen(
      asked.includes('offline_access') && !grants.includes('refresh_token'),
      'scope',
      'offline_access without the grant refresh_token',
      'refresh_token among the grant_types',
    ),
  ];
}

function checkClaims({ claims, type }: ClientEntry): Finding[] {
  const names = claims.map(({ name }) => name);
  return [
    ...claims.flatMap(({ name }, index) =>
      names.indexOf(name) < index
        ? [{ path: ['claims', index], key: 'name', what: `the claim ${name} is there twice`, expected: 'each once' }]
        : [],
    ),
    ...findWhen(type === 'machine' && claims.length > 0, 'claims', 'an app of type machine has no people', 'no claims'),
  ];
}

function checkSecretSource(entry: ClientEntry, mode: Config['mode']): Finding[] {
  const secret = entry.token_endpoint_auth_method.startsWith('client_secret_');
  const named = entry.client_secret_env !== undefined;
  return [
    ...findWhen(
      named && !secret,
      'client_secret_env',
      `client_secret_env does not go with token_endpoint_auth_method ${entry.token_endpoint_auth_method}`,
      'no client_secret_env',
    ),
    ...findWhen(
      secret && !named && mode === 'production',
      'client_secret_env',
      'client_secret_env is missing',
      'the environment variable that has the secret',
    ),
  ];
}

function locate(path: readonly PropertyKey[], uri: string, mistake: AddressMistake | undefined): Finding[] {
  return mistake ? [{ path, what: `${show(uri)} ${mistake.what}`, expected: mistake.expected }] : [];
}

/** A schema's complaint as what is wrong and what would be right. */
function toFindings(issue: z.core.$ZodIssue, content: unknown, schema: z.ZodObject): Finding[] {
  const { path } = issue;
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(schema, path);
    return issue.keys.map((key) => ({
      path,
      key,
      what: `the key ${show(key)} is not known`,
      expected: suggest(key, known),
    }));
  }
  const name = String(path.findLast((step) => typeof step === 'string') ?? 'the file');
  const value = path.reduce(readKey, content);
  if (value === undefined) return [{ path, what: `${name} is missing`, expected: 'it' }];
  return [{ path, ...describe(issue, name, value) }];
}

function describe(issue: z.core.$ZodIssue, name: string, value: unknown): AddressMistake {
  if (issue.code === 'invalid_type')
    return { what: `${name} is ${kindOf(value)}`, expected: kinds[issue.expected] ?? issue.expected };
  if (issue.code === 'invalid_value')
    return { what: `${name} is ${show(value)}`, expected: suggest(String(value), issue.values.map(String)) };
  if (issue.code === 'too_big')
    return { what: `${name} is too long`, expected: `at most ${issue.maximum}${unit(issue.origin)}` };
  if (issue.code === 'too_small')
    return { what: `${name} is too short`, expected: `at least ${issue.minimum}${unit(issue.origin)}` };
  if (issue.message.startsWith('{')) {
    const { what, expected } = JSON.parse(issue.message) as AddressMistake;
    return { what: `${name} ${what}`, expected };
  }
  return { what: `${name} is not right`, expected: issue.message };
}

const kinds: Record<string, string> = {
  string: 'text',
  object: 'a mapping',
  record: 'a mapping',
  array: 'a list',
  boolean: 'true or false',
  int: 'a whole number',
  number: 'a whole number',
};

function kindOf(value: unknown): string {
  if (value === null) return 'empty';
  return Array.isArray(value) ? 'a list' : (kinds[typeof value] ?? typeof value).replace('whole ', '');
}

function unit(origin: string): string {
  if (origin === 'string') return ' characters';
  return origin === 'array' ? ' entries' : '';
}

function knownKeys(schema: z.ZodObject, path: readonly PropertyKey[]): string[] {
  if (path[0] === 'agency') return Object.keys(agencySchema.shape);
  if (path[0] === 'claims') return Object.keys(claimSchema.shape);
  return path[0] === 'jwks' ? ['keys'] : Object.keys(schema.shape);
}

function readKey(value: unknown, key: PropertyKey): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Record<PropertyKey, unknown>)[key]
    : undefined;
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 120 ? `${text.slice(0, 120)}…` : text;
}

function oneOf(values: readonly string[]): string {
  return values.length === 1 ? String(values[0]) : `one of ${values.join(', ')}`;
}

/** The known word that somebody meant, or all of them. */
function suggest(word: string, known: readonly string[]): string {
  const [closest] = known
    .map((candidate) => ({ candidate, distance: distanceOf(word, candidate) }))
    .sort((one, other) => one.distance - other.distance);
  const limit = Math.max(1, Math.floor(word.length / 3));
  return closest && closest.distance <= limit ? `${closest.candidate}, did you mean that?` : oneOf(known);
}

/** How many letters to insert, drop or replace (Levenshtein). */
function distanceOf(one: string, other: string): number {
  const word = one.slice(0, 100);
  let row = Array.from({ length: other.length + 1 }, (_, i) => i);
  for (const [i, letter] of [...word].entries()) {
    const next = [i + 1];
    for (const [j, otherLetter] of [...other].entries()) {
      const replaced = (row[j] ?? 0) + (letter === otherLetter ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
