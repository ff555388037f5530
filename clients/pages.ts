/** What people see at a sample app: Bahasa Indonesia first, English as well, without JavaScript. */
import { type Html, html } from './html.ts';
import type { Notice } from './sessions.ts';
import type { Person } from './sign-in.ts';

export type Language = 'id' | 'en';
export type Words = Readonly<Record<Language, string>>;

/** Name, drawing and words of one app; colours are in its style sheet. */
export interface Look {
  name: string;
  agency: string;
  /** Inline svg. */
  mark: Html;
  headline: Words;
  lead: Words;
  offers: readonly { title: Words; text: Words }[];
  /** What stands below the greeting. */
  own: { title: Words; text: Words };
}

/** What kept the app from answering. */
export type Trouble = 'not-found' | 'stale' | 'other-issuer' | 'provider-refused' | 'unreachable' | 'not-trusted';

/** The front page: an invitation to sign in, or the person's own page. */
export function homePage(
  look: Look,
  language: Language,
  { person, notice }: { person?: Person | undefined; notice?: Notice | 'unreachable' | undefined },
): Html {
  const said = notice && html`<p class="notice" id="${notice}" role="status">${notices[notice][language]}</p>`;
  return document(look, language, person ? words.mine[language] : look.headline[language], [
    said,
    person ? ownPart(look, language, person) : invitation(look, language),
  ]);
}

function invitation(look: Look, language: Language): Html {
  return html`<section class="hero">
<h1>${look.headline[language]}</h1>
<p class="lead">${look.lead[language]}</p>
${signInLink(language)}
<p class="hint">${words.oneAccount[language]}</p>
</section>
<ul class="offers">${look.offers.map(({ title, text }) => html`<li><h2>${title[language]}</h2><p>${text[language]}</p></li>`)}</ul>`;
}

function ownPart(look: Look, language: Language, person: Person): Html {
  const name = person.name ?? person.email ?? words.citizen[language];
  return html`<section class="hero">
<h1>${words.welcome[language]} <span id="signed-in-name">${name}</span></h1>
<form method="post" action="/sign-out"><button id="sign-out" class="button quiet">${words.signOut[language]}</button></form>
</section>
<section class="card"><h2>${look.own.title[language]}</h2><p>${look.own.text[language]}</p></section>
<section class="card"><h2>${words.received[language]}</h2><dl id="claims">${receivedData(language, person)}</dl>
<p class="hint">${words.receivedHint[language]}</p></section>`;
}

/** Only what the person let this app have: an optional claim that was left out has no line. */
function receivedData(language: Language, person: Person): Html[] {
  const address = person.address?.formatted?.replaceAll('\n', ', ');
  const rows: [Words, string | undefined][] = [
    [words.name, person.name],
    [words.email, person.email],
    [words.phone, person.phone_number],
    [words.address, address],
  ];
  return rows.flatMap(([label, value]) => (value ? html`<div><dt>${label[language]}</dt><dd>${value}</dd></div>` : []));
}

export function signedOutPage(look: Look, language: Language): Html {
  return document(look, language, words.signedOut[language], [
    html`<section class="hero"><h1 id="signed-out">${words.signedOut[language]}</h1>
<p class="lead">${words.signedOutHint[language]}</p>${signInLink(language)}</section>`,
  ]);
}

/** `code` is the provider's word for it, for those who look after the app. */
export function problemPage(look: Look, language: Language, trouble: Trouble, code?: string): Html {
  const { title, text } = troubles[trouble];
  const retry = trouble === 'not-found' ? false : signInLink(language);
  return document(look, language, title[language], [
    html`<section class="hero" id="problem"><h1>${title[language]}</h1><p class="lead">${text[language]}</p>
${code && html`<p class="hint">${words.code[language]} <code id="error-code">${code}</code></p>`}
${retry}<p><a href="/" id="home">${words.home[language]}</a></p></section>`,
  ]);
}

function signInLink(language: Language): Html {
  return html`<p><a id="sign-in" class="button" href="/sign-in" rel="nofollow">${words.signIn[language]}</a></p>`;
}

function document(look: Look, language: Language, title: string, content: readonly (Html | undefined)[]): Html {
  return html`<!DOCTYPE html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} · ${look.name}</title>
<link rel="stylesheet" href="/style.css">
</head>
<body>
<header><a class="brand" href="/">${look.mark}<span><strong>${look.name}</strong> <small>${look.agency}</small></span></a>
<nav aria-label="${words.language[language]}">${languageLink(language, 'id', 'Indonesia')} ${languageLink(language, 'en', 'English')}</nav></header>
<main>${content}</main>
<footer><p>${words.fictitious[language]}</p></footer>
</body>
</html>
`;
}

/** Leads to the front page: other addresses stand for something that happened once. */
function languageLink(current: Language, language: Language, name: string): Html {
  const mark = current === language && html` aria-current="true"`;
  return html`<a href="/?lang=${language}" lang="${language}" hreflang="${language}"${mark}>${name}</a>`;
}

