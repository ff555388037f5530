import { type Html, html, safeAddress } from './html.ts';
import { translate } from './locale.ts';
import { type Frame, page } from './page.ts';
import { warning } from './parts/icons.ts';
import { hostileText, sampleFrame, serviceFrame } from './samples.ts';

/** A refusal put into words by the table of refusals, in the language of the frame. */
export type ErrorContext = Frame & {
  /** What happened, a few words. */
  title: string;
  /** Who acts now and what to do next. */
  next: string;
  /** Our language-neutral code, such as `redirect_uri_mismatch`. */
  code: string;
  /** Finds this very event in the log. */
  reference: string;
  /** The HTTP status, shown small for those who help. */
  status: number;
  /** The way out: back to the app where we know it, otherwise to a start page; its words say which. */
  back?: { link: string; label: string } | undefined;
};

/** Never a dead end: what happened, what to do, how to name it to a helper, and a way on. */
export function errorPage(context: ErrorContext): Html {
  const t = translate(context.language);
  const link = safeAddress(context.back?.link);
  return page(context, {
    title: context.title,
    lead: html`<span class="sign sign-stop">${warning}</span>`,
    content: html`<p class="intro">${context.next}</p>
${link && html`<p class="buttons"><a class="button main" id="back-to-app" href="${link}">${context.back?.label}</a></p>`}
<dl class="reference"><div><dt>${t('error.code')}</dt><dd id="error-code">${context.code}</dd></div>
<div><dt>${t('error.reference')}</dt><dd id="error-reference">${context.reference}</dd></div>
<div><dt>${t('error.status')}</dt><dd>${context.status}</dd></div></dl>
<p class="hint">${t('error.helper')}</p>`,
  });
}

const expired: ErrorContext = {
  ...serviceFrame,
  title: 'Waktu masuk sudah habis',
  next: 'Halaman ini terbuka terlalu lama. Mulai lagi dari Puskesmas Online; tidak ada yang hilang.',
  code: 'interaction-expired',
  reference: 'a7f3-92kd-0c1e',
  status: 400,
  back: { link: 'http://localhost:3001/', label: 'Kembali ke Puskesmas Online' },
};

export const errorSamples: Record<string, ErrorContext> = {
  expired,
  'redirect-uri': {
    ...sampleFrame,
    title: 'Alamat kembali tidak terdaftar',
    next: 'Anda tidak perlu berbuat apa-apa. Beri tahu pengelola layanan itu kode dan nomor rujukan di bawah.',
    code: 'redirect-uri-mismatch',
    reference: 'b81c-77qa-4f20',
    status: 400,
  },
  hostile: {
    ...expired,
    title: hostileText,
    next: hostileText,
    code: hostileText,
    reference: hostileText,
    back: { link: 'javascript:alert(1)', label: hostileText },
  },
};
