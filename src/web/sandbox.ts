/** What a sandbox has instead of real mailboxes and phones. Never in production. */
import type { Context } from 'koa';
import { Refusal } from '#src/base/refusals.ts';
import { findCurrentSession } from '#src/oidc/sessions.ts';
import { isCodeAlone } from '#src/people/assurance.ts';
import { parseIdentifier } from '#src/people/identifiers.ts';
import { hasMembership } from '#src/people/memberships.ts';
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
  await admit(ctx, house);
  ctx.set('Cache-Control', 'no-store');
  const { to } = ctx.query;
  if (!to) return listMessages(ctx.state.db, house.secrets, { limit: 100 });
  const identifier = typeof to === 'string' ? parseIdentifier(to) : undefined;
  if (!identifier) throw new Refusal('identifier_invalid', 'to is no address');
  return listMessages(ctx.state.db, house.secrets, { to: identifier, limit: 100 });
}

/**
 * On a machine of one's own everybody may read; in a sandbox that others can reach, only who works for an agency: the
 * codes in these messages open accounts.
 */
async function admit(ctx: Context, { config, provider }: OpenHouse): Promise<void> {
  if (config.mode !== 'sandbox') throw new Refusal('not_found');
  if (!config.sandboxPublic) return;
  const session = await findCurrentSession(provider, ctx);
  if (!session || isCodeAlone(session.amr)) throw new Refusal('session_required', 'the sandbox is public');
  if (!(await hasMembership(ctx.state.db, session.accountId, new Date())))
    throw new Refusal('not_found', 'the account works for no agency');
}
