/**
 * Declarative registrations: files in which an agency says what its apps are, as kept under version control and applied
 * by `lawang clients apply`. What a file says holds afterwards; what it does not name stays as it is.
 */
import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import type { Config } from '#src/base/config.ts';
import type { Database, Db } from '#src/base/database.ts';
import { Refusal } from '#src/base/refusals.ts';
import type { Secrets } from '#src/base/secrets.ts';
import { type AgencyDraft, type Outcome, saveAgency } from './agencies.ts';
import { applyChange, type Changed, type ChangeRequest, isAsWanted } from './changes.ts';
import { isCurrentSecret } from './client-secrets.ts';
import { type ClientRecord, type ClientState, findClient, findClients, hasSecret } from './clients.ts';
import { show } from './registration-findings.ts';
import { type AgencyEntry, type ClientEntry, checkFile } from './registration-schema.ts';
import { formatMistake, type Mistake, readSource } from './registration-source.ts';
import { isLive } from './secret-hashes.ts';
import { lockRegistry } from './version.ts';
import type { Via } from './versions.ts';

type Mode = Config['mode'];

/** One client as a file declares it. */
export interface ClientRegistration {
  readonly entry: ClientEntry;
  readonly line: number;
  readonly column: number;
}

/** One file. */
export interface Registration {
  readonly file: string;
  readonly agency: AgencyDraft;
  readonly clients: readonly ClientRegistration[];
}

/** Registrations that cannot be applied. The message has a line for each mistake. */
export class RegistrationError extends Error {
  override name = 'RegistrationError';
  readonly mistakes: readonly Mistake[];

  constructor(mistakes: readonly Mistake[]) {
    super(mistakes.map(formatMistake).join('\n'));
    this.mistakes = mistakes;
  }
}

/**
 * Reads files and checks each alone and all together. Every mistake is reported, and `registrations` has what is free of
 * them: apply it only when `mistakes` is empty.
 */
export async function readRegistrations(
  paths: readonly string[],
  { mode }: { mode: Mode },
): Promise<{ registrations: Registration[]; mistakes: Mistake[] }> {
  const registrations: Registration[] = [];
  const mistakes: Mistake[] = [];
  const declarations: Declared[] = [];
  for (const path of paths) {
    const reading = await readFileAt(path, mode);
    if (reading.registration) registrations.push(reading.registration);
    if (reading.declared) declarations.push(reading.declared);
    mistakes.push(...reading.mistakes);
  }
  return { registrations, mistakes: [...mistakes, ...findConflicts(declarations)] };
}

/** What `lawang clients validate` prints: how much was read, and a line for each mistake. */
export async function validateRegistrations(
  paths: readonly string[],
  options: { mode: Mode },
): Promise<{ agencies: number; clients: number; messages: string[] }> {
  const { registrations, mistakes } = await readRegistrations(paths, options);
  return {
    agencies: new Set(registrations.map(({ agency }) => agency.id)).size,
    clients: registrations.reduce((sum, { clients }) => sum + clients.length, 0),
    messages: mistakes.map(formatMistake),
  };
}

/** Where two files may contradict one another. */
interface Declared {
  readonly file: string;
  readonly agency: AgencyDraft | undefined;
  readonly ids: readonly { readonly id: string; readonly line: number; readonly column: number }[];
}

async function readFileAt(
  file: string,
  mode: Mode,
): Promise<{ registration?: Registration; declared?: Declared; mistakes: readonly Mistake[] }> {
  const source = await readSource(file);
  if ('mistakes' in source) return source;
  const { agency: entry, clients, ids, findings } = checkFile(source.content, mode);
  const agency = entry && toAgencyDraft(entry, clients[0]?.entry);
  const placeOf = (index: number) => source.placeOf({ path: ['clients', index], key: 'client_id' });
  const declared = { file, agency, ids: ids.map(({ id, index }) => ({ id, ...placeOf(index) })) };
  const mistakes = findings.map((finding) => ({
    file,
    ...source.placeOf(finding),
    what: finding.what,
    expected: finding.expected,
  }));
  mistakes.sort((one, other) => one.line - other.line || one.column - other.column);
  if (!agency) return { declared, mistakes };
  const registered = clients.map(({ entry: client, index }) => ({ entry: client, ...placeOf(index) }));
  return { registration: { file, agency, clients: registered }, declared, mistakes };
}

