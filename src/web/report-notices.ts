/** What people are told of a report about a release: the app's owners, and whoever reported. Of late answers `overdue-notices.ts` tells. */
import type { Db } from '#src/base/database.ts';
import { findReleaseOf } from '#src/consents/releases.ts';
import type { Report, ReportAnswer } from '#src/consents/reports.ts';
import type { ClientRecord } from '#src/registry/clients.ts';
import { appLink } from '#views/console/app-page.ts';
import type { MessageContext } from '#views/messages.ts';
import { reportAnsweredMessage, reportedMessage } from '#views/report-messages.ts';
import { releaseLink } from './account/shown-releases.ts';
import { createTellAgency } from './agency-notices.ts';
import type { House } from './house.ts';
import { notifyContacts } from './messages.ts';
import { nameOf } from './names.ts';

type Told = Pick<House, 'config' | 'secrets'>;

/** Tells the owners of an app, with the commit of the caller's unit, that somebody does not recognise what it read. */
export async function tellReported(house: Told, db: Db, client: ClientRecord, report: Report): Promise<void> {
  const { reason, dueAt } = report;
  const link = `${house.config.issuer}${appLink(client.id, 'reports')}`;
  const compose = (context: MessageContext) => {
    const { language } = context;
    const named = { service: client.name[language], agency: nameOf(client.agency, language) };
    return reportedMessage({ ...context, ...named, reason, dueAt, link });
  };
  await createTellAgency(house)(db, client.agencyId, 'owners', compose, { cause: `report ${report.id}` });
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
