/** Refusals of whoever decides which apps stay, become one, end, or may be made: pairs, cases, closures, decisions. */
import type { RefusalEntry } from './entry.ts';

export const coordinationRefusals = {
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
} as const satisfies Record<string, RefusalEntry>;
