/**
 * What this deployment is: one row, written at the first start and compared at every later one.
 *
 * Environment, issuer and RP ID cannot change under people: apps know the issuer, passkeys are made for the RP ID, and
 * data that was ever a sandbox's must not meet real people. The key check tells wrong master keys from lost ones before
 * anything is sealed with them.
 */
import type { Config } from './config.ts';
import type { Db } from './database.ts';
import { type Keyring, SealError, sealedBy } from './secrets.ts';

/** The settings do not fit what the database says; the message is one sentence with what to do. */
export class InstanceError extends Error {
  override name = 'InstanceError';
}

/** The row. */
export interface Instance {
  readonly environment: Config['mode'];
  readonly issuer: string;
  readonly rpId: string;
  /** Raised by a restore: what was issued under an earlier epoch is void. */
  readonly epoch: number;
  readonly createdAt: Date;
}

/** What the settings say this deployment is. */
export type InstanceSettings = Pick<Config, 'mode' | 'issuer' | 'rpId'>;

interface InstanceRow {
  environment: Config['mode'];
  issuer: string;
  rp_id: string;
  key_check: Buffer;
  epoch: number;
  created_at: Date;
}

const KEY_CHECK_PLACE = 'instance.key_check:only';
const KEY_CHECK = 'lawang';

const select = 'select environment, issuer, rp_id, key_check, epoch, created_at from instance where only_row';
const insert = `
  insert into instance (environment, issuer, rp_id, key_check, created_at)
  values ($1, $2, $3, $4, $5) on conflict do nothing`;
const reseal = 'update instance set key_check = $1 where only_row and key_check = $2';

/**
 * Writes the row when there is none and compares it with the settings otherwise. Of processes that start at once on an
 * empty database one writes, and all compare.
 *
 * @throws {InstanceError} with one sentence for each mismatch
 */
export async function openInstance(db: Db, settings: InstanceSettings, wrap: Keyring): Promise<Instance> {
  const keyCheck = wrap.seal(KEY_CHECK_PLACE, KEY_CHECK);
  await db.execute(insert, [settings.mode, settings.issuer, settings.rpId, keyCheck, new Date()]);
  const row = await db.first<InstanceRow>(select);
  if (!row) throw new InstanceError('The instance row vanished while this process started: start again.');
  const mismatches = [...listMismatches(toInstance(row), settings), ...keyMismatches(row.key_check, wrap)];
  if (mismatches.length > 0) throw new InstanceError(mismatches.join('\n'));
  return toInstance(row);
}

/** The row as it is, undefined before the first start. */
export async function findInstance(db: Db): Promise<Instance | undefined> {
  const row = await db.first<InstanceRow>(select);
  return row && toInstance(row);
}

/** Whether one of the master keys opens the key check; true before the first start. */
export async function isKeyCheckOpen(db: Db, wrap: Keyring): Promise<boolean> {
  const row = await db.first<InstanceRow>(select);
  return !row || keyMismatches(row.key_check, wrap).length === 0;
}

/** Seals the key check by the first master key, as a part of rotating it. */
export async function resealKeyCheck(db: Db, wrap: Keyring): Promise<void> {
  const row = await db.first<InstanceRow>(select);
  if (!row || wrap.isCurrent(row.key_check)) return;
  const sealed = wrap.seal(KEY_CHECK_PLACE, wrap.open(KEY_CHECK_PLACE, row.key_check));
  await db.execute(reseal, [sealed, row.key_check]);
}

/** One sentence for each setting that is not what the database says. */
export function listMismatches(instance: Instance, settings: InstanceSettings): string[] {
  const mismatches: string[] = [];
  if (instance.environment !== settings.mode) mismatches.push(environmentMismatch(instance.environment));
  if (instance.issuer !== settings.issuer) {
    mismatches.push(
      `ISSUER: this database belongs to ${instance.issuer} and the settings say ${settings.issuer}: ` +
        'set ISSUER (or PORT) back, or begin with another database (DATABASE_URL, or an empty DATA_DIR).',
    );
  }
  if (instance.rpId !== settings.rpId) {
    mismatches.push(
      `WEBAUTHN_RP_ID: the passkeys in this database are made for ${instance.rpId} and the settings say ` +
        `${settings.rpId}: set WEBAUTHN_RP_ID=${instance.rpId}, or use another database.`,
    );
  }
  return mismatches;
}

function environmentMismatch(environment: Config['mode']): string {
  return environment === 'sandbox'
    ? 'MODE: this database has run as a sandbox and can never be used in production: use an empty database.'
    : 'MODE: this database belongs to production and cannot be used by a sandbox: use another database.';
}

function keyMismatches(keyCheck: Buffer, wrap: Keyring): string[] {
  try {
    wrap.open(KEY_CHECK_PLACE, keyCheck);
    return [];
  } catch (error) {
    if (!(error instanceof SealError)) throw error;
    return [
      `MASTER_KEYS: none of these keys is the one that sealed this database (key ${sealedBy(keyCheck)}): ` +
        'add that key again, or use another database.',
    ];
  }
}

function toInstance(row: InstanceRow): Instance {
  return {
    environment: row.environment,
    issuer: row.issuer,
    rpId: row.rp_id,
    epoch: row.epoch,
    createdAt: row.created_at,
  };
}
