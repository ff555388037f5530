/** The rules between the keys of a client's registration; what one key alone may say is the schema's. */
import type { Config } from '#src/base/config.ts';
import { type AddressMistake, findKeysUriMistake, findPageUriMistake, findRedirectUriMistake } from './addresses.ts';
import { apiScopes } from './api-scopes.ts';
import { scopes } from './claims.ts';
import type { AuthMethod, ClientType } from './clients.ts';
import { findKeyMistakes } from './public-keys.ts';
import { type Finding, findWhen, oneOf, show, suggest } from './registration-findings.ts';
import type { ClientEntry } from './registration-schema.ts';

/** A rule between keys. It is left out while one of the keys it reads has a mistake of its own. */
export interface Rule {
  readonly reads: readonly (keyof ClientEntry)[];
  check(entry: ClientEntry, mode: Config['mode']): Finding[];
}

function rule(reads: Rule['reads'], check: Rule['check']): Rule {
  return { reads, check };
}

const pageKeys = [
  'client_uri',
  'logo_uri',
  'policy_uri',
  'tos_uri',
  'initiate_login_uri',
  'backchannel_logout_uri',
  'event_uri',
] as const;

export const rules: readonly Rule[] = [
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
  ...pageKeys.map((key) =>
    rule([key], (entry, mode) => {
      const uri = entry[key];
      return uri === undefined ? [] : locate([key], uri, findPageUriMistake(uri, mode));
    }),
  ),
  rule(['backchannel_logout_uri', 'type', 'application_type'], ({ type, backchannel_logout_uri: uri }) =>
    findWhen(
      type === 'machine' && uri !== undefined,
      'backchannel_logout_uri',
      'an app of type machine has no people',
      'no backchannel_logout_uri',
    ),
  ),
  rule(
    ['backchannel_logout_session_required', 'backchannel_logout_uri'],
    ({ backchannel_logout_session_required: required, backchannel_logout_uri: uri }) =>
      findWhen(
        required === true && uri === undefined,
        'backchannel_logout_session_required',
        'asks for the session in notices that have no address',
        'backchannel_logout_uri',
      ),
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
  rule(['min_authentication', 'type', 'application_type'], ({ type, min_authentication: minimum }) =>
    findWhen(
      type === 'machine' && minimum !== 'aal1',
      'min_authentication',
      'an app of type machine signs nobody in',
      'the key left out',
    ),
  ),
  rule(['min_identity', 'type', 'application_type'], ({ type, min_identity: minimum }) =>
    findWhen(
      type === 'machine' && minimum !== undefined,
      'min_identity',
      'an app of type machine has no people',
      'the key left out',
    ),
  ),
  rule(
    ['min_identity', 'claims', 'scope', 'token_endpoint_auth_method', 'type', 'application_type'],
    checkVerifiedAttributes,
  ),
  rule(
    [
      ...(['security_profile', 'token_endpoint_auth_method', 'require_pkce', 'type', 'application_type'] as const),
      ...(['require_pushed_authorization_requests', 'dpop_bound_access_tokens', 'rotate_refresh'] as const),
      ...(['id_token_signed_response_alg', 'userinfo_signed_response_alg'] as const),
    ],
    checkFapi,
  ),
  rule(['description', 'description#en'], (entry) =>
    findWhen(
      entry.description === undefined && entry['description#en'] !== undefined,
      'description#en',
      'description#en without description',
      'description beside it',
    ),
  ),
  ...(['sectors', 'audience'] as const).map((key) =>
    rule([key], (entry) =>
      findWhen(new Set(entry[key]).size < entry[key].length, key, `${key} has a word twice`, 'each once'),
    ),
  ),
  rule(['contacts'], ({ contacts }) =>
    findWhen(
      new Set(contacts.map(({ role, email }) => `${role} ${email}`)).size < contacts.length,
      'contacts',
      'an address is there twice for one role',
      'each once',
    ),
  ),
  rule(['launch_on', 'sunset_on'], ({ launch_on: launch, sunset_on: sunset }) =>
    findWhen(
      launch !== undefined && sunset !== undefined && sunset <= launch,
      'sunset_on',
      `sunset_on ${sunset} is not after launch_on ${launch}`,
      'a later day',
    ),
  ),
  rule(['migration_plan'], ({ migration_plan: plan = [] }) =>
    plan.flatMap(({ on }, index) => {
      const before = plan[index - 1]?.on;
      if (before === undefined || before < on) return [];
      return [
        { path: ['migration_plan', index], key: 'on', what: `${on} is not after ${before}`, expected: 'a later day' },
      ];
    }),
  ),
  rule(['migration_plan', 'migration_percentage', 'type', 'application_type'], (entry) => {
    const { type, migration_plan: plan = [], migration_percentage: percentage = 100 } = entry;
    return findWhen(
      type === 'machine' && (plan.length > 0 || percentage < 100),
      plan.length > 0 ? 'migration_plan' : 'migration_percentage',
      'an app of type machine has no people',
      'the key left out',
    );
  }),
  rule(['client_secret_env', 'token_endpoint_auth_method', 'type', 'application_type'], (entry) =>
    findWhen(
      entry.client_secret_env !== undefined && !entry.token_endpoint_auth_method.startsWith('client_secret_'),
      'client_secret_env',
      `client_secret_env does not go with token_endpoint_auth_method ${entry.token_endpoint_auth_method}`,
      'no client_secret_env',
    ),
  ),
];

/** What a file has to say beside: it cannot show a secret that was just made, as a page or an answer of the API can. */
export const fileRules: readonly Rule[] = [
  rule(['client_secret_env', 'token_endpoint_auth_method', 'type', 'application_type'], (entry, mode) =>
    findWhen(
      mode === 'production' &&
        entry.client_secret_env === undefined &&
        entry.token_endpoint_auth_method.startsWith('client_secret_'),
      'client_secret_env',
      'client_secret_env is missing',
      'the environment variable that has the secret',
    ),
  ),
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

/**
 * What is read of a person whose identity has to be proven is a verified attribute. An app that keeps no secret could be
 * anybody's copy of it, so it gets none: such an app may insist on the proof and read who it is (`sub`), nothing more. A key
 * that every installation of a native app shares is no secret either (RFC 8252 §8.4).
 */
function checkVerifiedAttributes(entry: ClientEntry): Finding[] {
  const isPublic = entry.type === 'spa' || entry.type === 'native' || entry.token_endpoint_auth_method === 'none';
  const isProven = entry.min_identity === 'ial2' || entry.min_identity === 'ial3';
  return findWhen(
    isPublic && isProven && entry.claims.length > 0,
    'min_identity',
    `a public app cannot read verified attributes, and with min_identity ${entry.min_identity} every claim is one`,
    'claims: [], or an app of type web',
  );
}

/** What the FAPI 2.0 Security Profile §5.3.2 asks of an app; the sender of a token is bound by DPoP (§5.3.2.1). */
function checkFapi(entry: ClientEntry): Finding[] {
  if (entry.security_profile !== 'fapi2') return [];
  const means = 'security_profile fapi2';
  return [
    ...findWhen(
      entry.token_endpoint_auth_method !== 'private_key_jwt',
      'token_endpoint_auth_method',
      `${means} with token_endpoint_auth_method ${entry.token_endpoint_auth_method}`,
      'private_key_jwt',
    ),
    ...findWhen(
      !entry.require_pushed_authorization_requests && entry.type !== 'machine',
      'require_pushed_authorization_requests',
      `${means} without pushed authorization requests`,
      'require_pushed_authorization_requests: true',
    ),
    ...findWhen(
      !entry.dpop_bound_access_tokens,
      'dpop_bound_access_tokens',
      `${means} without tokens bound by DPoP`,
      'dpop_bound_access_tokens: true',
    ),
    ...findWhen(!entry.require_pkce, 'require_pkce', `${means} without PKCE`, 'require_pkce: true'),
    ...findWhen(entry.rotate_refresh, 'rotate_refresh', `${means} with rotate_refresh`, 'rotate_refresh: false'),
    ...(['id_token_signed_response_alg', 'userinfo_signed_response_alg'] as const).flatMap((key) =>
      findWhen(entry[key] === 'RS256', key, `${means} with RS256`, 'ES256'),
    ),
  ];
}

function checkScope({ scope, grant_types: grants, type }: ClientEntry): Finding[] {
  const asked = scope === '' ? [] : scope.split(' ');
  const isMachine = type === 'machine';
  const known: readonly string[] = isMachine ? apiScopes : scopes;
  const aboutPeople = asked.filter((one) => isMachine && (scopes as readonly string[]).includes(one));
  const unknown = asked.filter((one) => !known.includes(one) && !aboutPeople.includes(one));
  return [
    ...unknown.flatMap((one) => findWhen(true, 'scope', `the scope "${one}" is not known`, suggest(one, known))),
    ...findWhen(new Set(asked).size < asked.length, 'scope', 'a scope is there twice', 'each once'),
    ...findWhen(
      aboutPeople.length > 0,
      'scope',
      'an app of type machine has no people',
      `no scope, or some of ${apiScopes.join(', ')}`,
    ),
    ...findWhen(
      !isMachine && !asked.includes('openid'),
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

function locate(path: readonly PropertyKey[], uri: string, mistake: AddressMistake | undefined): Finding[] {
  return mistake ? [{ path, what: `${show(uri)} ${mistake.what}`, expected: mistake.expected }] : [];
}
