/**
 * What the protocol engine stores, on PostgreSQL.
 *
 * Promises:
 * - Single use is claimed by one conditional statement. The library reads whether something was used, then calls `consume`
 *   and ignores the answer; so what a request makes of a code is written by the very statement that spends the code, and of
 *   two requests one writes (RFC 6749 §4.1.2, RFC 9700 §4.14.2). What the other is told: `races.ts`.
 * - All that one request writes is one transaction. What the adapter is told to save waits for the end of the request, when
 *   all of it leaves as one statement (`base/database.ts`).
 * - What a request needs to know is read once: with a token its grant, person, subject and session; with the session of a
 *   browser the person, and permissions and grant of the app that asks. Later questions are answered from what was read.
 * - An id that an outsider holds is stored only as its keyed hash, and an id of one kind is never found as another.
 * - Artifacts hang on their grant by a foreign key: without the grant there is no token. Whoever changes artifacts of a
 *   grant locks the grant first, so that uses, withdrawals and sign-outs at the same moment wait instead of colliding.
 *
 * Every statement names one shard (`statements.ts`). Ids carry it (see `Secrets.newTaggedId`); interactions, whose ids the
 * library draws, live in the shard of their own hash.
 */
import { isDeepStrictEqual } from 'node:util';
import { type Adapter, type AdapterPayload, errors, Provider } from 'oidc-provider';
import type { Config } from '#src/base/config.ts';
import { currentDb, type Db } from '#src/base/database.ts';
import { epochSeconds } from '#src/base/epoch.ts';
import type { Log } from '#src/base/log.ts';
import { SealError, type Secrets, shardOf, shardOfHash } from '#src/base/secrets.ts';
import { type PermissionsRow, permissionsIn } from '#src/consents/permission-rows.ts';
import type { CurrentPermissions } from '#src/consents/permissions.ts';
import { type Declared, termsOf } from '#src/consents/terms.ts';
import { type Account, type AccountRow, accountIn, isEndedSince } from '#src/people/accounts.ts';
import { noteDataKey } from '#src/people/data-keys.ts';
import type { StoredPasskey } from '#src/people/passkeys.ts';
import type { ClientRecord } from '#src/registry/clients.ts';
import { limitOf } from './lifetimes.ts';
import * as statements from './statements.ts';
import { sealTrail, trailIn } from './trails.ts';

/** What the adapters need beside the request's unit of work. */
export interface StorageContext {
  /** Used outside a request. */
  readonly database: Db;
  readonly secrets: Secrets;
  /** Raised by a restore: whatever was stored under an older one is void. */
  readonly epoch: number;
  readonly log: Pick<Log, 'warn'>;
  readonly config: Pick<Config, 'sessionLimits'>;
  /** The clients that may be used right now. */
  readonly findClient: (id: string) => ClientRecord | undefined;
}

/** How much later than it was a session's last use is written, in milliseconds. */
const USE_MS = 60_000;

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

/** What a request may have read, by kind. Undefined in it means that there is none. */
interface Facts {
  /** Where an id is stored: to find it takes a keyed hash. */
  readonly place: Place | undefined;
  readonly artifact: statements.ArtifactRow | undefined;
  /** A look for an artifact, also one under way: the library asks for several kinds of one id at once. */
  readonly look: Promise<statements.ArtifactRow | undefined>;
  readonly interaction: AdapterPayload | undefined;
  readonly grant: AdapterPayload | undefined;
  readonly account: Account | undefined;
  /** Whether an account may be used. */
  readonly standing: Standing | undefined;
  /** By account and client. */
  readonly permissions: CurrentPermissions;
  /** By account and subject group. */
  readonly subject: string;
  /** By uid. */
  readonly session: SessionSnapshot | undefined;
  /** Whether a session is on a device that others use, by uid. */
  readonly isShared: boolean;
  /** The uid of a session, by the id that it was read under. */
  readonly uid: string;
  /** The permissions that a grant is made of, by the grant's id. */
  readonly permissionsOf: CurrentPermissions;
}

/** What the running request has read, by kind and the id under which it is asked for. */
class Known {
  readonly #facts = new Map<string, unknown>();
  /** Interactions that this request has taken and not ended: they have to be put back. */
  readonly taken = new Set<string>();

