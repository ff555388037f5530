/**
 * How a client stands in the table `clients`: each field is named here once, and reading and writing follow from it. What
 * stands in tables of its own (claims, contacts, secrets, testers) is not here.
 */
import type { ColumnValue, Row } from '#src/base/copy.ts';
import type { ClientDraft, ClientRecord, Localized } from './clients.ts';
import { riskOf } from './risk.ts';

/** What is declared: in one column, */
const declared = {
  id: 'id',
  agencyId: 'agency_id',
  subjectGroupId: 'subject_group_id',
  state: 'state',
  type: 'type',
  sectors: 'sectors',
  audience: 'audience',
  serviceCode: 'service_code',
  homeUri: 'home_uri',
  initiateLoginUri: 'initiate_login_uri',
  logoUri: 'logo_uri',
  policyUri: 'policy_uri',
  tosUri: 'tos_uri',
  redirectUris: 'redirect_uris',
  postLogoutRedirectUris: 'post_logout_redirect_uris',
  responseTypes: 'response_types',
  grantTypes: 'grant_types',
  scopes: 'scopes',
  tokenEndpointAuthMethod: 'token_endpoint_auth_method',
  jwks: 'jwks',
  jwksUri: 'jwks_uri',
  idTokenSignedResponseAlg: 'id_token_signed_response_alg',
  userinfoSignedResponseAlg: 'userinfo_signed_response_alg',
  requirePkce: 'require_pkce',
  requirePar: 'require_par',
  dpopBoundAccessTokens: 'dpop_bound_access_tokens',
  rotateRefresh: 'rotate_refresh',
  defaultMaxAge: 'default_max_age',
  consentDays: 'consent_days',
  minAuthentication: 'min_authentication',
  minIdentity: 'min_identity',
  securityProfile: 'security_profile',
  retentionDays: 'retention_days',
  rateTier: 'rate_tier',
  migrationStage: 'migration_stage',
  migrationPercentage: 'migration_percentage',
  migrationPlan: 'migration_plan',
  launchOn: 'launch_on',
  sunsetOn: 'sunset_on',
  eventUri: 'event_uri',
  backchannelLogoutUri: 'backchannel_logout_uri',
  backchannelLogoutSessionRequired: 'backchannel_logout_session_required',
} as const satisfies Record<Exclude<keyof ClientDraft, LocalizedField | 'claims' | 'contacts'>, string>;

/** or in one for each language, the English one with `_en` behind it. */
const localized = ['name', 'purpose', 'description'] as const;
type LocalizedField = (typeof localized)[number];

/** What comes to be by itself, and is read only. */
const kept = {
  firstSignInAt: 'first_sign_in_at',
  number: 'number',
  risk: 'risk',
  logoDigest: 'logo_digest',
  stateSince: 'state_since',
  stateReason: 'state_reason',
  liveSince: 'live_since',
  reviewAskedAt: 'review_asked_at',
  successor: 'successor',
  endsOn: 'ends_on',
  createdAt: 'created_at',
  updatedAt: 'updated_at',
} as const satisfies Partial<Record<keyof ClientRecord, string>>;

type Plain = keyof typeof declared | keyof typeof kept;

/** The columns of one row, by name. */
export interface ColumnRow {
  agency_id: string;
  [column: string]: unknown;
}

/** A day is read as it is written: a driver's date would be a moment of some zone. */
const days: readonly string[] = [declared.launchOn, declared.sunsetOn, kept.endsOn];

const single = { ...declared, ...kept };
const inLanguages = localized.flatMap((field) => [field, `${field}_en`]);

/** The columns that {@link readColumns} takes, of the table of that alias. */
export function selectedColumns(alias: string): string {
  const names = [...Object.values(single), ...inLanguages];
  return names
    .map((name) => (days.includes(name) ? `${alias}.${name}::text as ${name}` : `${alias}.${name}`))
    .join(', ');
}

/** What they say, as fields of a client. */
export function readColumns(row: ColumnRow): Pick<ClientRecord, Plain | LocalizedField> {
  const plain = Object.entries(single).map(([field, column]) => [field, row[column] ?? undefined]);
  const texts = localized.map((field) => [field, toLocalized(row[field], row[`${field}_en`])]);
  return Object.fromEntries([...plain, ...texts]) as Pick<ClientRecord, Plain | LocalizedField>;
}

function toLocalized(id: unknown, en: unknown): Localized | undefined {
  return typeof id === 'string' ? { id, en: typeof en === 'string' ? en : id } : undefined;
}

/** The columns that a declaration fills, in the order of {@link writtenRow}. */
export const writtenColumns: readonly string[] = [
  ...Object.values(declared),
  ...inLanguages,
  'risk',
  'version',
  'created_at',
  'updated_at',
];

/** What a declaration comes to in {@link writtenColumns}. */
export function writtenRow(draft: ClientDraft, version: number): Row {
  const now = new Date();
  const fields = Object.keys(declared) as (keyof typeof declared)[];
  return [
    ...fields.map((field) => (isJson(field) ? toJson(draft[field]) : draft[field])),
    ...localized.flatMap((field) => [draft[field]?.id, draft[field]?.en]),
    riskOf(draft),
    version,
    now,
    now,
  ];
}

/** What is neither plain nor a list of words is kept as JSON. */
type JsonField = 'jwks' | 'migrationPlan';

function isJson(field: keyof typeof declared): field is JsonField {
  return field === 'jwks' || field === 'migrationPlan';
}

function toJson(value: ClientDraft[JsonField]): ColumnValue {
  return value && JSON.stringify(value);
}
