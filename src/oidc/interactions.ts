/**
 * What a person still has to do before an app gets its answer, as the pages see it. One interaction settles everything:
 * who it is, a new account if need be, a passkey, the consent; each page only writes down its step here and finishes.
 */
import type { Context } from 'koa';
import { type ClaimsParameter, errors, type Interaction, type Provider } from 'oidc-provider';
import type { Db } from '#src/base/database.ts';
import { Refusal } from '#src/base/refusals.ts';
import type { Secrets } from '#src/base/secrets.ts';
import { type Consent, findConsent } from '#src/consents/consents.ts';
import type { Identifier } from '#src/people/identifiers.ts';
import type { SignedIn } from '#src/people/sign-in.ts';
import type { ClientRecord } from '#src/registry/clients.ts';
import { isAccountClient } from './account-client.ts';
import { isAcrEssential, isAcrMet, requestedAcrs } from './acr.ts';
import { isCovered, type Wanted, wantedBy } from './grants.ts';
import { recordOf } from './models.ts';
import { lockInteraction } from './storage.ts';

/** Where a person stands. What they typed travels here, sealed with the interaction's row. */
export type Step =
  | { readonly at: 'sign-in' }
  /** A code was sent; `typed` is what the person wrote, to be repeated as it is. */
  | { readonly at: 'code'; readonly identifier: Identifier; readonly typed: string; readonly sentAt: number }
  /** The address is confirmed and nobody's: a name makes it an account with this id. */
  | { readonly at: 'name'; readonly identifier: Identifier; readonly accountId: string }
  /** Signed in with a way that a passkey would better. */
  | { readonly at: 'passkey-offer'; readonly signedIn: SignedIn }
  | { readonly at: 'consent'; readonly signedIn: SignedIn | undefined };

/** An interaction of the browser that asks, with the app it is for. */
export interface OpenInteraction {
  readonly uid: string;
  readonly client: ClientRecord;
  readonly prompt: { readonly name: string; readonly reasons: readonly string[] };
  readonly params: Readonly<Record<string, unknown>>;
  /** Whose session the browser holds, if any. */
  readonly accountId: string | undefined;
  readonly step: Step;
  readonly engine: Interaction;
}

interface Result {
  login?: { accountId: string; acr: string; amr: string[]; remember: boolean; ts: number };
  consent?: object;
  step?: Step;
}

/**
 * The interaction that the browser's cookie names.
 *
 * @throws {Refusal} `interaction_expired` when it is over, another's, or never was
 * @throws {Refusal} `client_unavailable` when the app was stopped meanwhile
 */
export async function openInteraction(provider: Provider, ctx: Context, uid: string): Promise<OpenInteraction> {
  const engine = await provider.interactionDetails(ctx.req, ctx.res).catch((error: unknown) => {
    if (error instanceof errors.SessionNotFound) throw new Refusal('interaction_expired', error.error_description);
    throw error;
  });
  if (engine.uid !== uid) throw new Refusal('interaction_expired', 'the cookie is of another interaction');
  const client = await provider.Client.find(String(engine.params.client_id));
  if (!client) throw new Refusal('client_unavailable', `client ${String(engine.params.client_id)}`);
  return {
    uid,
    client: recordOf(client),
    prompt: engine.prompt,
    params: engine.params,
    accountId: engine.session?.accountId,
    step: (engine.result as Result | undefined)?.step ?? firstStep(engine),
    engine,
  };
}

/**
 * Makes a second press of the same button wait. Call it before the first write of an answer that also writes elsewhere.
 *
 * @throws {Refusal} `interaction_expired` when it was finished meanwhile
 */
export async function holdInteraction(db: Db, secrets: Secrets, { uid }: OpenInteraction): Promise<void> {
  if (!(await lockInteraction(db, secrets, uid))) throw new Refusal('interaction_expired', 'it was finished meanwhile');
}

function firstStep(engine: Interaction): Step {
  return engine.prompt.name === 'consent' ? { at: 'consent', signedIn: undefined } : { at: 'sign-in' };
}

/** Writes down where the person stands now. */
export async function keepStep({ engine }: OpenInteraction, step: Step): Promise<void> {
  engine.result = { ...engine.result, step } as Interaction['result'];
  await engine.persist();
}

/** Hands the sign-in to the engine. @returns the address to go on to. */
export function finishSignIn(interaction: OpenInteraction, signedIn: SignedIn): Promise<string> {
  return finish(interaction, { login: loginOf(signedIn) });
}

/** Hands the consent, which is on record by now, to the engine. @returns the address to go on to. */
export function finishConsent(interaction: OpenInteraction, signedIn: SignedIn | undefined): Promise<string> {
  return finish(interaction, { ...(signedIn && { login: loginOf(signedIn) }), consent: {} });
}

/** Answers the app with `access_denied` (RFC 6749 §4.1.2.1). @returns the address to go on to. */
export async function finishDenied({ engine }: OpenInteraction, description: string): Promise<string> {
  engine.result = { error: 'access_denied', error_description: description };
  await engine.persist();
  return engine.returnTo;
}

function loginOf({ accountId, acr, amr }: SignedIn): NonNullable<Result['login']> {
  return { accountId, acr, amr: [...amr], remember: true, ts: Math.floor(Date.now() / 1000) };
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
  return wantedBy(client, wordsOf(params.scope), claimsOf(params));
}

/** The `claims` parameter, which the engine has checked by now. */
function claimsOf({ claims }: OpenInteraction['params']): ClaimsParameter | undefined {
  return typeof claims === 'string' ? JSON.parse(claims) : undefined;
}

/** A parameter of words with spaces between them. */
function wordsOf(parameter: unknown): string[] {
  return String(parameter ?? '')
    .split(' ')
    .filter(Boolean);
}

/** The consent on record and whether the app's request goes beyond it. */
export async function consentNeeded(
  db: Db,
  interaction: OpenInteraction,
  accountId: string,
): Promise<{ needed: boolean; before: Consent | undefined }> {
  if (isAccountClient(interaction.client)) return { needed: false, before: undefined };
  const before = await findConsent(db, accountId, interaction.client.id);
  const isRequested = wordsOf(interaction.params.prompt).includes('consent');
  const covered = isCovered(interaction.client, before, wantedIn(interaction), new Date());
  return { needed: isRequested || !covered, before };
}

/** Whether the app insists on an assurance that this sign-in does not reach. */
export function needsStronger({ params }: OpenInteraction, acr: string): boolean {
  const claims = claimsOf(params);
  return isAcrEssential(claims) && !isAcrMet(acr, requestedAcrs({ params, claims }));
}
