import { findFreePort } from '../../support/free-port.ts';
import { readUserinfo } from '../apps.ts';
import type { Fact, Finding } from '../experiments.ts';
import {
  type Figures,
  type Load,
  type Measured,
  measure,
  medianOf,
  quantile,
  type Round,
  runFlows,
} from '../measure.ts';
import { type Flow, singleSignOn } from '../scenarios.ts';
import { lawangStage } from '../stages.ts';
import type { World } from '../world.ts';
import { figureFacts } from './figure-facts.ts';

/** Of pairs of rounds; an odd number, so that each median is of one. */
const PAIRS = 11;

/** What is read again is written up to a second late. */
const LATE_MS = 1_300;

/**
 * Single sign-on with and without the record of releases: two servers on the same data, which take turns. Each round is compared
 * with its neighbour of the other side, so that a machine that slows down slows both; what a side writes late is counted as
 * its own; and PostgreSQL tidies up between the rounds of one flow and the next, not within them.
 */
export async function releases(world: World, load: Load): Promise<Finding> {
  await using recording = await world.startLawang();
  const ports = { port: await findFreePort(), metricsPort: await findFreePort() };
  await using silent = await world.startLawang({ settings: { RELEASES: 'off' }, ports });
  const { stage, measured } = lawangStage(world, recording);
  const sides = { without: { ...measured, server: silent, metricsPort: ports.metricsPort }, with: measured };
  const [recorded, facts, complaints]: [number[], Fact[], string[]] = [[await countRows(world)], [], []];
  for (const [name, flow] of [
    ['sso', await singleSignOn(stage)],
    ['sso and userinfo', await singleSignOn(stage, readUserinfo)],
  ] as const) {
    for (const side of Object.values(sides)) await runFlows(side.server.port, flow, load);
    await world.tidy();
    const pairs = await takeTurns(sides, flow, { ...load, afterwardsMs: LATE_MS });
    facts.push(...factsOf(name, pairs));
    complaints.push(...pairs.flatMap((pair) => [...pair.without.complaints, ...pair.with.complaints]));
    recorded.push(await countRows(world));
  }
  // A server that records nothing would be compared with itself unseen.
  if (recorded.some((rows, n) => n > 0 && rows <= (recorded[n - 1] ?? 0))) complaints.push('nothing was put on record');
  facts.push({ name: 'rows of releases', value: recorded.at(-1) ?? 0, unit: '' });
  return { facts, complaints };
}

interface Pair<Each> {
  readonly without: Each;
  readonly with: Each;
}

/** Whoever was first in one pair is second in the next. */
async function takeTurns(sides: Pair<Measured>, flow: Flow, load: Load): Promise<Pair<Round>[]> {
  const pairs: Pair<Round>[] = [];
  for (let n = 0; n < PAIRS; n += 1) {
    const early = await measure(n % 2 === 0 ? sides.without : sides.with, flow, load);
    const late = await measure(n % 2 === 0 ? sides.with : sides.without, flow, load);
    pairs.push(n % 2 === 0 ? { without: early, with: late } : { without: late, with: early });
  }
  return pairs;
}

type Cpu = 'serverCpu' | 'databaseCpu';

const parts: Readonly<Record<string, readonly Cpu[]>> = {
  'server CPU': ['serverCpu'],
  'database CPU': ['databaseCpu'],
  'all CPU': ['serverCpu', 'databaseCpu'],
};

function factsOf(name: string, pairs: readonly Pair<Round>[]): Fact[] {
  const medians = (['without', 'with'] as const).flatMap((side) =>
    figureFacts(`${name}, ${side}`, medianOf(pairs.map((pair) => pair[side].figures))),
  );
  const onTop = Object.entries(parts).flatMap(([part, which]) => spreadOf(`${name}: ${part} on top`, pairs, which));
  return [...medians, ...onTop];
}

/** In percent: the middle one of all pairs, and between which two the middle half of them lie. */
function spreadOf(name: string, pairs: readonly Pair<Round>[], which: readonly Cpu[]): Fact[] {
  const shares = pairs.flatMap((pair) => onTop(pair.without.figures, pair.with.figures, which) ?? []);
  const ascending = shares.toSorted((a, b) => a - b);
  const at = (part: number) => (ascending.length > 0 ? quantile(ascending, part) : null);
  return [
    { name, value: at(0.5), unit: '%' },
    { name: `${name}, lower quarter`, value: at(0.25), unit: '%' },
    { name: `${name}, upper quarter`, value: at(0.75), unit: '%' },
  ];
}

/** In percent, of the second over the first; undefined where the machine does not tell. */
function onTop(without: Figures, withThem: Figures, which: readonly Cpu[]): number | undefined {
  const [before, after] = [without, withThem].map((figures) => which.map((part) => figures[part] ?? Number.NaN));
  const share = (sum(after) / sum(before) - 1) * 100;
  return Number.isFinite(share) ? share : undefined;
}

function sum(values: readonly number[] = []): number {
  return values.reduce((total, value) => total + value, 0);
}

async function countRows({ database }: World): Promise<number> {
  const [row] = await database.query<{ rows: number }>('select count(*)::integer as rows from releases');
  return row?.rows ?? 0;
}