  has(kind: keyof Facts, id: string): boolean {
    return this.#facts.has(`${kind} ${id}`);
  }

  get<Kind extends keyof Facts>(kind: Kind, id: string): Facts[Kind] | undefined {
    return this.#facts.get(`${kind} ${id}`) as Facts[Kind] | undefined;
  }

  set<Kind extends keyof Facts>(kind: Kind, id: string, fact: Facts[Kind]): void {
    this.#facts.set(`${kind} ${id}`, fact);
  }

  delete(kind: keyof Facts, id: string): void {
    this.#facts.delete(`${kind} ${id}`);
  }
}

function knownIn({ memory }: Db): Known {
  const known = (memory.get(Known) as Known | undefined) ?? new Known();
  memory.set(Known, known);
  return known;
}

const pairOf = (accountId: string, other: string) => `${accountId} ${other}`;

/** An account as far as most requests ask of it. */
export type Standing = Pick<Account, 'id' | 'state'>;

/** What a token, a session or an earlier question has brought of an account, or `null` when it has to be looked for. */
export function knownStanding(db: Db, id: string): Standing | undefined | null {
  const known = knownIn(db);
  return known.has('standing', id) ? known.get('standing', id) : null;
}

/** The account, if an earlier question has brought all of it, or `null` when it has to be looked for. */
export function knownAccount(db: Db, id: string): Account | undefined | null {
  const known = knownIn(db);
  return known.has('account', id) ? known.get('account', id) : null;
}

/** The person's name for a subject group, if this request has read it. */
export function knownSubject(db: Db, accountId: string, groupId: string): string | undefined {
  return knownIn(db).get('subject', pairOf(accountId, groupId));
}

type App = Declared & Pick<ClientRecord, 'subjectGroupId'>;

/** A person as far as one app is concerned. */
interface PersonOfApp {
  readonly account: Account | undefined;
  readonly permissions: CurrentPermissions;
}

/** A person, and what one app may read of them. One statement, or none if the request has read it. */
export async function readPerson(
  { secrets }: Pick<StorageContext, 'secrets'>,
  db: Db,
  accountId: string,
  client: App,
): Promise<PersonOfApp> {
  const known = knownIn(db);
  const pair = pairOf(accountId, client.id);
  const permissions = known.get('permissions', pair);
  if (permissions && known.has('account', accountId)) return { account: known.get('account', accountId), permissions };
  const shard = shardOf(accountId);
  const values = [shard, accountId, client.id, client.subjectGroupId];
  const row = await db.for(shard).read(statements.findPerson, values);
  return learnPerson(secrets, db, accountId, client, row);
}

/** The person and what one app may read of them have changed: whoever asks next reads them anew. */
export function forgetPerson(db: Db, accountId: string, clientId: string): void {
  const known = knownIn(db);
  known.delete('account', accountId);
  known.delete('permissions', pairOf(accountId, clientId));
}

/** A passkey, and with it what {@link readPerson} is asked next. */
export async function readPasskeyHolder(
  { secrets }: Pick<StorageContext, 'secrets'>,
  db: Db,
  asked: { readonly accountId: string; readonly credentialId: Buffer; readonly client: App },
): Promise<StoredPasskey | undefined> {
  const { accountId, credentialId, client } = asked;
  const shard = shardOf(accountId);
  const values = [shard, accountId, client.id, client.subjectGroupId, credentialId];
  const row = await db.for(shard).read(statements.findPasskeyHolder, values);
  if (row) await learnPerson(secrets, db, accountId, client, row);
  return row;
}

async function learnPerson(
  secrets: Secrets,
  db: Db,
  accountId: string,
  client: App,
  row: statements.PersonRow | undefined,
): Promise<PersonOfApp> {
  const known = knownIn(db);
  const account = row && accountIn(secrets, row, 'account_');
  if (row?.account_data_key) noteDataKey(db, accountId, row.account_data_key);
  known.set('account', accountId, account);
  known.set('standing', accountId, account);
  if (row?.sub) known.set('subject', pairOf(accountId, client.subjectGroupId), row.sub);
  return { account, permissions: await learnPermissions(db, accountId, client, row) };
}

