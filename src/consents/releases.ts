/**
 * Who read what of whom: a row for each hand-over of claims, names of claims and never values.
 *
 * What the exchange of a code makes readable is one row, written by the statement that spends the code (`oidc/releases.ts`).
 * What repeats (refreshing, userinfo, introspection) is one row for each day in UTC and counted: its key is made of what it
 * says, so that any number of processes meet in one row.
 *
 * The list itself tells of clinics and courts. Which app it was, which claims, why and from where is sealed by the account's
 * key; `app` finds the releases to one app without naming it. Erasing the account takes key and rows.
 */
import type { Row, Write } from '#src/base/coalescing.ts';
import type { Row as CopiedRow } from '#src/base/copy.ts';
import { DatabaseUnavailable, type Db, type Transaction } from '#src/base/database.ts';
import { DAY_MS, dayOf } from '#src/base/epoch.ts';
import { idOfBytes, type Keyring, newIdIn, type Secrets, shardOf } from '#src/base/secrets.ts';
import { loadDataKey } from '#src/people/data-keys.ts';
import { type StandardClaim, standardClaims } from '#src/registry/claims.ts';

/**
 * In which way it was handed over. `code`: a sign-in, with all that its tokens let the app read; `refresh`: new tokens on
 * that day; `userinfo`: what was read; `introspection`: whether and for what a token still counts.
 */
export type ReleaseKind = 'code' | 'refresh' | 'userinfo' | 'introspection';

/** What an app was handed. */
export interface Handover {
  readonly kind: ReleaseKind;
  readonly clientId: string;
  /** Without any the app learned only that it was this person: its own name for them. */
  readonly claims: readonly StandardClaim[];
  /** The terms (`Terms.id`) of the permissions that it rests on. */
  readonly terms: readonly string[];
  /** Where the app's server is, or the browser that the app runs in: a neighbourhood such as `203.0.113.0/24`. */
  readonly network: string;
  readonly at: Date;
}

/** A hand-over as it is on record. */
export interface Release extends Handover {
  readonly id: string;
  /** Names it among the releases of its account, in addresses and as the place to go on from. */
  readonly key: string;
  /** The `at` of its row: of what is counted by the day the beginning of that day. */
  readonly storedAt: Date;
  /** When it was handed over last. */
  readonly lastAt: Date;
  readonly reads: number;
}

/**
 * The claims by their numbers, which stand in sealed rows as bits and take a third of the room of names: append, change
 * nothing. There is room for 31.
 */
const numbers: Readonly<Record<StandardClaim, number>> = {
  ...{ name: 0, given_name: 1, family_name: 2, middle_name: 3, nickname: 4, preferred_username: 5, profile: 6 },
  ...{ picture: 7, website: 8, gender: 9, birthdate: 10, zoneinfo: 11, locale: 12, updated_at: 13 },
  ...{ email: 14, email_verified: 15, phone_number: 16, phone_number_verified: 17, address: 18 },
};

function bitsOf(claims: readonly StandardClaim[]): number {
  let bits = 0;
  for (const claim of claims) bits |= 1 << numbers[claim];
  return bits;
}

function claimsOf(bits: number): StandardClaim[] {
  return standardClaims.filter((claim) => Math.floor(bits / 2 ** numbers[claim]) % 2 === 1);
}

const columns = {
  shard: 'smallint',
  account_id: 'uuid',
  at: 'timestamptz',
  app: 'bytea',
  id: 'uuid',
  kind: 'text',
  reads: 'integer',
  last_at: 'timestamptz',
  sealed: 'bytea',
} as const;

const names = Object.keys(columns).join(', ');

/** Of a row that is there already only how often and when it was read last changes. */
const countedAgain = `on conflict (shard, account_id, at, app, id) do update
    set reads = r.reads + excluded.reads, last_at = greatest(r.last_at, excluded.last_at) returning 1`;

const lost = () => new Error('a release was not put on record');

const { kind: _kind, reads: _reads, last_at: _lastAt, ...columnsOfExchange } = columns;

/** What a code exchange makes readable, in the exchange's own statement. Takes an {@link exchangeRow}. */
export const releaseMade: Write = {
  name: 'release_made',
  table: 'releases',
  columns: columnsOfExchange,
  text: `insert into releases (${names}) select shard, account_id, at, app, id, 'code', 1, at, sealed from given`,
  lost,
};

