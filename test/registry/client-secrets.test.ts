import { afterEach, beforeEach, describe, expect, inject, test, vi } from 'vitest';
import { Database, type Db } from '#src/base/database.ts';
import { saveAgency } from '#src/registry/agencies.ts';
import { endSecret, listSecrets, type Rotation, rotateSecret, setClientSecret } from '#src/registry/client-secrets.ts';
import { saveClient, setClientState } from '#src/registry/client-writes.ts';
import { loadClient } from '#src/registry/clients.ts';
import { compareClientSecret, findMatchingSecret } from '#src/registry/secret-hashes.ts';
import { readRegistryVersion } from '#src/registry/version.ts';
import { createDatabase, PATIENCE, type TestDatabase } from '#test/support/postgres.ts';
import { agency, clientDraft, newSecrets } from './fixtures.ts';

let home: TestDatabase;
let database: Database;
const secrets = newSecrets();

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  vi.setSystemTime('2026-03-01T00:00:00Z');
  home = await createDatabase(inject('adminUrl'), { template: inject('emptyTemplate') });
  database = new Database(home.url, PATIENCE);
  const { id, name, domain } = agency;
  const health = { id, name, nameEn: agency['name#en'], legalName: agency.legal_name, domain };
  await write((tx) => saveAgency(tx, health, 'test'));
  await write((tx) => saveClient(tx, clientDraft(), 'test'));
});

afterEach(async () => {
  vi.useRealTimers();
  await database.close();
  await home.drop();
});

function write<T>(work: (tx: Db) => Promise<T>): Promise<T> {
  return database.transaction(work);
}

function rotate(how: Partial<Rotation> = {}) {
  return write((tx) => rotateSecret(tx, secrets, { clientId: 'puskesmas', actor: 'siti', ...how }));
}

async function accepts(candidate: string): Promise<boolean> {
  return compareClientSecret(secrets, await loadClient(database, 'puskesmas'), candidate);
}

describe('rotating', () => {
  test('makes a secret that is shown once; the one before ends on the chosen date, the new one in a year', async () => {
    const first = await rotate();
    expect(first.previousEndsAt).toBeUndefined();
    expect(first.secret).toMatch(/^[\w-]{43}$/);
    const second = await rotate({ endsAt: new Date('2026-03-20T00:00:00Z') });
    expect([await accepts(first.secret), await accepts(second.secret), await accepts('x')]).toEqual([
      true,
      true,
      false,
    ]);
    vi.setSystemTime('2026-03-19T23:59:59Z');
    expect(await accepts(first.secret)).toBe(true);
    vi.setSystemTime('2026-03-20T00:00:00Z');
    expect([await accepts(first.secret), await accepts(second.secret)]).toEqual([false, true]);
    vi.setSystemTime('2027-03-01T00:00:00Z');
    expect(await accepts(second.secret)).toBe(false);
  });

  test('moves the registry on, so that every process follows', async () => {
    const before = await readRegistryVersion(database);
    await rotate();
    expect(await readRegistryVersion(database)).toBe(before + 1);
    expect((await loadClient(database, 'puskesmas')).version).toBe(before + 1);
  });

  test('never leaves three alive, unless all others end at once', async () => {
    const first = await rotate();
    const second = await rotate();
    await expect(rotate()).rejects.toMatchObject({ code: 'two_secrets_live' });
    const third = await rotate({ overlapDays: 0 });
    expect([await accepts(first.secret), await accepts(second.secret), await accepts(third.secret)]).toEqual([
      false,
      false,
      true,
    ]);
  });

  test('of fifty at once: two secrets are alive and every other was refused', async () => {
    const tries = await Promise.allSettled(Array.from({ length: 50 }, () => rotate()));
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
    expect(await listSecrets(database, 'puskesmas')).toHaveLength(2);
  });

  test('never makes an old secret last longer', async () => {
    await rotate();
    vi.setSystemTime('2027-02-25T00:00:00Z');
    const { id } = await rotate({ overlapDays: 90 });
    const old = (await listSecrets(database, 'puskesmas')).find((one) => one.id !== id);
    expect(old?.expiresAt).toEqual(new Date('2027-03-01T00:00:00Z'));
  });

  test.each([
    { overlapDays: -1 },
    { overlapDays: 91 },
    { overlapDays: Number.NaN },
    { endsAt: new Date('2026-02-28T00:00:00Z') },
  ])('refuses %o', async (how) => {
    await expect(rotate(how)).rejects.toMatchObject({ code: 'overlap_out_of_range' });
  });

  test('is for apps that have a secret and are not retired', async () => {
    const method = { tokenEndpointAuthMethod: 'private_key_jwt', jwksUri: 'https://a.contoh.go.id/jwks' } as const;
    await write((tx) => saveClient(tx, clientDraft({ id: 'kunci', ...method }), 'test'));
    await expect(rotate({ clientId: 'kunci' })).rejects.toMatchObject({ code: 'client_without_secret' });
    await expect(rotate({ clientId: 'tiada' })).rejects.toMatchObject({ code: 'client_not_found' });
    await write((tx) => setClientState(tx, 'puskesmas', 'retired', 'test'));
    await expect(rotate()).rejects.toMatchObject({ code: 'client_retired' });
  });
});

