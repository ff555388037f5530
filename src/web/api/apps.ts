/** The apps of agencies: found, read, registered and changed by the rules of every other way in. */
import { z } from 'zod';
import { Refusal, type RefusedContent } from '#src/base/refusals.ts';
import { nodesWith, permissionsAt } from '#src/registry/authority.ts';
import { justify, type Shown, showTo, weighRegistration } from '#src/registry/brake.ts';
import { applyChange, type Changed, type ChangeRequest } from '#src/registry/changes.ts';
import { rotateSecret } from '#src/registry/client-secrets.ts';
import { type ClientRecord, clientStates, hasSecret } from '#src/registry/clients.ts';
import type { Closure } from '#src/registry/closures.ts';
import { declarationOf, draftOf } from '#src/registry/declarations.ts';
import type { LikelyApp } from '#src/registry/likely-apps.ts';
import { type ClientEntry, checkClientEntry, text } from '#src/registry/registration-schema.ts';
import { type AppLine, searchApps } from '#src/registry/search.ts';
import { lockRegistry } from '#src/registry/version.ts';
import { toCursor } from '../places.ts';
import { toPointer } from './answer.ts';
import { loadAgencyOf, loadAppOf } from './authority.ts';
import { readCursor } from './pages.ts';
import { type ApiCall, type ApiRoute, listRoute, route } from './route.ts';
import { appSchema, appSummarySchema, changeSchema, declarationSchema } from './schemas/apps.ts';
import { appFaceOf, closureSchema, likelySchema } from './schemas/coordination.ts';
import { said, saidIfAny, time } from './schemas/pieces.ts';

const changeBody = z.strictObject({
  declaration: declarationSchema,
  reason: text(500).optional().describe('Why, for whoever reads the versions.'),
});

const justification = text(2_000).describe('Why another one is needed, for the coordinator who decides.');

export const appRoutes: readonly ApiRoute[] = [
  listRoute({
    path: '/apps',
    id: 'searchApps',
    summary: 'The apps of the agency and of what is below it, by name',
    scope: 'apps.read',
    query: z.strictObject({
      q: z.string().max(200).optional().describe('Words, all of which are in the name or the id.'),
      agency: z.string().max(63).optional(),
      state: z.enum(clientStates).optional(),
      sector: z.string().max(63).optional(),
    }),
    item: appSummarySchema,
    async page({ db, held, query }, after, limit) {
      const [name, id] = readCursor(after, 2) ?? [];
      const { lines, hasMore } = await searchApps(db, {
        ...{ nodes: nodesWith(held, 'apps.read'), limit },
        ...{ words: query.q, agencyId: query.agency, state: query.state, sector: query.sector },
        after: name !== undefined && id !== undefined ? { name, id } : undefined,
      });
      const last = lines.at(-1)?.position;
      return { items: lines.map(showLine), next: hasMore && last ? toCursor([last.name, last.id]) : undefined };
    },
  }),
  route({
    method: 'POST',
    path: '/agencies/:agency/apps',
    id: 'registerApp',
    summary: 'Register an app',
    description:
      'In a sandbox it can be used at once. An app that proves itself by a secret gets its first one here. One that is strongly like another is refused with `likely_duplicate` and the list of those (`likely`), unless it comes with a justification: then it can be built and tried, and a coordinator decides before it goes live.',
    scope: 'apps.write',
    body: changeBody.extend({ justification: justification.optional() }),
    status: 201,
    isVersioned: true,
    answer: changeSchema,
    async carryOut(call) {
      const { db, house, held, body } = call;
      const agency = await loadAgencyOf(call, 'apps.write');
      const entry = checkDeclaration(call, body.declaration);
      const allowed = permissionsAt(held, agency);
      const change = {
        agencyId: agency.id,
        entry,
        isNew: true,
        allowed,
        reason: body.reason,
        justification: body.justification,
      };
      const changed = await applyChange(db, house.secrets, requestOf(call, change));
      const secret = hasSecret(changed.client) ? await makeSecret(call, changed.clientId) : undefined;
      return { ...answerChange(changed, secret), location: `/apps/${changed.clientId}` };
    },
  }),
  route({
    method: 'POST',
    path: '/agencies/:agency/apps/likely',
    id: 'findLikely',
    summary: 'Before an app is registered: which are like it already, and whether its place is closed',
    description: 'Writes nothing. Of an app that others are still making it is only said that there is one.',
    scope: 'apps.write',
    body: z.strictObject({ declaration: declarationSchema }),
    status: 200,
    answer: z.strictObject({
      needs: z.enum(['nothing', 'justification', 'exception']).describe('What registering it takes.'),
      likely: z.array(likelySchema),
      closures: z.array(closureSchema.pick({ agency: true, sector: true, reason: true, open_again_on: true })),
    }),
    async carryOut(call) {
      const { db, house, held, body } = call;
      const agency = await loadAgencyOf(call, 'apps.write');
      const entry = checkDeclaration(call, body.declaration);
      const draft = draftOf(entry, agency, undefined, house.config.mode);
      const { needs, likely, closures } = await weighRegistration(db, draft);
      const shown = await showTo(db, held, likely);
      return {
        body: { needs, likely: shown.map(showLikely), closures: closures.map(showPublicClosure) },
      };
    },
  }),
  route({
    method: 'POST',
    path: '/apps/:client/justification',
    id: 'justifyApp',
    summary: 'Say why an app is needed although there are others like it: a coordinator decides',
    description: 'For an app that was registered, and became like another, or whose case was refused.',
    scope: 'apps.write',
    body: z.strictObject({ justification }),
    status: 201,
    answer: z.strictObject({ case: z.uuid(), due_at: time }),
    async carryOut(call) {
      const { db, actor, body } = call;
      const app = await loadAppOf(call, 'apps.write');
      await lockRegistry(db);
      const opened = await justify(db, app, { via: 'api', actor, justification: body.justification });
      return { body: { case: opened.id, due_at: said(opened.dueAt) }, location: `/cases/${opened.id}` };
    },
  }),
  route({
    method: 'GET',
    path: '/apps/:client',
    id: 'readApp',
    summary: 'One app, with all that is declared about it',
    scope: 'apps.read',
    status: 200,
    isVersioned: true,
    answer: appSchema,
    async carryOut(call) {
      const app = await loadAppOf(call, 'apps.read');
      return { body: showApp(app), number: app.number };
    },
  }),
  route({
    method: 'PUT',
    path: '/apps/:client',
    id: 'changeApp',
    summary: 'Make an app what is declared',
    description:
      'What the declaration leaves out goes back to its default, but for how far the app has come (migration_stage). A risky change of an app that has been live answers 202 and waits until somebody else has agreed.',
    scope: 'apps.write',
    isConditional: 'always',
    isVersioned: true,
    body: changeBody,
    status: 200,
    alsoAnswers: { 202: 'Others have to agree first.' },
    answer: changeSchema,
    async carryOut(call) {
      const { db, house, held, body } = call;
      const app = await loadAppOf(call, 'apps.write');
      const entry = checkDeclaration(call, { client_id: app.id, ...body.declaration });
      if (entry.client_id !== app.id)
        throw invalid([{ pointer: '/declaration/client_id', detail: 'is another one', expected: app.id }]);
      const allowed = permissionsAt(held, app.agency);
      const change = { agencyId: app.agencyId, entry, reason: body.reason, ifNumber: call.ifNumber, allowed };
      return answerChange(await applyChange(db, house.secrets, requestOf(call, change)));
    },
  }),
];

