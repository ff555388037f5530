/**
 * "This wasn't me", where the link of a notice leads. Mail scanners open every link, so looking changes nothing; the button
 * freezes the account. Whoever holds the notice may do that and no more: nobody gets into the account here.
 */
import type { Context } from 'koa';
import { Refusal } from '#src/base/refusals.ts';
import { freeze } from '#src/oidc/account-end.ts';
import { findLife, type Life } from '#src/people/account-life.ts';
import { mayUse } from '#src/people/accounts.ts';
import { type NotMe, openNotMe } from '#src/people/not-me.ts';
import { accountFrozenMessage } from '#views/messages.ts';
import { frozenPage, notMePage } from '#views/not-me.ts';
import { frameOf, show, showForm } from './frame.ts';
import type { OpenHouse } from './house.ts';
import { notifyContacts } from './messages.ts';
import { checkForm } from './middleware/browser.ts';
import { readForm } from './middleware/forms.ts';
import { seeOther } from './see-other.ts';

/** `GET /not-me?token=…`. @throws {Refusal} `notice_over` */
export async function showNotMe(ctx: Context, house: OpenHouse): Promise<void> {
  const token = String(ctx.query.token ?? '');
  const account = await loadNotified(ctx, house, token);
  if (mayUse(account)) showForm(ctx, notMePage({ ...frameOf(ctx, house), token }));
  else show(ctx, frozenPage(frameOf(ctx, house)));
}

/**
 * `POST /not-me`: freezes the account of the notice, once however often it is pressed.
 *
 * @throws {Refusal} `notice_over`, `csrf_mismatch`
 */
export async function answerNotMe(ctx: Context, house: OpenHouse): Promise<void> {
  const form = await readForm(ctx);
  checkForm(ctx, house.secrets, house.config.issuer, form.get('csrf'));
  const token = form.get('token');
  const { accountId: id } = await loadNotified(ctx, house, token);
  const { db } = ctx.state;
  if (await freeze(db, house.secrets, id, { reason: 'not-me' }))
    await notifyContacts(house, db, id, accountFrozenMessage);
  seeOther(ctx, `/not-me?${new URLSearchParams({ token })}`);
}

/** The account of a notice, unless it was opened again since: who holds an old notice is not to freeze it for ever. */
async function loadNotified(ctx: Context, house: OpenHouse, token: string): Promise<NotMe & Life> {
  const notice = openNotMe(house.secrets, token);
  if (!notice) throw new Refusal('notice_over', 'no notice of ours, or older than it holds');
  const life = await findLife(ctx.state.db, notice.accountId);
  if (!life || (!mayUse(life) && !['frozen', 'disabled'].includes(life.state)))
    throw new Refusal('notice_over', 'the account is no more');
  if (life.unfrozenAt && notice.at < life.unfrozenAt)
    throw new Refusal('notice_over', 'the account was opened again since');
  return { ...notice, ...life };
}
