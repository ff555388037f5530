/**
 * Between what is written about a client and what is kept of it: every way in (file, page, API, bundle) checks a
 * declaration and makes a draft of it, and a client as it is kept can be written down again.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Config } from '#src/base/config.ts';
import { todayInJakarta } from '#src/base/epoch.ts';
import {
  audiences,
  byRole,
  type ClientDraft,
  type ClientRecord,
  type ClientState,
  inOrder,
  type Localized,
  unsaid,
} from './clients.ts';
import { type MigrationPlan, takeDueSteps } from './cohorts.ts';
import { type ClientDeclaration, type ClientEntry, splitScope } from './registration-schema.ts';

/**
 * What a file would say about a client, with nothing left to defaults: it means the same when they change, and checked
 * and drafted again it comes to the same client.
 *
 * Its state is not in it, so that restoring or carrying over a declaration moves no client; nor is any secret.
 */
export function declarationOf(client: ClientDraft): ClientDeclaration {
  const declaration: ClientDeclaration = {
    client_id: client.id,
    client_name: client.name.id,
    'client_name#en': client.name.en,
    purpose: client.purpose.id,
    'purpose#en': client.purpose.en,
    description: client.description?.id,
    'description#en': client.description?.en,
    sectors: [...client.sectors],
    audience: [...client.audience],
    service_code: client.serviceCode,
    type: client.type,
    client_uri: client.homeUri,
    initiate_login_uri: client.initiateLoginUri,
    logo_uri: client.logoUri,
    policy_uri: client.policyUri,
    tos_uri: client.tosUri,
    redirect_uris: [...client.redirectUris],
    post_logout_redirect_uris: [...client.postLogoutRedirectUris],
    backchannel_logout_uri: client.backchannelLogoutUri,
    backchannel_logout_session_required: client.backchannelLogoutSessionRequired || undefined,
    response_types: [...client.responseTypes],
    grant_types: [...client.grantTypes],
    token_endpoint_auth_method: client.tokenEndpointAuthMethod,
    jwks: client.jwks && { keys: [...client.jwks.keys] },
    jwks_uri: client.jwksUri,
    id_token_signed_response_alg: client.idTokenSignedResponseAlg,
    userinfo_signed_response_alg: client.userinfoSignedResponseAlg,
    require_pkce: client.requirePkce,
    require_pushed_authorization_requests: client.requirePar,
    dpop_bound_access_tokens: client.dpopBoundAccessTokens,
    rotate_refresh: client.rotateRefresh,
    subject_group: groupNameOf(client),
    default_max_age: client.defaultMaxAge,
    consent_days: client.consentDays,
    min_authentication: client.minAuthentication,
    min_identity: client.minIdentity,
    security_profile: client.securityProfile,
    retention_days: client.retentionDays,
    rate_tier: client.rateTier,
    migration_stage: client.migrationStage,
    ...saidOfMigration(client),
    launch_on: client.launchOn,
    sunset_on: client.sunsetOn,
    contacts: client.contacts.map(({ role, email }) => ({ role, email })),
    event_uri: client.eventUri,
    scope: client.scopes.join(' '),
    claims: client.claims.map(({ claim, required, basis, purpose, purposeEn, law, lawEn }) => ({
      ...{ name: claim, required, basis, purpose },
      'purpose#en': purposeEn,
      ...(law !== undefined && { law }),
      ...(lawEn !== undefined && { 'law#en': lawEn }),
    })),
  };
  return Object.fromEntries(
    Object.entries(declaration).filter(([, value]) => value !== undefined),
  ) as ClientDeclaration;
}

/** Left out where there is nothing to say beside the stage: it holds for everybody, and nothing is planned. */
function saidOfMigration({
  migrationPercentage: percentage,
  migrationPlan: plan,
}: ClientDraft): Pick<ClientDeclaration, 'migration_percentage' | 'migration_plan'> {
  return {
    ...(percentage !== unsaid.migrationPercentage && { migration_percentage: percentage }),
    ...(plan.length > 0 && { migration_plan: plan.map((step) => ({ ...step })) }),
  };
}

/** The group's name within the agency. An app that came from another agency is in a group of that one, which has none here. */
function groupNameOf({ agencyId, subjectGroupId }: ClientDraft): string | undefined {
  if (subjectGroupId === agencyId) return agencyId;
  const prefix = `${agencyId}.`;
  return subjectGroupId.startsWith(prefix) ? subjectGroupId.slice(prefix.length) : undefined;
}

