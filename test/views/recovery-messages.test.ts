import { describe, expect, test } from 'vitest';
import { languages } from '#views/locale.ts';
import {
  type RecoveryRefused,
  recoveryCodeMessage,
  recoveryRefusedMessage,
  recoveryStartedMessage,
} from '#views/recovery-messages.ts';

const issuer = 'https://masuk.contoh.go.id';
const base = { brand: 'Lawang', accountLink: `${issuer}/account` };
const cancelLink = `${issuer}/recovery/cancel?token=${'Ab3_'.repeat(22)}`;
const notMeLink = `${issuer}/not-me?token=${'Ab3_'.repeat(19)}`;
/** The letters of a text message that fit seven bits (3GPP TS 23.038). */
const sevenBits = /^[\w@\n !"#%&'()*+,\-./:;<=>?]*$/;

describe.each(languages)('on the way back into an account, in %s', (language) => {
  const code = { ...base, language, code: '482913', secondsLeft: 600, domain: 'lawang.example' } as const;

  test('a code says that it opens the account again, which no code for a sign-in says', () => {
    const letter = recoveryCodeMessage({ ...code, channel: 'email' });
    const sms = recoveryCodeMessage({ ...code, channel: 'sms' });
    for (const text of [letter.text, sms.text]) {
      expect(text).toContain('482913');
      expect(text).toMatch(language === 'id' ? /membuka kembali/i : /again/i);
    }
    expect(sms.text.split('\n').at(-1)).toBe('@lawang.example #482913');
    expect(sms.text.length).toBeLessThanOrEqual(160);
    expect(sms.text).toMatch(sevenBits);
  });

  test.each<RecoveryRefused>(['none', 'unavailable', 'unfit'])('without a code: %s', (why) => {
    const letter = recoveryRefusedMessage({ ...base, language }, why);
    const sms = recoveryRefusedMessage({ ...base, language, channel: 'sms' }, why);
    for (const text of [letter.text, sms.text]) expect(text).not.toMatch(/\d{6}|[{}]/);
    expect(sms.text.length).toBeLessThanOrEqual(306);
    expect(sms.text).toMatch(sevenBits);
  });

  test('the notice says until when, and leads to the page that cancels', () => {
    const readyAt = new Date('2026-11-22T03:12:00Z');
    const context = { ...base, language, at: new Date('2026-11-21T03:12:00Z'), cancelLink, readyAt };
    const letter = recoveryStartedMessage({ ...context, notMeLink });
    expect(letter.text).toMatch(/22 Nov 2026.*10[.:]12 WIB/);
    for (const whole of [letter.text, letter.html]) {
      expect(whole).toContain(cancelLink);
      expect(whole).toContain(notMeLink);
    }
    expect(letter.link).toBe(cancelLink);
    const sms = recoveryStartedMessage({ ...context, channel: 'sms' });
    expect(sms.text.endsWith(cancelLink)).toBe(true);
    expect(sms.text).not.toContain('not-me');
    expect(sms.text.length).toBeLessThanOrEqual(306);
    expect(sms.text).toMatch(sevenBits);
  });

  test('a number that may be somebody else’s by now is told without a link', () => {
    const readyAt = new Date('2026-11-22T03:12:00Z');
    const sms = recoveryStartedMessage({
      ...base,
      language,
      at: readyAt,
      cancelLink: undefined,
      readyAt,
      channel: 'sms',
    });
    expect(sms.link).toBeUndefined();
    expect(sms.text).not.toContain('http');
    expect(sms.text.length).toBeLessThanOrEqual(306);
    expect(sms.text).toMatch(sevenBits);
  });
});
