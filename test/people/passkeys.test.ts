import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { newAccountId } from '#src/base/secrets.ts';
import type { Account } from '#src/people/accounts.ts';
import { type Makers, noMakers, readMakers } from '#src/people/makers.ts';
import { createAccount } from '#src/people/new-accounts.ts';
import { addPasskey, newRegistrationOptions } from '#src/people/passkey-registration.ts';
import { findForgottenPasskey, newAuthenticationOptions, verifyAuthentication } from '#src/people/passkey-sign-in.ts';
import { hasPasskey, listPasskeys, openNames, removePasskey, renamePasskey } from '#src/people/passkeys.ts';
import { userHandleOf } from '#src/people/webauthn.ts';
import { setAccountState } from '#test/support/account-state.ts';
import {
  type AuthenticationForgery,
  type RegistrationForgery,
  SoftwareAuthenticator,
} from '#test/support/authenticator.ts';
import { certify } from '#test/support/certificates.ts';
import { type MetadataService, MODEL, openMetadataService } from '#test/support/metadata.ts';
import { email, openPeople, type People, refusalOf } from './people.ts';

let people: People;

const site = { rpId: 'masuk.contoh.id', origin: 'https://masuk.contoh.id' };
const GOOGLE = 'ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4';

beforeAll(async () => {
  people = await openPeople();
});

afterAll(() => people[Symbol.asyncDispose]());
afterEach(() => vi.useRealTimers());

type Registration = RegistrationForgery & { origin?: string; boundTo?: string; accountId?: string; label?: string };
type SignIn = AuthenticationForgery & { origin?: string; boundTo?: string };

/** Adds a passkey of `device` to an account, as honestly as `forged` allows. */
async function register(
  account: { id: string },
  device: SoftwareAuthenticator,
  forged: Registration = {},
  { makers = noMakers, wantsHardware = false }: { makers?: Makers; wantsHardware?: boolean } = {},
) {
  const { database, secrets } = people;
  const { boundTo = 'browser', accountId = account.id, label, origin = site.origin, ...cheat } = forged;
  const options = await newRegistrationOptions(secrets, {
    rpId: site.rpId,
    rpName: 'Lawang',
    accountId: account.id,
    accountName: 'siti@contoh.id',
    displayName: 'Siti',
    boundTo: 'browser',
    wantsHardware,
    exclude: (await listPasskeys(database, account.id)).map(({ credentialId }) => credentialId),
  });
  const credential = JSON.stringify(device.create(options, { origin, ...cheat }));
  const answered = { ...site, makers, accountId, boundTo, credential, ...(label && { label }) };
  return people.request((db) => addPasskey(db, secrets, answered));
}

/** Signs in with `device`, as honestly as `forged` allows. */
async function signIn(device: SoftwareAuthenticator, forged: SignIn = {}, makers: Makers = noMakers) {
  const { boundTo = 'browser', origin = site.origin, ...cheat } = forged;
  const options = await newAuthenticationOptions(people.secrets, {
    rpId: site.rpId,
    boundTo: 'browser',
  });
  return answer(JSON.stringify(device.get(options, { origin, ...cheat })), boundTo, makers);
}

function answer(credential: string, boundTo = 'browser', makers: Makers = noMakers) {
  return people.request((db) => verifyAuthentication(db, people.secrets, { ...site, makers, boundTo, credential }));
}

/** The reason in the log, beside the one code that is shown. */
async function reasonOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (refused: unknown) => refused,
  );
  expect(error).toMatchObject({ name: 'Refusal', code: 'passkey_failed' });
  return (error as Error).message;
}

let citizens = 0;

async function citizenWith(device: SoftwareAuthenticator): Promise<Account> {
  citizens += 1;
  const account = await people.citizen(`pemilik-${citizens}`);
  await register(account, device);
  return account;
}

