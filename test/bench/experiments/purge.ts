import type { Finding } from '../experiments.ts';
import { type Load, quantile, type Run, runFlows } from '../measure.ts';
import { singleSignOn } from '../scenarios.ts';
import { lawangStage } from '../stages.ts';
import type { World } from '../world.ts';

const ROWS = 1_000_000;
const BATCH = 50_000;
/** More than the flows themselves remove within a slice. */
const STEP = 2_000;
const SLICE_SECONDS = 1;
/** The server begins to purge within a minute. */
const PATIENCE_SLICES = 240;

const overdue = `insert into artifacts (shard, kind, id_hash, epoch, payload, expires_at)
  select n % 4096, 'AccessToken', sha256(n::text::bytea), 1, '{}', now() - interval '1 day' 
  from generate_series($1::integer, $2::integer) n`;

/** How long single sign-on takes at worst while the server clears a million rows away. */
export async function purge(world: World, { seconds, concurrency }: Load): Promise<Finding> {
  await using server = await world.startLawang();
  const flow = await singleSignOn(lawangStage(world, server).stage);
  const slice = (length: number) => runFlows(server.port, flow, { seconds: length, concurrency });
  await slice(seconds);
  const quiet = await slice(3 * seconds);
  await fillWithOverdue(world);
  const busy = await runDuringPurge(world, () => slice(SLICE_SECONDS));
  const times = busy.flatMap((run) => run.times).sort((a, b) => a - b);
  return {
    facts: [
      { name: 'sso p50, quiet', value: quantile(quiet.times, 0.5), unit: 'ms' },
      { name: 'sso p50, purging', value: quantile(times, 0.5), unit: 'ms' },
      { name: 'sso p99, quiet', value: quantile(quiet.times, 0.99), unit: 'ms' },
      { name: 'sso p99, purging', value: quantile(times, 0.99), unit: 'ms' },
      { name: 'rows', value: ROWS, unit: '' },
      { name: 'seconds of purging', value: busy.length * SLICE_SECONDS, unit: 's' },
    ],
    complaints: [quiet, ...busy].flatMap(({ complaints }) => complaints),
  };
}

/** In batches, because a statement may take only some seconds. */
async function fillWithOverdue({ database }: World): Promise<void> {
  for (let first = 1; first <= ROWS; first += BATCH) await database.execute(overdue, [first, first + BATCH - 1]);
}

/** Slices of load until everything is gone; those in which rows went. */
async function runDuringPurge(world: World, slice: () => Promise<Run>): Promise<Run[]> {
  const purging: Run[] = [];
  const before = await countRemoved(world);
  let removed = before;
  for (let n = 0; n < PATIENCE_SLICES && removed - before < ROWS; n += 1) {
    const run = await slice();
    const now = await countRemoved(world);
    if (now - removed > STEP) purging.push(run);
    removed = now;
  }
  if (removed - before < ROWS) throw new Error('the server did not purge everything in time');
  return purging;
}

async function countRemoved({ database }: World): Promise<number> {
  const sql = `select n_tup_del as removed from pg_stat_user_tables where relname = 'artifacts'`;
  return Number((await database.first<{ removed: string }>(sql))?.removed);
}
