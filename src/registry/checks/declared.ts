/** Whether what an app declares of itself is complete: whom to reach, and why it reads what. */
import { listContacts } from '../client-contacts.ts';
import { listLawless } from '../laws.ts';
import type { Check, CheckProblem } from './check.ts';

/** A purpose shorter than this says nothing. */
const SHORTEST_PURPOSE = 10;

/** Somebody technical can be reached, and every contact has confirmed that it is one. */
export const checkContacts: Check = async ({ id }, { db }) => {
  const contacts = await listContacts(db, id);
  if (!contacts.some(({ role }) => role === 'technical')) return [{ code: 'contact_missing', about: 'technical' }];
  const unconfirmed = contacts.filter(({ confirmedAt }) => confirmedAt === undefined).map(({ role }) => role);
  return [...new Set(unconfirmed)].map((role) => ({ code: 'contact_unconfirmed', about: role }) as const);
};

/**
 * Each claim has a purpose in both languages and a legal basis (UU PDP 27/2022, article 20); one that is no consent names its law,
 * which people are told instead of being asked.
 */
export const checkPurposes: Check = async ({ claims }) => {
  if (claims.length === 0) return undefined;
  return claims
    .filter(({ purpose, purposeEn, basis }) => !basis || [purpose, purposeEn].some((text) => isTooShort(text)))
    .map(({ claim }): CheckProblem => ({ code: 'purpose_missing', about: claim }))
    .concat(listLawless(claims).map(({ claim }): CheckProblem => ({ code: 'law_missing', about: claim })));
};

function isTooShort(text: string): boolean {
  return text.trim().length < SHORTEST_PURPOSE;
}
