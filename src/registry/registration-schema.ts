/**
 * What a declarative registration may say: the keys of OpenID Connect Dynamic Client Registration 1.0 §2 with our
 * additions, and the rules between them. A key in another language bears its tag as in §2.1: `client_name#en`; without
 * a tag it is Bahasa Indonesia, which also stands in for a language left out.
 */
import { z } from 'zod';
import type { Config } from '#src/base/config.ts';
import { MAX_ADDRESS_LENGTH } from './addresses.ts';
import { type ApiScope, apiScopes } from './api-scopes.ts';
import { claimsOfScope, type Scope, type StandardClaim, scopes, standardClaims } from './claims.ts';
import {
  type Audience,
  type AuthMethod,
  audiences,
  authenticationMinimums,
  authMethods,
  type ClientType,
  clientStates,
  clientTypes,
  contactRoles,
  type GrantType,
  grantTypes,
  identityMinimums,
  legalBases,
  migrationStages,
  rateTiers,
  securityProfiles,
  signingAlgorithms,
  unsaid,
} from './clients.ts';
import { complain, type Finding, readKey, toFindings } from './registration-findings.ts';
import { fileRules, type Rule, rules } from './registration-rules.ts';

/** Line breaks, other control characters and the marks that turn the direction of writing (they disguise names). */
const unfitForText = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;

/** One line of words for people. */
export const text = (max: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(max)
    .refine(
      (value) => !unfitForText.test(value),
      complain('has a line break or an invisible character', 'one line of text'),
    );

/** A short word, as an id is. */
export const word = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9-]{1,62}$/,
    complain('is not a short word', '2 to 63 of a to z, 0 to 9 and -, beginning with a letter or digit'),
  );

/** The id of an agency or of a client. The provider is a client of itself and keeps a few for that. */
export const ownWord = word.refine(
  (value) => !value.startsWith('lawang-'),
  complain('begins with lawang-', 'another beginning'),
);

const address = z.string().max(MAX_ADDRESS_LENGTH);
const addresses = z.array(address).max(50);

/** The name of a host, without anything around it. */
export const domainName = z
  .string()
  .max(253, { abort: true })
  .regex(
    /^([a-z\d]([a-z\d-]*[a-z\d])?\.)+[a-z][a-z\d-]*[a-z\d]$/,
    complain('is not a domain name', 'a name like dinkes.contoh.go.id'),
  );

const agencySchema = z.strictObject({
  id: ownWord,
  name: text(100),
  'name#en': text(100).optional(),
  legal_name: text(200).optional(),
  domain: domainName.optional(),
});

const claimSchema = z.strictObject({
  name: z.enum(standardClaims as [StandardClaim, ...StandardClaim[]]),
  required: z.boolean().default(false),
  purpose: text(300),
  'purpose#en': text(300).optional(),
  basis: z.enum(legalBases).default('consent'),
  law: text(300).optional(),
  'law#en': text(300).optional(),
});

/** An e-mail address, in small letters. */
export const email = z
  .string()
  .trim()
  .toLowerCase()
  .max(254)
  .regex(z.regexes.email, complain('is not an e-mail address', 'an address like tim@contoh.go.id'));

const contactSchema = z.strictObject({ role: z.enum(contactRoles), email });

const notADay = complain('is not a day', 'a day like 2027-01-31');
/** The calendar of the database has no year 0. */
const day = z.iso.date(notADay).refine((value) => !value.startsWith('0000'), notADay);

/** How many steps may be ahead. */
export const MOST_PLANNED_STEPS = 20;

const percentage = z.int().min(0).max(100);

const stepSchema = z.strictObject({
  stage: z.enum(migrationStages),
  percentage: percentage.default(unsaid.migrationPercentage),
  on: day,
});

