/**
 * What a person still has to do before an app gets its answer, as the pages see it. One interaction settles everything:
 * who it is, a new account if need be, a passkey, the consent; each page only writes down its step here and finishes.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Context } from 'koa';
import { errors, type Interaction, type Provider } from 'oidc-provider';
import type { Db } from '#src/base/database.ts';
import type { Log } from '#src/base/log.ts';
import { Refusal } from '#src/base/refusals.ts';
import type { Secrets } from '#src/base/secrets.ts';
import type { CurrentPermissions } from '#src/consents/permissions.ts';
import type { Identifier } from '#src/people/identifiers.ts';
import type { SignedIn } from '#src/people/sign-in.ts';
import type { ClientRecord } from '#src/registry/clients.ts';
import { type Demand, demandOf } from './acr.ts';
import { isCovered, settling, type Wanted, wantedBy, withoutResting } from './grants.ts';
import { lacksIdentity } from './identity-demand.ts';
import { recordOf } from './models.ts';
import { isOwnClient } from './own-clients.ts';
import { claimsParameterOf, type RequestParams, wordsOf } from './params.ts';
import { holdInteraction as holdRow } from './storage/interactions.ts';
import { isSharedSession } from './storage/known.ts';
import { readPerson } from './storage/person-of-app.ts';
import type { Trail } from './trails.ts';

/** A sign-in with the moment of its proof, which becomes `auth_time`: the person may think about a consent for a while. */
export interface Proof extends SignedIn {
  /** Seconds since 1970. */
  readonly provenAt: number;
  /** Of the browser, since it was noted. */
  readonly trail?: Trail;
}

/** A contact of an account that somebody has shown to be theirs, on the way back into it. */
export interface ProvenContact {
  readonly accountId: string;
  readonly contact: Identifier;
  /** Seconds since 1970. */
  readonly provenAt: number;
}

/** Enough proof to give an account a new way to sign in. */
export interface RecoveryProof {
  readonly accountId: string;
  /** The waiting recovery and its two contacts; undefined when a printed code was the second proof. */
  readonly byContacts: { readonly id: string; readonly contacts: readonly [Identifier, Identifier] } | undefined;
  /** Of what was shown. */
  readonly amr: readonly string[];
  /** Of the last one. */
  readonly provenAt: number;
}

/** What the owner of a frozen account has shown: a passkey, or a contact. The other kind of proof opens it. */
export interface Opening {
  readonly accountId: string;
  readonly signedIn: Proof | undefined;
  readonly contact: Identifier | undefined;
  readonly provenAt: number;
}

/** Where a person stands. What they typed travels here, sealed with the interaction's row. */
export type Step =
  | { readonly at: 'sign-in' }
  /** A code was sent; `typed` is what the person wrote, to be repeated as it is. */
  | { readonly at: 'code'; readonly identifier: Identifier; readonly typed: string; readonly sentAt: number }
  /** The address is confirmed and nobody's: a name makes it an account with this id. */
  | { readonly at: 'name'; readonly identifier: Identifier; readonly accountId: string; readonly provenAt: number }
  /**
   * One more thing is asked for: a code of the authenticator app, one sent to another contact, or a passkey. `typed` is
   * the address that the password was typed for. `isHeld`: it is the browser's session, and skipping leaves it as it is.
   */
  | {
      readonly at: 'second-factor';
      readonly signedIn: Proof;
      readonly typed?: Identifier;
      readonly isHeld?: true;
      readonly sent?: { readonly to: Identifier; readonly at: number };
    }
  /** Signed in with a way that a passkey would better. */
  | { readonly at: 'passkey-offer'; readonly signedIn: Proof }
  | { readonly at: 'consent'; readonly signedIn: Proof | undefined }
  /** Cannot sign in: a code was sent to a contact; `typed` as above. */
  | { readonly at: 'recovery-code'; readonly identifier: Identifier; readonly typed: string; readonly sentAt: number }
  /** The contact is theirs: a printed code or a second contact comes next. */
  | { readonly at: 'recovery'; readonly first: ProvenContact }
  | {
      readonly at: 'recovery-second';
      readonly first: ProvenContact;
      readonly second: Identifier;
      readonly sentAt: number;
    }
  /** The account is frozen, and its owner half-way to opening it; `sent`: a code is on its way to a contact. */
  | {
      readonly at: 'frozen';
      readonly opening: Opening;
      readonly sent?: { readonly to: Identifier; readonly at: number };
    }
  /** A new way to sign in ends the recovery. */
  | { readonly at: 'recovery-way'; readonly proof: RecoveryProof };

