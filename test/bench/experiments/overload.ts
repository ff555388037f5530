import { setTimeout } from 'node:timers/promises';
import { appAt, authorizePath, signInScope, unexpected } from '../apps.ts';
import type { Fact, Finding } from '../experiments.ts';
import { type Answer, HttpConnection } from '../http-connection.ts';
import { type Load, quantile, runFlows } from '../measure.ts';
import type { World } from '../world.ts';

const TIMES_TOO_MANY = 10;
/** Where a usual system's limit of open files for two processes is not far. */
const MOST_CONNECTIONS = 8_000;
const PROMPT_MS = 1_000;
/** Than a round: a server that takes everybody in at once answers nobody for the ten seconds that the crowd's work takes. */
const LONGER = 4;

/**
 * Ten times more browsers at once than the server answers within a second, each opening `/authorize` without a session.
 * Whoever is sent away comes back after the second that `Retry-After` at least asks for.
 */
export async function overload(world: World, load: Load): Promise<Finding> {
  await using server = await world.startLawang();
  const open = async (connection: HttpConnection) => {
    const answer = await openSignIn(connection, world.size.clients);
    if (answer.status !== 303) throw unexpected('/authorize', answer);
  };
  const calm = await runFlows(server.port, open, load);
  const capacity = calm.flows / calm.seconds;
  const crowd = Math.min(MOST_CONNECTIONS, Math.ceil(TIMES_TOO_MANY * capacity));
  const ending = new AbortController();
  const probing = probeLiveness(server.port, ending.signal);
  const rushed = await rush(server.port, world.size.clients, { seconds: LONGER * load.seconds, concurrency: crowd });
  ending.abort();
  const alive = await probing;
  const recovery = await recover(server.port, world.size.clients, quantile(calm.times, 0.99));
  return {
    facts: [
      { name: 'capacity', value: capacity, unit: '/s' },
      { name: 'browsers at once', value: crowd, unit: '' },
      ...crowdFacts(rushed),
      { name: '/livez meanwhile, p50', value: quantile(alive, 0.5), unit: 'ms' },
      { name: '/livez meanwhile, slowest', value: alive.at(-1) ?? null, unit: 'ms' },
      { name: 'recovery', value: recovery, unit: 'ms' },
    ],
    complaints: calm.complaints,
  };
}

function crowdFacts({ met, waiting, seconds }: Rush): Fact[] {
  const served = met.filter(({ status }) => status === 303).map(({ ms }) => ms);
  const turnedAway = met.filter(({ status }) => status === 503);
  const told = turnedAway.filter(({ hasRetryAfter, ms }) => hasRetryAfter && ms <= PROMPT_MS);
  const percent = (part: number, whole: number) => (whole === 0 ? null : (100 * part) / whole);
  served.sort((a, b) => a - b);
  return [
    { name: 'served meanwhile', value: served.length / seconds, unit: '/s' },
    { name: 'served, p50', value: quantile(served, 0.5), unit: 'ms' },
    { name: 'served, p99', value: quantile(served, 0.99), unit: 'ms' },
    { name: 'answered 503', value: percent(turnedAway.length, met.length), unit: '%' },
    { name: 'of these within 1 s and with Retry-After', value: percent(told.length, turnedAway.length), unit: '%' },
    { name: 'neither served nor 503', value: met.length - served.length - turnedAway.length, unit: '' },
    { name: 'still waiting at the end', value: waiting, unit: '' },
  ];
}

/** What the crowd met. */
interface Rush {
  readonly met: readonly Met[];
  /** How many had no answer when the time was over. */
  readonly waiting: number;
  /** How long it really took: a driver with thousands of connections is not punctual. */
  readonly seconds: number;
}

/** How one request of the crowd ended; status 0 when its connection broke. */
interface Met {
  readonly status: number;
  readonly hasRetryAfter: boolean;
  readonly ms: number;
}

let visits = 0;

function openSignIn(connection: HttpConnection, clients: number): Promise<Answer> {
  visits += 1;
  return connection.send({ method: 'GET', path: authorizePath(appAt((visits % clients) + 1), signInScope) });
}

/** Everybody connects first; when the time is over the crowd leaves. */
async function rush(port: number, clients: number, { seconds, concurrency }: Load): Promise<Rush> {
  const crowd: HttpConnection[] = [];
  for (let n = 0; n < concurrency; n += 1) crowd.push(await HttpConnection.open(port));
  const met: Met[] = [];
  let waiting = 0;
  const began = performance.now();
  const leaving = AbortSignal.timeout(seconds * 1000);
  leaving.addEventListener('abort', () => {
    for (const connection of crowd) connection.close();
  });
  const visitor = async (connection: HttpConnection) => {
    for (let isWelcome = true; isWelcome && !leaving.aborted; ) {
      const asked = performance.now();
      const answer = await openSignIn(connection, clients).catch(() => undefined);
      isWelcome = answer !== undefined;
      if (!answer && leaving.aborted) waiting += 1;
      else met.push(metBy(answer, performance.now() - asked));
      if (answer?.status !== 303) await setTimeout(PROMPT_MS, undefined, { signal: leaving }).catch(() => undefined);
    }
  };
  await Promise.all(crowd.map(visitor));
  return { met, waiting, seconds: (performance.now() - began) / 1000 };
}

function metBy(answer: Answer | undefined, ms: number): Met {
  return { status: answer?.status ?? 0, hasRetryAfter: answer?.retryAfter !== undefined, ms };
}

async function tryOnce(port: number, clients: number): Promise<Answer | undefined> {
  const connection = await HttpConnection.open(port).catch(() => undefined);
  const answer = connection && (await openSignIn(connection, clients).catch(() => undefined));
  connection?.close();
  return answer;
}

const PROBE_EVERY_MS = 100;

/** Milliseconds of each probe, ascending. */
async function probeLiveness(port: number, ending: AbortSignal): Promise<number[]> {
  const times: number[] = [];
  while (!ending.aborted) {
    const began = performance.now();
    const connection = await HttpConnection.open(port);
    await connection.send({ method: 'GET', path: '/livez' });
    connection.close();
    times.push(performance.now() - began);
    await setTimeout(PROBE_EVERY_MS);
  }
  return times.sort((a, b) => a - b);
}

/** Milliseconds until three requests in a row are answered as fast as before the crowd came. */
async function recover(port: number, clients: number, usualMs: number): Promise<number> {
  const began = performance.now();
  for (let inTime = 0; inTime < 3; ) {
    const start = performance.now();
    const answer = await tryOnce(port, clients);
    inTime = answer?.status === 303 && performance.now() - start <= usualMs ? inTime + 1 : 0;
  }
  return performance.now() - began;
}
