/**
 * An app that is carried from one deployment to another: what is declared of it, and the evidence of how it was tried.
 *
 * The deployment that sends signs it (`oidc/bundles.ts`); here is what is in it, and what becomes of one that has come. No
 * secret travels, no account, and no state: whoever receives it decides by its own rules. Each bundle comes in once.
 */
import { z } from 'zod';
import { recordAdminEvent } from '#src/audit/events.ts';
import { type Config, isLoopback } from '#src/base/config.ts';
import type { Db } from '#src/base/database.ts';
import { DAY_MS } from '#src/base/epoch.ts';
import { Refusal } from '#src/base/refusals.ts';
import { isId, type Secrets } from '#src/base/secrets.ts';
import type { Permission } from './authority.ts';
import { type AlikeApp, weighRegistration } from './brake.ts';
import { applyChange, type Changed, type ChangePlan, type ChangeRequest, planChange } from './changes.ts';
import { listFindings } from './checks/findings.ts';
import { listContacts } from './client-contacts.ts';
import { loadClient } from './clients.ts';
import { declarationOf, draftOf } from './declarations.ts';
import type { Finding } from './registration-findings.ts';
import { type ClientEntry, checkClientEntry } from './registration-schema.ts';
import { carrySignIn, findObservedSignIn, type ObservedSignIn } from './uses.ts';

/** How long a bundle may be on its way. */
export const BUNDLE_LIFE_DAYS = 7;
/** How long one that was taken over is kept, to be looked up. */
const KEPT_DAYS = 400;

const text = z.string().max(500);
const time = z.iso.datetime();

const contentSchema = z.object({
  agency: z.object({ id: z.string().max(100), name: text, name_en: text }),
  client: z.record(z.string(), z.unknown()),
  /** The version in force where it came from. */
  number: z.int().nonnegative(),
  evidence: z.object({
    sign_in: z
      .object({ at: time, state: z.boolean(), nonce: z.boolean(), pkce: z.boolean(), complete_at: time.optional() })
      .optional(),
    checks: z
      .array(z.object({ name: text, outcome: z.enum(['passed', 'failed', 'skipped']), checked_at: time }))
      .max(100),
    contacts: z.array(z.object({ role: text, is_confirmed: z.boolean() })).max(100),
  }),
});

/** What a bundle says. */
export type BundleContent = z.output<typeof contentSchema>;

/** Puts together what a bundle says of an app as it is now. @throws {Refusal} `client_not_found` */
export async function composeBundle(db: Db, clientId: string): Promise<BundleContent> {
  const client = await loadClient(db, clientId);
  const signIn = await findObservedSignIn(db, clientId);
  const findings = await listFindings(db, clientId);
  const contacts = await listContacts(db, clientId);
  const { id, name, nameEn } = client.agency;
  return {
    agency: { id, name, name_en: nameEn },
    client: { ...declarationOf(client) },
    number: client.number,
    evidence: {
      ...(signIn && {
        sign_in: {
          at: signIn.at.toISOString(),
          state: signIn.withState,
          nonce: signIn.withNonce,
          pkce: signIn.withPkce,
          ...(signIn.completeAt && { complete_at: signIn.completeAt.toISOString() }),
        },
      }),
      checks: findings.map(({ name: check, outcome, checkedAt }) => ({
        name: check,
        outcome,
        checked_at: checkedAt.toISOString(),
      })),
      contacts: contacts.map(({ role, confirmedAt }) => ({ role, is_confirmed: confirmedAt !== undefined })),
    },
  };
}

/** Reads what a signed bundle says. @throws {Refusal} `bundle_refused` */
export function readBundleContent(value: unknown): BundleContent {
  const read = contentSchema.safeParse(value);
  if (!read.success) throw new Refusal('bundle_refused', `the content is none: ${z.prettifyError(read.error)}`);
  return read.data;
}

/** A bundle whose signature, sender, address and time have been found right. */
export interface VerifiedBundle {
  readonly id: string;
  readonly issuer: string;
  readonly expiresAt: Date;
  readonly signed: string;
  readonly content: BundleContent;
}

