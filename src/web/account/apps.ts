/** `/account/apps`: every app that may read something of a person; and all about one of them, with the ways to end it. */
import type { Context } from 'koa';
import { Refusal } from '#src/base/refusals.ts';
import { type Consent, listPermissions, type Permission } from '#src/consents/permissions.ts';
import { lastReleases, listReleases } from '#src/consents/releases.ts';
import { isOverdue, listWithdrawals } from '#src/consents/withdrawals.ts';
import { SHOWN_MS } from '#src/oidc/app-notices.ts';
import { findTellings } from '#src/oidc/deliveries.ts';
import { isResting } from '#src/oidc/grants.ts';
import { disconnect, narrow, withdraw } from '#src/oidc/withdrawals.ts';
import { ageGroup } from '#src/people/birthdate.ts';
import { type ClientRecord, unsaid } from '#src/registry/clients.ts';
import { type AppContext, appPage, type ShownPermission } from '#views/account/app.ts';
import { appsPage, type ConnectedApp } from '#views/account/apps.ts';
import { translate } from '#views/locale.ts';
import { frameOf, serviceOf, showForm, wayInto, whomToAsk } from '../frame.ts';
import type { OpenHouse } from '../house.ts';
import type { Form } from '../middleware/forms.ts';
import { appNameOf } from '../names.ts';
import { fromCursor, isText, toCursor } from '../places.ts';
import { seeOther } from '../see-other.ts';
import { sayEnd, showSuccessor } from '../successors.ts';
import { answerForm, showTo, type Visit } from './visit.ts';

const APPS_PER_PAGE = 24;
/** Of the latest hand-overs those that say what an app has read. */
const RELEASES_READ = 20;
const EARLIER_SHOWN = 12;

/** `GET /account/apps`: the page, or a sign-in that comes back to it. */
export function showConnectedApps(ctx: Context, house: OpenHouse): Promise<void> {
  return showTo(ctx, house, showAll);
}

/** `POST /account/apps`. @throws {Refusal} `session_required`, `csrf_mismatch`, `invalid_request` */
export function changeConnectedApps(ctx: Context, house: OpenHouse): Promise<void> {
  return answerForm(
    ctx,
    house,
    new Map([['disconnect', (visit, form) => leave(visit, form.get('client'), '/account/apps')]]),
  );
}

/** `GET /account/apps/:client`. @throws {Refusal} `not_here` for what never read anything of the person, whether or not it is there */
export function showConnectedApp(ctx: Context, house: OpenHouse): Promise<void> {
  return showTo(ctx, house, showOne);
}

/** `POST /account/apps/:client`. @throws {Refusal} `session_required`, `csrf_mismatch`, `invalid_request` */
export function changeConnectedApp(ctx: Context, house: OpenHouse): Promise<void> {
  return answerForm(ctx, house, changes);
}

const changes: ReadonlyMap<string, (visit: Visit, form: Form) => Promise<void>> = new Map(
  Object.entries({
    narrow: keepLess,
    withdraw: withdrawConsent,
    disconnect: (visit: Visit) => leave(visit, clientIn(visit), placeOf(clientIn(visit))),
  }),
);

function clientIn({ ctx }: Pick<Visit, 'ctx'>): string {
  return String(ctx.params.client);
}

function placeOf(clientId: string): string {
  return `/account/apps/${encodeURIComponent(clientId)}`;
}

/** Ends all of one app; what is not connected any more is left as it is. */
export async function leave({ ctx, house, db, account }: Visit, clientId: string, back: string): Promise<void> {
  const ended = await disconnect(db, house.secrets, { accountId: account.id, clientId });
  seeOther(ctx, ended.length > 0 ? `${back}?done=disconnected` : back);
}

/** What is required stays: without it the app could not work, which is a withdrawal. */
async function keepLess(visit: Visit, form: Form): Promise<void> {
  const { ctx, house, db, account, session } = visit;
  const clientId = clientIn(visit);
  const consent = (await listPermissions(db, account.id, { clientId, limit: 2 })).find(isConsent);
  const ticked = new Set(form.list('claim'));
  const required = new Set(consent?.terms.items.filter((item) => item.required).map(({ claim }) => claim));
  const keep = consent?.claims.filter((claim) => required.has(claim) || ticked.has(claim)) ?? [];
  const how = { language: ctx.state.language, acr: session.acr ?? unsaid.minAuthentication, amr: session.amr };
  if (consent && keep.length === 0) return withdrawConsent(visit);
  if (consent) await narrow(db, house.secrets, { accountId: account.id, clientId, keep, ...how });
  seeOther(ctx, `${placeOf(clientId)}?done=narrowed`);
}

