/**
 * Authenticator apps: six digits that change every 30 seconds (RFC 6238), from a secret that the account and one phone
 * share.
 *
 * A code counts once, and with it every older one. Phones whose clock is off are told by how much; a code that has been
 * told about is burnt, or whoever guesses could collect the codes of tomorrow and come back with them.
 */
import { setImmediate } from 'node:timers/promises';
import { Secret, TOTP } from 'otpauth';
import { countEvent, recordAccountEvent } from '#src/audit/events.ts';
import type { Db } from '#src/base/database.ts';
import { Refusal } from '#src/base/refusals.ts';
import { type Secrets, shardOf, shardOfHash } from '#src/base/secrets.ts';
import { claimChallenge } from './challenges.ts';
import { readSixDigits } from './codes.ts';
import { loadDataKey } from './data-keys.ts';
import { atCost, type Cost, findDeviceKey, networkOf, type Throttles } from './throttles.ts';

/** SHA-1, six digits, 30 seconds: what every app can do. */
const PERIOD_SECONDS = 30;
/** RFC 4226 §4 recommends 160 bits. */
const SECRET_BYTES = 20;
/** So many steps a clock may be off, either way (RFC 6238 §6). */
const DRIFT_STEPS = 2;
/** When a code does not fit, the reason is looked for an hour at a time, to half a day off: for clocks set by hand to another zone. */
const HOUR_STEPS = (60 * 60) / PERIOD_SECONDS;
const SEARCHED_HOURS = Array.from({ length: 12 }, (_, i) => [-i - 1, i + 1]).flat();
/** A secret that is not confirmed within this time is forgotten. */
const SET_UP_MS = 30 * 60 * 1000;

/** Whose authenticator app is being set up, and in which session: nobody else may see or finish it. */
export interface TotpSetUp {
  readonly accountId: string;
  /** The id of the session. */
  readonly boundTo: string;
}

/** A code that somebody typed. */
export interface TypedTotp {
  readonly accountId: string;
  readonly code: string;
  /** The address of the caller; only its network is used. */
  readonly network: string;
  /** The keyed hash of the browser's device cookie, if it has one: an account that knows it counts it apart. */
  readonly device?: Buffer | undefined;
}

interface TotpRow {
  readonly sealed: Buffer;
  readonly created_at: Date;
  readonly confirmed_at: Date | null;
  readonly last_step: string | null;
}

async function findRow(db: Db, accountId: string): Promise<TotpRow | undefined> {
  const shard = shardOf(accountId);
  const home = db.for(shard);
  return home.first<TotpRow>(
    `select sealed, created_at, confirmed_at, last_step from totp_keys where shard = $1 and account_id = $2`,
    [shard, accountId],
  );
}

/** Since when an account has an authenticator app. */
export async function findTotp(db: Db, accountId: string): Promise<{ readonly addedAt: Date } | undefined> {
  const row = await findRow(db, accountId);
  return row?.confirmed_at ? { addedAt: row.confirmed_at } : undefined;
}

/** Whether an account has an authenticator app. */
export async function hasTotp(db: Db, accountId: string): Promise<boolean> {
  return (await findTotp(db, accountId)) !== undefined;
}

function placeOf(accountId: string): string {
  return `totp_keys.sealed:${accountId}`;
}

/** A secret that is not confirmed opens in its own session only, or a thief's set-up could be finished by the owner. */
function setUpPlaceOf({ accountId, boundTo }: TotpSetUp): string {
  return `totp_keys.sealed:${accountId}:${boundTo}`;
}

// Setting up

/**
 * Draws a secret, in place of one that was never confirmed. It counts once {@link confirmTotp} has seen a code of it.
 *
 * @throws `totp_exists`
 */
export async function beginTotp(db: Db, secrets: Secrets, setUp: TotpSetUp): Promise<void> {
  const dataKey = await loadDataKey(db, secrets, setUp.accountId);
  const secret = Buffer.from(new Secret({ size: SECRET_BYTES }).bytes);
  const shard = shardOf(setUp.accountId);
  const begun = await db.for(shard).execute(
    `insert into totp_keys (shard, account_id, sealed, created_at) values ($1, $2, $3, $4)
     on conflict (shard, account_id) do update set sealed = excluded.sealed, created_at = excluded.created_at
       where totp_keys.confirmed_at is null`,
    [shard, setUp.accountId, dataKey.seal(setUpPlaceOf(setUp), secret), new Date()],
  );
  if (begun === 0) throw new Refusal('totp_exists');
}

