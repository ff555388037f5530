import { afterEach, beforeEach, describe, expect, inject, test, vi } from 'vitest';
import { Database, type Db } from '#src/base/database.ts';
import { saveAgency } from '#src/registry/agencies.ts';
import { isAvailable } from '#src/registry/client-reach.ts';
import { setClientSecret } from '#src/registry/client-secrets.ts';
import { saveClient, setClientState } from '#src/registry/client-writes.ts';
import { type ClientState, clientStates, findClient, listClients, loadClient } from '#src/registry/clients.ts';
import { noteFirstSignIn } from '#src/registry/first-sign-ins.ts';
import {
  type ApplyOptions,
  applyRegistrations,
  type Registration,
  readRegistrations,
  sandboxSecret,
  seedExampleRegistry,
} from '#src/registry/registrations.ts';
import { compareClientSecret } from '#src/registry/secret-hashes.ts';
import { readRegistryVersion } from '#src/registry/version.ts';
import { createDatabase, PATIENCE, type TestDatabase } from '#test/support/postgres.ts';
import { agency, clientDraft, newSecrets, openFolder, webClient } from './fixtures.ts';

let home: TestDatabase;
let database: Database;
const secrets = newSecrets();
const health = {
  id: agency.id,
  name: agency.name,
  nameEn: agency['name#en'],
  legalName: agency.legal_name,
  domain: agency.domain,
};
const tax = { ...health, id: 'bapenda', name: 'Bapenda', nameEn: 'Revenue', domain: 'bapenda.contoh.go.id' };

beforeEach(async () => {
  home = await createDatabase(inject('adminUrl'), { template: inject('emptyTemplate') });
  database = new Database(home.url, PATIENCE);
});

afterEach(async () => {
  vi.useRealTimers();
  await database.close();
  await home.drop();
});

function write<T>(work: (tx: Db) => Promise<T>): Promise<T> {
  return database.transaction(work);
}

/** No two events are of the same moment: which of them comes first would be left to random ids. */
function aSecondLater() {
  vi.setSystemTime(Date.now() + 1_000);
}

/** An agency and one live client of it. */
async function registerClient(changes: Parameters<typeof clientDraft>[0] = {}) {
  await write((tx) => saveAgency(tx, health, 'test'));
  return write((tx) => saveClient(tx, clientDraft(changes), 'test'));
}

async function listEvents(): Promise<string[]> {
  const rows = await database.query<{ kind: string; subject: string; details: { fields?: string[] } }>(
    'select kind, subject, details from admin_events order by at, id',
  );
  return rows.map(({ kind, subject, details }) => [kind, subject, ...(details.fields ?? [])].join(' '));
}

function declareSector(id: string) {
  return database.execute('insert into sectors (id, name, name_en, updated_at) values ($1, $1, $1, $2)', [
    id,
    new Date(),
  ]);
}

async function listConfirmed() {
  const rows = await database.query<{ role: string; confirmed: boolean }>(
    'select role, confirmed_at is not null as confirmed from client_contacts order by role',
  );
  return rows.map(({ role, confirmed }) => [role, confirmed]);
}

/** What a deployment's `clients apply` does with the content of files. */
async function apply(contents: readonly unknown[], options: Partial<ApplyOptions> = {}) {
  await using folder = await openFolder();
  const paths: string[] = [];
  for (const content of contents) paths.push(await folder.write(content));
  const mode = options.mode ?? 'production';
  const { registrations, mistakes } = await readRegistrations(paths, { mode });
  expect(mistakes).toEqual([]);
  return await applyAll(registrations, { mode, ...options });
}

function applyAll(registrations: readonly Registration[], options: Partial<ApplyOptions>) {
  const environment = { PUSKESMAS_SECRET: 'rahasia-puskesmas-0123456789-abcdef' };
  return applyRegistrations(database, secrets, registrations, {
    ...{ actor: 'command', environment, mode: 'production' },
    ...options,
  });
}

