/** Where the people of an app go that has ended, or ends soon. Read from what the process knows of the clients, without a statement. */
import { todayInJakarta } from '#src/base/epoch.ts';
import { partsOf } from '#src/registry/app-refs.ts';
import { isAvailable } from '#src/registry/client-reach.ts';
import type { ClientRecord } from '#src/registry/clients.ts';
import { daysUntil } from '#src/registry/decision-ends.ts';
import { sayDay } from '#views/console/parts/decision.ts';
import type { ShownSuccessor } from '#views/ended.ts';
import { type Language, translate } from '#views/locale.ts';
import { wayInto } from './frame.ts';
import type { OpenHouse } from './house.ts';
import { nameOf } from './names.ts';

type Known = Pick<OpenHouse, 'config' | 'clients'>;

/** Longer chains than people would make. */
const MOST_STEPS = 20;

/** The app that takes in the people of another one: the first on the way that can be used. */
function findSuccessor({ config, clients }: Known, client: ClientRecord): ClientRecord | undefined {
  let at: ClientRecord | undefined = client;
  for (let step = 0; at?.successor && step < MOST_STEPS; step += 1) {
    const { kind, id } = partsOf(at.successor);
    at = kind === 'client' ? clients.find(id) : undefined;
    if (at && isAvailable(at, config.mode)) return at;
  }
  return undefined;
}

/** A successor as pages name it, with the way into it. */
export function showSuccessor(house: Known, client: ClientRecord, language: Language): ShownSuccessor | undefined {
  const successor = findSuccessor(house, client);
  if (!successor) return undefined;
  const { agency } = successor;
  const link = wayInto(successor, house.config.issuer);
  return {
    name: successor.name[language],
    agency: nameOf(agency, language),
    ...(link && { link, host: URL.parse(link)?.host }),
  };
}

/** From how many days before its end people who sign in to an app are told. */
const TOLD_DAYS = 60;

/** What somebody who is about to sign in to an app should know of its end, where it is near. */
export function sayEnd(house: Known, client: ClientRecord, language: Language): string | undefined {
  const { endsOn } = client;
  if (endsOn === undefined || endsOn <= todayInJakarta() || daysUntil(endsOn) > TOLD_DAYS) return undefined;
  const t = translate(language);
  const values = { service: client.name[language], day: sayDay(language, endsOn) };
  const successor = findSuccessor(house, client)?.name[language];
  return successor === undefined ? t('ended.soon', values) : t('ended.soon-to', { ...values, successor });
}
