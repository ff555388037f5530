/**
 * For which of an app's people a stage holds: nothing but a calculation, so that an app and this provider come to the same
 * without asking each other. `docs/migration.md` has it in several languages, with vectors to test by.
 */
import { createHash } from 'node:crypto';
import {
  type ClientDraft,
  type MigrationStage,
  type MigrationStanding,
  migrationStages,
  type PlannedStep,
} from './clients.ts';

/**
 * Whether a person is among those for whom a stage holds already. It stays so for as long as the app and the key are the
 * same, and who is in at 10 percent is in at 20.
 *
 * The first four bytes of SHA-256 over the client's id, a line feed and the key (UTF-8) are a number below 2³²; those are in
 * whose number is below that share of 2³².
 *
 * @param key what the app knows the person by, compared as it is: the number of the old account, say
 */
export function inCohort(clientId: string, key: string, percentage: number): boolean {
  const number = createHash('sha256').update(`${clientId}\n${key}`).digest().readUInt32BE();
  return number * 100 < percentage * 2 ** 32;
}

/** The stage that holds for those who are not in the cohort: the one before; none before the first. */
export function stageBefore(stage: MigrationStage): MigrationStage | undefined {
  return migrationStages[migrationStages.indexOf(stage) - 1];
}

/**
 * Whether people who come to sign in may still think of a password that the app gave them: this account stands first there,
 * and the old ones are not closed yet.
 */
export function leavesOldAccounts({
  migrationStage,
  migrationPercentage,
}: Pick<ClientDraft, 'migrationStage' | 'migrationPercentage'>): boolean {
  return migrationPercentage > 0 && (migrationStage === 'default' || migrationStage === 'required');
}

/** The stage that holds for a person; undefined where the app is to go on as if it were not connected. */
export function stageFor(
  { stage, percentage }: MigrationStanding,
  clientId: string,
  key: string,
): MigrationStage | undefined {
  return inCohort(clientId, key, percentage) ? stage : stageBefore(stage);
}

/** Small shares first: what goes wrong then goes wrong for few. */
const shares = [10, 25, 50, 100];

/** The step that usually comes next: a larger share, then the stage behind it for a small one. */
export function suggestNext({ stage, percentage }: MigrationStanding): MigrationStanding {
  const larger = shares.find((share) => share > percentage);
  if (larger !== undefined) return { stage, percentage: larger };
  const next = migrationStages[migrationStages.indexOf(stage) + 1];
  return next ? { stage: next, percentage: Number(shares[0]) } : { stage, percentage };
}

/** Where an app stands and the steps ahead, by day. */
export interface MigrationPlan {
  readonly standing: MigrationStanding;
  readonly plan: readonly PlannedStep[];
}

/** What a plan comes to on a day: of the steps whose day has come the last one holds, and the others are behind. */
export function takeDueSteps({ standing, plan }: MigrationPlan, today: string): MigrationPlan {
  const due = plan.filter(({ on }) => on <= today).at(-1);
  return {
    standing: due ? { stage: due.stage, percentage: due.percentage } : standing,
    plan: plan.filter(({ on }) => on > today),
  };
}
