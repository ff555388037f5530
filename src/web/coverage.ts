/**
 * `/coverage`: how far the country has come, for everybody. The same for everybody, so that each answer is made once for a count
 * and kept: here, compressed, and by whatever stands in between. Its language is that of the address or of the browser; it reads
 * and sets no cookie.
 */
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { Context } from 'koa';
import type { Db } from '#src/base/database.ts';
import { type Language, Refusal } from '#src/base/refusals.ts';
import { findAgencies, findAgency } from '#src/registry/agencies.ts';
import {
  everything,
  FEWEST_PEOPLE,
  type FinishedCount,
  findCoverage,
  findCoverages,
  findLastCount,
  type Group,
  listAgencyCoverages,
  readTrend,
} from '#src/registry/coverage.ts';
import {
  coverageColumns,
  coverageDocument,
  coverageLine,
  listNamedCoverage,
  type NamedCoverage,
} from '#src/registry/coverage-files.ts';
import { listSectors } from '#src/registry/sectors.ts';
import { type CoverageContext, coveragePage } from '#views/coverage.ts';
import type { Frame } from '#views/page.ts';
import { csvText } from './csv.ts';
import type { OpenHouse } from './house.ts';
import { known } from './middleware/browser.ts';
import { nameOf } from './names.ts';
import { noFigures, shownDays, shownFigures, shownGroups } from './shown-figures.ts';

/** How long caches may keep an answer; a count stands for a day. */
const KEPT_SECONDS = 300;
/** How long this process goes without asking whether there is a newer count. */
const LOOK_MS = 15_000;
/** So many answers are kept at most: a page of every agency in two languages is more than anybody asks for in a day. */
const MOST_KEPT = 1_000;
const MOST_AGENCIES = 60;

interface Kept {
  readonly type: string;
  readonly body: Buffer;
  readonly brotli: Buffer;
  readonly gzip: Buffer;
  readonly etag: string;
}

/** The answers of one process. */
export class PublicCoverage {
  readonly #house: OpenHouse;
  readonly #kept = new Map<string, Promise<Kept>>();
  #count: FinishedCount | undefined;
  #lookedAt = 0;

  constructor(house: OpenHouse) {
    this.#house = house;
  }