/** The text of an app that is in force is not read again. */
async function learnPermissions(
  db: Db,
  accountId: string,
  client: Declared | undefined,
  row: PermissionsRow | undefined,
): Promise<CurrentPermissions> {
  if (client) termsOf(client);
  const permissions = row ? await permissionsIn(db, row) : { consent: undefined, notice: undefined };
  if (client) knownIn(db).set('permissions', pairOf(accountId, client.id), permissions);
  return permissions;
}

/** A fresh id of a shard, whose place need not be found again. */
export function newTaggedId(db: Db, secrets: Secrets, shard: number): string {
  const { id, place } = secrets.newTaggedPlace(shard);
  knownIn(db).set('place', id, place);
  return id;
}

/** Says which permissions a grant is about to be made of: it is made only while these hold. */
export function notePermissionsOf(db: Db, grantId: string, permissions: CurrentPermissions): void {
  knownIn(db).set('permissionsOf', grantId, permissions);
}

/** What a grant stands on. */
export interface Behind {
  /** The texts of its permissions, by {@link Terms.id}. */
  readonly terms: readonly string[];
  /** When the consent among them was given, in seconds since 1970. */
  readonly agreedAt: number | undefined;
}

/** What a grant that is made of permissions stands on. */
export function behind({ consent, notice }: CurrentPermissions): Behind {
  return {
    terms: [consent, notice].flatMap((permission) => permission?.terms.id ?? []),
    agreedAt: consent && epochSeconds(consent.givenAt),
  };
}

/** What a grant that this request has read or made stands on: for what is handed over by it, and the record of that. */
export function behindGrant(db: Db, grantId: string): Behind {
  const { terms = [], agreedAt } = (knownIn(db).get('grant', grantId) ?? {}) as Partial<Behind>;
  return { terms, agreedAt };
}

/** Whether the session that this request has found by its uid is on a device that others use too. */
export function isSharedSession(db: Db, uid: string): boolean {
  return knownIn(db).get('isShared', uid) ?? false;
}

/** Whether the running request has given the session's row the id that it holds itself. */
export function hasWrittenSession(context: StorageContext, uid: string): boolean {
  return knownIn(currentDb(context.database)).get('session', uid)?.isWritten ?? false;
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
    if (model === 'Interaction') return new InteractionAdapter(context);
    return new ArtifactAdapter(model, context);
  };
}

/**
 * Claims a `jti` once (RFC 7523 §3, RFC 9449 §11.1). `namespace` says whose: two clients may use the same one, a client
 * may not use one for an assertion and for a DPoP proof.
 */
export async function claimReplayMarker(
  context: Pick<StorageContext, 'database' | 'secrets'>,
  namespace: string,
  jti: string,
  expiresAt: Date,
): Promise<boolean> {
  const hash = context.secrets.hash('replay', `${namespace}\0${jti}`);
  const shard = shardOfHash(hash);
  const db = currentDb(context.database).for(shard);
  return (await db.execute(statements.claimReplayMarker, [shard, hash, expiresAt])) === 1;
}

/** Ends a grant, and with it every code and token that hangs on it. */
export async function endGrant(db: Db, grantId: string): Promise<void> {
  const shard = shardOf(grantId);
  knownIn(db).set('grant', grantId, undefined);
  await db.for(shard).execute(statements.deleteGrant, [shard, grantId]);
}

abstract class StoredModel {
  protected readonly context: StorageContext;

  constructor(context: StorageContext) {
    this.context = context;
  }

  protected get db(): Db {
    return currentDb(this.context.database);
  }

  /** Undefined for what cannot be an id of ours. */
  protected locate(id: string): Place | undefined {
    const known = knownIn(this.db);
    const place = known.get('place', id) ?? this.context.secrets.locate(id);
    known.set('place', id, place);
    return place;
  }

  /** Of the adapter interface, for models that are not found that way. */
  async findByUid(_uid: string): Promise<undefined> {}

  async findByUserCode(_userCode: string): Promise<undefined> {}

  async consume(_id: string): Promise<void> {}

  /** Nothing to do: the library ends the grant as well (`revokeGrantPolicy`), and what hangs on it goes with it. */
  async revokeByGrantId(_grantId: string): Promise<void> {}
}

function seal(secrets: Secrets, kind: string, hash: Buffer, payload: object): object {
  const sealed = secrets.wrap.seal(placeOf(kind, hash), JSON.stringify(payload));
  return { sealed: sealed.toString('base64') };
}

