/**
 * Links that invite to the team of an agency, or to try one of its apps.
 *
 * Who joins a team comes by the console's sign-in, so with a passkey: whoever has none makes one on the way, whoever has no
 * account makes that. Who tries an app comes by the sign-in that the account page has.
 */
import type { Context } from 'koa';
import { Refusal } from '#src/base/refusals.ts';
import { accountClient } from '#src/oidc/own-clients.ts';
import type { Account } from '#src/people/accounts.ts';
import { loadAgency } from '#src/registry/agencies.ts';
import { mayAt } from '#src/registry/authority.ts';
import { loadClient } from '#src/registry/clients.ts';
import { findInvitation, findTakenUp, type Invitation } from '#src/registry/invitations.ts';
import { type InvitedTo, invitationPage, testerPage } from '#views/invitation.ts';
import { findVisit } from './account/visit.ts';
import { beginConsoleSignIn, findConsoleVisit } from './console/visit.ts';
import { backLink, frameOf, show, showForm } from './frame.ts';
import type { OpenHouse } from './house.ts';
import { checkForm } from './middleware/browser.ts';
import { readForm } from './middleware/forms.ts';
import { nameOf } from './names.ts';
import { beginOwnSignIn } from './own-sign-in.ts';
import { seeOther } from './see-other.ts';
import { isAddressed, join, joinTesters, loadInvitation, readRole } from './team.ts';

/** `GET /invitations/:token`. @throws {Refusal} `invitation_over` */
export async function showInvitation(ctx: Context, house: OpenHouse): Promise<void> {
  const { db } = ctx.state;
  const token = tokenOf(ctx);
  const invitation = await findInvitation(db, house.secrets, token);
  if (!invitation) return showTakenUp(ctx, house, token);
  const agency = await loadAgency(db, invitation.agencyId);
  const account = await findInvited(ctx, house, invitation);
  const isFit = account && (await isAddressed(house, db, account.id, invitation));
  const page = invitationPage({
    ...frameOf(ctx, house),
    agency: nameOf(agency, ctx.state.language),
    to: await whereTo(ctx, invitation),
    until: invitation.expiresAt,
    ...(account && { person: account.profile.name ?? '' }),
    ...(account && !isFit && { otherAddress: invitation.emailDomain }),
  });
  showForm(ctx, page);
}

/** Whoever has taken it up is where it leads; everybody else has nothing here. @throws {Refusal} `invitation_over` */
async function showTakenUp(ctx: Context, house: OpenHouse, token: string): Promise<void> {
  const { db } = ctx.state;
  const visit = await findVisit(ctx, house);
  const taken = visit && (await findTakenUp(db, house.secrets, token, visit.account.id));
  if (!taken) throw new Refusal('invitation_over');
  if (taken.kind === 'member') return seeOther(ctx, '/console');
  const client = await loadClient(db, taken.clientId);
  const app = client.name[ctx.state.language as 'id' | 'en'];
  show(ctx, testerPage({ ...frameOf(ctx, house), app, link: backLink(client) }));
}

/**
 * `POST /invitations/:token`.
 *
 * @throws {Refusal} `invitation_over`, `invitation_other_address`, `session_required`, `csrf_mismatch`, `invalid_request`,
 *   `testers_full`
 */
export async function answerInvitation(ctx: Context, house: OpenHouse): Promise<void> {
  const { db } = ctx.state;
  const form = await readForm(ctx);
  checkForm(ctx, house.secrets, house.config.issuer, form.get('csrf'));
  const token = tokenOf(ctx);
  const invitation = await loadInvitation(house, db, token);
  if (form.get('action') === 'sign-in') return beginSignIn(ctx, house, invitation);
  if (form.get('action') !== 'accept') throw new Refusal('invalid_request', 'no such choice on this page');
  const account = await findInvited(ctx, house, invitation);
  if (!account) throw new Refusal('session_required');
  if (invitation.kind === 'tester') {
    await joinTesters(house, db, account, token);
    return seeOther(ctx, `/invitations/${token}`);
  }
  await join(house, db, account, token);
  const { agencyId } = invitation;
  const isSeen = mayAt([invitation], 'team.read', await loadAgency(db, agencyId));
  seeOther(ctx, isSeen ? `/console/agencies/${agencyId}/team?done=joined` : '/console');
}

/** @throws {Refusal} `invitation_over` of what is no token of ours */
function tokenOf(ctx: Context): string {
  const token = String(ctx.params.token);
  if (!/^[\w-]{43}$/.test(token)) throw new Refusal('invitation_over', 'it is no token');
  return token;
}

/** Who would take it up: somebody who has signed in as it asks. */
async function findInvited(ctx: Context, house: OpenHouse, { kind }: Invitation): Promise<Account | undefined> {
  const visit = kind === 'member' ? await findConsoleVisit(ctx, house) : await findVisit(ctx, house);
  return visit?.account;
}

async function whereTo(ctx: Context, invitation: Invitation): Promise<InvitedTo> {
  if (invitation.kind === 'member') return { role: readRole(invitation.role) };
  const { name } = await loadClient(ctx.state.db, invitation.clientId);
  return { app: name[ctx.state.language as 'id' | 'en'] };
}

function beginSignIn(ctx: Context, house: OpenHouse, { kind }: Invitation): void {
  const { issuer, brand } = house.config;
  if (kind === 'member') beginConsoleSignIn(ctx, house);
  else beginOwnSignIn(ctx, accountClient(issuer, brand), { state: ctx.path });
}