async function withdrawConsent(visit: Visit): Promise<void> {
  const { ctx, house, db, account } = visit;
  const clientId = clientIn(visit);
  await withdraw(db, house.secrets, { accountId: account.id, clientId, kinds: ['consent'], cause: 'withdrawn' });
  seeOther(ctx, `${placeOf(clientId)}?done=withdrawn`);
}

const done = ['disconnected', 'narrowed', 'withdrawn'] as const;

function saidIn({ query, state }: Context): AppContext['said'] {
  const one = done.find((name) => name === query.done);
  return one && { tone: 'done', text: translate(state.language)(`account.done-${one}`) };
}

/** Their names stand in the memory of the process: what is read for a page is its own apps only. */
async function showAll(visit: Visit): Promise<void> {
  const { ctx, house } = visit;
  const words = wordIn(ctx.query.q);
  const permissions = await listCurrent(visit);
  const ids = new Set(permissions.map(({ clientId }) => clientId));
  const named = [...ids].map((id) => ({ id, name: appNameOf(visit, id) }));
  const matching = named.filter(({ id, name }) =>
    isAbout(`${name} ${house.clients.find(id)?.agency.name ?? ''}`, words),
  );
  const sorted = matching.toSorted((one, other) => compare([one.name, one.id], [other.name, other.id]));
  const after = fromCursor(ctx.query.after);
  const behind = after ? sorted.filter(({ name, id }) => compare([name, id], after) > 0) : sorted;
  const shown = behind.slice(0, APPS_PER_PAGE);
  const last = behind.length > shown.length ? shown.at(-1) : undefined;
  const page = appsPage({
    ...frameOf(ctx, house),
    ...{ words, count: matching.length, notice: saidIn(ctx) },
    apps: await connectedAppsOf(
      visit,
      permissions,
      shown.map(({ id }) => id),
    ),
    pages: {
      ...(after && { first: addressOf(words) }),
      ...(last && { next: addressOf(words, toCursor([last.name, last.id])) }),
    },
  });
  showForm(ctx, page);
}

function compare([one = '', oneId = '']: readonly string[], [other = '', otherId = '']: readonly string[]): number {
  return one.localeCompare(other, 'id') || (oneId < otherId ? -1 : Number(oneId > otherId));
}

function isAbout(text: string, words = ''): boolean {
  const lower = text.toLowerCase();
  return words
    .toLowerCase()
    .split(/\s+/)
    .every((word) => lower.includes(word));
}

function wordIn(value: unknown): string | undefined {
  return (isText(value) && value.trim().slice(0, 100)) || undefined;
}

function addressOf(words: string | undefined, after?: string): string {
  const query = new URLSearchParams({ ...(words && { q: words }), ...(after && { after }) });
  return `/account/apps${query.size > 0 ? `?${query}` : ''}`;
}

/** More than anybody has; of each app there may be two. */
const MOST_PERMISSIONS = 1000;

/** What apps may read of a person now, the latest first. */
export function listCurrent({ db, account }: Visit): Promise<Permission[]> {
  return listPermissions(db, account.id, { limit: MOST_PERMISSIONS });
}

/** What a list says of some of a person's apps, in the order of their ids. */
export async function connectedAppsOf(
  visit: Visit,
  permissions: readonly Permission[],
  clientIds: readonly string[],
): Promise<ConnectedApp[]> {
  const { house, db, account } = visit;
  const last = await lastReleases(db, house.secrets, account.id, clientIds);
  return clientIds.flatMap((clientId) => {
    const held = permissions.filter((permission) => permission.clientId === clientId);
    const read = last.get(clientId);
    const lastUsed = read && isOpenTo(account, read.at) ? read.lastAt : undefined;
    return held.length > 0 ? [connectedApp(visit, clientId, held, lastUsed)] : [];
  });
}

function connectedApp(
  { ctx, house }: Visit,
  clientId: string,
  held: readonly Permission[],
  lastUsed: Date | undefined,
): ConnectedApp {
  const language: 'id' | 'en' = ctx.state.language;
  const client = house.clients.find(clientId);
  return {
    ...serviceNamed(house, client, clientId, language),
    clientId,
    claims: claimsIn(held),
    since: new Date(Math.min(...held.map(({ givenAt }) => givenAt.getTime()))),
    ...{ lastUsed, isByLaw: !held.every(isConsent), ending: client && endingOf(house, client, language) },
  };
}

/** In the order of the app's own declaration, which begins with what matters to it. */
function claimsIn(held: readonly Permission[]): string[] {
  const declared = new Set(held.flatMap(({ terms }) => terms.items.map(({ claim }) => claim)));
  return [...declared].filter((claim) => held.some(({ claims }) => claims.includes(claim)));
}

