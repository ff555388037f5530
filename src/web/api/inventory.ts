/** Apps that exist, connected or not: what an agency has in a list of its own, kept under its own keys. */
import { z } from 'zod';
import { Refusal } from '#src/base/refusals.ts';
import { clientRef } from '#src/registry/app-refs.ts';
import { isWithin, type Reach } from '#src/registry/coordination.ts';
import { entryOf, type InventoryRecord, loadRecord } from '#src/registry/inventory.ts';
import {
  confirmMatch,
  listMatches,
  listMatchesOf,
  type MatchLine,
  type MatchPosition,
  refuseMatch,
} from '#src/registry/inventory-matches.ts';
import { sayMistake } from '#src/registry/inventory-mistakes.ts';
import { checkRecord, keySchema, type RecordEntry } from '#src/registry/inventory-schema.ts';
import { connections, decidedness, type InventoryLine, searchInventory } from '#src/registry/inventory-search.ts';
import { listRecordVersions, type RecordVersion } from '#src/registry/inventory-versions.ts';
import { removeRecord, saveRecord, unlinkRecord } from '#src/registry/inventory-writes.ts';
import { text } from '#src/registry/registration-schema.ts';
import { loadClientFor } from '../console/visit.ts';
import { toCursor } from '../places.ts';
import { standInFor } from '../stand-ins.ts';
import { loadAgencyOf, loadRecordSeen, loadRecordToWrite, sightOf } from './authority.ts';
import { pageOf, readCursor, scoreIn } from './pages.ts';
import { type ApiCall, type ApiRoute, listRoute, route } from './route.ts';
import {
  matchSchema,
  recordAnswerSchema,
  recordEntrySchema,
  recordSummarySchema,
  recordVersionSchema,
} from './schemas/inventory.ts';
import { said, saidIfAny } from './schemas/pieces.ts';
import { toNumber } from './versions.ts';

const reason = text(500).optional().describe('Why, for whoever reads the versions.');

