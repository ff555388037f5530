/** How far the country has come, group by group: the figures that the public page shows, which say nothing of a person. */
import { z } from 'zod';
import { type Coverage, findLastCount, type Group, listCoverage, readTrend } from '#src/registry/coverage.ts';
import { toCursor } from '../places.ts';
import { noPlace, readCursor } from './pages.ts';
import { type ApiRoute, listRoute } from './route.ts';
import { coverageSchema, groupKinds } from './schemas/coordination.ts';
import { date } from './schemas/pieces.ts';

const day = date.optional().describe('The last one that was counted, unless it says another one.');

export const coverageRoutes: readonly ApiRoute[] = [
  listRoute({
    path: '/coverage',
    id: 'listCoverage',
    summary: 'The figures of a day: of the whole, of each sector, and of each agency with all below it',
    scope: 'inventory.read',
    query: z.strictObject({ day }),
    item: coverageSchema,
    async page({ db, query }, after, limit) {
      const on = query.day ?? (await findLastCount(db))?.day;
      if (on === undefined) return { items: [], next: undefined };
      const groups = await listCoverage(db, on, { after: groupIn(after), limit });
      const last = groups.length >= limit ? groups.at(-1) : undefined;
      return { items: groups.map(showCoverage), next: last && toCursor([last.kind, last.id]) };
    },
  }),
  listRoute({
    path: '/coverage/weeks',
    id: 'readCoverageTrend',
    summary: 'The figures of one group week by week, the earliest first',
    scope: 'inventory.read',
    query: z.strictObject({
      kind: z.enum(groupKinds).default('all'),
      id: z.string().max(63).default('all').describe('Of the sector or the agency.'),
      day,
      weeks: z.coerce.number().int().min(1).max(260).default(52),
    }),
    item: coverageSchema,
    async page({ db, query: { kind, id, day: asked, weeks } }) {
      const last = asked ?? (await findLastCount(db))?.day;
      const trend = last === undefined ? [] : await readTrend(db, { kind, id }, last, weeks);
      return { items: trend.map(showCoverage), next: undefined };
    },
  }),
];

/** @throws {Refusal} `invalid_request` */
function groupIn(after: string | undefined): Group | undefined {
  const [named, id] = readCursor(after, 2) ?? [];
  if (named === undefined || id === undefined) return undefined;
  const kind = groupKinds.find((one) => one === named);
  if (!kind) throw noPlace();
  return { kind, id };
}

function showCoverage(one: Coverage): z.input<typeof coverageSchema> {
  return {
    ...{ kind: one.kind, id: one.id, day: one.day, level: one.level ?? null, parent: one.parentId ?? null },
    ...{ known: one.known, connected: one.connected, live: one.live, retired: one.retired },
    ...{ decided: { ...one.decided }, stages: { ...one.stages } },
    ...{ pairs_found: one.pairsFound, pairs_settled: one.pairsSettled, not_built: one.notBuilt },
    ...{ people: one.people ?? null, sign_ins: one.signIns ?? null },
  };
}
