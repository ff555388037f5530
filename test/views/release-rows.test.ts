/** The list of who saw what, line by line. */
import { expect, test } from 'vitest';
import { releasesPage, releasesSamples } from '#views/account/releases.ts';

test('a line after one that says the same of what was read says only when and how', () => {
  const { alike } = releasesSamples;
  if (!alike) throw new Error('no sample');
  const [first = '', second = ''] = String(releasesPage(alike)).split('data-release="').slice(1);
  expect(first).toContain('Membaca nama lengkap, email, dan tanggal lahir.');
  expect(first).toContain('Sebagian atas izin Anda, sebagian atas dasar tugas pelayanan publik');
  expect(second).toContain('Membaca data yang sama.');
  expect(second).toContain('saat Anda masuk');
  expect(second).not.toContain('atas dasar');
});

test('what another app read, or another kind of data, is said in full', () => {
  const { full } = releasesSamples;
  if (!full) throw new Error('no sample');
  expect(String(releasesPage(full))).not.toContain('Membaca data yang sama.');
});
