/** The form by which a coordinator decides about one app, or about several that were ticked. */
import type { Context } from 'koa';
import { Refusal, type RefusalCode } from '#src/base/refusals.ts';
import { type AppRef, parseAppRef } from '#src/registry/app-refs.ts';
import { isWithin, type Reach, reachOf } from '#src/registry/coordination.ts';
import { openBatch } from '#src/registry/decision-batches.ts';
import { currentDecisions, decisionKinds } from '#src/registry/decision-rows.ts';
import { type DecisionDraft, planDecisions } from '#src/registry/decision-rules.ts';
import { decide } from '#src/registry/decisions.ts';
import { listPairs } from '#src/registry/duplicates.ts';
import { keepEvidence, MAX_EVIDENCE_BYTES } from '#src/registry/evidence.ts';
import { findKnownApps } from '#src/registry/known-apps.ts';
import { type DecideContext, decidePage } from '#views/console/decisions.ts';
import type { Picks } from '#views/console/parts/picks.ts';
import type { Language } from '#views/locale.ts';
import { showForm } from '../frame.ts';
import type { OpenHouse } from '../house.ts';
import type { Form } from '../middleware/forms.ts';
import type { Upload } from '../middleware/uploads.ts';
import { seeOther } from '../see-other.ts';
import { consoleFrame } from './frame.ts';
import { linkTo, readWords } from './positions.ts';
import { aboutLink, decidingOf, decisionsLink, loadReach, shownOf, transactionOf } from './shown-decisions.ts';
import { answerConsoleUpload, type ConsoleVisit, showConsole } from './visit.ts';

/** More than a list has on a page. */
const MOST_TICKED = 100;

/** `GET /console/decisions/new`. @throws {Refusal} `role_required`, `not_here` */
export async function showDecide(ctx: Context, house: OpenHouse): Promise<void> {
  await showConsole(ctx, house, async (visit) => {
    const refs = [ctx.query.app ?? []].flat().flatMap((text) => parseAppRef(text) ?? []);
    if (refs.length === 0) return seeOther(ctx, decisionsLink);
    await showDecidePage(visit, refs, {
      given: { successor: readWords(ctx, 'successor') ?? '', on: '', reason: '', link: '' },
    });
  });
}

const NAMED = 10;

async function showDecidePage(
  visit: ConsoleVisit,
  asked: readonly AppRef[],
  said: Pick<DecideContext, 'given'> & Partial<DecideContext>,
): Promise<void> {
  const { ctx, db } = visit;
  const language: Language = ctx.state.language;
  const reach = await loadReach(visit);
  const apps = await findKnownApps(db, asked.slice(0, MOST_TICKED));
  const theirs = [
    ...new Map([...apps.values()].filter((app) => isWithin(reach, app)).map((app) => [app.ref, app])).values(),
  ];
  const [first] = theirs;
  if (!first) throw new Refusal('not_here', 'no app that is theirs to decide about');
  const isOne = theirs.length === 1;
  const held = isOne ? (await currentDecisions(db, [first.ref])).get(first.ref) : undefined;
  const [current] = held ? await shownOf(visit, [held], reach) : [];
  const page = decidePage({
    ...consoleFrame(visit, 'decisions'),
    refs: theirs.map(({ ref }) => ref),
    names: theirs.slice(0, isOne ? 1 : NAMED).map(({ name }) => name[language]),
    current,
    likely: isOne ? await likelyOf(visit, first.ref, reach) : [],
    ...said,
  });
  showForm(ctx, page);
}

async function likelyOf({ ctx, db }: ConsoleVisit, ref: AppRef, reach: Reach): Promise<DecideContext['likely']> {
  const language: Language = ctx.state.language;
  const { lines } = await listPairs(db, { reach, status: 'open', ref, limit: 5 });
  const others = lines.map(({ low, high }) => (low.ref === ref ? high.ref : low.ref));
  const apps = await findKnownApps(db, others);
  return [...apps.values()]
    .filter((app) => app.isPublic || isWithin(reach, app))
    .map((app) => ({ ref: app.ref, name: app.name[language], agency: app.agencyName[language] }));
}

const fields = ['app', 'decision', 'successor', 'likely', 'on', 'reason', 'link'];

/** `POST /console/decisions/new`. @throws {Refusal} `role_required`, `not_here` and what forms refuse */
export async function answerDecide(ctx: Context, house: OpenHouse): Promise<void> {
  const limits = { limit: MAX_EVIDENCE_BYTES, fields };
  const answers = new Map([
    ['decide', (visit: ConsoleVisit, form: Upload) => takeDecision(visit, form, decideNow)],
    ['preview', (visit: ConsoleVisit, form: Upload) => takeDecision(visit, form, preview)],
  ]);
  await answerConsoleUpload(ctx, house, limits, answers);
}

