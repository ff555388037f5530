/** A key pair made in the browser: the private half is saved by the browser and never sent. */
import { readFile } from 'node:fs/promises';
import { importJWK, importPKCS8, type JWK, jwtVerify, SignJWT } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findAccountId } from '#src/people/identifiers.ts';
import { grantMembership } from '#src/people/memberships.ts';
import { findClient } from '#src/registry/clients.ts';
import { openStage, type Stage, signInByPassword } from './stage.ts';
import type { Visitor } from './visitor.ts';

let stage: Stage;
let me: Visitor;
beforeAll(async () => {
  stage = await openStage();
  me = await stage.visitor({ acceptDownloads: true });
});
afterAll(async () => {
  await me?.[Symbol.asyncDispose]();
  await stage?.[Symbol.asyncDispose]();
});

/** Siti is a developer of the health office, at the console. */
async function comeIn(): Promise<void> {
  const { world } = stage;
  const { database, house } = world;
  const accountId = await findAccountId(database, house.secrets, { kind: 'email', value: 'siti@contoh.id' });
  const role = { accountId: accountId ?? '', agencyId: 'dinas-kesehatan', role: 'developer' } as const;
  await grantMembership(database, role, 'command');
  await me.page.goto(`${world.issuer}/account`);
  await signInByPassword(me.page);
  await me.page.click('#add-passkey');
  await me.page.waitForSelector('[data-passkey]');
  await me.page.goto(`${world.issuer}/console/apps/puskesmas-online/keys`);
  await me.page.click('#passkey');
  await me.page.waitForSelector('#jwks');
}

test('the public half is registered, the private half is a file of hers alone, and the policy stops nothing', async () => {
  await comeIn();
  const sent: string[] = [];
  me.page.on('request', (request) => sent.push(`${request.url()} ${request.postData() ?? ''}`));
  const saving = me.page.waitForEvent('download');
  await me.page.click('#make-key');
  const file = await saving;
  expect(file.suggestedFilename()).toBe('puskesmas-online-kunci.pem');
  const pem = await readFile(await file.path(), 'utf8');
  const privateKey = await importPKCS8(pem, 'ES256');
  await me.page.click('#add-keys');
  await me.page.waitForSelector('[data-kid]');

  const client = await findClient(stage.world.database, 'puskesmas-online');
  const [key] = client?.jwks?.keys ?? [];
  expect(await me.page.getAttribute('[data-kid]', 'data-kid')).toBe(key?.kid);
  const proof = await new SignJWT({}).setProtectedHeader({ alg: 'ES256' }).sign(privateKey);
  await jwtVerify(proof, await importJWK(key as JWK, 'ES256'));
  const body = pem.replace(/-----[^-]+-----|\s/g, '');
  expect(sent.filter((request) => request.startsWith('http')).length).toBeGreaterThan(0);
  expect(sent.join(' ')).not.toContain(encodeURIComponent(body.slice(40, 120)));
  expect(sent.join(' ')).not.toContain('%22d%22');
  expect(me.complaints).toEqual([]);
});