describe('a client', () => {
  test('is read as it was saved', async () => {
    const draft = clientDraft({
      homeUri: 'https://puskesmas.contoh.go.id/',
      initiateLoginUri: 'https://puskesmas.contoh.go.id/masuk',
      backchannelLogoutUri: 'https://puskesmas.contoh.go.id/keluar',
      backchannelLogoutSessionRequired: true,
      logoUri: 'https://puskesmas.contoh.go.id/logo.png',
      policyUri: 'https://puskesmas.contoh.go.id/privasi',
      tosUri: 'https://puskesmas.contoh.go.id/ketentuan',
      postLogoutRedirectUris: ['https://puskesmas.contoh.go.id/keluar'],
      grantTypes: ['authorization_code', 'refresh_token'],
      tokenEndpointAuthMethod: 'private_key_jwt',
      jwks: { keys: [{ kty: 'EC', crv: 'P-256', y: '2', x: '1' }] },
      userinfoSignedResponseAlg: 'RS256',
      requirePkce: false,
      requirePar: true,
      dpopBoundAccessTokens: true,
      rotateRefresh: true,
      defaultMaxAge: 0,
      minAuthentication: 'phrh',
      description: { id: 'Antrean puskesmas.', en: 'Places in the queue.' },
      sectors: ['kesehatan'],
      audience: ['citizens', 'officials'],
      serviceCode: 'RAL.02.03.01',
      minIdentity: 'ial2',
      securityProfile: 'fapi2',
      retentionDays: 90,
      rateTier: 'high',
      migrationStage: 'shadow',
      launchOn: '2027-01-31',
      sunsetOn: '2030-01-01',
      contacts: [
        { role: 'technical', email: 'tim@contoh.go.id' },
        { role: 'privacy', email: 'pdp@contoh.go.id' },
      ],
      eventUri: 'https://puskesmas.contoh.go.id/kabar',
    });
    await declareSector('kesehatan');
    await registerClient(draft);
    const record = await loadClient(database, 'puskesmas');
    expect(record).toMatchObject(draft);
    expect(record.agency).toEqual({ ...health, path: [health.id], createdAt: expect.any(Date) });
    expect(record).toMatchObject({
      secrets: [],
      testers: [],
      risk: 'medium',
      number: 0,
      firstSignInAt: undefined,
      version: await readRegistryVersion(database),
    });
  });

  test('saved again changes nothing; one change raises the version and says which', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    await write((tx) => saveAgency(tx, health, 'test'));
    aSecondLater();
    expect(await registerClient()).toBe('created');
    const version = await readRegistryVersion(database);
    expect(await registerClient()).toBe('unchanged');
    expect(await readRegistryVersion(database)).toBe(version);
    aSecondLater();
    expect(await registerClient({ consentDays: 30 })).toBe('updated');
    expect(await readRegistryVersion(database)).toBe(version + 1);
    expect(await listEvents()).toEqual([
      'agency.created agency dinas-kesehatan',
      'client.created client puskesmas',
      'client.changed client puskesmas consentDays',
    ]);
  });

  test('names only sectors that there are', async () => {
    await expect(registerClient({ sectors: ['kesehatan'] })).rejects.toMatchObject({ code: 'sector_not_found' });
    await declareSector('kesehatan');
    expect(await registerClient({ sectors: ['kesehatan'] })).toBe('created');
  });

  test('keeps the confirmation of a contact that stays, and that of no other', async () => {
    const tim = { role: 'technical', email: 'tim@contoh.go.id' } as const;
    await registerClient({ contacts: [tim] });
    await database.execute('update client_contacts set confirmed_at = $1', [new Date()]);
    await registerClient({ contacts: [tim, { role: 'security', email: tim.email }] });
    expect(await listConfirmed()).toEqual(
      [
        ['technical', true],
        ['security', false],
      ].sort(),
    );
    await registerClient({ contacts: [] });
    await registerClient({ contacts: [tim] });
    expect(await listConfirmed()).toEqual([['technical', false]]);
  });

  test('of an agency that is not registered is refused', async () => {
    await expect(write((tx) => saveClient(tx, clientDraft(), 'test'))).rejects.toMatchObject({
      code: 'agency_not_found',
    });
  });

  test('of type machine has an address of its own, until it is retired', async () => {
    const machine = { type: 'machine', homeUri: 'https://mesin.contoh.go.id/' } as const;
    await registerClient({ id: 'satu', ...machine });
    await expect(registerClient({ id: 'dua', ...machine })).rejects.toMatchObject({ code: 'machine_address_taken' });
    expect(await registerClient({ id: 'web', ...machine, type: 'web' })).toBe('created');
    await write((tx) => setClientState(tx, 'satu', 'retired', 'test'));
    expect(await registerClient({ id: 'dua', ...machine })).toBe('created');
  });

  test('that is not there: find says so, load refuses', async () => {
    expect(await findClient(database, 'tidak-ada')).toBeUndefined();
    await expect(loadClient(database, 'tidak-ada')).rejects.toMatchObject({ code: 'client_not_found' });
  });

  test('is listed page by page, also of one agency', async () => {
    await write((tx) => saveAgency(tx, tax, 'test'));
    for (const id of ['c3', 'c1', 'c2']) await registerClient({ id });
    await registerClient({ id: 'c4', agencyId: tax.id });
    const ids = async (page: Parameters<typeof listClients>[1]) =>
      (await listClients(database, page)).map(({ id }) => id);
    expect(await ids({ limit: 3 })).toEqual(['c1', 'c2', 'c3']);
    expect(await ids({ limit: 3, after: 'c3' })).toEqual(['c4']);
    expect(await ids({ agencyId: health.id, after: 'c1' })).toEqual(['c2', 'c3']);
  });

  test('counts as changed when its agency changes, another agency does not', async () => {
    await registerClient();
    await write((tx) => saveAgency(tx, tax, 'test'));
    await registerClient({ id: 'pajak', agencyId: tax.id });
    const before = await loadClient(database, 'pajak');
    expect(await write((tx) => saveAgency(tx, { ...health, domain: 'sehat.contoh.go.id' }, 'test'))).toBe('updated');
    const changed = await loadClient(database, 'puskesmas');
    expect(changed.agency.domain).toBe('sehat.contoh.go.id');
    expect(changed.version).toBe(await readRegistryVersion(database));
    expect(await loadClient(database, 'pajak')).toEqual(before);
  });
});

