/** Agencies, their people and their sectors, as the API says them. */
import { z } from 'zod';
import { agencyKinds } from '#src/registry/agencies.ts';
import { piece, time } from './pieces.ts';

export const agencySchema = piece(
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

export const memberSchema = piece(
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

export const sectorSchema = piece(
  'Sector',
  z.strictObject({
    id: z.string(),
    name: z.string(),
    name_en: z.string(),
    is_priority: z.boolean(),
    coordinator: z.string().nullable(),
  }),
);
