/**
 * `/console/apps/:client/keys`: what an app proves itself with. Secrets are made and ended here at once; keys are part of
 * what is declared, so a change of them goes the way of every change. Beside them, whom to tell.
 */
import type { Context } from 'koa';
import type { Db } from '#src/base/database.ts';
import { DAY_MS, isDay, todayInJakarta } from '#src/base/epoch.ts';
import { Refusal } from '#src/base/refusals.ts';
import { findAccount } from '#src/people/accounts.ts';
import { demandScopes } from '#src/registry/api-scopes.ts';
import { permissionsAt } from '#src/registry/authority.ts';
import { applyChange } from '#src/registry/changes.ts';
import { listContacts } from '#src/registry/client-contacts.ts';
import {
  DEFAULT_OVERLAP_DAYS,
  endSecret,
  type ListedSecret,
  listSecrets,
  MAX_OVERLAP_DAYS,
  type Rotated,
  rotateSecret,
} from '#src/registry/client-secrets.ts';
import { type ClientRecord, contactRoles, hasSecret } from '#src/registry/clients.ts';
import { declarationOf } from '#src/registry/declarations.ts';
import { describeKey, findKeyMistakes, type KeyMistake, readPastedKeys, withKeyId } from '#src/registry/public-keys.ts';
import { type ClientDeclaration, checkClientEntry } from '#src/registry/registration-schema.ts';
import { isLive } from '#src/registry/secret-hashes.ts';
import { type CredentialUse, keyCredential, readCredentialUses } from '#src/registry/uses.ts';
import { findPendingVersion } from '#src/registry/versions.ts';
import { appLink } from '#views/console/app-page.ts';
import { type KeysContext, type KeysProblem, keysPage, type ShownKey } from '#views/console/keys.ts';
import { type MessageKey, translate } from '#views/locale.ts';
import { createAskContact } from '../contacts-confirm.ts';
import { showForm } from '../frame.ts';
import type { OpenHouse } from '../house.ts';
import type { Form } from '../middleware/forms.ts';
import { seeOther } from '../see-other.ts';
import { appHeadOf, consoleFrame } from './frame.ts';
import { keepForOnce, takeOnce } from './shown-once.ts';
import { answerConsole, type ConsoleVisit, loadClientFor, showConsole } from './visit.ts';

/** `GET /console/apps/:client/keys`. @throws {Refusal} `not_here`, `role_required` */
export function showKeys(ctx: Context, house: OpenHouse, clientId: string): Promise<void> {
  return showConsole(ctx, house, async (visit) =>
    showPage(visit, await loadClientFor(visit, clientId, 'apps.secrets')),
  );
}

/** `POST /console/apps/:client/keys`. @throws {Refusal} `session_required`, `csrf_mismatch`, `not_here`, `role_required` */
export function changeKeys(ctx: Context, house: OpenHouse, clientId: string): Promise<void> {
  const at =
    (change: Change) =>
    async (visit: ConsoleVisit, form: Form): Promise<void> =>
      change(visit, await loadClientFor(visit, clientId, 'apps.secrets'), form);
  const entries = Object.entries(changes).map(([name, change]) => [name, at(change)] as const);
  return answerConsole(ctx, house, new Map(entries));
}

type Change = (visit: ConsoleVisit, client: ClientRecord, form: Form) => Promise<void>;

const changes: Readonly<Record<string, Change>> = {
  rotate,
  end: endOne,
  'add-keys': addKeys,
  'remove-key': removeKey,
  'use-keys': (visit, client) =>
    declare(visit, client, { token_endpoint_auth_method: 'private_key_jwt' }, { done: 'keys-used' }),
  ask: askOne,
};

async function rotate(visit: ConsoleVisit, client: ClientRecord, form: Form): Promise<void> {
  const { house, db, account, held } = visit;
  demandScopes(permissionsAt(held, client.agency), client.scopes);
  const endsAt = form.get('at-once') === 'yes' ? undefined : noonOf(form.get('until'));
  if (endsAt === null) return showProblem(visit, client, { kind: 'date' });
  const until = endsAt ? { endsAt } : { overlapDays: 0 };
  try {
    const made = await rotateSecret(db, house.secrets, { clientId: client.id, actor: account.id, ...until });
    keepForOnce(visit, `secret ${client.id}`, toKept(made));
  } catch (error) {
    return showRefusal(visit, client, error);
  }
  backTo(visit, client, 'secret-done');
}

