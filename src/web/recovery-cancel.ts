/**
 * `/recovery/cancel`: where the notice of a recovery leads. Programs that read mail follow its link too, so looking at the
 * page does nothing; its button cancels. Nobody is signed in by it, and the account is not frozen.
 */
import type { Context } from 'koa';
import type { Db } from '#src/base/database.ts';
import { Refusal } from '#src/base/refusals.ts';
import { cancelRecovery, openRecoveryToken, type Recovery, readRecoveries } from '#src/people/recoveries.ts';
import { recoveryCancelledMessage } from '#views/messages.ts';
import { recoveryCancelPage, recoveryEndedPage } from '#views/recovery-cancel.ts';
import { frameOf, show, showForm } from './frame.ts';
import type { OpenHouse } from './house.ts';
import { notifyContacts } from './messages.ts';
import { checkForm } from './middleware/browser.ts';
import { readForm } from './middleware/forms.ts';
import { seeOther } from './see-other.ts';

/** `GET /recovery/cancel?token=…`. @throws {Refusal} `not_found` when the link is not ours */
export async function showRecoveryCancel(ctx: Context, house: OpenHouse): Promise<void> {
  const { accountId, id } = readToken(ctx, house);
  const { waiting, cancelled } = await readRecoveries(ctx.state.db, accountId);
  const frame = frameOf(ctx, house);
  if (waiting?.id === id) return showForm(ctx, recoveryCancelPage({ ...frame, readyAt: waiting.readyAt }));
  show(ctx, recoveryEndedPage({ ...frame, how: cancelled.includes(id) ? 'cancelled' : 'over' }));
}

/** `POST /recovery/cancel?token=…`. @throws {Refusal} `not_found`, `csrf_mismatch` */
export async function answerRecoveryCancel(ctx: Context, house: OpenHouse): Promise<void> {
  const form = await readForm(ctx);
  const recovery = readToken(ctx, house);
  checkForm(ctx, house.secrets, house.config.issuer, form.get('csrf'));
  const db: Db = ctx.state.db;
  if (await cancelRecovery(db, recovery)) await notifyContacts(house, db, recovery.accountId, recoveryCancelledMessage);
  seeOther(ctx, `/recovery/cancel?token=${ctx.query.token}`);
}

function readToken(ctx: Context, { secrets }: OpenHouse): Pick<Recovery, 'accountId' | 'id'> {
  const { token } = ctx.query;
  const recovery = typeof token === 'string' ? openRecoveryToken(secrets, token) : undefined;
  if (!recovery) throw new Refusal('not_found', 'no link of ours');
  return recovery;
}
