/** What an app was told of people who signed out or withdrew; and what its agency answers for. */
import type { Context } from 'koa';
import { recordAdminEvent } from '#src/audit/events.ts';
import { Refusal } from '#src/base/refusals.ts';
import { isId } from '#src/base/secrets.ts';
import {
  acknowledgeWithdrawals,
  isOverdue,
  isWhole,
  listWithdrawalsFrom,
  listWithdrawalsOf,
  withdrawalOutcomes,
} from '#src/consents/withdrawals.ts';
import { listDeliveries, sendAgain, sendTest } from '#src/oidc/deliveries.ts';
import { mayAt } from '#src/registry/authority.ts';
import type { ClientRecord } from '#src/registry/clients.ts';
import { appLink } from '#views/console/app-page.ts';
import { type DeliveriesContext, deliveriesPage, type ShownAnswer } from '#views/console/deliveries.ts';
import { translate } from '#views/locale.ts';
import { sayRefused } from '../account/refused.ts';
import { showForm } from '../frame.ts';
import type { OpenHouse } from '../house.ts';
import type { Form } from '../middleware/forms.ts';
import { timeIn } from '../places.ts';
import { seeOther } from '../see-other.ts';
import { appHeadOf, consoleFrame } from './frame.ts';
import { pagesBehind, readPlace } from './positions.ts';
import { answerConsole, type ConsoleVisit, loadClientFor, showConsole } from './visit.ts';

const PAGE = 25;

/** `GET /console/apps/:client/deliveries`. */
export function showDeliveries(ctx: Context, house: OpenHouse): Promise<void> {
  return showConsole(ctx, house, async (visit) => {
    const client = await loadClientFor(visit, String(ctx.params.client), 'apps.read');
    await showPage(visit, client, { notice: noticeIn(ctx), answered: await findSent(visit, client) });
  });
}

/** `POST /console/apps/:client/deliveries`. @throws {Refusal} what forms refuse, `not_here`, `role_required` */
export function answerDeliveries(ctx: Context, house: OpenHouse): Promise<void> {
  return answerConsole(
    ctx,
    house,
    new Map([
      ['send-test', test],
      ['send-again', again],
      ['acknowledge', acknowledge],
    ]),
  );
}

type Said = Pick<DeliveriesContext, 'notice' | 'problems' | 'answered' | 'unfinished'>;

async function showPage(visit: ConsoleVisit, client: ClientRecord, said: Said): Promise<void> {
  const { ctx, house, db, held } = visit;
  const { secrets } = house;
  const [time, told = ''] = readPlace(ctx);
  const at = timeIn(time);
  const before = at && isId(told) ? { at, id: secrets.outsideId(told) } : undefined;
  const found = await listDeliveries(db, client.id, { ...(before && { before }), limit: PAGE + 1 });
  const deliveries = found.slice(0, PAGE);
  const last = found.length > PAGE ? deliveries.at(-1) : undefined;
  const withdrawals = await listWithdrawalsFrom(db, client, { waiting: true, limit: PAGE });
  const page = deliveriesPage({
    ...consoleFrame(visit, 'apps'),
    head: appHeadOf(visit, client),
    deliveries: deliveries.map(({ id, createdAt, nextAttemptAt, ...shown }) => ({
      ...{ ...shown, id: secrets.outsideId(id), at: createdAt, next: nextAttemptAt },
    })),
    withdrawals: withdrawals.map((withdrawal) => ({
      ...{ id: secrets.outsideId(withdrawal.id), sub: withdrawal.sub ?? '', cause: withdrawal.cause },
      ...{ at: withdrawal.at, due: withdrawal.dueAt, isOverdue: isOverdue(withdrawal, new Date()) },
    })),
    isListening: client.backchannelLogoutUri !== undefined || client.eventUri !== undefined,
    mayAct: mayAt(held, 'apps.write', client.agency),
    pages: pagesBehind(ctx, last && [last.createdAt.toISOString(), secrets.outsideId(last.id)]),
    ...said,
  });
  showForm(ctx, page);
}

