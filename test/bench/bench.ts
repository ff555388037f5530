/**
 * `npm run bench`: how much Lawang costs, beside the bare library on the same machine in the same minutes. Brings its own
 * PostgreSQL, server and yardstick; see docs/performance.md.
 */
import { writeFile } from 'node:fs/promises';
import process from 'node:process';
import { type Comparison, compare, type Side } from './comparison.ts';
import { type Options, readOptions, UsageError, usage } from './options.ts';
import { divideCores, pinSelf } from './processes.ts';
import { aligned, tableOf } from './report.ts';
import { bareTarget, lawangTarget, type Target } from './targets.ts';
import { openVisitors, type Visitor } from './visitors.ts';
import { openWorld, type World } from './world.ts';

const MOST_PEOPLE = 256;

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

async function run(options: Options): Promise<number> {
  const cores = divideCores();
  pinSelf(cores.others);
  say(cores.server ? `server on core ${cores.server}, everything else on ${cores.others}` : 'not pinned to cores');
  const people = Math.max(2 * options.concurrency, Math.min(MOST_PEOPLE, options.accounts));
  await using world = await openWorld({ ...options, people }, cores, (what) => say(`preparing: ${what}`));
  await using lawang = await world.startLawang();
  await using bare = options.quietBare ? undefined : await world.startBare();
  const sides = {
    lawang: {
      stage: stageOf(world, lawangTarget(lawang)),
      measured: { server: lawang, postmaster: world.postmaster, metricsPort: world.metricsPort },
    },
    bare: bare && { stage: stageOf(world, bareTarget(bare)), measured: { server: bare } },
  };
  const comparisons = await compareAll(options, sides);
  process.stdout.write(aligned(tableOf(comparisons)));
  if (options.out) await writeFile(options.out, `${JSON.stringify({ options, comparisons }, undefined, 2)}\n`);
  return comparisons.every(({ lawang: ours, bare: theirs }) => ours.errors + (theirs?.errors ?? 0) === 0) ? 0 : 1;
}

async function compareAll(options: Options, sides: { lawang: Side; bare: Side | undefined }): Promise<Comparison[]> {
  const done: Comparison[] = [];
  for (const scenario of options.scenarios) {
    say(`measuring: ${scenario}`);
    const comparison = await compare(scenario, sides, options, (_, round) => round());
    for (const complaint of [...comparison.lawang.complaints, ...(comparison.bare?.complaints ?? [])]) say(complaint);
    done.push(comparison);
  }
  return done;
}

function stageOf({ people, size }: World, target: Target) {
  let visitors: Promise<Visitor[]> | undefined;
  return {
    target,
    clients: size.clients,
    visitors: () => {
      visitors ??= openVisitors(target, people, size.clients);
      return visitors;
    },
  };
}

try {
  process.exitCode = await run(readOptions(process.argv.slice(2)));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`${error.message}\n\n${usage}`);
  process.exitCode = 2;
}
