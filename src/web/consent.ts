/** The consent page: what an app may read, shown with the person's own values, and the answer put on record. */
import type { Context } from 'koa';
import { DAY_MS } from '#src/base/epoch.ts';
import { Refusal } from '#src/base/refusals.ts';
import { basisOf, type Consent, giveConsent, termOf } from '#src/consents/consents.ts';
import { personClaims } from '#src/oidc/claims.ts';
import { endGrants, isSettled } from '#src/oidc/grants.ts';
import {
  consentNeeded,
  finishConsent,
  type OpenInteraction,
  type Proof,
  type StepAt,
  wantedIn,
} from '#src/oidc/interactions.ts';
import { readPerson } from '#src/oidc/storage.ts';
import { nameSubject } from '#src/oidc/subjects.ts';
import { type Account, mayUse } from '#src/people/accounts.ts';
import { isOpenTo } from '#src/registry/client-reach.ts';
import type { ClientClaim, ClientRecord } from '#src/registry/clients.ts';
import { noteFirstSignIn } from '#src/registry/first-sign-ins.ts';
import { type ConsentItem, consentPage } from '#views/consent.ts';
import { identityNeededPage } from '#views/identity-needed.ts';
import { basisName } from '#views/legal-basis.ts';
import { trialOnlyPage } from '#views/trial-only.ts';
import { frameOf, serviceOf, showForm } from './frame.ts';
import type { Visit } from './interaction-pages.ts';
import type { Form } from './middleware/forms.ts';
import { findQuietOptions, type JustSignedIn, keepQuietPasskey } from './quiet-passkey.ts';

type ConsentStep = StepAt<'consent'>;

/** Shows what the app asks for. @throws {Refusal} `interaction_expired`, `account_unavailable` */
export async function showConsent(visit: Visit, step: ConsentStep): Promise<void> {
  const { ctx, house, db, interaction } = visit;
  const { client } = interaction;
  const { language } = ctx.state;
  if (!isInvited(visit, step)) return showTrialOnly(visit);
  if (!client.firstSignInAt) await fixSubjectGroup(visit);
  const person = await loadPerson(visit, step);
  const { before, lacksIdentity } = await consentNeeded(db, house.secrets, interaction, person.id);
  if (lacksIdentity) return showIdentityNeeded(visit);
  const wanted = wantedIn(interaction);
  const asked = askedClaims(interaction);
  const page = consentPage({
    ...frameOf(ctx, house, client),
    ...(interaction.isShared && { onSharedDevice: {} }),
    service: serviceOf(client, language, house.config.mode),
    agency: { legalName: client.agency.legalName, registeredSince: client.agency.createdAt },
    person: { name: person.profile.name ?? '' },
    purpose: client.purpose[language as 'id' | 'en'],
    items: itemsFor(ctx, interaction, person, before),
    asked: askedAs(before),
    until: endOf(client, keptOf(client, before, asked)),
    whileAway: wanted.scopes.includes('offline_access'),
    terms: termsOf(client, asked),
    quietPasskey: step.signedIn && (await findQuietOptions(signedInHere(visit, person, step.signedIn))),
  });
  showForm(ctx, page, client, interaction.params.redirect_uri);
}

/** An app that is on trial is for those whom its team invited. */
function isInvited({ house, interaction }: Visit, step: ConsentStep): boolean {
  const accountId = step.signedIn?.accountId ?? interaction.accountId;
  return accountId === undefined || isOpenTo(interaction.client, house.config.mode, accountId);
}

function showTrialOnly({ ctx, house, interaction: { client, params } }: Visit): void {
  const service = serviceOf(client, ctx.state.language, house.config.mode);
  showForm(ctx, trialOnlyPage({ ...frameOf(ctx, house, client), service }), client, params.redirect_uri);
}

function showIdentityNeeded({ ctx, house, interaction: { client, params } }: Visit): void {
  const page = identityNeededPage({
    ...frameOf(ctx, house, client),
    service: serviceOf(client, ctx.state.language, house.config.mode),
    inPerson: client.minIdentity === 'ial3',
  });
  showForm(ctx, page, client, params.redirect_uri);
}

/**
 * Keeps the passkey that the browser made while the page was open. Answers without a page.
 *
 * @throws {Refusal} `interaction_expired`, `account_unavailable`
 */
export async function keepPasskeyHere(visit: Visit, form: Form): Promise<void> {
  const { step } = visit.interaction;
  if (step.at !== 'consent' || !step.signedIn) throw new Refusal('interaction_expired', 'the page was left');
  const person = await loadPerson(visit, step);
  await keepQuietPasskey(signedInHere(visit, person, step.signedIn), form.get('credential'));
}

function signedInHere({ ctx, house, db, interaction }: Visit, account: Account, signedIn: Proof): JustSignedIn {
  const proof = { ...signedIn, signedInAt: new Date(signedIn.provenAt * 1000) };
  return { ctx, house, db, account, proof, boundTo: interaction.uid, isShared: interaction.isShared };
}

/**
 * Puts the answer on record: what is required or a duty, and what was ticked.
 *
 * @returns the address to go on to
 * @throws {Refusal} `interaction_expired`, `account_unavailable`
 */
