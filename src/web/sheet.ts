/**
 * `/sheet`: somebody has a sheet of a service desk, types its code and makes a passkey. Which sheet it is stands between the
 * two in a sealed cookie; that it opens the account is decided when the passkey is there, by one statement.
 */
import type { Context } from 'koa';
import { recordAccountEvent } from '#src/audit/events.ts';
import { Refusal } from '#src/base/refusals.ts';
import { randomSecret } from '#src/base/secrets.ts';
import type { UnitOfWork } from '#src/base/unit-of-work.ts';
import { endUse, unfreeze } from '#src/oidc/account-end.ts';
import { loadAccount } from '#src/people/accounts.ts';
import { findSheetByCode, useSheet } from '#src/people/desk.ts';
import { findSheet, isOpen, isSheetReady, type Sheet } from '#src/people/desk-sheets.ts';
import { addPasskey } from '#src/people/passkey-registration.ts';
import { accountRecoveredMessage } from '#views/messages.ts';
import type { Problem } from '#views/parts/problem.ts';
import { sheetCodePage, sheetDonePage, sheetPasskeyPage, sheetWaitPage } from '#views/sheet.ts';
import { sayRefused } from './account/refused.ts';
import { frameOf, show, showForm } from './frame.ts';
import type { OpenHouse } from './house.ts';
import { notifyContacts } from './messages.ts';
import { checkForm, cookieNames, cookieOptions } from './middleware/browser.ts';
import { type Form, readForm } from './middleware/forms.ts';
import { namesOf, newPasskeyOptions, siteOf } from './passkeys.ts';
import { restRoles } from './roles-at-rest.ts';
import { seeOther } from './see-other.ts';

/** Somebody with a sheet, who need not be signed in. */
interface Holder {
  readonly ctx: Context;
  readonly house: OpenHouse;
  readonly db: UnitOfWork;
}

/** `GET /sheet`. */
export async function showSheet(ctx: Context, house: OpenHouse): Promise<void> {
  const holder = { ctx, house, db: ctx.state.db };
  if (ctx.query.done !== undefined) return show(ctx, sheetDonePage(frameOf(ctx, house)));
  await showStep(holder, []);
}

/** `POST /sheet`. @throws {Refusal} `csrf_mismatch`, `invalid_request` */
export async function answerSheet(ctx: Context, house: OpenHouse): Promise<void> {
  const form = await readForm(ctx);
  checkForm(ctx, house.secrets, house.config.issuer, form.get('csrf'));
  const answer = answers.get(form.get('action'));
  if (!answer) throw new Refusal('invalid_request', 'no such choice on this page');
  await answer({ ctx, house, db: ctx.state.db }, form);
}

const answers: ReadonlyMap<string, (holder: Holder, form: Form) => Promise<void>> = new Map(
  Object.entries({ open: openSheet, 'create-passkey': makePasskey, leave: leaveSheet }),
);

async function openSheet(holder: Holder, form: Form): Promise<void> {
  const { ctx, house, db } = holder;
  try {
    const typed = { code: form.get('code'), network: ctx.state.caller };
    const sheet = await findSheetByCode(db, house.secrets, house.throttles, typed);
    if (!isOpen(sheet)) throw new Refusal('sheet_over', `the sheet is ${sheet.state}`);
    keepSheet(holder, sheet);
  } catch (error) {
    return showCode(holder, [sayRefused(holder, error, 'code')]);
  }
  seeOther(ctx, '/sheet');
}

async function leaveSheet(holder: Holder): Promise<void> {
  forgetSheet(holder);
  seeOther(holder.ctx, '/sheet');
}

/**
 * The sheet is used, the account gets its passkey, and whatever was signed in to it before is ended, all in one unit of work:
 * refused is all of it.
 */
