import { generateKeyPairSync } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { draftOf } from '#src/registry/declarations.ts';
import { clientSchema } from '#src/registry/registration-schema.ts';
import { formatMistake } from '#src/registry/registration-source.ts';
import { readRegistrations, validateRegistrations } from '#src/registry/registrations.ts';
import { agency, openFolder, webClient } from './fixtures.ts';

type Entry = Record<string, unknown>;

const spa = { ...without(webClient, 'client_secret_env'), type: 'spa' };
const machine = { ...without(webClient, 'redirect_uris', 'scope', 'claims'), type: 'machine' };
const native = { ...spa, type: 'native', redirect_uris: ['id.go.contoh.ponsel:/callback'] };

function without(entry: Entry, ...keys: string[]): Entry {
  return Object.fromEntries(Object.entries(entry).filter(([key]) => !keys.includes(key)));
}

async function messagesOf(client: unknown, mode: 'sandbox' | 'production' = 'production'): Promise<string[]> {
  await using folder = await openFolder();
  const path = await folder.write({ agency, clients: [client] });
  const { mistakes } = await readRegistrations([path], { mode });
  return mistakes.map((one) => formatMistake(one).replace(path, 'f'));
}

function jwk(type: 'rsa' | 'ec' | 'ed25519', options: object = {}): Entry {
  const { publicKey } = generateKeyPairSync(type as 'rsa', options as { modulusLength: number });
  return publicKey.export({ format: 'jwk' }) as Entry;
}

const ec = jwk('ec', { namedCurve: 'P-256' });
const assertion = { ...without(webClient, 'client_secret_env'), token_endpoint_auth_method: 'private_key_jwt' };

test.each<[string, Entry]>([
  ['a web app', webClient],
  ['a web app that posts its secret', { ...webClient, token_endpoint_auth_method: 'client_secret_post' }],
  ['an app in the browser', spa],
  ['a native app', native],
  ['a machine', machine],
  ['a web app with an EC key', { ...assertion, jwks: { keys: [ec] } }],
  ['a web app with an RSA key', { ...assertion, jwks: { keys: [jwk('rsa', { modulusLength: 2048 })] } }],
  ['a web app with keys at an address', { ...assertion, jwks_uri: 'https://puskesmas.contoh.go.id/jwks' }],
  ['an old web app without PKCE', { ...webClient, require_pkce: false }],
  [
    'everything',
    {
      ...webClient,
      application_type: 'web',
      state: 'live',
      grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
      response_types: ['code'],
      scope: 'openid profile email phone address offline_access',
      post_logout_redirect_uris: ['https://puskesmas.contoh.go.id/'],
      client_uri: 'https://puskesmas.contoh.go.id',
      logo_uri: 'https://puskesmas.contoh.go.id/logo.png',
      policy_uri: 'https://puskesmas.contoh.go.id/privasi',
      tos_uri: 'https://puskesmas.contoh.go.id/ketentuan',
      initiate_login_uri: 'https://puskesmas.contoh.go.id/masuk',
      backchannel_logout_uri: 'https://puskesmas.contoh.go.id/keluar',
      backchannel_logout_session_required: true,
      id_token_signed_response_alg: 'RS256',
      userinfo_signed_response_alg: 'ES256',
      require_pushed_authorization_requests: true,
      dpop_bound_access_tokens: true,
      rotate_refresh: true,
      default_max_age: 3600,
      subject_group: 'bersama',
      consent_days: 30,
      min_authentication: 'aal2',
      min_identity: 'ial2',
      description: 'Antrean puskesmas.',
      'description#en': 'Places in the queue.',
      sectors: ['kesehatan'],
      audience: ['citizens', 'businesses'],
      service_code: 'RAL.02.03.01',
      retention_days: 90,
      rate_tier: 'low',
      migration_stage: 'default',
      launch_on: '2027-01-31',
      sunset_on: '2030-01-01',
      contacts: [{ role: 'privacy', email: 'pdp@contoh.go.id' }, 'tim@contoh.go.id'],
      event_uri: 'https://puskesmas.contoh.go.id/kabar',
    },
  ],
  ['an app of the FAPI profile', { ...assertion, jwks: { keys: [ec] }, security_profile: 'fapi2' }],
  [
    'a public app that insists on a proven person and reads nothing of them',
    { ...spa, min_identity: 'ial3', claims: [] },
  ],
  ['a public app that reads what nobody vouches for', { ...native, min_identity: 'ial1' }],
])('%s is accepted', async (_, client) => {
  expect(await messagesOf(client)).toEqual([]);
});

