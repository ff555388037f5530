/**
 * What may be decided about which app: each decision is looked at beside those that hold, and beside those that are made with
 * it. Writes nothing, so that a preview and the decision itself go by the same rules.
 */
import type { Db } from '#src/base/database.ts';
import { isDay, todayInJakarta } from '#src/base/epoch.ts';
import type { RefusalCode } from '#src/base/refusals.ts';
import type { AppRef } from './app-refs.ts';
import { isWithin, type Reach } from './coordination.ts';
import { currentDecisions, type Decision, type DecisionKind, type Evidence, isEnd } from './decision-rows.ts';
import { findKnownApps, type KnownApp } from './known-apps.ts';

/** What somebody wants to decide about an app. */
export interface DecisionDraft {
  readonly ref: AppRef;
  readonly kind: DecisionKind;
  /** Where its people go: needed to merge, possible for what is retired or legacy. */
  readonly successor?: AppRef | undefined;
  /** The day of an end, as `2027-01-31`. */
  readonly effectiveOn?: string | undefined;
  readonly reason: string;
  readonly evidence?: Evidence | undefined;
}

/** What a draft would come to. */
export interface DecisionPlan {
  readonly draft: DecisionDraft;
  /** The app, where it exists and whoever decides may. */
  readonly app: KnownApp | undefined;
  /** What holds about it until now. */
  readonly before: Decision | undefined;
  readonly outcome: 'decided' | 'unchanged' | 'refused';
  readonly refused: RefusalCode | undefined;
}

/** How long a reason may be. */
export const MOST_REASON = 2_000;

/** What each draft would come to, in their order. */
export async function planDecisions(
  db: Db,
  drafts: readonly DecisionDraft[],
  reach: Reach | 'everywhere',
): Promise<DecisionPlan[]> {
  const around = await lookAround(db, drafts, reach);
  return drafts.map((given, at) => {
    const draft = inOneForm(given, around);
    const app = seen(around.apps.get(draft.ref), reach);
    const before = around.current.get(given.ref);
    const refused = refusalOf(draft, app, around, around.firstAt.get(draft.ref) !== at);
    const outcome = refused ? 'refused' : before && isSame(draft, before) ? 'unchanged' : 'decided';
    return { draft, app, before, outcome, refused };
  });
}

/** What the drafts are judged by. */
interface Around {
  readonly reach: Reach | 'everywhere';
  readonly apps: ReadonlyMap<AppRef, KnownApp>;
  readonly current: ReadonlyMap<AppRef, Decision>;
  /** The apps that an end is decided about, or would be with these drafts. */
  readonly ending: ReadonlySet<AppRef>;
  /** Where among the drafts each app comes first. */
  readonly firstAt: ReadonlyMap<AppRef, number>;
  /** What follows each app, as far as one gets from the successors that the drafts name. */
  readonly next: ReadonlyMap<AppRef, AppRef>;
  /** The apps to which others lead their people. */
  readonly leadTo: ReadonlySet<AppRef>;
}

async function lookAround(db: Db, drafts: readonly DecisionDraft[], reach: Reach | 'everywhere'): Promise<Around> {
  const asked = drafts.flatMap(({ ref, successor }) => (successor ? [ref, successor] : [ref]));
  const apps = byEveryName(await findKnownApps(db, asked));
  const current = await currentDecisions(db, asked);
  const firstAt = new Map<AppRef, number>();
  for (const [at, { ref }] of drafts.entries())
    if (!firstAt.has(oneName(apps, ref))) firstAt.set(oneName(apps, ref), at);
  const ending = new Set<AppRef>();
  for (const [ref, { kind }] of current) if (isEnd(kind)) ending.add(oneName(apps, ref));
  for (const { ref, kind } of drafts) {
    if (isEnd(kind)) ending.add(oneName(apps, ref));
    else ending.delete(oneName(apps, ref));
  }
  const next = await followSuccessors(db, apps, current, drafts);
  const leadTo = await listLedTo(db, apps, drafts);
  return { reach, apps, current, ending, firstAt, next, leadTo };
}

function byEveryName(found: ReadonlyMap<AppRef, KnownApp>): Map<AppRef, KnownApp> {
  return new Map([...found.values()].flatMap((app) => app.refs.map((ref) => [ref, app] as const)));
}

function oneName(apps: ReadonlyMap<AppRef, KnownApp>, ref: AppRef): AppRef {
  return apps.get(ref)?.ref ?? ref;
}

/** Longer chains than people would make. */
const MOST_STEPS = 20;