/** A bundle that has come. */
export interface ReceivedBundle {
  readonly id: string;
  readonly issuer: string;
  readonly clientId: string;
  readonly receivedAt: Date;
  readonly appliedAt: Date | undefined;
  readonly content: BundleContent;
}

/** Takes a bundle in: once. @throws {Refusal} `bundle_used` when it has come before */
export async function receiveBundle(db: Db, { id, issuer, expiresAt, signed, content }: VerifiedBundle): Promise<void> {
  const clientId = String(content.client.client_id);
  const taken = await db.execute(
    `insert into bundles (id, issuer, client_id, signed, received_at, expires_at) values ($1, $2, $3, $4, $5, $6)
     on conflict (id) do nothing`,
    [id, issuer, clientId, signed, new Date(), new Date(expiresAt.getTime() + DAY_MS)],
  );
  if (taken === 0) throw new Refusal('bundle_used', `bundle ${id} has come before`);
  await recordAdminEvent(db, {
    kind: 'client.bundle-received',
    actor: issuer,
    subject: `client ${clientId}`,
    agencyId: content.agency.id,
    details: { bundle: id },
  });
}

/** A bundle that has come and is not forgotten. */
export async function findBundle(db: Db, id: string): Promise<ReceivedBundle | undefined> {
  if (!isId(id)) return undefined;
  const row = await db.first<BundleRow>(`${selectBundles} where id = $1 and expires_at > $2`, [id, new Date()]);
  return row && toBundle(row);
}

/** The bundles that have come of an app, the latest first, at most twenty. */
export async function listBundles(db: Db, clientId: string): Promise<ReceivedBundle[]> {
  const rows = await db.query<BundleRow>(
    `${selectBundles} where client_id = $1 and expires_at > $2 order by received_at desc, id limit 20`,
    [clientId, new Date()],
  );
  return rows.map(toBundle);
}

interface BundleRow {
  id: string;
  issuer: string;
  client_id: string;
  signed: string;
  received_at: Date;
  applied_at: Date | null;
}

const selectBundles = 'select id, issuer, client_id, signed, received_at, applied_at from bundles';

/** What was found right when it came needs no second look at its signature. */
function toBundle(row: BundleRow): ReceivedBundle {
  const [, payload = ''] = row.signed.split('.');
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { bundle: unknown };
  return {
    id: row.id,
    issuer: row.issuer,
    clientId: row.client_id,
    receivedAt: row.received_at,
    appliedAt: row.applied_at ?? undefined,
    content: readBundleContent(claims.bundle),
  };
}

/** What a bundle would come to here. */
export interface BundlePlan {
  /** Addresses on the developer's own machine, which have no place outside a sandbox. */
  readonly leftOut: readonly string[];
  /** What stands in the way: it is put right where the bundle came from, and sent again. */
  readonly findings: readonly Finding[];
  readonly change: ChangePlan | undefined;
  /** Apps here that a new one is strongly like: it has to be justified. */
  readonly strong?: readonly AlikeApp[] | undefined;
}

/** What would become of a bundle, without writing anything. @throws {Refusal} what {@link planChange} does */
export async function planBundle(db: Db, bundle: ReceivedBundle, by: BundleActor): Promise<BundlePlan> {
  const { leftOut, entry, findings } = checkContent(bundle.content, by.mode);
  if (!entry) return { leftOut, findings, change: undefined };
  const request = requestFor(bundle, entry, by);
  const change = await planChange(db, request);
  const draft = draftOf(entry, { id: request.agencyId }, undefined, by.mode);
  const strong = change.outcome === 'created' ? (await weighRegistration(db, draft)).strong : undefined;
  return { leftOut, findings, change, strong };
}

/** What would stand in the way of an app outside a sandbox, before it is sent. */
export function checkElsewhere(content: BundleContent): Pick<BundlePlan, 'leftOut' | 'findings'> {
  const { leftOut, findings } = checkContent(content, 'production');
  return { leftOut, findings };
}

