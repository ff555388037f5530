import { html } from '../html.ts';
import { runSampleApp, type SampleApp } from '../sample-app.ts';

/** A health centre's queue and results. Asks for a name and an e-mail address. */
export const puskesmasOnline: SampleApp = {
  clientId: 'puskesmas-online',
  scope: 'openid profile email',
  port: 3001,
  style: new URL('style.css', import.meta.url),
  look: {
    name: 'Puskesmas Online',
    agency: 'Dinas Kesehatan',
    mark: html`<svg viewBox="0 0 32 32" width="36" height="36" aria-hidden="true"><path class="ground" d="M16 2c8 0 14 5 14 13 0 9-8 15-14 15S2 24 2 15C2 7 8 2 16 2z"/><path class="figure" d="M13 8h6v5h5v6h-5v5h-6v-5H8v-6h5z"/></svg>`,
    headline: { id: 'Berobat tanpa antre lama', en: 'See a doctor without the long wait' },
    lead: {
      id: 'Ambil nomor antrean dari rumah, lihat jadwal, dan baca hasil pemeriksaan di puskesmas Anda.',
      en: 'Take a queue number at home, see schedules, and read your results from your health centre.',
    },
    offers: [
      {
        title: { id: 'Nomor antrean', en: 'Queue number' },
        text: { id: 'Datang saat giliran Anda sudah dekat.', en: 'Come when your turn is near.' },
      },
      {
        title: { id: 'Jadwal imunisasi', en: 'Immunisation' },
        text: { id: 'Pengingat untuk anak, tepat waktu.', en: 'Reminders for your child, on time.' },
      },
      {
        title: { id: 'Hasil pemeriksaan', en: 'Test results' },
        text: { id: 'Bisa dibaca begitu selesai.', en: 'Ready to read once they are done.' },
      },
    ],
    own: {
      title: { id: 'Antrean hari ini', en: "Today's queue" },
      text: {
        id: 'Poli umum: nomor yang sedang dilayani A-012. Anda belum mengambil nomor.',
        en: 'General clinic: now serving A-012. You have not taken a number yet.',
      },
    },
  },
};

if (import.meta.main) await runSampleApp(puskesmasOnline, new URL('sandbox.env', import.meta.url));
