/** How far one's own part of the country has come, what to do next, and its apps as a file for the national architecture. */
import { Readable } from 'node:stream';
import type { Context } from 'koa';
import { Refusal } from '#src/base/refusals.ts';
import { findAgencies, findAgency } from '#src/registry/agencies.ts';
import {
  type ArchitectureEntry,
  architectureColumns,
  architectureDocument,
  listArchitecture,
} from '#src/registry/architecture.ts';
import { mayAt, nodesWith, type Permission } from '#src/registry/authority.ts';
import { countOpenCases } from '#src/registry/cases.ts';
import { listCoordinatedSectors, type Reach } from '#src/registry/coordination.ts';
import {
  type Coverage,
  findCoverage,
  findCoverages,
  findLastCount,
  type Group,
  listAgencyCoverages,
  readTrend,
} from '#src/registry/coverage.ts';
import { listSectors } from '#src/registry/sectors.ts';
import { type ConsoleCoverageContext, type CoverageRow, consoleCoveragePage } from '#views/console/coverage.ts';
import type { ShownFigures } from '#views/parts/coverage.ts';
import { begun } from '../begun.ts';
import { CSV_BATCH, sendCsv } from '../csv.ts';
import { showForm } from '../frame.ts';
import type { OpenHouse } from '../house.ts';
import { nameOf } from '../names.ts';
import { noFigures, shownDays, shownFigures } from '../shown-figures.ts';
import { consoleFrame } from './frame.ts';
import { pagesBehind, readPlace, readWords } from './positions.ts';
import { type ConsoleVisit, showConsole } from './visit.ts';

const PER_PAGE = 25;

/** Either of these opens the page, for what is at and below their agencies. */
const opening: readonly Permission[] = ['sectors.decide', 'inventory.write'];

/** `GET /console/coverage`. */
export function showCoverage(ctx: Context, house: OpenHouse): Promise<void> {
  return showConsole(ctx, house, showPage);
}

/** A group that somebody's roles reach, with its name. */
interface Named extends Group {
  readonly name: string;
}

async function showPage(visit: ConsoleVisit): Promise<void> {
  const { ctx, db } = visit;
  const count = await findLastCount(db);
  const starts = await listStarts(visit);
  const asked = await findAsked(visit, starts);
  const group = asked ?? (starts.length === 1 ? starts[0] : undefined);
  const counted = group && count && (await findCoverage(db, group, count.day));
  const listed = group ? await listBelow(visit, group, count?.day) : await listAll(visit, starts, count?.day);
  const context: ConsoleCoverageContext = {
    ...consoleFrame(visit, 'coverage'),
    group: group && { name: group.name, figures: shownFigures(counted), isChosen: asked !== undefined },
    above: asked ? await listAbove(visit, asked) : [],
    day: count && new Date(`${count.day}T00:00:00Z`),
    steps: await listSteps(visit, group ? [group] : starts, counted ? [counted] : listed.counted),
    trend: group && count ? shownDays(await readTrend(db, group, count.day)) : [],
    rows: listed.rows,
    pages: pagesBehind(ctx, listed.last && [String(listed.last.known), listed.last.id]),
    csvLink: architectureLink(group, 'csv'),
    jsonLink: architectureLink(group, 'json'),
  };
  showForm(ctx, consoleCoveragePage(context));
}

/** Where somebody's roles are, and the sectors that they coordinate. @throws {Refusal} `role_required` */
async function listStarts({ ctx, db, held }: ConsoleVisit): Promise<Named[]> {
  const nodes = [...new Set(opening.flatMap((permission) => nodesWith(held, permission)))];
  if (nodes.length === 0) throw new Refusal('role_required', 'no role with sectors.decide or inventory.write anywhere');
  const agencies = await findAgencies(db, nodes);
  const theirs = new Set(await listCoordinatedSectors(db, held));
  const sectors = (await listSectors(db)).filter(({ id }) => theirs.has(id));
  // What is below another one is found there.
  const tops = agencies.filter(({ id, path }) => !path.some((above) => above !== id && nodes.includes(above)));
  const named = (kind: 'agency' | 'sector') => (one: { id: string; name: string; nameEn: string }) => ({
    ...{ kind, id: one.id, name: nameOf(one, ctx.state.language) },
  });
  return [...tops.map(named('agency')), ...sectors.map(named('sector'))];
}

