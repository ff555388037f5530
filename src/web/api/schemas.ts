/** What the API says, piece by piece, under the names by which the OpenAPI document refers to it. */
import { z } from 'zod';
import { clientStates, clientTypes } from '#src/registry/clients.ts';

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
    created_at: time,
    updated_at: time,
  }),
);

export const appSchema = name('App', appSummarySchema.extend({ declaration: declarationSchema }));

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