describe('the life-cycle', () => {
  test.each<[ClientState, boolean, boolean]>([
    ['draft', false, false],
    ['sandbox', true, false],
    ['review', false, false],
    ['live', true, true],
    ['suspended', false, false],
    ['retired', false, false],
  ])('a %s client may be used in a sandbox: %s, in production: %s', (state, inSandbox, inProduction) => {
    expect(isAvailable({ state }, 'sandbox')).toBe(inSandbox);
    expect(isAvailable({ state }, 'production')).toBe(inProduction);
    expect(clientStates).toContain(state);
  });

  test('suspending and resuming is recorded; retiring is for good', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    await registerClient();
    const go = (state: ClientState) => {
      aSecondLater();
      return write((tx) => setClientState(tx, 'puskesmas', state, 'admin'));
    };
    expect(await go('suspended')).toBe(true);
    expect(await go('suspended')).toBe(false);
    expect(await go('live')).toBe(true);
    expect(await go('retired')).toBe(true);
    await expect(go('live')).rejects.toMatchObject({ code: 'client_retired' });
    expect((await loadClient(database, 'puskesmas')).state).toBe('retired');
    const events = await database.query(
      `select actor, details from admin_events where kind = 'client.state-changed' order by at, id`,
    );
    expect(events).toEqual([
      { actor: 'admin', details: { from: 'live', to: 'suspended' } },
      { actor: 'admin', details: { from: 'suspended', to: 'live' } },
      { actor: 'admin', details: { from: 'live', to: 'retired' } },
    ]);
  });

  test('of a client that is not there is refused', async () => {
    await expect(write((tx) => setClientState(tx, 'x', 'live', 'admin'))).rejects.toMatchObject({
      code: 'client_not_found',
    });
  });
});

