/** Claims as a person reads them. */
import { expect, test } from 'vitest';
import { listClaims, sayClaim } from '#views/claims.ts';

const many = ['name', 'given_name', 'family_name', 'middle_name', 'nickname', 'email', 'address', 'phone_number'];

test('a short list names what tells most of a person, and not the parts of a name; a whole one keeps its order', () => {
  expect(listClaims('id', many, 4)).toBe('nama lengkap, email, nomor ponsel, alamat, dan 4 data lain');
  expect(listClaims('en', many.slice(0, 5), 4)).toBe('full name, given name, family name, middle name and nickname');
});

test('a phone number has the spaces that make it readable', () => {
  expect(sayClaim('id', 'phone_number', '+6281200000004')).toBe('+62 812 0000 0004');
  expect(sayClaim('id', 'phone_number', 'bukan nomor')).toBe('bukan nomor');
});
