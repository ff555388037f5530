/** What the owner of an account is told of steps in its life that are taken without them: by the command line and by jobs. */
import type { Db } from '#src/base/database.ts';
import { loadAccount } from '#src/people/accounts.ts';
import {
  accountClosingSoonMessage,
  accountDisabledMessage,
  accountErasedNotice,
  accountHeldMessage,
  accountOpenedMessage,
  personProvenMessage,
} from '#views/messages.ts';
import type { House } from './house.ts';
import { notifyContacts } from './messages.ts';

const messages = {
  disabled: accountDisabledMessage,
  erased: accountErasedNotice,
  frozen: accountHeldMessage,
  opened: accountOpenedMessage,
  proven: personProvenMessage,
  'closing-soon': accountClosingSoonMessage,
} as const;

export type Told = keyof typeof messages;

/** Tells every contact, with the commit of the caller's unit. */
export function createTellOwner(house: Pick<House, 'config' | 'secrets'>) {
  return async (db: Db, accountId: string, what: Told): Promise<void> => {
    const { closesAt: endsAt } = await loadAccount(db, house.secrets, accountId);
    await notifyContacts(house, db, accountId, (context) => messages[what]({ ...context, endsAt }));
  };
}
