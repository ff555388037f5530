/**
 * The desk: an officer finds the account of somebody who has come with a document, compares it with the person, and issues a
 * sheet. Nobody browses people here: an account is found by what the person says and under a case number, each look is
 * counted, and its owner sees it.
 */
import type { Context } from 'koa';
import { type AdminEventKind, type EventDetails, recordAdminEvent } from '#src/audit/events.ts';
import { Refusal } from '#src/base/refusals.ts';
import { isId } from '#src/base/secrets.ts';
import { accountNumber } from '#src/people/account-numbers.ts';
import { loadAccount } from '#src/people/accounts.ts';
import {
  type AccountAtDesk,
  agreeToSheet,
  type DeskCase,
  type IssuedSheet,
  issueSheet,
  lookUp,
  openAccountAtDesk,
  readAsStaff,
  readCaseNumber,
  readForDesk,
} from '#src/people/desk.ts';
import {
  cancelSheet,
  type DeskDocument,
  deskDocuments,
  findSheet,
  isOpen,
  listOpenSheets,
  type Sheet,
} from '#src/people/desk-sheets.ts';
import { findAgencies, listTree } from '#src/registry/agencies.ts';
import { mayAt, nodesWith } from '#src/registry/authority.ts';
import { type DeskContext, deskPage, deskPersonPage, type PersonAtDesk, type SheetLine } from '#views/console/desk.ts';
import { deskSheetPage, type SheetPaper } from '#views/console/desk-sheet.ts';
import { translate } from '#views/locale.ts';
import { sheetCancelledMessage } from '#views/messages.ts';
import type { Problem } from '#views/parts/problem.ts';
import { sayRefused } from '../account/refused.ts';
import { showForm } from '../frame.ts';
import type { OpenHouse } from '../house.ts';
import { notifyContacts } from '../messages.ts';
import type { Form } from '../middleware/forms.ts';
import { nameOf } from '../names.ts';
import { seeOther } from '../see-other.ts';
import { tellOfSheet } from '../sheet-notices.ts';
import { findCase, forgetCase, keepCase } from './desk-case.ts';
import { consoleFrame } from './frame.ts';
import { keepForOnce, takeOnce } from './shown-once.ts';
import { answerConsole, type ConsoleVisit, loadAgencyFor, showConsole } from './visit.ts';

/** How many open sheets a list shows, the oldest first. */
const SHEETS = 100;
/** Of how many desks below one's own the open sheets are listed. */
const DESKS = 2_000;

type Said = Pick<DeskContext, 'notice' | 'problems' | 'typed' | 'foundNobody'>;

/** `GET /console/desk`. @throws {Refusal} `role_required` */
export function showDesk(ctx: Context, house: OpenHouse): Promise<void> {
  return showConsole(ctx, house, (visit) => showHome(visit, {}));
}

/** `POST /console/desk`: looks an account up, or opens one. */
export function answerDesk(ctx: Context, house: OpenHouse): Promise<void> {
  return answerConsole(ctx, house, atHome);
}

/** `GET /console/desk/person`: whom the officer has looked up. */
export function showDeskPerson(ctx: Context, house: OpenHouse): Promise<void> {
  return showConsole(ctx, house, (visit) => showPerson(visit, []));
}

/** `POST /console/desk/person`: issues a sheet, or closes the case. */
export function answerDeskPerson(ctx: Context, house: OpenHouse): Promise<void> {
  return answerConsole(ctx, house, atPerson);
}

/** `GET /console/desk/sheets/:sheet`. @throws {Refusal} `not_here`, `role_required` */
export function showDeskSheet(ctx: Context, house: OpenHouse): Promise<void> {
  return showConsole(ctx, house, async (visit) => showSheet(visit, await loadSheetFor(visit), []));
}

/** `POST /console/desk/sheets/:sheet`: a second officer looks and agrees, or somebody cancels. */
export function answerDeskSheet(ctx: Context, house: OpenHouse): Promise<void> {
  return answerConsole(ctx, house, atSheet);
}

type Change = (visit: ConsoleVisit, form: Form) => Promise<void>;

