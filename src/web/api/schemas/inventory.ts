/** Apps that are known to exist, and files of them, as the API says them. */
import { z } from 'zod';
import { clientStates } from '#src/registry/clients.ts';
import { importStatuses } from '#src/registry/inventory-imports.ts';
import { matchReasons } from '#src/registry/inventory-matches.ts';
import { piece, time } from './pieces.ts';

/** What is said about one app that exists, under the names of a file's columns; checked by the same rules. */
export const recordEntrySchema = piece('InventoryEntry', z.record(z.string(), z.unknown()));

export const recordSummarySchema = piece(
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

export const recordAnswerSchema = piece(
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

export const recordVersionSchema = piece(
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

export const importSchema = piece(
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

export const importMistakeSchema = piece(
  'ImportMistake',
  z.strictObject({
    row: z.int().describe('The line of the file.'),
    field: z.string().describe('The column, or nothing where it is the whole.'),
    code: z.string(),
    given: z.string().nullable().describe('What was there, cut; never a contact.'),
    todo: z.string().describe('What it is and what to do, in the language of Accept-Language.'),
  }),
);

export const matchSchema = piece(
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
