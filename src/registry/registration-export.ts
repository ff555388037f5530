/** The registry written down as registration files: what `lawang clients apply` would find unchanged. */
import { stringify } from 'yaml';
import type { AgencyRecord } from './agencies.ts';
import { type ClientRecord, hasSecret } from './clients.ts';
import { declarationOf } from './declarations.ts';

/**
 * One agency with its clients, as a file. A secret is named by the environment variable that is to have it: nobody can read
 * it here again.
 */
export function exportRegistration(agency: AgencyRecord, clients: readonly ClientRecord[]): string {
  const content = {
    agency: {
      id: agency.id,
      name: agency.name,
      'name#en': agency.nameEn,
      legal_name: agency.legalName,
      domain: agency.domain,
    },
    clients: clients.map((client) => ({
      ...declarationOf(client),
      state: client.state,
      ...(hasSecret(client) && { client_secret_env: secretVariable(client.id) }),
    })),
  };
  return stringify(content, { aliasDuplicateObjects: false, lineWidth: 120 });
}

/** The environment variable that a client's secret is taken from, unless a file names another. */
function secretVariable(clientId: string): string {
  return `${/^\d/.test(clientId) ? '_' : ''}${clientId.toUpperCase().replaceAll('-', '_')}_SECRET`;
}
