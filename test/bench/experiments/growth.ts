import type { Finding } from '../experiments.ts';
import { type Load, measure, medianOf, type Round, runFlows } from '../measure.ts';
import { singleSignOn } from '../scenarios.ts';
import { lawangStage } from '../stages.ts';
import type { World } from '../world.ts';
import { figureFacts } from './figure-facts.ts';

/** Single sign-on in a database of the size asked for. Run it with a small one and with a large one. */
export async function growth(world: World, load: Load): Promise<Finding> {
  await using server = await world.startLawang();
  const { stage, measured } = lawangStage(world, server);
  const flow = await singleSignOn(stage);
  await runFlows(server.port, flow, load);
  const rounds: Round[] = [];
  for (let n = 0; n < 3; n += 1) rounds.push(await measure(measured, flow, load));
  const { clients, accounts, consents } = world.size;
  const [row] = await world.database.query<{ bytes: string }>('select pg_database_size(current_database()) as bytes');
  return {
    facts: [
      { name: 'clients', value: clients, unit: '' },
      { name: 'accounts', value: accounts, unit: '' },
      { name: 'consents', value: consents, unit: '' },
      { name: 'database', value: Number(row?.bytes) / 1024 ** 2, unit: 'MB' },
      ...figureFacts('sso', medianOf(rounds.map(({ figures }) => figures))),
    ],
    complaints: rounds.flatMap(({ complaints }) => complaints),
  };
}
