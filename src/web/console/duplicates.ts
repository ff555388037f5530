/**
 * What exists twice: the pairs that wait, one pair side by side, and the names that many apps bear. Who coordinates either app decides
 * about a pair; who looks after the inventory of one sees it. Of an app that is not theirs they see its face, and of one that
 * another agency is still making not even its name.
 */
import type { Context } from 'koa';
import { type Language, Refusal } from '#src/base/refusals.ts';
import { findAgencies, listAgenciesBelow } from '#src/registry/agencies.ts';
import { type AppFace, findDetails, maySeeWhole } from '#src/registry/app-faces.ts';
import { partsOf } from '#src/registry/app-refs.ts';
import { mayAt, nodesWith } from '#src/registry/authority.ts';
import { countWaiting } from '#src/registry/comparing.ts';
import { isWithin, type Reach, reachOf } from '#src/registry/coordination.ts';
import {
  type AppPair,
  dismissPair,
  listPairs,
  type PairSearch,
  pairStatuses,
  positionOf,
  reopenPair,
} from '#src/registry/duplicates.ts';
import { type AppFamily, findFamily, listFamilies, listMembers } from '#src/registry/families.ts';
import type { Found } from '#src/registry/search.ts';
import { listSectors } from '#src/registry/sectors.ts';
import { type DuplicatesContext, duplicatesPage } from '#views/console/duplicates.ts';
import { familiesPage, familyPage } from '#views/console/families.ts';
import { type PairProblem, pairLink, pairPage, type ShownPair, type SideDetails } from '#views/console/pair.ts';
import type { PairSide } from '#views/console/parts/pair-side.ts';
import { formatNumber, formatRupiah, translate } from '#views/locale.ts';
import type { Notice } from '#views/parts/notice.ts';
import { CSV_BATCH } from '../csv.ts';
import { showForm } from '../frame.ts';
import type { OpenHouse } from '../house.ts';
import type { Form } from '../middleware/forms.ts';
import { choiceIn, nameOf } from '../names.ts';
import { seeOther } from '../see-other.ts';
import { loadPairNamed, namedTo, type PairReader, placeOfPair, readPairPlace } from '../stand-ins.ts';
import { nameColleagues, sayActor } from './colleagues.ts';
import { sendLines } from './csv.ts';
import { decideAboutPicked, picksOf } from './decide.ts';
import { consoleFrame } from './frame.ts';
import { linkTo, pagesBehind, readPlace, readWords } from './positions.ts';
import { readReason } from './versions.ts';
import { answerConsole, type ConsoleVisit, showConsole } from './visit.ts';

/** So many of the names that many apps bear stand over the pairs. */
const FAMILIES_SHOWN = 5;

/** What somebody looks at: what they coordinate, and what they look after. */
interface Sight {
  /** Where they decide. */
  readonly deciding: Reach;
  readonly seeing: Reach;
}

/** @throws {Refusal} `role_required` */
async function sightOf({ db, held }: ConsoleVisit): Promise<Sight> {
  const deciding = await reachOf(db, held);
  const nodes = [...new Set([...deciding.nodes, ...nodesWith(held, 'inventory.write')])];
  if (nodes.length === 0) throw new Refusal('role_required', 'no role that sees what exists twice');
  return { deciding, seeing: { nodes, sectors: deciding.sectors } };
}

const readerOf = ({ held, house }: ConsoleVisit, { deciding }: Sight): PairReader => ({
  ...{ held, reach: deciding, secrets: house.secrets },
});

/** `GET /console/duplicates`. */
export async function showDuplicates(ctx: Context, house: OpenHouse): Promise<void> {
  await showConsole(ctx, house, showList);
}

