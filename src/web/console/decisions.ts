/** What is decided about apps: the history, deciding about one or many, undoing, and the files that decisions rest on. */
import type { Context } from 'koa';
import type { Transaction } from '#src/base/database.ts';
import { Refusal, type RefusalCode } from '#src/base/refusals.ts';
import { isId } from '#src/base/secrets.ts';
import { type AppRef, parseAppRef, partsOf } from '#src/registry/app-refs.ts';
import { nodesWith } from '#src/registry/authority.ts';
import { isWithin, type Reach, reachOf } from '#src/registry/coordination.ts';
import {
  applyBatch,
  type Batch,
  type BatchLine,
  discardBatch,
  listBatches,
  loadBatch,
  openBatch,
  undoBatch,
} from '#src/registry/decision-batches.ts';
import { MAX_DECISIONS_FILE, readDecisions } from '#src/registry/decision-csv.ts';
import { currentDecisions, type Decision, decisionKinds, isEnd, isInForce } from '#src/registry/decision-rows.ts';
import { type DecisionDraft, planDecisions } from '#src/registry/decision-rules.ts';
import {
  type Deciding,
  decide,
  decisionStandings,
  listDecisions,
  listDecisionsAbout,
  undoDecision,
} from '#src/registry/decisions.ts';
import { listPairs } from '#src/registry/duplicates.ts';
import { findEvidence, keepEvidence, listEvidenceNames, MAX_EVIDENCE_BYTES } from '#src/registry/evidence.ts';
import { findKnownApps, type KnownApp } from '#src/registry/known-apps.ts';
import { type BatchContext, batchPage, type ShownLine } from '#views/console/decision-batch.ts';
import {
  aboutPage,
  type DecideContext,
  type DecisionLine,
  type DecisionsContext,
  decidePage,
  decisionsPage,
} from '#views/console/decisions.ts';
import { type SaidDecision, type ShownDecision, type Standing, sayKind } from '#views/console/parts/decision.ts';
import { type Language, translate } from '#views/locale.ts';
import type { Notice } from '#views/parts/notice.ts';
import { showForm } from '../frame.ts';
import type { OpenHouse } from '../house.ts';
import type { Form } from '../middleware/forms.ts';
import type { Upload } from '../middleware/uploads.ts';
import { timeIn } from '../places.ts';
import { seeOther } from '../see-other.ts';
import { nameColleagues, sayActor } from './colleagues.ts';
import { consoleFrame } from './frame.ts';
import { linkTo, pagesBehind, readPlace, readWords } from './positions.ts';
import { answerConsole, answerConsoleUpload, type ConsoleVisit, showConsole } from './visit.ts';

const list = '/console/decisions';

/** Where all that was decided about an app is read. */
export function aboutLink(ref: AppRef): `/${string}` {
  return `${list}/about/${encodeURIComponent(ref)}`;
}

/** Where somebody decides about an app. */
export function decideLink(ref: AppRef): `/${string}` {
  return `${list}/new?app=${encodeURIComponent(ref)}`;
}

/** `GET /console/decisions`. @throws {Refusal} `role_required` */
export async function showDecisions(ctx: Context, house: OpenHouse): Promise<void> {
  await showConsole(ctx, house, (visit) => showList(visit));
}

/** What somebody sees of decisions: at and below where they see apps, and all that they coordinate. */
async function sightOf({ db, held }: ConsoleVisit): Promise<{ readonly reach: Reach; readonly sight: Reach }> {
  const reach = await reachOf(db, held);
  const sight = { nodes: [...new Set([...nodesWith(held, 'apps.read'), ...reach.nodes])], sectors: reach.sectors };
  if (sight.nodes.length === 0 && sight.sectors.length === 0)
    throw new Refusal('role_required', 'no role that sees decisions');
  return { reach, sight };
}

/** The reach of somebody who coordinates. @throws {Refusal} `role_required` */
async function loadReach({ db, held }: ConsoleVisit): Promise<Reach> {
  const reach = await reachOf(db, held);
  if (reach.nodes.length === 0 && reach.sectors.length === 0) throw new Refusal('role_required', 'no coordinator');
  return reach;
}

