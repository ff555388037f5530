/**
 * The OpenID Connect provider of this house: what it supports, how long things live, and which room answers what.
 *
 * It keeps nothing of its own: what lasts is in the database, so any number of processes may each have one.
 */
import type { Context } from 'koa';
import {
  type Client,
  type Configuration,
  errors,
  type KoaContextWithOIDC,
  Provider,
  type ResourceServer,
  type Session,
} from 'oidc-provider';
import type { Config } from '#src/base/config.ts';
import type { Database } from '#src/base/database.ts';
import { epochSeconds } from '#src/base/epoch.ts';
import { createGuardedFetch } from '#src/base/guarded-fetch.ts';
import type { Log } from '#src/base/log.ts';
import type { Secrets } from '#src/base/secrets.ts';
import { currentDb } from '#src/base/unit-of-work.ts';
import type { Makers } from '#src/people/makers.ts';
import { apiAddress, isApiScope } from '#src/registry/api-scopes.ts';
import { scopes } from '#src/registry/claims.ts';
import { isOpenTo } from '#src/registry/client-reach.ts';
import { authMethods, type ClientRecord, signingAlgorithms } from '#src/registry/clients.ts';
import { offeredAcrValues } from './acr.ts';
import { claimsConfiguration, createFindAccount } from './claims.ts';
import { isFapiClient } from './clients.ts';
import { createLoadExistingGrant } from './grants.ts';
import { forgetEnded, rememberBegun } from './interaction-cookies.ts';
import type { KeyCache } from './key-cache.ts';
import { clockToleranceSeconds, jwksCacheSeconds, limitOf, tokenSeconds } from './lifetimes.ts';
import { adaptModels, type FindClient, recordOf } from './models.ts';
import { noteKey, type Observations, observe } from './observations.ts';
import { createPolicy } from './prompts.ts';
import { proofAlgorithms } from './proofs.ts';
import { type ReleaseNotes, recordReleases } from './releases.ts';
import { createAdapter } from './storage.ts';
import { loadSubject } from './subjects.ts';

export type { Provider };

/** The pages that the engine asks for; `app.ts` hands them in, because pages belong to the room `web`. */
export interface EnginePages {
  /** An error that cannot go back to the app. */
  readonly renderError: (ctx: Context, error: Error) => Promise<void> | void;
  /** "Do you want to sign out?"; `xsrf` goes back in a hidden field of that name. */
  readonly confirmLogout: (ctx: Context, form: LogoutForm) => Promise<void> | void;
  readonly loggedOut: (ctx: Context, client: ClientRecord | undefined) => Promise<void> | void;
}

export interface LogoutForm {
  readonly action: string;
  readonly xsrf: string;
  /** The app that asked. */
  readonly client: ClientRecord | undefined;
  /** Where the app wants the browser afterwards (RP-Initiated Logout §2, `post_logout_redirect_uri`). */
  readonly returnTo: unknown;
}

export interface ProviderContext {
  readonly config: Config;
  readonly database: Database;
  readonly secrets: Secrets;
  readonly keys: KeyCache;
  readonly epoch: number;
  readonly log: Log;
  readonly makers: Makers;
  readonly findClient: FindClient;
  /** All of the registry, in whatever state. */
  readonly clients: { find(id: string): ClientRecord | undefined };
  readonly observations: Observations;
  readonly releaseNotes: ReleaseNotes;
  /** The machine whose home address this is. */
  readonly findResourceServer: (homeUri: string) => ClientRecord | undefined;
  readonly pages: EnginePages;
}

const MINUTE = 60;
const DAY = 24 * 3600;

/** A person may have to look for a phone or a code. */
const interactionSeconds = 30 * MINUTE;

const routes = {
  authorization: '/authorize',
  backchannel_authentication: '/backchannel-authentication',
  code_verification: '/device',
  device_authorization: '/device/authorize',
  end_session: '/logout',
  introspection: '/introspect',
  jwks: '/jwks',
  pushed_authorization_request: '/par',
  registration: '/register',
  revocation: '/revoke',
  token: '/token',
  userinfo: '/userinfo',
};

/** What the engine answers with this configuration; `:uid` stands for what varies. */
export const engineRoutes: readonly { readonly method: string; readonly path: string }[] = [
  { method: 'GET', path: routes.authorization },
  { method: 'GET', path: `${routes.authorization}/:uid` },
  { method: 'POST', path: routes.token },
  { method: 'GET', path: routes.userinfo },
  { method: 'POST', path: routes.userinfo },
  { method: 'GET', path: routes.jwks },
  { method: 'POST', path: routes.pushed_authorization_request },
  { method: 'POST', path: routes.introspection },
  { method: 'POST', path: routes.revocation },
  { method: 'GET', path: routes.end_session },
  { method: 'POST', path: `${routes.end_session}/confirm` },
  { method: 'GET', path: `${routes.end_session}/success` },
  { method: 'GET', path: '/.well-known/openid-configuration' },
  { method: 'GET', path: '/.well-known/oauth-authorization-server' },
];