const notices = {
  sent: 'deliveries.sent',
  tested: 'deliveries.tested',
  acknowledged: 'deliveries.acknowledged',
} as const;

function noticeIn(ctx: Context): Said['notice'] {
  const done = Object.entries(notices).find(([name]) => name === ctx.query.done);
  return done && { tone: 'done', text: translate(ctx.state.language)(done[1]) };
}

/** The answer that has just been sent, for its page to say. */
async function findSent(visit: ConsoleVisit, client: ClientRecord): Promise<ShownAnswer | undefined> {
  const { query } = visit.ctx;
  const id = visit.house.secrets.insideId(String(query.withdrawal ?? ''));
  return query.done === 'acknowledged' && id !== undefined ? findAnswer(visit, client, [id], 'sent') : undefined;
}

async function findAnswer(
  { db }: ConsoleVisit,
  { id: clientId }: ClientRecord,
  ids: readonly string[],
  is: ShownAnswer['is'],
): Promise<ShownAnswer | undefined> {
  const found = await listWithdrawalsOf(db, { clientId, ids });
  const answer = found.find((one) => one.answer)?.answer;
  return answer && { is, ...answer };
}

async function test(visit: ConsoleVisit): Promise<void> {
  const { ctx, house, db, account } = visit;
  const client = await loadClientFor(visit, String(ctx.params.client), 'apps.write');
  const send = () => sendTest(db, house.secrets, house.throttles, { client, actor: account.id });
  await sendOrSay(visit, client, 'tested', send);
}

async function again(visit: ConsoleVisit, form: Form): Promise<void> {
  const { ctx, house, db, account } = visit;
  const client = await loadClientFor(visit, String(ctx.params.client), 'apps.write');
  const id = idIn(visit, form.get('delivery'));
  await sendOrSay(visit, client, 'sent', () => sendAgain(db, house.throttles, { client, id, actor: account.id }));
}

/** Sends, or says on the page how long to wait. */
async function sendOrSay(
  visit: ConsoleVisit,
  client: ClientRecord,
  done: keyof typeof notices,
  send: () => Promise<void>,
): Promise<void> {
  try {
    await send();
  } catch (error) {
    return showPage(visit, client, { problems: [sayRefused(visit, error)] });
  }
  seeOther(visit.ctx, `${appLink(client.id, 'deliveries')}?done=${done}`);
}

async function acknowledge(visit: ConsoleVisit, form: Form): Promise<void> {
  const { ctx, house, db, account } = visit;
  const client = await loadClientFor(visit, String(ctx.params.client), 'apps.write');
  const [told, ...others] = new Set(form.list('withdrawal'));
  if (told === undefined) throw new Refusal('not_here', 'no withdrawal was named');
  const ids = [told, ...others].map((one) => idIn(visit, one));
  const outcome = withdrawalOutcomes.find((one) => one === form.get('outcome'));
  const law = form.get('law');
  if (!outcome || !isWhole({ outcome, law })) {
    ctx.status = 422;
    const missing = outcome ? 'law' : 'outcome';
    return showPage(visit, client, { unfinished: { withdrawal: told, outcome: outcome ?? '', law, missing } });
  }
  let isNew: boolean;
  try {
    isNew = await acknowledgeWithdrawals(db, house.secrets, { clientId: client.id, ids, outcome, law });
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== 'withdrawal_answered') throw error;
    ctx.status = error.status;
    return showPage(visit, client, { answered: await findAnswer(visit, client, ids, 'before') });
  }
  if (isNew) {
    const subject = `client ${client.id}`;
    const { id: agencyId } = client.agency;
    await recordAdminEvent(db, {
      ...{ kind: 'withdrawal.acknowledged', actor: account.id, subject, agencyId, details: { outcome } },
    });
  }
  seeOther(ctx, `${appLink(client.id, 'deliveries')}?done=acknowledged&withdrawal=${told}`);
}

function idIn({ house }: ConsoleVisit, told: string): string {
  const id = house.secrets.insideId(told);
  if (id === undefined) throw new Refusal('not_here', 'no id of ours');
  return id;
}
