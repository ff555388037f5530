import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { MetadataError, readMakers } from '#src/people/makers.ts';
import { certify } from '#test/support/certificates.ts';
import { inYears } from '#test/support/clock.ts';
import { type MetadataService, type MetadataWishes, MODEL, openMetadataService } from '#test/support/metadata.ts';

let service: MetadataService;

beforeAll(async () => {
  service = await openMetadataService();
});
afterAll(() => service?.[Symbol.asyncDispose]());
beforeEach(() => service.publish());
afterEach(() => void vi.useRealTimers());

const source = (more = {}) => ({ path: service.path, rootsPath: service.rootsPath, ...more });

async function published(wishes: MetadataWishes) {
  await service.publish(wishes);
  return readMakers(source());
}

/** The sentence for the operator. */
async function complaintOf(reading: Promise<unknown>): Promise<string> {
  const error = await reading.then(
    () => new Error('it was read'),
    (refused: unknown) => refused,
  );
  expect(error).toBeInstanceOf(MetadataError);
  return (error as Error).message;
}

describe('a model counts', () => {
  const attested = () => ({ aaguid: MODEL, certificates: service.attestedBy.certificates });

  test('when its maker is listed, its keys are in hardware and its certificates lead to the maker', async () => {
    const makers = await readMakers(source());
    expect([makers.areKnown, makers.trust(MODEL), makers.vouchFor(attested())]).toEqual([true, true, true]);
  });

  test.each<[string, MetadataWishes]>([
    ['revoked', { statuses: ['FIDO_CERTIFIED_L2', 'REVOKED'] }],
    ['broken before and mended since', { statuses: ['USER_VERIFICATION_BYPASS', 'UPDATE_AVAILABLE'] }],
    ['whose batch key leaked', { statuses: ['ATTESTATION_KEY_COMPROMISE'] }],
    ['of software', { keyProtection: ['software'] }],
    ['of software in part', { keyProtection: ['hardware', 'software'] }],
    ['that vouches for itself only', { attestationTypes: ['basic_surrogate'] }],
  ])('but not one %s', async (_what, wishes) => {
    const makers = await published(wishes);
    expect([makers.areKnown, makers.trust(MODEL), makers.vouchFor(attested())]).toEqual([false, false, false]);
  });

  test('and vouches for nothing by other certificates', async () => {
    const makers = await readMakers(source());
    const stranger = certify({ name: 'Stranger', isAuthority: true });
    const pretender = certify({ name: 'Device', issuer: { ...stranger, name: 'Maker' } });
    const [device = Buffer.of(), batch = Buffer.of()] = service.attestedBy.certificates;
    const forged: Record<string, readonly Uint8Array[]> = {
      none: [],
      'of another maker': [certify({ name: 'Device', issuer: stranger }).der, stranger.der],
      'of another maker under the same name': [pretender.der],
      'without the one between': [device],
      'in the wrong order': [batch, device],
      'signed by one that may not sign': [certify({ name: 'Second', issuer: certify({ name: 'Device' }) }).der, device],
      'no certificates': [Buffer.from('certificate')],
      over: [certify({ name: 'Old', until: new Date(Date.now() - 1000) }).der],
    };
    const believed = Object.entries(forged).filter(([, certificates]) =>
      makers.vouchFor({ aaguid: MODEL, certificates }),
    );
    expect(believed.map(([what]) => what)).toEqual([]);
    const { certificates } = service.attestedBy;
    expect(makers.vouchFor({ aaguid: '00000000-0000-0000-0000-000000000000', certificates })).toBe(false);
  });

  test('by the signer’s own certificate, where the maker names that', async () => {
    const root = certify({ name: 'Single' });
    const makers = await published({ root });
    expect(makers.vouchFor({ aaguid: MODEL, certificates: [root.der] })).toBe(true);
    expect(makers.vouchFor(attested())).toBe(false);
  });

  test('until the list was to be replaced, also in a server that runs on', async () => {
    const year = inYears(4);
    const makers = await published({ nextUpdate: `${year}-01-31` });
    vi.useFakeTimers({ toFake: ['Date'], now: new Date(`${year}-01-31T12:00:00Z`) });
    expect([makers.areKnown, makers.trust(MODEL)]).toEqual([true, true]);
    vi.setSystemTime(new Date(`${year}-02-02T00:00:00Z`));
    expect([makers.areKnown, makers.trust(MODEL)]).toEqual([false, false]);
  });
});

describe('a file that cannot be used is named in one sentence', () => {
  test('not there', async () => {
    expect(await complaintOf(readMakers(source({ path: '/nowhere/blob.jwt' })))).toBe(
      'PASSKEY_METADATA_FILE: /nowhere/blob.jwt cannot be read (ENOENT)',
    );
    expect(await complaintOf(readMakers(source({ rootsPath: '/nowhere/roots.pem' })))).toContain('ROOT_FILE');
  });

  test('something else', async () => {
    for (const text of ['', '{}', 'a.b.c', 'eyJhbGciOiJFUzI1NiIsIng1YyI6WyJ4Il19.e30.AA']) {
      await writeFile(service.path, text);
      expect(await complaintOf(readMakers(source()))).toMatch(/^PASSKEY_METADATA_FILE: it is no metadata BLOB/);
    }
  });

  test('signed by nobody who is trusted', async () => {
    expect(await complaintOf(readMakers({ path: service.path, rootsPath: undefined }))).toContain(
      'no root that is trusted',
    );
    const other = await openMetadataService();
    const message = await complaintOf(readMakers(source({ rootsPath: other.rootsPath })));
    await other[Symbol.asyncDispose]();
    expect(message).toContain('no root that is trusted');
  });

  test('changed after it was signed', async () => {
    await service.publish({ statuses: ['REVOKED'] });
    const [header, payload = '', signature] = (await readFile(service.path, 'utf8')).split('.');
    const list = Buffer.from(payload, 'base64url').toString().replace('REVOKED', 'UPDATED');
    await writeFile(service.path, [header, Buffer.from(list).toString('base64url'), signature].join('.'));
    expect(await complaintOf(readMakers(source()))).toContain('changed after it was signed');
  });

  test('over', async () => {
    await service.publish({ nextUpdate: '2026-01-31' });
    expect(await complaintOf(readMakers(source()))).toContain('was to be replaced on 2026-01-31');
  });

  test('roots without a certificate', async () => {
    expect(await complaintOf(readMakers(source({ rootsPath: service.path })))).toContain('has no certificates (PEM)');
  });
});
