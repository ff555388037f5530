/** `--profile`: the last round of each scenario under the profiler, its profile as a file and its busiest functions. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Watch } from './comparison.ts';
import { busiest, profileDuring } from './profile.ts';

const LISTED = 25;

/** @param port of the server's inspector @param out the JSON beside which profiles go; without it they go to `.data` */
export function profiling(port: number, out: string | undefined, say: (text: string) => void): Watch {
  const folder = out ? dirname(out) : join(import.meta.dirname, '..', '..', '.data');
  return async (scenario, round) => {
    const { result, profile } = await profileDuring(port, round);
    const file = join(folder, `bench-${scenario}.cpuprofile`);
    await mkdir(folder, { recursive: true });
    await writeFile(file, JSON.stringify(profile));
    say(`${scenario}: ${file}`);
    for (const { name, place, share } of busiest(profile, LISTED))
      say(`${(share * 100).toFixed(1).padStart(6)} %  ${name}  ${place}`);
    return result;
  };
}
