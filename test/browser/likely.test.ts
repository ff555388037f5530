/** What is like a new app appears while one still types, and goes along with the first sending of the form. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findAccountId } from '#src/people/identifiers.ts';
import { grantMembership } from '#src/people/memberships.ts';
import { listCasesOf } from '#src/registry/cases.ts';
import { openStage, type Stage, signInByPassword } from './stage.ts';
import type { Visitor } from './visitor.ts';

const simple = { scope: 'openid profile', claims: [{ name: 'name', required: true, purpose: 'Menyapa Anda.' }] };
const words = { name: 'Jadwal Dokter Spesialis', purpose: 'Melihat jadwal dokter spesialis.' };

let stage: Stage;
let me: Visitor;
beforeAll(async () => {
  stage = await openStage();
  me = await stage.visitor();
});
afterAll(async () => {
  await me?.[Symbol.asyncDispose]();
  await stage?.[Symbol.asyncDispose]();
});

test('with a script there is no second step', async () => {
  const { world } = stage;
  const { database, house } = world;
  const known = { ...simple, client_id: 'jadwal-dokter', client_name: words.name, purpose: words.purpose };
  await world.declare({ ...known, state: 'live' });
  const accountId = await findAccountId(database, house.secrets, { kind: 'email', value: 'siti@contoh.id' });
  const role = { accountId: accountId ?? '', agencyId: 'badan-pendapatan-daerah', role: 'developer' } as const;
  await grantMembership(database, role, 'command');
  const { page } = me;
  await page.goto(`${world.issuer}/account`);
  await signInByPassword(page);
  await page.click('#add-passkey');
  await page.waitForSelector('[data-passkey]');
  await page.goto(`${world.issuer}/console/apps/new`);
  await page.click('#passkey');
  await page.fill('#name', words.name);
  await page.fill('#purpose', words.purpose);
  await page.press('#purpose', 'Tab');
  await page.waitForSelector('[data-likely="client:jadwal-dokter"]');
  expect(await page.inputValue('#name')).toBe(words.name);
  await page.fill('#justification', 'Yang ada tidak melayani dokter gigi.');
  await page.click('#register');
  await page.waitForURL('**/console/apps/jadwal-dokter-spesialis/start*');
  expect(await listCasesOf(database, 'jadwal-dokter-spesialis')).toHaveLength(1);
  expect(me.complaints).toEqual([]);
});
