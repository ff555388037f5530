/** Refusals of a person's own account: contacts, personal data, reports, and ways back in. */
import type { RefusalEntry } from './entry.ts';

export const accountRefusals = {
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
  report_reason_missing: {
    status: 422,
    id: {
      say: 'Belum dipilih apa yang tidak sesuai.',
      next: 'Pilih salah satu alasan, lalu kirim laporannya lagi.',
    },
    en: { say: 'What is wrong is not chosen yet.', next: 'Choose one of the reasons and send the report again.' },
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
} as const satisfies Record<string, RefusalEntry>;
