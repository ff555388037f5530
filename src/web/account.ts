/**
 * A person's own page: connected apps, passkeys, sessions. It is an app of this provider, so its sign-in is everybody's.
 */
import type { Context } from 'koa';
import { recordAccountEvent } from '#src/audit/events.ts';
import { Refusal } from '#src/base/refusals.ts';
import { endSession, endSessions, listSessions } from '#src/oidc/sessions.ts';
import { holdAccount, listAccountContacts } from '#src/people/accounts.ts';
import { isCounting } from '#src/people/contacts.ts';
import { cancelSheet, findOpenSheet } from '#src/people/desk-sheets.ts';
import { addPasskey } from '#src/people/passkey-registration.ts';
import { openNames, removePasskey, renamePasskey } from '#src/people/passkeys.ts';
import { checkUnrestricted, identityAssurance } from '#src/people/proofing.ts';
import { cancelRecovery, readRecoveries } from '#src/people/recoveries.ts';
import { isLastWay, listWays, mayRemove, type Ways } from '#src/people/ways.ts';
import { userHandleOf } from '#src/people/webauthn.ts';
import { findAgency } from '#src/registry/agencies.ts';
import { type AccountContext, type AccountProblem, accountPage } from '#views/account.ts';
import { translate } from '#views/locale.ts';
import {
  passkeyAddedMessage,
  passkeyRemovedMessage,
  recoveryCancelledMessage,
  sheetCancelledMessage,
} from '#views/messages.ts';
import { connectedAppsOf, leave, listCurrent } from './account/apps.ts';
import { sectorChoicesOf } from './account/catalogue.ts';
import { latestReleases } from './account/releases.ts';
import { answerForm, findVisit, isProven, placeToReturnTo, proveAgain, showTo, type Visit } from './account/visit.ts';
import { frameOf, showForm } from './frame.ts';
import type { OpenHouse } from './house.ts';
import { notifyContacts } from './messages.ts';
import { cookieNames, cookieOptions } from './middleware/browser.ts';
import type { Form } from './middleware/forms.ts';
import { nameOf } from './names.ts';
import { namesOf, newPasskeyOptions, siteOf } from './passkeys.ts';
import { findQuietOptions, type JustSignedIn, keepQuietPasskey } from './quiet-passkey.ts';
import { restRolesUnlessProven } from './roles-at-rest.ts';
import { seeOther } from './see-other.ts';

interface Said {
  readonly notice?: AccountContext['notice'];
  readonly problems?: readonly AccountProblem[];
  readonly passkeySignal?: AccountContext['passkeySignal'];
}

/** `GET /account`: the page, or a sign-in that comes back to it. */
export async function showAccount(ctx: Context, house: OpenHouse): Promise<void> {
  const notice = noticeOf(ctx);
  await showTo(ctx, house, (visit) => showPage(visit, notice ? { notice } : {}));
}

/** `GET /account/confirm`: a fresh sign-in, for what asks for one. */
export async function confirmAccount(ctx: Context, house: OpenHouse): Promise<void> {
  await showTo(ctx, house, proveAgain);
}

/**
 * `GET /account/callback`: the page needs the session and nothing of the answer, so the code is left to expire.
 *
 * @throws {Refusal} `session_required` when the sign-in was given up
 */
export async function returnToAccount(ctx: Context, house: OpenHouse): Promise<void> {
  if (ctx.query.error === 'access_denied') return seeOther(ctx, '/');
  // What went wrong would go wrong again on a page that asks for a proof.
  if (await findVisit(ctx, house)) return seeOther(ctx, ctx.query.error ? '/account' : placeToReturnTo(ctx, house));
  throw new Refusal('session_required', `the engine answered ${String(ctx.query.error ?? 'without a session')}`);
}

/**
 * `POST /account`.
 *
 * @throws {Refusal} `session_required`, `csrf_mismatch`, `invalid_request`
 */
export function changeAccount(ctx: Context, house: OpenHouse): Promise<void> {
  return answerForm(ctx, house, changes);
}

