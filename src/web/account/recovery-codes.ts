/**
 * `/account/recovery-codes`: makes a sheet of recovery codes and shows it.
 *
 * What is stored of a code cannot be read back, so between the press of the button and "I have kept them" the codes are in
 * a sealed cookie of that browser, until it is closed and for ten minutes at most, for its session: a reload or the other language shows them
 * again, and nothing does afterwards.
 */
import type { Context } from 'koa';
import { checkUnrestricted } from '#src/people/proofing.ts';
import { countRecoveryCodes, makeRecoveryCodes } from '#src/people/recovery-codes.ts';
import { listWays, mayRemove } from '#src/people/ways.ts';
import { type RecoveryCodesProblem, recoveryCodesPage, recoverySheetPage } from '#views/account/recovery-codes.ts';
import { recoveryCodesMadeMessage } from '#views/messages.ts';
import { frameOf, showForm } from '../frame.ts';
import type { OpenHouse } from '../house.ts';
import { notifyContacts } from '../messages.ts';
import { cookieNames, cookieOptions } from '../middleware/browser.ts';
import type { Form } from '../middleware/forms.ts';
import { seeOther } from '../see-other.ts';
import { answerForm, showTo, type Visit, withProof } from './visit.ts';

const SHOWN_MS = 10 * 60 * 1000;

/** `GET /account/recovery-codes`, after a fresh proof: the sheet that was just made, or how to make one. */
export function showRecoveryCodes(ctx: Context, house: OpenHouse): Promise<void> {
  return showTo(ctx, house, (visit) => showPage(visit), { freshProof: true });
}

/** `POST /account/recovery-codes`. @throws {Refusal} `session_required`, `csrf_mismatch`, `invalid_request` */
export function changeRecoveryCodes(ctx: Context, house: OpenHouse): Promise<void> {
  return answerForm(ctx, house, changes);
}

const changes: ReadonlyMap<string, (visit: Visit, form: Form) => Promise<void>> = new Map(
  Object.entries({ make: withProof(make), kept }),
);

async function make(visit: Visit): Promise<void> {
  const { ctx, house, db, account, session } = visit;
  checkUnrestricted(account);
  const ways = await listWays(db, account);
  // The sheet that they replace is a way back for somebody.
  if (ways.sheet?.left && !mayRemove(ways, ways.sheet.madeAt, session)) {
    ctx.status = 422;
    return showPage(visit, [{ kind: 'on-trial' }]);
  }
  const codes = await makeRecoveryCodes(db, house.secrets, account.id);
  await notifyContacts(house, db, account.id, recoveryCodesMadeMessage);
  keepSheet(visit, { codes, madeAt: Date.now() });
  seeOther(ctx, '/account/recovery-codes');
}

async function kept(visit: Visit): Promise<void> {
  const { ctx, house } = visit;
  ctx.cookies.set(cookieNames(house.config.issuer).recoveryCodes, '', {
    ...cookieOptions(house.config.issuer),
    maxAge: 0,
  });
  seeOther(ctx, '/account?done=recovery-codes-kept#passkeys');
}

async function showPage(visit: Visit, problems: readonly RecoveryCodesProblem[] = []): Promise<void> {
  const { ctx, house, db, account } = visit;
  const sheet = readSheet(visit);
  const frame = frameOf(ctx, house);
  const left = await countRecoveryCodes(db, account.id);
  if (!sheet || problems.length > 0) return showForm(ctx, recoveryCodesPage({ ...frame, left, problems }));
  const { codes, madeAt } = sheet;
  showForm(ctx, recoverySheetPage({ ...frame, codes, madeAt: new Date(madeAt), name: account.profile.name ?? '' }));
}

interface Sheet {
  readonly codes: readonly string[];
  readonly madeAt: number;
}

function placeOf({ session }: Visit): string {
  return `cookie.recovery-codes:${session.uid}`;
}

function keepSheet(visit: Visit, sheet: Sheet): void {
  const { ctx, house } = visit;
  const sealed = house.secrets.wrap.sealToken(placeOf(visit), JSON.stringify(sheet));
  ctx.cookies.set(cookieNames(house.config.issuer).recoveryCodes, sealed, cookieOptions(house.config.issuer));
}

function readSheet(visit: Visit): Sheet | undefined {
  const { ctx, house } = visit;
  const sealed = ctx.cookies.get(cookieNames(house.config.issuer).recoveryCodes);
  const said = sealed && house.secrets.wrap.openToken(placeOf(visit), sealed);
  const sheet: Sheet | undefined = said ? JSON.parse(said.toString()) : undefined;
  return sheet && Date.now() - sheet.madeAt < SHOWN_MS ? sheet : undefined;
}
