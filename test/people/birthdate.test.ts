import { expect, test } from 'vitest';
import { adulthoodOf, ageGroup, readBirthdate, writeBirthdate } from '#src/people/birthdate.ts';

const now = new Date('2026-11-26T12:00:00Z');

test.each([
  ['2008-11-26', 'adult'],
  ['2008-11-27', 'minor'],
  ['1990', 'adult'],
  ['2008', 'minor'],
  ['0000-08-17', 'unknown'],
  ['', 'unknown'],
  ['kemarin', 'unknown'],
])('who was born on %s is %s', (birthdate, group) => {
  expect(ageGroup({ birthdate }, now)).toBe(group);
});

test('a leap day comes of age on the first of March, at midnight in Jakarta', () => {
  expect(adulthoodOf({ birthdate: '2008-02-29' })).toEqual(new Date('2026-02-28T17:00:00Z'));
});

test.each(['21-04-1990', '21/4/1990', '21.04.1990', '1990-04-21', ' 21 04 1990 '])('%s is read', (typed) => {
  expect(readBirthdate(typed, now)).toBe('1990-04-21');
});

test.each(['31-02-1990', '27-11-2026', '01-01-1870', '4/1990', '1990', '<b>', '21-04-90'])('%s is refused', (typed) => {
  expect(() => readBirthdate(typed, now)).toThrow(expect.objectContaining({ code: 'birthdate_invalid' }));
});

test('whoever is born today is born, from midnight in Jakarta on', () => {
  expect(readBirthdate('01-01-2027', new Date('2026-12-31T17:00:00Z'))).toBe('2027-01-01');
  expect(() => readBirthdate('01-01-2027', new Date('2026-12-31T16:59:59Z'))).toThrow();
});

test.each([
  ['1990-04-21', '21-04-1990'],
  ['0000-04-21', '0000-04-21'],
  ['1990', '1990'],
])('the claim %s is written as %s, as on the identity card', (claim, written) => {
  expect(writeBirthdate(claim)).toBe(written);
});
