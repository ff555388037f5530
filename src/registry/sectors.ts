/** Policy areas, and the ministry that coordinates each: data that whoever runs the deployment declares. */
import { recordAdminEvent } from '#src/audit/events.ts';
import type { Db } from '#src/base/database.ts';
import { Refusal } from '#src/base/refusals.ts';
import type { Outcome } from './agencies.ts';

/** What is declared about a sector. */
export interface Sector {
  readonly id: string;
  readonly name: string;
  readonly nameEn: string;
  /** Comes first in the migration of the state's apps. */
  readonly isPriority: boolean;
  /** The agency that decides about the apps of the sector. */
  readonly coordinatorId: string | undefined;
  /** Its place in lists. */
  readonly position: number;
}

interface SectorRow {
  id: string;
  name: string;
  name_en: string;
  is_priority: boolean;
  coordinator_id: string | null;
  position: number;
}

/** All of them, in their order: they are few. */
export async function listSectors(db: Db): Promise<Sector[]> {
  const rows = await db.query<SectorRow>(
    'select id, name, name_en, is_priority, coordinator_id, position from sectors order by position, id',
  );
  return rows.map(toSector);
}

function toSector(row: SectorRow): Sector {
  return {
    id: row.id,
    name: row.name,
    nameEn: row.name_en,
    isPriority: row.is_priority,
    coordinatorId: row.coordinator_id ?? undefined,
    position: row.position,
  };
}

/** Creates a sector or changes it. @throws {Refusal} `agency_not_found` when there is no such coordinator */
export async function saveSector(db: Db, sector: Sector, actor: string): Promise<Outcome> {
  const { id, coordinatorId } = sector;
  if (coordinatorId !== undefined && !(await db.first('select id from agencies where id = $1', [coordinatorId])))
    throw new Refusal('agency_not_found', `no agency ${coordinatorId}`);
  const row = await db.first<{ is_new: boolean }>(
    `insert into sectors as s (id, name, name_en, is_priority, coordinator_id, position, updated_at)
     values ($1, $2, $3, $4, $5, $6, $7)
     on conflict (id) do update set name = excluded.name, name_en = excluded.name_en,
       is_priority = excluded.is_priority, coordinator_id = excluded.coordinator_id, position = excluded.position,
       updated_at = excluded.updated_at
     where (s.name, s.name_en, s.is_priority, s.coordinator_id, s.position)
       is distinct from (excluded.name, excluded.name_en, excluded.is_priority, excluded.coordinator_id, excluded.position)
     returning (xmax = 0) as is_new`,
    [id, sector.name, sector.nameEn, sector.isPriority, coordinatorId ?? null, sector.position, new Date()],
  );
  if (!row) return 'unchanged';
  await recordAdminEvent(db, { kind: 'sector.changed', actor, subject: `sector ${id}` });
  return row.is_new ? 'created' : 'updated';
}
