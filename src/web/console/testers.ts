/** Who may open an app before it is live: its testers, and the links that invite some more. */
import type { Context } from 'koa';
import { recordAdminEvent } from '#src/audit/events.ts';
import { Refusal } from '#src/base/refusals.ts';
import { findAccount, isAccountId } from '#src/people/accounts.ts';
import type { ClientRecord } from '#src/registry/clients.ts';
import { listTesterInvitations, makeInvitation, revokeInvitation } from '#src/registry/invitations.ts';
import { endTester, listTesters, MAX_TESTERS } from '#src/registry/testers.ts';
import { lockRegistry } from '#src/registry/version.ts';
import { appLink } from '#views/console/app-page.ts';
import { type TesterLine, testersPage } from '#views/console/testers.ts';
import { translate } from '#views/locale.ts';
import type { Notice } from '#views/parts/notice.ts';
import { showForm } from '../frame.ts';
import type { OpenHouse } from '../house.ts';
import type { Form } from '../middleware/forms.ts';
import { seeOther } from '../see-other.ts';
import { appHeadOf, consoleFrame } from './frame.ts';
import { keepForOnce, takeOnce } from './shown-once.ts';
import { answerConsole, type ConsoleVisit, loadClientFor, showConsole } from './visit.ts';

/** `GET /console/apps/:client/testers`. */
export async function showTesters(ctx: Context, house: OpenHouse): Promise<void> {
  await showConsole(ctx, house, showPage);
}

interface Made {
  readonly link: string;
  readonly until: string;
}

async function showPage(visit: ConsoleVisit): Promise<void> {
  const { ctx, db } = visit;
  const client = await loadClientFor(visit, String(ctx.params.client), 'apps.write');
  const invitations = await listTesterInvitations(db, client.id);
  const made = takeOnce<Made>(visit, keptAs(client));
  const page = testersPage({
    ...consoleFrame(visit, 'apps'),
    head: appHeadOf(visit, client),
    testers: await linesOf(visit, client),
    invitations: invitations.map(({ id, expiresAt }) => ({ id, until: expiresAt })),
    most: MAX_TESTERS,
    made: made && { link: made.link, until: new Date(made.until) },
    notice: noticeIn(ctx),
  });
  showForm(ctx, page);
}

const keptAs = ({ id }: ClientRecord): string => `tester ${id}`;

/** They took up an invitation of the team, so the team knows who they are. */
async function linesOf({ ctx, db, house }: ConsoleVisit, { id }: ClientRecord): Promise<TesterLine[]> {
  const lines: TesterLine[] = [];
  for (const { accountId, since } of await listTesters(db, id)) {
    const account = await findAccount(db, house.secrets, accountId);
    const name = account?.profile.name ?? translate(ctx.state.language)('console.tester');
    lines.push({ account: accountId, name, since });
  }
  return lines;
}

const notices = { ended: 'console.tester-ended', 'taken-back': 'console.tester-taken-back' } as const;

function noticeIn(ctx: Context): Notice | undefined {
  const done = Object.entries(notices).find(([name]) => name === ctx.query.done);
  return done && { tone: 'done', text: translate(ctx.state.language)(done[1]) };
}

/**
 * `POST /console/apps/:client/testers`.
 *
 * @throws {Refusal} `not_here`, `role_required`, `invalid_request`; `testers_full` with the invitations that are open
 */
export async function changeTesters(ctx: Context, house: OpenHouse): Promise<void> {
  await answerConsole(ctx, house, changes);
}

const changes: ReadonlyMap<string, (visit: ConsoleVisit, form: Form) => Promise<void>> = new Map(
  Object.entries({ invite, 'take-back': takeBack, end }),
);

async function invite(visit: ConsoleVisit): Promise<void> {
  const { ctx, db, house, account } = visit;
  const client = await loadClientFor(visit, String(ctx.params.client), 'apps.write');
  await lockRegistry(db);
  const open = await listTesterInvitations(db, client.id);
  const testers = await listTesters(db, client.id);
  if (open.length + testers.length >= MAX_TESTERS) throw new Refusal('testers_full');
  const { token, expiresAt } = await makeInvitation(db, house.secrets, {
    ...{ kind: 'tester', agencyId: client.agencyId, clientId: client.id, invitedBy: account.id },
    emailDomain: undefined,
  });
  await note(visit, client, 'invitation.made');
  const link = `${house.config.issuer}/invitations/${token}`;
  keepForOnce<Made>(visit, keptAs(client), { link, until: expiresAt.toISOString() });
  seeOther(ctx, appLink(client.id, 'testers'));
}

async function takeBack(visit: ConsoleVisit, form: Form): Promise<void> {
  const { ctx, db } = visit;
  const client = await loadClientFor(visit, String(ctx.params.client), 'apps.write');
  const open = await listTesterInvitations(db, client.id);
  const invitation = open.find(({ id }) => id === form.get('invitation'));
  if (invitation && (await revokeInvitation(db, { id: invitation.id, agencyId: client.agencyId })))
    await note(visit, client, 'invitation.revoked');
  seeOther(ctx, `${appLink(client.id, 'testers')}?done=taken-back`);
}

async function end(visit: ConsoleVisit, form: Form): Promise<void> {
  const { ctx, db } = visit;
  const client = await loadClientFor(visit, String(ctx.params.client), 'apps.write');
  const accountId = form.get('account');
  if (!isAccountId(accountId)) throw new Refusal('invalid_request', 'no such account');
  if (await endTester(db, { clientId: client.id, accountId })) await note(visit, client, 'client.tester-removed');
  seeOther(ctx, `${appLink(client.id, 'testers')}?done=ended`);
}

async function note(
  { db, account }: ConsoleVisit,
  { id, agencyId }: ClientRecord,
  kind: 'invitation.made' | 'invitation.revoked' | 'client.tester-removed',
): Promise<void> {
  const details = { role: 'tester' };
  await recordAdminEvent(db, { kind, actor: account.id, agencyId, subject: `client ${id}`, details });
}