const words = {
  signIn: { id: 'Masuk dengan Lawang', en: 'Sign in with Lawang' },
  signOut: { id: 'Keluar', en: 'Sign out' },
  welcome: { id: 'Selamat datang,', en: 'Welcome,' },
  citizen: { id: 'Warga', en: 'Citizen' },
  mine: { id: 'Halaman saya', en: 'My page' },
  oneAccount: {
    id: 'Satu akun untuk semua layanan publik. Tidak perlu mendaftar lagi di sini.',
    en: 'One account for every public service. No need to register here again.',
  },
  received: { id: 'Data dari akun Lawang Anda', en: 'Data from your Lawang account' },
  receivedHint: {
    id: 'Hanya data yang Anda izinkan. Anda dapat menghentikannya kapan saja di halaman akun Lawang.',
    en: 'Only what you allowed. You can stop this at any time on your Lawang account page.',
  },
  name: { id: 'Nama', en: 'Name' },
  email: { id: 'E-mail', en: 'E-mail' },
  phone: { id: 'Nomor telepon', en: 'Phone number' },
  address: { id: 'Alamat', en: 'Address' },
  signedOut: { id: 'Anda sudah keluar', en: 'You are signed out' },
  signedOutHint: { id: 'Terima kasih atas kunjungan Anda.', en: 'Thank you for your visit.' },
  home: { id: 'Kembali ke halaman depan', en: 'Back to the front page' },
  code: { id: 'Kode:', en: 'Code:' },
  language: { id: 'Bahasa', en: 'Language' },
  fictitious: {
    id: 'Contoh layanan untuk pengembang. Orang dan data di sini rekaan.',
    en: 'A sample service for developers. People and data here are fictitious.',
  },
} as const satisfies Record<string, Words>;

const notices: Readonly<Record<Notice | 'unreachable', Words>> = {
  refused: {
    id: 'Anda membatalkan masuk, dan tidak ada data yang kami terima. Jika berubah pikiran, silakan coba lagi.',
    en: 'You cancelled signing in, and we received no data. If you change your mind, please try again.',
  },
  'signed-out-elsewhere': {
    id: 'Anda sudah keluar dari akun Lawang di layanan lain, jadi di sini juga.',
    en: 'You signed out of your Lawang account at another service, and so here as well.',
  },
  'permission-ended': {
    id: 'Izin untuk layanan ini sudah berhenti. Masuk lagi jika ingin memakainya.',
    en: 'The permission for this service has ended. Sign in again if you want to use it.',
  },
  'session-ended': {
    id: 'Waktu masuk Anda sudah habis. Silakan masuk lagi.',
    en: 'Your time signed in is over. Please sign in again.',
  },
  unreachable: {
    id: 'Lawang sedang tidak dapat dihubungi. Data di bawah adalah yang terakhir kami terima.',
    en: 'Lawang cannot be reached right now. The data below is what we received last.',
  },
};

const troubles: Readonly<Record<Trouble, { title: Words; text: Words }>> = {
  'not-found': {
    title: { id: 'Halaman ini tidak ada', en: 'This page does not exist' },
    text: {
      id: 'Periksa alamatnya, atau mulai dari halaman depan.',
      en: 'Check the address, or start from the front page.',
    },
  },
  stale: {
    title: { id: 'Masuk ini sudah selesai atau kedaluwarsa', en: 'This sign-in is finished or has expired' },
    text: {
      id: 'Halaman ini hanya berlaku sekali, di peramban yang memulainya. Lanjutkan di halaman depan, atau masuk lagi.',
      en: 'This page works once, in the browser that began. Go on at the front page, or sign in again.',
    },
  },
  'other-issuer': {
    title: { id: 'Layanan ini memakai Lawang', en: 'This service uses Lawang' },
    text: {
      id: 'Tautan yang Anda ikuti meminta cara masuk lain, yang tidak kami kenal. Masuklah dari sini.',
      en: 'The link that you followed asks for another way to sign in, which we do not know. Sign in from here.',
    },
  },
  'provider-refused': {
    title: { id: 'Masuk belum berhasil', en: 'Signing in did not work' },
    text: {
      id: 'Lawang menolak permintaan layanan ini. Ini bukan kesalahan Anda. Coba sekali lagi; jika terulang, sampaikan kode ini kepada kami.',
      en: 'Lawang refused the request of this service. It is not your fault. Try once more; if it happens again, tell us this code.',
    },
  },
  unreachable: {
    title: { id: 'Lawang sedang tidak dapat dihubungi', en: 'Lawang cannot be reached right now' },
    text: { id: 'Tunggu beberapa detik, lalu coba lagi.', en: 'Wait a few seconds, then try again.' },
  },
  'not-trusted': {
    title: { id: 'Masuk belum berhasil', en: 'Signing in did not work' },
    text: {
      id: 'Jawaban yang kami terima tidak dapat dipercaya, jadi kami berhenti. Coba sekali lagi.',
      en: 'The answer that we received could not be trusted, so we stopped. Try once more.',
    },
  },
};
