/**
 * What the protocol engine stores, on PostgreSQL.
 *
 * Promises:
 * - Single use is claimed by one conditional statement. The library reads `consumed`, then calls `consume` and ignores
 *   the answer; so `consume` itself refuses the second and ends the grant (RFC 6749 §4.1.2, RFC 9700 §4.14.2).
 * - All that one request writes is one transaction: the adapter uses the unit of work of the running request.
 * - An id that an outsider holds is stored only as its keyed hash, and an id of one kind is never found as another.
 * - Artifacts hang on their grant by a foreign key: without the grant there is no token. Whoever changes artifacts of a
 *   grant locks the grant first, so that uses, withdrawals and sign-outs at the same moment wait instead of colliding.
 *
 * Every statement names one shard. Ids carry it (see `Secrets.newTaggedId`); interactions, whose ids the library draws,
 * live in the shard of their own hash.
 */
import { type Adapter, type AdapterPayload, errors } from 'oidc-provider';
import { currentDb, type Db } from '#src/base/database.ts';
import type { Log } from '#src/base/log.ts';
import { SealError, type Secrets, shardOf, shardOfHash } from '#src/base/secrets.ts';

/** What the adapters need beside the request's unit of work. */
export interface StorageContext {
  /** Used outside a request. */
  readonly database: Db;
  readonly secrets: Secrets;
  /** Raised by a restore: whatever was stored under an older one is void. */
  readonly epoch: number;
  readonly log: Pick<Log, 'warn'>;
}

/** How long a session lives: an hour without use, a day at most, in seconds. */
export const sessionLimits = { idle: 3600, absolute: 24 * 3600 } as const;

/**
 * How much longer than its 60 seconds something stays on record, in seconds.
 *
 * A code, so that its second use is known for one and ends what came of the first, for as long as the first access token
 * may live (RFC 6749 §4.1.2). A pushed request, because a person may take their time, and whoever opened it in several tabs
 * still completes it once (RFC 9126 §7.3).
 */
const recordSeconds: ReadonlyMap<string, number> = new Map([
  ['AuthorizationCode', 600],
  ['PushedAuthorizationRequest', 2 * 3600],
]);