/** Undefined when it does not open: a master key that is gone has taken it along. */
function openSealed(
  { secrets, log }: Pick<StorageContext, 'secrets' | 'log'>,
  kind: string,
  hash: Buffer,
  payload: statements.ArtifactPayload,
): AdapterPayload | undefined {
  if (!('sealed' in payload)) return payload;
  const sealed = Buffer.from(String(payload.sealed), 'base64');
  try {
    return JSON.parse(secrets.wrap.open(placeOf(kind, hash), sealed).toString());
  } catch (error) {
    if (!(error instanceof SealError)) throw error;
    log.warn({ err: error }, 'a request that had begun does not open: was a master key taken out too early?');
    return undefined;
  }
}

function placeOf(kind: string, hash: Buffer): string {
  return `artifacts.payload:${kind}:${hash.toString('hex')}`;
}

/** Codes, tokens and pushed requests. */
class ArtifactAdapter extends StoredModel implements Adapter {
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

/**
 * Interactions. What a person typed is in them, so they are sealed.
 *
 * Whoever resumes one takes it by the look that finds it: of several exactly one goes on. What such a request does not end
 * after all (somebody else is signed in and has to be asked first) is put back: {@link putBackInteractions}.
 */
class InteractionAdapter extends StoredModel implements Adapter {
  async upsert(id: string, payload: AdapterPayload, expiresIn: number): Promise<void> {
    await writeInteraction(this.context, this.db, id, payload, expiresIn);
  }

  async find(id: string): Promise<AdapterPayload | undefined> {
    const known = knownIn(this.db);
    const read = known.get('interaction', id);
    if (read) return { ...read, jti: id };
    const takes = Provider.ctx?.oidc.route === 'resume';
    const payload = await readInteraction(this.context, this.db, id, takes ? 'take' : 'look');
    if (payload && takes && (await this.#isEnded(payload))) {
      known.delete('interaction', id);
      return undefined;
    }
    if (payload && takes) known.taken.add(id);
    return payload && { ...payload, jti: id };
  }

  /** Whether somebody has signed in here to an account of which everything was ended since: then it is over. */
  async #isEnded({ result, params }: AdapterPayload): Promise<boolean> {
    const { login } = (result ?? {}) as { login?: { accountId: string; ts: number } };
    const client = this.context.findClient(String(params?.client_id));
    if (!login || !client) return false;
    const { account } = await readPerson(this.context, this.db, login.accountId, client);
    return account !== undefined && isEndedSince(account, login.ts);
  }