test.each<[string, Entry, RegExp]>([
  [
    'an unknown key',
    { ...webClient, redirect_uri: 'x' },
    /:5: the key "redirect_uri" is not known; expected redirect_uris, did/,
  ],
  [
    'a public app that would read verified attributes',
    { ...spa, min_identity: 'ial2' },
    /a public app cannot read verified attributes, and with min_identity ial2 every claim is one/,
  ],
  [
    'a native app that would, whatever key its installations share',
    { ...native, min_identity: 'ial3', token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [ec] } },
    /a public app cannot read verified attributes/,
  ],
  [
    'a public app that would by its scopes',
    { ...without(spa, 'claims'), min_identity: 'ial2' },
    /a public app cannot read verified attributes/,
  ],
  ['a machine that asks who a person is', { ...machine, min_identity: 'ial1' }, /type machine has no people/],
  [
    'FAPI with a secret',
    { ...webClient, security_profile: 'fapi2', token_endpoint_auth_method: 'client_secret_basic' },
    /security_profile fapi2 with token_endpoint_auth_method client_secret_basic; expected private_key_jwt/,
  ],
  [
    'FAPI without pushed requests',
    { ...assertion, jwks: { keys: [ec] }, security_profile: 'fapi2', require_pushed_authorization_requests: false },
    /fapi2 without pushed authorization requests/,
  ],
  [
    'FAPI without bound tokens',
    { ...assertion, jwks: { keys: [ec] }, security_profile: 'fapi2', dpop_bound_access_tokens: false },
    /fapi2 without tokens bound by DPoP/,
  ],
  ['an address of nobody', { ...webClient, contacts: ['tim'] }, /contacts is not an e-mail address/],
  [
    'a contact of an unknown role',
    { ...webClient, contacts: [{ role: 'tekhnical', email: 'tim@contoh.go.id' }] },
    /role is "tekhnical"; expected technical, did/,
  ],
  [
    'a contact twice',
    { ...webClient, contacts: ['tim@contoh.go.id', { role: 'technical', email: 'Tim@contoh.go.id' }] },
    /an address is there twice for one role/,
  ],
  ['no day', { ...webClient, launch_on: '2027-02-30' }, /launch_on is not a day; expected a day like/],
  [
    'an end before the beginning',
    { ...webClient, launch_on: '2027-02-01', sunset_on: '2027-02-01' },
    /sunset_on 2027-02-01 is not after launch_on/,
  ],
  ['a sector twice', { ...webClient, sectors: ['a1', 'a1'] }, /sectors has a word twice/],
  ['nobody to serve', { ...webClient, audience: [] }, /audience is too small/],
  ['a code that is none', { ...webClient, service_code: 'ral 2' }, /service_code is not a code of the national/],
  ['a missing key', without(webClient, 'client_name'), /client_name is missing; expected text/],
  ['a purpose left out', without(webClient, 'purpose'), /purpose is missing/],
  ['a number for text', { ...webClient, client_name: 12 }, /client_name is a number; expected text/],
  ['text for a switch', { ...webClient, require_pkce: 'yes' }, /require_pkce is text; expected true or false/],
  ['an empty value', { ...webClient, client_name: null }, /client_name is empty; expected text/],
  ['only spaces', { ...webClient, client_name: '  ' }, /client_name is too small/],
  [
    'a long name',
    { ...webClient, client_name: 'x'.repeat(101) },
    /client_name is too large; expected at most 100 char/,
  ],
  [
    'a name that turns the writing',
    { ...webClient, client_name: 'a\u202eb' },
    /client_name has a line break or an inv/,
  ],
  ['a name of two lines', { ...webClient, client_name: 'a\nb' }, /client_name has a line break or an invisible/],
  [
    'a client id of the provider',
    { ...webClient, client_id: 'lawang-account' },
    /client_id begins with lawang-; expected another/,
  ],
  ['a client id in capitals', { ...webClient, client_id: 'Puskesmas' }, /client_id is not a short word/],
  ['an unknown type', { ...webClient, type: 'nativ' }, /type is "nativ"; expected native, did you mean that/],
  [
    'types that contradict',
    { ...webClient, application_type: 'native' },
    /application_type native does not go with type web/,
  ],
  ['an unknown state', { ...webClient, state: 'alive' }, /state is "alive"; expected live, did/],
  ['the implicit flow', { ...webClient, response_types: ['token'] }, /response_types is "token"; expected code/],
  ['a hybrid flow', { ...webClient, response_types: ['code id_token'] }, /response_types is "code id_token"/],
  [
    'the password grant',
    { ...webClient, grant_types: ['password'] },
    /grant_types is "password"; expected one of auth/,
  ],
  [
    'no grant to sign in',
    { ...without(webClient, 'redirect_uris'), grant_types: ['refresh_token'] },
    /signs people in; expected authorization_code/,
  ],
  ['no redirect URI', { ...webClient, redirect_uris: [] }, /redirect_uris is missing or empty/],
  ['http', { ...webClient, redirect_uris: ['http://localhost:3001/'] }, /:9: "http:\/\/localhost:3001\/" is not https/],
  ['an address twice', { ...webClient, redirect_uris: ['https://a.id/', 'https://a.id/'] }, /address is there twice/],
  [
    '51 addresses',
    { ...webClient, redirect_uris: Array(51).fill('https://a.id/') },
    /redirect_uris is too large; expected at most 50 en/,
  ],
  ['an unknown minimum', { ...webClient, min_authentication: 'aal4' }, /min_authentication is "aal4"; expected aal/],
  [
    'a minimum for nobody',
    { ...machine, min_authentication: 'aal2' },
    /an app of type machine signs nobody in; expected the key left out/,
  ],
  [
    'a bad address after sign-out',
    { ...webClient, post_logout_redirect_uris: ['https://a.id/*'] },
    /"https:\/\/a.id\/\*" has a \*/,
  ],
  ['a bad home', { ...webClient, client_uri: 'javascript:alert(1)' }, /"javascript:alert\(1\)" is not https/],
  ['a bad logo', { ...webClient, logo_uri: 'http://a.id/' }, /is not https/],
  ['notices by http', { ...webClient, backchannel_logout_uri: 'http://a.id/' }, /"http:\/\/a.id\/" is not https/],
  ['notices to a private address', { ...webClient, backchannel_logout_uri: 'https://10.0.0.1/' }, /host 10.0.0.1/],
  ['notices to a machine', { ...machine, backchannel_logout_uri: 'https://a.id/' }, /no backchannel_logout_uri/],
  [
    'sessions in notices that go nowhere',
    { ...webClient, backchannel_logout_session_required: true },
    /asks for the session in notices that have no address; expected backchannel_logout_uri/,
  ],
  ['an unknown scope', { ...webClient, scope: 'openid emial' }, /the scope "emial" is not known; expected email, did/],
  ['no openid', { ...webClient, scope: 'profile' }, /the scope openid is missing/],
  ['a scope twice', { ...webClient, scope: 'openid openid' }, /a scope is there twice/],
  [
    'offline without refresh',
    { ...webClient, scope: 'openid offline_access' },
    /offline_access without the grant refresh_token/,
  ],
  ['an unknown claim', { ...webClient, claims: [{ ...webClient.claims[0], name: 'nik' }] }, /name is "nik"/],
  [
    'a claim twice',
    { ...webClient, claims: [webClient.claims[0], webClient.claims[0]] },
    /the claim name is there twice/,
  ],
  [
    'a claim without a purpose',
    { ...webClient, claims: [without(webClient.claims[0] ?? {}, 'purpose')] },
    /purpose is missing/,
  ],
  [
    'an unknown key of a claim',
    { ...webClient, claims: [{ ...webClient.claims[0], why: 'x' }] },
    /the key "why" is not known; expected one of name, req/,
  ],
  [
    'an unknown basis',
    { ...webClient, claims: [{ ...webClient.claims[0], basis: 'agreement' }] },
    /basis is "agreement"; expected one of consent/,
  ],
  [
    'a web app without authentication',
    { ...without(webClient, 'client_secret_env'), token_endpoint_auth_method: 'none' },
    /type web cannot authenticate by none/,
  ],
  [
    'a browser app with a secret',
    { ...webClient, type: 'spa', token_endpoint_auth_method: 'client_secret_basic' },
    /type spa cannot authenticate by client_secret_basic; expected none/,
  ],
  ['a browser app without PKCE', { ...spa, require_pkce: false }, /cannot go without PKCE/],
  ['a native app without PKCE', { ...native, require_pkce: false }, /cannot go without PKCE/],
  ['a browser app that keeps refresh tokens', { ...spa, rotate_refresh: false }, /uses each refresh token once/],
  [
    "a browser app with a secret's variable",
    { ...spa, client_secret_env: 'X_SECRET' },
    /does not go with token_endpoint_auth_method none/,
  ],
  [
    'client credentials without authentication',
    { ...spa, grant_types: ['authorization_code', 'client_credentials'] },
    /client_credentials without authentication/,
  ],
  [
    'a machine that signs people in',
    { ...machine, grant_types: ['authorization_code'], redirect_uris: ['https://a.id/'] },
    /type machine has no people; expected \[client_cred/,
  ],
  ['a machine with scopes', { ...machine, scope: 'openid' }, /type machine has no people; expected no scope/],
  ['a machine with claims', { ...machine, claims: webClient.claims }, /type machine has no people; expected no claims/],
  [
    'a machine with addresses',
    { ...machine, redirect_uris: webClient.redirect_uris },
    /redirect_uris without authorization_code/,
  ],
  ['an assertion without keys', assertion, /private_key_jwt without keys; expected jwks or jwks_uri/],
  [
    'keys from two places',
    { ...assertion, jwks: { keys: [ec] }, jwks_uri: 'https://a.id/' },
    /jwks and jwks_uri together/,
  ],
  ['keys by http', { ...assertion, jwks_uri: 'http://a.id/' }, /"http:\/\/a.id\/" is not https/],
  ['keys at a private address', { ...assertion, jwks_uri: 'https://10.0.0.1/' }, /has the host 10.0.0.1/],
  [
    'a private key',
    { ...assertion, jwks: { keys: [{ ...ec, d: 'x' }] } },
    /private or a shared key; expected the public part alone/,
  ],
  ['a shared key', { ...assertion, jwks: { keys: [{ kty: 'oct', k: 'x' }] } }, /private or a shared key/],
  [
    'a short RSA key',
    { ...assertion, jwks: { keys: [jwk('rsa', { modulusLength: 1024 })] } },
    /not a key that can be accepted; expected an RSA key of 2048/,
  ],
  [
    'an unusual curve',
    { ...assertion, jwks: { keys: [jwk('ec', { namedCurve: 'secp256k1' })] } },
    /not a key that can be accepted/,
  ],
  [
    'a point off the curve',
    { ...assertion, jwks: { keys: [{ ...ec, x: ec.y, y: ec.x }] } },
    /not a key that can be accepted/,
  ],
  ['a key to encrypt', { ...assertion, jwks: { keys: [{ ...ec, use: 'enc' }] } }, /is not for signing/],
  [
    'two keys of one name',
    {
      ...assertion,
      jwks: {
        keys: [
          { ...ec, kid: 'a' },
          { ...ec, kid: 'a' },
        ],
      },
    },
    /two keys of one kid/,
  ],
  ['no keys', { ...assertion, jwks: { keys: [] } }, /has 0 keys/],
  [
    'a secret without a source',
    without(webClient, 'client_secret_env'),
    /client_secret_env is missing; expected the env/,
  ],
  ['a secret in the file', { ...webClient, client_secret: 'x' }, /the key "client_secret" is not known/],
  [
    'an algorithm without a signature',
    { ...webClient, id_token_signed_response_alg: 'none' },
    /id_token_signed_response_alg is "none"; expected one of ES256, RS256/,
  ],
  ['a negative age', { ...webClient, default_max_age: -1 }, /default_max_age is too small/],
  [
    'a permission for ever',
    { ...webClient, consent_days: 100_000 },
    /consent_days is too large; expected at most 1825/,
  ],
])('%s is refused', async (_, client, message) => {
  const messages = await messagesOf(client);
  expect(messages).toHaveLength(1);
  expect(messages[0]).toMatch(message);
  expect(messages[0]).toMatch(/^f:\d+:\d+: .+; expected .+/);
});

