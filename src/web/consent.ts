/** The consent page: what an app may read, shown with the person's own values, and the answer put on record. */
import type { Context } from 'koa';
import { DAY_MS } from '#src/base/epoch.ts';
import { Refusal } from '#src/base/refusals.ts';
import { givePermissions, type PermissionDraft } from '#src/consents/permission-giving.ts';
import {
  type CurrentPermissions,
  lastExpired,
  type OtherBasis,
  type PermissionKind,
  type Withheld,
} from '#src/consents/permissions.ts';
import { holdTerms, recordTerms, sayTheSame, termsOf } from '#src/consents/terms.ts';
import { personClaims } from '#src/oidc/claims.ts';
import { endGrants, isSameSet, isSettled, validOf, wantedBy } from '#src/oidc/grants.ts';
import {
  consentNeeded,
  finishConsent,
  type OpenInteraction,
  type Proof,
  type StepAt,
  wantedIn,
} from '#src/oidc/interactions.ts';
import { knownSubject } from '#src/oidc/storage/known.ts';
import { forgetPerson, readPerson } from '#src/oidc/storage/person-of-app.ts';
import { nameSubject } from '#src/oidc/subjects.ts';
import { heedBirthdate, recordEnd, withdraw } from '#src/oidc/withdrawals.ts';
import { type Account, mayUse } from '#src/people/accounts.ts';
import { adulthoodOf, ageGroup, readBirthdate } from '#src/people/birthdate.ts';
import { saveProfile } from '#src/people/profile.ts';
import type { StandardClaim } from '#src/registry/claims.ts';
import { isOpenTo } from '#src/registry/client-reach.ts';
import type { ClientClaim, ClientRecord } from '#src/registry/clients.ts';
import { noteFirstSignIn } from '#src/registry/first-sign-ins.ts';
import { type ConsentContext, type ConsentItem, consentPage } from '#views/consent.ts';
import { identityNeededPage } from '#views/identity-needed.ts';
import type { Problem } from '#views/parts/problem.ts';
import { trialOnlyPage } from '#views/trial-only.ts';
import { frameOf, serviceOf, showForm } from './frame.ts';
import type { Visit } from './interaction-pages.ts';
import type { Form } from './middleware/forms.ts';
import { findQuietOptions, type JustSignedIn, keepQuietPasskey } from './quiet-passkey.ts';

type ConsentStep = StepAt<'consent'>;

/** What the page says of a birth date that cannot be read. */
interface SaidOfBirth {
  readonly typed?: string | undefined;
  readonly problems?: readonly Problem<never>[];
}

