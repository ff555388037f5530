/** What a sandbox has instead of real mailboxes and phones. Never in production. */
import type { Context } from 'koa';
import { Refusal } from '#src/base/refusals.ts';
import { parseIdentifier } from '#src/people/identifiers.ts';
import { listMessages, type SentMessage } from '#src/people/messages.ts';
import { outboxPage } from '#views/outbox.ts';
import { frameOf, show } from './frame.ts';
import type { OpenHouse } from './house.ts';

/** `GET /sandbox/outbox`: every message sent, newest first; `?to=` narrows it. */
export async function showOutbox(ctx: Context, house: OpenHouse): Promise<void> {
  const messages = await findMessages(ctx, house);
  const { to } = ctx.query;
  show(
    ctx,
    outboxPage({
      ...frameOf(ctx, house),
      messages: messages.map(({ to, channel, subject, text, code, link, at }) => ({
        to,
        channel: channel === 'email' ? 'email' : 'sms',
        subject,
        text,
        code,
        link,
        sentAt: at,
      })),
      ...(typeof to === 'string' && to && { to }),
    }),
  );
}

/** `GET /sandbox/outbox.json`: the same for programs. */
export async function answerOutbox(ctx: Context, house: OpenHouse): Promise<void> {
  ctx.body = await findMessages(ctx, house);
}

async function findMessages(ctx: Context, house: OpenHouse): Promise<SentMessage[]> {
  if (house.config.mode !== 'sandbox') throw new Refusal('not_found');
  ctx.set('Cache-Control', 'no-store');
  const { to } = ctx.query;
  if (!to) return listMessages(ctx.state.db, house.secrets, { limit: 100 });
  const identifier = typeof to === 'string' ? parseIdentifier(to) : undefined;
  if (!identifier) throw new Refusal('identifier_invalid', 'to is no address');
  return listMessages(ctx.state.db, house.secrets, { to: identifier, limit: 100 });
}
