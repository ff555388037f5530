/** What is left of a name for comparing it. */
import { describe, expect, test } from 'vitest';
import { tellingWords, wordsOfNames } from '#src/registry/app-words.ts';

const sleman = wordsOfNames(['Kabupaten Sleman', 'Sleman Regency']);

describe('words that tell a text from others', () => {
  test.each([
    ['Sistem Informasi Kepegawaian Kabupaten Sleman', 'pegawai'],
    ['SIMPEG', 'pegawai'],
    ['e-Antrean Puskesmas', 'antrean puskesmas'],
    ['Puskesmas: antrian online!', 'antrean puskesmas'],
    ['SiPenduduk', 'penduduk'],
    ['Laporan Kinerja 2024', 'kinerja laporan'],
    ['Sistem Pelayanan Publik Terpadu', ''],
    ['Queueing for the hospital', 'hospital queue'],
    ['Layanan Kesehatan Ibu & Anak', 'anak ibu kesehatan'],
    ['Pélayanan Ának', 'anak'],
  ])('%s', (text, words) => expect(tellingWords(text, sleman)).toBe(words));

  test('a name that is only the own agency’s stays', () => {
    expect(tellingWords('Portal Sleman', sleman)).toBe('sleman');
  });

  test('a text without end is told by its beginning', () => {
    const text = Array.from({ length: 5000 }, (_, n) => `kata${n}`).join(' ');
    expect(tellingWords(text, sleman).length).toBeLessThanOrEqual(600);
  });
});
