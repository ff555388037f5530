import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { inCohort, stageBefore, stageFor, takeDueSteps } from '#src/registry/cohorts.ts';
import { openRegistry } from './registry.ts';

/** The same as in `docs/migration.md`: the first percentage at which each key is in. */
const vectors = [
  ['perpustakaan-kota', '1', 93],
  ['perpustakaan-kota', '2', 13],
  ['perpustakaan-kota', 'warga-1', 43],
  ['perpustakaan-kota', 'AG-000123', 55],
  ['perpustakaan-kota', 'Ñoño', 64],
  ['puskesmas-online', '1', 89],
] as const;

test.each(vectors)('of %s the key %s is in from %i percent on, and stays in', (clientId, key, first) => {
  const shares = Array.from({ length: 101 }, (_, percentage) => percentage);
  expect(shares.filter((percentage) => inCohort(clientId, key, percentage))).toEqual(shares.slice(first));
});

test('a cohort is as large as its percentage says, and another one for each app', () => {
  const keys = Array.from({ length: 20_000 }, (_, index) => `warga-${index}`);
  for (const percentage of [1, 10, 50, 90]) {
    const size = keys.filter((key) => inCohort('perpustakaan-kota', key, percentage)).length;
    expect(Math.abs(size / 200 - percentage)).toBeLessThan(1);
  }
  const inBoth = keys.filter((key) => inCohort('perpustakaan-kota', key, 50) && inCohort('puskesmas-online', key, 50));
  expect(Math.abs(inBoth.length / 200 - 25)).toBeLessThan(1);
  expect(keys.some((key) => inCohort('perpustakaan-kota', key, 0))).toBe(false);
  expect(keys.every((key) => inCohort('perpustakaan-kota', key, 100))).toBe(true);
});

test('who is not in the cohort is one stage behind; before the first there is none', () => {
  expect(stageFor({ stage: 'default', percentage: 13 }, 'perpustakaan-kota', '2')).toBe('default');
  expect(stageFor({ stage: 'default', percentage: 12 }, 'perpustakaan-kota', '2')).toBe('optional');
  expect(stageFor({ stage: 'shadow', percentage: 12 }, 'perpustakaan-kota', '2')).toBeUndefined();
  expect(stageBefore('off')).toBe('required');
});

test('of several steps whose day has come the last holds, and what is ahead stays', () => {
  const standing = { stage: 'optional', percentage: 100 } as const;
  const plan = [
    { stage: 'default', percentage: 10, on: '2027-01-04' },
    { stage: 'default', percentage: 50, on: '2027-01-11' },
    { stage: 'required', percentage: 10, on: '2027-02-01' },
  ] as const;
  expect(takeDueSteps({ standing, plan }, '2027-01-03')).toEqual({ standing, plan });
  expect(takeDueSteps({ standing, plan }, '2027-01-12')).toEqual({
    standing: { stage: 'default', percentage: 50 },
    plan: [plan[2]],
  });
});

describe('docs/migration.md', () => {
  const guide = readFileSync(new URL('../../docs/migration.md', import.meta.url), 'utf8');
  const codeOf = (language: string) => new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``).exec(guide)?.[1] ?? '';

  test('has the vectors that hold', () => {
    const rows = [...guide.matchAll(/^\| `([\w-]+)` \| `([^`]+)` \| (\d+) \|$/gm)].map(([, ...cells]) => cells);
    expect(rows).toEqual(vectors.map((row) => row.map(String)));
  });

  test('calculates the same in SQL', async () => {
    await using registry = await openRegistry();
    await registry.database.execute(codeOf('sql'));
    for (const [clientId, key, first] of vectors)
      for (const percentage of [0, first - 1, first, 100]) {
        const row = await registry.database.first<{ isIn: boolean }>('select in_cohort($1, $2, $3) as "isIn"', [
          ...[clientId, key, percentage],
        ]);
        expect(row?.isIn).toBe(inCohort(clientId, key, percentage));
      }
  });

  test('calculates the same in JavaScript, and in Python where there is one', () => {
    const cases = vectors.flatMap(([clientId, key, first]) =>
      [0, first - 1, first, 100].map((percentage) => [clientId, key, percentage] as const),
    );
    const expected = cases.map((one) => inCohort(...one));
    const js = `${codeOf('js')}\nconsole.log(JSON.stringify(${JSON.stringify(cases)}.map((one) => inCohort(...one))));`;
    expect(run(process.execPath, ['--input-type=module', '-e', js])).toEqual(expected);
    if (spawnSync('python3', ['--version']).status !== 0) return;
    const python = `import json, sys\n${codeOf('python')}\nprint(json.dumps([in_cohort(*one) for one in json.loads(sys.argv[1])]))`;
    expect(run('python3', ['-c', python, JSON.stringify(cases)])).toEqual(expected);
  });

  function run(program: string, args: string[]): unknown {
    const { stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
    if (stdout === '') throw new Error(stderr);
    return JSON.parse(stdout);
  }
});
