/**
 * Every statement of the protocol engine's storage. Each says which request it serves; a test asks PostgreSQL for the plan
 * of each on partitioned tables (one shard) and on filled ones (an index for every table).
 */
import type { AdapterPayload } from 'oidc-provider';
import { errors } from 'oidc-provider';
import { readOf, type Write } from '#src/base/coalescing.ts';
import { joinPermissions, type PermissionsRow, permissionsColumns } from '#src/consents/permission-rows.ts';
import { type AccountRow, type AccountState, accountColumns, accountFields } from '#src/people/accounts.ts';
import { passkeyColumns, type StoredPasskey } from '#src/people/passkeys.ts';

/** What is stored of a code, token, interaction or pushed request: as it is, or sealed. */
export type ArtifactPayload = AdapterPayload | { readonly sealed: string };

/**
 * The account by its key, with the planner kept from looking through its shard instead. For the same reason ends are
 * compared in a way that no index is for: by them one finds what is over, never the one row that is asked for.
 */
const joinAccount = (id: string, fields: string) =>
  `left join lateral (select ${fields} from accounts each where each.shard = $1 and each.id = ${id} offset 0) p on true`;

/** Whether an account may be used: all that most requests ask of it. */
export interface StandingRow {
  readonly account_id: string | null;
  readonly account_state: AccountState | null;
}

const standing = { fields: 'each.id, each.state', columns: 'p.id as account_id, p.state as account_state' };
/** With the key that seals what is its own, for what a token opens to an app is put on its record. */
const keyed = {
  fields: `${standing.fields}, each.data_key`,
  columns: `${standing.columns}, p.data_key as account_data_key`,
};
const whole = { fields: accountFields('each'), columns: accountColumns('p', 'account_') };

/** A code or token with all that decides whether it still counts, and what it opens. */
export interface ArtifactRow extends StandingRow {
  readonly account_data_key: Buffer | null;
  readonly kind: string;
  readonly payload: ArtifactPayload;
  readonly consumed_at: Date | null;
  readonly grant_id: string | null;
  readonly grant_payload: AdapterPayload | null;
  /** The name under which the app knows the person; null until it is first needed. */
  readonly sub: string | null;
  /** The session that it ends with, and the app's part of it. */
  readonly session_uid: string | null;
  readonly session_payload: AdapterPayload | null;
  readonly session_client: object | null;
}

const artifactWith = (account: typeof standing) =>
  `select a.kind, a.payload, a.consumed_at, g.id as grant_id, g.payload as grant_payload, ${account.columns},
     j.sub, s.uid as session_uid, s.payload as session_payload, c.payload as session_client
   from artifacts a
   left join grants g on g.shard = $1 and g.id = a.grant_id and (g.expires_at > $4) is true
   ${joinAccount('g.account_id', account.fields)}
   left join subjects j on j.shard = $1 and j.account_id = g.account_id and j.capacity = 'self' and j.group_id = a.group_id
   left join sessions s on s.shard = $1 and s.uid = a.session_uid and s.epoch = $3 and (s.expires_at > $4) is true and (s.ends_at > $4) is true
   left join session_clients c on c.shard = $1 and c.session_uid = s.uid and c.client_id = a.client_id
   where a.shard = $1 and a.id_hash = $2 and a.epoch = $3 and (a.expires_at > $4) is true`;

const artifactKey = ['smallint', 'bytea', 'integer', 'timestamptz'];

/** `/introspect`: all that it reads. */
export const findArtifact = readOf<ArtifactRow>(artifactKey, artifactWith(keyed));

/** `/token`, `/userinfo`: the same, with the claims of the person, and how old they are. */
export const findArtifactAndPerson = readOf<ArtifactRow & AccountRow<'account_'>>(artifactKey, artifactWith(whole));

/** The session of a browser with its person, and what concerns one app: that app's part, permissions and grant. */
export type VisitRow = AccountRow<'account_'> &
  PermissionsRow & {
    readonly uid: string;
    readonly payload: AdapterPayload;
    readonly expires_at: Date;
    readonly session_client: object | null;
    readonly grant_id: string | null;
    readonly grant_payload: AdapterPayload | null;
    readonly sub: string | null;
  };

