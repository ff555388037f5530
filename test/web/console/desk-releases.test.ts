import { afterAll, beforeAll, expect, test } from 'vitest';
import { listMessages } from '#src/people/messages.ts';
import { saveAgency } from '#src/registry/agencies.ts';
import { signInto } from '#test/oidc/flows.ts';
import { colleague, openConsole } from '#test/support/console.ts';
import { openWorld, password, type World } from '#test/support/world.ts';

let world: World;

beforeAll(async () => {
  world = await openWorld();
  const desk = { name: 'Dukcapil Uji', nameEn: 'Registry', legalName: 'Dukcapil Uji', domain: 'dukcapil.contoh.go.id' };
  await saveAgency(world.database, { id: 'dukcapil-uji', ...desk }, 'test');
});

afterAll(() => world[Symbol.asyncDispose]());

const at = '/console/desk/releases';

test('who looks at the releases of a person says why and in which case, and the person reads it and is told', async () => {
  const mail = 'dilihat@contoh.id';
  await world.citizen(mail, { name: 'Karto Wibowo', password });
  const karto = world.browser();
  await signInto(await world.app(), karto, {}, mail);
  const sari = await colleague(world, 'petugas-lihat@contoh.id', { 'dukcapil-uji': ['desk'] });
  const { page } = await openConsole(world, sari, { at });

  const refused = await page.fill({ named: mail, case: 'ADU-7' }).press('#look');
  expect(refused.status).toBe(422);
  const seen = await refused.tick('reason', 'asked-by-person').press('#look');
  expect(seen.text('[data-release]')).toContain('Puskesmas Online');
  expect(seen.text('main')).not.toContain(mail);
  expect(seen.url.href).not.toContain('Karto');

  const list = await karto.visit(`${world.issuer}/account/releases`);
  expect(list.text('[data-look]')).toMatch(/Dukcapil Uji.*petugas loket.*diminta oleh pemilik akun.*ADU-7/);
  const { database, secrets } = world.house;
  const told = await listMessages(database, secrets, { to: { kind: 'email', value: mail }, limit: 9 });
  expect(told.map(({ text }) => text).join()).toContain('ADU-7');
  const events = await database.query<{ subject: string; details: object }>(
    `select subject, details from admin_events where kind = 'desk.releases-read'`,
  );
  expect(events).toEqual([
    { subject: 'desk dukcapil-uji', details: { found: true, reason: 'asked-by-person', case: 'ADU-7' } },
  ]);
  const left = await seen.press('#leave');
  expect(left.has('#look')).toBe(true);
});

test('nobody looks without a role for it, or goes on where they have not looked', async () => {
  const owner = await colleague(world, 'bukan-petugas@contoh.id', { 'dukcapil-uji': ['owner'] });
  const { page } = await openConsole(world, owner, { at });
  expect(page.text('#error-code')).toBe('role_required');
  const sari = await colleague(world, 'petugas-lain@contoh.id', { 'dukcapil-uji': ['desk'] });
  const other = await openConsole(world, sari, { at: `${at}/person` });
  expect(other.page.has('#look')).toBe(true);
});
