/** What passes for a receipt and what does not, whatever somebody makes of one. */
import { createHmac, createPrivateKey, type KeyObject, sign } from 'node:crypto';
import { exportJWK, generateKeyPair, type JWK } from 'jose';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Notice } from '#src/consents/permissions.ts';
import {
  RECEIPT_BYTES,
  type Receipt,
  type ReceiptKeys,
  readReceiptKeys,
  receiptOf,
  shorten,
  verifyReceipt,
} from '#src/consents/receipts.ts';
import { signReceipt } from '#src/oidc/receipts.ts';
import { newSigningKey, SigningKey } from '#src/oidc/signing-keys.ts';
import { sampleContent } from '#test/support/receipts.ts';

const issuer = 'https://masuk.contoh.go.id';

const receipt: Receipt = { ...sampleContent, iss: issuer };

let key: SigningKey;
let privateKey: KeyObject;
let publicJwk: JWK;
let known: ReceiptKeys;
let genuine: string;

beforeAll(async () => {
  const made = await newSigningKey('ES256');
  key = new SigningKey({ ...made, algorithm: 'ES256' });
  privateKey = createPrivateKey({ key: JSON.parse(made.secret.toString()), format: 'jwk' });
  publicJwk = made.publicJwk ?? {};
  known = { issuer, keys: [publicJwk] };
  genuine = signReceipt({ receipts: [key] }, receipt);
});

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const head = (more: object = {}) => ({ alg: 'ES256', kid: key.kid, typ: 'permission-receipt+jwt', ...more });
const kindOf = async (text: string) => (await verifyReceipt(text, known)).kind;

/** What a holder of our private key could sign: so that nothing but the header or the content is wrong. */
function signed(header: object, payload: unknown = receipt): string {
  const input = `${encode(header)}.${encode(payload)}`;
  const signature = sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' });
  return `${input}.${signature.toString('base64url')}`;
}

describe('a receipt', () => {
  test('is verified with the public key alone, and says what was signed', async () => {
    expect(await verifyReceipt(genuine, known)).toEqual({ kind: 'genuine', receipt, keyId: key.kid });
  });

  test('may be broken into lines, as mail does, or come as the address that its square leads to', async () => {
    expect(await kindOf(`\n${genuine.replaceAll(/.{60}/g, '$&\r\n  ')}\n`)).toBe('genuine');
    expect(await kindOf(`${issuer}/receipts/verify#${genuine}`)).toBe('genuine');
  });

  test('is the same text each time, but for its signature', () => {
    const [again, first] = [signReceipt({ receipts: [key] }, receipt), genuine].map((one) =>
      one.split('.').slice(0, 2),
    );
    expect(again).toEqual(first);
  });

  test('in its short form has no wording and names the same', async () => {
    const short = shorten(receipt);
    expect(JSON.stringify(short)).not.toMatch(/antrean|giliran|UU 1/);
    expect(short).toMatchObject({
      ...{ sub: receipt.sub, jti: receipt.jti, service: 'Puskesmas Online', controller: 'Kementerian Kesehatan' },
      ...{ purpose_version: receipt.purposes[0].purpose_version, claims: 'phone_number' },
      ...{ events: [['given', 1795662720]], valid_until: 1827198720 },
    });
    const text = signReceipt({ receipts: [key] }, short);
    expect(await verifyReceipt(text, known)).toMatchObject({ kind: 'genuine', receipt: { form: 'short' } });
  });
});