  /** `GET /coverage`, of all, of an agency (`agency`) or of a sector (`sector`). @throws {Refusal} `not_found` */
  async showPage(ctx: Context): Promise<void> {
    const language = languageOf(ctx);
    const group = groupOf(ctx);
    await this.#answer(ctx, `page ${language} ${group.kind} ${group.id}`, 'html', async (db, count) => {
      const frame = frameFor(this.#house, language, group);
      return String(coveragePage({ ...frame, ...(await pageOf(db, group, count, language)) }));
    });
  }

  /** `GET /coverage.csv`: all that was counted, a line for each group. */
  async sendCsv(ctx: Context): Promise<void> {
    ctx.attachment('coverage.csv');
    await this.#answer(ctx, 'csv', 'text/csv; charset=utf-8', async (db, count) =>
      csvText(coverageColumns, (await everythingOf(db, count)).map(coverageLine)),
    );
  }

  /** `GET /coverage.json`: the same for programs. */
  async sendJson(ctx: Context): Promise<void> {
    await this.#answer(ctx, 'json', 'application/json; charset=utf-8', async (db, count) =>
      JSON.stringify(coverageDocument(await everythingOf(db, count), count)),
    );
  }

  async #answer(
    ctx: Context,
    key: string,
    type: string,
    make: (db: Db, count: FinishedCount | undefined) => Promise<string>,
  ): Promise<void> {
    const count = await this.#follow();
    const known = this.#kept.get(key);
    const kept = known ?? make(this.#house.database, count).then((text) => keep(type, text));
    if (!known) this.#keep(key, kept);
    send(ctx, await kept);
  }

  /** What is being made at this moment is made once; what fails is tried again by the next. */
  #keep(key: string, kept: Promise<Kept>): void {
    if (this.#kept.size >= MOST_KEPT) this.#kept.clear();
    this.#kept.set(key, kept);
    kept.catch(() => this.#kept.delete(key));
  }

  async #follow(): Promise<FinishedCount | undefined> {
    const now = Date.now();
    if (Math.abs(now - this.#lookedAt) < LOOK_MS) return this.#count;
    const count = await findLastCount(this.#house.database);
    this.#lookedAt = now;
    if (count?.finishedAt.getTime() !== this.#count?.finishedAt.getTime()) this.#kept.clear();
    this.#count = count;
    return count;
  }
}

const compressBrotli = promisify(brotliCompress);
const compressGzip = promisify(gzip);

async function keep(type: string, text: string): Promise<Kept> {
  const body = Buffer.from(text);
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
  const [brotli, zipped] = await Promise.all([
    compressBrotli(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 7 } }),
    compressGzip(body),
  ]);
  return { type, body, brotli, gzip: zipped as Buffer, etag };
}

function send(ctx: Context, { type, body, brotli, gzip: zipped, etag }: Kept): void {
  ctx.remove('Set-Cookie');
  ctx.set('Cache-Control', `public, max-age=${KEPT_SECONDS}`);
  ctx.set('Vary', 'Accept-Encoding, Accept-Language');
  ctx.status = 200;
  ctx.type = type;
  const encoding = ctx.acceptsEncodings('br', 'gzip', 'identity');
  // Each form of the answer has a tag of its own (RFC 9110 §8.8.3.3).
  ctx.set('ETag', encoding === 'br' || encoding === 'gzip' ? `${etag.slice(0, -1)}-${encoding}"` : etag);
  if (ctx.fresh) {
    ctx.status = 304;
    return;
  }
  if (encoding === 'br' || encoding === 'gzip') ctx.set('Content-Encoding', encoding);
  ctx.body = encoding === 'br' ? brotli : encoding === 'gzip' ? zipped : body;
}

function languageOf(ctx: Context): Language {
  return known(ctx.query.lang) ?? ((ctx.acceptsLanguages('id', 'en') || 'id') as Language);
}

/** @throws {Refusal} `not_found` for what no group is called */
function groupOf({ query }: Context): Group {
  const { agency, sector } = query;
  if (agency === undefined && sector === undefined) return everything;
  const [kind, id] = agency === undefined ? (['sector', sector] as const) : (['agency', agency] as const);
  if (typeof id !== 'string' || !/^[a-z0-9][a-z0-9._-]{0,99}$/.test(id))
    throw new Refusal('not_found', 'no such group of apps');
  return { kind, id };
}

/** The page of a group, in the same language as this one. */
function linkTo({ kind, id }: Group, language: Language): string {
  const query = new URLSearchParams({ lang: language, ...(kind !== 'all' && { [kind]: id }) });
  return `/coverage?${query}`;
}

function frameFor({ config }: OpenHouse, language: Language, group: Group) {
  return {
    language,
    brand: config.brand,
    sandbox: config.mode === 'sandbox',
    languageLinks: { id: linkTo(group, 'id'), en: linkTo(group, 'en') },
    helpLink: '/help',
    privacyLink: '/privacy',
  };
}

type PageParts = Omit<CoverageContext, keyof Frame>;

async function pageOf(db: Db, group: Group, count: FinishedCount | undefined, language: Language): Promise<PageParts> {
  const named = await describeGroup(db, group, language);
  const parts = {
    ...named,
    whole: linkTo(everything, language),
    figures: noFigures,
    trend: [],
    sectors: [],
    ministries: [],
    provinces: [],
    agencies: [],
    below: [],
  };
  if (!count) return { ...parts, fewest: FEWEST_PEOPLE };
  const { day } = count;
  const [found, trend] = [await findCoverage(db, group, day), await readTrend(db, group, day)];
  const link = (one: Group) => linkTo(one, language);
  const agencies = (wanted: { level: string } | { parentId: string }) =>
    listAgencyCoverages(db, { day, limit: MOST_AGENCIES, ...wanted }).then(async (some) =>
      shownGroups(
        some,
        await findAgencies(
          db,
          some.map(({ id }) => id),
        ),
        language,
        link,
      ),
    );
  return {
    ...parts,
    day: new Date(`${day}T00:00:00Z`),
    figures: shownFigures(found),
    trend: shownDays(trend),
    ...(group.kind === 'all' && {
      sectors: await sectorsOf(db, day, language, link),
      ministries: await agencies({ level: 'ministry' }),
      provinces: await agencies({ level: 'province' }),
      agencies: await agencies({ level: 'agency' }),
    }),
    ...(group.kind === 'agency' && { below: await agencies({ parentId: group.id }) }),
    fewest: FEWEST_PEOPLE,
  };
}

async function sectorsOf(db: Db, day: string, language: Language, link: (group: Group) => string) {
  const sectors = await listSectors(db);
  const counted = await findCoverages(
    db,
    'sector',
    sectors.map(({ id }) => id),
    day,
  );
  return sectors.map((sector) => ({
    id: sector.id,
    name: nameOf(sector, language),
    link: link({ kind: 'sector', id: sector.id }),
    figures: shownFigures(counted.get(sector.id)),
  }));
}

/** @throws {Refusal} `not_found` when there is no such sector or agency */
async function describeGroup(
  db: Db,
  { kind, id }: Group,
  language: Language,
): Promise<Pick<CoverageContext, 'group' | 'above'>> {
  if (kind === 'all') return { above: [] };
  if (kind === 'sector') {
    const sector = (await listSectors(db)).find((one) => one.id === id);
    if (!sector) throw new Refusal('not_found', 'no such sector');
    return { group: { name: nameOf(sector, language) }, above: [] };
  }
  const agency = await findAgency(db, id);
  if (!agency) throw new Refusal('not_found', 'no such agency');
  const above = new Map((await findAgencies(db, agency.path)).map((one) => [one.id, one]));
  const way = agency.path.filter((one) => one !== id).flatMap((one) => above.get(one) ?? []);
  return {
    group: { name: nameOf(agency, language) },
    above: way.map((one) => ({
      name: nameOf(one, language),
      link: linkTo({ kind: 'agency', id: one.id }, language),
    })),
  };
}

/** Every group that was counted; nothing before the first count. */
async function everythingOf(db: Db, count: FinishedCount | undefined): Promise<NamedCoverage[]> {
  return count ? listNamedCoverage(db, count.day) : [];
}
