/** What the API says, piece by piece, under the names by which the OpenAPI document refers to it. */
import { z } from 'zod';
import { reportAnswers, reportReasons } from '#src/consents/reports.ts';
import { withdrawalOutcomes } from '#src/consents/withdrawals.ts';
import { agencyKinds } from '#src/registry/agencies.ts';
import { verdicts } from '#src/registry/approvals.ts';
import { caseGrounds, caseStatuses } from '#src/registry/cases.ts';
import { checkNames } from '#src/registry/checks/check.ts';
import { audiences, clientStates, clientTypes, migrationStages } from '#src/registry/clients.ts';
import type { GroupKind } from '#src/registry/coverage.ts';
import { decisionKinds } from '#src/registry/decision-rows.ts';
import { type AppFace, pairStatuses } from '#src/registry/duplicates.ts';
import { importStatuses } from '#src/registry/inventory-imports.ts';
import { matchReasons } from '#src/registry/inventory-matches.ts';
import { reasonCodes } from '#src/registry/likeness.ts';
import { risks } from '#src/registry/risk.ts';
import { ways } from '#src/registry/versions.ts';

/** Named pieces. */
export const named = z.registry<{ id: string }>();

function name<Schema extends z.ZodType>(id: string, schema: Schema): Schema {
  named.add(schema, { id });
  return schema;
}

export const time = z.iso.datetime();

/** A day that is asked for, or said; the calendar of the database has no year 0. */
export const date = z.iso.date().refine((day) => !day.startsWith('0000'), 'no day of the calendar');

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

const told = z.int().nullable().describe('In full tens; null where it is about fewer than ten.');

