/**
 * Each step that an app took on its way from accounts of its own, and when: whichever way it came in. Rows are only added; a
 * step back is one more, which says to which one it goes back, so that going back twice goes back two.
 */
import { recordAdminEvent } from '#src/audit/events.ts';
import type { Db } from '#src/base/database.ts';
import type { ClientDraft, ClientRecord, MigrationStage, MigrationStanding } from './clients.ts';
import type { Via } from './versions.ts';

/** One step as it is stored. */
export interface MigrationStep extends MigrationStanding {
  readonly number: number;
  /** The step to which this one went back. */
  readonly backTo: number | undefined;
  readonly via: Via;
  /** An account id, `command` or `start`, or the name of a job. */
  readonly actor: string;
  readonly reason: string | undefined;
  readonly at: Date;
}

interface StepRow {
  number: number;
  stage: MigrationStage;
  percentage: number;
  back_to: number | null;
  via: Via;
  actor: string;
  reason: string | null;
  at: Date;
}

/** The steps of an app, the newest first, at most `limit`, those below `before`. None for an app that stands where it began. */
export async function listSteps(
  db: Db,
  clientId: string,
  { before, limit = 50 }: { readonly before?: number | undefined; readonly limit?: number } = {},
): Promise<MigrationStep[]> {
  const rows = await db.query<StepRow>(
    `select number, stage, percentage, back_to, via, actor, reason, at from client_migration_steps
     where client_id = $1 and number < $2 order by number desc limit $3`,
    [clientId, before ?? 2_147_483_647, limit],
  );
  return rows.map(toStep);
}

function toStep({ back_to: backTo, reason, ...row }: StepRow): MigrationStep {
  return { ...row, backTo: backTo ?? undefined, reason: reason ?? undefined };
}

async function findStep(db: Db, clientId: string, number: number): Promise<MigrationStep | undefined> {
  const [step] = await listSteps(db, clientId, { before: number + 1, limit: 1 });
  return step?.number === number ? step : undefined;
}

/** The step that one step back leads to; undefined where an app stands where it began. */
export async function findStepBehind(db: Db, clientId: string): Promise<MigrationStep | undefined> {
  const [last] = await listSteps(db, clientId, { limit: 1 });
  if (!last) return undefined;
  const behind = await findStep(db, clientId, (last.backTo ?? last.number) - 1);
  return behind?.backTo === undefined ? behind : findStep(db, clientId, behind.backTo);
}

/** How a step came about. */
export interface StepCause {
  readonly via: Via;
  readonly actor: string;
  readonly reason?: string | undefined;
  /** The number of the step to which it goes back. */
  readonly backTo?: number | undefined;
}

type Standing = Pick<ClientDraft, 'id' | 'agencyId' | 'migrationStage' | 'migrationPercentage'>;

/**
 * Writes down where an app stands from now on, if that is somewhere else than before, with its event. Where it began is
 * written down with its first step. The caller holds the registry's lock.
 */
export async function noteStep(
  tx: Db,
  before: ClientRecord | undefined,
  after: Standing,
  cause: StepCause,
): Promise<void> {
  if (!before || isSame(before, after)) return;
  const now = new Date();
  await tx.execute(
    `insert into client_migration_steps (client_id, number, stage, percentage, via, actor, at)
     values ($1, 1, $2, $3, 'start', 'start', $4) on conflict do nothing`,
    [before.id, before.migrationStage, before.migrationPercentage, before.createdAt],
  );
  await tx.execute(
    `insert into client_migration_steps (client_id, number, stage, percentage, is_back, back_to, via, actor, reason, at)
     select $1, max(number) + 1, $2, $3, $4::integer is not null, $4, $5, $6, $7, $8
     from client_migration_steps where client_id = $1`,
    [
      ...[after.id, after.migrationStage, after.migrationPercentage, cause.backTo ?? null],
      ...[cause.via, cause.actor, cause.reason ?? null, now],
    ],
  );
  const details = { from: sayStanding(before), to: sayStanding(after), isBack: cause.backTo !== undefined };
  const { actor } = cause;
  const subject = `client ${after.id}`;
  await recordAdminEvent(tx, { kind: 'client.stage-changed', actor, subject, agencyId: after.agencyId, details });
}

function isSame(before: Standing, after: Standing): boolean {
  return before.migrationStage === after.migrationStage && before.migrationPercentage === after.migrationPercentage;
}

/** As `default 10`. */
function sayStanding({ migrationStage, migrationPercentage }: Standing): string {
  return `${migrationStage} ${migrationPercentage}`;
}