async function showList(visit: ConsoleVisit): Promise<void> {
  const { ctx, db } = visit;
  const sight = await sightOf(visit);
  const search = readSearch(ctx, sight.seeing);
  const { lines, hasMore } = await listPairs(db, {
    ...search,
    after: await readPairPlace(db, visit.house, readPlace(ctx)),
  });
  const isFirst = search.status === 'open' && !('after' in ctx.query);
  const families = isFirst
    ? await listFamilies(db, {
        reach: sight.seeing,
        sector: search.sector,
        agencyId: search.agencyId,
        limit: FAMILIES_SHOWN,
      })
    : { lines: [], hasMore: false };
  const last = lines.at(-1);
  const context: DuplicatesContext = {
    ...consoleFrame(visit, 'duplicates'),
    pairs: lines.map((pair) => shownPair(visit, sight, pair)),
    families: families.lines,
    hasMoreFamilies: families.hasMore,
    ...(await choicesOf(visit, sight, search)),
    waiting: await countWaiting(db),
    pages: pagesBehind(ctx, hasMore && last ? placeOfPair(readerOf(visit, sight), last) : undefined),
    csvLink: linkTo(ctx, { after: undefined }).replace('/console/duplicates', '/console/duplicates.csv'),
  };
  showForm(ctx, duplicatesPage(context));
}

/** What the address asks for, within what the person may see. What makes no sense narrows nothing down. */
function readSearch(ctx: Context, reach: Reach): PairSearch {
  return {
    reach,
    status: pairStatuses.find((status) => status === ctx.query.status) ?? 'open',
    sector: readWords(ctx, 'sector'),
    agencyId: readWords(ctx, 'agency'),
    isStrong: ctx.query.strong === 'yes' ? true : undefined,
  };
}

/** By what the list can be narrowed down. The agencies are those of the person's roles and those right below. */
async function choicesOf(visit: ConsoleVisit, { seeing }: Sight, search: PairSearch) {
  const { ctx, db } = visit;
  const own = await findAgencies(db, seeing.nodes);
  const below = await Promise.all(seeing.nodes.map((id) => listAgenciesBelow(db, id)));
  const agencies = new Map([...own, ...below.flat()].map((agency) => [agency.id, agency]));
  const named = choiceIn(ctx.state.language);
  return {
    statuses: pairStatuses.map((status) => ({
      status,
      link: linkTo(ctx, { status: status === 'open' ? undefined : status, after: undefined }),
      isChosen: status === search.status,
    })),
    strengths: (['all', 'strong'] as const).map((strength) => ({
      strength,
      link: linkTo(ctx, { strong: strength === 'strong' ? 'yes' : undefined, after: undefined }),
      isChosen: (strength === 'strong') === (search.isStrong === true),
    })),
    sectors: (await listSectors(db)).map(named),
    sector: search.sector,
    agencies: [...agencies.values()].map(named),
    agency: search.agencyId,
  };
}

function shownPair(visit: ConsoleVisit, sight: Sight, pair: AppPair): ShownPair {
  const { score, isStrong, status } = pair;
  const [low, high] = [sideOf(visit, sight, pair.low), sideOf(visit, sight, pair.high)];
  const isWhole = low.name !== undefined && high.name !== undefined;
  // A host or a code would say which one it is.
  const reasons = isWhole ? pair.reasons : pair.reasons.map(({ code, value }) => ({ code, value }));
  return { low, high, score, isStrong, reasons, status };
}

/** An app as this person may know it. */
function sideOf(visit: ConsoleVisit, sight: Sight, face: AppFace): PairSide {
  const { ctx, held } = visit;
  const language: Language = ctx.state.language;
  const { ref, isNamed } = namedTo(readerOf(visit, sight), face);
  return {
    ref,
    name: isNamed ? face.name[language] : undefined,
    agency: face.agencyName[language],
    host: isNamed ? face.host : undefined,
    state: face.state,
    link: linkOf(face, mayAt(held, 'apps.read', face)),
  };
}

/** The page of a client is for who reads its agency's apps; that of a record asks for itself. */
function linkOf({ ref }: AppFace, mayRead: boolean): string | undefined {
  const { kind, id } = partsOf(ref);
  if (!mayRead) return undefined;
  return kind === 'client' ? `/console/apps/${encodeURIComponent(id)}` : `/console/inventory/${id}`;
}