/** Every statement of the hot path, so that a test can ask PostgreSQL for each one's plan. */
export const statements = {
  findArtifact: `select payload, consumed_at from artifacts
    where shard = $1 and kind = $2 and id_hash = $3 and epoch = $4 and expires_at > $5`,
  insertArtifact: `insert into artifacts (shard, kind, id_hash, epoch, grant_id, payload, expires_at)
    values ($1, $2, $3, $4, $5, $6, $7)`,
  updateArtifact: `update artifacts set payload = $4, expires_at = $5 where shard = $1 and kind = $2 and id_hash = $3`,
  consumeArtifact: `update artifacts set consumed_at = $4
    where shard = $1 and kind = $2 and id_hash = $3 and consumed_at is null`,
  lockArtifact: `select id_hash from artifacts where shard = $1 and kind = $2 and id_hash = $3 for update`,
  deleteArtifact: `delete from artifacts where shard = $1 and kind = $2 and id_hash = $3`,
  findGrant: `select payload from grants where shard = $1 and id = $2 and expires_at > $3`,
  holdGrant: `select payload from grants where shard = $1 and id = $2 and expires_at > $3 for key share`,
  upsertGrant: `insert into grants (shard, id, account_id, client_id, payload, expires_at)
    values ($1, $2, $3, $4, $5, $6)
    on conflict (shard, id) do update set payload = excluded.payload, expires_at = excluded.expires_at`,
  lockGrant: `select id from grants where shard = $1 and id = $2 for no key update`,
  deleteGrant: `delete from grants where shard = $1 and id = $2`,
  findSession: `select s.uid, s.payload, s.ends_at, (select jsonb_object_agg(c.client_id, c.payload)
      from session_clients c where c.shard = $1 and c.session_uid = s.uid) as authorizations
    from sessions s where s.shard = $1 and s.id_hash = $2 and s.epoch = $3 and s.expires_at > $4 and s.ends_at > $4`,
  findSessionByUid: `select s.uid, s.payload, s.ends_at, (select jsonb_object_agg(c.client_id, c.payload)
      from session_clients c where c.shard = $1 and c.session_uid = s.uid) as authorizations
    from sessions s where s.shard = $1 and s.uid = $2 and s.epoch = $3 and s.expires_at > $4 and s.ends_at > $4`,
  insertSession: `insert into sessions (shard, uid, id_hash, account_id, payload, epoch, created_at, expires_at, ends_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
  updateSession: `update sessions set id_hash = $3, account_id = $4, payload = $5, expires_at = $6, ends_at = $7
    where shard = $1 and uid = $2 and id_hash = $8`,
  lockSession: `select uid from sessions where shard = $1 and uid = $2 for key share`,
  deleteSession: `delete from sessions where shard = $1 and uid = $2`,
  saveSessionClients: `insert into session_clients (shard, session_uid, client_id, payload)
    select $1, $2, c.id, c.payload from unnest($3::text[], $4::jsonb[]) as c (id, payload)
    on conflict (shard, session_uid, client_id) do update set payload = session_clients.payload || excluded.payload`,
  deleteSessionClients: `delete from session_clients where shard = $1 and session_uid = $2 and client_id = any($3)`,
  claimReplayMarker: `insert into replay_markers (shard, hash, expires_at) values ($1, $2, $3)
    on conflict (shard, hash) do nothing`,
} as const;

/** Whether the running request has given the session's row the id that it holds itself. */
export function hasWrittenSession(context: StorageContext, uid: string): boolean {
  return snapshotsIn(currentDb(context.database)).get(uid)?.isWritten ?? false;
}

/** Where a row is: its shard and the keyed hash of its id. */
interface Place {
  readonly shard: number;
  readonly hash: Buffer;
}

/** Gives each model its adapter. The library calls it once per model. */
export function createAdapter(context: StorageContext): (model: string) => Adapter {
  return (model) => {
    if (model === 'Session') return new SessionAdapter(context);
    if (model === 'Grant') return new GrantAdapter(context);
    return new ArtifactAdapter(model, context);
  };
}

/**
 * Claims a `jti` once (RFC 7523 §3, RFC 9449 §11.1). `namespace` says whose: two clients may use the same one, a client
 * may not use one for an assertion and for a DPoP proof.
 */
export async function claimReplayMarker(
  context: StorageContext,
  namespace: string,
  jti: string,
  expiresAt: Date,
): Promise<boolean> {
  const hash = context.secrets.hash('replay', `${namespace}\0${jti}`);
  const values = [shardOfHash(hash), hash, expiresAt];
  return (await currentDb(context.database).execute(statements.claimReplayMarker, values)) === 1;
}

/** Makes other requests about an interaction wait for this one. @returns whether it is still open */
export async function lockInteraction(db: Db, secrets: Secrets, uid: string): Promise<boolean> {
  const { shard, hash } = placeOfInteraction(secrets, uid);
  return (await db.query(statements.lockArtifact, [shard, 'Interaction', hash])).length === 1;
}

/** What a grant says. It stays until the caller's unit of work is over, so that what is about to hang on it can. */
export async function holdGrant(db: Db, id: string): Promise<AdapterPayload | undefined> {
  const values = [shardOf(id), id, new Date()];
  return (await db.first<{ payload: AdapterPayload }>(statements.holdGrant, values))?.payload;
}

function placeOfInteraction(secrets: Secrets, uid: string): Place {
  const hash = secrets.hash('interaction', uid);
  return { shard: shardOfHash(hash), hash };
}

abstract class StoredModel {
  protected readonly context: StorageContext;

  constructor(context: StorageContext) {
    this.context = context;
  }

  protected get db(): Db {
    return currentDb(this.context.database);
  }

  /** Of the adapter interface, for models that are not found that way. */
  async findByUid(_uid: string): Promise<undefined> {}

  async findByUserCode(_userCode: string): Promise<undefined> {}

  async consume(_id: string): Promise<void> {}

  /** Nothing to do: the library ends the grant as well (`revokeGrantPolicy`), and what hangs on it goes with it. */
  async revokeByGrantId(_grantId: string): Promise<void> {}

  protected async lockGrant(grantId: string | undefined): Promise<void> {
    if (grantId) await this.db.query(statements.lockGrant, [shardOf(grantId), grantId]);
  }

  protected async endGrant(grantId: string): Promise<void> {
    await this.db.execute(statements.deleteGrant, [shardOf(grantId), grantId]);
  }
}

/** Kinds whose payload holds what a person typed or an app said of them (`login_hint`), so it is sealed. */
const sealedKinds: ReadonlySet<string> = new Set(['Interaction', 'PushedAuthorizationRequest']);

interface ArtifactRow {
  payload: AdapterPayload | { sealed: string };
  consumed_at: Date | null;
}

/** Codes, tokens, interactions and pushed requests. */
class ArtifactAdapter extends StoredModel implements Adapter {
  readonly #kind: string;

  constructor(kind: string, context: StorageContext) {
    super(context);
    this.#kind = kind;
  }

  async upsert(id: string, payload: AdapterPayload, expiresIn: number): Promise<void> {
    const { shard, hash } = this.#locateOwn(id);
    const onRecord = expiresIn + (recordSeconds.get(this.#kind) ?? 0);
    const expiresAt = new Date(Date.now() + onRecord * 1000);
    const stored = toJson(this.#seal(hash, payload));
    // Saving what this request has read must not bring back what another has finished meanwhile.
    if (loadedIn(this.db).has(id)) {
      await this.db.execute(statements.updateArtifact, [shard, this.#kind, hash, stored, expiresAt]);
      return;
    }
    const grantId = this.#grantOf(payload);
    const values = [shard, this.#kind, hash, this.context.epoch, grantId ?? null, stored, expiresAt];
    await this.db.execute(statements.insertArtifact, values).catch(refuseWithoutGrant);
    loadedIn(this.db).set(id, grantId);
  }

  async find(id: string): Promise<AdapterPayload | undefined> {
    const place = this.#locate(id);
    if (!place) return undefined;
    const values = [place.shard, this.#kind, place.hash, this.context.epoch, new Date()];
    const row = await this.db.first<ArtifactRow>(statements.findArtifact, values);
    if (!row) return undefined;
    const payload = this.#open(place.hash, row.payload);
    if (!payload) return undefined;
    loadedIn(this.db).set(id, this.#grantOf(payload));
    return { ...payload, jti: id, ...(row.consumed_at && { consumed: Math.floor(row.consumed_at.getTime() / 1000) }) };
  }

  override async consume(id: string): Promise<void> {
    const { shard, hash } = this.#locateOwn(id);
    await this.lockGrant(loadedIn(this.db).get(id));
    const claimed = await this.db.execute(statements.consumeArtifact, [shard, this.#kind, hash, new Date()]);
    if (claimed === 1) return;
    await this.#endGrantOf(id);
    throw this.#kind === 'PushedAuthorizationRequest'
      ? new errors.InvalidRequestUri('request_uri was already used')
      : new errors.InvalidGrant(`${this.#kind} was already used`);
  }

  async destroy(id: string): Promise<void> {
    const { shard, hash } = this.#locateOwn(id);
    await this.lockGrant(loadedIn(this.db).get(id));
    const deleted = await this.db.execute(statements.deleteArtifact, [shard, this.#kind, hash]);
    if (deleted === 0 && this.#kind === 'Interaction') throw new errors.SessionNotFound('interaction was already used');
  }

  /** An interaction only remembers which grant there was; it lives in another shard and outlives it. */
  #grantOf({ grantId }: AdapterPayload): string | undefined {
    return this.#kind === 'Interaction' ? undefined : grantId;
  }

  /** A second use means that somebody else holds a copy: everything that came of it ends. */
  async #endGrantOf(id: string): Promise<void> {
    const payload = await this.find(id);
    if (payload?.grantId) await this.endGrant(payload.grantId);
  }

  #locate(id: string): Place | undefined {
    const { secrets } = this.context;
    return this.#kind === 'Interaction' ? placeOfInteraction(secrets, id) : secrets.locate(id);
  }

  #locateOwn(id: string): Place {
    const place = this.#locate(id);
    if (!place) throw new TypeError(`${this.#kind} has an id that was not made here`);
    return place;
  }

  /** The id itself stays out of the row. */
  #seal(hash: Buffer, { jti: _, ...payload }: AdapterPayload): object {
    if (!sealedKinds.has(this.#kind)) return payload;
    const sealed = this.context.secrets.wrap.seal(this.#place(hash), JSON.stringify(payload));
    return { sealed: sealed.toString('base64') };
  }

  /** Undefined when it does not open: a master key that is gone has taken it along. */
  #open(hash: Buffer, payload: ArtifactRow['payload']): AdapterPayload | undefined {
    if (!('sealed' in payload)) return payload;
    const sealed = Buffer.from(String(payload.sealed), 'base64');
    try {
      return JSON.parse(this.context.secrets.wrap.open(this.#place(hash), sealed).toString());
    } catch (error) {
      if (!(error instanceof SealError)) throw error;
      this.context.log.warn(
        { err: error },
        'a request that had begun does not open: was a master key taken out too early?',
      );
      return undefined;
    }
  }

  #place(hash: Buffer): string {
    return `artifacts.payload:${this.#kind}:${hash.toString('hex')}`;
  }
}

/** Grants: the protocol's short-lived shadow of a consent. Their ids never leave the house. */
class GrantAdapter extends StoredModel implements Adapter {
  async upsert(id: string, payload: AdapterPayload, expiresIn: number): Promise<void> {
    const expiresAt = new Date(Date.now() + expiresIn * 1000);
    const values = [shardOf(id), id, payload.accountId, payload.clientId, toJson(payload), expiresAt];
    await this.db.execute(statements.upsertGrant, values);
  }

  async find(id: string): Promise<AdapterPayload | undefined> {
    const shard = shardOf(id);
    if (Number.isNaN(shard)) return undefined;
    const row = await this.db.first<{ payload: AdapterPayload }>(statements.findGrant, [shard, id, new Date()]);
    return row?.payload;
  }

  async destroy(id: string): Promise<void> {
    await this.endGrant(id);
  }
}

/** What a session holds of its clients, by client id. */
type Authorizations = Readonly<Record<string, object>>;

interface SessionRow {
  uid: string;
  payload: AdapterPayload;
  ends_at: Date;
  authorizations: Authorizations | null;
}

/** What a request has read of a session, to write only what differs. */
interface SessionSnapshot {
  /** Whether this request has written the row. */
  readonly isWritten: boolean;
  readonly hash: Buffer;
  readonly payload: AdapterPayload;
  readonly endsAt: Date;
  readonly authorizations: Authorizations;
}

/**
 * Sessions: one row each and one row per client, written as differences, so that ten apps opened at once in one
 * session all stay signed in. Changing the id of a session is one update of its row: there is no moment without it.
 */
class SessionAdapter extends StoredModel implements Adapter {
  async find(id: string): Promise<AdapterPayload | undefined> {
    const place = this.context.secrets.locate(id);
    if (!place) return undefined;
    const values = [place.shard, place.hash, this.context.epoch, new Date()];
    const row = await this.db.first<SessionRow>(statements.findSession, values);
    return row && { ...this.#remember(row, place.hash), jti: id };
  }

  override async findByUid(uid: string): Promise<undefined> {
    const values = [shardOf(uid), uid, this.context.epoch, new Date()];
    const row = await this.db.first<SessionRow>(statements.findSessionByUid, values);
    // The interface says "undefined" for models without a uid; sessions do have one.
    return (row && { ...row.payload, uid: row.uid, authorizations: row.authorizations ?? {} }) as undefined;
  }

  /** @throws {errors.LoginRequired} when the session has ended meanwhile */
  async upsert(id: string, payload: AdapterPayload, expiresIn: number): Promise<void> {
    const place = this.context.secrets.locate(id);
    if (!place) throw new TypeError('a session has an id that was not made here');
    const { authorizations = {}, jti: _, ...rest } = payload;
    const uid = String(payload.uid);
    const snapshot = snapshotsIn(this.db).get(uid);
    const expiresAt = new Date(Date.now() + expiresIn * 1000);
    const isWritten = await this.#write(place, uid, rest, expiresAt, snapshot);
    const changes = changesOf(authorizations as Authorizations, snapshot?.authorizations ?? {});
    if (!isWritten && changes.any) await this.#hold(place.shard, uid);
    await this.#saveClients(place.shard, uid, changes);
    snapshotsIn(this.db).set(uid, {
      hash: place.hash,
      payload: rest,
      endsAt: snapshot?.endsAt ?? absoluteEnd(rest),
      authorizations: structuredClone(authorizations) as Authorizations,
      isWritten,
    });
  }

  /** Ends the session that this request has read, also when another has changed its id meanwhile. */
  async destroy(id: string): Promise<void> {
    const uid = this.#readUnder(id) ?? (await this.find(id))?.uid;
    if (uid) await this.db.execute(statements.deleteSession, [shardOf(uid), uid]);
  }

  #readUnder(id: string): string | undefined {
    const place = this.context.secrets.locate(id);
    const read = [...snapshotsIn(this.db)].find(([, { hash }]) => place?.hash.equals(hash));
    return read?.[0];
  }

  /**
   * Writes only while the row still has the id that this request has read: a rotation elsewhere wins.
   *
   * @returns whether the row now has this id, by this request
   */
  async #write(
    place: Place,
    uid: string,
    payload: AdapterPayload,
    expiresAt: Date,
    before: SessionSnapshot | undefined,
  ): Promise<boolean> {
    if (!before) return this.#insert(place, uid, payload, expiresAt);
    if (!this.#hasChanged(before, place.hash, payload)) return false;
    const values = [place.shard, uid, place.hash, payload.accountId ?? null, toJson(payload), expiresAt];
    const endsAt = payload.loginTs === before.payload.loginTs ? before.endsAt : absoluteEnd(payload);
    const updated = await this.db.execute(statements.updateSession, [...values, endsAt, before.hash]);
    if (updated === 0) await this.#hold(place.shard, uid);
    return updated === 1;
  }

  async #insert({ shard, hash }: Place, uid: string, payload: AdapterPayload, expiresAt: Date): Promise<true> {
    const values = [shard, uid, hash, payload.accountId ?? null, toJson(payload), this.context.epoch, new Date()];
    await this.db.execute(statements.insertSession, [...values, expiresAt, absoluteEnd(payload)]);
    return true;
  }

  /** Keeps the row from ending before this request does; a sign-out may have been faster. */
  async #hold(shard: number, uid: string): Promise<void> {
    const held = await this.db.query(statements.lockSession, [shard, uid]);
    if (held.length === 0) throw new errors.LoginRequired('the session has ended');
  }

  async #saveClients(shard: number, uid: string, { changed, gone }: ClientChanges): Promise<void> {
    if (changed.length > 0) {
      const values = [shard, uid, changed.map(([id]) => id), changed.map(([, value]) => toJson(value))];
      await this.db.execute(statements.saveSessionClients, values);
    }
    if (gone.length > 0) await this.db.execute(statements.deleteSessionClients, [shard, uid, gone]);
  }

  /** A session of which only the end moved by less than a minute is not written again. */
  #hasChanged(snapshot: SessionSnapshot, hash: Buffer, payload: AdapterPayload): boolean {
    const { exp: expBefore, iat: _i, ...before } = snapshot.payload;
    const { exp: expNow, iat: _n, ...now } = payload;
    return !hash.equals(snapshot.hash) || !isSame(before, now) || Number(expNow) - Number(expBefore) >= 60;
  }

  #remember(row: SessionRow, hash: Buffer): AdapterPayload {
    const authorizations = row.authorizations ?? {};
    const snapshot = {
      hash,
      payload: row.payload,
      endsAt: row.ends_at,
      authorizations: structuredClone(authorizations),
      isWritten: false,
    };
    snapshotsIn(this.db).set(row.uid, snapshot);
    return { ...row.payload, uid: row.uid, authorizations };
  }
}

