import { readdir, readFile } from 'node:fs/promises';
import { getPriority } from 'node:os';
import { expect, test } from 'vitest';
import { letPoolStepBehind } from '#src/base/threads.ts';

test.runIf(process.platform === 'linux')(
  'threads of the pool step behind the event loop, which stays where it is',
  async () => {
    const before = getPriority(process.pid);
    const count = await letPoolStepBehind();
    expect(count).toBeGreaterThanOrEqual(1);
    expect(getPriority(process.pid)).toBe(before);
    const priorities: number[] = [];
    for (const id of await readdir('/proc/self/task')) {
      const name = await readFile(`/proc/self/task/${id}/comm`, 'utf8');
      if (name.startsWith('libuv-worker')) priorities.push(getPriority(Number(id)));
    }
    expect(priorities).toEqual(Array(count).fill(5));
  },
);
