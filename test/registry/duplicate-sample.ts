/**
 * Apps of fictitious agencies of which it is known which are the same, for measuring how well duplicates are found.
 *
 * A service is an action on an object, for some people ("antrean", "puskesmas", "lansia"). Some services were built more than once,
 * each time told in one of the ways in which that happens: other words, an abbreviation, only English, a slip of the pen, another host
 * with the same code. Services that share an object or an action are close to each other on purpose, some share a portal's host, and
 * some names are everybody's.
 *
 * The same seed makes the same sample. What it cannot show is in `docs/duplicates.md`.
 */

/** In which way an app was built again. */
export const tellings = [
  'same-name',
  'reworded',
  'abbreviated',
  'english',
  'mistyped',
  'same-host',
  'same-code',
  'elsewhere',
] as const;
export type Telling = (typeof tellings)[number];

/** An app of the sample. */
export interface SampleApp {
  /** Ten letters and digits. */
  readonly id: string;
  readonly agency: number;
  readonly name: string;
  readonly nameEn: string | undefined;
  readonly description: string | undefined;
  readonly descriptionEn: string | undefined;
  readonly host: string;
  readonly serviceCode: string | undefined;
  readonly claims: readonly string[];
  readonly sector: string;
  /** Apps of one service are the same app built again; undefined: of a name that is everybody's, and not judged. */
  readonly service: number | undefined;
  readonly telling: Telling | 'first' | 'everybody';
}

interface Words {
  readonly id: readonly string[];
  readonly en: readonly string[];
}

const words = (id: string, en: string): Words => ({ id: id.split('|'), en: en.split('|') });

const actions = [
  words('antrean|antrian online|booking antrean', 'queue|queueing'),
  words('pengaduan|aduan|lapor', 'complaints|complaint desk'),
  words('pendaftaran|registrasi|daftar online', 'registration|sign-up'),
  words('pembayaran|bayar|pelunasan', 'payment|payments'),
  words('perizinan|izin|permohonan izin', 'permits|licensing'),
  words('inventarisasi|pencatatan aset|inventaris', 'inventory|stock records'),
  words('penjadwalan|jadwal|agenda', 'scheduling|timetable'),
  words('pemantauan|monitoring|pengawasan', 'monitoring|supervision'),
  words('pelaporan|laporan berkala|rekap laporan', 'reporting|periodic reports'),
  words('survei kepuasan|survei|jajak pendapat', 'satisfaction survey|survey'),
  words('penyaluran|distribusi|pembagian', 'distribution|hand-out'),
  words('peminjaman|pinjam|sewa', 'lending|rental'),
  words('pemetaan|peta sebaran|peta', 'mapping|map'),
  words('pelatihan|kursus|bimbingan teknis', 'training|courses'),
  words('verifikasi|validasi|pemeriksaan berkas', 'verification|validation'),
  words('lelang|tender', 'auction|tender'),
];

const objects = [
  words('puskesmas', 'health centre'),
  words('rumah sakit', 'hospital'),
  words('pajak kendaraan bermotor', 'vehicle tax'),
  words('pajak bumi dan bangunan', 'land and building tax'),
  words('kartu keluarga', 'family card'),
  words('akta kelahiran', 'birth certificate'),
  words('beras sejahtera', 'rice for families'),
  words('pupuk bersubsidi', 'subsidised fertiliser'),
  words('angkutan umum', 'public transport'),
  words('uji kendaraan', 'vehicle inspection'),
  words('tenaga kerja', 'labour'),
  words('usaha mikro', 'small business'),
  words('sekolah dasar', 'primary school'),
  words('beasiswa', 'scholarship'),
  words('perpustakaan', 'library'),
  words('pasar rakyat', 'market stalls'),
  words('nelayan tangkap', 'fishermen'),
  words('irigasi sawah', 'rice field irrigation'),
  words('sampah rumah tangga', 'household waste'),
  words('air minum', 'drinking water'),
  words('jalan rusak', 'damaged roads'),
  words('lampu jalan', 'street lights'),
  words('bencana banjir', 'floods'),
  words('kebakaran hutan', 'forest fires'),
  words('donor darah', 'blood donors'),
  words('imunisasi balita', 'infant immunisation'),
  words('stunting', 'stunting'),
  words('gedung olahraga', 'sports hall'),
  words('cagar budaya', 'heritage sites'),
  words('desa wisata', 'tourism villages'),
  words('hewan ternak', 'livestock'),
  words('benih jagung', 'maize seed'),
  words('rusunawa', 'social housing'),
  words('pemakaman', 'cemeteries'),
  words('arsip statis', 'archives'),
  words('perjalanan dinas', 'official travel'),
];

