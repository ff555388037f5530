/** The further apps of the sandbox's example citizens: fictitious, on paper only. Never in production. */
import type { Database } from '#src/base/database.ts';
import type { Secrets } from '#src/base/secrets.ts';
import { findAgency } from './agencies.ts';
import type { Scope, StandardClaim } from './claims.ts';
import { createClients } from './client-load.ts';
import { type ClientClaim, type ClientDraft, findClients, type LegalBasis, type Localized, unsaid } from './clients.ts';
import { sandboxSecret } from './registrations.ts';
import { lockRegistry } from './version.ts';

type Right = { readonly basis: LegalBasis; readonly law: string; readonly lawEn: string };

interface ExampleApp {
  readonly id: string;
  readonly agencyId: string;
  readonly name: Localized;
  readonly purpose: Localized;
  /** By which law it reads who somebody is; by consent where it names none. */
  readonly right?: Right;
  /** What it asks for besides, which is a choice. */
  readonly optional: readonly StandardClaim[];
}

const population: Right = {
  basis: 'legal_obligation',
  law: 'UU 24/2013 tentang Administrasi Kependudukan',
  lawEn: 'Law 24/2013 on Population Administration',
};
const health: Right = {
  basis: 'public_task',
  law: 'UU 17/2023 tentang Kesehatan',
  lawEn: 'Law 17/2023 on Health',
};
const service: Right = {
  basis: 'public_task',
  law: 'UU 25/2009 tentang Pelayanan Publik',
  lawEn: 'Law 25/2009 on Public Services',
};
const tax: Right = {
  basis: 'legal_obligation',
  law: 'UU 1/2022 tentang Hubungan Keuangan Pusat dan Daerah',
  lawEn: 'Law 1/2022 on Central and Regional Finance',
};

const apps: readonly ExampleApp[] = [
  app(
    'antrean-rsud',
    'dinas-kesehatan',
    ['Antrean RSUD', 'Hospital Queue'],
    health,
    ['birthdate', 'phone_number'],
    ['Mengambil nomor antrean poli rumah sakit daerah.', 'To take a number at the clinics of the regional hospital.'],
  ),
  app(
    'catatan-imunisasi',
    'kementerian-kesehatan',
    ['Catatan Imunisasi', 'Vaccination Record'],
    health,
    ['birthdate'],
    ['Menyimpan riwayat imunisasi Anda dan keluarga.', 'To keep the vaccinations of you and your family.'],
  ),
  app(
    'donor-darah',
    'dinas-kesehatan',
    ['Donor Darah', 'Blood Donation'],
    undefined,
    ['birthdate', 'phone_number'],
    [
      'Mengatur jadwal donor dan mengabari saat golongan Anda diperlukan.',
      'To arrange donations and tell you when your blood type is needed.',
    ],
  ),
  app(
    'akta-daring',
    'dinas-kependudukan',
    ['Akta Daring', 'Certificates Online'],
    population,
    ['phone_number'],
    ['Mengurus akta kelahiran, perkawinan, dan kematian.', 'To apply for certificates of birth, marriage and death.'],
  ),
  app(
    'pindah-alamat',
    'dinas-kependudukan',
    ['Pindah Alamat', 'Change of Address'],
    population,
    ['phone_number'],
    ['Melaporkan kepindahan Anda ke alamat baru.', 'To report that you have moved.'],
  ),
  app(
    'kartu-keluarga',
    'dinas-kependudukan',
    ['Kartu Keluarga', 'Family Card'],
    population,
    [],
    ['Memperbarui susunan keluarga pada kartu keluarga.', 'To keep the family card up to date.'],
  ),
  app(
    'pajak-kendaraan',
    'badan-pendapatan-daerah',
    ['Pajak Kendaraan', 'Vehicle Tax'],
    tax,
    ['phone_number'],
    ['Membayar pajak kendaraan bermotor tahunan.', 'To pay the yearly vehicle tax.'],
  ),
  app(
    'retribusi-pasar',
    'badan-pendapatan-daerah',
    ['Retribusi Pasar', 'Market Fees'],
    tax,
    [],
    ['Membayar retribusi kios di pasar daerah.', 'To pay the fee of a stall at a public market.'],
  ),
  app(
    'beasiswa-daerah',
    'provinsi-contoh',
    ['Beasiswa Daerah', 'Regional Scholarship'],
    undefined,
    ['birthdate'],
    ['Mendaftar beasiswa dan mengikuti hasil seleksinya.', 'To apply for a scholarship and follow the selection.'],
  ),
  app(
    'magang-provinsi',
    'provinsi-contoh',
    ['Magang Provinsi', 'Internships'],
    undefined,
    ['phone_number'],
    ['Melamar magang di kantor provinsi.', 'To apply for an internship at the province.'],
  ),
  app(
    'izin-usaha',
    'kota-contoh',
    ['Izin Usaha Mikro', 'Small Business Permit'],
    service,
    ['phone_number'],
    ['Mengurus izin usaha mikro dan perpanjangannya.', 'To get and renew a permit for a small business.'],
  ),
  app(
    'perpustakaan-kota',
    'kota-contoh',
    ['Perpustakaan Kota', 'City Library'],
    undefined,
    ['phone_number'],
    ['Meminjam buku dan memesan ruang baca.', 'To borrow books and reserve a reading room.'],
  ),
  app(
    'kartu-angkutan',
    'kota-contoh',
    ['Kartu Angkutan', 'Transit Card'],
    undefined,
    ['phone_number', 'birthdate'],
    ['Mengisi saldo kartu angkutan dan melihat perjalanan.', 'To top up a transit card and see your journeys.'],
  ),
  app(
    'lapor-banjir',
    'kabupaten-contoh',
    ['Lapor Banjir', 'Flood Reports'],
    service,
    ['phone_number'],
    ['Melaporkan banjir dan menerima peringatan di sekitar Anda.', 'To report floods and be warned of those near you.'],
  ),
  app(
    'bantuan-tani',
    'kabupaten-contoh',
    ['Bantuan Tani', 'Help for Farmers'],
    service,
    ['phone_number'],
    ['Mendaftar bantuan pupuk dan benih.', 'To apply for fertiliser and seeds.'],
  ),
  app(
    'wifi-publik',
    'dinas-kominfo',
    ['Wifi Publik', 'Public Wifi'],
    undefined,
    [],
    ['Memakai wifi di taman dan kantor desa.', 'To use the wifi in parks and village offices.'],
  ),
];