/** What the address asks for. @throws {Refusal} `not_here` for what the roles do not reach */
async function findAsked(visit: ConsoleVisit, starts: readonly Named[]): Promise<Named | undefined> {
  const { ctx, db, held } = visit;
  const sector = readWords(ctx, 'sector');
  const agencyId = readWords(ctx, 'agency');
  if (sector !== undefined) {
    const found = starts.find(({ kind, id }) => kind === 'sector' && id === sector);
    if (!found) throw new Refusal('not_here', 'no such sector of theirs');
    return found;
  }
  if (agencyId === undefined) return undefined;
  const agency = await findAgency(db, agencyId);
  if (!agency || !opening.some((permission) => mayAt(held, permission, agency)))
    throw new Refusal('not_here', 'no such agency of theirs');
  return { kind: 'agency', id: agency.id, name: nameOf(agency, ctx.state.language) };
}

async function listAbove(
  { ctx, db, held }: ConsoleVisit,
  { kind, id }: Named,
): Promise<ConsoleCoverageContext['above']> {
  const agency = kind === 'agency' ? await findAgency(db, id) : undefined;
  if (!agency) return [];
  const above = await findAgencies(db, agency.path.slice(0, -1));
  const seen = above.filter((one) => opening.some((permission) => mayAt(held, permission, one)));
  const way = agency.path.flatMap((step) => seen.find((one) => one.id === step) ?? []);
  return way.map((one) => ({ name: nameOf(one, ctx.state.language), link: pageOf({ kind: 'agency', id: one.id }) }));
}

interface Listed {
  readonly rows: readonly CoverageRow[];
  readonly counted: readonly Coverage[];
  /** Where the next page begins, if there is one. */
  readonly last: Coverage | undefined;
}

/** The agencies directly below, those with most apps first. */
async function listBelow({ ctx, db }: ConsoleVisit, { kind, id }: Named, day: string | undefined): Promise<Listed> {
  if (kind !== 'agency' || day === undefined) return { rows: [], counted: [], last: undefined };
  const [known, afterId] = readPlace(ctx);
  const after =
    afterId !== undefined && /^\d{1,9}$/.test(known ?? '') ? { known: Number(known), id: afterId } : undefined;
  const found = await listAgencyCoverages(db, { day, parentId: id, after, limit: PER_PAGE + 1 });
  const counted = found.slice(0, PER_PAGE);
  const agencies = new Map(
    (
      await findAgencies(
        db,
        counted.map((one) => one.id),
      )
    ).map((one) => [one.id, one]),
  );
  const rows = counted.map((one) => {
    const agency = agencies.get(one.id);
    return rowOf(
      { kind: 'agency', id: one.id, name: agency ? nameOf(agency, ctx.state.language) : one.id },
      shownFigures(one),
    );
  });
  return { rows, counted, last: found.length > PER_PAGE ? counted.at(-1) : undefined };
}

/** Everything that somebody coordinates, where it is several. */
async function listAll({ db }: ConsoleVisit, starts: readonly Named[], day: string | undefined): Promise<Listed> {
  const counted = new Map<string, Coverage>();
  for (const kind of ['agency', 'sector'] as const) {
    const ids = starts.filter((one) => one.kind === kind).map(({ id }) => id);
    const found = day === undefined ? new Map<string, Coverage>() : await findCoverages(db, kind, ids, day);
    for (const [id, one] of found) counted.set(`${kind} ${id}`, one);
  }
  const figuresOf = ({ kind, id }: Named) => counted.get(`${kind} ${id}`);
  return {
    rows: starts.map((one) => rowOf(one, shownFigures(figuresOf(one)))),
    counted: starts.flatMap((one) => figuresOf(one) ?? []),
    last: undefined,
  };
}

function rowOf({ name, ...group }: Named, figures: ShownFigures = noFigures): CoverageRow {
  return {
    ...{ id: group.id, name, figures, link: pageOf(group) },
    ...{
      pairsLink: listLink('duplicates', group),
      undecidedLink: listLink('inventory', group, { decision: 'undecided' }),
    },
  };
}

const pageOf = (group: Group): string => listLink('coverage', group);

/** A list of the console, narrowed down to a group. */
function listLink(list: string, { kind, id }: Group, more: Readonly<Record<string, string>> = {}): string {
  return `/console/${list}?${new URLSearchParams({ [kind]: id, ...more })}`;
}

function architectureLink(group: Group | undefined, ending: 'csv' | 'json'): string {
  const query = group ? `?${new URLSearchParams({ [group.kind]: group.id })}` : '';
  return `/console/coverage/architecture.${ending}${query}`;
}

