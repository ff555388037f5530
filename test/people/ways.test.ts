import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  asksForTwoFactors,
  isLastWay,
  isStrongEnough,
  mayRemove,
  type ShownProof,
  type Ways,
} from '#src/people/ways.ts';

const now = new Date('2026-11-25T12:00:00Z');
const hoursAgo = (hours: number) => new Date(now.getTime() - hours * 3600_000);

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now });
});
afterEach(() => vi.useRealTimers());

function ways({
  password,
  passkeys = [],
  totp,
  restricted,
  sheet,
  used,
}: Record<string, unknown> & { passkeys?: Hours[] }): Ways {
  const date = (hours: unknown) => (typeof hours === 'number' ? hoursAgo(hours) : undefined);
  return {
    passwordSince: date(password),
    totpSince: date(totp),
    restrictedAt: date(restricted),
    sheet: typeof sheet === 'number' ? { madeAt: hoursAgo(sheet), left: 9, usedAt: date(used) } : undefined,
    passkeys: passkeys.map(({ made, used }, i) => ({
      credentialId: String(i),
      label: 'Ponsel',
      ownName: undefined,
      backedUp: true,
      isAttested: false,
      aaguid: '00000000-0000-0000-0000-000000000000',
      createdAt: hoursAgo(made),
      lastUsedAt: date(used),
    })),
  };
}

/** Since how many hours there is a passkey, and when it was used. */
interface Hours {
  readonly made: number;
  readonly used?: number;
}

const MINUTE = 1 / 60;
const byPassword: ShownProof = { acr: 'aal1', amr: ['pwd'], signedInAt: hoursAgo(MINUTE) };
const byPasskey: ShownProof = { acr: 'aal2', amr: ['pop', 'user', 'mfa'], signedInAt: hoursAgo(MINUTE) };

describe('how much is asked before a change', () => {
  test.each([
    ['a password alone', ways({ password: 900 }), false],
    ['a passkey of today', ways({ password: 900, passkeys: [{ made: 23 }] }), false],
    ['a passkey of yesterday', ways({ password: 900, passkeys: [{ made: 25 }] }), true],
    ['an authenticator app of yesterday', ways({ password: 900, totp: 25 }), true],
    [
      'a passkey that a recovery by contacts brought',
      ways({ password: 900, passkeys: [{ made: 99 }], restricted: 99 }),
      false,
    ],
    ['one from before it', ways({ password: 900, passkeys: [{ made: 99 }], restricted: 98 }), true],
  ])('%s', (_, has, isTwofold) => {
    expect(asksForTwoFactors(has)).toBe(isTwofold);
    expect(isStrongEnough(has, byPassword)).toBe(!isTwofold);
    expect(isStrongEnough(has, byPasskey)).toBe(true);
  });
});

describe('the last way', () => {
  test.each<['password' | 'passkey', Ways, boolean]>([
    ['password', ways({ password: 9 }), true],
    ['password', ways({ password: 9, totp: 9 }), true],
    ['password', ways({ password: 9, passkeys: [{ made: 9 }] }), false],
    ['passkey', ways({ passkeys: [{ made: 9 }] }), true],
    ['passkey', ways({ passkeys: [{ made: 9 }, { made: 8 }] }), false],
    ['passkey', ways({ password: 9 }), false],
  ])('%s of %j: %s', (removed, has, isLast) => expect(isLastWay(has, removed)).toBe(isLast));
});

describe('what a proof may take off', () => {
  test('by an old password: anything', () => {
    const has = ways({ password: 900, passkeys: [{ made: 800 }, { made: 2 }] });
    for (const hours of [900, 800, 2]) expect(mayRemove(has, hoursAgo(hours), byPassword)).toBe(true);
  });

  test('by a passkey of today: itself and what is younger, nothing older', () => {
    const has = ways({ password: 900, passkeys: [{ made: 800 }, { made: 2, used: MINUTE }], totp: 1 });
    expect(mayRemove(has, hoursAgo(900), byPasskey)).toBe(false);
    expect(mayRemove(has, hoursAgo(800), byPasskey)).toBe(false);
    expect(mayRemove(has, hoursAgo(2), byPasskey)).toBe(true);
    expect(mayRemove(has, hoursAgo(1), byPasskey)).toBe(true);
  });

  test('by one of two passkeys used since: as if it were the younger', () => {
    const has = ways({
      passkeys: [
        { made: 800, used: 0 },
        { made: 2, used: MINUTE },
      ],
    });
    expect(mayRemove(has, hoursAgo(800), byPasskey)).toBe(false);
    const old = ways({
      passkeys: [
        { made: 800, used: MINUTE },
        { made: 2, used: 1 },
      ],
    });
    expect(mayRemove(old, hoursAgo(800), byPasskey)).toBe(true);
  });

  test('by a passkey and a password together: by the older of the two', () => {
    const has = ways({ password: 900, passkeys: [{ made: 0.5 }, { made: MINUTE }] });
    const both = { ...byPasskey, amr: ['pop', 'user', 'mfa', 'pwd'] };
    expect(mayRemove(has, hoursAgo(900), both)).toBe(true);
  });

  test('not in a session in which a younger way was added: it may be stolen', () => {
    const has = ways({ password: 900, passkeys: [{ made: 800, used: MINUTE }, { made: 0 }] });
    expect(mayRemove(has, hoursAgo(900), byPasskey)).toBe(false);
    expect(mayRemove(has, hoursAgo(0), byPasskey)).toBe(true);
    const anew = ways({ password: 900, passkeys: [{ made: 800, used: 0 }, { made: MINUTE }] });
    expect(mayRemove(anew, hoursAgo(900), { ...byPasskey, signedInAt: now })).toBe(true);
  });

  test('by a code, or by a way that is gone: nothing', () => {
    const has = ways({ password: 900, passkeys: [{ made: 800, used: 700 }] });
    expect(mayRemove(has, hoursAgo(800), { ...byPassword, amr: ['otp'] })).toBe(false);
    expect(mayRemove(has, hoursAgo(900), byPasskey)).toBe(false);
  });

  test('by what a recovery by contacts brought: nothing older, however late', () => {
    const has = ways({ password: 900, passkeys: [{ made: 400, used: MINUTE }], restricted: 400 });
    expect(mayRemove(has, hoursAgo(900), byPasskey)).toBe(false);
    expect(mayRemove(has, hoursAgo(400), byPassword)).toBe(true);
  });
});

describe('who came back by a printed code', () => {
  const recovered: ShownProof = { acr: 'aal1', amr: ['otp', 'pwd'], signedInAt: hoursAgo(MINUTE) };
  const lost = { password: MINUTE, totp: 900 };

  test('takes off what they have lost', () => {
    const has = ways({ ...lost, sheet: 800, used: 3 * MINUTE });
    expect(isStrongEnough(has, recovered)).toBe(true);
    expect(mayRemove(has, hoursAgo(900), recovered)).toBe(true);
  });

  test.each<[string, Ways, ShownProof]>([
    ['by a sheet of today', ways({ ...lost, sheet: 5, used: 3 * MINUTE }), recovered],
    ['an hour after it', ways({ ...lost, sheet: 800, used: 1 }), recovered],
    ['by a sheet whose codes were never used', ways({ ...lost, sheet: 800 }), recovered],
    ['in another session, by the password', ways({ ...lost, sheet: 800, used: 3 * MINUTE }), byPassword],
  ])('not %s', (_, has, proof) => {
    expect(isStrongEnough(has, proof)).toBe(false);
    expect(mayRemove(has, hoursAgo(900), proof)).toBe(false);
  });
});
