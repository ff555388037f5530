/** Passwords of people in tests, who do not type them. */
import type { Db } from '#src/base/database.ts';
import { checkPassword, hashPassword, storePassword } from '#src/people/passwords.ts';

/** Gives an account its password, under the rules for everybody's. */
export async function setPassword(
  db: Db,
  accountId: string,
  password: string,
  personalWords: readonly string[] = [],
): Promise<void> {
  await checkPassword(password, personalWords);
  await storePassword(db, accountId, await hashPassword(password));
}
