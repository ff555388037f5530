import {
  generateAuthenticationOptions,
  generateRegistrationOptions,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
  type WebAuthnCredential,
} from '@simplewebauthn/server';
import { describe, expect, it } from 'vitest';
import {
  type AuthenticationForgery,
  type AuthenticatorOptions,
  type RegistrationForgery,
  type SoftwareAlgorithm,
  SoftwareAuthenticator,
} from './authenticator.ts';

const origin = 'http://localhost:3000';
const rpID = 'localhost';
const userHandle = Buffer.from('0a1b2c3d').toString('base64url');

function creationOptions(excluded: string[] = []) {
  return generateRegistrationOptions({
    rpName: 'Lawang',
    rpID,
    userName: 'siti@contoh.id',
    userID: new Uint8Array(Buffer.from(userHandle, 'base64url')),
    excludeCredentials: excluded.map((id) => ({ id })),
    authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
    supportedAlgorithmIDs: [-8, -7, -257],
  });
}

async function register(device: SoftwareAuthenticator, forgery: RegistrationForgery & { origin?: string } = {}) {
  const options = await creationOptions();
  const response = device.create(options, { origin, ...forgery });
  return verifyRegistrationResponse({
    response,
    expectedChallenge: options.challenge,
    expectedOrigin: origin,
    expectedRPID: rpID,
    supportedAlgorithmIDs: [-8, -7, -257],
  });
}

async function registered(options: AuthenticatorOptions = {}) {
  const device = new SoftwareAuthenticator(options);
  const { registrationInfo } = await register(device);
  if (!registrationInfo) throw new Error('not registered');
  return { device, credential: registrationInfo.credential, info: registrationInfo };
}

async function authenticate(
  device: SoftwareAuthenticator,
  credential: WebAuthnCredential,
  forgery: AuthenticationForgery & { origin?: string } = {},
) {
  const options = await generateAuthenticationOptions({ rpID, userVerification: 'required' });
  const response = device.get(options, { origin, ...forgery });
  const result = await verifyAuthenticationResponse({
    response,
    expectedChallenge: options.challenge,
    expectedOrigin: origin,
    expectedRPID: rpID,
    credential,
  });
  return { response, ...result };
}

describe('an honest device', () => {
  it.each<SoftwareAlgorithm>(['ES256', 'EdDSA', 'RS256'])('registers and signs in with %s', async (algorithm) => {
    const { device, credential } = await registered({ algorithm });
    const { verified, response, authenticationInfo } = await authenticate(device, credential);
    expect(verified).toBe(true);
    expect(authenticationInfo.newCounter).toBe(1);
    expect(response.response.userHandle).toBe(userHandle);
  });

  it('tells its make, its flags and how it is reached', async () => {
    const aaguid = 'fbfc3007-154e-4ecc-8c0b-6e020557d7bd';
    const { info, credential } = await registered({ synced: true, aaguid, transports: ['usb'] });
    expect(info).toMatchObject({ aaguid, credentialDeviceType: 'multiDevice', credentialBackedUp: true, fmt: 'none' });
    expect(credential.transports).toEqual(['usb']);
    expect((await registered()).info).toMatchObject({
      credentialDeviceType: 'singleDevice',
      credentialBackedUp: false,
    });
  });

  it('keeps the counter of a synced passkey at 0', async () => {
    const { device, credential } = await registered({ synced: true });
    await authenticate(device, credential);
    expect((await authenticate(device, credential)).authenticationInfo.newCounter).toBe(0);
  });

  it('refuses to make a second passkey for an account it holds one of', async () => {
    const { device, credential } = await registered();
    const options = await creationOptions([credential.id]);
    expect(() => device.create(options, { origin })).toThrow(expect.objectContaining({ name: 'InvalidStateError' }));
  });

  it('signs for nobody but the site and the credentials asked for', async () => {
    const { device, credential } = await registered();
    const ask = (rpId: string, id: string) => () =>
      device.get({ challenge: 'AAAA', rpId, allowCredentials: [{ id, type: 'public-key' }] }, { origin });
    expect(ask(rpID, 'unknown')).toThrow(expect.objectContaining({ name: 'NotAllowedError' }));
    expect(ask('contoh.id', credential.id)).toThrow(expect.objectContaining({ name: 'NotAllowedError' }));
    expect(ask(rpID, credential.id)().id).toBe(credential.id);
  });
});

describe('a forged registration is refused', () => {
  it.each<[string, RegistrationForgery & { origin?: string }, RegExp]>([
    ['another origin', { origin: 'http://localhost.contoh.id' }, /response origin/],
    ['another relying party', { rpId: 'contoh.id' }, /RP ID/],
    ['another challenge', { challenge: 'AAAA' }, /response challenge/],
    ['an authentication', { type: 'webauthn.get' }, /response type/],
    ['nobody verified', { userVerified: false }, /could not be verified/],
    ['nobody present', { userPresent: false }, /not present/],
    ['an algorithm not offered', { algorithm: 'ES384' }, /public key alg/],
    ['backed up without being eligible', { backedUp: true }, /backed up/i],
  ])('%s', async (_what, forgery, reason) => {
    await expect(register(new SoftwareAuthenticator(), forgery)).rejects.toThrow(reason);
  });

  it('makes ids of any length, also of others', async () => {
    const long = await register(new SoftwareAuthenticator(), { credentialIdLength: 1024 });
    expect(Buffer.from(long.registrationInfo?.credential.id ?? '', 'base64url')).toHaveLength(1024);
    const taken = await register(new SoftwareAuthenticator(), { credentialId: 'AQIDBA' });
    expect(taken.registrationInfo?.credential.id).toBe('AQIDBA');
  });
});

describe('a forged authentication is refused', () => {
  it.each<[string, AuthenticationForgery & { origin?: string }, RegExp]>([
    ['another origin', { origin: 'http://localhost.contoh.id' }, /response origin/],
    ['another relying party', { rpId: 'contoh.id' }, /RP ID/],
    ['another challenge', { challenge: 'AAAA' }, /response challenge/],
    ['a registration', { type: 'webauthn.create' }, /response type/],
    ['nobody verified', { userVerified: false }, /could not be verified/],
    ['nobody present', { userPresent: false }, /not present/],
    ['the counter going back', { counter: 1 }, /counter value 1/],
  ])('%s', async (_what, forgery, reason) => {
    const { device, credential } = await registered();
    await expect(authenticate(device, { ...credential, counter: 5 }, forgery)).rejects.toThrow(reason);
  });

  it.each<SoftwareAlgorithm>(['ES256', 'EdDSA', 'RS256'])('a tampered signature by %s', async (algorithm) => {
    const { device, credential } = await registered({ algorithm });
    expect((await authenticate(device, credential, { tamperedSignature: true })).verified).toBe(false);
  });

  it('another flag of backup, another user handle and another credential arrive as told', async () => {
    const { device, credential } = await registered();
    const forgery = { backupEligible: true, backedUp: true, userHandle: 'AAAA', credentialId: 'AQIDBA' };
    const { authenticationInfo, response } = await authenticate(device, credential, forgery);
    expect(authenticationInfo).toMatchObject({ credentialDeviceType: 'multiDevice', credentialBackedUp: true });
    expect(response).toMatchObject({ id: 'AQIDBA', rawId: 'AQIDBA', response: { userHandle: 'AAAA' } });
    expect((await authenticate(device, credential, { userHandle: null })).response.response.userHandle).toBeUndefined();
  });
});
