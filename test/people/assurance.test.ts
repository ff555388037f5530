import { describe, expect, test } from 'vitest';
import { assuranceOf, assuranceValues, isCodeAlone, isMet, type Way } from '#src/people/assurance.ts';

const password: Way = { by: 'password' };
const totp: Way = { by: 'totp' };
const typed: Way = { by: 'code', via: 'email', elsewhere: false };
const elsewhere: Way = { by: 'code', via: 'email', elsewhere: true };
const elsewhereByPhone: Way = { by: 'code', via: 'phone', elsewhere: true };
const synced: Way = { by: 'passkey', isSynced: true, isAttested: false };
const bound: Way = { by: 'passkey', isSynced: false, isAttested: false };
const attested: Way = { by: 'passkey', isSynced: false, isAttested: true };

function shown(...ways: readonly Way[]) {
  return ways.reduce((before, way) => assuranceOf(way, before.amr), { acr: 'aal1', amr: [] as readonly string[] });
}

describe('what was shown decides the level, and what an app may be told', () => {
  test.each<[string, readonly Way[], string, readonly string[]]>([
    ['a password', [password], 'aal1', ['aal1']],
    ['a code to the address typed', [typed], 'aal1', ['aal1']],
    ['two codes', [typed, totp], 'aal1', ['aal1']],
    ['a code, then a new password for the same address', [typed, password], 'aal1', ['aal1']],
    ['a password and a code to the address typed', [password, typed], 'aal1', ['aal1']],
    ['a password and an authenticator app', [password, totp], 'aal2', ['aal1', 'aal2']],
    ['a password and a code to another contact', [password, elsewhere], 'aal2', ['aal1', 'aal2']],
    ['a synced passkey', [synced], 'aal2', ['aal1', 'aal2', 'phr']],
    ['a passkey of one device, unattested', [bound], 'aal2', ['aal1', 'aal2', 'phr']],
    ['a passkey of attested hardware', [attested], 'aal3', ['aal1', 'aal2', 'aal3', 'phr', 'phrh']],
    ['a synced passkey that says it is attested', [{ ...synced, isAttested: true }], 'aal2', ['aal1', 'aal2', 'phr']],
    ['everything but hardware', [password, totp, synced], 'aal2', ['aal1', 'aal2', 'phr']],
  ])('%s', (_what, ways, acr, met) => {
    const held = shown(...ways);
    expect(held.acr).toBe(acr);
    expect(assuranceValues.filter((value) => isMet(held, value))).toEqual(met);
  });

  test.each<[string, readonly Way[], readonly string[]]>([
    ['a password', [password], ['pwd']],
    ['a code by message', [{ by: 'code', via: 'phone', elsewhere: false }], ['otp', 'sms']],
    ['a password and an authenticator app', [password, totp], ['mfa', 'otp', 'pwd']],
    ['a password and a message to another phone', [password, elsewhereByPhone], ['mfa', 'otp', 'pwd', 'sms']],
    ['a synced passkey', [synced], ['mfa', 'pop', 'swk', 'user']],
    ['a passkey of one device', [bound], ['mfa', 'pop', 'user']],
    ['attested hardware', [attested], ['hwk', 'mfa', 'pop', 'user']],
  ])('amr of %s (RFC 8176)', (_what, ways, amr) => {
    expect([...shown(...ways).amr].sort()).toEqual(amr);
  });
});

test('what nobody knows is never met, and nobody meets nothing', () => {
  expect(isMet(shown(attested), 'urn:gold')).toBe(false);
  expect(assuranceValues.some((value) => isMet({}, value))).toBe(false);
});

test('a code alone is known as such, however many and however sent', () => {
  expect([shown(typed), shown(typed, totp), shown({ by: 'code', via: 'phone', elsewhere: false })]).toSatisfy(
    (all: { amr: readonly string[] }[]) => all.every(({ amr }) => isCodeAlone(amr)),
  );
  expect([shown(password), shown(typed, password), shown(synced), { amr: [] }]).toSatisfy(
    (all: { amr: readonly string[] }[]) => all.every(({ amr }) => !isCodeAlone(amr)),
  );
});
