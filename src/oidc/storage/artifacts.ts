/** Codes, tokens and pushed requests. */
import { type Adapter, type AdapterPayload, Provider } from 'oidc-provider';
import { epochSeconds } from '#src/base/epoch.ts';
import { type AccountRow, accountIn } from '#src/people/accounts.ts';
import { noteDataKey } from '#src/people/data-keys.ts';
import * as statements from '../statements.ts';
import { type Known, knownIn, type Place, pairOf, type SessionSnapshot } from './known.ts';
import { openSealed, seal } from './sealed-payloads.ts';
import { type StorageContext, StoredModel, toJson } from './stored-model.ts';

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

/** One for each kind. */
export class ArtifactAdapter extends StoredModel implements Adapter {
  readonly #kind: string;
  /** A pushed request holds what an app said of a person (`login_hint`), so it is sealed. */
  readonly #isSealed: boolean;

  constructor(kind: string, context: StorageContext) {
    super(context);
    this.#kind = kind;
    this.#isSealed = kind === 'PushedAuthorizationRequest';
  }

  async upsert(id: string, { jti: _, ...payload }: AdapterPayload, expiresIn: number): Promise<void> {
    const { shard, hash } = this.#locateOwn(id);
    const onRecord = expiresIn + (recordSeconds.get(this.#kind) ?? 0);
    const expiresAt = new Date(Date.now() + onRecord * 1000);
    const stored = toJson(this.#isSealed ? seal(this.context.secrets, this.#kind, hash, payload) : payload);
    // Saving what this request has read must not bring back what another has ended meanwhile.
    if (knownIn(this.db).get('artifact', id))
      return this.db.for(shard).write(statements.saveArtifact, [shard, hash, stored, expiresAt]);
    const { grantId = null, clientId = null, sessionUid, expiresWithSession } = payload;
    const group = clientId && payload.accountId ? this.context.findClient(clientId)?.subjectGroupId : undefined;
    const links = [grantId, clientId, group ?? null, expiresWithSession ? sessionUid : null];
    const row = [shard, this.#kind, hash, this.context.epoch, ...links, stored, expiresAt];
    await this.db.for(shard).write(statements.makeArtifact, row);
  }

  /** One look serves all kinds: introspection asks for each of them under the same id. */
  async find(id: string): Promise<AdapterPayload | undefined> {
    const place = this.locate(id);
    if (!place) return undefined;
    const row = await this.#look(id, place);
    if (row?.kind !== this.#kind) return undefined;
    const payload = openSealed(this.context, this.#kind, place.hash, row.payload);
    if (!payload) return undefined;
    return { ...payload, jti: id, ...(row.consumed_at && { consumed: epochSeconds(row.consumed_at) }) };
  }

  override async consume(id: string): Promise<void> {
    const { shard, hash } = this.#locateOwn(id);
    const grantId = this.#grantOf(id);
    const row = [shard, hash, new Date(), this.#kind, grantId];
    await this.db.for(shard).write(statements.spendArtifact, row);
  }

  async destroy(id: string): Promise<void> {
    const { shard, hash } = this.#locateOwn(id);
    const grantId = this.#grantOf(id);
    const db = this.db.for(shard);
    if (grantId) await db.query(statements.lockGrant, [shard, grantId]);
    await db.execute(statements.deleteArtifact, [shard, hash, this.#kind]);
  }

  /** Of what this request has read; a pushed request hangs on none. */
  #grantOf(id: string): string | undefined {
    const payload = knownIn(this.db).get('artifact', id)?.payload;
    return payload && 'grantId' in payload ? payload.grantId : undefined;
  }

  #look(id: string, place: Place): Promise<statements.ArtifactRow | undefined> {
    const known = knownIn(this.db);
    const look = known.get('look', id) ?? this.#read(id, place);
    known.set('look', id, look);
    return look;
  }

  async #read(id: string, { shard, hash }: Place): Promise<statements.ArtifactRow | undefined> {
    const known = knownIn(this.db);
    const values = [shard, hash, this.context.epoch, new Date()];
    const home = this.db.for(shard);
    const row = isAboutClaims()
      ? this.#learnPerson(known, await home.read(statements.findArtifactAndPerson, values))
      : await home.read(statements.findArtifact, values);
    known.set('artifact', id, row);
    if (row) this.#learn(known, row);
    return row;
  }

  #learnPerson<Row extends statements.ArtifactRow & AccountRow<'account_'>>(known: Known, row: Row | undefined) {
    const account = row && accountIn(this.context.secrets, row, 'account_');
    if (account) known.set('account', account.id, account);
    return row;
  }

  /** All that came with it, for the questions that the library asks next. */
  #learn(known: Known, row: statements.ArtifactRow): void {
    const { payload } = row;
    if (!('grantId' in payload) || !payload.grantId || !payload.accountId) return;
    known.set('grant', payload.grantId, row.grant_payload ?? undefined);
    if (row.account_id && row.account_state)
      known.set('standing', row.account_id, { id: row.account_id, state: row.account_state });
    if (row.account_id && row.account_data_key) noteDataKey(this.db, row.account_id, row.account_data_key);
    const group = payload.clientId && this.context.findClient(payload.clientId)?.subjectGroupId;
    if (row.sub && group) known.set('subject', pairOf(payload.accountId, group), row.sub);
    if (payload.expiresWithSession && payload.sessionUid)
      known.set('session', payload.sessionUid, sessionOf(row, payload));
  }

  #locateOwn(id: string): Place {
    const place = this.locate(id);
    if (!place) throw new TypeError(`${this.#kind} has an id that was not made here`);
    return place;
  }
}

/** The session that a token ends with, as far as the token's app may see it. */
function sessionOf(row: statements.ArtifactRow, { clientId }: AdapterPayload): SessionSnapshot | undefined {
  if (!row.session_payload) return undefined;
  const authorizations = row.session_client ? { [String(clientId)]: row.session_client } : {};
  return { hash: undefined, payload: row.session_payload, expiresAt: undefined, authorizations, isWritten: false };
}

/** Userinfo hands out what is known of a person, and a token opens it. */
function isAboutClaims(): boolean {
  return Provider.ctx?.oidc.route === 'userinfo' || Provider.ctx?.oidc.route === 'token';
}