/** The secret of a set-up that is under way in this session, in base32 (RFC 4648 §6), as apps take it. */
export async function findTotpSetUp(db: Db, secrets: Secrets, setUp: TotpSetUp): Promise<string | undefined> {
  return (await openSetUp(db, secrets, setUp))?.secret.base32;
}

interface OpenSetUp {
  readonly secret: Secret;
  readonly sealed: Buffer;
}

async function openSetUp(db: Db, secrets: Secrets, setUp: TotpSetUp): Promise<OpenSetUp | undefined> {
  const row = await findRow(db, setUp.accountId);
  if (!row || row.confirmed_at || Date.now() - row.created_at.getTime() > SET_UP_MS) return undefined;
  const dataKey = await loadDataKey(db, secrets, setUp.accountId);
  const secret = dataKey.tryOpen(setUpPlaceOf(setUp), row.sealed);
  return secret && { secret: toSecret(secret), sealed: row.sealed };
}

function toSecret(bytes: Buffer): Secret {
  return new Secret({ buffer: Uint8Array.from(bytes).buffer });
}

/** What an app reads from the square: the secret, and under which names it lists it. */
export function totpUri(named: {
  readonly issuer: string;
  readonly accountName: string;
  readonly secret: string;
}): string {
  const { issuer, accountName: label, secret } = named;
  return new TOTP({ issuer, label, secret: Secret.fromBase32(secret) }).toString();
}

/**
 * Gives the account the authenticator app whose set-up is under way in this session. The code that shows it works is
 * used by that.
 *
 * @throws `totp_wrong`, also when no set-up is under way, `totp_clock_off`, `too_many_attempts`
 */
export async function confirmTotp(
  db: Db,
  secrets: Secrets,
  throttles: Throttles,
  typed: TypedTotp & TotpSetUp,
): Promise<void> {
  await guessing(db, throttles, typed, async (code) => {
    const setUp = await openSetUp(db, secrets, typed);
    if (!setUp) throw wrong('no set-up is under way in this session');
    const step = await fittingStep(db, secrets, typed.accountId, { secret: setUp.secret, code });
    const dataKey = await loadDataKey(db, secrets, typed.accountId);
    const shard = shardOf(typed.accountId);
    const confirmed = await db.for(shard).execute(
      `update totp_keys set sealed = $3, confirmed_at = $4, last_step = $5
       where shard = $1 and account_id = $2 and sealed = $6 and confirmed_at is null`,
      [
        shard,
        typed.accountId,
        dataKey.seal(placeOf(typed.accountId), Buffer.from(setUp.secret.bytes)),
        new Date(),
        step,
        setUp.sealed,
      ],
    );
    if (confirmed === 0) throw wrong('the set-up was finished or begun anew in the meantime');
  });
  await recordAccountEvent(db, { accountId: typed.accountId, kind: 'totp.added' });
}

/** Takes the authenticator app off an account. Ask for fresh proof before. @throws `not_found` when there is none */
export async function removeTotp(db: Db, accountId: string): Promise<void> {
  const shard = shardOf(accountId);
  const home = db.for(shard);
  const removed = await home.execute(
    `delete from totp_keys where shard = $1 and account_id = $2 and confirmed_at is not null`,
    [shard, accountId],
  );
  if (removed === 0) throw new Refusal('not_found', 'this account has no authenticator app');
  await recordAccountEvent(db, { accountId, kind: 'totp.removed' });
}

// Codes

/**
 * Spends a code of the account's authenticator app. One statement decides, so of parallel tries with one code one
 * succeeds, and none with an older code does afterwards (RFC 6238 §5.2).
 *
 * Call it before the unit of work has written anything (see {@link Throttles}). The caller commits its unit of work also
 * when this refuses: what was told about a code must not be forgotten.
 *
 * @param typed.code as typed; spaces and dashes do not matter
 * @throws `totp_wrong` for a wrong or used code, also when there is no authenticator app; `totp_clock_off` with
 *   `clockOff` for a code of another time, which is refused for good; `too_many_attempts`
 */
