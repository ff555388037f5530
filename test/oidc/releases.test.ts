/** Every hand-over of claims is on the record that its person reads (`src/oidc/releases.ts`). */
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { listReleases, type Release } from '#src/consents/releases.ts';
import { findAccountId, parseIdentifier } from '#src/people/identifiers.ts';
import { curious, everyScope, signInto } from '#test/oidc/flows.ts';
import { openWorld, type World } from '#test/support/world.ts';

let world: World;
let budi: string;

beforeAll(async () => {
  world = await openWorld();
  const address = parseIdentifier('budi@contoh.id');
  budi = (address && (await findAccountId(world.database, world.house.secrets, address))) ?? '';
  await world.declare(curious('ingin-tahu'), curious('kedua'));
});
afterAll(() => world?.[Symbol.asyncDispose]());
afterEach(() => vi.useRealTimers());

/** What is on record of an account, the latest first, late notes included. */
async function releasesOf(accountId: string, clientId?: string): Promise<Release[]> {
  await world.database.settle();
  return listReleases(world.database, world.house.secrets, accountId, { clientId, limit: 100 });
}

test('a code exchange puts on record what its tokens make readable, and who, when and from where', async () => {
  const app = await world.app({ clientId: 'ingin-tahu', scope: 'openid email' });
  const before = new Date();
  await signInto(app, world.browser(), { prompt: 'consent' }, 'budi@contoh.id');
  const [release, ...others] = await releasesOf(budi, 'ingin-tahu');
  expect(others).toEqual([]);
  expect(release).toMatchObject({
    ...{ kind: 'code', clientId: 'ingin-tahu', network: '127.0.0.0/24', reads: 1 },
    claims: ['email', 'email_verified'],
  });
  expect(release?.at.getTime()).toBeGreaterThanOrEqual(before.getTime());
});

test('userinfo, refreshing and introspection are one row a day each, counted', async () => {
  const app = await world.app({ clientId: 'kedua', scope: everyScope });
  const { tokens } = await signInto(app, world.browser(), { prompt: 'consent' }, 'budi@contoh.id');
  for (let i = 0; i < 3; i += 1) {
    await app.userinfo(tokens.access_token);
    await app.introspect(tokens.access_token);
    await app.refresh(tokens.refresh_token ?? '');
  }
  const releases = await releasesOf(budi, 'kedua');
  expect(Object.fromEntries(releases.map(({ kind, reads }) => [kind, reads]))).toEqual({
    ...{ code: 1, refresh: 3, userinfo: 3, introspection: 3 },
  });
  expect(releases).toHaveLength(4);
});