test.each(['ES256', 'EdDSA', 'RS256'] as const)('a passkey with %s signs its owner in', async (algorithm) => {
  const device = new SoftwareAuthenticator({ algorithm });
  const account = await citizenWith(device);
  const signedIn = await signIn(device);
  expect(signedIn).toEqual({
    accountId: account.id,
    acr: 'aal2',
    amr: ['pop', 'user', 'mfa'],
    credentialId: device.credentials[0]?.id,
  });
});

test('a synchronised passkey says that its key is software', async () => {
  const device = new SoftwareAuthenticator({ synced: true });
  await citizenWith(device);
  expect((await signIn(device)).amr).toEqual(['pop', 'swk', 'user', 'mfa']);
  expect((await signIn(device)).acr).toBe('aal2');
});

describe('a key whose maker vouches for its hardware', () => {
  let service: MetadataService;
  beforeAll(async () => {
    service = await openMetadataService();
  });
  afterAll(() => service?.[Symbol.asyncDispose]());

  const asked = { wantsHardware: true };
  const proof = ({ acr, amr }: { acr: string; amr: readonly string[] }) => [acr, amr.includes('hwk')];

  test('is aal3, from the moment it is made, and only as long as the model counts', async () => {
    const makers = await readMakers(service);
    const device = new SoftwareAuthenticator({ aaguid: MODEL, attestedBy: service.attestedBy });
    const account = await people.citizen('perangkat-keras');
    expect(proof(await register(account, device, {}, { makers, ...asked }))).toEqual(['aal3', true]);
    expect(proof(await signIn(device, {}, makers))).toEqual(['aal3', true]);
    expect(proof(await signIn(device))).toEqual(['aal2', false]);
    await service.publish({ statuses: ['REVOKED'] });
    expect(proof(await signIn(device, {}, await readMakers(service)))).toEqual(['aal2', false]);
    await service.publish();
  });

  test('is aal2 where nobody asked for it, nobody is known, or somebody else signed', async () => {
    const makers = await readMakers(service);
    const honest = () => new SoftwareAuthenticator({ aaguid: MODEL, attestedBy: service.attestedBy });
    const stranger = certify({ name: 'Stranger' });
    const attestedBy = { privateKey: stranger.privateKey, certificates: [stranger.der] };
    const cases: [SoftwareAuthenticator, object][] = [
      [honest(), { makers }],
      [honest(), asked],
      [new SoftwareAuthenticator({ aaguid: MODEL }), { makers, ...asked }],
      [new SoftwareAuthenticator({ attestedBy: service.attestedBy }), { makers, ...asked }],
      [new SoftwareAuthenticator({ aaguid: MODEL, attestedBy }), { makers, ...asked }],
      [
        new SoftwareAuthenticator({ aaguid: MODEL, attestedBy: service.attestedBy, synced: true }),
        { makers, ...asked },
      ],
    ];
    for (const [device, more] of cases) {
      citizens += 1;
      const account = await people.citizen(`tanpa-jaminan-${citizens}`);
      expect(proof(await register(account, device, {}, more))).toEqual(['aal2', false]);
      expect(proof(await signIn(device, {}, makers))).toEqual(['aal2', false]);
    }
  });

  test('is refused when the signature of its maker is not over this key', async () => {
    const attestedBy = { ...service.attestedBy, privateKey: certify({ name: 'Other' }).privateKey };
    const device = new SoftwareAuthenticator({ aaguid: MODEL, attestedBy });
    const account = await people.citizen('tanda-tangan-lain');
    const makers = await readMakers(service);
    expect(await reasonOf(register(account, device, {}, { makers, ...asked }))).toContain('attestation');
  });

  test('is written down by the format of its statement', async () => {
    const device = new SoftwareAuthenticator({ aaguid: MODEL, attestedBy: service.attestedBy });
    const account = await people.citizen('format-bukti');
    await register(account, device, {}, asked);
    await register(account, new SoftwareAuthenticator());
    const rows = await people.database.query(
      'select attestation_format, is_attested from passkeys where account_id = $1 order by attestation_format',
      [account.id],
    );
    expect(rows).toEqual([
      { attestation_format: 'none', is_attested: false },
      { attestation_format: 'packed', is_attested: false },
    ]);
  });
});

