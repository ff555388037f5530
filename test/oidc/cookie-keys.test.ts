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

test('a signature is for its data alone', () => {
  const keys = keysOf(one);
  expect(keys.verify('session=y', keys.sign('session=x'))).toBe(false);
});

test('without a key nothing is signed and nothing verifies', () => {
  expect(() => new CookieKeys().sign('session=x')).toThrow(TypeError);
  expect(new CookieKeys().verify('session=x', '')).toBe(false);
});
