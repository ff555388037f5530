/**
 * The brake on new apps: what is like an app already, whether its place is closed, and what follows for registering it and
 * for going live. Every way in comes by here (`registry/changes.ts`); what the deployment's own operators declare by file or
 * command is let through, on record where it is closed.
 *
 * An app is weighed with what it says when it is registered and again when it is to go live, so that another name or another
 * sector later is no way round.
 */
import type { Db } from '#src/base/database.ts';
import { Refusal } from '#src/base/refusals.ts';
import { findAgencies, loadAgency } from './agencies.ts';
import { type AppFace, findFaces } from './app-faces.ts';
import { type AppRef, clientRef, partsOf } from './app-refs.ts';
import { type HeldRole, mayAt } from './authority.ts';
import {
  type CaseGround,
  findOpenRequest,
  listCasesOf,
  noteLetThrough,
  openCase,
  type RegistrationCase,
} from './cases.ts';
import type { ClientDraft, ClientRecord } from './clients.ts';
import { type Closure, closedTo, findClosures, hasException, useException } from './closures.ts';
import { findLikely, type LikelyApp } from './likely-apps.ts';
import { NotMadeRefusal } from './not-made.ts';
import { lockRegistry } from './version.ts';
import { runsTheDeployment, type Via } from './versions.ts';

/** A justification shorter than this says nothing. */
export const SHORTEST_JUSTIFICATION = 20;

/** What of an app is weighed. */
export type WeighedDraft = Pick<
  ClientDraft,
  | 'id'
  | 'type'
  | 'agencyId'
  | 'name'
  | 'purpose'
  | 'description'
  | 'sectors'
  | 'homeUri'
  | 'redirectUris'
  | 'serviceCode'
  | 'audience'
  | 'claims'
>;

/** An app like the one that is weighed. */
export interface AlikeApp extends LikelyApp {
  /** Whether the same agency is still making it, or has it in its inventory and not connected yet; and not many like it. */
  readonly isOwnToConnect: boolean;
}

/** What stands before a registration. */
export interface Weighed {
  /** Apps like it, the likest first. */
  readonly likely: readonly AlikeApp[];
  /** Those of them that are so much like it that another one has to be justified. */
  readonly strong: readonly AlikeApp[];
  /** Closed places without an exception that is left for the agency. */
  readonly closures: readonly Closure[];
  readonly needs: 'nothing' | 'justification' | 'exception';
}

/** Weighs an app before it is registered. Writes nothing. @throws {Refusal} `agency_not_found` */
export async function weighRegistration(db: Db, draft: WeighedDraft): Promise<Weighed> {
  const likely = await findAlike(db, draft);
  const strong = likely.filter(({ isStrong }) => isStrong);
  const closures = await findClosed(db, draft, undefined);
  const needs = closures.length > 0 ? 'exception' : strong.length > 0 ? 'justification' : 'nothing';
  return { likely, strong, closures, needs };
}

/** So many like an app an agency may have unconnected before it has to say why. */
const MOST_TO_CONNECT = 3;

/**
 * Nobody signs in to a machine: it is part of an app, and no other one of the kind. What an agency itself is still making is
 * shown to it, and asks for no justification: nothing exists yet that one could use instead. Neither does what the agency's own
 * inventory has and nobody has connected: that is the app which is being connected. Of more than a few that no longer holds: they
 * would fill the list in place of what exists, and make a name like many others' of one that another agency has.
 */
export async function findAlike(db: Db, draft: WeighedDraft): Promise<AlikeApp[]> {
  if (draft.type === 'machine') return [];
  const likely = await findLikely(db, comparable(draft));
  const inTheMaking = await findInTheMaking(db, likely);
  const toConnect = likely.filter(({ ref, agencyId }) => {
    const isUnconnected = inTheMaking.has(ref) || partsOf(ref).kind === 'inventory';
    return agencyId === draft.agencyId && isUnconnected;
  });
  return likely.map((app) => {
    const isOwnToConnect = toConnect.length <= MOST_TO_CONNECT && toConnect.includes(app);
    return { ...app, isOwnToConnect, isStrong: app.isStrong && !isOwnToConnect };
  });
}

/** Those that were never live. */
async function findInTheMaking(db: Db, likely: readonly AppFace[]): Promise<ReadonlySet<AppRef>> {
  const ids = likely.map(({ ref }) => partsOf(ref)).flatMap(({ kind, id }) => (kind === 'client' ? [id] : []));
  if (ids.length === 0) return new Set();
  const rows = await db.query<{ id: string }>(
    `select id from clients where id = any($1) and live_since is null and state <> 'live'`,
    [ids],
  );
  return new Set(rows.map(({ id }) => clientRef(id)));
}

