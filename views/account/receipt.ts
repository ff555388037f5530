import { type Html, html, safeAddress } from '../html.ts';
import { translate } from '../locale.ts';
import type { Frame } from '../page.ts';
import { qrCode } from '../parts/qr.ts';
import { receiptTerms, receiptTitle, type ShownReceipt, sampleReceipt } from '../parts/receipt.ts';
import { hostileText, sampleFrame } from '../samples.ts';
import { backTo, personalPage } from './shell.ts';

export type ReceiptContext = Frame & {
  receipt: ShownReceipt;
  download: string;
  /** The receipt of the other part of what is over. */
  other?: { part: 'beginning' | 'end'; link: string } | undefined;
  /** What the square holds: the address of the page that checks receipts, with the short form behind it. None where it is too long. */
  square?: string | undefined;
  /** The page that checks receipts, as it is typed. */
  checkAt: string;
};

/** A receipt, for its owner: to read, to keep as a file, and to put on paper. */
export function receiptPage(context: ReceiptContext): Html {
  const t = translate(context.language);
  const { receipt, download, other, square, checkAt } = context;
  return personalPage(context, {
    title: t(receiptTitle(receipt)),
    section: 'apps',
    of: receipt.service,
    lead: backTo(context, 'apps'),
    intro: t('receipt.intro'),
    styles: ['receipt.css', 'print.css'],
    content: html`<section class="receipt-paper" id="receipt" aria-label="${t(receiptTitle(receipt))}">${receiptTerms(context.language, receipt, context.timeZone)}</section>
<p class="buttons"><a class="button main" id="receipt-file" href="${safeAddress(download)}" download>${t('receipt.download')}</a></p>
<p class="hint not-on-paper">${t('receipt.print-hint')}</p>
<section class="part receipt-square" aria-labelledby="square"><h2 id="square">${t('receipt.square')}</h2>
${square ? html`<p>${t('receipt.square-says')}</p>${qrCode(square, t('receipt.square-label', { number: receipt.number }))}` : html`<p id="no-square">${t('receipt.square-none')}</p>`}
<p class="on-paper">${t('receipt.on-paper', { address: checkAt })}</p></section>
<ul class="links">${other && html`<li><a id="other-receipt" href="${safeAddress(other.link)}">${t(`receipt.other-${other.part}`)}</a></li>`}<li><a href="/receipts/verify">${t('receipt.check-it')}</a></li></ul>`,
  });
}

const given: ReceiptContext = {
  ...sampleFrame,
  receipt: sampleReceipt,
  download: '/account/receipts/0ab.jws',
  square: `https://masuk.contoh.go.id/receipts/verify#${'eyJhbGciOiJFUzI1NiJ9'.repeat(40)}`,
  checkAt: 'masuk.contoh.go.id/receipts/verify',
};

export const receiptSamples: Record<string, ReceiptContext> = {
  given,
  withdrawn: {
    ...given,
    receipt: { ...sampleReceipt, ended: { event: 'withdrawn', at: new Date('2026-12-01T02:00:00Z') } },
    other: { part: 'beginning', link: '/account/receipts/0ab?of=beginning' },
  },
  notice: {
    ...given,
    receipt: {
      ...sampleReceipt,
      basis: 'public_task',
      items: [
        { claim: 'name', purpose: 'Mencatat kunjungan Anda.', law: 'UU 17/2023 tentang Kesehatan' },
        { claim: 'email', purpose: 'Mengirim hasil pemeriksaan.', basis: 'legal_obligation', law: 'Permenkes 24/2022' },
      ],
      declined: [],
    },
  },
  'nothing-read': { ...given, receipt: { ...sampleReceipt, items: [], declined: [] } },
  hostile: {
    ...given,
    ...{ download: 'javascript:1', square: undefined, checkAt: hostileText },
    other: { part: 'end', link: 'javascript:1' },
    receipt: {
      ...sampleReceipt,
      ...{ service: hostileText, agency: hostileText, basis: hostileText, purpose: hostileText, issuer: hostileText },
      ...{ subject: hostileText, number: hostileText, wording: hostileText, declined: [hostileText] },
      items: [{ claim: hostileText, purpose: hostileText, basis: hostileText, law: hostileText }],
    },
  },
};
