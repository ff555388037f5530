/**
 * What the makers of authenticators vouch for: which models keep their keys in hardware, and with which certificates they
 * say so (FIDO Metadata Service 3.0).
 *
 * The operator keeps the file; nothing is fetched, neither it nor any list of revoked certificates. A file that is missing,
 * broken or over vouches for nobody, and says why in one sentence: people sign in as before, and nobody reaches `aal3`.
 */
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { compactVerify, decodeProtectedHeader } from 'jose';
import { z } from 'zod';

/** A model as far as it decides anything. */
interface Model {
  readonly roots: readonly X509Certificate[];
}

/** What a new passkey shows of its maker. */
export interface Attestation {
  readonly aaguid: string;
  /** DER, the one that signed first; empty where nobody vouches. */
  readonly certificates: readonly Uint8Array[];
}

/** The makers whose word counts, at this moment. */
export interface Makers {
  /** Whether anybody could be vouched for now. */
  readonly areKnown: boolean;
  /** Whether a model still counts: its metadata may have said otherwise since a passkey was made. */
  trust(aaguid: string): boolean;
  /** Whether the certificates lead to the maker of a model that counts. Their signature has been verified. */
  vouchFor(attestation: Attestation): boolean;
}

/** The file cannot be used; the message is one sentence for the operator. */
export class MetadataError extends Error {
  override name = 'MetadataError';
}

/** Nobody is vouched for. */
export const noMakers: Makers = { areKnown: false, trust: () => false, vouchFor: () => false };

/** How a model lost its trust (FIDO Metadata Service 3.0 §3.1.4). None of these is ever taken back. */
const lostTrust: ReadonlySet<string> = new Set([
  'REVOKED',
  'USER_VERIFICATION_BYPASS',
  'ATTESTATION_KEY_COMPROMISE',
  'USER_KEY_REMOTE_COMPROMISE',
  'USER_KEY_PHYSICAL_COMPROMISE',
]);

/** A maker's certificate signed, and not the passkey's own key. */
const byMaker: ReadonlySet<string> = new Set(['basic_full', 'attca', 'anonca']);

/** Where a key cannot be read out (FIDO Registry of Predefined Values §3.2). */
const inHardware: ReadonlySet<string> = new Set(['hardware', 'secure_element', 'tee']);

const blobSchema = z.object({
  nextUpdate: z.iso.date(),
  entries: z.array(
    z.object({
      aaguid: z.string().optional(),
      statusReports: z.array(z.object({ status: z.string() })).default([]),
      metadataStatement: z
        .object({
          attestationRootCertificates: z.array(z.string()).default([]),
          attestationTypes: z.array(z.string()).default([]),
          keyProtection: z.array(z.string()).default([]),
        })
        .optional(),
    }),
  ),
});

type Entry = z.output<typeof blobSchema>['entries'][number];

/** Where the file is, and whose signature it has to have. */
export interface MetadataSource {
  /** A metadata BLOB as the FIDO Alliance publishes it: a JWT with its certificates. */
  readonly path: string;
  /** PEM; the FIDO Alliance's roots unless given. */
  readonly rootsPath: string | undefined;
}

/** @throws {MetadataError} */
export async function readMakers({ path, rootsPath }: MetadataSource): Promise<Makers> {
  const blob = (await read('PASSKEY_METADATA_FILE', path)).trim();
  const roots = await readRoots(rootsPath);
  const { nextUpdate, entries } = await openBlob(blob, roots);
  // Valid to the end of that day, wherever on earth it ends last.
  const end = Date.parse(`${nextUpdate}T23:59:59-12:00`);
  if (end < Date.now())
    throw new MetadataError(
      `PASSKEY_METADATA_FILE: it was to be replaced on ${nextUpdate}; put the new one in its place`,
    );
  return toMakers(modelsOf(entries), end);
}

