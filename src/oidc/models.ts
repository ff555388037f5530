/**
 * Where the library's models have to do what this house promises: ids that carry their shard, sessions that keep one
 * row, clients from the registry's memory, secrets that are only hashes, markers that exist once.
 *
 * Everything here overrides a method of a model class that the provider offers; nothing reaches into the library.
 */
import { randomInt } from 'node:crypto';
import {
  type AuthorizationCode,
  type Client,
  type ClientCredentials,
  type ClientMetadata,
  errors,
  Provider,
} from 'oidc-provider';
import type { Config } from '#src/base/config.ts';
import type { Db } from '#src/base/database.ts';
import { newIdIn, SHARDS, shardOf } from '#src/base/secrets.ts';
import { currentDb } from '#src/base/unit-of-work.ts';
import { postLogoutRedirectUriAllowed, redirectUriAllowed } from '#src/registry/addresses.ts';
import { isOnTrial } from '#src/registry/client-reach.ts';
import type { ClientRecord } from '#src/registry/clients.ts';
import { receiverOf } from '#src/registry/notice-receivers.ts';
import { compareClientSecret } from '#src/registry/secret-hashes.ts';
import { answerAcr } from './acr.ts';
import { putNotice } from './app-notices.ts';
import { clientMetadata } from './clients.ts';
import { noteSecret, type Observations } from './observations.ts';
import { hasWrittenSession, newTaggedId } from './storage/known.ts';
import type { StorageContext } from './storage/stored-model.ts';
import { claimReplayMarker } from './storage.ts';
import { listSubjectsOf } from './subjects.ts';

/** The clients that may be used right now. */
export type FindClient = (id: string) => ClientRecord | undefined;

interface ClientModel {
  new (metadata: ClientMetadata): Client;
  find(id: string): Promise<Client | undefined>;
  needsSecret(metadata: ClientMetadata): boolean;
}

interface ModelContext extends StorageContext {
  readonly findClient: FindClient;
  readonly observations: Observations;
  readonly mode: Config['mode'];
}

/** Call once, right after the provider is built. */
export function adaptModels(provider: Provider, context: ModelContext): void {
  tagIds(provider, context);
  keepOneRowPerSession(provider, context);
  readClientsFromRegistry(provider, context);
  claimMarkersOnce(provider, context);
  knowConsumedCodes(provider);
  answerRequestedAcr(provider);
  limitMachineScopes(provider);
  tellOfSignOut(provider, context);
}

/** The registry's record of a client that the library hands around. */
export function recordOf(client: Client): ClientRecord {
  const record = records.get(client);
  if (!record) throw new TypeError('a client that does not come from the registry');
  return record;
}

const records = new WeakMap<Client, ClientRecord>();

/** Ids of what belongs to an account carry the account's shard; others a random one. */
function tagIds(provider: Provider, { database, secrets }: StorageContext): void {
  const owned = (model: { accountId?: unknown }): number =>
    typeof model.accountId === 'string' ? shardOf(model.accountId) : randomInt(SHARDS);
  const tagged = [
    provider.AccessToken,
    provider.AuthorizationCode,
    provider.RefreshToken,
    provider.ClientCredentials,
    provider.PushedAuthorizationRequest,
  ];
  const formatted = new Set<object>([provider.AccessToken, provider.ClientCredentials]);
  for (const model of tagged) {
    model.prototype.generateTokenId = function generateTaggedId(this: { accountId?: unknown; format?: unknown }) {
      // The library's own draws an id of its own and settles the format; of the kinds that have one, ours are opaque.
      if (formatted.has(model)) this.format = 'opaque';
      return newTaggedId(currentDb(database), secrets, owned(this));
    };
  }
  provider.Grant.prototype.generateTokenId = function generateTokenId(this: { accountId?: unknown }) {
    return newIdIn(owned(this));
  };
}

/**
 * A session lives in its account's shard and keeps its `uid`, and with it its row, when its id changes. The id changes
 * at every sign-in (OWASP ASVS 7.2.4); a consent alone keeps it, so that pages opened side by side do not put each
 * other out.
 */
function keepOneRowPerSession(provider: Provider, context: StorageContext): void {
  const { secrets } = context;
  const { Session } = provider;
  const { get } = Session;
  const { loginAccount, save } = Session.prototype;

  Session.get = async function getSession(ctx) {
    const session = await get.call(this, ctx);
    if (secrets.locate(session.id)) return session;
    const shard = randomInt(SHARDS);
    session.uid = newIdIn(shard);
    session.id = secrets.newTaggedId(shard);
    // A cookie that names no session is as good as none: it does not get a row of its own.
    if (!session.new) Object.defineProperty(session, 'new', { value: true });
    return session;
  };

  Session.prototype.loginAccount = function signIn(details) {
    const isAnother = this.accountId !== details.accountId;
    loginAccount.call(this, details);
    // Who has said that others use the device takes it back by signing out, not by proving once more who they are.
    if (!details.transient && isAnother) this.transient = undefined;
    const shard = shardOf(details.accountId);
    if (isAnother) {
      if (!this.new) this.oldId = this.id;
      this.uid = newIdIn(shard);
    }
    this.id = secrets.newTaggedId(shard);
  };

  Session.prototype.resetIdentifier = function resetIdentifier() {
    if (Provider.ctx?.oidc.route === 'resume') return;
    this.id = secrets.newTaggedId(shardOf(this.uid));
  };

  Session.prototype.save = async function saveSession(ttl) {
    const id = await save.call(this, ttl);
    if (!hasWrittenSession(context, this.uid)) withholdCookie(provider.cookieName('session'));
    return id;
  };
}