const changes: ReadonlyMap<string, (visit: Visit, form: Form) => Promise<void>> = new Map(
  Object.entries({
    disconnect: (visit, form) => leave(visit, form.get('client'), '/account'),
    'add-passkey': createPasskey,
    'keep-passkey': (visit, form) => keepQuietPasskey(signedInHere(visit), form.get('credential')),
    'passkey-later': putOff,
    'remove-passkey': takePasskey,
    'rename-passkey': namePasskey,
    'cancel-recovery': cancelWaiting,
    'cancel-sheet': cancelOpenSheet,
    'end-session': endOne,
    'end-other-sessions': endOthers,
    'end-every-session': endAll,
    'sign-out-here': signOutHere,
    'sign-out': async ({ ctx }) => seeOther(ctx, '/logout'),
  }),
);

async function createPasskey(visit: Visit, form: Form): Promise<void> {
  const { ctx, house, db, session, account } = visit;
  if (session.isShared) return showProblem(visit, 'passkey-shared-device');
  if (!(await isProven(visit))) return showProblem(visit, 'proof-too-old');
  checkUnrestricted(account);
  const credential = form.get('credential');
  if (!credential) return showProblem(visit, 'passkey-needs-script');
  try {
    await addPasskey(db, house.secrets, {
      ...siteOf(house),
      boundTo: session.uid,
      accountId: account.id,
      credential,
      language: ctx.state.language,
    });
  } catch (error) {
    if (error instanceof Refusal && error.code === 'passkey_failed') return showProblem(visit, 'passkey-failed');
    throw error;
  }
  await notifyContacts(house, db, account.id, passkeyAddedMessage);
  await restRolesUnlessProven(house, db, account.id, session);
  seeOther(ctx, '/account?done=passkey-added#passkeys');
}

function signedInHere({ ctx, house, db, session, account }: Visit): JustSignedIn {
  return { ctx, house, db, account, proof: session, boundTo: session.uid, isShared: session.isShared };
}

/** For how long the offer of a passkey stays away from a browser whose owner has said "not now". */
const LATER_MS = 30 * 24 * 3600 * 1000;

async function putOff({ ctx, house }: Visit): Promise<void> {
  const { issuer } = house.config;
  ctx.cookies.set(cookieNames(issuer).passkeyLater, '1', { ...cookieOptions(issuer), maxAge: LATER_MS });
  seeOther(ctx, '/account');
}

async function takePasskey(visit: Visit, form: Form): Promise<void> {
  const { ctx, house, db, session, account } = visit;
  if (!(await isProven(visit))) return showProblem(visit, 'proof-too-old');
  // Two removals at once must not each leave the other's passkey as the last one.
  if (!(await holdAccount(db, account.id))) throw new Refusal('account_unavailable');
  const ways = await listWays(db, account);
  const passkey = ways.passkeys.find(({ credentialId }) => credentialId === form.get('passkey'));
  checkUnrestricted(account, passkey && { since: passkey.createdAt });
  if (passkey && isLastWay(ways, 'passkey')) return showProblem(visit, 'passkey-last');
  if (passkey && !mayRemove(ways, passkey.createdAt, session)) return showProblem(visit, 'way-on-trial');
  await removePasskey(db, house.secrets, account.id, form.get('passkey'));
  await notifyContacts(house, db, account.id, passkeyRemovedMessage);
  seeOther(ctx, '/account?done=passkey-removed#passkeys');
}

async function namePasskey(visit: Visit, form: Form): Promise<void> {
  const { ctx, house, db, account } = visit;
  if (!(await isProven(visit))) return showProblem(visit, 'proof-too-old');
  const named = { credentialId: form.get('passkey'), label: form.get('label'), language: ctx.state.language };
  await renamePasskey(db, house.secrets, account.id, named);
  seeOther(ctx, '/account?done=passkey-renamed#passkeys');
}

/** Whoever is signed in may cancel what somebody has begun with two contacts. */
async function cancelWaiting({ ctx, house, db, account }: Visit): Promise<void> {
  const { waiting } = await readRecoveries(db, account.id);
  if (!waiting || !(await cancelRecovery(db, waiting))) return seeOther(ctx, '/account');
  await notifyContacts(house, db, account.id, recoveryCancelledMessage);
  seeOther(ctx, '/account?done=recovery-cancelled');
}

