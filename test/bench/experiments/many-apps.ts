import { listApps } from '../apps.ts';
import type { Finding } from '../experiments.ts';
import { type Load, measure, medianOf, type Round, runFlows } from '../measure.ts';
import { singleSignOn } from '../scenarios.ts';
import { lawangStage } from '../stages.ts';
import type { World } from '../world.ts';
import { figureFacts } from './figure-facts.ts';

const WIDTH = 4;
const FEW = 3;
const MANY = 300;

/** Single sign-on of people whose session has few apps, and of people whose session has many. */
export async function manyApps(world: World, { seconds }: Load): Promise<Finding> {
  if (world.size.clients < MANY) throw new Error(`many-apps needs --clients ${MANY} or more`);
  await using server = await world.startLawang();
  const load = { seconds, concurrency: WIDTH };
  const groups = [FEW, MANY].map((count, n) => {
    const people = world.people.slice(n * WIDTH, (n + 1) * WIDTH);
    return {
      count,
      ...lawangStage(
        world,
        server,
        people.map((person) => ({ person, apps: listApps(count) })),
      ),
    };
  });
  const measured = await Promise.all(
    groups.map(async (group) => ({ ...group, flow: await singleSignOn(group.stage), rounds: [] as Round[] })),
  );
  for (const { flow } of measured) await runFlows(server.port, flow, load);
  for (let n = 0; n < 3; n += 1) {
    for (const group of measured) group.rounds.push(await measure(group.measured, group.flow, load));
  }
  return {
    facts: measured.flatMap(({ count, rounds }) =>
      figureFacts(`${count} apps`, medianOf(rounds.map(({ figures }) => figures))),
    ),
    complaints: measured.flatMap(({ rounds }) => rounds.flatMap(({ complaints }) => complaints)),
  };
}
