import { expect, test } from 'vitest';
import { sessionLimits } from '#src/base/session-limits.ts';
import { limitOf } from '#src/oidc/lifetimes.ts';

const limits = { ...sessionLimits, aal2: { idle: 1800, absolute: 7200 } };

test('a session lives by the assurance of its last sign-in', () => {
  expect(limitOf(limits, { acr: 'aal1' })).toEqual(sessionLimits.aal1);
  expect(limitOf(limits, { acr: 'aal2' })).toEqual({ idle: 1800, absolute: 7200 });
  expect(limitOf(limits, { acr: 'aal3' })).toEqual({ idle: 15 * 60, absolute: 12 * 3600 });
});

test('what is no level of ours lives as the lowest', () => {
  for (const acr of [undefined, 'phr', 'shared', '__proto__']) expect(limitOf(limits, { acr })).toEqual(limits.aal1);
});

test('on a shared device the shorter of the two counts, each by itself', () => {
  expect(limitOf(limits, { acr: 'aal2', transient: true })).toEqual({ idle: 600, absolute: 3600 });
  const roomy = { ...limits, shared: { idle: 1200, absolute: 10_000 }, aal3: { idle: 300, absolute: 20_000 } };
  expect(limitOf(roomy, { acr: 'aal3', transient: true })).toEqual({ idle: 300, absolute: 10_000 });
});