/** `/authorize` of a browser that is signed in: all that it reads. */
export const findVisit = readOf<VisitRow>(
  ['smallint', 'bytea', 'integer', 'timestamptz', 'text', 'text'],
  `select s.uid, s.payload, s.expires_at, ${whole.columns}, ${permissionsColumns},
     c.payload as session_client, g.id as grant_id, g.payload as grant_payload, j.sub
   from sessions s
   ${joinAccount('s.account_id', whole.fields)}
   ${joinPermissions('s.account_id', '$5')}
   left join session_clients c on c.shard = $1 and c.session_uid = s.uid and c.client_id = $5
   left join grants g on g.shard = $1 and g.id = c.payload ->> 'grantId' and (g.expires_at > $4) is true
   left join subjects j on j.shard = $1 and j.account_id = s.account_id and j.capacity = 'self' and j.group_id = $6
   where s.shard = $1 and s.id_hash = $2 and s.epoch = $3 and (s.expires_at > $4) is true and (s.ends_at > $4) is true`,
);

/** A person and what concerns one app, where no session or token leads to them: the end of a sign-in, and its consent page. */
export type PersonRow = AccountRow<'account_'> & PermissionsRow & { readonly sub: string | null };

export const findPerson = readOf<PersonRow>(
  ['smallint', 'uuid', 'text', 'text'],
  `select ${accountColumns('p', 'account_')}, ${permissionsColumns}, j.sub
   from accounts p
   ${joinPermissions('p.id', '$3')}
   left join subjects j on j.shard = $1 and j.account_id = p.id and j.capacity = 'self' and j.group_id = $4
   where p.shard = $1 and p.id = $2`,
);

/** The end of a sign-in by passkey: the passkey, and all that is asked of its owner next. */
export const findPasskeyHolder = readOf<StoredPasskey & PersonRow>(
  ['smallint', 'uuid', 'text', 'text', 'bytea'],
  `select ${passkeyColumns('w')}, p.state, ${accountColumns('p', 'account_')}, ${permissionsColumns}, j.sub
   from passkeys w
   join accounts p on p.shard = $1 and p.id = w.account_id
   ${joinPermissions('p.id', '$3')}
   left join subjects j on j.shard = $1 and j.account_id = p.id and j.capacity = 'self' and j.group_id = $4
   where w.shard = $1 and w.account_id = $2 and w.credential_id = $5`,
);

/** Interactions, and whatever is looked for again. */
export const findInteraction = readOf<{ payload: ArtifactPayload }>(
  ['smallint', 'bytea', 'integer', 'timestamptz'],
  `select a.payload from artifacts a
   where a.shard = $1 and a.id_hash = $2 and a.kind = 'Interaction' and a.epoch = $3 and (a.expires_at > $4) is true`,
);

/** A grant by itself: what a page asks about, and what a token's own read did not find. */
export const findGrant = readOf<{ payload: AdapterPayload }>(
  ['smallint', 'text', 'timestamptz'],
  'select g.payload from grants g where g.shard = $1 and g.id = $2 and (g.expires_at > $3) is true',
);

const sessionColumns = `s.uid, s.payload, s.expires_at, (select jsonb_object_agg(c.client_id, c.payload)
  from session_clients c where c.shard = $1 and c.session_uid = s.uid) as authorizations`;

export interface SessionRow {
  readonly uid: string;
  readonly payload: AdapterPayload;
  readonly expires_at: Date;
  readonly authorizations: Readonly<Record<string, object>> | null;
}

/** Sign-out: the session with all its apps. */
export const findSession = readOf<SessionRow>(
  ['smallint', 'bytea', 'integer', 'timestamptz'],
  `select ${sessionColumns} from sessions s
   where s.shard = $1 and s.id_hash = $2 and s.epoch = $3 and (s.expires_at > $4) is true and (s.ends_at > $4) is true`,
);

