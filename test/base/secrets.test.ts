import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  Keyring,
  newAccountId,
  newIdIn,
  SealError,
  Secrets,
  SHARDS,
  sealedBy,
  shardOf,
  shardOfHash,
  wrappingKeyring,
} from '#src/base/secrets.ts';

const master = randomBytes(32);
const keys = { token: randomBytes(32), index: randomBytes(32) };
const secrets = new Secrets(wrappingKeyring([master]), keys);

test('what is sealed opens at its own place and nowhere else', () => {
  const ring = new Keyring([randomBytes(32)]);
  fc.assert(
    fc.property(fc.uint8Array(), fc.string(), fc.string(), (data, place, other) => {
      const sealed = ring.seal(place, Buffer.from(data));
      expect(ring.open(place, sealed)).toEqual(Buffer.from(data));
      if (other !== place) expect(() => ring.open(other, sealed)).toThrow(SealError);
    }),
  );
});

test('a sealed value with any bit changed, or cut anywhere, does not open', () => {
  const ring = new Keyring([randomBytes(32)]);
  const sealed = ring.seal('accounts.profile:1', 'Siti');
  for (let i = 0; i < sealed.length; i += 1) {
    const changed = Buffer.from(sealed);
    changed[i] = (changed[i] ?? 0) ^ 1;
    expect(() => ring.open('accounts.profile:1', changed), `byte ${i}`).toThrow(SealError);
    expect(() => ring.open('accounts.profile:1', sealed.subarray(0, i)), `cut at ${i}`).toThrow(SealError);
  }
});

test('the same value sealed twice looks different, and neither shows it', () => {
  const ring = new Keyring([randomBytes(32)]);
  const [one, two] = [ring.seal('a.b:1', 'siti@contoh.id'), ring.seal('a.b:1', 'siti@contoh.id')];
  expect(one).not.toEqual(two);
  expect(one.includes('siti')).toBe(false);
});

test('the first key seals, all open, and a value says which key sealed it', () => {
  const [old, next] = [randomBytes(32), randomBytes(32)];
  const before = wrappingKeyring([old]).seal('a.b:1', 'x');
  const both = wrappingKeyring([next, old]);
  expect(both.open('a.b:1', before).toString()).toBe('x');
  expect(both.isCurrent(before)).toBe(false);
  const after = both.seal('a.b:1', 'x');
  expect(both.isCurrent(after)).toBe(true);
  expect(sealedBy(after)).not.toBe(sealedBy(before));
  expect(() => wrappingKeyring([old]).open('a.b:1', after)).toThrow(/is not among the keys given/);
});

test('a master key is not itself the key that seals', () => {
  const sealed = wrappingKeyring([master]).seal('a.b:1', 'x');
  expect(() => new Keyring([master]).open('a.b:1', sealed)).toThrow(SealError);
});

test('ids carry their shard', () => {
  for (const shard of [0, 1, 15, 16, 255, 256, 4095]) expect(shardOf(newIdIn(shard))).toBe(shard);
  const id = newAccountId();
  expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(shardOf(id)).toBe(Number.parseInt(id.slice(0, 3), 16));
  expect(shardOfHash(Buffer.from('abcdef', 'hex'))).toBe(0xabc);
});

test('account ids spread evenly over the shards', () => {
  const quarters = [0, 0, 0, 0];
  for (let i = 0; i < 4_000; i += 1) {
    const quarter = Math.floor((shardOf(newAccountId()) * 4) / SHARDS);
    quarters[quarter] = (quarters[quarter] ?? 0) + 1;
  }
  for (const count of quarters) expect(Math.abs(count - 1_000)).toBeLessThan(200);
});

test('a tagged id leads to its shard, for every shard', () => {
  for (let shard = 0; shard < SHARDS; shard += 1) expect(secrets.locate(secrets.newTaggedId(shard))?.shard).toBe(shard);
});

test('tagged ids of one shard do not look alike to whoever sees them', () => {
  const tags = new Set(Array.from({ length: 200 }, () => secrets.newTaggedId(7).slice(0, 2)));
  expect(tags.size).toBeGreaterThan(150);
});

test('an id is stored by a hash that another deployment does not compute', () => {
  const id = secrets.newTaggedId(9);
  const other = new Secrets(wrappingKeyring([master]), { token: randomBytes(32), index: keys.index });
  expect(secrets.locate(id)).toEqual(secrets.locate(id));
  expect(secrets.locate(id)?.hash).toHaveLength(32);
  expect(other.locate(id)?.hash).not.toEqual(secrets.locate(id)?.hash);
});

test('whatever else is presented as an id is none of ours', () => {
  const id = secrets.newTaggedId(3);
  for (const text of [
    '',
    id.slice(1),
    `${id}A`,
    `${id.slice(0, 44)}\0`,
    `${id.slice(0, 44)}+`,
    'é'.repeat(45),
    `${id}\n`,
  ])
    expect(secrets.locate(text), JSON.stringify(text)).toBeUndefined();
  fc.assert(fc.property(fc.string(), (text) => void secrets.locate(text)));
});

test('equal values of different kinds never share a hash or an index', () => {
  expect(secrets.hash('challenge', 'x')).toEqual(secrets.hash('challenge', Buffer.from('x')));
  expect(secrets.hash('challenge', 'x')).not.toEqual(secrets.hash('replay', 'x'));
  expect(secrets.index('email', 'x')).not.toEqual(secrets.index('phone', 'x'));
  expect(secrets.index('email', '\0x')).not.toEqual(secrets.index('email\0', 'x').subarray(0, 31));
});

test('an id that is told outside leads back, and does not give its shard away', () => {
  for (const shard of [0, 7, SHARDS - 1]) {
    const id = newIdIn(shard);
    const told = secrets.outsideId(id);
    expect([secrets.insideId(told), told.slice(3)]).toEqual([id, id.slice(3)]);
  }
  const begins = new Set(Array.from({ length: 200 }, () => secrets.outsideId(newIdIn(7)).slice(0, 3)));
  expect(begins.size).toBeGreaterThan(150);
  expect(secrets.insideId('bukan id')).toBeUndefined();
});