export const figuresSchema = name(
  'Figures',
  z.strictObject({
    counted_on: z.iso.date().nullable().describe('When people were counted last.'),
    people: told,
    claims: z.array(
      z.strictObject({
        claim: z.string(),
        people: told.describe('To whom it is open; in full tens, null where they are fewer than ten.'),
        releases: told.describe('How often it was handed over in 30 days, where it is open to enough people.'),
      }),
    ),
    months: z.array(
      z.strictObject({
        month: z.string(),
        kind: z.enum(['consent', 'notice']),
        ...{ given: told, narrowed: told, renewed: told, withdrawn: told, left: told, expired: told },
      }),
    ),
    unread: z.array(z.string()).describe('Claims that are declared and that nobody has read for 90 days.'),
    smaller_scope: z.string().nullable().describe('What remains of the scope without them.'),
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

export const importSchema = name(
  'Import',
  z.strictObject({
    id: z.uuid(),
    agency: z.string(),
    file_name: z.string(),
    status: z
      .enum(importStatuses)
      .describe('waiting and checking: come again; checked: look, then apply or give up; applying: come again.'),
    actor: z.string(),
    rows_total: z.int(),
    rows_done: z.int().describe('Of the pass that is under way.'),
    created: z.int().describe('Rows that would be, or were, created,'),
    updated: z.int().describe('changed,'),
    unchanged: z.int().describe('left as they are,'),
    refused: z.int().describe('and refused.'),
    created_at: time,
    finished_at: time.nullable(),
    expires_at: time.describe('When it is removed.'),
  }),
);

export const importMistakeSchema = name(
  'ImportMistake',
  z.strictObject({
    row: z.int().describe('The line of the file.'),
    field: z.string().describe('The column, or nothing where it is the whole.'),
    code: z.string(),
    given: z.string().nullable().describe('What was there, cut; never a contact.'),
    todo: z.string().describe('What it is and what to do, in the language of Accept-Language.'),
  }),
);

/** How an app is named among all that exist. */
export const appRefSchema = name(
  'AppName',
  z.string().max(110).describe('`client:ID` of a connected app, `inventory:ID` of one that is only known to exist.'),
);

/** What everybody who may be shown an app may know of it. */
export const appFaceSchema = name(
  'AppFace',
  z.strictObject({
    app: appRefSchema,
    name: z.string(),
    name_en: z.string(),
    agency: z.string(),
    state: z.string(),
    host: z.string().nullable(),
  }),
);

/** An app as somebody of another agency may see it. */
export function appFaceOf(
  face: Pick<AppFace, 'ref' | 'name' | 'agencyId' | 'state' | 'host'>,
): z.input<typeof appFaceSchema> {
  return {
    ...{ app: face.ref, name: face.name.id, name_en: face.name.en, agency: face.agencyId },
    ...{ state: face.state, host: face.host ?? null },
  };
}

export const likenessReasonSchema = name(
  'LikenessReason',
  z.strictObject({
    code: z.enum(reasonCodes),
    value: z
      .number()
      .describe(
        'How alike, in percent; of a host, a domain or a service code how many apps have it; of claims how many.',
      ),
    what: z.string().optional().describe('The host, the domain or the code.'),
  }),
);

export const likelySchema = name(
  'LikelyApp',
  z.strictObject({
    like: appFaceSchema.nullable().describe('null for one in the making at an agency that is not the caller’s.'),
    score: z.number(),
    is_strong: z.boolean().describe('Whether another one has to be justified.'),
    reasons: z.array(likenessReasonSchema),
  }),
);

export const matchSchema = name(
  'Match',
  z.strictObject({
    record: z.string(),
    app: z.string().nullable().describe('null for one in the making at an agency that is not the caller’s.'),
    app_name: z.string().nullable(),
    app_agency: z.string(),
    score: z.number(),
    reasons: z.array(z.enum(matchReasons)),
  }),
);

/** One of another agency that is only in the making has no name here. */
const pairSideSchema = name(
  'PairSide',
  z.strictObject({
    ...appFaceSchema.shape,
    app: z
      .string()
      .max(110)
      .describe(
        'Of one in the making at an agency that is not the caller’s what stands for it in the address of the pair.',
      ),
    name: z.string().nullable(),
    name_en: z.string().nullable(),
  }),
);

export const pairSchema = name(
  'Duplicate',
  z.strictObject({
    low: pairSideSchema,
    high: pairSideSchema,
    score: z.number(),
    is_strong: z.boolean(),
    reasons: z.array(likenessReasonSchema),
    status: z.enum(pairStatuses),
    found_at: time,
    decided_at: time.nullable(),
    decided_by: z.string().nullable(),
    note: z.string().nullable().describe('Why it was dismissed, or by what it was settled.'),
  }),
);

export const caseSchema = name(
  'Case',
  z.strictObject({
    id: z.uuid(),
    agency: z.string(),
    sectors: z.array(z.string()),
    app: z.string().nullable().describe('The client; null once it is no more.'),
    name: z.string(),
    name_en: z.string(),
    grounds: z.array(z.enum(caseGrounds)),
    duplicates: z
      .array(z.strictObject({ score: z.number(), like: appFaceSchema.nullable() }))
      .describe('The likest first; null for one in the making at an agency that is not the caller’s.'),
    justification: z.string(),
    status: z.enum(caseStatuses),
    instead: appRefSchema.nullable(),
    via: z.string(),
    actor: z.string(),
    created_at: time,
    due_at: time.describe('By when a decision is promised.'),
    decided_at: time.nullable(),
    decided_by: z.string().nullable(),
    note: z.string().nullable(),
  }),
);

export const closureSchema = name(
  'Closure',
  z.strictObject({
    id: z.uuid(),
    agency: z.string().nullable(),
    sector: z.string().nullable(),
    reason: z.string(),
    open_again_on: z.iso.date().nullable(),
    closed_by: z.string(),
    closed_at: time,
    opened_by: z.string().nullable(),
    opened_at: time.nullable(),
  }),
);

export const exceptionSchema = name(
  'Exception',
  z.strictObject({
    id: z.uuid(),
    closure: z.uuid(),
    agency: z.string(),
    apps: z.int(),
    used: z.int(),
    reason: z.string(),
    given_by: z.string(),
    given_at: time,
    expires_at: time,
    revoked_at: time.nullable(),
  }),
);

export const decisionSchema = name(
  'Decision',
  z.strictObject({
    id: z.uuid(),
    app: appRefSchema,
    agency: z.string(),
    decision: z.enum(decisionKinds),
    successor: appRefSchema.nullable(),
    on: z.iso.date().nullable().describe('The day of the end.'),
    reason: z.string(),
    evidence: z.string().nullable().describe('A link.'),
    evidence_file: z.string().nullable().describe('The SHA-256 of a file that lies with the decision.'),
    batch: z.string().nullable(),
    via: z.string(),
    decided_by: z.string(),
    decided_at: time,
    is_in_force: z.boolean(),
    replaced_at: time.nullable(),
    undone_at: time.nullable(),
    undone_by: z.string().nullable(),
    announced_at: time.nullable(),
    carried_out_at: time.nullable(),
  }),
);

export const batchSchema = name(
  'DecisionBatch',
  z.strictObject({
    id: z.uuid(),
    status: z.enum(['preview', 'applied', 'undone', 'discarded']),
    decided: z.int().describe('How many apps it decides about anew,'),
    unchanged: z.int().describe('of how many it says what holds already,'),
    refused: z.int().describe('and of how many it is refused.'),
    via: z.string(),
    actor: z.string(),
    created_at: time,
    applied_at: time.nullable(),
    undone_at: time.nullable(),
    expires_at: time.nullable().describe('Until when a preview is kept.'),
  }),
);

export const batchLineSchema = name(
  'DecisionBatchLine',
  z.strictObject({
    app: appRefSchema.nullable().describe('null where the row names none.'),
    name: z.string(),
    decision: z.enum(decisionKinds).nullable(),
    successor: appRefSchema.nullable(),
    on: z.string().nullable(),
    outcome: z.enum(['decided', 'unchanged', 'refused']),
    refused: z.string().nullable().describe('The code: see docs/errors.md.'),
  }),
);

export const groupKinds = ['all', 'sector', 'agency'] as const satisfies GroupKind[];

export const coverageSchema = name(
  'Coverage',
  z.strictObject({
    kind: z.enum(groupKinds),
    id: z.string(),
    day: z.iso.date(),
    level: z.string().nullable().describe('Of an agency: ministry, province and so on.'),
    parent: z.string().nullable(),
    known: z.int(),
    connected: z.int(),
    live: z.int(),
    retired: z.int(),
    decided: z.record(z.string(), z.int()).describe('How many a decision holds for, by its kind.'),
    stages: z.record(z.string(), z.int()).describe('Connected apps by their stage of migration.'),
    pairs_found: z.int(),
    pairs_settled: z.int(),
    not_built: z.int(),
    people: z.int().nullable().describe('In full tens; null where it may not be told.'),
    sign_ins: z.int().nullable().describe('Of 30 days; null where people are.'),
  }),
);

export const serviceSchema = name(
  'Service',
  z.strictObject({
    id: z.string(),
    name: z.string(),
    name_en: z.string(),
    purpose: z.string(),
    purpose_en: z.string(),
    agency: z.strictObject({ id: z.string(), name: z.string(), name_en: z.string(), domain: z.string() }),
    audience: z.array(z.enum(audiences)),
    sectors: z.array(z.string()).describe('Its own; without any it stands in those of its agency.'),
    home_uri: z.string().nullable(),
    start: z.string().nullable().describe('Begins a sign-in there (OpenID Connect Core §4), or is where it is found.'),
    logo: z.string().nullable(),
    ends_on: date.nullable().describe('The day from which it is there no more, where that is decided.'),
  }),
);

export const servicesInSectorSchema = name(
  'ServicesInSector',
  z.strictObject({ id: z.string(), name: z.string(), name_en: z.string(), services: z.int() }),
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

export const standingSchema = z.strictObject({
  stage: z.enum(migrationStages),
  percentage: z.int().describe('For how many in a hundred of its people that stage holds.'),
});

export const plannedStepSchema = z.strictObject({
  stage: z.enum(migrationStages),
  percentage: z.int().min(0).max(100),
  on: date,
});

export const migrationSchema = name(
  'Migration',
  standingSchema.extend({
    client_id: z.string(),
    stage_of_others: z.enum(migrationStages).nullable().describe('null: as if the app were not connected.'),
    plan: z.array(plannedStepSchema).describe('Steps ahead, by day.'),
    back: standingSchema.nullable().describe('Where one step back leads.'),
  }),
);

export const migrationStepSchema = name(
  'MigrationStep',
  standingSchema.extend({
    number: z.int(),
    back_to: z.int().nullable().describe('The step to which this one went back.'),
    via: z.enum(ways),
    reason: z.string().nullable(),
    at: time,
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

export const deliverySchema = name(
  'Delivery',
  z.strictObject({
    id: z.string(),
    channel: z.enum(['logout', 'event']),
    reason: z.enum([
      ...(['signed-out', 'withdrawn', 'left', 'narrowed', 'expired', 'reported', 'underage'] as const),
      ...(['account-held', 'account-ended', 'test'] as const),
    ]),
    state: z.enum(['waiting', 'delivered', 'given-up']),
    created_at: time,
    attempts: z.int(),
    last_attempt_at: time.nullable(),
    next_attempt_at: time.nullable(),
    answer: z
      .string()
      .nullable()
      .describe('What the last attempt was answered: a status, or a word for what kept it from an answer.'),
  }),
);

export const withdrawalSchema = name(
  'Withdrawal',
  z.strictObject({
    id: z.string().describe('As the event says it.'),
    sub: z.string().nullable().describe('The person, as the app knows them.'),
    cause: z.enum(['withdrawn', 'left', 'narrowed', 'expired', 'reported', 'underage']),
    at: time,
    due_at: time,
    answered_at: time.nullable(),
    outcome: z.enum(withdrawalOutcomes).nullable(),
    law: z.string().nullable(),
  }),
);

export const reportSummarySchema = name(
  'ReportSummary',
  z.strictObject({
    id: z.string(),
    sub: z.string().nullable().describe('The person, as the app knows them.'),
    reason: z.enum(reportReasons).describe('Not this app, not at that time, or more than it needs.'),
    at: time,
    due_at: time,
    answer: z.enum(reportAnswers).nullable().describe('It was right, a mistake, or somebody misused the data.'),
    answered_at: time.nullable(),
  }),
);

export const reportSchema = name(
  'Report',
  reportSummarySchema.extend({
    release: z
      .strictObject({
        at: time.describe('Of the first read.'),
        kind: z.enum(['code', 'refresh', 'userinfo', 'introspection']),
        claims: z.array(z.string()),
        reads: z.int(),
      })
      .nullable()
      .describe('What was read; null once its record is gone.'),
  }),
);

export const overdueAppSchema = name(
  'OverdueApp',
  z.strictObject({
    app: z.string().describe('The client.'),
    name: z.string(),
    name_en: z.string(),
    agency: z.string(),
    withdrawals: z.int().describe('That wait for an answer, in time or late.'),
    withdrawals_overdue: z.int(),
    reports: z.int().describe('That wait for an answer, in time or late.'),
    reports_overdue: z.int(),
    oldest_due_at: time.describe('By when the one that waits longest was to be answered.'),
  }),
);

export const owedTotalsSchema = name(
  'AnswersOwed',
  z.strictObject({
    agencies_overdue: z.int().describe('Agencies with an app that is late.'),
    apps_overdue: z.int(),
    withdrawals: z.int().describe('That wait for an answer, in time or late.'),
    withdrawals_overdue: z.int(),
    reports: z.int().describe('That wait for an answer, in time or late.'),
    reports_overdue: z.int(),
    counted_at: time.nullable().describe('When it was counted last; null before the first time.'),
  }),
);
