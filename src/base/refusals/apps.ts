/** Refusals of an app: its declaration and versions, secrets, stages, and its way to production. */
import type { RefusalEntry } from './entry.ts';

export const appRefusals = {
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
  basis_without_law: {
    status: 422,
    id: {
      say: 'Data yang dibaca tanpa persetujuan harus menyebut dasar hukumnya.',
      next: 'Isi “Dasar hukum” (law) pada data itu, atau pilih persetujuan sebagai dasarnya.',
    },
    en: {
      say: 'Data that is read without consent has to name its law.',
      next: 'Fill in the law of that item (law), or choose consent as its basis.',
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
  bundle_used: {
    status: 409,
    id: {
      say: 'Berkas ini sudah pernah diterima.',
      next: 'Buka layanannya di sini, atau kirim berkas baru dari lingkungan uji coba.',
    },
    en: { say: 'This file has come before.', next: 'Open the service here, or send a new file from the sandbox.' },
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
  machine_address_taken: {
    status: 409,
    id: { say: 'Alamat ini sudah dipakai oleh mesin lain.', next: 'Beri setiap mesin alamat (client_uri) sendiri.' },
    en: {
      say: 'Another machine has this address already.',
      next: 'Give each machine an address (client_uri) of its own.',
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
  overlap_out_of_range: {
    status: 400,
    id: {
      say: 'Rahasia lama harus berakhir antara hari ini dan 90 hari lagi.',
      next: 'Pilih tanggal lain.',
    },
    en: { say: 'The old secret has to end between today and 90 days from now.', next: 'Choose another date.' },
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
