/**
 * What the engine hands to apps of people, put on the record that the person reads (`consents/releases.ts`).
 *
 * The exchange of a code, and the first refresh of a day, write their row in the statement that writes their tokens: no token
 * leaves without it, and without a token nothing is read. Where that row does not say that a read was possible (a resource
 * server asks about another app's token; the token is older than what the app declares), the first of a day is durable before
 * its answer leaves. All other reading and refreshing is counted and written up to a second later; what a crash takes of that
 * was possible by a row that is there.
 */
import type { Context, Next } from 'koa';
import type { KoaContextWithOIDC, Provider } from 'oidc-provider';
import type { Row } from '#src/base/coalescing.ts';
import type { Database, Db } from '#src/base/database.ts';
import { dayOf } from '#src/base/epoch.ts';
import { type Keyring, type Secrets, shardOf } from '#src/base/secrets.ts';
import { Tally } from '#src/base/tally.ts';
import { currentDb } from '#src/base/unit-of-work.ts';
import {
  exchangeRow,
  firstReadMade,
  type Handover,
  readsNoted,
  releaseMade,
  releaseOfDayMade,
  releaseRow,
  saidOf,
  withReads,
} from '#src/consents/releases.ts';
import { termsOf } from '#src/consents/terms.ts';
import { dataKeyOf } from '#src/people/accounts.ts';
import { loadDataKey } from '#src/people/data-keys.ts';
import { networkOf } from '#src/people/throttles.ts';
import type { StandardClaim } from '#src/registry/claims.ts';
import type { ClientRecord } from '#src/registry/clients.ts';
import { claimsReleased, claimsReleasedRow } from '#src/registry/release-counts.ts';
import { claimsOfScopes } from './claims.ts';
import { recordOf } from './models.ts';
import { openIn } from './of-age.ts';
import { isOwnClient } from './own-clients.ts';
import { wordsOf } from './params.ts';
import { behindGrant } from './storage/grants.ts';
import { knownAccount } from './storage/known.ts';

/** How many rows of the day a process remembers, so that it seals each of them once. */
const REMEMBERED = 20_000;

/** What one process has counted and remembers. */
export class ReleaseNotes {
  readonly #tally: Tally;
  readonly #rows = new Map<string, { readonly row: Row; isThere: boolean }>();

  constructor(db: Pick<Db, 'soon'>) {
    this.#tally = new Tally(db);
  }