test('an account and its first passkey are made in one unit, the passkey’s options before the account', async () => {
  const { secrets } = people;
  const id = newAccountId();
  const options = await newRegistrationOptions(secrets, {
    rpId: site.rpId,
    rpName: 'Lawang',
    accountId: id,
    accountName: 'baru@contoh.id',
    displayName: 'Baru',
    boundTo: 'daftar',
  });
  expect(options).toMatchObject({
    attestation: 'none',
    authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
    pubKeyCredParams: [{ alg: -7 }, { alg: -8 }, { alg: -257 }],
    user: { id: userHandleOf(id) },
  });
  const device = new SoftwareAuthenticator();
  const credential = JSON.stringify(device.create(options, site));
  await people.request(async (db) => {
    await createAccount(db, secrets, { id, name: 'Baru', language: 'id', identifier: email('baru') });
    await addPasskey(db, secrets, { ...site, accountId: id, boundTo: 'daftar', credential });
  });
  expect((await signIn(device)).accountId).toBe(id);
});

test('the options for signing in name no credential and ask for the owner', async () => {
  const options = await newAuthenticationOptions(people.secrets, { rpId: site.rpId, boundTo: 'x' });
  expect(options).toMatchObject({ rpId: site.rpId, userVerification: 'required' });
  expect(options.allowCredentials).toBeUndefined();
  expect(Buffer.from(options.challenge, 'base64url')).toHaveLength(38);
});

const lies: [string, SignIn, RegExp][] = [
  ['another origin', { origin: 'https://jahat.example' }, /origin/],
  ['a look-alike suffix of the origin', { origin: 'https://masuk.contoh.id.jahat.example' }, /origin/],
  ['a look-alike prefix of the origin', { origin: 'https://jahat-masuk.contoh.id' }, /origin/],
  ['plain http', { origin: 'http://masuk.contoh.id' }, /origin/],
  ['another port', { origin: 'https://masuk.contoh.id:8443' }, /origin/],
  ['another relying party', { rpId: 'jahat.example' }, /RP ?ID/i],
  ['a challenge we never made', { challenge: randomBytes(32).toString('base64url') }, /challenge/],
  ['the challenge of another browser', { boundTo: 'another' }, /challenge/],
  ['a registration’s client data', { type: 'webauthn.create' }, /type/],
  ['a page inside another site', { crossOrigin: true }, /inside another site/],
  ['no user verification', { userVerified: false }, /verif/],
  ['no user present', { userPresent: false }, /present/],
  ['a signature with one bit changed', { tamperedSignature: true }, /signature/],
  ['no user handle', { userHandle: null }, /userHandle/],
  ['a user handle of nobody', { userHandle: userHandleOf(newAccountId()) }, /no such passkey/],
  ['a user handle of another shape', { userHandle: 'c2l0aQ' }, /user handle/],
  ['an unknown credential', { credentialId: randomBytes(32).toString('base64url') }, /no such passkey/],
  ['a credential id over 1,023 bytes', { credentialId: randomBytes(1024).toString('base64url') }, /1,023/],
  ['the backup eligibility flipped', { backupEligible: true }, /eligibility/],
  ['backed up without being eligible', { backedUp: true }, /backed up/i],
];

test.each(lies)('signing in is refused: %s', async (_, lie, reason) => {
  const device = new SoftwareAuthenticator();
  await citizenWith(device);
  expect(await reasonOf(signIn(device, lie))).toMatch(reason);
  expect(await refusalOf(signIn(device))).toBeUndefined();
});