/** A session by the id that never leaves the house: whether an interaction's session is still there. */
export const findSessionByUid = readOf<Omit<SessionRow, 'authorizations'>>(
  ['smallint', 'text', 'integer', 'timestamptz'],
  `select s.uid, s.payload, s.expires_at from sessions s
   where s.shard = $1 and s.uid = $2 and s.epoch = $3 and (s.expires_at > $4) is true and (s.ends_at > $4) is true`,
);

/** What is known of the browser changes with a sign-in alone. */
export const updateSession = `update sessions set id_hash = $3, account_id = $4, payload = $5, expires_at = $6, ends_at = $7,
    is_shared = $8, idle_seconds = $9, device_hash = case when $10 then $11 else device_hash end,
    about = case when $10 then $12 else about end
  where shard = $1 and uid = $2 and id_hash = $13`;
export const lockSession = 'select uid from sessions where shard = $1 and uid = $2 for key share';
export const deleteSession = 'delete from sessions where shard = $1 and uid = $2';
export const deleteSessionClients =
  'delete from session_clients where shard = $1 and session_uid = $2 and client_id = any($3)';
export const lockInteraction = `select payload from artifacts
  where shard = $1 and id_hash = $2 and kind = 'Interaction' and epoch = $3 and expires_at > $4 for update`;
export const deleteArtifact = 'delete from artifacts where shard = $1 and id_hash = $2 and kind = $3';
/** The resume of an interaction: whoever deletes it goes on with it. */
export const takeInteraction = `delete from artifacts
  where shard = $1 and id_hash = $2 and kind = 'Interaction' and epoch = $3 and expires_at > $4 returning payload`;
export const lockGrant = 'select id from grants where shard = $1 and id = $2 for no key update';
export const deleteGrant = 'delete from grants where shard = $1 and id = $2';
export const claimReplayMarker = `insert into replay_markers (shard, hash, expires_at) values ($1, $2, $3)
  on conflict (shard, hash) do nothing`;

/** Codes, tokens, interactions and pushed requests that a request makes. Without the grant they hang on there are none. */
export const makeArtifact: Write = {
  name: 'artifact_made',
  table: 'artifacts',
  columns: {
    shard: 'smallint',
    kind: 'text',
    id_hash: 'bytea',
    epoch: 'integer',
    grant_id: 'text',
    client_id: 'text',
    group_id: 'text',
    session_uid: 'text',
    payload: 'json',
    expires_at: 'timestamptz',
  },
  text: `insert into artifacts (shard, kind, id_hash, epoch, grant_id, client_id, group_id, session_uid, payload, expires_at)
    select shard, kind, id_hash, epoch, grant_id, client_id, group_id, session_uid, payload, expires_at from given`,
  lost: () => new errors.InvalidGrant('the grant has ended'),
};

/**
 * The use of a code, a refresh token or a pushed request, which counts once. Its grant is locked before it, as whoever ends
 * the grant does: otherwise the two would wait for each other.
 */
export const spendArtifact: Write = {
  name: 'artifact_spent',
  table: '',
  columns: { shard: 'smallint', id_hash: 'bytea', consumed_at: 'timestamptz' },
  held: `select g.id from given
    join artifacts a on a.shard = given.shard and a.id_hash = given.id_hash
    join grants g on g.shard = given.shard and g.id = a.grant_id
    where $here(a) and $here(g) for key share of g`,
  text: `update artifacts a set consumed_at = given.consumed_at from given
    where $here(a) and a.shard = given.shard and a.id_hash = given.id_hash and a.consumed_at is null
      and (a.grant_id is null or a.grant_id in (select id from artifact_spent_held))
    returning 1`,
  lost: ([, , , kind, grantId]) => new Spent(String(kind), grantId as string | undefined),
};