test('every mistake of a file is reported at once, with its line and column', async () => {
  await using folder = await openFolder();
  const path = await folder.write(`agency:
  id: dinas-kesehatan
  name: Dinas Kesehatan
  name#en: Health Office
  legal_name: Dinas Kesehatan Kota Contoh
  domain: https://dinkes.contoh.go.id
clients:
  - client_id: satu
    client_nmae: Satu
    client_name#en: One
    purpose: Untuk satu.
    purpose#en: For one.
    redirect_uris:
      - https://satu.contoh.go.id/callback
      - https://satu.contoh.go.id/*
    scope: openid profil
    require_pkce: maybe
  - client_id: satu
    client_name: Dua
    client_name#en: Two
    purpose: Untuk dua.
    purpose#en: For two.
    type: spa
    redirect_uris: [http://dua.contoh.go.id/]
`);
  const { messages, clients } = await validateRegistrations([path], { mode: 'sandbox' });
  expect(messages.map((message) => message.replaceAll(path, 'f'))).toEqual([
    'f:6:11: domain is not a domain name; expected a name like dinkes.contoh.go.id',
    'f:8:5: client_name is missing; expected text',
    'f:9:5: the key "client_nmae" is not known; expected client_name, did you mean that?',
    'f:15:9: "https://satu.contoh.go.id/*" has a *; expected each address in full',
    'f:16:5: the scope "profil" is not known; expected profile, did you mean that?',
    'f:17:19: require_pkce is text; expected true or false',
    'f:24:21: "http://dua.contoh.go.id/" is not https; expected https, or http on localhost, 127.0.0.1 or [::1]',
    'f:18:5: the client "satu" is declared already at f:8; expected a client_id of its own',
  ]);
  expect(clients).toBe(0);
});