/** One client, as a file, a page, the API or a bundle declares it. */
export const clientSchema = z.strictObject({
  client_id: ownWord.describe('Its name in the protocol. Cannot change.'),
  client_name: text(100).describe('What citizens know it as.'),
  'client_name#en': text(100).optional(),
  purpose: text(300).describe('One sentence for citizens: why it signs them in. Shown where they consent.'),
  'purpose#en': text(300).optional(),
  description: text(1_000).optional().describe('What it does, for those who look after the registry.'),
  'description#en': text(1_000).optional(),
  sectors: z.array(word).max(20).optional().describe('Ids of the policy areas it belongs to.'),
  audience: z.array(z.enum(audiences)).min(1).optional().describe('Whom it serves; citizens unless said.'),
  service_code: z
    .string()
    .regex(
      /^(?=.{1,50}$)[A-Z0-9]+([.-][A-Z0-9]+)*$/,
      complain('is not a code of the national architecture', 'a code like RAL.02.03.01'),
    )
    .optional()
    .describe('Its code in the national architecture (SPBE).'),
  type: z
    .enum(clientTypes)
    .optional()
    .describe(
      'web: has a server; spa: runs in the browser alone; native: is installed; machine: has no people. web unless said.',
    ),
  state: z
    .enum(clientStates)
    .optional()
    .describe(
      'Where it stands in its life. Left out: where it is; at first sandbox in a sandbox, draft in production.',
    ),
  application_type: z
    .enum(['web', 'native'])
    .optional()
    .describe('The word of OpenID Connect for type: native or web.'),
  redirect_uris: addresses.optional().describe('Where people come back to, each compared as a text.'),
  post_logout_redirect_uris: addresses.optional().describe('Where people may come back to after they sign out.'),
  grant_types: z
    .array(z.enum(grantTypes))
    .optional()
    .describe('authorization_code unless said; refresh_token beside it for access while the person is away.'),
  response_types: z
    .array(z.enum(['code']))
    .optional()
    .describe('code, or none for a machine.'),
  scope: z
    .string()
    .max(1_000)
    .optional()
    .describe('What it may ask for, with spaces between: openid and profile, email, phone, address, offline_access.'),
  claims: z
    .array(claimSchema)
    .max(100)
    .optional()
    .describe('What it may read of a person and why. Left out: the claims of its scopes, for its one purpose.'),
  token_endpoint_auth_method: z
    .enum(authMethods)
    .optional()
    .describe('How it proves itself. private_key_jwt is the safest; a public app has none.'),
  client_secret_env: z
    .string()
    .regex(
      /^[A-Z_][A-Z0-9_]{0,99}$/,
      complain('is not the name of an environment variable', 'a name like PUSKESMAS_SECRET'),
    )
    .optional()
    .describe(
      'The environment variable that has its secret when the file is applied. The secret itself is never in a file.',
    ),
  jwks: z
    .strictObject({ keys: z.array(z.record(z.string(), z.unknown())) })
    .optional()
    .describe('Its public keys (RFC 7517).'),
  jwks_uri: address.optional().describe('Where its public keys are.'),
  id_token_signed_response_alg: z.enum(signingAlgorithms).optional().describe('ES256 unless said.'),
  userinfo_signed_response_alg: z
    .enum(signingAlgorithms)
    .optional()
    .describe('Userinfo as a signed JWT; plain JSON unless said.'),
  require_pkce: z.boolean().optional().describe('Whether a request without PKCE (S256) is refused; true unless said.'),
  require_pushed_authorization_requests: z
    .boolean()
    .optional()
    .describe('Whether it has to push its requests (RFC 9126).'),
  dpop_bound_access_tokens: z
    .boolean()
    .optional()
    .describe('Whether its tokens are bound to a key of its own (RFC 9449).'),
  rotate_refresh: z
    .boolean()
    .optional()
    .describe('Whether a refresh token is good for one use; always so for a public app.'),
  subject_group: word
    .optional()
    .describe('Apps of one agency in the same group know a person by the same sub. Fixed from the first sign-in on.'),
  client_uri: address.optional().describe('Its home page; of a machine the address that tokens are made for.'),
  logo_uri: address
    .optional()
    .describe('Where its logo is: png, jpeg, webp or svg. It is fetched, checked and served from here.'),
  policy_uri: address.optional().describe('Its privacy notice.'),
  tos_uri: address.optional().describe('Its terms.'),
  initiate_login_uri: address.optional().describe('Where a sign-in into it can be started from elsewhere.'),
  backchannel_logout_uri: address.optional().describe('Where it hears that a person is signed out.'),
  backchannel_logout_session_required: z
    .boolean()
    .optional()
    .describe('Whether it has to be told which session has ended (sid).'),
  default_max_age: z.int().min(0).max(31_536_000).optional().describe('After so many seconds a person signs in anew.'),
  consent_days: z.int().min(1).max(1_825).optional().describe('How long a consent lasts; 365 unless said.'),
  min_authentication: z
    .enum(authenticationMinimums)
    .optional()
    .describe('How sure every sign-in has to be; aal1 unless said.'),
  min_identity: z.enum(identityMinimums).optional().describe('How well it has to be proven who the person is.'),
  security_profile: z
    .enum(securityProfiles)
    .optional()
    .describe('fapi2 asks for pushed requests, private_key_jwt and tokens bound to a key (FAPI 2.0).'),
  retention_days: z
    .int()
    .min(0)
    .max(36_525)
    .optional()
    .describe('For how long at most it promises to keep what it reads.'),
  rate_tier: z.enum(rateTiers).optional().describe('How many requests it is expected to make.'),
  migration_stage: z
    .enum(migrationStages)
    .optional()
    .describe('How far it has come from accounts of its own. Left out: as far as it is; optional at first.'),
  migration_percentage: percentage
    .optional()
    .describe(
      'For how many in a hundred of its people that stage holds; 100 unless said. The others are one stage before.',
    ),
  migration_plan: z
    .array(stepSchema)
    .max(MOST_PLANNED_STEPS)
    .optional()
    .describe('The steps ahead, each taken on its day.'),
  launch_on: day.optional().describe('The day it opens to the public.'),
  sunset_on: day.optional().describe('The day it is planned to close.'),
  // RFC 7591 §2 knows addresses alone; who is to hear of what is said by the role.
  contacts: z
    .array(z.union([email, contactSchema]))
    .max(20)
    .optional()
    .describe('Office addresses, each with what it is to hear of; an address alone is technical.'),
  event_uri: address.optional().describe('Where it is to hear of events about the people it knows.'),
});