  async destroy(id: string): Promise<void> {
    const { shard, hash } = placeOfInteraction(this.context.secrets, id);
    const known = knownIn(this.db);
    known.delete('interaction', id);
    if (known.taken.delete(id)) return;
    const deleted = await this.db.for(shard).execute(statements.deleteArtifact, [shard, hash, 'Interaction']);
    if (deleted === 0) throw new errors.SessionNotFound('interaction was already used');
  }
}

/** Makes other requests about an interaction wait for this one. Look for it afterwards: it is as they have left it. */
export async function holdInteraction(context: Opening, db: Db, uid: string): Promise<void> {
  await readInteraction(context, db, uid, 'hold');
}

/** Puts back what the request has taken and not ended. Call it when the engine is done. */
export async function putBackInteractions(context: Opening, db: Db): Promise<void> {
  const known = knownIn(db);
  for (const uid of [...known.taken]) {
    const payload = known.get('interaction', uid);
    const left = Number(payload?.exp) - epochSeconds();
    if (payload && left > 0) await writeInteraction(context, db, uid, payload, left);
  }
}

async function writeInteraction(
  { secrets, epoch }: Opening,
  db: Db,
  id: string,
  { jti: _, ...payload }: AdapterPayload,
  expiresIn: number,
): Promise<void> {
  const { shard, hash } = placeOfInteraction(secrets, id);
  const known = knownIn(db);
  const stored = toJson(seal(secrets, 'Interaction', hash, payload));
  const expiresAt = new Date(Date.now() + expiresIn * 1000);
  // Saving what this request has read must not bring back what another has finished meanwhile.
  if (known.get('interaction', id) && !known.taken.delete(id))
    return db.for(shard).write(statements.saveArtifact, [shard, hash, stored, expiresAt]);
  const links = [null, null, null, null];
  await db
    .for(shard)
    .write(statements.makeArtifact, [...[shard, 'Interaction', hash, epoch, ...links, stored, expiresAt]]);
}

/** What it takes to read what is sealed. */
type Opening = Pick<StorageContext, 'secrets' | 'epoch' | 'log'>;

async function readInteraction(
  context: Opening,
  db: Db,
  uid: string,
  how: 'look' | 'hold' | 'take',
): Promise<AdapterPayload | undefined> {
  const { shard, hash } = placeOfInteraction(context.secrets, uid);
  const values = [shard, hash, context.epoch, new Date()];
  const home = db.for(shard);
  const row =
    how === 'look'
      ? await home.read(statements.findInteraction, values)
      : await home.first<{ payload: statements.ArtifactPayload }>(
          how === 'hold' ? statements.lockInteraction : statements.takeInteraction,
          values,
        );
  const payload = row && openSealed(context, 'Interaction', hash, row.payload);
  if (payload) knownIn(db).set('interaction', uid, payload);
  else knownIn(db).delete('interaction', uid);
  return payload;
}

function placeOfInteraction(secrets: Secrets, uid: string): Place {
  const hash = secrets.hash('interaction', uid);
  return { shard: shardOfHash(hash), hash };
}

/** Grants: the protocol's short-lived shadow of permissions. Their ids never leave the house. */
class GrantAdapter extends StoredModel implements Adapter {
  async upsert(id: string, payload: AdapterPayload, expiresIn: number): Promise<void> {
    const shard = shardOf(id);
    const known = knownIn(this.db);
    const expiresAt = new Date(Date.now() + expiresIn * 1000);
    const permissions = known.get('permissionsOf', id);
    const stored = { ...payload, ...(permissions ? behind(permissions) : behindGrant(this.db, id)) };
    const whose = [payload.accountId, payload.clientId, toJson(stored), expiresAt];
    const made = [permissions?.consent?.id ?? null, permissions?.notice?.id ?? null];
    await this.db.for(shard).write(statements.saveGrant, [shard, id, ...whose, ...made]);
    known.set('grant', id, stored);
  }

  async find(id: string): Promise<AdapterPayload | undefined> {
    const known = knownIn(this.db);
    if (known.has('grant', id)) return known.get('grant', id);
    const shard = shardOf(id);
    if (Number.isNaN(shard)) return undefined;
    return (await this.db.for(shard).read(statements.findGrant, [shard, id, new Date()]))?.payload;
  }

  async destroy(id: string): Promise<void> {
    await endGrant(this.db, id);
  }
}

/** What a session holds of its clients, by client id. */
type Authorizations = Readonly<Record<string, object>>;

/** What a request has read of a session, to write only what differs. */
interface SessionSnapshot {
  /** Whether this request has written the row. */
  readonly isWritten: boolean;
  /** Of the id that the browser holds; undefined when it was read for a token. */
  readonly hash: Buffer | undefined;
  readonly payload: AdapterPayload;
  /** When it ends unless it is used. */
  readonly expiresAt: Date | undefined;
  readonly authorizations: Authorizations;
}

/**
 * Sessions: one row each and one row per client, written as differences, so that ten apps opened at once in one
 * session all stay signed in. A request reads of the clients only the one that it is about. Changing the id of a session
 * is one update of its row: there is no moment without it.
 *
 * The end that the library knows, and the cookie's, is the absolute one. The end of a session that is not used is the
 * row's own and moves with its use, about a minute late.
 */
class SessionAdapter extends StoredModel implements Adapter {
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

/** Userinfo hands out what is known of a person, and a token opens it. */
function isAboutClaims(): boolean {
  return Provider.ctx?.oidc.route === 'userinfo' || Provider.ctx?.oidc.route === 'token';
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

/** jsonb takes neither a NUL nor half a surrogate pair; an app that sends one is told so. */
function toJson(value: object): string {
  const json = JSON.stringify(value);
  if (/\\u(0000|d[89a-f])/.test(json)) throw new errors.InvalidRequest('a parameter has characters that are not text');
  return json;
}
