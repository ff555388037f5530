/** How alike two apps are. */
import { expect, test } from 'vitest';
import { LIKELY, type Signals, STRONG, weigh } from '#src/registry/likeness.ts';

const nothing: Signals = {
  ...{ name: 0, nameEn: 0, nameLength: 20, description: 0, descriptionEn: 0 },
  ...{ host: undefined, domain: undefined, serviceCode: undefined, claims: 0 },
  ...{ isSameAgency: false, isOnlyFamily: false },
};
const scoreOf = (signals: Partial<Signals>) => weigh({ ...nothing, ...signals }).score;

test('the same name is a strong match, and says so first', () => {
  const { score, isStrong, reasons } = weigh({ ...nothing, name: 1, claims: 4 });
  expect(score).toBeGreaterThanOrEqual(STRONG);
  expect(isStrong).toBe(true);
  expect(reasons).toEqual([
    { code: 'name', value: 100 },
    { code: 'claims', value: 4 },
  ]);
});

test('a name that every regency uses says nothing where the agencies have nothing to do with each other', () => {
  expect(scoreOf({ name: 1, isOnlyFamily: true })).toBe(0);
  expect(scoreOf({ name: 1, isOnlyFamily: true, serviceCode: { what: 'RAB.1', apps: 2 } })).toBeGreaterThanOrEqual(
    LIKELY,
  );
});

test('short names are alike only when they are the same', () => {
  expect(scoreOf({ name: 0.7, nameLength: 4 })).toBe(0);
  expect(scoreOf({ name: 1, nameLength: 4 })).toBeGreaterThanOrEqual(LIKELY);
});

test('a host of many apps is a portal’s and says nothing', () => {
  expect(scoreOf({ host: { what: 'layanan.contoh.go.id', apps: 6 } })).toBe(0);
  expect(scoreOf({ host: { what: 'antrean.contoh.go.id', apps: 2 }, name: 0.6 })).toBeGreaterThanOrEqual(LIKELY);
});

test('the same data, people and agency are no reason by themselves', () => {
  expect(weigh({ ...nothing, claims: 9, isSameAgency: true })).toEqual({ score: 0, isStrong: false, reasons: [] });
});

test('a reason more never makes two apps less alike', () => {
  const all: Partial<Signals> = {
    ...{ name: 0.8, description: 0.9, claims: 3, isSameAgency: true },
    serviceCode: { what: 'RAB.1', apps: 2 },
  };
  let before = 0;
  const so: Partial<Signals> = {};
  for (const [key, value] of Object.entries(all)) {
    Object.assign(so, { [key]: value });
    const score = scoreOf(so);
    expect(score).toBeGreaterThanOrEqual(before);
    before = score;
  }
  expect(before).toBeLessThan(1);
});