describe('what is kept', () => {
  test('is who made it, when it ends and its last characters; the secret and its hash are nowhere to be read', async () => {
    const { secret, id } = await rotate();
    const listed = await listSecrets(database, 'puskesmas');
    expect(listed).toEqual([
      {
        id,
        hint: secret.slice(-4),
        createdAt: new Date('2026-03-01T00:00:00Z'),
        createdBy: 'siti',
        expiresAt: new Date('2027-03-01T00:00:00Z'),
        lastUsedAt: undefined,
        network: undefined,
      },
    ]);
    const rows = await database.query('select * from client_secrets');
    const events = await database.query('select * from admin_events');
    expect(JSON.stringify([rows, events, listed])).not.toContain(secret);
  });

  test('says when and from where each was last used', async () => {
    const { id } = await rotate();
    const usedAt = new Date('2026-03-01T08:00:00Z');
    await database.execute(`insert into client_credential_uses values ('puskesmas', $1, $2, '203.0.113.0/24')`, [
      `secret:${id}`,
      usedAt,
    ]);
    expect(await listSecrets(database, 'puskesmas')).toMatchObject([{ lastUsedAt: usedAt, network: '203.0.113.0/24' }]);
  });

  test('lets a secret that has ended be recognised, and forgets all but the last of them', async () => {
    const first = await rotate();
    await rotate({ overlapDays: 0 });
    const client = await loadClient(database, 'puskesmas');
    expect(findMatchingSecret(secrets, client, first.secret)?.id).toBe(first.id);
    expect(findMatchingSecret(secrets, client, 'x')).toBeUndefined();
    for (let count = 0; count < 10; count += 1) {
      vi.setSystemTime(Date.now() + 60_000);
      await rotate({ overlapDays: 0 });
    }
    expect(await listSecrets(database, 'puskesmas')).toHaveLength(4);
    expect(await accepts(first.secret)).toBe(false);
  });
});

test('looks at every secret it has, whichever it is', async () => {
  const [first, second] = [await rotate(), await rotate()];
  const { id, secrets: kept } = await loadClient(database, 'puskesmas');
  let looks = 0;
  const watched = kept.map((one) => ({
    ...one,
    get hash() {
      looks += 1;
      return one.hash;
    },
  }));
  const counts = [first.secret, second.secret, 'x'].map((candidate) => {
    looks = 0;
    findMatchingSecret(secrets, { id, secrets: watched }, candidate);
    return looks;
  });
  expect(counts).toEqual([2, 2, 2]);
});

describe('ending', () => {
  test('takes effect at once, only for this secret, only once', async () => {
    const [first, second] = [await rotate(), await rotate()];
    const end = (secretId: string) => write((tx) => endSecret(tx, { clientId: 'puskesmas', secretId, actor: 'siti' }));
    await end(first.id);
    expect([await accepts(first.secret), await accepts(second.secret)]).toEqual([false, true]);
    await expect(end(first.id)).rejects.toMatchObject({ code: 'secret_not_found' });
    await expect(end('x')).rejects.toMatchObject({ code: 'secret_not_found' });
    const ended = await database.query(`select actor from admin_events where kind = 'client.secret-ended'`);
    expect(ended).toEqual([{ actor: 'siti' }]);
  });

  test('of another client is refused', async () => {
    const { id } = await rotate();
    await write((tx) => saveClient(tx, clientDraft({ id: 'lain' }), 'test'));
    const other = write((tx) => endSecret(tx, { clientId: 'lain', secretId: id, actor: 'siti' }));
    await expect(other).rejects.toMatchObject({ code: 'secret_not_found' });
  });
});

test('one that a file sets has no end of its own, and ends like any other once another is made', async () => {
  await write((tx) => setClientSecret(tx, secrets, 'puskesmas', 'dari-berkas', 'command'));
  expect(await listSecrets(database, 'puskesmas')).toMatchObject([{ expiresAt: undefined, createdBy: 'command' }]);
  await rotate({ overlapDays: 1 });
  expect(await accepts('dari-berkas')).toBe(true);
  vi.setSystemTime('2026-03-02T00:00:00Z');
  expect(await accepts('dari-berkas')).toBe(false);
});
