/** The apps of agencies, as the protocol's clients: what is declared of one, and how it is read. `client-writes.ts` writes. */
import type { Db } from '#src/base/database.ts';
import { type Language, Refusal } from '#src/base/refusals.ts';
import { type AgencyRecord, toPath } from './agencies.ts';
import type { ApiScope } from './api-scopes.ts';
import type { AppRef } from './app-refs.ts';
import { type Scope, type StandardClaim, standardClaims } from './claims.ts';
import { type ColumnRow, readColumns, selectedColumns } from './client-columns.ts';
import type { Risk } from './risk.ts';

export const clientStates = ['draft', 'sandbox', 'review', 'live', 'suspended', 'retired'] as const;
export type ClientState = (typeof clientStates)[number];

export const clientTypes = ['web', 'spa', 'native', 'machine'] as const;
export type ClientType = (typeof clientTypes)[number];

export const authMethods = ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'] as const;
export type AuthMethod = (typeof authMethods)[number];

export const grantTypes = ['authorization_code', 'refresh_token', 'client_credentials'] as const;
export type GrantType = (typeof grantTypes)[number];

/** What tokens may be signed with, the default first. */
export const signingAlgorithms = ['ES256', 'RS256'] as const;
export type SigningAlgorithm = (typeof signingAlgorithms)[number];

/** The legal bases of the personal-data law (UU PDP 27/2022, article 20). */
export const legalBases = [
  'consent',
  'contract',
  'legal_obligation',
  'vital_interest',
  'public_task',
  'legitimate_interest',
] as const;
export type LegalBasis = (typeof legalBases)[number];

/** How sure an app may always want to be that it is the person, the weakest first: `acr` of NIST SP 800-63B-4 and OpenID EAP. */
export const authenticationMinimums = ['aal1', 'aal2', 'aal3', 'phr', 'phrh'] as const;
export type AuthenticationMinimum = (typeof authenticationMinimums)[number];

/** How well it has to be proven who a person is, the weakest first: identity assurance of NIST SP 800-63A-4. */
export const identityMinimums = ['ial1', 'ial2', 'ial3'] as const;
export type IdentityMinimum = (typeof identityMinimums)[number];

/** Whom an app serves. */
export const audiences = ['citizens', 'businesses', 'officials'] as const;
export type Audience = (typeof audiences)[number];

/** `fapi2`: the FAPI 2.0 Security Profile, which the engine then insists on. */
export const securityProfiles = ['baseline', 'fapi2'] as const;
export type SecurityProfile = (typeof securityProfiles)[number];

/** How many requests an app is expected to make. */
export const rateTiers = ['low', 'standard', 'high'] as const;
export type RateTier = (typeof rateTiers)[number];

/** How far an app has come from accounts of its own: from trying this one beside them, to this one alone, to none. */
export const migrationStages = ['shadow', 'optional', 'default', 'required', 'off'] as const;
export type MigrationStage = (typeof migrationStages)[number];

/** Where an app stands: a stage, and for how many in a hundred of its people it holds (`registry/cohorts.ts`). */
export interface MigrationStanding {
  readonly stage: MigrationStage;
  /** A whole number from 0 to 100. */
  readonly percentage: number;
}

/** Where an app is to stand from a day on. */
export interface PlannedStep extends MigrationStanding {
  /** A day, as `2027-01-31`. */
  readonly on: string;
}

/** What the people named by an app are to be told about. */
export const contactRoles = ['technical', 'security', 'privacy', 'support'] as const;
export type ContactRole = (typeof contactRoles)[number];

/** An office address that an app names. Whether it is confirmed is not declared: see `client_contacts`. */
export interface ClientContact {
  readonly role: ContactRole;
  readonly email: string;
}

/** One text in every language. */
export type Localized = Readonly<Record<Language, string>>;

