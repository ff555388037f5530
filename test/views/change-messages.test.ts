import { expect, test } from 'vitest';
import {
  decidedMessage,
  glassBrokenMessage,
  reviewMessage,
  serviceMovedMessage,
  stepTakenMessage,
} from '#views/change-messages.ts';
import { languages } from '#views/locale.ts';
import type { Message, MessageContext } from '#views/messages.ts';
import { hostileText } from '#views/samples.ts';

const link = 'https://masuk.contoh.go.id/console/apps/antrean/versions';
const service = { service: 'Antrean', link };

const messages: Record<string, (context: MessageContext, words: string) => Message> = {
  'glass is broken': (context, words) =>
    glassBrokenMessage({ ...context, ...service, service: words, reason: words, fields: [words] }),
  'a change waits': (context, words) =>
    reviewMessage({
      ...{ ...context, ...service, service: words, agency: words, fields: [words] },
      ...{ dueAt: new Date('2028-03-01T03:00:00Z'), isUnattended: true },
    }),
  'a change is agreed to': (context, words) =>
    decidedMessage({ ...context, ...service, service: words, verdict: 'applied', number: 7, note: words }),
  'a change is refused': (context, words) =>
    decidedMessage({ ...context, ...service, service: words, verdict: 'rejected', number: 7, note: words }),
  'an app is stopped': (context, words) =>
    serviceMovedMessage({ ...context, ...service, service: words, change: 'stopped', reason: words }),
  'a planned step was taken': (context, words) =>
    stepTakenMessage({
      ...{ ...context, ...service, service: words },
      ...{ before: { stage: 'optional', percentage: 100 }, after: { stage: 'default', percentage: 10 } },
    }),
  'an app may run again': (context, words) =>
    serviceMovedMessage({ ...context, ...service, service: words, change: 'resumed', reason: words }),
};

test.each(Object.entries(messages))(
  '%s: both languages lead to the versions, and nothing of an app is markup',
  (_, write) => {
    const [id, en] = languages.map((language) => {
      const context = { language, brand: 'Lawang', accountLink: 'https://masuk.contoh.go.id/account' };
      const plain = write(context, 'Antrean');
      expect(plain).toMatchObject({ link, text: expect.stringContaining(link) });
      expect(write({ ...context, channel: 'sms' }, 'Antrean').text).toBe(`${plain.subject}. ${link}`);
      expect(write(context, hostileText).html).not.toMatch(/<script|<img src=x/);
      return plain.subject;
    });
    expect(id).not.toBe(en);
  },
);
