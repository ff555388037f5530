import type { Channel } from './code.ts';
import { type Html, html, safeAddress } from './html.ts';
import { formatMoment, type MessageKey, translate } from './locale.ts';
import { type Frame, page } from './page.ts';
import { hostileText, sampleFrame } from './samples.ts';

/** A message that left (or in sandbox: would have left). */
export type ShownMessage = {
  to: string;
  channel: Channel;
  subject?: string | undefined;
  text: string;
  code?: string | undefined;
  link?: string | undefined;
  sentAt: Date;
};

export type OutboxContext = Frame & {
  /** Newest first. */
  messages: readonly ShownMessage[];
  /** The one recipient the list is narrowed to (`?to=`). */
  to?: string | undefined;
};

const channels: Record<Channel, MessageKey> = {
  email: 'outbox.email',
  sms: 'outbox.sms',
  whatsapp: 'outbox.whatsapp',
};

/** The letter box of the sandbox: what citizens would have received. */
export function outboxPage(context: OutboxContext): Html {
  const t = translate(context.language);
  const messages = context.messages.map((message) => messageCard(context, message));
  return page(context, {
    title: t('outbox.title'),
    shape: 'wide',
    content: html`<p class="intro">${context.to === undefined ? t('outbox.intro') : t('outbox.narrowed', { to: context.to })}</p>
${messages.length > 0 ? html`<ul class="messages">${messages}</ul>` : html`<p>${t('outbox.empty')}</p>`}`,
  });
}

function messageCard(context: OutboxContext, message: ShownMessage): Html {
  const t = translate(context.language);
  const link = safeAddress(message.link);
  return html`<li class="message"><p class="hint">${t(channels[message.channel])} · ${formatMoment(context.language, message.sentAt, context.timeZone)}</p>
<h2>${message.subject ?? t(channels[message.channel])}</h2>
<p class="message-to">${t('outbox.to')} <strong>${message.to}</strong></p>
${message.code !== undefined && html`<p class="message-code"><span class="hint">${t('code.label')}</span> <output>${message.code}</output></p>`}
<p class="message-text">${message.text}</p>
${link && html`<p><a href="${link}">${link}</a></p>`}</li>`;
}

const first: OutboxContext = {
  ...sampleFrame,
  messages: [
    {
      to: 'siti@contoh.id',
      channel: 'email',
      subject: 'Kode masuk Lawang: 482 913',
      text: 'Halo,\n\nkode Anda 482 913. Berlaku 10 menit.\n\nJangan berikan kode ini kepada siapa pun.',
      code: '482913',
      sentAt: new Date('2026-11-21T03:12:00Z'),
    },
    {
      to: '+6281234567890',
      channel: 'sms',
      text: 'Kode Lawang: 771204\n\n@localhost #771204',
      code: '771204',
      sentAt: new Date('2026-11-21T03:10:00Z'),
    },
    {
      to: '+6281234567890',
      channel: 'whatsapp',
      text: 'Kunci sandi baru ditambahkan.',
      link: 'http://localhost:3000/account',
      sentAt: new Date('2026-11-21T03:00:00Z'),
    },
  ],
};

export const outboxSamples: Record<string, OutboxContext> = {
  first,
  empty: { ...first, messages: [] },
  narrowed: { ...first, to: 'siti@contoh.id' },
  hostile: {
    ...first,
    to: hostileText,
    messages: first.messages.map((message) => ({
      ...message,
      to: hostileText,
      subject: hostileText,
      text: hostileText,
      code: hostileText,
      link: 'javascript:alert(1)',
    })),
  },
};
