/**
 * Recovery codes: ten codes on paper, each good once, for the day when the phone is gone.
 *
 * Each has 80 random bits, so nobody guesses one, and no limit on an account stands in its owner's way (NIST SP
 * 800-63B-4 §3.1.2.2 asks for one below 64 bits). What is kept of a code is a keyed hash.
 */
import { countEvent, recordAccountEvent } from '#src/audit/events.ts';
import type { Db } from '#src/base/database.ts';
import { Refusal } from '#src/base/refusals.ts';
import { newAccountId, type Secrets, shardOf } from '#src/base/secrets.ts';
import { holdAccount } from './accounts.ts';
import { drawLetters, inGroups, readLetters } from './paper-codes.ts';
import { atCost, type Cost, networkOf, type Throttles } from './throttles.ts';

const CODES = 10;
/** Of five bits each. */
const LETTERS = 16;

/**
 * Makes ten codes, which void all earlier ones. They are returned to be shown once, in groups of four; nobody can read
 * them again. Ask for fresh proof before.
 *
 * @throws `account_unavailable`
 */
export async function makeRecoveryCodes(db: Db, secrets: Secrets, accountId: string): Promise<string[]> {
  // Of two sheets made at once only one is good.
  if (!(await holdAccount(db, accountId))) throw new Refusal('account_unavailable', 'not in use');
  const codes = Array.from({ length: CODES }, () => drawLetters(LETTERS));
  const shard = shardOf(accountId);
  const home = db.for(shard);
  await home.execute(`delete from recovery_codes where shard = $1 and account_id = $2`, [shard, accountId]);
  await home.execute(
    `insert into recovery_codes (shard, account_id, hash, created_at)
     select $1, $2, hash, $4 from unnest($3::bytea[]) as made (hash)`,
    [shard, accountId, codes.map((code) => hashOf(secrets, accountId, code)), new Date()],
  );
  await recordAccountEvent(db, { accountId, kind: 'recovery-codes.made', details: { count: CODES } });
  return codes.map(inGroups);
}

function hashOf(secrets: Secrets, accountId: string, code: string): Buffer {
  return secrets.hash('recovery-code', `${accountId} ${code}`);
}

/**
 * Spends a recovery code. One statement decides, so of parallel tries with one code one succeeds; for nobody
 * (`accountId` undefined) it is the same statement. The caller tells the owner.
 *
 * Call it before the unit of work has written anything (see {@link Throttles}).
 *
 * @throws `recovery_code_wrong` for a wrong, used or replaced code, `too_many_attempts`
 */
export async function useRecoveryCode(
  db: Db,
  secrets: Secrets,
  throttles: Throttles,
  typed: { readonly accountId: string | undefined; readonly code: string; readonly network: string },
): Promise<void> {
  const code = readLetters(typed.code, LETTERS);
  if (code === undefined) throw wrong('not shaped like a recovery code');
  const accountId = typed.accountId ?? newAccountId();
  // By account, so that nobody keeps neighbours behind the same address from theirs.
  const from = networkOf(typed.network);
  const cost: Cost = [['recovery_code_from_network_to_account', `${from} ${typed.accountId ?? "nobody's"}`]];
  await atCost(throttles, { cost, counts: 'recovery_code_wrong' }, async () => {
    const shard = shardOf(accountId);
    const home = db.for(shard);
    const used = await home.execute(
      `update recovery_codes set used_at = $4 where shard = $1 and account_id = $2 and hash = $3 and used_at is null`,
      [shard, accountId, hashOf(secrets, accountId, code), new Date()],
    );
    if (used === 0) throw wrong('no such code, or used before');
  });
  await recordAccountEvent(db, { accountId, kind: 'recovery-code.used' });
}

function wrong(reason: string): Refusal {
  countEvent('recovery-code.failed');
  return new Refusal('recovery_code_wrong', reason);
}

/** The codes that an account has, as one sheet of paper. */
export interface RecoverySheet {
  readonly madeAt: Date;
  /** How many codes are still good. */
  readonly left: number;
  /** When one was used last. */
  readonly usedAt: Date | undefined;
}

/** The sheet of an account; also one whose codes are all used. */
export async function findRecoverySheet(db: Db, accountId: string): Promise<RecoverySheet | undefined> {
  const shard = shardOf(accountId);
  const row = await db.for(shard).first<{ made_at: Date | null; left: number; used_at: Date | null }>(
    `select max(created_at) as made_at, count(*) filter (where used_at is null)::integer as left, max(used_at) as used_at
     from recovery_codes where shard = $1 and account_id = $2`,
    [shard, accountId],
  );
  return row?.made_at ? { madeAt: row.made_at, left: row.left, usedAt: row.used_at ?? undefined } : undefined;
}

/** Voids all codes of an account. */
export async function removeRecoveryCodes(db: Db, accountId: string): Promise<void> {
  const shard = shardOf(accountId);
  const home = db.for(shard);
  await home.execute('delete from recovery_codes where shard = $1 and account_id = $2', [shard, accountId]);
}

/** How many codes of an account are still good. */
export async function countRecoveryCodes(db: Db, accountId: string): Promise<number> {
  return (await findRecoverySheet(db, accountId))?.left ?? 0;
}
