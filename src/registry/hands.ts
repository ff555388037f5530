/**
 * Who had a hand in what others decide about, so that nobody decides about what is their own: themselves, by a machine of
 * theirs, or by a token that they made.
 */
import type { Db } from '#src/base/database.ts';
import { isId } from '#src/base/secrets.ts';

/**
 * Whoever stands behind an actor among the hands: of a machine whoever registered or changed it or made a secret of it, of a
 * token of registration whoever made it. $3 is the moment.
 */
const behind = `union
    select behind.actor from hands cross join lateral (
      select v.actor from client_versions v
      where hands.actor like 'client %' and v.client_id = substr(hands.actor, 8)
      union all
      select e.actor from admin_events e
      where e.subject = hands.actor and e.kind in ('client.secret-set', 'registration-token.made')
        and e.at > $3::timestamptz - interval '2 years'
    ) as behind`;

/**
 * Everybody who had a hand in what version $2 of client $1 would put in force: who wrote it and what it rests on; for a
 * machine that wrote it, whoever registered or changed that machine or made a secret of it; for a token of registration,
 * whoever made it. Otherwise somebody could ask by a machine of theirs and agree by themselves. Secrets and tokens are looked
 * for among the events of two years, since they can be ended before one agrees. Who only sent an app back out of review has
 * put nothing into it.
 */
export const hands = `with recursive hands (actor) as (
    select own.actor from client_versions own join clients c on c.id = own.client_id
    where own.client_id = $1 and own.number <= $2
      and own.number > case when c.live_since is null and c.state <> 'live' then 0 else c.number end
      and not (own.from_state = 'review' and own.to_state in ('draft', 'sandbox') and own.changed = '{state}')
    ${behind}
  )`;

/**
 * Everybody behind what was asked about an app as `actor`: that one, whoever ever changed the app, and who stands behind those
 * that are machines or tokens. Only people and machines: what runs the deployment is nobody's hand.
 */
async function listHands(
  db: Db,
  { clientId, actor }: { readonly clientId: string | undefined; readonly actor: string },
): Promise<Set<string>> {
  const rows = await db.query<{ actor: string }>(
    `with recursive hands (actor) as (
       select $2::text
       union
       select own.actor from client_versions own where own.client_id = $1
       ${behind}
     )
     select actor from hands`,
    [clientId ?? null, actor, new Date()],
  );
  return new Set(rows.map((row) => row.actor).filter((one) => isId(one) || one.startsWith('client ')));
}

/** Whether somebody, or whoever is behind that machine, is among those behind what was asked about an app. */
export async function hadHand(db: Db, asked: Parameters<typeof listHands>[1], decider: string): Promise<boolean> {
  const hands = await listHands(db, asked);
  const deciding = await listHands(db, { clientId: undefined, actor: decider });
  return [...deciding].some((one) => hands.has(one));
}