/** Builds the engine with the signing keys of this moment. */
export function buildProvider(context: ProviderContext): Provider {
  const provider = new Provider(context.config.issuer, {
    ...protocol(context),
    jwks: { keys: context.keys.signing },
    adapter: createAdapter(context),
    cookies: cookies(context),
    findAccount: createFindAccount(context.database, context.secrets, context.config.mode),
    loadExistingGrant: createLoadExistingGrant(context.database, context.secrets),
    pairwiseIdentifier: (_ctx, accountId, client) =>
      loadSubject(currentDb(context.database), context.secrets, accountId, recordOf(client).subjectGroupId),
    renderError: (ctx, _out, error) => context.pages.renderError(ctx, error),
    interactions: {
      policy: createPolicy(context),
      url(ctx, { uid }) {
        rememberBegun(context, ctx, uid, ctx.oidc.session?.transient ? undefined : interactionSeconds);
        return `/interaction/${uid}`;
      },
    },
  });
  provider.proxy = context.config.trustedProxies.length > 0;
  provider.use(letKeySetBeKept);
  if (context.config.releases) recordReleases(provider, context);
  forgetEnded(context, provider);
  adaptModels(provider, { ...context, mode: context.config.mode });
  observe(provider, { ...context, recordOf });
  provider.on('server_error', (_ctx, error) => context.log.error({ err: error }, 'the protocol engine failed'));
  return provider;
}

/** How long relying parties and what lies between us may keep the key set; the rotation of keys counts on it. */
async function letKeySetBeKept(ctx: Context, next: () => Promise<void>): Promise<void> {
  await next();
  if (ctx.path === routes.jwks && ctx.status === 200) ctx.set('Cache-Control', `public, max-age=${jwksCacheSeconds}`);
}

/** What is supported, the same for everybody. */
function protocol(context: ProviderContext): Configuration {
  const { config, makers, observations, pages, findResourceServer } = context;
  return {
    acrValues: offeredAcrValues(makers),
    claims: claimsConfiguration,
    scopes: [...scopes],
    responseTypes: ['code'],
    subjectTypes: ['pairwise', 'public'],
    clientAuthMethods: [...authMethods],
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    clockTolerance: clockToleranceSeconds,
    assertJwtClientAuthClaimsAndHeader: (ctx, claims, header, client) => {
      checkAssertion(ctx, claims, header, client);
      noteKey(ctx, observations, recordOf(client), header.kid);
    },
    // A public client and every other one sends S256; the registry names the few legacy ones that cannot.
    pkce: { required: (_ctx, client) => recordOf(client).requirePkce || isFapiClient(recordOf(client)) },
    allowOmittingSingleRegisteredRedirectUri: false,
    conformIdTokenClaims: true,
    enabledJWA: {
      clientAuthSigningAlgValues: [...assertionAlgorithms],
      idTokenSigningAlgValues: [...signingAlgorithms],
      userinfoSigningAlgValues: [...signingAlgorithms],
      dPoPSigningAlgValues: [...proofAlgorithms],
    },
    discovery: moreMetadata(config.issuer),
    features: {
      backchannelLogout: { enabled: true },
      devInteractions: { enabled: false },
      claimsParameter: { enabled: true },
      clientCredentials: { enabled: true },
      dPoP: { enabled: true },
      fapi: { enabled: true, profile: (_ctx, client) => profileOf(client) },
      externalSigningSupport: { enabled: true, ack: 'experimental-01' },
      introspection: { enabled: true, allowedPolicy: introspectionPolicy(context) },
      jwtUserinfo: { enabled: true },
      pushedAuthorizationRequests: { enabled: true },
      resourceIndicators: { enabled: true, getResourceServerInfo: resourceServerOf(config.issuer, findResourceServer) },
      revocation: { enabled: true, allowedPolicy: mayRevoke },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (ctx) =>
          pages.confirmLogout(ctx as unknown as Context, {
            action: '/logout/confirm',
            xsrf: String(ctx.oidc.session?.state?.secret ?? ''),
            client: clientOf(ctx),
            returnTo: ctx.oidc.params?.post_logout_redirect_uri,
          }),
        postLogoutSuccessSource: (ctx) => pages.loggedOut(ctx as unknown as Context, clientOf(ctx)),
      },
    },
    // What is revoked ends with its grant and all that hangs on it, an access token's too (RFC 7009 §2.1).
    revokeGrantPolicy: () => true,
    fetch: createGuardedFetch(config.intranetAllowlist),
    fetchResponseBodyLimits: { jwks_uri: 64 * 1024, sector_identifier_uri: 64 * 1024 },
    sectorIdentifierUriValidate: () => false,
    clientBasedCORS: (ctx, origin, client) => mayReadAcrossOrigins(ctx, origin, client),
    rotateRefreshToken: ({ oidc }) => {
      const { client } = oidc;
      return client ? client.clientAuthMethod === 'none' || rotatesRefresh(recordOf(client)) : true;
    },
    extraTokenClaims: ({ oidc }) => authenticationOf(oidc.entities),
    routes,
    ttl: {
      AccessToken: tokenSeconds.AccessToken,
      AuthorizationCode: MINUTE,
      ClientCredentials: 10 * MINUTE,
      // Set for each grant by the consent it stands on.
      Grant: DAY,
      IdToken: tokenSeconds.IdToken,
      Interaction: interactionSeconds,
      RefreshToken: refreshTokenSeconds,
      Session: (_ctx: KoaContextWithOIDC, session: Session) => sessionSeconds(config, session),
    },
  };
}

