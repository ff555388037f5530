/**
 * A passkey holder without hardware, and the browser in front of it: answers `navigator.credentials.create()` and `.get()`
 * with real CBOR, real keys and real signatures, and can be told to cheat in one point at a time.
 */
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import type {
  AuthenticationResponseJSON,
  AuthenticatorTransport,
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
  RegistrationResponseJSON,
} from '@simplewebauthn/server';
import { isoCBOR } from '@simplewebauthn/server/helpers';

/** ES384 is here to be refused: no policy of ours offers it. */
export type SoftwareAlgorithm = 'ES256' | 'ES384' | 'EdDSA' | 'RS256';

const coseAlgorithm: Record<SoftwareAlgorithm, number> = { ES256: -7, ES384: -35, EdDSA: -8, RS256: -257 };

export interface AuthenticatorOptions {
  /** Default ES256. */
  algorithm?: SoftwareAlgorithm;
  /** A passkey of a cloud keychain: backup eligible, backed up, and its counter stays 0. Default: one device, counting. */
  synced?: boolean;
  /** Default: all zeros, the make is not told. */
  aaguid?: string;
  /** Whether its owner can prove to be the owner (finger, face, screen lock). Default true. */
  verifiesUser?: boolean;
  transports?: AuthenticatorTransport[];
  /** The maker's batch key, with which it attests for its passkeys where the site asks (`packed`); none by default. */
  attestedBy?: { privateKey: KeyObject; certificates: readonly Uint8Array[] };
}

/** One passkey in the holder. Its fields may be changed to play a device that behaves oddly. */
export interface HeldCredential {
  /** Base64url. */
  readonly id: string;
  readonly rpId: string;
  /** Base64url, as the site gave it in `user.id`. */
  readonly userHandle: string;
  readonly userName: string;
  readonly discoverable: boolean;
  readonly algorithm: SoftwareAlgorithm;
  readonly privateKey: KeyObject;
  counter: number;
  backupEligible: boolean;
  backedUp: boolean;
}

/** The honest part: the page that asks. A look-alike site is simply another origin. */
export interface Asking {
  /** For example `http://localhost:3000`. */
  origin: string;
}

/** What may be false in an answer; everything not named stays honest. */
export interface Forgery {
  /** Base64url. The challenge of another session. */
  challenge?: string;
  /** The relying party whose hash is signed. */
  rpId?: string;
  /** The type inside the client data, for example a registration's inside an authentication. */
  type?: string;
  crossOrigin?: boolean;
  userPresent?: boolean;
  userVerified?: boolean;
  /** The counter shown, going back for example. */
  counter?: number;
  backupEligible?: boolean;
  backedUp?: boolean;
}

export interface RegistrationForgery extends Forgery {
  /** Makes the key with it although the site did not offer it. */
  algorithm?: SoftwareAlgorithm;
  /** Bytes of the credential id; 1,024 is one more than WebAuthn allows. */
  credentialIdLength?: number;
  /** Base64url. Claims an id that exists already. */
  credentialId?: string;
}

export interface AuthenticationForgery extends Forgery {
  /** Base64url. Names another credential than the one that signs. */
  credentialId?: string;
  /** Base64url, or null for none. */
  userHandle?: string | null;
  /** Changes one bit of the signature. */
  tamperedSignature?: boolean;
}

/** What a browser's page gets instead of an answer; `name` as in the DOM. */
export class AuthenticatorError extends Error {
  constructor(name: 'InvalidStateError' | 'NotAllowedError' | 'NotSupportedError', message: string) {
    super(message);
    this.name = name;
  }
}

/** See the head of this file. */
export class SoftwareAuthenticator {
  /** Oldest first. */
  readonly credentials: HeldCredential[] = [];
  readonly #options: Required<Omit<AuthenticatorOptions, 'attestedBy'>> & Pick<AuthenticatorOptions, 'attestedBy'>;