/** One of them. */
export type StepAt<At extends Step['at']> = Extract<Step, { at: At }>;

/** An interaction of the browser that asks, with the app it is for. */
export interface OpenInteraction {
  readonly uid: string;
  readonly client: ClientRecord;
  readonly prompt: { readonly name: string; readonly reasons: readonly string[] };
  readonly params: RequestParams;
  /** Whose session the browser holds, if any. */
  readonly accountId: string | undefined;
  readonly step: Step;
  /** Whether other people use the device too: somebody said so here, or at the sign-in before. */
  readonly isShared: boolean;
  readonly engine: Interaction;
}

interface Result {
  /** The person was asked for more than their session holds, and goes on with what it holds. */
  isSkipped?: true;
  login?: { accountId: string; acr: string; amr: string[]; remember: boolean; ts: number; trail?: Trail };
  consent?: object;
  step?: Step;
  isShared?: boolean;
}

/**
 * The interaction that the browser's cookie names.
 *
 * @param hold makes other presses of its buttons wait until this request is over: for answers that also write elsewhere
 * @throws {Refusal} `interaction_expired` when it is over, another's, or never was
 * @throws {Refusal} `client_unavailable` when the app was stopped meanwhile
 */
export async function openInteraction(
  house: Holding,
  ctx: Context,
  uid: string,
  { hold = false } = {},
): Promise<OpenInteraction> {
  const { provider } = house;
  if (hold) await holdRow(house, ctx.state.db, uid);
  const engine = await provider.interactionDetails(ctx.req, ctx.res).catch((error: unknown) => {
    if (error instanceof errors.SessionNotFound) throw new Refusal('interaction_expired', error.error_description);
    throw error;
  });
  if (engine.uid !== uid) throw new Refusal('interaction_expired', 'the cookie is of another interaction');
  const client = await provider.Client.find(String(engine.params.client_id));
  if (!client) throw new Refusal('client_unavailable', `client ${String(engine.params.client_id)}`);
  const isShared = engine.session !== undefined && isSharedSession(ctx.state.db, engine.session.uid);
  return {
    uid,
    client: recordOf(client),
    prompt: engine.prompt,
    params: engine.params,
    accountId: engine.session?.accountId,
    step: stepOf(engine),
    get isShared() {
      return isShared || (engine.result as Result | undefined)?.isShared === true;
    },
    engine,
  };
}

/**
 * Makes a second press of the same button wait. Call it before the first write of an answer that also writes elsewhere.
 *
 * @returns undefined when the interaction stands where this request found it; otherwise the address where the person
 *   stands by now
 * @throws {Refusal} `interaction_expired` when it was finished meanwhile
 */
export async function holdInteraction(
  db: Db,
  house: Holding,
  { uid, step }: Pick<OpenInteraction, 'uid' | 'step'>,
): Promise<string | undefined> {
  await holdRow(house, db, uid);
  const engine = await house.provider.Interaction.find(uid);
  if (!engine) throw new Refusal('interaction_expired', 'it was finished meanwhile');
  if (isDeepStrictEqual(stepOf(engine), step) && !isFinished(engine)) return undefined;
  return isFinished(engine) ? engine.returnTo : `/interaction/${uid}`;
}

/** What holding an interaction takes. */
export interface Holding {
  readonly provider: Provider;
  readonly secrets: Secrets;
  readonly epoch: number;
  readonly log: Log;
}

/** Where a person goes on whose interaction is finished: they pressed twice, or came back. */
export function whereFinished({ engine }: OpenInteraction): string | undefined {
  return isFinished(engine) ? engine.returnTo : undefined;
}

function stepOf(engine: Interaction): Step {
  const { step } = (engine.result ?? {}) as Result;
  return step ?? (engine.prompt.name === 'consent' ? { at: 'consent', signedIn: undefined } : { at: 'sign-in' });
}

function isFinished({ result }: Interaction): boolean {
  return result !== undefined && (result as Result).step === undefined;
}

/** Says whether other people use the device too. It is written down with the next step. */
export function noteShared({ engine }: OpenInteraction, isShared: boolean): void {
  engine.result = { ...engine.result, step: stepOf(engine), isShared } as Interaction['result'];
}

/**
 * Goes on without the browser's session, if it was this account's and is ended: the engine takes the answer for nobody's
 * otherwise. It is written down with the next step.
 */