test('a passkey that was synchronised cannot become one that is not', async () => {
  const device = new SoftwareAuthenticator({ synced: true });
  const account = await citizenWith(device);
  expect(await reasonOf(signIn(device, { backupEligible: false, backedUp: false }))).toMatch(/eligibility/);
  await signIn(device, { backedUp: false });
  expect(await listPasskeys(people.database, account.id)).toMatchObject([{ backedUp: false }]);
});

test('somebody else’s credential does not sign in to an account', async () => {
  const [mine, theirs] = [new SoftwareAuthenticator(), new SoftwareAuthenticator()];
  const me = await citizenWith(mine);
  await citizenWith(theirs);
  expect(await reasonOf(signIn(theirs, { userHandle: userHandleOf(me.id) }))).toMatch(/no such passkey/);
  const credentialId = mine.credentials[0]?.id ?? '';
  expect(await reasonOf(signIn(theirs, { userHandle: userHandleOf(me.id), credentialId }))).toMatch(/signature|lower/);
});

test('a counter that does not go on is refused: the passkey was copied', async () => {
  const device = new SoftwareAuthenticator();
  await citizenWith(device);
  await signIn(device, { counter: 10 });
  expect(await reasonOf(signIn(device, { counter: 10 }))).toMatch(/counter/i);
  expect(await reasonOf(signIn(device, { counter: 3 }))).toMatch(/counter/i);
  expect(await reasonOf(signIn(device, { counter: 0 }))).toMatch(/counter/i);
  expect(await refusalOf(signIn(device, { counter: 11 }))).toBeUndefined();
});

test('of fifty parallel uses of one challenge exactly one signs in', async () => {
  const device = new SoftwareAuthenticator({ synced: true });
  await citizenWith(device);
  const options = await newAuthenticationOptions(people.secrets, {
    rpId: site.rpId,
    boundTo: 'browser',
  });
  const outcomes = await Promise.all(
    Array.from({ length: 50 }, () => refusalOf(answer(JSON.stringify(device.get(options, site))))),
  );
  expect(outcomes.filter((code) => code === undefined)).toHaveLength(1);
  expect(outcomes.filter((code) => code === 'passkey_failed')).toHaveLength(49);
});

test('two copies of a device that answer at once with one counter: one signs in', async () => {
  const device = new SoftwareAuthenticator();
  await citizenWith(device);
  const outcomes = await Promise.all(Array.from({ length: 10 }, () => refusalOf(signIn(device, { counter: 100 }))));
  expect(outcomes.filter((code) => code === undefined)).toHaveLength(1);
});

test('a challenge ends after half an hour', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  const device = new SoftwareAuthenticator({ synced: true });
  await citizenWith(device);
  const options = await newAuthenticationOptions(people.secrets, {
    rpId: site.rpId,
    boundTo: 'browser',
  });
  vi.setSystemTime(Date.now() + 31 * 60 * 1000);
  expect(await reasonOf(answer(JSON.stringify(device.get(options, site))))).toMatch(/challenge/);
});

test('a challenge for adding signs nobody in, and one account’s challenge adds nothing to another', async () => {
  const { database, secrets } = people;
  const device = new SoftwareAuthenticator();
  const account = await citizenWith(device);
  const { challenge } = await newRegistrationOptions(secrets, {
    rpId: site.rpId,
    rpName: 'Lawang',
    accountId: account.id,
    accountName: 'x',
    displayName: 'x',
    boundTo: 'browser',
  });
  expect(await reasonOf(signIn(device, { challenge }))).toMatch(/challenge/);
  const other = await people.citizen('lain-akun');
  expect(await reasonOf(register(account, new SoftwareAuthenticator(), { accountId: other.id }))).toMatch(/challenge/);
  expect(await hasPasskey(database, other.id)).toBe(false);
});