async function showList(visit: ConsoleVisit, said: Partial<DecisionsContext> = {}): Promise<void> {
  const { ctx, db, account } = visit;
  const language: Language = ctx.state.language;
  const t = translate(language);
  const { reach, sight } = await sightOf(visit);
  const kind = decisionKinds.find((one) => one === ctx.query.decision);
  const standing = decisionStandings.find((one) => one === ctx.query.standing);
  const batchId = readWords(ctx, 'batch');
  const [time, id = ''] = readPlace(ctx);
  const decidedAt = timeIn(time);
  const found = await listDecisions(db, {
    ...{ reach: sight, kind, standing, sector: readWords(ctx, 'sector'), batchId },
    after: decidedAt && { decidedAt, id },
  });
  const last = found.hasMore ? found.lines.at(-1) : undefined;
  const link = (changes: Record<string, string | undefined>) =>
    linkTo(ctx, { ...changes, after: undefined, done: undefined });
  const mayDecide = reach.nodes.length > 0 || reach.sectors.length > 0;
  const page = decisionsPage({
    ...consoleFrame(visit, 'decisions'),
    decisions: await linesOf(visit, found.lines, sight),
    kinds: [
      { label: t('decisions.all-kinds'), link: link({ decision: undefined }), isChosen: kind === undefined },
      ...decisionKinds.map((one) => ({
        label: sayKind(language, one),
        link: link({ decision: one }),
        isChosen: one === kind,
      })),
    ],
    standings: [
      { label: t('decisions.all-standings'), link: link({ standing: undefined }), isChosen: standing === undefined },
      ...decisionStandings.map((one) => ({
        label: t(`decisions.narrow-${one}`),
        link: link({ standing: one }),
        isChosen: one === standing,
      })),
    ],
    pages: pagesBehind(ctx, last && [last.decidedAt.toISOString(), last.id]),
    allLink: batchId && list,
    mayDecide,
    batches: mayDecide ? (await listBatches(db, account.id)).flatMap(batchLine) : [],
    ...said,
  });
  showForm(ctx, page);
}

function batchLine({
  id,
  status,
  createdAt,
}: Awaited<ReturnType<typeof listBatches>>[number]): DecisionsContext['batches'] {
  return status === 'discarded' ? [] : [{ link: `${list}/batches/${id}`, status, at: createdAt }];
}

