/** A maker of authenticators and the metadata service that lists it (FIDO Metadata Service 3.0), in a folder of their own. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CompactSign } from 'jose';
import { type Certified, certify } from './certificates.ts';

/** The model that the maker sells. */
export const MODEL = '11111111-2222-4333-8444-555555555555';

export interface MetadataWishes {
  readonly statuses?: readonly string[];
  readonly keyProtection?: readonly string[];
  readonly attestationTypes?: readonly string[];
  /** A day, as `2030-01-31`. */
  readonly nextUpdate?: string;
  /** Whom the list names as the maker's root; the maker unless told otherwise. */
  readonly root?: Certified;
}

export interface MetadataService extends AsyncDisposable {
  /** Where the list is. */
  readonly path: string;
  /** Where its root is. */
  readonly rootsPath: string;
  /** What attests for the keys of the model: the signer's certificate, and its issuer's. */
  readonly attestedBy: { readonly privateKey: Certified['privateKey']; readonly certificates: readonly Buffer[] };
  /** Writes the list anew. */
  publish(wishes?: MetadataWishes): Promise<void>;
}

export async function openMetadataService(): Promise<MetadataService> {
  const folder = await mkdtemp(join(tmpdir(), 'lawang-metadata-'));
  const [path, rootsPath] = [join(folder, 'blob.jwt'), join(folder, 'roots.pem')];
  const alliance = certify({ name: 'Alliance', isAuthority: true });
  const publisher = certify({ name: 'Publisher', issuer: alliance });
  const maker = certify({ name: 'Maker', isAuthority: true });
  const batch = certify({ name: 'Batch', isAuthority: true, issuer: maker });
  const device = certify({ name: 'Device', issuer: batch });
  await writeFile(rootsPath, alliance.pem);
  const publish = async (wishes: MetadataWishes = {}) =>
    writeFile(path, await sign(publisher, listOf(wishes.root ?? maker, wishes)));
  await publish();
  return {
    path,
    rootsPath,
    attestedBy: { privateKey: device.privateKey, certificates: [device.der, batch.der] },
    publish,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

function listOf(root: Certified, wishes: MetadataWishes): object {
  const { statuses = ['FIDO_CERTIFIED_L1'], keyProtection = ['hardware', 'secure_element'] } = wishes;
  const { attestationTypes = ['basic_full'], nextUpdate = '2999-12-31' } = wishes;
  return {
    legalHeader: 'Test',
    no: 1,
    nextUpdate,
    entries: [
      { aaid: 'FFFF#0001', statusReports: [], timeOfLastStatusChange: '2026-01-01' },
      {
        aaguid: MODEL,
        statusReports: statuses.map((status) => ({ status, effectiveDate: '2026-01-01' })),
        timeOfLastStatusChange: '2026-01-01',
        metadataStatement: {
          description: 'Kunci Uji',
          attestationTypes,
          keyProtection,
          attestationRootCertificates: [root.der.toString('base64')],
        },
      },
    ],
  };
}

function sign(publisher: Certified, list: object): Promise<string> {
  return new CompactSign(Buffer.from(JSON.stringify(list)))
    .setProtectedHeader({ alg: 'ES256', typ: 'JWT', x5c: [publisher.der.toString('base64')] })
    .sign(publisher.privateKey);
}