export async function allowConsent(visit: Visit, form: Form, step: ConsentStep): Promise<string> {
  const { ctx, house, db, interaction } = visit;
  const { client } = interaction;
  if (!isInvited(visit, step)) return `/interaction/${interaction.uid}`;
  const asked = askedClaims(interaction);
  // The app's declaration changed while the page was open: what it says now has to be seen first. A program that sends
  // the buttons of the page without its hidden fields answers for what is declared now.
  const shown = form.get('terms');
  if (shown && shown !== termsOf(client, asked)) return `/interaction/${interaction.uid}`;
  const person = await loadPerson(visit, step);
  const { before, lacksIdentity } = await consentNeeded(db, house.secrets, interaction, person.id);
  if (lacksIdentity) return `/interaction/${interaction.uid}`;
  const ticked = form.list('claim');
  const allowed = asked.filter((item) => isFixed(item) || ticked.includes(item.claim)).map(({ claim }) => claim);
  const declined = asked.map(({ claim }) => claim).filter((claim) => !allowed.includes(claim));
  const kept = keptOf(client, before, asked);
  const draft = {
    accountId: person.id,
    clientId: client.id,
    basis: basisOf(asked),
    scopes: [...new Set([...kept.scopes, ...wantedIn(interaction).scopes])],
    claims: [...kept.claims, ...allowed],
    declined: [...kept.declined, ...declined],
    terms: [...kept.items, ...asked].map((item) => termOf(client, item)),
    purpose: client.purpose.id,
    expiresAt: endOf(client, kept),
    language: ctx.state.language,
    acr: step.signedIn?.acr ?? interaction.engine.session?.acr ?? 'aal1',
    amr: step.signedIn?.amr ?? interaction.engine.session?.amr ?? [],
  };
  await giveConsent(db, draft, before);
  await nameSubject(db, house.secrets, person.id, client.subjectGroupId);
  if (before && isNarrower({ claims: [...kept.claims, ...allowed] }, before)) await endGrants(db, person.id, client.id);
  return finishConsent(interaction, step.signedIn);
}

/** What was answered before, is not on this page, and is still declared as it was then. It keeps its own end. */
function keptOf(client: ClientRecord, before: Consent | undefined, asked: readonly ClientClaim[]) {
  const valid = stillValid(before);
  const items = valid ? client.claims.filter((item) => !asked.includes(item) && isSettled(client, valid, item)) : [];
  const isKept = (claim: string) => items.some((item) => item.claim === claim);
  return {
    items,
    scopes: valid?.scopes ?? [],
    claims: (valid?.claims ?? []).filter(isKept),
    declined: (valid?.declined ?? []).filter(isKept),
    until: items.length > 0 ? valid?.expiresAt : undefined,
  };
}

/** A consent ends with the oldest answer in it, so that none is renewed unseen. */
function endOf({ consentDays }: ClientRecord, { until }: { until: Date | undefined }): Date {
  return until ?? new Date(Date.now() + consentDays * DAY_MS);
}

/** Whether something that was allowed is not any more: then what the app holds ends, and it asks for tokens anew. */
function isNarrower(now: Pick<Consent, 'claims'>, before: Consent): boolean {
  return before.claims.some((claim) => !now.claims.includes(claim));
}

/** What the page says, for telling on its return whether that is still what is declared. */
function termsOf(client: ClientRecord, asked: readonly ClientClaim[]): string {
  return asked.map((item) => termOf(client, item)).join(' ');
}

/**
 * From its first consent page on, an app's subject group never changes. Written by a statement of its own, because it takes
 * the registry's lock, by a request that writes nothing else: who holds a connection must not wait for a second one. Read
 * anew when a change came in between.
 */
async function fixSubjectGroup({ house, interaction: { client } }: Visit): Promise<void> {
  const group = await noteFirstSignIn(house.database, client.id);
  if (group !== client.subjectGroupId) await house.clients.refresh();
}

async function loadPerson({ house, db, interaction }: Visit, step: ConsentStep): Promise<Account> {
  const accountId = step.signedIn?.accountId ?? interaction.accountId;
  if (!accountId) throw new Refusal('interaction_expired', 'nobody is signed in');
  const { account: person } = await readPerson(house, db, accountId, interaction.client);
  if (!person) throw new Refusal('account_unavailable', 'no such account');
  if (!mayUse(person)) throw new Refusal('account_unavailable', `the account is ${person.state}`);
  return person;
}

function askedClaims(interaction: OpenInteraction): ClientClaim[] {
  const { claims } = wantedIn(interaction);
  return interaction.client.claims.filter(({ claim }) => claims.includes(claim));
}

/** Not a choice: the app cannot work without it, or a law demands it. */
function isFixed({ required, basis }: ClientClaim): boolean {
  return required || basis !== 'consent';
}

function itemsFor(
  ctx: Context,
  interaction: OpenInteraction,
  person: Account,
  before: Consent | undefined,
): ConsentItem[] {
  const language = ctx.state.language as 'id' | 'en';
  const values = personClaims(person);
  return askedClaims(interaction).map((item) => ({
    claim: item.claim,
    value: values[item.claim],
    reason: language === 'en' ? item.purposeEn : item.purpose,
    required: isFixed(item),
    isNew: before !== undefined && !isSettled(interaction.client, before, item),
    ...(item.basis !== 'consent' && { duty: basisName(language, item.basis) }),
  }));
}

function askedAs(before: Consent | undefined): 'first' | 'changed' | 'renewed' {
  if (!before) return 'first';
  return stillValid(before) ? 'changed' : 'renewed';
}

function stillValid(consent: Consent | undefined): Consent | undefined {
  return consent && consent.expiresAt > new Date() ? consent : undefined;
}
