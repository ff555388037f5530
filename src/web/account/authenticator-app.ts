/** `/account/authenticator-app`: sets up the authenticator app of whoever is signed in, or removes it. */
import type { Context } from 'koa';
import { Refusal } from '#src/base/refusals.ts';
import { holdAccount } from '#src/people/accounts.ts';
import { checkUnrestricted } from '#src/people/proofing.ts';
import { beginTotp, confirmTotp, findTotp, findTotpSetUp, removeTotp, totpUri } from '#src/people/totp.ts';
import { listWays, mayRemove } from '#src/people/ways.ts';
import {
  type AuthenticatorAppProblem,
  type AuthenticatorAppState,
  authenticatorAppPage,
} from '#views/account/authenticator-app.ts';
import { totpAddedMessage, totpRemovedMessage } from '#views/messages.ts';
import { callerOf } from '../device.ts';
import { frameOf, showForm } from '../frame.ts';
import type { OpenHouse } from '../house.ts';
import { notifyContacts } from '../messages.ts';
import type { Form } from '../middleware/forms.ts';
import { namesOf } from '../passkeys.ts';
import { seeOther } from '../see-other.ts';
import { sayRefused } from './refused.ts';
import { answerForm, showTo, type Visit, withProof } from './visit.ts';

const PATH = '/account/authenticator-app';

/** `GET /account/authenticator-app`, after a fresh proof. */
export function showAuthenticatorApp(ctx: Context, house: OpenHouse): Promise<void> {
  return showTo(ctx, house, (visit) => showPage(visit), { freshProof: true });
}

/** `POST /account/authenticator-app`. @throws {Refusal} `session_required`, `csrf_mismatch`, `invalid_request` */
export function changeAuthenticatorApp(ctx: Context, house: OpenHouse): Promise<void> {
  return answerForm(ctx, house, changes);
}

const changes: ReadonlyMap<string, (visit: Visit, form: Form) => Promise<void>> = new Map(
  Object.entries({ begin: withProof(begin), confirm: withProof(confirm), remove: withProof(remove) }),
);

const setUpOf = ({ account, session }: Visit) => ({ accountId: account.id, boundTo: session.uid });

async function begin(visit: Visit): Promise<void> {
  const { ctx, house, db, account } = visit;
  checkUnrestricted(account);
  // Another tab may have finished meanwhile: then the page shows what is there.
  if (!(await findTotp(db, account.id))) await beginTotp(db, house.secrets, setUpOf(visit));
  seeOther(ctx, PATH);
}

async function confirm(visit: Visit, form: Form): Promise<void> {
  const { ctx, house, db, account } = visit;
  checkUnrestricted(account);
  const typed = { ...setUpOf(visit), code: form.get('code'), ...callerOf(ctx, house) };
  try {
    await confirmTotp(db, house.secrets, house.throttles, typed);
  } catch (error) {
    return showRefused(visit, error);
  }
  await notifyContacts(house, db, account.id, totpAddedMessage);
  seeOther(ctx, '/account?done=totp-added#passkeys');
}

async function remove(visit: Visit): Promise<void> {
  const { ctx, house, db, session, account } = visit;
  if (!(await holdAccount(db, account.id))) throw new Refusal('account_unavailable');
  const ways = await listWays(db, account);
  if (!ways.totpSince) return seeOther(ctx, PATH);
  checkUnrestricted(account, { since: ways.totpSince });
  if (!mayRemove(ways, ways.totpSince, session)) return showProblem(visit, { kind: 'on-trial' });
  await removeTotp(db, account.id);
  await notifyContacts(house, db, account.id, totpRemovedMessage);
  seeOther(ctx, '/account?done=totp-removed#passkeys');
}

async function showRefused(visit: Visit, error: unknown): Promise<void> {
  const { house, db } = visit;
  if (!(error instanceof Refusal) || error.code !== 'totp_wrong')
    return showPage(visit, [sayRefused(visit, error, 'code')]);
  const isUnderWay = (await findTotpSetUp(db, house.secrets, setUpOf(visit))) !== undefined;
  await showProblem(visit, { kind: isUnderWay ? 'code-wrong' : 'set-up-over' });
}

async function showProblem(visit: Visit, problem: AuthenticatorAppProblem): Promise<void> {
  visit.ctx.status = 422;
  await showPage(visit, [problem]);
}

async function showPage(visit: Visit, problems: readonly AuthenticatorAppProblem[] = []): Promise<void> {
  const { ctx, house } = visit;
  showForm(ctx, authenticatorAppPage({ ...frameOf(ctx, house), state: await stateOf(visit), problems }));
}

async function stateOf(visit: Visit): Promise<AuthenticatorAppState> {
  const { house, db, account } = visit;
  const there = await findTotp(db, account.id);
  if (there) return { at: 'ready', since: there.addedAt };
  const secret = await findTotpSetUp(db, house.secrets, setUpOf(visit));
  if (secret === undefined) return { at: 'none' };
  const { accountName } = namesOf(account);
  return { at: 'set-up', secret, uri: totpUri({ issuer: house.config.brand, accountName, secret }) };
}