const atHome: ReadonlyMap<string, Change> = new Map(
  Object.entries({ 'look-up': lookUpAccount, 'open-account': openAccount }),
);

const atPerson: ReadonlyMap<string, Change> = new Map(Object.entries({ issue: issueForCase, leave: leaveCase }));

const atSheet: ReadonlyMap<string, Change> = new Map(
  Object.entries({ look: lookAsSecond, agree: agreeAsSecond, cancel: cancelAtDesk }),
);

async function lookUpAccount(visit: ConsoleVisit, form: Form): Promise<void> {
  const { ctx, house, db, account } = visit;
  const typed = { desk: form.get('desk'), named: form.get('named'), caseNumber: form.get('case') };
  const { id: agencyId } = await loadAgencyFor(visit, typed.desk, 'desk.issue');
  const officer = account.id;
  try {
    const caseNumber = readCaseNumber(typed.caseNumber);
    const accountId = await lookUp(db, house.secrets, house.throttles, { officer, named: typed.named });
    const details = { found: accountId !== undefined, case: caseNumber };
    await recordAdminEvent(db, {
      kind: 'desk.looked-up',
      actor: officer,
      subject: `desk ${agencyId}`,
      agencyId,
      details,
    });
    if (!accountId) return await showHome(visit, { typed, foundNobody: true });
    const served: DeskCase = { accountId, agencyId, officer, caseNumber };
    await readAsStaff(db, house.secrets, served, { role: 'desk', reason: 'asked-at-desk' });
    keepCase(visit, served);
  } catch (error) {
    const field = fieldOf(error, { case_number_invalid: 'case' });
    return showHome(visit, { typed, problems: [sayRefused(visit, error, field)] });
  }
  seeOther(ctx, '/console/desk/person');
}

async function openAccount(visit: ConsoleVisit, form: Form): Promise<void> {
  const { house, db, account } = visit;
  const typed = { desk: form.get('new-desk'), name: form.get('name'), caseNumber: form.get('new-case') };
  const { id: agencyId } = await loadAgencyFor(visit, typed.desk, 'desk.issue');
  try {
    const request = { ...readRequest(form, 'new-case'), officer: account.id, agencyId };
    const language = form.get('language') === 'en' ? 'en' : 'id';
    const named = { ...request, name: typed.name, language } as const;
    const issued = await openAccountAtDesk(db, house.secrets, house.throttles, named);
    await recordIssue(visit, 'desk.account-opened', issued.sheet);
    handOver(visit, issued);
  } catch (error) {
    const fields = { case_number_invalid: 'new-case', name_invalid: 'name', desk_document_missing: 'document' };
    return showHome(visit, { typed, problems: [sayRefused(visit, error, fieldOf(error, fields))] });
  }
}

/** @throws {Refusal} `case_number_invalid`, `desk_document_missing` */
function readRequest(form: Form, caseField: string) {
  return {
    caseNumber: readCaseNumber(form.get(caseField)),
    document: readDocument(form),
    withSecond: withSecond(form),
  };
}

function readDocument(form: Form): DeskDocument {
  const document = deskDocuments.find((kind) => kind === form.get('document'));
  if (!document || form.get('seen') !== 'yes') throw new Refusal('desk_document_missing');
  return document;
}

function withSecond(form: Form): boolean {
  return form.get('second') === 'yes';
}

function fieldOf(error: unknown, fields: Readonly<Record<string, string>>): string | undefined {
  return error instanceof Refusal ? fields[error.code] : undefined;
}

/** What an officer did with a sheet, for those who look after the desk: by case, without the person. */
async function record(
  { db, account }: ConsoleVisit,
  kind: Extract<AdminEventKind, `desk.${string}`>,
  { id, agencyId, caseNumber }: Pick<Sheet, 'id' | 'agencyId' | 'caseNumber'>,
  more: EventDetails = {},
): Promise<void> {
  const details = { case: caseNumber, ...more };
  await recordAdminEvent(db, { kind, actor: account.id, subject: `sheet ${id}`, agencyId, details });
}

