/** Decisions about apps as they are kept: of an app, of several, by their id. */
import type { Db } from '#src/base/database.ts';
import { type AppRef, clientRef, inventoryRef, partsOf } from './app-refs.ts';
import type { Via } from './versions.ts';

export const decisionKinds = ['keep', 'merge', 'retire', 'legacy'] as const;
export type DecisionKind = (typeof decisionKinds)[number];

/** Whether what is decided ends the app on a day. */
export function isEnd(kind: DecisionKind): boolean {
  return kind === 'merge' || kind === 'retire';
}

/** What a decision rests on: a file that was stored (`registry/evidence.ts`), or a page elsewhere. */
export interface Evidence {
  readonly uri?: string | undefined;
  readonly digest?: string | undefined;
}

/** One decision about one app, as it is kept. */
export interface Decision {
  readonly id: string;
  readonly ref: AppRef;
  /** The agency whose app it was then. */
  readonly agencyId: string;
  readonly sectors: readonly string[];
  readonly kind: DecisionKind;
  readonly successor: AppRef | undefined;
  /** The day of the end, as `2027-01-31`. */
  readonly effectiveOn: string | undefined;
  readonly reason: string;
  readonly evidence: Evidence;
  readonly batchId: string | undefined;
  readonly via: Via;
  readonly decidedBy: string;
  readonly decidedAt: Date;
  readonly replacedAt: Date | undefined;
  readonly replacedBy: string | undefined;
  readonly undoneAt: Date | undefined;
  readonly undoneBy: string | undefined;
  readonly announcedAt: Date | undefined;
  readonly carriedOutAt: Date | undefined;
  /** Since when its day has come without its being carried out, because the successor cannot be used. */
  readonly heldAt: Date | undefined;
}

/** Whether it is what holds about its app. */
export function isInForce({ replacedAt, undoneAt }: Decision): boolean {
  return !replacedAt && !undoneAt;
}

/** What holds about each of these apps, by the name that was asked for. A client's own comes before that of its record. */
export async function currentDecisions(db: Db, refs: readonly AppRef[]): Promise<Map<AppRef, Decision>> {
  if (refs.length === 0) return new Map();
  const links = await db.query<{ id: string; client_id: string }>(
    `select id, client_id from inventory
     where removed_at is null and (client_id = any($1) or id = any($2) and client_id is not null)`,
    [idsOf(refs, 'client'), idsOf(refs, 'inventory')],
  );
  const other = new Map<AppRef, AppRef>();
  for (const { id, client_id } of links)
    other.set(clientRef(client_id), inventoryRef(id)).set(inventoryRef(id), clientRef(client_id));
  const names = [...new Set(refs.flatMap((ref) => [ref, other.get(ref) ?? ref]))];
  const rows = await db.query<DecisionRow>(
    `select ${columns} from app_decisions where ref = any($1) and replaced_at is null and undone_at is null`,
    [names],
  );
  const held = new Map(rows.map((row) => [row.ref, toDecision(row)]));
  const current = new Map<AppRef, Decision>();
  for (const ref of refs) {
    const [first = ref, second = ref] = [ref, other.get(ref) ?? ref].toSorted();
    const decision = held.get(first) ?? held.get(second);
    if (decision) current.set(ref, decision);
  }
  return current;
}

function idsOf(refs: readonly AppRef[], kind: 'client' | 'inventory'): string[] {
  return refs.map(partsOf).flatMap((parts) => (parts.kind === kind ? parts.id : []));
}

/** One decision, by its id. */
export async function findDecision(db: Db, id: string): Promise<Decision | undefined> {
  const row = await db.first<DecisionRow>(`select ${columns} from app_decisions where id = $1`, [id]);
  return row && toDecision(row);
}

/** A decision as the database returns `decisionColumns`. */
export interface DecisionRow {
  id: string;
  ref: AppRef;
  agency_id: string;
  sectors: string[];
  kind: DecisionKind;
  successor: AppRef | null;
  effective_on: string | null;
  reason: string;
  evidence_uri: string | null;
  evidence_digest: string | null;
  batch_id: string | null;
  via: Via;
  decided_by: string;
  decided_at: Date;
  replaced_at: Date | null;
  replaced_by: string | null;
  undone_at: Date | null;
  undone_by: string | null;
  announced_at: Date | null;
  carried_out_at: Date | null;
  held_at: Date | null;
}

const names = [
  ...['id', 'ref', 'agency_id', 'sectors', 'kind', 'successor', 'effective_on', 'reason', 'evidence_uri'],
  ...['evidence_digest', 'batch_id', 'via', 'decided_by', 'decided_at', 'replaced_at', 'replaced_by', 'undone_at'],
  ...['undone_by', 'announced_at', 'carried_out_at', 'held_at'],
];

/** The columns of a decision, of the table of that alias. A day is read as it is written. */
export function decisionColumns(alias: string): string {
  return names
    .map((name) => (name === 'effective_on' ? `${alias}.effective_on::text as effective_on` : `${alias}.${name}`))
    .join(', ');
}

const columns = decisionColumns('app_decisions');

/** The decision of a row. */
export function toDecision(row: DecisionRow): Decision {
  return {
    id: row.id,
    ref: row.ref,
    agencyId: row.agency_id,
    sectors: row.sectors,
    kind: row.kind,
    successor: row.successor ?? undefined,
    effectiveOn: row.effective_on ?? undefined,
    reason: row.reason,
    evidence: { uri: row.evidence_uri ?? undefined, digest: row.evidence_digest ?? undefined },
    batchId: row.batch_id ?? undefined,
    via: row.via,
    decidedBy: row.decided_by,
    decidedAt: row.decided_at,
    replacedAt: row.replaced_at ?? undefined,
    replacedBy: row.replaced_by ?? undefined,
    undoneAt: row.undone_at ?? undefined,
    undoneBy: row.undone_by ?? undefined,
    announcedAt: row.announced_at ?? undefined,
    carriedOutAt: row.carried_out_at ?? undefined,
    heldAt: row.held_at ?? undefined,
  };
}
