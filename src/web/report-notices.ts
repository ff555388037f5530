/** What people are told of a report about a release: the app's owners, those above them, and whoever reported. */
import type { Db } from '#src/base/database.ts';
import { findReleaseOf } from '#src/consents/releases.ts';
import type { Report, ReportAnswer } from '#src/consents/reports.ts';
import { type ClientRecord, findClient } from '#src/registry/clients.ts';
import { appLink } from '#views/console/app-page.ts';
import type { MessageContext } from '#views/messages.ts';
import {
  type ReportMessageContext,
  reportAnsweredMessage,
  reportedMessage,
  reportOverdueMessage,
} from '#views/report-messages.ts';
import { releaseLink } from './account/shown-releases.ts';
import { createTellAgency } from './agency-notices.ts';
import type { House } from './house.ts';
import { notifyContacts } from './messages.ts';
import { nameOf } from './team-notices.ts';

type Told = Pick<House, 'config' | 'secrets'>;

/** Tells the owners of an app, with the commit of the caller's unit, that somebody does not recognise what it read. */
export async function tellReported(house: Told, db: Db, client: ClientRecord, report: Report): Promise<void> {
  await createTellAgency(house)(
    db,
    client.agencyId,
    'owners',
    (context) => reportedMessage(aboutReport(house, context, client, report)),
    { cause: `report ${report.id}` },
  );
}

/**
 * Tells those above the agency that nobody has answered: the owners of the agency above or the nearest one further up that has
 * any; operators where there is none.
 */
export function createTellOverdueReport(house: Told) {
  const tell = createTellAgency(house);
  return async (db: Db, report: Report): Promise<void> => {
    const client = await findClient(db, report.clientId);
    if (!client) return;
    const compose = (context: MessageContext) => reportOverdueMessage(aboutReport(house, context, client, report));
    const cause = { cause: `report overdue ${report.id}` };
    const above = client.agency.path.at(-2);
    const count = above === undefined ? 0 : await tell(db, above, 'owners', compose, cause);
    if (count === 0) await tell(db, client.agencyId, 'operators', compose, cause);
  };
}

function aboutReport(
  { config }: Told,
  context: MessageContext,
  { id, name, agency }: ClientRecord,
  { reason, dueAt }: Report,
): ReportMessageContext {
  const { language } = context;
  const link = `${config.issuer}${appLink(id, 'reports')}`;
  return { ...context, service: name[language], agency: nameOf(agency, language), reason, dueAt, link };
}

/** Tells every contact of whoever reported what the agency found. */
export async function tellAnswered(
  house: Told,
  db: Db,
  client: ClientRecord,
  { accountId, release }: Report,
  answer: ReportAnswer,
): Promise<void> {
  const about = await findReleaseOf(db, house.secrets, accountId, { ...release, clientId: client.id });
  const link = `${house.config.issuer}${about ? releaseLink(about) : '/account/releases'}`;
  await notifyContacts(house, db, accountId, (context) => {
    const { language } = context;
    const named = { service: client.name[language], agency: nameOf(client.agency, language) };
    return reportAnsweredMessage({ ...context, ...named, answer, link });
  });
}
