/**
 * The fictitious inventory of load tests: any number of records, each known by a number, ten to an agency, with apps among
 * them that other agencies have as well. Never in production.
 */
import type { Transaction } from '#src/base/database.ts';
import { findAgencies, saveAgency } from './agencies.ts';
import { findRecordsByKey } from './inventory.ts';
import { type RecordDraft, saveRecords } from './inventory-writes.ts';
import { numberedAgency } from './numbered-clients.ts';
import { listSectors } from './sectors.ts';

/** The highest number: ten times of what a country counts. */
export const MAX_RECORDS = 300_000;

/** Who answers for them in the record of events. */
const ACTOR = 'command';

const kinds: readonly (readonly [string, string])[] = [
  ...([
    ['Antrean', 'queue'],
    ['Pendaftaran', 'registration'],
    ['Pengaduan', 'complaints'],
  ] as const),
  ...([
    ['Pembayaran', 'payments'],
    ['Kartu', 'card'],
    ['Bantuan', 'aid'],
    ['Surat', 'letters'],
  ] as const),
  ...([
    ['Pemantauan', 'monitoring'],
    ['Jadwal', 'schedule'],
    ['Arsip', 'archive'],
    ['Peta', 'map'],
  ] as const),
  ...([
    ['Lelang', 'auctions'],
    ['Gudang', 'stores'],
  ] as const),
];

const topics: readonly (readonly [string, string])[] = [
  ...([
    ['Rumah Sakit', 'hospital'],
    ['Pajak Kendaraan', 'vehicle tax'],
    ['Sekolah', 'school'],
  ] as const),
  ...([
    ['Petani', 'farmer'],
    ['Izin Usaha', 'business licence'],
    ['Kependudukan', 'population'],
  ] as const),
  ...([
    ['Angkutan', 'transport'],
    ['Nelayan', 'fisher'],
    ['Sampah', 'waste'],
    ['Air Bersih', 'water'],
  ] as const),
  ...([
    ['Jalan', 'road'],
    ['Perpustakaan', 'library'],
    ['Pasar', 'market'],
    ['Wisata', 'tourism'],
  ] as const),
  ...([
    ['Ternak', 'livestock'],
    ['Hutan', 'forest'],
    ['Tenaga Kerja', 'labour'],
  ] as const),
];

const people: readonly (readonly [string, string])[] = [
  ...([
    ['Lansia', 'elderly'],
    ['Balita', 'toddler'],
    ['Pelajar', 'pupil'],
    ['Penyandang Disabilitas', 'disabled'],
  ] as const),
  ...([
    ['Perantau', 'migrant'],
    ['Ibu Hamil', 'expectant mother'],
    ['Veteran', 'veteran'],
  ] as const),
  ...([
    ['Pelaku Usaha', 'trader'],
    ['Warga Baru', 'newcomer'],
    ['Pegawai', 'officer'],
    ['Relawan', 'volunteer'],
  ] as const),
];

/** The record of a number; always the same, but for the sector, which is one of those there are. */
export function numberedRecord(number: number, sectors: readonly string[]): RecordDraft {
  const of = (all: readonly (readonly [string, string])[], step: number) =>
    all[Math.floor(number / step) % all.length] ?? ['', ''];
  const [kind, topic, group] = [of(kinds, 1), of(topics, kinds.length), of(people, kinds.length * topics.length)];
  const agency = numberedAgency(number);
  const sector = sectors[number % Math.max(1, sectors.length)];
  const content = {
    name: `${kind[0]} ${topic[0]} ${group[0]}`,
    name_en: `${sentence(group[1])} ${topic[1]} ${kind[1]}`,
    description: `${kind[0]} untuk ${group[0].toLowerCase()} di bidang ${topic[0].toLowerCase()}.`,
    description_en: `${sentence(kind[1])} for each ${group[1]}, in matters of ${topic[1]}.`,
    // One in five is at the address of a connected app: the same app, or one that shares its host.
    host: number % 5 === 0 ? `layanan-${number}.contoh.go.id` : `sistem-${number}.${agency.domain}`,
    ...(sector !== undefined && { sectors: [sector] }),
    audience: ['citizens' as const],
    users: number * 7,
    yearly_cost: (number % 900) * 1_000_000,
    technology: number % 2 === 0 ? 'PHP' : 'Java',
    contact: `aplikasi@${agency.domain}`,
  };
  return { agencyId: agency.id, key: `SIS-${number}`, content };
}

function sentence(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/**
 * Writes down those of these records that are not there yet, some hundreds at once; those that are stay as they are.
 *
 * @returns how many it added
 */
export async function addNumberedRecords(tx: Transaction, numbers: readonly number[]): Promise<number> {
  const sectors = (await listSectors(tx)).map(({ id }) => id);
  const drafts = numbers.map((number) => numberedRecord(number, sectors));
  const known = new Set((await findRecordsByKey(tx, drafts)).map(nameOf));
  const absent = drafts.filter((draft) => !known.has(nameOf(draft)));
  if (absent.length === 0) return 0;
  const agencies = new Map(numbers.map(numberedAgency).map((agency) => [agency.id, agency]));
  for (const { id } of await findAgencies(tx, [...agencies.keys()])) agencies.delete(id);
  for (const agency of agencies.values()) await saveAgency(tx, agency, ACTOR);
  const saved = await saveRecords(tx, absent, { actor: ACTOR, via: 'command' });
  return saved.filter(({ outcome }) => outcome === 'created').length;
}

function nameOf({ agencyId, key }: { readonly agencyId: string; readonly key: string }): string {
  return `${agencyId} ${key}`;
}

/** The tables that {@link addNumberedRecords} fills. */
export const recordTables = ['agencies', 'subject_groups', 'inventory', 'inventory_versions', 'app_profiles'];