export async function verifyTotp(db: Db, secrets: Secrets, throttles: Throttles, typed: TypedTotp): Promise<void> {
  await guessing(db, throttles, typed, async (code) => {
    const row = await findRow(db, typed.accountId);
    if (!row?.confirmed_at) throw wrong('no authenticator app');
    const dataKey = await loadDataKey(db, secrets, typed.accountId);
    const secret = toSecret(dataKey.open(placeOf(typed.accountId), row.sealed));
    const step = await fittingStep(db, secrets, typed.accountId, { secret, code });
    const shard = shardOf(typed.accountId);
    const home = db.for(shard);
    const spent = await home.execute(
      `update totp_keys set last_step = $3 where shard = $1 and account_id = $2 and sealed = $4 and last_step < $3`,
      [shard, typed.accountId, step, row.sealed],
    );
    if (spent === 0) throw wrong('the code, or a later one, was used before');
    if (!(await burn(db, secrets, typed.accountId, step))) throw wrong('the code was told about before its time');
  });
}

/** Does a deed that looks at a typed code, at the cost of a guess. @throws `totp_wrong` */
async function guessing(
  db: Db,
  throttles: Throttles,
  { accountId, code: text, network, device }: TypedTotp,
  look: (code: string) => Promise<void>,
): Promise<void> {
  const code = readSixDigits(text);
  if (code === undefined) throw wrong('not six digits');
  const deviceKey = await findDeviceKey(db, accountId, device);
  const cost: Cost = deviceKey
    ? [['totp_from_device', deviceKey]]
    : [
        ['totp_from_network_to_account', `${networkOf(network)} ${accountId}`],
        ['totp_to_account', accountId],
      ];
  await atCost(throttles, { cost, counts: ['totp_wrong', 'totp_clock_off'] }, () => look(code));
}

function wrong(reason: string): Refusal {
  countEvent('totp.failed');
  return new Refusal('totp_wrong', reason);
}

/** The step that a code belongs to, near enough to now. @throws `totp_wrong`, `totp_clock_off` */
async function fittingStep(
  db: Db,
  secrets: Secrets,
  accountId: string,
  { secret, code }: { readonly secret: Secret; readonly code: string },
): Promise<number> {
  const app = new TOTP({ secret });
  const now = Date.now();
  const off = app.validate({ token: code, timestamp: now, window: DRIFT_STEPS }) ?? (await searchOff(app, code, now));
  if (off === undefined) throw wrong('a code of no time near');
  const step = app.counter({ timestamp: now }) + off;
  if (Math.abs(off) <= DRIFT_STEPS) return step;
  if (off > 0) await burn(db, secrets, accountId, step);
  countEvent('totp.failed');
  throw new Refusal('totp_clock_off', `the clock is ${off} steps off`, { clockOff: off * PERIOD_SECONDS });
}

/** How many steps off a code is. Thousands of hashes, so others get their turn after each hour. */
async function searchOff(app: TOTP, token: string, now: number): Promise<number | undefined> {
  for (const hours of [0, ...SEARCHED_HOURS]) {
    const timestamp = now + hours * HOUR_STEPS * PERIOD_SECONDS * 1000;
    const off = app.validate({ token, timestamp, window: HOUR_STEPS / 2 });
    if (off !== null) return hours * HOUR_STEPS + off;
    await setImmediate();
  }
  return undefined;
}

/** Says that a step's code is used up, until it would not be taken anyway. @returns whether it was not before */
function burn(db: Db, secrets: Secrets, accountId: string, step: number): Promise<boolean> {
  const hash = secrets.hash('totp-code', `${accountId} ${step}`);
  const keptUntil = new Date((step + DRIFT_STEPS + 2) * PERIOD_SECONDS * 1000);
  return claimChallenge(db, { shard: shardOfHash(hash), hash, keptUntil });
}
