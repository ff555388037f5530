/** What people are told of changes of apps: that one waits for them, how it was decided, what was done without asking. */
import type { Db } from '#src/base/database.ts';
import { type Decided, hadAHand, type ToldVersion } from '#src/registry/approvals.ts';
import type { Changed } from '#src/registry/changes.ts';
import { type ClientRecord, loadClient } from '#src/registry/clients.ts';
import { migrationOf } from '#src/registry/migration.ts';
import { listSectors } from '#src/registry/sectors.ts';
import { loadVersion } from '#src/registry/versions.ts';
import {
  decidedMessage,
  glassBrokenMessage,
  reviewMessage,
  serviceMovedMessage,
  stepTakenMessage,
} from '#views/change-messages.ts';
import { appLink } from '#views/console/app-page.ts';
import { keyName } from '#views/console/parts/declared.ts';
import { reviewLink } from '#views/console/reviews.ts';
import type { MessageContext } from '#views/messages.ts';
import { createTellAgency } from './agency-notices.ts';
import type { House } from './house.ts';
import { nameOf } from './names.ts';

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

/**
 * Tells those who may decide about a version that it waits, each once: the approvers of its agency and above, and the
 * coordinators of its sectors, but for whoever had a hand in it. Where there is nobody, operators are told, who can name
 * somebody.
 */
export function createTellReview(house: Told) {
  const tell = createTellAgency(house);
  return async (db: Db, { clientId, number }: ToldVersion): Promise<void> => {
    const client = await loadClient(db, clientId);
    const version = await loadVersion(db, clientId, number);
    const compose = (isUnattended: boolean) => (context: MessageContext) =>
      reviewMessage({
        ...serviceIn(house, context, client),
        link: `${house.config.issuer}${reviewLink(clientId, number)}`,
        agency: nameOf(client.agency, context.language),
        fields: version.changed.map((key) => keyName(context.language, key)),
        dueAt: version.dueAt,
        isUnattended,
      });
    const told = {
      cause: `review ${clientId} ${number}`,
      spares: (accountId: string) => hadAHand(db, version, accountId),
    };
    const sectors = (await listSectors(db)).filter(({ id }) => client.sectors.includes(id));
    const coordinating = new Set(sectors.flatMap(({ coordinatorId }) => coordinatorId ?? []));
    let count = await tell(db, client.agencyId, 'approvers', compose(false), told);
    for (const agencyId of coordinating) count += await tell(db, agencyId, 'coordinators', compose(false), told);
    if (count === 0) await tell(db, client.agencyId, 'operators', compose(true), told);
  };
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

/** Tells the agency's developers that a step they had planned was taken, with its commit. */
export function createTellStep(house: Told) {
  const tell = createTellAgency(house);
  return async (db: Db, before: ClientRecord, after: ClientRecord): Promise<void> => {
    const link = `${house.config.issuer}${appLink(after.id, 'migration')}`;
    const compose = (context: MessageContext) =>
      stepTakenMessage({
        ...{ ...serviceIn(house, context, after), link },
        before: migrationOf(before).standing,
        after: migrationOf(after).standing,
      });
    await tell(db, after.agencyId, 'developers', compose, { cause: `step ${after.id} ${after.number}` });
  };
}
