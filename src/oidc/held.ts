/**
 * All that is held about one person, for that person: row by row, opened where it is sealed (Law 27/2022 on Personal Data
 * Protection, articles 6 and 7; GDPR article 15).
 *
 * Each table says which of its columns are handed out and why the others are not; a test holds it against the comments of the
 * database, so that no column about people is forgotten. Rows come as they are asked for: there may be fifty thousand.
 */
import { appIn, type HistoryLine, listHistory } from '#src/audit/events.ts';
import type { Database, Db } from '#src/base/database.ts';
import type { Language } from '#src/base/refusals.ts';
import { type Secrets, shardOf } from '#src/base/secrets.ts';
import { listPermissions } from '#src/consents/permissions.ts';
import { listReleases } from '#src/consents/releases.ts';
import { listAccountContacts, loadAccount } from '#src/people/accounts.ts';
import { loadDataKey } from '#src/people/data-keys.ts';
import { listPasskeys, openNames } from '#src/people/passkeys.ts';
import type { ClientClaim } from '#src/registry/clients.ts';
import { listSessions } from './sessions.ts';

/** What belongs together, in the order of the pages: why it is kept and for how long is said of the whole. */
export const heldGroups = [
  'profile',
  'contacts',
  'ways',
  'identity',
  'devices',
  'apps',
  'releases',
  'answers',
  'history',
  'work',
] as const;
export type HeldGroup = (typeof heldGroups)[number];

/**
 * Why a column is not handed out. `account`: it is whose row it is, everywhere the same. `hash`: it finds something and says
 * nothing. `secret`: whoever has it could come in. `others`: it names somebody else. `elsewhere`: another table says it in words.
 * `unlinked`: nothing leads from the person to it; it goes within days. `office`: it is about the work of an agency, and names the
 * person as its staff alone.
 */
const leftOutReasons = ['account', 'hash', 'secret', 'others', 'elsewhere', 'unlinked', 'office'] as const;
export type LeftOut = (typeof leftOutReasons)[number];

/** What is handed out of a row, by the names that the download gives it. */
export type HeldRow = Readonly<Record<string, unknown>>;

/** Whose data is asked for. */
export interface Whose {
  readonly db: Db;
  readonly secrets: Secrets;
  readonly accountId: string;
  /** How many rows to read at a time of what may be long, for whoever shows the first few. */
  readonly atOnce?: number;
}

/** What is handed out of one table; every column is either shown or left out for a reason, and a test asks for both. */
export interface HeldTable {
  readonly table: string;
  readonly group: HeldGroup;
  /** The columns that are handed out, each with its name in a {@link HeldRow}. */
  readonly shows: Readonly<Record<string, string>>;
  readonly leavesOut: Readonly<Record<string, LeftOut>>;
  /** The rows, what is longest from the latest to the earliest. */
  readonly rowsOf: (whose: Whose) => AsyncIterable<HeldRow>;
}

/** How many rows are read at a time, unless fewer are wanted. */
const PAGE = 500;

/** A table whose rows are handed out as they are. */
function plain(
  table: string,
  group: HeldGroup,
  names: readonly string[],
  { leavesOut = {}, order }: { readonly leavesOut?: Readonly<Record<string, LeftOut>>; readonly order: string },
): HeldTable {
  const text = `select ${names.join(', ')} from ${table} where shard = $1 and account_id = $2 order by ${order}`;
  return {
    ...{ table, group, shows: Object.fromEntries(names.map(columnAndName)) },
    leavesOut: { account_id: 'account', ...leavesOut },
    async *rowsOf({ db, accountId }) {
      const shard = shardOf(accountId);
      yield* await db.for(shard).query<HeldRow>(text, [shard, accountId]);
    },
  };
}

function columnAndName(selected: string): [column: string, name: string] {
  const [column = selected, name = column] = selected.split(' as ');
  return [column, name];
}

