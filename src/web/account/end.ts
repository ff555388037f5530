/** The end of an account by its owner: closing it, keeping it after all, and holding it at once. */
import type { Context } from 'koa';
import { Refusal } from '#src/base/refusals.ts';
import { listConnected } from '#src/consents/permissions.ts';
import { freeze } from '#src/oidc/account-end.ts';
import { closeAccount, reopenAccount } from '#src/people/account-life.ts';
import { listMemberships } from '#src/people/memberships.ts';
import { type EndProblem, type EndProblemKind, endPage } from '#views/account/end.ts';
import { accountClosingMessage, accountHeldMessage, accountKeptMessage } from '#views/messages.ts';
import { frozenPage } from '#views/not-me.ts';
import { frameOf, serviceOf, show, showForm } from '../frame.ts';
import type { OpenHouse } from '../house.ts';
import { notifyContacts } from '../messages.ts';
import type { Form } from '../middleware/forms.ts';
import { seeOther } from '../see-other.ts';
import { leaveTeams } from '../team.ts';
import { answerForm, showTo, type Visit, withProof } from './visit.ts';

/** `GET /account/end`: what would happen, shown to somebody who has just signed in. */
export async function showEnd(ctx: Context, house: OpenHouse): Promise<void> {
  await showTo(ctx, house, (visit) => showPage(visit), { freshProof: true });
}

/**
 * `POST /account/end`. To keep the account, and to freeze it, asks for no fresh proof: whoever is signed in may stop what
 * somebody else has begun.
 *
 * @throws {Refusal} `session_required`, `csrf_mismatch`, `invalid_request`
 */
export function answerEnd(ctx: Context, house: OpenHouse): Promise<void> {
  return answerForm(ctx, house, changes);
}

/** `GET /account/frozen`: where a frozen account leaves its owner, signed out. */
export function showFrozen(ctx: Context, house: OpenHouse): void {
  show(ctx, frozenPage(frameOf(ctx, house)));
}

const changes: ReadonlyMap<string, (visit: Visit, form: Form) => Promise<void>> = new Map(
  Object.entries({ close: withProof(close), keep, freeze: hold }),
);

async function close(visit: Visit, form: Form): Promise<void> {
  const { ctx, house, db, account } = visit;
  if (form.get('understood') !== 'yes') return showProblem(visit, 'tick-first');
  const endsAt = await closeAccount(db, account.id);
  if (!endsAt) return showProblem(visit, 'not-possible');
  await notifyContacts(house, db, account.id, (context) => accountClosingMessage({ ...context, endsAt }));
  await leaveTeams(house, db, account);
  seeOther(ctx, '/account/end');
}

async function keep(visit: Visit): Promise<void> {
  const { ctx, house, db, account } = visit;
  if (await reopenAccount(db, account.id)) await notifyContacts(house, db, account.id, accountKeptMessage);
  // A second press finds it kept already; after the last moment there is nothing to keep.
  else if (account.state === 'closing') return showProblem(visit, 'not-possible');
  seeOther(ctx, '/account?done=kept');
}

async function hold(visit: Visit, form: Form): Promise<void> {
  const { ctx, house, db, account } = visit;
  if (form.get('sure') !== 'yes') return showProblem(visit, 'tick-first');
  if (!(await freeze(db, house.secrets, account.id, { reason: 'asked' })))
    throw new Refusal('account_unavailable', 'the account changed at the same moment');
  await notifyContacts(house, db, account.id, accountHeldMessage);
  seeOther(ctx, '/account/frozen');
}

function showProblem(visit: Visit, kind: EndProblemKind): Promise<void> {
  visit.ctx.status = 422;
  return showPage(visit, [{ kind }]);
}

async function showPage({ ctx, house, db, account }: Visit, problems: readonly EndProblem[] = []): Promise<void> {
  const connected = await listConnected(db, account.id);
  const apps = connected.map((clientId) => {
    const client = house.clients.find(clientId);
    return client ? serviceOf(client, ctx.state.language, house.config.mode).name : clientId;
  });
  const hasRoles = (await listMemberships(db, account.id, new Date())).length > 0;
  const isRestricted = account.restrictedAt !== undefined;
  showForm(ctx, endPage({ ...frameOf(ctx, house), apps, hasRoles, isRestricted, problems }));
}