describe('the subject group', () => {
  test('may change until the first sign-in and never after it', async () => {
    await registerClient();
    expect(await registerClient({ subjectGroupId: 'dinas-kesehatan.satu' })).toBe('updated');
    expect(await noteFirstSignIn(database, 'puskesmas')).toBe('dinas-kesehatan.satu');
    await expect(registerClient({ subjectGroupId: health.id })).rejects.toMatchObject({ code: 'subject_group_fixed' });
    const other = { subjectGroupId: 'dinas-kesehatan.satu', redirectUris: ['https://baru.contoh.go.id/callback'] };
    expect(await registerClient(other)).toBe('updated');
  });

  test('stays when the app moves to another agency', async () => {
    await registerClient();
    await noteFirstSignIn(database, 'puskesmas');
    await write((tx) => saveAgency(tx, tax, 'test'));
    expect(await registerClient({ agencyId: tax.id })).toBe('updated');
    expect(await loadClient(database, 'puskesmas')).toMatchObject({
      agencyId: tax.id,
      subjectGroupId: health.id,
      agency: { name: 'Bapenda' },
    });
  });

  test('of many first sign-ins at once is one, and the moment is noted once', async () => {
    await registerClient();
    const groups = await Promise.all(Array.from({ length: 20 }, () => noteFirstSignIn(database, 'puskesmas')));
    expect(new Set(groups)).toEqual(new Set([health.id]));
    const { firstSignInAt, version } = await loadClient(database, 'puskesmas');
    expect(firstSignInAt).toBeInstanceOf(Date);
    await noteFirstSignIn(database, 'puskesmas');
    expect(await loadClient(database, 'puskesmas')).toMatchObject({ firstSignInAt, version });
    await expect(noteFirstSignIn(database, 'x')).rejects.toMatchObject({ code: 'client_not_found' });
  });
});

describe('secrets', () => {
  const setSecret = (secret: string) => write((tx) => setClientSecret(tx, secrets, 'puskesmas', secret, 'admin'));
  const accepts = async (candidate: string) =>
    compareClientSecret(secrets, await loadClient(database, 'puskesmas'), candidate);

  test('two are good during a rotation, and the older one ends by itself', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    vi.setSystemTime('2026-03-01T00:00:00Z');
    await registerClient();
    expect(await accepts('satu')).toBe(false);
    expect(await setSecret('satu')).toBe(true);
    expect(await setSecret('satu')).toBe(false);
    vi.setSystemTime('2026-03-02T00:00:00Z');
    await setSecret('dua');
    expect([await accepts('satu'), await accepts('dua'), await accepts('tiga')]).toEqual([true, true, false]);
    vi.setSystemTime('2026-03-02T23:59:59Z');
    expect(await accepts('satu')).toBe(true);
    vi.setSystemTime('2026-03-03T00:00:00Z');
    expect([await accepts('satu'), await accepts('dua')]).toEqual([false, true]);
  });

  test('there are never three, and going back makes the old one the current one', async () => {
    await registerClient();
    for (const secret of ['satu', 'dua', 'tiga']) await setSecret(secret);
    expect([await accepts('satu'), await accepts('dua'), await accepts('tiga')]).toEqual([false, true, true]);
    await setSecret('dua');
    const { secrets: stored } = await loadClient(database, 'puskesmas');
    expect(stored.filter(({ expiresAt }) => expiresAt === undefined)).toHaveLength(1);
    expect(stored).toHaveLength(2);
    expect(await accepts('dua')).toBe(true);
  });

  test('are stored as hashes that differ from client to client', async () => {
    await registerClient();
    await registerClient({ id: 'lain' });
    await setSecret('rahasia');
    await write((tx) => setClientSecret(tx, secrets, 'lain', 'rahasia', 'admin'));
    const rows = await database.query<{ hash: Buffer }>('select hash from client_secrets');
    expect(new Set(rows.map(({ hash }) => hash.toString('hex'))).size).toBe(2);
    expect(JSON.stringify(await database.query('select details from admin_events'))).not.toContain('rahasia');
    expect(compareClientSecret(newSecrets(), await loadClient(database, 'puskesmas'), 'rahasia')).toBe(false);
  });

  test('are gone when the client proves itself otherwise', async () => {
    await registerClient();
    await setSecret('rahasia');
    await registerClient({
      tokenEndpointAuthMethod: 'private_key_jwt',
      jwksUri: 'https://puskesmas.contoh.go.id/jwks',
    });
    expect((await loadClient(database, 'puskesmas')).secrets).toEqual([]);
  });
});

