import { describe, expect, test } from 'vitest';
import { askToGoLive, isAsWanted, planChange, restoreVersion } from '#src/registry/changes.ts';
import { moveClient } from '#src/registry/client-life.ts';
import { saveClient } from '#src/registry/client-writes.ts';
import { loadClient } from '#src/registry/clients.ts';
import { readRegistryVersion } from '#src/registry/version.ts';
import { findPendingVersion, listVersions, loadVersion } from '#src/registry/versions.ts';
import { agency, clientDraft } from './fixtures.ts';
import { openRegistry, sensitiveClaims } from './registry.ts';

const moved = { redirect_uris: ['https://baru.contoh.go.id/callback'] };

describe('a change', () => {
  test('of a new app creates it with version 1, and the same again changes nothing', async () => {
    await using registry = await openRegistry();
    const first = await registry.change();
    expect(first).toMatchObject({ outcome: 'created', number: 1, client: { state: 'draft', number: 1 } });
    const version = await readRegistryVersion(registry.database);
    expect(await registry.change()).toMatchObject({ outcome: 'unchanged', number: 1 });
    expect(isAsWanted(registry.request(), first.client)).toBe(true);
    expect(await readRegistryVersion(registry.database)).toBe(version);
    expect(await listVersions(registry.database, 'puskesmas')).toHaveLength(1);
  });

  test('is planned without writing anything', async () => {
    await using registry = await openRegistry();
    await registry.change({}, { to: 'live' });
    const version = await readRegistryVersion(registry.database);
    const plan = await planChange(registry.database, registry.request(moved));
    expect(plan).toMatchObject({ outcome: 'pending', isRisky: true, changed: ['redirect_uris'], approvalsNeeded: 1 });
    expect(plan.before?.redirect_uris).toEqual(['https://puskesmas.contoh.go.id/callback']);
    expect(plan.after.redirect_uris).toEqual(moved.redirect_uris);
    expect(await findPendingVersion(registry.database, 'puskesmas')).toBeUndefined();
    expect(await readRegistryVersion(registry.database)).toBe(version);
  });

  test('of an app that was never live takes effect at once, however risky', async () => {
    await using registry = await openRegistry();
    await registry.change();
    expect(await registry.change(moved)).toMatchObject({ outcome: 'applied', number: 2, client: { number: 2 } });
    expect((await loadClient(registry.database, 'puskesmas')).redirectUris).toEqual(moved.redirect_uris);
  });

  test.each<[string, object, string[]]>([
    ['another redirect URI', moved, ['redirect_uris']],
    ['another claim', { claims: sensitiveClaims }, ['claims']],
    ['a claim for another purpose', { claims: [{ name: 'name', required: true, purpose: 'Lain.' }] }, ['claims']],
    ['another purpose', { purpose: 'Menjual data.' }, ['purpose']],
    [
      'another way to prove itself',
      { token_endpoint_auth_method: 'private_key_jwt', jwks_uri: 'https://a.go.id/k' },
      ['jwks_uri', 'token_endpoint_auth_method'],
    ],
    ['less proof from people', { require_pkce: false }, ['require_pkce']],
    ['consents for longer', { consent_days: 1_825 }, ['consent_days']],
  ])('of a live app waits where it is risky: %s', async (_, keys, risky) => {
    await using registry = await openRegistry();
    await registry.change({}, { to: 'live' });
    const before = await loadClient(registry.database, 'puskesmas');
    const changed = await registry.change(keys, { reason: 'pindah' });
    expect(changed).toMatchObject({ outcome: 'pending', number: 2, plan: { isRisky: true } });
    expect([...changed.plan.risky].sort()).toEqual(risky);
    expect(await loadClient(registry.database, 'puskesmas')).toEqual(before);
    const pending = await findPendingVersion(registry.database, 'puskesmas');
    expect(pending).toMatchObject({ number: 2, reason: 'pindah', actor: 'siti', dueAt: expect.any(Date) });
    expect(await registry.change(keys)).toMatchObject({ outcome: 'pending', number: 2 });
    expect(await listVersions(registry.database, 'puskesmas')).toHaveLength(2);
  });

  test.each<[string, object]>([
    ['another name', { client_name: 'Puskesmas Kita' }],
    ['a contact', { contacts: [{ role: 'security', email: 'aman@contoh.go.id' }] }],
    ['fewer claims', { claims: [], scope: 'openid' }],
    ['consents and what it reads for a shorter time', { consent_days: 30, retention_days: 30 }],
  ])('of a live app takes effect at once where it is not: %s', async (_, keys) => {
    await using registry = await openRegistry();
    await registry.change({}, { to: 'live' });
    expect(await registry.change(keys)).toMatchObject({ outcome: 'applied', number: 2, plan: { isRisky: false } });
  });

  test('that is risky waits also when the app was stopped, or went back to a draft, after it was live', async () => {
    await using registry = await openRegistry();
    await registry.change({}, { to: 'live' });
    for (const to of ['suspended', 'draft'] as const) {
      await registry.write((tx) => moveClient(tx, { clientId: 'puskesmas', to, actor: 'siti', via: 'page' }));
      expect(await registry.change(moved)).toMatchObject({ outcome: 'pending' });
    }
  });

  test('makes the version that waited void', async () => {
    await using registry = await openRegistry();
    await registry.change({}, { to: 'live' });
    await registry.change(moved);
    await registry.change({ client_name: 'Puskesmas Kita' });
    expect(await loadVersion(registry.database, 'puskesmas', 2)).toMatchObject({ status: 'superseded' });
    expect(await findPendingVersion(registry.database, 'puskesmas')).toBeUndefined();
  });

  test('that saw another version in force is refused', async () => {
    await using registry = await openRegistry();
    await registry.change();
    await registry.change({ client_name: 'Dua' });
    await expect(registry.change({ client_name: 'Tiga' }, { ifNumber: 1 })).rejects.toMatchObject({
      code: 'version_conflict',
    });
    expect(await registry.change({ client_name: 'Tiga' }, { ifNumber: 2 })).toMatchObject({ number: 3 });
  });

  test('may not take the client_id of an app that is there, nor move it to another agency', async () => {
    await using registry = await openRegistry();
    await registry.change();
    await expect(registry.change({}, { isNew: true })).rejects.toMatchObject({ code: 'client_taken' });
    await expect(registry.change({}, { agencyId: 'bapenda', via: 'api' })).rejects.toMatchObject({
      code: 'client_taken',
    });
    expect((await loadClient(registry.database, 'puskesmas')).agencyId).toBe(agency.id);
  });

  test('says the state of an app only where it comes from whoever runs the deployment', async () => {
    await using registry = await openRegistry();
    const live = { state: 'live' };
    expect(await registry.change(live, { via: 'api' })).toMatchObject({ client: { state: 'draft' } });
    expect(await registry.change(live, { via: 'file' })).toMatchObject({ client: { state: 'live' } });
  });

  test('breaks the glass only where it comes from whoever runs the deployment, and is written down', async () => {
    await using registry = await openRegistry();
    await registry.change({}, { to: 'live' });
    expect(await registry.change(moved, { breakGlass: 'darurat', via: 'api' })).toMatchObject({ outcome: 'pending' });
    const broken = await registry.change(moved, { breakGlass: 'darurat', via: 'file' });
    expect(broken).toMatchObject({ outcome: 'applied', plan: { breaksGlass: true }, number: 3 });
    expect(await loadVersion(registry.database, 'puskesmas', 3)).toMatchObject({
      breakGlass: 'darurat',
      isRisky: true,
    });
    const events = await registry.database.query(
      `select details, agency_id from admin_events where kind = 'client.glass-broken'`,
    );
    expect(events).toEqual([{ details: { number: 3, fields: ['redirect_uris'] }, agency_id: agency.id }]);
  });

  test('of an app from before versions keeps what it said then', async () => {
    await using registry = await openRegistry();
    await registry.write((tx) => saveClient(tx, clientDraft({ name: { id: 'Lama', en: 'Old' } }), 'test'));
    await registry.change({
      claims: clientDraft().claims.map(({ claim, purposeEn, ...one }) => ({
        ...one,
        name: claim,
        'purpose#en': purposeEn,
      })),
    });
    const versions = await listVersions(registry.database, 'puskesmas');
    expect(versions.map(({ number, content, status }) => [number, content.client_name, status])).toEqual([
      [2, 'Puskesmas', 'applied'],
      [1, 'Lama', 'applied'],
    ]);
  });
});

