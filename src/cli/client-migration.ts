/** `lawang clients migration`: where an app stands on its way from accounts of its own, one step on, one step back. */
import { type Config, readConfig } from '#src/base/config.ts';
import type { Database } from '#src/base/database.ts';
import { isDay, todayInJakarta } from '#src/base/epoch.ts';
import {
  type ClientRecord,
  loadClient,
  type MigrationStage,
  type MigrationStanding,
  migrationStages,
  type PlannedStep,
} from '#src/registry/clients.ts';
import { migrationOf, type StepRequest, stepBack, stepTo, type WantedMigration } from '#src/registry/migration.ts';
import { listSteps, type MigrationStep } from '#src/registry/migration-steps.ts';
import { type Call, type Command, WrongInput } from './command.ts';
import { withDatabase } from './open.ts';
import { toTable } from './text.ts';

export const migrateOne: Command = {
  usage: 'CLIENT [--to STAGE] [--percentage N] [--on DAY] [--back] [--no-plan] [--reason TEXT]',
  operands: { min: 1, max: 1 },
  summary:
    'show where an app stands on its way from accounts of its own; --to and --percentage take a step, or plan it for the day ' +
    'of --on; --back takes one step back; --no-plan forgets what was planned',
  options: {
    to: { type: 'string' },
    percentage: { type: 'string' },
    on: { type: 'string' },
    back: { type: 'boolean' },
    'no-plan': { type: 'boolean' },
    reason: { type: 'string' },
  },
  run: async ({ operands: [clientId = ''], options, environment }) => {
    const config = readConfig(environment);
    const change = readChange(options);
    return withDatabase(config, async (database) => {
      const client = change
        ? await carryOut(database, requestFor(config, clientId, options), change)
        : await loadClient(database, clientId);
      return report(client, await listSteps(database, clientId));
    });
  },
};

type Change = (client: ClientRecord) => WantedMigration | 'back';

/** @throws {WrongInput} */
function readChange(options: Call['options']): Change | undefined {
  const { to, percentage, on, back } = options;
  const steps = to !== undefined || percentage !== undefined;
  const wanted = [steps, back === true, options['no-plan'] === true].filter(Boolean).length;
  if (wanted > 1) throw new WrongInput('One thing at a time: a step, --back or --no-plan.');
  if (on !== undefined && !steps) throw new WrongInput('--on needs --to or --percentage.');
  if (back === true) return () => 'back';
  if (options['no-plan'] === true) return () => ({ plan: [] });
  if (!steps) return undefined;
  const stage = to === undefined ? undefined : readStage(to);
  const share = percentage === undefined ? undefined : readPercentage(percentage);
  const day = on === undefined ? undefined : readDay(on);
  return (client) => wantedBy(client, stage, share, day);
}

function wantedBy(
  client: ClientRecord,
  stage: MigrationStage | undefined,
  share: number | undefined,
  on: string | undefined,
): WantedMigration {
  const standing = { stage: stage ?? client.migrationStage, percentage: share ?? 100 };
  if (on === undefined) return { standing };
  const others = client.migrationPlan.filter((step) => step.on !== on);
  return { plan: [...others, { ...standing, on }] };
}

function readStage(text: unknown): MigrationStage {
  const stage = migrationStages.find((one) => one === text);
  if (!stage) throw new WrongInput(`--to is one of ${migrationStages.join(', ')}.`);
  return stage;
}

function readPercentage(text: unknown): number {
  const number = /^\d{1,3}$/.test(String(text)) ? Number(text) : Number.NaN;
  if (number <= 100) return number;
  throw new WrongInput('--percentage is a whole number from 0 to 100.');
}

function readDay(text: unknown): string {
  const day = String(text);
  if (isDay(day)) return day;
  throw new WrongInput('--on is a day like 2027-01-31.');
}

function requestFor({ mode }: Config, clientId: string, { reason }: Call['options']): StepRequest {
  const said = typeof reason === 'string' && reason.trim() ? { reason: reason.trim() } : {};
  return { clientId, actor: 'command', via: 'command', mode, ...said };
}

function carryOut(database: Database, request: StepRequest, change: Change): Promise<ClientRecord> {
  return database.transaction(async (tx) => {
    const wanted = change(await loadClient(tx, request.clientId));
    return wanted === 'back' ? stepBack(tx, request) : stepTo(tx, request, wanted);
  });
}

function report(client: ClientRecord, steps: readonly MigrationStep[]) {
  const { standing, plan } = migrationOf(client);
  const data = {
    ...{ client_id: client.id, ...standing, plan, version: client.number },
    steps: steps.map(({ backTo, reason, ...step }) => ({ ...step, back_to: backTo ?? null, reason: reason ?? null })),
  };
  const text = [
    `${client.id}: ${say(standing)}`,
    ...(plan.length > 0 ? ['', toTable(plan.map(sayPlanned))] : []),
    ...(steps.length > 0 ? ['', toTable(steps.map(sayStep))] : []),
  ].join('\n');
  return { data, text };
}

function say({ stage, percentage }: MigrationStanding): string {
  return `${stage} ${percentage}%`;
}

function sayPlanned(step: PlannedStep): string[] {
  return [step.on, 'planned', say(step)];
}

function sayStep(step: MigrationStep): string[] {
  return [todayInJakarta(step.at), step.backTo === undefined ? step.via : 'back', say(step), step.reason ?? ''];
}
