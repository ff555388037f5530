/** The versions of a record of the inventory: what it said, who changed it, how and why. Rows are only added. */
import type { Db } from '#src/base/database.ts';
import type { RecordEntry } from './inventory-schema.ts';
import type { Via } from './versions.ts';

/** What a version keeps: what was said, and of which client it is known to be the same app. */
export type VersionContent = RecordEntry & { readonly client_id?: string | undefined };

/** Who writes, by which way and why. */
export interface Writing {
  /** An account id, `command` or `start`, or the name of a job. */
  readonly actor: string;
  readonly via: Exclude<Via, 'registration' | 'bundle'>;
  readonly reason?: string | undefined;
}

/** A version to be kept. */
interface NewVersion {
  /** Of the record. */
  readonly id: string;
  readonly number: number;
  readonly content: RecordEntry;
  readonly clientId: string | undefined;
  readonly changed: readonly string[];
}

/** Keeps versions of records. */
export async function insertVersions(
  tx: Db,
  written: readonly NewVersion[],
  { actor, via, reason }: Writing,
  now: Date,
): Promise<void> {
  if (written.length === 0) return;
  const rows = written.map(({ id, number, content, clientId, changed }) => {
    const kept: VersionContent = clientId === undefined ? content : { ...content, client_id: clientId };
    return { id, number, content: kept, changed };
  });
  await tx.execute(
    `insert into inventory_versions (inventory_id, number, content, changed, via, actor, reason, at)
     select g.id, g.number, g.content, g.changed, $2, $3, $4, $5
     from jsonb_to_recordset($1::jsonb) as g (id text, number integer, content jsonb, changed text[])`,
    [JSON.stringify(rows), via, actor, reason ?? null, now],
  );
}

/** One version of a record. */
export interface RecordVersion {
  readonly number: number;
  readonly content: VersionContent;
  /** The fields in which it differs from the one before; `client_id` and `removed` among them. */
  readonly changed: readonly string[];
  readonly via: Writing['via'];
  readonly actor: string;
  readonly reason: string | undefined;
  readonly at: Date;
}

/** The versions of a record, the newest first, those below `before`. */
export async function listRecordVersions(
  db: Db,
  id: string,
  { before, limit = 20 }: { readonly before?: number | undefined; readonly limit?: number } = {},
): Promise<RecordVersion[]> {
  const rows = await db.query<Omit<RecordVersion, 'reason'> & { reason: string | null }>(
    `select number, content, changed, via, actor, reason, at from inventory_versions
     where inventory_id = $1 and number < $2 order by number desc limit $3`,
    [id, before ?? 2_147_483_647, limit],
  );
  return rows.map(({ reason, ...version }) => ({ ...version, reason: reason ?? undefined }));
}
