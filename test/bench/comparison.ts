/** Both sides in turn: warm up, then three rounds each, and the median of every figure. */
import { type Figures, type Load, measure, medianOf, type Round, runFlows } from './measure.ts';
import { comparisons, type Flow } from './scenarios.ts';
import type { Side } from './stages.ts';

const ROUNDS = 3;

/** One side's part of a comparison. */
export interface SideResult {
  readonly median: Figures;
  readonly errors: number;
  readonly complaints: readonly string[];
  readonly rounds: readonly Round[];
}

/** One scenario on one or both sides. */
export interface Comparison {
  readonly scenario: string;
  readonly lawang: SideResult;
  readonly bare: SideResult | null;
  /** CPU time of Lawang's server per flow over that of the bare library's. */
  readonly cpuRatio: number | null;
}

/** Called around the last round of Lawang. */
export type Watch = (scenario: string, round: () => Promise<Round>) => Promise<Round>;

/** Runs one scenario of the table. */
export async function compare(
  scenario: string,
  sides: { readonly lawang: Side; readonly bare: Side | undefined },
  load: Load,
  watchLast?: Watch,
): Promise<Comparison> {
  const lawang = await prepare(scenario, sides.lawang, load);
  const bare = sides.bare && (await prepare(scenario, sides.bare, load));
  const lawangRounds: Round[] = [];
  const bareRounds: Round[] = [];
  for (let n = 1; n <= ROUNDS; n += 1) {
    lawangRounds.push(n === ROUNDS && watchLast ? await watchLast(scenario, lawang) : await lawang());
    if (bare) bareRounds.push(await bare());
  }
  const [ours, theirs] = [summarize(lawangRounds), bare ? summarize(bareRounds) : null];
  return { scenario, lawang: ours, bare: theirs, cpuRatio: ratio(ours.median.serverCpu, theirs?.median.serverCpu) };
}

async function prepare(scenario: string, { stage, measured }: Side, load: Load): Promise<() => Promise<Round>> {
  const flow = (await comparisons[scenario]?.(stage)) as Flow;
  await runFlows(measured.server.port, flow, { ...load, seconds: Math.max(load.seconds / 2, 0.2) });
  return () => measure(measured, flow, load);
}

function summarize(rounds: readonly Round[]): SideResult {
  return {
    median: medianOf(rounds.map(({ figures }) => figures)),
    errors: rounds.reduce((sum, { errors }) => sum + errors, 0),
    complaints: rounds.flatMap(({ complaints }) => complaints).slice(0, 5),
    rounds,
  };
}

function ratio(ours: number | null, theirs: number | null | undefined): number | null {
  return ours === null || !theirs ? null : ours / theirs;
}
