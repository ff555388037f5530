/** Lists over every shard, the latest first, that read about as many rows as they show, whatever there is. */

/** What is listed: rows of a table whose index begins with `shard`, `client_id` and the moment that they are ordered by. */
export interface Spread {
  readonly table: string;
  /** The column of that moment. */
  readonly at: string;
  /** Which of them, in SQL; all when left out. */
  readonly which?: string;
}

/**
 * A common table expression, `newest (shard, since)`: in which shards the latest `$5` rows are, and since when. A row can only be
 * one of them if the latest of its shard is, so that every shard is asked for one row. A statement with it takes `$1` the
 * shards, `$2` the app, `$3` and `$4` the moment and the id of the row before which the list begins, and `$5` how many.
 */
export function newestOf({ table, at, which = 'true' }: Spread): string {
  return `newest as materialized (
    select shard, case when count(*) over () < $5 then '-infinity' else min(at) over () end as since
    from (select of.shard, latest.at from unnest($1::smallint[]) as of (shard) cross join lateral (
        select ${at} as at from ${table} where shard = of.shard and client_id = $2 and ${at} <= $3
          and (${at} < $3 or id < $4) and ${which} order by ${at} desc limit 1) latest
      order by latest.at desc fetch first ($5) rows with ties) shards)`;
}