describe('applying registrations', () => {
  test('puts the sandbox in, once', async () => {
    const first = await seedExampleRegistry(database, secrets, { mode: 'sandbox' });
    expect(first.map(({ clientId, outcome, state }) => [clientId, outcome, state])).toEqual([
      ['pajak-daerah', 'created', 'sandbox'],
      ['puskesmas-online', 'created', 'sandbox'],
      ['layanan-spa', 'created', 'sandbox'],
      ['mesin-data', 'created', 'sandbox'],
      ['mesin-lab', 'created', 'sandbox'],
    ]);
    const version = await readRegistryVersion(database);
    const statements: string[] = [];
    database.onStatement = (text) => statements.push(text.trim());
    const again = await seedExampleRegistry(database, secrets, { mode: 'sandbox' });
    expect(statements.filter((text) => !text.startsWith('select') || text.includes('for update'))).toEqual([]);
    expect(again.every(({ outcome }) => outcome === 'unchanged')).toBe(true);
    expect(await readRegistryVersion(database)).toBe(version);
    const puskesmas = await loadClient(database, 'puskesmas-online');
    expect(compareClientSecret(secrets, puskesmas, sandboxSecret('puskesmas-online'))).toBe(true);
    expect(compareClientSecret(secrets, puskesmas, sandboxSecret('pajak-daerah'))).toBe(false);
    expect(puskesmas.claims.filter(({ required }) => required).map(({ claim }) => claim)).toEqual([
      'name',
      'email',
      'email_verified',
    ]);
    expect(await loadClient(database, 'layanan-spa')).toMatchObject({ rotateRefresh: true, secrets: [] });
  });

  test('has no place for the sandbox in production', async () => {
    await expect(seedExampleRegistry(database, secrets, { mode: 'production' })).rejects.toMatchObject({
      name: 'RegistrationError',
      message: expect.stringContaining('"http://localhost:3001/callback" is not https'),
    });
    expect(await listClients(database)).toEqual([]);
  });

  test('keeps a rotated secret of a sandbox client when the server starts again', async () => {
    await seedExampleRegistry(database, secrets, { mode: 'sandbox' });
    await write((tx) => setClientSecret(tx, secrets, 'mesin-data', 'milik-sendiri', 'admin'));
    await seedExampleRegistry(database, secrets, { mode: 'sandbox' });
    const { secrets: stored } = await loadClient(database, 'mesin-data');
    expect(stored.map(({ expiresAt }) => expiresAt === undefined)).toEqual([false, true]);
  });

  test('changes what changed, creates as a draft in production, leaves what a file no longer names', async () => {
    const states = await apply([{ agency, clients: [webClient, { ...webClient, client_id: 'lain' }] }]);
    expect(states.map(({ outcome, state }) => [outcome, state])).toEqual([
      ['created', 'draft'],
      ['created', 'draft'],
    ]);
    const next = await apply([{ agency, clients: [{ ...webClient, state: 'live' }] }]);
    expect(next).toMatchObject([{ clientId: 'puskesmas', outcome: 'updated', state: 'live' }]);
    expect((await loadClient(database, 'lain')).state).toBe('draft');
    expect(await apply([{ agency, clients: [webClient] }])).toMatchObject([{ outcome: 'unchanged', state: 'live' }]);
  });

  test('takes a secret from the environment, also a new one', async () => {
    await apply([{ agency, clients: [webClient] }]);
    const environment = { PUSKESMAS_SECRET: 'rahasia-yang-baru-0123456789-abcdef' };
    expect(await apply([{ agency, clients: [webClient] }], { environment })).toMatchObject([{ outcome: 'updated' }]);
    const client = await loadClient(database, 'puskesmas');
    expect(compareClientSecret(secrets, client, environment.PUSKESMAS_SECRET)).toBe(true);
    expect(compareClientSecret(secrets, client, 'rahasia-puskesmas-0123456789-abcdef')).toBe(true);
    expect(await apply([{ agency, clients: [webClient] }], { environment })).toMatchObject([{ outcome: 'unchanged' }]);
  });

  test.each([
    ['missing', {}, /1\.yaml:8:5: the secret of puskesmas is missing; expected it in the variable PUSKESMAS_SECRET/],
    [
      'short',
      { PUSKESMAS_SECRET: 'pendek' },
      /the secret in PUSKESMAS_SECRET is too short; expected at least 32 random/,
    ],
  ])('with a %s secret writes nothing', async (_, environment, message) => {
    await expect(apply([{ agency, clients: [webClient] }], { environment })).rejects.toThrow(message);
    expect(await readRegistryVersion(database)).toBe(1);
  });

  test('never revives a suspended client', async () => {
    const file = { agency, clients: [{ ...webClient, state: 'live' }] };
    await apply([file]);
    await write((tx) => setClientState(tx, 'puskesmas', 'suspended', 'admin'));
    expect(await apply([file])).toMatchObject([{ outcome: 'unchanged', state: 'suspended' }]);
  });

  test('moves an app to another agency with its subject group', async () => {
    await apply([{ agency, clients: [webClient] }]);
    await noteFirstSignIn(database, 'puskesmas');
    const other = { ...agency, id: 'bapenda' };
    expect(await apply([{ agency: other, clients: [webClient] }])).toMatchObject([{ outcome: 'updated' }]);
    expect(await loadClient(database, 'puskesmas')).toMatchObject({
      agencyId: 'bapenda',
      subjectGroupId: 'dinas-kesehatan',
    });
  });

  test('keeps subject groups of one agency out of reach of another', async () => {
    await apply([
      { agency: { ...agency, id: 'bapenda' }, clients: [{ ...webClient, subject_group: 'dinas-kesehatan' }] },
    ]);
    expect((await loadClient(database, 'puskesmas')).subjectGroupId).toBe('bapenda.dinas-kesehatan');
  });

  test('that would change a fixed subject group writes nothing of the file and says where', async () => {
    await apply([{ agency, clients: [webClient] }]);
    await noteFirstSignIn(database, 'puskesmas');
    const version = await readRegistryVersion(database);
    const moved = { ...webClient, subject_group: 'lain' };
    const clients = [{ ...webClient, client_id: 'baru' }, moved];
    await expect(apply([{ agency, clients }])).rejects.toThrow(/1\.yaml:24:5: client puskesmas is in subject group/);
    expect(await readRegistryVersion(database)).toBe(version);
    expect(await findClient(database, 'baru')).toBeUndefined();
  });

  test('by two processes at once ends as if one had come after the other', async () => {
    await using folder = await openFolder();
    const path = await folder.write({ agency, clients: [webClient] });
    const { registrations } = await readRegistrations([path], { mode: 'production' });
    const results = await Promise.all(Array.from({ length: 8 }, () => applyAll(registrations, {})));
    const outcomes = results.flat().map(({ outcome }) => outcome);
    expect(outcomes.filter((outcome) => outcome === 'created')).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === 'unchanged')).toHaveLength(7);
    expect((await loadClient(database, 'puskesmas')).secrets).toHaveLength(1);
  });
});
