/**
 * Exceptions from closed places that somebody asks for: a case for each kind of place, without an app yet. Whoever may give the exception
 * decides; to allow it gives the agency an exception for one app.
 */
import type { Db } from '#src/base/database.ts';
import { DAY_MS } from '#src/base/epoch.ts';
import type { RegistrationCase } from './cases.ts';
import { type Closure, findClosures, giveException } from './closures.ts';
import { isWithin, type Reach } from './coordination.ts';

/** How long an exception that was asked for is good. */
const GOOD_DAYS = 90;

type Asked = Pick<RegistrationCase, 'clientId' | 'grounds' | 'agencyId' | 'agencies' | 'sectors' | 'justification'>;

/** Whether a case asks for an exception; those of an app that is there are about the app. */
export function asksForException({ clientId, grounds }: Pick<Asked, 'clientId' | 'grounds'>): boolean {
  return clientId === undefined && !grounds.includes('duplicate');
}

/** The places that are closed still of those that a case asks an exception from. */
function findPlaces(db: Db, { grounds, agencies, sectors }: Asked): Promise<Closure[]> {
  return findClosures(db, { path: grounds.includes('agency-closed') ? agencies : [], sectors });
}

/** Whether somebody who coordinates so much may give what a case asks for. */
export async function mayGiveAsked(db: Db, reach: Reach, asked: Asked): Promise<boolean> {
  const places = await findPlaces(db, asked);
  return places.every(({ agencyId, sectorId }) =>
    isWithin(reach, {
      path: agencyId === undefined ? [] : asked.agencies.slice(0, asked.agencies.indexOf(agencyId) + 1),
      sectors: sectorId === undefined ? [] : [sectorId],
    }),
  );
}

/** Gives what a case asks for; nothing where the place was opened meanwhile. Inside a transaction. */
export async function giveAsked(tx: Db, asked: Asked, actor: string): Promise<void> {
  const expiresAt = new Date(Date.now() + GOOD_DAYS * DAY_MS);
  const { agencyId, justification: reason } = asked;
  for (const { id: closureId } of await findPlaces(tx, asked))
    await giveException(tx, { closureId, agencyId, apps: 1, reason, expiresAt, actor });
}
