import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { busiest } from './profile.ts';

const bench = join(import.meta.dirname, 'bench.ts');

/** Runs the bench as `npm run bench` does. */
function runBench(...args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [bench, ...args], (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    );
  });
}

test('one scenario on both sides, from the empty database to the JSON', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'lawang-bench-test-'));
  try {
    const out = join(folder, 'bench.json');
    const small = ['--seconds', '0.2', '--concurrency', '2', '--clients', '3', '--accounts', '4', '--consents', '4'];
    const { code, stdout, stderr } = await runBench('--scenario', 'sso', ...small, '--out', out);
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/^scenario +side +flows\/s/);
    const { comparisons } = JSON.parse(await readFile(out, 'utf8'));
    expect(comparisons).toHaveLength(1);
    for (const side of ['lawang', 'bare']) {
      const { errors, median, rounds } = comparisons[0][side];
      expect(errors).toBe(0);
      expect(rounds).toHaveLength(3);
      for (const round of rounds) expect(round.flows).toBeGreaterThan(0);
      expect(median).toHaveProperty('statements');
    }
    const { statements } = comparisons[0].lawang.median;
    expect(statements === null || statements > 0).toBe(true);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test.each([
  ['--scenario', 'nothing', '--scenario: there is no "nothing"'],
  ['--seconds', '0', '--seconds: expected a number above 0'],
  ['--clients', '2.5', '--clients: expected a whole number'],
  ['--fast', '', "Unknown option '--fast'"],
])('refuses %s %s and says what may be asked', async (option, value, complaint) => {
  const { code, stdout, stderr } = await runBench(option, ...(value ? [value] : []));
  expect(code).toBe(2);
  expect(stdout).toBe('');
  expect(stderr).toContain(complaint);
  expect(stderr).toContain('Usage: npm run bench');
});

test('the busiest functions of a profile: summed over call sites, without idle time', () => {
  const frame = (functionName: string, url = '', lineNumber = 0) => ({ functionName, url, lineNumber });
  const profile = {
    nodes: [
      { id: 1, callFrame: frame('(idle)') },
      { id: 2, callFrame: frame('sign', 'file:///somewhere/node_modules/jose/sign.js', 9) },
      { id: 3, callFrame: frame('sign', 'file:///somewhere/node_modules/jose/sign.js', 9) },
      { id: 4, callFrame: frame('', 'file:///somewhere/src/app.ts', 4) },
    ],
    samples: [1, 2, 3, 4],
    timeDeltas: [1000, 100, 200, 100],
  };
  expect(busiest(profile, 2)).toEqual([
    { name: 'sign', place: 'jose/sign.js:10', share: 0.75 },
    { name: '(anonymous)', place: 'src/app.ts:5', share: 0.25 },
  ]);
});
