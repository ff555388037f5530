/** `/receipts/verify` and `/receipts/keys.json`: for everybody, and nothing of what is sent stays. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { RECEIPT_BYTES, type Receipt, readReceiptKeys, shorten, verifyReceipt } from '#src/consents/receipts.ts';
import { revokeKey, rotateKeys } from '#src/oidc/key-rotation.ts';
import { schedules } from '#src/oidc/key-schedule.ts';
import { signReceipt } from '#src/oidc/receipts.ts';
import { ask } from '#test/oidc/flows.ts';
import { sampleContent } from '#test/support/receipts.ts';
import { openWorld, type World } from '#test/support/world.ts';

let world: World;
let receipt: Receipt;

beforeEach(async () => {
  world = await openWorld();
  receipt = { ...sampleContent, iss: world.issuer };
});

afterEach(async () => {
  vi.useRealTimers();
  await world?.[Symbol.asyncDispose]();
});

const issued = () => signReceipt(world.house.keys, receipt);
const open = () => world.browser().visit(`${world.issuer}/receipts/verify`);
const check = async (text: string) => (await open()).fill({ receipt: text }).press('#check');
const verdictOf = async (text: string) => (await check(text)).attribute('#verdict', 'data-verdict');
const publicKeys = async () => readReceiptKeys((await ask(`${world.issuer}/receipts/keys.json`)).body);

describe('the page', () => {
  test('says that a receipt is genuine and shows what it says, in words', async () => {
    const page = await check(issued());
    expect(page.status).toBe(200);
    expect(page.attribute('#verdict', 'data-verdict')).toBe('genuine');
    for (const words of ['Puskesmas Online', 'Kementerian Kesehatan', 'Mengabari giliran Anda.', 'Menurut UU 1/2020'])
      expect(page.text('.receipt')).toContain(words);
    expect(page.text('[data-claim=phone_number]')).not.toContain('phone_number');
    expect(page.text()).toContain('tidak membuktikan bahwa yang menunjukkannya adalah pemiliknya');
  });

  test('takes a file, the short form, and the address that a square leads to', async () => {
    const file = new File([`${issued()}\n`], 'tanda-terima.jws', { type: 'application/jose' });
    const page = await (await open()).choose('file', file).press('#check');
    expect(page.attribute('#verdict', 'data-verdict')).toBe('genuine');
    const short = signReceipt(world.house.keys, shorten(receipt));
    const fromPaper = await check(`${world.issuer}/receipts/verify#${short}`);
    expect(fromPaper.attribute('#verdict', 'data-verdict')).toBe('genuine');
    expect(fromPaper.text()).toContain('bentuk pendek');
  });

  test('says what is not genuine, and what to do then', async () => {
    const [header, , signature] = issued().split('.');
    const other = Buffer.from(JSON.stringify({ ...receipt, sub: 'orang-lain' })).toString('base64url');
    expect(await verdictOf(`${header}.${other}.${signature}`)).toBe('altered');
    expect(await verdictOf('Halo')).toBe('no-receipt');
    const elsewhere = signReceipt(world.house.keys, { ...receipt, iss: 'https://lain.contoh.go.id' });
    const page = await check(elsewhere);
    expect(page.attribute('#verdict', 'data-verdict')).toBe('elsewhere');
    expect(page.text()).toContain('https://lain.contoh.go.id');
    const nothing = await check('  ');
    expect(nothing.status).toBe(422);
    expect(nothing.text('#problems')).toContain('Tempel teks tanda terima');
  });

  test('takes no more than a receipt can weigh, and no form that it did not make', async () => {
    const large = new File(['x'.repeat(RECEIPT_BYTES + 1)], 'besar.jws');
    expect((await (await open()).choose('file', large).press('#check')).status).toBe(413);
    const page = await open();
    const foreign = await page.fill({ receipt: issued(), csrf: 'x' }).press('#check');
    expect(foreign.status).toBe(403);
  });

  test('neither stores nor logs what is sent, and asks the database nothing about it', async () => {
    const page = await open();
    const text = issued();
    expect(await world.sentFor(() => page.fill({ receipt: text }).press('#check'))).toEqual([]);
    const logged = world.log.join('');
    for (const part of [...text.split('.'), receipt.sub, receipt.jti]) expect(logged).not.toContain(part);
  });
});

describe('the keys', () => {
  test('are public halves alone, may be kept for a while, and are for programs anywhere', async () => {
    const { headers, json, body } = await ask(`${world.issuer}/receipts/keys.json`);
    expect(json.issuer).toBe(world.issuer);
    const shapes = (json.keys as Record<string, string>[]).map((key) => Object.keys(key).sort().join());
    expect(shapes).toEqual(['alg,crv,kid,kty,use,x,y']);
    expect(headers.get('cache-control')).toBe('public, max-age=300');
    expect(headers.get('access-control-allow-origin')).toBe('*');
    expect(headers.get('set-cookie')).toBeNull();
    const again = await fetch(`${world.issuer}/receipts/keys.json`, {
      headers: { 'if-none-match': headers.get('etag') ?? '' },
    });
    expect([again.status, await again.text()]).toEqual([304, '']);
    const known = readReceiptKeys(body);
    expect(known && (await verifyReceipt(issued(), known)).kind).toBe('genuine');
    const { keys } = (await ask(`${world.issuer}/jwks`)).json as { keys: { kid: string }[] };
    expect(keys.map(({ kid }) => kid)).not.toContain(known?.keys[0]?.kid);
  });

  test('rotate: what an old one signed stays genuine after years, until it is revoked', async () => {
    const old = issued();
    const { house } = world;
    await rotateKeys(world.database, house.secrets, { purpose: 'receipt' });
    await house.keys.refresh();
    expect((await publicKeys())?.keys).toHaveLength(2);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + schedules.receipt.publishSeconds * 1000 + 1 });
    await house.keys.refresh();
    const after = issued();
    expect(after.split('.')[0]).not.toBe(old.split('.')[0]);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 20 * 365 * 24 * 3600 * 1000 });
    await house.keys.refresh();
    expect([await verdictOf(old), await verdictOf(after)]).toEqual(['genuine', 'genuine']);
    const { kid } = JSON.parse(Buffer.from(old.split('.')[0] ?? '', 'base64url').toString());
    await revokeKey(world.database, house.secrets, kid);
    await house.keys.refresh();
    expect([await verdictOf(old), await verdictOf(after)]).toEqual(['revoked-key', 'genuine']);
    // Whoever verifies by themselves is told as well, and no library takes the key for one that verifies.
    const { keys, revoked } = (await publicKeys()) ?? {};
    expect(keys?.map((key) => key.kid)).not.toContain(kid);
    expect(revoked).toEqual([
      expect.objectContaining({ kid, kty: 'EC', revoked: { revoked_at: Math.floor(Date.now() / 1000) } }),
    ]);
  });
});
