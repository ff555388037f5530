import { describe, expect, test } from 'vitest';
import type { StoredKey } from '#src/base/keys.ts';
import { longestSessionSeconds } from '#src/base/session-limits.ts';
import { findNextChange, findNextStep, keyGroups, listDueSteps, schedules } from '#src/oidc/key-schedule.ts';
import { clockToleranceSeconds, jwksCacheSeconds, tokenSeconds } from '#src/oidc/lifetimes.ts';

const now = new Date('2027-01-01T00:00:00Z');
const later = (seconds: number) => new Date(now.getTime() + seconds * 1000);

function key(id: string, state: StoredKey['state'], more: Partial<StoredKey> = {}): StoredKey {
  return {
    ...{ id, state, purpose: 'signing', algorithm: 'ES256', secret: Buffer.alloc(32), isCurrent: true, createdAt: now },
    ...more,
  };
}

const others = [
  key('receipt', 'active', { purpose: 'receipt' }),
  key('rsa', 'active', { algorithm: 'RS256' }),
  key('cookie', 'active', { purpose: 'cookie', algorithm: 'HMAC-SHA256' }),
];
const stepsAt = (keys: StoredKey[], at = now) =>
  listDueSteps([...keys, ...others], at).map(
    (step) => `${step.kind} ${'key' in step ? step.key.id : step.group.algorithm}`,
  );

test('an empty deployment gets a key for each purpose and algorithm', () => {
  expect(listDueSteps([], now).map((step) => step.kind)).toEqual(keyGroups.map(() => 'create'));
});

test('a key that signs and has no successor stays as it is', () => {
  expect(stepsAt([key('one', 'active')])).toEqual([]);
  expect(findNextChange([key('one', 'active')])).toBeUndefined();
  expect(findNextStep(key('one', 'active'), others)).toBeUndefined();
});

test('a published key takes over at its time and not before', () => {
  const keys = [key('one', 'active'), key('two', 'published', { activatesAt: later(60) })];
  expect(stepsAt(keys, later(59.999))).toEqual([]);
  expect(stepsAt(keys, later(60))).toEqual(['retire one', 'activate two']);
  expect(findNextChange(keys)).toEqual(later(60));
  expect(keys.map((each) => findNextStep(each, keys))).toEqual([
    { kind: 'retire', at: later(60) },
    { kind: 'activate', at: later(60) },
  ]);
});

test('the former key goes after everything that it signed, counted from when it was really retired', () => {
  const keys = [key('one', 'active'), key('two', 'published', { activatesAt: now })];
  const [retired] = listDueSteps([...keys, ...others], later(3600));
  expect(retired).toMatchObject({ kind: 'retire', endsAt: later(3600 + schedules.signing.keepSeconds) });
  const old = key('one', 'retired', { endsAt: later(100) });
  expect(stepsAt([key('two', 'active'), old], later(99))).toEqual([]);
  expect(stepsAt([key('two', 'active'), old], later(100))).toEqual(['remove one']);
  expect(findNextStep(old, [])).toEqual({ kind: 'remove', at: later(100) });
});

test('a key that signed receipts is retired for ever', () => {
  const old = key('receipt', 'active', { purpose: 'receipt' });
  const next = key('receipt2', 'published', { purpose: 'receipt', activatesAt: now });
  const due = listDueSteps([key('one', 'active'), old, next, ...others.slice(1)], now);
  expect(due).toEqual([
    { kind: 'retire', key: old, endsAt: undefined },
    { kind: 'activate', key: next },
  ]);
  const retired = key('receipt', 'retired', { purpose: 'receipt' });
  expect(
    listDueSteps([key('one', 'active'), retired, { ...next, state: 'active' }, ...others.slice(1)], later(1e10)),
  ).toEqual([]);
  expect(findNextStep(retired, [retired])).toBeUndefined();
});

test('without an active key the published one takes over ahead of its time', () => {
  expect(stepsAt([key('two', 'published', { activatesAt: later(9999) })])).toEqual(['activate two']);
  expect(stepsAt([key('one', 'retired', { endsAt: later(100) })])).toEqual(['create ES256']);
});

test('a successor of another algorithm or purpose is none', () => {
  const rsa = key('rsa2', 'published', { algorithm: 'RS256', activatesAt: now });
  expect(stepsAt([key('one', 'active'), rsa])).toEqual(['retire rsa', 'activate rsa2']);
});

describe('the times', () => {
  test('what a key signed is verified for as long as it counts', () => {
    const { keepSeconds } = schedules.signing;
    for (const seconds of [tokenSeconds.IdToken, tokenSeconds.AccessToken, longestSessionSeconds])
      expect(keepSeconds).toBeGreaterThan(seconds + clockToleranceSeconds + jwksCacheSeconds);
    expect(schedules.cookie.keepSeconds).toBeGreaterThan(longestSessionSeconds);
  });

  test('a key is published for longer than the key set may be kept', () => {
    expect(schedules.signing.leastPublishSeconds).toBeGreaterThan(jwksCacheSeconds);
    expect(schedules.signing.publishSeconds).toBe(24 * 3600);
  });
});