/** `GET /console/duplicates.csv`: all that the page would list. */
export async function downloadDuplicates(ctx: Context, house: OpenHouse): Promise<void> {
  await showConsole(ctx, house, async (visit) => {
    const sight = await sightOf(visit);
    const search = readSearch(ctx, sight.seeing);
    const next = async (last: AppPair | undefined): Promise<Found<AppPair>> => {
      const after = last && positionOf(last);
      return house.database.transaction((tx) => listPairs(tx, { ...search, after, limit: CSV_BATCH }));
    };
    const side = (face: AppFace) => sideOf(visit, sight, face);
    // The id of a client is made of its name.
    const refOf = (face: AppFace) => (side(face).name === undefined ? undefined : face.ref);
    await sendLines(ctx, 'ganda', {
      columns: {
        low: ({ low }: AppPair) => refOf(low),
        low_name: ({ low }) => side(low).name,
        low_agency: ({ low }) => low.agencyName.id,
        high: ({ high }) => refOf(high),
        high_name: ({ high }) => side(high).name,
        high_agency: ({ high }) => high.agencyName.id,
        score: ({ score }) => String(score),
        strong: ({ isStrong }) => String(isStrong),
        reasons: ({ reasons }) => reasons.map(({ code }) => code).join(' '),
        status: ({ status }) => status,
        note: ({ note }) => note,
      },
      next,
    });
  });
}

/** `GET /console/duplicates/families`: all names that many apps bear, or with `name` the apps of one. */
export async function showFamilies(ctx: Context, house: OpenHouse): Promise<void> {
  await showConsole(ctx, house, async (visit) => {
    const words = readWords(ctx, 'name');
    await (words === undefined ? showNames(visit) : showFamily(visit, words));
  });
}

async function showNames(visit: ConsoleVisit): Promise<void> {
  const { ctx, db } = visit;
  const { seeing } = await sightOf(visit);
  const [apps, words] = readPlace(ctx);
  const after = words !== undefined && Number.isSafeInteger(Number(apps)) ? { apps: Number(apps), words } : undefined;
  const { lines, hasMore } = await listFamilies(db, { reach: seeing, after });
  const last = lines.at(-1);
  const pages = pagesBehind(ctx, hasMore && last ? [String(last.apps), last.words] : undefined);
  showForm(ctx, familiesPage({ ...consoleFrame(visit, 'duplicates'), families: lines, pages }));
}

/** @throws {Refusal} `not_here` when there is no such name, or no app of it that is theirs to see */
async function showFamily(visit: ConsoleVisit, words: string): Promise<void> {
  const { ctx, db } = visit;
  const sight = await sightOf(visit);
  const family: AppFamily | undefined = await findFamily(db, words, sight.seeing);
  const [agencyId, ref] = readPlace(ctx);
  const after = agencyId !== undefined && ref !== undefined ? { agencyId, ref } : undefined;
  const { lines, hasMore } = await listMembers(db, { words, reach: sight.seeing, after });
  if (!family || (lines.length === 0 && !after)) throw new Refusal('not_here', 'no such name');
  const last = lines.at(-1);
  const page = familyPage({
    ...consoleFrame(visit, 'duplicates'),
    family,
    members: lines.map((face) => sideOf(visit, sight, face)),
    picks: await picksOf(visit),
    pages: pagesBehind(ctx, hasMore && last ? [last.agencyId, last.ref] : undefined),
  });
  showForm(ctx, page);
}

/** `POST /console/duplicates/families`: on to deciding about the apps that are ticked. */
export async function answerFamilies(ctx: Context, house: OpenHouse): Promise<void> {
  await answerConsole(ctx, house, new Map([['decide', decideAboutPicked('/console/duplicates/families')]]));
}

/** `GET /console/duplicates/:low/:high`. */
export async function showPair(ctx: Context, house: OpenHouse): Promise<void> {
  await showConsole(ctx, house, (visit) => showOne(visit));
}

interface SeenPair {
  readonly pair: AppPair;
  readonly sight: Sight;
  readonly mayDecide: boolean;
}

/** The pair of the address. @throws {Refusal} `not_here` where there is none, or it is not theirs to see */
async function loadSeenPair(visit: ConsoleVisit): Promise<SeenPair> {
  const { ctx, db } = visit;
  const sight = await sightOf(visit);
  const pair = await loadPairNamed(db, readerOf(visit, sight), String(ctx.params.low), String(ctx.params.high));
  if (!isWithin(sight.seeing, pair)) throw new Refusal('not_here', 'no such pair');
  return { pair, sight, mayDecide: isWithin(sight.deciding, pair) };
}

