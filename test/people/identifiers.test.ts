import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseIdentifier } from '#src/people/identifiers.ts';

test.each([
  ['Siti@Contoh.ID', 'siti@contoh.id'],
  ['  siti.rahayu+pajak@contoh.id \n', 'siti.rahayu+pajak@contoh.id'],
  ['ｓｉｔｉ＠ｃｏｎｔｏｈ．ｉｄ', 'siti@contoh.id'],
  ['siti@bücher.example', 'siti@xn--bcher-kva.example'],
  [`${'a'.repeat(64)}@contoh.id`, `${'a'.repeat(64)}@contoh.id`],
])('%j is the e-mail address %s', (typed, value) => {
  expect(parseIdentifier(typed)).toEqual({ kind: 'email', value });
});

test.each([
  '0812 3456 7890',
  '+62 812-3456-7890',
  '6281234567890',
  '0062 812 3456 7890',
  '(0812) 3456.7890',
  '\u202a+62 812‑3456‑7890\u202c',
  '０８１２３４５６７８９０',
])('%j is one and the same phone number', (typed) => {
  expect(parseIdentifier(typed)).toEqual({ kind: 'phone', value: '+6281234567890' });
});

test.each([
  '',
  '   ',
  'siti',
  'siti@',
  '@contoh.id',
  'siti@contoh',
  'siti@@contoh.id',
  'siti@contoh..id',
  '.siti@contoh.id',
  'siti.@contoh.id',
  'siti@-contoh.id',
  'siti@contoh.123',
  'siti@[127.0.0.1]',
  'siti rahayu@contoh.id',
  'Siti <siti@contoh.id>',
  'siti@contoh.id, budi@contoh.id',
  'siti@contoh.id\r\nBcc: budi@contoh.id',
  'siti\u0000@contoh.id',
  'siti\u200b@contoh.id',
  `${'a'.repeat(65)}@contoh.id`,
  `siti@${'a.'.repeat(125)}id`,
  '0812',
  '110',
  '3171234567890001',
  '0812 3456 7890 ext 5',
  'call 0812 3456 7890',
  '+6281234567890123456',
  'a'.repeat(1_000_000),
])('%j is nobody', (typed) => {
  expect(parseIdentifier(typed.slice(0, 1_000_000))).toBeUndefined();
});

test('whatever is typed, what comes out is short, printable, and comes out the same again', () => {
  const typed = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.emailAddress(),
    fc.stringMatching(/^\+?[\d ().-]{5,20}$/),
    fc.tuple(fc.string(), fc.string()).map(([local, host]) => `${local}@${host}.id`),
  );
  fc.assert(
    fc.property(typed, (text) => {
      const identifier = parseIdentifier(text);
      if (!identifier) return;
      expect(identifier.value).toMatch(identifier.kind === 'email' ? /^[!-~]{1,64}@[a-z0-9.-]+$/ : /^\+\d{5,17}$/);
      expect(identifier.value.length).toBeLessThanOrEqual(254);
      expect(parseIdentifier(identifier.value)).toEqual(identifier);
    }),
    { numRuns: 2_000 },
  );
});
