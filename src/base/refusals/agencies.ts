/** Refusals of agencies: the tree they stand in, who may do what there, and what they owe to people (a desk, an answer). */
import type { RefusalEntry } from './entry.ts';

export const agencyRefusals = {
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
  desk_own_account: {
    status: 422,
    id: {
      say: 'Anda tidak dapat menerbitkan lembar untuk akun Anda sendiri.',
      next: 'Minta petugas lain yang melayani Anda.',
    },
    en: { say: 'You cannot issue a sheet for your own account.', next: 'Ask another officer to serve you.' },
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
  report_answer_missing: {
    status: 422,
    id: {
      say: 'Belum dipilih apa yang Anda temukan.',
      next: 'Pilih salah satu dari tiga jawaban, lalu kirim lagi.',
    },
    en: { say: 'What you found is not chosen yet.', next: 'Choose one of the three answers and send it again.' },
  },
  report_answered: {
    status: 409,
    id: {
      say: 'Laporan ini sudah dijawab.',
      next: 'Buka halamannya lagi untuk melihat jawabannya.',
    },
    en: { say: 'This report has been answered.', next: 'Open its page again to see the answer.' },
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
  sector_not_found: {
    status: 404,
    id: { say: 'Sektor ini tidak ada.', next: 'Pilih sektor dari daftar.' },
    en: { say: 'There is no such sector.', next: 'Choose one from the list.' },
  },
  withdrawal_answered: {
    status: 409,
    id: {
      say: 'Penarikan ini sudah dijawab, dan jawaban pertama yang berlaku.',
      next: 'Buka halamannya lagi untuk melihat apa yang masih menunggu jawaban.',
    },
    en: {
      say: 'This withdrawal has been answered, and the first answer stands.',
      next: 'Open its page again to see what still waits for an answer.',
    },
  },
} as const satisfies Record<string, RefusalEntry>;