/** A day has one noon, and it is the same day then nearly everywhere. @returns null for what is no day */
function noonOf(day: string): Date | null {
  return isDay(day) ? new Date(`${day}T12:00:00Z`) : null;
}

async function endOne(visit: ConsoleVisit, client: ClientRecord, form: Form): Promise<void> {
  const { db, account } = visit;
  await endSecret(db, { clientId: client.id, secretId: form.get('secret'), actor: account.id });
  backTo(visit, client, 'secret-ended-now');
}

async function addKeys(visit: ConsoleVisit, client: ClientRecord, form: Form): Promise<void> {
  const typed = form.get('jwks').trim();
  const pasted = readPastedKeys(typed);
  if (!pasted) return showProblem(visit, client, { kind: 'keys-unreadable' }, typed);
  const wrong = findKeyMistakes(pasted)[0];
  // What may be a private key is not sent back either.
  if (wrong) return showProblem(visit, client, { kind: sayings[wrong.kind] }, wrong.kind === 'private' ? '' : typed);
  const added = await Promise.all(pasted.map(withKeyId));
  const keys = [...(client.jwks?.keys ?? []), ...added];
  const together = findKeyMistakes(keys)[0];
  if (together) return showProblem(visit, client, { kind: sayings[together.kind] }, typed);
  await declare(visit, client, { jwks: { keys } }, { done: 'keys-added', typed });
}

const sayings = {
  private: 'key-private',
  use: 'key-use',
  kid: 'key-kid',
  weak: 'key-weak',
  count: 'keys-count',
  'same-kid': 'keys-same',
} as const satisfies Record<KeyMistake['kind'], string>;

async function removeKey(visit: ConsoleVisit, client: ClientRecord, form: Form): Promise<void> {
  const kid = form.get('kid');
  const all = client.jwks?.keys ?? [];
  const keys = all.filter((key) => String(key.kid ?? '') !== kid);
  if (keys.length === all.length) throw new Refusal('not_here', `client ${client.id} has no key of this kid`);
  if (keys.length === 0 && !hasSecret(client)) return showProblem(visit, client, { kind: 'last-key' });
  await declare(visit, client, { jwks: keys.length > 0 ? { keys } : undefined }, { done: 'key-removed' });
}

/** Changes what is declared, unless somebody else has in the meantime: their change would be lost. */
async function declare(
  visit: ConsoleVisit,
  client: ClientRecord,
  changed: Partial<ClientDeclaration>,
  { done, typed }: { readonly done: Done; readonly typed?: string },
): Promise<void> {
  const { house, db, account, held } = visit;
  const { mode } = house.config;
  const { entry } = checkClientEntry(withoutUndefined({ ...declarationOf(client), ...changed }), mode);
  if (!entry) return showProblem(visit, client, { kind: 'keys-refused' }, typed);
  const { agencyId, number: ifNumber } = client;
  const allowed = permissionsAt(held, client.agency);
  const request = { agencyId, entry, via: 'page', actor: account.id, mode, ifNumber, allowed } as const;
  const { outcome } = await applyChange(db, house.secrets, request);
  backTo(visit, client, outcome === 'pending' ? 'keys-asked' : done);
}

function withoutUndefined(declaration: object): object {
  return Object.fromEntries(Object.entries(declaration).filter(([, value]) => value !== undefined));
}

async function askOne(visit: ConsoleVisit, client: ClientRecord, form: Form): Promise<void> {
  const role = contactRoles.find((one) => one === form.get('role'));
  if (!role) throw new Refusal('invalid_request', 'no such role of a contact');
  const contact = { clientId: client.id, role, email: form.get('email') };
  const isSent = await createAskContact(visit.house)(visit.db, contact);
  backTo(visit, client, isSent ? 'contact-sent' : 'contact-waits');
}

const told = {
  'secret-done': 'console.secret-done',
  'secret-ended-now': 'console.secret-ended-now',
  'keys-added': 'console.keys-added',
  'key-removed': 'console.key-removed',
  'keys-used': 'console.keys-used',
  'keys-asked': 'console.keys-asked',
  'contact-sent': 'console.contact-sent',
  'contact-waits': 'console.contact-waits',
} as const satisfies Record<string, MessageKey>;
type Done = keyof typeof told;

function backTo({ ctx }: ConsoleVisit, client: ClientRecord, done: Done): void {
  seeOther(ctx, `${appLink(client.id, 'keys')}?done=${done}`);
}

