/** What was decided about apps: the history, all of one app with the way to undo it, and a file that decides about many. */
import type { Context } from 'koa';
import { Refusal } from '#src/base/refusals.ts';
import { isId } from '#src/base/secrets.ts';
import { parseAppRef, partsOf } from '#src/registry/app-refs.ts';
import { isWithin, type Reach } from '#src/registry/coordination.ts';
import { listBatches, openBatch } from '#src/registry/decision-batches.ts';
import { MAX_DECISIONS_FILE, readDecisions } from '#src/registry/decision-csv.ts';
import { type Decision, decisionKinds, isInForce } from '#src/registry/decision-rows.ts';
import { decisionStandings, listDecisions, listDecisionsAbout, undoDecision } from '#src/registry/decisions.ts';
import { findKnownApps, type KnownApp } from '#src/registry/known-apps.ts';
import { aboutPage, type DecisionLine, type DecisionsContext, decisionsPage } from '#views/console/decisions.ts';
import { sayKind } from '#views/console/parts/decision.ts';
import { type Language, translate } from '#views/locale.ts';
import { showForm } from '../frame.ts';
import type { OpenHouse } from '../house.ts';
import type { Form } from '../middleware/forms.ts';
import type { Upload } from '../middleware/uploads.ts';
import { timeIn } from '../places.ts';
import { seeOther } from '../see-other.ts';
import { consoleFrame } from './frame.ts';
import { linkTo, pagesBehind, readPlace, readWords } from './positions.ts';
import {
  aboutLink,
  decideLink,
  decidersOf,
  decidingOf,
  decisionSightOf,
  decisionsLink,
  loadReach,
  namesOf,
  refsOf,
  shownOf,
  standingOf,
  transactionOf,
} from './shown-decisions.ts';
import { answerConsole, answerConsoleUpload, type ConsoleVisit, showConsole } from './visit.ts';
/** `GET /console/decisions`. @throws {Refusal} `role_required` */
export async function showDecisions(ctx: Context, house: OpenHouse): Promise<void> {
  await showConsole(ctx, house, (visit) => showList(visit));
}

async function showList(visit: ConsoleVisit, said: Partial<DecisionsContext> = {}): Promise<void> {
  const { ctx, db, account } = visit;
  const language: Language = ctx.state.language;
  const t = translate(language);
  const { reach, sight } = await decisionSightOf(visit);
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
    allLink: batchId && decisionsLink,
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
  return status === 'discarded' ? [] : [{ link: `${decisionsLink}/batches/${id}`, status, at: createdAt }];
}

async function linesOf(visit: ConsoleVisit, decisions: readonly Decision[], sight: Reach): Promise<DecisionLine[]> {
  const language: Language = visit.ctx.state.language;
  const { apps, name } = await namesOf(visit, refsOf(decisions), sight);
  const by = await decidersOf(visit, decisions, apps);
  return decisions.map((one) => ({
    ...{ id: one.id, name: name(one.ref), agency: apps.get(one.ref)?.agencyName[language] ?? one.agencyId },
    ...{
      link: aboutLink(one.ref),
      kind: one.kind,
      successor: one.successor && name(one.successor),
      on: one.effectiveOn,
    },
    ...{ standing: standingOf(one), by: by(one), at: one.decidedAt },
  }));
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
    seeOther(ctx, `${decisionsLink}/batches/${await openBatch(db, rows, decidingOf(visit, reach))}`);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    ctx.status = error.status;
    await showList(visit, { problems: [{ text: error.in(ctx.state.language).say, field: 'file' }] });
  }
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
  const { reach, sight } = await decisionSightOf(visit);
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
