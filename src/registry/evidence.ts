/**
 * What a decision rests on, as a file. It is kept under the digest of its content, handed out to be saved and never shown, and
 * seen by whoever may see a decision that rests on it. What no decision rests on is forgotten after a while.
 */
import { createHash } from 'node:crypto';
import type { Db } from '#src/base/database.ts';
import { DAY_MS } from '#src/base/epoch.ts';
import { Refusal } from '#src/base/refusals.ts';
import type { Reach } from './coordination.ts';

export const MAX_EVIDENCE_BYTES = 5 * 1024 * 1024;

/** A file that was brought. */
export interface EvidenceFile {
  readonly name: string;
  readonly content: Buffer;
}

const endings = {
  'application/pdf': 'pdf',
  'image/png': 'png',
  'image/jpeg': 'jpg',
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document': 'docx',
} as const;
type EvidenceType = keyof typeof endings;

/** Tells by the bytes alone what a file is; its name and what its sender says of it do not count. */
function evidenceTypeOf(content: Buffer): EvidenceType | undefined {
  if (content.subarray(0, 5).equals(Buffer.from('%PDF-'))) return 'application/pdf';
  if (content.subarray(0, 8).equals(Buffer.from('89504e470d0a1a0a', 'hex'))) return 'image/png';
  if (content.subarray(0, 3).equals(Buffer.from('ffd8ff', 'hex'))) return 'image/jpeg';
  const isZip = content.subarray(0, 4).equals(Buffer.from('504b0304', 'hex'));
  if (isZip && content.includes('[Content_Types].xml') && content.includes('word/document.xml'))
    return 'application/vnd.openxmlformats-officedocument.wordprocessingml.document';
  return undefined;
}

/**
 * Keeps a file. The same one again is kept once. Inside a transaction.
 *
 * @param nodes the agencies at which, and below which, whoever brings it coordinates
 * @returns its digest
 * @throws {Refusal} `evidence_unfit` for what is too large, or no PDF, PNG, JPEG or DOCX
 */
export async function keepEvidence(
  tx: Db,
  { name, content }: EvidenceFile,
  { actor, nodes }: { readonly actor: string; readonly nodes: readonly string[] },
): Promise<string> {
  const mediaType = evidenceTypeOf(content);
  if (!mediaType || content.length > MAX_EVIDENCE_BYTES) throw new Refusal('evidence_unfit', `${content.length} bytes`);
  const digest = createHash('sha256').update(content).digest('base64url');
  await tx.execute(
    `insert into evidence_files as e (digest, name, media_type, size, content, agencies, added_by, added_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8)
     on conflict (digest) do update set added_at = excluded.added_at,
       agencies = (select array_agg(distinct one) from unnest(e.agencies || excluded.agencies) as one)`,
    [digest, withEnding(name, mediaType), mediaType, content.length, content, nodes, actor, new Date()],
  );
  return digest;
}

/** The name that it is saved under: letters, digits and a few signs, and the ending of what it is. */
function withEnding(name: string, mediaType: EvidenceType): string {
  const plain = name
    .normalize('NFC')
    .replace(/\.[a-z0-9]{1,5}$/i, '')
    .replaceAll(/[^\p{L}\p{N} ._-]+/gu, '-')
    .slice(0, 80)
    .trim();
  return `${plain || 'bukti'}.${endings[mediaType]}`;
}

/** Who asks for a file: what they coordinate, and where they see apps. */
export interface EvidenceReader {
  readonly actor: string;
  readonly reach: Reach;
  /** The agencies at which, and below which, they see apps. */
  readonly nodes: readonly string[];
}

/** A file as it is handed out. */
export interface KeptEvidence extends EvidenceFile {
  readonly mediaType: string;
}

/** A file, for whoever brought it, coordinates where it was brought, or may see a decision that rests on it. */
export async function findEvidence(
  db: Db,
  digest: string,
  { actor, reach, nodes }: EvidenceReader,
): Promise<KeptEvidence | undefined> {
  const row = await db.first<{ name: string; media_type: string; content: Buffer }>(
    `select name, media_type, content from evidence_files e
     where digest = $1 and (added_by = $2 or agencies && $3 or exists (
       select from app_decisions d where d.evidence_digest = e.digest
         and (d.agencies && $3 or d.agencies && $4 or d.sectors && $5)))`,
    [digest, actor, reach.nodes, nodes, reach.sectors],
  );
  return row && { name: row.name, mediaType: row.media_type, content: row.content };
}

/** What a file is called. */
export async function listEvidenceNames(db: Db, digests: readonly string[]): Promise<Map<string, string>> {
  const rows = await db.query<{ digest: string; name: string }>(
    'select digest, name from evidence_files where digest = any($1)',
    [digests],
  );
  return new Map(rows.map(({ digest, name }) => [digest, name]));
}

/** Longer than a batch waits to be applied. */
const FORGOTTEN_AFTER_MS = 8 * DAY_MS;

/** Removes files that no decision rests on. @returns how many */
export function forgetEvidence(db: Db, now: Date): Promise<number> {
  return db.execute(
    `delete from evidence_files e
     where added_at < $1 and not exists (select from app_decisions d where d.evidence_digest = e.digest)`,
    [new Date(now.getTime() - FORGOTTEN_AFTER_MS)],
  );
}