const accounts: HeldTable = {
  ...{ table: 'accounts', group: 'profile' },
  shows: {
    ...{ id: 'account', profile: 'profile', state: 'state', language: 'language', created_at: 'created_at' },
    ...{ updated_at: 'updated_at', closes_at: 'closes_at', restricted_at: 'restricted_at', ended_at: 'ended_at' },
    ...{ state_since: 'state_since', state_reason: 'state_reason', frozen_at: 'frozen_at' },
    ...{ unfrozen_at: 'unfrozen_at', reminded_at: 'reminded_at', merged_into: 'merged_into' },
  },
  leavesOut: {},
  async *rowsOf({ db, secrets, accountId }) {
    const shard = shardOf(accountId);
    const { profile, ...account } = await loadAccount(db, secrets, accountId);
    const row = await db.for(shard).first<HeldRow>(
      `select state_since, state_reason, frozen_at, unfrozen_at, reminded_at, merged_into from accounts
       where shard = $1 and id = $2`,
      [shard, accountId],
    );
    const { id, state, language, createdAt, updatedAt, closesAt, restrictedAt, endedAt } = account;
    yield {
      ...{ account: id, profile, state, language, created_at: createdAt, updated_at: updatedAt },
      ...{ closes_at: closesAt ?? null, restricted_at: restrictedAt ?? null, ended_at: endedAt ?? null, ...row },
    };
  },
};

const contacts: HeldTable = {
  ...{ table: 'contacts', group: 'contacts' },
  shows: {
    ...{ kind: 'kind', sealed: 'value', is_identifier: 'signs_in' },
    ...{ confirmed_at: 'confirmed_at', proven_at: 'proven_at' },
  },
  leavesOut: { account_id: 'account', value_index: 'hash', first_device: 'hash' },
  async *rowsOf({ db, secrets, accountId }) {
    for (const { kind, value, isIdentifier, confirmedAt, provenAt } of await listAccountContacts(
      db,
      secrets,
      accountId,
    ))
      yield {
        ...{ kind, value, signs_in: isIdentifier },
        ...{ confirmed_at: confirmedAt ?? null, proven_at: provenAt ?? null },
      };
  },
};

const passkeys: HeldTable = {
  ...{ table: 'passkeys', group: 'ways' },
  shows: {
    ...{ credential_id: 'credential', label: 'make', own_name: 'name', aaguid: 'model', created_at: 'created_at' },
    ...{ last_used_at: 'last_used_at', backed_up: 'synchronised', is_attested: 'vouched_for' },
    ...{ transports: 'transports', backup_eligible: 'may_be_synchronised', attestation_format: 'attestation' },
  },
  leavesOut: { account_id: 'account', public_key: 'secret' },
  async *rowsOf({ db, secrets, accountId }) {
    const shard = shardOf(accountId);
    const listed = await listPasskeys(db, accountId);
    const names = await openNames(db, secrets, accountId, listed);
    const rows = await db.for(shard).query<{ credential_id: Buffer } & HeldRow>(
      `select credential_id, transports, backup_eligible as may_be_synchronised, attestation_format as attestation
       from passkeys where shard = $1 and account_id = $2`,
      [shard, accountId],
    );
    const more = new Map(rows.map(({ credential_id: id, ...row }) => [id.toString('base64url'), row]));
    for (const { credentialId, label, aaguid, backedUp, isAttested, createdAt, lastUsedAt } of listed)
      yield {
        ...{ name: names.get(credentialId), make: label, created_at: createdAt, last_used_at: lastUsedAt ?? null },
        ...{ synchronised: backedUp, vouched_for: isAttested, model: aaguid, credential: credentialId },
        ...more.get(credentialId),
      };
  },
};

const sessions: HeldTable = {
  ...{ table: 'sessions', group: 'devices' },
  shows: { created_at: 'signed_in_at', payload: 'signed_in_by', about: 'about', is_shared: 'shared_device' },
  leavesOut: { account_id: 'account', device_hash: 'hash' },
  async *rowsOf({ db, secrets, accountId }) {
    const shard = shardOf(accountId);
    const rows = await db
      .for(shard)
      .query<{ uid: string; amr: unknown }>(
        `select uid, payload -> 'amr' as amr from sessions where shard = $1 and account_id = $2`,
        [shard, accountId],
      );
    const ways = new Map(rows.map(({ uid, amr }) => [uid, amr]));
    for (const { uid, startedAt, lastSeenAt, about, isShared, clientIds } of await listSessions(db, secrets, accountId))
      yield {
        ...{ signed_in_at: startedAt, signed_in_by: ways.get(uid) ?? [], last_seen_at: lastSeenAt },
        ...{ about: about ?? null, shared_device: isShared, apps: clientIds },
      };
  },
};

