/**
 * Changes of the keys that sign tokens, receipts and cookies, each with its event, in one transaction that no other change enters.
 *
 * Whatever is due is done by the process that comes first; those that come at the same time wait for it and find nothing
 * left to do.
 */
import { type AdminEventKind, recordAdminEvent } from '#src/audit/events.ts';
import type { Database, Db } from '#src/base/database.ts';
import {
  activateKey,
  addKey,
  keepRevokedKey,
  listKeys,
  lockKeys,
  type NewKey,
  newHmacKey,
  raiseKeysVersion,
  removeKey,
  retireKey,
  type StoredKey,
} from '#src/base/keys.ts';
import type { Keyring, Secrets } from '#src/base/secrets.ts';
import {
  isIn,
  type KeyGroup,
  keyGroups,
  listDueSteps,
  type RotatingPurpose,
  rotatingPurposes,
  type Step,
  schedules,
} from './key-schedule.ts';
import { newSigningKey } from './signing-keys.ts';

/** What was asked cannot be done; the message is a sentence for the operator. */
export class KeyRotationError extends Error {
  override name = 'KeyRotationError';
}

/** Who changes keys: `start` for a server, `command` for the command line. */
export type KeyActor = 'start' | 'command';

interface Change {
  readonly db: Db;
  readonly wrap: Keyring;
  readonly actor: KeyActor;
}

/** The keys that rotate, newest first within each purpose. @throws {SealError} when one does not open */
export async function listRotatingKeys(db: Db, wrap: Keyring): Promise<StoredKey[]> {
  const keys: StoredKey[] = [];
  for (const purpose of rotatingPurposes) keys.push(...(await listKeys(db, wrap, purpose)));
  return keys;
}

/** Does what is due by now, and makes the keys that are missing. */
export async function advanceKeys(database: Database, secrets: Secrets): Promise<void> {
  const keys = await listRotatingKeys(database, secrets.wrap);
  if (listDueSteps(keys, new Date()).length === 0) return;
  await changeKeys({ database, secrets, actor: 'start' });
}

/**
 * Publishes a new key for each algorithm asked for (all of the purpose without one), which becomes active after
 * `publishSeconds`.
 *
 * @throws {KeyRotationError} when one waits already, or the time or the algorithm is none
 */
export async function rotateKeys(
  database: Database,
  secrets: Secrets,
  wanted: { purpose: RotatingPurpose; algorithm?: string; publishSeconds?: number },
): Promise<StoredKey[]> {
  const groups = findGroups(wanted.purpose, wanted.algorithm);
  const seconds = checkPublishing(wanted.purpose, wanted.publishSeconds);
  const activatesAt = new Date(Date.now() + seconds * 1000);
  const keys = await changeKeys({ database, secrets, actor: 'command' }, async (change) => {
    for (const group of groups) await publish(change, group, activatesAt);
  });
  return groups.flatMap((group) => keys.filter((key) => isIn(group, key) && key.state === 'published'));
}

/**
 * Takes a key away at once, whatever its state: nothing that it signed verifies any more. Where it was the active one its
 * successor takes over, ahead of time, or a new key.
 *
 * @returns the key that is active now
 * @throws {KeyRotationError} when there is no such key, or it is one that hashes
 */
export async function revokeKey(database: Database, secrets: Secrets, id: string): Promise<StoredKey | undefined> {
  let revoked: StoredKey | undefined;
  const keys = await changeKeys({ database, secrets, actor: 'command' }, async (change) => {
    revoked = change.keys.find((key) => key.id === id);
    if (!revoked) throw new KeyRotationError(await explainUnknown(change, id));
    await removeKey(change.db, id);
    // Receipts are shown for decades: whoever is shown one is told what became of its key.
    if (revoked.purpose === 'receipt') await keepRevokedKey(change.db, revoked, new Date());
    await record(change, 'key.revoked', revoked);
  });
  return keys.find((key) => revoked && isIn(revoked, key) && key.state === 'active');
}

