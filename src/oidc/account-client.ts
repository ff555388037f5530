/**
 * The account page as an app of this provider, so that it signs people in by the same path as every other app and
 * shares their session. It lives in no registry, asks for nothing and needs no consent.
 */
import type { ClientRecord } from '#src/registry/clients.ts';

const ACCOUNT_CLIENT_ID = 'lawang-account';

/** The registry's record that the account page would have. */
export function accountClient(issuer: string, brand: string): ClientRecord {
  const epoch = new Date(0);
  const name = { id: brand, en: brand };
  return {
    id: ACCOUNT_CLIENT_ID,
    agencyId: ACCOUNT_CLIENT_ID,
    subjectGroupId: ACCOUNT_CLIENT_ID,
    state: 'live',
    type: 'web',
    name,
    purpose: name,
    homeUri: `${issuer}/account`,
    initiateLoginUri: undefined,
    logoUri: undefined,
    policyUri: undefined,
    tosUri: undefined,
    redirectUris: [`${issuer}/account/callback`],
    postLogoutRedirectUris: [],
    responseTypes: ['code'],
    grantTypes: ['authorization_code'],
    scopes: ['openid'],
    tokenEndpointAuthMethod: 'none',
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
    backchannelLogoutUri: undefined,
    claims: [],
    agency: {
      id: ACCOUNT_CLIENT_ID,
      name: brand,
      nameEn: brand,
      legalName: brand,
      domain: new URL(issuer).hostname,
      createdAt: epoch,
    },
    secrets: [],
    firstSignInAt: epoch,
    version: 0,
    createdAt: epoch,
    updatedAt: epoch,
  };
}

/** Whether a client is the account page itself. */
export function isAccountClient(client: Pick<ClientRecord, 'id'>): boolean {
  return client.id === ACCOUNT_CLIENT_ID;
}
