/**
 * What is seen of apps while they are used: that somebody signed in and how well it was made, which credential an app proves
 * itself with, and why an attempt failed.
 *
 * Nothing of it delays or changes an answer: it is written about a second later together with what others have seen
 * (`Db.soon`): sign-ins are counted each time, uses are noted at most once an hour, and attempts up to a number that nobody can
 * flood.
 */
import { type Client, type KoaContextWithOIDC, Provider } from 'oidc-provider';
import type { Db } from '#src/base/database.ts';
import { dayOf } from '#src/base/epoch.ts';
import type { Log } from '#src/base/log.ts';
import { networkOf } from '#src/people/throttles.ts';
import { attemptFailed, attemptRow, type Failure } from '#src/registry/attempts.ts';
import { secretCredential } from '#src/registry/client-secrets.ts';
import type { ClientRecord, ClientSecret } from '#src/registry/clients.ts';
import { isLive } from '#src/registry/secret-hashes.ts';
import {
  credentialUsed,
  DAY_SLOTS,
  keyCredential,
  signInCounted,
  signInObserved,
  signInUsed,
} from '#src/registry/uses.ts';
import { failureOf, noteExpiredSecret } from './failures.ts';
import { isOwnClient } from './own-clients.ts';

const HOUR = 3_600_000;
/** Of one kind of failure of one app, in an hour and a process: a stranger who makes an app fail hides no other failure. */
const FAILURES = 30;
/** Of all apps together. */
const FAILURES_IN_ALL = 3_000;

/** How a sign-in was made whose code was redeemed. */
export interface MadeSignIn {
  readonly at: Date;
  readonly withState: boolean;
  readonly withNonce: boolean;
  readonly withPkce: boolean;
}

/** The notes of one process. */
export class Observations {
  readonly #db: Pick<Db, 'soon'>;
  /** How often something was noted since {@link #since}. */
  readonly #counts = new Map<string, number>();
  #since = 0;
  /** Where this process counts. */
  readonly #slot = Math.floor(Math.random() * DAY_SLOTS);

  constructor(db: Pick<Db, 'soon'>) {
    this.#db = db;
  }