type Change = Pick<ChangeRequest, 'agencyId' | 'entry' | 'isNew' | 'reason' | 'justification' | 'ifNumber' | 'allowed'>;

function requestOf({ actor, house }: ApiCall, change: Change): ChangeRequest {
  return { ...change, actor, via: 'api', mode: house.config.mode };
}

/** What only whoever runs the deployment may say of an app. */
const notDeclaredHere: readonly string[] = ['state', 'client_secret_env'];

/** @throws {Refusal} `content_invalid` with every mistake */
export function checkDeclaration({ house }: ApiCall, declaration: Readonly<Record<string, unknown>>): ClientEntry {
  const { entry, findings } = checkClientEntry(declaration, house.config.mode);
  const mistakes = [
    ...findings.map(({ path, key, what, expected }) => ({
      pointer: toPointer(['declaration', ...path, ...(key === undefined ? [] : [key])]),
      detail: what,
      expected,
    })),
    ...notDeclaredHere
      .filter((key) => Object.hasOwn(declaration, key))
      .map((key) => ({
        pointer: `/declaration/${key}`,
        detail: `${key} is not declared here`,
        expected: 'the key left out',
      })),
  ];
  if (!entry || mistakes.length > 0) throw invalid(mistakes);
  return entry;
}

function invalid(findings: readonly RefusedContent[]): Refusal {
  return new Refusal('content_invalid', 'the declaration has mistakes', { findings });
}

async function makeSecret({ db, house, actor }: ApiCall, clientId: string): Promise<string> {
  return (await rotateSecret(db, house.secrets, { clientId, actor })).secret;
}

/** What a change answers with. */
export function answerChange(changed: Changed, secret?: string) {
  const { outcome, number, client, plan } = changed;
  const body: z.input<typeof changeSchema> = {
    ...{ outcome, number, changed: [...plan.changed], risky: [...plan.risky], approvals_needed: plan.approvalsNeeded },
    ...(secret !== undefined && { client_secret: secret }),
    app: showApp(client),
  };
  return { body, number: client.number, ...(outcome === 'pending' && { status: 202 }) };
}

function showLikely({ app, isHidden }: Shown<LikelyApp>): z.input<typeof likelySchema> {
  const { score, isStrong, reasons } = app;
  return {
    ...{ score, is_strong: isStrong, like: isHidden ? null : appFaceOf(app) },
    // A host or a code would say which one it is.
    reasons: reasons.map(({ code, value, what }) => ({
      code,
      value,
      ...(what !== undefined && !isHidden && { what }),
    })),
  };
}

function showPublicClosure({ agencyId, sectorId, reason, openAgainOn }: Closure) {
  return { agency: agencyId ?? null, sector: sectorId ?? null, reason, open_again_on: openAgainOn ?? null };
}

function showLine(app: AppLine): z.input<typeof appSummarySchema> {
  return {
    ...{ id: app.id, agency: app.agencyId, name: app.name.id, name_en: app.name.en, type: app.type, state: app.state },
    ...{ risk: app.risk, sectors: [...app.sectors], home_uri: app.homeUri ?? null },
  };
}

function showApp(app: ClientRecord): z.input<typeof appSchema> {
  return {
    ...{ id: app.id, agency: app.agencyId, name: app.name.id, name_en: app.name.en, type: app.type, state: app.state },
    ...{ risk: app.risk, sectors: [...app.sectors], home_uri: app.homeUri ?? null },
    number: app.number,
    state_since: saidIfAny(app.stateSince),
    state_reason: app.stateReason ?? null,
    live_since: saidIfAny(app.liveSince),
    created_at: said(app.createdAt),
    updated_at: said(app.updatedAt),
    declaration: declarationOf(app),
  };
}
