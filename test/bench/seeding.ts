/** Puts apps into the registry: those that people sign in to, and a machine. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Database } from '#src/base/database.ts';
import type { Secrets } from '#src/base/secrets.ts';
import { standardClaims } from '#src/registry/claims.ts';
import { applyRegistrations, RegistrationError, readRegistrations } from '#src/registry/registrations.ts';
import { type App, listApps, machine } from './apps.ts';

const said = { purpose: 'Mengukur.', 'purpose#en': 'To measure.' };

/** Registers the machine. */
export async function registerMachine(database: Database, secrets: Secrets, folder: string): Promise<void> {
  const declared = { ...named(machine), type: 'machine', grant_types: ['client_credentials'] };
  await apply(database, secrets, folder, [declared]);
}

/** Registers so many apps. */
export async function registerApps(database: Database, secrets: Secrets, folder: string, count: number): Promise<void> {
  await apply(database, secrets, folder, listApps(count).map(declare));
}

function named({ id }: App) {
  return {
    client_id: id,
    client_name: id,
    'client_name#en': id,
    ...said,
    token_endpoint_auth_method: 'client_secret_basic',
  };
}

function declare(app: App) {
  return {
    ...named(app),
    type: 'web',
    redirect_uris: [app.redirectUri],
    grant_types: ['authorization_code', 'refresh_token'],
    scope: 'openid profile email phone address offline_access',
    rotate_refresh: true,
    claims: standardClaims.map((name) => ({ name, required: name === 'name', basis: 'consent', ...said })),
  };
}

async function apply(database: Database, secrets: Secrets, folder: string, clients: readonly object[]): Promise<void> {
  const path = join(folder, 'clients.yaml');
  const agency = { id: 'dinas-ukur', name: 'Dinas Ukur', 'name#en': 'Measures', domain: 'ukur.contoh.go.id' };
  // JSON is YAML.
  await writeFile(path, JSON.stringify({ agency, clients }));
  const { registrations, mistakes } = await readRegistrations([path], { mode: 'sandbox' });
  if (mistakes.length > 0) throw new RegistrationError(mistakes);
  await applyRegistrations(database, secrets, registrations, { actor: 'bench', environment: {}, mode: 'sandbox' });
  await rm(path);
}
