import type { Fact, Finding } from '../experiments.ts';
import { type Load, measure, runFlows } from '../measure.ts';
import { countProcesses } from '../processes.ts';
import { singleSignOn } from '../scenarios.ts';
import { lawangStage } from '../stages.ts';
import type { World } from '../world.ts';
import { figureFacts } from './figure-facts.ts';

/** Single sign-on with one and with two processes that answer, on all cores: driver and PostgreSQL share them. */
export async function workers(world: World, load: Load): Promise<Finding> {
  const facts: Fact[] = [];
  const complaints: string[] = [];
  for (const count of [1, 2]) {
    await using server = await world.startLawang({ settings: { WORKERS: String(count) }, isPinned: false });
    const { stage, measured } = lawangStage(world, server);
    const flow = await singleSignOn(stage);
    await runFlows(server.port, flow, load);
    const round = await measure(measured, flow, { ...load, seconds: 3 * load.seconds });
    // A server that does not know the setting would be compared with itself unseen.
    facts.push({ name: `WORKERS=${count}: processes`, value: countProcesses(server.pid) ?? null, unit: '' });
    facts.push(...figureFacts(`WORKERS=${count}`, round.figures));
    complaints.push(...round.complaints);
  }
  return { facts, complaints };
}
