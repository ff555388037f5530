/**
 * What a file of the organisation may say: policy areas and agencies, each agency with the one above it. A text without a
 * language tag is Bahasa Indonesia, which also stands in for the English one left out.
 */
import { z } from 'zod';
import { type AgencyDraft, agencyKinds } from './agencies.ts';
import { type Finding, toFindings } from './registration-findings.ts';
import { domainName, ownWord, text, word } from './registration-schema.ts';
import type { Sector } from './sectors.ts';

const sectorSchema = z.strictObject({
  id: word,
  name: text(100),
  'name#en': text(100).optional(),
  priority: z.boolean().default(false),
  coordinator: ownWord.optional(),
});

/** One agency, as a file or a page says it. */
export const agencyNodeSchema = z.strictObject({
  id: ownWord,
  name: text(100),
  'name#en': text(100).optional(),
  legal_name: text(200).optional(),
  domain: domainName,
  kind: z.enum(agencyKinds).optional(),
  parent: ownWord.nullable().optional(),
  email_domain: domainName.nullable().optional(),
  sectors: z.array(word).max(20).optional(),
});

export type AgencyEntry = z.output<typeof agencyNodeSchema>;

const MAX_AGENCIES = 20_000;

const organisationSchema = z.strictObject({
  sectors: z.array(sectorSchema).max(500).default([]),
  agencies: z.array(agencyNodeSchema).max(MAX_AGENCIES).default([]),
});

/** What one file declares, or everything wrong in it. */
export type OrganisationReading =
  | { readonly sectors: readonly Sector[]; readonly agencies: readonly AgencyDraft[] }
  | { readonly findings: readonly Finding[] };

const names = {
  name: 'the file',
  knownKeys: ([first]: readonly PropertyKey[]) => {
    if (first === 'sectors') return Object.keys(sectorSchema.shape);
    return Object.keys(first === 'agencies' ? agencyNodeSchema.shape : organisationSchema.shape);
  },
};

/** Checks the content of one file. */
export function checkOrganisation(content: unknown): OrganisationReading {
  const parsed = organisationSchema.safeParse(content);
  if (!parsed.success) return { findings: parsed.error.issues.flatMap((issue) => toFindings(issue, content, names)) };
  const { sectors, agencies } = parsed.data;
  return {
    sectors: sectors.map(({ id, name, 'name#en': nameEn = name, priority, coordinator }, position) => ({
      ...{ id, name, nameEn, position, isPriority: priority, coordinatorId: coordinator },
    })),
    agencies: agencies.map(toAgencyDraft),
  };
}

/** What an entry says of an agency; what it leaves out stays as it is. */
function toAgencyDraft(entry: AgencyEntry): AgencyDraft {
  const { id, name, 'name#en': nameEn = name, legal_name: legalName = name, domain } = entry;
  const { kind, parent, email_domain: emailDomain, sectors } = entry;
  return {
    ...{ id, name, nameEn, legalName, domain },
    ...(kind !== undefined && { kind }),
    ...(parent !== undefined && { parentId: parent }),
    ...(emailDomain !== undefined && { emailDomain }),
    ...(sectors !== undefined && { sectors }),
  };
}