  noteSignIn(clientId: string, { at, withState, withNonce, withPkce }: MadeSignIn): void {
    const now = new Date();
    void this.#db.soon(signInCounted, [clientId, dayOf(now), this.#slot]);
    if (this.#count(`sign-in ${clientId}`) <= 1) void this.#db.soon(signInUsed, [clientId, now]);
    if (this.#count(`made ${withState} ${withNonce} ${withPkce} ${clientId}`) > 1) return;
    void this.#db.soon(signInObserved, [clientId, at, withState, withNonce, withPkce, now]);
  }

  /** @param network where it was used, as a neighbourhood */
  noteCredentialUse(clientId: string, credential: string, network: string): void {
    if (this.#count(`credential ${clientId} ${credential}`) > 1) return;
    void this.#db.soon(credentialUsed, [clientId, credential, new Date(), network]);
  }

  noteAttempt(clientId: string, reference: string, failure: Failure): void {
    if (this.#count(`failure ${failure.code} ${clientId}`) > FAILURES || this.#count('failure') > FAILURES_IN_ALL)
      return;
    void this.#db.soon(attemptFailed, attemptRow(clientId, reference, failure));
  }

  /** @returns how often within the hour, this time included */
  #count(what: string): number {
    const now = Date.now();
    if (Math.abs(now - this.#since) >= HOUR) {
      this.#counts.clear();
      this.#since = now;
    }
    const count = (this.#counts.get(what) ?? 0) + 1;
    this.#counts.set(what, count);
    return count;
  }
}

export interface ObserveContext {
  readonly log: Log;
  readonly observations: Observations;
  /** Of the registry, in whatever state. */
  readonly clients: { find(id: string): ClientRecord | undefined };
  readonly recordOf: (client: Client) => ClientRecord;
}

const failing = [
  'authorization.error',
  'grant.error',
  'introspection.error',
  'pushed_authorization_request.error',
  'revocation.error',
] as const;

/** Listens to an engine. What goes wrong here is logged and reaches nobody else. */
export function observe(provider: Provider, context: ObserveContext): void {
  const on = (event: string, note: (ctx: KoaContextWithOIDC, error: unknown) => void) =>
    provider.on(event as 'grant.error', (ctx: KoaContextWithOIDC, error: unknown) => {
      try {
        note(ctx, error);
      } catch (err) {
        context.log.error({ err, event }, 'an observation was not made');
      }
    });
  rememberState(provider);
  on('grant.success', (ctx) => noteRedeemed(ctx, context));
  for (const event of failing) on(event, (ctx, error) => noteFailure(ctx, error, context));
}

/** Whether a request had a `state` is asked when its code is redeemed, so the code knows it. */
function rememberState(provider: Provider): void {
  const { AuthorizationCode } = provider;
  const { save } = AuthorizationCode.prototype;
  const fields = AuthorizationCode.IN_PAYLOAD;
  Object.defineProperty(AuthorizationCode, 'IN_PAYLOAD', { configurable: true, get: () => [...fields, 'withState'] });
  AuthorizationCode.prototype.save = function saveWithState(...rest) {
    this.withState ??= typeof Provider.ctx?.oidc.params?.state === 'string';
    return save.apply(this, rest);
  };
}

function noteRedeemed({ oidc }: KoaContextWithOIDC, { observations, recordOf }: ObserveContext): void {
  const { AuthorizationCode: code } = oidc.entities;
  if (!code || !oidc.client) return;
  const client = recordOf(oidc.client);
  if (isOwnClient(client)) return;
  observations.noteSignIn(client.id, {
    at: new Date(code.iat * 1000),
    withState: code.withState === true,
    withNonce: code.nonce !== undefined,
    withPkce: code.codeChallenge !== undefined,
  });
}

function noteFailure(ctx: KoaContextWithOIDC, error: unknown, context: ObserveContext): void {
  const { oidc } = ctx;
  const asked = oidc.client?.clientId ?? oidc.params?.client_id ?? ctx.query.client_id;
  const client = typeof asked === 'string' ? context.clients.find(asked) : undefined;
  if (!client) return;
  const failure: Failure | undefined = oidc.client
    ? failureOf(ctx, error, client)
    : { code: 'client_stopped', state: client.state };
  if (!failure) return;
  context.observations.noteAttempt(client.id, String(ctx.state.reference), failure);
  failed.set(ctx.state, { clientId: client.id, failure });
  const line = { reference: ctx.state.reference, client: client.id, failure: failure.code };
  context.log.info(line, 'an app was refused; the console says why, under its attempts');
}

/** What an app did wrong in a request, by the state of that request. */
const failed = new WeakMap<object, { readonly clientId: string; readonly failure: Failure }>();

/** The failure that was noted of a request, for the page that answers it. */
export function findFailure(ctx: { readonly state: object }) {
  return failed.get(ctx.state);
}

/** Which of the app's secrets a request was made with, one that has ended too. */
export function noteSecret(observations: Observations, client: ClientRecord, secret: ClientSecret): void {
  const { ctx } = Provider;
  if (!ctx) return;
  if (isLive(secret, new Date()))
    observations.noteCredentialUse(client.id, secretCredential(secret), networkOf(ctx.state.caller));
  else if (secret.expiresAt) noteExpiredSecret(ctx, secret.expiresAt);
}

/** Which of the app's keys an assertion was signed with. */
export function noteKey(
  ctx: KoaContextWithOIDC,
  observations: Observations,
  { id, jwks }: ClientRecord,
  kid: unknown,
): void {
  const keys = jwks?.keys ?? [];
  const only = keys.length === 1 ? keys[0]?.kid : undefined;
  const used = [kid, only].find((each) => typeof each === 'string');
  observations.noteCredentialUse(id, keyCredential(used), networkOf(ctx.state.caller));
}
