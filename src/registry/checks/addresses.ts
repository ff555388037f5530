/** Whether every address of an app may be used in production: https, exact, of a host that the public can reach. */
import { findKeysUriMistake, findPageUriMistake, findRedirectUriMistake } from '../addresses.ts';
import type { ClientRecord } from '../clients.ts';
import type { Check, CheckProblem } from './check.ts';

/** Every address is looked at, and each that is wrong is named. */
export const checkAddresses: Check = async (client) => {
  const mode = 'production';
  const wrong = [
    ...[...client.redirectUris, ...client.postLogoutRedirectUris].filter((uri) =>
      findRedirectUriMistake(uri, { type: client.type, mode }),
    ),
    ...pageUrisOf(client).filter((uri) => findPageUriMistake(uri, mode)),
    ...[client.jwksUri].filter((uri) => uri !== undefined && findKeysUriMistake(uri)),
  ];
  return [...new Set(wrong)].filter((uri) => uri !== undefined).map(problemOf);
};

function problemOf(uri: string): CheckProblem {
  return { code: uri.startsWith('http://') ? 'address_not_https' : 'address_wrong', about: uri };
}

/** What belongs to an app besides where it is answered. */
export function pageUrisOf(client: ClientRecord): string[] {
  const { homeUri, initiateLoginUri, logoUri, policyUri, tosUri, backchannelLogoutUri, eventUri } = client;
  const all = [homeUri, initiateLoginUri, logoUri, policyUri, tosUri, backchannelLogoutUri, eventUri];
  return all.filter((uri) => uri !== undefined);
}
