/**
 * What admins did, as far as somebody may see it: what concerns the agencies at and below theirs, the latest first.
 *
 * Few agencies are each asked for their latest events; for many, time is walked backwards, since most of what happened is
 * theirs.
 */
import type { AdminEventKind, EventDetails } from '#src/audit/events.ts';
import type { Db } from '#src/base/database.ts';
import { listFewAgencies, planForSearch } from './search.ts';

/** A place in the order of events. */
export interface EventPosition {
  readonly at: Date;
  readonly id: string;
}

/** Which events to list. */
export interface EventSearch {
  /** The agencies at and below which it happened. */
  readonly nodes: readonly string[];
  /** Whether what belongs to no agency is listed too: keys, accounts, the instance. */
  readonly withoutAgency?: boolean;
  /** What it was done to, such as `client puskesmas-online`. */
  readonly subject?: string | undefined;
  /** Who did it: an account id, `command`, `start` … */
  readonly actor?: string | undefined;
  readonly after?: EventPosition | undefined;
  readonly limit?: number;
}

/** One thing that an admin did. */
export interface EventLine extends EventPosition {
  readonly kind: AdminEventKind;
  readonly actor: string;
  readonly subject: string;
  readonly agencyId: string | undefined;
  readonly details: EventDetails;
}

interface EventRow {
  id: string;
  at: Date;
  kind: AdminEventKind;
  actor: string;
  subject: string;
  agency_id: string | null;
  details: EventDetails;
}

const EVENTS_PER_PAGE = 50;

/** Events, the latest first; 50 unless told otherwise. */
export async function listEvents(
  db: Db,
  search: EventSearch,
): Promise<{ readonly lines: readonly EventLine[]; readonly hasMore: boolean }> {
  const limit = search.limit ?? EVENTS_PER_PAGE;
  await planForSearch(db);
  const isNarrow = !search.withoutAgency && search.subject === undefined && search.actor === undefined;
  const few = isNarrow ? await listFewAgencies(db, search.nodes) : undefined;
  const rows = await (few ? listOfFew(db, few, search, limit + 1) : listAlongTime(db, search, limit + 1));
  const lines = rows.slice(0, limit).map(({ agency_id, ...row }) => ({ ...row, agencyId: agency_id ?? undefined }));
  return { lines, hasMore: rows.length > limit };
}

function listOfFew(db: Db, agencies: readonly string[], { after }: EventSearch, limit: number): Promise<EventRow[]> {
  return db.query<EventRow>(
    `with latest as (
       select one.at, one.id from unnest($1::text[]) as mine (agency_id) cross join lateral (
         select at, id from admin_events e where e.agency_id = mine.agency_id
           and ($2::timestamptz is null or (e.at <= $2 and (e.at < $2 or e.id > $3::uuid)))
         order by e.at desc, e.id limit $4) as one
       order by one.at desc, one.id limit $4)
     select e.id, e.at, e.kind, e.actor, e.subject, e.agency_id, e.details
     from latest l join admin_events e on e.id = l.id
     order by e.at desc, e.id`,
    [agencies, after?.at, after?.id, limit],
  );
}

function listAlongTime(db: Db, search: EventSearch, limit: number): Promise<EventRow[]> {
  const { nodes, withoutAgency = false, subject, actor, after } = search;
  return db.query<EventRow>(
    `select e.id, e.at, e.kind, e.actor, e.subject, e.agency_id, e.details
     from admin_events e left join agencies a on a.id = e.agency_id
     where (a.path && $1 or a.id = any($1) or ($2 and e.agency_id is null))
       and ($3::text is null or e.subject = $3)
       and ($4::text is null or e.actor = $4)
       and ($5::timestamptz is null or (e.at <= $5 and (e.at < $5 or e.id > $6::uuid)))
     order by e.at desc, e.id limit $7`,
    [nodes, withoutAgency, subject, actor, after?.at, after?.id, limit],
  );
}
