/**
 * Which records of the inventory and which clients are the same app: proposed by a score with its reasons, decided by people.
 *
 * A proposal is made again whenever either side changes (`matchDue`), and goes when nothing speaks for it any more. One that was
 * refused is not proposed again. A link itself is the record's (`linkRecord`).
 */
import type { Database, Db } from '#src/base/database.ts';
import { Refusal } from '#src/base/refusals.ts';
import type { ClientState, Localized } from './clients.ts';
import type { Reach } from './coordination.ts';
import { loadRecord } from './inventory.ts';
import { linkRecord } from './inventory-writes.ts';
import { type Found, listFewAgencies, planForSearch } from './search.ts';

/** What speaks for a match. */
export const matchReasons = ['host', 'domain', 'name', 'name-en', 'agency', 'tree'] as const;
export type MatchReason = (typeof matchReasons)[number];

/** From here on a match is proposed, */
const PROPOSED = 0.5;
/** and from here on those of one agency may be confirmed together. */
const SURE = 0.85;

/** A record and a client that may be the same app. */
export interface Match {
  readonly recordId: string;
  readonly clientId: string;
  /** From 0 to 1. */
  readonly score: number;
  /** The weightiest first. */
  readonly reasons: readonly MatchReason[];
  readonly status: 'proposed' | 'confirmed' | 'refused';
}

/** A match as lists show it. */
export interface MatchLine extends Match {
  readonly record: { readonly name: Localized; readonly agencyId: string; readonly host: string | undefined };
  readonly client: {
    readonly name: Localized;
    readonly agencyId: string;
    readonly agencyPath: readonly string[];
    readonly state: ClientState;
    /** Whether people know it: it is, or was, in production. */
    readonly isKnown: boolean;
  };
}

/** A host or domain of more apps than this is a portal's, and says nothing. */
const MOST_OF_A_HOST = 5;
/** Of each way of finding. */
const MOST_FOUND = 5;
const BATCH = 100;

interface Common {
  inventory_id: string;
  client_id: string;
  is_same_host: boolean;
  is_same_domain: boolean;
  name: number;
  name_en: number;
  is_same_agency: boolean;
  is_same_tree: boolean;
}

/** Those that have a value in common with the profile `d`, where few do. */
const sameIn = (column: 'host' | 'domain', other: string) => `
  select p.ref from app_profiles p where p.${column} = d.${column} and ${other} and p.state <> 'retired'
    and not exists (select from app_profiles o where o.${column} = d.${column} offset ${MOST_OF_A_HOST} limit 1)
  order by p.ref limit ${MOST_FOUND}`;

const likeIn = (column: 'name_words' | 'name_en_words', other: string) => `
  select p.ref from app_profiles p where d.${column} <> '' and p.${column} % d.${column} and ${other} and p.state <> 'retired'
  order by (p.agency_id = d.agency_id) desc, similarity(p.${column}, d.${column}) desc, p.ref limit ${MOST_FOUND}`;

/** What records have in common with clients: of the records, or of the clients, that are named. What is proposed is weighed again. */
const common = (mine: 'inventory_id' | 'client_id') => {
  const other = mine === 'inventory_id' ? 'p.client_id is not null' : 'p.inventory_id is not null';
  const [record, client] = mine === 'inventory_id' ? ['d', 'p'] : ['p', 'd'];
  const theirs = mine === 'inventory_id' ? 'client_id' : 'inventory_id';
  return `
    select ${record}.inventory_id, ${client}.client_id, p.host is not distinct from d.host and d.host is not null as is_same_host,
      p.domain is not distinct from d.domain and d.domain is not null and not exists (
        select from app_profiles o where o.domain = d.domain offset ${MOST_OF_A_HOST} limit 1) as is_same_domain,
      similarity(p.name_words, d.name_words) as name, similarity(p.name_en_words, d.name_en_words) as name_en,
      p.agency_id = d.agency_id as is_same_agency, p.agency_id = any(d.agencies) or d.agency_id = any(p.agencies) as is_same_tree
    from app_profiles d cross join lateral (
      (${sameIn('host', other)}) union (${sameIn('domain', other)})
      union (${likeIn('name_words', other)}) union (${likeIn('name_en_words', other)})
      union select p.ref from inventory_matches m join app_profiles p on p.${theirs} = m.${theirs}
        where m.${mine} = d.${mine} and m.status = 'proposed') as f
    join app_profiles p on p.ref = f.ref
    where d.ref = any($1) and d.${mine} is not null and d.state <> 'retired'`;
};
const selectForRecords = common('inventory_id');
const selectForClients = common('client_id');