/** The first refresh of a day that this process knows of, in the refresh's own statement. */
export const releaseOfDayMade: Write = {
  name: 'release_of_day_made',
  table: 'releases',
  columns,
  text: `insert into releases as r (${names}) select ${names} from given ${countedAgain}`,
  lost,
};

/** Row by row its account is found and held: to hold all accounts first, and look among them for that of each row, takes the square. */
const whileThere = `insert into releases as r (${names}) select ${Object.keys(columns)
  .map((column) => `given.${column}`)
  .join(', ')} from given join accounts p on p.shard = given.shard and p.id = given.account_id
  where $here(p) and p.state <> 'erasing' for key share of p ${countedAgain}`;

/**
 * Reads that no token's own row foresees, of the first of which the answer waits. The account is held, so that of one that is
 * being erased nothing is written any more: the erasure either waits and takes this along, or this waits and finds no account.
 */
export const firstReadMade: Write = {
  name: 'release_read_made',
  table: 'releases',
  columns,
  text: whileThere,
  lost: () => new DatabaseUnavailable('the account is being erased: whoever asks again hears of it'),
};

/** The same, noted late. */
export const readsNoted: Write = {
  name: 'release_reads_noted',
  table: 'releases',
  columns,
  text: whileThere,
  lost,
};

/** The row of a code exchange, sealed by the account's key. */
export function exchangeRow(dataKey: Keyring, accountId: string, handover: Handover) {
  const { clientId, at } = handover;
  const shard = shardOf(accountId);
  const id = newIdIn(shard);
  const sealed = seal(dataKey, accountId, { at, id }, handover);
  return [shard, accountId, at, appOf(dataKey, clientId), id, sealed] as const;
}

/** What names the row of a day, for its account: all that it says. */
export function saidOf({ kind, clientId, claims, terms, at }: Handover): string {
  return `${kind} ${dayOf(at)} ${clientId} ${[bitsOf(claims), ...terms].join(' ')}`;
}

/** The row of any hand-over, sealed by the account's key. */
export function releaseRow(dataKey: Keyring, accountId: string, handover: Handover): CopiedRow {
  const { kind, clientId, at } = handover;
  if (kind === 'code') {
    const exchange = exchangeRow(dataKey, accountId, handover);
    return [...exchange.slice(0, 5), kind, 1, at, exchange[5]];
  }
  const shard = shardOf(accountId);
  const app = appOf(dataKey, clientId);
  const day = new Date(dayOf(at));
  const id = idOfBytes(dataKey.hash('releases.id', saidOf(handover)).subarray(0, 16));
  return [shard, accountId, day, app, id, kind, 1, at, seal(dataKey, accountId, { at: day, id }, handover)];
}

/** The same row for so many reads more, until `lastAt`. */
export function withReads<Kind extends Row>(row: Kind, reads: number, lastAt: Date): Kind {
  return row.with(6, reads).with(7, lastAt) as unknown as Kind;
}

/** By what the releases to one app are found, for its account alone. */
function appOf(dataKey: Keyring, clientId: string): Buffer {
  return dataKey.hash('releases.app', clientId).subarray(0, 8);
}

/** Which app, which claims, by which terms, from where, and how long after the row's time the first one was. */
type Content = [clientId: string, claims: number, terms: readonly string[], network: string, after: number];

/** What is sealed is filled up with blanks: its length would tell apps apart. */
const PADDED = 64;

interface Place {
  readonly at: Date;
  readonly id: string;
}

function placeOf(accountId: string, { at, id }: Place): string {
  return `releases.sealed:${accountId}:${at.getTime()}:${id}`;
}

function seal(dataKey: Keyring, accountId: string, place: Place, handover: Handover): Buffer {
  const { clientId, claims, terms, network, at } = handover;
  const content: Content = [clientId, bitsOf(claims), terms, network, at.getTime() - place.at.getTime()];
  const text = JSON.stringify(content);
  return dataKey.seal(placeOf(accountId, place), text.padEnd(Math.ceil(text.length / PADDED) * PADDED));
}

interface ReleaseRow {
  readonly at: Date;
  readonly app: Buffer;
  readonly id: string;
  readonly kind: ReleaseKind;
  readonly reads: number;
  readonly last_at: Date;
  readonly sealed: Buffer;
}

const selected = 'r.at, r.app, r.id, r.kind, r.reads, r.last_at, r.sealed';

