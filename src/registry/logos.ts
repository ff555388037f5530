/**
 * The logos of apps. They are fetched from where an app declares them, checked, and then served from here alone: the
 * browser of a person who signs in asks nobody else for a picture.
 */
import { createHash } from 'node:crypto';
import { imageSize } from 'image-size';
import type { Db } from '#src/base/database.ts';
import { cleanSvg } from './svg.ts';
import { lockRegistry, raiseRegistryVersion } from './version.ts';

/** A picture that may be shown. */
export interface Logo {
  readonly mediaType: 'image/png' | 'image/jpeg' | 'image/webp' | 'image/svg+xml';
  readonly bytes: Buffer;
}

/** Why a logo is not shown: it could not be fetched, is too large, or is no picture that may be shown. */
export type LogoProblem = 'unreachable' | 'too-large' | 'no-picture';

export const MAX_LOGO_BYTES = 256 * 1024;
const [MIN_SIDE, MAX_SIDE] = [16, 2_048];

const rasters: Readonly<Record<string, Logo['mediaType']>> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  webp: 'image/webp',
};

/** Tells by the bytes alone what they are; what a server says of them does not count. */
export function readLogo(bytes: Buffer): Logo | LogoProblem {
  if (bytes.length > MAX_LOGO_BYTES) return 'too-large';
  const raster = readRaster(bytes);
  if (raster) return raster;
  const text = bytes.toString('utf8');
  const drawing = /^\uFEFF?\s*</.test(text) ? cleanSvg(text.replace(/^\uFEFF/, '')) : undefined;
  return drawing === undefined ? 'no-picture' : { mediaType: 'image/svg+xml', bytes: Buffer.from(drawing) };
}

function readRaster(bytes: Buffer): Logo | undefined {
  try {
    const { type = '', width, height } = imageSize(bytes);
    const mediaType = rasters[type];
    const fits = [width, height].every((side) => side >= MIN_SIDE && side <= MAX_SIDE);
    return mediaType && fits ? { mediaType, bytes } : undefined;
  } catch {
    return undefined;
  }
}

/** A logo by its digest. */
export async function findLogo(db: Db, digest: string): Promise<Logo | undefined> {
  const row = await db.first<{ media_type: Logo['mediaType']; bytes: Buffer }>(
    'select media_type, bytes from client_logos where digest = $1',
    [digest],
  );
  return row && { mediaType: row.media_type, bytes: row.bytes };
}

/**
 * The address of a client's logo has changed: what was shown goes at once, the new one is fetched soon. Under the
 * registry's lock, in the transaction of the change.
 */
export async function orderLogo(db: Db, clientId: string, uri: string | undefined): Promise<void> {
  await showLogo(db, clientId, null);
  if (uri === undefined) {
    await db.execute('delete from client_logo_fetches where client_id = $1', [clientId]);
    return;
  }
  await db.execute(
    `insert into client_logo_fetches (client_id, uri, due_at) values ($1, $2, $3)
     on conflict (client_id) do update set uri = excluded.uri, due_at = excluded.due_at, failures = 0, problem = null`,
    [clientId, uri, new Date()],
  );
}

/** Has a client show a logo, or none; one that nobody shows any more is forgotten. */
async function showLogo(db: Db, clientId: string, digest: string | null): Promise<boolean> {
  const before = await db.first<{ logo_digest: string | null }>('select logo_digest from clients where id = $1', [
    clientId,
  ]);
  if (!before || before.logo_digest === digest) return false;
  await db.execute('update clients set logo_digest = $2 where id = $1', [clientId, digest]);
  await db.execute(
    'delete from client_logos where digest = $1 and not exists (select from clients where logo_digest = $1)',
    [before.logo_digest],
  );
  return true;
}

/** A logo to be fetched. */
export interface DueLogo {
  readonly clientId: string;
  readonly uri: string;
  readonly failures: number;
}

/** Takes some that are due, so that nobody else fetches them before `until`. */
export async function claimDueLogos(db: Db, { until, most }: { until: Date; most: number }): Promise<DueLogo[]> {
  const rows = await db.query<{ client_id: string; uri: string; failures: number }>(
    `update client_logo_fetches set due_at = $2 where client_id in
       (select client_id from client_logo_fetches where due_at <= $1 order by due_at limit $3 for update skip locked)
     returning client_id, uri, failures`,
    [new Date(), until, most],
  );
  return rows.map((row) => ({ clientId: row.client_id, uri: row.uri, failures: row.failures }));
}

/**
 * What came of a fetch. Nothing where the client declares another address by now. A logo that was good stays while its
 * server is away, and goes when there is something else at its address.
 */
export async function keepLogo(tx: Db, due: DueLogo, fetched: Logo | LogoProblem, nextAt: Date): Promise<void> {
  await lockRegistry(tx);
  const problem = typeof fetched === 'string' ? fetched : null;
  const isCurrent = await tx.execute(
    `update client_logo_fetches set due_at = $3, problem = $4, failures = $5 where client_id = $1 and uri = $2`,
    [due.clientId, due.uri, nextAt, problem, problem === null ? 0 : due.failures + 1],
  );
  if (isCurrent === 0 || fetched === 'unreachable') return;
  const digest = typeof fetched === 'string' ? null : await store(tx, fetched);
  if (await showLogo(tx, due.clientId, digest))
    await tx.execute('update clients set version = $2 where id = $1', [due.clientId, await raiseRegistryVersion(tx)]);
}

async function store(tx: Db, { mediaType, bytes }: Logo): Promise<string> {
  const digest = createHash('sha256').update(mediaType).update(bytes).digest('base64url');
  await tx.execute(
    'insert into client_logos (digest, media_type, bytes, created_at) values ($1, $2, $3, $4) on conflict do nothing',
    [digest, mediaType, bytes, new Date()],
  );
  return digest;
}

/** Why a client's logo is not shown, after a fetch that failed. */
export async function findLogoProblem(db: Db, clientId: string): Promise<LogoProblem | undefined> {
  const row = await db.first<{ problem: LogoProblem | null }>(
    'select problem from client_logo_fetches where client_id = $1',
    [clientId],
  );
  return row?.problem ?? undefined;
}