/**
 * The library sets the cookie before it saves. A cookie whose id this request has not stored must not reach the browser:
 * another one may have changed the id meanwhile, and its cookie would be overwritten by one that names nothing.
 */
function withholdCookie(name: string): void {
  const { response } = Provider.ctx ?? {};
  const cookies = [response?.get('Set-Cookie') ?? []].flat();
  const others = cookies.filter((cookie) => !cookie.startsWith(`${name}=`) && !cookie.startsWith(`${name}.sig=`));
  if (others.length > 0) response?.set('Set-Cookie', others);
  else response?.remove('Set-Cookie');
}

/** Clients are built from the registry's memory when first asked for, and again when their record changed. */
function readClientsFromRegistry(provider: Provider, { findClient, observations, secrets, mode }: ModelContext): void {
  const ClientOfRegistry = provider.Client as unknown as ClientModel;
  const built = new WeakMap<ClientRecord, Client>();
  const sandbox = mode === 'sandbox';

  ClientOfRegistry.needsSecret = () => false;
  ClientOfRegistry.find = async (id) => {
    const record = typeof id === 'string' ? findClient(id) : undefined;
    if (!record) return undefined;
    const known = built.get(record);
    if (known) return known;
    const client = new ClientOfRegistry(clientMetadata(record, { onTrial: isOnTrial(record, mode) }));
    built.set(record, client);
    records.set(client, record);
    return client;
  };

  const { prototype } = provider.Client;
  prototype.compareClientSecret = function compare(this: Client, candidate) {
    const record = recordOf(this);
    return compareClientSecret(secrets, record, candidate, (secret) => noteSecret(observations, record, secret));
  };
  prototype.redirectUriAllowed = function allowed(this: Client, uri) {
    return redirectUriAllowed(recordOf(this), uri, { sandbox });
  };
  prototype.postLogoutRedirectUriAllowed = function allowed(this: Client, uri) {
    return postLogoutRedirectUriAllowed(recordOf(this), uri, { sandbox });
  };
}

/**
 * How much longer than the library asks a marker is kept, in seconds. It counts from now, but takes a DPoP proof that is
 * dated ahead until five minutes after that date; the rest is for clocks of our processes that differ.
 */
const MARKER_SECONDS = 300 + 30;

/** Client assertions (RFC 7523 §3) and DPoP proofs (RFC 9449 §11.1) count once, whatever number arrive together. */
function claimMarkersOnce(provider: Provider, context: StorageContext): void {
  provider.ReplayDetection.unique = async (clientId, jti, expires) => {
    if (jti.length > 512) throw new errors.InvalidRequest('jti is longer than 512 characters');
    return claimReplayMarker(context, clientId, jti, new Date((expires + MARKER_SECONDS) * 1000));
  };
}

/**
 * A code that was used is never just expired: the library looks at its end first, and would let what a thief got out of
 * it live on (RFC 6749 §4.1.2).
 */
function knowConsumedCodes(provider: Provider): void {
  Object.defineProperty(provider.AuthorizationCode.prototype, 'isExpired', {
    configurable: true,
    get(this: AuthorizationCode) {
      return this.consumed === undefined && Number(this.exp) <= Date.now() / 1000;
    },
  });
}

/** The library compares an essential `acr` by equality and puts what the session holds into tokens. */
function answerRequestedAcr(provider: Provider): void {
  Object.defineProperty(provider.OIDCContext.prototype, 'acr', {
    configurable: true,
    get(this: InstanceType<typeof provider.OIDCContext>) {
      return answerAcr(this.session ?? {}, this.params ?? {});
    },
  });
}

/**
 * A machine's token has only scopes that the machine is registered for, so none about people; the library takes every
 * scope for allowed where a client has none.
 */
function limitMachineScopes(provider: Provider): void {
  const { prototype } = provider.ClientCredentials;
  const { save } = prototype;
  prototype.save = async function saveLimited(this: ClientCredentials, ...rest) {
    const allowed: readonly string[] = this.client ? recordOf(this.client).scopes : [];
    const excess = [...this.scopes].find((scope) => !allowed.includes(scope));
    if (excess !== undefined) throw new errors.InvalidScope('requested scope is not allowed', excess);
    return save.apply(this, rest);
  };
}

/**
 * Whoever signs out waits for no app: each that hears of it gets a notice, which is committed with the sign-out (OpenID Connect
 * Back-Channel Logout 1.0 §2.5). Every app that is told of sessions has `sid` in its ID tokens, not only one that insists.
 */
function tellOfSignOut(provider: Provider, { database, secrets }: StorageContext): void {
  const { prototype } = provider.Client;
  const namesIn = new WeakMap<Db, ReturnType<typeof listSubjectsOf>>();
  prototype.backchannelLogout = async function tell(this: Client, accountId: string, sid: string) {
    const db = currentDb(database);
    const shard = shardOf(accountId);
    const names = namesIn.get(db) ?? listSubjectsOf(db, shard, [accountId]);
    namesIn.set(db, names);
    const receiver = receiverOf(recordOf(this));
    const sub = (await names).get(`${accountId} ${receiver.subjectGroupId}`);
    if (sub !== undefined) await putNotice(db, secrets, shard, receiver, { sub, sid, reason: 'signed-out' });
  };
  prototype.includeSid = function hasSid(this: Client) {
    return this.backchannelLogoutUri !== undefined;
  };
}
