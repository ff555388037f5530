/** To how many people each claim of an app is open: for its agency, which sees nothing of few (`registry/figures.ts`). */
import type { Db } from '#src/base/database.ts';
import type { Counted } from './people-counts.ts';
import { fromBits, readTerms, toId } from './terms.ts';

/** People by app and claim (`<app> <claim>`), and of the app as a whole (`<app> `), of a range of shards; ranges add up. */
export async function countPeopleByClaim(db: Db, { shards, at }: Counted): Promise<ReadonlyMap<string, number>> {
  const home = db.forAll(shards);
  const whole = await home.query<{ client_id: string; people: string }>(
    `select client_id, count(distinct account_id) as people from permissions
     where shard = any($1) and ended_at is null and expires_at > $2 group by client_id`,
    [shards, at],
  );
  const rows = await home.query<{ client_id: string; terms: Buffer; allowed: string; people: string }>(
    `select client_id, terms, allowed, count(*) as people from permissions
     where shard = any($1) and ended_at is null and expires_at > $2 group by client_id, terms, allowed`,
    [shards, at],
  );
  const sums = new Map(whole.map(({ client_id: id, people }) => [`${id} `, Number(people)]));
  const terms = await readTerms(db, new Set(rows.map((row) => toId(row.terms))));
  for (const { client_id: id, terms: named, allowed, people } of rows) {
    const shown = terms.get(toId(named));
    for (const claim of shown ? fromBits(shown, BigInt(allowed)) : []) {
      const key = `${id} ${claim}`;
      sums.set(key, (sums.get(key) ?? 0) + Number(people));
    }
  }
  return sums;
}
