import { type Html, html, safeAddress } from '../html.ts';
import { translate } from '../locale.ts';
import type { Frame } from '../page.ts';
import { type SectorChoice, sectorChoices, serviceSearch } from '../parts/seek.ts';
import { tile } from '../parts/tile.ts';
import { hostileText, sampleFrame } from '../samples.ts';
import { type Pages, pager } from './pager.ts';
import { personalPage } from './shell.ts';

/** A service that a person may go to. */
export type OfferedService = {
  clientId: string;
  name: string;
  agency: string;
  domain: string;
  logo?: string | undefined;
  /** What it is for, in one sentence. */
  purpose: string;
  /** The address that begins a sign-in there, or its home. */
  link?: string | undefined;
  isConnected: boolean;
  onTrial?: boolean | undefined;
  /** Where it ends soon: when, and what follows. */
  ending?: string | undefined;
};

export type ServicesContext = Frame & {
  /** What was looked for. */
  words?: string | undefined;
  sector?: string | undefined;
  sectors: readonly SectorChoice[];
  /** Those of the person that match; on the first page only. */
  connected: readonly OfferedService[];
  services: readonly OfferedService[];
  /** Much like what was looked for, where nothing matches. */
  alike: readonly OfferedService[];
  pages: Pages;
};

/** All services that this account opens: by sector, by words, and one click away. */
export function servicesPage(context: ServicesContext): Html {
  const t = translate(context.language);
  const { connected, services, words, sector, sectors } = context;
  const isEmpty = connected.length === 0 && services.length === 0;
  const chosen = sectors.find(({ id }) => id === sector);
  return personalPage(context, {
    title: t('services.title'),
    section: 'services',
    intro: t('services.intro', { brand: context.brand }),
    content: html`${serviceSearch(context, { words, sector })}${sectorChoices(context, { sectors, chosen: sector, words })}
${connected.length > 0 && serviceList(context, { id: 'yours', title: t('services.yours'), services: connected })}
${services.length > 0 && serviceList(context, { id: 'offered', title: chosen?.name ?? t(words ? 'services.found' : connected.length > 0 ? 'services.others' : 'services.all'), services })}
${isEmpty && noneFound(context)}${!isEmpty && (words || sector) && html`<p class="hint"><a id="all-services" href="/account/services">${t('services.all')}</a></p>`}${pager(context.language, context.pages)}`,
  });
}

function serviceList(
  frame: Frame,
  { id, title, services }: { id: string; title: string; services: readonly OfferedService[] },
): Html {
  return html`<section aria-labelledby="${id}-title"><h2 id="${id}-title">${title}</h2><ul class="services" id="${id}">${services.map((service) => serviceCard(frame, service))}</ul></section>`;
}

/** One click leads in: the link of the name covers the whole card. */
function serviceCard({ language }: Frame, service: OfferedService): Html {
  const t = translate(language);
  const { name, clientId, agency, domain, purpose, isConnected, ending } = service;
  const link = safeAddress(service.link);
  const below = [
    isConnected && html`<span class="state">${t('services.connected')}</span>`,
    service.onTrial && html`<span class="on-trial">${t('page.on-trial')}</span>`,
  ];
  return html`<li class="service" data-service="${clientId}">${tile(name, service.logo)}
<div><h3>${link ? html`<a href="${link}">${name}</a>` : name}</h3>
<p class="hint">${agency} <span class="domain">${domain}</span></p>
<p>${purpose}</p>${ending && html`<p class="hint">${ending}</p>`}${below.some(Boolean) && html`<p class="service-state">${below}</p>`}</div></li>`;
}

function noneFound(context: ServicesContext): Html {
  const t = translate(context.language);
  const { alike, words, sector, sectors } = context;
  const chosen = sectors.find(({ id }) => id === sector)?.name;
  const everywhere = words && sector ? `/account/services?${new URLSearchParams({ q: words })}` : '/account/services';
  const label = t(words && sector ? 'services.in-every-sector' : 'services.all');
  const isNarrowed = words !== undefined || sector !== undefined;
  return html`<div class="empty" id="none-found"><p>${sayNone(context, chosen)}</p>${isNarrowed && html`<p><a id="wider" href="${everywhere}">${label}</a></p>`}</div>
${alike.length > 0 && serviceList(context, { id: 'alike', title: t('services.alike'), services: alike })}`;
}

