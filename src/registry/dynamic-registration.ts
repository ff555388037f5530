/**
 * Apps that register themselves (RFC 7591) with a token of their agency, and look after their own registration afterwards
 * (RFC 7592). What they declare goes through the same rules and the same one way as every other change.
 */
import { randomInt } from 'node:crypto';
import type { Config } from '#src/base/config.ts';
import type { Db } from '#src/base/database.ts';
import { Refusal } from '#src/base/refusals.ts';
import { randomSecret, type Secrets } from '#src/base/secrets.ts';
import { isApiScope } from './api-scopes.ts';
import { applyChange, type Changed } from './changes.ts';
import { hasBeenLive, moveClient } from './client-life.ts';
import { type Rotated, rotateSecret } from './client-secrets.ts';
import { type ClientRecord, hasSecret, loadClient } from './clients.ts';
import { type ClientEntry, checkClientEntry, clientKeys, splitScope } from './registration-schema.ts';
import { spendRegistrationToken } from './registration-tokens.ts';

/** What was declared. Keys that are not known are left out, as RFC 7591 §2 has it. */
export type Metadata = Readonly<Record<string, unknown>>;

type Mode = Config['mode'];

/** A new app, with what is told this once. */
export interface Registered {
  readonly client: ClientRecord;
  readonly secret: Rotated | undefined;
  /** Opens the app's own registration afterwards (RFC 7592 §3). */
  readonly accessToken: string;
}

/**
 * Registers an app of the agency whose token it is, in state `sandbox`. Inside a transaction: what is refused spends
 * nothing.
 *
 * One that is strongly like another app says why it is needed by the extension `justification` (RFC 7591 §2 allows them).
 *
 * @throws {Refusal} `registration_token_invalid`, `content_invalid`, `likely_duplicate`, `registrations_closed`
 */
export async function registerDynamically(
  tx: Db,
  secrets: Secrets,
  request: { readonly token: string; readonly metadata: Metadata; readonly mode: Mode },
): Promise<Registered> {
  const token = await spendRegistrationToken(tx, secrets, request.token);
  const { metadata, mode } = request;
  const entry = checkMetadata({ ...metadata, client_id: newClientId(metadata.client_name) }, mode);
  const actor = `registration-token ${token.id}`;
  const change = { agencyId: token.agencyId, entry, actor, mode, via: 'registration', isNew: true } as const;
  const justification = justificationIn(metadata);
  const { clientId } = await applyChange(tx, secrets, { ...change, to: 'sandbox', justification });
  const secret = hasSecret({ tokenEndpointAuthMethod: entry.token_endpoint_auth_method })
    ? await rotateSecret(tx, secrets, { clientId, actor })
    : undefined;
  const accessToken = randomSecret();
  await tx.execute('update clients set registration_token_hash = $2 where id = $1', [
    clientId,
    hashAccessToken(secrets, accessToken),
  ]);
  return { client: await loadClient(tx, clientId), secret, accessToken };
}

/**
 * The app whose registration a token opens. A wrong token, an app that has none and one that is not there look the same.
 *
 * @throws {Refusal} `registration_token_invalid`
 */
export async function loadRegistered(db: Db, secrets: Secrets, clientId: string, token: string): Promise<ClientRecord> {
  const own = await db.first<{ id: string }>(
    `select id from clients where id = $1 and registration_token_hash = $2 and state <> 'retired'`,
    [clientId, hashAccessToken(secrets, token)],
  );
  if (!own) throw new Refusal('registration_token_invalid', 'the token does not open this registration');
  return loadClient(db, clientId);
}

/** Makes an app what it declares of itself (RFC 7592 §2.2). @throws {Refusal} `content_invalid` */
export function changeRegistered(
  tx: Db,
  secrets: Secrets,
  client: ClientRecord,
  { metadata, mode }: { readonly metadata: Metadata; readonly mode: Mode },
): Promise<Changed> {
  const entry = checkMetadata({ ...metadata, client_id: client.id }, mode);
  const actor = `client ${client.id}`;
  return applyChange(tx, secrets, { agencyId: client.agencyId, entry, actor, mode, via: 'registration' });
}

/** Retires an app that nobody has come to rely on (RFC 7592 §2.3). @throws {Refusal} `role_required` for one that has been live */
export async function endRegistered(tx: Db, client: ClientRecord): Promise<void> {
  if (hasBeenLive(client)) throw new Refusal('role_required', `client ${client.id} has been live`);
  await moveClient(tx, { clientId: client.id, to: 'retired', actor: `client ${client.id}`, via: 'registration' });
}

const MOST_JUSTIFICATION = 2_000;

function justificationIn({ justification }: Metadata): string | undefined {
  const said = typeof justification === 'string' ? justification.trim().slice(0, MOST_JUSTIFICATION) : '';
  return said || undefined;
}

/**
 * What whoever runs the agency says, and no app of itself. How far it has come is among that: metadata that it read earlier and
 * sends back (RFC 7592 §2.2) would undo a step taken since.
 */
const notForApps: readonly string[] = [
  ...['client_id', 'state', 'client_secret_env', 'subject_group'],
  ...['migration_stage', 'migration_percentage', 'migration_plan'],
];

function checkMetadata(metadata: Metadata & { readonly client_id: string }, mode: Mode): ClientEntry {
  const known = Object.entries(metadata).filter(([key]) => clientKeys.includes(key) && !notForApps.includes(key));
  const declared: Record<string, unknown> = { ...Object.fromEntries(known), client_id: metadata.client_id };
  const { entry, findings } = checkClientEntry(withDefaults(declared), mode);
  if (entry) return entry;
  throw new Refusal('content_invalid', 'the metadata has mistakes', {
    findings: findings.map(({ path, key, what, expected }) => ({
      pointer: [...path, ...(key === undefined ? [] : [key])].map((step) => `/${String(step)}`).join(''),
      ...{ detail: what, expected },
    })),
  });
}

/**
 * Programs that register themselves know the standard's keys alone: what we ask beyond is told from those. A scope that is
 * not offered is left out (RFC 7591 §2); those of the API are given by people.
 */
function withDefaults(declared: Record<string, unknown>): Record<string, unknown> {
  const { scope } = declared;
  return {
    ...declared,
    ...(declared.purpose === undefined && { purpose: declared.client_name }),
    ...(declared.type === undefined && { type: typeOf(declared) }),
    ...(typeof scope === 'string' && {
      scope: splitScope(scope)
        .filter((one) => !isApiScope(one))
        .join(' '),
    }),
  };
}

function typeOf(declared: Record<string, unknown>): string {
  const { application_type: kind, token_endpoint_auth_method: method, grant_types: grants } = declared;
  if (kind === 'native') return 'native';
  if (Array.isArray(grants) && grants.length === 1 && grants[0] === 'client_credentials') return 'machine';
  return method === 'none' ? 'spa' : 'web';
}

const LETTERS = 'abcdefghijkmnpqrstuvwxyz23456789';

/** An id that says what it is for, with an end of its own. */
function newClientId(name: unknown): string {
  const end = Array.from({ length: 8 }, () => LETTERS.charAt(randomInt(LETTERS.length))).join('');
  const words = typeof name === 'string' ? name.normalize('NFKD').toLowerCase().slice(0, 200) : '';
  const begin = words
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .replace(/^lawang-/, '')
    .slice(0, 40);
  return `${begin || 'app'}-${end}`.replace('--', '-');
}

function hashAccessToken(secrets: Secrets, token: string): Buffer {
  return secrets.hash('registration-access', token);
}
