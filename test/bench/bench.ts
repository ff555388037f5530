/**
 * `npm run bench`: how much Lawang costs, beside the bare library on the same machine in the same minutes. Brings its own
 * PostgreSQL, server and yardstick; see docs/performance.md.
 */
import { writeFile } from 'node:fs/promises';
import process from 'node:process';
import { findFreePort } from '../support/free-port.ts';
import { type Comparison, compare } from './comparison.ts';
import { experiments } from './experiments.ts';
import { type Options, readOptions, UsageError, usage } from './options.ts';
import { divideCores, pinSelf } from './processes.ts';
import { profiling } from './profiling.ts';
import { countErrors, describePlace, printed, type Report, writeDocs } from './report.ts';
import { comparisons } from './scenarios.ts';
import { bareStage, lawangStage } from './stages.ts';
import { openWorld, type World } from './world.ts';

/** So many sign in during the bench. */
const MOST_PEOPLE = 256;

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** @returns whether every answer was as it should be */
async function run(options: Options): Promise<boolean> {
  const cores = divideCores();
  pinSelf(cores.others);
  say(cores.server ? `the server on core ${cores.server}, everything else on ${cores.others}` : 'not pinned to cores');
  const people = Math.max(2 * options.concurrency, Math.min(MOST_PEOPLE, options.accounts));
  await using world = await openWorld({ ...options, people }, cores, (what) => say(`preparing: ${what}`));
  leaveNothingBehind(world);
  const report: Report = {
    at: new Date().toISOString(),
    place: describePlace(world),
    options,
    comparisons: await runComparisons(world, options),
    findings: await runExperiments(world, options),
  };
  process.stdout.write(printed(report));
  if (options.out) await writeFile(options.out, `${JSON.stringify(report, undefined, 2)}\n`);
  const isRight = countErrors(report) === 0;
  if (options.writeDocs && isRight) await writeDocs(report);
  return isRight;
}

let stopped: PromiseLike<void> | undefined;

/** PostgreSQL would outlive a bench that somebody stops. */
function leaveNothingBehind(world: World): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => {
      stopped ??= world[Symbol.asyncDispose]();
    });
}

async function runComparisons(world: World, options: Options): Promise<Comparison[]> {
  const names = options.scenarios.filter((name) => comparisons[name]);
  if (names.length === 0) return [];
  const inspector = options.profile ? await findFreePort() : undefined;
  const nodeArguments = inspector ? [`--inspect=127.0.0.1:${inspector}`] : [];
  await using lawang = await world.startLawang({ nodeArguments });
  await using bare = options.quietBare ? undefined : await world.startBare(options);
  const sides = { lawang: lawangStage(world, lawang), bare: bare && bareStage(world, bare) };
  const watch = inspector ? profiling(inspector, options.out, say) : undefined;
  const done: Comparison[] = [];
  for (const name of names) {
    say(`measuring: ${name}`);
    const comparison = await compare(name, sides, options, watch);
    complain([...comparison.lawang.complaints, ...(comparison.bare?.complaints ?? [])]);
    done.push(comparison);
  }
  return done;
}

async function runExperiments(world: World, options: Options): Promise<Report['findings']> {
  const findings: Report['findings'][number][] = [];
  for (const name of options.scenarios) {
    const experiment = experiments[name];
    if (!experiment) continue;
    say(`measuring: ${name}`);
    const finding = await experiment(world, options);
    complain(finding.complaints);
    findings.push({ name, ...finding });
  }
  return findings;
}

function complain(complaints: readonly string[]): void {
  for (const complaint of complaints.slice(0, 5)) say(`not as it should be: ${complaint}`);
}

try {
  process.exitCode = (await run(readOptions(process.argv.slice(2)))) ? 0 : 1;
} catch (error) {
  await stopped;
  if (stopped) process.exitCode = 130;
  else if (!(error instanceof UsageError)) throw error;
  else {
    process.stderr.write(`${error.message}\n\n${usage}`);
    process.exitCode = 2;
  }
}
