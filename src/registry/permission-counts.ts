/**
 * How often what happened to permissions of an app, day by day: for its agency, which does not see whose they were.
 *
 * Written late, so a count may be a second old and the last ones of a process that breaks off are lost.
 */
import type { Write } from '#src/base/coalescing.ts';
import type { Db } from '#src/base/database.ts';
import { dayOf } from '#src/base/epoch.ts';
import type { PermissionEvent } from './figures.ts';
import { DAY_SLOTS } from './uses.ts';

/** One more on its day (in UTC), in a slot of the process's own; rows are taken in one order everywhere. */
const permissionCounted: Write = {
  name: 'permission_counted',
  table: '',
  columns: { client_id: 'text', day: 'date', kind: 'text', event: 'text', slot: 'smallint' },
  text: `insert into client_permission_days as d (client_id, day, kind, event, slot, times)
    select said.client_id, said.day, said.kind, said.event, said.slot, said.times
    from (select client_id, day, kind, event, slot, count(*) as times from given group by client_id, day, kind, event, slot) as said
      join clients c on c.id = said.client_id
    order by said.client_id, said.day, said.kind, said.event, said.slot
    on conflict (client_id, day, kind, event, slot) do update set times = d.times + excluded.times returning 1`,
  lost: () => new Error('a permission was not counted'),
};

/** Where this process counts. */
const slot = Math.floor(Math.random() * DAY_SLOTS);

export interface PermissionNote {
  readonly clientId: string;
  readonly kind: 'consent' | 'notice';
  readonly event: PermissionEvent;
}

/** Counts what happened to a permission, about a second later. */
export function noted(db: Db, { clientId, kind, event }: PermissionNote): void {
  const day = dayOf(new Date());
  void db.soon(permissionCounted, [clientId, day, kind, event, slot]);
}
