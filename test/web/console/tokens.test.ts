/** The page of an agency's registration tokens, as its developer uses it, without JavaScript. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask } from '#test/support/api.ts';
import { colleague, openConsole } from '#test/support/console.ts';
import { openWorld, type World } from '#test/support/world.ts';

const agencyId = 'dinas-kesehatan';
const at = `/console/agencies/${agencyId}/tokens`;

let world: World;
let developer: Awaited<ReturnType<typeof colleague>>;

beforeAll(async () => {
  world = await openWorld();
  developer = await colleague(world, 'dewa@dinkes.contoh.go.id', { [agencyId]: ['developer'] }, 'Dewa Putra');
});
afterAll(() => world?.[Symbol.asyncDispose]());

const register = (token: string) =>
  ask('POST', `${world.issuer}/register`, {
    body: { client_name: 'Antrean', redirect_uris: ['http://localhost:3001/callback'] },
    headers: { authorization: `Bearer ${token}` },
  });

test('a token is made, shown once with a request that works, and revoked', async () => {
  const { browser, page } = await openConsole(world, developer, { at });
  expect(page.has('#no-tokens')).toBe(true);
  page.fill({ label: 'Pipa rilis', days: '7', uses: '2' });
  const made = await page.press('#make-token');
  const token = made.text('#token');
  expect(made.text('pre')).toContain(`${world.issuer}/register`);
  expect(made.text('[data-token]')).toContain('Pipa rilis');
  expect(made.text('[data-token]')).toContain('Dewa Putra');
  expect((await register(token)).status).toBe(201);
  const again = await browser.visit(`${world.issuer}${at}`);
  expect(again.has('#token')).toBe(false);
  const revoked = await again.press('[data-token] button[value="revoke"]');
  expect(revoked.has('[data-token] button[value="revoke"]')).toBe(false);
  expect((await register(token)).status).toBe(401);
});

test('what cannot be is said at its field, and what was typed stays', async () => {
  const { page } = await openConsole(world, developer, { at });
  page.fill({ label: ' ', days: '91', uses: '12x' });
  const answer = await page.press('#make-token');
  expect(answer.status).toBe(422);
  for (const field of ['label', 'days', 'uses']) expect(answer.has(`#${field}[aria-invalid="true"]`)).toBe(true);
  expect(answer.value('days')).toBe('91');
});

test('is open to those who make secrets for the agency, and to nobody else', async () => {
  const auditor = await colleague(world, 'ayu@dinkes.contoh.go.id', { [agencyId]: ['auditor'] });
  const neighbour = await colleague(world, 'nia@pajak.contoh.go.id', { 'dinas-kominfo': ['owner'] });
  expect((await openConsole(world, auditor, { at })).page.status).toBe(403);
  expect((await openConsole(world, neighbour, { at })).page.status).toBe(404);
});