async function findStrong(db: Db, draft: WeighedDraft): Promise<AlikeApp[]> {
  return (await findAlike(db, draft)).filter(({ isStrong }) => isStrong);
}

function comparable(draft: WeighedDraft): Parameters<typeof findLikely>[1] {
  const { id, agencyId, name, purpose, description, homeUri, redirectUris, serviceCode, audience, claims } = draft;
  const words = description ?? purpose;
  return {
    ...{ agencyId, name: name.id, nameEn: name.en, description: words.id, descriptionEn: words.en },
    ...{ address: homeUri ?? redirectUris[0], serviceCode, audience },
    ...{ claims: claims.map(({ claim }) => claim), ref: clientRef(id) },
  };
}

/** The closed places that an app would come into anew and that its agency has no exception from. */
async function findClosed(
  db: Db,
  draft: Pick<WeighedDraft, 'agencyId' | 'sectors'>,
  before: ClientRecord | undefined,
): Promise<Closure[]> {
  const { closures, path } = await findEntered(db, draft, before);
  const closed: Closure[] = [];
  for (const closure of closures) if (!(await hasException(db, closure.id, path))) closed.push(closure);
  return closed;
}

/** The closed places that an app comes into: where it was before is no place that it comes into. */
async function findEntered(
  db: Db,
  { agencyId, sectors }: Pick<WeighedDraft, 'agencyId' | 'sectors'>,
  before: ClientRecord | undefined,
): Promise<{ readonly closures: readonly Closure[]; readonly path: readonly string[] }> {
  const { path } = before?.agencyId === agencyId ? before.agency : await loadAgency(db, agencyId);
  const closures = await findClosures(db, {
    path: path.filter((id) => !before?.agency.path.includes(id)),
    sectors: sectors.filter((id) => !before?.sectors.includes(id)),
  });
  return { closures, path };
}

/** How an app changes, as far as the brake is concerned. */
export interface Entry {
  readonly before: ClientRecord | undefined;
  readonly via: Via;
  readonly actor: string;
  /** Why another one is needed although there is one like it. */
  readonly justification?: string | undefined;
  readonly reason?: string | undefined;
}

/** What the deployment's own operators do: by a file, by a command, or with a bundle that a command takes over. */
function isOfOperators({ via, actor }: Pick<Entry, 'via' | 'actor'>): boolean {
  return runsTheDeployment(via) || actor === 'command';
}

/**
 * Refuses a change that the brake stops. Before anything is written, in the transaction that will.
 *
 * @throws {Refusal} `registrations_closed`; `likely_duplicate` for a new app without a justification; where it is to go live
 *   `case_open`, `case_refused`, `justification_required`
 */
export async function demandEntry(
  tx: Db,
  draft: WeighedDraft,
  { before, via, actor, justification, goesLive }: Entry & { readonly goesLive: boolean },
): Promise<void> {
  if (isOfOperators({ via, actor })) return;
  const [closed] = await findClosed(tx, draft, before);
  if (closed) throw before ? closedTo(closed) : await notMadeIn(tx, draft, closed, actor);
  if (isNewKind(before, draft) && justification === undefined) await demandUnlike(tx, draft);
  if (before && goesLive) await demandPassed(tx, draft);
}

/** A machine, which is like nothing, that people are to sign in to from now on is as good as a new app. */
function isNewKind(before: ClientRecord | undefined, { type }: WeighedDraft): boolean {
  return !before || (before.type === 'machine' && type !== 'machine');
}

/**
 * Asks for an exception from the closed places that keep an app out: one case for the agencies, and one for each sector. Asking again while
 * it waits is the same case. Inside a transaction.
 *
 * @throws {Refusal} `closure_over` where nothing keeps it out
 */
export async function askForException(
  tx: Db,
  { agencyId, name, sectors }: Pick<WeighedDraft, 'agencyId' | 'name' | 'sectors'>,
  said: { readonly via: Via; readonly actor: string; readonly justification: string },
): Promise<RegistrationCase[]> {
  await lockRegistry(tx);
  const closed = await findClosed(tx, { agencyId, sectors }, undefined);
  if (closed.length === 0) throw new Refusal('closure_over', `nothing keeps an app of ${agencyId} out`);
  const { path: agencies } = await loadAgency(tx, agencyId);
  const about = { ...said, agencyId, agencies, name, duplicates: [], clientId: undefined };
  const cases: RegistrationCase[] = [];
  if (closed.some((one) => one.agencyId !== undefined))
    cases.push(await openOnce(tx, { ...about, grounds: ['agency-closed'], sectors: [] }));
  for (const { sectorId } of closed)
    if (sectorId !== undefined)
      cases.push(await openOnce(tx, { ...about, grounds: ['sector-closed'], sectors: [sectorId] }));
  return cases;
}

