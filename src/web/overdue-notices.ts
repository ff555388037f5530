/** What agencies are told of answers that they owe: before the day, after it, and of those right below them. */
import type { Db } from '#src/base/database.ts';
import { loadAgency } from '#src/registry/agencies.ts';
import { findOwedTold, type OwedTelling, type OwedTold } from '#src/registry/answers-owed.ts';
import { appLink } from '#views/console/app-page.ts';
import type { MessageContext } from '#views/messages.ts';
import { type OwedMessageContext, owedMessage } from '#views/overdue-messages.ts';
import { createTellAgency } from './agency-notices.ts';
import type { House } from './house.ts';
import { nameOf } from './names.ts';

/**
 * Tells the owners of an agency; of what is overdue below it those who coordinate too, in one letter for all of it. Where there is
 * nobody above, operators are told.
 */
export function createTellOwed(house: Pick<House, 'config' | 'secrets'>) {
  const tell = createTellAgency(house);
  return async (db: Db, telling: OwedTelling): Promise<void> => {
    const { agencyId, occasion, until } = telling;
    const owed = await findOwedTold(db, telling);
    if (!owed) return;
    const agency = await loadAgency(db, agencyId);
    const link = `${house.config.issuer}${placeOf(telling, owed)}`;
    const composeFor = (what: OwedMessageContext['occasion']) => (context: MessageContext) =>
      owedMessage({
        ...{ ...context, ...owed, occasion: what, link, agency: nameOf(agency, context.language) },
        names: owed.names.map((name) => name[context.language]),
      });
    const cause = `answers ${agencyId} ${occasion} ${until.toISOString()}`;
    const owners = await tell(db, agencyId, 'owners', composeFor(occasion), { cause });
    if (occasion === 'below') {
      const coordinators = await tell(db, agencyId, 'coordinators', composeFor(occasion), { cause });
      if (owners + coordinators === 0) await tell(db, agencyId, 'operators', composeFor(occasion), { cause });
    }
    const isTop = occasion === 'overdue' && agency.parentId === null;
    if (isTop) await tell(db, agencyId, 'operators', composeFor('top'), { cause });
  };
}

/** Where the one app of an agency that is told is answered for; of several the list. */
function placeOf({ agencyId, occasion }: OwedTelling, { only, withdrawals }: OwedTold): string {
  if (only !== undefined && occasion !== 'below') return appLink(only, withdrawals > 0 ? 'deliveries' : 'reports');
  return `/console/overdue?agency=${encodeURIComponent(agencyId)}`;
}
