/** Refusals of the inventory: records of apps that exist beside those registered here, and files of them. */
import type { RefusalEntry } from './entry.ts';

export const inventoryRefusals = {
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
} as const satisfies Record<string, RefusalEntry>;