async function openOnce(tx: Db, asked: Parameters<typeof openCase>[1]): Promise<RegistrationCase> {
  return (await findOpenRequest(tx, asked)) ?? (await openCase(tx, asked));
}

async function notMadeIn(
  db: Db,
  { agencyId, name, sectors }: WeighedDraft,
  closed: Closure,
  actor: string,
): Promise<NotMadeRefusal> {
  const { path } = await loadAgency(db, agencyId);
  const { code, message } = closedTo(closed);
  const ask = `/api/v1/agencies/${agencyId}/exception-requests`;
  return new NotMadeRefusal(new Refusal(code, message, { members: { reason: closed.reason, ask } }), {
    agencyId,
    agencies: path,
    sectors,
    name: name.id,
    why: 'closed',
    actor,
  });
}

async function demandUnlike(tx: Db, draft: WeighedDraft): Promise<void> {
  const strong = await findStrong(tx, draft);
  if (strong.length === 0) return;
  const shown = await showTo(tx, [{ agencyId: draft.agencyId, role: 'developer' }], strong);
  const reason = `an app of ${draft.agencyId} is like ${strong.length} others`;
  throw new Refusal('likely_duplicate', reason, { members: { likely: shown.map(toMember) } });
}

/** What a program is told of an app like its own. */
function toMember({ app, isHidden }: Shown<LikelyApp>): object {
  const { ref, name, agencyId, agencyName, host = null, state, score, reasons } = app;
  const about = isHidden ? {} : { ref, name: name.id, name_en: name.en, host };
  const said = reasons.map(({ code, value, what }) => ({ code, value, ...(isHidden ? {} : { what }) }));
  return { ...about, agency: agencyId, agency_name: agencyName.id, state, score, reasons: said };
}

/**
 * Notes what a change meant once it is written: exceptions are used up, an app with a justification gets its case. Does
 * nothing where what was asked for waits for others.
 */
export async function noteEntry(tx: Db, after: ClientRecord, entry: Entry): Promise<RegistrationCase | undefined> {
  const { before } = entry;
  const { closures, path } = await findEntered(tx, after, before);
  if (isOfOperators(entry)) await noteClosuresPassed(tx, after, closures, entry);
  else for (const closure of closures) await useException(tx, closure, { clientId: after.id, path });
  if (before || entry.justification === undefined || isOfOperators(entry)) return undefined;
  const strong = await findStrong(tx, after);
  return strong.length > 0
    ? openCaseOf(tx, after, strong, { ...entry, justification: entry.justification })
    : undefined;
}

async function noteClosuresPassed(
  tx: Db,
  client: ClientRecord,
  closures: readonly Closure[],
  { via, actor, reason }: Entry,
): Promise<void> {
  if (closures.length === 0 || via === 'start') return;
  const grounds = closures.map(
    ({ sectorId }): CaseGround => (sectorId === undefined ? 'agency-closed' : 'sector-closed'),
  );
  const justification = reason ?? closures.map(({ reason: why }) => why).join('; ');
  const said = { ...aboutCase(client), grounds: [...new Set(grounds)], duplicates: [], justification, via, actor };
  await noteLetThrough(tx, said);
}

function aboutCase({ id, agencyId, agency, sectors, name }: ClientRecord) {
  return { clientId: id, agencyId, agencies: agency.path, sectors, name };
}

function openCaseOf(
  tx: Db,
  client: ClientRecord,
  strong: readonly Pick<LikelyApp, 'ref' | 'score'>[],
  { via, actor, justification }: { readonly via: Via; readonly actor: string; readonly justification: string },
): Promise<RegistrationCase> {
  const duplicates = strong.map(({ ref, score }) => ({ ref, score }));
  return openCase(tx, { ...aboutCase(client), grounds: ['duplicate'], duplicates, justification, via, actor });
}

/** What stands between an app that was registered and going live. */
export type Hindrance =
  | { readonly kind: 'open' | 'refused'; readonly found: RegistrationCase }
  | { readonly kind: 'unjustified'; readonly strong: readonly AlikeApp[] };

/**
 * What the brake has against an app's going live as it says now; undefined where nothing. What a coordinator allowed is
 * allowed for the apps that the case named, and where it was asked: not at another agency, nor in a sector of others.
 */
