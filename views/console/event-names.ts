import type { Language } from '../locale.ts';

/** What admins can do, in words; the events' own words are codes that stay the same in every language. */
const names: Readonly<Record<string, Record<Language, string>>> = {
  'account.disabled': { id: 'Akun dinonaktifkan', en: 'Account disabled' },
  'account.enabled': { id: 'Akun diaktifkan', en: 'Account enabled' },
  'account.frozen': { id: 'Akun dibekukan', en: 'Account frozen' },
  'account.proven': { id: 'Identitas dibuktikan', en: 'Identity proven' },
  'account.unfrozen': { id: 'Pembekuan akun dibuka', en: 'Account unfrozen' },
  'agency.changed': { id: 'Instansi diubah', en: 'Agency changed' },
  'agency.created': { id: 'Instansi dibuat', en: 'Agency created' },
  'client.bundle-received': { id: 'Layanan diterima dari tempat lain', en: 'Service received from elsewhere' },
  'client.bundle-sent': { id: 'Layanan dikirim ke tempat lain', en: 'Service sent elsewhere' },
  'client.changed': { id: 'Layanan diubah', en: 'Service changed' },
  'client.created': { id: 'Layanan didaftarkan', en: 'Service registered' },
  'client.glass-broken': { id: 'Diubah tanpa persetujuan (darurat)', en: 'Changed without review (emergency)' },
  'client.review-asked': { id: 'Persetujuan diminta', en: 'Review asked for' },
  'client.secret-ended': { id: 'Rahasia diakhiri', en: 'Secret ended' },
  'client.secret-set': { id: 'Rahasia dibuat', en: 'Secret made' },
  'client.state-changed': { id: 'Keadaan layanan berubah', en: 'Status of the service changed' },
  'client.tester-added': { id: 'Penguji ditambahkan', en: 'Tester added' },
  'client.tester-removed': { id: 'Penguji dikeluarkan', en: 'Tester removed' },
  'client.version-approved': { id: 'Perubahan disetujui', en: 'Change approved' },
  'client.version-rejected': { id: 'Perubahan ditolak', en: 'Change refused' },
  'client.version-withdrawn': { id: 'Perubahan ditarik kembali', en: 'Change taken back' },
  'desk.account-opened': { id: 'Akun dibuka di loket', en: 'Account opened at a desk' },
  'desk.looked-up': { id: 'Akun dicari di loket', en: 'Account looked up at a desk' },
  'desk.sheet-agreed': { id: 'Lembar disetujui petugas kedua', en: 'Sheet agreed by a second officer' },
  'desk.sheet-cancelled': { id: 'Lembar dibatalkan', en: 'Sheet cancelled' },
  'desk.sheet-issued': { id: 'Lembar diterbitkan', en: 'Sheet issued' },
  'invitation.accepted': { id: 'Undangan diterima', en: 'Invitation accepted' },
  'invitation.made': { id: 'Undangan dibuat', en: 'Invitation made' },
  'invitation.revoked': { id: 'Undangan dibatalkan', en: 'Invitation taken back' },
  'key.activated': { id: 'Kunci mulai dipakai', en: 'Key in use' },
  'key.published': { id: 'Kunci diumumkan', en: 'Key published' },
  'key.removed': { id: 'Kunci dihapus', en: 'Key removed' },
  'key.retired': { id: 'Kunci diganti', en: 'Key retired' },
  'key.revoked': { id: 'Kunci dicabut', en: 'Key revoked' },
  'registration-token.made': { id: 'Token pendaftaran dibuat', en: 'Registration token made' },
  'registration-token.revoked': { id: 'Token pendaftaran dicabut', en: 'Registration token revoked' },
  'role.ended': { id: 'Peran diakhiri', en: 'Role ended' },
  'role.given': { id: 'Peran diberikan', en: 'Role given' },
  'role.restored': { id: 'Peran dipulihkan', en: 'Role restored' },
  'sector.changed': { id: 'Sektor diubah', en: 'Sector changed' },
  'sessions.ended': { id: 'Sesi diakhiri', en: 'Sessions ended' },
};

/** What an event is called; its own word where nobody has named it yet. */
export function sayEvent(language: Language, kind: string): string {
  return Object.hasOwn(names, kind) ? (names[kind]?.[language] ?? kind) : kind;
}