/** What follows the successors named, what follows that, and so on; what the drafts say comes first. */
async function followSuccessors(
  db: Db,
  apps: Map<AppRef, KnownApp>,
  current: ReadonlyMap<AppRef, Decision>,
  drafts: readonly DecisionDraft[],
): Promise<Map<AppRef, AppRef>> {
  const next = new Map<AppRef, AppRef>();
  let found: ReadonlyMap<AppRef, Decision> = current;
  for (let step = 0; step < MOST_STEPS && found.size > 0; step += 1) {
    const successors = [...found.values()].flatMap(({ successor }) => successor ?? []);
    const unseen = successors.filter((ref) => !apps.has(ref));
    for (const [ref, app] of byEveryName(await findKnownApps(db, unseen))) apps.set(ref, app);
    for (const [ref, { successor }] of found) if (successor) next.set(oneName(apps, ref), oneName(apps, successor));
    found = await currentDecisions(db, unseen);
  }
  for (const { ref, successor } of drafts) {
    next.delete(oneName(apps, ref));
    if (successor) next.set(oneName(apps, ref), oneName(apps, successor));
  }
  return next;
}

/** Those of the drafts' apps to which another one leads, by a decision that holds. */
async function listLedTo(
  db: Db,
  apps: ReadonlyMap<AppRef, KnownApp>,
  drafts: readonly DecisionDraft[],
): Promise<Set<AppRef>> {
  const refs = drafts.flatMap(({ ref }) => apps.get(ref)?.refs ?? []);
  const rows = await db.query<{ successor: AppRef }>(
    `select distinct successor from app_decisions
     where successor = any($1) and replaced_at is null and undone_at is null`,
    [refs],
  );
  return new Set(rows.map(({ successor }) => oneName(apps, successor)));
}

/** The same decision said in one way: apps by their one name, and nothing that means nothing. */
function inOneForm(draft: DecisionDraft, { apps }: Around): DecisionDraft {
  const successor = draft.kind === 'keep' || !draft.successor ? undefined : oneName(apps, draft.successor);
  const effectiveOn = isEnd(draft.kind) ? draft.effectiveOn : undefined;
  return { ...draft, ref: oneName(apps, draft.ref), successor, effectiveOn, reason: draft.reason.trim() };
}

/** The app, for whoever may decide about it. */
function seen(app: KnownApp | undefined, reach: Reach | 'everywhere'): KnownApp | undefined {
  return app && (reach === 'everywhere' || isWithin(reach, app)) ? app : undefined;
}

function refusalOf(
  draft: DecisionDraft,
  app: KnownApp | undefined,
  around: Around,
  isRepeated: boolean,
): RefusalCode | undefined {
  if (!app) return 'not_here';
  if (isRepeated) return 'decision_twice';
  if (draft.reason.length === 0 || draft.reason.length > MOST_REASON) return 'decision_reason_missing';
  if (draft.evidence?.uri !== undefined && !isLink(draft.evidence.uri)) return 'evidence_link_invalid';
  return dayRefusal(draft, app) ?? successorRefusal(draft, app, around);
}

/** A page that a browser may open from ours. */
function isLink(uri: string): boolean {
  const url = URL.parse(uri);
  return url?.protocol === 'https:' && url.username === '' && url.password === '' && uri.length <= 1_000;
}

function dayRefusal({ kind, effectiveOn }: DecisionDraft, { state }: KnownApp): RefusalCode | undefined {
  if (!isEnd(kind)) return state === 'retired' ? 'client_retired' : undefined;
  if (effectiveOn === undefined || !isDay(effectiveOn)) return 'decision_day_missing';
  return effectiveOn > todayInJakarta() || state === 'retired' ? undefined : 'decision_day_past';
}

function successorRefusal({ kind, successor }: DecisionDraft, app: KnownApp, around: Around): RefusalCode | undefined {
  if (successor === undefined) {
    if (kind === 'merge') return 'successor_missing';
    return kind === 'retire' && around.leadTo.has(app.ref) ? 'successor_needed' : undefined;
  }
  const other = around.apps.get(successor);
  if (!other || !(other.isPublic || seen(other, around.reach))) return 'successor_unknown';
  if (other.ref === app.ref || leadsBack(app.ref, around)) return 'successor_circle';
  if (around.ending.has(other.ref) || other.state === 'retired' || other.state === 'suspended') return 'successor_ends';
  if (app.state !== 'unconnected' && other.state === 'unconnected') return 'successor_not_connected';
  return undefined;
}

function leadsBack(from: AppRef, { next }: Around): boolean {
  const passed = new Set<AppRef>();
  for (let at = next.get(from); at !== undefined && !passed.has(at); at = next.get(at)) {
    if (at === from) return true;
    passed.add(at);
  }
  return false;
}

function isSame(draft: DecisionDraft, before: Decision): boolean {
  return (
    draft.kind === before.kind &&
    draft.successor === before.successor &&
    draft.effectiveOn === before.effectiveOn &&
    draft.reason === before.reason &&
    draft.evidence?.uri === before.evidence.uri &&
    draft.evidence?.digest === before.evidence.digest
  );
}