/** Those of every key that the registry takes (`registry/public-keys.ts`). */
const assertionAlgorithms = ['ES256', 'ES384', 'ES512', 'RS256', 'PS256', 'EdDSA', 'Ed25519'] as const;

function profileOf(client: Client | undefined): '2.0' | undefined {
  return client && isFapiClient(recordOf(client)) ? '2.0' : undefined;
}

/** Bound to its sender's key, a refresh token gains nothing by being exchanged (FAPI 2.0 Security Profile §5.3.2.1). */
function rotatesRefresh(record: ClientRecord): boolean {
  return record.rotateRefresh && !isFapiClient(record);
}

/** What the library leaves out of its metadata (OpenID Connect Discovery §3, RFC 8414 §2). */
function moreMetadata(issuer: string): Record<string, unknown> {
  return {
    ui_locales_supported: ['id', 'en'],
    claim_types_supported: ['normal'],
    display_values_supported: ['page'],
    prompt_values_supported: ['none', 'login', 'consent'],
    registration_endpoint: `${issuer}/register`,
    op_policy_uri: `${issuer}/privacy`,
    introspection_endpoint_auth_methods_supported: [...authMethods],
    introspection_endpoint_auth_signing_alg_values_supported: [...assertionAlgorithms],
    revocation_endpoint_auth_methods_supported: [...authMethods],
    revocation_endpoint_auth_signing_alg_values_supported: [...assertionAlgorithms],
  };
}

/** How far ahead an assertion may end, in seconds: until then its `jti` is remembered. */
const ASSERTION_SECONDS = 3600;

/**
 * A client assertion is for the issuer alone, as a text: one made for another server's endpoint is of no use here
 * (RFC 7523bis §4). Nothing else that the app signs with the same key passes for one.
 */
function checkAssertion(
  ctx: KoaContextWithOIDC,
  claims: Record<string, unknown>,
  header: Record<string, unknown>,
  client: Client,
): void {
  if (profileOf(client) && !fapiAlgorithms.has(String(header.alg)))
    throw new errors.InvalidClientAuth('the algorithm is not one of the FAPI 2.0 Security Profile');
  if (claims.aud !== ctx.oidc.issuer) throw new errors.InvalidClientAuth('the audience must be the issuer');
  if (header.typ !== undefined && !assertionTypes.has(String(header.typ).toLowerCase()))
    throw new errors.InvalidClientAuth('the type is not that of an assertion');
  if (Number(claims.exp) > Date.now() / 1000 + ASSERTION_SECONDS)
    throw new errors.InvalidClientAuth('the assertion lives longer than an hour');
}

/** FAPI 2.0 Security Profile §5.4.1. */
const fapiAlgorithms: ReadonlySet<string> = new Set(['PS256', 'ES256', 'EdDSA', 'Ed25519']);

const assertionTypes: ReadonlySet<string> = new Set(['jwt', 'client-authentication+jwt']);

function clientOf({ oidc }: KoaContextWithOIDC): ClientRecord | undefined {
  return oidc.client && recordOf(oidc.client);
}

/**
 * What introspection tells of the sign-in that a token stands on, so that a resource server can ask for a surer or a fresher
 * one (RFC 9470 §6.2): the same that the app was told.
 */
