/** What a session keeps of its browser, sealed. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { wrappingKeyring } from '#src/base/secrets.ts';
import { openTrail, resealTrails } from '#src/oidc/trails.ts';
import { testMasterKey } from '#test/support/master-key.ts';
import { openWorld, password, signIn, type World } from '#test/support/world.ts';

let world: World;

beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world?.[Symbol.asyncDispose]());

test('moves under another master key, once, and without it is as if nothing were kept', async () => {
  const id = await world.citizen('jejak@contoh.id', { password });
  await signIn(await world.browser().visit(`${world.issuer}/account`), 'jejak@contoh.id');
  const next = randomBytes(32);
  const both = wrappingKeyring([next, testMasterKey]);
  expect(await resealTrails(world.database, both)).toBe(1);
  expect(await resealTrails(world.database, both)).toBe(0);
  const row = await world.database.first<{ uid: string; about: Buffer }>(
    'select uid, about from sessions where account_id = $1',
    [id],
  );
  const open = (key: Buffer, uid = row?.uid ?? '') => openTrail(wrappingKeyring([key]), uid, row?.about ?? null);
  expect(open(next)).toMatchObject({ network: expect.stringMatching(/^(127\.0\.0\.0\/24|0:0:0::\/48)$/) });
  expect(open(testMasterKey)).toBeUndefined();
  expect(open(next, 'another-session')).toBeUndefined();
});