const groups = [
  words('', ''),
  words('lansia', 'the elderly'),
  words('difabel', 'disabled people'),
  words('pelajar', 'pupils'),
  words('petani', 'farmers'),
  words('perempuan', 'women'),
  words('pesisir', 'the coast'),
  words('perbatasan', 'the border'),
  words('pesantren', 'boarding schools'),
  words('koperasi', 'cooperatives'),
  words('industri', 'industry'),
  words('ekspor', 'exports'),
  words('kepulauan', 'islands'),
  words('adat', 'indigenous people'),
  words('veteran', 'veterans'),
  words('disabilitas netra', 'the blind'),
  words('yatim piatu', 'orphans'),
  words('nelayan kecil', 'small fishers'),
  words('guru honorer', 'contract teachers'),
  words('mahasiswa', 'students'),
  words('balita', 'toddlers'),
  words('ibu hamil', 'expectant mothers'),
  words('pekerja migran', 'migrant workers'),
  words('buruh pabrik', 'factory workers'),
  words('pedagang kaki lima', 'street vendors'),
  words('pengemudi ojek', 'motorcycle drivers'),
  words('penyintas gempa', 'earthquake survivors'),
  words('masjid', 'mosques'),
  words('gereja', 'churches'),
  words('karang taruna', 'youth clubs'),
  words('atlet', 'athletes'),
  words('seniman', 'artists'),
  words('wartawan', 'journalists'),
  words('penyuluh', 'extension workers'),
  words('bidan', 'midwives'),
  words('perawat', 'nurses'),
  words('apoteker', 'pharmacists'),
  words('notaris', 'notaries'),
  words('arsitek', 'architects'),
  words('kontraktor', 'contractors'),
  words('eksportir kopi', 'coffee exporters'),
  words('peternak sapi', 'cattle farmers'),
  words('petambak udang', 'shrimp farmers'),
  words('pengrajin batik', 'batik makers'),
];

const everybodys: readonly (readonly [string, string])[] = [
  ['SIMPEG', 'Personnel Information System'],
  ['Sistem Informasi Kepegawaian', 'Personnel Information System'],
  ['e-Kinerja', 'e-Performance'],
  ['JDIH', 'Legal Documentation'],
  ['PPID', 'Information Disclosure'],
  ['Website Resmi', 'Official Website'],
  ['Portal Layanan', 'Service Portal'],
];

const forms = ['Aplikasi', 'Sistem Informasi', 'Layanan', 'Portal', 'e-', 'Sistem Elektronik'];
const claimSets = [
  ['name', 'email'],
  ['name', 'birthdate', 'address', 'phone_number'],
  ['name', 'gender', 'birthdate'],
  ['name', 'email', 'phone_number'],
];
const sectors = ['kesehatan', 'pendidikan', 'pertanian', 'sosial'];

const describe = [
  (what: string, whom: string) => `Membantu ${whom} mengurus ${what} dari rumah tanpa harus datang ke kantor.`,
  (what: string, whom: string) => `${what} bagi ${whom}: mengisi formulir, mengunggah berkas dan melihat hasilnya.`,
  (what: string, whom: string) =>
    `Dipakai petugas dan ${whom} untuk ${what}, lengkap dengan riwayat dan pemberitahuan.`,
];
const describeEn = [
  (what: string, whom: string) => `Lets ${whom} handle ${what} from home, without a visit to the office.`,
  (what: string, whom: string) => `${what} for ${whom}: fill in the form, upload papers and see what became of them.`,
  (what: string, whom: string) => `Used by officers and ${whom} for ${what}, with a history and notices.`,
];

/** Numbers that look random and are the same each time (mulberry32). */
function numbersFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * below);
  };
}

/** How large a sample is, and of what. */
export interface SampleSize {
  readonly apps: number;
  readonly agencies: number;
  readonly seed: number;
}

/** Makes a sample: six of ten apps stand alone, three are built again, one bears a name that is everybody's. */
export function makeSample({ apps, agencies, seed }: SampleSize): SampleApp[] {
  const pick = numbersFrom(seed);
  const made: SampleApp[] = [];
  const combinations = shuffled(actions.length * objects.length * groups.length, pick);
  let service = 0;
  while (made.length < apps) {
    const kind = pick(100);
    if (kind < 12) made.push(everybodysApp(made.length, pick(agencies), pick));
    else {
      if (service >= combinations.length) throw new Error('more services than there are words for');
      const first = firstApp(made.length, pick(agencies), service, combinations[service] ?? 0, pick);
      service += 1;
      made.push(first.app);
      const again = kind < 34 ? 1 + pick(2) : 0;
      for (let n = 0; n < again && made.length < apps; n += 1)
        made.push(toldAgain(first, made.length, pick(agencies), tellings[pick(tellings.length)] ?? 'reworded', pick));
    }
  }
  return made;
}

function shuffled(count: number, pick: (below: number) => number): number[] {
  const all = Array.from({ length: count }, (_, n) => n);
  for (let n = count - 1; n > 0; n -= 1) {
    const other = pick(n + 1);
    [all[n], all[other]] = [all[other] ?? 0, all[n] ?? 0];
  }
  return all;
}

interface First {
  readonly app: SampleApp;
  readonly action: Words;
  readonly object: Words;
  readonly group: Words;
}

const idOf = (n: number): string => `s${String(n).padStart(9, '0')}`;
const agencyHost = (agency: number): string => `instansi-${agency}.go.id`;
const capital = (text: string): string => text.replace(/(^|\s)\p{L}/gu, (letter) => letter.toUpperCase());

