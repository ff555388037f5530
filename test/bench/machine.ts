/** Puts the machine into the registry; the apps that people sign in to are there by `lawang seed`. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Database } from '#src/base/database.ts';
import type { Secrets } from '#src/base/secrets.ts';
import { applyRegistrations, RegistrationError, readRegistrations } from '#src/registry/registrations.ts';
import { machine } from './apps.ts';

const agency = { id: 'dinas-ukur', name: 'Dinas Ukur', 'name#en': 'Measures', domain: 'ukur.contoh.go.id' };
const declared = {
  client_id: machine.id,
  client_name: 'Mesin Ukur',
  'client_name#en': 'Measuring Machine',
  purpose: 'Mengukur.',
  'purpose#en': 'To measure.',
  type: 'machine',
  grant_types: ['client_credentials'],
  token_endpoint_auth_method: 'client_secret_basic',
};

/** Declares it as its agency would, by a file in `folder` that is gone afterwards. */
export async function registerMachine(database: Database, secrets: Secrets, folder: string): Promise<void> {
  const path = join(folder, 'machine.yaml');
  // JSON is YAML.
  await writeFile(path, JSON.stringify({ agency, clients: [declared] }));
  const { registrations, mistakes } = await readRegistrations([path], { mode: 'sandbox' });
  if (mistakes.length > 0) throw new RegistrationError(mistakes);
  await applyRegistrations(database, secrets, registrations, { actor: 'bench', environment: {}, mode: 'sandbox' });
  await rm(path);
}
