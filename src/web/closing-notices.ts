/** What the owner of an account is told of its end, by the work that carries it out (`jobs/closings.ts`). */
import type { Db } from '#src/base/database.ts';
import { loadAccount } from '#src/people/accounts.ts';
import { accountClosingSoonMessage, accountErasedNotice } from '#views/messages.ts';
import type { House } from './house.ts';
import { notifyContacts } from './messages.ts';

/** Tells every contact, with the commit of the caller's unit. */
export function createTellOwner(house: Pick<House, 'config' | 'secrets'>) {
  return async (db: Db, accountId: string, what: 'closing-soon' | 'erased'): Promise<void> => {
    if (what === 'erased') return notifyContacts(house, db, accountId, accountErasedNotice);
    const { closesAt } = await loadAccount(db, house.secrets, accountId);
    await notifyContacts(house, db, accountId, (context) =>
      accountClosingSoonMessage({ ...context, endsAt: closesAt }),
    );
  };
}