/** Runs one change alone, on keys that are up to date, and does whatever is due after it; the keys as they are then. */
async function changeKeys(
  { database, secrets: { wrap }, actor }: { database: Database; secrets: Secrets; actor: KeyActor },
  work: (change: Change & { readonly keys: readonly StoredKey[] }) => Promise<void> = async () => undefined,
): Promise<StoredKey[]> {
  return database.transaction(async (db) => {
    await lockKeys(db);
    const change = { db, wrap, actor };
    await work({ ...change, keys: await settle(change) });
    return settle(change);
  });
}

async function settle(change: Change): Promise<StoredKey[]> {
  const keys = await listRotatingKeys(change.db, change.wrap);
  const due = listDueSteps(keys, new Date());
  for (const step of due) await take(change, step);
  return due.length > 0 ? listRotatingKeys(change.db, change.wrap) : keys;
}

async function take(change: Change, step: Step): Promise<void> {
  const { db, wrap } = change;
  if (step.kind === 'create') {
    const key = await newKey(step.group);
    if (await addKey(db, wrap, { ...step.group, key }))
      await record(change, 'key.activated', { ...step.group, ...key });
  } else if (step.kind === 'retire') {
    if (await retireKey(db, step.key.id, step.endsAt)) await record(change, 'key.retired', step.key);
  } else if (step.kind === 'activate') {
    if (await activateKey(db, step.key.id)) await record(change, 'key.activated', step.key);
  } else if (await removeKey(db, step.key.id)) await record(change, 'key.removed', step.key);
}

async function publish(
  change: Change & { readonly keys: readonly StoredKey[] },
  group: KeyGroup,
  activatesAt: Date,
): Promise<void> {
  const waiting = change.keys.find((key) => isIn(group, key) && key.state === 'published');
  if (waiting) throw new KeyRotationError(alreadyPublished(waiting));
  const key = await newKey(group);
  await addKey(change.db, change.wrap, { ...group, key, activatesAt });
  await record(change, 'key.published', { ...group, ...key });
}

function newKey({ purpose, algorithm }: KeyGroup): Promise<NewKey> {
  return purpose === 'cookie' ? newHmacKey() : newSigningKey(algorithm);
}

/** Writes down what was done, and lets every process know. */
async function record(
  { db, actor }: Change,
  kind: AdminEventKind,
  { id, purpose, algorithm }: Pick<StoredKey, 'id' | 'purpose' | 'algorithm'>,
): Promise<void> {
  await recordAdminEvent(db, { kind, actor, subject: `key ${id}`, details: { purpose, algorithm } });
  await raiseKeysVersion(db);
}

function findGroups(purpose: RotatingPurpose, algorithm: string | undefined): KeyGroup[] {
  const own = keyGroups.filter((group) => group.purpose === purpose);
  const groups = own.filter((group) => algorithm === undefined || group.algorithm === algorithm);
  if (groups.length > 0) return groups;
  const known = own.map((group) => group.algorithm).join(' or ');
  throw new KeyRotationError(`${algorithm} is not an algorithm of ${purpose} keys: use ${known}.`);
}

const MOST_SECONDS = 90 * 24 * 3600;

function checkPublishing(purpose: RotatingPurpose, seconds = schedules[purpose].publishSeconds): number {
  const { leastPublishSeconds: least } = schedules[purpose];
  if (seconds >= least && seconds <= MOST_SECONDS) return seconds;
  const [from, to] = [least, MOST_SECONDS].map((each) => Number((each / 3600).toFixed(3)));
  throw new KeyRotationError(`A ${purpose} key is published between ${from} and ${to} hours before it signs.`);
}

function alreadyPublished({ id, algorithm, activatesAt }: StoredKey): string {
  const at = activatesAt?.toISOString();
  return `A new key for ${algorithm} waits already (${id}, active at ${at}): let it, or revoke it first.`;
}

async function explainUnknown({ db, wrap }: Change, id: string): Promise<string> {
  for (const purpose of ['token', 'index'] as const) {
    if ((await listKeys(db, wrap, purpose)).some((key) => key.id === id))
      return `Key ${id} hashes (${purpose}) and cannot be revoked: every session or identifier would be lost.`;
  }
  return `There is no key ${id}, or it is gone already: see "lawang keys list".`;
}
