/**
 * Where files and the registry differ: what applying the files would do, what they do not name, and how what they do not
 * name is taken out of use. Nothing here is read on the way of a sign-in.
 */
import type { Db } from '#src/base/database.ts';
import { Refusal } from '#src/base/refusals.ts';
import type { Secrets } from '#src/base/secrets.ts';
import { findAgency, isSameAgency } from './agencies.ts';
import { type ChangePlan, planChange } from './changes.ts';
import { type Moved, moveClient } from './client-life.ts';
import { isCurrentSecret } from './client-secrets.ts';
import { type ClientRecord, type ClientState, findClients, listClients } from './clients.ts';
import { type ApplyOptions, type Registration, requestFor } from './registrations.ts';
import { type ClientVersion, findVersion } from './versions.ts';

/** What applying files would do. */
export interface Drift {
  /** Agencies that would be created or changed. */
  readonly agencies: readonly { readonly id: string; readonly isNew: boolean }[];
  readonly clients: readonly PlannedClient[];
  /** Clients of the files' agencies that no file names, but for those that are out of use already. */
  readonly undeclared: readonly Pick<ClientRecord, 'id' | 'agencyId' | 'state'>[];
}

/** What would become of one client. */
export interface PlannedClient {
  readonly file: string;
  readonly clientId: string;
  /** Undefined where it would be refused. */
  readonly plan: ChangePlan | undefined;
  /** The code of the refusal, with what it is about. */
  readonly refused: string | undefined;
  /** Whether a secret would be set. `unknown`: the variable that has it is not set here. */
  readonly secret: 'same' | 'set' | 'unknown' | undefined;
  /** Who changed it last, where it would be changed now. */
  readonly last: ClientVersion | undefined;
}

/** What applying the files would do now. Writes nothing and needs none of the secrets. */
export async function findDrift(
  db: Db,
  secrets: Secrets,
  registrations: readonly Registration[],
  options: ApplyOptions,
): Promise<Drift> {
  const agencies: Drift['agencies'][number][] = [];
  const clients: PlannedClient[] = [];
  for (const { file, agency, clients: declared } of registrations) {
    const current = await findAgency(db, agency.id);
    if (!current || !isSameAgency(current, agency)) agencies.push({ id: agency.id, isNew: !current });
    const known = await findClients(
      db,
      declared.map(({ entry }) => entry.client_id),
    );
    for (const { entry } of declared) {
      const client = known.find(({ id }) => id === entry.client_id);
      const variable = entry.client_secret_env;
      const secret = variable === undefined ? undefined : compareSecret(secrets, client, options.environment[variable]);
      clients.push({
        file,
        clientId: entry.client_id,
        secret,
        ...(await planOne(db, requestFor(agency, entry, options), client)),
      });
    }
  }
  return { agencies, clients, undeclared: await listUndeclared(db, registrations) };
}

function compareSecret(
  secrets: Secrets,
  client: ClientRecord | undefined,
  secret: string | undefined,
): PlannedClient['secret'] {
  if (!secret) return 'unknown';
  return client && isCurrentSecret(secrets, client, secret) ? 'same' : 'set';
}

async function planOne(
  db: Db,
  request: Parameters<typeof planChange>[1],
  client: ClientRecord | undefined,
): Promise<Pick<PlannedClient, 'plan' | 'refused' | 'last'>> {
  try {
    const plan = await planChange(db, request);
    const isChanged = client !== undefined && plan.outcome !== 'unchanged';
    return { plan, refused: undefined, last: isChanged ? await findVersion(db, client.id, client.number) : undefined };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { plan: undefined, refused: `${error.code}: ${error.message}`, last: undefined };
  }
}

const outOfUse: readonly ClientState[] = ['suspended', 'retired'];

/** Clients of the files' agencies that no file names and that are in use, by id. */
export async function listUndeclared(db: Db, registrations: readonly Registration[]): Promise<ClientRecord[]> {
  const named = new Set(registrations.flatMap(({ clients }) => clients.map(({ entry }) => entry.client_id)));
  const undeclared: ClientRecord[] = [];
  for (const agencyId of new Set(registrations.map(({ agency }) => agency.id))) {
    for await (const client of eachClient(db, agencyId))
      if (!named.has(client.id) && !outOfUse.includes(client.state)) undeclared.push(client);
  }
  return undeclared;
}

const PAGE = 500;

/** Every client of an agency, or of all, by id. */
export async function* eachClient(db: Db, agencyId?: string): AsyncGenerator<ClientRecord> {
  for (let after = ''; ; ) {
    const page = await listClients(db, { after, limit: PAGE, ...(agencyId !== undefined && { agencyId }) });
    yield* page;
    const last = page.at(-1);
    if (!last || page.length < PAGE) return;
    after = last.id;
  }
}

/**
 * Takes clients that no file names out of use. One that is live is suspended, so that it can come back; another one is
 * retired. Inside a transaction.
 */
export async function pruneClients(
  tx: Db,
  clients: readonly Pick<ClientRecord, 'id' | 'state'>[],
  actor: string,
): Promise<Moved[]> {
  const moved: Moved[] = [];
  for (const client of clients) {
    const to = client.state === 'live' ? 'suspended' : 'retired';
    const request = { clientId: client.id, to, actor, via: 'file', reason: 'no file names it any more' } as const;
    moved.push(...[await moveClient(tx, request)].filter((one) => one !== undefined));
  }
  return moved;
}