/** Apps as somebody may see them: what is neither theirs to see nor known to people has no name. */
async function namesOf(
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

function refsOf(decisions: readonly Pick<Decision, 'ref' | 'successor'>[]): AppRef[] {
  return decisions.flatMap(({ ref, successor }) => (successor ? [ref, successor] : [ref]));
}

async function linesOf(visit: ConsoleVisit, decisions: readonly Decision[], sight: Reach): Promise<DecisionLine[]> {
  const language: Language = visit.ctx.state.language;
  const { apps, name } = await namesOf(visit, refsOf(decisions), sight);
  const paths = [...apps.values()].flatMap(({ path }) => path);
  const names = await nameColleagues(
    visit,
    decisions.map(({ decidedBy }) => decidedBy),
    paths,
  );
  return decisions.map((one) => ({
    ...{ id: one.id, name: name(one.ref), agency: apps.get(one.ref)?.agencyName[language] ?? one.agencyId },
    ...{
      link: aboutLink(one.ref),
      kind: one.kind,
      successor: one.successor && name(one.successor),
      on: one.effectiveOn,
    },
    ...{ standing: standingOf(one), by: sayActor(language, names, one.decidedBy), at: one.decidedAt },
  }));
}

/** How a decision stands. */
function standingOf(decision: Decision): Standing {
  if (decision.undoneAt) return 'undone';
  if (decision.replacedAt) return 'replaced';
  if (decision.carriedOutAt) return 'carried-out';
  if (!isEnd(decision.kind)) return 'holds';
  return decision.heldAt ? 'held' : 'ahead';
}

/** Decisions as pages show them. */
async function shownOf(visit: ConsoleVisit, decisions: readonly Decision[], sight: Reach): Promise<ShownDecision[]> {
  const { db, ctx } = visit;
  const language: Language = ctx.state.language;
  const t = translate(language);
  const { apps, name } = await namesOf(visit, refsOf(decisions), sight);
  const files = await listEvidenceNames(
    db,
    decisions.flatMap(({ evidence }) => evidence.digest ?? []),
  );
  const paths = [...apps.values()].flatMap(({ path }) => path);
  const names = await nameColleagues(
    visit,
    decisions.map(({ decidedBy }) => decidedBy),
    paths,
  );
  return decisions.map((one) => {
    const successor = one.successor && apps.get(one.successor);
    const { digest, uri } = one.evidence;
    const host = uri && URL.parse(uri)?.host;
    return {
      ...{ id: one.id, kind: one.kind, successor: one.successor && name(one.successor), on: one.effectiveOn },
      ...{
        standing: standingOf(one),
        reason: one.reason,
        by: sayActor(language, names, one.decidedBy),
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

/** What is decided about an app, for its page: the decision that holds, and the way to decide for whoever may. */
export async function decisionPartOf(
  visit: ConsoleVisit,
  ref: AppRef,
): Promise<{
  readonly current: ShownDecision | undefined;
  readonly decideLink: string | undefined;
  readonly aboutLink: string;
}> {
  const { reach, sight } = await sightOf(visit);
  const app = (await findKnownApps(visit.db, [ref])).get(ref);
  const current = (await currentDecisions(visit.db, [ref])).get(ref);
  const [shown] = current ? await shownOf(visit, [current], sight) : [];
  return {
    current: shown,
    decideLink: app && isWithin(reach, app) ? decideLink(app.ref) : undefined,
    aboutLink: aboutLink(ref),
  };
}

/** `POST /console/decisions`: many at once, from a file. @throws {Refusal} `role_required` and what forms refuse */
export async function sendDecisions(ctx: Context, house: OpenHouse): Promise<void> {
  const limits = { limit: MAX_DECISIONS_FILE, fields: [] };
  await answerConsoleUpload(ctx, house, limits, new Map([['file', takeFile]]));
}

async function takeFile(visit: ConsoleVisit, { file }: Upload): Promise<void> {
  const { ctx, db } = visit;
  const reach = await loadReach(visit);
  try {
    const rows = await readDecisions(db, file?.content ?? Buffer.alloc(0));
    seeOther(ctx, `${list}/batches/${await openBatch(db, rows, decidingOf(visit, reach))}`);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    ctx.status = error.status;
    await showList(visit, { problems: [{ text: error.in(ctx.state.language).say, field: 'file' }] });
  }
}

function decidingOf({ account }: ConsoleVisit, reach: Reach): Deciding {
  return { reach, actor: account.id, via: 'page' };
}

/** Requests of the console run in a unit of work, which is a transaction. */
function transactionOf({ db }: ConsoleVisit): Transaction {
  return db as Transaction;
}

/** More than a list has on a page. */
const MOST_TICKED = 1_000;

/** `GET /console/decisions/new`. @throws {Refusal} `role_required`, `not_here` */
export async function showDecide(ctx: Context, house: OpenHouse): Promise<void> {
  await showConsole(ctx, house, async (visit) => {
    const refs = [ctx.query.app ?? []].flat().flatMap((text) => parseAppRef(text) ?? []);
    if (refs.length === 0) return seeOther(ctx, list);
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
  const { lines } = await listPairs(db, { reach, status: 'open', ref, limit: 5 });
  const others = lines.map(({ low, high }) => (low.ref === ref ? high.ref : low.ref));
  const apps = await findKnownApps(db, others);
  return [...apps.values()]
    .filter((app) => app.isPublic || isWithin(reach, app))
    .map((app) => ({ ref: app.ref, name: app.name[ctx.state.language as Language] }));
}

const fields = ['app', 'decision', 'successor', 'on', 'reason', 'link'];

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
    successor: form.get('successor').trim(),
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
  seeOther(visit.ctx, `${list}/batches/${id}`);
}

/** `GET /console/decisions/about/:app`. @throws {Refusal} `role_required`, `not_here` */
export async function showAbout(ctx: Context, house: OpenHouse): Promise<void> {
  await showConsole(ctx, house, showAboutPage);
}

const notices = {
  decided: 'decisions.done',
  unchanged: 'decisions.unchanged',
  undone: 'decisions.undone-notice',
} as const;

async function showAboutPage(visit: ConsoleVisit): Promise<void> {
  const { ctx, db } = visit;
  const language: Language = ctx.state.language;
  const { reach, sight } = await sightOf(visit);
  const app = await loadSeenApp(visit, sight);
  const decisions = await listDecisionsAbout(db, app.refs);
  const mayDecide = isWithin(reach, app);
  const undo = decisions.find((one) => isInForce(one) && !one.carriedOutAt);
  const done = Object.entries(notices).find(([name]) => name === ctx.query.done)?.[1];
  const { kind, id } = partsOf(app.ref);
  const page = aboutPage({
    ...consoleFrame(visit, 'decisions'),
    name: app.name[language],
    agency: app.agencyName[language],
    appLink: kind === 'client' ? `/console/apps/${id}` : `/console/inventory/${id}`,
    decisions: await shownOf(visit, decisions, sight),
    undo: mayDecide ? undo?.id : undefined,
    decideLink: mayDecide ? decideLink(app.ref) : undefined,
    notice: done && { tone: 'done', text: translate(language)(done) },
  });
  showForm(ctx, page);
}

/** @throws {Refusal} `not_here` */
async function loadSeenApp({ ctx, db }: ConsoleVisit, sight: Reach): Promise<KnownApp> {
  const ref = parseAppRef(String(ctx.params.app));
  const app = ref && (await findKnownApps(db, [ref])).get(ref);
  if (!app || !isWithin(sight, app)) throw new Refusal('not_here', 'no app of theirs');
  return app;
}

/** `POST /console/decisions/about/:app`: undoes the decision that holds. @throws {Refusal} what {@link undoDecision} does */
export async function answerAbout(ctx: Context, house: OpenHouse): Promise<void> {
  await answerConsole(ctx, house, new Map([['undo', undoOne]]));
}

async function undoOne(visit: ConsoleVisit, form: Form): Promise<void> {
  const reach = await loadReach(visit);
  const id = form.get('decision');
  if (!isId(id)) throw new Refusal('not_here', 'no decision');
  const { decision } = await undoDecision(transactionOf(visit), { id, ...decidingOf(visit, reach) });
  seeOther(visit.ctx, `${aboutLink(decision.ref)}?done=undone`);
}

/** `GET /console/decisions/batches/:batch`, for whoever made it. @throws {Refusal} `role_required`, `not_here` */
export async function showBatch(ctx: Context, house: OpenHouse): Promise<void> {
  await showConsole(ctx, house, async (visit) => {
    const reach = await loadReach(visit);
    await showBatchPage(visit, await loadBatch(visit.db, batchIdIn(ctx), visit.account.id), reach);
  });
}

function batchIdIn(ctx: Context): string {
  const id = String(ctx.params.batch);
  if (!isId(id)) throw new Refusal('not_here', 'no batch');
  return id;
}

const LINES = 200;

async function showBatchPage(visit: ConsoleVisit, batch: Batch, reach: Reach): Promise<void> {
  const { ctx, account } = visit;
  const language: Language = ctx.state.language;
  const counts = { decided: 0, unchanged: 0, refused: 0 };
  for (const { outcome } of batch.lines) counts[outcome] += 1;
  const refusedFirst = batch.lines.toSorted((one, other) => rankOf(one) - rankOf(other)).slice(0, LINES);
  const context: BatchContext = {
    ...consoleFrame(visit, 'decisions'),
    status: batch.status,
    counts,
    lines: await shownLines(visit, refusedFirst, reach),
    by: account.profile.name ?? sayActor(language, new Map(), batch.actor),
    appliedAt: batch.appliedAt,
    undoneAt: batch.undoneAt,
    expiresAt: batch.expiresAt,
    notice: batchNotice(ctx, counts.decided),
  };
  showForm(ctx, batchPage(context));
}

function rankOf({ outcome }: BatchLine): number {
  return ['refused', 'decided', 'unchanged'].indexOf(outcome);
}

function batchNotice(ctx: Context, count: number): Notice | undefined {
  const t = translate(ctx.state.language);
  if (ctx.query.done === 'applied') return { tone: 'done', text: t('decisions.applied-notice', { count }) };
  if (ctx.query.done === 'undone') return { tone: 'done', text: t('decisions.batch-undone-notice', { count }) };
  return ctx.query.done === 'stale' ? { tone: 'info', text: t('decisions.batch-stale') } : undefined;
}

async function shownLines(visit: ConsoleVisit, lines: readonly BatchLine[], reach: Reach): Promise<ShownLine[]> {
  const language: Language = visit.ctx.state.language;
  const successors = lines.flatMap(({ draft, before }) => [draft?.successor ?? [], before?.successor ?? []].flat());
  const { name } = await namesOf(visit, successors, reach);
  const said = (one: {
    kind: Decision['kind'];
    successor?: AppRef | undefined;
    effectiveOn?: string | undefined;
  }): SaidDecision => ({
    ...{ kind: one.kind, successor: one.successor && name(one.successor), on: one.effectiveOn },
  });
  return lines.map((line) => ({
    name: line.name[language],
    link: line.draft && line.refused !== 'not_here' ? aboutLink(line.draft.ref) : undefined,
    before: line.before && said(line.before),
    after: line.draft && said(line.draft),
    outcome: line.outcome,
    why: line.refused && new Refusal(line.refused).in(language).say,
  }));
}

/** `POST /console/decisions/batches/:batch`. @throws {Refusal} `role_required`, `not_here`, `batch_over`, `batch_carried_out` */
export async function answerBatch(ctx: Context, house: OpenHouse): Promise<void> {
  const answers = new Map(Object.entries({ apply: applyAll, discard: discardAll, undo: undoEach }));
  await answerConsole(ctx, house, answers);
}

async function applyAll(visit: ConsoleVisit): Promise<void> {
  const id = batchIdIn(visit.ctx);
  const deciding = decidingOf(visit, await loadReach(visit));
  const { outcome } = await applyBatch(transactionOf(visit), id, deciding);
  seeOther(visit.ctx, `${list}/batches/${id}?done=${outcome}`);
}

async function discardAll(visit: ConsoleVisit): Promise<void> {
  await discardBatch(visit.db, batchIdIn(visit.ctx), visit.account.id);
  seeOther(visit.ctx, list);
}

async function undoEach(visit: ConsoleVisit): Promise<void> {
  const id = batchIdIn(visit.ctx);
  const deciding = decidingOf(visit, await loadReach(visit));
  await undoBatch(transactionOf(visit), id, deciding);
  seeOther(visit.ctx, `${list}/batches/${id}?done=undone`);
}

/** Opened by itself a file may load, run and send nothing, and has no origin. */
const policy = "default-src 'none'; sandbox; frame-ancestors 'none'; base-uri 'none'";

/** `GET /console/evidence/:digest`: a file to be saved. @throws {Refusal} `role_required`, `not_here` */
export async function downloadEvidence(ctx: Context, house: OpenHouse): Promise<void> {
  await showConsole(ctx, house, async (visit) => {
    const { reach, sight } = await sightOf(visit);
    const digest = String(ctx.params.digest);
    const reader = { actor: visit.account.id, reach, nodes: sight.nodes };
    const file = /^[\w-]{43}$/.test(digest) ? await findEvidence(visit.db, digest, reader) : undefined;
    if (!file) throw new Refusal('not_here', 'no such file, or it is not theirs to see');
    ctx.set('Content-Security-Policy', policy);
    ctx.set('X-Content-Type-Options', 'nosniff');
    ctx.set('Cross-Origin-Resource-Policy', 'same-origin');
    ctx.set('Cache-Control', 'private, no-store');
    ctx.attachment(file.name);
    ctx.type = file.mediaType;
    ctx.body = file.content;
  });
}
