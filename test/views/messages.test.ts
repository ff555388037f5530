import { describe, expect, test } from 'vitest';
import { languages } from '#views/locale.ts';
import {
  codeMessage,
  codeRefusedDisabledMessage,
  codeRefusedPasskeyMessage,
  passkeyAddedMessage,
  passkeyRemovedMessage,
} from '#views/messages.ts';

const base = { brand: 'Lawang', accountLink: 'https://lawang.example/account' };
const at = new Date('2026-11-21T03:12:00Z');

describe.each(languages)('messages in %s', (language) => {
  const code = { ...base, language, code: '482913', secondsLeft: 600, domain: 'lawang.example' } as const;

  test('a code by e-mail says what it is for and how long it lives', () => {
    const { subject, text } = codeMessage({ ...code, channel: 'email', service: 'Puskesmas Online' });
    expect(subject).toContain('482913');
    expect(text).toContain('Puskesmas Online: 482913');
    expect(text).toContain(language === 'id' ? '10 menit' : '10 minutes');
  });

  test('a code by SMS is short and bound to our origin in its last line', () => {
    const { text } = codeMessage({ ...code, channel: 'sms' });
    expect(text.split('\n').at(-1)).toBe('@lawang.example #482913');
    expect(text.length).toBeLessThanOrEqual(160);
  });

  test('a refused code holds no code and leads on', () => {
    for (const message of [codeRefusedPasskeyMessage, codeRefusedDisabledMessage]) {
      const { subject, text } = message({ ...base, language });
      expect(`${subject}${text}`).not.toMatch(/\d{6}|[{}]/);
      expect(text).toContain(base.accountLink);
    }
  });

  test.each([passkeyAddedMessage, passkeyRemovedMessage])(
    'a notice says when, from where, and what to do',
    (message) => {
      const { subject, text } = message({ ...base, language, at, device: 'Chrome, Android' });
      expect(subject).toContain('Lawang');
      expect(text).toContain('10');
      expect(text).toContain('WIB');
      expect(text).toContain('Chrome, Android');
      expect(text).toContain(base.accountLink);
      expect(message({ ...base, language, at }).text).not.toContain('undefined');
    },
  );
});
