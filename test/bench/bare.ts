/**
 * The yardstick: oidc-provider alone, as its documentation shows it, with the features, lifetimes and apps that Lawang has
 * here, everything in memory and no pages. `node test/bench/bare.ts PORT CLIENTS static|found`.
 *
 * What is deliberately the library's own: the keys that cookies are signed with are strings, clients come through the
 * adapter into its cache of 100, sign-in and consent are two interactions, and nothing survives the process. The library's
 * in-memory adapter is not used: it forgets all but 1,000 entries.
 */
import { createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import argon2 from 'argon2';
import { exportJWK, generateKeyPair } from 'jose';
import { type Adapter, type AdapterPayload, type ClientMetadata, type Configuration, Provider } from 'oidc-provider';
import { claimsConfiguration } from '#src/oidc/claims.ts';
import { scopes } from '#src/registry/claims.ts';
import { type App, listApps, machine } from './apps.ts';
import { password, profile } from './people.ts';

const [port = 0, count = 0] = process.argv.slice(2, 4).map(Number);
/** Static clients are built at the start and kept; others are found through the adapter and kept in a cache of 100. */
const isStatic = process.argv[4] === 'static';
const origin = `http://localhost:${port}`;
const MINUTE = 60;
const DAY = 24 * 3600;

const clients = new Map<string, ClientMetadata>(listApps(count).map((app) => [app.id, metadataOf(app)]));
clients.set(machine.id, {
  ...metadataOf(machine),
  ...{ redirect_uris: [], response_types: [], grant_types: ['client_credentials'] },
});

function metadataOf({ id, secret, redirectUri }: App): ClientMetadata {
  return {
    client_id: id,
    client_secret: secret,
    client_name: id,
    redirect_uris: [redirectUri],
    response_types: ['code'],
    grant_types: ['authorization_code', 'refresh_token'],
    scope: scopes.join(' '),
    subject_type: 'pairwise',
    token_endpoint_auth_method: 'client_secret_basic',
    id_token_signed_response_alg: 'ES256',
  };
}

const rows = new Map<string, AdapterPayload>();
const byGrant = new Map<string, Set<string>>();
const byUid = new Map<string, string>();

/** Plain maps; nothing is ever forgotten but what the library takes away. */
class MemoryAdapter implements Adapter {
  readonly #model: string;

  constructor(model: string) {
    this.#model = model;
  }

  async upsert(id: string, payload: AdapterPayload): Promise<void> {
    const key = this.#key(id);
    rows.set(key, payload);
    if (payload.uid && this.#model === 'Session') byUid.set(payload.uid, key);
    if (!payload.grantId) return;
    const hanging = byGrant.get(payload.grantId);
    if (hanging) hanging.add(key);
    else byGrant.set(payload.grantId, new Set([key]));
  }

  async find(id: string): Promise<AdapterPayload | undefined> {
    return this.#model === 'Client' ? (clients.get(id) as AdapterPayload | undefined) : rows.get(this.#key(id));
  }

  async findByUid(uid: string): Promise<AdapterPayload | undefined> {
    return rows.get(byUid.get(uid) ?? '');
  }

  async findByUserCode(): Promise<undefined> {}

  async consume(id: string): Promise<void> {
    const row = rows.get(this.#key(id));
    if (row) row.consumed = Math.floor(Date.now() / 1000);
  }

  async destroy(id: string): Promise<void> {
    rows.delete(this.#key(id));
  }

  async revokeByGrantId(grantId: string): Promise<void> {
    for (const key of byGrant.get(grantId) ?? []) rows.delete(key);
    byGrant.delete(grantId);
  }

  #key(id: string): string {
    return `${this.#model}:${id}`;
  }
}

const { privateKey } = await generateKeyPair('ES256', { extractable: true });
const jwk = { ...(await exportJWK(privateKey)), alg: 'ES256', use: 'sig', kid: 'bare' };
const cookieOptions = { httpOnly: true, sameSite: 'lax', signed: true, overwrite: true } as const;

const configuration: Configuration = {
  adapter: MemoryAdapter,
  ...(isStatic && { clients: [...clients.values()] }),
  jwks: { keys: [jwk] } as NonNullable<Configuration['jwks']>,
  claims: claimsConfiguration,
  scopes: [...scopes],
  responseTypes: ['code'],
  subjectTypes: ['pairwise', 'public'],
  clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'],
  conformIdTokenClaims: true,
  pkce: { required: () => true },
  cookies: { keys: ['a string, as the documentation shows it'], long: cookieOptions, short: cookieOptions },
  features: {
    devInteractions: { enabled: false },
    claimsParameter: { enabled: true },
    clientCredentials: { enabled: true },
    dPoP: { enabled: true },
    introspection: { enabled: true },
    pushedAuthorizationRequests: { enabled: true },
    resourceIndicators: { enabled: false },
    revocation: { enabled: true },
  },
  findAccount: (_ctx, accountId) => ({ accountId, claims: async () => ({ sub: accountId, ...profile, ...contact }) }),
  pairwiseIdentifier: (_ctx, accountId, client) =>
    createHmac('sha256', 'bare').update(client.clientId).update(accountId).digest('base64url'),
  rotateRefreshToken: true,
  interactions: { url: (_ctx, { uid }) => `/interaction/${uid}` },
  routes: { authorization: '/authorize', introspection: '/introspect', userinfo: '/userinfo', jwks: '/jwks' },
  ttl: {
    AccessToken: 10 * MINUTE,
    AuthorizationCode: MINUTE,
    ClientCredentials: 10 * MINUTE,
    Grant: 90 * DAY,
    IdToken: 60 * MINUTE,
    Interaction: 30 * MINUTE,
    RefreshToken: 90 * DAY,
    Session: 60 * MINUTE,
  },
};

const contact = { email: 'warga@contoh.id', email_verified: true };
const provider = new Provider(origin, configuration);
const hash = await argon2.hash(password, { memoryCost: 19_456, timeCost: 2, parallelism: 1 });
const engine = provider.callback();

const server = createServer((request, response) => {
  if (request.url?.startsWith('/interaction/')) {
    settle(request, response).catch((error: Error) => response.writeHead(500).end(error.stack));
  } else engine(request, response);
});
server.keepAliveTimeout = 65_000;
server.listen(port, '127.0.0.1');

/** The least that finishes an interaction: whoever is named has signed in, and whatever is asked is allowed. */
async function settle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const form = new URLSearchParams(Buffer.concat(await request.toArray()).toString());
  const { prompt, params, grantId, session } = await provider.interactionDetails(request, response);
  if (prompt.name === 'login') {
    const given = form.get('password');
    if (given !== null && !(await argon2.verify(hash, given))) throw new Error('the password is wrong');
    return provider.interactionFinished(request, response, { login: { accountId: form.get('account') ?? '' } });
  }
  const clientId = String(params.client_id);
  const accountId = session?.accountId ?? '';
  const known = grantId ? await provider.Grant.find(grantId) : undefined;
  const grant = known ?? new provider.Grant({ accountId, clientId });
  const { missingOIDCScope, missingOIDCClaims } = prompt.details as Record<string, string[] | undefined>;
  if (missingOIDCScope) grant.addOIDCScope(missingOIDCScope);
  if (missingOIDCClaims) grant.addOIDCClaims(missingOIDCClaims);
  const consent = { grantId: await grant.save() };
  await provider.interactionFinished(request, response, { consent }, { mergeWithLastSubmission: true });
}