/** What waits in these groups; a group alone leads to lists that are narrowed down to it. */
async function listSteps(
  { db }: ConsoleVisit,
  groups: readonly Group[],
  counted: readonly Coverage[],
): Promise<ConsoleCoverageContext['steps']> {
  const idsOf = (kind: Group['kind']) => groups.filter((one) => one.kind === kind).map(({ id }) => id);
  const cases = await countOpenCases(db, { nodes: idsOf('agency'), sectors: idsOf('sector') });
  const [only] = groups.length === 1 ? groups : [];
  const link = (list: string, more?: Readonly<Record<string, string>>) =>
    only ? listLink(list, only, more) : `/console/${list}${more ? `?${new URLSearchParams(more)}` : ''}`;
  // Of several groups the largest: an app may be in more than one of them, and nothing is to be promised twice.
  const most = (of: (one: Coverage) => number) => Math.max(0, ...counted.map(of));
  const steps: ConsoleCoverageContext['steps'] = [
    { step: 'overdue', count: cases.overdue, link: '/console/cases' },
    { step: 'cases', count: cases.open - cases.overdue, link: '/console/cases' },
    { step: 'pairs', count: most((one) => one.pairsFound - one.pairsSettled), link: link('duplicates') },
    {
      step: 'undecided',
      count: most((one) => one.known - shownFigures(one).decided),
      link: link('inventory', { decision: 'undecided' }),
    },
    {
      step: 'unconnected',
      count: most((one) => one.known - one.connected - one.retired),
      link: link('inventory', { connection: 'unconnected' }),
    },
    { step: 'migrating', count: most(migratingOf), link: link('apps', { state: 'live' }) },
  ];
  return steps.filter(({ count }) => count > 0);
}

/** Apps of the registry that still let people in by accounts of their own. */
function migratingOf({ stages }: Coverage): number {
  return ['shadow', 'optional', 'default'].reduce((sum, stage) => sum + (stages[stage] ?? 0), 0);
}

/** `GET /console/coverage/architecture.csv`. */
export function downloadArchitectureCsv(ctx: Context, house: OpenHouse): Promise<void> {
  return showConsole(ctx, house, async (visit) => {
    const columns = Object.values(architectureColumns);
    const rows = entriesOf(house, await architectureReach(visit));
    await sendCsv(
      ctx,
      'arsitektur-spbe',
      Object.keys(architectureColumns),
      mapEach(rows, (entry) => columns.map((of) => of(entry))),
    );
  });
}

/** `GET /console/coverage/architecture.json`: `{"apps": […]}`, sent app by app. */
export function downloadArchitectureJson(ctx: Context, house: OpenHouse): Promise<void> {
  return showConsole(ctx, house, async (visit) => {
    const entries = entriesOf(house, await architectureReach(visit));
    const pieces = await begun(jsonOf(entries));
    ctx.attachment('arsitektur-spbe.json');
    ctx.type = 'application/json; charset=utf-8';
    ctx.set('Cache-Control', 'no-store');
    ctx.body = Readable.from(pieces);
  });
}

async function architectureReach(visit: ConsoleVisit): Promise<Reach> {
  const starts = await listStarts(visit);
  const asked = await findAsked(visit, starts);
  const groups = asked ? [asked] : starts;
  const idsOf = (kind: Group['kind']) => groups.filter((one) => one.kind === kind).map(({ id }) => id);
  return { nodes: idsOf('agency'), sectors: idsOf('sector') };
}

async function* entriesOf({ database }: OpenHouse, reach: Reach): AsyncGenerator<ArchitectureEntry> {
  for (let after: string | undefined; ; ) {
    const some = await database.transaction((tx) => listArchitecture(tx, reach, { after, limit: CSV_BATCH }));
    yield* some;
    after = some.at(-1)?.ref;
    if (some.length < CSV_BATCH) return;
  }
}

async function* mapEach<From, To>(all: AsyncIterable<From>, of: (one: From) => To): AsyncGenerator<To> {
  for await (const one of all) yield of(one);
}

async function* jsonOf(entries: AsyncIterable<ArchitectureEntry>): AsyncGenerator<string> {
  let before = '{"apps":[';
  for await (const entry of entries) {
    yield `${before}\n${JSON.stringify(architectureDocument(entry))}`;
    before = ',';
  }
  yield before === ',' ? '\n]}\n' : `${before}]}\n`;
}
