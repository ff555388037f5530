/** A pipeline carries an app from the sandbox to another deployment: two machines, one bundle. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { saveAgency } from '#src/registry/agencies.ts';
import { listCasesOf } from '#src/registry/cases.ts';
import { findClient } from '#src/registry/clients.ts';
import { closeRegistrations, openRegistrations } from '#src/registry/closures.ts';
import { listVersions } from '#src/registry/versions.ts';
import { type ApiClient, openApi } from '#test/support/api.ts';
import { openWorld, type World } from '#test/support/world.ts';

let sandbox: World;
let elsewhere: World;
let here: ApiClient;
let there: ApiClient;

beforeAll(async () => {
  sandbox = await openWorld();
  const settings = { INTRANET_ALLOWLIST: '127.0.0.0/8,::1/128', BUNDLE_SENDERS: sandbox.issuer };
  elsewhere = await openWorld({ settings });
  // Its port is known only when its server listens.
  Object.assign(sandbox.house.config, { bundleReceiver: elsewhere.issuer });
  here = await openApi(sandbox);
  there = await openApi(elsewhere, { clientId: 'mesin-produksi' });
});
afterAll(async () => {
  await Promise.all([sandbox?.[Symbol.asyncDispose](), elsewhere?.[Symbol.asyncDispose]()]);
});

const declaration = {
  client_id: 'portal-pindah',
  client_name: 'Portal Pindah',
  purpose: 'Mengurus surat.',
  redirect_uris: ['https://portal.contoh.go.id/callback'],
};

async function exported(): Promise<string> {
  const { json, status } = await here.post('/apps/portal-pindah/bundle', undefined);
  expect([status, json.receiver]).toEqual([200, elsewhere.issuer]);
  return String(json.bundle);
}

test('an app goes across, once, by the machine of its own agency alone', async () => {
  await here.post(`/agencies/${here.agencyId}/apps`, { declaration });
  const bundle = await exported();
  // There is no such agency there yet.
  const stranger = await there.post('/bundles', { bundle });
  expect([stranger.status, stranger.json.code]).toEqual([404, 'not_here']);
  const place = { legalName: 'Uji', domain: 'uji.contoh.go.id', parentId: there.agencyId };
  const draft = { ...place, id: here.agencyId, name: 'Uji', nameEn: 'Test' };
  await elsewhere.database.transaction((tx) => saveAgency(tx, draft, 'test'));

  const taken = await there.post('/bundles', { bundle }, { 'idempotency-key': 'pindah-1' });
  expect(taken.json).toMatchObject({ outcome: 'created', app: { id: 'portal-pindah', agency: here.agencyId } });
  expect(await findClient(elsewhere.database, 'portal-pindah')).toMatchObject({ agencyId: here.agencyId });
  const [version] = await listVersions(elsewhere.database, 'portal-pindah');
  expect(version).toMatchObject({ via: 'bundle', actor: 'client mesin-produksi' });
  expect((await there.post('/bundles', { bundle }, { 'idempotency-key': 'pindah-1' })).json).toEqual(taken.json);
  expect((await there.post('/bundles', { bundle })).json.code).toBe('bundle_used');
});

test('one like an app that is there takes a justification there, one of a closed agency is refused and counted', async () => {
  const like = { ...declaration, client_id: 'karcis-museum', client_name: 'Karcis Museum Daring' };
  await here.post(`/agencies/${here.agencyId}/apps`, { declaration: like });
  await elsewhere.declare({ ...like, client_id: 'karcis-lama', state: 'live' });
  const bundleOf = async () => String((await here.post('/apps/karcis-museum/bundle', undefined)).json.bundle);
  const closing = { agencyId: here.agencyId, reason: 'Dipadukan dahulu.', actor: 'command' };
  const closed = await elsewhere.database.transaction((tx) => closeRegistrations(tx, closing));
  const bundle = await bundleOf();
  for (const _again of [1, 2]) {
    const stopped = await there.post('/bundles', { bundle });
    expect([stopped.status, stopped.json.code]).toEqual([403, 'registrations_closed']);
  }
  const counted = await elsewhere.database.query('select name from registrations_not_made');
  expect(counted).toEqual([{ name: 'Karcis Museum Daring' }]);
  await elsewhere.database.transaction((tx) => openRegistrations(tx, closed.id, 'command'));
  const unsaid = await there.post('/bundles', { bundle });
  expect([unsaid.status, unsaid.json.code]).toEqual([409, 'likely_duplicate']);
  const justification = 'Museum kami menjual karcis rombongan.';
  expect((await there.post('/bundles', { bundle, justification })).json).toMatchObject({ outcome: 'created' });
  expect(await listCasesOf(elsewhere.database, 'karcis-museum')).toMatchObject([
    { status: 'open', justification, via: 'bundle' },
  ]);
});

test('what is no bundle, or altered, is refused', async () => {
  const [head, body, signature] = (await exported()).split('.');
  for (const bundle of ['x', 'x.y.z', `${head}.${body}.`, `${head}.${body?.slice(1)}.${signature}`]) {
    const { status, json } = await there.post('/bundles', { bundle });
    expect([status, json.code]).toEqual([400, 'bundle_refused']);
  }
});

test('where nothing is sent to, nothing is signed', async () => {
  const { status } = await there.post('/apps/mesin-produksi/bundle', undefined);
  expect(status).toBe(400);
});
