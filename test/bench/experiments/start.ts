import { authorizePath, listApps, signInScope, unexpected } from '../apps.ts';
import type { Fact, Finding } from '../experiments.ts';
import { HttpConnection } from '../http-connection.ts';
import { quantile } from '../measure.ts';
import { residentBytesOf, type ServerProcess } from '../processes.ts';
import type { World } from '../world.ts';

const STARTS = 3;
/** Besides these, all that there are. */
const IN_USE = 1000;

/** How long a start takes with the database running, and how much memory clients take once they are in use. */
export async function start(world: World): Promise<Finding> {
  const times: number[] = [];
  for (let n = 0; n < STARTS; n += 1) {
    await using once = await world.startLawang();
    times.push(once.startMs);
  }
  await using server = await world.startLawang();
  const facts: Fact[] = [
    {
      name: 'start to /readyz',
      value: quantile(
        times.sort((a, b) => a - b),
        0.5,
      ),
      unit: 'ms',
    },
    { name: `RSS at start, ${world.size.clients} clients known`, value: megabytes(server), unit: 'MB' },
  ];
  for (const count of new Set([Math.min(IN_USE, world.size.clients), world.size.clients])) {
    await useApps(server, count);
    facts.push({ name: `RSS with ${count} clients in use`, value: megabytes(server), unit: 'MB' });
  }
  return { facts, complaints: [] };
}

/** Asks for each app without a session; the answer goes to the app, so the server has made its client. */
async function useApps(server: ServerProcess, count: number): Promise<void> {
  const connection = await HttpConnection.open(server.port);
  for (const app of listApps(count)) {
    const answer = await connection.send({ method: 'GET', path: authorizePath(app, signInScope, 'none') });
    if (!answer.location?.startsWith(app.redirectUri)) throw unexpected('/authorize', answer);
  }
  connection.close();
}

function megabytes({ pid }: ServerProcess): number | null {
  const bytes = residentBytesOf(pid);
  return bytes === undefined ? null : bytes / 1024 ** 2;
}