  /** The row of the day for what is handed over again and again. @param make seals it, where this process has not yet */
  async rowOf(accountId: string, handover: Handover, make: () => Promise<Row>) {
    const key = `${accountId} ${saidOf(handover)}`;
    const known = this.#rows.get(key);
    if (known) return { ...known, key };
    const made = { row: await make(), isThere: false };
    this.#rows.set(key, made);
    const [oldest] = this.#rows.keys();
    if (this.#rows.size > REMEMBERED && oldest !== undefined) this.#rows.delete(oldest);
    return { ...made, key };
  }

  /** From now on the row is on record, whatever becomes of this process. */
  remember(key: string): void {
    const known = this.#rows.get(key);
    if (known) known.isThere = true;
  }

  /** Counts a read into its row. */
  count(key: string, row: Row): void {
    this.#tally.count(readsNoted, key, (times, lastAt) => withReads(row, times, lastAt));
  }

  /** Counts claims that have left together, for the agency of the app. */
  countClaims(clientId: string, day: string, claims: readonly StandardClaim[]): void {
    const together = claims.join(' ');
    const row = (times: number) => claimsReleasedRow(clientId, day, together, times);
    this.#tally.count(claimsReleased, `${clientId} ${day} ${together}`, row, { isPatient: true });
  }
}

/** Where releases are written, and what is remembered of those just written. */
export interface ReleaseContext {
  readonly database: Database;
  readonly secrets: Secrets;
  readonly releaseNotes: ReleaseNotes;
}

/** Puts on record what an engine hands out. An answer that cannot be put on record does not leave. */
export function recordReleases(provider: Provider, context: ReleaseContext): void {
  provider.use(async (ctx: Context, next: Next) => {
    await next();
    const { oidc } = ctx as unknown as KoaContextWithOIDC;
    if (ctx.status !== 200 || !oidc?.client) return;
    const handed = await handedOver(context, ctx, oidc, recordOf(oidc.client));
    if (handed) await record(context, handed);
  });
}

interface Handed {
  readonly accountId: string;
  readonly handover: Handover;
  /** Those whose values were in the answer. */
  readonly left: readonly StandardClaim[];
  /** Whether the row of an exchange says already that this app could read this. */
  readonly isForeseen: boolean;
}

async function handedOver(
  { database }: ReleaseContext,
  ctx: Context,
  oidc: KoaContextWithOIDC['oidc'],
  client: ClientRecord,
): Promise<Handed | undefined> {
  if (isOwnClient(client)) return undefined;
  const db = currentDb(database);
  const answered = await answerOf(db, oidc, client, ctx.body);
  if (!answered) return undefined;
  const { accountId, kind, claims, left } = answered;
  const grantId = oidc.entities.Grant?.jti;
  const terms = grantId === undefined ? [] : behindGrant(db, grantId).terms;
  const handover = {
    ...{ kind, clientId: client.id, claims, terms, at: new Date() },
    // Of what is counted into a row that was sealed before nobody asks from where.
    get network() {
      return networkOf(ctx.state.caller);
    },
  };
  return { accountId, left, handover, isForeseen: isForeseen(oidc, client, terms) };
}

/** So long after a change every process knows of it: a token that is made later is made of what the app declares now. */
const KNOWN_MS = 60_000;

/**
 * Whether what is read by a token was put on record with it: not for a resource server that asks about another's token, nor
 * for a token from before releases were recorded or from before the app declared what it declares now.
 */
function isForeseen({ entities, route }: KoaContextWithOIDC['oidc'], client: ClientRecord, terms: readonly string[]) {
  const token = entities.AccessToken ?? entities.RefreshToken;
  if (route === 'token' || token?.clientId !== client.id || terms.length === 0) return false;
  return terms.includes(termsOf(client).id) || token.iat * 1000 > client.updatedAt.getTime() + KNOWN_MS;
}

interface Answered extends Pick<Handover, 'kind' | 'claims'>, Pick<Handed, 'left'> {
  readonly accountId: string;
}

async function answerOf(
  db: Db,
  oidc: KoaContextWithOIDC['oidc'],
  client: ClientRecord,
  body: unknown,
): Promise<Answered | undefined> {
  const { AccessToken, AuthorizationCode, RefreshToken } = oidc.entities;
  switch (oidc.route) {
    case 'token': {
      const source = AuthorizationCode ?? RefreshToken;
      if (!source?.accountId) return undefined;
      const left = source.claims?.id_token ? claimsIn((body as { id_token?: unknown }).id_token, client) : [];
      const kind = AuthorizationCode ? 'code' : 'refresh';
      return {
        accountId: source.accountId,
        kind,
        claims: await readable(db, oidc, client, source.accountId, left),
        left,
      };
    }
    case 'userinfo': {
      if (!AccessToken?.accountId) return undefined;
      const left = claimsIn(body, client);
      return { accountId: AccessToken.accountId, kind: 'userinfo', claims: left, left };
    }
    case 'introspection': {
      const accountId = (AccessToken ?? RefreshToken)?.accountId;
      if (!accountId || (body as { active?: unknown }).active !== true) return undefined;
      return { accountId, kind: 'introspection', claims: [], left: [] };
    }
    default:
      return undefined;
  }
}

/** Those that an answer holds values of: an object, or the same as a JWT. */
function claimsIn(answer: unknown, client: ClientRecord): StandardClaim[] {
  const said =
    typeof answer === 'string' ? JSON.parse(Buffer.from(answer.split('.')[1] ?? '', 'base64url').toString()) : answer;
  return client.claims.map(({ claim }) => claim).filter((claim) => said?.[claim] !== undefined);
}

/**
 * What the tokens of this answer let the app read, in the order in which it has declared it: the ID token's own claims, and
 * at userinfo those of scope and request that the grant allows and that are the person's to give. A token for another resource
 * opens no userinfo.
 */
async function readable(
  db: Db,
  { entities }: KoaContextWithOIDC['oidc'],
  client: ClientRecord,
  accountId: string,
  inIdToken: readonly StandardClaim[],
): Promise<StandardClaim[]> {
  const { AccessToken: token, Grant: grant } = entities;
  const open = new Set<string>(inIdToken);
  if (token && grant && token.aud === undefined && token.scopes.has('openid')) {
    const asked = [...claimsOfScopes(wordsOf(token.scope)), ...Object.keys(token.claims?.userinfo ?? {})];
    const rejected = new Set(grant.getRejectedOIDCClaims());
    const isOpen = await openIn(db, grant, knownAccount(db, accountId) ?? undefined);
    for (const claim of asked) if (!rejected.has(claim) && isOpen(claim)) open.add(claim);
  }
  return client.claims.map(({ claim }) => claim).filter((claim) => open.has(claim));
}

async function record(context: ReleaseContext, { accountId, handover, left, isForeseen }: Handed): Promise<void> {
  const { database, secrets, releaseNotes } = context;
  const { kind, clientId, at } = handover;
  const db = currentDb(database);
  const home = db.for(shardOf(accountId));
  if (kind === 'code') {
    await home.write(releaseMade, exchangeRow(await keyOf(db, secrets, accountId), accountId, handover));
  } else {
    const make = async () => releaseRow(await keyOf(db, secrets, accountId), accountId, handover);
    const { key, row, isThere } = await releaseNotes.rowOf(accountId, handover, make);
    if (isForeseen || isThere) {
      releaseNotes.count(key, row);
    } else {
      await home.write(kind === 'refresh' ? releaseOfDayMade : firstReadMade, withReads(row, 1, at));
      db.whenDurable(() => releaseNotes.remember(key));
    }
  }
  if (left.length > 0) db.whenDurable(() => releaseNotes.countClaims(clientId, dayOf(at), left));
}

/** All of the person that a request has read, or the token that it came with, has brought the key along. */
async function keyOf(db: Db, secrets: Secrets, accountId: string): Promise<Keyring> {
  const account = knownAccount(db, accountId);
  return account ? dataKeyOf(account) : loadDataKey(db, secrets, accountId);
}
