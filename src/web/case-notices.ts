/** What people are told of cases: that one waits for them, that it is overdue, how it was decided. */
import type { Db } from '#src/base/database.ts';
import { findAgencies, loadAgency } from '#src/registry/agencies.ts';
import { findFaces } from '#src/registry/app-faces.ts';
import { type CaseToTell, isOwnCase, loadCase, type RegistrationCase } from '#src/registry/cases.ts';
import { asksForException } from '#src/registry/exceptions-asked.ts';
import { listSectors } from '#src/registry/sectors.ts';
import { caseDecidedMessage, caseMessage } from '#views/case-messages.ts';
import { caseLink } from '#views/console/cases.ts';
import type { MessageContext } from '#views/messages.ts';
import { createTellAgency } from './agency-notices.ts';
import type { House } from './house.ts';
import { nameOf } from './names.ts';

type Told = Pick<House, 'config' | 'secrets'>;

/**
 * Tells those who may decide about a case that it waits: the coordinators of the agency and above, and those of its sectors,
 * but for whoever had a hand in the app. Where there is nobody, operators are told, who can name somebody.
 */
export function createTellCase(house: Told) {
  const tell = createTellAgency(house);
  return async (db: Db, { id, occasion }: CaseToTell): Promise<void> => {
    const found = await loadCase(db, id);
    const agency = await loadAgency(db, found.agencyId);
    const compose = (isUnattended: boolean) => (context: MessageContext) =>
      caseMessage({
        ...caseIn(house, context, found, nameOf(agency, context.language)),
        ...{ occasion, justification: found.justification, dueAt: found.dueAt, isUnattended },
        isException: asksForException(found),
      });
    const told = {
      cause: `case ${id} ${occasion}`,
      spares: (accountId: string) => isOwnCase(db, found, accountId),
    };
    const sectors = (await listSectors(db)).filter((sector) => found.sectors.includes(sector.id));
    // An exception from a closed sector is the sector's to give.
    const isOfAgency = !asksForException(found) || found.grounds.includes('agency-closed');
    const coordinating = new Set([
      ...(isOfAgency ? [found.agencyId] : []),
      ...sectors.flatMap(({ coordinatorId }) => coordinatorId ?? []),
    ]);
    let count = 0;
    for (const agencyId of coordinating) count += await tell(db, agencyId, 'coordinators', compose(false), told);
    if (count === 0) await tell(db, found.agencyId, 'operators', compose(true), told);
  };
}

/** Tells the agency's developers how a case was decided, with its commit. */
export async function tellCaseDecided(house: Told, db: Db, found: RegistrationCase): Promise<void> {
  const { status, note, instead, agencyId } = found;
  if (status !== 'allowed' && status !== 'refused') return;
  const [agency] = await findAgencies(db, [agencyId]);
  const face = instead && (await findFaces(db, [instead])).get(instead);
  await createTellAgency(house)(db, agencyId, 'developers', (context) =>
    caseDecidedMessage({
      ...caseIn(house, context, found, agency ? nameOf(agency, context.language) : agencyId),
      isException: asksForException(found),
      ...{ verdict: status, note, instead: face?.isKnown ? face.name[context.language] : undefined },
    }),
  );
}

function caseIn({ config }: Told, context: MessageContext, { id, name }: RegistrationCase, agency: string) {
  return { ...context, service: name[context.language], agency, link: `${config.issuer}${caseLink(id)}` };
}
