/**
 * How often each claim was handed to an app, day by day: for its agency, which does not see whose it was.
 *
 * Written late (`oidc/releases.ts`), so a count may be a minute old and the last ones of a process that breaks off are lost.
 */
import type { Row, Write } from '#src/base/coalescing.ts';
import type { Db } from '#src/base/database.ts';
import type { StandardClaim } from './claims.ts';
import { DAY_SLOTS } from './uses.ts';

/**
 * So many more of some claims, which left together, on a day (in UTC). Each process counts into a slot of its own choice, so that
 * no row is everybody's; rows are taken in one order everywhere, so that two processes with the same apps wait for each other and
 * never in a circle.
 */
export const claimsReleased: Write = {
  name: 'claims_released',
  table: '',
  columns: { client_id: 'text', day: 'date', claims: 'text', slot: 'smallint', releases: 'bigint' },
  text: `insert into client_release_days as d (client_id, day, claim, slot, releases)
    select said.client_id, said.day, said.claim, said.slot, said.releases
    from (select client_id, day, claim, slot, sum(releases) as releases
        from given cross join lateral unnest(string_to_array(given.claims, ' ')) as named (claim)
        group by client_id, day, claim, slot) as said
      join clients c on c.id = said.client_id
    order by said.client_id, said.day, said.claim, said.slot
    on conflict (client_id, day, claim, slot) do update set releases = d.releases + excluded.releases returning 1`,
  lost: () => new Error('a release was not counted'),
};

/** Where this process counts. */
const slot = Math.floor(Math.random() * DAY_SLOTS);

/** A row that adds to the counts of a day (`2026-11-26`, in UTC). @param claims with spaces between them */
export function claimsReleasedRow(clientId: string, day: string, claims: string, releases: number): Row {
  return [clientId, day, claims, slot, releases];
}

/**
 * How often each claim was handed to an app since a day (`2026-11-26`, in UTC) and before another; those that never were are left
 * out. Whoever looks on asks for whole days: what one person does now is not to be seen by looking twice.
 */
export async function readClaimReleases(
  db: Db,
  clientId: string,
  { since, before = '9999-12-31' }: { readonly since: string; readonly before?: string },
): Promise<ReadonlyMap<StandardClaim, number>> {
  const rows = await db.query<{ claim: StandardClaim; releases: string }>(
    `select claim, sum(releases) as releases from client_release_days where client_id = $1 and day >= $2 and day < $3
     group by claim order by claim`,
    [clientId, since, before],
  );
  return new Map(rows.map(({ claim, releases }) => [claim, Number(releases)]));
}
