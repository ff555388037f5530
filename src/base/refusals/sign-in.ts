/** Refusals of signing in: which account, and what proves that one is its owner. */
import type { RefusalEntry } from './entry.ts';

export const signInRefusals = {
  account_frozen: {
    status: 403,
    id: {
      say: 'Akun ini dibekukan: tidak ada yang bisa masuk.',
      next: 'Buka lagi dari halaman masuk dengan kunci sandi Anda, atau datanglah ke loket layanan dengan KTP Anda.',
    },
    en: {
      say: 'This account is frozen: nobody can sign in.',
      next: 'Open it again from the sign-in page with your passkey, or visit a service desk with your identity card.',
    },
  },
  account_restricted: {
    status: 403,
    id: {
      say: 'Akun ini baru dipulihkan lewat dua kontak, jadi perubahan ini masih ditutup.',
      next: 'Buktikan dulu diri Anda di loket, dengan membawa kartu identitas.',
    },
    en: {
      say: 'This account was recovered through two contacts, so this change is still closed.',
      next: 'Prove who you are at a service desk first, with your identity card.',
    },
  },
  account_unavailable: {
    status: 403,
    id: {
      say: 'Akun ini sedang tidak dapat dipakai.',
      next: 'Hubungi bantuan dengan menyebut nomor rujukan di bawah.',
    },
    en: { say: 'This account cannot be used right now.', next: 'Contact support and give the reference below.' },
  },
  client_unavailable: {
    status: 403,
    id: {
      say: 'Layanan ini sedang tidak dapat dipakai untuk masuk.',
      next: 'Coba lagi nanti, atau hubungi pengelola layanan.',
    },
    en: {
      say: 'This service cannot be used for signing in right now.',
      next: 'Try again later, or contact the people who run it.',
    },
  },
  code_wrong: {
    status: 422,
    id: {
      say: 'Kode ini tidak cocok atau sudah tidak berlaku.',
      next: 'Periksa pesan terakhir, atau minta kode baru.',
    },
    en: {
      say: 'This code does not match or is no longer valid.',
      next: 'Check the latest message, or ask for a new code.',
    },
  },
  fresh_proof_required: {
    status: 403,
    id: {
      say: 'Untuk perubahan ini kami perlu memastikan sekali lagi bahwa ini Anda.',
      next: 'Masuk sekali lagi, lalu ulangi perubahannya.',
    },
    en: {
      say: 'For this change we need to be sure once more that it is you.',
      next: 'Sign in once more, then make the change again.',
    },
  },
  identifier_invalid: {
    status: 422,
    id: {
      say: 'Alamat ini bukan email atau nomor ponsel yang lengkap.',
      next: 'Periksa ejaannya, misalnya nama@contoh.id atau 0812 3456 7890.',
    },
    en: {
      say: 'This is not a complete email address or phone number.',
      next: 'Check the spelling, for example name@example.com or +62 812 3456 7890.',
    },
  },
  identifier_taken: {
    status: 409,
    id: {
      say: 'Alamat ini sudah punya akun.',
      next: 'Masuk dengan alamat itu, atau daftar dengan email atau nomor ponsel lain.',
    },
    en: {
      say: 'This address already has an account.',
      next: 'Sign in with it, or sign up with another email address or phone number.',
    },
  },
  interaction_expired: {
    status: 400,
    id: {
      say: 'Halaman ini sudah selesai dipakai atau kedaluwarsa.',
      next: 'Kembali ke layanan tadi dan mulai masuk lagi.',
    },
    en: {
      say: 'This page has been used already or has expired.',
      next: 'Go back to the service and start signing in again.',
    },
  },
  login_failed: {
    status: 422,
    id: {
      say: 'Yang Anda masukkan tidak cocok.',
      next: 'Periksa ejaan dan kata sandi, atau pilih cara lain di bawah.',
    },
    en: {
      say: 'What you entered does not match.',
      next: 'Check the spelling and the password, or choose another way below.',
    },
  },
  passkey_failed: {
    status: 422,
    id: {
      say: 'Kunci sandi (passkey) tidak dapat dipastikan.',
      next: 'Coba sekali lagi, atau pilih cara lain di bawah.',
    },
    en: { say: 'The passkey could not be verified.', next: 'Try once more, or choose another way below.' },
  },
  passkey_not_vouched_for: {
    status: 422,
    id: {
      say: 'Kunci sandi ini sudah ditambahkan, tetapi pembuatnya tidak menjamin perangkat kerasnya.',
      next: 'Buat satu lagi dengan kunci keamanan lain, dan izinkan peramban menyebut modelnya.',
    },
    en: {
      say: 'This passkey was added, but its maker does not vouch for its hardware.',
      next: 'Make another one with a different security key, and let the browser tell its model.',
    },
  },
  passkey_on_own_device: {
    status: 422,
    id: {
      say: 'Layanan ini meminta kunci sandi (passkey), dan di perangkat yang dipakai bersama tidak dibuat kunci sandi.',
      next: 'Buka layanan ini di perangkat Anda sendiri. Kalau perangkat ini milik Anda, hapus centangnya dan masuk lagi.',
    },
    en: {
      say: 'This service asks for a passkey, and none is made on a device that others use.',
      next: 'Open the service on your own device. If this one is yours alone, remove the tick and sign in again.',
    },
  },
  passkey_required: {
    status: 422,
    id: {
      say: 'Layanan ini meminta kunci sandi (passkey).',
      next: 'Masuk dengan sidik jari, wajah, atau kunci layar.',
    },
    en: { say: 'This service asks for a passkey.', next: 'Sign in with your fingerprint, face or screen lock.' },
  },
  passkey_script_required: {
    status: 422,
    id: {
      say: 'Kunci sandi (passkey) memerlukan JavaScript, yang tidak aktif di peramban ini.',
      next: 'Pakai kata sandi atau minta kode, atau buka dengan peramban lain.',
    },
    en: {
      say: 'A passkey needs JavaScript, which is off in this browser.',
      next: 'Use your password or ask for a code, or open another browser.',
    },
  },
  password_busy: {
    status: 503,
    id: { say: 'Sedang banyak orang yang masuk.', next: 'Tunggu beberapa detik, lalu coba lagi.' },
    en: { say: 'Many people are signing in right now.', next: 'Wait a few seconds, then try again.' },
  },
  password_length: {
    status: 422,
    id: { say: 'Kata sandi harus 8 sampai 256 karakter.', next: 'Beberapa kata yang Anda ingat sudah cukup.' },
    en: { say: 'A password has 8 to 256 characters.', next: 'A few words that you remember are enough.' },
  },
  password_required: {
    status: 422,
    id: {
      say: 'Kode saja tidak cukup di sini, karena akun Anda punya kata sandi.',
      next: 'Masuk dengan kata sandi Anda.',
    },
    en: {
      say: 'A code alone is not enough here, because your account has a password.',
      next: 'Sign in with your password.',
    },
  },
  password_weak: {
    status: 422,
    id: {
      say: 'Kata sandi ini mudah ditebak.',
      next: 'Hindari nama, alamat, dan kata umum; beberapa kata yang tidak berhubungan lebih baik.',
    },
    en: {
      say: 'This password is easy to guess.',
      next: 'Avoid names, addresses and common words; a few unrelated words are better.',
    },
  },
  recovery_code_wrong: {
    status: 422,
    id: {
      say: 'Kode pemulihan ini tidak cocok, sudah pernah dipakai, atau sudah diganti.',
      next: 'Periksa hurufnya, atau pakai kode lain dari lembar terbaru Anda.',
    },
    en: {
      say: 'This recovery code does not match, was used before or has been replaced.',
      next: 'Check its letters, or use another code from your latest sheet.',
    },
  },
  redirect_uri_mismatch: {
    status: 400,
    id: {
      say: 'Layanan ini meminta kembali ke alamat yang tidak terdaftar.',
      next: 'Ini bukan kesalahan Anda. Beri tahu pengelola layanan dengan nomor rujukan di bawah.',
    },
    en: {
      say: 'The service asked to return to an address that is not registered.',
      next: 'This is not your fault. Tell the people who run it, with the reference below.',
    },
  },
  session_required: {
    status: 401,
    id: { say: 'Anda belum masuk.', next: 'Masuk lebih dulu.' },
    en: { say: 'You are not signed in.', next: 'Sign in first.' },
  },
  totp_clock_off: {
    status: 422,
    id: {
      say: 'Kode ini untuk waktu yang lain: jam di ponsel Anda tidak tepat.',
      next: 'Nyalakan tanggal dan waktu otomatis di ponsel, tunggu kode berikutnya, lalu masukkan kode itu.',
    },
    en: {
      say: 'This code belongs to another time: the clock of your phone is off.',
      next: 'Let the phone set its date and time by itself, wait for the next code and enter that one.',
    },
  },
  totp_exists: {
    status: 409,
    id: {
      say: 'Akun ini sudah punya aplikasi autentikator.',
      next: 'Hapus dulu yang lama, lalu pasang yang baru.',
    },
    en: {
      say: 'This account has an authenticator app already.',
      next: 'Remove the old one first, then set up the new one.',
    },
  },
  totp_wrong: {
    status: 422,
    id: {
      say: 'Kode dari aplikasi autentikator ini tidak cocok atau sudah dipakai.',
      next: 'Tunggu kode berikutnya di aplikasi, lalu masukkan kode itu.',
    },
    en: {
      say: 'This code of the authenticator app does not match or was used before.',
      next: 'Wait for the next code in the app and enter that one.',
    },
  },
} as const satisfies Record<string, RefusalEntry>;
