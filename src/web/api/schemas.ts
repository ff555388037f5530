/** What the API says, piece by piece, under the names by which the OpenAPI document refers to it. */
import { z } from 'zod';
import { agencyKinds } from '#src/registry/agencies.ts';
import { verdicts } from '#src/registry/approvals.ts';
import { checkNames } from '#src/registry/checks/check.ts';
import { clientStates, clientTypes } from '#src/registry/clients.ts';
import { risks } from '#src/registry/risk.ts';
import { ways } from '#src/registry/versions.ts';

/** Named pieces. */
export const named = z.registry<{ id: string }>();

function name<Schema extends z.ZodType>(id: string, schema: Schema): Schema {
  named.add(schema, { id });
  return schema;
}

export const time = z.iso.datetime();

/** A time as the API says it. */
export function said(date: Date): string {
  return date.toISOString();
}

/** The same, where there may be none. */
export function saidIfAny(date: Date | undefined): string | null {
  return date ? date.toISOString() : null;
}

/** What a file would say about an app (`clients/registrations/`), checked by the same rules. */
export const declarationSchema = name('Declaration', z.record(z.string(), z.unknown()));

export const appSummarySchema = name(
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

export const appSchema = name(
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

export const versionSchema = name(
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

export const reviewSchema = name(
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

export const approvalSchema = name(
  'Approval',
  z.strictObject({
    approver: z.string(),
    verdict: z.enum(verdicts),
    note: z.string().nullable(),
    at: time,
  }),
);

export const checkSchema = name(
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
export const changeSchema = name(
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

export const secretSchema = name(
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

export const attemptSchema = name(
  'Attempt',
  z.strictObject({
    id: z.uuid(),
    at: time,
    reference: z.string(),
    code: z.string(),
    details: z.record(z.string(), z.unknown()),
  }),
);

export const agencySchema = name(
  'Agency',
  z.strictObject({
    id: z.string(),
    name: z.string(),
    name_en: z.string(),
    legal_name: z.string(),
    domain: z.string(),
    kind: z.enum(agencyKinds),
    parent: z.string().nullable(),
    path: z.array(z.string()).describe('From the top of the tree to the agency itself.'),
    sectors: z.array(z.string()),
    email_domain: z.string().nullable(),
    created_at: time,
  }),
);

export const memberSchema = name(
  'Member',
  z.strictObject({
    account: z.string(),
    role: z.string(),
    since: time,
    until: time.nullable(),
    suspended_at: time.nullable(),
    suspended_reason: z.string().nullable(),
  }),
);

export const sectorSchema = name(
  'Sector',
  z.strictObject({
    id: z.string(),
    name: z.string(),
    name_en: z.string(),
    is_priority: z.boolean(),
    coordinator: z.string().nullable(),
  }),
);

/** What is said about one app that exists, under the names of a file's columns; checked by the same rules. */
export const recordEntrySchema = name('InventoryEntry', z.record(z.string(), z.unknown()));

export const recordSummarySchema = name(
  'InventorySummary',
  z.strictObject({
    id: z.string(),
    agency: z.string(),
    key: z.string().describe('What the agency calls the record, once per agency.'),
    name: z.string(),
    name_en: z.string(),
    host: z.string().nullable(),
    sectors: z.array(z.string()),
    users: z.int().nullable().describe('In a year.'),
    yearly_cost: z.int().nullable().describe('In rupiah.'),
    app: z.string().nullable().describe('The client that is the same app.'),
    app_state: z.enum(clientStates).nullable(),
  }),
);

export const recordAnswerSchema = name(
  'InventoryRecord',
  z.strictObject({
    id: z.string(),
    agency: z.string(),
    key: z.string(),
    number: z.int().describe('The newest version, also in ETag.'),
    app: z.string().nullable().describe('The client that is the same app.'),
    linked_at: time.nullable(),
    created_at: time,
    updated_at: time,
    updated_by: z.string(),
    entry: recordEntrySchema,
  }),
);

export const recordVersionSchema = name(
  'InventoryVersion',
  z.strictObject({
    number: z.int(),
    changed: z.array(z.string()).describe('The fields that differ from the one before; app and removed among them.'),
    via: z.string(),
    actor: z.string(),
    reason: z.string().nullable(),
    at: time,
    app: z.string().nullable(),
    entry: recordEntrySchema,
  }),
);

export const registrationTokenSchema = name(
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

export const problemSchema = name(
  'Problem',
  z.strictObject({
    type: z.string(),
    title: z.string().describe('What happened, in the language of Accept-Language.'),
    detail: z.string().describe('What to do next.'),
    status: z.int(),
    code: z.string().describe('Language-neutral and stable: see docs/errors.md.'),
    reference: z.string().describe('Finds this very request in the log.'),
    errors: z
      .array(z.strictObject({ pointer: z.string(), detail: z.string(), expected: z.string() }))
      .optional()
      .describe('Every mistake in what was sent.'),
  }),
);
