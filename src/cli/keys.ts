/** `lawang keys`: the keys of the deployment, changing them, and moving them under another master key. */
import { readConfig } from '#src/base/config.ts';
import { resealKeyCheck } from '#src/base/instance.ts';
import { listAllKeys, rotateMaster, type StoredKey } from '#src/base/keys.ts';
import { KeyRotationError, revokeKey, rotateKeys } from '#src/oidc/key-rotation.ts';
import { findNextStep, rotatingPurposes, schedules } from '#src/oidc/key-schedule.ts';
import { resealTrails } from '#src/oidc/trails.ts';
import { resealAccountKeys } from '#src/people/accounts.ts';
import { resealMessages } from '#src/people/messages.ts';
import type { Call, Command } from './command.ts';
import { withSecrets } from './open.ts';
import { toTable } from './text.ts';

export const showKeys: Command = {
  usage: '',
  summary:
    'list the keys: purpose, phase, the next step and when it comes, and whether the first master key seals them',
  run: async ({ environment }) => {
    const keys = await withSecrets(readConfig(environment), (database, { wrap }) => listAllKeys(database, wrap));
    const rows = keys.map((key) => [
      ...[key.id, key.purpose, key.algorithm, key.state, nextOf(key, keys)],
      ...[key.isCurrent ? 'first master key' : 'older master key', key.createdAt.toISOString()],
    ]);
    const head = ['ID', 'PURPOSE', 'ALGORITHM', 'PHASE', 'NEXT', 'SEALED BY', 'CREATED'];
    return { data: keys.map((key) => shown(key, keys)), text: toTable([head, ...rows]) };
  },
};

export const rotateKey: Command = {
  usage: '[--purpose signing|receipt|cookie] [--algorithm ES256|RS256] [--publish-hours H]',
  summary:
    `publish a new key that signs ${hoursOf('publishSeconds')} hours later; --publish-hours (least ` +
    `${hoursOf('leastPublishSeconds')}) is at the risk of apps that keep older copies of /jwks`,
  options: { purpose: { type: 'string' }, algorithm: { type: 'string' }, 'publish-hours': { type: 'string' } },
  run: async ({ environment, options }) => {
    const wanted = readRotation(options);
    const published = await withSecrets(readConfig(environment), (database, secrets) =>
      rotateKeys(database, secrets, wanted),
    );
    const lines = published.map(
      ({ id, algorithm, activatesAt }) =>
        `${id} (${algorithm}) is published, and active from ${activatesAt?.toISOString()}.`,
    );
    return { data: published.map((key) => shown(key, published)), text: lines.join('\n') };
  },
};

export const revokeOneKey: Command = {
  usage: 'ID',
  summary:
    'take a key away at once, in an emergency: what it signed is refused (of receipts with the word that their key was revoked), ' +
    'and another one is active',
  operands: { min: 1, max: 1 },
  run: async ({ environment, operands: [id = ''] }) => {
    const active = await withSecrets(readConfig(environment), (database, secrets) => revokeKey(database, secrets, id));
    const text = `${id} is revoked. Active is ${active?.id} (${active?.algorithm}); every process knows within seconds.`;
    return { data: { revoked: id, active: active?.id }, text };
  },
};

function hoursOf(time: 'publishSeconds' | 'leastPublishSeconds'): number {
  return schedules.signing[time] / 3600;
}

/** @throws {KeyRotationError} when a value is none that can be meant */
function readRotation({ purpose = 'signing', algorithm, 'publish-hours': hours }: Call['options']) {
  const wanted = rotatingPurposes.find((one) => one === purpose);
  if (!wanted)
    throw new KeyRotationError(`--purpose is signing, receipt or cookie, not ${purpose}: other keys do not rotate.`);
  const seconds = Number(hours) * 3600;
  if (hours !== undefined && !(seconds > 0)) throw new KeyRotationError(`--publish-hours is a number, not ${hours}.`);
  return {
    purpose: wanted,
    ...(typeof algorithm === 'string' && { algorithm }),
    ...(hours !== undefined && { publishSeconds: seconds }),
  } as const;
}

function shown(key: StoredKey, keys: readonly StoredKey[]) {
  const { id, purpose, algorithm, state, isCurrent, createdAt } = key;
  const next = findNextStep(key, keys);
  return {
    ...{ id, purpose, algorithm, state, next_step: next?.kind ?? null, next_step_at: next?.at ?? null },
    ...{ sealed_by_first_master_key: isCurrent, created_at: createdAt },
  };
}

const steps = { activate: 'active', retire: 'retired', remove: 'gone' } as const;

function nextOf(key: StoredKey, keys: readonly StoredKey[]): string {
  const next = findNextStep(key, keys);
  return next ? `${steps[next.kind]} ${next.at.toISOString()}` : '-';
}

export const rotateMasterKey: Command = {
  usage: '',
  summary: 'seal everything anew with the first of MASTER_KEYS; may run beside the server, and again',
  run: async ({ environment, progress }) => {
    const done = await withSecrets(readConfig(environment), async (database, { wrap }) => {
      const keys = await rotateMaster(database, wrap);
      await resealKeyCheck(database, wrap);
      progress(`keys: ${keys} sealed anew`);
      const accounts = await resealAccountKeys(database, wrap);
      progress(`accounts: ${accounts} sealed anew`);
      const messages = await resealMessages(database, wrap);
      progress(`messages: ${messages} sealed anew`);
      const sessions = await resealTrails(database, wrap);
      progress(`sessions: ${sessions} sealed anew`);
      return { keys, accounts, messages, sessions };
    });
    const text =
      'Everything is sealed by the first master key. Keep the older ones for three more hours, until the last sign-in ' +
      'that had begun is over; then take them out of MASTER_KEYS.';
    return { data: done, text };
  },
};
