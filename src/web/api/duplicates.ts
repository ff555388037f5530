/** Apps that are likely the same, for those who coordinate either of them. */
import { z } from 'zod';
import { Refusal } from '#src/base/refusals.ts';
import { type AppFace, findFaces } from '#src/registry/app-faces.ts';
import type { AppRef } from '#src/registry/app-refs.ts';
import { isWithin, reachOf } from '#src/registry/coordination.ts';
import { type AppPair, dismissPair, listPairs, loadPair, pairStatuses, reopenPair } from '#src/registry/duplicates.ts';
import type { LikelyReason } from '#src/registry/likeness.ts';
import { text } from '#src/registry/registration-schema.ts';
import { toCursor } from '../places.ts';
import { loadPairNamed, namedTo, type PairReader, placeOfPair, readPairPlace } from '../stand-ins.ts';
import { asAppRef } from './authority.ts';
import { noPlace, readCursor } from './pages.ts';
import { type ApiCall, type ApiRoute, listRoute, route } from './route.ts';
import { appFaceOf, appRefSchema, type likenessReasonSchema, pairSchema } from './schemas/coordination.ts';
import { said, saidIfAny } from './schemas/pieces.ts';

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
    async page(call, after, limit) {
      const { db, query } = call;
      const place = readCursor(after, 3);
      const position = place && (await readPairPlace(db, call.house, place));
      if (place && !position) throw noPlace();
      const reader = await readerOf(call);
      const { reach } = reader;
      const ref = query.app === undefined ? undefined : asAppRef(query.app);
      if (ref !== undefined && !(await isNamedTo(call, reader, ref))) return { items: [], next: undefined };
      const { lines, hasMore } = await listPairs(db, {
        reach,
        ...{ status: query.status, sector: query.sector, agencyId: query.agency, limit },
        ref,
        isStrong: query.strong === undefined ? undefined : query.strong === 'true',
        after: position,
      });
      const last = lines.at(-1);
      return {
        items: lines.map((pair) => showPair(reader, pair)),
        next: hasMore && last ? toCursor(placeOfPair(reader, last)) : undefined,
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
      return { body: showPair(await readerOf(call), await loadPairOf(call)) };
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
      return { body: showPair(await readerOf(call), await loadPair(db, low.ref, high.ref)) };
    },
  }),
];

/** The pair of the address. @throws {Refusal} `not_here` when there is none, or it is not theirs to decide about */
async function loadPairOf(call: ApiCall): Promise<AppPair> {
  const reader = await readerOf(call);
  const pair = await loadPairNamed(call.db, reader, call.param('low'), call.param('high'));
  if (!isWithin(reader.reach, pair)) throw new Refusal('not_here', 'no such pair');
  return pair;
}

async function readerOf({ db, held, house }: ApiCall): Promise<PairReader> {
  return { held, reach: await reachOf(db, held), secrets: house.secrets };
}

/** Whether the caller may ask by its name for the pairs of an app. */
async function isNamedTo({ db }: ApiCall, reader: PairReader, ref: AppRef): Promise<boolean> {
  const face = (await findFaces(db, [ref])).get(ref);
  return face !== undefined && namedTo(reader, face).isNamed;
}

function showPair(reader: PairReader, pair: AppPair): z.input<typeof pairSchema> {
  const [low, high] = [sideOf(reader, pair.low), sideOf(reader, pair.high)];
  const isWhole = low.name !== null && high.name !== null;
  // A host or a code would say which one it is.
  const reasons = pair.reasons.map((reason) =>
    showReason(isWhole ? reason : { code: reason.code, value: reason.value }),
  );
  return {
    ...{ low, high, score: pair.score, is_strong: pair.isStrong },
    ...{ reasons, status: pair.status, found_at: said(pair.foundAt) },
    ...{ decided_at: saidIfAny(pair.decidedAt), decided_by: pair.decidedBy ?? null, note: pair.note ?? null },
  };
}

function sideOf(reader: PairReader, face: AppFace): z.input<typeof pairSchema>['low'] {
  const { ref, isNamed } = namedTo(reader, face);
  const shown = { ...appFaceOf(face), app: ref };
  return isNamed ? shown : { ...shown, name: null, name_en: null, host: null };
}

/** A reason as the API says it. */
function showReason({ code, value, what }: LikelyReason): z.input<typeof likenessReasonSchema> {
  return { code, value, ...(what !== undefined && { what }) };
}
