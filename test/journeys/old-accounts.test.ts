import { expect, test } from 'vitest';
import { stepTo } from '#src/registry/migration.ts';
import { eventually } from '#test/support/eventually.ts';
import { openWorld, password, signIn } from '#test/support/world.ts';

test('who comes from an app that leaves old accounts behind is told that the old password does not work here', async () => {
  await using world = await openWorld();
  await world.citizen('siti-lama@contoh.id', { name: 'Siti', password });
  const cause = { clientId: 'puskesmas-online', via: 'command', actor: 'command', mode: 'sandbox' } as const;
  const app = await world.app();
  const open = async () => world.browser().visit((await app.startSignIn()).url);
  const says = async (isSaid: boolean) =>
    eventually(async () => expect((await open()).has('#old-account')).toBe(isSaid));
  const moveTo = (stage: 'default' | 'off', percentage: number) =>
    world.database.transaction((tx) => stepTo(tx, cause, { standing: { stage, percentage } }));
  await says(false);
  await moveTo('default', 10);
  await says(true);
  const page = await open();
  expect(page.text('#old-account')).toContain('Puskesmas Online');
  expect((await signIn(page, 'siti-lama@contoh.id')).has('#old-account')).toBe(false);
  await moveTo('off', 100);
  await says(false);
});
