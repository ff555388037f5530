/** A person on their own pages: whose session it is, and how to come to one. */
import type { Context } from 'koa';
import type { Db } from '#src/base/database.ts';
import { Refusal } from '#src/base/refusals.ts';
import { accountClient } from '#src/oidc/own-clients.ts';
import { type CurrentSession, findCurrentSession } from '#src/oidc/sessions.ts';
import { type Account, findAccount, mayUse } from '#src/people/accounts.ts';
import { isCodeAlone } from '#src/people/assurance.ts';
import { asksForTwoFactors, isStrongEnough, listWays, type Ways } from '#src/people/ways.ts';
import { isFresh } from '../fresh-proof.ts';
import type { OpenHouse } from '../house.ts';
import { checkForm } from '../middleware/browser.ts';
import { type Form, readForm } from '../middleware/forms.ts';
import { beginOwnSignIn } from '../own-sign-in.ts';
import { keepAsked, takeAsked } from './asked.ts';

/** A request of somebody who is signed in, with more than a one-time code, to an account that may be used. */
export interface Visit {
  readonly ctx: Context;
  readonly house: OpenHouse;
  readonly db: Db;
  readonly session: CurrentSession;
  readonly account: Account;
}

/** Whose page it is, if somebody is signed in. */
export async function findVisit(ctx: Context, house: OpenHouse): Promise<Visit | undefined> {
  const db: Db = ctx.state.db;
  const session = await findCurrentSession(house.provider, ctx);
  if (!session || isCodeAlone(session.amr)) return undefined;
  const account = await findAccount(db, house.secrets, session.accountId);
  if (!account || !mayUse(account)) return undefined;
  ctx.state.closesAt = account.closesAt;
  ctx.state.isOnSharedDevice = session.isShared;
  return { ctx, house, db, session, account };
}

/**
 * The pages that a sign-in comes back to. What stands in `state` only chooses among them: anybody may write an address for
 * our callback.
 */
const places = [
  '/account',
  '/account/apps',
  '/account/authenticator-app',
  '/account/contacts',
  '/account/data',
  '/account/data/correct',
  '/account/end',
  '/account/history',
  '/account/password',
  '/account/recovery-codes',
  '/account/releases',
  '/account/services',
] as const;

/** Pages about one of several: an app, a release, a receipt. */
const oneOf = /^\/account\/(?:apps|releases|receipts)\/[\w.-]{1,100}$/;

/** Where a sign-in that has ended comes back to, with what was asked there. */
export function placeToReturnTo(ctx: Context, house: OpenHouse): string {
  const place = String(ctx.query.state ?? '').replace(/^[^:]*:/, '');
  if (/^\/invitations\/[\w-]{43}$/.test(place) || oneOf.test(place)) return place;
  return takeAsked(ctx, house, places.find((one) => one === place) ?? '/account');
}

/**
 * Shows a page of the account, or begins a sign-in that ends on the page that was asked for.
 *
 * @param needs.freshProof for a page about ways to sign in: see {@link isProven}
 */
export async function showTo(
  ctx: Context,
  house: OpenHouse,
  show: (visit: Visit) => Promise<void>,
  needs: { readonly freshProof?: boolean } = {},
): Promise<void> {
  const visit = await findVisit(ctx, house);
  if (!visit) return beginSignIn(ctx, house);
  if (needs.freshProof && !(await isProven(visit))) return proveAgain(visit);
  await show(visit);
}

/**
 * Whether who asks may change how one signs in: it is a moment ago that they have shown who they are, by as much as the
 * account can ask for.
 *
 * @param ways of the account, where they are known already
 */
export async function isProven({ db, session, account }: Visit, ways?: Ways): Promise<boolean> {
  return isFresh(session.signedInAt) && isStrongEnough(ways ?? (await listWays(db, account)), session);
}

/** Begins the sign-in that makes {@link isProven} true, and that comes back to the page. */
export async function proveAgain({ ctx, house, db, account }: Visit): Promise<void> {
  const isTwofold = asksForTwoFactors(await listWays(db, account));
  const claims = JSON.stringify({ id_token: { acr: { essential: true, value: 'aal2' } } });
  beginSignIn(ctx, house, { prompt: 'login', ...(isTwofold && { claims }) });
}

/** A change that takes a proof before it; without one it begins a sign-in, and nothing is changed. */
export function withProof<Rest extends readonly unknown[]>(
  change: (visit: Visit, ...rest: Rest) => Promise<void>,
): (visit: Visit, ...rest: Rest) => Promise<void> {
  return async (visit, ...rest) => ((await isProven(visit)) ? change(visit, ...rest) : proveAgain(visit));
}

/**
 * Carries out what a form of the account's pages asks: the change that its button names.
 *
 * @throws {Refusal} `session_required`, `csrf_mismatch`, `invalid_request`
 */
export async function answerForm(
  ctx: Context,
  house: OpenHouse,
  changes: ReadonlyMap<string, (visit: Visit, form: Form) => Promise<void>>,
): Promise<void> {
  const form = await readForm(ctx);
  const visit = await findVisit(ctx, house);
  if (!visit) throw new Refusal('session_required');
  checkForm(ctx, house.secrets, house.config.issuer, form.get('csrf'));
  const change = changes.get(form.get('action'));
  if (!change) throw new Refusal('invalid_request', 'no such choice on this page');
  await change(visit, form);
}

function beginSignIn(ctx: Context, house: OpenHouse, more: Record<string, string> = {}): void {
  const client = accountClient(house.config.issuer, house.config.brand);
  keepAsked(ctx, house, beginOwnSignIn(ctx, client, { state: ctx.path, ...more }));
}