const permissions: HeldTable = {
  ...{ table: 'permissions', group: 'apps' },
  shows: {
    ...{
      client_id: 'app',
      basis: 'basis',
      terms: 'purpose',
      allowed: 'claims',
      declined: 'declined',
      scopes: 'scopes',
    },
    ...{ language: 'language', acr: 'acr', amr: 'amr', interaction: 'interaction', event: 'event' },
    ...{ given_at: 'given_at', expires_at: 'expires_at', ended_at: 'ended_at', end_reason: 'end_reason' },
    withheld: 'withheld',
  },
  leavesOut: { account_id: 'account' },
  async *rowsOf({ db, accountId, atOnce: limit = PAGE }) {
    for (let before: { readonly id: string } | undefined; ; ) {
      const page = await listPermissions(db, accountId, { ended: true, before, limit });
      for (const one of page) {
        const { kind, clientId, basis, terms, claims, declined, scopes, language, acr, amr, event } = one;
        yield {
          ...{ id: one.id, kind, app: clientId, agency: terms.agencyId, basis, purpose: terms.purpose[language] },
          items: terms.items.filter(({ claim }) => claims.includes(claim)).map((item) => sayItem(item, language)),
          ...{ claims, declined, scopes, language, acr, amr, interaction: one.interaction ?? null, event },
          ...{ given_at: one.givenAt, expires_at: one.expiresAt },
          ...{ ended_at: one.endedAt ?? null, end_reason: one.endReason ?? null },
          withheld: one.kind === 'notice' ? (one.withheld ?? null) : null,
        };
      }
      before = page.at(-1);
      if (page.length < limit) return;
    }
  },
};

const releases: HeldTable = {
  ...{ table: 'releases', group: 'releases' },
  shows: { at: 'first_at', last_at: 'last_at', kind: 'kind', reads: 'reads', sealed: 'app' },
  leavesOut: { account_id: 'account', app: 'hash' },
  async *rowsOf({ db, secrets, accountId, atOnce: limit = PAGE }) {
    for (let before: string | undefined; ; ) {
      const page = await listReleases(db, secrets, accountId, { before, limit });
      for (const { key, clientId, claims, terms, kind, at, lastAt, reads, network } of page)
        yield {
          ...{ reference: key, app: clientId, claims, kind, first_at: at, last_at: lastAt, reads, network, terms },
        };
      before = page.at(-1)?.key;
      if (page.length < limit) return;
    }
  },
};

const history: HeldTable = {
  ...{ table: 'account_events', group: 'history' },
  shows: { at: 'at', kind: 'what', client_id: 'app', sealed: 'app', details: 'details' },
  leavesOut: { account_id: 'account' },
  async *rowsOf({ db, secrets, accountId, atOnce: limit = PAGE }) {
    const dataKey = await loadDataKey(db, secrets, accountId);
    for (let before: { readonly at: Date; readonly id: string } | undefined; ; ) {
      const page = await listHistory(db, accountId, { before, limit });
      for (const line of page) {
        const { at, kind, details } = line;
        yield { at, what: kind, app: appIn(line, accountId, dataKey) ?? null, details: withoutStaff(details) };
      }
      before = page.at(-1);
      if (page.length < limit) return;
    }
  },
};

/** Who of the staff it was is known by role, agency and case; the number of their own account is theirs. */
function withoutStaff({ officer: _, ...details }: HistoryLine['details']): HistoryLine['details'] {
  return details;
}

const trials: HeldTable = {
  ...{ table: 'client_testers', group: 'work' },
  shows: { tester_id: 'account' },
  leavesOut: { invited_by: 'others' },
  async *rowsOf({ db, accountId }) {
    yield* await db.query<HeldRow>(
      'select client_id as app, since, tester_id as account from client_testers where tester_id = $1 order by since desc',
      [accountId],
    );
  },
};

