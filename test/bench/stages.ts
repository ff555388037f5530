/** Puts a running server on the stage: its pages, its visitors, and what of it is counted. */
import type { Measured } from './measure.ts';
import type { ServerProcess } from './processes.ts';
import type { Stage } from './scenarios.ts';
import { bareTarget, lawangTarget, type Target } from './targets.ts';
import { type Guest, guestsOf, openVisitors, type Visitor } from './visitors.ts';
import type { World } from './world.ts';

/** One side on the stage. */
export interface Side {
  readonly stage: Stage;
  readonly measured: Measured;
}

/** The server under test; everybody comes, unless `guests` says who. */
export function lawangStage(world: World, server: ServerProcess, guests?: readonly Guest[]): Side {
  const { postmaster, metricsPort } = world;
  return { stage: stageOf(world, lawangTarget(server), guests), measured: { server, postmaster, metricsPort } };
}

/** The yardstick. */
export function bareStage(world: World, server: ServerProcess): Side {
  return { stage: stageOf(world, bareTarget(server)), measured: { server } };
}

function stageOf({ people, size }: World, target: Target, guests?: readonly Guest[]): Stage {
  let visitors: Promise<Visitor[]> | undefined;
  return {
    target,
    clients: size.clients,
    visitors: () => {
      visitors ??= openVisitors(target, guests ?? guestsOf(people, size.clients));
      return visitors;
    },
  };
}
