import { readdir, readFile } from 'node:fs/promises';
import os, { getPriority } from 'node:os';
import { describe, expect, test, vi } from 'vitest';
import { letPoolStepBehind } from '#src/base/threads.ts';

vi.mock('node:os', { spy: true });

describe.runIf(process.platform === 'linux')('threads of the pool', () => {
  test('do not step behind where the system forbids it, and nothing fails', async () => {
    vi.mocked(os.setPriority).mockImplementation(() => {
      throw Object.assign(new Error('operation not permitted'), { code: 'ERR_SYSTEM_ERROR' });
    });
    expect(await letPoolStepBehind()).toBe(0);
    vi.mocked(os.setPriority).mockRestore();
  });

  test('step behind the event loop, which stays where it is', async () => {
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
  });
});