/** One claim that a client may read, and why. */
export interface ClientClaim {
  readonly claim: StandardClaim;
  readonly required: boolean;
  readonly purpose: string;
  readonly purposeEn: string;
  readonly basis: LegalBasis;
  /** The law that another basis than consent rests on, as citizens read it. */
  readonly law?: string | undefined;
  readonly lawEn?: string | undefined;
}

/** Public keys, RFC 7517 §5. */
export interface Jwks {
  readonly keys: readonly Readonly<Record<string, unknown>>[];
}

/** What is declared about a client. */
export interface ClientDraft {
  readonly id: string;
  readonly agencyId: string;
  readonly subjectGroupId: string;
  readonly state: ClientState;
  readonly type: ClientType;
  readonly name: Localized;
  readonly purpose: Localized;
  /** What the app does, for those who look after the registry; the purpose is for citizens. */
  readonly description: Localized | undefined;
  /** Ids of policy areas. */
  readonly sectors: readonly string[];
  readonly audience: readonly Audience[];
  /** The code of the service in the national architecture (SPBE). */
  readonly serviceCode: string | undefined;
  readonly homeUri: string | undefined;
  readonly initiateLoginUri: string | undefined;
  readonly logoUri: string | undefined;
  readonly policyUri: string | undefined;
  readonly tosUri: string | undefined;
  readonly redirectUris: readonly string[];
  readonly postLogoutRedirectUris: readonly string[];
  readonly responseTypes: readonly 'code'[];
  readonly grantTypes: readonly GrantType[];
  /** Of a machine those of the API. */
  readonly scopes: readonly (Scope | ApiScope)[];
  readonly tokenEndpointAuthMethod: AuthMethod;
  readonly jwks: Jwks | undefined;
  readonly jwksUri: string | undefined;
  readonly idTokenSignedResponseAlg: SigningAlgorithm;
  readonly userinfoSignedResponseAlg: SigningAlgorithm | undefined;
  readonly requirePkce: boolean;
  readonly requirePar: boolean;
  readonly dpopBoundAccessTokens: boolean;
  readonly rotateRefresh: boolean;
  /** Seconds. */
  readonly defaultMaxAge: number | undefined;
  readonly consentDays: number;
  /** What every sign-in has to meet, whatever a request asks for. */
  readonly minAuthentication: AuthenticationMinimum;
  /** What has to be proven about the person, or the app gets no answer. */
  readonly minIdentity: IdentityMinimum | undefined;
  readonly securityProfile: SecurityProfile;
  /** How long the app promises to keep what it reads, at most. */
  readonly retentionDays: number | undefined;
  readonly rateTier: RateTier;
  readonly migrationStage: MigrationStage;
  readonly migrationPercentage: number;
  /** Steps that are ahead, by day. */
  readonly migrationPlan: readonly PlannedStep[];
  /** A day, as `2027-01-31`. */
  readonly launchOn: string | undefined;
  readonly sunsetOn: string | undefined;
  /** By role and address. */
  readonly contacts: readonly ClientContact[];
  /** Where the app is to hear of events about the people it knows. */
  readonly eventUri: string | undefined;
  /** Where the app hears that a person is signed out (OpenID Connect Back-Channel Logout 1.0 §2.2). */
  readonly backchannelLogoutUri: string | undefined;
  /** Whether it has to be told which session has ended (`sid`). */
  readonly backchannelLogoutSessionRequired: boolean;
  /** In the order of OpenID Connect Core §5.1. */
  readonly claims: readonly ClientClaim[];
}

