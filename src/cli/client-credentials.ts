/** `lawang clients …`: what an app proves itself with. A key pair is made here, where its private half stays. */
import { writeFile } from 'node:fs/promises';
import { calculateJwkThumbprint, exportJWK, exportPKCS8, generateKeyPair } from 'jose';
import { readConfig } from '#src/base/config.ts';
import { isDay } from '#src/base/epoch.ts';
import {
  DEFAULT_OVERLAP_DAYS,
  endSecret,
  listSecrets,
  MAX_OVERLAP_DAYS,
  rotateSecret,
} from '#src/registry/client-secrets.ts';
import { loadClient } from '#src/registry/clients.ts';
import { isLive } from '#src/registry/secret-hashes.ts';
import { type Call, type Command, OutOfPlace, WrongInput } from './command.ts';
import { withDatabase, withSecrets } from './open.ts';
import { toTable } from './text.ts';

export const rotateClientSecret: Command = {
  usage: 'ID [--overlap DAYS | --until DATE]',
  summary:
    `make a new secret for an app, shown once; the one before stays good for --overlap days (${DEFAULT_OVERLAP_DAYS}; ` +
    `0 to ${MAX_OVERLAP_DAYS}) or until a date`,
  operands: { min: 1, max: 1 },
  options: { overlap: { type: 'string' }, until: { type: 'string' } },
  run: async ({ operands: [clientId = ''], options, environment }) => {
    const overlap = readOverlap(options);
    const made = await withSecrets(readConfig(environment), (database, secrets) =>
      database.transaction((tx) => rotateSecret(tx, secrets, { clientId, actor: 'command', ...overlap })),
    );
    const { secret, id, expiresAt, previousEndsAt } = made;
    const before = previousEndsAt
      ? `\nThe one before ends ${previousEndsAt.toISOString()}; until then both are good.`
      : '';
    return {
      data: {
        client_id: clientId,
        secret_id: id,
        secret,
        ends_at: expiresAt,
        previous_ends_at: previousEndsAt ?? null,
      },
      text: `${secret}\nThis is shown once. It is good until ${expiresAt.toISOString()}.${before}`,
    };
  },
};

export const listClientSecrets: Command = {
  usage: 'ID',
  summary: 'list the secrets of an app by their ids: who made them, when they end, when they were last used',
  operands: { min: 1, max: 1 },
  run: async ({ operands: [clientId = ''], environment }) => {
    const kept = await withDatabase(readConfig(environment), async (database) => {
      await loadClient(database, clientId);
      return listSecrets(database, clientId);
    });
    const now = new Date();
    const data = kept.map((one) => ({
      secret_id: one.id,
      hint: one.hint ?? null,
      is_good: isLive(one, now),
      created_at: one.createdAt,
      created_by: one.createdBy ?? null,
      ends_at: one.expiresAt ?? null,
      last_used_at: one.lastUsedAt ?? null,
    }));
    const rows = kept.map((one) => [
      ...[one.id, one.hint ? `…${one.hint}` : '-', one.createdAt.toISOString(), one.createdBy ?? '-'],
      ...[one.expiresAt?.toISOString() ?? 'without end', one.lastUsedAt?.toISOString() ?? '-'],
    ]);
    return { data, text: toTable([['SECRET', 'HINT', 'MADE', 'BY', 'ENDS', 'LAST USED'], ...rows]) };
  },
};

export const endClientSecret: Command = {
  usage: 'ID SECRET',
  summary: 'end one secret of an app at once, by its id; see "clients secrets"',
  operands: { min: 2, max: 2 },
  run: async ({ operands: [clientId = '', secretId = ''], environment }) => {
    await withSecrets(readConfig(environment), (database) =>
      database.transaction((tx) => endSecret(tx, { clientId, secretId, actor: 'command' })),
    );
    return { data: { client_id: clientId, secret_id: secretId }, text: `${secretId} is no longer good.` };
  },
};

export const makeClientKey: Command = {
  usage: '--out FILE',
  summary:
    'make a key pair (ES256) for private_key_jwt, without a server: the private half goes into the file, the public one is printed',
  options: { out: { type: 'string' } },
  run: async ({ options: { out } }) => {
    if (typeof out !== 'string' || out === '') throw new WrongInput('--out is missing: where the private key goes.');
    const pair = await generateKeyPair('ES256', { extractable: true });
    const bare = await exportJWK(pair.publicKey);
    const key = { ...bare, kid: await calculateJwkThumbprint(bare), use: 'sig', alg: 'ES256' };
    await keepPrivate(out, await exportPKCS8(pair.privateKey));
    const jwks = { keys: [key] };
    return { data: { kid: key.kid, private_key_file: out, jwks }, text: JSON.stringify(jwks, null, 2) };
  },
};

/** Never over a file that is there: it may be the key in use. */
async function keepPrivate(file: string, pem: string): Promise<void> {
  try {
    await writeFile(file, pem, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why =
      code === 'EEXIST' ? 'is there already, and may be the key in use: name another' : `cannot be written (${code})`;
    throw new OutOfPlace(`The file ${file} ${why}.`);
  }
}

/** @throws {WrongInput} */
function readOverlap({ overlap, until }: Call['options']): { overlapDays?: number; endsAt?: Date } {
  if (overlap !== undefined && until !== undefined) throw new WrongInput('Either --overlap or --until.');
  if (typeof until === 'string') {
    if (!isDay(until)) throw new WrongInput(`--until is a date such as 2027-01-31, not ${until}.`);
    return { endsAt: new Date(until) };
  }
  if (overlap === undefined) return {};
  const days = Number(overlap);
  if (!/^\d+$/.test(String(overlap)) || days > MAX_OVERLAP_DAYS)
    throw new WrongInput(`--overlap is a number of days from 0 to ${MAX_OVERLAP_DAYS}.`);
  return { overlapDays: days };
}
