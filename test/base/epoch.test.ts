import { expect, test } from 'vitest';
import { isDay, monthsLater, todayInJakarta } from '#src/base/epoch.ts';

test.each(['2027-01-31', '2028-02-29', '0001-01-01', '9999-12-31'])('%s is a day', (text) => {
  expect(isDay(text)).toBe(true);
});

test.each([
  '2027-02-29',
  '2027-02-31',
  '2027-04-31',
  '2027-13-01',
  '2027-01-00',
  '0000-01-01',
  '2027-1-1',
  '',
  'besok',
])('"%s" is no day', (text) => {
  expect(isDay(text)).toBe(false);
});

test.each([
  ['2026-11-26T03:12:00Z', 24, '2028-11-26T03:12:00Z'],
  ['2028-02-29T23:59:59Z', 24, '2030-02-28T23:59:59Z'],
  ['2026-12-31T23:59:59Z', 2, '2027-02-28T23:59:59Z'],
  ['2027-12-31T00:00:00Z', 2, '2028-02-29T00:00:00Z'],
  ['2027-01-31T00:00:00Z', 12, '2028-01-31T00:00:00Z'],
])('%s and %i months is %s', (moment, months, later) => {
  expect(monthsLater(new Date(moment), months)).toEqual(new Date(later));
});

test('a day begins at midnight in Jakarta, whatever the clock of the machine says', () => {
  expect(todayInJakarta(new Date('2026-12-31T16:59:59Z'))).toBe('2026-12-31');
  expect(todayInJakarta(new Date('2026-12-31T17:00:00Z'))).toBe('2027-01-01');
});