/** Shows what the app asks for. @throws {Refusal} `interaction_expired`, `account_unavailable` */
export async function showConsent(visit: Visit, step: ConsentStep, said: SaidOfBirth = {}): Promise<void> {
  const { ctx, house, db, interaction } = visit;
  const { client } = interaction;
  const { language } = ctx.state;
  if (!isInvited(visit, step)) return showTrialOnly(visit);
  if (!client.firstSignInAt) await fixSubjectGroup(visit);
  const person = await loadPerson(visit, step);
  const { before: current, onRecord, lacksIdentity } = await consentNeeded(db, house.secrets, interaction, person.id);
  if (lacksIdentity) return showIdentityNeeded(visit);
  const before = await withExpired(visit, person, current);
  await recordTerms(house.database, termsOf(client));
  const wanted = wantedIn(interaction);
  const withheld = withheldFrom(person);
  const items = itemsFor(ctx, interaction, person, before);
  const page = consentPage({
    ...frameOf(ctx, house, client),
    ...(interaction.isShared && { onSharedDevice: {} }),
    service: serviceOf(client, language, house.config.mode),
    agency: { legalName: client.agency.legalName, registeredSince: client.agency.createdAt },
    person: { name: person.profile.name ?? '' },
    purpose: client.purpose[language as 'id' | 'en'],
    items: withheld ? items.filter(({ duty }) => duty !== undefined) : items,
    withheld,
    leavesOut: items.some(({ duty }) => duty === undefined),
    hadAgreed: withheld !== undefined && onRecord.consent !== undefined,
    birthdate: said.typed,
    problems: said.problems,
    asked: askedAs(before, items),
    until: untilOf(interaction, before),
    whileAway: wanted.scopes.includes('offline_access'),
    terms: termsOf(client).id,
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
  const { house, db, interaction } = visit;
  const { client } = interaction;
  if (!isInvited(visit, step)) return `/interaction/${interaction.uid}`;
  // The app's declaration changed while the page was open: what it says now has to be seen first. A program that sends
  // the buttons of the page without its hidden fields answers for what is declared now.
  const shown = form.get('terms');
  const terms = termsOf(client);
  if (shown && shown !== terms.id) return `/interaction/${interaction.uid}`;
  const shownTo = await loadPerson(visit, step);
  const person = await tellBirthdate(visit, shownTo, form.get('birthdate').trim());
  const { needed, before, onRecord, lacksIdentity } = await consentNeeded(db, house.secrets, interaction, person.id);
  if (lacksIdentity) return `/interaction/${interaction.uid}`;
  // Who is of age after all has not seen yet what they may choose, unless they chose before.
  const isAdultNow = person !== shownTo && !withheldFrom(person);
  if (isAdultNow) return needed ? `/interaction/${interaction.uid}` : finishConsent(interaction, step.signedIn);
  await holdTerms(house.database, db, terms);
  const renewed = await withExpired(visit, person, before);
  const drafts = answersTo(visit, step, { person, before: renewed, ticked: form.list('claim') });
  await givePermissions(db, house.secrets, drafts, onRecord);
  // Of an unknown age it only rests.
  if (onRecord.consent && withheldFrom(person) === 'minor')
    await withdraw(db, house.secrets, {
      ...{ accountId: person.id, clientId: client.id },
      ...{ kinds: ['consent'], cause: 'underage' },
    });
  await nameSubject(db, house.secrets, person.id, client.subjectGroupId);
  if (isNarrower(drafts, onRecord)) await endGrants(db, person.id, client.id);
  if (onRecord.consent && isNarrower(drafts, { ...onRecord, notice: undefined }))
    await recordEnd(db, house.secrets, {
      ...{ accountId: person.id, clientId: client.id },
      ...{ permissionId: onRecord.consent.id, cause: 'narrowed' },
    });
  return finishConsent(interaction, step.signedIn);
}

/**
 * What is on record, and what was until it expired and nothing came after: the page renews it as well. To whom no app of the
 * group has ever been opened nothing has expired, and nothing is asked.
 */
async function withExpired(
  { db, interaction }: Visit,
  person: Account,
  before: CurrentPermissions,
): Promise<CurrentPermissions> {
  const hasNone = !knownSubject(db, person.id, interaction.client.subjectGroupId);
  if (hasNone || (before.consent && before.notice)) return before;
  const expired = await lastExpired(db, person.id, interaction.client.id);
  return { consent: before.consent ?? expired.consent, notice: before.notice ?? expired.notice };
}

/** Why nothing that rests on consent may be asked of a person. */
function withheldFrom({ profile }: Account): Withheld | undefined {
  const group = ageGroup(profile, new Date());
  return group === 'adult' ? undefined : group;
}

/** Keeps a birth date of whom none is known; other apps may ask again what they could not. @throws {Refusal} `birthdate_invalid` */
async function tellBirthdate({ house, db, interaction }: Visit, person: Account, typed: string): Promise<Account> {
  if (!typed || ageGroup(person.profile, new Date()) !== 'unknown') return person;
  const profile = { ...person.profile, birthdate: readBirthdate(typed, new Date()) };
  await saveProfile(db, house.secrets, person.id, profile);
  await heedBirthdate(db, house.secrets, person.id, ageGroup(profile, new Date()));
  forgetPerson(db, person.id, interaction.client.id);
  return { ...person, profile };
}

/** What a person was shown, and answered. */
interface Answer {
  readonly person: Account;
  readonly before: CurrentPermissions;
  readonly ticked: readonly string[];
}

/**
 * What goes on record: of the items that rest on consent what is required and what was ticked, of all others that the person
 * was told. An app that asks for nothing but who it is still asks whether it may. Of whom no consent may be asked it goes on
 * record that they were told, and by which name the app knows them: that they use a public service is a public task.
 */
function answersTo(visit: Visit, step: ConsentStep, { person, before, ticked }: Answer): PermissionDraft[] {
  const { ctx, interaction } = visit;
  const { client, engine } = interaction;
  const { scopes: held, consent, notice } = answersBefore(interaction, before);
  const how = {
    accountId: person.id,
    terms: termsOf(client),
    scopes: [...new Set([...held, ...wantedIn(interaction).scopes])],
    language: ctx.state.language,
    acr: step.signedIn?.acr ?? engine.session?.acr ?? 'aal1',
    amr: step.signedIn?.amr ?? engine.session?.amr ?? [],
    interaction: interaction.uid,
  };
  const drafts: PermissionDraft[] = [];
  const [first] = [...notice.asked, ...notice.kept];
  const withheld = withheldFrom(person);
  if (first || withheld) {
    const claims = namesOf([...notice.kept, ...notice.asked]);
    const event = isSameOrExpired(before.notice, claims) ? 'renewed' : 'given';
    const basis = (first?.basis ?? 'public_task') as OtherBasis;
    const expiresAt = noLaterThanAdulthood(person, endOf(client, notice));
    drafts.push({ ...how, kind: 'notice', basis, event, claims, expiresAt, withheld });
  }
  if (!withheld && (consent.asked.length + consent.kept.length > 0 || !first)) {
    const isAllowed = ({ claim, required }: ClientClaim) => required || ticked.includes(claim);
    const keptNames = namesOf(consent.kept);
    const claims = [
      ...keptNames.filter((claim) => before.consent?.claims.includes(claim)),
      ...namesOf(consent.asked.filter(isAllowed)),
    ];
    const declined = namesOf([...consent.kept, ...consent.asked]).filter((claim) => !claims.includes(claim));
    drafts.push({
      ...{ ...how, kind: 'consent', claims, declined },
      ...{ event: eventOf(before.consent, claims), expiresAt: endOf(client, consent) },
    });
  }
  return drafts;
}

/** Then the app asks for what it could not ask for. */
function noLaterThanAdulthood({ profile }: Account, end: Date): Date {
  const adulthood = adulthoodOf(profile);
  return adulthood && adulthood > new Date() && adulthood < end ? adulthood : end;
}

function eventOf(before: CurrentPermissions['consent'], claims: readonly StandardClaim[]) {
  if (isSameOrExpired(before, claims)) return 'renewed';
  return before && claims.every((claim) => before.claims.includes(claim)) ? 'narrowed' : 'given';
}

function isSameOrExpired(
  before: CurrentPermissions[PermissionKind] | undefined,
  claims: readonly StandardClaim[],
): boolean {
  if (!before) return false;
  return before.expiresAt <= new Date() || isSameSet(before.claims, claims);
}

function namesOf(items: readonly ClientClaim[]): StandardClaim[] {
  return items.map(({ claim }) => claim);
}

/** Items of one kind: those that this page is about, and those that were answered before and are declared as they were. */
interface KindOfItems {
  readonly asked: readonly ClientClaim[];
  readonly kept: readonly ClientClaim[];
  /** When the answers that are kept end. */
  readonly until: Date | undefined;
}

function answersBefore(
  interaction: OpenInteraction,
  before: CurrentPermissions,
): Record<PermissionKind, KindOfItems> & { readonly scopes: readonly string[] } {
  const { client } = interaction;
  const valid = validOf(before, new Date());
  const asked = askedClaims(interaction);
  const ofKind = (kind: PermissionKind): KindOfItems => {
    const isOfKind = ({ basis }: ClientClaim) => (basis === 'consent') === (kind === 'consent');
    const kept = valid[kind]
      ? client.claims.filter((item) => isOfKind(item) && !asked.includes(item) && isSettled(client, valid, item))
      : [];
    return { asked: asked.filter(isOfKind), kept, until: kept.length > 0 ? valid[kind]?.expiresAt : undefined };
  };
  const scopes = [...(valid.consent?.scopes ?? []), ...(valid.notice?.scopes ?? [])];
  return { scopes, consent: ofKind('consent'), notice: ofKind('notice') };
}

/** A permission ends with the oldest answer in it, so that none is renewed unseen. */
function endOf({ consentDays }: ClientRecord, { until }: Pick<KindOfItems, 'until'>): Date {
  return until ?? new Date(Date.now() + consentDays * DAY_MS);
}

/** What the page says of how long it will hold. */
function untilOf(interaction: OpenInteraction, before: CurrentPermissions): Date {
  const { consent, notice } = answersBefore(interaction, before);
  return endOf(interaction.client, consent.asked.length > 0 ? consent : notice);
}

/** Whether something that was allowed is not any more: then what the app holds ends, and it asks for tokens anew. */
function isNarrower(drafts: readonly PermissionDraft[], { consent, notice }: CurrentPermissions): boolean {
  const now = new Set(drafts.flatMap(({ claims }) => claims));
  const kinds = drafts.map(({ kind }) => kind);
  return [consent, notice].some(
    (each) => each && kinds.includes(each.kind) && each.claims.some((claim) => !now.has(claim)),
  );
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
  before: CurrentPermissions,
): ConsentItem[] {
  const language = ctx.state.language as 'id' | 'en';
  const values = personClaims(person);
  return askedClaims(interaction).map((item) => ({
    claim: item.claim,
    value: values[item.claim],
    reason: language === 'en' ? item.purposeEn : item.purpose,
    required: isFixed(item),
    isNew:
      isAnyOf(before) &&
      !isSettled(interaction.client, before, item) &&
      !wasWithdrawn(interaction.client, before, item),
    ...(item.basis !== 'consent' && {
      duty: { basis: item.basis, law: language === 'en' ? (item.lawEn ?? item.law) : item.law },
    }),
  }));
}

/** Whoever was told of the rest when this item was asked for, and holds no consent, has seen it too: while it says the same it is nothing new. */
function wasWithdrawn(client: ClientRecord, { consent, notice }: CurrentPermissions, item: ClientClaim): boolean {
  if (item.basis !== 'consent' || consent !== undefined || notice === undefined) return false;
  return wantedBy(client, notice.scopes).claims.includes(item.claim) && sayTheSame(notice.terms, client, item.claim);
}

function askedAs(before: CurrentPermissions, items: readonly ConsentItem[]): ConsentContext['asked'] {
  if (!isAnyOf(before)) return 'first';
  if (items.some(({ isNew }) => isNew)) return 'changed';
  const now = new Date();
  return [before.consent, before.notice].some((each) => each && each.expiresAt <= now) ? 'renewed' : 'again';
}

function isAnyOf({ consent, notice }: CurrentPermissions): boolean {
  return consent !== undefined || notice !== undefined;
}
