/** For programs that are told their port before they listen on it. */
import { once } from 'node:events';
import { createServer } from 'node:net';

/** A port of this machine that nobody listens on now; whoever asks takes it soon. */
export async function findFreePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as { port: number };
  await new Promise((closed) => probe.close(closed));
  return port;
}
