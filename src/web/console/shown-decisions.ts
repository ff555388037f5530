/** What somebody on the console sees of decisions and may decide, and how a decision is shown to them. */
import type { Transaction } from '#src/base/database.ts';
import { Refusal } from '#src/base/refusals.ts';
import type { AppRef } from '#src/registry/app-refs.ts';
import { isWithin, type Reach, reachOf } from '#src/registry/coordination.ts';
import { currentDecisions, type Decision, isEnd } from '#src/registry/decision-rows.ts';
import type { Deciding } from '#src/registry/decisions.ts';
import { listEvidenceNames } from '#src/registry/evidence.ts';
import { findKnownApps, type KnownApp } from '#src/registry/known-apps.ts';
import type { DecisionPart, ShownDecision, Standing } from '#views/console/parts/decision.ts';
import { type Language, translate } from '#views/locale.ts';
import { nameColleagues, sayActor } from './colleagues.ts';
import { demandSight } from './inventory-sight.ts';
import type { ConsoleVisit } from './visit.ts';

/** Where all decisions are listed. */
export const decisionsLink = '/console/decisions';

/** Where all that was decided about an app is read. */
export function aboutLink(ref: AppRef): `/${string}` {
  return `${decisionsLink}/about/${encodeURIComponent(ref)}`;
}

/** Where somebody decides about an app. */
export function decideLink(ref: AppRef): `/${string}` {
  return `${decisionsLink}/new?app=${encodeURIComponent(ref)}`;
}

/** What somebody sees of decisions, and about what they may decide. @throws {Refusal} `role_required` for whoever sees nothing */
export async function decisionSightOf(visit: ConsoleVisit): Promise<{ readonly reach: Reach; readonly sight: Reach }> {
  return { sight: await demandSight(visit), reach: await reachOf(visit.db, visit.held) };
}

/** The reach of somebody who coordinates. @throws {Refusal} `role_required` */
export async function loadReach({ db, held }: ConsoleVisit): Promise<Reach> {
  const reach = await reachOf(db, held);
  if (reach.nodes.length === 0 && reach.sectors.length === 0) throw new Refusal('role_required', 'no coordinator');
  return reach;
}

/** Who decides by a form of the console. */
export function decidingOf({ account }: ConsoleVisit, reach: Reach): Deciding {
  return { reach, actor: account.id, via: 'page' };
}

/** Requests of the console run in a unit of work, which is a transaction. */
export function transactionOf({ db }: ConsoleVisit): Transaction {
  return db as Transaction;
}

/** What is decided about an app, for its page: the decision that holds, and the way to decide for whoever may. */
export async function decisionPartOf(
  visit: ConsoleVisit,
  ref: AppRef,
): Promise<Pick<DecisionPart, 'current' | 'decideLink' | 'aboutLink'>> {
  const { reach, sight } = await decisionSightOf(visit);
  const app = (await findKnownApps(visit.db, [ref])).get(ref);
  const current = (await currentDecisions(visit.db, [ref])).get(ref);
  const [shown] = current ? await shownOf(visit, [current], sight) : [];
  return {
    current: shown,
    decideLink: app && isWithin(reach, app) ? decideLink(app.ref) : undefined,
    aboutLink: aboutLink(ref),
  };
}

/** Apps as somebody may see them: what is neither theirs to see nor known to people has no name. */
export async function namesOf(
  { ctx, db }: ConsoleVisit,
  refs: readonly AppRef[],
  sight: Reach,
): Promise<{ readonly apps: ReadonlyMap<AppRef, KnownApp>; readonly name: (ref: AppRef) => string }> {
  const language: Language = ctx.state.language;
  const t = translate(language);
  const apps = await findKnownApps(db, refs);
  const name = (ref: AppRef): string => {
    const app = apps.get(ref);
    if (!app) return t('decisions.unknown-app');
    return app.isPublic || isWithin(sight, app) ? app.name[language] : t('decisions.other-app');
  };
  return { apps, name };
}

/** The apps that decisions speak of. */
export function refsOf(decisions: readonly Pick<Decision, 'ref' | 'successor'>[]): AppRef[] {
  return decisions.flatMap(({ ref, successor }) => (successor ? [ref, successor] : [ref]));
}

/** Who decided, as these pages say it: by name where it is a colleague of an app's agencies. */
export async function decidersOf(
  visit: ConsoleVisit,
  decisions: readonly Decision[],
  apps: ReadonlyMap<AppRef, KnownApp>,
): Promise<(decision: Decision) => string> {
  const actors = decisions.map(({ decidedBy }) => decidedBy);
  const agencies = [...apps.values()].flatMap(({ path }) => path);
  const names = await nameColleagues(visit, actors, agencies);
  return ({ decidedBy }) => sayActor(visit.ctx.state.language, names, decidedBy);
}

/** How a decision stands. */
export function standingOf(decision: Decision): Standing {
  if (decision.undoneAt) return 'undone';
  if (decision.replacedAt) return 'replaced';
  if (decision.carriedOutAt) return 'carried-out';
  if (!isEnd(decision.kind)) return 'holds';
  return decision.heldAt ? 'held' : 'ahead';
}

/** Decisions as pages show them. */
export async function shownOf(
  visit: ConsoleVisit,
  decisions: readonly Decision[],
  sight: Reach,
): Promise<ShownDecision[]> {
  const { db, ctx } = visit;
  const language: Language = ctx.state.language;
  const t = translate(language);
  const { apps, name } = await namesOf(visit, refsOf(decisions), sight);
  const files = await listEvidenceNames(
    db,
    decisions.flatMap(({ evidence }) => evidence.digest ?? []),
  );
  const by = await decidersOf(visit, decisions, apps);
  return decisions.map((one) => {
    const successor = one.successor && apps.get(one.successor);
    const { digest, uri } = one.evidence;
    const host = uri && URL.parse(uri)?.host;
    return {
      ...{ id: one.id, kind: one.kind, successor: one.successor && name(one.successor), on: one.effectiveOn },
      ...{
        standing: standingOf(one),
        reason: one.reason,
        by: by(one),
        at: one.decidedAt,
      },
      successorLink: successor && isWithin(sight, successor) ? aboutLink(successor.ref) : undefined,
      evidence: [
        ...(digest ? [{ label: files.get(digest) ?? digest, link: `/console/evidence/${digest}` }] : []),
        ...(uri && host ? [{ label: t('decisions.evidence-at', { host }), link: uri }] : []),
      ],
    };
  });
}