test('the same client in two files and an agency described in two ways are mistakes of the second', async () => {
  await using folder = await openFolder();
  const one = await folder.write({ agency, clients: [webClient] });
  const two = await folder.write({ agency: { ...agency, name: 'Lain' }, clients: [webClient] });
  const { messages } = await validateRegistrations([one, two], { mode: 'production' });
  expect(messages).toEqual([
    `${two}:1:1: the agency dinas-kesehatan is described differently in ${one}; expected the same description in every file`,
    `${two}:8:5: the client "puskesmas" is declared already at ${one}:8; expected a client_id of its own`,
  ]);
});

test.each<[string, string | Buffer, RegExp]>([
  ['a tab', 'agency:\n\tid: x\n', /f:2:1: Tabs are not allowed as indentation; expected spaces/],
  ['a key twice', 'agency: 1\nagency: 2\n', /f:2:1: Map keys must be unique; expected each key once/],
  ['an open bracket', 'clients: [1, 2\nagency: 3\n', /f:\d+:\d+: .+; expected/],
  ['two documents', 'agency: 1\n---\nagency: 2\n', /f:2:\d+: .+; expected one document/],
  ['an alias', 'agency: &a {}\nclients: *a\n', /f:2:10: the alias \*a; expected the value itself/],
  ['an unknown tag', 'agency: !!js/function x\n', /f:1:\d+: Unresolved tag/],
  ['nothing', '', /f:1:1: the file is empty; expected a mapping/],
  ['a text', 'halo', /f:1:1: the file is text; expected a mapping/],
  ['a list', '- 1', /f:1:1: the file is a list; expected a mapping/],
  ['no clients', 'clients: []', /f:1:10: clients is too small; expected at least 1 entries/],
  ['a client that is text', 'clients: [halo]', /f:1:11: the client is text; expected a mapping/],
  ['a name of every object', 'clients: []\n__proto__: {}\n', /f:2:1: the key "__proto__" is not known/],
  ['other encodings', Buffer.from([0x61, 0xff, 0xfe]), /f: the file is not UTF-8/],
  ['a file too large', Buffer.alloc(32 * 1024 * 1024 + 1, ' '), /f: the file is too large/],
  ['a bomb of brackets', '['.repeat(200_000), /f:1:\d+: .+; expected/],
])('%s is answered with the line', async (_, content, message) => {
  await using folder = await openFolder();
  const path = await folder.write(content);
  const { messages } = await validateRegistrations([path], { mode: 'sandbox' });
  expect(messages.map((one) => one.replace(path, 'f'))).toContainEqual(expect.stringMatching(message));
  expect(messages.length).toBeLessThanOrEqual(20);
});