export const inventoryRoutes: readonly ApiRoute[] = [
  listRoute({
    path: '/inventory',
    id: 'searchInventory',
    summary: 'What exists at the agency, below it and in the sectors that it coordinates, by name',
    scope: 'inventory.read',
    query: z.strictObject({
      q: z.string().max(200).optional().describe('Words, all of which are in the names, the key or the host.'),
      agency: z.string().max(63).optional(),
      sector: z.string().max(63).optional(),
      connection: z.enum(connections).optional().describe('Whether it is known to be the same app as a client.'),
      decision: z.enum(decidedness).optional().describe('Whether a decision about it holds.'),
    }),
    item: recordSummarySchema,
    async page(call, after, limit) {
      const { q: words, agency: agencyId, sector, connection, decision } = call.query;
      const [name, id] = readCursor(after, 2) ?? [];
      const { lines, hasMore } = await searchInventory(call.db, {
        ...{ ...(await sightOf(call)), words, agencyId, sector, connection, decision, limit },
        after: name !== undefined && id !== undefined ? { name, id } : undefined,
      });
      const last = lines.at(-1)?.position;
      return { items: lines.map(showLine), next: hasMore && last ? toCursor([last.name, last.id]) : undefined };
    },
  }),
  route({
    method: 'PUT',
    path: '/agencies/:agency/inventory/:key',
    id: 'saveRecord',
    summary: 'Say what is known about an app of the agency',
    description:
      'Under the key that the agency gives it, so that the same request again changes nothing. What is left out is not known any more. A record that was removed comes back.',
    scope: 'inventory.write',
    isConditional: 'at-will',
    isVersioned: true,
    body: z.strictObject({ entry: recordEntrySchema, reason }),
    status: 200,
    alsoAnswers: { 201: 'It is new.' },
    answer: z.strictObject({
      outcome: z.enum(['created', 'updated', 'unchanged']),
      record: recordAnswerSchema,
    }),
    async carryOut(call) {
      const { db, actor, ifNumber, body } = call;
      const agency = await loadAgencyOf(call, 'inventory.write');
      const draft = { agencyId: agency.id, key: checkKey(call), content: checkEntry(call, body.entry), ifNumber };
      const { record, outcome } = await saveRecord(db, { ...draft, actor, via: 'api', reason: body.reason });
      const answer = { body: { outcome, record: showRecord(record) }, number: record.number };
      return outcome === 'created' ? { ...answer, status: 201, location: `/inventory/${record.id}` } : answer;
    },
  }),
  listRoute({
    path: '/inventory/matches',
    id: 'listMatches',
    summary: 'Records and connected apps that may be the same, the likeliest first',
    scope: 'inventory.read',
    item: matchSchema,
    async page(call, after, limit) {
      const place = after === undefined ? undefined : await readMatchPlace(call, after);
      const sight = await sightOf(call);
      const { lines, hasMore } = await listMatches(call.db, { ...sight, after: place, limit });
      const last = hasMore ? lines.at(-1) : undefined;
      const next = last && toCursor([String(last.score), last.recordId, namedInPlace(call, sight, last)]);
      return { items: lines.map(matchShownTo(sight)), next };
    },
  }),
  route({
    method: 'GET',
    path: '/inventory/:record',
    id: 'readRecord',
    summary: 'One record, with all that is said in it',
    scope: 'inventory.read',
    isVersioned: true,
    status: 200,
    answer: recordAnswerSchema,
    async carryOut(call) {
      const record = await loadRecordSeen(call);
      return { body: showRecord(record), number: record.number };
    },
  }),
  route({
    method: 'DELETE',
    path: '/inventory/:record',
    id: 'removeRecord',
    summary: 'Take a record out: it was no app, or is none any more',
    description: 'Its versions stay, and the same key brings it back. A client that it was linked to goes on alone.',
    scope: 'inventory.write',
    isConditional: 'always',
    status: 204,
    async carryOut(call) {
      const { db, actor, ifNumber } = call;
      const { id } = await loadRecordToWrite(call);
      await removeRecord(db, id, { actor, via: 'api', ifNumber });
      return {};
    },
  }),
  listRoute({
    path: '/inventory/:record/versions',
    id: 'listRecordVersions',
    summary: 'The versions of a record, the newest first',
    scope: 'inventory.read',
    item: recordVersionSchema,
    async page(call, after, limit) {
      const { id } = await loadRecordSeen(call);
      const [number] = readCursor(after, 1) ?? [];
      const before = number === undefined ? undefined : toNumber(number);
      const versions = await listRecordVersions(call.db, id, { before, limit });
      return pageOf(versions, limit, { show: showVersion, placeOf: (version) => [String(version.number)] });
    },
  }),
  route({
    method: 'PUT',
    path: '/inventory/:record/app',
    id: 'linkRecord',
    summary: 'Say that a record and a connected app are the same',
    description: 'From then on the two are one app, under the name of the connected one.',
    scope: 'inventory.write',
    isVersioned: true,
    body: z.strictObject({ app: z.string().max(100) }),
    status: 200,
    answer: recordAnswerSchema,
    async carryOut(call) {
      const { db, actor, body } = call;
      const { id } = await loadRecordToWrite(call);
      const client = await loadClientFor(call, body.app, 'inventory.write');
      await confirmMatch(db, { recordId: id, clientId: client.id }, { actor, via: 'api' });
      return answerRecord(await loadRecord(db, id));
    },
  }),
  listRoute({
    path: '/inventory/:record/matches',
    id: 'listMatchesOfRecord',
    summary: 'Connected apps that may be the same as a record, the likeliest first',
    scope: 'inventory.read',
    item: matchSchema,
    async page(call) {
      const { id } = await loadRecordSeen(call);
      const show = matchShownTo(await sightOf(call));
      return { items: (await listMatchesOf(call.db, id)).map(show), next: undefined };
    },
  }),
  route({
    method: 'DELETE',
    path: '/inventory/:record/matches/:client',
    id: 'refuseMatch',
    summary: 'Say that a record and a connected app that was proposed for it are not the same',
    scope: 'inventory.write',
    status: 204,
    async carryOut(call) {
      const { id } = await loadRecordToWrite(call);
      await refuseMatch(call.db, { recordId: id, clientId: call.param('client') }, { actor: call.actor, via: 'api' });
      return {};
    },
  }),
  route({
    method: 'DELETE',
    path: '/inventory/:record/app',
    id: 'unlinkRecord',
    summary: 'Say that the two are not the same after all',
    scope: 'inventory.write',
    status: 204,
    async carryOut(call) {
      const { db, actor } = call;
      const { id } = await loadRecordToWrite(call);
      await unlinkRecord(db, id, actor, { via: 'api' });
      return {};
    },
  }),
];