export function leaveSessionOf(interaction: OpenInteraction, accountId: string): void {
  const { engine, isShared } = interaction;
  if (engine.session?.accountId !== accountId) return;
  if (isShared) noteShared(interaction, true);
  delete engine.session;
}

/** The interaction as if it stood at a step that nothing has written down yet. */
export function atStep(interaction: OpenInteraction, step: Step): OpenInteraction {
  return {
    ...interaction,
    step,
    get isShared() {
      return interaction.isShared;
    },
  };
}

/** Whether the person has done nothing in it yet. */
export function isUntouched({ engine }: OpenInteraction): boolean {
  return engine.result === undefined;
}

/** Writes down where the person stands now. */
export async function keepStep({ engine }: OpenInteraction, step: Step): Promise<void> {
  engine.result = { ...engine.result, step } as Interaction['result'];
  await engine.persist();
}

/** Hands the sign-in to the engine. @returns the address to go on to. */
export function finishSignIn(interaction: OpenInteraction, signedIn: Proof): Promise<string> {
  return finish(interaction, { login: loginOf(interaction, signedIn) });
}

/** Goes on with the session as it is. @returns the address to go on to. */
export function finishAsHeld(interaction: OpenInteraction): Promise<string> {
  return finish(interaction, { isSkipped: true });
}

/** Whether a request may go on with less than its app wishes: the person has signed in for it, or was asked for more. */
export function mayFallShort(result: object | undefined): boolean {
  const { login, isSkipped } = (result ?? {}) as Result;
  return login !== undefined || isSkipped === true;
}

/** Hands the consent, which is on record by now, to the engine. @returns the address to go on to. */
export function finishConsent(interaction: OpenInteraction, signedIn: Proof | undefined): Promise<string> {
  return finish(interaction, { ...(signedIn && { login: loginOf(interaction, signedIn) }), consent: {} });
}

/** Answers the app with `access_denied` (RFC 6749 §4.1.2.1). @returns the address to go on to. */
export async function finishDenied({ engine }: OpenInteraction, description: string): Promise<string> {
  engine.result = { error: 'access_denied', error_description: description };
  await engine.persist();
  return engine.returnTo;
}

function loginOf({ isShared }: OpenInteraction, signedIn: Proof): NonNullable<Result['login']> {
  const { accountId, acr, amr, provenAt, trail } = signedIn;
  return { accountId, acr, amr: [...amr], remember: !isShared, ts: provenAt, ...(trail && { trail }) };
}

async function finish({ engine }: OpenInteraction, result: Result): Promise<string> {
  // What an earlier round of the same request has settled stays settled (`prompt=login consent`).
  const { step: _, ...settled } = (engine.lastSubmission ?? {}) as Result;
  engine.result = { ...settled, ...result } as Interaction['result'];
  await engine.persist();
  return engine.returnTo;
}

/** What the app asks for in this interaction. */
export function wantedIn({ client, params }: OpenInteraction): Wanted {
  return wantedBy(client, wordsOf(params.scope), claimsParameterOf(params));
}

/** What there is to ask a person for an app. */
interface Asked {
  /** Whether the request goes beyond what counts of what is on record. */
  readonly needed: boolean;
  /** What counts. */
  readonly before: CurrentPermissions;
  /** All that is on record, with a consent that rests. */
  readonly onRecord: CurrentPermissions;
  /** Whether the app asks for more proof of who it is. */
  readonly lacksIdentity: boolean;
}

/** What is on record of a person and the app of an interaction, and what has to be asked. */
export async function consentNeeded(
  db: Db,
  secrets: Secrets,
  interaction: OpenInteraction,
  accountId: string,
): Promise<Asked> {
  const nothing = { consent: undefined, notice: undefined };
  if (isOwnClient(interaction.client))
    return { needed: false, before: nothing, onRecord: nothing, lacksIdentity: false };
  const { account, permissions } = await readPerson({ secrets }, db, accountId, interaction.client);
  const lacks = await lacksIdentity(db, accountId, interaction.client);
  const isRequested = wordsOf(interaction.params.prompt).includes('consent');
  const wanted = wantedIn(interaction);
  const settled = account ? settling(permissions, wanted, account) : permissions;
  const covered = isCovered(interaction.client, settled, wanted, new Date());
  const before = account ? withoutResting(permissions, account) : permissions;
  return { needed: isRequested || !covered || lacks, before, onRecord: permissions, lacksIdentity: lacks };
}

/** How sure the app has to be that it is the person. */
export function demandIn({ client, params }: OpenInteraction): Demand {
  return demandOf(client, params);
}