/** What a checked declaration comes to for a client as it is; undefined where it is new. */
export function draftOf(
  entry: ClientEntry,
  agency: { readonly id: string },
  current: ClientRecord | undefined,
  mode: Config['mode'],
): ClientDraft {
  return {
    id: entry.client_id,
    agencyId: agency.id,
    subjectGroupId: groupFor(entry, agency, current),
    state: stateFor(entry, current, mode),
    type: entry.type,
    name: { id: entry.client_name, en: entry['client_name#en'] },
    purpose: { id: entry.purpose, en: entry['purpose#en'] },
    description: entry.description === undefined ? undefined : descriptionOf(entry, entry.description),
    sectors: entry.sectors.toSorted(),
    audience: audiences.filter((one) => entry.audience.includes(one)),
    serviceCode: entry.service_code,
    homeUri: entry.client_uri,
    initiateLoginUri: entry.initiate_login_uri,
    backchannelLogoutUri: entry.backchannel_logout_uri,
    backchannelLogoutSessionRequired: entry.backchannel_logout_session_required ?? false,
    logoUri: entry.logo_uri,
    policyUri: entry.policy_uri,
    tosUri: entry.tos_uri,
    redirectUris: entry.redirect_uris,
    postLogoutRedirectUris: entry.post_logout_redirect_uris,
    responseTypes: entry.response_types,
    grantTypes: entry.grant_types,
    scopes: splitScope(entry.scope),
    tokenEndpointAuthMethod: entry.token_endpoint_auth_method,
    jwks: entry.jwks,
    jwksUri: entry.jwks_uri,
    idTokenSignedResponseAlg: entry.id_token_signed_response_alg,
    userinfoSignedResponseAlg: entry.userinfo_signed_response_alg,
    requirePkce: entry.require_pkce,
    requirePar: entry.require_pushed_authorization_requests,
    dpopBoundAccessTokens: entry.dpop_bound_access_tokens,
    rotateRefresh: entry.rotate_refresh,
    defaultMaxAge: entry.default_max_age,
    consentDays: entry.consent_days,
    minAuthentication: entry.min_authentication,
    minIdentity: entry.min_identity,
    securityProfile: entry.security_profile,
    retentionDays: entry.retention_days,
    rateTier: entry.rate_tier,
    ...migrationOf(entry, current),
    launchOn: entry.launch_on,
    sunsetOn: entry.sunset_on,
    contacts: byRole(entry.contacts),
    eventUri: entry.event_uri,
    claims: inOrder(
      entry.claims.map(({ name, 'purpose#en': purposeEn, 'law#en': lawEn, ...claim }) => ({
        ...{ claim: name, purposeEn, ...claim },
        ...(lawEn !== undefined && { lawEn }),
      })),
    ),
  };
}

type Migration = Pick<ClientDraft, 'migrationStage' | 'migrationPercentage' | 'migrationPlan'>;

/**
 * How far an app has come stays as it is where nothing is said of it: steps are taken day by day, and a file that knows nothing
 * of them must not move people. What is said anew is taken as on its day: a step whose day has come is behind.
 */
function migrationOf(entry: ClientEntry, current: ClientRecord | undefined): Migration {
  const { migrationStage, migrationPercentage, migrationPlan } = current ?? unsaid;
  const kept = { standing: { stage: migrationStage, percentage: migrationPercentage }, plan: migrationPlan };
  const said = saidOrKept(entry, kept);
  const { standing, plan } = isDeepStrictEqual(said, kept) ? kept : takeDueSteps(said, todayInJakarta());
  return { migrationStage: standing.stage, migrationPercentage: standing.percentage, migrationPlan: plan };
}

/** A stage that is said holds for everybody, and nothing is planned, unless that is said beside it. */
function saidOrKept(entry: ClientEntry, kept: MigrationPlan): MigrationPlan {
  const { migration_stage: stage, migration_percentage: percentage, migration_plan: plan } = entry;
  const unlessSaid =
    stage === undefined
      ? kept
      : { standing: { stage, percentage: unsaid.migrationPercentage }, plan: unsaid.migrationPlan };
  const { standing } = unlessSaid;
  return { standing: { ...standing, percentage: percentage ?? standing.percentage }, plan: plan ?? unlessSaid.plan };
}

function descriptionOf({ 'description#en': english }: ClientEntry, description: string): Localized {
  return { id: description, en: english ?? description };
}

/** An app that moves to another agency keeps its group, so that nobody becomes somebody else to it. */
function groupFor(
  { subject_group: name }: ClientEntry,
  agency: { readonly id: string },
  current: ClientRecord | undefined,
): string {
  if (name === undefined) return current?.subjectGroupId ?? agency.id;
  return name === agency.id ? agency.id : `${agency.id}.${name}`;
}

/** A suspended or retired client stays so, whatever is declared. */
function stateFor({ state }: ClientEntry, current: ClientRecord | undefined, mode: Config['mode']): ClientState {
  if (current?.state === 'suspended' || current?.state === 'retired') return current.state;
  return state ?? current?.state ?? (mode === 'sandbox' ? 'sandbox' : 'draft');
}