/** Weighs what a record and a client have in common; chances add up as those of independent events do. */
export function weighMatch(common: Omit<Common, 'inventory_id' | 'client_id'>): Pick<Match, 'score' | 'reasons'> {
  const ramp = (similarity: number) => Math.max(0, (similarity - 0.3) / 0.7) * 0.7;
  const isEnglish = common.name_en > common.name;
  const weights: [MatchReason, number][] = [
    ['host', common.is_same_host ? 0.6 : 0],
    // All apps of an agency are at its own domain: in common with another's it says something.
    ['domain', common.is_same_domain && !common.is_same_host && !common.is_same_tree ? 0.2 : 0],
    [isEnglish ? 'name-en' : 'name', ramp(Math.max(common.name, common.name_en))],
  ];
  const spoken = weights.some(([, weight]) => weight > 0);
  if (spoken && common.is_same_agency) weights.push(['agency', 0.4]);
  else if (spoken && common.is_same_tree) weights.push(['tree', 0.2]);
  const telling = weights.filter(([, weight]) => weight > 0).toSorted(([, one], [, other]) => other - one);
  const score = 1 - telling.reduce((left, [, weight]) => left * (1 - weight), 1);
  return { score: Math.round(score * 1000) / 1000, reasons: telling.map(([reason]) => reason) };
}

/**
 * Matches what has changed since it was matched last, a batch at a time; several processes share the work.
 *
 * @returns how many profiles were matched
 */
export async function matchDue(database: Database, signal?: AbortSignal): Promise<number> {
  let matched = 0;
  while (!signal?.aborted) {
    const batch = await database.batch(matchBatch);
    matched += batch;
    if (batch < BATCH) break;
  }
  return matched;
}

async function matchBatch(tx: Db): Promise<number> {
  const now = new Date();
  const due = await tx.query<{ ref: string }>(
    `select ref from app_profiles where matched_at is null or matched_at < changed_at
     order by changed_at, ref limit ${BATCH} for no key update skip locked`,
  );
  const refs = due.map(({ ref }) => ref);
  if (refs.length === 0) return 0;
  await planForSearch(tx);
  await tx.execute('set local pg_trgm.similarity_threshold = 0.45');
  const found = [
    ...(await tx.query<Common>(selectForRecords, [refs])),
    ...(await tx.query<Common>(selectForClients, [refs])),
  ];
  await saveProposals(
    tx,
    refs,
    found.map(toMatch).filter(({ score }) => score >= PROPOSED),
    now,
  );
  await tx.execute('update app_profiles set matched_at = greatest($2, changed_at) where ref = any($1)', [refs, now]);
  return refs.length;
}

type Weighed = Pick<Match, 'recordId' | 'clientId' | 'score' | 'reasons'>;

function toMatch(common: Common): Weighed {
  return { recordId: common.inventory_id, clientId: common.client_id, ...weighMatch(common) };
}

/** What nothing speaks for any more goes; what people have decided stays. */
async function saveProposals(tx: Db, refs: readonly string[], found: readonly Weighed[], now: Date): Promise<void> {
  const unique = [...new Map(found.map((match) => [`${match.recordId} ${match.clientId}`, match])).values()];
  const given = JSON.stringify(
    unique.map(({ recordId, clientId, ...rest }) => ({ r: recordId, c: clientId, ...rest })),
  );
  const asGiven = 'jsonb_to_recordset($1::jsonb) as g (r text, c text, score real, reasons text[])';
  const idsOf = (prefix: string) => refs.filter((ref) => ref.startsWith(prefix)).map((ref) => ref.slice(prefix.length));
  await tx.execute(
    `delete from inventory_matches m where status = 'proposed' and (inventory_id = any($2) or client_id = any($3))
       and not exists (select from ${asGiven} where g.r = m.inventory_id and g.c = m.client_id)`,
    [given, idsOf('inventory:'), idsOf('client:')],
  );
  await tx.execute(
    `insert into inventory_matches as m (inventory_id, client_id, score, reasons, status, found_at)
     select g.r, g.c, g.score, g.reasons, 'proposed', $2 from ${asGiven}
     on conflict (inventory_id, client_id) do update set score = excluded.score, reasons = excluded.reasons
     where m.status = 'proposed'`,
    [given, now],
  );
}

interface MatchRow {
  inventory_id: string;
  client_id: string;
  score: number;
  reasons: MatchReason[];
  status: Match['status'];
  record_name: string;
  record_name_en: string | null;
  record_agency: string;
  host: string | null;
  client_name: string;
  client_name_en: string;
  client_agency: string;
  client_path: string[];
  is_known: boolean;
  state: ClientState;
}