function firstApp(
  n: number,
  agency: number,
  service: number,
  combination: number,
  pick: (below: number) => number,
): First {
  const action = actions[combination % actions.length] ?? words('', '');
  const object = objects[Math.floor(combination / actions.length) % objects.length] ?? words('', '');
  const group = groups[Math.floor(combination / actions.length / objects.length) % groups.length] ?? words('', '');
  const isOnPortal = pick(4) === 0;
  const app: SampleApp = {
    ...{ id: idOf(n), agency, service, telling: 'first' },
    name: nameOf(action.id[0], object, group, forms[pick(forms.length)] ?? ''),
    nameEn: pick(3) === 0 ? undefined : nameEnOf(action.en[0], object, group),
    ...descriptionOf(action, object, group, pick(describe.length)),
    host: isOnPortal ? `layanan.${agencyHost(agency % 40)}` : `app-${n}.${agencyHost(agency)}`,
    serviceCode: pick(3) === 0 ? `RAB.${String(service).padStart(6, '0')}` : undefined,
    claims: claimSets[pick(claimSets.length)] ?? [],
    sector: sectors[service % sectors.length] ?? '',
  };
  return { app, action, object, group };
}

function nameOf(action = '', object: Words, group: Words, form: string): string {
  const whole = [action, object.id[0], group.id[0]].filter(Boolean).join(' ');
  return form.endsWith('-') ? `${form}${capital(whole)}` : `${form} ${capital(whole)}`.trim();
}

function nameEnOf(action = '', object: Words, group: Words): string {
  return capital([object.en[0], action, group.en[0] ? `for ${group.en[0]}` : ''].filter(Boolean).join(' '));
}

function descriptionOf(action: Words, object: Words, group: Words, way: number) {
  const what = `${action.id[0]} ${object.id[0]}`;
  const whatEn = `${object.en[0]} ${action.en[0]}`;
  return {
    description: describe[way]?.(what, group.id[0] || 'warga'),
    descriptionEn: describeEn[way]?.(whatEn, group.en[0] || 'people'),
  };
}

function toldAgain(
  first: First,
  n: number,
  agency: number,
  telling: Telling,
  pick: (below: number) => number,
): SampleApp {
  const { app, action, object, group } = first;
  const form = forms[pick(forms.length)] ?? '';
  const other = action.id[1 + pick(action.id.length - 1)] ?? action.id[0];
  const again: SampleApp = {
    ...app,
    ...{ id: idOf(n), agency, telling },
    name: nameOf(other, object, group, form),
    nameEn: pick(2) === 0 ? undefined : nameEnOf(action.en[1], object, group),
    ...descriptionOf(action, object, group, pick(describe.length)),
    host: `app-${n}.${agencyHost(agency)}`,
    serviceCode: undefined,
  };
  const name = nameOf(action.id[0], object, group, form);
  if (telling === 'same-name') return { ...again, name };
  if (telling === 'abbreviated') return { ...again, name: abbreviated(first), description: app.description };
  if (telling === 'english') return { ...again, name: nameEnOf(action.en[0], object, group), nameEn: undefined };
  if (telling === 'mistyped') return { ...again, name: mistyped(name, pick) };
  if (telling === 'same-host') return { ...again, name: other ? capital(other) : name, host: app.host };
  if (telling === 'same-code')
    return {
      ...again,
      serviceCode: app.serviceCode,
      name: app.serviceCode ? capital(`${other} ${group.id[0]}`) : name,
    };
  if (telling === 'elsewhere')
    return { ...again, name, agency: app.agency, host: `baru-${n}.${agencyHost(app.agency)}`, description: undefined };
  return again;
}

/** Si- and the beginnings of the words: nobody guesses it from the name. */
function abbreviated({ action, object }: First): string {
  const parts = `${action.id[0]} ${object.id[0]}`.split(' ').map((word) => word.slice(0, 3));
  return `SI${parts.join('').toUpperCase()}`;
}

/** Two letters change places, or one is left out. */
function mistyped(name: string, pick: (below: number) => number): string {
  const at = 4 + pick(Math.max(1, name.length - 6));
  if (pick(2) === 0) return name.slice(0, at) + name.slice(at + 1);
  return name.slice(0, at) + (name[at + 1] ?? '') + (name[at] ?? '') + name.slice(at + 2);
}

function everybodysApp(n: number, agency: number, pick: (below: number) => number): SampleApp {
  const [name, nameEn] = everybodys[pick(everybodys.length)] ?? ['', ''];
  return {
    ...{ id: idOf(n), agency, name, nameEn, service: undefined, telling: 'everybody' },
    description: pick(2) === 0 ? undefined : `${name} untuk pegawai dan masyarakat.`,
    descriptionEn: undefined,
    host: `${name.toLowerCase().replace(/[^a-z]/g, '')}.${agencyHost(agency)}`,
    serviceCode: undefined,
    claims: ['name'],
    sector: sectors[n % sectors.length] ?? '',
  };
}