/** As well as what a desk has issued. */
async function cancelOpenSheet({ ctx, house, db, account }: Visit): Promise<void> {
  const sheet = await findOpenSheet(db, account.id);
  if (!sheet || !(await cancelSheet(db, sheet, 'owner'))) return seeOther(ctx, '/account');
  await notifyContacts(house, db, account.id, sheetCancelledMessage);
  seeOther(ctx, '/account?done=sheet-cancelled');
}

async function openSheetOf({ ctx, db, account }: Visit): Promise<AccountContext['sheet']> {
  const sheet = await findOpenSheet(db, account.id);
  if (!sheet) return undefined;
  const agency = await findAgency(db, sheet.agencyId);
  return {
    agency: agency ? nameOf(agency, ctx.state.language) : sheet.agencyId,
    readyAt: sheet.readyAt,
    isComplete: sheet.state === 'waiting',
  };
}

async function endOne({ ctx, house, db, account }: Visit, form: Form): Promise<void> {
  const ended = await endSession(db, house.secrets, account.id, form.get('session'));
  if (ended) await recordAccountEvent(db, { accountId: account.id, kind: 'session.ended' });
  seeOther(ctx, '/account?done=session-ended#sessions');
}

async function endOthers({ ctx, house, db, account, session }: Visit): Promise<void> {
  const sessions = await endSessions(db, house.secrets, account.id, { except: session.uid });
  if (sessions > 0)
    await recordAccountEvent(db, { accountId: account.id, kind: 'session.ended', details: { sessions } });
  seeOther(ctx, '/account?done=other-sessions-ended#sessions');
}

async function endAll({ ctx, house, db, account }: Visit): Promise<void> {
  const sessions = await endSessions(db, house.secrets, account.id);
  await recordAccountEvent(db, { accountId: account.id, kind: 'session.ended', details: { sessions } });
  seeOther(ctx, '/logout/success');
}

/** At once: who leaves a device that others use shall not be asked anything more. */
async function signOutHere({ ctx, house, db, account, session }: Visit): Promise<void> {
  const isEnded = await endSession(db, house.secrets, account.id, session.uid);
  if (isEnded) await recordAccountEvent(db, { accountId: account.id, kind: 'session.ended' });
  seeOther(ctx, '/logout/success');
}

type PageProblem =
  | 'proof-too-old'
  | 'passkey-needs-script'
  | 'passkey-failed'
  | 'passkey-last'
  | 'passkey-shared-device'
  | 'way-on-trial';

async function showProblem(visit: Visit, kind: PageProblem): Promise<void> {
  visit.ctx.status = 422;
  await showPage(visit, { problems: [{ kind }] });
}

async function showPage(visit: Visit, said: Said): Promise<void> {
  const { ctx, house, db, account, session } = visit;
  const contacts = await listAccountContacts(db, house.secrets, account.id);
  const ways = await listWays(db, account);
  const { passkeys } = ways;
  const names = await openNames(db, house.secrets, account.id, passkeys);
  const sessions = await listSessions(db, house.secrets, account.id);
  const page = accountPage({
    ...frameOf(ctx, house),
    person: {
      name: account.profile.name ?? '',
      identifiers: contacts.filter((contact) => contact.isIdentifier).map(({ kind, value }) => ({ kind, value })),
      hasStaleNumber: contacts.some((contact) => contact.confirmedAt && !isCounting(contact)),
    },
    ...(await connectedApps(visit)),
    history: await latestReleases(visit),
    passkeys: passkeys.map((passkey) => ({
      id: passkey.credentialId,
      name: names.get(passkey.credentialId) ?? passkey.label,
      addedAt: passkey.createdAt,
      isSynced: passkey.backedUp,
      isVouchedFor: passkey.isAttested && house.makers.trust(passkey.aaguid),
      ...(passkey.lastUsedAt && { lastUsed: passkey.lastUsedAt }),
    })),
    sessions: sessions.map(({ uid, about, clientIds, isShared, startedAt, lastSeenAt }) => ({
      id: uid,
      ...(about && { browser: about }),
      apps: clientIds.flatMap((id) => house.clients.find(id)?.name[ctx.state.language as 'id' | 'en'] ?? []),
      isShared,
      isCurrent: uid === session.uid,
      startedAt,
      lastSeen: lastSeenAt,
    })),
    passwordSince: ways.passwordSince,
    totpSince: ways.totpSince,
    recoveryCodes: ways.sheet?.left ?? 0,
    isRestricted: account.restrictedAt !== undefined,
    recoveryReadyAt: (await readRecoveries(db, account.id)).waiting?.readyAt,
    sheet: await openSheetOf(visit),
    identity: await identityAssurance(db, account.id),
    ...(await passkeyInvitation(visit, ways)),
    quietPasskey: await findQuietOptions(signedInHere(visit)),
    offersPasskey:
      passkeys.length === 0 && !session.isShared && !ctx.cookies.get(cookieNames(house.config.issuer).passkeyLater),
    passkeySignal: signalOf(visit, ways),
    ...said,
  });
  showForm(ctx, page);
}