/** Proposals count only while neither side is linked. */
const selectMatches = `
  select m.inventory_id, m.client_id, m.score, m.reasons, m.status, i.name as record_name, i.name_en as record_name_en,
    i.agency_id as record_agency, i.host, c.name as client_name, c.name_en as client_name_en, c.agency_id as client_agency,
    a.path as client_path, c.state, c.live_since is not null or c.state = 'live' as is_known
  from inventory_matches m join inventory i on i.id = m.inventory_id join clients c on c.id = m.client_id
    join agencies a on a.id = c.agency_id
  where m.status = 'proposed' and i.removed_at is null and i.client_id is null
    and not exists (select from inventory o where o.client_id = m.client_id and o.removed_at is null)`;

/** What is proposed for a record, the likeliest first. */
export async function listMatchesOf(db: Db, recordId: string): Promise<MatchLine[]> {
  const rows = await db.query<MatchRow>(
    `${selectMatches} and m.inventory_id = $1 order by m.score desc, m.client_id limit 10`,
    [recordId],
  );
  return rows.map(toLine);
}

/** A place in the order of matches. */
export interface MatchPosition {
  readonly score: number;
  readonly recordId: string;
  readonly clientId: string;
}

/** What is proposed for the records that somebody may see, the likeliest first. */
export async function listMatches(
  db: Db,
  {
    nodes,
    sectors,
    after,
    limit = 25,
  }: Reach & { readonly after?: MatchPosition | undefined; readonly limit?: number },
): Promise<Found<MatchLine>> {
  await planForSearch(db);
  const rows = await db.query<MatchRow>(
    `${selectMatches}
       and (i.sectors && $2 or i.agency_id = any($3)
         or ($3::text[] is null and exists (select from agencies n where n.id = i.agency_id and (n.path && $1 or n.id = any($1)))))
       and ($4::real is null or (-m.score, m.inventory_id, m.client_id) > (-$4::real, $5, $6))
     order by m.score desc, m.inventory_id, m.client_id limit $7`,
    [
      ...[nodes, sectors, await listFewAgencies(db, nodes)],
      ...[after?.score, after?.recordId, after?.clientId, limit + 1],
    ],
  );
  return { lines: rows.slice(0, limit).map(toLine), hasMore: rows.length > limit };
}

function toLine(row: MatchRow): MatchLine {
  return {
    recordId: row.inventory_id,
    clientId: row.client_id,
    score: row.score,
    reasons: row.reasons,
    status: row.status,
    record: {
      name: { id: row.record_name, en: row.record_name_en ?? row.record_name },
      agencyId: row.record_agency,
      host: row.host ?? undefined,
    },
    client: {
      name: { id: row.client_name, en: row.client_name_en },
      agencyId: row.client_agency,
      agencyPath: row.client_path.length > 0 ? row.client_path : [row.client_agency],
      state: row.state,
      isKnown: row.is_known,
    },
  };
}

/** Who decides about a match, and by which way. */
export interface MatchDecider {
  readonly actor: string;
  readonly via?: 'page' | 'api' | 'command';
}

/** Says that a record and a client are the same app, proposed or not. @throws {Refusal} as {@link linkRecord} */
export async function confirmMatch(
  tx: Db,
  { recordId, clientId }: Pick<Match, 'recordId' | 'clientId'>,
  { actor, via = 'page' }: MatchDecider,
): Promise<void> {
  await linkRecord(tx, recordId, clientId, actor, { via });
  await tx.execute(
    `insert into inventory_matches (inventory_id, client_id, score, reasons, status, found_at, decided_at, decided_by)
     values ($1, $2, 1, '{}', 'confirmed', $3, $3, $4)
     on conflict (inventory_id, client_id) do update set status = 'confirmed', decided_at = excluded.decided_at,
       decided_by = excluded.decided_by`,
    [recordId, clientId, new Date(), actor],
  );
}

/** Says that they are two apps; it is not proposed again. @throws {Refusal} `record_not_found`, `match_over` */
export async function refuseMatch(
  tx: Db,
  { recordId, clientId }: Pick<Match, 'recordId' | 'clientId'>,
  { actor }: MatchDecider,
): Promise<void> {
  await loadRecord(tx, recordId);
  const done = await tx.execute(
    `update inventory_matches set status = 'refused', decided_at = $3, decided_by = $4
     where inventory_id = $1 and client_id = $2 and status = 'proposed'`,
    [recordId, clientId, new Date(), actor],
  );
  if (done === 0) throw new Refusal('match_over', `no match of ${recordId} and ${clientId} is open`);
}

/** Whether a match may be confirmed together with others: as good as certain, and of one agency. */
export function isSure(match: MatchLine): boolean {
  return match.score >= SURE && match.record.agencyId === match.client.agencyId;
}