/** Of an app in the making at an agency that the caller does not see it is only said that there is one. */
function matchShownTo(sight: Reach) {
  return ({ recordId, clientId, client, score, reasons }: MatchLine): z.input<typeof matchSchema> => {
    const isNamed = mayName(sight, client);
    return {
      ...{ record: recordId, app: isNamed ? clientId : null, app_name: isNamed ? client.name.id : null },
      ...{ app_agency: client.agencyId, score, reasons: [...reasons] },
    };
  };
}

function mayName(sight: Reach, { isKnown, agencyPath }: MatchLine['client']): boolean {
  return isKnown || isWithin(sight, { path: agencyPath, sectors: [] });
}

/** A client in the place where the next page begins: an id tells the name. */
function namedInPlace({ house }: ApiCall, sight: Reach, { clientId, client }: MatchLine): string {
  return mayName(sight, client) ? clientId : standInFor(house.secrets, clientRef(clientId));
}

/** @throws {Refusal} `invalid_request` */
async function readMatchPlace({ db, house }: ApiCall, after: string): Promise<MatchPosition> {
  const [score, recordId = '', named = ''] = readCursor(after, 3) ?? [];
  const at = { score: scoreIn(score), recordId };
  if (!named.startsWith('hidden:')) return { ...at, clientId: named };
  const meant = (await listMatchesOf(db, recordId)).find(
    ({ clientId }) => standInFor(house.secrets, clientRef(clientId)) === named,
  );
  return { ...at, clientId: meant?.clientId ?? '' };
}

/** @throws {Refusal} `content_invalid` */
function checkKey(call: ApiCall): string {
  const { data, error } = keySchema.safeParse(call.param('key'));
  if (data !== undefined) return data;
  const findings = error.issues.map(({ message }) => ({
    pointer: 'key',
    detail: message,
    expected: 'a code or a number',
  }));
  throw new Refusal('content_invalid', 'the key of the address is none', { findings });
}

/** @throws {Refusal} `content_invalid` with every mistake, and what to do about it */
function checkEntry({ ctx }: ApiCall, content: unknown): RecordEntry {
  const { entry, mistakes = [] } = checkRecord(content);
  if (entry) return entry;
  const findings = mistakes.map(({ field, code, given }) => ({
    pointer: field === '' ? '/entry' : `/entry/${field}`,
    detail: given === undefined ? code : `${code}: ${given}`,
    expected: sayMistake(code, ctx.state.language),
  }));
  throw new Refusal('content_invalid', 'the record has mistakes', { findings });
}

function answerRecord(record: InventoryRecord) {
  return { body: showRecord(record), number: record.number };
}

function showRecord(record: InventoryRecord): z.input<typeof recordAnswerSchema> {
  const { id, agencyId: agency, key, number, updatedBy } = record;
  return {
    ...{ id, agency, key, number, app: record.clientId ?? null, linked_at: saidIfAny(record.linkedAt) },
    ...{ created_at: said(record.createdAt), updated_at: said(record.updatedAt), updated_by: updatedBy },
    entry: entryOf(record),
  };
}

function showLine(line: InventoryLine): z.input<typeof recordSummarySchema> {
  return {
    ...{ id: line.id, agency: line.agencyId, key: line.key, name: line.name.id, name_en: line.name.en },
    ...{ host: line.host ?? null, sectors: [...line.sectors] },
    ...{ users: line.users ?? null, yearly_cost: line.yearlyCost ?? null },
    ...{ app: line.client?.id ?? null, app_state: line.client?.state ?? null },
  };
}

function showVersion(version: RecordVersion): z.input<typeof recordVersionSchema> {
  const { client_id: app, ...entry } = version.content;
  return {
    ...{ number: version.number, via: version.via, actor: version.actor },
    changed: version.changed.map((field) => (field === 'client_id' ? 'app' : field)),
    ...{ reason: version.reason ?? null, at: said(version.at), app: app ?? null, entry },
  };
}