function fromRow(dataKey: Keyring, accountId: string, row: ReleaseRow): Release {
  const { at: storedAt, app, id, kind, reads, last_at: lastAt } = row;
  const text = dataKey.open(placeOf(accountId, { at: storedAt, id }), row.sealed).toString();
  const [clientId, claims, terms, network, after] = JSON.parse(text) as Content;
  return {
    ...{ id, key: keyOf({ at: storedAt, app, id }), kind, clientId, terms, network, storedAt, lastAt, reads },
    claims: claimsOf(claims),
    at: new Date(storedAt.getTime() + after),
  };
}

/** Where a row is among those of its account. */
type Position = Pick<ReleaseRow, 'at' | 'app' | 'id'>;

function keyOf({ at, app, id }: Position): string {
  return [at.getTime().toString(36), app.toString('hex'), id.replaceAll('-', '')].join('-');
}

/** Undefined for what is no key of a release. */
function positionOf(key: string): Position | undefined {
  const [, at = '', app = '', id = ''] = /^([0-9a-z]{1,9})-([0-9a-f]{16})-([0-9a-f]{32})$/.exec(key) ?? [];
  if (at === '') return undefined;
  return { at: new Date(Number.parseInt(at, 36)), app: Buffer.from(app, 'hex'), id: idOfBytes(Buffer.from(id, 'hex')) };
}

/** Before everything that was released at a moment. */
function startOf(at: Date): Position {
  return { at, app: Buffer.alloc(0), id: idOfBytes(Buffer.alloc(16)) };
}

/** No release is later: whoever asks does so after it. */
const END = new Date('9999-01-01');

/** Which releases of an account. Times are those of the rows ({@link Release.storedAt}). */
export interface ReleaseFilter {
  readonly since?: Date | undefined;
  readonly until?: Date | undefined;
  readonly clientId?: string | undefined;
}

const ofAccount = 'r.shard = $1 and r.account_id = $2 and r.at >= $3 and (r.at, r.app, r.id) < ($4, $5, $6)';

/** `/account/releases`: by the primary key, whatever the account holds. */
const listAll = `select ${selected} from releases r where ${ofAccount} order by r.at desc, r.app desc, r.id desc limit $7`;

/** The same of one app, by an index of its own. */
const listOfApp = `select ${selected} from releases r where ${ofAccount} and r.app = $8
  order by r.at desc, r.app desc, r.id desc limit $7`;

/** The releases of an account, the latest first; from the one after `before` ({@link Release.key}) on. */
export async function listReleases(
  db: Db,
  secrets: Secrets,
  accountId: string,
  options: ReleaseFilter & { readonly before?: string | undefined; readonly limit: number },
): Promise<Release[]> {
  const dataKey = await loadDataKey(db, secrets, accountId);
  const { text, values } = chosen(dataKey, accountId, options);
  const rows = await db.for(shardOf(accountId)).query<ReleaseRow>(text, values);
  return rows.map((row) => fromRow(dataKey, accountId, row));
}

function chosen(
  dataKey: Keyring,
  accountId: string,
  options: ReleaseFilter & { readonly before?: string | undefined; readonly limit: number },
): { text: string; values: unknown[] } {
  const { since = new Date(0), until = END, before, clientId, limit } = options;
  const from = before === undefined ? undefined : positionOf(before);
  const end = from && from.at < until ? from : startOf(until);
  const values = [shardOf(accountId), accountId, since, end.at, end.app, end.id, limit];
  return clientId === undefined
    ? { text: listAll, values }
    : { text: listOfApp, values: [...values, appOf(dataKey, clientId)] };
}

/** So many rows are looked through at once for those of a kind, and so often for one page. */
const LOOKED_THROUGH = 400;
const TURNS = 4;

/**
 * The releases of some kinds: at least `limit` of them, or all that are among the rows that one page may look through, for which
 * no index is there.
 *
 * @returns `end`: what to go on behind ({@link Release.key}), where there is more than was looked through
 */
export async function listReleasesOf(
  db: Db,
  secrets: Secrets,
  accountId: string,
  options: ReleaseFilter & {
    readonly kinds: readonly ReleaseKind[];
    readonly before?: string | undefined;
    readonly limit: number;
  },
): Promise<{ readonly releases: readonly Release[]; readonly end: string | undefined }> {
  const dataKey = await loadDataKey(db, secrets, accountId);
  const home = db.for(shardOf(accountId));
  const releases: Release[] = [];
  let end = options.before;
  for (let turn = 0; turn < TURNS && releases.length < options.limit; turn += 1) {
    const { text, values } = chosen(dataKey, accountId, { ...options, before: end, limit: LOOKED_THROUGH });
    const rows = await home.query<ReleaseRow>(text, values);
    const fitting = rows.filter(({ kind }) => options.kinds.includes(kind));
    releases.push(...fitting.map((row) => fromRow(dataKey, accountId, row)));
    const last = rows.at(-1);
    if (!last || rows.length < LOOKED_THROUGH) return { releases, end: undefined };
    end = keyOf(last);
  }
  return { releases, end };
}

