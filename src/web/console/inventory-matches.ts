/** Records of the inventory and connected apps that may be the same: what is proposed, and what people say to it. */
import type { Context } from 'koa';
import type { Language } from '#src/base/refusals.ts';
import { Refusal } from '#src/base/refusals.ts';
import { mayAt, nodesWith, type Permission } from '#src/registry/authority.ts';
import { findRecord } from '#src/registry/inventory.ts';
import {
  confirmMatch,
  isSure,
  listMatches,
  listMatchesOf,
  type MatchLine,
  type MatchPosition,
  refuseMatch,
} from '#src/registry/inventory-matches.ts';
import { type MatchesContext, matchesPage, type ShownMatch } from '#views/console/inventory-matches.ts';
import { translate } from '#views/locale.ts';
import { showForm } from '../frame.ts';
import type { OpenHouse } from '../house.ts';
import type { Form } from '../middleware/forms.ts';
import { nameAgencies } from '../names.ts';
import { seeOther } from '../see-other.ts';
import { consoleFrame } from './frame.ts';
import { demandWriting } from './inventory-sight.ts';
import { pagesBehind, readPlace } from './positions.ts';
import { answerConsole, type ConsoleVisit, loadClientFor, showConsole } from './visit.ts';

/** `GET /console/inventory/matches`. @throws {Refusal} `role_required` */
export async function showMatches(ctx: Context, house: OpenHouse): Promise<void> {
  await showConsole(ctx, house, showPage);
}

/** `POST /console/inventory/matches`. @throws {Refusal} `not_here`, `role_required`, `match_over` and what forms refuse */
export async function answerMatches(ctx: Context, house: OpenHouse): Promise<void> {
  await answerConsole(
    ctx,
    house,
    new Map([
      ['confirm', (visit, form) => answerOne(visit, form, confirmOne, 'linked')],
      ['refuse', (visit, form) => answerOne(visit, form, refuseOne, 'match-refused')],
      ['confirm-sure', confirmSure],
    ]),
  );
}

async function showPage(visit: ConsoleVisit): Promise<void> {
  const { ctx, db, held } = visit;
  const nodes = nodesWith(held, 'inventory.write');
  if (nodes.length === 0) throw new Refusal('role_required', 'no role with inventory.write anywhere');
  const { lines, hasMore } = await listMatches(db, { nodes, sectors: [], after: readMatchPosition(ctx) });
  const language: Language = ctx.state.language;
  const shown = lines.flatMap((line) => shownMatch(visit, line, true).map((match) => ({ line, match })));
  const ids = shown.map(({ line }) => line.client.agencyId);
  const names = await nameAgencies(db, ids, language);
  const last = hasMore ? lines.at(-1) : undefined;
  const context: MatchesContext = {
    ...consoleFrame(visit, 'inventory'),
    matches: shown.map(({ line, match }) => ({
      ...match,
      clientAgency: names.get(line.client.agencyId) ?? line.client.agencyId,
    })),
    sure: shown.filter(({ line }) => isSure(line)).map(({ line }) => line),
    pages: pagesBehind(ctx, last && [String(last.score), last.recordId, last.clientId]),
    notice: noticeOf(ctx),
  };
  showForm(ctx, matchesPage(context));
}

function readMatchPosition(ctx: Context): MatchPosition | undefined {
  const [score, recordId, clientId] = readPlace(ctx);
  if (recordId === undefined || clientId === undefined || !/^[01](\.\d{1,10})?$/.test(score ?? '')) return undefined;
  return { score: Number(score), recordId, clientId };
}

function noticeOf(ctx: Context): MatchesContext['notice'] {
  const t = translate(ctx.state.language);
  const { done, count } = ctx.query;
  if (done === 'linked' || done === 'match-refused') return { tone: 'done', text: t(`inventory.done-${done}`) };
  const isCounted = done === 'confirmed' && typeof count === 'string' && /^\d{1,3}$/.test(count);
  return isCounted ? { tone: 'done', text: t('inventory.matches-confirmed', { count: Number(count) }) } : undefined;
}

/** A match as its record's page and the list show it: only where its client is the person's to see. */
export function shownMatch({ ctx, held }: ConsoleVisit, line: MatchLine, mayDecide: boolean): ShownMatch[] {
  const { recordId, clientId, reasons, record, client } = line;
  const language: Language = ctx.state.language;
  if (!mayAt(held, 'apps.read', { path: client.agencyPath })) return [];
  return [
    {
      ...{ recordId, clientId, reasons, mayDecide },
      mayConfirm: mayAt(held, 'inventory.write', { path: client.agencyPath }),
      recordName: record.name[language],
      clientName: client.name[language],
      clientAgency: client.agencyId,
      state: client.state,
      score: Math.round(line.score * 100),
    },
  ];
}

type Match = { readonly recordId: string; readonly clientId: string };

/**
 * Says that the two of a match are one, for somebody who looks after both: what is decided about one is decided about the other.
 *
 * @throws {Refusal} `not_here`, `role_required`, `record_linked`
 */
export async function confirmOne(visit: ConsoleVisit, match: Match): Promise<void> {
  await demandMatch(visit, match, 'inventory.write');
  await confirmMatch(visit.db, match, { actor: visit.account.id });
}

/**
 * Says that the two of a match are not one, for somebody who writes the record and sees the client.
 *
 * @throws {Refusal} `not_here`, `role_required`, `match_over`
 */
export async function refuseOne(visit: ConsoleVisit, match: Match): Promise<void> {
  await demandMatch(visit, match, 'apps.read');
  await refuseMatch(visit.db, match, { actor: visit.account.id });
}

async function demandMatch(visit: ConsoleVisit, { recordId, clientId }: Match, atClient: Permission): Promise<void> {
  const record = await findRecord(visit.db, recordId);
  if (!record || record.removedAt || !mayAt(visit.held, 'apps.read', record.agency))
    throw new Refusal('not_here', 'no such record of theirs');
  demandWriting(visit, record);
  await loadClientFor(visit, clientId, atClient);
}

async function answerOne(
  visit: ConsoleVisit,
  form: Form,
  answer: typeof confirmOne,
  done: 'linked' | 'match-refused',
): Promise<void> {
  await answer(visit, { recordId: form.get('record'), clientId: form.get('client') });
  seeOther(visit.ctx, `/console/inventory/matches?done=${done}`);
}

/** Those of the page that are still as good as certain; somebody may have answered some meanwhile. */
async function confirmSure(visit: ConsoleVisit, form: Form): Promise<void> {
  let count = 0;
  for (const pair of form.list('app').slice(0, 50)) {
    const [recordId = '', clientId = ''] = pair.split(' ');
    const lines = await listMatchesOf(visit.db, recordId);
    if (!lines.some((line) => line.clientId === clientId && isSure(line))) continue;
    await confirmOne(visit, { recordId, clientId });
    count += 1;
  }
  seeOther(visit.ctx, `/console/inventory/matches?done=confirmed&count=${count}`);
}
