import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { CookieKeys } from '#src/oidc/cookie-keys.ts';

const [one, two] = [randomBytes(32), randomBytes(32)];

function keysOf(...secrets: Buffer[]): CookieKeys {
  const keys = new CookieKeys();
  keys.replace(secrets);
  return keys;
}

test('the first key signs, all verify', () => {
  const before = keysOf(one).sign('session=x');
  const keys = keysOf(two, one);
  expect(keys.sign('session=x')).toBe(keysOf(two).sign('session=x'));
  expect(keys.verify('session=x', before)).toBe(true);
  expect(keysOf(two).verify('session=x', before)).toBe(false);
});

test('other keys count at once', () => {
  const keys = keysOf(one);
  const before = keys.sign('session=x');
  keys.replace([two]);
  expect(keys.verify('session=x', before)).toBe(false);
  expect(keys.index('session=x', keys.sign('session=x'))).toBe(0);
});

test('an older key is not told, so that the library does not sign anew without path and end', () => {
  expect(keysOf(two, one).index('session=x', keysOf(one).sign('session=x'))).toBe(0);
});

test.each(['', 'x', 'A'.repeat(43), '🙂', 'A'.repeat(10_000)])('%j is no signature', (signature) => {
  expect(keysOf(one, two).index('session=x', signature)).toBe(-1);
});

test('a signature has one spelling: what decodes to the same bytes is none', () => {
  const keys = keysOf(one);
  const signature = keys.sign('session=x');
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const last = alphabet.indexOf(signature.slice(-1));
  const others = [1, 2, 3].map((spare) => `${signature.slice(0, -1)}${alphabet[last + spare]}`);
  for (const other of [...others, `${signature}=`, ` ${signature}`, `${signature}\n`]) {
    expect(Buffer.from(other, 'base64url').equals(Buffer.from(signature, 'base64url'))).toBe(true);
    expect(keys.index('session=x', other)).toBe(-1);
  }
});

test('a signature is for its data alone', () => {
  const keys = keysOf(one);
  expect(keys.verify('session=y', keys.sign('session=x'))).toBe(false);
});

test('without a key nothing is signed and nothing verifies', () => {
  expect(() => new CookieKeys().sign('session=x')).toThrow(TypeError);
  expect(new CookieKeys().verify('session=x', '')).toBe(false);
});