describe('what is no receipt of ours', () => {
  test('every bit of it counts', async () => {
    const [header = '', payload = '', signature = ''] = genuine.split('.');
    const said = { ...receipt, events: [{ ...receipt.events[0], valid_until: '2037-11-26T03:12:00.000Z' }] };
    expect(await kindOf(`${header}.${encode(said)}.${signature}`)).toBe('altered');
    for (let at = 0; at < signature.length; at += 1) {
      const other = signature[at] === 'A' ? 'B' : 'A';
      expect(await kindOf(`${header}.${payload}.${signature.slice(0, at)}${other}${signature.slice(at + 1)}`)).toBe(
        'altered',
      );
    }
    // The bits that the last letter leaves over would change nothing of the signature.
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const next = alphabet[alphabet.indexOf(signature.at(-1) ?? '') + 1] ?? 'A';
    expect(await kindOf(`${header}.${payload}.${signature.slice(0, -1)}${next}`)).toBe('altered');
  });

  test.each([
    ['no algorithm', { alg: 'none' }],
    ['an algorithm of another key', { alg: 'RS256' }],
    ['a key that it brings along', { jwk: { kty: 'EC' } }],
    ['an address of keys', { jku: 'https://attacker.example/keys' }],
    ['a certificate', { x5u: 'https://attacker.example/cert' }],
    ['a critical extension', { crit: ['b64'], b64: false }],
    ['another type', { typ: 'JWT' }],
    ['no type', { typ: undefined }],
    ['a key id that is none', { kid: 7 }],
  ])('a header with %s, even where we signed it', async (_, more) => {
    expect(await kindOf(signed(head(more)))).toBe('no-receipt');
  });

  test('a keyed hash made with the public key, which everybody has', async () => {
    const input = `${encode(head({ alg: 'HS256' }))}.${encode(receipt)}`;
    for (const secret of [JSON.stringify(publicJwk), String(publicJwk.x)]) {
      const mac = createHmac('sha256', secret).update(input).digest('base64url');
      expect(await kindOf(`${input}.${mac}`)).toBe('no-receipt');
    }
    expect(await kindOf(`${input}.`)).toBe('no-receipt');
  });

  test('what another key signed, under its own name or under ours', async () => {
    const { privateKey: other, publicKey } = await generateKeyPair('ES256', { extractable: true });
    const secret = Buffer.from(JSON.stringify(await exportJWK(other)));
    const sign = (id: string) =>
      signReceipt({ receipts: [new SigningKey({ id, algorithm: 'ES256', secret })] }, receipt);
    expect(await verifyReceipt(sign('asing'), known)).toEqual({ kind: 'unknown-key', keyId: 'asing' });
    expect(await kindOf(sign(String(key.kid)))).toBe('altered');
    const both = { issuer, keys: [{ ...(await exportJWK(publicKey)), kid: 'asing' }, publicJwk] };
    expect((await verifyReceipt(sign('asing'), both)).kind).toBe('genuine');
  });

  test('what a revoked key signed, whatever it says of when', async () => {
    const [event] = receipt.events;
    const begun = Date.parse(event.event_time) / 1000;
    const verdictAt = (revokedAt: number, text = genuine) => {
      const revoked = [{ ...publicJwk, revoked: { revoked_at: revokedAt } }];
      // Also where a copy of the keys has it in both places.
      return verifyReceipt(text, { issuer, keys: [publicJwk], revoked });
    };
    const said = { kind: 'revoked-key', keyId: key.kid, number: receipt.jti };
    const after = begun + 86_400;
    expect(await verdictAt(after)).toEqual({ ...said, isLater: false, revokedAt: new Date(after * 1000) });
    const before = begun - 86_400;
    expect(await verdictAt(before)).toEqual({ ...said, isLater: true, revokedAt: new Date(before * 1000) });
    const short = signReceipt({ receipts: [key] }, shorten(receipt));
    expect(await verdictAt(before, short)).toMatchObject({ kind: 'revoked-key', isLater: true });
    // Nobody who holds no key passes for one who stole it.
    expect((await verdictAt(after, genuine.replace(/.{8}$/, 'AAAAAAAA'))).kind).toBe('altered');
  });

  test('one of another deployment, with a key of its own or with ours', async () => {
    const iss = 'https://lain.contoh.go.id';
    const elsewhere = { kind: 'elsewhere', issuer: iss };
    expect(await verifyReceipt(signed(head({ kid: 'asing' }), { ...receipt, iss }), known)).toEqual(elsewhere);
    expect(await verifyReceipt(signed(head(), { ...receipt, iss }), known)).toEqual(elsewhere);
  });

  test('content that is not that of a receipt, though we signed it', async () => {
    for (const content of [
      {},
      [],
      null,
      7,
      { ...receipt, extra: 1 },
      { ...receipt, events: [] },
      { ...receipt, iss: 'x' },
    ])
      expect(await kindOf(signed(head(), content))).toBe('no-receipt');
  });

  test('anything else, however long', async () => {
    const texts = [
      '',
      ' ',
      '..',
      'a.b',
      'a.b.c',
      'a.b.c.d',
      '{"keys":[]}',
      `${encode(head())}.${'é'}.x`,
      '\0',
      genuine.slice(9),
    ];
    for (const text of texts) expect(await kindOf(text)).toBe('no-receipt');
    expect(await kindOf(genuine + ' '.repeat(RECEIPT_BYTES))).toBe('no-receipt');
    expect(await kindOf(signed(head(), { ...receipt, sub: 'x'.repeat(RECEIPT_BYTES) }))).toBe('no-receipt');
  });

  test('what only looks like a key does not verify', async () => {
    for (const like of [
      { kty: 'oct', k: 'AAAA' },
      { kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA' },
      { kty: 'EC', crv: 'P-384' },
    ]) {
      const { kind } = await verifyReceipt(genuine, { issuer, keys: [{ ...like, kid: String(key.kid) }] });
      expect(['altered', 'unknown-key']).toContain(kind);
    }
  });
});

test('of a notice it says by which law, in the language in which it was shown', () => {
  const item = { purpose: 'Mencatat pajak Anda.', purposeEn: 'To record your tax.', required: true } as const;
  const terms = {
    ...{ id: 'terms', clientId: 'pajak', agencyId: 'bapenda', purpose: { id: 'Pajak.', en: 'Taxes.' } },
    items: [
      { ...item, claim: 'name', basis: 'legal_obligation', law: 'UU 1/2022', lawEn: 'Law 1/2022' },
      { ...item, claim: 'email', basis: 'public_task', law: 'Perda 3/2023', lawEn: undefined },
      { ...item, claim: 'gender', basis: 'consent', law: undefined, lawEn: undefined },
    ],
  } as const;
  const notice: Notice = {
    ...{ kind: 'notice', id: 'permission', terms, basis: 'legal_obligation', claims: ['name', 'email'], declined: [] },
    ...{ scopes: ['openid'], withheld: undefined, clientId: 'pajak', language: 'en', acr: 'aal2', amr: ['pwd', 'otp'] },
    ...{ interaction: 'secret', event: 'given', givenAt: new Date(0), expiresAt: new Date(1000) },
    ...{ endedAt: new Date(500), endReason: 'left' },
  };
  const about = {
    issuer,
    subject: 'nama',
    recordId: 'izin',
    service: 'Tax',
    agency: { name: 'Bapenda', domain: 'b.go.id' },
  };
  const made = receiptOf(notice, about, 'end');
  expect(made.purposes[0]).toMatchObject({ purpose: 'Taxes.', lawful_basis: 'legal_obligation', pii_declined: [] });
  expect(made.purposes[0].pii_information).toEqual([
    { pii_attribute_id: 'name', pii_optional: false, purpose: 'To record your tax.', law: 'Law 1/2022' },
    {
      ...{ pii_attribute_id: 'email', pii_optional: false, purpose: 'To record your tax.' },
      ...{ lawful_basis: 'public_task', law: 'Perda 3/2023' },
    },
  ]);
  expect([made.jti, made.events.map((event) => event.event_type)]).toEqual(['izin.left', ['given', 'left']]);
  expect(receiptOf(notice, about, 'beginning').jti).toBe('izin.given');
  expect(JSON.stringify(made)).not.toContain('secret');
});

test('a file with keys is one that says whose they are', () => {
  expect(readReceiptKeys(JSON.stringify(known))).toEqual(known);
  for (const json of [
    '',
    '[]',
    '{"keys":[]}',
    JSON.stringify({ issuer: 'x', keys: [] }),
    JSON.stringify({ issuer, keys: [{}] }),
  ])
    expect(readReceiptKeys(json)).toBeUndefined();
});