export async function findHindrance(db: Db, draft: WeighedDraft): Promise<Hindrance | undefined> {
  const cases = await listCasesOf(db, draft.id);
  const asked = cases.filter(({ grounds }) => grounds.includes('duplicate'));
  const [latest] = asked;
  if (latest?.status === 'open' || latest?.status === 'refused') return { kind: latest.status, found: latest };
  const allowed = asked.filter((one) => one.status === 'allowed' && isWhereAsked(draft, one));
  const known = new Set(allowed.flatMap(({ duplicates }) => duplicates.map(({ ref }) => ref)));
  const strong = (await findStrong(db, draft)).filter(({ ref }) => !known.has(ref));
  const elsewhere = asked.filter((one) => one.status === 'allowed' && !isWhereAsked(draft, one));
  const named = elsewhere.flatMap(({ duplicates }) => duplicates).filter(({ ref }) => !known.has(ref));
  const toAskAgain = await findNamed(db, named, new Set(strong.map(({ ref }) => ref)));
  return strong.length + toAskAgain.length > 0
    ? { kind: 'unjustified', strong: [...strong, ...toAskAgain] }
    : undefined;
}

/** What a case named, as it was scored then: whatever else was said of the pair since, it was said where that was asked. */
async function findNamed(
  db: Db,
  named: RegistrationCase['duplicates'],
  listed: ReadonlySet<AppRef>,
): Promise<AlikeApp[]> {
  const scores = new Map(named.filter(({ ref }) => !listed.has(ref)).map(({ ref, score }) => [ref, score]));
  const faces = await findFaces(db, [...scores.keys()]);
  return [...faces.values()]
    .filter(({ state }) => state !== 'retired')
    .map((face) => {
      const likeness = { score: scores.get(face.ref) ?? 0, isStrong: true, reasons: [], ofThatName: 1 };
      return { ...face, ...likeness, isOwnToConnect: false };
    });
}

function isWhereAsked({ agencyId, sectors }: WeighedDraft, asked: RegistrationCase): boolean {
  return agencyId === asked.agencyId && sectors.every((id) => asked.sectors.includes(id));
}

async function demandPassed(tx: Db, draft: WeighedDraft): Promise<void> {
  const hindrance = await findHindrance(tx, draft);
  if (!hindrance) return;
  const codes = { open: 'case_open', refused: 'case_refused', unjustified: 'justification_required' } as const;
  throw new Refusal(codes[hindrance.kind], `client ${draft.id}: ${hindrance.kind}`);
}

/**
 * Says why an app is needed although there are others like it, for whoever may change it: a coordinator decides. Inside a
 * transaction that holds the registry.
 *
 * @throws {Refusal} `case_open`; `case_not_open` where there is nothing to be justified
 */
export async function justify(
  tx: Db,
  client: ClientRecord,
  said: { readonly via: Via; readonly actor: string; readonly justification: string },
): Promise<RegistrationCase> {
  const hindrance = await findHindrance(tx, client);
  if (!hindrance) throw new Refusal('case_not_open', `client ${client.id} needs no justification`);
  if (hindrance.kind === 'open') throw new Refusal('case_open', `client ${client.id} has an open case`);
  const strong = hindrance.kind === 'unjustified' ? hindrance.strong : await findAgain(tx, client, hindrance.found);
  return openCaseOf(tx, client, strong, said);
}

/** What a case that was refused named, and what is like the app by now. */
async function findAgain(
  tx: Db,
  client: ClientRecord,
  { duplicates }: RegistrationCase,
): Promise<Pick<LikelyApp, 'ref' | 'score'>[]> {
  const strong = await findStrong(tx, client);
  const isNew = ({ ref }: Pick<LikelyApp, 'ref'>) => !duplicates.some((one) => one.ref === ref);
  return [...duplicates, ...strong.filter(isNew)];
}

/** An app as it is shown to somebody. */
export interface Shown<App> {
  readonly app: App;
  /** One in the making at another agency: only that much is said. */
  readonly isHidden: boolean;
}

/**
 * How apps are shown to somebody with these roles: of those that other agencies are still making it is only said that they
 * are, and where.
 */
export async function showTo<App extends AppFace>(
  db: Db,
  held: readonly HeldRole[],
  likely: readonly App[],
): Promise<Shown<App>[]> {
  if (likely.length === 0) return [];
  const agencies = await findAgencies(db, [...new Set(likely.map(({ agencyId }) => agencyId))]);
  const theirs = new Set(agencies.filter((one) => mayAt(held, 'apps.read', one)).map(({ id }) => id));
  const inTheMaking = await findInTheMaking(db, likely);
  return likely.map((app) => ({
    app,
    isHidden: inTheMaking.has(app.ref) && !theirs.has(app.agencyId),
  }));
}
