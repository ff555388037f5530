/** What agencies are told of answers that they owe: before the day, after it, and of those right below them. */
import type { Db } from '#src/base/database.ts';
import { loadAgency } from '#src/registry/agencies.ts';
import { findOwedTold, type OwedTelling } from '#src/registry/answers-owed.ts';
import type { MessageContext } from '#views/messages.ts';
import { owedMessage } from '#views/overdue-messages.ts';
import { createTellAgency } from './agency-notices.ts';
import type { House } from './house.ts';
import { nameOf } from './team-notices.ts';

/** Tells the owners of an agency; of what is overdue below it those who coordinate too. */
export function createTellOwed(house: Pick<House, 'config' | 'secrets'>) {
  const tell = createTellAgency(house);
  return async (db: Db, telling: OwedTelling): Promise<void> => {
    const { agencyId, occasion, until } = telling;
    const owed = await findOwedTold(db, telling);
    if (!owed) return;
    const agency = await loadAgency(db, agencyId);
    const link = `${house.config.issuer}/console/overdue?agency=${encodeURIComponent(agencyId)}`;
    const compose = (context: MessageContext) =>
      owedMessage({
        ...{ ...context, ...owed, occasion, link, agency: nameOf(agency, context.language) },
        names: owed.names.map((name) => name[context.language]),
      });
    const cause = `answers ${agencyId} ${occasion} ${until.toISOString()}`;
    await tell(db, agencyId, 'owners', compose, { cause });
    if (occasion === 'below') await tell(db, agencyId, 'coordinators', compose, { cause });
  };
}
