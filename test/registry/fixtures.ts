import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { Secrets, wrappingKeyring } from '#src/base/secrets.ts';
import type { ClientDraft } from '#src/registry/clients.ts';

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
    id: 'puskesmas',
    agencyId: agency.id,
    subjectGroupId: agency.id,
    state: 'live',
    type: 'web',
    name: { id: 'Puskesmas', en: 'Health Centre' },
    purpose: { id: 'Mendaftar antrean.', en: 'To book a place.' },
    homeUri: undefined,
    initiateLoginUri: undefined,
    logoUri: undefined,
    policyUri: undefined,
    tosUri: undefined,
    redirectUris: ['https://puskesmas.contoh.go.id/callback'],
    postLogoutRedirectUris: [],
    responseTypes: ['code'],
    grantTypes: ['authorization_code'],
    scopes: ['openid', 'profile'],
    tokenEndpointAuthMethod: 'client_secret_basic',
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
    claims: [
      { claim: 'name', required: true, purpose: 'Memanggil Anda.', purposeEn: 'To call you.', basis: 'consent' },
      { claim: 'email', required: false, purpose: 'Mengabari Anda.', purposeEn: 'To tell you.', basis: 'public_task' },
    ],
    ...changes,
  };
}