test.each([
  ['frozen', 'account_frozen'],
  ['disabled', 'passkey_failed'],
] as const)('the passkey of a %s account is refused, and a wrong one tells nothing', async (state, code) => {
  const device = new SoftwareAuthenticator();
  const { id } = await citizenWith(device);
  await setAccountState(people.database, id, state);
  expect(await refusalOf(signIn(device))).toBe(code);
  for (const [, lie, reason] of lies) expect(await reasonOf(signIn(device, lie))).toMatch(reason);
  await setAccountState(people.database, id, 'active');
  expect(await refusalOf(signIn(device))).toBeUndefined();
});

test('an algorithm that left the policy signs nobody in', async () => {
  const device = new SoftwareAuthenticator();
  const { id } = await citizenWith(device);
  await people.database.execute('update passkeys set algorithm = -35 where account_id = $1', [id]);
  expect(await reasonOf(signIn(device))).toMatch(/algorithm/);
});

const falseRegistrations: [string, Registration, RegExp][] = [
  ['another origin', { origin: 'https://masuk.contoh.id.jahat.example' }, /origin/],
  ['another relying party', { rpId: 'jahat.example' }, /RP ?ID/i],
  ['a challenge we never made', { challenge: randomBytes(32).toString('base64url') }, /challenge/],
  ['the challenge of another browser', { boundTo: 'another' }, /challenge/],
  ['a sign-in’s client data', { type: 'webauthn.get' }, /type/],
  ['a page inside another site', { crossOrigin: true }, /inside another site/],
  ['no user verification', { userVerified: false }, /verif/],
  ['no user present', { userPresent: false }, /present/],
  ['an algorithm outside the policy', { algorithm: 'ES384' }, /alg/],
  ['backed up without being eligible', { backedUp: true }, /backed up/i],
  ['a credential id of 1,024 bytes', { credentialIdLength: 1024 }, /1,023/],
];

test.each(falseRegistrations)('adding is refused: %s', async (_, lie, reason) => {
  citizens += 1;
  const account = await people.citizen(`penambah-${citizens}`);
  expect(await reasonOf(register(account, new SoftwareAuthenticator(), lie))).toMatch(reason);
  expect(await hasPasskey(people.database, account.id)).toBe(false);
});

test('a credential id of 1,023 bytes is accepted', async () => {
  const device = new SoftwareAuthenticator();
  await register(await people.citizen('panjang'), device, { credentialIdLength: 1023 });
  expect(await refusalOf(signIn(device))).toBeUndefined();
});

test('a credential belongs to one account, also when two add it at once', async () => {
  const credentialId = randomBytes(32).toString('base64url');
  const accounts = await Promise.all(['pertama', 'kedua', 'ketiga'].map((name) => people.citizen(name)));
  const outcomes = await Promise.all(
    accounts.map((account) => refusalOf(register(account, new SoftwareAuthenticator(), { credentialId }))),
  );
  expect(outcomes.filter((code) => code === undefined)).toHaveLength(1);
  const owner = accounts[outcomes.indexOf(undefined)] as Account;
  expect(await reasonOf(register(owner, new SoftwareAuthenticator(), { credentialId }))).toMatch(/already known/);
});

