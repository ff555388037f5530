/** The services that citizens are shown, as the API says them. */
import { z } from 'zod';
import { audiences } from '#src/registry/clients.ts';
import { date, piece } from './pieces.ts';

export const serviceSchema = piece(
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

export const servicesInSectorSchema = piece(
  'ServicesInSector',
  z.strictObject({ id: z.string(), name: z.string(), name_en: z.string(), services: z.int() }),
);
