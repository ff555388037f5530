import { fileField, linesField } from './console/parts/fields.ts';
import { type Html, html } from './html.ts';
import { formatMoment, translate } from './locale.ts';
import { type Frame, page } from './page.ts';
import { button, uploadForm } from './parts/form.ts';
import { information, warning } from './parts/icons.ts';
import { noticeBox } from './parts/notice.ts';
import { type Problem, problemSummary, type Saying, sayProblems } from './parts/problem.ts';
import { receiptTerms, receiptTitle, type ShownReceipt, sampleReceipt } from './parts/receipt.ts';
import { hostileText, sampleFrame } from './samples.ts';

/** What a text that somebody sent turned out to be. */
export type ShownVerdict =
  | { kind: 'genuine'; receipt: ShownReceipt }
  | { kind: 'altered' | 'unknown-key' | 'no-receipt' }
  /** `isLater`: it tells of something after that moment. `number`: of the receipt. */
  | { kind: 'revoked-key'; revokedAt: Date; isLater: boolean; number: string }
  /** It says that it comes from there. */
  | { kind: 'elsewhere'; issuer: string };

type Kind = 'nothing';

export type ReceiptCheckProblem = Problem<Kind>;

/** Posts `action` = `check` with `receipt` or `file`. */
export type ReceiptCheckContext = Frame & {
  verdict?: ShownVerdict | undefined;
  /** Where the public keys are. */
  keys: string;
  problems?: readonly ReceiptCheckProblem[] | undefined;
};

const sayings: Record<Kind, Saying> = { nothing: { key: 'receipt-check.nothing', field: 'receipt' } };

/** Where anybody finds out whether a receipt is genuine, and what it says. */
export function receiptCheckPage(context: ReceiptCheckContext): Html {
  const t = translate(context.language);
  const { language, verdict, keys } = context;
  const said = sayProblems(language, context.problems, sayings);
  return page(context, {
    title: t('receipt-check.title'),
    hasProblem: said.length > 0,
    styles: ['receipt.css', 'print.css'],
    scripts: ['square.js'],
    content: html`${problemSummary(language, said)}${verdict ? verdictPart(context, verdict) : html`<p class="intro">${t('receipt-check.intro')}</p>`}
${verdict && html`<h2 id="another">${t('receipt-check.another')}</h2>`}${uploadForm(context, [
  linesField({
    name: 'receipt',
    label: t('receipt-check.text'),
    hint: t('receipt-check.text-hint'),
    hook: 'from-address',
    rows: 5,
    isList: true,
    problems: said,
  }),
  fileField({
    name: 'file',
    label: t('receipt-check.file'),
    hint: t('receipt-check.file-hint'),
    accept: '.jws,application/jose',
    problems: said,
  }),
  button({ id: 'check', value: 'check', label: t('receipt-check.check'), look: 'main' }),
])}
<section class="part not-on-paper" aria-labelledby="own"><h2 id="own">${t('receipt-check.own')}</h2>
<p>${t('receipt-check.own-how')}</p><p><a id="receipt-keys" href="/receipts/keys.json">${keys}</a></p></section>`,
  });
}

function verdictPart(context: ReceiptCheckContext, verdict: ShownVerdict): Html {
  const t = translate(context.language);
  const { kind } = verdict;
  const text = html`<p id="verdict" data-verdict="${kind}">${t(`receipt-check.is-${kind}`)}</p>`;
  if (verdict.kind === 'genuine') {
    const { receipt } = verdict;
    return html`${noticeBox({ tone: 'done', text })}
<section class="receipt-paper" aria-labelledby="receipt-of"><h2 id="receipt-of">${t(receiptTitle(receipt))}</h2>${receiptTerms(context.language, receipt, context.timeZone)}</section>
<p class="hint">${t('receipt-check.genuine-means')}</p>`;
  }
  const isFalse = kind === 'altered' || kind === 'no-receipt' || (verdict.kind === 'revoked-key' && verdict.isLater);
  return html`<div class="notice notice-${isFalse ? 'stop' : 'info'}" role="status">${isFalse ? warning : information}<div>${text}<p>${nextOf(context, verdict)}</p></div></div>`;
}

function nextOf(
  { language, timeZone }: ReceiptCheckContext,
  verdict: Exclude<ShownVerdict, { kind: 'genuine' }>,
): string {
  const t = translate(language);
  if (verdict.kind === 'elsewhere') return t('receipt-check.next-elsewhere', { issuer: verdict.issuer });
  if (verdict.kind !== 'revoked-key') return t(`receipt-check.next-${verdict.kind}`);
  const { revokedAt, isLater, number } = verdict;
  const moment = formatMoment(language, revokedAt, timeZone);
  return t(isLater ? 'receipt-check.next-revoked-later' : 'receipt-check.next-revoked-key', { moment, number });
}

const keys = 'https://masuk.contoh.go.id/receipts/keys.json';
const asked: ReceiptCheckContext = { ...sampleFrame, keys };

const revokedVerdict: ShownVerdict = {
  ...{ kind: 'revoked-key', revokedAt: new Date('2026-11-20T03:10:00Z'), isLater: false },
  number: 'b2Yx0m4dQ1mJ2k8bTqvY3w.given',
};

export const receiptCheckSamples: Record<string, ReceiptCheckContext> = {
  asked,
  nothing: { ...asked, problems: [{ kind: 'nothing' }] },
  genuine: { ...asked, verdict: { kind: 'genuine', receipt: sampleReceipt } },
  'genuine-notice': {
    ...asked,
    verdict: {
      kind: 'genuine',
      receipt: {
        ...sampleReceipt,
        basis: 'public_task',
        items: [{ claim: 'name', purpose: 'Mencatat kunjungan Anda.', law: 'UU 17/2023 tentang Kesehatan' }],
        declined: [],
        ended: { event: 'left', at: new Date('2026-12-01T02:00:00Z') },
      },
    },
  },
  'genuine-short': {
    ...asked,
    verdict: {
      kind: 'genuine',
      receipt: { ...sampleReceipt, purpose: undefined, items: [{ claim: 'name' }], declined: [], isShort: true },
    },
  },
  altered: { ...asked, verdict: { kind: 'altered' } },
  'unknown-key': { ...asked, verdict: { kind: 'unknown-key' } },
  'revoked-key': { ...asked, verdict: revokedVerdict },
  'revoked-key-later': { ...asked, verdict: { ...revokedVerdict, isLater: true } },
  elsewhere: { ...asked, verdict: { kind: 'elsewhere', issuer: 'https://lain.contoh.go.id' } },
  'no-receipt': { ...asked, verdict: { kind: 'no-receipt' } },
  hostile: {
    ...asked,
    keys: hostileText,
    verdict: {
      kind: 'genuine',
      receipt: {
        ...sampleReceipt,
        ...{ service: hostileText, agency: hostileText, basis: hostileText, purpose: hostileText, issuer: hostileText },
        ...{ subject: hostileText, number: hostileText, wording: hostileText, declined: [hostileText] },
        items: [{ claim: hostileText, purpose: hostileText, law: hostileText }],
      },
    },
  },
  'hostile-revoked': { ...asked, verdict: { ...revokedVerdict, number: hostileText } },
  'hostile-elsewhere': { ...asked, verdict: { kind: 'elsewhere', issuer: hostileText } },
};
