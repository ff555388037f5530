/** Sessions of browsers. */
import { isDeepStrictEqual } from 'node:util';
import { type Adapter, type AdapterPayload, errors, Provider } from 'oidc-provider';
import type { Db } from '#src/base/database.ts';
import { shardOf } from '#src/base/secrets.ts';
import { type Account, accountIn } from '#src/people/accounts.ts';
import { limitOf } from '../lifetimes.ts';
import * as statements from '../statements.ts';
import { sealTrail, trailIn } from '../trails.ts';
import { InteractionAdapter } from './interactions.ts';
import { type Authorizations, knownIn, type Place, pairOf, type SessionSnapshot } from './known.ts';
import { learnPermissions } from './person-of-app.ts';
import { StoredModel, toJson } from './stored-model.ts';

/** How much later than it was a session's last use is written, in milliseconds. */
const USE_MS = 60_000;

/**
 * Sessions: one row each and one row per client, written as differences, so that ten apps opened at once in one
 * session all stay signed in. A request reads of the clients only the one that it is about. Changing the id of a session
 * is one update of its row: there is no moment without it.
 *
 * The end that the library knows, and the cookie's, is the absolute one. The end of a session that is not used is the
 * row's own and moves with its use, about a minute late.
 */
export class SessionAdapter extends StoredModel implements Adapter {
  async find(id: string): Promise<AdapterPayload | undefined> {
    const place = this.locate(id);
    if (!place) return undefined;
    const read = isAboutAllApps() ? await this.#readWhole(place) : await this.#readVisit(place);
    if (!read) return undefined;
    const { uid, payload } = read;
    const authorizations = copyOf(read.authorizations);
    const known = knownIn(this.db);
    known.set('session', uid, { ...read, hash: place.hash, authorizations, isWritten: false });
    known.set('uid', id, uid);
    return { ...payload, uid, authorizations: read.authorizations as Record<string, object>, jti: id };
  }

  override async findByUid(uid: string): Promise<undefined> {
    const known = knownIn(this.db);
    const found = known.has('session', uid) ? known.get('session', uid) : await this.#readByUid(uid);
    known.set('isShared', uid, found?.payload.transient === true);
    // The interface says "undefined" for models without a uid; sessions do have one.
    return (found && { ...found.payload, uid, authorizations: copyOf(found.authorizations) }) as undefined;
  }

  /** @throws {errors.LoginRequired} when the session has ended meanwhile */
  async upsert(id: string, payload: AdapterPayload, _expiresIn: number): Promise<void> {
    const place = this.locate(id);
    if (!place) throw new TypeError('a session has an id that was not made here');
    const { authorizations = {}, jti: _, ...rest } = payload;
    const uid = String(payload.uid);
    const known = knownIn(this.db);
    const before = known.get('session', uid);
    const ends = this.#endsOf(rest);
    const isWritten = before
      ? await this.#change(place, uid, rest, ends, before)
      : await this.#make(place, uid, rest, ends);
    await this.#saveClients(place.shard, uid, authorizations as Authorizations, before?.authorizations ?? {});
    known.set('uid', id, uid);
    known.set('session', uid, {
      ...{ hash: place.hash, payload: rest, isWritten: isWritten || before?.isWritten === true },
      expiresAt: isWritten ? ends.expiresAt : before?.expiresAt,
      authorizations: copyOf(authorizations as Authorizations),
    });
  }

  /** Ends the session that this request has read, also when another has changed its id meanwhile. */
  async destroy(id: string): Promise<void> {
    const uid = knownIn(this.db).get('uid', id) ?? (await this.find(id))?.uid;
    if (!uid) return;
    const shard = shardOf(uid);
    await this.db.for(shard).execute(statements.deleteSession, [shard, uid]);
  }

