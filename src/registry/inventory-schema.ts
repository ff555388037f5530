/**
 * What is said about an app that exists, connected or not: the columns of a file, the fields of a page, the keys of the API
 * and of a version, all by the same names. A name without a tag is Bahasa Indonesia.
 */
import { isIP } from 'node:net';
import { parse as parseDomain } from 'tldts';
import { z } from 'zod';
import { type StandardClaim, standardClaims } from './claims.ts';
import { type Audience, audiences } from './clients.ts';
import type { MistakeCode, RecordMistake } from './inventory-mistakes.ts';
import { domainName, email, text, word } from './registration-schema.ts';

/** More than all rupiah there are, and still a whole number in JavaScript. */
const MOST = 1_000_000_000_000_000;

/** The key that an agency gives an app: a code of its own, or a number of a list. */
export const keySchema = text(60).describe(
  'What the agency calls the record itself: a code or a number, once per agency. By it the same file finds the same record again.',
);

const host = z
  .string()
  .max(253)
  .refine((value) => isIP(value) === 4 || domainName.safeParse(value).success);

/** Of an office, which outlives whoever works there. */
const contact = z.union([email, z.string().regex(/^\+?\d[\d ()-]{5,23}\d$/)]);

/** What may be said about one app. */
export const recordSchema = z.strictObject({
  name: text(200).describe('What people know it as, in Bahasa Indonesia.'),
  name_en: text(200).optional().describe('The same in English.'),
  description: text(2_000).optional().describe('What it does and for whom, in a few sentences.'),
  description_en: text(2_000).optional().describe('The same in English.'),
  host: host.optional().describe('Where it is: the name of its host, without https:// and without a path.'),
  sectors: z.array(word).max(20).optional().describe('Ids of the policy areas it belongs to.'),
  audience: z.array(z.enum(audiences)).optional().describe('Whom it serves: citizens, businesses, officials.'),
  service_code: z
    .string()
    .regex(/^(?=.{1,50}$)[A-Z0-9]+([.-][A-Z0-9]+)*$/)
    .optional()
    .describe('Its code in the national architecture (SPBE), like RAL.02.03.01.'),
  claims: z
    .array(z.enum(standardClaims as [StandardClaim, ...StandardClaim[]]))
    .max(50)
    .optional()
    .describe('What it keeps about each person, by the names of OpenID Connect: name, email, birthdate …'),
  users: z.int().min(0).max(MOST).optional().describe('How many people use it in a year.'),
  yearly_cost: z.int().min(0).max(MOST).optional().describe('What it costs in a year, in rupiah.'),
  technology: text(300).optional().describe('What it is built with.'),
  contact: contact.optional().describe('Whom to ask about it: an e-mail address or telephone number of an office.'),
});

/** What is said about one app, as it is checked and kept. What is left out is not known. */
export type RecordEntry = z.output<typeof recordSchema>;
export type RecordField = keyof RecordEntry;

/** Every field, in the order of a file's columns. */
export const recordFields = Object.keys(recordSchema.shape) as RecordField[];

/** What a wrong value of a field is called. */
const wrong: Record<RecordField, MistakeCode> = {
  name: 'text_unfit',
  name_en: 'text_unfit',
  description: 'text_unfit',
  description_en: 'text_unfit',
  host: 'host_unfit',
  sectors: 'sector_unknown',
  audience: 'audience_unknown',
  service_code: 'service_code_unfit',
  claims: 'claim_unknown',
  users: 'number_unfit',
  yearly_cost: 'number_unfit',
  technology: 'text_unfit',
  contact: 'contact_unfit',
};

/** Checks what is said about an app. Whether its sectors exist is asked where it is saved. */
export function checkRecord(
  content: unknown,
):
  | { readonly entry: RecordEntry; readonly mistakes?: undefined }
  | { readonly entry?: undefined; readonly mistakes: RecordMistake[] } {
  const { data, error } = recordSchema.safeParse(content);
  return data ? { entry: tidied(data) } : { mistakes: error.issues.flatMap((issue) => mistakesIn(issue, content)) };
}

/** One mistake for a field is enough to correct it. */
function mistakesIn(issue: z.core.$ZodIssue, content: unknown): RecordMistake[] {
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((field) => ({ field, code: 'column_unknown', given: undefined }));
  const [step, index] = issue.path;
  const field = recordFields.find((one) => one === step);
  if (!field) return [{ field: '', code: 'text_unfit', given: undefined }];
  const value = (content as Record<string, unknown>)[field];
  const given = typeof index === 'number' ? (value as unknown[])[index] : value;
  return [{ field, code: codeOf(issue, field, given), given: showGiven(field, given) }];
}

function codeOf(issue: z.core.$ZodIssue, field: RecordField, given: unknown): MistakeCode {
  const isText = wrong[field] === 'text_unfit';
  if (isText && (given === undefined || (typeof given === 'string' && given.trim() === ''))) return 'missing';
  if (issue.code === 'too_big' && issue.origin === 'string') return 'too_long';
  return wrong[field];
}

/** What was given, to be found again in a file. An address of somebody is not repeated. */
export function showGiven(field: string, given: unknown): string | undefined {
  if (field === 'contact' || given === undefined || given === null) return undefined;
  const shown = (typeof given === 'string' ? given : JSON.stringify(given)).replaceAll('\0', '\ufffd').toWellFormed();
  return shown.length > 80 ? `${[...shown].slice(0, 80).join('')}…` : shown;
}

/** The same said in one way, so that it can be compared: lists in order and without repetition, nothing empty. */
function tidied(entry: RecordEntry): RecordEntry {
  const { sectors = [], audience = [], claims = [], ...rest } = entry;
  const lists = {
    sectors: [...new Set(sectors)].toSorted(),
    audience: audiences.filter((one): one is Audience => audience.includes(one)),
    claims: standardClaims.filter((one) => claims.includes(one)),
  };
  const said = { ...rest, ...lists };
  return Object.fromEntries(
    recordFields.flatMap((field) => {
      const value = said[field];
      return value === undefined || (Array.isArray(value) && value.length === 0) ? [] : [[field, value]];
    }),
  ) as RecordEntry;
}

/** The domain that somebody registered, of which a host is a part; none for an address of numbers. */
export function domainOf(host: string | undefined): string | undefined {
  return host === undefined ? undefined : (parseDomain(host, { allowPrivateDomains: false }).domain ?? undefined);
}
