/** A registry of its own for a test, with one agency, and the short words for what tests do to it. */
import { inject } from 'vitest';
import { Database, type Db } from '#src/base/database.ts';
import { saveAgency } from '#src/registry/agencies.ts';
import { applyChange, type ChangeRequest } from '#src/registry/changes.ts';
import { checkClientEntry } from '#src/registry/registration-schema.ts';
import { createDatabase, PATIENCE } from '#test/support/postgres.ts';
import { agency, newSecrets, webClient } from './fixtures.ts';

/** The claims that make the example high in risk. */
export const sensitiveClaims = [
  ...webClient.claims,
  {
    name: 'birthdate',
    required: false,
    basis: 'consent',
    purpose: 'Menghitung umur.',
    'purpose#en': 'To know your age.',
  },
];

export async function openRegistry() {
  const home = await createDatabase(inject('adminUrl'), { template: inject('emptyTemplate') });
  const database = new Database(home.url, { max: 12, ...PATIENCE });
  const secrets = newSecrets();
  const write = <T>(work: (tx: Db) => Promise<T>): Promise<T> => database.transaction(work);
  const draft = {
    id: agency.id,
    name: agency.name,
    nameEn: 'Health Office',
    legalName: agency.name,
    domain: agency.domain,
  };
  await write((tx) => saveAgency(tx, draft, 'test'));
  /** What a page would ask for: the example app with some of its keys changed, as `siti` unless told otherwise. */
  const request = (keys: object = {}, wanted: Partial<ChangeRequest> = {}): ChangeRequest => {
    const { client_secret_env: _, ...client } = webClient;
    const { entry, findings } = checkClientEntry({ ...client, ...keys }, 'production');
    if (!entry) throw new Error(JSON.stringify(findings));
    return { agencyId: agency.id, entry, via: 'page', actor: 'siti', mode: 'production', ...wanted };
  };
  const change = (keys?: object, wanted?: Partial<ChangeRequest>) =>
    write((tx) => applyChange(tx, secrets, request(keys, wanted)));
  return {
    database,
    secrets,
    write,
    request,
    change,
    async [Symbol.asyncDispose]() {
      await database.close();
      await home.drop();
    },
  };
}
