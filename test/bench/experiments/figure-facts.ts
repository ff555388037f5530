import type { Fact } from '../experiments.ts';
import type { Figures } from '../measure.ts';

/** The figures of a round, one by one, each name beginning with `name`. */
export function figureFacts(name: string, figures: Figures): Fact[] {
  return [
    { name: `${name}: flows`, value: figures.flowsPerSecond, unit: '/s' },
    { name: `${name}: p50`, value: figures.p50, unit: 'ms' },
    { name: `${name}: p99`, value: figures.p99, unit: 'ms' },
    { name: `${name}: server CPU`, value: figures.serverCpu, unit: 'ms/flow' },
    { name: `${name}: database CPU`, value: figures.databaseCpu, unit: 'ms/flow' },
    { name: `${name}: of it upkeep`, value: figures.databaseUpkeep, unit: 'ms/flow' },
    { name: `${name}: statements`, value: figures.statements, unit: '/flow' },
  ];
}