function serviceNamed(house: OpenHouse, client: ClientRecord | undefined, clientId: string, language: 'id' | 'en') {
  return client ? serviceOf(client, language, house.config.mode) : { name: clientId, agency: '', domain: '' };
}

/** What becomes of an app that has ended or ends soon, and the way to what follows it. */
function endingOf(house: OpenHouse, client: ClientRecord, language: 'id' | 'en'): ConnectedApp['ending'] {
  const t = translate(language);
  const successor = showSuccessor(house, client, language);
  const isOver = client.state === 'retired';
  const over = successor ? t('ended.over-to', { successor: successor.name }) : t('ended.over');
  const text = isOver ? over : sayEnd(house, client, language);
  return text === undefined ? undefined : { text, isOver, successor };
}

function isConsent(permission: Permission): permission is Consent {
  return permission.kind === 'consent';
}

async function showOne(visit: Visit): Promise<void> {
  const { ctx, house, db, account } = visit;
  const language: 'id' | 'en' = ctx.state.language;
  const clientId = clientIn(visit);
  const all = await listPermissions(db, account.id, { clientId, ended: true, limit: EARLIER_SHOWN });
  const permissions = all.filter(({ endedAt }) => endedAt === undefined || isOpenTo(account, endedAt));
  if (permissions.length === 0) throw new Refusal('not_here', 'an app that the person never was in');
  const current = permissions.filter(({ endedAt }) => endedAt === undefined);
  const client = house.clients.find(clientId);
  const shown = (permission: Permission | undefined) =>
    permission && { ...showPermission(permission, language), rests: whyResting(permission, account) };
  const page = appPage({
    ...frameOf(ctx, house),
    app: {
      ...serviceNamed(house, client, clientId, language),
      ...{
        clientId,
        ending: client && endingOf(house, client, language),
        link: client && wayInto(client, house.config.issuer),
      },
    },
    consent: shown(current.find(isConsent)),
    notice: shown(current.find((one) => one.kind === 'notice')),
    earlier: permissions.filter(({ endedAt }) => endedAt).map((one) => showPermission(one, language)),
    ...{ withdrawals: await withdrawalsOf(visit, clientId), read: await readOf(visit, clientId) },
    ...{ contact: client && whomToAsk(client), said: saidIn(ctx) },
  });
  showForm(ctx, page);
}

/** Why a consent is not used at the moment. */
function whyResting(permission: Permission, account: Visit['account']): ShownPermission['rests'] {
  if (permission.kind === 'notice' || !isResting(permission, account)) return undefined;
  return ageGroup(account.profile, new Date()) === 'unknown' ? 'unknown' : 'underage';
}

function showPermission(permission: Permission, language: 'id' | 'en'): ShownPermission {
  const { id, kind, terms, claims, givenAt, expiresAt, endedAt, endReason } = permission;
  const isEnglish = language === 'en';
  return {
    ...{ id, kind, purpose: terms.purpose[language], since: givenAt, until: expiresAt },
    items: terms.items
      .filter(({ claim }) => claims.includes(claim))
      .map((item) => ({
        ...{ claim: item.claim, isRequired: item.required, purpose: isEnglish ? item.purposeEn : item.purpose },
        ...(kind === 'notice' && { basis: item.basis, law: isEnglish ? (item.lawEn ?? item.law) : item.law }),
      })),
    ended: endedAt && endReason && { at: endedAt, reason: endReason },
  };
}

/** What happened before is closed to whoever came back by contacts alone: they may not be the one who lived it. */
function isOpenTo({ restrictedAt }: Visit['account'], at: Date): boolean {
  return restrictedAt === undefined || at >= restrictedAt;
}

async function withdrawalsOf({ db, account }: Visit, clientId: string): Promise<AppContext['withdrawals']> {
  const now = new Date();
  const withdrawals = await listWithdrawals(db, account.id, { clientId, limit: EARLIER_SHOWN });
  const shown = withdrawals.filter(({ at }) => isOpenTo(account, at));
  if (shown.length === 0) return [];
  const tellings = await findTellings(db, account.id, clientId, new Date(now.getTime() - SHOWN_MS));
  return shown.map((one) => ({ ...one, isOverdue: isOverdue(one, now), telling: tellings.get(one.id) }));
}

async function readOf({ house, db, account }: Visit, clientId: string): Promise<AppContext['read']> {
  const releases = await listReleases(db, house.secrets, account.id, {
    ...{ clientId, since: account.restrictedAt, limit: RELEASES_READ },
  });
  const [last] = releases;
  return last && { claims: [...new Set(releases.flatMap(({ claims }) => claims))], lastAt: last.lastAt };
}
