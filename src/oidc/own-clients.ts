/**
 * The account page and the console as apps of this provider, so that they sign people in by the same path as every other
 * app and share their session. They live in no registry, ask for nothing and need no consent.
 */
import { type ClientRecord, unsaid } from '#src/registry/clients.ts';

const ACCOUNT_CLIENT_ID = 'lawang-account';
const CONSOLE_CLIENT_ID = 'lawang-console';

/** The registry's record that the account page would have. */
export function accountClient(issuer: string, brand: string): ClientRecord {
  return ownClient(ACCOUNT_CLIENT_ID, issuer, brand, { at: '/account', minAuthentication: 'aal1' });
}

/** The registry's record that the console would have: whoever works for an agency signs in with a passkey. */
export function consoleClient(issuer: string, brand: string): ClientRecord {
  return ownClient(CONSOLE_CLIENT_ID, issuer, brand, { at: '/console', minAuthentication: 'phr' });
}

function ownClient(
  id: string,
  issuer: string,
  brand: string,
  { at, minAuthentication }: { at: string; minAuthentication: ClientRecord['minAuthentication'] },
): ClientRecord {
  const epoch = new Date(0);
  const name = { id: brand, en: brand };
  return {
    ...unsaid,
    id,
    agencyId: id,
    subjectGroupId: id,
    state: 'live',
    type: 'web',
    name,
    purpose: name,
    homeUri: `${issuer}${at}`,
    redirectUris: [`${issuer}${at}/callback`],
    responseTypes: ['code'],
    grantTypes: ['authorization_code'],
    scopes: ['openid'],
    tokenEndpointAuthMethod: 'none',
    minAuthentication,
    agency: {
      id,
      name: brand,
      nameEn: brand,
      legalName: brand,
      domain: new URL(issuer).hostname,
      path: [id],
      createdAt: epoch,
    },
    secrets: [],
    testers: [],
    number: 0,
    risk: 'low',
    logoDigest: undefined,
    stateSince: epoch,
    stateReason: undefined,
    liveSince: epoch,
    successor: undefined,
    endsOn: undefined,
    reviewAskedAt: undefined,
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

/** Whether a client is the provider itself: the account page or the console. */
export function isOwnClient(client: Pick<ClientRecord, 'id'>): boolean {
  return client.id === ACCOUNT_CLIENT_ID || client.id === CONSOLE_CLIENT_ID;
}
