/** What the API says is put together from named pieces: by these names the OpenAPI document refers to them. */
import { z } from 'zod';

/** Named pieces. */
export const named = z.registry<{ id: string }>();

/** Gives a schema the name by which the document refers to it. */
export function piece<Schema extends z.ZodType>(id: string, schema: Schema): Schema {
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

export const problemSchema = piece(
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
