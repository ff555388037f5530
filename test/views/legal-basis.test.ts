/** Each legal basis is named by itself, on the page that tells of it and where an app is left. */
import { expect, test } from 'vitest';
import { appPage, appSamples } from '#views/account/app.ts';
import { consentPage, consentSamples } from '#views/consent.ts';
import { basisName } from '#views/legal-basis.ts';

const bases = ['contract', 'legal_obligation', 'vital_interest', 'public_task', 'legitimate_interest'];

test.each(['id', 'en'] as const)('all five have names of their own, on the consent page too (%s)', (language) => {
  const names = bases.map((basis) => basisName(language, basis));
  expect(new Set([...names, ...bases]).size).toBe(10);
  const { duty } = consentSamples;
  if (!duty) throw new Error('no sample');
  const items = bases.map((basis) => ({ claim: 'name', required: true, duty: { basis, law: `UU ${basis}` } }));
  const markup = String(consentPage({ ...duty, language, items }));
  for (const [index, name] of names.entries()) expect(markup).toContain(`${name} (UU ${bases[index]})`);
});

test('one law for all is said once on the consent page, and not at each item', () => {
  const { duty } = consentSamples;
  if (!duty) throw new Error('no sample');
  expect(duty.items.length).toBeGreaterThan(1);
  expect(String(consentPage(duty)).match(/UU 17\/2023/g)).toHaveLength(1);
});

test('an app with a notice is left, and the page names what goes on by which basis and law', () => {
  const sample = appSamples['by-law'];
  if (!sample) throw new Error('no sample');
  const markup = String(appPage(sample));
  expect(markup).toMatch(/id="disconnect".*Keluar dari layanan/s);
  expect(markup).not.toContain('id="withdraw"');
  const both = appSamples.full;
  if (!both) throw new Error('no sample');
  expect(String(appPage(both))).toMatch(/id="disconnect".*Keluar dari layanan/s);
  expect(String(appPage({ ...both, notice: undefined }))).toMatch(/id="disconnect".*Putuskan Puskesmas Online/s);
  const goesOn = markup.slice(markup.indexOf('id="goes-on"'));
  expect(goesOn).toContain('tugas pelayanan publik (UU 17/2023 tentang Kesehatan)');
});