async function read(setting: string, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new MetadataError(`${setting}: ${path} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

async function readRoots(path: string | undefined): Promise<X509Certificate[]> {
  if (path === undefined) {
    const { SettingsService } = await import('@simplewebauthn/server');
    return SettingsService.getRootCertificates({ identifier: 'mds' }).map((pem) => new X509Certificate(pem));
  }
  const pems = (await read('PASSKEY_METADATA_ROOT_FILE', path)).match(
    /-----BEGIN CERTIFICATE-----[^-]+-----END [A-Z]+-----/g,
  );
  try {
    if (pems) return pems.map((pem) => new X509Certificate(pem));
  } catch {
    // Said below, like a file without any.
  }
  throw new MetadataError(`PASSKEY_METADATA_ROOT_FILE: ${path} has no certificates (PEM)`);
}

async function openBlob(blob: string, roots: readonly X509Certificate[]): Promise<z.output<typeof blobSchema>> {
  const chain = readChain(blob);
  const [signer] = chain;
  if (!signer || !leadsTo(chain, roots, new Date()))
    throw new MetadataError('PASSKEY_METADATA_FILE: its certificates lead to no root that is trusted, or are over');
  const verified = await compactVerify(blob, signer.publicKey).catch(() => undefined);
  if (!verified) throw new MetadataError('PASSKEY_METADATA_FILE: it was changed after it was signed');
  const parsed = blobSchema.safeParse(JSON.parse(Buffer.from(verified.payload).toString()));
  if (!parsed.success) throw new MetadataError('PASSKEY_METADATA_FILE: its content is not that of MDS 3');
  return parsed.data;
}

function readChain(blob: string): X509Certificate[] {
  try {
    const { x5c = [] } = decodeProtectedHeader(blob);
    return x5c.map((der) => new X509Certificate(Buffer.from(der, 'base64')));
  } catch {
    throw new MetadataError('PASSKEY_METADATA_FILE: it is no metadata BLOB (a JWT with its certificates)');
  }
}

function modelsOf(entries: readonly Entry[]): ReadonlyMap<string, Model> {
  const models = new Map<string, Model>();
  for (const { aaguid, statusReports, metadataStatement: statement } of entries) {
    if (!aaguid || !statement || statusReports.some(({ status }) => lostTrust.has(status))) continue;
    const { attestationTypes, keyProtection } = statement;
    const isHardware = keyProtection.some((kind) => inHardware.has(kind)) && !keyProtection.includes('software');
    if (!isHardware || !attestationTypes.some((type) => byMaker.has(type))) continue;
    models.set(aaguid.toLowerCase(), { roots: statement.attestationRootCertificates.flatMap(toCertificate) });
  }
  return models;
}

/** A certificate that cannot be read vouches for nothing; the others of its model still do. */
function toCertificate(base64: string): X509Certificate[] {
  try {
    return [new X509Certificate(Buffer.from(base64, 'base64'))];
  } catch {
    return [];
  }
}

function toMakers(models: ReadonlyMap<string, Model>, end: number): Makers {
  const find = (aaguid: string) => (Date.now() <= end ? models.get(aaguid) : undefined);
  return {
    get areKnown() {
      return Date.now() <= end && models.size > 0;
    },
    trust: (aaguid) => find(aaguid) !== undefined,
    vouchFor({ aaguid, certificates }) {
      const model = find(aaguid);
      const chain = certificates.flatMap((der) => toCertificate(Buffer.from(der).toString('base64')));
      return model !== undefined && chain.length === certificates.length && leadsTo(chain, model.roots, new Date());
    },
  };
}

/**
 * Whether a chain of certificates, the signer's first, ends at one of the roots (RFC 5280 §6.1). A maker may name the
 * signer's own certificate as root (FIDO Metadata Statement §4, `attestationRootCertificates`).
 */
function leadsTo(chain: readonly X509Certificate[], roots: readonly X509Certificate[], now: Date): boolean {
  const last = chain.at(-1);
  if (!last || !chain.every((certificate) => isValidAt(certificate, now))) return false;
  if (!chain.every((certificate, place) => place === 0 || hasIssued(certificate, chain[place - 1]))) return false;
  return roots.some(
    (root) => root.fingerprint256 === last.fingerprint256 || (isValidAt(root, now) && hasIssued(root, last)),
  );
}

function hasIssued(issuer: X509Certificate, issued: X509Certificate | undefined): boolean {
  return issued !== undefined && issuer.ca && issued.checkIssued(issuer) && issued.verify(issuer.publicKey);
}

function isValidAt({ validFromDate, validToDate }: X509Certificate, now: Date): boolean {
  return validFromDate <= now && now <= validToDate;
}