  constructor(options: AuthenticatorOptions = {}) {
    this.#options = {
      algorithm: 'ES256',
      synced: false,
      aaguid: '00000000-0000-0000-0000-000000000000',
      verifiesUser: true,
      transports: ['internal', 'hybrid'],
      ...options,
    };
  }

  /**
   * Makes a passkey. Web Authentication Level 3 §6.3.2.
   *
   * @throws {AuthenticatorError} `InvalidStateError` when it holds one of `excludeCredentials`, `NotSupportedError` when the
   *   site offers no algorithm it knows.
   */
  create(
    options: PublicKeyCredentialCreationOptionsJSON,
    { origin, ...forged }: Asking & RegistrationForgery,
  ): RegistrationResponseJSON {
    if (options.excludeCredentials?.some(({ id }) => this.credentials.some((held) => held.id === id)))
      throw new AuthenticatorError('InvalidStateError', 'this device has a passkey for the account already');
    const algorithm = forged.algorithm ?? this.#offeredAlgorithm(options);
    const { privateKey, publicKey } = makeKeys(algorithm);
    const { synced, transports } = this.#options;
    const held: HeldCredential = {
      id: forged.credentialId ?? randomBytes(forged.credentialIdLength ?? 32).toString('base64url'),
      rpId: options.rp.id ?? new URL(origin).hostname,
      userHandle: options.user.id,
      userName: options.user.name,
      discoverable: options.authenticatorSelection?.residentKey !== 'discouraged',
      algorithm,
      privateKey,
      counter: 0,
      backupEligible: synced,
      backedUp: synced,
    };
    this.credentials.push(held);
    const clientData = collectClientData('webauthn.create', options.challenge, origin, forged);
    const authData = Buffer.concat([
      this.#authenticatorData(held, forged, ATTESTED),
      attestedCredential(this.#options.aaguid, held.id, coseKey(algorithm, publicKey)),
    ]);
    const asked = options.attestation === 'direct' ? this.#options.attestedBy : undefined;
    const attestation = new Map<string, CborValue>([
      ['fmt', asked ? 'packed' : 'none'],
      ['attStmt', asked ? attest(asked, authData, clientData) : new Map()],
      ['authData', new Uint8Array(authData)],
    ]);
    return {
      id: held.id,
      rawId: held.id,
      type: 'public-key',
      authenticatorAttachment: 'platform',
      clientExtensionResults: options.extensions?.credProps ? { credProps: { rk: held.discoverable } } : {},
      response: {
        clientDataJSON: clientData.toString('base64url'),
        attestationObject: Buffer.from(isoCBOR.encode(attestation)).toString('base64url'),
        authenticatorData: authData.toString('base64url'),
        publicKey: publicKey.export({ type: 'spki', format: 'der' }).toString('base64url'),
        publicKeyAlgorithm: coseAlgorithm[algorithm],
        transports,
      },
    };
  }

  /**
   * Signs a challenge with the newest passkey that fits. Without `allowCredentials` only discoverable ones do.
   * Web Authentication Level 3 §6.3.3.
   *
   * @throws {AuthenticatorError} `NotAllowedError` when no passkey fits.
   */
  get(
    options: PublicKeyCredentialRequestOptionsJSON,
    { origin, ...forged }: Asking & AuthenticationForgery,
  ): AuthenticationResponseJSON {
    const held = this.#choose(options, origin);
    if (!this.#options.synced) held.counter += 1;
    const clientData = collectClientData('webauthn.get', options.challenge, origin, forged);
    const authData = this.#authenticatorData(held, forged, 0);
    const signed = Buffer.concat([authData, sha256(clientData)]);
    const signature = sign(held.algorithm === 'EdDSA' ? null : digestOf(held.algorithm), signed, held.privateKey);
    if (forged.tamperedSignature) flipBit(signature);
    const id = forged.credentialId ?? held.id;
    const userHandle = forged.userHandle === undefined ? held.userHandle : forged.userHandle;
    const tellsUser = userHandle !== null && (held.discoverable || forged.userHandle !== undefined);
    return {
      id,
      rawId: id,
      type: 'public-key',
      authenticatorAttachment: 'platform',
      clientExtensionResults: {},
      response: {
        clientDataJSON: clientData.toString('base64url'),
        authenticatorData: authData.toString('base64url'),
        signature: signature.toString('base64url'),
        ...(tellsUser && { userHandle }),
      },
    };
  }

  #offeredAlgorithm(options: PublicKeyCredentialCreationOptionsJSON): SoftwareAlgorithm {
    const { algorithm } = this.#options;
    if (options.pubKeyCredParams.some(({ alg }) => alg === coseAlgorithm[algorithm])) return algorithm;
    throw new AuthenticatorError('NotSupportedError', `the site does not offer ${algorithm}`);
  }

  #choose(options: PublicKeyCredentialRequestOptionsJSON, origin: string): HeldCredential {
    const rpId = options.rpId ?? new URL(origin).hostname;
    const allowed = options.allowCredentials?.map(({ id }) => id) ?? [];
    const fits = (held: HeldCredential) => (allowed.length > 0 ? allowed.includes(held.id) : held.discoverable);
    const held = this.credentials.findLast((each) => each.rpId === rpId && fits(each));
    if (!held) throw new AuthenticatorError('NotAllowedError', `no passkey for ${rpId}`);
    return held;
  }

  /** Web Authentication Level 3 §6.1, without the attested credential data. */
  #authenticatorData(held: HeldCredential, forged: Forgery, moreFlags: number): Buffer {
    const flags =
      ((forged.userPresent ?? true) ? 0x01 : 0) |
      ((forged.userVerified ?? this.#options.verifiesUser) ? 0x04 : 0) |
      ((forged.backupEligible ?? held.backupEligible) ? 0x08 : 0) |
      ((forged.backedUp ?? held.backedUp) ? 0x10 : 0) |
      moreFlags;
    const rest = Buffer.alloc(5);
    rest.writeUInt8(flags, 0);
    rest.writeUInt32BE(forged.counter ?? held.counter, 1);
    return Buffer.concat([sha256(forged.rpId ?? held.rpId), rest]);
  }
}

