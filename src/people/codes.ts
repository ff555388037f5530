/**
 * One-time codes: six digits sent to an address, good for ten minutes, five tries and one use.
 *
 * A code proves that the address is one's own and nothing more. Whom it signs in, or whether it opens a new account, is
 * decided afterwards ({@link codeAudience}).
 */
import { randomInt } from 'node:crypto';
import { countEvent } from '#src/audit/events.ts';
import type { Db } from '#src/base/database.ts';
import { Refusal } from '#src/base/refusals.ts';
import { newAccountId, type Secrets, shardOfHash } from '#src/base/secrets.ts';
import { type Account, findAccount, mayUse } from './accounts.ts';
import { hasCountingContact } from './contacts.ts';
import { findAccountId, type Identifier, prefixOf } from './identifiers.ts';
import { hasPasskey } from './passkeys.ts';
import { atCost, type Cost, findDeviceKey, networkOf, type Throttles } from './throttles.ts';

/** In seconds: how long a code holds, and when another one may be asked for. */
export const codeTimes = { life: 10 * 60, resendAfter: 30 } as const;

/** What is left of both for a code that was sent at some time (milliseconds since 1970). */
export function timesLeft(sentAt: number): { readonly secondsLeft: number; readonly resendInSeconds: number } {
  const passed = Math.floor((Date.now() - sentAt) / 1000);
  return {
    secondsLeft: Math.max(0, codeTimes.life - passed),
    resendInSeconds: Math.max(0, codeTimes.resendAfter - passed),
  };
}

const TRIES = 5;

/** The country whose citizens these are. */
const HOME = '62';

/** Where a code is asked for. */
export interface CodeSlot {
  readonly identifier: Identifier;
  /** What ties the code to the browser that asked: the id of its interaction or session. */
  readonly boundTo: string;
  /** The address of the caller; only its network is used. */
  readonly network: string;
  /** The keyed hash of the browser's device cookie, if it has one: an account that knows it counts it apart. */
  readonly device?: Buffer | undefined;
}

interface Place {
  readonly slot: Buffer;
  readonly shard: number;
}

function locate(secrets: Secrets, { identifier, boundTo }: CodeSlot): Place {
  const slot = secrets.hash('one-time-code', JSON.stringify([boundTo, identifier.kind, identifier.value]));
  return { slot, shard: shardOfHash(slot) };
}

function hashCode(secrets: Secrets, slot: Buffer, code: string): Buffer {
  return secrets.hash('one-time-code', Buffer.concat([slot, Buffer.from(code)]));
}

/**
 * Makes a code for a browser and an address, in place of an earlier one. The caller sends it.
 *
 * Call it before the unit of work has written anything (see {@link Throttles}).
 *
 * @throws `too_many_attempts` within 30 seconds of the last one, or when the address or the network has had too many.
 */
export async function createCode(db: Db, secrets: Secrets, throttles: Throttles, asked: CodeSlot): Promise<string> {
  const { slot, shard } = locate(secrets, asked);
  const now = new Date();
  await refuseTooSoon(db, shard, slot, now);
  const device = await findDeviceOf(db, secrets, asked);
  const cost: Cost = device ? costOfKnown(asked, device) : costOf(asked);
  return atCost(throttles, { cost, counts: 'done' }, () => writeCode(db, secrets, { slot, shard }, now));
}

/** Only a browser that has a device cookie costs the look at whose the address is. */
async function findDeviceOf(db: Db, secrets: Secrets, { identifier, device }: CodeSlot): Promise<string | undefined> {
  return device && findDeviceKey(db, await findAccountId(db, secrets, identifier), device);
}

function costOf({ identifier, network: caller }: CodeSlot): Cost {
  const network = networkOf(caller);
  const address = identifier.value;
  return [
    ['code_from_network_to_address', `${network} ${address}`],
    ['code_from_network', network],
    ['code_to_address', address],
    ...(identifier.kind === 'phone'
      ? ([['message_from_network', network], ...messageCost(address, 'anybody')] as const)
      : []),
  ];
}

/** In a browser that the account knows. */
function costOfKnown({ identifier }: CodeSlot, device: string): Cost {
  return [['code_from_device', device], ...(identifier.kind === 'phone' ? messageCost(identifier.value, 'known') : [])];
}

/**
 * What a message to a phone costs is paid by us, and shared by its operator with whoever asked for it (SMS pumping). Browsers
 * that accounts know have budgets of their own: strangers do not use them up, and whoever opens many accounts has them too.
 */
function messageCost(number: string, asker: 'anybody' | 'known'): Cost {
  const { country, operator } = prefixOf(number);
  const [whose, all] = asker === 'known' ? [`${operator} known`, 'known'] : [operator, ''];
  return country === HOME
    ? [['message_to_prefix', whose]]
    : [
        ['message_abroad_to_prefix', whose],
        ['message_abroad', all],
      ];
}