/** Which passkeys the account has, and what it is called now: the device may list others, or an earlier name. */
function signalOf({ house, account }: Visit, { passkeys }: Ways): AccountContext['passkeySignal'] {
  const { accountName: name, displayName } = namesOf(account);
  const whose = { rpId: house.config.rpId, userId: userHandleOf(account.id) };
  const allAcceptedCredentialIds = passkeys.map(({ credentialId }) => credentialId);
  return { accepted: { ...whose, allAcceptedCredentialIds }, details: { ...whose, name, displayName } };
}

/** The options for a new passkey while the proof is fresh; otherwise the way to a fresh one. */
async function passkeyInvitation(
  visit: Visit,
  ways: Ways,
): Promise<Pick<AccountContext, 'passkeyOptions' | 'freshProofLink' | 'hardware'>> {
  const { ctx, house, session, account } = visit;
  if (!(await isProven(visit, ways))) return { freshProofLink: '/account/confirm' };
  if (session.isShared) return {};
  const exclude = ways.passkeys.map(({ credentialId }) => credentialId);
  const wantsHardware = house.makers.areKnown && ctx.query.key === 'hardware';
  const whose = { ...namesOf(account), boundTo: session.uid };
  const passkeyOptions = await newPasskeyOptions(house, { ...whose, exclude, wantsHardware });
  const link = '/account?key=hardware#passkeys';
  return { passkeyOptions, ...(house.makers.areKnown && { hardware: wantsHardware ? 'asked' : { link } }) };
}

const APPS_SHOWN = 24;

/** The apps of the latest permissions, and what all of them have saved: fields that nobody typed there. */
async function connectedApps(visit: Visit): Promise<Pick<AccountContext, 'apps' | 'figures' | 'sectors'>> {
  const permissions = await listCurrent(visit);
  const ids = [...new Set(permissions.map(({ clientId }) => clientId))];
  const fields = permissions.flatMap(({ claims }) => claims.filter((claim) => !notTyped.has(claim))).length;
  return {
    apps: await connectedAppsOf(visit, permissions, ids.slice(0, APPS_SHOWN)),
    figures: { apps: ids.length, fields },
    sectors: await sectorChoicesOf(visit),
  };
}

/** What comes with the account and is in no form. */
const notTyped: ReadonlySet<string> = new Set([
  'email_verified',
  'phone_number_verified',
  'updated_at',
  'locale',
  'zoneinfo',
]);

const notices = [
  'disconnected',
  'kept',
  'other-sessions-ended',
  'passkey-added',
  'passkey-removed',
  'passkey-renamed',
  'password-removed',
  'password-set',
  'recovery-cancelled',
  'recovery-codes-kept',
  'session-ended',
  'sheet-cancelled',
  'totp-added',
  'totp-removed',
] as const;

function noticeOf(ctx: Context): AccountContext['notice'] {
  const done = notices.find((name) => name === ctx.query.done);
  return done && { tone: 'done', text: translate(ctx.state.language)(`account.done-${done}`) };
}
