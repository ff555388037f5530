/**
 * The fictitious people who work for the example agencies, with the password that everybody knows. As every citizen of a
 * sandbox they have no passkey at first, and make one when they first come to the console.
 */
import type { Database } from '#src/base/database.ts';
import type { Secrets } from '#src/base/secrets.ts';
import { type ExampleCitizen, openExample } from './example-citizens.ts';
import { grantMembership, type Role } from './memberships.ts';

/** One of them, with roles by the agency's id. */
export interface ExampleAdmin extends Pick<ExampleCitizen, 'email' | 'name'> {
  readonly roles: Readonly<Record<string, readonly Role[]>>;
}

/** Each stands for what somebody may do; one agency of the example tree has nobody, so that its orphan shows. */
const exampleAdmins: readonly ExampleAdmin[] = [
  { email: 'ratna@contoh.id', name: 'Ratna Sari', roles: { 'dinas-kesehatan': ['owner'] } },
  { email: 'agus@contoh.id', name: 'Agus Wibowo', roles: { 'dinas-kesehatan': ['developer'] } },
  { email: 'eko@contoh.id', name: 'Eko Nugroho', roles: { 'badan-pendapatan-daerah': ['owner', 'developer'] } },
  { email: 'made@contoh.id', name: 'Made Wirawan', roles: { negara: ['owner', 'operator'] } },
  { email: 'nina@contoh.id', name: 'Nina Hartati', roles: { negara: ['approver'] } },
  { email: 'hadi@contoh.id', name: 'Hadi Kusuma', roles: { negara: ['approver'] } },
  { email: 'putri@contoh.id', name: 'Putri Anggraini', roles: { 'kementerian-kesehatan': ['coordinator'] } },
  { email: 'lina@contoh.id', name: 'Lina Marlina', roles: { 'dinas-kependudukan': ['desk'] } },
  { email: 'yusuf@contoh.id', name: 'Yusuf Maulana', roles: { 'dinas-kependudukan': ['desk'] } },
  { email: 'tono@contoh.id', name: 'Tono', roles: { negara: ['auditor'] } },
];

/** Opens the accounts that are not there yet and gives them their roles; who is there already keeps what they have. */
export async function seedExampleAdmins(database: Database, secrets: Secrets): Promise<number> {
  const opened = await Promise.all(exampleAdmins.map((admin) => openOne(database, secrets, admin)));
  return opened.filter(Boolean).length;
}

function openOne(database: Database, secrets: Secrets, { email, name, roles }: ExampleAdmin): Promise<boolean> {
  return openExample(database, secrets, { email, name, profile: {} }, async (tx, accountId) => {
    for (const [agencyId, held] of Object.entries(roles))
      for (const role of held) await grantMembership(tx, { accountId, agencyId, role }, 'start');
  });
}