async function recordIssue(visit: ConsoleVisit, kind: 'desk.account-opened' | 'desk.sheet-issued', sheet: Sheet) {
  await record(visit, kind, sheet, { sheet: sheet.kind, document: sheet.document });
}

/** To the page that shows the code, once. */
function handOver(visit: ConsoleVisit, { sheet, code }: IssuedSheet): void {
  keepForOnce(visit, `sheet ${sheet.id}`, code);
  seeOther(visit.ctx, `/console/desk/sheets/${sheet.id}`);
}

async function issueForCase(visit: ConsoleVisit, form: Form): Promise<void> {
  const { ctx, house, db } = visit;
  const served = findCase(visit);
  if (!served) return seeOther(ctx, '/console/desk');
  await loadAgencyFor(visit, served.agencyId, 'desk.issue');
  try {
    const asked = { ...served, document: readDocument(form), withSecond: withSecond(form) };
    const wait = { seconds: house.config.recoveryWait };
    const issued = await issueSheet(db, house.secrets, house.throttles, asked, wait);
    await recordIssue(visit, 'desk.sheet-issued', issued.sheet);
    if (issued.sheet.state === 'waiting') await tellOfSheet(house, db, issued.sheet);
    forgetCase(visit);
    handOver(visit, issued);
  } catch (error) {
    const field = fieldOf(error, { desk_document_missing: 'document' });
    return showPerson(visit, [sayRefused(visit, error, field)]);
  }
}

async function leaveCase(visit: ConsoleVisit): Promise<void> {
  forgetCase(visit);
  seeOther(visit.ctx, '/console/desk');
}

/** The sheet of an address, for an officer of its desk or of one above. @throws {Refusal} `not_here`, `role_required` */
async function loadSheetFor(visit: ConsoleVisit): Promise<Sheet> {
  const id = String(visit.ctx.params.sheet);
  const sheet = isId(id) ? await findSheet(visit.db, id) : undefined;
  if (!sheet) throw new Refusal('not_here', 'no such sheet');
  await loadAgencyFor(visit, sheet.agencyId, 'desk.issue');
  return sheet;
}

async function lookAsSecond(visit: ConsoleVisit): Promise<void> {
  const { ctx, house, db, account } = visit;
  const sheet = await loadSheetFor(visit);
  if (sheet.state !== 'second-officer' || sheet.officer === account.id) return seeOther(ctx, ctx.path);
  const { accountId, agencyId, caseNumber } = sheet;
  const served: DeskCase = { accountId, agencyId, officer: account.id, caseNumber };
  await readAsStaff(db, house.secrets, served, { role: 'desk', reason: 'second-officer' });
  keepCase(visit, served);
  seeOther(ctx, ctx.path);
}

async function agreeAsSecond(visit: ConsoleVisit, form: Form): Promise<void> {
  const { ctx, house, db, account } = visit;
  const sheet = await loadSheetFor(visit);
  if (findCase(visit)?.accountId !== sheet.accountId) return seeOther(ctx, ctx.path);
  try {
    if (form.get('seen') !== 'yes') throw new Refusal('desk_document_missing');
    const agreed = await agreeToSheet(db, sheet, account.id, { seconds: house.config.recoveryWait });
    await record(visit, 'desk.sheet-agreed', agreed);
    await tellOfSheet(house, db, agreed);
  } catch (error) {
    return showSheet(visit, sheet, [sayRefused(visit, error, fieldOf(error, { desk_document_missing: 'seen' }))]);
  }
  forgetCase(visit);
  seeOther(ctx, `${ctx.path}?done=agreed`);
}

async function cancelAtDesk(visit: ConsoleVisit): Promise<void> {
  const { ctx, house, db } = visit;
  const cancelled = await cancelSheet(db, await loadSheetFor(visit), 'officer');
  if (cancelled) {
    await record(visit, 'desk.sheet-cancelled', cancelled);
    await notifyContacts(house, db, cancelled.accountId, sheetCancelledMessage);
  }
  seeOther(ctx, `${ctx.path}?done=sheet-cancelled`);
}

const notices = ['agreed', 'sheet-cancelled'] as const;