/** Without a domain of its own an agency is known by the host of its first app. */
function toAgencyDraft(entry: AgencyEntry, firstApp: ClientEntry | undefined): AgencyDraft {
  const address = firstApp?.client_uri ?? firstApp?.redirect_uris[0];
  return {
    id: entry.id,
    name: entry.name,
    nameEn: entry['name#en'] ?? entry.name,
    legalName: entry.legal_name ?? entry.name,
    domain: entry.domain ?? (address && URL.parse(address)?.hostname) ?? entry.id,
  };
}

/** Client ids that two places declare, and agencies that two files describe differently. */
function findConflicts(files: readonly Declared[]): Mistake[] {
  const mistakes: Mistake[] = [];
  const clients = new Map<string, string>();
  const agencies = new Map<string, { file: string; agency: AgencyDraft }>();
  for (const { file, agency, ids } of files) {
    const other = agency && agencies.get(agency.id);
    if (other && !isDeepStrictEqual(other.agency, agency)) {
      const what = `the agency ${agency?.id} is described differently in ${other.file}`;
      mistakes.push({ file, line: 1, column: 1, what, expected: 'the same description in every file' });
    }
    if (agency && !other) agencies.set(agency.id, { file, agency });
    for (const { id, line, column } of ids) {
      const first = clients.get(id);
      const what = `the client ${show(id)} is declared already at ${first}`;
      if (first) mistakes.push({ file, line, column, what, expected: 'a client_id of its own' });
      else clients.set(id, `${file}:${line}`);
    }
  }
  return mistakes;
}

/** How registrations are applied. */
export interface ApplyOptions {
  /** Who answers for it, in the record of events. */
  readonly actor: string;
  /** Where secrets come from. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly mode: Mode;
  /** Why the files are applied now, for the versions that come of it. */
  readonly reason?: string | undefined;
  /** Why risky changes take effect without approval; `onBrokenGlass` tells whom it concerns, in the same transaction. */
  readonly breakGlass?: string | undefined;
  readonly onBrokenGlass?: ((tx: Db, changed: Changed) => Promise<void>) | undefined;
}

/** What became of one client. */
export interface Applied {
  readonly file: string;
  readonly clientId: string;
  /** `pending`: it waits until others agree. */
  readonly outcome: Outcome | 'pending';
  /** A suspended or retired client stays so, whatever its file says. */
  readonly state: ClientState;
}

/**
 * Makes the registry say what the files say, one transaction for each. Applying a file again changes nothing, and no
 * process reads anything anew.
 *
 * @throws {RegistrationError} when a secret is missing, or a subject group would change after the first sign-in; the
 *   file concerned is not applied, those before it are.
 */
export async function applyRegistrations(
  database: Database,
  secrets: Secrets,
  registrations: readonly Registration[],
  options: ApplyOptions,
): Promise<Applied[]> {
  const mistakes = registrations.flatMap((registration) => findSecretMistakes(registration, options));
  if (mistakes.length > 0) throw new RegistrationError(mistakes);
  const applied: Applied[] = [];
  for (const registration of registrations) {
    applied.push(...(await database.transaction((tx) => applyFile(tx, secrets, registration, options))));
  }
  return applied;
}

const MIN_SECRET_LENGTH = 32;

function findSecretMistakes({ file, clients }: Registration, options: ApplyOptions): Mistake[] {
  return clients.flatMap((client) => {
    const mistake = needsSecret(client.entry) ? findSecretMistake(client.entry, options) : undefined;
    return mistake ? [{ file, line: client.line, column: client.column, ...mistake }] : [];
  });
}

function needsSecret({ token_endpoint_auth_method: tokenEndpointAuthMethod }: ClientEntry): boolean {
  return hasSecret({ tokenEndpointAuthMethod });
}

function findSecretMistake(
  { client_id: id, client_secret_env: secretEnv }: ClientEntry,
  { environment, mode }: ApplyOptions,
): Pick<Mistake, 'what' | 'expected'> | undefined {
  if (secretEnv === undefined)
    return mode === 'sandbox' ? undefined : { what: 'client_secret_env is missing', expected: 'it, in production' };
  const secret = environment[secretEnv];
  if (!secret) return { what: `the secret of ${id} is missing`, expected: `it in the variable ${secretEnv}` };
  if (secret.length >= MIN_SECRET_LENGTH) return undefined;
  return {
    what: `the secret in ${secretEnv} is too short`,
    expected: `at least ${MIN_SECRET_LENGTH} random characters`,
  };
}