describe('asking for production', () => {
  const ask = (registry: Awaited<ReturnType<typeof openRegistry>>) =>
    registry.write((tx) =>
      askToGoLive(tx, registry.secrets, { clientId: 'puskesmas', actor: 'siti', via: 'page', mode: 'production' }),
    );

  test('brings an app of low risk live at once', async () => {
    await using registry = await openRegistry();
    await registry.change();
    expect(await ask(registry)).toMatchObject({ outcome: 'applied', client: { state: 'live', number: 2 } });
    const { liveSince, reviewAskedAt } = await loadClient(registry.database, 'puskesmas');
    expect(liveSince?.getTime()).toBeGreaterThanOrEqual(reviewAskedAt?.getTime() ?? Number.POSITIVE_INFINITY);
  });

  test('puts an app of high risk into review, once', async () => {
    await using registry = await openRegistry();
    await registry.change({ claims: sensitiveClaims });
    expect(await ask(registry)).toMatchObject({ outcome: 'pending', number: 3, client: { state: 'review' } });
    expect(await ask(registry)).toMatchObject({ outcome: 'pending', number: 3 });
    const pending = await findPendingVersion(registry.database, 'puskesmas');
    expect(pending).toMatchObject({ approvalsNeeded: 2, from: 'review', to: 'live' });
  });

  test('is void when the app is edited meanwhile: it goes back to where it was built', async () => {
    await using registry = await openRegistry();
    await registry.change({ claims: sensitiveClaims });
    await ask(registry);
    await registry.change({ claims: sensitiveClaims, client_name: 'Lain' });
    expect((await loadClient(registry.database, 'puskesmas')).state).toBe('draft');
    expect(await findPendingVersion(registry.database, 'puskesmas')).toBeUndefined();
  });

  test('by a file that says live comes to the same, and applying it again changes nothing', async () => {
    await using registry = await openRegistry();
    const keys = { claims: sensitiveClaims, state: 'live' };
    const apply = () => registry.change(keys, { via: 'file', actor: 'command' });
    expect(await apply()).toMatchObject({ outcome: 'created', client: { state: 'review' } });
    const version = await readRegistryVersion(registry.database);
    expect(await apply()).toMatchObject({ outcome: 'pending', number: 2 });
    expect(await readRegistryVersion(registry.database)).toBe(version);
  });
});

describe('restoring a version', () => {
  test('makes a new one that says what it said, by the same rules', async () => {
    await using registry = await openRegistry();
    await registry.change();
    await registry.change(moved);
    const restore = () =>
      registry.write((tx) =>
        restoreVersion(tx, registry.secrets, {
          ...({
            clientId: 'puskesmas',
            number: 1,
            actor: 'budi',
            via: 'page',
            mode: 'production',
            reason: 'salah',
          } as const),
        }),
      );
    expect(await restore()).toMatchObject({ outcome: 'applied', number: 3 });
    expect(await loadClient(registry.database, 'puskesmas')).toMatchObject({
      redirectUris: ['https://puskesmas.contoh.go.id/callback'],
    });
    expect(await restore()).toMatchObject({ outcome: 'unchanged' });
    await registry.change(moved, { to: 'live' });
    expect(await restore()).toMatchObject({ outcome: 'pending', client: { redirectUris: moved.redirect_uris } });
  });
});
