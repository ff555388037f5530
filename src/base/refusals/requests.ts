/** Refusals of a request as such, whatever it asks for: its form, its size, its token, its moment. */
import type { RefusalEntry } from './entry.ts';

export const requestRefusals = {
  body_too_large: {
    status: 413,
    id: { say: 'Data yang dikirim terlalu besar.', next: 'Kembali, perpendek isian, lalu kirim lagi.' },
    en: { say: 'What was sent is too large.', next: 'Go back, shorten what you entered and send it again.' },
  },
  content_invalid: {
    status: 422,
    id: {
      say: 'Isi permintaan ini belum benar.',
      next: 'Perbaiki setiap hal dalam daftar errors, lalu kirim lagi.',
    },
    en: { say: 'What this request says is not right yet.', next: 'Put each point of errors right and send it again.' },
  },
  content_type_unknown: {
    status: 415,
    id: {
      say: 'Isi permintaan ini bukan dalam bentuk yang diterima di sini.',
      next: 'Kirim JSON dengan Content-Type: application/json, atau berkas impor dengan Content-Type: text/csv.',
    },
    en: {
      say: 'The body of this request is not in the form that is taken here.',
      next: 'Send JSON with Content-Type: application/json, or a file to import with Content-Type: text/csv.',
    },
  },
  csrf_mismatch: {
    status: 403,
    id: {
      say: 'Formulir ini tidak lagi cocok dengan peramban Anda.',
      next: 'Muat ulang halaman sebelumnya, lalu kirim sekali lagi.',
    },
    en: {
      say: 'This form no longer belongs to your browser.',
      next: 'Reload the previous page and send it once more.',
    },
  },
  database_unavailable: {
    status: 503,
    id: {
      say: 'Layanan sedang terputus sebentar.',
      next: 'Kami sedang memulihkannya. Coba lagi dalam beberapa detik; tidak ada yang hilang.',
    },
    en: {
      say: 'The service is briefly disconnected.',
      next: 'We are bringing it back. Try again in a few seconds; nothing is lost.',
    },
  },
  idempotency_key_reused: {
    status: 422,
    id: {
      say: 'Idempotency-Key ini sudah dipakai untuk permintaan lain.',
      next: 'Pakai kunci baru untuk permintaan baru; kunci lama hanya untuk mengulang permintaan yang sama.',
    },
    en: {
      say: 'This Idempotency-Key was used for another request.',
      next: 'Take a new key for a new request; the old one only repeats the same request.',
    },
  },
  internal: {
    status: 500,
    id: {
      say: 'Ada kesalahan di pihak kami, dan sudah tercatat.',
      next: 'Coba lagi sebentar lagi. Jika terulang, hubungi bantuan dengan nomor rujukan di bawah.',
    },
    en: {
      say: 'There is a fault on our side, and it has been recorded.',
      next: 'Try again shortly. If it happens again, give support the reference below.',
    },
  },
  invalid_request: {
    status: 400,
    id: { say: 'Permintaan ini tidak lengkap atau tidak dapat dibaca.', next: 'Kembali dan coba sekali lagi.' },
    en: { say: 'This request is incomplete or cannot be read.', next: 'Go back and try once more.' },
  },
  method_not_allowed: {
    status: 405,
    id: {
      say: 'Alamat ini tidak menerima cara pengiriman tersebut.',
      next: 'Buka halamannya lebih dulu, lalu pakai tombol di sana.',
    },
    en: { say: 'This address does not accept that kind of request.', next: 'Open the page first and use its buttons.' },
  },
  not_found: {
    status: 404,
    id: { say: 'Halaman ini tidak ada.', next: 'Periksa alamatnya, atau mulai dari halaman depan.' },
    en: { say: 'This page does not exist.', next: 'Check the address, or start from the front page.' },
  },
  precondition_required: {
    status: 428,
    id: {
      say: 'Permintaan ini harus menyebut versi yang hendak diubah.',
      next: 'Baca dulu, lalu kirim ETag-nya sebagai If-Match.',
    },
    en: {
      say: 'This request has to say which version it changes.',
      next: 'Read it first, then send its ETag as If-Match.',
    },
  },
  proof_invalid: {
    status: 401,
    id: {
      say: 'Bukti DPoP tidak cocok dengan permintaan ini atau sudah dipakai.',
      next: 'Buat bukti baru untuk setiap permintaan: metode, alamat, waktu sekarang, dan hash token (ath).',
    },
    en: {
      say: 'The DPoP proof does not fit this request, or was used before.',
      next: 'Make a new proof for each request: its method, its address, the time now and the hash of the token (ath).',
    },
  },
  proof_required: {
    status: 401,
    id: {
      say: 'Untuk mengubah sesuatu, token harus terikat pada kunci dan disertai bukti DPoP.',
      next: 'Minta token dengan header DPoP, lalu sertakan bukti baru pada setiap permintaan.',
    },
    en: {
      say: 'To change anything, the token has to be bound to a key and come with a DPoP proof.',
      next: 'Ask for the token with a DPoP header, then send a new proof with each request.',
    },
  },
  scope_required: {
    status: 403,
    id: {
      say: 'Token ini tidak memiliki scope untuk permintaan ini.',
      next: 'Minta token dengan scope yang disebut di WWW-Authenticate; mesinnya harus terdaftar untuk scope itu.',
    },
    en: {
      say: 'This token does not have the scope for this request.',
      next: 'Ask for a token with the scope in WWW-Authenticate; the machine has to be registered for it.',
    },
  },
  server_busy: {
    status: 503,
    id: { say: 'Sedang banyak sekali permintaan.', next: 'Tunggu sebentar, lalu coba lagi.' },
    en: { say: 'There are very many requests right now.', next: 'Wait a moment, then try again.' },
  },
  token_invalid: {
    status: 401,
    id: {
      say: 'Token ini tidak dikenal, kedaluwarsa, atau bukan untuk API ini.',
      next: 'Minta token baru di /token dengan resource alamat API ini.',
    },
    en: {
      say: 'This token is unknown, has expired or is not for this API.',
      next: 'Ask /token for a new one with the address of this API as resource.',
    },
  },
  token_required: {
    status: 401,
    id: {
      say: 'Permintaan ini memerlukan token akses.',
      next: 'Minta token di /token dengan client credentials dan resource alamat API ini.',
    },
    en: {
      say: 'This request needs an access token.',
      next: 'Ask /token for one by client credentials with the address of this API as resource.',
    },
  },
  too_many_attempts: {
    status: 429,
    id: {
      say: 'Terlalu banyak percobaan.',
      next: 'Tunggu beberapa menit, lalu coba lagi. Kunci sandi (passkey) tetap dapat dipakai.',
    },
    en: { say: 'Too many attempts.', next: 'Wait a few minutes, then try again. A passkey still works.' },
  },
} as const satisfies Record<string, RefusalEntry>;