/** What a request has read and changed, such as where a person stands in an interaction. What has ended does not come back. */
export const saveArtifact: Write = {
  name: 'artifact_saved',
  table: '',
  columns: { shard: 'smallint', id_hash: 'bytea', payload: 'json', expires_at: 'timestamptz' },
  text: `update artifacts a set payload = given.payload, expires_at = given.expires_at from given
    where $here(a) and a.shard = given.shard and a.id_hash = given.id_hash returning 1`,
  lost: () => new errors.SessionNotFound('it is over'),
};

/** A grant of permissions that still hold when it is written; one without any is the account page's. */
export const saveGrant: Write = {
  name: 'grant_saved',
  table: 'grants',
  columns: {
    shard: 'smallint',
    id: 'text',
    account_id: 'uuid',
    client_id: 'text',
    payload: 'json',
    expires_at: 'timestamptz',
    consent_id: 'uuid',
    notice_id: 'uuid',
  },
  held: `select p.id from given
    join permissions p on p.shard = given.shard and p.account_id = given.account_id
      and p.id = any(array[given.consent_id, given.notice_id])
    where $here(p) and p.ended_at is null for share of p`,
  text: `insert into grants (shard, id, account_id, client_id, payload, expires_at)
    select shard, id, account_id, client_id, payload, expires_at from given
    where (consent_id is null or consent_id in (select p.id from grant_saved_held p))
      and (notice_id is null or notice_id in (select p.id from grant_saved_held p))
    on conflict (shard, id) do update set payload = excluded.payload, expires_at = excluded.expires_at
    returning 1`,
  lost: () => new errors.ConsentRequired('what is allowed has changed'),
};

/** A new session. */
export const makeSession: Write = {
  name: 'session_made',
  table: 'sessions',
  columns: {
    shard: 'smallint',
    uid: 'text',
    id_hash: 'bytea',
    account_id: 'uuid',
    payload: 'json',
    epoch: 'integer',
    created_at: 'timestamptz',
    expires_at: 'timestamptz',
    ends_at: 'timestamptz',
    is_shared: 'boolean',
    idle_seconds: 'integer',
    device_hash: 'bytea',
    about: 'bytea',
  },
  text: `insert into sessions
      (shard, uid, id_hash, account_id, payload, epoch, created_at, expires_at, ends_at, is_shared, idle_seconds, device_hash, about)
    select shard, uid, id_hash, account_id, payload, epoch, created_at, expires_at, ends_at, is_shared, idle_seconds, device_hash, about
    from given`,
  lost: () => new errors.LoginRequired('the account is gone'),
};

/** An app's part of a session, which may have ended meanwhile. */
export const saveSessionClient: Write = {
  name: 'session_client_saved',
  table: 'session_clients',
  columns: { shard: 'smallint', session_uid: 'text', client_id: 'text', payload: 'jsonb' },
  text: `insert into session_clients (shard, session_uid, client_id, payload)
    select shard, session_uid, client_id, payload from given
    on conflict (shard, session_uid, client_id) do update set payload = session_clients.payload || excluded.payload
    returning 1`,
  lost: () => new errors.LoginRequired('the session has ended'),
};

/** When a session was last used, to the minute. */
export const noteSessionUse: Write = {
  name: 'session_used',
  table: '',
  columns: { shard: 'smallint', uid: 'text', expires_at: 'timestamptz', idle_seconds: 'integer' },
  text: `update sessions s set expires_at = given.expires_at, idle_seconds = given.idle_seconds from given
    where $here(s) and s.shard = given.shard and s.uid = given.uid returning 1`,
  lost: () => new errors.LoginRequired('the session has ended'),
};

/** Something that counts once was used a second time, at the same moment as the first: somebody else holds a copy. */
export class Spent extends Error {
  override name = 'Spent';
  readonly grantId: string | undefined;
  /** What the app is told. */
  readonly answer: Error;

  constructor(kind: string, grantId: string | undefined) {
    super(`${kind} was already used`);
    this.grantId = grantId;
    this.answer =
      kind === 'PushedAuthorizationRequest'
        ? new errors.InvalidRequestUri('request_uri was already used')
        : new errors.InvalidGrant(`${kind} was already used`);
  }
}