/** What holds of an app that says nothing about it. */
export const unsaid = {
  description: undefined,
  sectors: [],
  audience: ['citizens'],
  serviceCode: undefined,
  homeUri: undefined,
  initiateLoginUri: undefined,
  logoUri: undefined,
  policyUri: undefined,
  tosUri: undefined,
  postLogoutRedirectUris: [],
  jwks: undefined,
  jwksUri: undefined,
  idTokenSignedResponseAlg: 'ES256',
  userinfoSignedResponseAlg: undefined,
  requirePkce: true,
  requirePar: false,
  dpopBoundAccessTokens: false,
  rotateRefresh: false,
  defaultMaxAge: undefined,
  consentDays: 365,
  minAuthentication: 'aal1',
  minIdentity: undefined,
  securityProfile: 'baseline',
  retentionDays: undefined,
  rateTier: 'standard',
  migrationStage: 'optional',
  migrationPercentage: 100,
  migrationPlan: [],
  launchOn: undefined,
  sunsetOn: undefined,
  contacts: [],
  backchannelLogoutUri: undefined,
  backchannelLogoutSessionRequired: false,
  eventUri: undefined,
  claims: [],
} as const satisfies Partial<ClientDraft>;

/** A client as it is stored. Never changed in place: whoever reads it anew gets another object. */
export interface ClientRecord extends ClientDraft {
  readonly agency: AgencyRecord;
  readonly secrets: readonly ClientSecret[];
  /** The accounts that may open the app before it is live. */
  readonly testers: readonly string[];
  /** The declared version that is in force; 0 before there was any. */
  readonly number: number;
  readonly risk: Risk;
  /** Of the logo that was fetched and found safe, served at `/logos/:digest`. */
  readonly logoDigest: string | undefined;
  readonly stateSince: Date | undefined;
  readonly stateReason: string | undefined;
  /** Since when it is, or was, in production. */
  readonly liveSince: Date | undefined;
  readonly reviewAskedAt: Date | undefined;
  /** Where its people are led, or are to be led from {@link endsOn} on, by what is decided about it. */
  readonly successor: AppRef | undefined;
  /** The day on which what is decided about it ends it. */
  readonly endsOn: string | undefined;
  /** From then on the subject group is fixed. */
  readonly firstSignInAt: Date | undefined;
  /** The registry version of its last change. */
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** A secret as it is stored; made and ended in `client-secrets.ts`. */
export interface ClientSecret {
  readonly id: string;
  readonly hash: Buffer;
  readonly expiresAt?: Date;
}

/** Whether the client proves itself by a shared secret. */
export function hasSecret(client: Pick<ClientDraft, 'tokenEndpointAuthMethod'>): boolean {
  return client.tokenEndpointAuthMethod.startsWith('client_secret_');
}

/** A row of {@link selectClients}: the client's own columns, and what stands in other tables. */
interface ClientRow extends ColumnRow {
  agency_name: string;
  agency_name_en: string;
  agency_legal_name: string;
  agency_domain: string;
  agency_path: string[];
  agency_created_at: Date;
  version: string;
  claims: [
    ...[claim: StandardClaim, required: boolean, purpose: string, purposeEn: string, basis: LegalBasis],
    ...[law: string | null, lawEn: string | null],
  ][];
  contacts: [role: ContactRole, email: string][];
  secrets: [id: string, hash: string, expiresAt: string | null][];
  testers: string[];
}

const selectClients = `
  select ${selectedColumns('c')}, c.version, a.name as agency_name, a.name_en as agency_name_en,
    a.legal_name as agency_legal_name, a.domain as agency_domain, a.path as agency_path, a.created_at as agency_created_at,
    coalesce((select json_agg(json_build_array(k.claim, k.required, k.purpose, k.purpose_en, k.basis, k.law, k.law_en))
      from client_claims k where k.client_id = c.id), '[]') as claims,
    coalesce((select json_agg(json_build_array(k.role, k.email)) from client_contacts k where k.client_id = c.id), '[]')
      as contacts,
    coalesce((select json_agg(json_build_array(s.id, encode(s.hash, 'hex'), s.expires_at) order by s.created_at)
      from client_secrets s where s.client_id = c.id), '[]') as secrets,
    array(select t.tester_id::text from client_testers t where t.client_id = c.id order by t.tester_id) as testers
  from clients c join agencies a on a.id = c.agency_id`;

/** A client as it is stored at this moment; a request asks the memory of its process instead (`client-cache.ts`). */
export async function findClient(db: Db, id: string): Promise<ClientRecord | undefined> {
  const row = await db.first<ClientRow>(`${selectClients} where c.id = $1`, [id]);
  return row && toRecord(row);
}

/** Those of the clients named that there are. */
export async function findClients(db: Db, ids: readonly string[]): Promise<ClientRecord[]> {
  const rows = await db.query<ClientRow>(`${selectClients} where c.id = any($1)`, [ids]);
  return rows.map(toRecord);
}

/** @throws {Refusal} `client_not_found` */
export async function loadClient(db: Db, id: string): Promise<ClientRecord> {
  const client = await findClient(db, id);
  if (!client) throw new Refusal('client_not_found', `no client ${id}`);
  return client;
}

/** Which clients to list, and from where on. */
export interface ClientPage {
  /** The last id of the page before. */
  readonly after?: string;
  readonly limit?: number;
  readonly agencyId?: string;
}

/** Clients by id, at most `limit` (100), those behind `after`. */
export async function listClients(
  db: Db,
  { after = '', limit = 100, agencyId }: ClientPage = {},
): Promise<ClientRecord[]> {
  const rows = await (agencyId === undefined
    ? db.query<ClientRow>(`${selectClients} where c.id > $1 order by c.id limit $2`, [after, limit])
    : db.query<ClientRow>(`${selectClients} where c.agency_id = $3 and c.id > $1 order by c.id limit $2`, [
        after,
        limit,
        agencyId,
      ]));
  return rows.map(toRecord);
}

/** A place in the order of {@link listChangedClients}: behind this client of this version. */
export interface ChangePosition {
  readonly version: number;
  readonly id: string;
}

/**
 * Clients in the order in which they last changed, at most `limit`, those behind `after`. Walks the index on version and
 * id: the one that changed of 27,000 is read in under a millisecond.
 */
export async function listChangedClients(db: Db, after: ChangePosition, limit: number): Promise<ClientRecord[]> {
  const rows = await db.query<ClientRow>(
    `${selectClients} where (c.version, c.id) > ($1, $2) order by c.version, c.id limit $3`,
    [after.version, after.id, limit],
  );
  return rows.map(toRecord);
}

function toRecord(row: ClientRow): ClientRecord {
  return {
    ...readColumns(row),
    agency: {
      id: row.agency_id,
      name: row.agency_name,
      nameEn: row.agency_name_en,
      legalName: row.agency_legal_name,
      domain: row.agency_domain,
      path: toPath(row.agency_id, row.agency_path),
      createdAt: row.agency_created_at,
    },
    claims: inOrder(
      row.claims.map(([claim, required, purpose, purposeEn, basis, law, lawEn]) => ({
        ...{ claim, required, purpose, purposeEn, basis },
        ...(law !== null && { law }),
        ...(lawEn !== null && { lawEn }),
      })),
    ),
    contacts: byRole(row.contacts.map(([role, email]) => ({ role, email }))),
    secrets: row.secrets.map(([id, hash, expiresAt]) => ({
      id,
      hash: Buffer.from(hash, 'hex'),
      ...(expiresAt === null ? {} : { expiresAt: new Date(expiresAt) }),
    })),
    testers: row.testers,
    version: Number(row.version),
  };
}

/** Contacts in the order of their roles, whatever order they were declared in. */
export function byRole(contacts: readonly ClientContact[]): ClientContact[] {
  return contacts.toSorted(
    (one, other) =>
      contactRoles.indexOf(one.role) - contactRoles.indexOf(other.role) || (one.email < other.email ? -1 : 1),
  );
}

/** Claims in the order of OpenID Connect Core §5.1, whatever order they were declared in. */
export function inOrder(claims: readonly ClientClaim[]): ClientClaim[] {
  return claims.toSorted((one, other) => standardClaims.indexOf(one.claim) - standardClaims.indexOf(other.claim));
}