type CborValue = Parameters<typeof isoCBOR.encode>[0];

/** Flag AT: attested credential data follows. */
const ATTESTED = 0x40;

/** Web Authentication Level 3 §5.8.1. */
function collectClientData(type: string, challenge: string, origin: string, forged: Forgery): Buffer {
  return Buffer.from(
    JSON.stringify({
      type: forged.type ?? type,
      challenge: forged.challenge ?? challenge,
      origin,
      crossOrigin: forged.crossOrigin ?? false,
    }),
  );
}

/** Web Authentication Level 3 §6.5.2. */
function attestedCredential(aaguid: string, id: string, publicKey: Uint8Array): Buffer {
  const idBytes = Buffer.from(id, 'base64url');
  const length = Buffer.alloc(2);
  length.writeUInt16BE(idBytes.length);
  return Buffer.concat([Buffer.from(aaguid.replaceAll('-', ''), 'hex'), length, idBytes, publicKey]);
}

/** Web Authentication Level 3 §8.2. */
function attest(
  { privateKey, certificates }: NonNullable<AuthenticatorOptions['attestedBy']>,
  authData: Buffer,
  clientData: Buffer,
): Map<string, CborValue> {
  const signature = sign('sha256', Buffer.concat([authData, sha256(clientData)]), privateKey);
  return new Map<string, CborValue>([
    ['alg', coseAlgorithm.ES256],
    ['sig', new Uint8Array(signature)],
    ['x5c', certificates.map((der) => new Uint8Array(der))],
  ]);
}

function makeKeys(algorithm: SoftwareAlgorithm): { privateKey: KeyObject; publicKey: KeyObject } {
  if (algorithm === 'EdDSA') return generateKeyPairSync('ed25519');
  if (algorithm === 'RS256') return generateKeyPairSync('rsa', { modulusLength: 2048 });
  return generateKeyPairSync('ec', { namedCurve: algorithm === 'ES256' ? 'P-256' : 'P-384' });
}

/** The public key as COSE writes it (RFC 9053 §7): key type 1, algorithm 3, then the numbers of the key. */
function coseKey(algorithm: SoftwareAlgorithm, publicKey: KeyObject): Uint8Array {
  const { x, y, n, e } = publicKey.export({ format: 'jwk' });
  const bytes = (text: string | undefined) => new Uint8Array(Buffer.from(text ?? '', 'base64url'));
  const alg = coseAlgorithm[algorithm];
  const entries: Record<SoftwareAlgorithm, [number, number | Uint8Array][]> = {
    ES256: [
      [1, 2],
      [3, alg],
      [-1, 1],
      [-2, bytes(x)],
      [-3, bytes(y)],
    ],
    ES384: [
      [1, 2],
      [3, alg],
      [-1, 2],
      [-2, bytes(x)],
      [-3, bytes(y)],
    ],
    EdDSA: [
      [1, 1],
      [3, alg],
      [-1, 6],
      [-2, bytes(x)],
    ],
    RS256: [
      [1, 3],
      [3, alg],
      [-1, bytes(n)],
      [-2, bytes(e)],
    ],
  };
  return isoCBOR.encode(new Map(entries[algorithm]));
}

function digestOf(algorithm: SoftwareAlgorithm): string {
  return algorithm === 'ES384' ? 'sha384' : 'sha256';
}

function sha256(data: string | Buffer): Buffer {
  return createHash('sha256').update(data).digest();
}

/** The last byte of every kind of signature belongs to its number, so that the shape stays whole. */
function flipBit(signature: Buffer): void {
  const last = signature.length - 1;
  signature.writeUInt8(signature.readUInt8(last) ^ 1, last);
}
