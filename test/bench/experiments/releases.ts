import { findFreePort } from '../../support/free-port.ts';
import { readUserinfo } from '../apps.ts';
import type { Fact, Finding } from '../experiments.ts';
import { type Figures, type Load, type Measured, measure, medianOf, type Round, runFlows } from '../measure.ts';
import { type Flow, singleSignOn } from '../scenarios.ts';
import { lawangStage } from '../stages.ts';
import type { World } from '../world.ts';
import { figureFacts } from './figure-facts.ts';

/** An odd number, so that each median is of one round. */
const ROUNDS = 7;

/**
 * Single sign-on with and without the record of releases: two servers on the same data, which take turns, so that a machine
 * that slows down slows both.
 */
export async function releases(world: World, load: Load): Promise<Finding> {
  await using recording = await world.startLawang();
  const ports = { port: await findFreePort(), metricsPort: await findFreePort() };
  await using silent = await world.startLawang({ settings: { RELEASES: 'off' }, ports });
  const { stage, measured } = lawangStage(world, recording);
  const sides = [
    { name: 'without', measured: { ...measured, server: silent, metricsPort: ports.metricsPort } },
    { name: 'with', measured },
  ];
  const [recorded, facts, complaints]: [number[], Fact[], string[]] = [[await countRows(world)], [], []];
  for (const [name, flow] of [
    ['sso', await singleSignOn(stage)],
    ['sso and userinfo', await singleSignOn(stage, readUserinfo)],
  ] as const) {
    const rounds = await takeTurns(sides, flow, load);
    const medians = sides.map((side, n) => {
      const ofSide = (rounds[n] ?? []).map(({ figures }) => figures);
      facts.push(...figureFacts(`${name}, ${side.name}`, medianOf(ofSide)));
      return medianOf(ofSide);
    });
    facts.push({ name: `${name}: server CPU on top`, value: onTop(medians, 'serverCpu'), unit: '%' });
    facts.push({ name: `${name}: database CPU on top`, value: onTop(medians, 'databaseCpu'), unit: '%' });
    facts.push({ name: `${name}: all CPU on top`, value: onTop(medians, 'serverCpu', 'databaseCpu'), unit: '%' });
    complaints.push(...rounds.flat().flatMap((round) => round.complaints));
    recorded.push(await countRows(world));
  }
  // A server that records nothing would be compared with itself unseen.
  if (recorded.some((rows, n) => n > 0 && rows <= (recorded[n - 1] ?? 0))) complaints.push('nothing was put on record');
  facts.push({ name: 'rows of releases', value: recorded.at(-1) ?? 0, unit: '' });
  return { facts, complaints };
}

async function takeTurns(sides: readonly { measured: Measured }[], flow: Flow, load: Load): Promise<Round[][]> {
  for (const { measured } of sides) await runFlows(measured.server.port, flow, load);
  const rounds: Round[][] = sides.map(() => []);
  for (let n = 0; n < ROUNDS; n += 1) {
    const order = [...sides.entries()];
    for (const [side, { measured }] of n % 2 === 0 ? order : order.reverse())
      rounds[side]?.push(await measure(measured, flow, load));
  }
  return rounds;
}

/** In percent, of the second over the first; null where the machine does not tell. */
function onTop(
  [without, withThem]: readonly Figures[],
  ...parts: readonly ('serverCpu' | 'databaseCpu')[]
): number | null {
  const sum = (figures: Figures | undefined) =>
    parts.reduce<number | null>((total, part) => {
      const value = figures?.[part] ?? null;
      return total === null || value === null ? null : total + value;
    }, 0);
  const [before, after] = [sum(without), sum(withThem)];
  return before === null || after === null ? null : (after / before - 1) * 100;
}

async function countRows({ database }: World): Promise<number> {
  const [row] = await database.query<{ rows: number }>('select count(*)::integer as rows from releases');
  return row?.rows ?? 0;
}
