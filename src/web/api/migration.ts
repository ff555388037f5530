/** How far an app has come from accounts of its own: read by its programs, moved on and back by its agency's. */
import { z } from 'zod';
import { type ClientRecord, type MigrationStanding, migrationStages } from '#src/registry/clients.ts';
import { inCohort, stageBefore, stageFor } from '#src/registry/cohorts.ts';
import { findWayBack, migrationOf, type StepRequest, stepBack, stepTo } from '#src/registry/migration.ts';
import { listSteps, type MigrationStep } from '#src/registry/migration-steps.ts';
import { MOST_PLANNED_STEPS, text } from '#src/registry/registration-schema.ts';
import { loadAppOf } from './authority.ts';
import { pageOf, readCursor } from './pages.ts';
import { type ApiAnswer, type ApiCall, type ApiRoute, listRoute, route } from './route.ts';
import { migrationSchema, migrationStepSchema, plannedStepSchema, type standingSchema } from './schemas/apps.ts';
import { said } from './schemas/pieces.ts';
import { toNumber } from './versions.ts';

const reason = text(300).optional().describe('Why, for whoever reads the steps.');

/** The number of the old account, say; a national number or an address of a person never goes into an address. */
const key = z.string().min(1).max(200);

const planSchema = z
  .array(plannedStepSchema)
  .max(MOST_PLANNED_STEPS)
  .refine((steps) => steps.every(({ on }, index) => index === 0 || on > String(steps[index - 1]?.on)), 'not by day');

export const migrationRoutes: readonly ApiRoute[] = [
  route({
    method: 'GET',
    path: '/apps/:client/migration',
    id: 'readMigration',
    summary: 'Where an app stands on its way from accounts of its own, and what is planned',
    description: 'The app itself reads its stage without a token at /apps/{client}/migration.',
    scope: 'apps.read',
    status: 200,
    isVersioned: true,
    answer: migrationSchema,
    carryOut: async (call) => answerMigration(call, await loadAppOf(call, 'apps.read')),
  }),
  route({
    method: 'PUT',
    path: '/apps/:client/migration',
    id: 'changeMigration',
    summary: 'Take a step, or plan some',
    description: 'What is left out stays. Takes effect at once; what waits for approval is void.',
    scope: 'apps.write',
    isConditional: 'always',
    isVersioned: true,
    body: z.strictObject({
      stage: z.enum(migrationStages).optional(),
      percentage: z.int().min(0).max(100).optional().describe('Together with stage; 100 unless said.'),
      plan: planSchema.optional().describe('By day, each once, from tomorrow on.'),
      reason,
    }),
    status: 200,
    answer: migrationSchema,
    async carryOut(call) {
      const app = await loadAppOf(call, 'apps.write');
      const { stage, percentage, plan, reason } = call.body;
      const standing = standingFor(app, stage, percentage);
      const request = { ...requestOf(call, app), reason, ifNumber: call.ifNumber };
      return answerMigration(call, await stepTo(call.db, request, { standing, plan }));
    },
  }),
  route({
    method: 'POST',
    path: '/apps/:client/migration/back',
    id: 'stepBack',
    summary: 'One step back',
    description:
      'To where the app stood before; once more, to where it stood before that. Waits for nobody, and ends the plan.',
    scope: 'apps.write',
    isConditional: 'at-will',
    isVersioned: true,
    body: z.strictObject({ reason }),
    status: 200,
    answer: migrationSchema,
    async carryOut(call) {
      const app = await loadAppOf(call, 'apps.write');
      return answerMigration(
        call,
        await stepBack(call.db, { ...requestOf(call, app), reason: call.body.reason, ifNumber: call.ifNumber }),
      );
    },
  }),
  listRoute({
    path: '/apps/:client/migration/steps',
    id: 'listMigrationSteps',
    summary: 'The steps that an app has taken, the newest first',
    scope: 'apps.read',
    item: migrationStepSchema,
    async page(call, after, limit) {
      const app = await loadAppOf(call, 'apps.read');
      const [number] = readCursor(after, 1) ?? [];
      const before = number === undefined ? undefined : toNumber(number);
      const steps = await listSteps(call.db, app.id, { before, limit });
      return pageOf(steps, limit, { show: showStep, placeOf: (step) => [String(step.number)] });
    },
  }),
  route({
    method: 'GET',
    path: '/apps/:client/migration/cohort',
    id: 'readCohort',
    summary: 'Which stage holds for one of an app’s people',
    description:
      'For trying out: an app calculates this itself, as docs/migration.md shows, so that nothing about its people leaves it.',
    scope: 'apps.read',
    query: z.strictObject({ key }),
    status: 200,
    answer: z.strictObject({
      in_cohort: z.boolean(),
      stage: z.enum(migrationStages).nullable().describe('null: as if the app were not connected.'),
    }),
    async carryOut(call) {
      const app = await loadAppOf(call, 'apps.read');
      const { standing } = migrationOf(app);
      const { key } = call.query;
      return {
        body: {
          in_cohort: inCohort(app.id, key, standing.percentage),
          stage: stageFor(standing, app.id, key) ?? null,
        },
      };
    },
  }),
];

function requestOf({ actor, house }: ApiCall, { id }: ClientRecord): StepRequest {
  return { clientId: id, actor, via: 'api', mode: house.config.mode };
}

/** A stage alone is for everybody, a percentage alone for the stage as it is. */
function standingFor(
  app: ClientRecord,
  stage: MigrationStanding['stage'] | undefined,
  percentage: number | undefined,
): MigrationStanding | undefined {
  if (stage !== undefined) return { stage, percentage: percentage ?? 100 };
  return percentage === undefined ? undefined : { stage: app.migrationStage, percentage };
}

async function answerMigration(
  { db }: ApiCall,
  app: ClientRecord,
): Promise<ApiAnswer & { body: z.input<typeof migrationSchema> }> {
  const { standing, plan } = migrationOf(app);
  const back = await findWayBack(db, app.id);
  return {
    body: {
      client_id: app.id,
      ...standing,
      stage_of_others: stageBefore(standing.stage) ?? null,
      plan: plan.map((step) => ({ ...step })),
      back: back ? showStanding(back) : null,
    },
    number: app.number,
  };
}

function showStanding({ stage, percentage }: MigrationStanding): z.input<typeof standingSchema> {
  return { stage, percentage };
}

function showStep(step: MigrationStep): z.input<typeof migrationStepSchema> {
  return {
    number: step.number,
    ...showStanding(step),
    back_to: step.backTo ?? null,
    via: step.via,
    reason: step.reason ?? null,
    at: said(step.at),
  };
}