function authenticationOf(entities: KoaContextWithOIDC['oidc']['entities']): Record<string, unknown> | undefined {
  const source = entities.RefreshToken ?? entities.AuthorizationCode;
  return source && { acr: source.acr, auth_time: source.authTime };
}

/** A refresh token ends for good; its successors inherit that end (RFC 9700 §4.14.2). */
function refreshTokenSeconds(ctx: KoaContextWithOIDC, _token: unknown, client: Client): number {
  const before = ctx.oidc.entities.RotatedRefreshToken;
  if (before) return Math.max(1, before.remainingTTL);
  return (client.clientAuthMethod === 'none' ? 30 : 90) * DAY;
}

/** What is left of a session, at most: so long after the sign-in it ends, however much it is used. */
function sessionSeconds({ sessionLimits }: ProviderContext['config'], session: Session): number {
  const now = epochSeconds();
  const { loginTs, iat } = session;
  return Math.max(1, (loginTs ?? iat ?? now) + limitOf(sessionLimits, session).absolute - now);
}

/** A browser app may read with its own origin; with the others their servers talk to us. */
function mayReadAcrossOrigins(ctx: KoaContextWithOIDC, origin: string, client: Client): boolean {
  if (origin === 'null' || !['token', 'userinfo', 'revocation'].includes(ctx.oidc.route)) return false;
  return (
    client.clientAuthMethod === 'none' && (client.redirectUris ?? []).some((uri) => URL.parse(uri)?.origin === origin)
  );
}

/**
 * The token's own client, or a resource server in its audience (RFC 7662 §4), as long as the app and the person it
 * stands for may be used. The library itself looks at the grant only.
 */
function introspectionPolicy({ config, database, secrets, findClient }: ProviderContext) {
  const findAccount = createFindAccount(database, secrets, config.mode);
  // Nobody else has the API's address, whatever an app says of itself.
  const isOurs = apiAddress(config.issuer);
  return async (ctx: KoaContextWithOIDC, client: Client, token: Introspected): Promise<boolean> => {
    const { type, homeUri } = recordOf(client);
    const isAudience =
      type === 'machine' && homeUri !== undefined && homeUri !== isOurs && [token.aud].flat().includes(homeUri);
    if (token.clientId !== client.clientId && !isAudience) return false;
    const owner = token.clientId && findClient(token.clientId);
    if (!owner || (token.accountId && !isOpenTo(owner, config.mode, token.accountId))) return false;
    return !token.accountId || (await findAccount(ctx, token.accountId)) !== undefined;
  };
}

interface Introspected {
  readonly clientId?: string | undefined;
  readonly accountId?: string | undefined;
  readonly aud?: unknown;
}

/** Only its own client; one without a secret, which could be anybody, does not even learn that there is such a token. */
function mayRevoke(_ctx: KoaContextWithOIDC, client: Client, token: { clientId?: string | undefined }): boolean {
  if (token.clientId === client.clientId) return true;
  if (client.clientAuthMethod === 'none') return false;
  throw new errors.InvalidRequest('the token was issued to another client');
}

/**
 * A resource (RFC 8707) is the home address of a registered machine, which may introspect what is made for it; or our own
 * API, for machines that are registered for some of its scopes.
 */
function resourceServerOf(issuer: string, findResourceServer: ProviderContext['findResourceServer']) {
  return (_ctx: KoaContextWithOIDC, resource: string, client: Client): ResourceServer => {
    if (resource === apiAddress(issuer)) {
      const allowed = recordOf(client).scopes.filter(isApiScope);
      if (allowed.length === 0) throw new errors.InvalidTarget('the client is not registered for the API');
      return { scope: allowed.join(' '), audience: resource, accessTokenFormat: 'opaque' };
    }
    if (!findResourceServer(resource)) throw new errors.InvalidTarget('the resource is not registered');
    return { scope: '', audience: resource, accessTokenFormat: 'opaque' };
  };
}

/**
 * Cookies: signed, `Lax`, and the session's on https bound to this very host, so that no sibling host can plant one. Those
 * of an interaction belong to one path, which `__Host-` does not allow; they serve only beside the one of the whole host
 * that `interaction-cookies.ts` keeps.
 */
function cookies({ config, keys }: ProviderContext): NonNullable<Configuration['cookies']> {
  const secure = config.issuer.startsWith('https://');
  const options = { httpOnly: true, sameSite: 'lax', secure, signed: true, overwrite: true } as const;
  return {
    keys: keys.cookies,
    long: { ...options, path: '/' },
    short: options,
    names: {
      session: secure ? '__Host-session' : 'session',
      interaction: secure ? '__Secure-interaction' : 'interaction',
      resume: secure ? '__Secure-resume' : 'resume',
    },
  };
}
