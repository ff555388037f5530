/** For programs that are told their port before they listen on it. */
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below those that systems give to whoever asks for any: in a test that runs beside, a server would get it meanwhile. */
const [LOWEST, END] = [10_240, 32_768];
const given = new Set<number>();

/** A port of this machine that nobody listens on now, and another one each time; whoever asks takes it soon. */
export async function findFreePort(): Promise<number> {
  for (;;) {
    const port = randomInt(LOWEST, END);
    if (given.has(port) || !(await isFree(port))) continue;
    given.add(port);
    return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  const probe = createServer().listen(port, '127.0.0.1');
  try {
    await once(probe, 'listening');
  } catch {
    return false;
  }
  await new Promise((closed) => probe.close(closed));
  return true;
}
