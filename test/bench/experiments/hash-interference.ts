import type { Finding } from '../experiments.ts';
import { type Load, quantile, type Run, runFlows } from '../measure.ts';
import { signInByPassword, singleSignOn } from '../scenarios.ts';
import { lawangStage } from '../stages.ts';
import { guestsOf } from '../visitors.ts';
import type { World } from '../world.ts';

const PASSWORDS = 16;

/** How long somebody with a session waits, one at a time, while nobody and while 16 others have their passwords checked. */
export async function hashInterference(world: World, load: Load): Promise<Finding> {
  await using server = await world.startLawang();
  const guests = guestsOf(world.people, world.size.clients);
  const half = Math.floor(guests.length / 2);
  const sso = await singleSignOn(lawangStage(world, server, guests.slice(0, half)).stage);
  const signIn = await signInByPassword(lawangStage(world, server, guests.slice(half)).stage);
  const watch = { seconds: load.seconds, concurrency: 1 };
  await runFlows(server.port, sso, watch);
  const quiet: Run[] = [];
  const busy: Run[] = [];
  const rush: Run[] = [];
  for (let n = 0; n < 3; n += 1) {
    quiet.push(await runFlows(server.port, sso, watch));
    const rushing = runFlows(server.port, signIn, { seconds: load.seconds, concurrency: PASSWORDS });
    busy.push(await runFlows(server.port, sso, watch));
    rush.push(await rushing);
  }
  return {
    facts: [
      { name: 'sso p50, quiet', value: middle(quiet, 0.5), unit: 'ms' },
      { name: `sso p50, ${PASSWORDS} password sign-ins in flight`, value: middle(busy, 0.5), unit: 'ms' },
      { name: 'sso p99, quiet', value: middle(quiet, 0.99), unit: 'ms' },
      { name: `sso p99, ${PASSWORDS} password sign-ins in flight`, value: middle(busy, 0.99), unit: 'ms' },
      { name: 'password sign-ins meanwhile', value: sum(rush) / (3 * load.seconds), unit: '/s' },
    ],
    complaints: [...quiet, ...busy, ...rush].flatMap(({ complaints }) => complaints),
  };
}

function middle(runs: readonly Run[], part: number): number {
  const values = runs.map(({ times }) => quantile(times, part));
  return quantile(
    values.sort((a, b) => a - b),
    0.5,
  );
}

function sum(runs: readonly Run[]): number {
  return runs.reduce((total, { flows }) => total + flows, 0);
}
