/** A client of the registry as the protocol engine reads it (OpenID Connect Dynamic Client Registration §2). */
import type { ClientMetadata } from 'oidc-provider';
import { isApiScope } from '#src/registry/api-scopes.ts';
import type { ClientRecord } from '#src/registry/clients.ts';

/**
 * No secret and no hash of one goes in: the library would use it as a key. The sector identifier stands for the subject
 * group; nothing fetches it, the registry has validated the redirect URIs.
 *
 * @param onTrial whether it answers its testers alone, so not itself
 */
export function clientMetadata(record: ClientRecord, { onTrial = false } = {}): ClientMetadata {
  const hasCitizens = record.redirectUris.length > 0;
  const isFapi = isFapiClient(record);
  // The library knows scopes of a resource by the resource alone.
  const scopes = record.scopes.filter((scope) => !isApiScope(scope));
  return {
    client_id: record.id,
    client_name: record.name.id,
    'client_name#en': record.name.en,
    application_type: record.type === 'native' ? 'native' : 'web',
    redirect_uris: [...record.redirectUris],
    post_logout_redirect_uris: [...record.postLogoutRedirectUris],
    response_types: [...record.responseTypes],
    grant_types: record.grantTypes.filter((grant) => !(onTrial && grant === 'client_credentials')),
    token_endpoint_auth_method: record.tokenEndpointAuthMethod,
    id_token_signed_response_alg: record.idTokenSignedResponseAlg,
    require_pushed_authorization_requests: record.requirePar || (isFapi && hasCitizens),
    dpop_bound_access_tokens: record.dpopBoundAccessTokens || isFapi,
    subject_type: hasCitizens ? 'pairwise' : 'public',
    ...(scopes.length > 0 && { scope: scopes.join(' ') }),
    ...(hasCitizens && { sector_identifier_uri: `https://${record.subjectGroupId}.subject-group.invalid/` }),
    ...(record.jwks && { jwks: record.jwks as NonNullable<ClientMetadata['jwks']> }),
    ...(record.jwksUri && { jwks_uri: record.jwksUri }),
    ...(record.userinfoSignedResponseAlg && { userinfo_signed_response_alg: record.userinfoSignedResponseAlg }),
    ...(record.defaultMaxAge !== undefined && { default_max_age: record.defaultMaxAge }),
    ...(record.homeUri && { client_uri: record.homeUri }),
    ...(record.logoUri && { logo_uri: record.logoUri }),
    ...(record.policyUri && { policy_uri: record.policyUri }),
    ...(record.tosUri && { tos_uri: record.tosUri }),
    ...(hearsOf(record) && { backchannel_logout_uri: hearsOf(record) }),
  };
}

/**
 * Where an app hears that a session ends. The library asks by this key alone whether an app is to be told and gets `sid` in its
 * ID tokens, so it stands for an app that hears of events only as well; what is sent where: `app-notices.ts`.
 */
function hearsOf({ backchannelLogoutUri, eventUri, redirectUris }: ClientRecord): string | undefined {
  return redirectUris.length > 0 ? (backchannelLogoutUri ?? eventUri) : undefined;
}

/** Whether the engine insists on the FAPI 2.0 Security Profile with this app. */
export function isFapiClient({ securityProfile }: Pick<ClientRecord, 'securityProfile'>): boolean {
  return securityProfile === 'fapi2';
}