/** Who takes a bundle over, and where. */
export interface BundleActor {
  readonly actor: string;
  /** What the actor may do at the bundle's agency; who runs the deployment need not say it. */
  readonly allowed?: readonly Permission[];
  readonly mode: Config['mode'];
  /** Why the app is needed although there is one like it here. */
  readonly justification?: string | undefined;
}

/**
 * Takes a bundle over: a new app becomes a draft here, one that there is changes as by any other way. Once, of many at once
 * too. The caller has seen to it that the actor may change the apps of the bundle's agency.
 *
 * @throws {Refusal} `bundle_used`; `bundle_unfit` when something stands in the way; what {@link applyChange} does
 */
export async function applyBundle(tx: Db, secrets: Secrets, bundle: ReceivedBundle, by: BundleActor): Promise<Changed> {
  const { entry, findings } = checkContent(bundle.content, by.mode);
  if (!entry) throw new Refusal('bundle_unfit', findings.map(({ what }) => what).join('; '));
  const now = new Date();
  const taken = await tx.execute(
    'update bundles set applied_at = $2, expires_at = $3 where id = $1 and applied_at is null',
    [bundle.id, now, new Date(now.getTime() + KEPT_DAYS * DAY_MS)],
  );
  if (taken === 0) throw new Refusal('bundle_used', `bundle ${bundle.id} was taken over before`);
  const changed = await applyChange(tx, secrets, requestFor(bundle, entry, by));
  const { sign_in: signIn } = bundle.content.evidence;
  if (signIn) await carrySignIn(tx, changed.clientId, observedSignIn(signIn));
  return changed;
}

function observedSignIn(said: NonNullable<BundleContent['evidence']['sign_in']>): ObservedSignIn {
  const { at, state: withState, nonce: withNonce, pkce: withPkce, complete_at: completeAt } = said;
  return {
    at: new Date(at),
    withState,
    withNonce,
    withPkce,
    completeAt: completeAt ? new Date(completeAt) : undefined,
  };
}

function requestFor(bundle: ReceivedBundle, entry: ClientEntry, by: BundleActor): ChangeRequest {
  const reason = `bundle ${bundle.id} of ${bundle.issuer}`;
  return { agencyId: bundle.content.agency.id, entry, via: 'bundle', reason, ...by };
}

function checkContent({ client: said }: BundleContent, mode: Config['mode']) {
  const client = withoutStage(said);
  const { declaration, leftOut } = mode === 'production' ? forElsewhere(client) : { declaration: client, leftOut: [] };
  return { leftOut, ...checkClientEntry(declaration, mode) };
}

/** How far people have come is another matter there: what was tried in a sandbox moves nobody in production. */
function withoutStage(client: BundleContent['client']): BundleContent['client'] {
  const stage = ['migration_stage', 'migration_percentage', 'migration_plan'];
  return Object.fromEntries(Object.entries(client).filter(([key]) => !stage.includes(key)));
}

/** Without the addresses of the machine on which the app was built; those of a native app stay on the person's device. */
function forElsewhere(client: BundleContent['client']) {
  if (client.type === 'native') return { declaration: client, leftOut: [] };
  const leftOut: string[] = [];
  const keep = (uris: unknown): unknown => {
    if (!Array.isArray(uris)) return uris;
    leftOut.push(...uris.filter(isLocal));
    return uris.filter((uri) => !isLocal(uri));
  };
  const lists = {
    redirect_uris: keep(client.redirect_uris),
    post_logout_redirect_uris: keep(client.post_logout_redirect_uris),
  };
  const single = Object.entries(client).filter(([, value]) => isLocal(value));
  leftOut.push(...single.map(([, value]) => String(value)));
  const without = Object.entries({ ...client, ...lists }).filter(
    ([key, value]) => value !== undefined && !single.some(([one]) => one === key),
  );
  return { declaration: Object.fromEntries(without), leftOut };
}

function isLocal(value: unknown): value is string {
  if (typeof value !== 'string' || !value.startsWith('http://')) return false;
  const url = URL.parse(value);
  return url !== null && isLoopback(url.hostname);
}
