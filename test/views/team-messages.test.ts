import { describe, expect, test } from 'vitest';
import { languages } from '#views/locale.ts';
import { hostileText } from '#views/samples.ts';
import { invitationMessage, memberMessage, roleMessage } from '#views/team-messages.ts';

const issuer = 'https://masuk.contoh.go.id';

describe.each(languages)('messages about a team in %s', (language) => {
  const about = {
    language,
    brand: 'Lawang',
    accountLink: `${issuer}/account`,
    agency: 'Dinkes',
    roles: ['owner'] as const,
  };

  test('an invitation says to what, until when, and leads to its page', () => {
    const link = `${issuer}/invitations/${'A'.repeat(43)}`;
    const { subject, text, html } = invitationMessage({ ...about, link, until: new Date('2026-11-28T03:00:00Z') });
    expect(subject).toContain('Dinkes');
    for (const whole of [text, html]) {
      expect(whole).toContain(link);
      expect(whole).toContain('28');
    }
  });

  test('a name that tries to be markup stays a name', () => {
    const member = {
      ...about,
      person: hostileText,
      agency: hostileText,
      link: `${issuer}/console`,
      change: 'joined',
    } as const;
    expect(memberMessage(member).html).not.toContain('<script>');
    expect(roleMessage({ ...about, agency: hostileText, change: 'given' }).html).not.toContain('<script>');
  });

  test('a line on a telephone has no more than its subject and an address', () => {
    const { subject, text } = roleMessage({ ...about, channel: 'sms', change: 'suspended' });
    expect(text).toBe(`${subject}. ${issuer}/account`);
  });
});
