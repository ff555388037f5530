import { findClaimLabel } from '../claims.ts';
import { type Content, type Html, html } from '../html.ts';
import { basisName } from '../legal-basis.ts';
import { formatMoment, type Language, type MessageKey, translate } from '../locale.ts';

type ShownReceiptItem = {
  claim: string;
  isOptional?: boolean;
  purpose?: string;
  /** Where it is another one than that of the whole. */
  basis?: string | undefined;
  law?: string | undefined;
};

/** What a receipt says, as pages show it. */
export type ShownReceipt = {
  service: string;
  agency: string;
  /** `consent`, or the other legal basis of a notice. */
  basis: string;
  /** What the app said that it is for; not in the short form. */
  purpose?: string | undefined;
  items: readonly ShownReceiptItem[];
  declined: readonly string[];
  began: { event: 'given' | 'narrowed' | 'renewed'; at: Date };
  until: Date;
  ended?: { event: 'withdrawn' | 'left' | 'expired' | 'replaced' | 'underage'; at: Date } | undefined;
  /** The name by which the service knows the person. */
  subject: string;
  number: string;
  /** The fingerprint of all that was said. */
  wording: string;
  issuer: string;
  isShort: boolean;
};

/** What a receipt is of: the first words over it. */
export function receiptTitle({ basis, ended }: ShownReceipt): MessageKey {
  if (ended) return 'receipt.of-end';
  return basis === 'consent' ? 'receipt.of-consent' : 'receipt.of-notice';
}

/** All that a receipt says, one thing below the other: what happened first, what proves it last. */
export function receiptTerms(language: Language, receipt: ShownReceipt, timeZone?: string): Html {
  const t = translate(language);
  const term = (name: MessageKey, said: Content) => html`<div><dt>${t(name)}</dt><dd>${said}</dd></div>`;
  const code = (said: string) => html`<code class="long">${said}</code>`;
  const { purpose, declined, isShort } = receipt;
  return html`<dl class="terms receipt">
${term('receipt.service', receipt.service)}
${term('receipt.agency', receipt.agency)}
${purpose && term('receipt.purpose', purpose)}
${term('receipt.basis', receipt.basis === 'consent' ? t('receipt.basis-consent') : basisName(language, receipt.basis))}
${term('receipt.data', dataOf(language, receipt))}
${declined.length > 0 && term('receipt.declined', declined.map((claim) => labelOf(language, claim)).join(', '))}
${term('receipt.when', timesOf(language, receipt, timeZone))}
${term('receipt.person', code(receipt.subject))}
${term('receipt.issuer', receipt.issuer)}
${term('receipt.number', code(receipt.number))}
${term('receipt.wording', code(receipt.wording))}
</dl>
${isShort && html`<p class="hint">${t('receipt.is-short')}</p>`}`;
}

function dataOf(language: Language, { items }: ShownReceipt): Html {
  const t = translate(language);
  if (items.length === 0) return html`${t('receipt.no-data')}`;
  const rows = items.map(({ claim, isOptional, purpose, basis, law }) => {
    const right = [basis && basisName(language, basis), law && t('receipt.by-law', { law })]
      .filter(Boolean)
      .join(' · ');
    const why = [purpose, right].filter(Boolean).join(' ');
    return html`<li data-claim="${claim}">${labelOf(language, claim)}${isOptional && html` <small>(${t('receipt.optional')})</small>`}${why && html`<span class="hint">${why}</span>`}</li>`;
  });
  return html`<ul class="receipt-data">${rows}</ul>`;
}

function timesOf(language: Language, receipt: ShownReceipt, timeZone: string | undefined): Html {
  const t = translate(language);
  const { basis, began, until, ended } = receipt;
  const say = (key: MessageKey, at: Date) => t(key, { moment: formatMoment(language, at, timeZone) });
  const isTold = began.event === 'given' && basis !== 'consent';
  const lines = [
    say(isTold ? 'receipt.was-told' : `receipt.was-${began.event}`, began.at),
    ended ? say(`receipt.was-${ended.event}`, ended.at) : say('receipt.until', until),
  ];
  return html`${lines.map((line) => html`<p>${line}</p>`)}`;
}

function labelOf(language: Language, claim: string): string {
  return findClaimLabel(language, claim) ?? claim;
}

export const sampleReceipt: ShownReceipt = {
  service: 'Puskesmas Online',
  agency: 'Kementerian Kesehatan',
  basis: 'consent',
  purpose: 'Mendaftarkan Anda dalam antrean puskesmas.',
  items: [
    { claim: 'phone_number', isOptional: true, purpose: 'Mengabari Anda saat giliran hampir tiba.' },
    { claim: 'birthdate', isOptional: false, purpose: 'Menentukan poli yang sesuai dengan umur Anda.' },
  ],
  declined: ['address'],
  began: { event: 'given', at: new Date('2026-11-26T03:12:00Z') },
  until: new Date('2027-11-26T03:12:00Z'),
  subject: 'bmZ0Yk9UaHJlZUxldHRlcnNBbmRNb3Jl',
  number: '3qJv1kXo8mZtY2cWb7sRfA.given',
  wording: '9f2c41d07be64a1f8d35e6a0c7b9e214',
  issuer: 'https://masuk.contoh.go.id',
  isShort: false,
};