function app(
  id: string,
  agencyId: string,
  [name, nameEn]: readonly [string, string],
  right: Right | undefined,
  optional: readonly StandardClaim[],
  [purpose, purposeEn]: readonly [string, string],
): ExampleApp {
  const said = { name: { id: name, en: nameEn }, purpose: { id: purpose, en: purposeEn } };
  return { id, agencyId, ...said, ...(right && { right }), optional };
}

/** Their client ids. */
export const exampleAppIds: readonly string[] = apps.map(({ id }) => id);

const scopeOf: Readonly<Partial<Record<StandardClaim, Scope>>> = { phone_number: 'phone' };

function draftOf({ id, agencyId, name, purpose, right, optional }: ExampleApp): ClientDraft {
  const home = `https://${id}.contoh.go.id`;
  const claim = (one: StandardClaim, required: boolean): ClientClaim => ({
    ...{ claim: one, required, purpose: purpose.id, purposeEn: purpose.en, basis: 'consent' },
    ...(required && right),
  });
  const more = optional.flatMap((one) => scopeOf[one] ?? []);
  return {
    ...unsaid,
    ...{ id, agencyId, subjectGroupId: agencyId, state: 'sandbox', type: 'web', name, purpose },
    homeUri: `${home}/`,
    redirectUris: [`${home}/callback`],
    postLogoutRedirectUris: [`${home}/signed-out`],
    responseTypes: ['code'],
    grantTypes: ['authorization_code', 'refresh_token'],
    scopes: ['openid', 'profile', 'email', ...new Set(more)],
    tokenEndpointAuthMethod: 'client_secret_basic',
    rotateRefresh: true,
    claims: [
      ...(['name', 'email'] as const).map((one) => claim(one, true)),
      ...optional.map((one) => claim(one, false)),
    ],
  };
}

/** Registers those that are not there yet, of agencies that are there. Any number of processes may do it at once. */
export async function registerExampleApps(database: Database, secrets: Secrets): Promise<void> {
  await database.transaction(async (tx) => {
    await lockRegistry(tx);
    const known = new Set((await findClients(tx, exampleAppIds)).map(({ id }) => id));
    const agencies = new Map<string, boolean>();
    for (const { agencyId } of apps) agencies.set(agencyId, (await findAgency(tx, agencyId)) !== undefined);
    const drafts = apps.filter(({ id, agencyId }) => !known.has(id) && agencies.get(agencyId)).map(draftOf);
    const clients = drafts.map((draft) => ({ draft, secret: sandboxSecret(draft.id) }));
    if (clients.length > 0) await createClients(tx, secrets, clients, 'start');
  });
}
