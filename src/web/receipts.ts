/**
 * Receipts for everybody: the page that says whether one is genuine, and the keys that say it without us. Nobody is signed in
 * here, and what is sent is neither stored nor logged.
 */
import { createHash } from 'node:crypto';
import type { Context } from 'koa';
import { RECEIPT_BYTES, type Verdict, verifyReceipt } from '#src/consents/receipts.ts';
import { jwksCacheSeconds } from '#src/oidc/lifetimes.ts';
import { receiptKeysOf } from '#src/oidc/receipts.ts';
import { type ReceiptCheckContext, receiptCheckPage, type ShownVerdict } from '#views/receipts.ts';
import { frameOf, showForm } from './frame.ts';
import type { OpenHouse } from './house.ts';
import { checkForm } from './middleware/browser.ts';
import { readUpload, type Upload } from './middleware/uploads.ts';
import { shownReceipt } from './shown-receipt.ts';

const KEYS_PATH = '/receipts/keys.json';

/** `GET /receipts/verify`. */
export function showReceiptCheck(ctx: Context, house: OpenHouse): void {
  showPage(ctx, house, {});
}

/**
 * `POST /receipts/verify` (`receipt`, or a file). The answer is the page itself: a place to be led to would have to keep what was
 * sent.
 *
 * @throws {Refusal} `csrf_mismatch`, `invalid_request`, `body_too_large`
 */
export async function answerReceiptCheck(ctx: Context, house: OpenHouse): Promise<void> {
  const upload = await readUpload(ctx, { limit: RECEIPT_BYTES, fields: ['receipt'] });
  checkForm(ctx, house.secrets, house.config.issuer, upload.get('csrf'));
  const text = textOf(upload);
  if (!text) {
    ctx.status = 422;
    return showPage(ctx, house, { problems: [{ kind: 'nothing' }] });
  }
  const verdict = await verifyReceipt(text, receiptKeysOf(house.keys, house.config.issuer));
  showPage(ctx, house, { verdict: shown(verdict) });
}

/** `GET /receipts/keys.json`: the public keys of receipts, old ones too. For programs of everybody, also in other pages. */
export function sendReceiptKeys(ctx: Context, { keys, config }: OpenHouse): void {
  const body = JSON.stringify(receiptKeysOf(keys, config.issuer));
  ctx.set('Cache-Control', `public, max-age=${jwksCacheSeconds}`);
  ctx.set('Access-Control-Allow-Origin', '*');
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
  ctx.set('ETag', etag);
  ctx.type = 'application/jwk-set+json';
  ctx.body = body;
  if (ctx.get('If-None-Match') === etag) ctx.status = 304;
}

function textOf({ file, get }: Upload): string {
  return file ? file.content.toString() : get('receipt').trim();
}

function shown(verdict: Verdict): ShownVerdict {
  if (verdict.kind === 'genuine') return { kind: verdict.kind, receipt: shownReceipt(verdict.receipt) };
  return verdict.kind === 'elsewhere' || verdict.kind === 'revoked-key' ? verdict : { kind: verdict.kind };
}

function showPage(ctx: Context, house: OpenHouse, more: Pick<ReceiptCheckContext, 'verdict' | 'problems'>): void {
  const keys = `${house.config.issuer}${KEYS_PATH}`;
  showForm(ctx, receiptCheckPage({ ...frameOf(ctx, house), keys, ...more }));
}