async function showProblem(
  visit: ConsoleVisit,
  client: ClientRecord,
  problem: KeysProblem,
  typed?: string,
): Promise<void> {
  visit.ctx.status = 422;
  await showPage(visit, client, { problems: [problem], typed });
}

/** What was refused is said on the page where it can be put right. @throws what is no refusal */
async function showRefusal(visit: ConsoleVisit, client: ClientRecord, error: unknown): Promise<void> {
  if (!(error instanceof Refusal)) throw error;
  const { say, next } = error.in(visit.ctx.state.language);
  await showProblem(visit, client, { kind: 'said', text: `${say} ${next}` });
}

async function showPage(
  visit: ConsoleVisit,
  client: ClientRecord,
  { problems, typed }: Pick<KeysContext, 'problems' | 'typed'> = {},
): Promise<void> {
  const { ctx, db } = visit;
  const now = new Date();
  const made = takeOnce<KeptSecret>(visit, `secret ${client.id}`);
  const uses = await readCredentialUses(db, client.id);
  const done = Object.hasOwn(told, String(ctx.query.done)) ? told[String(ctx.query.done) as Done] : undefined;
  const context: KeysContext = {
    ...consoleFrame(visit, 'apps'),
    app: appHeadOf(visit, client),
    method: hasSecret(client) ? 'secret' : client.tokenEndpointAuthMethod === 'none' ? 'none' : 'keys',
    made: made && {
      secret: made.secret,
      endsAt: new Date(made.endsAt),
      previousEndsAt: made.previousEndsAt === undefined ? undefined : new Date(made.previousEndsAt),
    },
    secrets: await shownSecrets(visit, await listSecrets(db, client.id), now),
    keys: shownKeys(client, uses),
    keysUri: client.jwksUri,
    contacts: await shownContacts(db, client.id),
    days: {
      first: dayIn(now, 1),
      last: dayIn(now, MAX_OVERLAP_DAYS - 1),
      proposed: dayIn(now, DEFAULT_OVERLAP_DAYS),
    },
    waiting: (await findPendingVersion(db, client.id))?.number,
    now,
    typed,
    problems,
    notice: done && { tone: 'done', text: translate(ctx.state.language)(done) },
  };
  showForm(ctx, keysPage(context));
}

/** A new secret between the form that made it and the page that shows it; times in milliseconds. */
interface KeptSecret {
  readonly secret: string;
  readonly endsAt: number;
  readonly previousEndsAt: number | undefined;
}

function toKept({ secret, expiresAt, previousEndsAt }: Rotated): KeptSecret {
  return { secret, endsAt: expiresAt.getTime(), previousEndsAt: previousEndsAt?.getTime() };
}

function dayIn(now: Date, days: number): string {
  return todayInJakarta(new Date(now.getTime() + days * DAY_MS));
}

async function shownSecrets(
  { house, db }: ConsoleVisit,
  secrets: readonly ListedSecret[],
  now: Date,
): Promise<KeysContext['secrets']> {
  const makers = new Set(secrets.flatMap(({ createdBy }) => createdBy ?? []));
  const names = new Map<string, string | undefined>();
  for (const id of makers) names.set(id, (await findAccount(db, house.secrets, id))?.profile.name);
  return secrets.map((secret) => ({
    ...secret,
    madeAt: secret.createdAt,
    madeBy: secret.createdBy === undefined ? undefined : names.get(secret.createdBy),
    endsAt: secret.expiresAt,
    hasEnded: !isLive(secret, now),
  }));
}

/** The keys that are declared; of keys that the app publishes itself, those that it was seen to use. */
function shownKeys({ jwks, jwksUri }: ClientRecord, uses: ReadonlyMap<string, CredentialUse>): ShownKey[] {
  if (jwksUri !== undefined) {
    const used = [...uses].filter(([credential]) => credential.startsWith(keyCredential('')));
    return used.map(([credential, use]) => ({ kid: credential.slice(keyCredential('').length), about: '', ...use }));
  }
  return (jwks?.keys ?? []).map((key) => {
    const kid = typeof key.kid === 'string' ? key.kid : '';
    return { kid, about: describeKey(key), ...uses.get(keyCredential(kid)) };
  });
}

async function shownContacts(db: Db, clientId: string): Promise<KeysContext['contacts']> {
  return (await listContacts(db, clientId)).map(({ role, email, confirmedAt, sentAt }) => ({
    role,
    email,
    isConfirmed: confirmedAt !== undefined,
    askedAt: sentAt,
  }));
}