/** Every key that may be said of a client. */
export const clientKeys: readonly string[] = Object.keys(clientSchema.shape);

const MAX_CLIENTS = 10_000;

const fileSchema = z.strictObject({
  agency: agencySchema,
  clients: z.array(z.unknown()).min(1).max(MAX_CLIENTS),
});

/**
 * The JSON Schema (2020-12) of a file, for editors and for checks elsewhere. It knows each key by itself; the rules between
 * keys are told by `lawang clients validate`.
 */
export function printFileSchema(): string {
  const whole = fileSchema.extend({ clients: z.array(clientSchema).min(1).max(MAX_CLIENTS) });
  const { $schema, ...rest } = z.toJSONSchema(whole, { io: 'input', unrepresentable: 'any' });
  const title = 'The apps of an agency, as declared to Lawang';
  return `${JSON.stringify({ $schema, title, ...rest }, undefined, 2)}\n`;
}

/** The JSON Schema of one client, for the description of the API. */
export function printClientSchema(): object {
  const { $schema: _, ...schema } = z.toJSONSchema(clientSchema, { io: 'input', unrepresentable: 'any' });
  return schema;
}

export type AgencyEntry = z.output<typeof agencySchema>;

/** What is written about one client. */
export type ClientDeclaration = z.input<typeof clientSchema>;

/** A client as declared, with what it leaves out filled in. */
export type ClientEntry = ReturnType<typeof resolveDefaults>;

/** A file as far as it could be understood, and everything wrong in it. */
export interface Reading {
  readonly agency: AgencyEntry | undefined;
  /** The clients without a mistake, by their place in the file. */
  readonly clients: readonly { readonly index: number; readonly entry: ClientEntry }[];
  /** Every client id, also of clients with mistakes. */
  readonly ids: readonly { readonly index: number; readonly id: string }[];
  readonly findings: readonly Finding[];
}

const fileNames = {
  name: 'the file',
  knownKeys: ([first]: readonly PropertyKey[]) => Object.keys((first === 'agency' ? agencySchema : fileSchema).shape),
};

const clientNames = {
  name: 'the client',
  knownKeys: ([first]: readonly PropertyKey[]) => {
    if (first === 'claims') return Object.keys(claimSchema.shape);
    if (first === 'contacts') return Object.keys(contactSchema.shape);
    if (first === 'migration_plan') return Object.keys(stepSchema.shape);
    return first === 'jwks' ? ['keys'] : Object.keys(clientSchema.shape);
  },
};

/** Checks the content of one file against the schema and the rules. */
export function checkFile(content: unknown, mode: Config['mode']): Reading {
  const file = fileSchema.safeParse(content);
  const findings = file.success ? [] : file.error.issues.flatMap((issue) => toFindings(issue, content, fileNames));
  const list = readKey(content, 'clients');
  const values = Array.isArray(list) ? list.slice(0, MAX_CLIENTS) : [];
  const clients: { index: number; entry: ClientEntry }[] = [];
  const ids: { index: number; id: string }[] = [];
  for (const [index, value] of values.entries()) {
    const checked = checkBy([...rules, ...fileRules], value, mode);
    if (checked.entry) clients.push({ index, entry: checked.entry });
    const id = readKey(value, 'client_id');
    if (typeof id === 'string') ids.push({ index, id });
    findings.push(...checked.findings.map((one) => ({ ...one, path: ['clients', index, ...one.path] })));
  }
  const agency = agencySchema.safeParse(readKey(content, 'agency')).data;
  return { agency, clients, ids, findings };
}

/** One client, and everything wrong in its declaration; the entry is there when nothing is. */
export interface CheckedClient {
  readonly entry?: ClientEntry;
  readonly findings: readonly Finding[];
}

