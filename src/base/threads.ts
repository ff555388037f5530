/**
 * The threads beside the event loop. What runs there (hashes of passwords above all) is long and can wait a little; what
 * runs on the event loop is short and everybody waits for it. On a core that both share, the loop goes first.
 */
import { readdir, readFile } from 'node:fs/promises';
import { setPriority } from 'node:os';

/** Three times as much of a shared core for the loop as for a thread beside it: a hash still gets done under load. */
const STEPS_BEHIND = 5;
const TASKS = '/proc/self/task';

/**
 * Lets the threads of libuv's pool step behind the event loop. Linux tells threads apart and takes a priority for each;
 * elsewhere, and where the system forbids it, everything stays as it is.
 *
 * @returns how many do so now
 */
export async function letPoolStepBehind(): Promise<number> {
  // Reading anything brings the pool up, all of it.
  const tasks = await readdir(TASKS).catch(() => []);
  const names = await Promise.all(tasks.map((id) => readFile(`${TASKS}/${id}/comm`, 'utf8').catch(() => '')));
  const pool = tasks.filter((_, i) => names[i]?.startsWith('libuv-worker'));
  return pool.filter((id) => stepsBehind(Number(id))).length;
}

/** Whether the thread could be told so: a sandbox may refuse every priority, and no server stays shut for that. */
function stepsBehind(id: number): boolean {
  try {
    setPriority(id, STEPS_BEHIND);
    return true;
  } catch {
    return false;
  }
}