const findOne = `select ${selected} from releases r
  where r.shard = $1 and r.account_id = $2 and r.at = $3 and r.app = $4 and r.id = $5`;

/** One release of an account, by its {@link Release.key}. */
export async function findRelease(
  db: Db,
  secrets: Secrets,
  accountId: string,
  key: string,
): Promise<Release | undefined> {
  const position = positionOf(key);
  if (!position) return undefined;
  const shard = shardOf(accountId);
  const values = [shard, accountId, position.at, position.app, position.id];
  const row = await db.for(shard).first<ReleaseRow>(findOne, values);
  return row && fromRow(await loadDataKey(db, secrets, accountId), accountId, row);
}

/** One release of an account, by its app, the `at` of its row and its id, as a report names it. */
export async function findReleaseOf(
  db: Db,
  secrets: Secrets,
  accountId: string,
  { clientId, at, id }: { readonly clientId: string; readonly at: Date; readonly id: string },
): Promise<Release | undefined> {
  const dataKey = await loadDataKey(db, secrets, accountId);
  return findRelease(db, secrets, accountId, keyOf({ at, app: appOf(dataKey, clientId), id }));
}

/** The latest release to an app within some time, of whose months the last ones are looked into first. */
const latestWithin = (time: string) => `(select ${selected} from releases r
  where r.shard = $1 and r.account_id = $2 and r.app = asked.app and ${time} order by r.at desc limit 1)`;

/** Further back only what was not found lately is looked for, so that most apps cost a month or two instead of all. */
const findLast = `select found.* from unnest($3::bytea[]) as asked (app) cross join lateral (
    ${['r.at >= $5 and r.at < $4', 'r.at >= $6 and r.at < $5', 'r.at < $6', 'r.at >= $4'].map(latestWithin).join(' union all ')}
    limit 1) as found`;

/** Within a month most have read; a permission lasts for a year. Clocks of two servers differ by less than a day. */
const LATELY_MS = 31 * DAY_MS;
const YEAR_MS = 366 * DAY_MS;

/** The latest release to each of these apps, by client id: by an index, one row for each app. */
export async function lastReleases(
  db: Db,
  secrets: Secrets,
  accountId: string,
  clientIds: readonly string[],
): Promise<ReadonlyMap<string, Release>> {
  if (clientIds.length === 0) return new Map();
  const shard = shardOf(accountId);
  const dataKey = await loadDataKey(db, secrets, accountId);
  const apps = clientIds.map((clientId) => appOf(dataKey, clientId));
  const now = Date.now();
  const times = [now + DAY_MS, now - LATELY_MS, now - YEAR_MS].map((ms) => new Date(ms));
  const rows = await db.for(shard).query<ReleaseRow>(findLast, [shard, accountId, apps, ...times]);
  return new Map(rows.map((row) => fromRow(dataKey, accountId, row)).map((release) => [release.clientId, release]));
}

/** Puts many rows of {@link releaseRow} on record, some thousands at once: for loads. */
export async function loadReleases(tx: Transaction, rows: readonly CopiedRow[]): Promise<void> {
  const shards = [...new Set(rows.map(([shard]) => Number(shard)))];
  if (rows.length > 0) await tx.forAll(shards).copy(`copy releases (${names}) from stdin`, rows);
}

/** How many rows there are of each of these accounts; those without are left out. */
export async function countReleasesOfMany(db: Db, accountIds: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const shards = [...new Set(accountIds.map(shardOf))];
  const rows = await db.forAll(shards).query<{ account_id: string; releases: number }>(
    `select account_id, count(*)::integer as releases from releases
     where shard = any($1) and account_id = any($2) group by account_id`,
    [shards, accountIds],
  );
  return new Map(rows.map((row) => [row.account_id, row.releases]));
}

/** Takes away what is on record of an account that is gone. Call it after its row: what was on its way has waited for that. */
export async function forgetReleases(db: Db, accountId: string): Promise<void> {
  const shard = shardOf(accountId);
  await db.for(shard).execute('delete from releases where shard = $1 and account_id = $2', [shard, accountId]);
}