test('a file that is not there is a mistake among the others', async () => {
  await using folder = await openFolder();
  const good = await folder.write({ agency, clients: [webClient] });
  const result = await validateRegistrations(['/tidak/ada.yaml', good], { mode: 'production' });
  expect(result).toEqual({
    agencies: 1,
    clients: 1,
    messages: ['/tidak/ada.yaml: the file cannot be read (ENOENT); expected a YAML file'],
  });
});

test('no content makes the check throw', async () => {
  await using folder = await openFolder();
  const key = fc.constantFrom(...Object.keys(webClient), 'jwks', 'keys', 'agency', 'clients', 'grant_types', 'id');
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof({ depthSize: 'small' }, fc.jsonValue(), fc.array(tie('tree'), { maxLength: 3 }), tie('entry')),
    entry: fc.dictionary(key, tie('tree'), { maxKeys: 4 }),
  }));
  await fc.assert(
    fc.asyncProperty(tree, async (value) => {
      const client = { ...webClient, ...(typeof value === 'object' ? value : { claims: value }) };
      const path = await folder.write(JSON.stringify({ agency: value, clients: [client, value] }), 'any.yaml');
      const { messages } = await validateRegistrations([path], { mode: 'production' });
      expect(messages.length).toBeGreaterThan(0);
    }),
    { numRuns: 300 },
  );
});

