/** What the fictitious people of load tests have allowed its fictitious apps: as much as each asks for. Never in production. */
import { batches } from '#src/base/batches.ts';
import type { Db, Transaction } from '#src/base/database.ts';
import { DAY_MS } from '#src/base/epoch.ts';
import type { Secrets } from '#src/base/secrets.ts';
import { listNumberedAccounts } from '#src/people/numbered-citizens.ts';
import type { ClientClaim, ClientRecord } from '#src/registry/clients.ts';
import { noteFirstSignIns } from '#src/registry/first-sign-ins.ts';
import { listNumberedClients } from '#src/registry/numbered-clients.ts';
import { loadPermissions, type Offer, type PermissionDraft } from './permission-giving.ts';
import { listConnectedOfMany, type OtherBasis } from './permissions.ts';
import { recordTerms, termsOf } from './terms.ts';

/** How many of each there are to be. */
export interface Totals {
  readonly accounts: number;
  readonly clients: number;
  readonly consents: number;
}

/** How many consents the citizens up to this number have together. */
export function consentsUpTo(account: number, { accounts, consents }: Totals): number {
  return Math.floor((consents * account) / accounts);
}

/**
 * The numbers of the clients that a citizen allows, the first ones first; every client comes once. Taken in one sequence
 * by one citizen after another, so that all clients have as many people, in steps that lead from agency to agency.
 */
export function* clientsOf(account: number, totals: Totals): Generator<number> {
  const { clients } = totals;
  const step = stepThrough(clients);
  const first = consentsUpTo(account - 1, totals);
  let at = (first * step) % clients;
  for (let taken = 0; taken < clients; taken += 1) {
    yield at + 1;
    at = (at + step) % clients;
  }
}

/** A step that meets every client before it meets one again: about the golden section, without a divisor in common. */
function stepThrough(clients: number): number {
  let step = Math.max(1, Math.round(clients * 0.618));
  while (divisorOf(step, clients) !== 1) step += 1;
  return step;
}

function divisorOf(one: number, other: number): number {
  return other === 0 ? one : divisorOf(other, one % other);
}

/** All that a client asks for, allowed: what every citizen who allows it puts on record alike. */
export interface WholeOffer {
  readonly clientId: string;
  readonly permissions: readonly Offer[];
}

/** What a citizen who allows a client everything puts on record, after a sign-in by password. */
export function offerOf(client: ClientRecord, now: Date): WholeOffer {
  const expiresAt = new Date(now.getTime() + client.consentDays * DAY_MS);
  const how = { terms: termsOf(client), scopes: client.scopes, language: 'id', acr: 'aal1', amr: ['pwd'] } as const;
  const [asked, told] = [true, false].map((isAsked) =>
    client.claims.filter(({ basis }) => (basis === 'consent') === isAsked),
  ) as [ClientClaim[], ClientClaim[]];
  const claims = ({ claim }: ClientClaim) => claim;
  const basis = told[0]?.basis as OtherBasis | undefined;
  const consent = {
    ...how,
    kind: 'consent',
    event: 'given',
    claims: asked.map(claims),
    declined: [],
    expiresAt,
  } as const;
  if (!basis) return { clientId: client.id, permissions: [consent] };
  const notice = { ...how, kind: 'notice', event: 'given', basis, claims: told.map(claims), expiresAt } as const;
  return { clientId: client.id, permissions: asked.length > 0 ? [consent, notice] : [notice] };
}

/** A load of consents under way. */
export interface ConsentLoad {
  readonly totals: Totals;
  /** By the number of the client; those that are not there are left out. */
  readonly offers: ReadonlyMap<number, WholeOffer>;
  readonly clientIds: ReadonlySet<string>;
  /** The clients whose first sign-in is on record. */
  readonly started: Set<string>;
}

const CLIENTS_AT_ONCE = 500;

/** Reads the clients that the load is about. */
export async function planConsents(db: Db, totals: Totals): Promise<ConsentLoad> {
  const offers = new Map<number, WholeOffer>();
  const started = new Set<string>();
  const now = new Date();
  for (const numbers of batches(totals.clients, CLIENTS_AT_ONCE)) {
    const clients = await listNumberedClients(db, numbers);
    await recordTerms(db, ...[...clients.values()].map(termsOf));
    for (const [number, client] of clients) {
      offers.set(number, offerOf(client, now));
      if (client.firstSignInAt) started.add(client.id);
    }
  }
  return { totals, offers, clientIds: new Set([...offers.values()].map(({ clientId }) => clientId)), started };
}

/** What became of the consents of some citizens. */
export interface GivenConsents {
  readonly given: number;
  /** How many these citizens have now. */
  readonly held: number;
  /** The clients that got their first sign-in on record. */
  readonly started: readonly string[];
}

/**
 * Gives some hundred citizens what is missing of the consents that are to be up to them. What is there stays and counts;
 * who is not there is passed over, and the next make up for it.
 *
 * @param before how many consents all citizens before them have, which may be fewer or more than planned
 */
export async function giveNumberedConsents(
  tx: Transaction,
  secrets: Secrets,
  load: ConsentLoad,
  numbers: readonly number[],
  before: number,
): Promise<GivenConsents> {
  const accounts = await listNumberedAccounts(tx, secrets, numbers);
  const allowed = await listConnectedOfMany(tx, [...accounts.values()]);
  const drafts: PermissionDraft[] = [];
  let count = 0;
  let held = 0;
  for (const [number, accountId] of accounts) {
    const has = (allowed.get(accountId) ?? []).filter((clientId) => load.clientIds.has(clientId));
    const missing = consentsUpTo(number, load.totals) - before - held - has.length;
    const given = takeOffers(number, load, has, missing);
    drafts.push(...given.flatMap(({ permissions }) => permissions.map((offer) => ({ ...offer, accountId }))));
    count += given.length;
    held += has.length + given.length;
  }
  const started = [...new Set(drafts.map(({ terms }) => terms.clientId))].filter((id) => !load.started.has(id));
  await noteFirstSignIns(tx, started);
  await loadPermissions(tx, secrets, drafts);
  return { given: count, held, started };
}

/** What a citizen allows next, in the order of {@link clientsOf}, without what they have allowed already. */
function takeOffers(account: number, load: ConsentLoad, has: readonly string[], count: number): WholeOffer[] {
  const taken: WholeOffer[] = [];
  if (count <= 0) return taken;
  for (const client of clientsOf(account, load.totals)) {
    const offer = load.offers.get(client);
    if (offer && !has.includes(offer.clientId)) taken.push(offer);
    if (taken.length === count) break;
  }
  return taken;
}

/** The tables that {@link giveNumberedConsents} fills. */
export const consentTables = ['permissions', 'permission_terms', 'account_events'];
