/** Whether what an app declares of itself is complete: whom to reach, and why it reads what. */
import type { Db } from '#src/base/database.ts';
import type { Check, CheckProblem } from './check.ts';

/** A purpose shorter than this says nothing. */
const SHORTEST_PURPOSE = 10;

/** Somebody technical can be reached, and every contact has confirmed that it is one. */
export const checkContacts: Check = async ({ id }, { db }) => {
  const contacts = await readContacts(db, id);
  if (!contacts.some(({ role }) => role === 'technical')) return [{ code: 'contact_missing', about: 'technical' }];
  const unconfirmed = contacts.filter(({ confirmedAt }) => confirmedAt === undefined).map(({ role }) => role);
  return [...new Set(unconfirmed)].map((role) => ({ code: 'contact_unconfirmed', about: role }) as const);
};

async function readContacts(db: Db, clientId: string): Promise<{ role: string; confirmedAt: Date | undefined }[]> {
  const rows = await db.query<{ role: string; confirmed_at: Date | null }>(
    'select role, confirmed_at from client_contacts where client_id = $1 order by role, email',
    [clientId],
  );
  return rows.map((row) => ({ role: row.role, confirmedAt: row.confirmed_at ?? undefined }));
}

/** Each claim has a purpose in both languages and a legal basis (UU PDP 27/2022, article 20). */
export const checkPurposes: Check = async ({ claims }) => {
  if (claims.length === 0) return undefined;
  return claims
    .filter(({ purpose, purposeEn, basis }) => !basis || [purpose, purposeEn].some((text) => isTooShort(text)))
    .map(({ claim }): CheckProblem => ({ code: 'purpose_missing', about: claim }));
};

function isTooShort(text: string): boolean {
  return text.trim().length < SHORTEST_PURPOSE;
}