/** What was not found, and what to try: another sector only where one could be chosen. */
function sayNone({ language, words, sectors }: ServicesContext, chosen: string | undefined): string {
  const t = translate(language);
  if (!words) return t('services.none');
  if (chosen !== undefined) return t('services.none-in-sector', { words, sector: chosen });
  return t(sectors.length > 0 ? 'services.none-found' : 'services.none-named', { words });
}

const services: readonly OfferedService[] = [
  {
    clientId: 'pajak-daerah',
    name: 'Pajak Daerah',
    agency: 'Badan Pendapatan Daerah',
    domain: 'bapenda.contoh.go.id',
    purpose: 'Melihat tagihan dan membayar pajak kendaraan serta pajak bumi dan bangunan Anda.',
    link: 'http://localhost:3002/sign-in?iss=http%3A%2F%2Flocalhost%3A3000',
    isConnected: false,
  },
  {
    clientId: 'surat-pindah',
    name: 'Surat Pindah Daring',
    agency: 'Dinas Kependudukan dan Pencatatan Sipil Kota Contoh',
    domain: 'dukcapil.kota-contoh.go.id',
    purpose: 'Mengurus surat pindah tanpa datang ke kantor.',
    link: 'https://pindah.dukcapil.contoh.go.id/',
    isConnected: false,
    ending: 'Pindah ke Layanan Kependudukan mulai 21 Januari 2027.',
  },
  {
    clientId: 'bantuan-pangan',
    name: 'Bantuan Pangan',
    agency: 'Dinas Sosial',
    domain: 'dinsos.contoh.go.id',
    purpose: 'Memeriksa jadwal dan tempat mengambil bantuan pangan keluarga Anda.',
    link: 'https://bantuan.dinsos.contoh.go.id/',
    isConnected: false,
    onTrial: true,
  },
];

export const sampleSectors: readonly SectorChoice[] = [
  { id: 'pendidikan', name: 'Pendidikan', services: 1204 },
  { id: 'kesehatan', name: 'Kesehatan', services: 873 },
  { id: 'bantuan-sosial', name: 'Bantuan sosial', services: 96 },
  { id: 'transaksi-keuangan', name: 'Transaksi keuangan', services: 41 },
  { id: 'kepolisian', name: 'Layanan kepolisian', services: 12 },
];

const all: ServicesContext = {
  ...sampleFrame,
  sectors: sampleSectors,
  connected: [
    {
      clientId: 'puskesmas-online',
      name: 'Puskesmas Online',
      agency: 'Dinas Kesehatan',
      domain: 'dinkes.contoh.go.id',
      purpose: 'Mendaftar antrean puskesmas dan melihat jadwal kunjungan Anda.',
      link: 'http://localhost:3001/sign-in?iss=http%3A%2F%2Flocalhost%3A3000',
      isConnected: true,
    },
  ],
  services,
  alike: [],
  pages: { next: '/account/services?after=abc' },
};

export const servicesSamples: Record<string, ServicesContext> = {
  all,
  found: { ...all, words: 'pajak', connected: [], services: services.slice(0, 1), pages: {} },
  sector: { ...all, sector: 'kesehatan', services: [], pages: {} },
  later: { ...all, connected: [], pages: { first: '/account/services' } },
  alike: { ...all, words: 'pajk', connected: [], services: [], alike: services.slice(0, 1), pages: {} },
  'none-found': { ...all, words: 'kapal selam', connected: [], services: [], pages: {} },
  'none-in-sector': { ...all, words: 'pajak', sector: 'kepolisian', connected: [], services: [], pages: {} },
  'none-named': { ...all, words: 'kapal selam', sectors: [], connected: [], services: [], pages: {} },
  empty: { ...all, sectors: [], connected: [], services: [], pages: {} },
  hostile: {
    ...all,
    words: hostileText,
    sector: hostileText,
    sectors: [{ id: hostileText, name: hostileText, services: 1 }],
    services: services.map((service) => ({
      ...{ ...service, clientId: hostileText, name: hostileText, agency: hostileText, domain: hostileText },
      ...{ purpose: hostileText, link: 'javascript:alert(1)', ending: hostileText },
    })),
    pages: { next: 'javascript:1' },
  },
};
