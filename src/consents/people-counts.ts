/**
 * How many people use apps: those of whom an app may read something today. Sharded tables are counted range of shards by range of
 * shards; as all that is one person's is in one shard, the counts of the ranges add up.
 *
 * No answer here says who. What is counted of few people is kept to itself by `registry/coverage.ts`.
 */
import type { Db } from '#src/base/database.ts';

/** What a count is of, and when. */
export interface Counted {
  readonly shards: readonly number[];
  readonly at: Date;
}

/** People by app, each once: an app may have a consent and a notice. */
export async function countPeopleByApp(db: Db, { shards, at }: Counted): Promise<ReadonlyMap<string, number>> {
  const rows = await db.forAll(shards).query<{ client_id: string; people: string }>(
    `select client_id, count(distinct (shard, account_id)) as people from permissions
     where shard = any($1) and ended_at is null and expires_at > $2 group by client_id`,
    [shards, at],
  );
  return new Map(rows.map(({ client_id: id, people }) => [id, Number(people)]));
}

/** People of a group of apps (`client_groups`), each once however many of its apps they use. */
export interface GroupPeople {
  readonly kind: string;
  readonly id: string;
  readonly people: number;
}

/** People by group, as `client_groups` puts apps into groups at this moment. */
export async function countPeopleByGroup(db: Db, { shards, at }: Counted): Promise<GroupPeople[]> {
  const rows = await db.forAll(shards).query<{ kind: string; id: string; people: string }>(
    `select kind, id, count(*) as people from (
       select distinct g.kind, g.id, c.shard, c.account_id from permissions c join client_groups g on g.client_id = c.client_id
       where c.shard = any($1) and c.ended_at is null and c.expires_at > $2
     ) as each group by kind, id`,
    [shards, at],
  );
  return rows.map(({ kind, id, people }) => ({ kind, id, people: Number(people) }));
}
