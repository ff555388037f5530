/** What an agency is told when something became of its apps that it did not do itself. */
import type { Db } from '#src/base/database.ts';
import type { Decided } from '#src/registry/approvals.ts';
import type { Changed } from '#src/registry/changes.ts';
import type { ClientRecord } from '#src/registry/clients.ts';
import { decidedMessage, glassBrokenMessage, serviceMovedMessage } from '#views/change-messages.ts';
import { keyName } from '#views/console/parts/declared.ts';
import type { MessageContext } from '#views/messages.ts';
import { createTellAgency } from './agency-notices.ts';
import type { House } from './house.ts';

type Told = Pick<House, 'config' | 'secrets'>;

/** Tells the agency's owners and every operator that a risky change took effect without approval, with its commit. */
export async function tellBrokenGlass(house: Told, db: Db, { client, plan }: Changed, reason: string): Promise<void> {
  const tell = createTellAgency(house);
  const compose = (context: MessageContext) =>
    glassBrokenMessage({
      ...serviceIn(house, context, client),
      reason,
      fields: plan.risky.map((key) => keyName(context.language, key)),
    });
  for (const audience of ['owners', 'operators'] as const) await tell(db, client.agencyId, audience, compose);
}

/** Tells the agency's developers that what they asked for was decided, with its commit. */
export async function tellDecided(
  house: Told,
  db: Db,
  { client, version, status }: Decided,
  note?: string,
): Promise<void> {
  if (status === 'pending') return;
  await createTellAgency(house)(db, client.agencyId, 'developers', (context) =>
    decidedMessage({ ...serviceIn(house, context, client), verdict: status, number: version.number, note }),
  );
}

/** Tells the agency's owners that whoever runs the system stopped an app, or let it run again. */
export async function tellMoved(
  house: Told,
  db: Db,
  client: ClientRecord,
  { change, reason }: { readonly change: 'stopped' | 'resumed'; readonly reason: string },
): Promise<void> {
  await createTellAgency(house)(db, client.agencyId, 'owners', (context) =>
    serviceMovedMessage({ ...serviceIn(house, context, client), change, reason }),
  );
}

function serviceIn({ config }: Told, context: MessageContext, { id, name }: ClientRecord) {
  return { ...context, service: name[context.language], link: `${config.issuer}/console/apps/${id}/versions` };
}
