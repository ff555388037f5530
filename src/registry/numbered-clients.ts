/** The fictitious apps of load tests: any number, each known by a number, ten to an agency. Never in production. */
import type { Db, Transaction } from '#src/base/database.ts';
import type { Secrets } from '#src/base/secrets.ts';
import { type AgencyDraft, findAgency, saveAgency } from './agencies.ts';
import { scopes, standardClaims } from './claims.ts';
import { createClients } from './client-load.ts';
import { type ClientDraft, type ClientRecord, findClients, unsaid } from './clients.ts';
import { sandboxSecret } from './registrations.ts';
import { lockRegistry } from './version.ts';

/** The highest number: every process keeps all clients in memory. */
export const MAX_CLIENTS = 100_000;

const CLIENTS_OF_AN_AGENCY = 10;

/** Who answers for them in the record of events. */
const ACTOR = 'command';

/** The client id of a number. */
function numberedClientId(number: number): string {
  return `layanan-${number}`;
}

const needed: readonly string[] = ['name', 'email', 'email_verified'];

/** The app of a number; always the same. Its secret is that of every app in a sandbox. */
export function numberedClient(number: number): ClientDraft {
  const id = numberedClientId(number);
  const home = `https://${id}.contoh.go.id`;
  const agency = numberedAgency(number).id;
  const purpose = { id: `Melayani Anda di layanan ${number}.`, en: `To serve you at service ${number}.` };
  return {
    ...unsaid,
    id,
    agencyId: agency,
    subjectGroupId: agency,
    state: 'sandbox',
    type: 'web',
    name: { id: `Layanan ${number}`, en: `Service ${number}` },
    purpose,
    homeUri: `${home}/`,
    redirectUris: [`${home}/callback`],
    postLogoutRedirectUris: [`${home}/signed-out`],
    responseTypes: ['code'],
    grantTypes: ['authorization_code', 'refresh_token'],
    scopes,
    tokenEndpointAuthMethod: 'client_secret_basic',
    rotateRefresh: true,
    claims: standardClaims.map((claim) => ({
      claim,
      required: needed.includes(claim),
      purpose: purpose.id,
      purposeEn: purpose.en,
      basis: 'consent',
    })),
  };
}

/** The agency of the app of a number, and of the record. */
export function numberedAgency(number: number): AgencyDraft {
  const agency = Math.ceil(number / CLIENTS_OF_AN_AGENCY);
  const id = `instansi-${agency}`;
  const name = `Instansi ${agency}`;
  return { id, name, nameEn: `Agency ${agency}`, legalName: `${name} Contoh`, domain: `${id}.contoh.go.id` };
}

/**
 * Registers those of these apps that are not there yet, some hundreds at once; those that are stay as they are, and so do
 * their agencies. Running servers follow within five seconds.
 *
 * @returns how many it registered
 */
export async function registerNumberedClients(
  tx: Transaction,
  secrets: Secrets,
  numbers: readonly number[],
): Promise<number> {
  await lockRegistry(tx);
  const known = new Set((await findClients(tx, numbers.map(numberedClientId))).map(({ id }) => id));
  const absent = numbers.filter((number) => !known.has(numberedClientId(number)));
  if (absent.length === 0) return 0;
  const agencies = new Map(absent.map(numberedAgency).map((agency) => [agency.id, agency]));
  for (const agency of agencies.values()) if (!(await findAgency(tx, agency.id))) await saveAgency(tx, agency, ACTOR);
  const clients = absent.map(numberedClient).map((draft) => ({ draft, secret: sandboxSecret(draft.id) }));
  await createClients(tx, secrets, clients, ACTOR);
  return absent.length;
}

/** These apps as they are registered, by number; those that are not there are left out. */
export async function listNumberedClients(db: Db, numbers: readonly number[]): Promise<Map<number, ClientRecord>> {
  const found = new Map((await findClients(db, numbers.map(numberedClientId))).map((client) => [client.id, client]));
  const clients = numbers.flatMap((number): [number, ClientRecord][] => {
    const client = found.get(numberedClientId(number));
    return client ? [[number, client]] : [];
  });
  return new Map(clients);
}

/** The tables that {@link registerNumberedClients} fills. */
export const clientTables = [
  'agencies',
  'subject_groups',
  'clients',
  'client_claims',
  'client_secrets',
  'client_versions',
  'admin_events',
];
