/** Apps that are likely the same, for those who coordinate either of them. */
import { z } from 'zod';
import { Refusal } from '#src/base/refusals.ts';
import type { HeldRole } from '#src/registry/authority.ts';
import { isWithin, type Reach, reachOf } from '#src/registry/coordination.ts';
import {
  type AppFace,
  type AppPair,
  dismissPair,
  findPair,
  listPairs,
  loadPair,
  mayName,
  pairStatuses,
  positionOf,
  reopenPair,
} from '#src/registry/duplicates.ts';
import type { LikelyReason } from '#src/registry/likeness.ts';
import { text } from '#src/registry/registration-schema.ts';
import { toCursor } from '../places.ts';
import { asAppRef } from './authority.ts';
import { readCursor, scoreIn } from './pages.ts';
import { type ApiCall, type ApiRoute, listRoute, route } from './route.ts';
import { appFaceOf, appRefSchema, type likenessReasonSchema, pairSchema, said, saidIfAny } from './schemas.ts';

const path = '/duplicates/:low/:high';

export const duplicateRoutes: readonly ApiRoute[] = [
  listRoute({
    path: '/duplicates',
    id: 'listDuplicates',
    summary: 'Likely pairs that the caller coordinates, the likeliest first',
    scope: 'sectors.decide',
    query: z.strictObject({
      status: z.enum(pairStatuses).default('open'),
      sector: z.string().max(63).optional(),
      agency: z.string().max(63).optional().describe('With an app at or below it.'),
      app: appRefSchema.optional(),
      strong: z
        .enum(['true', 'false'])
        .optional()
        .describe('Only those that a new app would have to justify, or the others.'),
    }),
    item: pairSchema,
    async page({ db, held, query }, after, limit) {
      const [score, low, high] = readCursor(after, 3) ?? [];
      const reach = await reachOf(db, held);
      const { lines, hasMore } = await listPairs(db, {
        reach,
        ...{ status: query.status, sector: query.sector, agencyId: query.agency, limit },
        ref: query.app === undefined ? undefined : asAppRef(query.app),
        isStrong: query.strong === undefined ? undefined : query.strong === 'true',
        after: low !== undefined && high !== undefined ? { score: scoreIn(score), low, high } : undefined,
      });
      const last = lines.at(-1);
      return {
        items: lines.map((pair) => showPair({ held, reach }, pair)),
        next: hasMore && last ? cursorOf(last) : undefined,
      };
    },
  }),
  route({
    method: 'GET',
    path,
    id: 'readDuplicate',
    summary: 'One pair, with the reasons why the two are likely the same',
    scope: 'sectors.decide',
    status: 200,
    answer: pairSchema,
    async carryOut(call) {
      return { body: showPair(await sightOf(call), await loadPairOf(call)) };
    },
  }),
  route({
    method: 'PUT',
    path,
    id: 'decideDuplicate',
    summary: 'Say that two apps are not the same, or open their pair again',
    description:
      'One that is dismissed stays so, whatever the two are called later, until somebody opens it again. A decision about an app settles its pairs by itself.',
    scope: 'sectors.decide',
    body: z.discriminatedUnion('status', [
      z.strictObject({ status: z.literal('dismissed'), reason: text(500) }),
      z.strictObject({ status: z.literal('open') }),
    ]),
    status: 200,
    answer: pairSchema,
    async carryOut(call) {
      const { db, actor, body } = call;
      const { low, high } = await loadPairOf(call);
      const named = { one: low.ref, other: high.ref, actor };
      if (body.status === 'open') await reopenPair(db, named);
      else await dismissPair(db, { ...named, reason: body.reason });
      return { body: showPair(await sightOf(call), await loadPair(db, low.ref, high.ref)) };
    },
  }),
];

/** The pair of the address. @throws {Refusal} `not_here` when there is none, or it is not theirs to decide about */
async function loadPairOf(call: ApiCall): Promise<AppPair> {
  const { db, held } = call;
  const pair = await findPair(db, asAppRef(call.param('low')), asAppRef(call.param('high')));
  if (!pair || !isWithin(await reachOf(db, held), pair)) throw new Refusal('not_here', 'no such pair');
  return pair;
}

function cursorOf(pair: AppPair): string {
  const { score, low, high } = positionOf(pair);
  return toCursor([String(score), low, high]);
}

/** Who looks, and what they coordinate. */
interface Sight {
  readonly held: readonly HeldRole[];
  readonly reach: Reach;
}

async function sightOf({ db, held }: ApiCall): Promise<Sight> {
  return { held, reach: await reachOf(db, held) };
}

function showPair(sight: Sight, pair: AppPair): z.input<typeof pairSchema> {
  return {
    ...{ low: sideOf(sight, pair.low), high: sideOf(sight, pair.high), score: pair.score, is_strong: pair.isStrong },
    ...{ reasons: pair.reasons.map(showReason), status: pair.status, found_at: said(pair.foundAt) },
    ...{ decided_at: saidIfAny(pair.decidedAt), decided_by: pair.decidedBy ?? null, note: pair.note ?? null },
  };
}

function sideOf({ held, reach }: Sight, face: AppFace): z.input<typeof pairSchema>['low'] {
  const shown = appFaceOf(face);
  return mayName(face, held, reach) ? shown : { ...shown, name: null, name_en: null, host: null };
}

/** A reason as the API says it. */
export function showReason({ code, value, what }: LikelyReason): z.input<typeof likenessReasonSchema> {
  return { code, value, ...(what !== undefined && { what }) };
}
