/** `lawang keys`: the keys of the deployment, and moving them under another master key. */
import { readConfig } from '#src/base/config.ts';
import { resealKeyCheck } from '#src/base/instance.ts';
import { listAllKeys, rotateMaster } from '#src/base/keys.ts';
import { resealAccountKeys } from '#src/people/accounts.ts';
import { resealMessages } from '#src/people/messages.ts';
import type { Command } from './command.ts';
import { withSecrets } from './open.ts';
import { toTable } from './text.ts';

export const showKeys: Command = {
  usage: '',
  summary: 'list the keys: purpose, state, and whether the first master key seals them',
  run: async ({ environment }) => {
    const keys = await withSecrets(readConfig(environment), (database, { wrap }) => listAllKeys(database, wrap));
    const data = keys.map(({ id, purpose, algorithm, state, isCurrent, createdAt }) => {
      return { id, purpose, algorithm, state, sealed_by_first_master_key: isCurrent, created_at: createdAt };
    });
    const rows = keys.map(({ id, purpose, algorithm, state, isCurrent, createdAt }) => [
      ...[id, purpose, algorithm, state, isCurrent ? 'first master key' : 'older master key'],
      createdAt.toISOString(),
    ]);
    return { data, text: toTable([['ID', 'PURPOSE', 'ALGORITHM', 'STATE', 'SEALED BY', 'CREATED'], ...rows]) };
  },
};

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
      return { keys, accounts, messages };
    });
    const text =
      'Everything is sealed by the first master key. Keep the older ones for three more hours, until the last sign-in ' +
      'that had begun is over; then take them out of MASTER_KEYS.';
    return { data: done, text };
  },
};