interface ClientChanges {
  readonly changed: readonly (readonly [string, object])[];
  readonly gone: readonly string[];
  readonly any: boolean;
}

function changesOf(now: Authorizations, before: Authorizations): ClientChanges {
  const changed = Object.entries(now).filter(([id, value]) => !isSame(value, before[id]));
  const gone = Object.keys(before).filter((id) => !(id in now));
  return { changed, gone, any: changed.length + gone.length > 0 };
}

/** A session ends a day after the sign-in, however much it is used. */
function absoluteEnd(payload: AdapterPayload): Date {
  const since = typeof payload.loginTs === 'number' ? payload.loginTs * 1000 : Date.now();
  return new Date(since + sessionLimits.absolute * 1000);
}

/** jsonb takes neither a NUL nor half a surrogate pair; an app that sends one is told so. */
function toJson(value: object): string {
  const json = JSON.stringify(value);
  if (/\\u(0000|d[89a-f])/.test(json)) throw new errors.InvalidRequest('a parameter has characters that are not text');
  return json;
}

function isSame(left: unknown, right: unknown): boolean {
  return JSON.stringify(sorted(left)) === JSON.stringify(sorted(right));
}

/** jsonb orders keys its own way. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, field]) => field !== undefined);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, field]) => [key, sorted(field)]));
}

/** A token whose grant ended while it was being made is not made. */
function refuseWithoutGrant(error: unknown): never {
  if (error instanceof Error && 'code' in error && error.code === '23503') {
    throw new errors.InvalidGrant('the grant has ended');
  }
  throw error;
}

const loaded = new WeakMap<Db, Map<string, string | undefined>>();
const snapshots = new WeakMap<Db, Map<string, SessionSnapshot>>();

/** Ids that the running unit of work has read or written, and the grants they hang on. Outside a unit nothing is remembered. */
function loadedIn(db: Db): Map<string, string | undefined> {
  return remembered(loaded, db, () => new Map());
}

function snapshotsIn(db: Db): Map<string, SessionSnapshot> {
  return remembered(snapshots, db, () => new Map());
}

function remembered<T>(memory: WeakMap<Db, T>, db: Db, create: () => T): T {
  const found = memory.get(db) ?? create();
  if (db.isUnit) memory.set(db, found);
  return found;
}