async function applyFile(
  tx: Db,
  secrets: Secrets,
  { file, agency, clients }: Registration,
  options: ApplyOptions,
): Promise<Applied[]> {
  await saveAgency(tx, agency, options.actor);
  const ids = clients.map(({ entry }) => entry.client_id);
  const known = new Map((await findClients(tx, ids)).map((client) => [client.id, client]));
  const applied: Applied[] = [];
  const mistakes: Mistake[] = [];
  for (const client of clients) {
    try {
      const before = known.get(client.entry.client_id);
      applied.push({ file, ...(await applyClient(tx, secrets, agency, client.entry, before, options)) });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const { say, next } = error.in('en');
      mistakes.push({
        file,
        line: client.line,
        column: client.column,
        what: `${error.message}: ${say}`,
        expected: next,
      });
    }
  }
  if (mistakes.length > 0) throw new RegistrationError(mistakes);
  return applied;
}

/** Takes the registry's lock only when something is to change: a large file mostly says what holds already. */
async function applyClient(
  tx: Db,
  secrets: Secrets,
  agency: AgencyDraft,
  entry: ClientEntry,
  before: ClientRecord | undefined,
  options: ApplyOptions,
): Promise<Omit<Applied, 'file'>> {
  const { client_id: id } = entry;
  const request = requestFor(agency, entry, options);
  if (before && isAsWanted(request, before) && hasIts(secrets, before, secretFor(entry, before, options.environment)))
    return { clientId: id, outcome: 'unchanged', state: before.state };
  await lockRegistry(tx);
  const current = await findClient(tx, id);
  const secret = secretFor(entry, current, options.environment);
  const isNewSecret = !(current && hasIts(secrets, current, secret));
  const changed = await applyChange(tx, secrets, { ...request, secret });
  const { outcome, client, plan } = changed;
  if (plan.breaksGlass) await options.onBrokenGlass?.(tx, changed);
  const isUpdated = outcome === 'applied' || (outcome === 'unchanged' && isNewSecret);
  return { clientId: id, outcome: isUpdated ? 'updated' : outcome, state: client.state };
}

/** What a file asks for one of its clients. */
export function requestFor(agency: { readonly id: string }, entry: ClientEntry, options: ApplyOptions): ChangeRequest {
  const { actor, mode, reason, breakGlass } = options;
  return { agencyId: agency.id, entry, via: viaOf(options), actor, mode, reason, breakGlass };
}

/** The examples come with the start of a sandbox; everything else from files that somebody applies. */
function viaOf({ actor }: ApplyOptions): Via {
  return actor === 'start' ? 'start' : 'file';
}

function hasIts(secrets: Secrets, current: ClientRecord, secret: string | undefined): boolean {
  return secret === undefined || isCurrentSecret(secrets, current, secret);
}

/** The secret to set. In a sandbox a client without one of its own gets a secret that everybody knows. */
function secretFor(
  entry: ClientEntry,
  current: ClientRecord | undefined,
  environment: ApplyOptions['environment'],
): string | undefined {
  if (!needsSecret(entry)) return undefined;
  if (entry.client_secret_env !== undefined) return environment[entry.client_secret_env];
  const now = new Date();
  return current?.secrets.some((secret) => isLive(secret, now)) ? undefined : sandboxSecret(entry.client_id);
}

/** The secret of a confidential client in a sandbox whose registration names none. */
export function sandboxSecret(clientId: string): string {
  return `sandbox-${clientId}-secret-0123456789`;
}

const exampleDirectory = new URL('../../clients/registrations/', import.meta.url);

/**
 * Puts the sandbox's agencies and apps in (`clients/registrations`); what is there already stays.
 *
 * @throws {RegistrationError} in production, where addresses on loopback have no place.
 */
export async function seedExampleRegistry(
  database: Database,
  secrets: Secrets,
  { mode }: { mode: Mode },
): Promise<Applied[]> {
  const names = (await readdir(exampleDirectory)).filter((name) => name.endsWith('.yaml')).sort();
  const paths = names.map((name) => fileURLToPath(new URL(name, exampleDirectory)));
  const { registrations, mistakes } = await readRegistrations(paths, { mode });
  if (mistakes.length > 0) throw new RegistrationError(mistakes);
  return applyRegistrations(database, secrets, registrations, { actor: 'start', environment: {}, mode });
}
