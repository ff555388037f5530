/** A file of the inventory of any length, always the same: what an import of a whole country looks like. */

const nouns = ['Antrean', 'Layanan', 'Sistem', 'Portal', 'Pendaftaran', 'Perizinan', 'Pelaporan', 'Arsip', 'Presensi'];
const things = ['Puskesmas', 'Sekolah', 'Pajak', 'Bansos', 'Kepegawaian', 'Kependudukan', 'Pasar', 'Terminal', 'Desa'];
const sectors = ['kesehatan', 'pendidikan', 'transaksi-keuangan', 'bantuan-sosial', 'aparatur-negara'];

/** Rows of an agency: `key` from `APP-1` on. @param sectorIds those that the registry has */
export function inventoryFile(
  rows: number,
  { agency, sectorIds = sectors }: { agency: string; sectorIds?: string[] },
): string {
  const lines = ['agency;key;name;name_en;description;host;sectors;audience;users;yearly_cost;technology;contact'];
  for (let n = 1; n <= rows; n += 1) {
    const name = `${nouns[n % 9]} ${things[(n * 7) % 9]} ${n}`;
    const cells = [
      ...[agency, `APP-${n}`, name, `Service ${n}`, `"Warga memakai ${name}; dari rumah, ""kapan saja""."`],
      ...[`https://app-${n}.contoh.go.id/masuk`, sectorIds[n % sectorIds.length] ?? '', 'warga | pegawai'],
      ...[`${(n % 900) + 100}.000`, `Rp ${(n % 900) + 100}.000.000,00`, 'PHP dan MySQL', `app-${n}@contoh.go.id`],
    ];
    lines.push(cells.join(';'));
  }
  return `\ufeff${lines.join('\r\n')}\r\n`;
}
