import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Db } from '#src/base/database.ts';
import { Secrets, wrappingKeyring } from '#src/base/secrets.ts';
import { type ClientDraft, unsaid } from '#src/registry/clients.ts';

/** The hashing of one deployment, without a database to keep its keys. */
export function newSecrets(): Secrets {
  const keyring = wrappingKeyring([randomBytes(32)]);
  return new Secrets(keyring, { token: randomBytes(32), index: randomBytes(32) });
}

export const agency = {
  id: 'dinas-kesehatan',
  name: 'Dinas Kesehatan',
  'name#en': 'Health Office',
  legal_name: 'Dinas Kesehatan Kota Contoh',
  domain: 'dinkes.contoh.go.id',
};

/** A web app's declaration, right in every point. */
export const webClient = {
  client_id: 'puskesmas',
  client_name: 'Puskesmas',
  'client_name#en': 'Health Centre',
  purpose: 'Mendaftar antrean.',
  'purpose#en': 'To book a place.',
  type: 'web',
  redirect_uris: ['https://puskesmas.contoh.go.id/callback'],
  scope: 'openid profile',
  client_secret_env: 'PUSKESMAS_SECRET',
  claims: [
    { name: 'name', required: true, basis: 'consent', purpose: 'Memanggil Anda.', 'purpose#en': 'To call you.' },
  ],
};

/** Declaration files that go with the test. */
export async function openFolder() {
  const directory = await mkdtemp(join(tmpdir(), 'lawang-registrations-'));
  let count = 0;
  /** Writes YAML text, or anything else as YAML; returns the path. */
  const write = async (content: unknown, name?: string): Promise<string> => {
    count += 1;
    const path = join(directory, name ?? `${count}.yaml`);
    const isText = typeof content === 'string' || Buffer.isBuffer(content);
    await writeFile(path, isText ? content : stringify(content, { aliasDuplicateObjects: false }));
    return path;
  };
  return { write, [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }) };
}

/** What `saveClient` takes, for an app of {@link agency}. */
export function clientDraft(changes: Partial<ClientDraft> = {}): ClientDraft {
  return {
    ...unsaid,
    id: 'puskesmas',
    agencyId: agency.id,
    subjectGroupId: agency.id,
    state: 'live',
    type: 'web',
    name: { id: 'Puskesmas', en: 'Health Centre' },
    purpose: { id: 'Mendaftar antrean.', en: 'To book a place.' },
    redirectUris: ['https://puskesmas.contoh.go.id/callback'],
    responseTypes: ['code'],
    grantTypes: ['authorization_code'],
    scopes: ['openid', 'profile'],
    tokenEndpointAuthMethod: 'client_secret_basic',
    claims: [
      { claim: 'name', required: true, purpose: 'Memanggil Anda.', purposeEn: 'To call you.', basis: 'consent' },
      { claim: 'email', required: false, purpose: 'Mengabari Anda.', purposeEn: 'To tell you.', basis: 'public_task' },
    ],
    ...changes,
  };
}

/** No statement may take seconds, however busy the machine is. */
const AT_ONCE = 3_000;

/** Puts `count` live clients in, as `layanan-1` and so on, all of one agency. */
export async function insertManyClients(db: Db, count: number): Promise<void> {
  const now = new Date();
  await db.execute(
    `insert into agencies (id, name, name_en, legal_name, domain, created_at, updated_at)
     values ('besar', 'Besar', 'Large', 'Besar', 'besar.contoh.go.id', $1, $1)`,
    [now],
  );
  await db.execute(`insert into subject_groups (id, agency_id, created_at) values ('besar', 'besar', $1)`, [now]);
  for (let first = 1; first <= count; first += AT_ONCE) {
    const range = [first, Math.min(count, first + AT_ONCE - 1)];
    await db.execute(
      `insert into clients (id, agency_id, subject_group_id, state, type, name, name_en, purpose, purpose_en, redirect_uris,
         post_logout_redirect_uris, response_types, grant_types, scopes, token_endpoint_auth_method,
         id_token_signed_response_alg, require_pkce, require_par, dpop_bound_access_tokens, rotate_refresh, consent_days,
         version, created_at, updated_at)
       select 'layanan-' || n, 'besar', 'besar', 'live', 'web', 'Layanan ' || n, 'Service ' || n, 'Melayani.', 'To serve.',
         array['https://layanan-' || n || '.contoh.go.id/callback'], '{}', '{code}', '{authorization_code}', '{openid,email}',
         'client_secret_basic', 'ES256', true, false, false, false, 365, 1, $3, $3
       from generate_series($1::integer, $2::integer) as n`,
      [...range, now],
    );
    await db.execute(
      `insert into client_claims (client_id, claim, required, purpose, purpose_en, basis)
       select 'layanan-' || n, claim, true, 'Mengabari warga layanan-' || n, 'To tell people layanan-' || n, 'consent'
       from generate_series($1::integer, $2::integer) as n, unnest(array['name', 'email', 'email_verified']) as claim`,
      range,
    );
  }
}
