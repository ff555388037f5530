import { describe, expect, test } from 'vitest';
import { sheetConfirmedMessage, sheetIssuedMessage } from '#views/desk-messages.ts';
import { languages } from '#views/locale.ts';

const issuer = 'https://masuk.contoh.go.id';
const decideLink = `${issuer}/sheet/notice?token=${'Ab3_'.repeat(25)}`;
const notMeLink = `${issuer}/not-me?token=${'Ab3_'.repeat(19)}`;
/** The letters of a text message that fit seven bits (3GPP TS 23.038). */
const sevenBits = /^[\w@\n !"#%&'()*+,\-./:;<=>?]*$/;

describe.each(languages)('about a desk’s sheet, in %s', (language) => {
  const context = {
    ...{ language, brand: 'Lawang', accountLink: `${issuer}/account`, agency: 'Dinas Dukcapil Kota Contoh' },
    ...{ at: new Date('2026-11-21T03:12:00Z'), readyAt: new Date('2026-11-22T03:12:00Z') },
    ...{ decideLink, notMeLink, mayConfirm: true },
  };

  test('the letter says which desk and from when, and leads to the page that decides and the one that freezes', () => {
    const letter = sheetIssuedMessage(context);
    expect(letter.text).toContain('Dinas Dukcapil Kota Contoh');
    expect(letter.text).toMatch(/22 Nov 2026.*10[.:]12 WIB/);
    for (const whole of [letter.text, letter.html]) {
      expect(whole).toContain(decideLink);
      expect(whole).toContain(notMeLink);
    }
    expect(letter.link).toBe(decideLink);
  });

  test('only who may confirm is told that they may', () => {
    const confirms = language === 'id' ? /iyakan; / : /confirm; /;
    expect(sheetIssuedMessage(context).text).toMatch(confirms);
    expect(sheetIssuedMessage({ ...context, mayConfirm: false }).text).not.toMatch(confirms);
    expect(sheetConfirmedMessage(context).text).not.toMatch(confirms);
  });

  test.each([sheetIssuedMessage, sheetConfirmedMessage])('a text message is short and cancels', (message) => {
    const sms = message({ ...context, channel: 'sms' });
    expect(sms.text.endsWith(decideLink)).toBe(true);
    expect(sms.text.length).toBeLessThanOrEqual(306);
    expect(sms.text).toMatch(sevenBits);
  });

  test('a number that may be somebody else’s by now is told without a link', () => {
    const sms = sheetIssuedMessage({ ...context, channel: 'sms', decideLink: undefined, notMeLink: undefined });
    expect(sms.text).not.toContain('http');
    expect(sms.link).toBeUndefined();
  });
});
