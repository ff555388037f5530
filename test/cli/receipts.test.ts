/** `lawang receipts verify`: on any machine, with the public keys and nothing else. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { shorten } from '#src/consents/receipts.ts';
import { receiptKeysOf, signReceipt } from '#src/oidc/receipts.ts';
import { newSigningKey, SigningKey } from '#src/oidc/signing-keys.ts';
import { runLawang } from '#test/support/command-line.ts';
import { sampleContent } from '#test/support/receipts.ts';
import { openWorld } from '#test/support/world.ts';

/** After what the sample tells of. */
const revokedAt = new Date('2030-01-01T00:00:00Z');
let folder: string;
const inFolder = (name: string) => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lawang-receipts-'));
  const made = await newSigningKey('ES256');
  const receipts = [new SigningKey({ ...made, algorithm: 'ES256' })];
  const revokedReceipts = [{ publicJwk: made.publicJwk ?? {}, revokedAt }];
  const genuine = signReceipt({ receipts }, sampleContent);
  const files = {
    'genuine.jws': `${genuine}\n`,
    'short.jws': signReceipt({ receipts }, shorten(sampleContent)),
    'altered.jws': genuine.replace(/.{8}$/, 'AAAAAAAA'),
    'none.jws': 'Halo',
    'keys.json': JSON.stringify(receiptKeysOf({ receipts, revokedReceipts: [] }, sampleContent.iss)),
    'revoked.json': JSON.stringify(receiptKeysOf({ receipts: [], revokedReceipts }, sampleContent.iss)),
  };
  for (const [name, content] of Object.entries(files)) await writeFile(inFolder(name), content);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** A database and an issuer that are none: whoever asked for them would fail. */
const nowhere = { DATABASE_URL: 'postgres://127.0.0.1:1/none', ISSUER: 'no address', MASTER_KEYS: 'none' };
const offline = (name: string, more = '', keys = 'keys.json') =>
  runLawang(`receipts verify ${inFolder(name)} --keys ${inFolder(keys)} ${more}`.trim(), nowhere);

test('with a copy of the keys it needs no settings, no database and no network', async () => {
  const { code, out } = await offline('genuine.jws');
  expect(code).toBe(0);
  expect(out).toContain('genuine. https://masuk.contoh.go.id issued it');
  expect(out).toMatch(/service +Puskesmas Online/);
  expect(out).toMatch(/data +phone_number · Mengabari giliran Anda\. · UU 1\/2020/);
  const asJson = await offline('genuine.jws', '--json');
  expect(JSON.parse(asJson.out)).toMatchObject({ verdict: 'genuine', receipt: sampleContent });
  expect((await offline('short.jws')).out).toMatch(/data +phone_number\n/);
});

test('what is not genuine is said on standard error, with exit code 1', async () => {
  expect(await offline('altered.jws')).toMatchObject({
    code: 1,
    err: expect.stringContaining('ask its owner for the file'),
  });
  expect(await offline('none.jws')).toMatchObject({
    code: 1,
    err: expect.stringContaining('no receipt. Give the file'),
  });
  const asJson = await offline('altered.jws', '--json');
  expect([asJson.code, JSON.parse(asJson.out)]).toEqual([1, { verdict: 'altered' }]);
});

test('what a revoked key signed is told apart from what an unknown one did', async () => {
  const { code, err } = await offline('genuine.jws', '', 'revoked.json');
  expect(code).toBe(1);
  expect(err).toMatch(/cannot be confirmed: the key \S+ was revoked at 2030-01-01T00:00:00.000Z, .+ with any date/);
  const asJson = await offline('short.jws', '--json', 'revoked.json');
  expect(JSON.parse(asJson.out)).toEqual({
    ...{ verdict: 'revoked-key', key: expect.any(String), number: sampleContent.jti },
    ...{ revoked_at: revokedAt.toISOString(), is_later_than_key: false },
  });
});

test('a file that is not there or holds no keys is named', async () => {
  expect(await offline('absent.jws')).toMatchObject({ code: 2, err: expect.stringContaining('cannot be read') });
  const file = inFolder('genuine.jws');
  const wrong = await runLawang(`receipts verify ${file} --keys ${file}`, nowhere);
  expect(wrong).toMatchObject({ code: 2, err: expect.stringContaining('is no copy of /receipts/keys.json') });
});

test('where the deployment is, its database has the public keys; no master key is needed', async () => {
  await using world = await openWorld();
  const own = signReceipt(world.house.keys, { ...sampleContent, iss: world.issuer });
  await writeFile(inFolder('own.jws'), own);
  const environment = { DATABASE_URL: world.databaseUrl, ISSUER: world.issuer };
  const { code, out } = await runLawang(`receipts verify ${inFolder('own.jws')}`, environment);
  expect([code, out]).toEqual([0, expect.stringContaining('genuine')]);
  const foreign = await runLawang(`receipts verify ${inFolder('genuine.jws')}`, environment);
  expect(foreign).toMatchObject({ code: 1, err: expect.stringContaining('it says that it comes from') });
});
