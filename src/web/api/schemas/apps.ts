/** An app as the API says it: what is declared, its versions and checks, its secrets, its way from accounts of its own. */
import { z } from 'zod';
import { verdicts } from '#src/registry/approvals.ts';
import { checkNames } from '#src/registry/checks/check.ts';
import { clientStates, clientTypes, migrationStages } from '#src/registry/clients.ts';
import { risks } from '#src/registry/risk.ts';
import { ways } from '#src/registry/versions.ts';
import { date, piece, time } from './pieces.ts';

/** What a file would say about an app (`clients/registrations/`), checked by the same rules. */
export const declarationSchema = piece('Declaration', z.record(z.string(), z.unknown()));

export const appSummarySchema = piece(
  'AppSummary',
  z.strictObject({
    id: z.string(),
    agency: z.string(),
    name: z.string(),
    name_en: z.string(),
    type: z.enum(clientTypes),
    state: z.enum(clientStates),
    risk: z.enum(risks),
    sectors: z.array(z.string()),
    home_uri: z.string().nullable(),
  }),
);

export const appSchema = piece(
  'App',
  appSummarySchema.extend({
    number: z.int().describe('The version in force, also in ETag; 0 before there was any.'),
    state_since: time.nullable(),
    state_reason: z.string().nullable(),
    live_since: time.nullable(),
    created_at: time,
    updated_at: time,
    declaration: declarationSchema,
  }),
);

export const versionSchema = piece(
  'Version',
  z.strictObject({
    number: z.int(),
    status: z.enum(['pending', 'applied', 'rejected', 'superseded']),
    changed: z.array(z.string()).describe('The keys in which it differs from what was in force.'),
    is_risky: z.boolean(),
    from: z.enum(clientStates),
    to: z.enum(clientStates),
    via: z.enum(ways),
    actor: z.string().describe('An account, `client ID` of a machine, or what runs the deployment.'),
    reason: z.string().nullable(),
    approvals_needed: z.int(),
    created_at: time,
    due_at: time.nullable().describe('By when a decision is promised.'),
    decided_at: time.nullable(),
    decided_by: z.string().nullable(),
    declaration: declarationSchema,
  }),
);

export const reviewSchema = piece(
  'Review',
  z.strictObject({
    app: z.string(),
    number: z.int(),
    name: z.string(),
    name_en: z.string(),
    agency: z.string(),
    state: z.enum(clientStates),
    risk: z.enum(risks),
    changed: z.array(z.string()),
    actor: z.string(),
    reason: z.string().nullable(),
    approvals: z.int(),
    approvals_needed: z.int(),
    created_at: time,
    due_at: time.nullable().describe('By when a decision is promised.'),
  }),
);

export const approvalSchema = piece(
  'Approval',
  z.strictObject({
    approver: z.string(),
    verdict: z.enum(verdicts),
    note: z.string().nullable(),
    at: time,
  }),
);

export const checkSchema = piece(
  'Check',
  z.strictObject({
    name: z.enum(checkNames),
    outcome: z.enum(['passed', 'failed', 'skipped']),
    problems: z.array(
      z.strictObject({
        code: z.string(),
        about: z.string().optional(),
        said: z.string().optional(),
        at: z.string().optional(),
      }),
    ),
    checked_at: time,
    failing_since: time.nullable(),
  }),
);

/** What became of a change. */
export const changeSchema = piece(
  'Change',
  z.strictObject({
    outcome: z.enum(['created', 'applied', 'pending', 'unchanged']),
    number: z.int().describe('The version that says it.'),
    changed: z.array(z.string()),
    risky: z.array(z.string()).describe('Those of the changes that others have to agree to.'),
    approvals_needed: z.int(),
    client_secret: z.string().optional().describe('Of a new app that has one. In this answer alone.'),
    app: appSchema,
  }),
);

export const secretSchema = piece(
  'Secret',
  z.strictObject({
    id: z.string(),
    hint: z.string().nullable().describe('Its last characters.'),
    created_at: time,
    created_by: z.string().nullable(),
    expires_at: time.nullable(),
    last_used_at: time.nullable().describe('At most an hour behind.'),
    network: z.string().nullable().describe('From which network it was last used.'),
  }),
);

export const attemptSchema = piece(
  'Attempt',
  z.strictObject({
    id: z.uuid(),
    at: time,
    reference: z.string(),
    code: z.string(),
    details: z.record(z.string(), z.unknown()),
  }),
);

export const registrationTokenSchema = piece(
  'RegistrationToken',
  z.strictObject({
    id: z.uuid(),
    label: z.string(),
    created_by: z.string(),
    created_at: time,
    expires_at: time,
    uses_left: z.int(),
    last_used_at: time.nullable(),
    revoked_at: time.nullable(),
  }),
);

export const standingSchema = z.strictObject({
  stage: z.enum(migrationStages),
  percentage: z.int().describe('For how many in a hundred of its people that stage holds.'),
});

export const plannedStepSchema = z.strictObject({
  stage: z.enum(migrationStages),
  percentage: z.int().min(0).max(100),
  on: date,
});

export const migrationSchema = piece(
  'Migration',
  standingSchema.extend({
    client_id: z.string(),
    stage_of_others: z.enum(migrationStages).nullable().describe('null: as if the app were not connected.'),
    plan: z.array(plannedStepSchema).describe('Steps ahead, by day.'),
    back: standingSchema.nullable().describe('Where one step back leads.'),
  }),
);

export const migrationStepSchema = piece(
  'MigrationStep',
  standingSchema.extend({
    number: z.int(),
    back_to: z.int().nullable().describe('The step to which this one went back.'),
    via: z.enum(ways),
    reason: z.string().nullable(),
    at: time,
  }),
);
