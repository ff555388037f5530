import { findClaimLabel } from '../../claims.ts';
import { basisName } from '../../legal-basis.ts';
import { formatDay, formatNumber, formatPercentage, type Language, type MessageKey, translate } from '../../locale.ts';
import type { Change } from './diff.ts';
import { sayStage } from './stage.ts';
import { type AppState, appStates, sayState } from './state.ts';

/** What a registration says of an app, by the keys of its files; the values are as they stand there. */
export type Declared = Readonly<Record<string, unknown>>;

const labels = {
  client_name: 'console.key-client_name',
  'client_name#en': 'console.key-client_name-en',
  purpose: 'console.key-purpose',
  'purpose#en': 'console.key-purpose-en',
  description: 'console.key-description',
  'description#en': 'console.key-description-en',
  agency: 'console.agency',
  state: 'console.state',
  sectors: 'console.key-sectors',
  audience: 'console.key-audience',
  service_code: 'console.key-service_code',
  type: 'console.key-type',
  redirect_uris: 'console.key-redirect_uris',
  post_logout_redirect_uris: 'console.key-post_logout_redirect_uris',
  client_uri: 'console.key-client_uri',
  initiate_login_uri: 'console.key-initiate_login_uri',
  backchannel_logout_uri: 'console.key-backchannel_logout_uri',
  backchannel_logout_session_required: 'console.key-backchannel_logout_session_required',
  event_uri: 'console.key-event_uri',
  logo_uri: 'console.key-logo_uri',
  policy_uri: 'console.key-policy_uri',
  tos_uri: 'console.key-tos_uri',
  scope: 'console.key-scope',
  claims: 'console.key-claims',
  grant_types: 'console.key-grant_types',
  response_types: 'console.key-response_types',
  token_endpoint_auth_method: 'console.key-token_endpoint_auth_method',
  jwks: 'console.key-jwks',
  jwks_uri: 'console.key-jwks_uri',
  security_profile: 'console.key-security_profile',
  require_pkce: 'console.key-require_pkce',
  require_pushed_authorization_requests: 'console.key-require_pushed_authorization_requests',
  dpop_bound_access_tokens: 'console.key-dpop_bound_access_tokens',
  rotate_refresh: 'console.key-rotate_refresh',
  id_token_signed_response_alg: 'console.key-id_token_signed_response_alg',
  userinfo_signed_response_alg: 'console.key-userinfo_signed_response_alg',
  default_max_age: 'console.key-default_max_age',
  min_authentication: 'console.key-min_authentication',
  min_identity: 'console.key-min_identity',
  consent_days: 'console.key-consent_days',
  retention_days: 'console.key-retention_days',
  subject_group: 'console.key-subject_group',
  contacts: 'console.key-contacts',
  rate_tier: 'console.key-rate_tier',
  migration_stage: 'console.key-migration_stage',
  migration_percentage: 'console.key-migration_percentage',
  migration_plan: 'console.key-migration_plan',
  launch_on: 'console.key-launch_on',
  sunset_on: 'console.key-sunset_on',
} as const satisfies Record<string, MessageKey>;

const contactRoles = {
  technical: 'contact.role-technical',
  security: 'contact.role-security',
  privacy: 'contact.role-privacy',
  support: 'contact.role-support',
} as const satisfies Record<string, MessageKey>;

const isContactRole = (role: string): role is keyof typeof contactRoles => Object.hasOwn(contactRoles, role);

const known = Object.keys(labels);

/** What a key of a registration is called; the key itself where it is a new one. */
export function keyName(language: Language, key: string): string {
  return Object.hasOwn(labels, key) ? translate(language)(labels[key as keyof typeof labels]) : key;
}

/** The differences between two declarations in words, in the order in which a page about an app tells them. */
export function declaredChanges(
  language: Language,
  before: Declared | undefined,
  after: Declared,
  risky: readonly string[] = [],
): Change[] {
  const keys = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after)])].filter((key) => key !== 'client_id');
  keys.sort((one, other) => placeOf(one) - placeOf(other));
  return keys.flatMap((key) => {
    const [old, now] = [sayDeclared(language, key, before?.[key]), sayDeclared(language, key, after[key])];
    if (JSON.stringify(old) === JSON.stringify(now)) return [];
    return { label: keyName(language, key), before: old, after: now, isRisky: risky.includes(key) };
  });
}

const placeOf = (key: string): number => (known.includes(key) ? known.indexOf(key) : known.length);

/** A value of a registration as a person reads it: a text, or one for each of several. */
function sayDeclared(language: Language, key: string, value: unknown): string | readonly string[] | undefined {
  if (value === undefined || value === null) return undefined;
  if (key === 'claims') return each(value, (claim) => sayClaimAsked(language, claim));
  if (key === 'contacts') return each(value, (contact) => sayContact(language, contact));
  if (key === 'jwks')
    return each((value as Declared).keys, ({ kid, kty, crv }) => [kid, kty, crv].map(text).filter(Boolean).join(' · '));
  if (key === 'scope') return text(value).split(' ').filter(Boolean);
  if (key === 'state')
    return appStates.includes(value as AppState) ? sayState(language, value as AppState) : text(value);
  if (key === 'migration_stage') return sayStage(language, text(value));
  if (key === 'migration_percentage') return formatPercentage(language, Number(value));
  if (key === 'migration_plan') return each(value, (step) => sayStep(language, step));
  return saySimple(language, key, value);
}

/** A day of a registration has no zone. */
function sayStep(language: Language, { stage, percentage, on }: Declared): string {
  const day = formatDay(language, new Date(text(on)), 'UTC');
  return `${day}: ${sayStage(language, text(stage))}, ${formatPercentage(language, Number(percentage ?? 100))}`;
}

function sayContact(language: Language, { role, email }: Declared): string {
  const name = text(role);
  return `${text(email)} (${isContactRole(name) ? translate(language)(contactRoles[name]) : name})`;
}

function saySimple(language: Language, key: string, value: unknown): string | readonly string[] {
  const t = translate(language);
  if (Array.isArray(value)) return value.map(text);
  if (typeof value === 'boolean') return t(value ? 'console.yes' : 'console.no');
  if (typeof value !== 'number') return text(value);
  if (key.endsWith('_days')) return t('console.days', { count: value });
  return key === 'default_max_age' ? t('duration.seconds', { count: value }) : formatNumber(language, value);
}

function sayClaimAsked(language: Language, claim: Declared): string {
  const t = translate(language);
  const name = text(claim.name);
  const purpose = text(language === 'en' ? (claim['purpose#en'] ?? claim.purpose) : claim.purpose);
  const how = t(claim.required === true ? 'console.claim-required' : 'console.claim-optional');
  const basis = claim.basis === 'consent' ? t('console.basis-consent') : basisName(language, text(claim.basis));
  const law = text(language === 'en' ? (claim['law#en'] ?? claim.law ?? '') : (claim.law ?? ''));
  const rests = law === '' ? basis : `${basis}, ${law}`;
  return `${findClaimLabel(language, name) ?? name} (${how}, ${rests}): ${purpose}`;
}

function each(value: unknown, say: (one: Declared) => string): string[] {
  return Array.isArray(value)
    ? value.map((one) => (typeof one === 'object' && one !== null ? say(one as Declared) : text(one)))
    : [];
}

function text(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
