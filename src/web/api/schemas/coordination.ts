/** What is likely the same, and what is decided about it, as the API says it. */
import { z } from 'zod';
import type { AppFace } from '#src/registry/app-faces.ts';
import { caseGrounds, caseStatuses } from '#src/registry/cases.ts';
import type { GroupKind } from '#src/registry/coverage.ts';
import { decisionKinds } from '#src/registry/decision-rows.ts';
import { pairStatuses } from '#src/registry/duplicates.ts';
import { reasonCodes } from '#src/registry/likeness.ts';
import { piece, time } from './pieces.ts';

/** How an app is named among all that exist. */
export const appRefSchema = piece(
  'AppName',
  z.string().max(110).describe('`client:ID` of a connected app, `inventory:ID` of one that is only known to exist.'),
);

/** What everybody who may be shown an app may know of it. */
const appFaceSchema = piece(
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

export const likenessReasonSchema = piece(
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

export const likelySchema = piece(
  'LikelyApp',
  z.strictObject({
    like: appFaceSchema.nullable().describe('null for one in the making at an agency that is not the caller’s.'),
    score: z.number(),
    is_strong: z.boolean().describe('Whether another one has to be justified.'),
    reasons: z.array(likenessReasonSchema),
  }),
);

/** One of another agency that is only in the making has no name here. */
const pairSideSchema = piece(
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

export const pairSchema = piece(
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

export const caseSchema = piece(
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

export const closureSchema = piece(
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

export const exceptionSchema = piece(
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

export const decisionSchema = piece(
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

export const batchSchema = piece(
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

export const batchLineSchema = piece(
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

export const coverageSchema = piece(
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