test('Bahasa Indonesia stands in for a language left out, and the scopes for claims left out', async () => {
  const agency = { id: 'dinas-uji', name: 'Dinas Uji' };
  const client = {
    client_id: 'layanan-uji',
    client_name: 'Layanan Uji',
    purpose: 'Menguji layanan.',
    redirect_uris: ['https://uji.contoh.go.id/callback'],
    scope: 'openid email',
  };
  await using folder = await openFolder();
  const path = await folder.write({ agency, clients: [client] });
  const { registrations, mistakes } = await readRegistrations([path], { mode: 'sandbox' });

  expect(mistakes).toEqual([]);
  expect(registrations[0]?.agency).toMatchObject({
    nameEn: 'Dinas Uji',
    legalName: 'Dinas Uji',
    domain: 'uji.contoh.go.id',
  });
  const entry = registrations[0]?.clients[0]?.entry;
  const declared = entry && draftOf(entry, agency, undefined, 'sandbox');
  expect(declared?.name).toEqual({ id: 'Layanan Uji', en: 'Layanan Uji' });
  const claim = { required: true, basis: 'consent', purpose: 'Menguji layanan.', purposeEn: 'Menguji layanan.' };
  expect(declared?.claims).toEqual([
    { claim: 'email', ...claim },
    { claim: 'email_verified', ...claim },
  ]);
});

describe('the published JSON Schema', () => {
  const directory = new URL('../../clients/registrations/', import.meta.url);

  async function readSchema() {
    const text = await readFile(new URL('schema.json', directory), 'utf8');
    return z.fromJSONSchema(JSON.parse(text) as Parameters<typeof z.fromJSONSchema>[0]);
  }

  test('takes the example files, and each names it', async () => {
    const schema = await readSchema();
    const names = (await readdir(directory)).filter((name) => name.endsWith('.yaml'));
    expect(names.length).toBeGreaterThan(2);
    for (const name of names) {
      const text = await readFile(new URL(name, directory), 'utf8');
      expect(text, name).toMatch(/^# yaml-language-server: \$schema=schema\.json\n/);
      expect(schema.safeParse(parse(text)).error, name).toBeUndefined();
    }
  });

  test.each<[string, Entry]>([
    ['an unknown key', { ...webClient, redirect_uri: 'x' }],
    ['an unknown claim', { ...webClient, claims: [{ name: 'nik', purpose: 'x' }] }],
    ['a contact of an unknown role', { ...webClient, contacts: [{ role: 'x', email: 'tim@contoh.go.id' }] }],
    ['a missing purpose', without(webClient, 'purpose')],
  ])('refuses %s', async (_, client) => {
    const schema = await readSchema();
    expect(schema.safeParse({ agency, clients: [webClient] }).success).toBe(true);
    expect(schema.safeParse({ agency, clients: [client] }).success).toBe(false);
  });

  test('says of each key what it is for', () => {
    for (const [key, schema] of Object.entries(clientSchema.shape))
      if (!key.endsWith('#en')) expect(schema.description, key).toMatch(/\.$/);
  });
});
