/**
 * `/sheet/notice`: where the notice about a desk's sheet leads. Programs that read mail follow its link too, so looking at the
 * page does nothing; its buttons cancel the sheet, or end its wait. Nobody is signed in by it.
 */
import type { Context } from 'koa';
import type { Db } from '#src/base/database.ts';
import { Refusal } from '#src/base/refusals.ts';
import { confirmSheet, mayConfirm, openSheetNotice, type SheetNotice } from '#src/people/desk-contacts.ts';
import { cancelSheet, findSheet, isOpen, isSheetReady } from '#src/people/desk-sheets.ts';
import { findAgency } from '#src/registry/agencies.ts';
import { sheetCancelledMessage } from '#views/messages.ts';
import { type SheetEndedContext, sheetEndedPage, sheetNoticePage } from '#views/sheet.ts';
import { frameOf, show, showForm } from './frame.ts';
import type { OpenHouse } from './house.ts';
import { notifyContacts } from './messages.ts';
import { checkForm } from './middleware/browser.ts';
import { readForm } from './middleware/forms.ts';
import { nameOf } from './names.ts';
import { seeOther } from './see-other.ts';
import { tellOfConfirmation } from './sheet-notices.ts';

/** `GET /sheet/notice?token=…`. @throws {Refusal} `not_found` when the link is not ours */
export async function showSheetNotice(ctx: Context, house: OpenHouse): Promise<void> {
  const notice = readToken(ctx, house);
  const db: Db = ctx.state.db;
  const sheet = await findSheet(db, notice.id);
  const frame = frameOf(ctx, house);
  if (!sheet || !isOpen(sheet)) {
    const how: SheetEndedContext['how'] = sheet?.state === 'cancelled' ? 'cancelled' : 'over';
    return show(ctx, sheetEndedPage({ ...frame, how }));
  }
  if (ctx.query.done === 'confirmed' && isSheetReady(sheet))
    return show(ctx, sheetEndedPage({ ...frame, how: 'ready' }));
  const agency = await findAgency(db, sheet.agencyId);
  const page = sheetNoticePage({
    ...frame,
    agency: agency ? nameOf(agency, ctx.state.language) : sheet.agencyId,
    readyAt: sheet.readyAt,
    mayConfirm: sheet.state === 'waiting' && !isSheetReady(sheet) && (await mayConfirm(db, house.secrets, notice)),
  });
  showForm(ctx, page);
}

/** `POST /sheet/notice?token=…`. @throws {Refusal} `not_found`, `csrf_mismatch`, `invalid_request` */
export async function answerSheetNotice(ctx: Context, house: OpenHouse): Promise<void> {
  const form = await readForm(ctx);
  const notice = readToken(ctx, house);
  checkForm(ctx, house.secrets, house.config.issuer, form.get('csrf'));
  const db: Db = ctx.state.db;
  const action = form.get('action');
  if (action === 'confirm-sheet') {
    const confirmed = await confirmSheet(db, house.secrets, notice);
    if (confirmed) await tellOfConfirmation(house, db, confirmed);
    return seeOther(ctx, `/sheet/notice?done=confirmed&token=${ctx.query.token}`);
  }
  if (action !== 'cancel-sheet') throw new Refusal('invalid_request', 'no such choice on this page');
  if (await cancelSheet(db, notice, 'contact'))
    await notifyContacts(house, db, notice.accountId, sheetCancelledMessage);
  seeOther(ctx, `/sheet/notice?token=${ctx.query.token}`);
}

function readToken(ctx: Context, { secrets }: OpenHouse): SheetNotice {
  const { token } = ctx.query;
  const notice = typeof token === 'string' ? openSheetNotice(secrets, token) : undefined;
  if (!notice) throw new Refusal('not_found', 'no link of ours');
  return notice;
}
