/**
 * What can be wrong in a record of the inventory or in a file of them, in both languages: what it is and what to do. Codes are
 * stable; a file of mistakes, the API and the pages say the same sentences.
 */
import type { Language } from '#src/base/refusals.ts';

/** Every mistake by its code. */
export const recordMistakes = {
  agency_elsewhere: {
    id: 'Instansi ini tidak berada di bawah instansi yang dipilih untuk berkas ini. Hapus barisnya, atau kirim untuk instansi yang membawahinya.',
    en: 'This agency is not below the one that the file is for. Take the row out, or send it for an agency above.',
  },
  agency_unknown: {
    id: 'Instansi ini tidak terdaftar. Tulis kode instansinya, seperti tampak di halaman instansi.',
    en: 'This agency is not registered. Write its id, as its page shows it.',
  },
  audience_unknown: {
    id: 'Sasaran ini tidak dikenal. Tulis citizens (warga), businesses (usaha), atau officials (aparatur), dipisah spasi.',
    en: 'This audience is not known. Write citizens, businesses or officials, with spaces between.',
  },
  claim_unknown: {
    id: 'Data ini tidak dikenal. Tulis nama baku OpenID Connect, misalnya name, email, birthdate, dipisah spasi.',
    en: 'This claim is not known. Write names of OpenID Connect, such as name, email, birthdate, with spaces between.',
  },
  column_missing: {
    id: 'Kolom ini tidak ada di baris pertama. Tambahkan; setiap baris memerlukannya.',
    en: 'The first row has no such column. Add it; every row needs it.',
  },
  column_twice: {
    id: 'Kolom ini ada dua kali di baris pertama. Sisakan satu.',
    en: 'The first row has this column twice. Leave one.',
  },
  column_unknown: {
    id: 'Kolom ini tidak dikenal. Hapus, atau ganti namanya dengan salah satu kolom yang ada di petunjuk.',
    en: 'This column is not known. Take it out, or give it one of the names that the guide lists.',
  },
  contact_unfit: {
    id: 'Kontak ini bukan alamat surel atau nomor telepon kantor. Tulis satu saja, misalnya aplikasi@contoh.go.id.',
    en: 'This is no e-mail address or telephone number of an office. Write one of them, such as apps@contoh.go.id.',
  },
  file_broken: {
    id: 'Berkas tidak dapat dibaca mulai baris ini, biasanya karena tanda kutip yang tidak ditutup. Perbaiki, lalu kirim lagi.',
    en: 'The file cannot be read from this row on, mostly because of a quotation mark that is not closed. Correct it and send it again.',
  },
  file_empty: {
    id: 'Berkas ini tidak berisi satu baris pun di bawah judul kolom. Isi setidaknya satu, lalu kirim lagi.',
    en: 'The file has no row below its column names. Fill in at least one and send it again.',
  },
  file_not_text: {
    id: 'Berkas ini bukan CSV bertuliskan UTF-8. Di lembar kerja Anda, simpan sebagai "CSV UTF-8", lalu kirim lagi.',
    en: 'This is no CSV in UTF-8. Save it in your spreadsheet as "CSV UTF-8" and send it again.',
  },
  file_too_long: {
    id: 'Berkas ini berisi lebih dari 100.000 baris. Bagi menjadi beberapa berkas; urutannya bebas.',
    en: 'The file has more than 100,000 rows. Split it into several, in any order.',
  },
  host_unfit: {
    id: 'Ini bukan nama host. Tulis tanpa https:// dan tanpa garis miring, misalnya simpus.dinkes.contoh.go.id; kosongkan bila tidak ada.',
    en: 'This is no name of a host. Write it without https:// and slashes, such as simpus.dinkes.contoh.go.id; leave it empty where there is none.',
  },
  key_twice: {
    id: 'Kunci ini sudah dipakai baris lain di berkas ini untuk instansi yang sama. Satukan kedua barisnya, atau ganti salah satu kuncinya.',
    en: 'Another row of this file has this key for the same agency. Make one row of both, or change one of the keys.',
  },
  missing: {
    id: 'Ini wajib diisi. Lengkapi, lalu kirim lagi; baris yang sudah benar boleh tetap di berkas.',
    en: 'This must be filled in. Complete it and send it again; rows that are right may stay in the file.',
  },
  number_unfit: {
    id: 'Ini bukan bilangan bulat. Tulis angkanya saja, misalnya 12500 atau 12.500, tanpa kata seperti "juta".',
    en: 'This is no whole number. Write its digits alone, such as 12500 or 12,500, without words like "million".',
  },
  row_uneven: {
    id: 'Jumlah kolom baris ini tidak sama dengan judulnya. Periksa tanda pemisah, dan beri tanda kutip pada isi yang memuatnya.',
    en: 'This row has another number of columns than the first one. Check the separators, and put quotation marks around values that have them.',
  },
  sector_unknown: {
    id: 'Sektor ini tidak terdaftar. Tulis kode atau nama sektornya, seperti tampak di daftar; beberapa dipisah dengan |.',
    en: 'This sector is not registered. Write its id or its name, as lists show it; several with | between.',
  },
  service_code_unfit: {
    id: 'Ini bukan kode layanan SPBE. Tulis seperti RAL.02.03.01; kosongkan bila belum ada.',
    en: 'This is no service code of the national architecture. Write it like RAL.02.03.01; leave it empty where there is none.',
  },
  text_unfit: {
    id: 'Isinya memuat ganti baris atau karakter yang tidak tampak. Tulis dalam satu baris biasa.',
    en: 'It has a line break or an invisible character. Write it as one plain line.',
  },
  too_long: {
    id: 'Isinya terlalu panjang. Ringkaskan: nama 200, uraian 2.000, kunci 60 karakter.',
    en: 'It is too long. Shorten it: a name has 200, a description 2,000, a key 60 characters.',
  },
} as const satisfies Record<string, Readonly<Record<Language, string>>>;

export type MistakeCode = keyof typeof recordMistakes;

/** Something wrong with one field of a record. */
export interface RecordMistake {
  /** The column, or nothing where it is the whole. */
  readonly field: string;
  readonly code: MistakeCode;
  /** What was there, cut; never an address of somebody. */
  readonly given: string | undefined;
}

/** What is wrong and what to do. */
export function sayMistake(code: MistakeCode, language: Language): string {
  return recordMistakes[code][language];
}
