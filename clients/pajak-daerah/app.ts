import { html } from '../html.ts';
import { runSampleApp, type SampleApp } from '../sample-app.ts';

/** Vehicle and property tax of a region. Asks for a phone number and an address too, which a person may leave out. */
export const pajakDaerah: SampleApp = {
  clientId: 'pajak-daerah',
  scope: 'openid profile email phone address',
  port: 3002,
  style: new URL('style.css', import.meta.url),
  look: {
    name: 'Pajak Daerah',
    agency: 'Badan Pendapatan Daerah',
    mark: html`<svg viewBox="0 0 32 32" width="36" height="36" aria-hidden="true"><path class="ground" d="M3 13 16 4l13 9v2H3z"/><path class="figure" d="M6 17h3v7H6zm8 0h4v7h-4zm9 0h3v7h-3z"/><path class="ground" d="M3 26h26v3H3z"/></svg>`,
    headline: { id: 'Pajak Anda, jelas dan tepat waktu', en: 'Your taxes, clear and on time' },
    lead: {
      id: 'Lihat tagihan kendaraan dan PBB, bayar dari mana saja, dan simpan buktinya di satu tempat.',
      en: 'See vehicle and property tax bills, pay from anywhere, and keep the receipts in one place.',
    },
    offers: [
      {
        title: { id: 'Pajak kendaraan', en: 'Vehicle tax' },
        text: { id: 'Jatuh tempo dan besarnya, tanpa ke loket.', en: 'What is due and when, without the counter.' },
      },
      {
        title: { id: 'PBB', en: 'Property tax' },
        text: { id: 'Tagihan tahun ini dan tahun-tahun lalu.', en: "This year's bill and those before." },
      },
      {
        title: { id: 'Bukti bayar', en: 'Receipts' },
        text: { id: 'Selalu dapat diunduh lagi.', en: 'Always there to download again.' },
      },
    ],
    own: {
      title: { id: 'Tagihan Anda', en: 'Your bills' },
      text: { id: 'Tidak ada tagihan yang jatuh tempo bulan ini.', en: 'No bills are due this month.' },
    },
  },
};

if (import.meta.main) await runSampleApp(pajakDaerah, new URL('sandbox.env', import.meta.url));