/** Every table with rows about a person that can be found by the account. */
export const heldTables: readonly HeldTable[] = [
  accounts,
  contacts,
  passkeys,
  plain('passwords', 'ways', ['set_at'], { leavesOut: { hash: 'secret' }, order: 'set_at' }),
  plain('totp_keys', 'ways', ['created_at', 'confirmed_at'], {
    ...{ leavesOut: { sealed: 'secret', last_step: 'secret' }, order: 'created_at' },
  }),
  plain('recovery_codes', 'ways', ['created_at', 'used_at'], { leavesOut: { hash: 'secret' }, order: 'created_at' }),
  plain('recoveries', 'ways', ['state', 'started_at', 'ready_at', 'expires_at', 'ended_at'], {
    ...{ leavesOut: { contacts: 'hash' }, order: 'started_at desc' },
  }),
  plain('identity_evidence', 'identity', ['level', 'method', 'recorded_at', 'ended_at'], {
    ...{ leavesOut: { recorded_by: 'others' }, order: 'recorded_at desc' },
  }),
  plain(
    'desk_sheets',
    'identity',
    [
      ...['agency_id as agency', 'case_number', 'document', 'kind', 'state', 'issued_at', 'ready_at', 'expires_at'],
      ...['confirmed_at', 'ended_at'],
    ],
    { leavesOut: { officer: 'others', second_officer: 'others' }, order: 'issued_at desc' },
  ),
  sessions,
  plain('devices', 'devices', ['first_seen_at', 'last_seen_at'], {
    ...{ leavesOut: { device_hash: 'hash' }, order: 'last_seen_at desc' },
  }),
  permissions,
  plain('subjects', 'apps', ['group_id', 'sub', 'capacity', 'created_at'], { order: 'created_at desc' }),
  plain('subject_aliases', 'apps', ['group_id', 'sub', 'merged_from', 'created_at'], { order: 'created_at desc' }),
  plain('grants', 'apps', ['client_id as app'], { leavesOut: { payload: 'elsewhere' }, order: 'client_id' }),
  releases,
  plain(
    'withdrawals',
    'answers',
    ['client_id as app', 'permission_id', 'cause', 'at', 'due_at', 'acknowledged_at', 'outcome', 'law'],
    { order: 'at desc' },
  ),
  plain(
    'release_reports',
    'answers',
    [
      'client_id as app',
      'release_at',
      'release_id',
      'reason',
      'at',
      'due_at',
      'answered_at',
      'answer',
      'told_above_at',
    ],
    { leavesOut: { answered_by: 'others' }, order: 'at desc' },
  ),
  history,
  plain('memberships', 'work', ['agency_id as agency', 'role', 'since', 'until', 'suspended_at', 'suspended_reason'], {
    leavesOut: { granted_by: 'others' },
    order: 'since desc',
  }),
  trials,
];

const ofOffice = [
  ...['admin_events', 'api_requests', 'app_decisions', 'app_pairs', 'bundles', 'client_approvals', 'client_contacts'],
  ...['client_migration_steps', 'client_secrets', 'client_versions', 'decision_batches', 'evidence_files', 'inventory'],
  ...['inventory_imports', 'inventory_matches', 'inventory_versions', 'invitations', 'registration_cases'],
  ...['registration_closures', 'registration_exceptions', 'registration_tokens', 'registrations_not_made'],
];

/** Tables with columns about people that hand out nothing of their own, and why. */
export const unreadTables: Readonly<Record<string, LeftOut>> = {
  // The addresses and passkeys of `contacts` and `passkeys` once more, to be found by.
  ...{ identifiers: 'elsewhere', contact_uses: 'elsewhere', passkey_reservations: 'elsewhere' },
  session_clients: 'elsewhere',
  // Empty: what it held is in `permissions`.
  consents: 'elsewhere',
  // Codes and tokens, which are kept as hashes and go within their time.
  artifacts: 'secret',
  // By hashes of addresses and networks, for an hour or a day.
  ...{ throttles: 'unlinked', one_time_codes: 'unlinked' },
  // Sealed messages, emptied once they are delivered.
  outbox: 'unlinked',
  ...Object.fromEntries(ofOffice.map((table): [string, LeftOut] => [table, 'office'])),
};

/** One item of a permission as it was shown: which data, why, and by which law. */
function sayItem(item: ClientClaim, language: Language): HeldRow {
  const isEnglish = language === 'en';
  const law = isEnglish ? item.lawEn : item.law;
  const purpose = isEnglish ? item.purposeEn : item.purpose;
  return { claim: item.claim, basis: item.basis, purpose, ...(law && { law }) };
}

const comments = new WeakMap<Database, Promise<ReadonlyMap<string, string>>>();

/** Why each column about people is kept, as its comment in the database says, by `table.column`. */
export function readReasons(database: Database): Promise<ReadonlyMap<string, string>> {
  const known = comments.get(database);
  if (known) return known;
  const read = database
    .query<{ name: string; comment: string }>(
      `select c.relname || '.' || a.attname as name, col_description(c.oid, a.attnum) as comment
       from pg_class c join pg_attribute a on a.attrelid = c.oid
       where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
         and a.attnum > 0 and not a.attisdropped and col_description(c.oid, a.attnum) like 'personal: %'`,
    )
    .then((rows) => new Map(rows.map(({ name, comment }) => [name, comment.slice('personal: '.length)])));
  comments.set(database, read);
  read.catch(() => comments.delete(database));
  return read;
}