  /** With what concerns the app that this request is about, and what it will be asked next. */
  async #readVisit({ shard, hash }: Place) {
    const db = this.db;
    const clientId = await this.#askingClient();
    const group = clientId === undefined ? '' : (this.context.findClient(clientId)?.subjectGroupId ?? '');
    const values = [shard, hash, this.context.epoch, new Date(), clientId ?? '', group];
    const row = await db.for(shard).read(statements.findVisit, values);
    if (!row) return undefined;
    const account = accountIn(this.context.secrets, row, 'account_');
    if (account && clientId !== undefined) await this.#learn(db, row, account, clientId, group);
    const authorizations: Authorizations =
      row.session_client && clientId !== undefined ? { [clientId]: row.session_client } : {};
    return { uid: row.uid, payload: row.payload, expiresAt: row.expires_at, authorizations };
  }

  async #learn(db: Db, row: statements.VisitRow, account: Account, clientId: string, group: string): Promise<void> {
    const known = knownIn(db);
    known.set('account', account.id, account);
    known.set('standing', account.id, account);
    await learnPermissions(db, account.id, this.context.findClient(clientId), row);
    if (row.sub) known.set('subject', pairOf(account.id, group), row.sub);
    if (row.grant_id && row.grant_payload) known.set('grant', row.grant_id, row.grant_payload);
  }

  /** An app asks by its id; who comes back from a sign-in, by what was begun. */
  async #askingClient(): Promise<string | undefined> {
    const ctx = Provider.ctx;
    if (ctx?.oidc.route !== 'resume') return typeof ctx?.query.client_id === 'string' ? ctx.query.client_id : undefined;
    const interaction = await new InteractionAdapter(this.context).find(String(ctx.params.uid));
    return interaction && String(interaction.params?.client_id);
  }

  async #readWhole({ shard, hash }: Place) {
    const values = [shard, hash, this.context.epoch, new Date()];
    const row = await this.db.for(shard).read(statements.findSession, values);
    return (
      row && { uid: row.uid, payload: row.payload, expiresAt: row.expires_at, authorizations: row.authorizations ?? {} }
    );
  }

  async #readByUid(uid: string): Promise<Pick<SessionSnapshot, 'payload' | 'authorizations'> | undefined> {
    const shard = shardOf(uid);
    const values = [shard, uid, this.context.epoch, new Date()];
    const row = await this.db.for(shard).read(statements.findSessionByUid, values);
    return row && { payload: row.payload, authorizations: {} };
  }

  #endsOf(payload: AdapterPayload): Ends {
    const idle = limitOf(this.context.config.sessionLimits, payload).idle;
    return { idle, expiresAt: new Date(Date.now() + idle * 1000), endsAt: endOf(payload) };
  }

  async #make({ shard, hash }: Place, uid: string, payload: AdapterPayload, ends: Ends): Promise<true> {
    const row = [shard, uid, hash, payload.accountId ?? null, toJson(payload), this.context.epoch, new Date()];
    const lives = [ends.expiresAt, ends.endsAt, payload.transient === true, ends.idle];
    await this.db.for(shard).write(statements.makeSession, [...row, ...lives, ...this.#trailOf(uid).slice(1)]);
    return true;
  }

  /** Whether this request ends a sign-in, and then what is kept of the browser. */
  #trailOf(uid: string): readonly [boolean, Buffer | null, Buffer | null] {
    const trail = trailIn(Provider.ctx);
    if (!trail) return [false, null, null];
    const device = trail.device === undefined ? null : Buffer.from(trail.device, 'base64url');
    return [true, device, sealTrail(this.context.secrets.wrap, uid, trail.about)];
  }

  /**
   * Writes only what has changed, and only while the row still has the id that this request has read: a rotation
   * elsewhere wins.
   *
   * @returns whether the row now has this id, by this request
   */
  async #change(
    { shard, hash }: Place,
    uid: string,
    payload: AdapterPayload,
    { idle, expiresAt, endsAt }: Ends,
    before: SessionSnapshot,
  ): Promise<boolean> {
    const db = this.db.for(shard);
    if (before.hash?.equals(hash) && isSame(before.payload, payload)) {
      const isLate = before.expiresAt && expiresAt.getTime() - before.expiresAt.getTime() >= USE_MS;
      if (isLate) void db.soon(statements.noteSessionUse, [shard, uid, expiresAt, idle]);
      return false;
    }
    const values = [shard, uid, hash, payload.accountId ?? null, toJson(payload), expiresAt, endsAt];
    const lives = [payload.transient === true, idle, ...this.#trailOf(uid)];
    const updated = await db.execute(statements.updateSession, [...values, ...lives, before.hash]);
    if (updated === 0) await this.#hold(shard, uid);
    return updated === 1;
  }

  /** Keeps the row from ending before this request does; a sign-out may have been faster. */
  async #hold(shard: number, uid: string): Promise<void> {
    const held = await this.db.for(shard).query(statements.lockSession, [shard, uid]);
    if (held.length === 0) throw new errors.LoginRequired('the session has ended');
  }

  async #saveClients(shard: number, uid: string, now: Authorizations, before: Authorizations): Promise<void> {
    const db = this.db.for(shard);
    for (const [client, value] of Object.entries(now))
      if (!isDeepStrictEqual(value, before[client]))
        await db.write(statements.saveSessionClient, [shard, uid, client, toJson(value)]);
    const gone = Object.keys(before).filter((client) => !(client in now));
    if (gone.length > 0) await db.execute(statements.deleteSessionClients, [shard, uid, gone]);
  }
}

/** When a session ends that is not used any more, after how many seconds that is, and when it ends in any case. */
interface Ends {
  readonly idle: number;
  readonly expiresAt: Date;
  readonly endsAt: Date;
}

/** The library changes what it was given. */
function copyOf(authorizations: Authorizations): Record<string, object> {
  return Object.fromEntries(Object.entries(authorizations).map(([client, value]) => [client, { ...value }]));
}

/** Signing out and the pages are about all apps of a session; everything else that the engine answers is about one. */
function isAboutAllApps(): boolean {
  return Provider.ctx?.oidc.route.startsWith('end_session') ?? true;
}

/** Whether two states of a session differ in nothing but when they were read and until when the cookie is kept. */
function isSame(
  { exp: _e, iat: _i, ...before }: AdapterPayload,
  { exp: _f, iat: _j, ...now }: AdapterPayload,
): boolean {
  return isDeepStrictEqual(before, now);
}

/** The absolute end, which the library counts (`ttl.Session`). */
function endOf({ exp }: AdapterPayload): Date {
  return new Date(Number(exp) * 1000);
}