async function makePasskey(holder: Holder, form: Form): Promise<void> {
  const { ctx, house, db } = holder;
  const kept = readKept(holder);
  if (!kept) return seeOther(ctx, '/sheet');
  const { accountId, id, boundTo } = kept;
  const credential = form.get('credential');
  try {
    if (!credential) throw new Refusal('passkey_script_required');
    const { sheet, was } = await useSheet(db, { accountId, id });
    if (was === 'frozen') await unfreeze(db, house.secrets, accountId, { reason: 'asked' });
    await addPasskey(db, house.secrets, {
      ...{ ...siteOf(house), boundTo, accountId, credential, language: ctx.state.language },
    });
    if (sheet.kind === 'recovery') await endOldUse(holder, accountId);
  } catch (error) {
    // The sheet is not used up by a passkey that was none.
    await db.rollback();
    return showStep(holder, [sayRefused(holder, error)]);
  }
  forgetSheet(holder);
  seeOther(ctx, '/sheet?done=yes');
}

/** Nobody who was in the account stays in it, and it acts for no agency until another admin has looked at it. */
async function endOldUse({ house, db }: Holder, accountId: string): Promise<void> {
  await endUse(db, house.secrets, accountId, 'signed-out');
  await restRoles(house, db, accountId, 'desk');
  await recordAccountEvent(db, { accountId, kind: 'account.recovered', details: { by: 'desk', made: 'passkey' } });
  await notifyContacts(house, db, accountId, accountRecoveredMessage);
}

/** The page of where the sheet stands: still to be typed, waiting, or good. */
async function showStep(holder: Holder, problems: readonly Problem<never>[]): Promise<void> {
  const { ctx, house, db } = holder;
  const kept = readKept(holder);
  const sheet = kept && (await findSheet(db, kept.id));
  if (!kept || !sheet || !isOpen(sheet)) return showCode(holder, problems);
  const frame = frameOf(ctx, house);
  if (!isSheetReady(sheet)) {
    const waitsFor = sheet.state === 'second-officer' ? 'second-officer' : 'time';
    return showForm(ctx, sheetWaitPage({ ...frame, waitsFor, readyAt: sheet.readyAt }));
  }
  const account = await loadAccount(db, house.secrets, sheet.accountId);
  const passkeyOptions = await newPasskeyOptions(house, { ...namesOf(account), boundTo: kept.boundTo });
  showForm(ctx, sheetPasskeyPage({ ...frame, isFirst: sheet.kind === 'first', passkeyOptions, problems }));
}

function showCode({ ctx, house }: Holder, problems: readonly Problem<never>[]): void {
  showForm(ctx, sheetCodePage({ ...frameOf(ctx, house), problems }));
}

/** How long a code that was typed stands for the next step. */
const KEPT_MS = 15 * 60 * 1000;
const PLACE = 'cookie.sheet';

interface Kept extends Pick<Sheet, 'accountId' | 'id'> {
  /** What the challenge for the passkey is bound to. */
  readonly boundTo: string;
  readonly until: number;
}

function keepSheet({ ctx, house }: Holder, { accountId, id }: Sheet): void {
  const kept: Kept = { accountId, id, boundTo: randomSecret(), until: Date.now() + KEPT_MS };
  const sealed = house.secrets.wrap.sealToken(PLACE, JSON.stringify(kept));
  ctx.cookies.set(nameIn(house), sealed, { ...cookieOptions(house.config.issuer), maxAge: KEPT_MS });
}

function readKept({ ctx, house }: Holder): Kept | undefined {
  const sealed = ctx.cookies.get(nameIn(house));
  const opened = sealed && house.secrets.wrap.openToken(PLACE, sealed);
  const kept = opened ? (JSON.parse(opened.toString()) as Kept) : undefined;
  return kept && kept.until > Date.now() ? kept : undefined;
}

function forgetSheet({ ctx, house }: Holder): void {
  ctx.cookies.set(nameIn(house), '', { ...cookieOptions(house.config.issuer), maxAge: 0 });
}

function nameIn({ config }: OpenHouse): string {
  return cookieNames(config.issuer).sheet;
}
