/**
 * Somebody on the console: who they are, which roles they have, and how to come to be there.
 *
 * The console is an app of this provider that insists on a passkey (`phr`). After a quarter of an hour without a request it
 * asks for the passkey again: the time of the last one is in a signed cookie beside the session, bound to it.
 */
import type { Context } from 'koa';
import type { Db } from '#src/base/database.ts';
import { epochSeconds } from '#src/base/epoch.ts';
import { Refusal } from '#src/base/refusals.ts';
import { consoleClient } from '#src/oidc/own-clients.ts';
import { type CurrentSession, findCurrentSession } from '#src/oidc/sessions.ts';
import { type Account, findAccount, mayUse } from '#src/people/accounts.ts';
import { isMet } from '#src/people/assurance.ts';
import { listMemberships, type Membership } from '#src/people/memberships.ts';

import { type Agency, loadAgency } from '#src/registry/agencies.ts';

import { demandAt, type HeldRole, type Permission } from '#src/registry/authority.ts';

import { type ClientRecord, findClient } from '#src/registry/clients.ts';
import type { OpenHouse } from '../house.ts';
import { checkForm, checkOrigin, cookieNames, cookieOptions } from '../middleware/browser.ts';
import { type Form, readForm } from '../middleware/forms.ts';
import { readUpload, type Upload, type UploadLimits } from '../middleware/uploads.ts';
import { beginOwnSignIn } from '../own-sign-in.ts';

/** How long the console stays open without a request. */
const CONSOLE_IDLE_SECONDS = 15 * 60;

/** A request of somebody who is signed in with a passkey and has used the console within the last quarter of an hour. */
export interface ConsoleVisit {
  readonly ctx: Context;
  readonly house: OpenHouse;
  readonly db: Db;
  readonly session: CurrentSession;
  readonly account: Account;
  /** The roles of this moment, the suspended ones too; ask `registry/authority.ts` what they allow. */
  readonly held: readonly Membership[];
}

/** Shows a page of the console, or begins a sign-in that comes back to it. */
export async function showConsole(
  ctx: Context,
  house: OpenHouse,
  show: (visit: ConsoleVisit) => Promise<void>,
): Promise<void> {
  const visit = await findConsoleVisit(ctx, house);
  if (!visit) return beginConsoleSignIn(ctx, house);
  await show(visit);
}

/**
 * Carries out what a form of the console asks: the change that its button names.
 *
 * @throws {Refusal} `session_required`, `csrf_mismatch`, `invalid_request`
 */
export async function answerConsole(
  ctx: Context,
  house: OpenHouse,
  changes: ReadonlyMap<string, (visit: ConsoleVisit, form: Form) => Promise<void>>,
): Promise<void> {
  const form = await readForm(ctx);
  const visit = await findConsoleVisit(ctx, house);
  if (!visit) throw new Refusal('session_required');
  checkForm(ctx, house.secrets, house.config.issuer, form.get('csrf'));
  const change = changes.get(form.get('action'));
  if (!change) throw new Refusal('invalid_request', 'no such choice on this page');
  await change(visit, form);
}

/**
 * The same for a form that may have a file in it. Nothing of it is read for somebody who is not signed in.
 *
 * @throws {Refusal} `session_required`, `csrf_mismatch`, `body_too_large`, `invalid_request`
 */
export async function answerConsoleUpload(
  ctx: Context,
  house: OpenHouse,
  limits: UploadLimits,
  changes: ReadonlyMap<string, (visit: ConsoleVisit, upload: Upload) => Promise<void>>,
): Promise<void> {
  const { secrets, config } = house;
  checkOrigin(ctx, config.issuer);
  const visit = await findConsoleVisit(ctx, house);
  if (!visit) throw new Refusal('session_required');
  const upload = await readUpload(ctx, limits);
  checkForm(ctx, secrets, config.issuer, upload.get('csrf'));
  const change = changes.get(upload.get('action'));
  if (!change) throw new Refusal('invalid_request', 'no such choice on this page');
  await change(visit, upload);
}

/** Who uses the console with this request, if they may go on without a new proof. */
export async function findConsoleVisit(ctx: Context, house: OpenHouse): Promise<ConsoleVisit | undefined> {
  const db: Db = ctx.state.db;
  const session = await findCurrentSession(house.provider, ctx);
  if (!session || !isMet(session, 'phr') || !isInUse(ctx, house, session)) return undefined;
  const account = await findAccount(db, house.secrets, session.accountId);
  if (!account || !mayUse(account)) return undefined;
  noteUse(ctx, house, session);
  const held = await listMemberships(db, account.id, new Date());
  return { ctx, house, db, session, account, held };
}

/** Whether the proof or the last request of this session on the console is recent. */
function isInUse(ctx: Context, house: OpenHouse, session: CurrentSession): boolean {
  const { console: name } = cookieNames(house.config.issuer);
  const [uid, at] = (ctx.cookies.get(name, { signed: true }) ?? '').split('.');
  const lastUse = uid === session.uid ? Number(at) : 0;
  const last = Math.max(lastUse, session.signedInAt.getTime() / 1000);
  return epochSeconds() - last <= CONSOLE_IDLE_SECONDS;
}

function noteUse(ctx: Context, house: OpenHouse, session: CurrentSession): void {
  const { issuer } = house.config;
  const options = { ...cookieOptions(issuer), signed: true };
  ctx.cookies.set(cookieNames(issuer).console, `${session.uid}.${epochSeconds()}`, options);
}

/** Begins a sign-in to the console that comes back to this address. */
export function beginConsoleSignIn(ctx: Context, house: OpenHouse): void {
  const client = consoleClient(house.config.issuer, house.config.brand);
  beginOwnSignIn(ctx, client, { state: ctx.path, prompt: 'login' });
}

/** Where a sign-in to the console comes back to: a page of it, or an invitation to it, whatever else the answer says. */
export function consolePlaceToReturnTo(ctx: Context): string {
  const place = String(ctx.query.state ?? '').replace(/^[^:]*:/, '');
  return /^\/(console(\/(?:[\w:-]|%3A|\.(?=\w))+)*|invitations\/[\w-]{43})$/.test(place) ? place : '/console';
}

/** Who asks for something: with the roles that count for them. */
interface Asking {
  readonly db: Db;
  readonly held: readonly HeldRole[];
}

/**
 * The agency of an address, for somebody who may do this there.
 *
 * @throws {Refusal} `not_here` when there is none, or it is not theirs to see; `role_required`
 */
export async function loadAgencyFor({ db, held }: Asking, agencyId: string, permission: Permission): Promise<Agency> {
  const agency = await loadAgency(db, agencyId).catch((error: unknown) => {
    throw error instanceof Refusal ? new Refusal('not_here', `no agency ${agencyId}`) : error;
  });
  demandAt(held, permission, agency);
  return agency;
}

/**
 * The app of an address, for somebody who may do this at its agency. Read from the database: what is shown can be changed
 * at once.
 *
 * @throws {Refusal} `not_here` when there is none, or it is not theirs to see; `role_required`
 */
export async function loadClientFor(
  { db, held }: Asking,
  clientId: string,
  permission: Permission,
): Promise<ClientRecord> {
  const client = await findClient(db, clientId);
  if (!client) throw new Refusal('not_here', 'no such client');
  demandAt(held, permission, client.agency);
  return client;
}
