/** Certificates (RFC 5280) of a little authority, as far as tests of attestation need them. */
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';

/** A certificate with its private key. */
export interface Certified {
  /** DER. */
  readonly der: Buffer;
  readonly pem: string;
  readonly name: string;
  readonly privateKey: KeyObject;
}

export interface CertificateWishes {
  readonly name: string;
  /** Who signs it; itself when nobody does. */
  readonly issuer?: Certified;
  /** Whether it may sign others. */
  readonly isAuthority?: boolean;
  /** Default: from a day ago. */
  readonly from?: Date;
  /** Default: in a year. */
  readonly until?: Date;
}

const DAY = 24 * 3600 * 1000;

/** A certificate of a new P-256 key, named as WebAuthn Level 3 §8.2.1 wants those that attest. */
export function certify({ name, issuer, isAuthority = false, from, until }: CertificateWishes): Certified {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const validity = sequence(time(from ?? new Date(Date.now() - DAY)), time(until ?? new Date(Date.now() + 365 * DAY)));
  const basic = sequence(oid(0x55, 0x1d, 0x13), der(0x01, [0xff]), der(0x04, sequence(...(isAuthority ? [yes] : []))));
  const toBeSigned = sequence(
    der(0xa0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    ecdsaWithSha256,
    distinguishedName(issuer?.name ?? name),
    validity,
    distinguishedName(name),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(basic)),
  );
  const signature = sign('sha256', toBeSigned, issuer?.privateKey ?? privateKey);
  const whole = sequence(toBeSigned, ecdsaWithSha256, der(0x03, Buffer.concat([Buffer.of(0), signature])));
  const lines = whole.toString('base64').replace(/.{64}/g, '$&\n');
  return { der: whole, pem: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`, name, privateKey };
}

/** Tag, length, content (ITU-T X.690 §8.1). */
function der(tag: number, content: Uint8Array | readonly number[]): Buffer {
  const bytes = Buffer.from(content);
  const short = [bytes.length];
  const long = bytes.length < 256 ? [0x81, bytes.length] : [0x82, bytes.length >> 8, bytes.length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...(bytes.length < 128 ? short : long)]), bytes]);
}

function sequence(...parts: readonly Uint8Array[]): Buffer {
  return der(0x30, Buffer.concat(parts));
}

function integer(bytes: Uint8Array): Buffer {
  return der(0x02, bytes);
}

function oid(...bytes: readonly number[]): Buffer {
  return der(0x06, bytes);
}

function time(at: Date): Buffer {
  return der(0x18, Buffer.from(`${at.toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`));
}

/** Country, organisation, unit and name. */
function distinguishedName(name: string): Buffer {
  const part = (kind: number, tag: number, text: string) =>
    der(0x31, sequence(oid(0x55, 0x04, kind), der(tag, Buffer.from(text))));
  return sequence(
    part(0x06, 0x13, 'ID'),
    part(0x0a, 0x0c, 'Pabrik Uji'),
    part(0x0b, 0x0c, 'Authenticator Attestation'),
    part(0x03, 0x0c, name),
  );
}

const yes = der(0x01, [0xff]);
const ecdsaWithSha256 = sequence(oid(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02));
