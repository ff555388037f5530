/** `/account/password`: sets, changes and switches off the password of whoever is signed in. */
import type { Context } from 'koa';
import { recordAccountEvent } from '#src/audit/events.ts';
import { Refusal } from '#src/base/refusals.ts';
import { endSessions } from '#src/oidc/sessions.ts';
import { holdAccount } from '#src/people/accounts.ts';
import { removePassword, storePassword } from '#src/people/passwords.ts';
import { checkUnrestricted } from '#src/people/proofing.ts';
import { confirmPassword } from '#src/people/sign-in.ts';
import { isLastWay, listWays, mayRemove } from '#src/people/ways.ts';
import { type PasswordProblem, passwordPage } from '#views/account/password.ts';
import { passwordRemovedMessage, passwordSetMessage } from '#views/messages.ts';
import { callerOf } from '../device.ts';
import { frameOf, showForm } from '../frame.ts';
import type { OpenHouse } from '../house.ts';
import { notifyContacts } from '../messages.ts';
import type { Form } from '../middleware/forms.ts';
import { hashNewPassword } from '../new-password.ts';
import { seeOther } from '../see-other.ts';
import { sayRefused } from './refused.ts';
import { answerForm, showTo, type Visit, withProof } from './visit.ts';

/** `GET /account/password`, after a fresh proof. */
export function showPassword(ctx: Context, house: OpenHouse): Promise<void> {
  return showTo(ctx, house, (visit) => showPage(visit), { freshProof: true });
}

/** `POST /account/password`. @throws {Refusal} `session_required`, `csrf_mismatch`, `invalid_request` */
export function changePassword(ctx: Context, house: OpenHouse): Promise<void> {
  return answerForm(ctx, house, changes);
}

const changes: ReadonlyMap<string, (visit: Visit, form: Form) => Promise<void>> = new Map(
  Object.entries({ save: withProof(save), 'switch-off': withProof(switchOff) }),
);

async function save(visit: Visit, form: Form): Promise<void> {
  const { ctx, house, db, account } = visit;
  const { passwordSince } = await listWays(db, account);
  checkUnrestricted(account, passwordSince && { since: passwordSince });
  const password = form.get('new-password');
  if (!password) return showProblem(visit, { kind: 'new-missing' });
  let hash: string;
  try {
    if (passwordSince) await confirmCurrent(visit, form);
    hash = await hashNewPassword(house, db, account, password);
  } catch (error) {
    return showRefused(visit, error);
  }
  if (!(await holdAccount(db, account.id))) throw new Refusal('account_unavailable');
  await storePassword(db, account.id, hash);
  if (form.get('elsewhere') === 'end') await endElsewhere(visit);
  await notifyContacts(house, db, account.id, passwordSetMessage);
  seeOther(ctx, '/account?done=password-set#passkeys');
}

function confirmCurrent({ ctx, house, db, account }: Visit, form: Form): Promise<void> {
  const tried = { accountId: account.id, password: form.get('current-password'), ...callerOf(ctx, house) };
  return confirmPassword(db, house.throttles, tried);
}

async function endElsewhere({ house, db, account, session }: Visit): Promise<void> {
  const sessions = await endSessions(db, house.secrets, account.id, { except: session.uid });
  if (sessions > 0)
    await recordAccountEvent(db, { accountId: account.id, kind: 'session.ended', details: { sessions } });
}

async function switchOff(visit: Visit): Promise<void> {
  const { ctx, house, db, session, account } = visit;
  // The last passkey must not be removed at the same time.
  if (!(await holdAccount(db, account.id))) throw new Refusal('account_unavailable');
  const ways = await listWays(db, account);
  if (!ways.passwordSince) return seeOther(ctx, '/account/password');
  checkUnrestricted(account, { since: ways.passwordSince });
  if (isLastWay(ways, 'password')) return showProblem(visit, { kind: 'last' });
  if (!mayRemove(ways, ways.passwordSince, session)) return showProblem(visit, { kind: 'on-trial' });
  await removePassword(db, account.id);
  await notifyContacts(house, db, account.id, passwordRemovedMessage);
  seeOther(ctx, '/account?done=password-removed#passkeys');
}

async function showRefused(visit: Visit, error: unknown): Promise<void> {
  if (error instanceof Refusal && error.code === 'login_failed') return showProblem(visit, { kind: 'current-wrong' });
  await showPage(visit, [sayRefused(visit, error, 'new-password')]);
}

async function showProblem(visit: Visit, problem: PasswordProblem): Promise<void> {
  visit.ctx.status = 422;
  await showPage(visit, [problem]);
}

async function showPage({ ctx, house, db, account }: Visit, problems: readonly PasswordProblem[] = []): Promise<void> {
  const ways = await listWays(db, account);
  const mayBeOff = !isLastWay(ways, 'password');
  showForm(ctx, passwordPage({ ...frameOf(ctx, house), since: ways.passwordSince, mayBeOff, problems }));
}