test('several passkeys, named after their make or by their owner; one is removed and the others go on', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  /** What is ordered by its time is a second apart. */
  const next = () => void vi.setSystemTime(Date.now() + 1_000);
  const { database, secrets } = people;
  const account = await people.citizen('banyak-kunci');
  const devices = [
    new SoftwareAuthenticator({ aaguid: GOOGLE, synced: true }),
    new SoftwareAuthenticator(),
    new SoftwareAuthenticator(),
  ];
  const ids: string[] = [];
  for (const device of devices) {
    ids.push((await register(account, device)).credentialId);
    next();
  }
  const own = { credentialId: ids[2] ?? '', label: ' Kunci\u0000 kantor ', language: 'id' } as const;
  await people.request((db) => renamePasskey(db, secrets, account.id, own));
  const listed = await listPasskeys(database, account.id);
  expect(listed[2]?.ownName?.includes('Kunci')).toBe(false);
  expect([...(await openNames(database, secrets, account.id, listed)).values()]).toEqual([
    'Google Password Manager',
    'Kunci sandi (passkey)',
    'Kunci kantor',
  ]);
  expect(listed.map(({ lastUsedAt }) => lastUsedAt)).toEqual([undefined, undefined, undefined]);
  next();
  await people.request((db) => removePasskey(db, secrets, account.id, ids[0] ?? ''));
  expect(await reasonOf(signIn(devices[0] as SoftwareAuthenticator))).toMatch(/no such passkey/);
  expect(await refusalOf(signIn(devices[1] as SoftwareAuthenticator))).toBeUndefined();
  expect(await refusalOf(removePasskey(database, secrets, account.id, ids[0] ?? ''))).toBe('not_found');
  const stranger = await people.citizen('orang-lain');
  expect(await refusalOf(removePasskey(database, secrets, stranger.id, ids[1] ?? ''))).toBe('not_found');
  expect((await listPasskeys(database, account.id))[0]?.lastUsedAt).toBeInstanceOf(Date);
  const events = await database.query<{ kind: string }>(
    `select kind from account_events where account_id = $1 and kind like 'passkey.%' order by at, kind`,
    [account.id],
  );
  expect(events.map(({ kind }) => kind)).toEqual([
    'passkey.added',
    'passkey.added',
    'passkey.added',
    'passkey.renamed',
    'passkey.removed',
  ]);
  await people.request((db) => renamePasskey(db, secrets, account.id, { ...own, label: '  ' }));
  const unnamed = await openNames(database, secrets, account.id, await listPasskeys(database, account.id));
  expect(unnamed.get(own.credentialId)).toBe('Kunci sandi (passkey)');
});

test('a device that has a passkey of the account is told so', async () => {
  const device = new SoftwareAuthenticator();
  const account = await citizenWith(device);
  await expect(register(account, device)).rejects.toThrow(/passkey for the account already/);
});

test.each([
  '',
  'null',
  '[]',
  '{}',
  '"x"',
  '{"id":1}',
  '{',
  'x'.repeat(100_000),
  JSON.stringify({
    id: 'AQ',
    rawId: 'AQ',
    type: 'public-key',
    response: {
      clientDataJSON: 'AQ',
      authenticatorData: 'AQ',
      signature: 'AQ',
      userHandle: 'AQ',
      attestationObject: 'AQ',
    },
  }),
  JSON.stringify({ id: '../x', rawId: '../x', type: 'public-key', response: null }),
])('%.20j… is a refusal, not an error', async (credential) => {
  const { database, secrets } = people;
  const accountId = newAccountId();
  expect(await refusalOf(answer(credential))).toBe('passkey_failed');
  expect(await refusalOf(addPasskey(database, secrets, { ...site, accountId, boundTo: 'x', credential }))).toBe(
    'passkey_failed',
  );
});

test('making a passkey proves as much as signing in with it', async () => {
  const device = new SoftwareAuthenticator({ synced: true });
  const account = await people.citizen('membuktikan');
  const made = await register(account, device);
  expect(made).toEqual(await signIn(device));
});

test('a device forgets a passkey that no account has, and only such a one', async () => {
  const { database, secrets } = people;
  const device = new SoftwareAuthenticator();
  const { id } = await citizenWith(device);
  const credentialId = device.credentials[0]?.id ?? '';
  const options = await newAuthenticationOptions(secrets, { rpId: site.rpId, boundTo: 'browser' });
  const offered = JSON.stringify(device.get(options, site));
  await setAccountState(database, id, 'disabled');
  expect(await findForgottenPasskey(database, secrets, offered)).toBeUndefined();
  await removePasskey(database, secrets, id, credentialId);
  expect(await findForgottenPasskey(database, secrets, offered)).toBe(credentialId);
  for (const odd of ['', '{}', 'null', 'x'.repeat(100_000)])
    expect(await findForgottenPasskey(database, secrets, odd)).toBeUndefined();
});
