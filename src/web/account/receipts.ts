/** Receipts of a person's permissions, for them alone: the page, which prints, and the signed file. */
import type { Context } from 'koa';
import { Refusal } from '#src/base/refusals.ts';
import { isId } from '#src/base/secrets.ts';
import { findPermission, type Permission } from '#src/consents/permissions.ts';
import { RECEIPT_MEDIA_TYPE, type Receipt, shorten } from '#src/consents/receipts.ts';
import { composeReceipt, signReceipt } from '#src/oidc/receipts.ts';
import { receiptPage } from '#views/account/receipt.ts';
import { SQUARE_BYTES } from '#views/parts/qr.ts';
import { frameOf, showForm } from '../frame.ts';
import type { OpenHouse } from '../house.ts';
import { shownReceipt } from '../shown-receipt.ts';
import { showTo, type Visit } from './visit.ts';

/**
 * `GET /account/receipts/:permission`: the receipt of its end where it has ended; `?of=beginning` is that of its beginning.
 *
 * @throws {Refusal} `not_found`, `account_restricted`
 */
export function showReceipt(ctx: Context, house: OpenHouse, permissionId: string): Promise<void> {
  return showTo(ctx, house, async (visit) => {
    const permission = await loadPermission(visit, permissionId);
    const part = partOf(ctx, permission);
    const receipt = await composeReceipt(visit.db, house, visit.account.id, permission, part);
    const address = `${house.config.issuer}/receipts/verify`;
    const square = `${address}#${signReceipt(house.keys, shorten(receipt))}`;
    const page = receiptPage({
      ...frameOf(ctx, house),
      receipt: shownReceipt(receipt),
      download: linkTo(permission, '.jws', part),
      other: permission.endedAt && otherOf(permission, part),
      square: square.length <= SQUARE_BYTES ? square : undefined,
      checkAt: address.replace(/^https?:\/\//, ''),
    });
    showForm(ctx, page);
  });
}

/** `GET /account/receipts/:permission.jws`: the same as a file. @throws {Refusal} `not_found`, `account_restricted` */
export function sendReceipt(ctx: Context, house: OpenHouse, permissionId: string): Promise<void> {
  return showTo(ctx, house, async (visit) => {
    const permission = await loadPermission(visit, permissionId);
    const receipt = await composeReceipt(visit.db, house, visit.account.id, permission, partOf(ctx, permission));
    ctx.set('Cache-Control', 'no-store');
    ctx.attachment(fileName(receipt));
    ctx.type = RECEIPT_MEDIA_TYPE;
    ctx.body = signReceipt(house.keys, receipt);
  });
}

async function loadPermission({ db, account }: Visit, id: string): Promise<Permission> {
  const permission = isId(id) ? await findPermission(db, account.id, id) : undefined;
  if (!permission) throw new Refusal('not_found', 'there is no such permission');
  // Whoever came back by contacts alone may not be the one who gave it.
  if (account.restrictedAt && permission.givenAt < account.restrictedAt) throw new Refusal('account_restricted');
  return permission;
}

type Part = 'beginning' | 'end';

function partOf(ctx: Context, { endedAt }: Permission): Part {
  return endedAt && ctx.query.of !== 'beginning' ? 'end' : 'beginning';
}

function otherOf(permission: Permission, shown: Part): { part: Part; link: string } {
  const part = shown === 'end' ? 'beginning' : 'end';
  return { part, link: linkTo(permission, '', part) };
}

function linkTo({ id, endedAt }: Permission, extension: '' | '.jws', part: Part): string {
  return `/account/receipts/${id}${extension}${endedAt && part === 'beginning' ? '?of=beginning' : ''}`;
}

function fileName({ purposes: [purpose], events }: Receipt): string {
  const last = events.at(-1) ?? events[0];
  return `${purpose.services[0].service_id}-${last.event_type}-${last.event_time.slice(0, 10)}.jws`;
}
