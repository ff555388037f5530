/** Questions about the server alone, each with an answer of its own shape; run only when named. */
import { alike } from './experiments/alike.ts';
import { consolePages } from './experiments/console.ts';
import { duplicates } from './experiments/duplicates.ts';
import { growth } from './experiments/growth.ts';
import { hashInterference } from './experiments/hash-interference.ts';
import { manyApps } from './experiments/many-apps.ts';
import { overload } from './experiments/overload.ts';
import { purge } from './experiments/purge.ts';
import { releases } from './experiments/releases.ts';
import { start } from './experiments/start.ts';
import { workers } from './experiments/workers.ts';
import type { Load } from './measure.ts';
import type { World } from './world.ts';

/** Starts its own server in the world. */
export type Experiment = (world: World, load: Load) => Promise<Finding>;

/** What an experiment found. */
export interface Finding {
  readonly facts: readonly Fact[];
  /** Answers that were not as they should be; there must be none. */
  readonly complaints: readonly string[];
}

/** One figure; null where the machine does not tell. */
export interface Fact {
  readonly name: string;
  readonly value: number | null;
  readonly unit: string;
}

export const experiments: Readonly<Record<string, Experiment>> = {
  alike,
  'hash-interference': hashInterference,
  growth,
  console: consolePages,
  duplicates,
  'many-apps': manyApps,
  purge,
  releases,
  workers,
  overload,
  start,
};

export const experimentNames: readonly string[] = Object.keys(experiments);
