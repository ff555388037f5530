/** What those concerned are told of a decision about an app: its owners, and those of the app that takes in its people. */
import type { Db } from '#src/base/database.ts';
import type { AppRef } from '#src/registry/app-refs.ts';
import { daysUntil } from '#src/registry/decision-ends.ts';
import type { Decision } from '#src/registry/decision-rows.ts';
import { findKnownApps, type KnownApp } from '#src/registry/known-apps.ts';
import { sayDay } from '#views/console/parts/decision.ts';
import {
  type DecisionsContext,
  decidedAboutMessage,
  decisionUndoneMessage,
  endedMessage,
  endsSoonMessage,
  heldMessage,
  incomingMessage,
} from '#views/decision-messages.ts';
import type { Message, MessageContext } from '#views/messages.ts';
import { createTellAgency } from './agency-notices.ts';
import type { House } from './house.ts';

/** So many apps are named in one message. */
const MOST_NAMED = 20;

/** What each step of a decision says, with the commit of the caller's unit. */
export function createDecisionNotices(house: Pick<House, 'config' | 'secrets'>) {
  const tell = createTellAgency(house);
  return {
    async decided(db: Db, decisions: readonly Decision[]): Promise<void> {
      const apps = await appsOf(db, decisions);
      await tellOf(db, decisions, apps, decidedAboutMessage, 'decided');
      for (const [agencyId, theirs] of byOtherAgency(decisions, apps)) {
        const compose = composeOf(house, theirs, apps, incomingMessage);
        await tell(db, agencyId, 'owners', compose, { cause: `incoming ${causeOf(theirs)} ${theirs[0]?.agencyId}` });
      }
    },
    async undone(db: Db, decisions: readonly Decision[]): Promise<void> {
      await tellOf(db, decisions, await appsOf(db, decisions), decisionUndoneMessage, 'undone');
    },
    async near(db: Db, decision: Decision): Promise<void> {
      const days = decision.effectiveOn ? daysUntil(decision.effectiveOn) : 0;
      const compose = await composeEnd(db, house, decision, (context) => endsSoonMessage({ ...context, days }));
      await tell(db, decision.agencyId, 'owners', compose, { cause: `soon ${decision.id} ${days}` });
    },
    async day(db: Db, decision: Decision, outcome: 'ended' | 'held'): Promise<void> {
      const compose = await composeEnd(db, house, decision, outcome === 'ended' ? endedMessage : heldMessage);
      const cause = `${outcome} ${decision.id}`;
      await tell(db, decision.agencyId, 'owners', compose, { cause });
      if (outcome === 'held') await tell(db, decision.agencyId, 'coordinators', compose, { cause });
    },
  };

  async function tellOf(
    db: Db,
    decisions: readonly Decision[],
    apps: ReadonlyMap<AppRef, KnownApp>,
    message: (context: DecisionsContext) => Message,
    what: string,
  ): Promise<void> {
    const agencyId = decisions[0]?.agencyId;
    if (agencyId === undefined) return;
    const cause = `${what} ${causeOf(decisions)} ${agencyId}`;
    await tell(db, agencyId, 'owners', composeOf(house, decisions, apps, message), { cause });
  }
}

function causeOf([first]: readonly Decision[]): string {
  return first?.batchId ?? first?.id ?? '';
}

function appsOf(db: Db, decisions: readonly Decision[]): Promise<Map<AppRef, KnownApp>> {
  return findKnownApps(
    db,
    decisions.flatMap(({ ref, successor }) => [ref, ...(successor ? [successor] : [])]),
  );
}

/** Those whose people another agency is to take in, by that agency. */
function byOtherAgency(
  decisions: readonly Decision[],
  apps: ReadonlyMap<AppRef, KnownApp>,
): Map<string, readonly Decision[]> {
  const by = new Map<string, readonly Decision[]>();
  for (const decision of decisions) {
    const taking = decision.successor && apps.get(decision.successor)?.agencyId;
    if (taking && taking !== decision.agencyId) by.set(taking, [...(by.get(taking) ?? []), decision]);
  }
  return by;
}

function composeOf(
  { config }: Pick<House, 'config'>,
  decisions: readonly Decision[],
  apps: ReadonlyMap<AppRef, KnownApp>,
  message: (context: DecisionsContext) => Message,
): (context: MessageContext) => Message {
  const [first] = decisions;
  return (context) => {
    const { language } = context;
    const agency = (first && apps.get(first.ref)?.agencyName[language]) ?? first?.agencyId ?? '';
    const named = decisions.slice(0, MOST_NAMED).map(({ ref, kind, successor, effectiveOn }) => ({
      service: apps.get(ref)?.name[language] ?? ref,
      kind,
      successor: successor && (apps.get(successor)?.name[language] ?? successor),
      on: effectiveOn,
    }));
    const link = `${config.issuer}${first?.batchId ? `/console/decisions?batch=${first.batchId}` : decisionLink(first)}`;
    return message({ ...context, agency, apps: named, count: decisions.length, reason: first?.reason ?? '', link });
  };
}

function decisionLink(decision: Decision | undefined): string {
  return `/console/decisions/about/${encodeURIComponent(decision?.ref ?? '')}`;
}

async function composeEnd(
  db: Db,
  { config }: Pick<House, 'config'>,
  decision: Decision,
  message: (context: Parameters<typeof endedMessage>[0]) => Message,
): Promise<(context: MessageContext) => Message> {
  const apps = await appsOf(db, [decision]);
  const { ref, successor, effectiveOn, reason } = decision;
  return (context) =>
    message({
      ...context,
      service: apps.get(ref)?.name[context.language] ?? ref,
      successor: successor && (apps.get(successor)?.name[context.language] ?? successor),
      day: effectiveOn ? sayDay(context.language, effectiveOn) : '',
      reason,
      link: `${config.issuer}${decisionLink(decision)}`,
    });
}