async function showOne(visit: ConsoleVisit, problems: readonly PairProblem[] = []): Promise<void> {
  const { ctx } = visit;
  const { pair, sight, mayDecide } = await loadSeenPair(visit);
  const page = pairPage({
    ...consoleFrame(visit, 'duplicates'),
    pair: shownPair(visit, sight, pair),
    details: { low: await detailsOf(visit, sight, pair.low), high: await detailsOf(visit, sight, pair.high) },
    decided: await decidedOf(visit, pair),
    ...{ mayDecide, problems, notice: noticeIn(ctx) },
  });
  if (problems.length > 0) ctx.status = 422;
  showForm(ctx, page);
}

async function detailsOf(visit: ConsoleVisit, { deciding }: Sight, face: AppFace): Promise<SideDetails | undefined> {
  const { ctx, db, held } = visit;
  const details = maySeeWhole(face, held, deciding) ? await findDetails(db, face.ref) : undefined;
  if (!details) return undefined;
  const language: Language = ctx.state.language;
  const sectors = (await listSectors(db)).filter(({ id }) => face.sectors.includes(id));
  const { users, yearlyCost, serviceCode, audience, claims, technology } = details;
  return {
    ...{ serviceCode, audience, claims, technology },
    description: details.description?.[language],
    sectors: sectors.map((one) => nameOf(one, language)),
    users: users === undefined ? undefined : formatNumber(language, users),
    yearlyCost: yearlyCost === undefined ? undefined : formatRupiah(language, yearlyCost),
  };
}

async function decidedOf(visit: ConsoleVisit, pair: AppPair) {
  const { decidedAt, decidedBy, note } = pair;
  if (!decidedAt || decidedBy === undefined) return undefined;
  const sectors = (await listSectors(visit.db)).filter(({ id }) => pair.sectors.includes(id));
  const coordinators = sectors.flatMap(({ coordinatorId }) => coordinatorId ?? []);
  const names = await nameColleagues(visit, [decidedBy], [...pair.path, ...coordinators]);
  return { who: sayActor(visit.ctx.state.language, names, decidedBy), at: decidedAt, note };
}

const notices = { dismissed: 'duplicates.dismissed', reopened: 'duplicates.reopened' } as const;

function noticeIn(ctx: Context): Notice | undefined {
  const done = Object.entries(notices).find(([name]) => name === ctx.query.done);
  return done && { tone: 'done', text: translate(ctx.state.language)(done[1]) };
}

/** `POST /console/duplicates/:low/:high`. */
export async function answerPair(ctx: Context, house: OpenHouse): Promise<void> {
  await answerConsole(
    ctx,
    house,
    new Map([
      ['dismiss', dismiss],
      ['reopen', reopen],
    ]),
  );
}

async function dismiss(visit: ConsoleVisit, form: Form): Promise<void> {
  const { pair, actor } = await loadToDecide(visit);
  const reason = readReason(form, 'reason');
  if (reason === undefined) return showOne(visit, [{ kind: 'reason-missing' }]);
  await dismissPair(visit.db, { one: pair.low.ref, other: pair.high.ref, actor, reason });
  seeOther(visit.ctx, `${linkOfPair(visit)}?done=dismissed`);
}

async function reopen(visit: ConsoleVisit): Promise<void> {
  const { pair, actor } = await loadToDecide(visit);
  await reopenPair(visit.db, { one: pair.low.ref, other: pair.high.ref, actor });
  seeOther(visit.ctx, `${linkOfPair(visit)}?done=reopened`);
}

const linkOfPair = ({ ctx }: ConsoleVisit) => pairLink(String(ctx.params.low), String(ctx.params.high));

/** @throws {Refusal} `not_here`; `role_required` for whoever sees the pair and does not coordinate it */
async function loadToDecide(visit: ConsoleVisit): Promise<{ pair: AppPair; actor: string }> {
  const { pair, mayDecide } = await loadSeenPair(visit);
  if (!mayDecide) throw new Refusal('role_required', `no coordinator for ${pair.low.ref} ${pair.high.ref}`);
  return { pair, actor: visit.account.id };
}
