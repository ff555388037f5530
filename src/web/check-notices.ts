/** What those who answer for an app are told when its daily checks fail. */
import type { Db } from '#src/base/database.ts';
import type { CheckProblem, Finding } from '#src/registry/checks/check.ts';
import type { ClientRecord } from '#src/registry/clients.ts';
import { checksFailedMessage } from '#views/check-messages.ts';
import type { ShownCheckProblem } from '#views/console/parts/checks.ts';
import type { MessageContext } from '#views/messages.ts';
import { createTellAgency } from './agency-notices.ts';
import type { House } from './house.ts';

/** What the daily checks of an app have found. */
interface Failing {
  readonly client: ClientRecord;
  readonly findings: readonly Finding[];
  readonly isStopped: boolean;
}

/** Tells its owners, and the operators when it had to be stopped, with the commit of the caller's unit. */
export function createTellFailing(house: Pick<House, 'config' | 'secrets'>) {
  const tellAgency = createTellAgency(house);
  return async (db: Db, { client, findings, isStopped }: Failing): Promise<void> => {
    const page = isStopped ? '' : '/production';
    const checksLink = `${house.config.issuer}/console/apps/${encodeURIComponent(client.id)}${page}`;
    const problems = findings.flatMap((finding) => finding.problems).map(shownProblem);
    const compose = (context: MessageContext) =>
      checksFailedMessage({ ...context, service: client.name[context.language], problems, isStopped, checksLink });
    const cause = `checks ${client.id} ${Date.now()}`;
    await tellAgency(db, client.agencyId, 'owners', compose, { cause });
    if (isStopped) await tellAgency(db, client.agencyId, 'operators', compose, { cause });
  };
}

/** A problem as pages and messages say it. */
export function shownProblem({ code, about, said, at }: CheckProblem): ShownCheckProblem {
  return { code, about, said, at: at === undefined ? undefined : new Date(at) };
}