async function writeCode(db: Db, secrets: Secrets, { slot, shard }: Place, now: Date): Promise<string> {
  const code = String(randomInt(1_000_000)).padStart(6, '0');
  const written = await db.for(shard).execute(
    `insert into one_time_codes (shard, slot, code_hash, attempts_left, sent_at, expires_at)
     values ($1, $2, $3, $4, $5, $6)
     on conflict (shard, slot) do update set
       code_hash = excluded.code_hash, attempts_left = excluded.attempts_left,
       sent_at = excluded.sent_at, expires_at = excluded.expires_at
       where one_time_codes.sent_at <= $7`,
    [
      shard,
      slot,
      hashCode(secrets, slot, code),
      TRIES,
      now,
      secondsAfter(now, codeTimes.life),
      secondsAfter(now, -codeTimes.resendAfter),
    ],
  );
  if (written === 0) throw tooSoon(codeTimes.resendAfter);
  return code;
}

/** Before the limits are charged, so that an impatient finger does not use them up; the insert decides again. */
async function refuseTooSoon(db: Db, shard: number, slot: Buffer, now: Date): Promise<void> {
  const home = db.for(shard);
  const earlier = await home.first<{ sent_at: Date }>(
    `select sent_at from one_time_codes where shard = $1 and slot = $2`,
    [shard, slot],
  );
  if (!earlier) return;
  const left = codeTimes.resendAfter - (now.getTime() - earlier.sent_at.getTime()) / 1000;
  if (left > 0) throw tooSoon(Math.ceil(left));
}

function tooSoon(retryAfter: number): Refusal {
  return new Refusal('too_many_attempts', 'a code was sent a moment ago', { retryAfter });
}

function secondsAfter(at: Date, seconds: number): Date {
  return new Date(at.getTime() + seconds * 1000);
}

/**
 * Spends a code. One statement compares, counts and spends, so parallel tries share the five attempts and only one right
 * try succeeds; a spent code never does again.
 *
 * The caller commits its unit of work also when this refuses, or the wrong try is not counted.
 *
 * @param typed.code as typed; spaces and dashes do not matter
 * @throws `code_wrong` for a wrong, spent, expired or replaced code, `too_many_attempts`
 */
export async function verifyCode(
  db: Db,
  secrets: Secrets,
  throttles: Throttles,
  typed: CodeSlot & { readonly code: string },
): Promise<void> {
  const code = readSixDigits(typed.code);
  if (code === undefined) throw new Refusal('code_wrong', 'not six digits');
  const device = await findDeviceOf(db, secrets, typed);
  const cost: Cost = device
    ? [['wrong_code_from_device', device]]
    : [
        ['wrong_code_in_all', ''],
        ['wrong_code_from_network', networkOf(typed.network)],
      ];
  await atCost(throttles, { cost, counts: 'code_wrong' }, () => spendCode(db, secrets, locate(secrets, typed), code));
}

/** The six digits in what somebody typed; spaces and dashes do not matter. */
export function readSixDigits(typed: string): string | undefined {
  const code = typed.length > 64 ? '' : typed.normalize('NFKC').replace(/[\s\p{Pd}]/gu, '');
  return /^\d{6}$/.test(code) ? code : undefined;
}

async function spendCode(db: Db, secrets: Secrets, { slot, shard }: Place, code: string): Promise<void> {
  const tried = await db.for(shard).first<{ is_right: boolean }>(
    `update one_time_codes
     set attempts_left = case when code_hash = $3 then 0 else attempts_left - 1 end
     where shard = $1 and slot = $2 and attempts_left > 0 and expires_at > $4
     returning code_hash = $3 as is_right`,
    [shard, slot, hashCode(secrets, slot, code), new Date()],
  );
  if (!tried?.is_right) {
    countEvent('code.failed');
    throw new Refusal('code_wrong', tried ? 'wrong code' : 'no code to try: expired, spent or out of attempts');
  }
}

/**
 * What a code for an address may open.
 *
 * `new`: nobody's yet, so sign-up. `account`: it signs in, at `aal1`. `passkey`: the account has a stronger way and takes
 * no code. `stale`: a number that its owner has not proven for long, and that may have been given to somebody else.
 * `disabled`: the account may not be used. In the last three cases the message says so and carries no code; the page is
 * the same in all five, and so are the statements.
 */
export type CodeAudience =
  | { readonly kind: 'new' }
  | {
      readonly kind: 'account' | 'passkey' | 'stale' | 'disabled';
      readonly accountId: string;
      readonly account: Account;
    };

/** What a code for this address may open. */
export async function codeAudience(db: Db, secrets: Secrets, identifier: Identifier): Promise<CodeAudience> {
  const accountId = (await findAccountId(db, secrets, identifier)) ?? newAccountId();
  const account = await findAccount(db, secrets, accountId);
  const usesPasskey = await hasPasskey(db, accountId);
  const counts = await hasCountingContact(db, secrets, identifier, accountId);
  if (!account) return { kind: 'new' };
  if (!mayUse(account)) return { kind: 'disabled', accountId, account };
  if (usesPasskey) return { kind: 'passkey', accountId, account };
  return { kind: counts ? 'account' : 'stale', accountId, account };
}