/** Checks what is declared about one client, by whatever way it comes. Where its secret comes from is a file's matter. */
export function checkClientEntry(value: unknown, mode: Config['mode']): CheckedClient {
  return checkBy(rules, value, mode);
}

function checkBy(applied: readonly Rule[], value: unknown, mode: Config['mode']): CheckedClient {
  const parsed = clientSchema.safeParse(value);
  const findings = parsed.success ? [] : parsed.error.issues.flatMap((issue) => toFindings(issue, value, clientNames));
  if (findings.some(({ path, key }) => path.length === 0 && key === undefined)) return { findings };
  const mistaken = new Set(findings.map(({ path, key }) => String(path[0] ?? key)));
  const sound = Object.fromEntries(Object.entries(value ?? {}).filter(([key]) => !mistaken.has(key)));
  const entry = resolveDefaults((parsed.data ?? sound) as z.output<typeof clientSchema>);
  for (const { reads, check } of applied) {
    if (!reads.some((key) => mistaken.has(key))) findings.push(...check(entry, mode));
  }
  return findings.length === 0 ? { entry, findings } : { findings };
}

function resolveDefaults(given: z.output<typeof clientSchema>) {
  const type: ClientType = given.type ?? (given.application_type === 'native' ? 'native' : 'web');
  const isPublic = type === 'spa' || type === 'native';
  const grants: readonly GrantType[] = given.grant_types ?? [
    type === 'machine' ? 'client_credentials' : 'authorization_code',
  ];
  const audience: readonly Audience[] = given.audience ?? unsaid.audience;
  const isFapi = given.security_profile === 'fapi2';
  const method: AuthMethod = given.token_endpoint_auth_method ?? methodFor(isPublic, isFapi);
  const scope = given.scope ?? (type === 'machine' ? '' : 'openid');
  const purpose = { purpose: given.purpose, 'purpose#en': given['purpose#en'] ?? given.purpose };
  return {
    ...given,
    ...purpose,
    'description#en': given['description#en'] ?? given.description,
    sectors: given.sectors ?? unsaid.sectors,
    audience,
    'client_name#en': given['client_name#en'] ?? given.client_name,
    type,
    grant_types: grants,
    response_types: given.response_types ?? (grants.includes('authorization_code') ? (['code'] as const) : []),
    token_endpoint_auth_method: method,
    scope,
    redirect_uris: given.redirect_uris ?? [],
    post_logout_redirect_uris: given.post_logout_redirect_uris ?? [],
    claims: (given.claims ?? claimsOf(scope, purpose)).map((claim) => ({
      ...claim,
      'purpose#en': claim['purpose#en'] ?? claim.purpose,
    })),
    id_token_signed_response_alg: given.id_token_signed_response_alg ?? unsaid.idTokenSignedResponseAlg,
    require_pkce: given.require_pkce ?? unsaid.requirePkce,
    require_pushed_authorization_requests: given.require_pushed_authorization_requests ?? isFapi,
    dpop_bound_access_tokens: given.dpop_bound_access_tokens ?? isFapi,
    rotate_refresh: given.rotate_refresh ?? method === 'none',
    consent_days: given.consent_days ?? unsaid.consentDays,
    min_authentication: given.min_authentication ?? unsaid.minAuthentication,
    security_profile: given.security_profile ?? unsaid.securityProfile,
    rate_tier: given.rate_tier ?? unsaid.rateTier,
    contacts: (given.contacts ?? []).map((one) =>
      typeof one === 'string' ? { role: 'technical' as const, email: one } : one,
    ),
  };
}

function methodFor(isPublic: boolean, isFapi: boolean): AuthMethod {
  if (isPublic) return 'none';
  return isFapi ? 'private_key_jwt' : 'client_secret_basic';
}

type Purpose = Pick<z.output<typeof claimSchema>, 'purpose' | 'purpose#en'>;

/** Without which an app cannot address anyone. */
const needed: readonly StandardClaim[] = ['name', 'email', 'email_verified'];

/** What an app that names no claims may read: those of its scopes, for its one purpose, and most of them as people like. */
function claimsOf(scope: string, purpose: Purpose): z.output<typeof claimSchema>[] {
  return splitScope(scope)
    .flatMap((one): readonly StandardClaim[] => claimsOfScope[one as Scope] ?? [])
    .map((name) => ({ name, required: needed.includes(name), basis: 'consent', ...purpose }));
}

/** The scopes that a declaration asks for, each once. */
export function splitScope(scope: string): (Scope | ApiScope)[] {
  const asked = new Set(scope.split(' '));
  return [...scopes, ...apiScopes].filter((one) => asked.has(one));
}
