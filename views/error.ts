import { comparison, type ShownAttempt } from './console/parts/attempts.ts';
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
  /** What the app did wrong, for whoever builds it; in a sandbox on their own machine alone. */
  forDevelopers?: ForDevelopers | undefined;
};

export type ForDevelopers = Pick<ShownAttempt, 'received' | 'registered'> & {
  /** What went wrong and what to do about it. */
  say: string;
  /** The console's page of what this app tried. */
  attemptsLink?: string | undefined;
};

/** Never a dead end: what happened, what to do, how to name it to a helper, and a way on. */
export function errorPage(context: ErrorContext): Html {
  const t = translate(context.language);
  const link = safeAddress(context.back?.link);
  return page(context, {
    title: context.title,
    lead: html`<span class="sign sign-stop">${warning}</span>`,
    ...(context.forDevelopers && { styles: ['console.css'] }),
    content: html`<p class="intro">${context.next}</p>
${link && html`<p class="buttons"><a class="button main" id="back-to-app" href="${link}">${context.back?.label}</a></p>`}
<dl class="reference"><div><dt>${t('error.code')}</dt><dd id="error-code">${context.code}</dd></div>
<div><dt>${t('error.reference')}</dt><dd id="error-reference">${context.reference}</dd></div>
<div><dt>${t('error.status')}</dt><dd>${context.status}</dd></div></dl>
<p class="hint">${t('error.helper')}</p>
${context.forDevelopers && developersPart(context, context.forDevelopers)}`,
  });
}

function developersPart({ language }: ErrorContext, part: ForDevelopers): Html {
  const t = translate(language);
  return html`<section class="for-developers" id="for-developers" aria-labelledby="developers-heading"><h2 id="developers-heading">${t('error.for-developers')}</h2>
<p>${part.say}</p>
${comparison(language, part)}
${part.attemptsLink && html`<p><a href="${part.attemptsLink}">${t('error.attempts')}</a></p>`}</section>`;
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
    forDevelopers: {
      say: 'Redirect URI tidak terdaftar. Samakan huruf demi huruf, atau daftarkan yang ini.',
      received: 'http://localhost:8080/callback/',
      registered: ['http://localhost:3001/callback'],
      attemptsLink: '/console/apps/puskesmas-online/attempts',
    },
  },
  hostile: {
    ...expired,
    title: hostileText,
    next: hostileText,
    code: hostileText,
    reference: hostileText,
    back: { link: 'javascript:alert(1)', label: hostileText },
    forDevelopers: { say: hostileText, received: hostileText, registered: [hostileText] },
  },
};
