/**
 * Every "no" that a person may read, in one table: code → HTTP status → sentence and next step in every language.
 *
 * The code is language-neutral and stable: outsiders see it in `#error-code`, in problem documents and in the docs
 * (`docs/errors.md`, printed from this table). A missing sentence is a compile error.
 */

export type Language = 'id' | 'en';

interface Sentences {
  /** What happened. */
  readonly say: string;
  /** What to do next, or who acts now. */
  readonly next: string;
}

interface RefusalEntry extends Record<Language, Sentences> {
  readonly status: number;
}

const table = {
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
  account_unavailable: {
    status: 403,
    id: {
      say: 'Akun ini sedang tidak dapat dipakai.',
      next: 'Hubungi bantuan dengan menyebut nomor rujukan di bawah.',
    },
    en: { say: 'This account cannot be used right now.', next: 'Contact support and give the reference below.' },
  },
  agency_circle: {
    status: 409,
    id: {
      say: 'Sebuah instansi tidak dapat berada di bawah dirinya sendiri.',
      next: 'Pilih instansi induk yang lain.',
    },
    en: { say: 'An agency cannot stand below itself.', next: 'Choose another agency above it.' },
  },
  agency_not_found: {
    status: 404,
    id: { say: 'Instansi ini tidak terdaftar.', next: 'Periksa ejaannya, atau daftarkan instansinya lebih dulu.' },
    en: { say: 'This agency is not registered.', next: 'Check the spelling, or register the agency first.' },
  },
  app_without_people: {
    status: 409,
    id: {
      say: 'Layanan mesin tidak punya orang yang masuk, jadi tidak ada akun lama yang beralih.',
      next: 'Pilih layanan yang dipakai orang.',
    },
    en: {
      say: 'A machine has nobody who signs in, so there are no old accounts to leave behind.',
      next: 'Choose a service that people use.',
    },
  },
  batch_carried_out: {
    status: 409,
    id: {
      say: 'Sebagian keputusan ini sudah dilaksanakan, jadi tidak dapat dibatalkan sekaligus.',
      next: 'Batalkan satu per satu yang belum dilaksanakan.',
    },
    en: {
      say: 'Some of these decisions have been carried out, so they cannot be undone at once.',
      next: 'Undo those that were not carried out one by one.',
    },
  },
  batch_over: {
    status: 409,
    id: {
      say: 'Kumpulan keputusan ini sudah diterapkan, dibuang, atau dibatalkan.',
      next: 'Muat ulang halaman untuk melihat keadaannya sekarang.',
    },
    en: {
      say: 'This batch was applied, thrown away or undone already.',
      next: 'Load the page again to see how it stands.',
    },
  },
  batch_stale: {
    status: 409,
    id: {
      say: 'Keadaan berubah sejak Anda melihatnya, jadi belum ada yang diterapkan.',
      next: 'Periksa lagi apa yang berubah, lalu terapkan.',
    },
    en: {
      say: 'Things have changed since you looked, so nothing was applied.',
      next: 'Look again at what changes, then apply it.',
    },
  },
  body_too_large: {
    status: 413,
    id: { say: 'Data yang dikirim terlalu besar.', next: 'Kembali, perpendek isian, lalu kirim lagi.' },
    en: { say: 'What was sent is too large.', next: 'Go back, shorten what you entered and send it again.' },
  },
  case_not_open: {
    status: 409,
    id: {
      say: 'Pendaftaran ini sudah diputuskan atau dibatalkan.',
      next: 'Buka halamannya lagi untuk melihat keputusannya.',
    },
    en: {
      say: 'This registration has been decided or withdrawn already.',
      next: 'Open its page again to see the decision.',
    },
  },
  case_number_invalid: {
    status: 422,
    id: {
      say: 'Nomor kasus belum diisi atau tidak dapat dibaca.',
      next: 'Tulis nomor berkas loket Anda, paling panjang 40 huruf dan angka.',
    },
    en: {
      say: 'The case number is missing or cannot be read.',
      next: "Enter the number of your desk's file, 40 letters and digits at most.",
    },
  },
  decision_carried_out: {
    status: 409,
    id: {
      say: 'Keputusan ini sudah dilaksanakan, jadi tidak dapat dibatalkan lagi.',
      next: 'Layanan yang ditutup tidak dapat dihidupkan lagi; daftarkan layanan baru bila memang diperlukan.',
    },
    en: {
      say: 'This decision has been carried out, so it cannot be undone.',
      next: 'A retired service cannot come back; register a new one if it is really needed.',
    },
  },
  decision_day_missing: {
    status: 422,
    id: {
      say: 'Tanggal mulai berlakunya belum diisi.',
      next: 'Isi tanggal kapan layanan itu berakhir, paling cepat besok.',
    },
    en: {
      say: 'The day on which it takes effect is missing.',
      next: 'Enter the day on which the service ends, tomorrow at the earliest.',
    },
  },
  decision_day_past: {
    status: 422,
    id: {
      say: 'Tanggal itu tidak ada di depan.',
      next: 'Pilih tanggal mulai besok, supaya pemilik dan pengguna layanan sempat diberi tahu.',
    },
    en: {
      say: 'That day does not lie ahead.',
      next: 'Choose tomorrow or later, so that the owners and the people who use the service can be told.',
    },
  },
  decision_kind_missing: {
    status: 422,
    id: { say: 'Keputusannya belum dipilih.', next: 'Pilih pertahankan, gabungkan, tutup, atau layanan lama.' },
    en: { say: 'The decision is missing.', next: 'Choose keep, merge, retire or legacy.' },
  },
  decision_over: {
    status: 409,
    id: {
      say: 'Keputusan ini sudah dibatalkan atau diganti.',
      next: 'Muat ulang halaman untuk melihat keputusan yang berlaku sekarang.',
    },
    en: {
      say: 'This decision was undone or replaced already.',
      next: 'Load the page again to see the decision that holds now.',
    },
  },
  decision_reason_missing: {
    status: 422,
    id: {
      say: 'Alasan keputusan belum diisi, atau terlalu panjang.',
      next: 'Tulis alasannya, paling panjang 2.000 huruf.',
    },
    en: {
      say: 'The reason of the decision is missing or too long.',
      next: 'Write down why, in 2,000 characters at most.',
    },
  },
  decision_row_unclear: {
    status: 422,
    id: {
      say: 'Baris ini tidak menyebut layanan dan keputusan yang dikenal.',
      next: 'Isi kolom app (atau agency dan key) dan decision: keep, merge, retire, atau legacy.',
    },
    en: {
      say: 'This row names no known service and decision.',
      next: 'Fill in app (or agency and key), and decision: keep, merge, retire or legacy.',
    },
  },
  decision_twice: {
    status: 422,
    id: { say: 'Layanan ini disebut lebih dari sekali.', next: 'Sebut setiap layanan satu kali saja.' },
    en: { say: 'This service is named more than once.', next: 'Name each service once.' },
  },
  decisions_none: {
    status: 422,
    id: {
      say: 'Belum ada layanan yang dipilih.',
      next: 'Centang paling sedikit satu layanan, atau kirim berkas yang berisi.',
    },
    en: { say: 'No service was chosen.', next: 'Tick at least one service, or send a file that has some.' },
  },
  decisions_too_many: {
    status: 422,
    id: {
      say: 'Terlalu banyak layanan untuk satu kali keputusan.',
      next: 'Bagi menjadi beberapa bagian, paling banyak 30.000 layanan sekali jalan.',
    },
    en: { say: 'Too many services for one batch.', next: 'Split it: 30,000 services at a time at most.' },
  },
  decisions_unreadable: {
    status: 422,
    id: {
      say: 'Berkas keputusan itu tidak dapat dibaca.',
      next: 'Kirim CSV dalam UTF-8 dengan baris judul: app, decision, successor, date, reason, evidence.',
    },
    en: {
      say: 'That file of decisions cannot be read.',
      next: 'Send a CSV in UTF-8 with the heads app, decision, successor, date, reason, evidence.',
    },
  },
  evidence_link_invalid: {
    status: 422,
    id: { say: 'Tautan bukti itu bukan alamat https.', next: 'Tempel alamat lengkap yang dimulai dengan https://.' },
    en: {
      say: 'The link to the evidence is no https address.',
      next: 'Paste the whole address, beginning with https://.',
    },
  },
  evidence_unfit: {
    status: 422,
    id: { say: 'Berkas bukti itu tidak dapat dipakai.', next: 'Pilih PDF, PNG, JPEG, atau DOCX, paling besar 5 MB.' },
    en: { say: 'That file cannot be used as evidence.', next: 'Choose a PDF, PNG, JPEG or DOCX of 5 MB at most.' },
  },
  scope_beyond_role: {
    status: 403,
    id: {
      say: 'Mesin ini boleh melakukan lebih dari yang boleh Anda lakukan sendiri.',
      next: 'Minta orang yang memegang wewenang itu di instansi ini untuk mendaftarkan atau mengubahnya.',
    },
    en: {
      say: 'This machine may do more than you may do yourself.',
      next: 'Ask somebody at this agency who may do all of it to register or change the machine.',
    },
  },
  case_open: {
    status: 409,
    id: {
      say: 'Koordinator belum memutuskan apakah layanan ini boleh tayang.',
      next: 'Layanan tetap bisa dibangun dan dicoba. Anda diberi tahu begitu ada keputusan; tanggal paling lambatnya ada di halaman pendaftaran itu.',
    },
    en: {
      say: 'The coordinator has not decided yet whether this service may go live.',
      next: 'It can be built and tried meanwhile. You are told as soon as it is decided; by when is on the page of that registration.',
    },
  },
  case_own: {
    status: 403,
    id: {
      say: 'Anda ikut mengajukan atau menyusun layanan ini, jadi bukan Anda yang memutuskannya.',
      next: 'Minta koordinator lain memeriksanya.',
    },
    en: {
      say: 'You asked for this service or had a hand in it, so it is not yours to decide.',
      next: 'Ask another coordinator to look at it.',
    },
  },
  case_refused: {
    status: 409,
    id: {
      say: 'Koordinator memutuskan layanan ini tidak perlu dibuat, karena yang serupa sudah ada.',
      next: 'Baca alasannya di halaman pendaftaran itu. Pakailah layanan yang disebut di sana, atau ajukan alasan baru.',
    },
    en: {
      say: 'The coordinator decided against this service, because there is one like it already.',
      next: 'Read why on the page of that registration. Use the service that is named there, or give a new reason.',
    },
  },
  checks_not_green: {
    status: 409,
    id: {
      say: 'Layanan ini belum siap untuk produksi: ada pemeriksaan yang belum lulus, atau hasilnya sudah lama.',
      next: 'Buka halaman "Ke produksi", perbaiki yang disebut di sana, lalu periksa lagi.',
    },
    en: {
      say: 'This service is not ready for production: a check has not passed, or its result is old.',
      next: 'Open the page "To production", put right what it names and check again.',
    },
  },
  bundle_refused: {
    status: 400,
    id: {
      say: 'Berkas ini tidak diterima: bukan berkas bertanda tangan dari penyelenggara yang dipercaya di sini, atau bukan untuk kami.',
      next: 'Kirim lagi dari halaman "Pindahkan" di lingkungan uji coba, ke alamat yang benar.',
    },
    en: {
      say: 'This file is not accepted: it is not signed by a deployment that is trusted here, or it is not for us.',
      next: 'Send it again from the page "Move" of the sandbox, to the right address.',
    },
  },
  bundle_over: {
    status: 410,
    id: {
      say: 'Berkas ini sudah terlalu lama dibuat.',
      next: 'Buat yang baru di lingkungan uji coba, lalu kirim dalam tujuh hari.',
    },
    en: {
      say: 'This file was made too long ago.',
      next: 'Make a new one in the sandbox and send it within seven days.',
    },
  },
  bundle_used: {
    status: 409,
    id: {
      say: 'Berkas ini sudah pernah diterima.',
      next: 'Buka layanannya di sini, atau kirim berkas baru dari lingkungan uji coba.',
    },
    en: { say: 'This file has come before.', next: 'Open the service here, or send a new file from the sandbox.' },
  },
  bundle_unfit: {
    status: 409,
    id: {
      say: 'Layanan dalam berkas ini belum memenuhi aturan di sini.',
      next: 'Perbaiki di lingkungan uji coba seperti yang tertulis di halaman berkas, lalu kirim lagi.',
    },
    en: {
      say: 'The service in this file does not meet the rules here yet.',
      next: 'Put it right in the sandbox as the page of the file says, then send it again.',
    },
  },
  bundle_sender_silent: {
    status: 424,
    id: {
      say: 'Kunci pengirim berkas ini tidak bisa diambil, jadi tanda tangannya belum bisa diperiksa.',
      next: 'Coba lagi sebentar lagi. Jika tetap gagal, beri tahu pengelola.',
    },
    en: {
      say: 'The keys of the sender of this file cannot be fetched, so its signature cannot be checked yet.',
      next: 'Try again in a moment. If it still fails, tell the operators.',
    },
  },
  bundle_receiver_silent: {
    status: 424,
    id: {
      say: 'Tempat tujuan tidak menerima berkas ini.',
      next: 'Coba lagi sebentar lagi, atau unduh berkasnya dan tempelkan di sana.',
    },
    en: {
      say: 'The place it is for did not accept this file.',
      next: 'Try again in a moment, or download the file and paste it there.',
    },
  },
  client_not_found: {
    status: 404,
    id: { say: 'Layanan ini tidak terdaftar.', next: 'Periksa alamatnya, atau beri tahu pengelola layanan.' },
    en: { say: 'This service is not registered.', next: 'Check the address, or tell the people who run the service.' },
  },
  client_retired: {
    status: 409,
    id: {
      say: 'Layanan ini sudah ditutup dan tidak dapat dihidupkan lagi.',
      next: 'Daftarkan layanan baru dengan nama lain.',
    },
    en: { say: 'This service is retired and cannot come back.', next: 'Register a new service under another id.' },
  },
  client_taken: {
    status: 409,
    id: { say: 'Kode layanan (client_id) ini sudah dipakai.', next: 'Pilih kode lain.' },
    en: { say: 'This client_id is taken.', next: 'Choose another one.' },
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
  client_without_secret: {
    status: 409,
    id: {
      say: 'Layanan ini membuktikan diri tanpa rahasia bersama.',
      next: 'Pakai pasangan kuncinya, atau ubah dulu cara layanan membuktikan diri.',
    },
    en: {
      say: 'This service proves itself without a shared secret.',
      next: 'Use its key pair, or change first how the service proves itself.',
    },
  },
  closed_already: {
    status: 409,
    id: {
      say: 'Pendaftaran di sini sudah ditutup.',
      next: 'Buka daftar penutupan untuk melihat sejak kapan dan mengapa.',
    },
    en: {
      say: 'Registrations are closed here already.',
      next: 'Open the list of what is closed to see since when and why.',
    },
  },
  closure_over: {
    status: 409,
    id: {
      say: 'Penutupan ini sudah berakhir.',
      next: 'Muat ulang daftarnya untuk melihat yang masih ditutup.',
    },
    en: {
      say: 'This closure is over.',
      next: 'Load the list again to see what is still closed.',
    },
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
  exception_over: {
    status: 409,
    id: {
      say: 'Pengecualian ini sudah dicabut.',
      next: 'Muat ulang daftarnya untuk melihat yang masih berlaku.',
    },
    en: {
      say: 'This exception has been taken back already.',
      next: 'Load the list again to see which ones still hold.',
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
  justification_required: {
    status: 409,
    id: {
      say: 'Ada layanan yang sangat mirip, dan alasan membuat satu lagi belum ditulis.',
      next: 'Tulis alasannya di halaman produksi layanan ini; koordinator yang memutuskan.',
    },
    en: {
      say: 'There is a service very much like this one, and why another is needed has not been said.',
      next: 'Say why on the production page of the service; the coordinator decides.',
    },
  },
  likely_duplicate: {
    status: 409,
    id: {
      say: 'Ada layanan yang sangat mirip dengan yang akan didaftarkan.',
      next: 'Pakailah layanan yang ada, atau kirim lagi dengan alasan mengapa satu lagi diperlukan (justification); koordinator yang memutuskan.',
    },
    en: {
      say: 'There is a service very much like the one to be registered.',
      next: 'Use the one that exists, or send this again with why another one is needed (justification); the coordinator decides.',
    },
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
  registration_token_invalid: {
    status: 401,
    id: {
      say: 'Token pendaftaran ini tidak dikenal, sudah habis, atau sudah dicabut.',
      next: 'Minta token pendaftaran baru kepada pengelola instansi Anda.',
    },
    en: {
      say: 'This registration token is unknown, used up, expired or revoked.',
      next: 'Ask the people who run your agency for a new one.',
    },
  },
  registrations_closed: {
    status: 403,
    id: {
      say: 'Pendaftaran layanan baru di sini sedang ditutup.',
      next: 'Pakailah layanan yang sudah ada, atau minta koordinator memberi pengecualian untuk instansi Anda.',
    },
    en: {
      say: 'Registrations of new services are closed here.',
      next: 'Use a service that exists, or ask the coordinator for an exception for your agency.',
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
  successor_circle: {
    status: 409,
    id: { say: 'Pengganti itu pada akhirnya mengarah kembali ke layanan ini.', next: 'Pilih pengganti yang lain.' },
    en: { say: 'That successor leads back to this service in the end.', next: 'Choose another successor.' },
  },
  successor_ends: {
    status: 409,
    id: {
      say: 'Pengganti itu sendiri ditutup, dihentikan, atau akan berakhir.',
      next: 'Pilih pengganti yang tetap berjalan.',
    },
    en: { say: 'That successor is itself stopped, retired or about to end.', next: 'Choose a successor that goes on.' },
  },
  successor_missing: {
    status: 422,
    id: { say: 'Layanan penggantinya belum dipilih.', next: 'Pilih layanan yang menerima pengguna layanan ini.' },
    en: { say: 'The successor is missing.', next: 'Choose the service that takes over the people of this one.' },
  },
  successor_needed: {
    status: 409,
    id: {
      say: 'Layanan lain sudah mengarahkan penggunanya ke layanan ini.',
      next: 'Pilih pengganti, supaya pengguna mereka tidak terhenti di sini.',
    },
    en: {
      say: 'Other services lead their people to this one.',
      next: 'Choose a successor, so that their people do not end up nowhere.',
    },
  },
  successor_not_connected: {
    status: 409,
    id: {
      say: 'Layanan yang sudah terhubung hanya dapat digantikan layanan yang juga terhubung.',
      next: 'Pilih layanan yang sudah terhubung, atau hubungkan penggantinya lebih dulu.',
    },
    en: {
      say: 'A connected service can only be succeeded by a connected one.',
      next: 'Choose a service that is connected, or connect the successor first.',
    },
  },
  successor_unknown: {
    status: 422,
    id: { say: 'Layanan pengganti itu tidak dikenal.', next: 'Periksa kodenya, atau cari layanannya lebih dulu.' },
    en: { say: 'That successor is not known.', next: 'Check its code, or search for the service first.' },
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
  desk_document_missing: {
    status: 422,
    id: {
      say: 'Belum dicatat dokumen apa yang Anda lihat.',
      next: 'Pilih jenis dokumennya, dan pastikan nama dan fotonya cocok dengan orangnya.',
    },
    en: {
      say: 'It is not noted yet which document you have seen.',
      next: 'Choose its kind, and make sure that its name and photo match the person.',
    },
  },
  desk_reason_missing: {
    status: 422,
    id: {
      say: 'Belum dipilih mengapa Anda melihat.',
      next: 'Pilih salah satu alasan: pemilik akun akan membacanya.',
    },
    en: {
      say: 'Why you look is not chosen yet.',
      next: 'Choose one of the reasons: the owner of the account will read it.',
    },
  },
  desk_own_account: {
    status: 422,
    id: {
      say: 'Anda tidak dapat menerbitkan lembar untuk akun Anda sendiri.',
      next: 'Minta petugas lain yang melayani Anda.',
    },
    en: { say: 'You cannot issue a sheet for your own account.', next: 'Ask another officer to serve you.' },
  },
  desk_same_officer: {
    status: 422,
    id: {
      say: 'Lembar ini Anda sendiri yang menerbitkan.',
      next: 'Minta petugas lain di loket ini, atau di loket di atasnya, untuk melihat orang dan dokumennya.',
    },
    en: {
      say: 'You issued this sheet yourself.',
      next: 'Ask another officer of this desk, or of one above it, to see the person and the document.',
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
  import_not_found: {
    status: 404,
    id: { say: 'Impor ini tidak ada.', next: 'Lihat daftar impor: mungkin sudah dihapus karena lama.' },
    en: { say: 'There is no such import.', next: 'Look at the list of imports: it may be too old.' },
  },
  import_not_ready: {
    status: 409,
    id: {
      say: 'Impor ini tidak menunggu keputusan: masih diperiksa, sudah diterapkan, ditinggalkan, atau tidak berisi perubahan.',
      next: 'Muat ulang halaman impornya dan lihat keadaannya.',
    },
    en: {
      say: 'This import waits for no decision: it is being checked, is applied or given up, or changes nothing.',
      next: 'Load its page again and see where it stands.',
    },
  },
  imports_full: {
    status: 409,
    id: {
      say: 'Terlalu banyak berkas instansi ini masih dikerjakan atau menunggu keputusan.',
      next: 'Terapkan atau tinggalkan salah satunya di daftar impor.',
    },
    en: {
      say: 'Too many files of this agency are being worked on, or wait for what becomes of them.',
      next: 'Apply one or give one up in the list of imports.',
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
  machine_address_taken: {
    status: 409,
    id: { say: 'Alamat ini sudah dipakai oleh mesin lain.', next: 'Beri setiap mesin alamat (client_uri) sendiri.' },
    en: {
      say: 'Another machine has this address already.',
      next: 'Give each machine an address (client_uri) of its own.',
    },
  },
  overlap_out_of_range: {
    status: 400,
    id: {
      say: 'Rahasia lama harus berakhir antara hari ini dan 90 hari lagi.',
      next: 'Pilih tanggal lain.',
    },
    en: { say: 'The old secret has to end between today and 90 days from now.', next: 'Choose another date.' },
  },
  match_over: {
    status: 409,
    id: {
      say: 'Usulan pasangan ini sudah diputuskan atau tidak berlaku lagi.',
      next: 'Buka lagi daftarnya dan lihat yang masih menunggu.',
    },
    en: {
      say: 'This match is decided already, or nothing speaks for it any more.',
      next: 'Open the list again and see which ones still wait.',
    },
  },
  move_not_allowed: {
    status: 409,
    id: {
      say: 'Dari keadaannya sekarang, layanan ini tidak dapat langsung ke keadaan itu.',
      next: 'Muat ulang halaman layanan dan lihat langkah yang terbuka.',
    },
    en: {
      say: 'From the state it is in, this service cannot go straight to that one.',
      next: 'Reload the page of the service and see which steps are open.',
    },
  },
  pair_decided: {
    status: 409,
    id: {
      say: 'Pasangan ini sudah diputuskan orang lain.',
      next: 'Buka lagi halaman pasangan ini dan lihat keputusannya.',
    },
    en: {
      say: 'Somebody else has decided about this pair meanwhile.',
      next: 'Open the page of the pair again and look at what was decided.',
    },
  },
  pair_not_found: {
    status: 404,
    id: {
      say: 'Kedua aplikasi ini tidak tercatat sebagai pasangan yang mirip.',
      next: 'Kembali ke daftar aplikasi ganda; mungkin salah satunya sudah diubah atau dihapus.',
    },
    en: {
      say: 'These two apps are not on record as a likely pair.',
      next: 'Go back to the list of duplicates; one of the two may have been changed or removed.',
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
  contacts_full: {
    status: 422,
    id: { say: 'Akun Anda sudah punya sepuluh kontak.', next: 'Hapus dulu kontak yang tidak dipakai lagi.' },
    en: { say: 'Your account has ten contacts already.', next: 'Remove one that you no longer use first.' },
  },
  identifier_elsewhere: {
    status: 422,
    id: {
      say: 'Alamat ini sudah dipakai untuk masuk ke akun lain.',
      next: 'Pakai alamat lain untuk masuk, atau tambahkan alamat ini sebagai kontak saja.',
    },
    en: {
      say: 'This address is already used to sign in to another account.',
      next: 'Use another address to sign in, or add this one as a contact only.',
    },
  },
  identifier_last: {
    status: 422,
    id: {
      say: 'Ini satu-satunya alamat untuk masuk ke akun Anda.',
      next: 'Pilih dulu alamat lain untuk masuk, lalu ubah yang ini.',
    },
    en: {
      say: 'This is the only address you sign in with.',
      next: 'Choose another address to sign in with first, then change this one.',
    },
  },
  birthdate_invalid: {
    status: 422,
    id: {
      say: 'Tanggal lahir ini tidak terbaca, atau bukan tanggal yang sudah lewat.',
      next: 'Tulis seperti di KTP, misalnya 21-04-1990. Boleh juga dikosongkan.',
    },
    en: {
      say: 'This date of birth cannot be read, or is not a day that has passed.',
      next: 'Write it as on your identity card, for example 21-04-1990. You may also leave it empty.',
    },
  },
  name_invalid: {
    status: 422,
    id: {
      say: 'Nama belum diisi atau terlalu panjang.',
      next: 'Tulis nama Anda seperti di dokumen, paling panjang 200 karakter. Satu kata pun boleh.',
    },
    en: {
      say: 'The name is missing or too long.',
      next: 'Write your name as in your documents, 200 characters at most. One word is fine.',
    },
  },
  birthdate_needs_desk: {
    status: 422,
    id: {
      say: 'Menurut tanggal lahir yang tercatat, Anda belum 18 tahun. Tanggal itu tidak bisa Anda ubah sendiri menjadi 18 tahun ke atas.',
      next: 'Datanglah ke loket layanan dengan kartu identitas atau kartu keluarga. Petugas membetulkannya.',
    },
    en: {
      say: 'By the date of birth on record you are under 18. You cannot change it by yourself to 18 or over.',
      next: 'Come to a service desk with your identity card or family card. An officer puts it right.',
    },
  },
  contact_last: {
    status: 422,
    id: {
      say: 'Ini kontak terakhir yang menerima pesan tentang akun Anda.',
      next: 'Tambahkan dulu email atau nomor ponsel lain, lalu hapus yang ini.',
    },
    en: {
      say: 'This is the last contact that gets messages about your account.',
      next: 'Add another e-mail address or phone number first, then remove this one.',
    },
  },
  contact_on_trial: {
    status: 422,
    id: {
      say: 'Alamat Anda yang lain baru ditambahkan hari ini.',
      next: 'Coba lagi besok. Sampai saat itu alamat ini tetap ada, demi keamanan akun Anda.',
    },
    en: {
      say: 'Your other address was only added today.',
      next: 'Try again tomorrow. Until then this address stays, to keep your account safe.',
    },
  },
  contact_shared_too_often: {
    status: 422,
    id: { say: 'Alamat ini sudah dipakai oleh lima akun.', next: 'Pakai email atau nomor ponsel lain.' },
    en: { say: 'This address is already used by five accounts.', next: 'Use another email address or phone number.' },
  },
  invitation_other_address: {
    status: 422,
    id: {
      say: 'Undangan ini untuk orang yang beralamat email di instansi itu.',
      next: 'Tambahkan email kantor Anda pada halaman kontak akun, lalu buka tautan undangan ini lagi.',
    },
    en: {
      say: 'This invitation is for people with an email address of that agency.',
      next: "Add your office's email address on the contacts page of your account, then open this link again.",
    },
  },
  invitation_over: {
    status: 410,
    id: {
      say: 'Undangan ini sudah dipakai, dibatalkan, atau habis masanya.',
      next: 'Minta undangan baru kepada orang yang mengundang Anda.',
    },
    en: {
      say: 'This invitation was used, taken back, or is over.',
      next: 'Ask whoever invited you for a new one.',
    },
  },
  law_missing: {
    status: 422,
    id: {
      say: 'Data yang masih disimpan harus punya dasar hukum.',
      next: 'Tulis dasar hukumnya, lalu kirim jawaban lagi.',
    },
    en: {
      say: 'Data that is kept has to be kept by a law.',
      next: 'Name the law, then send the answer again.',
    },
  },
  not_here: {
    status: 404,
    id: {
      say: 'Halaman ini tidak ada, atau bukan milik instansi Anda.',
      next: 'Kembali ke daftar layanan Anda, atau minta pemilik instansi itu mengundang Anda.',
    },
    en: {
      say: "There is nothing here, or it is not your agency's.",
      next: 'Go back to your list of services, or ask an owner of that agency to invite you.',
    },
  },
  no_step_back: {
    status: 409,
    id: {
      say: 'Layanan ini masih di tempat ia mulai: tidak ada langkah untuk kembali.',
      next: 'Pilih tahap dan persentase yang Anda inginkan.',
    },
    en: {
      say: 'This service still stands where it began: there is no step to go back.',
      next: 'Choose the stage and the percentage that you want.',
    },
  },
  not_found: {
    status: 404,
    id: { say: 'Halaman ini tidak ada.', next: 'Periksa alamatnya, atau mulai dari halaman depan.' },
    en: { say: 'This page does not exist.', next: 'Check the address, or start from the front page.' },
  },
  method_not_allowed: {
    status: 405,
    id: {
      say: 'Alamat ini tidak menerima cara pengiriman tersebut.',
      next: 'Buka halamannya lebih dulu, lalu pakai tombol di sana.',
    },
    en: { say: 'This address does not accept that kind of request.', next: 'Open the page first and use its buttons.' },
  },
  notice_over: {
    status: 410,
    id: {
      say: 'Tautan dari pesan kami ini tidak berlaku lagi.',
      next: 'Buka pesan terbaru dari kami, atau masuk ke halaman akun Anda untuk memeriksanya.',
    },
    en: {
      say: 'This link from our message is no longer valid.',
      next: 'Open the latest message from us, or sign in to your account page and check there.',
    },
  },
  not_oneself: {
    status: 403,
    id: {
      say: 'Ini tidak dapat Anda lakukan untuk diri sendiri.',
      next: 'Minta admin lain dari instansi ini, atau dari instansi di atasnya, melakukannya.',
    },
    en: {
      say: 'You cannot do this for yourself.',
      next: 'Ask another admin of this agency, or of the one above it, to do it.',
    },
  },
  owner_last: {
    status: 409,
    id: {
      say: 'Ini pemilik terakhir instansi ini.',
      next: 'Serahkan dulu kepemilikannya kepada orang lain.',
    },
    en: { say: 'This is the last owner of the agency.', next: 'Hand the ownership over to somebody else first.' },
  },
  password_busy: {
    status: 503,
    id: { say: 'Sedang banyak orang yang masuk.', next: 'Tunggu beberapa detik, lalu coba lagi.' },
    en: { say: 'Many people are signing in right now.', next: 'Wait a few seconds, then try again.' },
  },
  record_conflict: {
    status: 412,
    id: {
      say: 'Catatan ini sudah diubah orang lain sejak Anda membukanya.',
      next: 'Buka lagi, bandingkan dengan perubahan Anda, lalu simpan sekali lagi.',
    },
    en: {
      say: 'Somebody else has changed this record since you opened it.',
      next: 'Open it again, compare it with your change and save once more.',
    },
  },
  record_linked: {
    status: 409,
    id: {
      say: 'Catatan atau layanan ini sudah dipasangkan dengan yang lain.',
      next: 'Buka pasangannya yang sekarang, dan lepaskan dulu bila itu keliru.',
    },
    en: {
      say: 'This record or this service is already known to be the same as another.',
      next: 'Open the other one, and part them first if that is wrong.',
    },
  },
  record_not_found: {
    status: 404,
    id: {
      say: 'Catatan ini tidak ada di inventaris.',
      next: 'Cari lagi di daftar inventaris: mungkin sudah dihapus.',
    },
    en: { say: 'The inventory has no such record.', next: 'Look for it in the inventory again: it may be removed.' },
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
  recovery_closed: {
    status: 403,
    id: {
      say: 'Pemulihan lewat dua kontak ditutup, karena sudah dua kali dibatalkan.',
      next: 'Pakai kode pemulihan, atau datang ke loket dengan membawa kartu identitas.',
    },
    en: {
      say: 'Recovery through two contacts is closed, because it was cancelled twice.',
      next: 'Use a recovery code, or come to a service desk with your identity card.',
    },
  },
  recovery_contact_missing: {
    status: 422,
    id: { say: 'Kontak untuk kode kedua belum dipilih.', next: 'Pilih salah satu kontak di bawah.' },
    en: { say: 'No contact is chosen for the second code.', next: 'Choose one of the contacts below.' },
  },
  recovery_over: {
    status: 422,
    id: {
      say: 'Pemulihan ini belum boleh diselesaikan, sudah dibatalkan, atau sudah selesai.',
      next: 'Mulai sekali lagi di bawah untuk melihat keadaannya.',
    },
    en: {
      say: 'This recovery cannot be completed yet, or it was cancelled, or it is over.',
      next: 'Begin once more below to see where it stands.',
    },
  },
  recovery_stale: {
    status: 422,
    id: {
      say: 'Bukti untuk pemulihan ini sudah terlalu lama.',
      next: 'Mulai sekali lagi di bawah; kontak Anda tinggal dibuktikan lagi.',
    },
    en: {
      say: 'The proof for this recovery is too old by now.',
      next: 'Begin once more below; only your contact has to be proven again.',
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
  role_from_above: {
    status: 403,
    id: {
      say: 'Peran pengawas dan data resmi instansi ini ditetapkan oleh instansi di atasnya; petugas loket dan operator oleh operator.',
      next: 'Minta pemilik instansi di atasnya, atau operator, melakukannya.',
    },
    en: {
      say: 'Roles that watch over this agency, and its official details, are given by the agency above it; desk officers and operators by an operator.',
      next: 'Ask an owner of the agency above, or an operator, to do it.',
    },
  },
  sector_not_found: {
    status: 404,
    id: { say: 'Sektor ini tidak ada.', next: 'Pilih sektor dari daftar.' },
    en: { say: 'There is no such sector.', next: 'Choose one from the list.' },
  },
  server_busy: {
    status: 503,
    id: { say: 'Sedang banyak sekali permintaan.', next: 'Tunggu sebentar, lalu coba lagi.' },
    en: { say: 'There are very many requests right now.', next: 'Wait a moment, then try again.' },
  },
  report_answered: {
    status: 409,
    id: {
      say: 'Laporan ini sudah dijawab.',
      next: 'Buka halamannya lagi untuk melihat jawabannya.',
    },
    en: { say: 'This report has been answered.', next: 'Open its page again to see the answer.' },
  },
  report_answer_missing: {
    status: 422,
    id: {
      say: 'Belum dipilih apa yang Anda temukan.',
      next: 'Pilih salah satu dari tiga jawaban, lalu kirim lagi.',
    },
    en: { say: 'What you found is not chosen yet.', next: 'Choose one of the three answers and send it again.' },
  },
  report_reason_missing: {
    status: 422,
    id: {
      say: 'Belum dipilih apa yang tidak sesuai.',
      next: 'Pilih salah satu alasan, lalu kirim laporannya lagi.',
    },
    en: { say: 'What is wrong is not chosen yet.', next: 'Choose one of the reasons and send the report again.' },
  },
  review_required: {
    status: 409,
    id: {
      say: 'Langkah ini perlu disetujui orang lain dulu.',
      next: 'Minta peninjauan dari halaman layanan; penyetuju instansi Anda yang memutuskan.',
    },
    en: {
      say: 'Somebody else has to agree to this first.',
      next: 'Ask for a review on the page of the service; the approvers of your agency decide.',
    },
  },
  role_required: {
    status: 403,
    id: {
      say: 'Peran Anda di instansi ini tidak mengizinkan hal ini.',
      next: 'Minta pemilik instansi memberi Anda peran yang sesuai, atau minta ia yang melakukannya.',
    },
    en: {
      say: 'Your role at this agency does not allow this.',
      next: 'Ask an owner of the agency for a role that does, or ask them to do it.',
    },
  },
  secret_not_found: {
    status: 404,
    id: {
      say: 'Rahasia ini tidak ada, atau sudah berakhir.',
      next: 'Buka lagi halaman kunci dan rahasia layanan, lalu lihat yang masih berlaku.',
    },
    en: {
      say: 'There is no such secret, or it has ended.',
      next: 'Open the keys and secrets of the service again and see which ones are still good.',
    },
  },
  sheet_code_wrong: {
    status: 422,
    id: {
      say: 'Kode ini tidak cocok dengan lembar mana pun.',
      next: 'Periksa hurufnya di lembar Anda, lalu ketik sekali lagi.',
    },
    en: { say: 'This code matches no sheet.', next: 'Check its letters on your sheet and enter it once more.' },
  },
  sheet_over: {
    status: 422,
    id: {
      say: 'Lembar ini sudah dipakai, dibatalkan, atau lewat waktunya.',
      next: 'Datanglah ke loket lagi dengan dokumen Anda untuk meminta lembar baru.',
    },
    en: {
      say: 'This sheet was used or cancelled, or its time is over.',
      next: 'Come to the desk again with your document and ask for a new one.',
    },
  },
  session_required: {
    status: 401,
    id: { say: 'Anda belum masuk.', next: 'Masuk lebih dulu.' },
    en: { say: 'You are not signed in.', next: 'Sign in first.' },
  },
  stage_needs_live: {
    status: 409,
    id: {
      say: 'Akun ini belum boleh menjadi satu-satunya cara masuk: layanan belum terbuka untuk semua orang.',
      next: 'Pakai dulu tahap yang membiarkan akun lama, sampai layanan ini aktif.',
    },
    en: {
      say: 'This account cannot be the only way in yet: the service is not open to everybody.',
      next: 'Use a stage that keeps the old accounts until the service is live.',
    },
  },
  step_in_the_past: {
    status: 422,
    id: {
      say: 'Tanggal sebuah langkah sudah lewat atau hari ini.',
      next: 'Pilih hari mulai besok, atau ambil langkah itu sekarang.',
    },
    en: {
      say: 'The day of a step is past, or today.',
      next: 'Choose a day from tomorrow on, or take that step now.',
    },
  },
  subject_group_fixed: {
    status: 409,
    id: {
      say: 'Kelompok subjek layanan ini tidak dapat diubah lagi karena sudah ada yang masuk.',
      next: 'Biarkan kelompoknya seperti semula; layanan boleh pindah instansi tanpa mengubahnya.',
    },
    en: {
      say: 'The subject group of this service cannot change any more, because people have signed in to it.',
      next: 'Leave the group as it is; the service may move to another agency without changing it.',
    },
  },
  testers_full: {
    status: 409,
    id: {
      say: 'Layanan ini sudah punya 25 penguji, jumlah terbanyak sebelum dibuka untuk umum.',
      next: 'Minta tim layanan ini melepas seorang penguji, lalu buka tautan undangan ini lagi.',
    },
    en: {
      say: 'This service has 25 testers, the most before it opens to everybody.',
      next: 'Ask the team of the service to let one go, then open this link again.',
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
  two_secrets_live: {
    status: 409,
    id: {
      say: 'Layanan ini sudah punya dua rahasia yang berlaku.',
      next: 'Akhiri dulu yang lama, atau buat yang baru dan akhiri semua yang lain sekarang juga.',
    },
    en: {
      say: 'This service already has two secrets that are good.',
      next: 'End the old one first, or make a new one and end all others at once.',
    },
  },
  version_conflict: {
    status: 412,
    id: {
      say: 'Layanan ini sudah diubah orang lain sejak Anda membukanya.',
      next: 'Buka lagi, bandingkan dengan perubahan Anda, lalu simpan sekali lagi.',
    },
    en: {
      say: 'Somebody else has changed this service since you opened it.',
      next: 'Open it again, compare it with your change and save once more.',
    },
  },
  version_not_found: {
    status: 404,
    id: { say: 'Versi ini tidak ada.', next: 'Pilih salah satu dari daftar versi layanan.' },
    en: { say: 'There is no such version.', next: 'Choose one from the list of versions of the service.' },
  },
  version_not_pending: {
    status: 409,
    id: {
      say: 'Versi ini tidak menunggu keputusan lagi: sudah diputuskan, ditarik, atau diubah.',
      next: 'Buka antrean peninjauan dan lihat yang masih menunggu.',
    },
    en: {
      say: 'This version waits no longer: it was decided, withdrawn or edited.',
      next: 'Open the queue of reviews and see what still waits.',
    },
  },
  version_own: {
    status: 403,
    id: {
      say: 'Anda ikut menyusun perubahan ini, jadi bukan Anda yang menyetujuinya.',
      next: 'Minta rekan lain dengan peran penyetuju untuk memeriksanya.',
    },
    en: {
      say: 'You had a hand in this change, so it is not yours to approve.',
      next: 'Ask another colleague who has the role of approver to look at it.',
    },
  },
  version_unfit: {
    status: 422,
    id: {
      say: 'Isi versi ini tidak lagi memenuhi aturan yang berlaku sekarang.',
      next: 'Perbaiki di halaman ubah layanan, lalu simpan sebagai versi baru.',
    },
    en: {
      say: 'What this version says no longer meets the rules of today.',
      next: 'Correct it on the edit page of the service and save it as a new version.',
    },
  },
} as const satisfies Record<string, RefusalEntry>;

/** A stable, language-neutral code of a refusal. */
export type RefusalCode = keyof typeof table;

/** The whole table, for the reference page and its test. */
export const refusals: Readonly<Record<RefusalCode, RefusalEntry>> = table;

/** One mistake in what a program has sent. */
export interface RefusedContent {
  /** Where: a JSON pointer into the body (RFC 6901), or the name of a parameter. */
  readonly pointer: string;
  readonly detail: string;
  readonly expected: string;
}

/** A "no" with a reason that a person may read. Thrown anywhere; one place turns it into a page or a problem document. */
export class Refusal extends Error {
  override name = 'Refusal';
  readonly code: RefusalCode;
  readonly status: number;
  /** Seconds after which trying again makes sense; becomes `Retry-After`. */
  readonly retryAfter: number | undefined;
  /** What is wrong where, in what a program has sent. */
  readonly findings: readonly RefusedContent[] | undefined;
  /** What a problem document says beside it (RFC 9457 §3.2). */
  readonly members: Readonly<Record<string, unknown>> | undefined;
  /** Seconds that a person's clock is ahead of ours (negative: behind), for a page to say. */
  readonly clockOff: number | undefined;

  /** `reason` is for the log only: no personal value, no secret. */
  constructor(
    code: RefusalCode,
    reason?: string,
    options: {
      retryAfter?: number;
      clockOff?: number;
      findings?: readonly RefusedContent[];
      members?: Readonly<Record<string, unknown>>;
      cause?: unknown;
    } = {},
  ) {
    super(reason ?? code, { cause: options.cause });
    this.code = code;
    this.status = table[code].status;
    this.retryAfter = options.retryAfter ?? (this.status === 503 ? 2 : undefined);
    this.clockOff = options.clockOff;
    this.findings = options.findings;
    this.members = options.members;
  }

  /** The sentence and the next step in one language. */
  in(language: Language): Sentences {
    return table[this.code][language];
  }
}