/** Where a mistake stands on the form. */
const places: Partial<Record<RefusalCode, string>> = {
  decision_day_missing: 'on',
  decision_day_past: 'on',
  decision_reason_missing: 'reason',
  evidence_link_invalid: 'link',
  evidence_unfit: 'file',
};

async function takeDecision(
  visit: ConsoleVisit,
  form: Upload,
  take: (visit: ConsoleVisit, drafts: readonly DecisionDraft[], reach: Reach) => Promise<void>,
): Promise<void> {
  const { ctx, account, db } = visit;
  const reach = await loadReach(visit);
  const refs = form.list('app').flatMap((text) => parseAppRef(text) ?? []);
  const kind = decisionKinds.find((one) => one === form.get('decision'));
  const given = {
    decision: kind,
    successor: form.get('successor').trim() || form.get('likely'),
    on: form.get('on').trim(),
    reason: form.get('reason'),
    link: form.get('link').trim(),
  };
  try {
    if (!kind) throw new Refusal('decision_kind_missing');
    const successor = given.successor
      ? (parseAppRef(given.successor) ?? parseAppRef(`client:${given.successor}`))
      : undefined;
    if (given.successor && !successor) throw new Refusal('successor_unknown', 'no ref');
    const draft = { kind, successor, effectiveOn: given.on || undefined, reason: given.reason };
    const uri = given.link || undefined;
    const [plan] = await planDecisions(
      db,
      refs.slice(0, 1).map((ref) => ({ ...draft, ref, evidence: { uri } })),
      reach,
    );
    if (plan?.refused) throw new Refusal(plan.refused, `decision about ${plan.draft.ref}`);
    const digest = form.file && (await keepEvidence(db, form.file, { actor: account.id, nodes: reach.nodes }));
    await take(
      visit,
      refs.map((ref) => ({ ...draft, ref, evidence: { uri, digest } })),
      reach,
    );
  } catch (error) {
    if (!(error instanceof Refusal) || error.code === 'not_here' || error.code === 'role_required') throw error;
    const field = places[error.code] ?? (error.code.startsWith('successor_') ? 'successor' : 'decision');
    ctx.status = error.status;
    await showDecidePage(visit, refs, { given, problems: [{ text: error.in(ctx.state.language).say, field }] });
  }
}

async function decideNow(visit: ConsoleVisit, drafts: readonly DecisionDraft[], reach: Reach): Promise<void> {
  const [draft] = drafts;
  if (!draft || drafts.length > 1) throw new Refusal('invalid_request', 'one app is decided about at once');
  const made = await decide(transactionOf(visit), { ...draft, refs: [draft.ref], ...decidingOf(visit, reach) });
  seeOther(visit.ctx, `${aboutLink(made[0]?.ref ?? draft.ref)}?done=${made.length > 0 ? 'decided' : 'unchanged'}`);
}

async function preview(visit: ConsoleVisit, drafts: readonly DecisionDraft[], reach: Reach): Promise<void> {
  const id = await openBatch(
    visit.db,
    drafts.map((draft) => ({ draft })),
    decidingOf(visit, reach),
  );
  seeOther(visit.ctx, `${decisionsLink}/batches/${id}`);
}

/** Takes what is ticked in a list along to where one decides; back to the list where nothing is. */
export function decideAboutPicked(listLink: `/${string}`) {
  return async ({ ctx }: ConsoleVisit, form: Form): Promise<void> => {
    const refs = form.list('app').flatMap((ref) => parseAppRef(ref) ?? []);
    const query = new URLSearchParams(refs.slice(0, MOST_TICKED).map((ref): [string, string] => ['app', ref]));
    seeOther(ctx, refs.length === 0 ? listLink : `${decisionsLink}/new?${query}`);
  };
}

/** How the boxes of the list at this address stand; none for whoever coordinates nothing. */
export async function picksOf({ ctx, db, held }: ConsoleVisit): Promise<Picks | undefined> {
  const { nodes, sectors } = await reachOf(db, held);
  if (nodes.length === 0 && sectors.length === 0) return undefined;
  return {
    isAll: ctx.query.pick === 'all',
    links: { all: linkTo(ctx, { pick: 'all' }), none: linkTo(ctx, { pick: undefined }) },
  };
}
