/** Who may open an app before it is live: people of its team's choice, few of them. */
import type { Db } from '#src/base/database.ts';
import { Refusal } from '#src/base/refusals.ts';
import { lockRegistry, raiseRegistryVersion } from './version.ts';

/** How many people may try one app. */
export const MAX_TESTERS = 25;

/** Somebody who may try an app. */
export interface Tester {
  readonly accountId: string;
  readonly invitedBy: string;
  readonly since: Date;
}

/**
 * Sees to it that there is room for somebody to try an app, until the transaction ends. What only counts with room is done
 * after it: a refusal takes nothing back.
 *
 * @returns whether they may try it already
 * @throws {Refusal} `testers_full`
 */
export async function demandRoom(
  db: Db,
  { clientId, accountId }: Pick<Tester, 'accountId'> & { readonly clientId: string },
): Promise<boolean> {
  await lockRegistry(db);
  const testers = await listTesters(db, clientId);
  const isThere = testers.some((one) => one.accountId === accountId);
  if (!isThere && testers.length >= MAX_TESTERS) throw new Refusal('testers_full');
  return isThere;
}

/**
 * Lets somebody try an app, in every process within seconds. Inside a transaction.
 *
 * @returns whether that is new
 * @throws {Refusal} `testers_full`
 */
export async function addTester(
  db: Db,
  asked: Pick<Tester, 'accountId' | 'invitedBy'> & { readonly clientId: string },
): Promise<boolean> {
  if (await demandRoom(db, asked)) return false;
  const { clientId, accountId, invitedBy } = asked;
  await db.execute('insert into client_testers (client_id, tester_id, invited_by, since) values ($1, $2, $3, $4)', [
    clientId,
    accountId,
    invitedBy,
    new Date(),
  ]);
  await stamp(db, [clientId]);
  return true;
}

/** From now on somebody may not try an app any more. Inside a transaction. @returns whether they might */
export async function endTester(
  db: Db,
  { clientId, accountId }: { readonly clientId: string; readonly accountId: string },
): Promise<boolean> {
  await lockRegistry(db);
  const ended = await db.execute('delete from client_testers where client_id = $1 and tester_id = $2', [
    clientId,
    accountId,
  ]);
  if (ended > 0) await stamp(db, [clientId]);
  return ended > 0;
}

/** An account that is erased tries nothing any more. Inside a transaction. */
export async function endTesterEverywhere(db: Db, accountId: string): Promise<void> {
  if (!(await db.first('select from client_testers where tester_id = $1 limit 1', [accountId]))) return;
  await lockRegistry(db);
  const rows = await db.query<{ client_id: string }>(
    'delete from client_testers where tester_id = $1 returning client_id',
    [accountId],
  );
  await stamp(
    db,
    rows.map((row) => row.client_id),
  );
}

/** Who may try an app, the first one first. */
export async function listTesters(db: Db, clientId: string): Promise<Tester[]> {
  const rows = await db.query<{ tester_id: string; invited_by: string; since: Date }>(
    'select tester_id, invited_by, since from client_testers where client_id = $1 order by since, tester_id',
    [clientId],
  );
  return rows.map((row) => ({ accountId: row.tester_id, invitedBy: row.invited_by, since: row.since }));
}

/** Every process reads these clients anew. */
async function stamp(db: Db, clientIds: readonly string[]): Promise<void> {
  await db.execute('update clients set version = $2 where id = any($1)', [clientIds, await raiseRegistryVersion(db)]);
}