function noticeOf(ctx: Context): Said['notice'] {
  const done = notices.find((name) => name === ctx.query.done);
  return done && { tone: 'done', text: translate(ctx.state.language)(`desk.done-${done}`) };
}

async function showHome(visit: ConsoleVisit, said: Said): Promise<void> {
  const { ctx, db, held } = visit;
  const nodes = nodesWith(held, 'desk.issue');
  if (nodes.length === 0) throw new Refusal('role_required', 'no role at a desk');
  const below = await listTree(db, nodes, { limit: DESKS });
  const names = new Map(below.map((agency) => [agency.id, nameOf(agency, ctx.state.language)]));
  const sheets = await listOpenSheets(db, [...names.keys()], SHEETS);
  const page = deskPage({
    ...consoleFrame(visit, 'desk'),
    desks: nodes.map((id) => ({ id, name: names.get(id) ?? id })),
    sheets: sheets.map((sheet) => lineOf(visit, sheet, names.get(sheet.agencyId))),
    notice: noticeOf(ctx),
    ...said,
  });
  showForm(ctx, page);
}

function lineOf({ account }: ConsoleVisit, sheet: Sheet, desk: string | undefined): SheetLine {
  const { id, state, caseNumber, agencyId, document, kind, issuedAt, readyAt, officer } = sheet;
  return {
    ...{ id, state, caseNumber, document, kind, issuedAt, readyAt },
    desk: desk ?? agencyId,
    isOwn: officer === account.id,
  };
}

async function showPerson(visit: ConsoleVisit, problems: readonly Problem<never>[]): Promise<void> {
  const { ctx, house, db } = visit;
  const served = findCase(visit);
  if (!served) return seeOther(ctx, '/console/desk');
  const agency = await loadAgencyFor(visit, served.agencyId, 'desk.issue');
  const read = await readForDesk(db, house.secrets, served.accountId);
  const page = deskPersonPage({
    ...consoleFrame(visit, 'desk'),
    served: personOf(read),
    desk: nameOf(agency, ctx.state.language),
    caseNumber: served.caseNumber,
    kind: read.kind,
    needsSecond: read.needsSecond,
    replaces: read.open?.issuedAt,
    problems,
  });
  showForm(ctx, page);
}

function personOf({ account, contacts, proven }: AccountAtDesk): PersonAtDesk {
  return {
    name: account.profile.name ?? '',
    contacts: contacts.map(({ kind, value }) => ({ kind, value })),
    proven,
    since: account.createdAt,
    isFrozen: account.state === 'frozen',
    isRestricted: account.restrictedAt !== undefined,
  };
}

async function showSheet(visit: ConsoleVisit, sheet: Sheet, problems: readonly Problem<never>[]): Promise<void> {
  const { ctx, house, db, account, held } = visit;
  const [agency] = await findAgencies(db, [sheet.agencyId]);
  const mayAgree =
    sheet.state === 'second-officer' &&
    ![sheet.officer, sheet.accountId].includes(account.id) &&
    agency !== undefined &&
    mayAt(held, 'desk.issue', agency);
  const hasLooked = mayAgree && findCase(visit)?.accountId === sheet.accountId;
  const page = deskSheetPage({
    ...consoleFrame(visit, 'desk'),
    sheet: lineOf(visit, sheet, agency && nameOf(agency, ctx.state.language)),
    paper: await paperOf(visit, sheet),
    ...(hasLooked && { served: personOf(await readForDesk(db, house.secrets, sheet.accountId)) }),
    mayAgree,
    notice: noticeOf(ctx),
    problems,
  });
  showForm(ctx, page);
}

async function paperOf(visit: ConsoleVisit, sheet: Sheet): Promise<SheetPaper | undefined> {
  const { house, db } = visit;
  const code = isOpen(sheet) ? takeOnce<string>(visit, `sheet ${sheet.id}`) : undefined;
  if (!code) return undefined;
  const { profile } = await loadAccount(db, house.secrets, sheet.accountId);
  return {
    code,
    address: `${house.config.issuer}/sheet`,
    accountNumber: accountNumber(sheet.accountId),
    name: profile.name ?? '',
    expiresAt: sheet.expiresAt,
  };
}
