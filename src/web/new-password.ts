/** A password that somebody chooses for their account. */
import type { Db } from '#src/base/database.ts';
import { type Account, listAccountContacts } from '#src/people/accounts.ts';
import { checkPassword, hashPassword } from '#src/people/passwords.ts';
import type { OpenHouse } from './house.ts';

/**
 * Its hash, to be stored. Call it before anything is written: a hash may wait in its queue, and a unit of work that waits
 * holds a connection.
 *
 * @throws {Refusal} `password_length`, `password_weak`, `password_busy`
 */
export async function hashNewPassword(
  { config, secrets }: OpenHouse,
  db: Db,
  account: Pick<Account, 'id' | 'profile'>,
  password: string,
): Promise<string> {
  const contacts = await listAccountContacts(db, secrets, account.id);
  const { name = '' } = account.profile;
  await checkPassword(password, [name, config.brand, ...contacts.map(({ value }) => value)]);
  return hashPassword(password);
}
